import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type * as LeaseBalancer from "../../LeaseBalancer.js"
import { isFinished, type KnownLeases, type Lease } from "../../LeaseStore.js"
import * as LeaseView from "../lease/leaseView.js"
import type { Instant } from "./clocks.js"
import * as FormerLife from "./formerLife.js"
import { type Group, isFatal } from "./group.js"
import * as HandoffRequests from "./handoffRequests.js"
import * as LeaseRepair from "./leaseRepair.js"
import * as Plans from "./plans.js"
import type { Held } from "./shardTasks.js"
import { isLostByListing } from "./streamLoss.js"
import type { GroupStream } from "./streams.js"

/** A lease as it is planned with, as it is, and its stream. */
type Known = readonly [LeaseBalancer.PlannedLease, Lease, GroupStream]

export interface Balancing {
  /** Looks at all leases and takes what the plan says; again and again. */
  readonly forever: Effect.Effect<never>
  /** Looks at the leases that were given to this worker; again and again. */
  readonly discovery: Effect.Effect<never>
  /** Children of a shard that was read to its end go on where it was, as far as the plan wants them here. */
  readonly goOn: (children: ReadonlyArray<Lease>, stream: GroupStream) => Effect.Effect<void>
  /** Lets {@link forever} look at once. */
  readonly soon: Effect.Effect<void>
  /** Looks at all leases. */
  readonly look: Effect.Effect<unknown, KinesisError>
  /** All leases, as they were last seen. */
  readonly leases: () => ReadonlyArray<Lease>
  /** Leases that need not be asked for: those that are worked on, and those of shards that were read to their ends. */
  readonly known: KnownLeases
  /** The leases of shards that can be read, as they were last seen. */
  readonly seen: () => ReadonlyArray<LeaseBalancer.PlannedLease>
}

const claimsAtOnce = 16

/** Where one of so many claims fails others are claiming too: their claims are looked at before more are made. */
const claimsBeforeLook = 50

/** The least time between two looks, in milliseconds: in a large reshard there are many reasons to look. */
const leastMillis = 1_000

/** How often a look is repeated at once, since what it saw has changed by what it led to. */
const mostLooks = 10

/** A hole is believed when it is seen so often in a row: another worker may be writing. */
const confidence = 2

const nobody = Effect.succeed(undefined)

const jittered = (millis: number): Effect.Effect<number> =>
  Effect.map(Random.next, (random) => Math.round(millis * (0.8 + 0.4 * random)))

export const make = (
  group: Group,
  held: () => Held,
  onBalanced: Effect.Effect<void>,
  onReady: (leaseKey: string) => Effect.Effect<void>
): Balancing => {
  const { clocks, emit, fail, leases, settings, streams, worker } = group
  const wanted = Effect.unsafeMakeLatch(false)
  const requests = HandoffRequests.make(group)
  const formerLife = FormerLife.make(group)
  let view = LeaseView.empty
  let lookedAt = clocks.now()
  let balancedAt = clocks.now()
  let cleanedAt = clocks.now()
  const repairedAt = new WeakMap<GroupStream, Instant>()
  let holesInARow = 0
  let isBalanced = false
  /** Those whose shards were shared before. */
  const balanced = new WeakSet<GroupStream>()
  let isAskingLater = false
  const takingMillis = Math.min(2 * settings.discoveryMillis, settings.leaseMillis)

  const storeFailed = (error: KinesisError) =>
    emit(KinesisEvent.LeaseStoreFailed({ operation: error.operation, shardId: undefined, error }))

  const claim = (lease: Lease, stream: GroupStream, because: "free" | "expired" | "given") =>
    held().claim(lease, stream, because, () => onReady(lease.leaseKey))

  const planned = (lease: Lease): LeaseBalancer.PlannedLease => {
    const { leaseKey, shardId, streamIdentifier } = lease
    const mine = held().tasks.get(leaseKey)?.task.lease()
    const { checkpointOwner, leaseOwner } = mine !== undefined && mine.leaseCounter > lease.leaseCounter ? mine : lease
    const now = clocks.now().monotonic
    const seen = view.get(leaseKey) ?? { lease, movedAt: now }
    const freeForMillis = mine === undefined ? LeaseView.freeForMillis(seen, now, settings.leaseMillis) : -1
    return freeForMillis >= 0
      ? { leaseKey, shardId, streamIdentifier, owner: undefined, handedOffBy: undefined, freeForMillis }
      : {
        leaseKey,
        shardId,
        streamIdentifier,
        owner: leaseOwner,
        handedOffBy: checkpointOwner,
        freeForMillis: 0,
        isSilent: requests.isSilent(leaseOwner)
      }
  }

  const all = (): ReadonlyArray<Lease> => [...view.values()].map(({ lease }) => lease)
  const knownLeases: KnownLeases = {
    has: (leaseKey) => {
      const seen = view.get(leaseKey)
      return held().tasks.has(leaseKey) || (seen !== undefined && isFinished(seen.lease))
    }
  }
  const roomLeft = () => Math.max(0, settings.maxLeases - held().tasks.size)
  const unowned = ({ leaseKey, shardId, streamIdentifier }: Lease): LeaseBalancer.PlannedLease => ({
    leaseKey,
    shardId,
    streamIdentifier,
    owner: undefined,
    handedOffBy: undefined,
    freeForMillis: 0
  })

  const known = (): ReadonlyArray<Known> =>
    LeaseRepair.readable(all(), streams())
      .map(([lease, stream]) => [planned(lease), lease, stream])

  const plan = (leases: ReadonlyArray<LeaseBalancer.PlannedLease>, maxLeases = settings.maxLeases) =>
    Plans.make(group, { worker, leases, maxLeases, maxMoves: settings.maxMoves, leaseMillis: settings.leaseMillis })

  const look = Effect.gen(function*() {
    const all = yield* leases.list
    lookedAt = clocks.now()
    view = LeaseView.observe(view, all, lookedAt.monotonic)
    return all
  })

  /** Of many workers that start at once on an empty table few list the shards. */
  const awaitOthers = Effect.gen(function*() {
    const all = yield* look
    if (all.length > 0) return all
    yield* Effect.sleep(Math.round((yield* Random.next) * Math.min(1_000, settings.balanceMillis / 10)))
    return yield* look
  })

  /** What a listing tells of a stream that is lost leaves the others alone. */
  const unlessLost = <A>(stream: GroupStream, listing: Effect.Effect<A, KinesisError>, otherwise: A) =>
    Effect.catchIf(
      listing,
      isLostByListing,
      (error) =>
        Effect.flatMap(group.lose(stream, error), (isLost) => isLost ? Effect.succeed(otherwise) : Effect.fail(error))
    )

  /** Creates what is missing when the shards that have leases do not take every hash key. */
  const repaired = (all: ReadonlyArray<Lease>) =>
    Effect.gen(function*() {
      const incomplete = streams().filter((stream) => LeaseRepair.isIncomplete(all, stream))
      const isOld = incomplete.every((stream) => balanced.has(stream))
      holesInARow = incomplete.length === 0 ? 0 : holesInARow + 1
      if (incomplete.length === 0 || (isOld && holesInARow < confidence)) return false
      const due = incomplete.filter((stream) => {
        const before = repairedAt.get(stream)
        return before === undefined || clocks.since(before) >= settings.listMillis
      })
      for (const stream of due) repairedAt.set(stream, clocks.now())
      if (isOld) {
        yield* Effect.forEach(due, (stream) => stream.emit(KinesisEvent.HoleFound({ open: known().length })))
      }
      const changes = yield* Effect.forEach(
        due,
        (stream) => unlessLost(stream, LeaseRepair.repair(leases, all, stream), true)
      )
      return changes.includes(true)
    })

  /** Begins anew what contradicts its stream. */
  const corrected = (all: ReadonlyArray<Lease>) =>
    Effect.map(
      Effect.forEach(streams(), (stream) =>
        unlessLost(
          stream,
          Effect.catchIf(
            formerLife.repaired(stream, LeaseRepair.ofStream(all, stream), LeaseRepair.isIncomplete(all, stream)),
            (error) => !isFatal(error),
            (error) => Effect.as(stream.emit(KinesisEvent.ListingFailed({ error, millisSinceLastListing: 0 })), false)
          ),
          true
        )),
      (changes) => changes.includes(true)
    )

  const cleaned = (all: ReadonlyArray<Lease>) =>
    Effect.gen(function*() {
      if (clocks.since(cleanedAt) < (yield* jittered(settings.cleanupMillis))) return
      cleanedAt = clocks.now()
      yield* Effect.forEach(
        streams(),
        (stream) => unlessLost(stream, LeaseRepair.cleanUp(leases, all, stream), undefined),
        { discard: true }
      )
    })

  /** Lets go of a lease that is not worked on, if it is this worker's to let go. */
  const release = (lease: Lease) =>
    Effect.asVoid(Effect.catchTag(leases.release(lease, undefined), "LeaseLost", () => Effect.void))

  /** What another was promised by this worker, which does not have it (any more): it waits for this worker's word. */
  const keepPromises = (all: ReadonlyArray<Lease>) =>
    Effect.forEach(
      all.filter((lease) => lease.checkpointOwner === worker && !isFinished(lease) && !held().isBusy(lease.leaseKey)),
      release,
      { discard: true }
    )

  /** Claims until all are made, or one has failed. */
  const claimAll = (chosen: ReadonlyArray<Known>) =>
    Effect.gen(function*() {
      for (let from = 0; from < chosen.length; from += claimsBeforeLook) {
        const won = yield* Effect.forEach(
          chosen.slice(from, from + claimsBeforeLook),
          ([, lease, stream]) => claim(lease, stream, lease.leaseOwner === undefined ? "free" : "expired"),
          { concurrency: claimsAtOnce }
        )
        if (won.includes(false)) return false
      }
      return true
    })

  const ask = ([, lease, stream]: Known) =>
    Effect.flatMap(leases.requestHandoff(lease, worker), (asked) =>
      Option.isNone(asked) ? Effect.void : stream.emit(
        KinesisEvent.HandoffRequested({ shardId: lease.shardId, worker, owner: lease.leaseOwner ?? "" })
      ))

  /**
   * A lease that was given to a worker a moment ago may not be taken yet: asked to hand it off, that worker would not find it any more, and
   * nobody would read the shard for as long as a lease lasts. Only who has it for longer than it takes to find it is asked.
   */
  const isTaken = ([, { leaseKey }]: Known) =>
    clocks.now().monotonic - (view.get(leaseKey)?.ownedSince ?? Infinity) >= takingMillis

  const balance = (looks: number): Effect.Effect<void, KinesisError> =>
    Effect.gen(function*() {
      const all = yield* isBalanced ? look : awaitOthers
      yield* keepPromises(all)
      yield* requests.withdraw(view)
      const repairs = yield* Effect.either(
        Effect.zipWith(corrected(all), repaired(all), (isCorrected, isRepaired) => isCorrected || isRepaired)
      )
      if (Either.isRight(repairs) && repairs.right && looks < mostLooks) return yield* balance(looks + 1)
      const entries = known()
      const byKey = new Map(entries.map((entry) => [entry[1].leaseKey, entry]))
      const chosen = (keys: ReadonlyArray<string>) =>
        keys.flatMap((key) => {
          const entry = byKey.get(key)
          return entry === undefined ? [] : [entry]
        })
      const { claim, release: unwanted, request } = yield* plan(entries.map(([lease]) => lease))
      if (!(yield* claimAll(chosen(claim))) && looks < mostLooks) return yield* balance(looks + 1)
      const wishes = chosen(request).filter(([{ owner }]) => !requests.isSilent(owner))
      const taken = wishes.filter(isTaken)
      yield* Effect.forEach(taken, ask, { discard: true })
      isAskingLater = taken.length < wishes.length
      for (const key of unwanted) yield* held().tasks.get(key)?.task.letGo(nobody, true) ?? Effect.void
      const workers = new Set(entries.flatMap(([{ handedOffBy, owner }]) => [owner, handedOffBy, worker]))
      workers.delete(undefined)
      const mine = held().tasks.size
      yield* emit(KinesisEvent.Balanced({ leases: entries.length, mine, workers: workers.size }))
      if (Either.isLeft(repairs)) return yield* Effect.fail(repairs.left)
      balancedAt = clocks.now()
      isBalanced = true
      for (const stream of streams()) balanced.add(stream)
      yield* onBalanced
      yield* cleaned(all)
    })

  const balanceFailed = (error: KinesisError) =>
    Effect.gen(function*() {
      const millisSinceLastListing = clocks.since(balancedAt)
      yield* error.operation === "ListShards"
        ? emit(KinesisEvent.ListingFailed({ error, millisSinceLastListing }))
        : storeFailed(error)
      if (isFatal(error) || millisSinceLastListing > settings.staleMillis) yield* fail(Cause.fail(error))
    })

  /** At once when there is a reason, and soon while the first look has not succeeded, or somebody is still to be asked. */
  const untilNext = Effect.suspend(() =>
    Effect.flatMap(
      isAskingLater
        ? Effect.succeed(Math.min(takingMillis, settings.balanceMillis))
        : jittered(isBalanced ? settings.balanceMillis : Math.min(1_000, settings.balanceMillis)),
      (millis) => Effect.timeoutOption(wanted.await, millis)
    ).pipe(
      Effect.zipRight(Effect.suspend(() =>
        Effect.sleep(Math.max(0, Math.ceil(Math.min(leastMillis, settings.balanceMillis) - clocks.since(lookedAt))))
      ))
    )
  )

  /** What was given to this worker, and what is its own and nobody's work since it had lost it for a while. */
  const discover = Effect.gen(function*() {
    const given = (yield* leases.owned(worker, knownLeases)).filter((lease) =>
      lease.checkpointOwner === undefined && !isFinished(lease) && !held().isBusy(lease.leaseKey)
    )
    if (given.length === 0) return
    const identifiers = new Set(streams().map(({ identifier }) => identifier))
    const ofLost = given.filter(({ streamIdentifier }) => !identifiers.has(streamIdentifier))
    yield* Effect.forEach(ofLost, release, { concurrency: claimsAtOnce, discard: true })
    const keys = new Set(given.map((lease) => lease.leaseKey))
    const known = all().filter(({ leaseKey }) => !keys.has(leaseKey))
    const readable = LeaseRepair.readable([...given, ...known], streams()).filter(([lease]) => keys.has(lease.leaseKey))
    const { claim: chosen } = yield* plan(readable.map(([lease]) => unowned(lease)), roomLeft())
    yield* Effect.forEach(readable, ([lease, stream]) =>
      chosen.includes(lease.leaseKey)
        ? claim(lease, stream, "given")
        : release(lease), {
      concurrency: claimsAtOnce,
      discard: true
    })
  })

  return {
    forever: Effect.suspend(() => {
      wanted.unsafeClose()
      return balance(0)
    }).pipe(
      Effect.catchAll(balanceFailed),
      Effect.zipRight(untilNext),
      Effect.forever
    ),
    discovery: discover.pipe(
      Effect.catchAll(storeFailed),
      Effect.zipRight(Effect.sleep(settings.discoveryMillis)),
      Effect.forever
    ),
    goOn: (children, stream) =>
      Effect.gen(function*() {
        const due = LeaseRepair.goingOn(children, all(), stream)
        const { claim: keys } = yield* plan(due.map(unowned), roomLeft())
        yield* Effect.forEach(due, (lease) =>
          keys.includes(lease.leaseKey) ? claim(lease, stream, "free") : Effect.void, { discard: true })
      }).pipe(
        Effect.catchAll(storeFailed),
        Effect.zipRight(wanted.open),
        Effect.asVoid
      ),
    soon: Effect.asVoid(wanted.open),
    look,
    leases: all,
    known: knownLeases,
    seen: () => known().map(([lease]) => lease)
  }
}
