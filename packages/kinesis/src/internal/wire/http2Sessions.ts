import * as Http2 from "node:http2"
import * as Connection from "./http2Connection.js"
import * as Http2Session from "./http2Session.js"
import type { Session } from "./http2Session.js"
import * as SessionPlan from "./sessionPlan.js"
import * as StreamWindow from "./streamWindow.js"

const { NGHTTP2_REFUSED_STREAM } = Http2.constants

/** A request of the SDK. */
export interface Request {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, unknown>> | null | undefined
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

/** An answer, as the SDK takes it. Its body is the stream. */
export interface Response {
  readonly statusCode: number
  readonly headers: Record<string, string>
  body: unknown
}

export interface Options extends Connection.Options, Http2Session.Times {
  /** What all streams may hold here that nobody takes from, in bytes; each of them 64 KiB nevertheless. */
  readonly budgetBytes: number
}

export const defaults: Omit<Options, keyof Connection.Options> = {
  quietMillis: 10_000,
  pongMillis: 5_000,
  idleMillis: 30_000,
  closeMillis: 1_000,
  budgetBytes: 64 * 1024 * 1024
}

/** A request that waits for a stream, or for its answer. */
interface Call {
  readonly request: Request
  readonly onStream: (stream: Http2.ClientHttp2Stream) => void
  readonly onAnswer: (response: Response) => void
  readonly onError: (error: Error) => void
}

type Plan = SessionPlan.State<Session, Call>

/** The sessions of HTTP/2 of one client, by their origins. */
export interface State {
  readonly options: Options
  readonly plans: Map<string, Plan>
  window: number
  isClosed: boolean
}

export const make = (options: Options): State => ({
  options,
  plans: new Map(),
  window: StreamWindow.initial,
  isClosed: false
})

export const originOf = ({ hostname, port, protocol }: Request): string =>
  `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`

/** Sends a request, and gives its answer before anything of its body was read. The signal resets its stream at any time. */
export const send = (self: State, request: Request, signal?: AbortSignal): Promise<Response> =>
  new Promise((resolve, reject) => {
    if (self.isClosed) return reject(Connection.unsent(new Error("the client is closed")))
    const origin = originOf(request)
    const plan = planOf(self, origin)
    let stream: Http2.ClientHttp2Stream | undefined
    const abort = (): void => {
      if (stream === undefined) SessionPlan.withdrawn(plan, call)
      else Http2Session.cancel(stream)
      reject(Object.assign(new Error("the request was aborted"), { name: "AbortError" }))
    }
    const call: Call = {
      request,
      onStream: (given) => {
        stream = given.once("close", () => signal?.removeEventListener("abort", abort))
      },
      onAnswer: resolve,
      onError: (error) => {
        signal?.removeEventListener("abort", abort)
        reject(error)
      }
    }
    if (signal?.aborted === true) return abort()
    signal?.addEventListener("abort", abort, { once: true })
    plan.waiting.push(call)
    advance(self, origin, plan)
  })

const planOf = ({ plans }: State, origin: string): Plan => {
  const plan = plans.get(origin) ?? SessionPlan.make<Session, Call>()
  plans.set(origin, plan)
  return plan
}

/** Does what is to be done for the calls to an origin. */
const advance = (self: State, origin: string, plan: Plan): void => {
  for (let step = SessionPlan.next(plan); step !== undefined; step = SessionPlan.next(plan)) {
    if (step._tag === "Connect") connect(self, origin, plan)
    else open(self, origin, plan, step.session, step.call)
  }
  adjustWindows(self)
}

const connect = (self: State, origin: string, plan: Plan): void => {
  const { opened, socket } = Connection.open(new URL(origin), self.options)
  const session = Http2Session.make(origin, socket, self.options)
  plan.sessions.add(session)
  const lost = (error = new Error("the session was closed")): void => {
    for (const call of SessionPlan.lost(plan, session)) call.onError(Connection.unsent(error))
    advance(self, origin, plan)
  }
  const listener: Http2Session.Listener = {
    onLimit: (streams) => {
      SessionPlan.limited(plan, session, streams)
      Http2Session.setWindow(session, self.window)
      advance(self, origin, plan)
    },
    onClose: (error) => lost(session.isOpen ? error : unopened(origin, error))
  }
  opened.then(() => Http2Session.start(session, self.window, listener), lost)
}

/** The error of a session that ended before it began. By TLS the endpoint has said that it speaks HTTP/2. */
const unopened = (origin: string, error = new Error("the connection was closed")): Error =>
  origin.startsWith("https:") ? error : new Connection.NoHttp2(origin, error.message, { cause: error })

/** Sends a call on a stream of a session. */
const open = (self: State, origin: string, plan: Plan, session: Session, call: Call): void => {
  let isUnderWay = true
  const answered = (): void => {
    if (isUnderWay) SessionPlan.answered(plan)
    isUnderWay = false
  }
  const closed = (): void => {
    answered()
    session.streams--
    advance(self, origin, plan)
  }
  const { request } = call
  try {
    const stream = Http2Session.open(session, headersOf(request), request.body ?? "")
    let cause: Error | undefined
    stream.on("error", (error: Error) => {
      cause = error
    })
    stream.once("close", () => {
      if (isUnderWay) call.onError(withoutAnswer(stream, cause))
      closed()
    })
    stream.once("response", (headers) => {
      call.onAnswer({ statusCode: headers[":status"] ?? -1, headers: plainHeaders(headers), body: stream })
      answered()
      advance(self, origin, plan)
    })
    call.onStream(stream)
  } catch (error) {
    if (Http2Session.isUnusable(error)) {
      session.isClosing = true
      plan.waiting.unshift(call)
    } else call.onError(Connection.unsent(error as Error))
    closed()
  }
}

/** The error of a stream that ended before its answer. */
const withoutAnswer = ({ id, rstCode }: Http2.ClientHttp2Stream, error: Error | undefined): Error => {
  const reset = rstCode === undefined || rstCode === 0 ? "" : `, reset with ${codeName(rstCode)}`
  const said = error === undefined ? "" : `: ${error.message}`
  const told = Object.assign(new Error(`the stream ended without an answer${reset}${said}`, { cause: error }), {
    code: "ECONNRESET"
  })
  return id === undefined || rstCode === NGHTTP2_REFUSED_STREAM ? Connection.unsent(told) : told
}

/** What streams are reset with, by their codes. */
const codeNames = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED"
]

/** What a stream was reset with, such as CANCEL. */
export const codeName = (code: number): string => codeNames[code] ?? String(code)

/** Those of HTTP/1.1 that HTTP/2 does not have. The host is the authority. */
const ofHttp1: ReadonlyArray<string> = ["host", "connection", "keep-alive", "transfer-encoding"]

const headersOf = ({ headers, hostname, method, path, port, query }: Request): Http2.OutgoingHttpHeaders => {
  const search = new URLSearchParams(
    Object.entries(query ?? {}).map(([name, value]): [string, string] => [name, String(value)])
  ).toString()
  return {
    ":authority": headers["host"] ?? `${hostname}${port === undefined ? "" : `:${port}`}`,
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !ofHttp1.includes(name.toLowerCase()))),
    ":method": method,
    ":path": search === "" ? path : `${path}?${search}`
  }
}

const plainHeaders = (headers: Http2.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(":")).map(([name, value]) => [name, String(value)])
  )

/** Gives each stream its part of what all of them may hold. */
const adjustWindows = (self: State): void => {
  let streams = 0
  for (const { sessions, waiting } of self.plans.values()) {
    streams += waiting.length
    for (const session of sessions) streams += session.streams
  }
  const window = StreamWindow.next(self.window, self.options.budgetBytes, streams)
  if (window === self.window) return
  self.window = window
  for (const { sessions } of self.plans.values()) {
    for (const session of sessions) Http2Session.setWindow(session, window)
  }
}

/** Ends all streams and closes all sessions. */
export const close = (self: State): void => {
  self.isClosed = true
  for (const { sessions, waiting } of self.plans.values()) {
    for (const call of waiting.splice(0)) call.onError(Connection.unsent(new Error("the client was closed")))
    for (const session of sessions) Http2Session.close(session)
  }
}
