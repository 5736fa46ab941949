/**
 * One worker of a group that shares the shards of a stream through leases: each shard is read by one worker at a time, parents before
 * children, and goes on where its last owner stored that it was handled.
 *
 * @since 0.1.0
 */
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
import * as Handlers from "./internal/group/handlers.js"
import type { Report } from "./internal/group/report.js"
import * as Settings from "./internal/group/settings.js"
import * as ShardStreams from "./internal/group/shardStreams.js"
import type * as ShardTasks from "./internal/group/shardTasks.js"
import type { ShardWork } from "./internal/group/shardWork.js"
import type * as Streams from "./internal/group/streams.js"
import * as Worker from "./internal/group/worker.js"
import * as Effects from "./internal/options/effects.js"
import * as Rules from "./internal/options/rules.js"
import { loggable } from "./internal/text/causes.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { HandlerError, InvalidArgument, KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { LeaseStore } from "./LeaseStore.js"
import type { Page } from "./Page.js"

/**
 * What {@link run} and {@link shards} have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface GroupOptions extends Settings.GroupOptions {
  /**
   * When this completes the shards are given up, as {@link Consumer.shutdown} does it. One that dies has completed too, and is logged.
   * Default: never.
   */
  readonly stopWhen?: Effect.Effect<unknown> | undefined
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
 * What is done with what is read: record by record or page by page. What a handler was given is acknowledged when it has succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<R> =
  | {
    readonly handler: (record: KinesisRecord, shard: ShardContext) => Effect.Effect<unknown, unknown, R>
    /**
     * How many records of a shard are handled at once. Those of one partition key are handled one after the other, in order. Default: 1,
     * all of them in order.
     */
    readonly concurrency?: number | undefined
    readonly pageHandler?: undefined
  }
  | {
    /** Is given pages that have records, one at a time. */
    readonly pageHandler: (page: Page, shard: ShardContext) => Effect.Effect<unknown, unknown, R>
    readonly handler?: undefined
    readonly concurrency?: undefined
  }

/**
 * @since 0.1.0
 * @category models
 */
export type Options<R = never> = GroupOptions & Handler<R> & {
  /** What becomes of records whose handler failed. Default: `FailurePolicy.fail`. */
  readonly onFailure?: FailurePolicy.FailurePolicy | undefined
}

/**
 * What a consumer ends with when it does not end as it should.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConsumerError = KinesisError | HandlerError

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
 * A worker.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumer {
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
  readonly run: Effect.Effect<Summary, ConsumerError>
  /**
   * Gives the shards up: nothing more is fetched or begun, handlers finish, for `drainTimeout` unless told otherwise, what they
   * acknowledged is stored, and each lease goes to another worker. A second call shortens the time: zero interrupts the handlers. An
   * interruption of {@link run} does the same.
   */
  readonly shutdown: (drainTimeout?: Duration.DurationInput) => Effect.Effect<Summary>
}

/**
 * A worker, which is shut down with the scope.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R = never>(
  options: Options<R>
): Effect.Effect<Consumer, KinesisError, R | KinesisClient | LeaseStore | Scope.Scope> =>
  Effect.gen(function*() {
    const { concurrency = 1, onFailure = FailurePolicy.fail, stopWhen = Effect.never } = options
    const settings = yield* Settings.make(options)
    yield* checkHandler(options, concurrency)
    yield* checkStop(stopWhen)
    const context = yield* Effect.context<R>()
    const { application, maxUnacknowledged } = settings
    const handling = { application, onFailure, concurrency, maxUnacknowledged }
    const strategy = options.pageHandler === undefined
      ? Handlers.ofRecords(
        (record, work) => options.handler(record, toContext(work)) as Effect.Effect<unknown, unknown>,
        handling
      )
      : Handlers.ofPages(
        (page, work) => options.pageHandler(page, toContext(work)) as Effect.Effect<unknown, unknown>,
        handling
      )
    const worker = yield* Worker.make(settings, { strategy, onFailure })
    const summarized = (reports: ReadonlyArray<Report>) => toSummary(reports, worker.lost())
    const shutdown = (drainTimeout?: Duration.DurationInput) =>
      Effect.map(
        worker.shutdown(drainTimeout === undefined ? settings.drainMillis : Duration.toMillis(drainTimeout)),
        summarized
      )
    yield* Effect.forkScoped(Effect.interruptible(Effect.zipRight(completed(stopWhen), shutdown())))
    return {
      worker: worker.name,
      assignment: worker.assignment,
      ready: worker.ready,
      run: Effect.mapInputContext(Effect.map(worker.run, summarized), () => context as never),
      shutdown
    }
  })

/**
 * Reads this worker's share of the shards, and gives it up when it is interrupted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <R = never>(
  options: Options<R>
): Effect.Effect<Summary, ConsumerError, R | KinesisClient | LeaseStore> =>
  Effect.scoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    yield* checkStop(stopWhen)
    const stopped = yield* stopping(stopWhen)
    const started = yield* unlessStopped(make({ ...options, stopWhen: stopped }), stopped)
    return Option.isSome(started) ? yield* started.value.run : toSummary([], [])
  })) as never

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
export const shards = (
  options: GroupOptions
): Stream.Stream<ShardStream, KinesisError, KinesisClient | LeaseStore> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    const settings = yield* Settings.make(options)
    yield* checkStop(stopWhen)
    const mailbox = yield* Mailbox.make<ShardStream, KinesisError>()
    const strategy = ShardStreams.strategy((shard) => void mailbox.unsafeOffer(shard))
    const stopped = yield* stopping(stopWhen)
    const started = yield* unlessStopped(Worker.make(settings, { strategy, onFailure: FailurePolicy.fail }), stopped)
    if (Option.isNone(started)) return Stream.empty
    const worker = started.value
    yield* Effect.forkScoped(Effect.zipRight(stopped, worker.shutdown(settings.drainMillis)))
    yield* Effect.forkScoped(Effect.onExit(worker.run, (exit) =>
      Effect.sync(() =>
        mailbox.unsafeDone(Exit.asVoid(exit) as Exit.Exit<void, KinesisError>)
      )))
    return Mailbox.toStream(mailbox)
  }))

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const checkHandler = (
  options: Options<never> | Options<any>,
  concurrency: number
): Effect.Effect<void, InvalidArgument> => {
  const { handler, pageHandler } = options
  return Rules.check("Consumer", undefined, [
    [
      "handler",
      (typeof handler === "function") !== (typeof pageHandler === "function"),
      "one function, as handler or as pageHandler",
      handler ?? pageHandler
    ],
    ["concurrency", Rules.isWhole(concurrency, 1), "a whole number, at least 1", concurrency]
  ])
}

const checkStop = (stopWhen: unknown): Effect.Effect<void, InvalidArgument> => {
  const isEffect = Effects.isGiven(stopWhen)
  return Rules.check("Consumer", undefined, [["stopWhen", isEffect, "an Effect", stopWhen]])
}

const completed = (stopWhen: Effect.Effect<unknown>): Effect.Effect<unknown> =>
  Effect.catchAllCause(stopWhen, (cause) => Effect.logWarning("stopWhen failed", loggable(cause)))

/** Runs `stopWhen` once, and completes when it has. */
const stopping = (
  stopWhen: Effect.Effect<unknown>
): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const stopped = yield* Deferred.make<void>()
    const stop = Effect.zipRight(completed(stopWhen), Deferred.succeed(stopped, undefined))
    yield* Effect.forkScoped(Effect.interruptible(stop))
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
  reports: ReadonlyArray<Report>,
  lost: ReadonlyArray<Streams.LostStream>
): Summary => ({
  lost,
  shards: reports,
  drained: reports.reduce((sum, { drained }) => sum + drained, 0),
  cut: reports.reduce((sum, { cut }) => sum + cut, 0)
})
