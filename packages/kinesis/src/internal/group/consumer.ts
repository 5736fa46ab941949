import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type {
  Consumer,
  ConsumerError,
  DecodedPage,
  DecodingOptions,
  GroupOptions,
  Options,
  ShardContext,
  Summary
} from "../../Consumer.js"
import * as FailurePolicy from "../../FailurePolicy.js"
import type { KinesisClient } from "../../KinesisClient.js"
import type { InvalidArgument, KinesisError } from "../../KinesisError.js"
import type { LeaseStore } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as Effects from "../options/effects.js"
import * as Rules from "../options/rules.js"
import * as Emit from "../reading/emit.js"
import { loggable } from "../text/causes.js"
import * as Failures from "./failures.js"
import * as Handlers from "./handlers.js"
import type { Report } from "./report.js"
import * as Settings from "./settings.js"
import * as ShardStreams from "./shardStreams.js"
import type { ShardWork, Strategy } from "./shardWork.js"
import type * as Streams from "./streams.js"
import * as Values from "./values.js"
import * as Worker from "./worker.js"

export const defaults = {
  ...Settings.defaults,
  concurrency: 1,
  onFailure: FailurePolicy.fail
}

type AnyOptions<A, E, R> = Options<E, R> | DecodingOptions<A, E, R>

/** A worker that is shut down with the scope. */
export const make = <A, E, R>(
  options: AnyOptions<A, E, R>
): Effect.Effect<Consumer<E>, KinesisError | LeaseStoreError, R | KinesisClient | LeaseStore | Scope.Scope> =>
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
      run: Effect.catchAll(Effect.map(worker.run, summarized), Failures.ownError<E>),
      shutdown
    }
  })

/** A worker, as long as it runs. */
export const run = <A, E, R>(
  options: AnyOptions<A, E, R>
): Effect.Effect<Summary, ConsumerError<E>, R | KinesisClient | LeaseStore> =>
  Effect.scoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    yield* checkStop(stopWhen)
    const stopped = yield* stopping(stopWhen)
    const started = yield* unlessStopped(make<A, E, R>({ ...options, stopWhen: stopped }), stopped)
    return Option.isSome(started) ? yield* started.value.run : toSummary([], [])
  }))

/** The shards of a worker as streams. */
export const shards = <REvent, RStop>(
  options: GroupOptions<REvent, RStop>
): Stream.Stream<
  ShardStreams.ShardStream,
  KinesisError | LeaseStoreError,
  REvent | RStop | KinesisClient | LeaseStore
> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { stopWhen = Effect.never } = options
    const settings = yield* Settings.make(yield* Emit.withContext(options))
    yield* checkStop(stopWhen)
    const mailbox = yield* Mailbox.make<ShardStreams.ShardStream, KinesisError | LeaseStoreError>()
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
    const stop = Effect.zipRight(completed(stopWhen), Deferred.succeed(stopped, undefined))
    yield* Effect.forkScoped(Effect.interruptible(stop))
    return Deferred.await(stopped)
  })

/** A start can take as long as the lease table is unreachable: it is abandoned when the worker should stop. */
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
