/**
 * How each write of a `LeaseStore` changes a row: for implementations whose table evaluates conditions itself, and that inspect the row
 * after a condition failed. `LeaseStore.fromTable` is all that other tables need.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Checkpoint from "./internal/lease/checkpoint.js"
import type { HashKeyRange } from "./KinesisApi.js"
import type { Lease, NewLease } from "./LeaseStore.js"
import type { Position } from "./Position.js"

/**
 * The outcome of a conditional write: another row; the same row, because an earlier attempt whose answer was lost has written it; or a
 * refusal, because the row is no longer as the writer believes.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | { readonly _tag: "Put"; readonly lease: Lease }
  | { readonly _tag: "Keep"; readonly lease: Lease }
  | { readonly _tag: "Delete" }
  | { readonly _tag: "Refuse"; readonly current: Lease | undefined }

/**
 * Decides a write from the current row.
 *
 * @since 0.1.0
 * @category models
 */
export type Write = (current: Lease | undefined) => Decision

/**
 * The row after the write; none if it was deleted or the write was refused.
 *
 * @since 0.1.0
 * @category accessors
 */
export const leaseOf = (decision: Decision): Option.Option<Lease> =>
  "lease" in decision ? Option.some(decision.lease) : Option.none()

const put = (lease: Lease): Decision => ({ _tag: "Put", lease })
const keep = (lease: Lease): Decision => ({ _tag: "Keep", lease })
const refuse = (current: Lease | undefined): Decision => ({ _tag: "Refuse", current })

/**
 * The worker that may write to the lease: its owner, or, until a hand-off is complete, the worker that hands it off.
 *
 * @since 0.1.0
 * @category accessors
 */
export const holder = ({ checkpointOwner, leaseOwner }: Lease): string | undefined => checkpointOwner ?? leaseOwner

/**
 * The row is the holder's: unchanged, or one write further, which can only be the holder's own, since a write by any other worker takes the
 * lease away.
 */
const isHeld = (current: Lease | undefined, lease: Lease): current is Lease =>
  current !== undefined && holder(lease) !== undefined && holder(current) === holder(lease) &&
  (current.leaseCounter === lease.leaseCounter || current.leaseCounter === lease.leaseCounter + 1)

const isWritten = (current: Lease, lease: Lease): boolean => current.leaseCounter === lease.leaseCounter + 1

/**
 * The row of a new lease, which nobody owns.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unowned = (lease: NewLease): Lease => ({
  ...lease,
  leaseOwner: undefined,
  leaseCounter: 0,
  ownerSwitchesSinceCheckpoint: 0,
  checkpointOwner: undefined,
  childShardIds: [],
  throughputKBps: undefined
})

/**
 * Creates a lease; refused if it already exists.
 *
 * @since 0.1.0
 * @category writes
 */
export const create = (lease: NewLease): Write => (current) =>
  current === undefined ? put(unowned(lease)) : refuse(current)

/**
 * Gives the lease to this worker, whoever has it, if its counter has not changed.
 *
 * @since 0.1.0
 * @category writes
 */
export const claim = (lease: Lease, worker: string): Write => (current) => {
  if (current === undefined) return refuse(current)
  if (isWritten(current, lease) && current.leaseOwner === worker && current.checkpointOwner === undefined) {
    return keep(current)
  }
  if (current.leaseCounter !== lease.leaseCounter) return refuse(current)
  return put({
    ...current,
    leaseOwner: worker,
    checkpointOwner: undefined,
    leaseCounter: current.leaseCounter + 1,
    ownerSwitchesSinceCheckpoint: current.ownerSwitchesSinceCheckpoint + (current.leaseOwner === worker ? 0 : 1)
  })
}

/**
 * Asks the owner to hand the lease off to this worker; the owner remains the holder until it has released the lease.
 *
 * @since 0.1.0
 * @category writes
 */
export const requestHandoff = (lease: Lease, worker: string): Write => (current) => {
  if (current === undefined || lease.leaseOwner === undefined) return refuse(current)
  if (current.leaseOwner === worker && current.checkpointOwner === lease.leaseOwner) return keep(current)
  return current.leaseOwner === lease.leaseOwner && current.checkpointOwner === undefined && worker !== lease.leaseOwner
    ? put({ ...current, leaseOwner: worker, checkpointOwner: lease.leaseOwner })
    : refuse(current)
}

/**
 * Names the owner in the row again, at any counter. A hand-off that was completed meanwhile is not undone.
 *
 * @since 0.1.0
 * @category writes
 */
export const withdrawHandoff = (lease: Lease, worker: string): Write => (current) => {
  const owner = lease.checkpointOwner
  if (current === undefined || owner === undefined) return refuse(current)
  if (current.leaseOwner === owner && current.checkpointOwner === undefined) return keep(current)
  return current.leaseOwner === worker && current.checkpointOwner === owner
    ? put({ ...current, leaseOwner: owner, checkpointOwner: undefined })
    : refuse(current)
}

/**
 * The heartbeat: increments the counter.
 *
 * @since 0.1.0
 * @category writes
 */
export const renew = (lease: Lease): Write => (current) => {
  if (!isHeld(current, lease)) return refuse(current)
  if (isWritten(current, lease)) return keep(current)
  return put({
    ...current,
    leaseCounter: current.leaseCounter + 1,
    throughputKBps: lease.throughputKBps ?? current.throughputKBps
  })
}

const advance = (
  current: Lease,
  lease: Lease,
  checkpoint: Position,
  childShardIds: ReadonlyArray<string>
): Decision => {
  const goesBack = Checkpoint.compare(checkpoint, current.checkpoint) < 0
  if (isWritten(current, lease) && (goesBack || Checkpoint.isSame(current.checkpoint, checkpoint))) return keep(current)
  return put({
    ...current,
    leaseCounter: current.leaseCounter + 1,
    checkpoint: goesBack ? current.checkpoint : checkpoint,
    childShardIds: childShardIds.length === 0 ? current.childShardIds : childShardIds,
    ownerSwitchesSinceCheckpoint: 0
  })
}

/**
 * Stores a position. A position before the stored one changes nothing but the counter.
 *
 * @since 0.1.0
 * @category writes
 */
export const checkpoint = (lease: Lease, position: Position): Write => (current) =>
  isHeld(current, lease) ? advance(current, lease, position, []) : refuse(current)

/**
 * Stores the shard's end, with the shards that follow it.
 *
 * @since 0.1.0
 * @category writes
 */
export const finish = (lease: Lease, childShardIds: ReadonlyArray<string>): Write => (current) =>
  isHeld(current, lease) ? advance(current, lease, { _tag: "ShardEnd" }, childShardIds) : refuse(current)

/**
 * Gives the lease to the worker that requested it, otherwise to this successor, otherwise to nobody.
 *
 * @since 0.1.0
 * @category writes
 */
export const release = (lease: Lease, successor: string | undefined): Write => (current) => {
  if (current === undefined) return refuse(current)
  const given = lease.checkpointOwner === undefined ? successor : lease.leaseOwner
  const isGiven = current.leaseOwner === given && current.checkpointOwner === undefined
  if (isWritten(current, lease) && isGiven && given !== holder(lease)) return keep(current)
  if (!isHeld(current, lease)) return refuse(current)
  const next = current.checkpointOwner === undefined ? successor : current.leaseOwner
  return put({
    ...current,
    leaseOwner: next,
    checkpointOwner: undefined,
    leaseCounter: current.leaseCounter + 1,
    ownerSwitchesSinceCheckpoint: current.ownerSwitchesSinceCheckpoint +
      (current.checkpointOwner === undefined && next !== undefined && next !== current.leaseOwner ? 1 : 0)
  })
}

/**
 * The row of a lease that starts over: the former holder is refused, since the counter keeps growing.
 *
 * @since 0.1.0
 * @category writes
 */
export const reset = (lease: Lease, anew: NewLease): Write => (current) => {
  if (current === undefined) return refuse(current)
  const next: Lease = { ...unowned(anew), leaseKey: current.leaseKey, leaseCounter: lease.leaseCounter + 1 }
  if (isWritten(current, lease) && isSameRow(current, next)) return keep(current)
  return current.leaseCounter === lease.leaseCounter ? put(next) : refuse(current)
}

const isSameRow = (a: Lease, b: Lease): boolean =>
  a.leaseOwner === b.leaseOwner && a.checkpointOwner === b.checkpointOwner &&
  Checkpoint.isSame(a.checkpoint, b.checkpoint) && a.childShardIds.length === b.childShardIds.length &&
  a.hashKeyRange?.startingHashKey === b.hashKeyRange?.startingHashKey &&
  a.hashKeyRange?.endingHashKey === b.hashKeyRange?.endingHashKey

/**
 * Adds what is known about the shard, whoever has the lease; the counter does not change.
 *
 * @since 0.1.0
 * @category writes
 */
export const annotate = (
  { childShardIds, hashKeyRange }: {
    readonly childShardIds?: ReadonlyArray<string> | undefined
    readonly hashKeyRange?: HashKeyRange | undefined
  }
): Write =>
(current) =>
  current === undefined ? refuse(current) : put({
    ...current,
    childShardIds: childShardIds ?? current.childShardIds,
    hashKeyRange: hashKeyRange ?? current.hashKeyRange
  })

/**
 * Deletes the row, if its counter has not changed.
 *
 * @since 0.1.0
 * @category writes
 */
export const remove = (lease: Lease): Write => (current) =>
  current === undefined || current.leaseCounter === lease.leaseCounter ? { _tag: "Delete" } : refuse(current)
