import * as Effect from "effect/Effect"
import { LeaseStore } from "../../LeaseStore.js"
import { after, afterSequenceNumber, atTimestamp, latest, shardEnd, trimHorizon } from "../../Position.js"
import { isSame } from "../lease/checkpoint.js"
import type { Tests } from "./support.js"
import { expect, find, fresh, mustBeLost, shard, standsFor, started } from "./support.js"

/** Opening, listing, creating, annotating and removing. */
export const rows: Tests = {
  "an application begins without leases, and its table can be opened again": (leases) =>
    Effect.gen(function*() {
      yield* expect((yield* leases.list).length === 0, "leases of a new application")
      yield* leases.create(fresh())
      const again = yield* (yield* LeaseStore).open("contract-0")
      yield* expect((yield* again.list).length === 1, "leases after opening again")
      const other = yield* (yield* LeaseStore).open("contract-other")
      yield* expect((yield* other.list).length === 0, "leases of another application")
    }),

  "a lease is created once, with all that is known of it": (leases) =>
    Effect.gen(function*() {
      const lease = fresh({
        leaseKey: "000000000000:orders:1700000000:shardId-000000000007",
        shardId: "shardId-000000000007",
        streamIdentifier: "000000000000:orders:1700000000",
        parentShardIds: ["shardId-000000000001", "shardId-000000000002"],
        hashKeyRange: { startingHashKey: "0", endingHashKey: "340282366920938463463374607431768211455" }
      })
      yield* expect(yield* leases.create(lease), "the first creation")
      yield* expect(!(yield* leases.create({ ...lease, checkpoint: latest })), "a second creation")
      const found = yield* find(leases, lease.leaseKey)
      yield* expect(
        found.shardId === lease.shardId && found.streamIdentifier === lease.streamIdentifier &&
          found.leaseOwner === undefined && found.checkpointOwner === undefined &&
          [...found.parentShardIds].sort().join() === lease.parentShardIds.join() &&
          found.hashKeyRange?.startingHashKey === "0" &&
          found.hashKeyRange.endingHashKey === lease.hashKeyRange?.endingHashKey &&
          found.childShardIds.length === 0 && found.ownerSwitchesSinceCheckpoint === 0,
        "the lease",
        found
      )
      yield* expect(isSame(found.checkpoint, trimHorizon), "the first checkpoint", found.checkpoint)
    }),

  "every kind of start is kept": (leases) =>
    Effect.gen(function*() {
      const starts = [
        trimHorizon,
        latest,
        undefined,
        atTimestamp(1_700_000_000_123),
        { ...atTimestamp(1_700_000_000_123), standsFor: "Latest" } as const,
        { ...atTimestamp(1_700_000_000_123), standsFor: "TrimHorizon" } as const,
        afterSequenceNumber("49590338271490256608559692538361571095921575989136588898"),
        after({ sequenceNumber: "49590338271490256608559692538361571095921575989136588898", subSequenceNumber: 7 }),
        shardEnd
      ]
      for (const [index, checkpoint] of starts.entries()) {
        yield* leases.create(fresh({ leaseKey: `start-${index}`, checkpoint }))
        const found = yield* find(leases, `start-${index}`)
        yield* expect(isSame(found.checkpoint, checkpoint), "the start", found.checkpoint, checkpoint)
        yield* expect(standsFor(found.checkpoint) === standsFor(checkpoint), "what it stands for", found.checkpoint)
      }
    }),

  "what is known of a shard is added beside its owner, and brings no lease back": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const hashKeyRange = { startingHashKey: "5", endingHashKey: "9" }
      yield* leases.annotate(shard, { hashKeyRange })
      yield* leases.annotate(shard, { childShardIds: ["shardId-000000000003"] })
      const found = yield* find(leases)
      yield* expect(found.leaseCounter === lease.leaseCounter && found.leaseOwner === "ann", "the lease", found)
      yield* expect(
        found.hashKeyRange?.startingHashKey === "5" && found.childShardIds[0] === "shardId-000000000003",
        "what is known",
        found
      )
      const renewed = yield* leases.renew(lease)
      yield* expect(yield* leases.remove(renewed), "the removal")
      yield* leases.annotate(shard, { hashKeyRange })
      yield* expect((yield* leases.list).length === 0, "leases after the removal")
    }),

  "a lease that has moved is not removed": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.renew(lease)
      yield* expect(!(yield* leases.remove(lease)), "the removal")
      yield* expect((yield* leases.list).length === 1, "leases")
      yield* mustBeLost("a renewal of nothing", leases.renew({ ...lease, leaseKey: "none" }))
    }),

  "every lease is listed, however many": (leases) =>
    Effect.gen(function*() {
      const keys = Array.from({ length: 120 }, (_, index) => `shardId-${String(index).padStart(12, "0")}`)
      yield* Effect.forEach(keys, (shardId) => leases.create(fresh({ shardId, leaseKey: shardId })), {
        concurrency: 10
      })
      const listed = (yield* leases.list).map((lease) => lease.leaseKey).sort()
      yield* expect(listed.join() === keys.join(), "the listing", listed.length)
      const all = yield* leases.list
      yield* Effect.forEach(all, (lease) => leases.claim(lease, lease.leaseKey < keys[70]! ? "ann" : "bob"), {
        concurrency: 10
      })
      yield* expect((yield* leases.owned("ann")).length === 70, "ann's leases")
      yield* expect((yield* leases.owned("bob")).length === 50, "bob's leases")
      const unknown = yield* leases.owned("bob", new Set(keys.slice(1)))
      yield* expect(unknown.length === 0, "bob's leases but those he knows", unknown.length)
      const one = yield* leases.owned("ann", new Set(keys.slice(1)))
      yield* expect(one.length === 1 && one[0]!.leaseKey === keys[0], "ann's leases but those she knows", one)
    })
}
