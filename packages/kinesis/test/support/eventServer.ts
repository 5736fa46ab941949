import { EventStreamCodec } from "@smithy/core/event-streams"
import { fromUtf8, toUtf8 } from "@smithy/core/serde"
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"

const codec = new EventStreamCodec(toUtf8, fromUtf8)

/** One message of an event stream, as the service sends it. */
export const message = (headers: Readonly<Record<string, string>>, body: object | undefined): Uint8Array =>
  codec.encode({
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [`:${name}`, { type: "string" as const, value }])
    ),
    body: Buffer.from(body === undefined ? "" : JSON.stringify(body))
  })

const json = { "content-type": "application/x-amz-json-1.1" }

export const event = (body: object, type = "SubscribeToShardEvent"): Uint8Array =>
  message({ "event-type": type, ...json, "message-type": "event" }, body)

export const initial: Uint8Array = event({}, "initial-response")

export const exception = (type: string, text: string): Uint8Array =>
  message({ "exception-type": type, ...json, "message-type": "exception" }, { message: text })

/** An event of records with these sequence numbers, whose keys and data are their numbers. */
export const records = (...numbers: ReadonlyArray<number>): object => ({
  ContinuationSequenceNumber: String(numbers.at(-1) ?? 0),
  MillisBehindLatest: 0,
  Records: numbers.map((number) => ({
    ApproximateArrivalTimestamp: 1.5,
    Data: Buffer.from(String(number)).toString("base64"),
    PartitionKey: String(number),
    SequenceNumber: String(number)
  }))
})

/** The requests that a server was sent, and how it is connected. */
export interface Server {
  readonly url: string
  readonly received: ReadonlyArray<{ readonly body: unknown; readonly contentType: string | undefined }>
  /** Connections that are open now. */
  readonly open: () => number
}

/** A server that accepts each subscription over HTTP/1.1 and then does as told with its stream, on a free loopback port. */
export const make = (
  serve: (response: Http.ServerResponse) => void
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server & { readonly close: () => void }>((resume) => {
      const received: Array<Server["received"][number]> = []
      const sockets = new Set<Socket>()
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const contentType = request.headers["content-type"]
          received.push({ body: JSON.parse(Buffer.concat(chunks).toString()), contentType })
          response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
          serve(response)
        })
      })
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        socket.on("close", () => sockets.delete(socket))
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({
          url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          received,
          open: () => sockets.size,
          close: () => {
            for (const socket of sockets) socket.destroy()
            server.close()
          }
        })))
    }),
    (server) => Effect.sync(server.close)
  )
