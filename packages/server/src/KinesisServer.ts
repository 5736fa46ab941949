/**
 * The in-memory Kinesis on the wire: any program in any language uses it as it would use AWS. HTTP/1.1 and HTTP/2 without TLS on one port, both
 * over TLS on another, JSON and CBOR, every operation of the AWS SDK.
 *
 * @since 0.1.0
 */
import type { LocalKinesis } from "@effect-kinesis/local"
import type { InvalidArgument } from "effect-kinesis/KinesisError"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Certificates from "./internal/certificate.js"
import * as Handler from "./internal/http/handler.js"
import * as Sockets from "./internal/http/sockets.js"
import * as Rules from "./internal/options.js"
import * as Servers from "./internal/server.js"

/**
 * What the server is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<LocalKinesis.Options, "getRecordsTimeout" | "requestTimeout"> {
  /** Where to listen. Another address than this machine's own lets others in. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /** For HTTP/1.1 and HTTP/2 without TLS. Default: 0, one that is free. */
  readonly port?: number | undefined
  /** Whether to listen for TLS, too, with a certificate made at the start. Default: `false`. */
  readonly tls?: boolean | undefined
  /** For HTTP/1.1 and HTTP/2 over TLS. Default: 0, one that is free. */
  readonly tlsPort?: number | undefined
  /** The region that has the streams from the start. Any other is there, too, without streams at first. Default: `us-east-1`. */
  readonly region?: string | undefined
}

/**
 * Where a client has to go, as it has to be told: options of `KinesisClient.layer`, and of a client of the AWS SDK.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:4567`. */
  readonly endpoint: string
  /** The region that has the streams from the start. */
  readonly region: string
  /** They need to be well-formed, no more, unless the server verifies signatures. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/**
 * A server that listens.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Such as `http://127.0.0.1:4567`, for HTTP/1.1 and HTTP/2 without TLS. */
  readonly endpoint: string
  /** Such as `https://127.0.0.1:4568`, for HTTP/1.1 and HTTP/2 over TLS; undefined without TLS. */
  readonly tlsEndpoint: string | undefined
  /** The certificate to trust, in PEM; undefined without TLS. */
  readonly certificate: string | undefined
  /** What a client has to be told. */
  readonly clientOptions: ClientOptions
  /** The knobs of the region that has the streams from the start. */
  readonly local: LocalKinesis.Service
  /** The knobs of any region. */
  readonly localIn: (region: string) => LocalKinesis.Service
}

/**
 * The server could not listen.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Data.TaggedError("ListenError")<{
  /** Such as `127.0.0.1`. */
  readonly host: string
  /** As it was asked for. */
  readonly port: number
  /** What the system said. */
  readonly cause: NodeJS.ErrnoException
}> {
  /**
   * What is wrong, and what to do about it.
   *
   * @since 0.1.0
   */
  override get message(): string {
    const { cause, host, port } = this
    switch (cause.code) {
      case "EADDRINUSE":
        return `port ${port} of ${host} is taken: choose another, or 0 for one that is free`
      case "EACCES":
        return `port ${port} of ${host} needs more rights: choose one from 1024 to 65535, or 0 for one that is free`
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        return `${host} is no address of this machine: choose 127.0.0.1`
      default:
        return `cannot listen on port ${port} of ${host}: ${cause.message}`
    }
  }
}

/**
 * The server that {@link layer} starts.
 *
 * @since 0.1.0
 * @category tags
 */
export class KinesisServer extends Context.Tag("@effect-kinesis/server/KinesisServer")<KinesisServer, Service>() {}

const credentials = { accessKeyId: "local", secretAccessKey: "local" }

const urlOf = (scheme: string, host: string, port: number): string =>
  `${scheme}://${host.includes(":") ? `[${host}]` : host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`

/**
 * Starts a server, which ends with the scope: connections are broken off then. Fails if an option is wrong, or if it cannot listen. Dies on
 * options of the engine that `LocalKinesis.make` would die of.
 *
 * @example
 * ```ts
 * import { KinesisServer } from "@effect-kinesis/server"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const server = yield* KinesisServer.make({ streams: [{ name: "orders", shardCount: 4 }] })
 *   yield* Effect.log(server.endpoint)
 * }))
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options?: Options
) => Effect.Effect<Service, InvalidArgument | ListenError, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options = {}) {
    yield* Rules.check(options)
    const { host = "127.0.0.1", port = 0, region = "us-east-1", tls = false, tlsPort = 0 } = options
    const state = yield* Servers.make(options, region)
    const handler = Handler.make(state)
    const failed = (port: number) => (cause: NodeJS.ErrnoException) => new ListenError({ host, port, cause })
    const listening = yield* Effect.mapError(Sockets.listen(handler, { host, port }), failed(port))
    const endpoint = urlOf("http", host, listening)
    const certificate = tls ? yield* Certificates.make(host) : undefined
    const secure = certificate === undefined ? undefined : yield* Effect.mapError(
      Sockets.listenSecurely(handler, certificate, { host, port: tlsPort }),
      failed(tlsPort)
    )
    return {
      endpoint,
      tlsEndpoint: secure === undefined ? undefined : urlOf("https", host, secure),
      certificate: certificate?.cert,
      clientOptions: { endpoint, region, credentials },
      local: state.regionOf(region).local,
      localIn: (region) => state.regionOf(region).local
    }
  }
)

/**
 * A server for tests: it listens while the layer is in use.
 *
 * @example
 * ```ts
 * import { KinesisServer } from "@effect-kinesis/server"
 * import { Effect, Layer } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const server = KinesisServer.layer({ streams: [{ name: "orders" }] })
 * const client = Layer.unwrapEffect(
 *   Effect.map(KinesisServer.KinesisServer, ({ clientOptions }) => KinesisClient.layer(clientOptions))
 * )
 *
 * const program = Effect.gen(function*() {
 *   const kinesis = yield* KinesisClient.KinesisClient
 *   const { local } = yield* KinesisServer.KinesisServer
 *   yield* local.delay({ operation: "putRecord", duration: "10 millis" })
 *   yield* kinesis.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array(1) })
 * })
 *
 * Effect.runPromise(Effect.provide(program, Layer.provideMerge(client, server)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<KinesisServer, InvalidArgument | ListenError> =>
  Layer.scoped(KinesisServer, make(options))
