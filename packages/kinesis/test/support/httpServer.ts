import { cbor } from "@smithy/core/cbor"
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"

export interface Received {
  readonly operation: string
  readonly path: string
  readonly body: Record<string, unknown>
  readonly raw: Buffer
  readonly headers: Http.IncomingHttpHeaders
  readonly httpVersion: string
}

export type Answer = (received: Received) => /** In the encoding of the request. */
| { readonly status: number; readonly body: unknown }
| { readonly status: number; readonly contentType: string; readonly bytes: Uint8Array }
/** Never answers. */
| "silence"
/** Closes the connection. */
| "reset"
/** Closes the connection in the middle of an answer. */
| "cut"

export interface Server {
  readonly url: string
  readonly received: ReadonlyArray<Received>
  /** Connections that were ever opened. */
  readonly connections: () => number
  /** Connections that are open now. */
  readonly open: () => number
  /** Requests whose client went away before the answer. */
  readonly aborted: () => number
}

/** A tagged instant of CBOR as JSON has it, in seconds. */
const inSeconds = (value: any): any => {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if (value.tag === 1) return value.value / 1000
  return Array.isArray(value)
    ? value.map(inSeconds)
    : Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inSeconds(member)]))
}

const decode = (body: Buffer, isCbor: boolean) =>
  isCbor ? inSeconds(cbor.deserialize(body)) : body.length === 0 ? {} : JSON.parse(body.toString())

/** A Kinesis endpoint, which closes no connection by itself, on a free loopback port that answers as told: for what the SDK sends, and does with errors and silence. */
export const make = (
  answer: Answer,
  { date, isRaw = false }: {
    /** Of the answers' headers. Default: this machine's time. */
    readonly date?: () => Date
    /** Whether requests are of another service, whose bodies are not read. */
    readonly isRaw?: boolean
  } = {}
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server & { readonly close: () => void }>((resume) => {
      const received: Array<Received> = []
      const sockets = new Set<Socket>()
      let connections = 0
      let aborted = 0
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        response.on("close", () => {
          if (!response.writableFinished) aborted++
        })
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const isCbor = request.headers["content-type"] === "application/x-amz-cbor-1.1"
          const raw = Buffer.concat(chunks)
          const call: Received = {
            raw,
            operation: String(request.headers["x-amz-target"]).split(".").at(-1)!,
            path: request.url ?? "",
            body: isRaw ? {} : decode(raw, isCbor),
            headers: request.headers,
            httpVersion: request.httpVersion
          }
          received.push(call)
          const said = answer(call)
          if (said === "silence") return
          if (said === "reset") return void request.socket.destroy()
          if (said === "cut") {
            response.writeHead(200, { "content-type": request.headers["content-type"], "content-length": 1_000 })
            return void response.write("{\"Records\":[", () => request.socket.destroy())
          }
          const { bytes, contentType } = "bytes" in said ? said : {
            bytes: isCbor ? cbor.serialize(said.body) : Buffer.from(JSON.stringify(said.body)),
            contentType: request.headers["content-type"]
          }
          if (date !== undefined) response.setHeader("date", date().toUTCString())
          response.writeHead(said.status, { "content-type": contentType })
          response.end(bytes)
        })
      })
      server.keepAliveTimeout = 0
      server.on("connection", (socket) => {
        connections++
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({
          url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          received,
          connections: () => connections,
          open: () => sockets.size,
          aborted: () => aborted,
          close: () => {
            for (const socket of sockets) socket.destroy()
            server.close()
          }
        })))
    }),
    (server) => Effect.sync(server.close)
  )

/** The options that reach such a server. */
export const clientOptions = (url: string) => ({
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" }
})
