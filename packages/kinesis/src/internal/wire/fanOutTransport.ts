import { NodeHttpHandler } from "@smithy/node-http-handler"
import { NoHttp2, unsent } from "./http2Connection.js"
import * as Http2Sessions from "./http2Sessions.js"

/** How subscriptions are carried. */
export type Kind = "http2" | "http/1.1"

/** A request handler of the SDK, as far as it is used. */
export interface Handler {
  readonly metadata?: { readonly handlerProtocol: string }
  readonly handle: (request: any, options?: any) => Promise<{ response: any }>
  readonly destroy?: () => void
  readonly updateHttpClientConfig: (key: never, value: never) => void
  readonly httpHandlerConfigs: () => object
}

export interface Options extends Http2Sessions.Options {
  /** Default: HTTP/2 over TLS where the endpoint speaks it, otherwise HTTP/1.1. */
  readonly kind: Kind | undefined
}

/** Carries the subscriptions of one client, and leaves its other calls to a handler of the SDK. */
interface State {
  readonly options: Options
  readonly others: Handler
  readonly sessions: Http2Sessions.State
  /** A connection for each subscription. */
  readonly http1: Handler
  /** Those that were found to speak HTTP/1.1 alone. */
  readonly originsOfHttp1: Set<string>
}

/** A handler that carries subscriptions in its own way, and leaves the other calls to this one. */
export const make = (others: Handler, options: Options): Handler => {
  const { certificateAuthority, connectMillis } = options
  const agent = { keepAlive: true, maxSockets: Infinity }
  const self: State = {
    options,
    others,
    sessions: Http2Sessions.make(options),
    http1: new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: { ...agent, ...(certificateAuthority !== undefined && { ca: certificateAuthority }) },
      connectionTimeout: connectMillis
    }),
    originsOfHttp1: new Set()
  }
  return {
    ...(others.metadata !== undefined && { metadata: others.metadata }),
    handle: (request, options) =>
      isSubscription(request) ? subscribe(self, request, options) : others.handle(request, options),
    destroy: () => {
      Http2Sessions.close(self.sessions)
      self.http1.destroy?.()
      others.destroy?.()
    },
    updateHttpClientConfig: (key, value) => others.updateHttpClientConfig(key, value),
    httpHandlerConfigs: () => others.httpHandlerConfigs()
  }
}

const isSubscription = ({ headers }: Http2Sessions.Request): boolean =>
  String(headers["x-amz-target"]).endsWith(".SubscribeToShard")

/** Without TLS nothing shows whether an endpoint speaks HTTP/2, and the emulators of Kinesis all speak HTTP/1.1. */
const kindFor = ({ options, originsOfHttp1 }: State, origin: string): Kind =>
  options.kind ?? (origin.startsWith("https:") && !originsOfHttp1.has(origin) ? "http2" : "http/1.1")

const subscribe = async (
  self: State,
  request: Http2Sessions.Request,
  options: { readonly abortSignal?: AbortSignal } = {}
): Promise<{ response: any }> => {
  const origin = Http2Sessions.originOf(request)
  if (kindFor(self, origin) === "http/1.1") return await byHttp1(self, request, options)
  try {
    return { response: await Http2Sessions.send(self.sessions, request, options.abortSignal) }
  } catch (error) {
    if (!(error instanceof NoHttp2) || self.options.kind === "http2") throw error
    self.originsOfHttp1.add(origin)
    return await byHttp1(self, request, options)
  }
}

/** The handler has one timeout, that of a connection. */
const byHttp1 = async (
  { http1 }: State,
  request: Http2Sessions.Request,
  options: object
): Promise<{ response: any }> => {
  try {
    return await http1.handle(request, options)
  } catch (error) {
    throw error instanceof Error && error.name === "TimeoutError" ? unsent(error) : error
  }
}
