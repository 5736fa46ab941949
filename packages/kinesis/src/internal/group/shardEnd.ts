import * as Effect from "effect/Effect"
import type { ChildShard, Shard } from "../../KinesisApi.js"
import { type KinesisError, type LeaseLost, ServiceUnavailable } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, Leases, NewLease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as LeaseTransition from "../../LeaseTransition.js"
import type { Position } from "../../Position.js"
import * as ShardSync from "../lease/shardSync.js"
import type { ShardOutcome } from "../reading/pageSource.js"
import { parentsOf } from "../shard/shardGraph.js"
import type { GroupStream } from "./streams.js"
import type { Tenure } from "./tenure.js"

const ofListing = (shard: Shard): ChildShard => ({
  shardId: shard.shardId,
  parentShards: parentsOf(shard),
  hashKeyRange: shard.hashKeyRange
})

const unclear = ({ name }: GroupStream, shardId: string, description: string) =>
  new ServiceUnavailable({ operation: "ListShards", stream: name, shardId, description })

/**
 * The shards that follow: the last page names them, unless the shard was lost or its service does not name all of them. Then a listing
 * does; if it is behind or incomplete, it is repeated. `None`, as opposed to an empty list, if the listing shows that the shard is open.
 */
const childrenOf = (
  stream: GroupStream,
  { hashKeyRange, shardId }: Lease,
  { childShards }: ShardOutcome
): Effect.Effect<ReadonlyArray<ChildShard> | undefined, KinesisError> => {
  const areAll = childShards.length > 0 &&
    (hashKeyRange === undefined || ShardSync.areAll(hashKeyRange, childShards))
  if (areAll) return Effect.succeed(childShards)
  const listing = Effect.flatMap(stream.listShards("trim-horizon"), (shards) => {
    if (ShardSync.isOpen(shardId, shards)) return Effect.succeed(undefined)
    const children = ShardSync.childrenOf(shardId, hashKeyRange, shards)
    return children === undefined
      ? unclear(stream, shardId, "the listing does not name the shards that follow")
      : Effect.succeed(children.map(ofListing))
  })
  return stream.run.retrying(listing)
}

/**
 * The shards that get their leases now: a merged shard whose other parent has no lease yet gets its own at the end of that parent. The
 * table is read only if the worker has not seen the other parent's lease before.
 */
const dueOf = (
  leases: Leases,
  seen: ReadonlyArray<Lease>,
  stream: GroupStream,
  shardId: string,
  children: ReadonlyArray<ChildShard>
) =>
  Effect.gen(function*() {
    const ofStream = (all: ReadonlyArray<Lease>) =>
      new Map(
        all.filter((lease) => lease.streamIdentifier === stream.identifier).map((lease) => [lease.shardId, lease])
      )
    const others = children.flatMap((child) => child.parentShards.filter((parent) => parent !== shardId))
    if (others.length === 0) return children
    const before = ofStream(seen)
    if (others.every((parent) => before.has(parent))) return children
    const known = ofStream(yield* leases.list)
    const shards = yield* stream.listShards("trim-horizon")
    if (!ShardSync.isWhole(shards)) {
      return yield* unclear(stream, shardId, "the listing is a part: its open shards do not take every hash key")
    }
    const listed = new Set(shards.map((shard) => shard.shardId))
    return children.filter((child) =>
      ShardSync.isDue(child.parentShards, shardId, (parent) => known.get(parent), listed)
    )
  })

/**
 * Children begin with their first record. Only if the parent brought no record since the instant at which reading should begin, so that it
 * may have been closed by then, do they begin at that instant. A store that cannot keep an instant repeats earlier records rather than lose
 * later ones.
 */
const startOfChildren = (stored: Position | undefined, { broughtRecords }: ShardOutcome): Position => {
  if (stored?._tag !== "AtTimestamp" || broughtRecords) return { _tag: "TrimHorizon" }
  return stored.standsFor === undefined ? stored : { ...stored, standsFor: "TrimHorizon" }
}

/**
 * The shard is completely acknowledged: its children get their leases, then the end is stored, so that a crash in between leaves no shard
 * without a lease. Returns the leases of the children that may be read now; if the shard is open after all, nothing is stored and none are
 * returned.
 */
export const finish = (
  leases: Leases,
  seen: ReadonlyArray<Lease>,
  stream: GroupStream,
  tenure: Tenure,
  end: ShardOutcome
): Effect.Effect<ReadonlyArray<Lease> | undefined, LeaseLost | KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const { shardId } = tenure.lease()
    const children = yield* childrenOf(stream, tenure.lease(), end)
    if (children === undefined) return undefined
    const checkpoint = startOfChildren(tenure.stored(), end)
    const due = yield* tenure.insist(dueOf(leases, seen, stream, shardId, children))
    const created = due.map((child): NewLease => ({
      leaseKey: stream.leaseKeyOf(child.shardId),
      shardId: child.shardId,
      streamIdentifier: stream.identifier,
      checkpoint,
      parentShardIds: child.parentShards,
      hashKeyRange: child.hashKeyRange
    }))
    for (const lease of created) yield* tenure.insist(leases.create(lease))
    const shardIds = due.map((child) => child.shardId)
    if (shardIds.length > 0) yield* stream.emit(KinesisEvent.LeasesCreated({ shardIds, because: "shard-end" }))
    yield* tenure.finish(children.map((child) => child.shardId))
    return created
      .filter(({ parentShardIds }) => parentShardIds.every((parent) => parent === shardId))
      .map(LeaseTransition.unowned)
  })
