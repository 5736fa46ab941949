import type { Response } from "./exchange.js"
import * as Exchange from "./exchange.js"

/** HTTP/2's code of an error within the peer. */
const internalError = 2

/** Breaks off the connection of a response, as a dying peer does. */
export const drop = (response: Response): void => {
  if ("stream" in response) {
    response.stream.session?.destroy()
    return
  }
  response.socket?.resetAndDestroy()
}

/** Answers with half of the body, and breaks off. */
export const cut = (response: Response, contentType: string, body: Uint8Array): void => {
  const headers = { ...Exchange.headersOf(contentType), "content-length": String(Math.max(1, body.byteLength)) }
  response.writeHead(200, headers)
  const half = body.subarray(0, body.byteLength >> 1)
  if ("stream" in response) {
    const { stream } = response
    stream.write(half, () => stream.close(internalError))
    return
  }
  response.write(half, () => response.socket?.destroy())
}

/** Tells the client that this answer is the last of its connection: by GOAWAY, or by a header. */
export const leave = (response: Response): void => {
  if ("stream" in response) response.stream.session?.close()
  else response.setHeader("connection", "close")
}
