import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { KinesisClient } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import { LeaseStore } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import { type Emit, emitter } from "../reading/emit.js"
import * as OutageWatch from "../reading/outageWatch.js"
import * as Retry from "../reading/retry.js"
import { isTraced } from "../wire/spans.js"
import * as Balancer from "./balancer.js"
import * as Clocks from "./clocks.js"
import * as Departure from "./departure.js"
import type { Group, Services } from "./group.js"
import * as LeaseWatch from "./leaseWatch.js"
import * as ObservedLeases from "./observedLeases.js"
import type { Report } from "./report.js"
import type { GroupSettings } from "./settings.js"
import type { Work } from "./shardState.js"
import * as ShardTasks from "./shardTasks.js"
import * as Spans from "./spans.js"
import * as Streams from "./streams.js"
import type { Post, ShardEnded, WorkerError, WorkerEvent } from "./workerEvent.js"

/** One process of a group. */
export interface Worker {
  readonly name: string
  readonly assignment: SubscriptionRef.SubscriptionRef<ReadonlyArray<ShardTasks.Assigned>>
  readonly ready: SubscriptionRef.SubscriptionRef<boolean>
  /** The streams that it is to read and cannot. */
  readonly lost: () => ReadonlyArray<Streams.LostStream>
  /** Reads its share of the shards until it is shut down or fails. Once. */
  readonly run: Effect.Effect<ReadonlyArray<Report>, WorkerError>
  /** Gives all shards up, with so long for their handlers to finish. A later call shortens the time. */
  readonly shutdown: (drainMillis: number) => Effect.Effect<ReadonlyArray<Report>>
}

/** A worker from within. */
interface State {
  readonly group: Group
  readonly streams: Streams.Streams
  readonly tasks: ShardTasks.ShardTasks
  readonly balancer: Balancer.Balancer
  /** Of all that outlives {@link Worker.run}: it is closed when the shards are given up. */
  readonly scope: Scope.CloseableScope
  /** The mailbox: what the parts of the worker tell it. */
  readonly events: Queue.Queue<WorkerEvent>
  readonly ready: SubscriptionRef.SubscriptionRef<boolean>
  /** Done when the worker is to read no more. */
  readonly over: Deferred.Deferred<void, WorkerError>
  /** Done when handlers are waited for no longer. */
  readonly cutting: Deferred.Deferred<void>
  readonly summary: Deferred.Deferred<ReadonlyArray<Report>>
  /** The keys of leases that the first balancing brought and whose shards have no iterator yet. */
  readonly unsettled: Set<string>
  /** The leases of all streams were shared, and no stream was lost since. */
  isBalanced: boolean
  /** A shutdown was asked for. */
  isStopping: boolean
  /** The shards are being given up. */
  isDraining: boolean
}

/** Leases are given up when the scope closes, if they were not before. */
export const make = (
  settings: GroupSettings,
  work: Work
): Effect.Effect<Worker, KinesisError | LeaseStoreError, KinesisClient | LeaseStore | Scope.Scope> =>
  Effect.gen(function*() {
    const events = yield* Queue.unbounded<WorkerEvent>()
    const post: Post = (event) => void events.unsafeOffer(event)
    const scope = yield* Scope.make()
    const emit = emitterOf(settings)
    const services = {
      kinesis: yield* OutageWatch.make(OutageWatch.kinesis(settings.streams[0]!), emit),
      store: yield* OutageWatch.make(LeaseWatch.opening(settings), LeaseWatch.aside(emit))
    }
    const streams = yield* Streams.make(yield* KinesisClient, settings, services.kinesis, scope, post)
    const group = yield* makeGroup(settings, streams, services, emit, post)
    const tasks = yield* ShardTasks.make(group, work, scope)
    const self: State = {
      group,
      streams,
      tasks,
      balancer: Balancer.make(group, tasks),
      scope,
      events,
      ready: yield* SubscriptionRef.make(false),
      over: yield* Deferred.make<void, WorkerError>(),
      cutting: yield* Deferred.make<void>(),
      summary: yield* Deferred.make<ReadonlyArray<Report>>(),
      unsettled: new Set(),
      isBalanced: false,
      isStopping: false,
      isDraining: false
    }
    const start = yield* Effect.once(Effect.forkIn(Effect.interruptible(Effect.forever(stepOnce(self))), scope))
    const shutdown = (drainMillis: number) => Effect.zipRight(start, requestShutdown(self, drainMillis))
    const end = Effect.suspend(() => self.isStopping ? Deferred.await(self.summary) : shutdown(settings.drainMillis))
    yield* Effect.addFinalizer(() => Effect.zipRight(end, Scope.close(scope, Exit.void)))
    return {
      name: group.worker,
      assignment: tasks.assignment,
      ready: self.ready,
      lost: streams.lost,
      run: Effect.onInterrupt(Effect.zipRight(start, run(self, end)), () => end),
      shutdown
    }
  })

/** No two are ever the same, whatever they are called. */
const uniqueName = (name: string): Effect.Effect<string> =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, 36 ** 5), 2),
    (numbers) => `${name}-${numbers.map((number) => number.toString(36).padStart(5, "0")).join("")}`
  )

/** Of events that concern no single stream. */
const emitterOf = ({ application, onEvent, streams }: GroupSettings): Emit => {
  const stream = streams.map(({ stream }) => stream).join()
  const about = streams.length === 1 ? stream : application
  return emitter({ stream, onEvent: onEvent && ((event) => onEvent(event, about)) })
}

const makeGroup = (
  settings: GroupSettings,
  streams: Streams.Streams,
  services: Services,
  emit: Emit,
  post: Post
): Effect.Effect<Group, KinesisError | LeaseStoreError, LeaseStore> =>
  Effect.gen(function*() {
    const { application } = settings
    const opening = Retry.retrying({ ...settings.streams[0]!, resourceRetry: Schedule.stop }, emit, services.store)
    const store = yield* LeaseStore
    const worker = yield* uniqueName(settings.worker)
    const names = settings.streams.map(({ stream }) => stream)
    yield* Effect.logInfo(`${worker} joins the application ${application}, to read ${names.join(", ")}`)
    const opened = yield* opening(store.open(application))
    const traced = (yield* isTraced) ? Spans.ofLeases(opened, application, worker) : opened
    const leases = LeaseWatch.watched(traced, settings, services.store)
    const clocks = yield* Clocks.clocks
    return {
      settings,
      worker,
      leases,
      observed: ObservedLeases.make(clocks),
      streams: streams.live,
      lose: (stream, error) => Streams.isLoss(error) ? streams.lose(stream, error) : Effect.succeed(false),
      clocks,
      services,
      emit,
      post
    }
  })

/** Balances and discovers until the worker is to read no more, then gives the shards up; fails with what it could not go on for. */
const run = (
  self: State,
  end: Effect.Effect<ReadonlyArray<Report>>
): Effect.Effect<ReadonlyArray<Report>, WorkerError> =>
  Effect.gen(function*() {
    const { balancer, over, streams, tasks } = self
    yield* streams.start
    const loops = Effect.all([balancer.forever, balancer.discovery], { concurrency: 2, discard: true })
    const outcome = yield* Effect.exit(Effect.interruptible(Effect.raceFirst(Deferred.await(over), loops)))
    tasks.close()
    const reports = yield* end
    if (Exit.isFailure(outcome)) return yield* Effect.failCause(outcome.cause)
    const lost = new Set(streams.lost().map(({ stream }) => stream))
    const failed = reports.find(({ error, stream }) => error !== undefined && !lost.has(stream))
    return failed?.error === undefined ? reports : yield* Effect.fail(failed.error)
  })

/** Closes at once what takes leases; whoever asks may be interrupted, and the shutdown goes on. */
const requestShutdown = (self: State, drainMillis: number): Effect.Effect<ReadonlyArray<Report>> =>
  Effect.suspend(() => {
    self.isStopping = true
    self.tasks.close()
    self.group.post({ _tag: "ShutdownRequested", drainMillis })
    return Deferred.await(self.summary)
  })

// -----------------------------------------------------------------------------
// The events. One after the other, in the order in which they were told; no step
// waits for a call, for a handler or for another event, so that nothing holds up the
// children of a shard: what takes time has a fiber of its own. It begins with the
// run, or with a shutdown before one, and goes on through the drain, which waits for
// reports that only it completes. It ends with the scope, after the summary. A step
// that dies ends the worker.
// -----------------------------------------------------------------------------

const stepOnce = (self: State): Effect.Effect<void> =>
  Effect.flatMap(
    self.events.take,
    (event) => Effect.catchAllDefect(step(self, event), (defect) => Deferred.die(self.over, defect))
  )

const step = (self: State, event: WorkerEvent): Effect.Effect<unknown> => {
  switch (event._tag) {
    case "ShardTaken":
      if (!self.isBalanced) self.unsettled.add(event.leaseKey)
      return Effect.void
    case "ShardReady":
      return settle(self, event.leaseKey)
    case "ShardEnded":
      return shardEnded(self, event)
    case "Balanced":
      return balanced(self, event.streams)
    case "StreamLost":
      return streamLost(self, event.stream)
    case "StreamFound":
      return self.balancer.soon
    case "Failed":
      return Deferred.failCause(self.over, event.cause)
    case "ShutdownRequested":
      return shutdownRequested(self, event.drainMillis)
  }
}

/**
 * Ready when each shard that the first balancing of all streams brought has an iterator, or came to its end without one; and no more while
 * a stream is lost.
 */
const settled = ({ isBalanced, isStopping, ready, streams, unsettled }: State): Effect.Effect<void> =>
  isBalanced && unsettled.size === 0 && !isStopping && streams.lost().length === 0
    ? SubscriptionRef.set(ready, true)
    : Effect.void

const settle = (self: State, leaseKey: string): Effect.Effect<void> =>
  self.unsettled.delete(leaseKey) ? settled(self) : Effect.void

/** A stream that was found while the leases were looked at is shared with the next look. */
const balanced = (self: State, shared: ReadonlyArray<Streams.GroupStream>): Effect.Effect<void> => {
  const { isBalanced, streams } = self
  if (isBalanced || streams.lost().length > 0 || streams.live().some((each) => !shared.includes(each))) {
    return Effect.void
  }
  self.isBalanced = true
  return settled(self)
}

const streamLost = (self: State, stream: Streams.GroupStream): Effect.Effect<void> =>
  Effect.gen(function*() {
    self.isBalanced = false
    yield* SubscriptionRef.set(self.ready, false)
    for (const { task } of self.tasks.entries.values()) {
      if (task.stream === stream) yield* task.letGo(Effect.succeed(undefined), true)
    }
  })

/** An error ends the worker, unless it can go on without the stream; a shard that was read to its end is followed by its children. */
const shardEnded = (
  self: State,
  { children, leaseKey, report, reported, stream }: ShardEnded
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { balancer, group, over, scope } = self
    const { error } = report
    const failed = error === undefined
      ? Effect.void
      : Effect.flatMap(group.lose(stream, error), (isLost) => isLost ? Effect.void : Deferred.fail(over, error))
    yield* Effect.ensuring(failed, Deferred.succeed(reported, report))
    yield* settle(self, leaseKey)
    if (report.end === "finished") yield* Effect.forkIn(balancer.follow(children, stream), scope)
  })

const shutdownRequested = (self: State, drainMillis: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { cutting, over, ready, scope, summary } = self
    const isFirst = !self.isDraining
    self.isDraining = true
    if (isFirst) yield* SubscriptionRef.set(ready, false)
    yield* Deferred.succeed(over, undefined)
    yield* Effect.forkIn(Effect.delay(Deferred.succeed(cutting, undefined), drainMillis), scope)
    if (isFirst) yield* Effect.forkIn(Deferred.complete(summary, Departure.drain(self)), scope)
  })
