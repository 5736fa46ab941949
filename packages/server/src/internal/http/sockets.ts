import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type * as Http2 from "node:http2"
import * as Net from "node:net"
import type { Request, Response } from "./exchange.js"

/** Answers a request, whatever it came over. */
export type Handler = (request: Request, response: Response) => void

/** Where to listen; port 0 is any that is free. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const keepAliveMillis = 65_000

/** In megabytes. Beyond it Node refuses new streams of a session, so answers that wait to be read would hold up all other calls. */
const maxSessionMemory = 100_000

const settings = { maxConcurrentStreams: 1_000, initialWindowSize: 1024 * 1024 }

/** With these two bytes HTTP/2 begins, and no method of HTTP/1.1 that is answered. */
const isHttp2 = (piece: Buffer): boolean => piece[0] === 0x50 && piece[1] === 0x52

/** Hands a socket on when its first bytes show which protocol it speaks. */
const whenSpoken = (socket: Net.Socket, handOn: (isHttp2: boolean) => void): void => {
  const look = () => {
    const start: Buffer | null = socket.read(2)
    if (start === null) return
    const rest: Buffer | null = socket.read()
    socket.off("readable", look)
    socket.unshift(rest === null ? start : Buffer.concat([start, rest]))
    handOn(isHttp2(start))
  }
  socket.on("readable", look)
}

/** Made for the first connection that speaks HTTP/2: until then it would only take memory. */
const http2Server = (handler: Handler): () => Promise<Http2.Http2Server> => {
  let made: Promise<Http2.Http2Server> | undefined
  return () =>
    made ??= import("node:http2").then(({ createServer }) => {
      const server = createServer({ settings, maxSessionMemory }, handler)
      server.on("sessionError", () => {})
      return server
    })
}

/** HTTP/1.1 and HTTP/2 without TLS, on one port. */
const cleartext = (handler: Handler): Net.Server => {
  const http1 = Http.createServer({ keepAliveTimeout: keepAliveMillis }, handler)
  const http2 = http2Server(handler)
  const server = Net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy())
    whenSpoken(socket, (isHttp2) => {
      if (isHttp2) void http2().then((server) => server.emit("connection", socket))
      else http1.emit("connection", socket)
    })
  })
  return server
}

/** HTTP/1.1 and HTTP/2 over TLS, as the client asks. */
const encrypted = async (handler: Handler, certificate: Certificate): Promise<Http2.Http2SecureServer> => {
  const { createSecureServer } = await import("node:http2")
  const server = createSecureServer({ ...certificate, allowHTTP1: true, settings, maxSessionMemory }, handler)
  Object.assign(server, { keepAliveTimeout: keepAliveMillis })
  server.on("sessionError", () => {})
  server.on("tlsClientError", () => {})
  return server
}

/** Listens until the scope ends, which breaks off every connection. */
const listening = (
  make: Effect.Effect<Net.Server>,
  { host, port }: Place
): Effect.Effect<number, NodeJS.ErrnoException, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    const made = yield* make
    const server = yield* Effect.acquireRelease(
      Effect.async<Net.Server, NodeJS.ErrnoException>((resume) => {
        made.on("connection", (socket: Net.Socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
        made.once("error", (error) => resume(Effect.fail(error)))
        made.listen(port, host, () => resume(Effect.succeed(made)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    return (server.address() as Net.AddressInfo).port
  })

/** Answers without TLS; returns the port. */
export const listen = (handler: Handler, place: Place) => listening(Effect.sync(() => cleartext(handler)), place)

/** Answers over TLS; returns the port. */
export const listenSecurely = (handler: Handler, certificate: Certificate, place: Place) =>
  listening(Effect.promise(() => encrypted(handler, certificate)), place)
