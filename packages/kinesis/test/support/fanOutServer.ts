import { Effect, type Scope } from "effect"
import type * as Http from "node:http"
import * as Http1 from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Net from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { generate } from "selfsigned"

/** A call of SubscribeToShard, and what can be done with it. */
export interface Call {
  readonly shardId: string
  readonly body: Readonly<Record<string, any>>
  readonly raw: Buffer
  readonly headers: Http2.IncomingHttpHeaders
  readonly httpVersion: string
  /** Which connection it came on, from 0. */
  readonly connection: number
  /** Answers that events will come. */
  readonly accept: (contentType?: string) => Call
  readonly refuse: (status: number, body: object) => void
  /** Whether more can be written before what was written has been sent. */
  readonly write: (...bytes: ReadonlyArray<Uint8Array>) => boolean
  /** Writes as often as the client takes more. */
  readonly pour: (bytes: Uint8Array) => void
  readonly end: () => void
  /** Resets the stream with a code of HTTP/2, or the connection of HTTP/1.1. */
  readonly reset: (code: number) => void
  /** Closes the connection. */
  readonly drop: () => void
  readonly goAway: (code: number, lastStream?: number) => void
  /** The bytes that were written and taken by the transport. */
  readonly sent: () => number
  /** How the client ended it: a code of HTTP/2, or 0; undefined while it is there. */
  readonly ended: () => number | undefined
}

export interface Server {
  readonly url: string
  readonly certificate: string
  readonly calls: ReadonlyArray<Call>
  /** Connections that were ever made. */
  readonly connections: () => number
  readonly openConnections: () => number
  readonly stop: () => void
  /** What a client said of its windows, first to last, over all connections. */
  readonly windows: ReadonlyArray<number>
  /** How often a client asked whether the server is there. */
  readonly pings: () => number
}

export type Kind = "h2c" | "tls" | "http" | "https"

export const kinds: ReadonlyArray<Kind> = ["h2c", "tls", "http", "https"]

export interface Options {
  readonly maxConcurrentStreams?: number
  /** So many connections are closed as soon as TLS stands. */
  readonly closing?: number
}

type Request = Http.IncomingMessage | Http2.Http2ServerRequest
type Response = Http.ServerResponse | Http2.Http2ServerResponse

const certificate = generate([{ name: "commonName", value: "127.0.0.1" }], {
  keyType: "ec",
  extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }]
} as never)

const servers: Record<
  Kind,
  (options: { readonly cert: string; readonly key: string; readonly settings: Http2.Settings }) => Net.Server
> = {
  h2c: ({ settings }) => Http2.createServer({ settings }),
  tls: ({ cert, key, settings }) => Http2.createSecureServer({ cert, key, settings, allowHTTP1: true }),
  http: () => Http1.createServer(),
  https: ({ cert, key }) => Https.createServer({ cert, key })
}

/** An endpoint of SubscribeToShard on a free loopback port. What becomes of each call is the caller's to say. */
export const make = (
  kind: Kind,
  onCall: (call: Call) => void,
  { closing = 0, maxConcurrentStreams }: Options = {}
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { cert, private: key } = await certificate
      const settings = maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }
      const server = servers[kind]({ cert, key, settings })
      const sockets: Array<Socket> = []
      const calls: Array<Call> = []
      const windows: Array<number> = []
      let open = 0
      let pings = 0
      let left = closing
      server.on("connection", (socket: Socket) => {
        sockets.push(socket)
        open++
        socket.on("error", () => undefined)
        socket.on("close", () => open--)
      })
      server.prependListener("secureConnection", (socket: Socket) => {
        if (left-- > 0) socket.destroy()
      })
      server.on("sessionError", () => undefined)
      server.on("clientError", (_, socket: Socket) => socket.destroy())
      server.on("session", (session: Http2.ServerHttp2Session) => {
        session.on("error", () => undefined)
        session.on("ping", () => pings++)
        session.on("remoteSettings", ({ initialWindowSize }) => windows.push(initialWindowSize!))
      })
      server.on("request", (request: Request, response: Response) => {
        const chunks: Array<Buffer> = []
        request.on("error", () => undefined)
        response.on("error", () => undefined)
        request.on("data", (chunk: Buffer) => void chunks.push(chunk))
        request.on("end", () => {
          const call = callOf(request, response, Buffer.concat(chunks), sockets)
          calls.push(call)
          onCall(call)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      return {
        url: `${kind === "tls" || kind === "https" ? "https" : "http"}://127.0.0.1:${port}`,
        certificate: cert,
        calls,
        connections: () => sockets.length,
        openConnections: () => open,
        windows,
        pings: () => pings,
        stop: () => {
          for (const socket of sockets) socket.destroy()
          server.close()
        }
      }
    }),
    ({ stop }) => Effect.sync(stop)
  )

/** What Node shows as the socket of a session is a proxy, which does not have its methods. */
const socketOf = (request: Request, sockets: ReadonlyArray<Socket>): Socket => {
  const { remotePort } = request.socket
  return sockets.find((socket) => socket.remotePort === remotePort)!
}

const callOf = (request: Request, response: Response, raw: Buffer, sockets: ReadonlyArray<Socket>): Call => {
  const stream = "stream" in response ? response.stream as Http2.ServerHttp2Stream : undefined
  const socket = socketOf(request, sockets)
  const body = JSON.parse(raw.toString())
  let sent = 0
  let ended: number | undefined
  response.on("close", () => ended ??= stream?.rstCode ?? 0)
  const write = (...bytes: ReadonlyArray<Uint8Array>): boolean => {
    const all = Buffer.concat(bytes)
    return (response as Http.ServerResponse).write(all, (error) => {
      if (error === null || error === undefined) sent += all.length
    })
  }
  const call: Call = {
    shardId: body.ShardId,
    body,
    raw,
    headers: request.headers,
    httpVersion: request.httpVersion,
    connection: sockets.indexOf(socket),
    accept: (contentType = "application/vnd.amazon.eventstream") => {
      response.writeHead(200, { "content-type": contentType })
      if (stream === undefined) (response as Http.ServerResponse).flushHeaders()
      return call
    },
    refuse: (status, body) => {
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" })
      response.end(JSON.stringify(body))
    },
    write,
    pour: (bytes) => {
      const pour = (): void => {
        if (ended !== undefined) return
        if (write(bytes)) setImmediate(pour)
        else response.once("drain", pour)
      }
      pour()
    },
    end: () => void response.end(),
    reset: (code) => {
      if (stream === undefined) socket.resetAndDestroy()
      else stream.close(code)
    },
    drop: () => void socket.destroy(),
    goAway: (code, lastStream = stream!.id) => stream!.session!.goaway(code, lastStream),
    sent: () => sent,
    ended: () => ended
  }
  return call
}

export interface Proxy {
  readonly url: string
  readonly connections: () => number
  /** From now on nothing passes, on connections that there are. */
  readonly freeze: () => void
  /** How many streams the client has reset, where it speaks HTTP/2 without TLS. */
  readonly resets: () => number
}

/** What a client begins with. */
const prefaceBytes = 24
const headerBytes = 9
const rstStream = 3

/** Counts the resets in the bytes of a client. */
const resetsIn = (pieces: ReadonlyArray<Buffer>): number => {
  const bytes = Buffer.concat(pieces)
  let resets = 0
  for (let at = prefaceBytes; at + headerBytes <= bytes.length; at += headerBytes + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === rstStream) resets++
  }
  return resets
}

/** Passes bytes on to a server. */
export const proxy = ({ url }: Server): Effect.Effect<Proxy, never, Scope.Scope> => {
  const target = new URL(url)
  return Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const sockets: Array<Socket> = []
        const sent: Array<Array<Buffer>> = []
        const server = Net.createServer((from) => {
          const pieces: Array<Buffer> = []
          sent.push(pieces)
          from.on("data", (piece) => void pieces.push(piece))
          const to = Net.connect(Number(target.port), target.hostname)
          for (const socket of [from, to]) socket.on("error", () => undefined)
          from.pipe(to)
          to.pipe(from)
          sockets.push(from, to)
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, sockets, sent }
      }),
      ({ server, sockets }) =>
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
          server.close()
        })
    ),
    ({ sent, server, sockets }) => ({
      url: `${target.protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
      connections: () => sockets.length / 2,
      freeze: () => {
        for (const socket of sockets) socket.unpipe().pause()
      },
      resets: () => sent.reduce((sum, pieces) => sum + resetsIn(pieces), 0)
    })
  )
}
