import type { Lease } from "effect-kinesis/LeaseStore"
import { stream } from "../stream.js"

/** The streams of a fleet; most histories have the first one only. */
export const streams = [stream, "payments"] as const

/** Where a stream stands among them. */
export const placeOf = (name: string): number => name === streams[1] ? 1 : 0

/** A shard's name, which tells the stream too: the numbers of the second one's shards begin with 1. */
export const nameOf = (stream: string, shardId: string): string =>
  placeOf(stream) === 0 ? shardId : shardId.replace("-0", "-1")

/** Whether two shards, by those names, are of one stream. */
export const areOfOneStream = (one: string, other: string): boolean => one[8] === other[8]

/** A row of the lease table, with those names. */
export const renamed = (lease: Lease): Lease => {
  const [, stream = ""] = lease.streamIdentifier?.split(":") ?? []
  if (stream === "") return lease
  const name = (shardId: string) => nameOf(stream, shardId)
  const shardId = name(lease.shardId)
  return {
    ...lease,
    shardId,
    leaseKey: shardId,
    parentShardIds: lease.parentShardIds.map(name),
    childShardIds: lease.childShardIds.map(name)
  }
}
