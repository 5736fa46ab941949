import * as Net from "node:net"
import type { AddressInfo } from "node:net"

/** Passes what comes on to the other socket, so many milliseconds later. */
const passOn = (from: Net.Socket, to: Net.Socket, millis: number): void => {
  from.on("error", () => undefined)
  from.on("data", (piece) => void setTimeout(() => void to.write(piece), millis))
  from.on("close", () => void setTimeout(() => to.destroy(), millis))
}

export interface Delay {
  readonly url: string
  readonly stop: () => void
}

/** The server as it is reached over this time of round trip. */
export const start = (url: string, roundTripMillis: number): Promise<Delay> =>
  new Promise((resolve) => {
    const target = new URL(url)
    const server = Net.createServer((from) => {
      const to = Net.connect(Number(target.port), target.hostname)
      passOn(from, to, roundTripMillis / 2)
      passOn(to, from, roundTripMillis / 2)
    })
    server.listen(0, "127.0.0.1", () =>
      resolve({
        url: `${target.protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
        stop: () => server.close()
      }))
  })
