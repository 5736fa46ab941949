import type { HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Lease } from "../../LeaseStore.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as Overlap from "../shard/overlap.js"
import * as Checkpoint from "./checkpoint.js"

/** A lease that says of its shard what cannot be: it is left of an earlier stream of the name, or was written by mistake. */
export interface Contradiction {
  readonly lease: Lease
  readonly shard: Shard
  /** What is said, in words. */
  readonly reason: string
}

const differs = (a: HashKeyRange, b: HashKeyRange): boolean => {
  const [left, right] = [Overlap.interval(a), Overlap.interval(b)]
  return left !== undefined && right !== undefined && (left[0] !== right[0] || left[1] !== right[1])
}

/** Why the lease contradicts the shard as it is listed; undefined when it does not. */
export const reasonOf = (
  { checkpoint, hashKeyRange }: Pick<Lease, "checkpoint" | "hashKeyRange">,
  shard: Shard
): string | undefined => {
  const { endingSequenceNumber, startingSequenceNumber } = shard
  if (checkpoint?._tag === "ShardEnd" && endingSequenceNumber === undefined) {
    return "its end is stored, and the shard is open"
  }
  if (hashKeyRange !== undefined && differs(hashKeyRange, shard.hashKeyRange)) {
    return "other hash keys are stored than the shard takes"
  }
  if (checkpoint === undefined || !("sequenceNumber" in checkpoint)) return undefined
  const { sequenceNumber } = checkpoint
  return SequenceNumber.compare(sequenceNumber, startingSequenceNumber) < 0
    ? `the record ${sequenceNumber} is stored, and the shard begins at ${startingSequenceNumber}`
    : endingSequenceNumber !== undefined && SequenceNumber.compare(sequenceNumber, endingSequenceNumber) > 0
    ? `the record ${sequenceNumber} is stored, and the shard ends at ${endingSequenceNumber}`
    : undefined
}

/** The leases of a stream that contradict the listing of its shards. */
export const find = (leases: ReadonlyArray<Lease>, shards: ReadonlyArray<Shard>): ReadonlyArray<Contradiction> => {
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]))
  return leases.flatMap((lease) => {
    const shard = byId.get(lease.shardId)
    const reason = shard && reasonOf(lease, shard)
    return shard === undefined || reason === undefined ? [] : [{ lease, shard, reason }]
  })
}

/**
 * Those that were seen before and are as they were: one look proves nothing, since a shard that has just come to its end may be listed as
 * open for a moment.
 */
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
