/**
 * Kinesis as a service of typed operations: the seam between this library and the network.
 *
 * {@link layer} reaches the service through the AWS SDK; `@effect-kinesis/local` provides the same service in memory.
 *
 * @since 0.1.0
 */
import type { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Checks from "./internal/options/checks.js"
import * as Rules from "./internal/options/rules.js"
import type { Table } from "./internal/options/table.js"
import * as Answers from "./internal/wire/answers.js"
import * as SdkClients from "./internal/wire/sdkClient.js"
import * as SdkOperations from "./internal/wire/sdkOperations.js"
import * as SdkTransport from "./internal/wire/sdkTransport.js"
import * as Spans from "./internal/wire/spans.js"
import type * as Api from "./KinesisApi.js"
import type { ExpiredIterator, ExpiredListToken, InvalidArgument, KinesisError } from "./KinesisError.js"
import { RequestTimeout } from "./KinesisError.js"

/**
 * The operations. Each is one request: nothing is retried underneath, so every throttled call is visible.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** A page of the stream's shards. Fails with `ExpiredListToken` if the token is older than 300 seconds. AWS allows 1,000 per second per stream. */
  readonly listShards: (
    request: Api.ListShardsRequest
  ) => Effect.Effect<Api.ListShardsResponse, KinesisError | ExpiredListToken>
  /** An iterator of a shard, valid for 5 minutes. AWS allows 5 per second per shard. */
  readonly getShardIterator: (
    request: Api.GetShardIteratorRequest
  ) => Effect.Effect<Api.GetShardIteratorResponse, KinesisError>
  /** A page of a shard, empty or not, and the iterator of the next. Fails with `ExpiredIterator` after 5 minutes. AWS allows 5 per second and 2 MiB per second per shard. */
  readonly getRecords: (
    request: Api.GetRecordsRequest
  ) => Effect.Effect<Api.GetRecordsResponse, KinesisError | ExpiredIterator>
  /** What is known of a stream without its shards. AWS allows 20 per second per account. */
  readonly describeStreamSummary: (
    request: Api.StreamRequest
  ) => Effect.Effect<Api.DescribeStreamSummaryResponse, KinesisError>
  /** A page of the names of streams. AWS allows 5 per second per account. */
  readonly listStreams: (request: Api.ListStreamsRequest) => Effect.Effect<Api.ListStreamsResponse, KinesisError>
  /** Writes one record. After a `RequestTimeout` or `ServiceUnavailable` it may have been written. */
  readonly putRecord: (request: Api.PutRecordRequest) => Effect.Effect<Api.PutRecordResponse, KinesisError>
  /** Writes up to 500 records, 10 MiB in all. It succeeds even if some were refused: look at `failedRecordCount`, and send those again whose entry has an `errorCode`. */
  readonly putRecords: (request: Api.PutRecordsRequest) => Effect.Effect<Api.PutRecordsResponse, KinesisError>
  /**
   * Succeeds if the service would accept the request, and fails as the request would: on permissions, arguments and missing resources, but
   * not on the stream's KMS key. Nothing is read or written. AWS allows one per second per stream, and bills it like the call itself. An
   * endpoint that does not support the parameter carries the request out.
   *
   * @example
   * ```ts
   * import { Effect } from "effect"
   * import { KinesisClient } from "effect-kinesis"
   *
   * // at the start of a program that will write: may it?
   * const mayWrite = Effect.flatMap(KinesisClient.KinesisClient, (client) =>
   *   client.dryRun({ operation: "putRecord", stream: "orders", partitionKey: "probe", data: new Uint8Array(1) }))
   * ```
   */
  readonly dryRun: (request: Api.DryRunRequest) => Effect.Effect<void, KinesisError | ExpiredIterator>
  /** Makes a stream, which is CREATING at first. */
  readonly createStream: (request: Api.CreateStreamRequest) => Effect.Effect<void, KinesisError>
  /** Deletes a stream with all of its records, also one that has consumers. */
  readonly deleteStream: (request: Api.StreamRequest) => Effect.Effect<void, KinesisError>
  /** Splits an open shard in two. The stream is UPDATING meanwhile. */
  readonly splitShard: (request: Api.SplitShardRequest) => Effect.Effect<void, KinesisError>
  /** Makes one shard of two adjacent open ones. The stream is UPDATING meanwhile. */
  readonly mergeShards: (request: Api.MergeShardsRequest) => Effect.Effect<void, KinesisError>
  /** Splits and merges until there are so many open shards. */
  readonly updateShardCount: (request: Api.UpdateShardCountRequest) => Effect.Effect<void, KinesisError>
  /** Keeps records for longer. */
  readonly increaseStreamRetentionPeriod: (request: Api.RetentionPeriodRequest) => Effect.Effect<void, KinesisError>
  /** Keeps records for less long: older ones are gone at once. */
  readonly decreaseStreamRetentionPeriod: (request: Api.RetentionPeriodRequest) => Effect.Effect<void, KinesisError>
  /** Registers a consumer, for enhanced fan-out. Fails with `ResourceInUse` if the stream has one of that name. AWS allows 5 per second per account. */
  readonly registerStreamConsumer: (
    request: Api.RegisterStreamConsumerRequest
  ) => Effect.Effect<Api.StreamConsumer, KinesisError>
  /** What is known of a consumer. AWS allows 20 per second per account. */
  readonly describeStreamConsumer: (
    request: Api.StreamConsumerRequest
  ) => Effect.Effect<Api.DescribeStreamConsumerResponse, KinesisError>
  /** A page of a stream's consumers. Fails with `ExpiredListToken` if the token is older than 300 seconds. AWS allows 5 per second per account. */
  readonly listStreamConsumers: (
    request: Api.ListStreamConsumersRequest
  ) => Effect.Effect<Api.ListStreamConsumersResponse, KinesisError | ExpiredListToken>
  /** Deletes a consumer, which is DELETING at first. AWS allows 5 per second per account. */
  readonly deregisterStreamConsumer: (request: Api.StreamConsumerRequest) => Effect.Effect<void, KinesisError>
  /**
   * Subscribes to a shard until the scope ends, for at most 5 minutes. Fails with `ResourceInUse` if the consumer subscribed to it within the
   * last 5 seconds, or is not ACTIVE; after that the newer subscription takes over from the older. AWS allows one per second per consumer and
   * shard. A deadline is one for the service's acceptance, not for the subscription.
   */
  readonly subscribeToShard: (
    request: Api.SubscribeToShardRequest
  ) => Effect.Effect<Subscription, KinesisError, Scope.Scope>
}

/**
 * A subscription that the service has accepted. It is pulled: what nobody asks for stays with the service.
 *
 * That it is over, with or without an error, says nothing about the shard. Only an event without a `continuationSequenceNumber`, or with
 * `childShards`, is the shard's last.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subscription {
  /** Waits until an event begins to come, and tells how many bytes it takes on the way. Fails with none when the subscription is over. */
  readonly announced: Effect.Effect<number, Option.Option<KinesisError>>
  /** The event that was announced. */
  readonly event: Effect.Effect<Api.SubscribeToShardEvent, KinesisError>
}

/**
 * The name of an operation in {@link Service}.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof Service

/**
 * The client that readers and workers use: what {@link layer} and `LocalKinesis.layer` provide.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const openShards = Effect.gen(function*() {
 *   const client = yield* KinesisClient.KinesisClient
 *   const { openShardCount } = yield* client.describeStreamSummary({ stream: "orders" })
 *   return openShardCount
 * })
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class KinesisClient extends Context.Tag("effect-kinesis/KinesisClient")<KinesisClient, Service>() {}

/**
 * How long a call may take before it is interrupted and fails with `RequestTimeout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadlineOptions {
  /** GetRecords, whose answer can be 10 MiB. Default: 30 seconds. KCL: `kinesisRequestTimeout`. */
  readonly getRecordsTimeout?: Duration.DurationInput | undefined
  /** Every other call. Default: 10 seconds. */
  readonly requestTimeout?: Duration.DurationInput | undefined
}

/**
 * The options of {@link make} and {@link layer}: those of the AWS SDK client, and the deadlines.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends SdkTransport.Options, DeadlineOptions {}

/**
 * A client with its own AWS SDK client, which is closed with the scope.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const names = Effect.scoped(Effect.gen(function*() {
 *   const client = yield* KinesisClient.make({ region: "eu-west-1" })
 *   return (yield* client.listStreams({})).streamNames
 * }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidArgument, Scope.Scope> =>
  Rules.check("KinesisClient.make", table, options).pipe(
    Effect.zipRight(Effect.suspend(() => SdkTransport.make(options))),
    Effect.flatMap(({ fast, sdk }) => spanned(sdk, SdkOperations.make(sdk, toDeadlines(options), fast)))
  )

/** The calls' spans say where they go. */
const spanned = (sdk: SdkClient, client: Service): Effect.Effect<Service> =>
  Effect.map(Effect.cached(Spans.ofSdk(sdk)), (known) => mapCalls(client, Spans.ofCalls(known)))

const getRecordsDeadline = "30 seconds"
const requestDeadline = "10 seconds"

const toDeadlines = (options: DeadlineOptions): SdkOperations.Deadlines => ({
  getRecordsMillis: Duration.toMillis(options.getRecordsTimeout ?? getRecordsDeadline),
  requestMillis: Duration.toMillis(options.requestTimeout ?? requestDeadline)
})

const deadlinesTable: Table<DeadlineOptions> = {
  getRecordsTimeout: Checks.optional(Checks.duration(1)),
  requestTimeout: Checks.optional(Checks.duration(1))
}

const table: Table<Options> = { ...SdkTransport.table, ...deadlinesTable }

/**
 * A client with its own AWS SDK client. Region, credentials and endpoint are found by the SDK unless they are given.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
 *
 * const program = KinesisStream.records({
 *   stream: "orders",
 *   from: "latest",
 *   until: Until.elapsed("30 seconds")
 * }).pipe(
 *   Stream.runForEach((record) => Effect.log(record.sequenceNumber)),
 *   Effect.provide(KinesisClient.layer({ region: "eu-west-1", protocol: "cbor" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<KinesisClient, InvalidArgument> =>
  Layer.scoped(KinesisClient, make(options))

const optional = <A>(config: Config.Config<A>): Config.Config<A | undefined> => Config.withDefault(config, undefined)

/**
 * Options from the environment, all of them optional: `KINESIS_REGION`, `KINESIS_ENDPOINT`, `KINESIS_PROTOCOL` (`json` or `cbor`),
 * `KINESIS_RECORD_MEMORY` (`shared` or `own`), `KINESIS_FAN_OUT_TRANSPORT` (`http2` or `http/1.1`), `KINESIS_MAX_SOCKETS`,
 * `KINESIS_CONNECTION_TIMEOUT`, `KINESIS_GET_RECORDS_TIMEOUT`, `KINESIS_REQUEST_TIMEOUT` and `KINESIS_CERTIFICATE_AUTHORITY`, in PEM.
 * Durations are written like `30 seconds`. Credentials, and a region that is not given here, are found by the AWS SDK.
 *
 * @example
 * ```ts
 * import { KinesisClient } from "effect-kinesis"
 *
 * const live = KinesisClient.layerConfig(KinesisClient.config)
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config: Config.Config<Omit<Options, "credentials" | "requestHandler">> = Config.all({
  region: optional(Config.string("KINESIS_REGION")),
  endpoint: optional(Config.string("KINESIS_ENDPOINT")),
  certificateAuthority: optional(Config.string("KINESIS_CERTIFICATE_AUTHORITY")),
  maxSockets: optional(Config.integer("KINESIS_MAX_SOCKETS")),
  connectionTimeout: optional(Config.duration("KINESIS_CONNECTION_TIMEOUT")),
  protocol: optional(Config.literal("json", "cbor")("KINESIS_PROTOCOL")),
  recordMemory: optional(Config.literal("shared", "own")("KINESIS_RECORD_MEMORY")),
  fanOutTransport: optional(Config.literal("http2", "http/1.1")("KINESIS_FAN_OUT_TRANSPORT")),
  getRecordsTimeout: optional(Config.duration("KINESIS_GET_RECORDS_TIMEOUT")),
  requestTimeout: optional(Config.duration("KINESIS_REQUEST_TIMEOUT"))
})

/**
 * {@link layer} with options that are read from the configuration: {@link config}, or one of your own.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const live = KinesisClient.layerConfig({
 *   region: Config.string("AWS_REGION"),
 *   endpoint: Config.withDefault(Config.string("KINESIS_ENDPOINT"), undefined)
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<KinesisClient, ConfigError.ConfigError | InvalidArgument> =>
  Layer.scoped(KinesisClient, Effect.flatMap(Config.unwrap(config), make))

/**
 * A client on an AWS SDK client that the caller made and closes. Its `maxAttempts` must be 1: retries inside the SDK would hide throttles
 * from the library's schedules and metrics. It uses the SDK's decoders; {@link layer} is several times faster. Two middlewares and a watch
 * on the credentials are added to it, so that errors say who refused the call.
 *
 * @example
 * ```ts
 * import { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const live = KinesisClient.layerFromSdk(new SdkClient({ region: "eu-west-1", maxAttempts: 1 }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromSdk = (
  sdk: SdkClient,
  options: DeadlineOptions = {}
): Layer.Layer<KinesisClient, InvalidArgument> =>
  Layer.effect(
    KinesisClient,
    Rules.check("KinesisClient.layerFromSdk", deadlinesTable, options).pipe(
      Effect.zipRight(SdkClients.check("KinesisClient.layerFromSdk", "KinesisClient", sdk)),
      Effect.flatMap(() => {
        Answers.watch(sdk, { mayBeEmpty: true })
        return spanned(sdk, SdkOperations.make(sdk, toDeadlines(options)))
      })
    )
  )

/**
 * One call of a {@link Service}: the operation and its request.
 *
 * @since 0.1.0
 * @category models
 */
export type Call = {
  readonly [O in Operation]: { readonly operation: O; readonly request: Parameters<Service[O]>[0] }
}[Operation]

/**
 * The names of all operations. A {@link Service} whose operations are methods of a class does not list them itself.
 *
 * @since 0.1.0
 * @category models
 */
export const operations: ReadonlyArray<Operation> = Object.keys(
  {
    listShards: true,
    getShardIterator: true,
    getRecords: true,
    describeStreamSummary: true,
    listStreams: true,
    putRecord: true,
    putRecords: true,
    dryRun: true,
    createStream: true,
    deleteStream: true,
    splitShard: true,
    mergeShards: true,
    updateShardCount: true,
    increaseStreamRetentionPeriod: true,
    decreaseStreamRetentionPeriod: true,
    registerStreamConsumer: true,
    describeStreamConsumer: true,
    listStreamConsumers: true,
    deregisterStreamConsumer: true,
    subscribeToShard: true
  } satisfies Record<Operation, true>
) as ReadonlyArray<Operation>

/**
 * A client whose calls are all wrapped by one function: to log, count, delay, limit or break them. Each time a call runs, the function is
 * given its effect, and returns what runs in its place; it may fail with any `KinesisError`.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * // at most 20 calls at a time, each of them logged
 * const limited = Layer.effect(
 *   KinesisClient.KinesisClient,
 *   Effect.gen(function*() {
 *     const client = yield* KinesisClient.KinesisClient
 *     const permits = yield* Effect.makeSemaphore(20)
 *     return KinesisClient.mapCalls(client, (effect, { operation }) =>
 *       permits.withPermits(1)(Effect.zipRight(Effect.logDebug(operation), effect)))
 *   })
 * ).pipe(Layer.provide(LocalKinesis.layer()))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const mapCalls = (
  client: Service,
  wrap: <A, E>(effect: Effect.Effect<A, E>, call: Call) => Effect.Effect<A, E | KinesisError>
): Service => {
  const wrapped = (operation: Exclude<Operation, "subscribeToShard">) => (request: never) =>
    Effect.suspend(() => wrap<unknown, unknown>(client[operation](request), { operation, request } as Call))
  return {
    ...Object.fromEntries(
      operations.map((operation) => [operation, wrapped(operation as never)])
    ) as unknown as Service,
    subscribeToShard: (request) =>
      Effect.scopeWith((scope) =>
        wrap(Scope.extend(client.subscribeToShard(request), scope), { operation: "subscribeToShard", request })
      )
  }
}

/**
 * Gives every call of a client a span, such as `Kinesis.GetRecords`, with the attributes of OpenTelemetry's semantic conventions: those of
 * the AWS SDK, and those of messaging where records are sent or received. The layers here and `@effect-kinesis/local` have them already; wrap
 * a client of your own. Where no tracer is provided, a call costs a third of a microsecond more.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const traced = Layer.effect(
 *   KinesisClient.KinesisClient,
 *   Effect.map(KinesisClient.KinesisClient, (client) => KinesisClient.withSpans(client, { "cloud.region": "eu-west-1" }))
 * ).pipe(Layer.provide(LocalKinesis.layer()))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withSpans = (client: Service, attributes: Readonly<Record<string, unknown>> = {}): Service =>
  mapCalls(client, Spans.ofCalls(Effect.succeed(attributes)))

/**
 * Gives every operation of a client its deadline. The layers here have them already; wrap a client of your own. With a deadline that is no
 * duration every call fails with `InvalidArgument`, and none is made.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { KinesisClient } from "effect-kinesis"
 *
 * const impatient = Layer.effect(
 *   KinesisClient.KinesisClient,
 *   Effect.map(KinesisClient.KinesisClient, (client) => KinesisClient.withDeadlines(client, { requestTimeout: "1 second" }))
 * ).pipe(Layer.provide(LocalKinesis.layer()))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withDeadlines = (client: Service, options: DeadlineOptions = {}): Service => {
  const fault = Rules.fault("KinesisClient.withDeadlines", deadlinesTable, options)
  if (fault !== undefined) return mapCalls(client, () => Effect.fail(fault))
  const { getRecordsTimeout = getRecordsDeadline, requestTimeout = requestDeadline } = options
  return mapCalls(client, (effect, { operation, request }) => {
    const duration = operation === "getRecords" ? getRecordsTimeout : requestTimeout
    return Effect.timeoutFail(effect, {
      duration,
      onTimeout: () =>
        new RequestTimeout({
          operation: SdkOperations.apiName(operation === "dryRun" ? request.operation : operation),
          stream: Spans.streamOf(request),
          shardId: "shardId" in request ? request.shardId : undefined,
          description: `waited ${Duration.format(duration)}`
        })
    })
  })
}
