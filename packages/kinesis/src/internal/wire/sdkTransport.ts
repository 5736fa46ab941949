import { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { NodeHttp2Handler } from "@smithy/node-http-handler"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Checks from "../options/checks.js"
import { type Check, refused, type Table } from "../options/table.js"
import * as Answers from "./answers.js"
import { cborProtocol } from "./cborProtocol.js"
import * as FanOutTransport from "./fanOutTransport.js"
import * as FastOperations from "./fastOperations.js"
import * as Http2Sessions from "./http2Sessions.js"
import { jsonProtocol } from "./jsonProtocol.js"
import type { Sharing } from "./recordMemory.js"
import * as SdkClients from "./sdkClient.js"
import * as SdkHooks from "./sdkHooks.js"

export interface Options extends SdkClients.ClientOptions {
  /**
   * Connections at once, at least 1; each carries one call at a time. Default: 256, which is what 10,000 shards at their tip need when a
   * call takes 25 ms. One core is busy with 4 of them, if calls take no time, and with 256 is not slower by much.
   */
  readonly maxSockets?: number | undefined
  /** How long a connection may take to open. Default: 5 seconds. */
  readonly connectionTimeout?: Duration.DurationInput | undefined
  /**
   * How calls are written. `"cbor"`, which Amazon's Java SDK uses, needs less of the network and of this machine; it is opt-in because
   * emulators do not speak it. Default: `"json"`.
   */
  readonly protocol?: "json" | "cbor" | undefined
  /**
   * Where the bytes of records lie. `"shared"`: next to those of their neighbours, which is faster; a record that is kept keeps at most 64
   * KiB of them alive, over TLS 16 KiB. `"own"`: in memory of their own, for programs that keep few of many small records. Default:
   * `"shared"`.
   */
  readonly recordMemory?: Sharing | undefined
  /**
   * How subscriptions of enhanced fan-out are carried. `"http2"`: many on one connection, as AWS supports it, also without TLS and beside a
   * `requestHandler`, past which they go. `"http/1.1"`: a connection for each. Default: `"http2"` where the endpoint is `https:` and speaks
   * it, otherwise `"http/1.1"`, as emulators speak it; beside a `requestHandler` by that.
   */
  readonly fanOutTransport?: FanOutTransport.Kind | undefined
}

const kinds = Checks.oneOf("http2", "http/1.1")

const fanOutTransport: Check = (given, options) =>
  kinds(given, options) ??
    (given === "http2" || options["requestHandler"] === undefined
      ? undefined
      : refused("\"http2\", or left out, beside requestHandler, which carries subscriptions too", given))

/** What the options must be. */
export const table: Table<Options> = {
  ...SdkClients.table("http://127.0.0.1:4567"),
  maxSockets: SdkClients.ofOwnTransport(Checks.whole(1)),
  connectionTimeout: SdkClients.ofOwnTransport(Checks.duration(1)),
  protocol: Checks.optional(Checks.oneOf("json", "cbor")),
  recordMemory: Checks.optional(Checks.oneOf("shared", "own")),
  fanOutTransport: Checks.optional(fanOutTransport)
}

/** An SDK client, and its ways for the operations that have one of their own: undefined where the SDK is to do all by itself. */
export interface Transport {
  readonly sdk: SdkClient
  readonly fast: FastOperations.FastOperations | undefined
}

/**
 * An SDK client that retries nothing and whose sockets close with the scope. Its protocol, and its ways for some operations, are ours, unless
 * the SDK lacks what they need of it.
 */
export const make = (
  options: Options,
  parts: SdkHooks.Parts = SdkHooks.installed
): Effect.Effect<Transport, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { protocol = "json", recordMemory = "shared" } = options
    const config = configOf(options)
    const { missing: { [protocol]: missing }, Protocol } = SdkHooks.probe(parts)
    if (missing.length > 0) {
      const sdk = yield* SdkClients.scoped(() => new SdkClient(config))
      Answers.watch(sdk, { mayBeEmpty: true })
      yield* SdkHooks.warn(sdk, missing, protocol)
      return { sdk, fast: undefined }
    }
    const ours = protocol === "cbor" ? cborProtocol(Protocol, recordMemory) : jsonProtocol(Protocol, recordMemory)
    const sdk = yield* SdkClients.scoped(() => new SdkClient({ ...config, protocol: ours }))
    Answers.watch(sdk, { mayBeEmpty: true, except: ["GetRecordsCommand", "SubscribeToShardCommand"] })
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const onSecretive = () => void runFork(SdkHooks.warn(sdk, ["selectedHttpAuthScheme"], "json"))
    const reusesBodies = options.requestHandler === undefined
    const json = SdkHooks.jsonCodec(Protocol, sdk.config)
    return {
      sdk,
      fast: FastOperations.make(sdk, { encoding: protocol, json, recordMemory, onSecretive, reusesBodies })
    }
  })

/**
 * Subscriptions go another way than the other calls, unless a request handler was given and nothing was said of them. What was given as its
 * settings the SDK makes a handler of HTTP/2 of.
 */
const configOf = (options: Options): SdkClients.ClientConfig => {
  const { connectionTimeout = "5 seconds", fanOutTransport: kind, maxSockets = 256, requestHandler } = options
  const connectMillis = Duration.toMillis(connectionTimeout)
  const config = SdkClients.config(options, { maxSockets, connectionTimeout: connectMillis })
  if (requestHandler !== undefined && kind === undefined) return config
  const { certificateAuthority } = options
  const transport = { ...Http2Sessions.defaults, kind, connectMillis, certificateAuthority }
  const others = NodeHttp2Handler.create(config.requestHandler as NodeHttp2Handler)
  return { ...config, requestHandler: FanOutTransport.make(others, transport) as NodeHttp2Handler }
}
