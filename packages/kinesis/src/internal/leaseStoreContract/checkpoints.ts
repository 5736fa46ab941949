import * as Effect from "effect/Effect"
import type { Position } from "../../Position.js"
import { after, afterSequenceNumber, atTimestamp, latest, shardEnd, trimHorizon } from "../../Position.js"
import { isSame } from "../lease/checkpoint.js"
import type { Tests } from "./support.js"
import { claimed, expect, find, fresh, started } from "./support.js"

/** What is stored of a shard, and that it only moves forward. */
export const checkpoints: Tests = {
  "a checkpoint is stored, and clears the switches": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const position = after({ sequenceNumber: "100", subSequenceNumber: 3 })
      const stored = yield* leases.checkpoint(lease, position)
      yield* expect(stored.leaseCounter > lease.leaseCounter, "the counter", stored.leaseCounter)
      const found = yield* find(leases)
      yield* expect(isSame(found.checkpoint, position), "the checkpoint", found.checkpoint)
      yield* expect(found.ownerSwitchesSinceCheckpoint === 0, "switches", found.ownerSwitchesSinceCheckpoint)
      yield* expect(found.leaseOwner === "ann" && found.leaseCounter === stored.leaseCounter, "the lease", found)
    }),

  "a checkpoint whose answer was lost can be made again": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const first = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      const again = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      yield* expect(first.leaseCounter === again.leaseCounter, "counters", first.leaseCounter, again.leaseCounter)
    }),

  "a checkpoint after a renewal whose answer was lost is stored": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.renew(lease)
      const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      const found = yield* find(leases)
      yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
      yield* leases.renew(stored)
    }),

  "checkpoints only move forward, as numbers and not as text": (leases) =>
    Effect.gen(function*() {
      let lease = yield* started(leases)
      const at = (text: string, subSequenceNumber?: number) => after({ sequenceNumber: text, subSequenceNumber })
      for (
        const [written, stored] of [
          [at("9"), at("9")],
          [at("10"), at("10")],
          [at("9"), at("10")],
          [at("10", 4), at("10", 4)],
          [at("10", 3), at("10", 4)],
          [at("10", 12), at("10", 12)],
          [trimHorizon, at("10", 12)],
          [at("11"), at("11")]
        ] as const
      ) {
        lease = yield* leases.checkpoint(lease, written)
        const found = yield* find(leases)
        yield* expect(isSame(found.checkpoint, stored), "the checkpoint", found.checkpoint, stored)
        yield* expect(found.leaseCounter === lease.leaseCounter, "the counter", found.leaseCounter)
      }
    }),

  "a start can become an instant before anything was handled": (leases) =>
    Effect.gen(function*() {
      yield* leases.create(fresh({ checkpoint: latest }))
      const lease = yield* claimed(leases, "ann")
      yield* leases.checkpoint(lease, atTimestamp(1_700_000_000_000))
      const found = yield* find(leases)
      yield* expect(isSame(found.checkpoint, atTimestamp(1_700_000_000_000)), "the start", found.checkpoint)
    }),

  "a shard's end is final": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const children = ["shardId-000000000001", "shardId-000000000002"]
      const ended = yield* leases.finish(lease, children)
      const again = yield* leases.finish(lease, children)
      yield* expect(again.leaseCounter === ended.leaseCounter, "the counter", again.leaseCounter)
      yield* leases.checkpoint(ended, afterSequenceNumber("100"))
      const found = yield* find(leases)
      yield* expect(isSame(found.checkpoint, shardEnd), "the checkpoint", found.checkpoint)
      yield* expect([...found.childShardIds].sort().join() === children.join(), "children", found.childShardIds)
    }),

  "an owner's writes at once do not undo one another": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      let position: Position = afterSequenceNumber("1")
      let current = lease
      for (let round = 2; round < 12; round++) {
        position = afterSequenceNumber(String(round))
        const [outcome] = yield* Effect.all(
          [Effect.either(leases.checkpoint(current, position)), Effect.either(leases.claim(current, "bob"))],
          { concurrency: 2 }
        )
        const found = yield* find(leases)
        if (outcome._tag === "Left") {
          yield* expect(found.leaseOwner === "bob", "the owner", found)
          return
        }
        yield* expect(isSame(found.checkpoint, position), "the checkpoint", found.checkpoint, position)
        current = outcome.right
      }
    })
}
