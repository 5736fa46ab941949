import * as Http2 from "node:http2"
import type { Socket } from "node:net"
import * as SessionPlan from "./sessionPlan.js"

const { NGHTTP2_CANCEL } = Http2.constants

/** How long things may take, in milliseconds. */
export interface Times {
  /** How long a connection may take to open, and the peer to say how many streams it takes. */
  readonly connectMillis: number
  /** After so long without a byte, while somebody waits for one, the peer is asked whether it is still there. */
  readonly quietMillis: number
  /** How long the peer may take to say so. */
  readonly pongMillis: number
  /** After so long without a stream a session is closed. */
  readonly idleMillis: number
  /** How long the peer may take to close a session with us. */
  readonly closeMillis: number
}

/** A session of HTTP/2 on a socket, which is being connected at first. */
export interface Session extends SessionPlan.Session {
  readonly origin: string
  readonly socket: Socket
  readonly times: Times
  connection: Connection | undefined
}

interface Connection {
  readonly http2: Http2.ClientHttp2Session
  readonly socket: Socket
  readonly streams: Set<Http2.ClientHttp2Stream>
  /** Looks whether bytes come. */
  readonly watch: NodeJS.Timeout
  /** Closes the session, which has no streams. */
  idle: NodeJS.Timeout | undefined
  /** The bytes that had come when it was last looked. */
  bytesRead: number
  heardAt: number
  isAsking: boolean
  /** What the peer was told of the window of a stream. */
  window: number
  error: Error | undefined
}

export const make = (origin: string, socket: Socket, times: Times): Session => ({
  ...SessionPlan.connecting(),
  origin,
  socket,
  times,
  connection: undefined
})

/** Who is told of a session. */
export interface Listener {
  /** The peer takes so many streams. */
  readonly onLimit: (streams: number) => void
  readonly onClose: (error: Error | undefined) => void
}

/** What Node lets a session hold, in megabytes: more than the windows of its streams together. */
const mostMegabytes = 64

/** Starts HTTP/2 on the socket, which is connected. `window` is how many bytes of a stream may be on the way. */
export const start = (self: Session, window: number, listener: Listener): void => {
  const { socket } = self
  const http2 = Http2.connect(self.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: window },
    maxSessionMemory: mostMegabytes
  })
  const connection: Connection = {
    http2,
    socket,
    streams: new Set(),
    watch: setInterval(() => look(self.times, connection), self.times.quietMillis / 4).unref(),
    idle: undefined,
    bytesRead: 0,
    heardAt: performance.now(),
    isAsking: false,
    window,
    error: undefined
  }
  self.connection = connection
  const { connectMillis } = self.times
  const late = setTimeout(() => http2.destroy(new Error(`no SETTINGS within ${connectMillis} ms`)), connectMillis)
  http2.on("remoteSettings", ({ maxConcurrentStreams = Infinity }) => {
    clearTimeout(late)
    listener.onLimit(maxConcurrentStreams)
    if (connection.streams.size === 0) rest(connection, self.times)
  })
  http2.on("goaway", () => {
    self.isClosing = true
  })
  http2.on("error", (error: Error) => {
    connection.error = error
  })
  http2.on("close", () => {
    self.isClosing = true
    clearTimeout(late)
    clearInterval(connection.watch)
    clearTimeout(connection.idle)
    listener.onClose(connection.error)
  })
}

/** Whether somebody waits for a byte: for an answer, or for the next event. */
const isAwaited = ({ streams }: Connection): boolean => {
  for (const { readableFlowing } of streams) if (readableFlowing !== false) return true
  return false
}

const hasHeard = (connection: Connection): boolean => {
  const { bytesRead } = connection.socket
  const isNews = bytesRead !== connection.bytesRead
  connection.bytesRead = bytesRead
  return isNews
}

const look = (times: Times, connection: Connection): void => {
  if (connection.http2.destroyed) return
  const now = performance.now()
  if (hasHeard(connection) || !isAwaited(connection)) connection.heardAt = now
  else if (!connection.isAsking && now - connection.heardAt >= times.quietMillis) ask(times, connection)
}

/** Asks the peer whether it is still there. Any byte says so, and what came while this process was busy is read before the verdict. */
const ask = ({ pongMillis }: Times, connection: Connection): void => {
  const { http2 } = connection
  const silent = (): void => {
    if (!hasHeard(connection)) http2.destroy(new Error(`the peer did not answer a PING within ${pongMillis} ms`))
    connection.isAsking = false
  }
  const late = setTimeout(() => setImmediate(silent), pongMillis).unref()
  connection.isAsking = http2.ping(() => {
    clearTimeout(late)
    connection.isAsking = false
    connection.heardAt = performance.now()
  })
}

/** How many bytes of each stream may be on the way, and how many of all. */
export const setWindow = ({ connection, isOpen, limit }: Session, window: number): void => {
  if (connection === undefined || !isOpen || connection.http2.destroyed) return
  const { http2 } = connection
  if (connection.window !== window) http2.settings({ initialWindowSize: window })
  connection.window = window
  http2.setLocalWindowSize(limit * window)
}

/** Opens a stream. Throws if the session is closing. */
export const open = (
  { connection, times }: Session,
  headers: Http2.OutgoingHttpHeaders,
  body: string | Uint8Array
): Http2.ClientHttp2Stream => {
  const { http2, streams } = connection!
  const stream = http2.request(headers)
  clearTimeout(connection!.idle)
  http2.ref()
  streams.add(stream)
  stream.once("close", () => {
    streams.delete(stream)
    if (streams.size === 0) rest(connection!, times)
  })
  stream.end(body)
  return stream
}

const unusable = ["ERR_HTTP2_INVALID_SESSION", "ERR_HTTP2_GOAWAY_SESSION", "ERR_HTTP2_OUT_OF_STREAMS"]

/** Whether a stream could not be opened because the session is at its end, which it has not told yet. */
export const isUnusable = (error: unknown): boolean =>
  unusable.includes((error as Readonly<Record<string, string>>)["code"] ?? "")

/** A session without streams does not keep the process alive, and closes after a while. */
const rest = (connection: Connection, times: Times): void => {
  const { http2 } = connection
  if (http2.destroyed) return
  http2.unref()
  clearTimeout(connection.idle)
  connection.idle = setTimeout(() => bidGoodBye(http2, times), times.idleMillis).unref()
}

const bidGoodBye = (http2: Http2.ClientHttp2Session, { closeMillis }: Times): void => {
  if (http2.destroyed) return
  http2.close()
  const late = setTimeout(() => http2.destroy(), closeMillis).unref()
  http2.once("close", () => clearTimeout(late))
}

/** Resets a stream: the peer sends no more. One that has ended is not reset: peers count resets, and end a session that has many. */
export const cancel = (stream: Http2.ClientHttp2Stream): void => {
  if (stream.readableEnded) return
  stream.close(NGHTTP2_CANCEL)
  stream.destroy()
}

/** Ends the streams, and then the session. */
export const close = ({ connection, socket, times }: Session): void => {
  if (connection === undefined) return void socket.destroy()
  for (const stream of connection.streams) cancel(stream)
  bidGoodBye(connection.http2, times)
}
