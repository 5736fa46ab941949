import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Startable } from "../../Position.js"
import { latestAt } from "../reading/startPosition.js"
import type { Group } from "./group.js"
import type { Report } from "./report.js"
import type { TaskOptions, Work } from "./shardState.js"
import * as ShardTask from "./shardTask.js"
import type { GroupStream } from "./streams.js"
import type { ShardEnded } from "./workerEvent.js"

/** A shard that a worker reads. */
export interface Assigned {
  /** The stream's name. */
  readonly stream: string
  /** The shard. */
  readonly shardId: string
  /** The key of its lease. */
  readonly leaseKey: string
  /** Higher than that of every earlier owner. */
  readonly fencingToken: number
}

/** Why a lease can be claimed. */
export type Because = "free" | "expired" | "given"

/** A lease that is held, and the work on its shard. */
export interface Entry {
  readonly task: ShardTask.ShardTask
  /** Completed when the worker has dealt with the end of the work. */
  readonly reported: Deferred.Deferred<Report>
}

/** The leases that a worker holds, and the work on their shards. */
export interface ShardTasks {
  readonly assignment: SubscriptionRef.SubscriptionRef<ReadonlyArray<Assigned>>
  /** By lease key. */
  readonly entries: ReadonlyMap<string, Entry>
  /** Takes a lease and begins to work on its shard; false if another worker was faster. */
  readonly claim: (lease: Lease, stream: GroupStream, because: Because) => Effect.Effect<boolean, LeaseStoreError>
  /** Whether the lease is being worked on or being taken. */
  readonly isBusy: (leaseKey: string) => boolean
  /** From here on no lease is taken. */
  readonly close: () => void
}

/** The internal state of a worker's shards. */
interface State {
  readonly group: Group
  readonly work: Work
  /** The scope of all fibers that work on shards. */
  readonly scope: Scope.Scope
  readonly assignment: SubscriptionRef.SubscriptionRef<ReadonlyArray<Assigned>>
  /** Open while a change of {@link entries} has not been reported. */
  readonly changed: Effect.Latch
  /** Until the last handler of a shard has let go. */
  readonly entries: Map<string, Entry>
  /** The keys of leases that are being taken. */
  readonly claiming: Set<string>
  isClosed: boolean
}

export const make = (group: Group, work: Work, scope: Scope.Scope): Effect.Effect<ShardTasks> =>
  Effect.gen(function*() {
    const self: State = {
      group,
      work,
      scope,
      assignment: yield* SubscriptionRef.make<ReadonlyArray<Assigned>>([]),
      changed: yield* Effect.makeLatch(false),
      entries: new Map(),
      claiming: new Set(),
      isClosed: false
    }
    yield* Effect.forkIn(Effect.interruptible(Effect.forever(tellOnce(self))), scope)
    return {
      assignment: self.assignment,
      entries: self.entries,
      claim: (lease, stream, because) => claim(self, lease, stream, because),
      isBusy: (leaseKey) => isBusy(self, leaseKey),
      close: () => {
        self.isClosed = true
      }
    }
  })

const isBusy = ({ claiming, entries }: State, leaseKey: string): boolean =>
  entries.has(leaseKey) || claiming.has(leaseKey)

const assigned = ({ entries }: State): ReadonlyArray<Assigned> =>
  [...entries].map(([leaseKey, { task: { fencingToken, lease, stream } }]) => ({
    stream: stream.name,
    shardId: lease().shardId,
    leaseKey,
    fencingToken
  }))

// -----------------------------------------------------------------------------
// The assignment. Each change is reported, simultaneous ones together, since a
// worker may take thousands of leases. It ends with the scope.
// -----------------------------------------------------------------------------

const tellOnce = (self: State): Effect.Effect<void> =>
  self.changed.await.pipe(
    Effect.zipRight(self.changed.close),
    Effect.zipRight(Effect.yieldNow()),
    Effect.zipRight(Effect.suspend(() => SubscriptionRef.set(self.assignment, assigned(self))))
  )

const claim = (
  self: State,
  lease: Lease,
  stream: GroupStream,
  because: Because
): Effect.Effect<boolean, LeaseStoreError> =>
  Effect.suspend(() => {
    const { leaseKey } = lease
    if (self.isClosed || isBusy(self, leaseKey)) return Effect.succeed(true)
    self.claiming.add(leaseKey)
    return Effect.ensuring(take(self, lease, stream, because), Effect.sync(() => self.claiming.delete(leaseKey)))
  })

/**
 * Once the answer has arrived, nothing can interrupt: a lease that was won is worked on, or given back if the worker stops or the stream is
 * lost meanwhile.
 */
const take = (
  self: State,
  lease: Lease,
  stream: GroupStream,
  because: Because
): Effect.Effect<boolean, LeaseStoreError> =>
  Effect.suspend(() => {
    const { group, work } = self
    const { clocks, leases, settings, worker } = group
    const claimedAt = clocks.now()
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        restore(Effect.timeoutOption(leases.claim(lease, worker), settings.renewMillis)),
        (answer) => {
          const claimed = Option.flatten(answer)
          if (Option.isNone(claimed)) return Effect.succeed(false)
          if (self.isClosed || !group.streams().includes(stream)) {
            return Effect.as(giveBack(group, claimed.value), false)
          }
          const startsAt = startOf(group, lease, stream)
          return Effect.as(
            start(self, { group, work, stream, claimed: claimed.value, claimedAt, startsAt }, because),
            true
          )
        }
      )
    )
  })

const startOf = ({ clocks }: Group, { checkpoint }: Lease, { start }: GroupStream): Startable =>
  checkpoint?._tag === "Latest" ? latestAt(clocks.now().wall) : start

/** Runs in a fiber that an interruption does not reach: it ends by itself. */
const giveBack = ({ leases, settings }: Group, claimed: Lease): Effect.Effect<void> =>
  Effect.timeout(leases.release(claimed, undefined), settings.renewMillis).pipe(
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.flatMap(Fiber.await),
    Effect.asVoid
  )

const start = (self: State, options: TaskOptions, because: Because): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { claimed: { leaseKey }, stream } = options
    const task = yield* ShardTask.make(options)
    const reported = yield* Deferred.make<Report>()
    self.entries.set(leaseKey, { task, reported })
    self.changed.unsafeOpen()
    self.group.post({ _tag: "ShardTaken", leaseKey })
    const ended = { _tag: "ShardEnded", leaseKey, stream, reported } as const
    yield* run(self, task, ended, acquired(options, because)).pipe(
      Effect.interruptible,
      Effect.forkIn(self.scope)
    )
  })

const acquired = ({ claimed, group, startsAt }: TaskOptions, because: Because) =>
  KinesisEvent.LeaseAcquired({
    shardId: claimed.shardId,
    worker: group.worker,
    from: claimed.checkpoint ?? startsAt,
    fencingToken: claimed.leaseCounter,
    because
  })

// -----------------------------------------------------------------------------
// The work on a shard. Its end is reported to the worker at once, so that
// children begin. The lease stays busy until the fiber and its children are
// over: it is not taken again before the work's last handler has ended. A
// defect ends the worker.
// -----------------------------------------------------------------------------

const run = (
  { changed, entries, group: { post } }: State,
  task: ShardTask.ShardTask,
  ended: Omit<ShardEnded, "report" | "children">,
  acquired: KinesisEvent
): Effect.Effect<void> =>
  Effect.suspend(() => ended.stream.emit(acquired)).pipe(
    Effect.zipRight(task.run),
    Effect.map(({ children, report }) => post({ ...ended, report, children })),
    Effect.fork,
    Effect.flatMap(Fiber.await),
    Effect.map((exit) => {
      if (Exit.isFailure(exit)) {
        post({ _tag: "Failed", cause: exit.cause })
        post({ ...ended, report: task.crashed(), children: [] })
      }
      entries.delete(ended.leaseKey)
      changed.unsafeOpen()
    })
  )
