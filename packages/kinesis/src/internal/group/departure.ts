import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { isFinished, type Lease } from "../../LeaseStore.js"
import { holder } from "../../LeaseTransition.js"
import * as Successors from "../lease/successors.js"
import type { Balancer } from "./balancer.js"
import type { Group } from "./group.js"
import * as ObservedLeases from "./observedLeases.js"
import type { Report } from "./report.js"
import type { ShardTasks } from "./shardTasks.js"

/** The context of a worker that leaves. */
export interface Departure {
  readonly group: Group
  readonly tasks: ShardTasks
  readonly balancer: Balancer
  /** Done when the time for handlers is over. */
  readonly cutting: Deferred.Deferred<void>
}

const atOnce = { concurrency: 16, discard: true } as const

// -----------------------------------------------------------------------------
// The drain. All leases are scanned once more, for at most the time between two
// renewals, to choose their next owners: only when the first shard is drained,
// since the others may change until then. Every shard lets go at once, and each
// releases its lease when its own handlers are done. Until then, and once after
// the last, leases that others give to this worker are passed on, since nobody
// would read their shards. The drain ends with the last shard's report; the
// worker is then gone from the lease table.
// -----------------------------------------------------------------------------

/** Gives all shards up, each when its handlers have finished or their time is over. */
export const drain = (self: Departure): Effect.Effect<ReadonlyArray<Report>> =>
  Effect.gen(function*() {
    const { cutting, group, tasks } = self
    const { application, discoveryMillis, renewMillis } = group.settings
    const entries = [...tasks.entries]
    yield* Effect.logInfo(`${group.worker} leaves the application ${application}, and gives up ${leasesOf(entries)}`)
    const successors = yield* Effect.cached(
      Effect.ignore(Effect.timeout(ObservedLeases.look(group), renewMillis)).pipe(
        Effect.map(() => successorsOf(self, entries.map(([leaseKey]) => leaseKey)))
      )
    )
    const cut = Effect.forEach(entries, ([, { task }]) => task.cut, { discard: true })
    yield* Effect.fork(Effect.zipRight(Deferred.await(cutting), cut))
    for (const [leaseKey, { task }] of entries) {
      yield* task.letGo(Effect.map(successors, (chosen) => chosen.get(leaseKey)), false)
    }
    yield* Effect.fork(Effect.forever(Effect.zipRight(Effect.sleep(discoveryMillis), giveOn(self))))
    const reports = yield* Effect.forEach(entries, ([, { reported }]) => Deferred.await(reported))
    yield* giveOn(self)
    yield* Effect.logInfo(`${group.worker} has left the application ${application}`)
    return reports
  })

const leasesOf = ({ length }: ReadonlyArray<unknown>): string => length === 1 ? "1 lease" : `${length} leases`

const successorsOf = ({ balancer, group: { worker } }: Departure, leaving: ReadonlyArray<string>) =>
  Successors.successors({ leases: balancer.readable(), worker }, leaving)

/** Leases that are given to this worker while it leaves are passed on, and those that it requested stay with their owners. */
const giveOn = (self: Departure): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { balancer, group: { leases, worker }, tasks } = self
    const owned = (yield* leases.owned(worker, balancer.known)).filter((lease) => !isFinished(lease))
    const given = owned.filter((lease) => holder(lease) === worker && !tasks.isBusy(lease.leaseKey))
    const asked = owned.filter((lease) => holder(lease) !== worker)
    yield* Effect.forEach(asked, (lease) => leases.withdrawHandoff(lease, worker), atOnce)
    const successors = successorsOf(self, given.map((lease) => lease.leaseKey))
    const release = (lease: Lease) => leases.release(lease, successors.get(lease.leaseKey))
    yield* Effect.forEach(given, release, atOnce)
  }).pipe(Effect.timeout(self.group.settings.renewMillis), Effect.ignore)
