import type { HashKeyRange, Shard } from "../../KinesisApi.js"
import type { Lease } from "../../LeaseStore.js"
import type { Position } from "../../Position.js"
import * as Overlap from "../shard/overlap.js"
import { reachable } from "../shard/reachable.js"
import { parentsOf } from "../shard/shardGraph.js"
import * as ShardOrder from "./shardOrder.js"

/** A shard that needs a lease, and where it is to begin. */
export interface Missing {
  readonly shard: Shard
  readonly checkpoint: Position
}

type KnownLease = Pick<Lease, "shardId" | "checkpoint" | "parentShardIds">

const trimHorizon: Position = { _tag: "TrimHorizon" }

const isFinished = (lease: KnownLease | undefined): boolean => lease?.checkpoint?._tag === "ShardEnd"

const intervalsOf = (shards: ReadonlyArray<Pick<Shard, "hashKeyRange">>): ReadonlyArray<Overlap.Interval> =>
  shards.flatMap(({ hashKeyRange }) => {
    const interval = Overlap.interval(hashKeyRange)
    return interval === undefined ? [] : [interval]
  })

/** The open shards of a stream cover every hash key at any time: if they do not, the listing is incomplete. */
export const isWhole = (shards: ReadonlyArray<Shard>): boolean =>
  Overlap.isCovered(Overlap.whole, intervalsOf(shards.filter((shard) => shard.endingSequenceNumber === undefined)))

/** Whether these cover every hash key of the shard that they follow. */
export const areAll = (
  range: HashKeyRange,
  children: ReadonlyArray<Pick<Shard, "hashKeyRange">>
): boolean => {
  const interval = Overlap.interval(range)
  return interval !== undefined && Overlap.isCovered(interval, intervalsOf(children))
}

/** The listing shows the shard as open, and no shard that follows it. */
export const isOpen = (shardId: string, shards: ReadonlyArray<Shard>): boolean =>
  shards.some((shard) => shard.shardId === shardId && shard.endingSequenceNumber === undefined) &&
  !shards.some((shard) => parentsOf(shard).includes(shardId))

/**
 * The shards that follow one that has reached its end; undefined if the listing cannot tell because it is behind or incomplete. If the
 * shard itself is no longer listed, some of its children may be gone, too.
 */
export const childrenOf = (
  shardId: string,
  known: HashKeyRange | undefined,
  shards: ReadonlyArray<Shard>
): ReadonlyArray<Shard> | undefined => {
  const listed = shards.find((shard) => shard.shardId === shardId)
  const range = listed?.hashKeyRange ?? known
  const children = shards.filter((shard) => parentsOf(shard).includes(shardId))
  if (range !== undefined && areAll(range, children)) return children
  return listed === undefined && isWhole(shards) ? children : undefined
}

/**
 * The leases that are missing so that every record is read once: the first generation of the shards that no lease leads to. Their
 * descendants get theirs at the end of their parents. Ancestors of a shard with a lease were read before, so every descendant of one is
 * read from its beginning; a shard that is not related to any lease begins at `start`. In an incomplete listing, a missing parent may still
 * have to be read.
 */
export const missing = (
  shards: ReadonlyArray<Shard>,
  leases: ReadonlyArray<KnownLease>,
  start: Position
): ReadonlyArray<Missing> => {
  const leaseOf = new Map(leases.map((lease) => [lease.shardId, lease]))
  const parents = new Map<string, ReadonlyArray<string>>(leases.map((lease) => [lease.shardId, lease.parentShardIds]))
  for (const shard of shards) parents.set(shard.shardId, parentsOf(shard))
  const before = reachable(leaseOf.keys(), (shardId) => parents.get(shardId) ?? [])
  const listed = new Set(shards.map((shard) => shard.shardId))
  const isPart = !isWhole(shards)
  const isUnread = (shardId: string): boolean => !leaseOf.has(shardId) && !before.has(shardId)
  const isAhead = (parent: string): boolean =>
    leaseOf.has(parent) ? !isFinished(leaseOf.get(parent)) : (isPart || listed.has(parent)) && isUnread(parent)
  /** If there are leases, an unknown parent may have descended from one of their shards. */
  const wasRead = (parent: string): boolean =>
    leaseOf.has(parent) || before.has(parent) || (leases.length > 0 && !listed.has(parent))
  return shards
    .filter((shard) => isUnread(shard.shardId) && !parentsOf(shard).some(isAhead))
    .map((shard) => ({
      shard,
      checkpoint: parentsOf(shard).some(wasRead) ? trimHorizon : start
    }))
}

/**
 * Whether the shards that are still to be read cover every hash key, so that no record can go unread: `"unknown"` if the range of one is
 * not known.
 */
export const coverage = (
  leases: ReadonlyArray<Pick<Lease, "checkpoint" | "hashKeyRange">>
): "complete" | "hole" | "unknown" => {
  const intervals: Array<Overlap.Interval> = []
  for (const { checkpoint, hashKeyRange } of leases) {
    if (checkpoint?._tag === "ShardEnd") continue
    const interval = hashKeyRange && Overlap.interval(hashKeyRange)
    if (interval === undefined) return "unknown"
    intervals.push(interval)
  }
  return Overlap.isCovered(Overlap.whole, intervals) ? "complete" : "hole"
}

/** The shard may be read: the leases of its parents, if there are any, have reached their ends. */
export const isReadable = (
  lease: Pick<Lease, "parentShardIds">,
  byShard: (shardId: string) => KnownLease | undefined
): boolean =>
  lease.parentShardIds.every((parent) => {
    const known = byShard(parent)
    return known === undefined || isFinished(known)
  })

/**
 * The leases of a stream's shards that may be read now: those that are not read to their ends, whose parents are, and that wait for no
 * older shard with some of their hash keys, whatever the lineage says.
 */
export const readable = <A extends ShardOrder.Placed>(leases: ReadonlyArray<A>): ReadonlyArray<A> => {
  const byShard = new Map(leases.map((lease) => [lease.shardId, lease]))
  const waiting = ShardOrder.waiting(leases)
  return leases.filter((lease) =>
    !isFinished(lease) && !waiting.has(lease.shardId) && isReadable(lease, (shardId) => byShard.get(shardId))
  )
}

/**
 * Whether a shard gets its lease at the end of this parent: not while the other parent is still to get its own, since a parent without a
 * lease counts as read. In that case it gets its lease at the other parent's end.
 */
export const isDue = (
  parentShardIds: ReadonlyArray<string>,
  ended: string,
  byShard: (shardId: string) => KnownLease | undefined,
  listed: ReadonlySet<string>
): boolean => parentShardIds.every((parent) => parent === ended || byShard(parent) !== undefined || !listed.has(parent))

const hasBegun = ({ checkpoint }: KnownLease): boolean =>
  checkpoint?._tag === "AfterSequenceNumber" || checkpoint?._tag === "AtSequenceNumber" ||
  checkpoint?._tag === "ShardEnd"

/**
 * The leases that are no longer needed: their shards were read to their ends and have left retention, their children have begun and their
 * parents' leases are gone.
 */
export const garbage = (leases: ReadonlyArray<Lease>, listed: ReadonlySet<string>): ReadonlyArray<Lease> => {
  const byShard = new Map(leases.map((lease) => [lease.shardId, lease]))
  return leases.filter((lease) =>
    isFinished(lease) &&
    !listed.has(lease.shardId) &&
    lease.childShardIds.every((child) => {
      const known = byShard.get(child)
      return known === undefined ? !listed.has(child) : hasBegun(known)
    }) &&
    lease.parentShardIds.every((parent) => !byShard.has(parent))
  )
}
