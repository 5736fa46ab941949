import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { KinesisClient } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import { isFinished, LeaseStore } from "../../LeaseStore.js"
import { holder } from "../../LeaseTransition.js"
import * as Successors from "../lease/successors.js"
import { emitter } from "../reading/emit.js"
import * as Retry from "../reading/retry.js"
import * as Balancing from "./balancer.js"
import * as Clocks from "./clocks.js"
import type { Group, WorkerError } from "./group.js"
import type { GroupSettings } from "./settings.js"
import type { Report } from "./shardTask.js"
import * as Held from "./shardTasks.js"
import * as Streams from "./streams.js"

/** One process of a group. */
export interface Worker {
  readonly name: string
  readonly assignment: SubscriptionRef.SubscriptionRef<ReadonlyArray<Held.Assigned>>
  readonly ready: SubscriptionRef.SubscriptionRef<boolean>
  /** The streams that it is to read and cannot. */
  readonly lost: () => ReadonlyArray<Streams.LostStream>
  /** Reads its share of the shards until it is shut down or fails. Once. */
  readonly run: Effect.Effect<ReadonlyArray<Report>, WorkerError>
  /** Gives all shards up, with so long for their handlers to finish. A later call shortens the time. */
  readonly shutdown: (drainMillis: number) => Effect.Effect<ReadonlyArray<Report>>
}

const nobody = Effect.succeed(undefined)

/** No two are ever the same, whatever they are called. */
const uniqueName = (name: string): Effect.Effect<string> =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, 36 ** 5), 2),
    (numbers) => `${name}-${numbers.map((number) => number.toString(36).padStart(5, "0")).join("")}`
  )

const makeGroup = (
  settings: GroupSettings,
  streams: Streams.Streams,
  fail: Group["fail"]
): Effect.Effect<Group, KinesisError, LeaseStore> =>
  Effect.gen(function*() {
    const { application, onEvent } = settings
    const emit = settings.streams.length === 1 ? streams.live()[0]!.emit : emitter({
      stream: settings.streams.map(({ stream }) => stream).join(),
      onEvent: onEvent && ((event) => onEvent(event, application))
    })
    const opening = Retry.retrying({ ...settings.streams[0]!, resourceRetry: Schedule.stop }, emit)
    const store = yield* LeaseStore
    return {
      settings,
      worker: yield* uniqueName(settings.worker),
      leases: yield* opening(store.open(application)),
      streams: streams.live,
      lose: (stream, error) => Streams.isLoss(error) ? streams.lose(stream, error) : Effect.succeed(false),
      clocks: yield* Clocks.clocks,
      emit,
      fail
    }
  })

/** Leases are given up when the scope closes, if they were not before. */
export const make = (
  settings: GroupSettings,
  work: Held.Work
): Effect.Effect<Worker, KinesisError, KinesisClient | LeaseStore | Scope.Scope> =>
  Effect.gen(function*() {
    const over = yield* Deferred.make<void, WorkerError>()
    const cutting = yield* Deferred.make<void>()
    const summary = yield* Deferred.make<ReadonlyArray<Report>>()
    const scope = yield* Scope.make()
    const streams = yield* Streams.make(yield* KinesisClient, settings, scope)
    const group = yield* makeGroup(settings, streams, (reason) => Effect.asVoid(Deferred.failCause(over, reason)))
    const { leases, worker } = group
    const ready = yield* SubscriptionRef.make(false)
    const unsettled = new Set<string>()
    let isBalanced = false
    let isStopping = false

    /**
     * Ready when each shard that the first balancing of all streams brought has an iterator, or came to its end without one; and no more while
     * a stream is lost.
     */
    const settled = Effect.suspend(() =>
      isBalanced && unsettled.size === 0 && !isStopping ? SubscriptionRef.set(ready, true) : Effect.void
    )
    const onBalanced = Effect.suspend(() => {
      if (isBalanced || streams.lost().length > 0) return Effect.void
      isBalanced = true
      return settled
    })
    const onLost = (stream: Streams.GroupStream) =>
      Effect.gen(function*() {
        isBalanced = false
        yield* SubscriptionRef.set(ready, false)
        for (const { task } of held.tasks.values()) if (task.stream === stream) yield* task.letGo(nobody, true)
      })
    const onReady = (leaseKey: string) => {
      if (!isBalanced) unsettled.add(leaseKey)
      return Effect.suspend(() => unsettled.delete(leaseKey) ? settled : Effect.void)
    }

    const balancing = Balancing.make(group, () => held, onBalanced, onReady)
    const held: Held.Held = yield* Held.make(group, work, scope, balancing.leases, balancing.goOn)

    const successorsOf = (leaving: ReadonlyArray<string>) =>
      Successors.successors({ leases: balancing.seen(), worker }, leaving)

    /** What is given to this worker while it leaves is given on, and what it asked for is left to whoever has it. */
    const giveOn = Effect.gen(function*() {
      const owned = (yield* leases.owned(worker, balancing.known)).filter((lease) => !isFinished(lease))
      const given = owned.filter((lease) => holder(lease) === worker && !held.isBusy(lease.leaseKey))
      const asked = owned.filter((lease) => holder(lease) !== worker)
      yield* Effect.forEach(asked, (lease) => leases.withdrawHandoff(lease, worker), {
        concurrency: 16,
        discard: true
      })
      const successors = successorsOf(given.map((lease) => lease.leaseKey))
      yield* Effect.forEach(given, (lease) => leases.release(lease, successors.get(lease.leaseKey)), {
        concurrency: 16,
        discard: true
      })
    }).pipe(Effect.timeout(settings.renewMillis), Effect.ignore)

    const drain = Effect.gen(function*() {
      const entries = [...held.tasks]
      const successors = yield* Effect.cached(
        Effect.ignore(Effect.timeout(balancing.look, settings.renewMillis)).pipe(
          Effect.map(() => successorsOf(entries.map(([leaseKey]) => leaseKey)))
        )
      )
      const cut = Effect.forEach(entries, ([, { task }]) => task.cut, { discard: true })
      yield* Effect.fork(Effect.zipRight(Deferred.await(cutting), cut))
      for (const [leaseKey, { task }] of entries) {
        yield* task.letGo(Effect.map(successors, (chosen) => chosen.get(leaseKey)), false)
      }
      yield* Effect.fork(Effect.forever(Effect.zipRight(Effect.sleep(settings.discoveryMillis), giveOn)))
      const reports = yield* Effect.forEach(entries, ([, { report }]) => Deferred.await(report))
      yield* giveOn
      return reports
    })

    /** Has a fiber of its own: whoever asks for it may be interrupted already. */
    const shutdown = (drainMillis: number) =>
      Effect.gen(function*() {
        const isFirst = !isStopping
        isStopping = true
        held.close()
        if (isFirst) yield* SubscriptionRef.set(ready, false)
        yield* Deferred.succeed(over, undefined)
        yield* Effect.forkIn(Effect.delay(Deferred.succeed(cutting, undefined), drainMillis), scope)
        if (isFirst) yield* Deferred.complete(summary, drain)
        return yield* Deferred.await(summary)
      }).pipe(
        Effect.interruptible,
        Effect.forkDaemon,
        Effect.flatMap(Fiber.join)
      )

    /** A shutdown that is under way keeps the time that it was given. */
    const end = Effect.suspend(() => isStopping ? Deferred.await(summary) : shutdown(settings.drainMillis))

    yield* Effect.addFinalizer(() => Effect.zipRight(end, Scope.close(scope, Exit.void)))

    const run = Effect.gen(function*() {
      yield* streams.start({ onLost, onFound: balancing.soon, fail: group.fail })
      const loops = yield* Effect.fork(
        Effect.all([balancing.forever, balancing.discovery], { concurrency: 2, discard: true })
      )
      const outcome = yield* Effect.exit(Effect.raceFirst(Deferred.await(over), Fiber.join(loops)))
      held.close()
      yield* Fiber.interrupt(loops)
      const reports = yield* end
      if (Exit.isFailure(outcome)) return yield* Effect.failCause(outcome.cause)
      const lost = new Set(streams.lost().map(({ stream }) => stream))
      const failed = reports.find(({ error, stream }) => error !== undefined && !lost.has(stream))
      return failed?.error === undefined ? reports : yield* Effect.fail(failed.error)
    }).pipe(Effect.onInterrupt(() => end))

    return { name: worker, assignment: held.assignment, ready, lost: streams.lost, run, shutdown }
  })
