/**
 * One worker of a group that shares the shards of a stream through leases: each shard is read by one worker at a time, parents before
 * children, and resumes at the last stored checkpoint.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Subscribable from "effect/Subscribable"
import type * as FailurePolicy from "./FailurePolicy.js"
import * as Group from "./internal/group/consumer.js"
import type { Report } from "./internal/group/report.js"
import * as Settings from "./internal/group/settings.js"
import type * as ShardStreams from "./internal/group/shardStreams.js"
import type * as ShardTasks from "./internal/group/shardTasks.js"
import type * as Streams from "./internal/group/streams.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { HandlerError, KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { LeaseStore } from "./LeaseStore.js"
import type { LeaseStoreError } from "./LeaseStoreError.js"
import type { DecodedPage, Page } from "./Page.js"
import type { Decoder } from "./RecordDecoder.js"

/**
 * The options that {@link run} and {@link shards} have in common. `onEvent` may need an `REvent`, `stopWhen` an `RStop`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupOptions<REvent = never, RStop = REvent> extends Settings.GroupOptions<REvent> {
  /**
   * When this completes, the shards are given up as by {@link Consumer.shutdown}. A failure or defect counts as completion, too, and is
   * logged. Default: never. KCL: `Scheduler.startGracefulShutdown`.
   */
  readonly stopWhen?: Effect.Effect<unknown, unknown, RStop> | undefined
}

/**
 * The shard whose records a handler is given.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardContext {
  /** The stream's name. */
  readonly stream: string
  /** The shard. */
  readonly shardId: string
  /** Higher than that of every earlier owner of the shard. */
  readonly fencingToken: number
}

/**
 * What is done with what is read: record by record (`A`) or page by page (`P`). What a handler was given is acknowledged when it has
 * succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<A, P, E, R> =
  | {
    /** Called with each record; with `decode`, with each value, those of one record one after the other. */
    readonly handler: (record: A, shard: ShardContext) => Effect.Effect<unknown, E, R>
    /**
     * How many records of a shard are handled at once. Records with the same partition key are handled one after the other, in order.
     * Default: 1, all of them in order.
     */
    readonly concurrency?: number | undefined
    readonly pageHandler?: undefined
  }
  | {
    /**
     * Called with each page that has records, one at a time. KCL: `processRecords`, with `callProcessRecordsEvenForEmptyRecordList` off.
     */
    readonly pageHandler: (page: P, shard: ShardContext) => Effect.Effect<unknown, E, R>
    readonly handler?: undefined
    readonly concurrency?: undefined
  }

/**
 * How the failures of a handler are dealt with.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailureOptions<E, R> {
  /**
   * What to do with records whose handler failed, and with those that cannot be decoded. Default: `FailurePolicy.fail`. KCL skips records
   * whose processor throws.
   */
  readonly onFailure?: FailurePolicy.FailurePolicy<NoInfer<E>, R> | undefined
}

/**
 * Options of a consumer of records, whose handler fails with an `E` and needs an `R`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<E = never, R = never, RFailure = R, REvent = R, RStop = R> =
  & GroupOptions<REvent, RStop>
  & Handler<KinesisRecord, Page, E, R>
  & FailureOptions<E, RFailure>
  & {
    /**
     * Left out: with a decoder of values, such as `RecordDecoder.json(Order)`, the options are {@link DecodingOptions}. A schema alone is no
     * decoder.
     */
    readonly decode?: Decoder<never, never, never> | undefined
  }

/**
 * Options of a consumer of the values that a decoder finds in records. A record is acknowledged when all of its values are handled; one
 * without values, at once. Records that cannot be decoded go to `onFailure`, unless the decoder's own `onInvalid` deals with them.
 *
 * @since 0.1.0
 * @category models
 */
export type DecodingOptions<
  A,
  E = never,
  R = never,
  EDecode = E,
  RDecode = R,
  RFailure = R,
  REvent = R,
  RStop = R
> =
  & GroupOptions<REvent, RStop>
  & Handler<A, DecodedPage<A>, E, R>
  & FailureOptions<E | EDecode, RFailure>
  & { readonly decode: Decoder<A, EDecode, RDecode> }

/**
 * Errors that a consumer can fail with: those of its handler or its decoder (`E`), and a `HandlerError` if the handler died or the dead
 * letter could not be sent.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConsumerError<E = never> = E | KinesisError | LeaseStoreError | HandlerError<E>

/**
 * A shard that this worker reads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Assigned extends ShardTasks.Assigned {}

/**
 * How a shard was left when the consumer was shut down.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardSummary extends Report {}

/**
 * One of several streams that cannot be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface LostStream extends Streams.LostStream {}

/**
 * How the shards were left: for each shard, the stored checkpoint, how many records were finished during the shutdown, and how many were
 * interrupted and will be handled again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  /** Each shard that this worker read, and how it was left. */
  readonly shards: ReadonlyArray<ShardSummary>
  /** The streams that could not be read at the end, and why. */
  readonly lost: ReadonlyArray<LostStream>
  /** Records whose handlers finished after the shards were to be given up. */
  readonly drained: number
  /** Records whose handlers were interrupted: they are handled again. */
  readonly cut: number
}

/**
 * The defaults of the options. Three of them depend on other options: `checkpointInterval` is a third of `leaseDuration`, `onStreamLost` is
 * `"continue"` for several streams and `"fail"` for one, and there is no `onEvent`.
 *
 * @since 0.1.0
 * @category defaults
 */
export const defaults = Group.defaults

/**
 * Options from the environment, with {@link defaults} for those that are not set: `KINESIS_WORKER`, `KINESIS_LEASE_DURATION`,
 * `KINESIS_BALANCE_INTERVAL`, `KINESIS_DISCOVERY_INTERVAL`, `KINESIS_MAX_LEASES`, `KINESIS_MAX_MOVES`, `KINESIS_CHECKPOINT_INTERVAL`,
 * `KINESIS_CHECKPOINT_RECORDS`, `KINESIS_MAX_UNACKNOWLEDGED`, `KINESIS_DRAIN_TIMEOUT`, `KINESIS_CLEANUP_INTERVAL`,
 * `KINESIS_STORE_STALENESS`, `KINESIS_ON_STREAM_LOST`, `KINESIS_ON_FORMER_STREAM`, and the reader's `KINESIS_MAX_RECORDS`,
 * `KINESIS_POLL_INTERVAL`, `KINESIS_IDLE_INTERVAL`, `KINESIS_FIRST_CONTACT_TIMEOUT`, `KINESIS_DEAGGREGATE`, `KINESIS_OUTSIDE_RANGE`,
 * `KINESIS_ON_TRIMMED`, `KINESIS_MAX_READ_AHEAD_BYTES` and `KINESIS_LIST_INTERVAL`. Durations are written like `30 seconds`.
 *
 * @example
 * ```ts
 * import { Config, Effect } from "effect"
 * import { Consumer } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const options = yield* Consumer.config
 *   const stream = yield* Config.string("KINESIS_STREAM")
 *   const handler = () => Effect.void
 *   return yield* Consumer.run({ ...options, application: "billing", stream, from: "latest", handler })
 * })
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config = Config.all(Settings.config)

/**
 * A worker whose handler fails with an `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumer<out E = never> {
  /** The worker's name in the lease table, unique to it. */
  readonly worker: string
  /** The shards that it reads. */
  readonly assignment: Subscribable.Subscribable<ReadonlyArray<Assigned>>
  /**
   * Whether the worker has scanned the leases and has an iterator for each shard that it took then: everything written from then on will be
   * read. False while one of its streams is lost.
   */
  readonly ready: Subscribable.Subscribable<boolean>
  /** Reads its share of the shards until it is shut down, interrupted or fails. Run it once. */
  readonly run: Effect.Effect<Summary, ConsumerError<E>>
  /**
   * Gives the shards up: nothing more is fetched or begun, handlers may finish within this time (default: `drainTimeout`), what they
   * acknowledged is stored, and each lease goes to another worker. A second call shortens the time: zero interrupts the handlers.
   * Interrupting {@link run} does the same.
   */
  readonly shutdown: (drainTimeout?: Duration.DurationInput) => Effect.Effect<Summary>
}

/**
 * A worker, which is shut down with the scope.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { Consumer } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const consumer = yield* Consumer.make({
 *     application: "billing",
 *     stream: "orders",
 *     from: "trim-horizon",
 *     handler: (record, { shardId }) => Effect.log(`${record.sequenceNumber} of ${shardId}`)
 *   })
 *   yield* Effect.fork(consumer.run)
 *   yield* Effect.sleep("1 second")
 *   const { shards } = yield* consumer.shutdown("5 seconds")
 *   yield* Effect.log(shards)
 * })
 *
 * Effect.runPromise(
 *   Effect.scoped(program).pipe(
 *     Effect.provide([LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer()])
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: {
  /** A worker that is given the values of a decoder, and is shut down with the scope. */
  <A, E = never, R = never, EDecode = never, RDecode = never, RFailure = never, REvent = never, RStop = never>(
    options: DecodingOptions<A, E, R, EDecode, RDecode, RFailure, REvent, RStop>
  ): Effect.Effect<
    Consumer<E | EDecode>,
    KinesisError | LeaseStoreError,
    R | RDecode | RFailure | REvent | RStop | KinesisClient | LeaseStore | Scope.Scope
  >
  /** A worker that is given records, and is shut down with the scope. */
  <E = never, R = never, RFailure = never, REvent = never, RStop = never>(
    options: Options<E, R, RFailure, REvent, RStop>
  ): Effect.Effect<
    Consumer<E>,
    KinesisError | LeaseStoreError,
    R | RFailure | REvent | RStop | KinesisClient | LeaseStore | Scope.Scope
  >
} = Group.make

/**
 * Reads this worker's share of the shards, and gives it up when interrupted.
 *
 * It fails with the handler's error, unless `onFailure` deals with it. The log, the event `HandlerFailed` and the failure policy report
 * where the handler failed.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Data, Effect, Schema } from "effect"
 * import { Consumer, RecordDecoder } from "effect-kinesis"
 *
 * const Order = Schema.Struct({ id: Schema.String, total: Schema.Number })
 *
 * class Refused extends Data.TaggedError("Refused")<{ readonly id: string }> {}
 *
 * const program = Consumer.run({
 *   application: "billing",
 *   stream: "orders",
 *   from: "trim-horizon",
 *   decode: RecordDecoder.json(Order),
 *   handler: ({ value }) => value.total < 0 ? new Refused(value) : Effect.log(`${value.id} charged`),
 *   stopWhen: Effect.sleep("1 second")
 * }).pipe(
 *   Effect.catchTags({
 *     Refused: ({ id }) => Effect.logError(`${id} was refused`),
 *     DecodeError: ({ message }) => Effect.logError(message)
 *   })
 * )
 *
 * Effect.runPromise(
 *   Effect.provide(program, [LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer()])
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run: {
  /** Handles the values of a decoder until the worker is interrupted or shut down. */
  <A, E = never, R = never, EDecode = never, RDecode = never, RFailure = never, REvent = never, RStop = never>(
    options: DecodingOptions<A, E, R, EDecode, RDecode, RFailure, REvent, RStop>
  ): Effect.Effect<
    Summary,
    ConsumerError<E | EDecode>,
    R | RDecode | RFailure | REvent | RStop | KinesisClient | LeaseStore
  >
  /** Handles records until the worker is interrupted or shut down. */
  <E = never, R = never, RFailure = never, REvent = never, RStop = never>(
    options: Options<E, R, RFailure, REvent, RStop>
  ): Effect.Effect<Summary, ConsumerError<E>, R | RFailure | REvent | RStop | KinesisClient | LeaseStore>
} = Group.run

/**
 * Records how far a shard was handled.
 *
 * @since 0.1.0
 * @category models
 */
export interface Checkpointer extends ShardStreams.Checkpointer {}

/**
 * One shard whose lease this worker holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardStream extends ShardStreams.ShardStream {}

/**
 * The shards whose leases this worker holds, each as a stream of its own, as they are acquired. A shard is given up, and its children
 * follow, when everything delivered of it is acknowledged, by `checkpointer.stage` or `acknowledge`.
 *
 * Run them all at once, as in `Stream.flatMap((shard) => handle(shard), { concurrency: "unbounded" })`. To give the shards up without
 * losing work in progress, complete `stopWhen`: the streams of the shards end, then this one.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { Consumer } from "effect-kinesis"
 *
 * const program = Consumer.shards({
 *   application: "billing",
 *   stream: "orders",
 *   from: "trim-horizon",
 *   stopWhen: Effect.sleep("1 second")
 * }).pipe(
 *   Stream.flatMap(({ checkpointer, records }) => Stream.mapEffect(records, checkpointer.stage), {
 *     concurrency: "unbounded"
 *   }),
 *   Stream.runDrain
 * )
 *
 * Effect.runPromise(
 *   Effect.provide(program, [LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer()])
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const shards = <REvent = never, RStop = never>(
  options: GroupOptions<REvent, RStop>
): Stream.Stream<ShardStream, KinesisError | LeaseStoreError, REvent | RStop | KinesisClient | LeaseStore> =>
  Group.shards(options)
