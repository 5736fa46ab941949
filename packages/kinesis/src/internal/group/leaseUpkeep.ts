import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { isTransient, type KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as BalancingTimes from "../lease/balancingTimes.js"
import type { Moment } from "./clocks.js"
import * as FormerLife from "./formerLife.js"
import { failureEvent, type Group, isFatal } from "./group.js"
import * as LeaseRepair from "./leaseRepair.js"
import * as ObservedLeases from "./observedLeases.js"
import { isLostByListing } from "./streamLoss.js"
import type { GroupStream } from "./streams.js"

/** Keeps the leases in step with the shards of their streams. */
export interface LeaseUpkeep {
  /** Resets leases that contradict their stream, and creates missing ones; returns whether anything changed. */
  readonly repaired: (all: ReadonlyArray<Lease>) => Effect.Effect<boolean, KinesisError | LeaseStoreError>
  /** Deletes leases that are no longer needed, when a cleanup is due. */
  readonly cleaned: (all: ReadonlyArray<Lease>) => Effect.Effect<void, KinesisError | LeaseStoreError>
  /** The shards of these streams were balanced. */
  readonly shared: (streams: ReadonlyArray<GroupStream>) => void
}

interface State {
  readonly group: Group
  readonly formerLife: FormerLife.FormerLife
  /** When the shards of a stream were last listed because leases were missing. */
  readonly repairedAt: WeakMap<GroupStream, Moment>
  /** The streams whose shards were balanced before. */
  readonly shared: WeakSet<GroupStream>
  cleanedAt: Moment
  /** How many consecutive scans have seen that leases are missing. */
  holesInARow: number
}

export const make = (group: Group): LeaseUpkeep => {
  const self: State = {
    group,
    formerLife: FormerLife.make(group),
    repairedAt: new WeakMap(),
    shared: new WeakSet(),
    cleanedAt: group.clocks.now(),
    holesInARow: 0
  }
  return {
    repaired: (all) =>
      Effect.zipWith(correct(self, all), fill(self, all), (isCorrected, isFilled) => isCorrected || isFilled),
    cleaned: (all) => clean(self, all),
    shared: (streams) => {
      for (const stream of streams) self.shared.add(stream)
    }
  }
}

/** A listing that fails because its stream is lost does not affect the others. */
const unlessLost = <A>(
  { group }: State,
  stream: GroupStream,
  listing: Effect.Effect<A, KinesisError | LeaseStoreError>,
  otherwise: A
): Effect.Effect<A, KinesisError | LeaseStoreError> =>
  Effect.catchIf(
    listing,
    isLostByListing,
    (error) =>
      Effect.flatMap(group.lose(stream, error), (isLost) => isLost ? Effect.succeed(otherwise) : Effect.fail(error))
  )

/** Resets leases that contradict their stream. */
const correct = (self: State, all: ReadonlyArray<Lease>): Effect.Effect<boolean, KinesisError | LeaseStoreError> =>
  Effect.map(
    Effect.forEach(self.group.streams(), (stream) =>
      unlessLost(
        self,
        stream,
        Effect.catchIf(
          self.formerLife.repaired(stream, LeaseRepair.ofStream(all, stream), LeaseRepair.isIncomplete(all, stream)),
          (error) => !isFatal(error),
          (error) => Effect.as(stream.emit(failureEvent(error, error.shardId, 0)), false)
        ),
        true
      )),
    (changes) => changes.includes(true)
  )

/** Creates missing leases if the shards with leases do not cover every hash key. */
const fill = (self: State, all: ReadonlyArray<Lease>): Effect.Effect<boolean, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const { clocks, observed, settings, streams } = self.group
    const incomplete = streams().filter((stream) => LeaseRepair.isIncomplete(all, stream))
    const wasShared = incomplete.every((stream) => self.shared.has(stream))
    self.holesInARow = BalancingTimes.holesInARow(self.holesInARow, incomplete.length > 0)
    if (!BalancingTimes.isHoleBelieved(self.holesInARow, wasShared)) return false
    const due = incomplete.filter((stream) => {
      const before = self.repairedAt.get(stream)
      return BalancingTimes.isRepairDue(settings, before === undefined ? undefined : clocks.since(before))
    })
    for (const stream of due) self.repairedAt.set(stream, clocks.now())
    if (wasShared) {
      const seen = ObservedLeases.all(observed)
      yield* Effect.forEach(
        due,
        (stream) => stream.emit(KinesisEvent.HoleFound({ open: LeaseRepair.readable(seen, [stream]).length }))
      )
    }
    const changes = yield* Effect.forEach(
      due,
      (stream) => unlessLost(self, stream, repair(self, all, stream), true)
    )
    return changes.includes(true)
  })

/** The first listing of a stream is not put off when it fails for a passing reason. */
const repair = (
  { group: { leases }, repairedAt, shared }: State,
  all: ReadonlyArray<Lease>,
  stream: GroupStream
): Effect.Effect<boolean, KinesisError | LeaseStoreError> =>
  Effect.tapError(LeaseRepair.repair(leases, all, stream), (error) =>
    Effect.sync(() => {
      if (isTransient(error) && !shared.has(stream)) repairedAt.delete(stream)
    }))

const clean = (self: State, all: ReadonlyArray<Lease>): Effect.Effect<void, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const { clocks, leases, settings, streams } = self.group
    if (!BalancingTimes.isCleanupDue(settings, clocks.since(self.cleanedAt), yield* Random.next)) return
    self.cleanedAt = clocks.now()
    yield* Effect.forEach(
      streams(),
      (stream) => unlessLost(self, stream, LeaseRepair.cleanUp(leases, all, stream), undefined),
      { discard: true }
    )
  })
