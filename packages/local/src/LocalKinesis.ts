/**
 * An in-memory Amazon Kinesis behind the `KinesisClient` service, on Effect's Clock, with knobs to inject faults.
 *
 * It keeps the service's limits and refusals as its documentation states them: a shard allows 5 reads and 2 MiB per second and accepts
 * 1,000 records and 1 MiB per second, iterators and listing tokens are valid for 5 minutes, records and closed shards leave with retention.
 *
 * Of enhanced fan-out it keeps these: a stream has 20 consumers, 5 of them CREATING; one made anew has another ARN. A consumer subscribes to
 * a shard once per second, and not within 5 seconds of a subscription that was accepted; later, the newer one takes over and the older fails
 * with `ResourceInUse`. A subscription brings 2 MiB per second, ends after 5 minutes, and with a closed shard's last event, which names its
 * children and comes again to whoever subscribes after it.
 *
 * Where the documentation leaves the behaviour open:
 * - Byte limits are buckets of one second that start full. A page may overdraw the bucket. A page that was cut by its size, or that has
 * 10 MiB, is the one after which the shard is not read for 5 seconds.
 * - Reads, writes and iterators find only streams that are ACTIVE or UPDATING.
 * - A closed shard cannot be split or merged: `InvalidArgument`. A shard count beyond double or half: `ThrottledError` of reason `limit`,
 * since AWS answers LimitExceededException.
 * - A sequence number of the shard that no record has stands for the place where that record would be.
 * - A dry run checks arguments and existing resources. Its limit of one per second per stream is not enforced.
 * - If the service distributes the records, it assigns them to the open shards in turn. Any stream can have that, not only an on-demand one.
 * - A shard of a stream that takes records above 1 MiB has a bucket of 10 MiB for the bytes written, which 1 MiB per second refills.
 * - The entries of one PutRecords are stored as they come, unless `shuffleEntries` is set: AWS promises no order.
 * - A subscription is pulled. An event is made when its caller asks for it, of what arrived 70 ms before or earlier, up to 1 MiB and 10,000
 * records; if there is nothing, 5 seconds after the one before, so that a subscription to an idle shard begins with 5 seconds of silence.
 * Nothing is made for a caller that asks for nothing, and 5 minutes are over for it, too.
 * - The 2 MiB are a bucket of the consumer and the shard, over all subscriptions, which one event may overdraw.
 * - A continuation lies between the last record's number and the next one's, and goes up with every second.
 * - Calls that are refused as `ResourceInUse` count for the one per second, and a subscription that its caller has left for the 5 seconds.
 * - A subscription whose consumer, stream or shard is gone fails with `ResourceNotFound`; one whose consumer is DELETING goes on until then.
 * - A stream that is deleted takes its consumers along: the client asks for that.
 *
 * Not enforced or offered: the limits of the account and of administrative calls, on-demand scaling, encryption (but see `failKms`).
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 * @since 0.1.0
 */
import type { PutRecordsEntry, StreamConsumer } from "effect-kinesis/KinesisApi"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import type { KinesisError } from "effect-kinesis/KinesisError"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Errors from "./internal/errors.js"
import * as InitialStreams from "./internal/initialStreams.js"
import * as Knobs from "./internal/knobs.js"
import * as Rules from "./internal/options.js"
import * as Services from "./internal/service.js"

/**
 * A stream that exists from the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamOptions {
  /** 1 to 128 of a-z A-Z 0-9 _ . - */
  readonly name: string
  /** 1 to 10,000. Default: 1. */
  readonly shardCount?: number | undefined
  /** 24 to 8,760. Default: 24. */
  readonly retentionPeriodHours?: number | undefined
  /** With `"AUTO"` records go to the open shards in turn, whatever their keys, which are then optional. Default: `"USER_PARTITION_KEY"`. */
  readonly recordDistributionStrategy?: "AUTO" | "USER_PARTITION_KEY" | undefined
  /** The size of a record with its key: 1,024 to 10,240 KiB. Default: 1,024, the service's own. */
  readonly maxRecordSizeInKiB?: number | undefined
}

/**
 * What the in-memory Kinesis is like at the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends KinesisClient.DeadlineOptions {
  /** Streams that are ACTIVE from the start. Default: none. */
  readonly streams?: ReadonlyArray<StreamOptions> | undefined
  /** 12 digits. Default: `000000000000`. */
  readonly accountId?: string | undefined
  /** Default: `us-east-1`. */
  readonly region?: string | undefined
  /** How long each call takes, before it takes effect. Default: 0. */
  readonly latency?: Duration.DurationInput | undefined
  /** How long a stream or a consumer is CREATING, UPDATING or DELETING. A change takes effect at the end of it. Default: 0. */
  readonly transition?: Duration.DurationInput | undefined
  /**
   * The seed of the order in which the entries of each PutRecords are stored, which the service leaves open. Its answer has the order of
   * the request all the same. A test of what must be in order sets it; the same seed gives the same orders. Default: the order of the
   * request.
   */
  readonly shuffleEntries?: number | undefined
  /** Limits of the service that do not hold. Default: all hold. */
  readonly limits?: LimitOptions | undefined
  /**
   * How many milliseconds the server's clock is ahead of Effect's; negative when it is behind. Everything that the server timestamps and
   * checks goes by its own clock. Default: 0.
   */
  readonly serverClockSkew?: number | undefined
  /**
   * What the events of a subscription say of where a next one goes on: a number of their `"own"`, after the last record and before the next,
   * which moves with time; the `"last-record"`'s number, as kinesis-local does; or the `"next"` number after that, as ferrokinesis does.
   * Default: `"own"`, as AWS does.
   */
  readonly continuation?: "own" | "last-record" | "next" | undefined
  /** Whether the last event of a closed shard has a continuation beside the shard's children, as that of ferrokinesis. Default: false. */
  readonly endWithContinuation?: boolean | undefined
}

/**
 * Which of the service's limits hold. Each does unless it is `false`.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitOptions {
  /** The bytes and records of a shard per second, read and written, and the bytes that are pushed to a consumer. */
  readonly throughput?: boolean | undefined
  /** The calls per second: 5 reads and 5 iterators of a shard, 1,000 listings of a stream, a subscription of a consumer and a shard. */
  readonly calls?: boolean | undefined
  /** The size of a record, and the entries and bytes of a request of PutRecords. */
  readonly sizes?: boolean | undefined
  /** UpdateShardCount at most doubles or halves. */
  readonly scaling?: boolean | undefined
  /** A stream has 20 consumers, 5 of them CREATING; for 5 seconds after a subscription another of its consumer and shard is refused. */
  readonly consumers?: boolean | undefined
  /** Iterators and tokens of ListShards are valid for 5 minutes. */
  readonly expiry?: boolean | undefined
}

/**
 * An operation that the API has and the client has not, by its name in the API with a small first letter. Calls of these come through
 * {@link module:LocalApi}.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiOperation =
  | "addTagsToStream"
  | "deleteResourcePolicy"
  | "describeAccountSettings"
  | "describeLimits"
  | "describeStream"
  | "disableEnhancedMonitoring"
  | "enableEnhancedMonitoring"
  | "getResourcePolicy"
  | "listTagsForResource"
  | "listTagsForStream"
  | "putResourcePolicy"
  | "removeTagsFromStream"
  | "startStreamEncryption"
  | "stopStreamEncryption"
  | "tagResource"
  | "untagResource"
  | "updateAccountSettings"
  | "updateMaxRecordSize"
  | "updateStreamMode"
  | "updateStreamRecordDistributionStrategy"
  | "updateStreamWarmThroughput"

/**
 * An operation of the in-memory Kinesis.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = KinesisClient.Operation | ApiOperation

/**
 * Which calls a knob affects. An absent field means every operation, stream or shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** Such as `"getRecords"`: the client's name of it. */
  readonly operation?: Operation | undefined
  /** Name or ARN. */
  readonly stream?: string | undefined
  /** A write concerns the shard that its records go to; a merge both shards. */
  readonly shardId?: string | undefined
  /** How many calls, from the next one on. Default: 1. */
  readonly times?: number | undefined
}

/**
 * Which calls of `getRecords` a knob affects.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadTarget = Omit<Target, "operation">

/**
 * Which calls of `putRecords` a knob affects, and which of their entries.
 *
 * @since 0.1.0
 * @category models
 */
export interface EntryTarget extends Omit<Target, "operation"> {
  /** Chooses entries by what they are and where they stand in the request: a call without such an entry is not affected. Default: all. */
  readonly entries?: ((entry: PutRecordsEntry, index: number) => boolean) | undefined
}

/**
 * Which subscriptions a knob affects: those that are live, unless `coming` is given. An absent field means every stream, shard or consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionTarget {
  /** Name or ARN. */
  readonly stream?: string | undefined
  /** Such as `shardId-000000000000`. */
  readonly shardId?: string | undefined
  /** Name or ARN. */
  readonly consumer?: string | undefined
  /** Not those that are live, but those of so many calls of `subscribeToShard`, from the next one on. */
  readonly coming?: number | undefined
}

/**
 * A subscription that is not over.
 *
 * @since 0.1.0
 * @category models
 */
export interface LiveSubscription {
  /** The stream's name. */
  readonly stream: string
  /** Such as `shardId-000000000000`. */
  readonly shardId: string
  /** The consumer's name. */
  readonly consumer: string
  /** The consumer's ARN. */
  readonly consumerArn: string
  /** When it was accepted, by Effect's Clock, in milliseconds since the epoch. */
  readonly since: number
  /** How many events it has brought. */
  readonly events: number
}

/**
 * How KMS refuses a request on an encrypted stream: with `KMSThrottlingException` the call fails with `ThrottledError` of reason `kms`,
 * otherwise with `KmsError`.
 *
 * @since 0.1.0
 * @category errors
 */
export type KmsCode =
  | "KMSAccessDeniedException"
  | "KMSDisabledException"
  | "KMSInvalidStateException"
  | "KMSNotFoundException"
  | "KMSOptInRequired"
  | "KMSThrottlingException"

/**
 * A call that reached the service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** The client's name of it. */
  readonly operation: Operation
  /** When it arrived, by Effect's Clock, in milliseconds since the epoch. */
  readonly at: number
  /** As it was given. */
  readonly request: object
  /** The stream's name, even if the request has its ARN or a token of its listing. */
  readonly stream: string | undefined
  /** As given in the request. */
  readonly shardId: string | undefined
  /** `pending` while there is no answer, forever if the caller gave up first; `ok`; or the `_tag` of the error. */
  readonly outcome: string
}

/**
 * A record as it was written.
 *
 * @since 0.1.0
 * @category models
 */
export interface WrittenRecord extends KinesisRecord {
  /** No longer readable: it has left retention, or was trimmed by a knob. */
  readonly trimmed: boolean
}

/**
 * The knobs. A call meets at most one delay and one other fault, each time the one that was requested first; the delay comes first. A fault
 * waits until its calls arrive.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * The calls fail with a `ThrottledError` of reason `throughput` and take no effect. A `putRecords` whose target names a shard is
   * answered: only the entries of that shard fail.
   */
  readonly throttle: (target: Target) => Effect.Effect<void>
  /** The calls of `getRecords` fail with `ExpiredIterator`. */
  readonly expireIterator: (target: ReadTarget) => Effect.Effect<void>
  /** The calls fail with this error and take no effect. A function is given the API's name of the operation, such as `GetRecords`. */
  readonly fail: (
    target: Target & { readonly error: Failure | ((operation: string) => Failure) }
  ) => Effect.Effect<void>
  /**
   * The calls of `putRecords` are answered, but the chosen entries of them fail with this code and are not written. Default:
   * `InternalFailure`.
   */
  readonly failEntries: (
    target: EntryTarget & {
      readonly errorCode?: "InternalFailure" | "ProvisionedThroughputExceededException" | undefined
    }
  ) => Effect.Effect<void>
  /** The calls of `putRecord`, `putRecords` and `getRecords` fail as if KMS refused the stream's key, and take no effect. */
  readonly failKms: (target: Omit<Target, "operation"> & { readonly code: KmsCode }) => Effect.Effect<void>
  /** The calls take this much longer, then take effect. A caller that gives up before, such as at its deadline, prevents the effect. */
  readonly delay: (target: Target & { readonly duration: Duration.DurationInput }) => Effect.Effect<void>
  /** The calls take this much longer, then take effect even if their caller has given up: a request that was late on its way. */
  readonly straggle: (target: Target & { readonly duration: Duration.DurationInput }) => Effect.Effect<void>
  /** The calls take effect, and are answered this much later: a caller that gives up before does not know. */
  readonly delayAnswer: (target: Target & { readonly duration: Duration.DurationInput }) => Effect.Effect<void>
  /** The calls take no effect and are never answered: their deadline ends them. */
  readonly hang: (target: Target) => Effect.Effect<void>
  /** The calls take effect, then fail with `ServiceUnavailable`. */
  readonly loseAnswer: (target: Target) => Effect.Effect<void>
  /** The calls of `getRecords` bring no record, a `millisBehindLatest` above 0 and an iterator for the same place. */
  readonly emptyPages: (target: ReadTarget) => Effect.Effect<void>
  /**
   * The calls take effect, but their answers lack these fields (lists are empty), as from a proxy or an emulator with incomplete answers.
   * Of `subscribeToShard` all events of the subscription do, but for their records.
   */
  readonly omit: (target: Target & { readonly fields: ReadonlyArray<AnswerField> }) => Effect.Effect<void>
  /** The calls of `putRecords` take effect, but their answers lack the last entries: this many, by default 1. */
  readonly omitEntries: (
    target: Omit<Target, "operation"> & { readonly count?: number | undefined }
  ) => Effect.Effect<void>
  /**
   * Sets how large a record of the stream may be from now on, as UpdateMaxRecordSize does: 1,024 to 10,240 KiB. Dies of another size.
   */
  readonly updateMaxRecordSize: (
    target: { readonly stream: string; readonly maxRecordSizeInKiB: number }
  ) => Effect.Effect<void>
  /** Sets who decides from now on which shard a record goes to: its writer, or with `"AUTO"` the service. */
  readonly distribute: (
    target: { readonly stream: string; readonly strategy: "AUTO" | "USER_PARTITION_KEY" }
  ) => Effect.Effect<void>
  /** Discards all faults that have not met their calls. */
  readonly clearFaults: Effect.Effect<void>
  /** Drops records as if their retention had passed: of one shard or of all, up to and including a sequence number or all of them. */
  readonly trim: (target: {
    /** Name or ARN. */
    readonly stream: string
    /** Default: all shards. */
    readonly shardId?: string | undefined
    /** The last sequence number that is dropped. Default: all are. */
    readonly upTo?: string | undefined
  }) => Effect.Effect<void>
  /** A closed shard leaves retention: it is no longer listed, and its reads and iterators fail with `ResourceNotFound`. */
  readonly expireShard: (target: { readonly stream: string; readonly shardId: string }) => Effect.Effect<void>
  /** The newest 100,000 calls, oldest first. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** Everything ever written to the stream, shard by shard in order; empty if there is no such stream. */
  readonly records: (stream: string) => Effect.Effect<ReadonlyArray<WrittenRecord>>
  /** The subscriptions end, without an error, as after 5 minutes. Gives the number of those that were live. */
  readonly endSubscription: (target: SubscriptionTarget) => Effect.Effect<number>
  /**
   * The subscriptions end with this error. A function is given the API's name of the operation: `SubscribeToShard`. Gives the number of
   * those that were live.
   */
  readonly breakSubscription: (
    target: SubscriptionTarget & { readonly error: KinesisError | ((operation: string) => KinesisError) }
  ) => Effect.Effect<number>
  /**
   * The subscriptions stay, and bring nothing any more, not even that they are over: a dead path. Only {@link Service.endSubscription} and
   * {@link Service.breakSubscription} still reach their callers. Gives the number of those that were live.
   */
  readonly mute: (target: SubscriptionTarget) => Effect.Effect<number>
  /** The next event of the subscriptions is announced and never comes whole, as on a dead path. Gives the number of those that were live. */
  readonly stallEvent: (target: SubscriptionTarget) => Effect.Effect<number>
  /**
   * The subscriptions bring their last records again: this many, by default 1, but none from before the first subscription of their consumer.
   * Gives the number of those that were live.
   */
  readonly redeliver: (target: SubscriptionTarget & { readonly count?: number | undefined }) => Effect.Effect<number>
  /**
   * Another program subscribes as this consumer, whenever the last subscription was: the present one fails with `ResourceInUse`, and for 5
   * seconds no other is accepted. Dies if there is no such consumer or shard.
   */
  readonly takeOver: (
    target: { readonly stream: string; readonly consumer: string; readonly shardId: string }
  ) => Effect.Effect<void>
  /** Sets the status of a consumer, which it keeps. Dies if there is no such consumer. */
  readonly consumerStatus: (
    target: { readonly stream: string; readonly consumer: string; readonly status: StreamConsumer["consumerStatus"] }
  ) => Effect.Effect<void>
  /** Another program deregisters the consumer. Dies if there is no such consumer. */
  readonly deregister: (target: { readonly stream: string; readonly consumer: string }) => Effect.Effect<void>
  /** The subscriptions that are not over, those included whose caller never learnt of them. */
  readonly subscriptions: Effect.Effect<ReadonlyArray<LiveSubscription>>
}

/**
 * A field of an answer that a reader relies on.
 *
 * @since 0.1.0
 * @category models
 */
export type AnswerField =
  | "shards"
  | "nextToken"
  | "shardIterator"
  | "records"
  | "nextShardIterator"
  | "millisBehindLatest"
  | "childShards"
  | "continuationSequenceNumber"

/**
 * An error with which a call can be made to fail. It should be an error of the call's operation, but this is not checked.
 *
 * @since 0.1.0
 * @category errors
 */
export type Failure = Errors.Failure

/**
 * The knobs of the in-memory service that {@link layer} provides.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalKinesis extends Context.Tag("@effect-kinesis/local/LocalKinesis")<LocalKinesis, Service>() {}

/**
 * An engine of its own, with its client and its knobs. The client has the deadlines of every client. Dies on options that are wrong or that
 * the service would refuse, as the knobs do.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { client, local } = yield* LocalKinesis.make({ streams: [{ name: "orders" }] })
 *   yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array(1) })
 *   return yield* local.calls
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (options?: Options) => Effect.Effect<{
  readonly client: KinesisClient.Service
  readonly local: Service
}> = Effect.fnUntraced(function*(options: Options = {}) {
  yield* Rules.check("LocalKinesis.make", Rules.kinesis, options)
  const { getRecordsTimeout, requestTimeout } = options
  const service = Services.make(options)
  yield* InitialStreams.create(service, options.streams ?? [])
  return {
    client: KinesisClient.withSpans(
      KinesisClient.withDeadlines(Services.toClient(service), { getRecordsTimeout, requestTimeout })
    ),
    local: Knobs.toKnobs(service)
  }
})

/**
 * One in-memory service behind both the client and the knobs.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* KinesisClient.KinesisClient
 *   const local = yield* LocalKinesis.LocalKinesis
 *   yield* client.putRecord({ stream: "orders", partitionKey: "1", data: new TextEncoder().encode("kettle") })
 *   yield* local.throttle({ operation: "getRecords", times: 2 })
 *   return yield* Stream.runCount(
 *     KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })
 *   )
 * })
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<KinesisClient.KinesisClient | LocalKinesis> =>
  Layer.effectContext(
    Effect.map(
      make(options),
      ({ client, local }) => Context.make(KinesisClient.KinesisClient, client).pipe(Context.add(LocalKinesis, local))
    )
  )
