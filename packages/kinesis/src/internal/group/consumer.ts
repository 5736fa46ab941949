import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type {
  Consumer,
  ConsumerError,
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
import type { DecodedPage } from "../../Page.js"
import * as DecoderOptions from "../decode/optionTables.js"
import * as Checks from "../options/checks.js"
import * as Rules from "../options/rules.js"
import { type Check, type Refusal, refused, type Table } from "../options/table.js"
import * as Emit from "../reading/emit.js"
import { loggable } from "../text/causes.js"
import { quoted } from "../text/describe.js"
import { isTraced } from "../wire/spans.js"
import * as Failures from "./failures.js"
import * as Handlers from "./handlers.js"
import type { Report } from "./report.js"
import * as Settings from "./settings.js"
import * as ShardStreams from "./shardStreams.js"
import type { ShardWork, Strategy } from "./shardWork.js"
import * as Spans from "./spans.js"
import type * as Streams from "./streams.js"
import * as Values from "./values.js"
import * as Worker from "./worker.js"

export const defaults = {
  ...Settings.defaults,
  concurrency: 1,
  onFailure: FailurePolicy.fail
}

type AnyOptions<A, E, R> = Options<E, R> | DecodingOptions<A, E, R>

const isDecoding = <A, E, R>(options: AnyOptions<A, E, R>): options is DecodingOptions<A, E, R> =>
  options.decode !== undefined

/** A worker that is shut down with the scope. */
export const make = <A, E, R>(
  options: AnyOptions<A, E, R>
): Effect.Effect<Consumer<E>, KinesisError | LeaseStoreError, R | KinesisClient | LeaseStore | Scope.Scope> =>
  Effect.gen(function*() {
    yield* check(options)
    const { concurrency = defaults.concurrency, onFailure = defaults.onFailure, stopWhen = Effect.never } = options
    const context = yield* Effect.context<R>()
    const settings = Settings.make(yield* Emit.withContext(options))
    const spanned = (yield* isTraced) ? Spans.ofHandlers<A, E, R, AnyOptions<A, E, R>>(options) : options
    const worker = yield* Worker.make(settings, {
      strategy: strategyOf(spanned, { ...settings, concurrency, onFailure }, context),
      onFailure: Failures.restarting<E, R>(onFailure, context)
    })
    const summarized = (reports: ReadonlyArray<Report>) => toSummary(reports, worker.lost())
    const shutdown = (drainTimeout?: Duration.DurationInput) =>
      drainMillisOf(drainTimeout, settings.drainMillis).pipe(Effect.flatMap(worker.shutdown), Effect.map(summarized))
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
    yield* check(options)
    const { stopWhen = Effect.never } = options
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
    yield* Rules.check("Consumer", shardsTable, options)
    const { stopWhen = Effect.never } = options
    const settings = Settings.make(yield* Emit.withContext(options))
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
  if (isDecoding(options)) {
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

const aHandler = "one function that returns an Effect, as handler or as pageHandler"

const handler: Check = (given, { pageHandler }) =>
  typeof given === "function" || (given === undefined && pageHandler !== undefined)
    ? undefined
    : refused(aHandler, given)

const pageHandler: Check = (given, { handler }) =>
  given === undefined || (typeof given === "function" && handler === undefined) ? undefined : refused(aHandler, given)

const concurrency: Check = (given, options) =>
  options["pageHandler"] === undefined
    ? Checks.whole(1)(given, options)
    : refused("left out beside pageHandler, which is given one page at a time", given)

const hasRecordForm = (given: unknown): boolean =>
  typeof given === "function" && typeof Reflect.get(given, "decodeRecord") === "function"

const aPolicy = "a FailurePolicy, such as FailurePolicy.skip or FailurePolicy.restart(Schedule.recurs(3))"

const within = (at: string, refusal: Refusal | undefined): Refusal | undefined => refusal && { ...refusal, at }

const policy: Check = (given, options) => {
  const { _tag, schedule, send }: Readonly<Record<string, unknown>> = typeof given === "object" ? { ...given } : {}
  switch (_tag) {
    case "Fail":
    case "Skip":
      return undefined
    case "Restart":
      return within("schedule", Checks.schedule(schedule, options))
    case "DeadLetter":
      return within("send", Checks.fn("an Effect")(send, options))
    default:
      return refused(aPolicy, given)
  }
}

const shardsTable: Table<GroupOptions> = { ...Settings.table, stopWhen: Checks.optional(Checks.effect) }

const table: Table<AnyOptions<never, never, never>> = {
  ...shardsTable,
  handler,
  pageHandler,
  concurrency: Checks.optional(concurrency),
  decode: Checks.optional(Checks.that("a decoder, such as RecordDecoder.json(schema)", hasRecordForm)),
  onFailure: Checks.optional(policy)
}

const check = (options: { readonly decode?: unknown }): Effect.Effect<void, InvalidArgument> =>
  Effect.flatMap(Rules.check("Consumer", table, options), () => {
    const fault = typeof options.decode === "function" ? DecoderOptions.faultOf(options.decode) : undefined
    return fault === undefined ? Effect.void : Effect.fail(fault)
  })

/** A time that is none must not keep a worker from giving up its shards. */
const drainMillisOf = (written: Duration.DurationInput | undefined, otherwise: number): Effect.Effect<number> => {
  if (written === undefined) return Effect.succeed(otherwise)
  const millis: unknown = Checks.millisOr(written)
  return typeof millis === "number" && millis >= 0 ? Effect.succeed(millis) : Effect.as(
    Effect.logWarning(`shutdown was given ${quoted(written)}, which is no duration: the option drainTimeout holds`),
    otherwise
  )
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
