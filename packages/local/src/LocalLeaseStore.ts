/**
 * An in-memory lease table behind the `LeaseStore` service, on Effect's Clock, with knobs to inject faults.
 *
 * Ownership and the conditions of each write are those of every implementation: a worker that has lost its lease is refused here, too.
 *
 * @since 0.1.0
 */
import type * as AwsSdk from "effect-kinesis/AwsSdk"
import * as LeaseStore from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Engines from "./internal/engine.js"
import type * as Faults from "./internal/faults.js"
import * as Rules from "./internal/options.js"

/**
 * What the in-memory lease table is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long each call takes, before it takes effect. Default: 0. */
  readonly latency?: Duration.DurationInput | undefined
}

/**
 * A call to the table: a member of `Leases`, or `open`.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = keyof LeaseStore.Leases | "open"

/**
 * Which calls a knob affects. An absent field means every operation, lease or worker.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  /** Such as `"renew"`. */
  readonly operation?: Operation | undefined
  /** The lease that the call is on. */
  readonly leaseKey?: string | undefined
  /** The worker on whose behalf the call is made. */
  readonly worker?: string | undefined
  /** How many calls, from the next one on. Default: 1. */
  readonly times?: number | undefined
}

/**
 * A call that reached the table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** What was called. */
  readonly operation: Operation
  /** When it arrived, by Effect's Clock, in milliseconds since the epoch. */
  readonly at: number
  /** The lease that it was on; undefined for `list`, `owned` and `open`. */
  readonly leaseKey: string | undefined
  /** On whose behalf it was made. */
  readonly worker: string | undefined
  /** `pending` while there is no answer, forever if the caller gave up first; `ok`; the reason of a `LeaseStoreError`; or `LeaseLost`. */
  readonly outcome: string
}

/**
 * The knobs. A call meets at most one delay and one other fault, each time the one that was requested first; the delay comes first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The calls fail with reason `Throttled` and take no effect. */
  readonly throttle: (target: Target) => Effect.Effect<void>
  /** The calls fail with this error and take no effect. */
  readonly fail: (target: Target & { readonly error: LeaseStoreError }) => Effect.Effect<void>
  /** The calls take this much longer, then take effect. */
  readonly delay: (target: Target & { readonly duration: Duration.DurationInput }) => Effect.Effect<void>
  /** The calls take no effect and are never answered. */
  readonly hang: (target: Target) => Effect.Effect<void>
  /** The calls take effect, then fail with reason `Unavailable`. */
  readonly loseAnswer: (target: Target) => Effect.Effect<void>
  /** Discards all faults that have not met their calls. */
  readonly clearFaults: Effect.Effect<void>
  /** The application's current leases, in the order of their keys. */
  readonly leases: (application: string) => Effect.Effect<ReadonlyArray<LeaseStore.Lease>>
  /** Writes a row as given, whoever owns it, as a manual edit or another library would. */
  readonly put: (application: string, lease: LeaseStore.Lease) => Effect.Effect<void>
  /** Deletes a row, whoever owns it. */
  readonly drop: (application: string, leaseKey: string) => Effect.Effect<void>
  /** The newest 100,000 calls, oldest first. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}

/**
 * The knobs of the in-memory table that {@link layer} provides.
 *
 * @since 0.1.0
 * @category tags
 */
export class LocalLeaseStore extends Context.Tag("@effect-kinesis/local/LocalLeaseStore")<LocalLeaseStore, Service>() {}

/**
 * Tables of their own, with their knobs. Dies on options that are wrong, as the knobs do.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { Consumer, LeaseStore } from "effect-kinesis"
 *
 * const program = Effect.gen(function*() {
 *   const { local, store } = yield* LocalLeaseStore.make()
 *   yield* Consumer.run({
 *     application: "billing",
 *     stream: "orders",
 *     from: "trim-horizon",
 *     handler: () => Effect.void,
 *     stopWhen: Effect.sleep("1 second")
 *   }).pipe(Effect.provideService(LeaseStore.LeaseStore, store))
 *   return yield* local.leases("billing")
 * })
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<{ readonly store: LeaseStore.Service; readonly local: Service }> =>
  Effect.map(Rules.check("LocalLeaseStore.make", Rules.leaseStore, options), () => {
    const engine = makeEngine(options)
    return { store: makeStore(engine), local: makeKnobs(engine) }
  })

/**
 * One set of tables behind both the store and the knobs.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect, Layer } from "effect"
 * import { Consumer } from "effect-kinesis"
 *
 * const program = Consumer.run({
 *   application: "billing",
 *   stream: "orders",
 *   from: "trim-horizon",
 *   stopWhen: Effect.sleep("100 millis"),
 *   handler: (record) => Effect.log(record.sequenceNumber)
 * })
 *
 * const local = Layer.merge(LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer())
 *
 * Effect.runPromise(Effect.provide(program, local))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<LeaseStore.LeaseStore | LocalLeaseStore> =>
  Layer.effectContext(
    Effect.map(
      make(options),
      ({ local, store }) => Context.make(LeaseStore.LeaseStore, store).pipe(Context.add(LocalLeaseStore, local))
    )
  )

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

type Rows = Map<string, LeaseStore.Lease>

type Action = Faults.Action<(subject: CallScope) => LeaseStoreError>

/** What a call concerns. */
interface CallScope {
  readonly operation: Operation
  readonly leaseKey?: string | undefined
  readonly shardId?: string | undefined
  readonly worker?: string | undefined
}

const makeEngine = ({ latency }: Options) => ({
  tables: new Map<string, Rows>(),
  calls: Engines.make<Target, Action, { -readonly [K in keyof Call]: Call[K] }>(latency)
})

type Engine = ReturnType<typeof makeEngine>

const rowsOf = ({ tables }: Engine, application: string): Rows => {
  const rows = tables.get(application) ?? new Map()
  tables.set(application, rows)
  return rows
}

const isMet = ({ leaseKey, operation, worker }: Target, subject: CallScope): boolean =>
  (operation === undefined || operation === subject.operation) &&
  (leaseKey === undefined || leaseKey === subject.leaseKey) &&
  (worker === undefined || worker === subject.worker)

const serve = <A, E extends object>(
  { calls }: Engine,
  subject: CallScope,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E | LeaseStoreError> => {
  const { leaseKey, operation, worker } = subject
  return Engines.serve(calls, (served) => ({ operation, leaseKey, worker, ...served }), {
    fits: (scope) => isMet(scope, subject),
    answerLost: (): E | LeaseStoreError => failed(subject, "Unavailable", "The answer was lost."),
    act: (fault) => fault?.action._tag === "Fail" ? Effect.fail(fault.action.error(subject)) : effect
  })
}

const failed = (
  { leaseKey, operation, shardId }: CallScope,
  reason: LeaseStoreError["reason"],
  description: string
): LeaseStoreError => new LeaseStoreError({ operation, reason, leaseKey, shardId, description })

const throttled = (subject: CallScope): LeaseStoreError =>
  failed(subject, "Throttled", "The table's throughput is exceeded.")

const makeStore = (engine: Engine): LeaseStore.Service => ({
  open: (application) =>
    serve(engine, { operation: "open" }, Effect.sync(() => makeLeases(engine, rowsOf(engine, application))))
})

const makeLeases = (engine: Engine, rows: Rows): LeaseStore.Leases => {
  const leases = LeaseStore.fromTable({
    list: Effect.sync(() => [...rows.values()]),
    write: (leaseKey, _, decide) =>
      Effect.sync(() => {
        const decision = decide(rows.get(leaseKey))
        if (decision._tag === "Put") rows.set(leaseKey, decision.lease)
        if (decision._tag === "Delete") rows.delete(leaseKey)
        return decision
      })
  })
  return LeaseStore.mapCalls(leases, (call, effect) => serve(engine, call, effect))
}

const makeKnobs = (engine: Engine): Service => {
  const knob = <T extends Target>(
    name: keyof Service,
    more: Readonly<Record<string, AwsSdk.Check>>,
    action: (target: T) => Action
  ) =>
  (target: T): Effect.Effect<void> =>
    Effect.flatMap(
      Rules.check(`LocalLeaseStore.${name}`, { ...Rules.leaseTarget, ...more }, target),
      () => Engines.inject(engine.calls, target, action(target), target.times)
    )
  return {
    throttle: knob("throttle", {}, () => ({ _tag: "Fail", error: throttled })),
    fail: knob("fail", Rules.failure, ({ error }) => ({ _tag: "Fail", error: () => error })),
    delay: knob(
      "delay",
      Rules.delay,
      ({ duration }) => ({ _tag: "Delay", of: "call", millis: Duration.toMillis(duration) })
    ),
    hang: knob("hang", {}, () => ({ _tag: "Hang" })),
    loseAnswer: knob("loseAnswer", {}, () => ({ _tag: "LoseAnswer" })),
    clearFaults: Engines.clear(engine.calls),
    leases: (application) =>
      Effect.sync(() => [...rowsOf(engine, application).values()].sort((a, b) => a.leaseKey < b.leaseKey ? -1 : 1)),
    put: (application, lease) => Effect.sync(() => void rowsOf(engine, application).set(lease.leaseKey, lease)),
    drop: (application, leaseKey) => Effect.sync(() => void rowsOf(engine, application).delete(leaseKey)),
    calls: Effect.sync(() => engine.calls.log.newest())
  }
}
