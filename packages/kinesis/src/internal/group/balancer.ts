import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type * as LeaseBalancer from "../../LeaseBalancer.js"
import { isFinished, type KnownLeases, type Lease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as BalancingTimes from "../lease/balancingTimes.js"
import * as LeaseView from "../lease/leaseView.js"
import type { Moment } from "./clocks.js"
import { fail, failureEvent, type Group, isBeyondReach, isFatal } from "./group.js"
import * as HandoffRequests from "./handoffRequests.js"
import * as LeaseRepair from "./leaseRepair.js"
import * as LeaseUpkeep from "./leaseUpkeep.js"
import * as ObservedLeases from "./observedLeases.js"
import * as Plans from "./plans.js"
import type { ShardTasks } from "./shardTasks.js"
import type { GroupStream } from "./streams.js"

/** Decides with the others of a group, by the leases alone, which shards this worker reads. */
export interface Balancer {
  /** Looks at all leases and takes what the plan says; again and again. */
  readonly forever: Effect.Effect<never>
  /** Looks at the leases that were given to this worker; again and again. */
  readonly discovery: Effect.Effect<never>
  /** Children of a shard that was read to its end go on where it was, as far as the plan wants them here. */
  readonly follow: (children: ReadonlyArray<Lease>, stream: GroupStream) => Effect.Effect<void>
  /** Lets {@link forever} look at once. */
  readonly soon: Effect.Effect<void>
  /** Leases that need not be asked for: those that are worked on, and those of shards that were read to their ends. */
  readonly known: KnownLeases
  /** The leases of shards that can be read, as they were last seen. */
  readonly readable: () => ReadonlyArray<LeaseBalancer.PlannedLease>
}

/** A lease of a shard that can be read, as it is planned with and as it is. */
interface Candidate {
  readonly planned: LeaseBalancer.PlannedLease
  readonly lease: Lease
  readonly stream: GroupStream
}

interface State {
  readonly group: Group
  readonly tasks: ShardTasks
  readonly requests: HandoffRequests.Requests
  readonly upkeep: LeaseUpkeep.LeaseUpkeep
  /** Open when there is a reason to look at once. */
  readonly wanted: Effect.Latch
  readonly known: KnownLeases
  /** When the leases were last shared with success. */
  balancedAt: Moment
  /** They were shared with success once. */
  isBalanced: boolean
  /** How many of them were this worker's when the log last said so. */
  toldMine: number | undefined
  /** A lease is still to be asked for that its owner may not have found yet. */
  isAskingLater: boolean
}

const claimsAtOnce = 16

/** When one of this many claims fails others are claiming too: the leases are looked at again before more claims are made. */
const claimsBeforeLook = 50

/** How often a look is repeated at once, since what it saw has changed by what it led to. */
const mostLooks = 10

const nobody = Effect.succeed(undefined)

export const make = (group: Group, tasks: ShardTasks): Balancer => {
  const self: State = {
    group,
    tasks,
    requests: HandoffRequests.make(group),
    upkeep: LeaseUpkeep.make(group),
    wanted: Effect.unsafeMakeLatch(false),
    known: {
      has: (leaseKey) => {
        const seen = group.observed.view.get(leaseKey)
        return tasks.entries.has(leaseKey) || (seen !== undefined && isFinished(seen.lease))
      }
    },
    balancedAt: group.clocks.now(),
    isBalanced: false,
    toldMine: undefined,
    isAskingLater: false
  }
  return {
    forever: Effect.forever(balanceOnce(self)),
    discovery: Effect.forever(discoverOnce(self)),
    follow: (children, stream) => follow(self, children, stream),
    soon: Effect.asVoid(self.wanted.open),
    known: self.known,
    readable: () => candidates(self).map(({ planned }) => planned)
  }
}

const storeFailed = ({ group: { emit } }: State, error: LeaseStoreError): Effect.Effect<void> =>
  emit(failureEvent(error, undefined, 0))

/** As a plan sees a lease that anybody can take. */
const unowned = ({ leaseKey, shardId, streamIdentifier }: Lease): LeaseBalancer.PlannedLease => ({
  leaseKey,
  shardId,
  streamIdentifier,
  owner: undefined,
  handedOffBy: undefined,
  freeForMillis: 0
})

/** As a plan sees a lease: what this worker wrote last is newer than what it saw last. */
const planned = ({ group: { clocks, observed, settings }, requests, tasks }: State, lease: Lease) => {
  const { leaseKey } = lease
  const mine = tasks.entries.get(leaseKey)?.task.lease()
  const { checkpointOwner, leaseOwner } = mine !== undefined && mine.leaseCounter > lease.leaseCounter ? mine : lease
  const now = clocks.now().monotonic
  const seen = observed.view.get(leaseKey) ?? { lease, movedAt: now }
  const freeForMillis = mine === undefined ? LeaseView.freeForMillis(seen, now, settings.leaseMillis) : -1
  return freeForMillis >= 0
    ? { ...unowned(lease), freeForMillis }
    : {
      ...unowned(lease),
      owner: leaseOwner,
      handedOffBy: checkpointOwner,
      isSilent: requests.isSilent(leaseOwner)
    }
}

const candidates = (self: State): ReadonlyArray<Candidate> =>
  LeaseRepair.readable(ObservedLeases.all(self.group.observed), self.group.streams())
    .map(([lease, stream]) => ({ planned: planned(self, lease), lease, stream }))

const plan = (
  { group }: State,
  leases: ReadonlyArray<LeaseBalancer.PlannedLease>,
  maxLeases: number
): Effect.Effect<LeaseBalancer.Plan> => {
  const { settings: { leaseMillis, maxMoves }, worker } = group
  return Plans.make(group, { worker, leases, maxLeases, maxMoves, leaseMillis })
}

const roomLeft = ({ group, tasks }: State): number => Math.max(0, group.settings.maxLeases - tasks.entries.size)

// -----------------------------------------------------------------------------
// The look at all leases. It keeps the worker's promises and withdraws its
// requests, repairs the leases, and then shares them: claims, asks for hand-offs and
// lets go. First the promises, since others wait for them; then the repairs, since
// what is created is shared at once; a repair that fails still lets the rest be
// shared. It ends with the worker's run, before the shards are given up: nothing is
// to be claimed any more. A failure is waited out, unless it would come again or the
// leases have not been shared for too long; then the worker fails.
// -----------------------------------------------------------------------------

const balanceOnce = (self: State): Effect.Effect<void> =>
  Effect.suspend(() => {
    self.wanted.unsafeClose()
    return balance(self, 0)
  }).pipe(
    Effect.catchAll((error) => balanceFailed(self, error)),
    Effect.zipRight(untilNext(self))
  )

const balance = (self: State, looks: number): Effect.Effect<void, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const { observed } = self.group
    const streams = self.group.streams()
    const all = yield* self.isBalanced ? ObservedLeases.look(self.group) : awaitOthers(self)
    yield* keepPromises(self, all)
    yield* self.requests.withdraw(observed.view)
    const repairs = yield* Effect.either(self.upkeep.repaired(all))
    if (Either.isRight(repairs) && repairs.right && looks < mostLooks) return yield* balance(self, looks + 1)
    const seen = candidates(self)
    const plans = yield* plan(self, seen.map(({ planned }) => planned), self.group.settings.maxLeases)
    const isWon = yield* claimAll(self, chosen(seen, plans.claim))
    if (!isWon && looks < mostLooks) return yield* balance(self, looks + 1)
    yield* askFor(self, chosen(seen, plans.request))
    for (const key of plans.release) yield* self.tasks.entries.get(key)?.task.letGo(nobody, true) ?? Effect.void
    const counts = countsOf(self, seen)
    yield* self.group.emit(KinesisEvent.Balanced(counts))
    if (Either.isLeft(repairs)) return yield* Effect.fail(repairs.left)
    yield* logShare(self, counts)
    shared(self, streams)
    yield* self.upkeep.cleaned(all)
  })

/** Of many workers that start at once on an empty table few list the shards. */
const awaitOthers = ({ group }: State): Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError> =>
  Effect.gen(function*() {
    const all = yield* ObservedLeases.look(group)
    if (all.length > 0) return all
    yield* Effect.sleep(BalancingTimes.headStartMillis(group.settings, yield* Random.next))
    return yield* ObservedLeases.look(group)
  })

const chosen = (seen: ReadonlyArray<Candidate>, keys: ReadonlyArray<string>): ReadonlyArray<Candidate> => {
  const byKey = new Map(seen.map((each) => [each.lease.leaseKey, each]))
  return keys.flatMap((key) => byKey.get(key) ?? [])
}

const countsOf = ({ group: { worker }, tasks }: State, seen: ReadonlyArray<Candidate>) => {
  const workers = new Set(seen.flatMap(({ planned: { handedOffBy, owner } }) => [owner, handedOffBy, worker]))
  workers.delete(undefined)
  return { leases: seen.length, mine: tasks.entries.size, workers: workers.size }
}

type Counts = ReturnType<typeof countsOf>

/** Said when the leases were shared first, and when this worker has more or fewer than was said last. */
const logShare = (self: State, { leases, mine, workers }: Counts): Effect.Effect<void> => {
  const { settings: { application }, worker } = self.group
  if (mine === self.toldMine) return Effect.void
  const has = self.toldMine === undefined ? "has" : "now has"
  self.toldMine = mine
  const company = workers === 1 ? "the only worker" : `one of ${workers} workers`
  return Effect.logInfo(`${worker} ${has} ${mine} of ${leases} leases of ${application}, as ${company}`)
}

/** The leases of these streams were shared. */
const shared = (self: State, streams: ReadonlyArray<GroupStream>): void => {
  const { clocks, post } = self.group
  self.balancedAt = clocks.now()
  self.isBalanced = true
  self.upkeep.shared(streams)
  post({ _tag: "Balanced", streams })
}

const balanceFailed = (self: State, error: KinesisError | LeaseStoreError): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { clocks, emit, settings } = self.group
    const millisSinceLastListing = clocks.since(self.balancedAt)
    if (error._tag === "LeaseStoreError" || error.operation === "ListShards") {
      yield* emit(failureEvent(error, undefined, millisSinceLastListing))
    }
    const isGivenUp = isFatal(error) || isBeyondReach(self.group, error)
    if (isGivenUp || BalancingTimes.isStale(settings, millisSinceLastListing)) fail(self.group, error)
  })

/** At once when there is a reason, and soon while the first look has not succeeded, or somebody is still to be asked. */
const untilNext = (self: State): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { clocks, observed, settings } = self.group
    const millis = self.isAskingLater
      ? BalancingTimes.untilAskingMillis(settings)
      : BalancingTimes.untilLookMillis(settings, self.isBalanced, yield* Random.next)
    yield* Effect.timeoutOption(self.wanted.await, millis)
    yield* Effect.sleep(BalancingTimes.restMillis(settings, clocks.since(observed.at)))
  })

/** Lets go of a lease that is not worked on, if it is this worker's to let go. */
const release = ({ group: { leases } }: State, lease: Lease): Effect.Effect<void, LeaseStoreError> =>
  Effect.asVoid(Effect.catchTag(leases.release(lease, undefined), "LeaseLost", () => Effect.void))

/** What another was promised by this worker, which does not have it (any more): it waits for this worker's word. */
const keepPromises = (self: State, all: ReadonlyArray<Lease>): Effect.Effect<void, LeaseStoreError> =>
  Effect.forEach(
    all.filter((lease) =>
      lease.checkpointOwner === self.group.worker && !isFinished(lease) && !self.tasks.isBusy(lease.leaseKey)
    ),
    (lease) => release(self, lease),
    { discard: true }
  )

/** Claims until all are made, or one has failed. */
const claimAll = ({ tasks }: State, chosen: ReadonlyArray<Candidate>): Effect.Effect<boolean, LeaseStoreError> =>
  Effect.gen(function*() {
    for (let from = 0; from < chosen.length; from += claimsBeforeLook) {
      const won = yield* Effect.forEach(
        chosen.slice(from, from + claimsBeforeLook),
        ({ lease, stream }) => tasks.claim(lease, stream, lease.leaseOwner === undefined ? "free" : "expired"),
        { concurrency: claimsAtOnce }
      )
      if (won.includes(false)) return false
    }
    return true
  })

/**
 * A lease that was given to a worker a moment ago may not be taken yet: asked to hand it off, that worker would not find it any more, and
 * nobody would read the shard for as long as a lease lasts. Only who has it for longer than it takes to find it is asked.
 */
const askFor = (self: State, wanted: ReadonlyArray<Candidate>): Effect.Effect<void, LeaseStoreError> =>
  Effect.gen(function*() {
    const { clocks, observed, settings } = self.group
    const wishes = wanted.filter(({ planned: { owner } }) => !self.requests.isSilent(owner))
    const taken = wishes.filter(({ lease: { leaseKey } }) => {
      const ownedSince = observed.view.get(leaseKey)?.ownedSince ?? Infinity
      return BalancingTimes.isTaken(settings, clocks.now().monotonic - ownedSince)
    })
    yield* Effect.forEach(taken, (each) => ask(self, each), { discard: true })
    self.isAskingLater = taken.length < wishes.length
  })

const ask = (
  { group: { leases, worker } }: State,
  { lease, stream }: Candidate
): Effect.Effect<void, LeaseStoreError> =>
  Effect.flatMap(leases.requestHandoff(lease, worker), (asked) =>
    Option.isNone(asked) ? Effect.void : stream.emit(
      KinesisEvent.HandoffRequested({ shardId: lease.shardId, worker, owner: lease.leaseOwner ?? "" })
    ))

// -----------------------------------------------------------------------------
// Discovery. It asks for the leases that name this worker, more often than all are
// looked at, since a hand-off waits for it: what was given is taken, or let go when
// the plan does not want it or its stream is lost. It ends with the look at all
// leases. A failure is told of and waited out; the look decides when it is too much.
// -----------------------------------------------------------------------------

const discoverOnce = (self: State): Effect.Effect<void> =>
  discover(self).pipe(
    Effect.catchAll((error) => storeFailed(self, error)),
    Effect.zipRight(Effect.sleep(self.group.settings.discoveryMillis))
  )

/** What was given to this worker, and what is its own and nobody's work since it had lost it for a while. */
const discover = (self: State): Effect.Effect<void, LeaseStoreError> =>
  Effect.gen(function*() {
    const { leases, observed, streams, worker } = self.group
    const given = (yield* leases.owned(worker, self.known)).filter((lease) =>
      lease.checkpointOwner === undefined && !isFinished(lease) && !self.tasks.isBusy(lease.leaseKey)
    )
    if (given.length === 0) return
    const atOnce = { concurrency: claimsAtOnce, discard: true } as const
    const identifiers = new Set(streams().map(({ identifier }) => identifier))
    const ofLost = given.filter(({ streamIdentifier }) => !identifiers.has(streamIdentifier))
    yield* Effect.forEach(ofLost, (lease) => release(self, lease), atOnce)
    const keys = new Set(given.map((lease) => lease.leaseKey))
    const others = ObservedLeases.all(observed).filter(({ leaseKey }) => !keys.has(leaseKey))
    const readable = LeaseRepair.readable([...given, ...others], streams()).filter(([lease]) =>
      keys.has(lease.leaseKey)
    )
    const { claim } = yield* plan(self, readable.map(([lease]) => unowned(lease)), roomLeft(self))
    yield* Effect.forEach(
      readable,
      ([lease, stream]) =>
        claim.includes(lease.leaseKey) ? self.tasks.claim(lease, stream, "given") : release(self, lease),
      atOnce
    )
  })

const follow = (self: State, children: ReadonlyArray<Lease>, stream: GroupStream): Effect.Effect<void> =>
  Effect.gen(function*() {
    const due = LeaseRepair.goingOn(children, ObservedLeases.all(self.group.observed), stream)
    const { claim } = yield* plan(self, due.map(unowned), roomLeft(self))
    const wanted = due.filter(({ leaseKey }) => claim.includes(leaseKey))
    yield* Effect.forEach(wanted, (lease) => self.tasks.claim(lease, stream, "free"), { discard: true })
  }).pipe(
    Effect.catchAll((error) => storeFailed(self, error)),
    Effect.zipRight(self.wanted.open),
    Effect.asVoid
  )
