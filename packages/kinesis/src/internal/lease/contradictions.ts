import type { HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Lease } from "../../LeaseStore.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as Overlap from "../shard/overlap.js"
import { reachable } from "../shard/reachable.js"
import { parentsOf } from "../shard/shardGraph.js"
import * as Checkpoint from "./checkpoint.js"

/** A lease that says of its shard what cannot be: it is left of an earlier stream of the name, or was written by mistake. */
export interface Contradiction {
  readonly lease: Lease
  readonly shard: Shard
  /** What is said, in words. */
  readonly reason: string
  /** By what never changes of a shard. Whether it is open does, and a listing may be behind. */
  readonly isLasting: boolean
}

const differs = (a: HashKeyRange, b: HashKeyRange): boolean => {
  const [left, right] = [Overlap.interval(a), Overlap.interval(b)]
  return left !== undefined && right !== undefined && (left[0] !== right[0] || left[1] !== right[1])
}

type Reason = Pick<Contradiction, "reason" | "isLasting">

const lasting = (reason: string): Reason => ({ reason, isLasting: true })

/** Why the lease contradicts the shard as it is listed; undefined when it does not. */
export const reasonOf = (
  { checkpoint, hashKeyRange }: Pick<Lease, "checkpoint" | "hashKeyRange">,
  shard: Shard,
  hasChildren = false
): Reason | undefined => {
  const { endingSequenceNumber, startingSequenceNumber } = shard
  if (hashKeyRange !== undefined && differs(hashKeyRange, shard.hashKeyRange)) {
    return lasting("other hash keys are stored than the shard takes")
  }
  if (checkpoint?._tag === "ShardEnd" && endingSequenceNumber === undefined && !hasChildren) {
    return { reason: "its end is stored, and the shard is open", isLasting: false }
  }
  if (checkpoint === undefined || !("sequenceNumber" in checkpoint)) return undefined
  const { sequenceNumber } = checkpoint
  return SequenceNumber.compare(sequenceNumber, startingSequenceNumber) < 0
    ? lasting(`the record ${sequenceNumber} is stored, and the shard begins at ${startingSequenceNumber}`)
    : endingSequenceNumber !== undefined && SequenceNumber.compare(sequenceNumber, endingSequenceNumber) > 0
    ? lasting(`the record ${sequenceNumber} is stored, and the shard ends at ${endingSequenceNumber}`)
    : undefined
}

const endInDoubt = "its end is stored, as are places of an earlier stream of the name in other leases"

/** What tells that the table is of an earlier stream: an end that was stored by mistake has no children. */
const isOfAnotherLife = ({ isLasting, lease }: Contradiction): boolean => isLasting || lease.childShardIds.length > 0

/** Something of the shard as it is listed was read. */
const wasRead = ({ checkpoint }: Lease): boolean => checkpoint !== undefined && "sequenceNumber" in checkpoint

/**
 * The leases of a stream that contradict the listing of its shards. Beside one of another life no stored end is believed, unless a shard that
 * follows was read in this one; those come first, since what tells of the other life must not be gone before them. An end that was in doubt
 * before stays so: what follows may have been begun by it.
 */
export const find = (
  leases: ReadonlyArray<Lease>,
  shards: ReadonlyArray<Shard>,
  before: ReadonlyArray<Contradiction> = []
): ReadonlyArray<Contradiction> => {
  const parents = new Map(shards.map((shard) => [shard.shardId, parentsOf(shard)]))
  const closed = new Set([...parents.values()].flat())
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]))
  const known = leases.flatMap((lease) => {
    const shard = byId.get(lease.shardId)
    return shard === undefined ? [] : [{ lease, shard, ...reasonOf(lease, shard, closed.has(lease.shardId)) }]
  })
  const found = known.flatMap(({ isLasting, lease, reason, shard }): ReadonlyArray<Contradiction> =>
    reason === undefined ? [] : [{ lease, shard, reason, isLasting: isLasting === true }]
  )
  const evidence = found.filter(isOfAnotherLife)
  if (evidence.length === 0) return found
  const read = known.filter(({ lease, reason }) => reason === undefined && wasRead(lease))
  const vouchedFor = reachable(read.map(({ lease }) => lease.shardId), (shardId) => parents.get(shardId) ?? [])
  const inDoubt = new Set(before.filter(({ reason }) => reason === endInDoubt).map(({ lease }) => lease.leaseKey))
  const isLasting = evidence.some((each) => each.isLasting)
  const doubtful = known
    .filter(({ lease, reason }) =>
      reason === undefined && lease.checkpoint?._tag === "ShardEnd" &&
      (!vouchedFor.has(lease.shardId) || inDoubt.has(lease.leaseKey))
    )
    .map(({ lease, shard }): Contradiction => ({ lease, shard, reason: endInDoubt, isLasting }))
  return [...doubtful, ...found]
}

/** Those that were seen before and are as they were: a shard that has just come to its end may be listed as open for a moment. */
export const confirmed = (
  before: ReadonlyArray<Contradiction>,
  now: ReadonlyArray<Contradiction>
): ReadonlyArray<Contradiction> => {
  const earlier = new Map(before.map((each) => [each.lease.leaseKey, each]))
  return now.filter(({ lease, reason }) => {
    const seen = earlier.get(lease.leaseKey)
    return seen?.reason === reason && Checkpoint.isSame(seen.lease.checkpoint, lease.checkpoint)
  })
}
