/**
 * One worker of a group that shares the shards of a stream through leases: each shard is read by one worker at a time, parents before
 * children, and goes on where its last owner stored that it was handled.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Subscribable from "effect/Subscribable"
import * as FailurePolicy from "./FailurePolicy.js"
import * as Failures from "./internal/group/failures.js"
import * as Handlers from "./internal/group/handlers.js"
import * as Settings from "./internal/group/settings.js"
import * as ShardStreams from "./internal/group/shardStreams.js"
import type * as ShardTask from "./internal/group/shardTask.js"
import type * as Held from "./internal/group/shardTasks.js"
import type { ShardWork, Strategy } from "./internal/group/shardWork.js"
import type * as Streams from "./internal/group/streams.js"
import * as Values from "./internal/group/values.js"
import * as Worker from "./internal/group/worker.js"
import * as Effects from "./internal/options/effects.js"
import * as Rules from "./internal/options/rules.js"
import * as Emit from "./internal/reading/emit.js"
import { loggable } from "./internal/text/causes.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { HandlerError, InvalidArgument, KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { LeaseStore } from "./LeaseStore.js"
import type { Page } from "./Page.js"
import type { Decoder } from "./RecordDecoder.js"

/**
 * What {@link run} and {@link shards} have in common. `onEvent` may need an `REvent`, `stopWhen` an `RStop`.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupOptions<REvent = never, RStop = REvent> extends Settings.GroupOptions<REvent> {
  /**
   * When this completes the shards are given up, as {@link Consumer.shutdown} does it. One that fails or dies has completed too, and is
   * logged. Default: never. KCL: `Scheduler.startGracefulShutdown`.
   */
  readonly stopWhen?: Effect.Effect<unknown, unknown, RStop> | undefined
}

/**
 * The shard that a handler is given records of.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardContext {
  readonly stream: string
  readonly shardId: string
  /** Higher than that of every earlier owner of the shard. */
  readonly fencingToken: number
}

/**
 * A page with the values that a decoder found in its records.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodedPage<out A> extends Page {
  /** Those of all records, in order; they know their places if the decoder gives `Decoded` values. */
  readonly values: ReadonlyArray<A>
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
    /** Is given records; with `decode`, values: those of one record one after the other. */
    readonly handler: (record: A, shard: ShardContext) => Effect.Effect<unknown, E, R>
    /**
     * How many records of a shard are handled at once. Those of one partition key are handled one after the other, in order. Default: 1,
     * all of them in order.
     */
    readonly concurrency?: number | undefined
    readonly pageHandler?: undefined
  }
  | {
    /** Is given pages that have records, one at a time. KCL: `processRecords`, with `callProcessRecordsEvenForEmptyRecordList` off. */
    readonly pageHandler: (page: P, shard: ShardContext) => Effect.Effect<unknown, E, R>
    readonly handler?: undefined
    readonly concurrency?: undefined
  }

/**
 * What becomes of what a handler fails with.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailureOptions<E, R> {
  /**
   * What becomes of records whose handler failed, and of those that cannot be decoded. Default: `FailurePolicy.fail`. KCL skips records
   * whose processor throws.
   */
  readonly onFailure?: FailurePolicy.FailurePolicy<NoInfer<E>, R> | undefined
}

/**
 * A consumer of records: its handler fails with an `E` and needs an `R`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<E = never, R = never, RFailure = R, REvent = R, RStop = R> =
  & GroupOptions<REvent, RStop>
  & Handler<KinesisRecord, Page, E, R>
  & FailureOptions<E, RFailure>
  & { readonly decode?: undefined }

/**
 * A consumer of the values that a decoder finds in records. A record is acknowledged when all of its values are handled, one without any at
 * once. What cannot be decoded, and is not dealt with by the decoder's own `onInvalid`, goes to `onFailure` like what cannot be handled.
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
 * Errors that a consumer can fail with: what its handler or its decoder failed with (`E`), and a `HandlerError` where the handler died, or
 * where the dead letter could not be sent.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConsumerError<E = never> = E | KinesisError | HandlerError<E>

/**
 * A shard that this worker reads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Assigned extends Held.Assigned {}

/**
 * How a shard was left when the consumer was shut down.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardSummary extends Omit<ShardTask.Report, "children"> {}

/**
 * One of several streams that cannot be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface LostStream extends Streams.LostStream {}

/**
 * How the shards were left: of each what is stored, how many records were finished meanwhile, and how many were cut off and are handled
 * again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  readonly shards: ReadonlyArray<ShardSummary>
  /** The streams that could not be read at the end, and why. */
  readonly lost: ReadonlyArray<LostStream>
  readonly drained: number
  readonly cut: number
}

/**
 * What the options are when they are left out. Three defaults depend on other options: `checkpointInterval` is a third of `leaseDuration`,
 * `onStreamLost` is `"continue"` for several streams and `"fail"` for one, and there is no `onEvent`.
 *
 * @since 0.1.0
 * @category defaults
 */
export const defaults = {
  ...Settings.defaults,
  concurrency: 1,
  onFailure: FailurePolicy.fail
}

/**
 * Options from the environment, with {@link defaults} for what it leaves out: `KINESIS_WORKER`, `KINESIS_LEASE_DURATION`,
 * `KINESIS_BALANCE_INTERVAL`, `KINESIS_DISCOVERY_INTERVAL`, `KINESIS_MAX_LEASES`, `KINESIS_MAX_MOVES`, `KINESIS_CHECKPOINT_INTERVAL`,
 * `KINESIS_CHECKPOINT_RECORDS`, `KINESIS_MAX_UNACKNOWLEDGED`, `KINESIS_DRAIN_TIMEOUT`, `KINESIS_CLEANUP_INTERVAL`,
 * `KINESIS_STORE_STALENESS`, `KINESIS_ON_STREAM_LOST`, `KINESIS_ON_FORMER_STREAM`, and of the reader's `KINESIS_MAX_RECORDS`,
 * `KINESIS_POLL_INTERVAL`, `KINESIS_IDLE_INTERVAL`, `KINESIS_DEAGGREGATE`, `KINESIS_OUTSIDE_RANGE`, `KINESIS_ON_TRIMMED`,
 * `KINESIS_MAX_READ_AHEAD_BYTES` and `KINESIS_LIST_INTERVAL`. Durations are such as `30 seconds`.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Config, ConfigProvider, Effect } from "effect"
 * import { Consumer } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const options = yield* Consumer.config
 *   const stream = yield* Config.string("KINESIS_STREAM")
 *   return yield* Consumer.run({
 *     ...options,
 *     application: "billing",
 *     stream,
 *     from: "trim-horizon",
 *     handler: (record) => Effect.log(record.sequenceNumber),
 *     stopWhen: Effect.sleep("1 second")
 *   })
 * })
 *
 * const environment = new Map([["KINESIS_STREAM", "orders"], ["KINESIS_LEASE_DURATION", "5 seconds"]])
 *
 * Effect.runPromise(
 *   program.pipe(
 *     Effect.withConfigProvider(ConfigProvider.fromMap(environment)),
 *     Effect.provide([LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer()])
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config = Config.all(Settings.config)

/**
 * A worker, whose handler fails with an `E`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumer<out E = never> {
  /** Its name in the lease table, unique to it. */
  readonly worker: string
  /** The shards that it reads. */
  readonly assignment: Subscribable.Subscribable<ReadonlyArray<Assigned>>
  /**
   * Whether it has looked at the leases and each shard that it took then has an iterator: what is written from then on will be read. Not while
   * one of its streams is lost.
   */
  readonly ready: Subscribable.Subscribable<boolean>
  /** Reads its share of the shards until it is shut down, interrupted or fails. Run it once. */
  readonly run: Effect.Effect<Summary, ConsumerError<E>>
  /**
   * Gives the shards up: nothing more is fetched or begun, handlers finish, for `drainTimeout` unless told otherwise, what they
   * acknowledged is stored, and each lease goes to another worker. A second call shortens the time: zero interrupts the handlers. An
   * interruption of {@link run} does the same.
   */
  readonly shutdown: (drainTimeout?: Duration.DurationInput) => Effect.Effect<Summary>
}

const makeConsumer = <A, E, R>(
  options: AnyOptions<A, E, R>
): Effect.Effect<Consumer<E>, KinesisError, R | KinesisClient | LeaseStore | Scope.Scope> =>
  Effect.gen(function*() {
    const { concurrency = defaults.concurrency, onFailure = defaults.onFailure, stopWhen = Effect.never } = options
    const context = yield* Effect.context<R>()
    const settings = yield* Settings.make(yield* Emit.withContext(options))
    yield* checkHandler(options, concurrency)
    yield* checkStop(stopWhen)
    const worker = yield* Worker.make(settings, {
      strategy: strategyOf(options, { ...settings, concurrency, onFailure }, context),
      onFailure: Failures.restarting<E, R>(onFailure, context)
    })
    const summarized = (reports: ReadonlyArray<ShardTask.Report>) => toSummary(reports, worker.lost())
    const shutdown = (drainTimeout?: Duration.DurationInput) =>
      Effect.map(
        worker.shutdown(drainTimeout === undefined ? settings.drainMillis : Duration.toMillis(drainTimeout)),
        summarized
      )
    yield* Effect.forkScoped(Effect.zipRight(completed(stopWhen), shutdown()))
    return {
      worker: worker.name,
      assignment: worker.assignment,
      ready: worker.ready,
      run: Effect.catchAll(Effect.map(worker.run, summarized), Failures.ownError<E>),
      shutdown
    }
  })

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
 *   yield* Effect.log(yield* consumer.assignment.get)
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
  <A, E = never, R = never, EDecode = never, RDecode = never, RFailure = never, REvent = never, RStop = never>(
    options: DecodingOptions<A, E, R, EDecode, RDecode, RFailure, REvent, RStop>
  ): Effect.Effect<
    Consumer<E | EDecode>,
    KinesisError,
    R | RDecode | RFailure | REvent | RStop | KinesisClient | LeaseStore | Scope.Scope
  >
  <E = never, R = never, RFailure = never, REvent = never, RStop = never>(
    options: Options<E, R, RFailure, REvent, RStop>
  ): Effect.Effect<
    Consumer<E>,
    KinesisError,
    R | RFailure | REvent | RStop | KinesisClient | LeaseStore | Scope.Scope
  >
} = makeConsumer

/**
 * Reads this worker's share of the shards, and gives it up when it is interrupted.
 *
 * It fails with what the handler fails with, unless `onFailure` deals with that. Where it failed, the log, the event `HandlerFailed` and the
 * failure policy say.
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
  <A, E = never, R = never, EDecode = never, RDecode = never, RFailure = never, REvent = never, RStop = never>(
    options: DecodingOptions<A, E, R, EDecode, RDecode, RFailure, REvent, RStop>
  ): Effect.Effect<
    Summary,
    ConsumerError<E | EDecode>,
    R | RDecode | RFailure | REvent | RStop | KinesisClient | LeaseStore
  >
  <E = never, R = never, RFailure = never, REvent = never, RStop = never>(
    options: Options<E, R, RFailure, REvent, RStop>
  ): Effect.Effect<Summary, ConsumerError<E>, R | RFailure | REvent | RStop | KinesisClient | LeaseStore>
} = <A, E, R>(
  options: AnyOptions<A, E, R>
): Effect.Effect<Summary, ConsumerError<E>, R | KinesisClient | LeaseStore> =>
  Effect.scoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    yield* checkStop(stopWhen)
    const stopped = yield* stopping(stopWhen)
    const started = yield* unlessStopped(makeConsumer<A, E, R>({ ...options, stopWhen: stopped }), stopped)
    return Option.isSome(started) ? yield* started.value.run : toSummary([], [])
  }))

/**
 * Tells how far a shard was handled.
 *
 * @since 0.1.0
 * @category models
 */
export interface Checkpointer extends ShardStreams.Checkpointer {}

/**
 * One shard that this worker has the lease of.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardStream extends ShardStreams.ShardStream {}

/**
 * The shards that this worker has the leases of, each as a stream of its own, as they come. A shard is given up, and its children come,
 * when all that was delivered of it is acknowledged: by `checkpointer.stage` or `acknowledge`.
 *
 * Run them all at once, as in `Stream.flatMap((shard) => handle(shard), { concurrency: "unbounded" })`. To give the shards up without
 * losing what is under way, complete `stopWhen`: the streams of the shards end, then this one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shards = <REvent = never, RStop = never>(
  options: GroupOptions<REvent, RStop>
): Stream.Stream<ShardStream, KinesisError, REvent | RStop | KinesisClient | LeaseStore> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    const settings = yield* Settings.make(yield* Emit.withContext(options))
    yield* checkStop(stopWhen)
    const mailbox = yield* Mailbox.make<ShardStream, KinesisError>()
    const strategy = ShardStreams.strategy((shard) => void mailbox.unsafeOffer(shard))
    const stopped = yield* stopping(stopWhen)
    const started = yield* unlessStopped(Worker.make(settings, { strategy, onFailure: FailurePolicy.fail }), stopped)
    if (Option.isNone(started)) return Stream.empty
    const worker = started.value
    yield* Effect.forkScoped(Effect.zipRight(stopped, worker.shutdown(settings.drainMillis)))
    const run = Effect.catchTag(worker.run, "HandlerError", Effect.die)
    yield* Effect.forkScoped(Effect.onExit(run, (exit) => Effect.sync(() => mailbox.unsafeDone(Exit.asVoid(exit)))))
    return Mailbox.toStream(mailbox)
  }))

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

type AnyOptions<A, E, R> = Options<E, R> | DecodingOptions<A, E, R>

interface Strategizing<E, R> extends Handlers.Limits, Failures.Failing<E, R> {}

const strategyOf = <A, E, R>(
  options: AnyOptions<A, E, R>,
  how: Strategizing<E, R>,
  context: Context.Context<R>
): Strategy => {
  if (options.decode !== undefined) {
    const { decode: { decodeRecord } } = options
    if (options.pageHandler === undefined) {
      const { handler } = options
      const handle = (value: A, work: ShardWork) => handler(value, toContext(work))
      return Handlers.ofRecords(Values.handleRecord(decodeRecord, handle, how), how, context)
    }
    const { pageHandler } = options
    const handle = (page: DecodedPage<A>, work: ShardWork) => pageHandler(page, toContext(work))
    return Handlers.ofPages(Values.handlePage(decodeRecord, handle, how), context)
  }
  if (options.pageHandler === undefined) {
    const { handler } = options
    return Handlers.ofRecords(
      (record, work) => Failures.handle(how, { work, records: [record] }, () => handler(record, toContext(work))),
      how,
      context
    )
  }
  const { pageHandler } = options
  return Handlers.ofPages(
    (page, work) => Failures.handle(how, { work, records: page.records }, () => pageHandler(page, toContext(work))),
    context
  )
}

const checkHandler = <A, E, R>(
  { decode, handler, pageHandler }: AnyOptions<A, E, R>,
  concurrency: number
): Effect.Effect<void, InvalidArgument> => {
  return Rules.check("Consumer", undefined, [
    [
      "handler",
      (typeof handler === "function") !== (typeof pageHandler === "function"),
      "one function, as handler or as pageHandler",
      handler ?? pageHandler
    ],
    ["decode", decode === undefined || typeof decode.decodeRecord === "function", "a RecordDecoder", decode],
    ["concurrency", Rules.isWhole(concurrency, 1), "a whole number, at least 1", concurrency]
  ])
}

const checkStop = (stopWhen: unknown): Effect.Effect<void, InvalidArgument> => {
  const isEffect = Effects.isGiven(stopWhen)
  return Rules.check("Consumer", undefined, [["stopWhen", isEffect, "an Effect", stopWhen]])
}

const completed = <R>(stopWhen: Effect.Effect<unknown, unknown, R>): Effect.Effect<unknown, never, R> =>
  Effect.catchAllCause(stopWhen, (cause) => Effect.logWarning("stopWhen failed", loggable(cause)))

/** Runs `stopWhen` once, and completes when it has. */
const stopping = <R>(
  stopWhen: Effect.Effect<unknown, unknown, R>
): Effect.Effect<Effect.Effect<void>, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const stopped = yield* Deferred.make<void>()
    yield* Effect.forkScoped(Effect.zipRight(completed(stopWhen), Deferred.succeed(stopped, undefined)))
    return Deferred.await(stopped)
  })

/** A start can take as long as the lease table is out of reach: it is not waited for when there is no more to start for. */
const unlessStopped = <A, E, R>(start: Effect.Effect<A, E, R>, stopped: Effect.Effect<void>) =>
  Effect.raceFirst(Effect.asSome(start), Effect.as(stopped, Option.none<A>()))

const toContext = ({ shardId, stream, tenure }: ShardWork): ShardContext => ({
  stream: stream.name,
  shardId,
  fencingToken: tenure.fencingToken
})

const toSummary = (
  reports: ReadonlyArray<ShardTask.Report>,
  lost: ReadonlyArray<Streams.LostStream>
): Summary => ({
  lost,
  shards: reports.map(({ cut, drained, end, error, shardId, stored, stream }) => ({
    stream,
    shardId,
    end,
    stored,
    drained,
    cut,
    error
  })),
  drained: reports.reduce((sum, { drained }) => sum + drained, 0),
  cut: reports.reduce((sum, { cut }) => sum + cut, 0)
})
