import type { HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Lease } from "../../LeaseStore.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as Overlap from "../shard/overlap.js"
import { reachable } from "../shard/reachable.js"
import { parentsOf } from "../shard/shardGraph.js"
import * as Checkpoint from "./checkpoint.js"

/** A lease that contradicts its shard: it is left over from an earlier stream of the same name, or was written by mistake. */
export interface Contradiction {
  readonly lease: Lease
  readonly shard: Shard
  /** The contradiction in words. */
  readonly reason: string
  /** Whether it concerns something that never changes about a shard. Whether a shard is open does change, and a listing may be behind. */
  readonly isLasting: boolean
}

const differs = (a: HashKeyRange, b: HashKeyRange): boolean => {
  const [left, right] = [Overlap.interval(a), Overlap.interval(b)]
  return left !== undefined && right !== undefined && (left[0] !== right[0] || left[1] !== right[1])
}

type Reason = Pick<Contradiction, "reason" | "isLasting">

/**
 * Where a closed shard ends; undefined if that is not known. Some emulators end every closed shard at the highest 64-bit number, which lies
 * before each record: such a number says only that the shard is closed.
 */
const endOf = ({ endingSequenceNumber, startingSequenceNumber }: Shard): string | undefined =>
  endingSequenceNumber === undefined || SequenceNumber.compare(endingSequenceNumber, startingSequenceNumber) < 0
    ? undefined
    : endingSequenceNumber

const lasting = (reason: string): Reason => ({ reason, isLasting: true })

/** Why the lease contradicts the listed shard; undefined if it does not. */
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
  const end = endOf(shard)
  return SequenceNumber.compare(sequenceNumber, startingSequenceNumber) < 0
    ? lasting(`the record ${sequenceNumber} is stored, and the shard begins at ${startingSequenceNumber}`)
    : end !== undefined && SequenceNumber.compare(sequenceNumber, end) > 0
    ? lasting(`the record ${sequenceNumber} is stored, and the shard ends at ${end}`)
    : undefined
}

const endInDoubt = "its end is stored, as are places of an earlier stream of the name in other leases"

/** Whether this shows that the table belongs to an earlier stream: an end that was stored by mistake has no children. */
const isOfAnotherLife = ({ isLasting, lease }: Contradiction): boolean => isLasting || lease.childShardIds.length > 0

/** Something of the listed shard was read. */
const wasRead = ({ checkpoint }: Lease): boolean => checkpoint !== undefined && "sequenceNumber" in checkpoint

/**
 * The leases of a stream that contradict the listing of its shards. If any lease is from another life of the stream, no stored end is
 * believed, unless a shard that follows was read in this life. Doubted ends come first, since the evidence of the other life must not
 * disappear before they are repaired. An end that was in doubt before remains so: its successors may have been begun because of it.
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

/** Those that were seen before and have not changed: a shard that has just reached its end may be listed as open for a moment. */
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
