import * as Effect from "effect/Effect"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, Leases } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as ShardOrder from "../lease/shardOrder.js"
import * as ShardSync from "../lease/shardSync.js"
import { parentsOf } from "../shard/shardGraph.js"
import type { GroupStream } from "./streams.js"

const atOnce = 16

export const ofStream = (all: ReadonlyArray<Lease>, stream: GroupStream): ReadonlyArray<Lease> =>
  all.filter((lease) => lease.streamIdentifier === stream.identifier)

/** The leases of the shards that may be read now, of each stream. */
export const readable = (
  all: ReadonlyArray<Lease>,
  streams: ReadonlyArray<GroupStream>
): ReadonlyArray<readonly [Lease, GroupStream]> =>
  streams.flatMap((stream) => ShardSync.readable(ofStream(all, stream)).map((lease) => [lease, stream] as const))

/** Those children of a shard that has just reached its end which wait for no other shard. */
export const goingOn = (
  children: ReadonlyArray<Lease>,
  all: ReadonlyArray<Lease>,
  stream: GroupStream
): ReadonlyArray<Lease> => {
  const known = ofStream(all, stream)
  return children.filter((lease) => !ShardOrder.waitsFor(lease, known))
}

/** The shards of a stream that are still to be read do not cover all hash keys, or it is not known whether they do. */
export const isIncomplete = (all: ReadonlyArray<Lease>, stream: GroupStream): boolean =>
  ShardSync.coverage(ofStream(all, stream)) !== "complete"

/** Creates missing leases and adds missing hash ranges; returns whether anything changed. */
export const repair = (
  leases: Leases,
  all: ReadonlyArray<Lease>,
  stream: GroupStream
): Effect.Effect<boolean, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const known = ofStream(all, stream)
    const shards = yield* stream.listShards(known.length === 0 ? "start" : "trim-horizon")
    const missing = ShardSync.missing(shards, known, stream.start)
    const ranges = new Map(shards.map((shard) => [shard.shardId, shard.hashKeyRange]))
    const undescribed = known.filter((lease) => lease.hashKeyRange === undefined && ranges.has(lease.shardId))
    yield* Effect.forEach(
      undescribed,
      (lease) => leases.annotate(lease.leaseKey, { hashKeyRange: ranges.get(lease.shardId) }),
      { concurrency: atOnce, discard: true }
    )
    const created = yield* Effect.forEach(missing, ({ checkpoint, shard }) =>
      leases.create({
        leaseKey: stream.leaseKeyOf(shard.shardId),
        shardId: shard.shardId,
        streamIdentifier: stream.identifier,
        checkpoint,
        parentShardIds: parentsOf(shard),
        hashKeyRange: shard.hashKeyRange
      }), { concurrency: atOnce })
    const shardIds = missing.filter((_, index) => created[index]).map(({ shard }) => shard.shardId)
    if (shardIds.length > 0) {
      yield* stream.emit(KinesisEvent.LeasesCreated({ shardIds, because: known.length === 0 ? "start" : "hole" }))
    }
    return missing.length > 0 || undescribed.length > 0
  })

/** Deletes the leases that are no longer needed. */
export const cleanUp = (
  leases: Leases,
  all: ReadonlyArray<Lease>,
  stream: GroupStream
): Effect.Effect<void, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const known = ofStream(all, stream)
    if (!known.some((lease) => lease.checkpoint?._tag === "ShardEnd")) return
    const shards = yield* stream.listShards("trim-horizon")
    if (!ShardSync.isWhole(shards)) return
    const listed = new Set(shards.map((shard) => shard.shardId))
    for (const lease of ShardSync.garbage(known, listed)) {
      if (yield* leases.remove(lease)) yield* stream.emit(KinesisEvent.LeaseRemoved({ shardId: lease.shardId }))
    }
  })
