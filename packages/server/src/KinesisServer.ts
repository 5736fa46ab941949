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
import type * as Folder from "./internal/data/folder.js"
import * as Handler from "./internal/http/handler.js"
import * as Sockets from "./internal/http/sockets.js"
import * as Rules from "./internal/options.js"
import * as Servers from "./internal/server.js"
import * as States from "./internal/state.js"
import * as WireKnob from "./internal/wireKnobs.js"

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
  /**
   * The folder that keeps streams and records, so that they survive a restart. Streams that it has are not created anew. What was answered more
   * than 100 milliseconds before a crash is in it. Default: they are in memory alone.
   */
  readonly data?: string | undefined
  /** The only credentials that are let in; signatures are checked then. Default: whoever signs is let in, and no signature is checked. */
  readonly verify?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
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
 * Which calls a knob of the wire affects.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireTarget {
  /** Such as `"getRecords"`: its name in the API with a small first letter. Default: any. */
  readonly operation?: LocalKinesis.Operation | undefined
  /** How many calls, from the next one on. Default: 1. */
  readonly times?: number | undefined
}

/**
 * What goes wrong on the wire. A call meets at most one of these, the one that was requested first, beside the faults of the engine.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireKnobs {
  /** The calls take effect; their answers break off in the middle of the body. */
  readonly cutBody: (target: WireTarget) => Effect.Effect<void>
  /** The connection is reset in place of an answer: after the calls took effect, or `before` that. */
  readonly dropConnection: (target: WireTarget & { readonly before?: boolean | undefined }) => Effect.Effect<void>
  /** The answers are the last of their connections: over HTTP/2 by GOAWAY, over HTTP/1.1 by `connection: close`. */
  readonly goAway: (target: WireTarget) => Effect.Effect<void>
  /** Discards all faults of the wire that have not met their calls. */
  readonly clearFaults: Effect.Effect<void>
}

/**
 * What a server has done.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  /** Everything that came, whatever became of it. */
  readonly requests: number
  /** How many of them were answered with an error. */
  readonly refused: number
  /** Entries of PutRecords that were refused are not among them. */
  readonly recordsWritten: number
  /** By every reader. */
  readonly recordsRead: number
}

/**
 * A stream that a server has.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamInRegion {
  /** Such as `us-east-1`. */
  readonly region: string
  /** Its name. */
  readonly name: string
  /** Its open shards; 0 while it is CREATING. */
  readonly shardCount: number
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
  /** The faults of the wire. */
  readonly wire: WireKnobs
  /** The streams that are there now, region by region, in the order of their names. */
  readonly streams: Effect.Effect<ReadonlyArray<StreamInRegion>>
  /** What it has done so far. */
  readonly counts: Effect.Effect<Counts>
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
 * The folder of the data cannot be used.
 *
 * @since 0.1.0
 * @category errors
 */
export type DataError = Folder.DataError

/**
 * Why a server does not start.
 *
 * @since 0.1.0
 * @category errors
 */
export type StartError = InvalidArgument | ListenError | DataError

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
) => Effect.Effect<Service, StartError, Scope.Scope> = Effect.fnUntraced(
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
      clientOptions: { endpoint, region, credentials: options.verify ?? credentials },
      local: state.regionOf(region).local,
      localIn: (region) => state.regionOf(region).local,
      wire: WireKnob.make(state),
      streams: States.streams(state),
      counts: Effect.sync(() => ({ ...state.counts }))
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
export const layer = (options: Options = {}): Layer.Layer<KinesisServer, StartError> =>
  Layer.scoped(KinesisServer, make(options))
