import { KinesisClient as SdkClient, type KinesisClientConfig } from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { InvalidArgument } from "../../KinesisError.js"
import * as Rules from "../options/rules.js"
import * as Answers from "./answers.js"
import { cborProtocol } from "./cborProtocol.js"
import { jsonProtocol } from "./jsonProtocol.js"
import type { Sharing } from "./recordMemory.js"

export interface Options {
  /** Default: as the AWS SDK finds it (`AWS_REGION`, the shared config). */
  readonly region?: string | undefined
  /** Default: the service's own endpoint in the region. */
  readonly endpoint?: string | undefined
  /** Default: the AWS SDK's provider chain. */
  readonly credentials?: KinesisClientConfig["credentials"] | undefined
  /** Certificates (PEM) to trust in place of those that Node trusts, for an endpoint with one of its own. Default: Node's. */
  readonly certificateAuthority?: string | undefined
  /**
   * Connections at once, at least 1; each carries one call at a time. Default: 256, which is what 10,000 shards at their tip need when a
   * call takes 25 ms. One core is busy with 4 of them, if calls take no time, and with 256 is not slower by much (docs/performance.md).
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
   * Another transport of the SDK. Default: HTTP/1.1 with keep-alive, since the SDK's own default opens a new HTTP/2 session for each
   * call (aws-sdk-js-v3 issue 8279). It is closed with the client.
   */
  readonly requestHandler?: KinesisClientConfig["requestHandler"] | undefined
}

const isUrl = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text)

const silent = (): void => undefined

/** The SDK makes a full copy of each answer for a logger that has `info`, be it a silent one; this one has none. */
const logger = { trace: silent, debug: silent, warn: silent, error: silent } as NonNullable<
  KinesisClientConfig["logger"]
>

const present = <A extends object>(options: A): { readonly [K in keyof A]: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never

/** An SDK client that retries nothing and whose sockets close with the scope. */
export const make = (options: Options): Effect.Effect<SdkClient, InvalidArgument, Scope.Scope> =>
  Effect.gen(function*() {
    const {
      certificateAuthority,
      connectionTimeout = "5 seconds",
      credentials,
      endpoint,
      maxSockets = 256,
      protocol = "json",
      recordMemory = "shared",
      region,
      requestHandler
    } = options
    yield* Rules.check("KinesisClient.make", undefined, [
      ["endpoint", endpoint === undefined || isUrl(endpoint), "a URL such as http://127.0.0.1:4567", endpoint],
      Rules.oneOf("protocol", ["json", "cbor"], protocol),
      Rules.oneOf("recordMemory", ["shared", "own"], recordMemory),
      ["maxSockets", Rules.isWhole(maxSockets, 1), "a whole number, at least 1", maxSockets],
      Rules.duration("connectionTimeout", connectionTimeout, 1)
    ])
    const agent = { keepAlive: true, maxSockets }
    return yield* Effect.acquireRelease(
      Effect.sync(() =>
        new SdkClient({
          ...present({ region, endpoint, credentials }),
          protocol: protocol === "cbor" ? cborProtocol(recordMemory) : jsonProtocol(recordMemory),
          maxAttempts: 1,
          logger,
          requestHandler: requestHandler ?? new NodeHttpHandler({
            httpAgent: agent,
            httpsAgent: { ...agent, ...present({ ca: certificateAuthority }) },
            connectionTimeout: Duration.toMillis(connectionTimeout)
          })
        } as KinesisClientConfig)
      ),
      (sdk) => Effect.sync(() => sdk.destroy())
    ).pipe(
      Effect.tap((sdk) => Effect.sync(() => Answers.watch(sdk, { mayBeEmpty: true, except: ["GetRecordsCommand"] })))
    )
  })
