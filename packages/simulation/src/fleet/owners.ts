import { isFinished, type Lease } from "effect-kinesis/LeaseStore"
import { holder } from "effect-kinesis/LeaseTransition"
import * as Effect from "effect/Effect"
import { areOfOneStream } from "./names.js"
import { isStaffed, isUp, type Member, type World } from "./world.js"

const overlaps = ({ hashKeyRange: a }: Lease, { hashKeyRange: b }: Lease): boolean =>
  a !== undefined && b !== undefined &&
  BigInt(a.startingHashKey) <= BigInt(b.endingHashKey) && BigInt(b.startingHashKey) <= BigInt(a.endingHashKey)

/** Leases of shards that can be read now. */
export const readable = ({ notes }: World): ReadonlyArray<Lease> => {
  const unfinished = [...notes.table.values()].filter((lease) => !isFinished(lease))
  return unfinished.filter((lease) =>
    !unfinished.some((other) =>
      lease.parentShardIds.includes(other.shardId) ||
      (other.shardId < lease.shardId && areOfOneStream(other.shardId, lease.shardId) && overlaps(other, lease))
    )
  )
}

/** Whose lease it is, by the table. */
export const holderOf = ({ members }: World, lease: Lease): Member | undefined =>
  members[Number(/^w(\d+)-/.exec(holder(lease) ?? "")?.[1] ?? -1)]

/** The living worker that reads the shard, if there is one. */
export const ownerOf = (world: World, lease: Lease): Member | undefined => {
  const member = holderOf(world, lease)
  return member !== undefined && isUp(member) && member.held.has(lease.shardId) ? member : undefined
}

/** Shards that can be read now and whose owners have not subscribed to them, though they should. */
export const unpushed = (world: World): ReadonlyArray<string> => {
  const live = new Set(
    world.notes.subscriptions.filter(({ brought, over }) => brought !== undefined && over === undefined)
      .map(({ process, shardId }) => `${process} ${shardId}`)
  )
  return readable(world).flatMap((lease) => {
    const life = ownerOf(world, lease)?.life
    return life?.isPushed === true && !live.has(`${life.index} ${lease.shardId}`) ? [lease.shardId] : []
  })
}

/** Watches from the moment when all is well: which shards have no living owner, and for how long. */
export const watchOver = (world: World): Effect.Effect<never> => {
  const since = new Map<string, number>()
  const { notes } = world
  return Effect.forever(Effect.zipRight(
    Effect.sync(() => {
      const owed = isStaffed(world) ? readable(world) : []
      const orphans = new Set(
        owed.filter((lease) => ownerOf(world, lease) === undefined).map(({ leaseKey }) => leaseKey)
      )
      for (const [leaseKey, from] of since) {
        if (orphans.has(leaseKey)) continue
        since.delete(leaseKey)
        notes.orphans.push({ leaseKey, from, to: notes.now() })
      }
      for (const leaseKey of orphans) if (!since.has(leaseKey)) since.set(leaseKey, notes.now())
    }),
    Effect.sleep(250)
  ))
}
