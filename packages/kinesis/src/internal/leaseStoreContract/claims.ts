import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { afterSequenceNumber } from "../../Position.js"
import { isSame } from "../lease/checkpoint.js"
import type { Tests } from "./support.js"
import { claimed, expect, find, fresh, mustBeLost, started } from "./support.js"

/** Who owns a lease, and which writes are refused after it was lost. */
export const claims: Tests = {
  "of many claims at once one succeeds": (leases) =>
    Effect.gen(function*() {
      yield* leases.create(fresh())
      const seen = yield* find(leases)
      const workers = Array.from({ length: 20 }, (_, index) => `worker-${index}`)
      const claims = yield* Effect.forEach(workers, (worker) => leases.claim(seen, worker), {
        concurrency: "unbounded"
      })
      const won = claims.filter(Option.isSome)
      yield* expect(won.length === 1, "claims that succeeded", won.length)
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === won[0]!.value.leaseOwner, "the owner", found.leaseOwner)
      yield* expect(found.leaseCounter > seen.leaseCounter, "the counter", found.leaseCounter)
    }),

  "a claim whose answer was lost can be made again": (leases) =>
    Effect.gen(function*() {
      yield* leases.create(fresh())
      const seen = yield* find(leases)
      const first = yield* claimed(leases, "ann", seen)
      const again = yield* claimed(leases, "ann", seen)
      yield* expect(first.leaseCounter === again.leaseCounter, "counters", first.leaseCounter, again.leaseCounter)
      yield* expect(again.ownerSwitchesSinceCheckpoint === 1, "switches", again.ownerSwitchesSinceCheckpoint)
      yield* expect(Option.isNone(yield* leases.claim(seen, "bob")), "another's claim on what ann has by now")
    }),

  "a claim of a lease that its owner has renewed is refused": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.renew(lease)
      yield* expect(Option.isNone(yield* leases.claim(lease, "bob")), "the claim")
      yield* expect(Option.isNone(yield* leases.claim({ ...lease, leaseKey: "none" }, "bob")), "a claim of nothing")
    }),

  "renewing moves the counter, and can be repeated": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const renewed = yield* leases.renew(lease)
      yield* expect(renewed.leaseCounter > lease.leaseCounter, "the counter", renewed.leaseCounter)
      const again = yield* leases.renew(lease)
      yield* expect(again.leaseCounter === renewed.leaseCounter, "the counter", again.leaseCounter)
      yield* leases.renew(again)
    }),

  "what was lost is refused: every write of a former owner": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const bobs = yield* claimed(leases, "bob", lease)
      const stored = yield* leases.checkpoint(bobs, afterSequenceNumber("500"))
      yield* mustBeLost("a renewal", leases.renew(lease))
      yield* mustBeLost("a checkpoint", leases.checkpoint(lease, afterSequenceNumber("900")))
      yield* mustBeLost("a shard's end", leases.finish(lease, []))
      yield* mustBeLost("a release", leases.release(lease, "ann"))
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === "bob" && found.leaseCounter === stored.leaseCounter, "the lease", found)
      yield* expect(isSame(found.checkpoint, afterSequenceNumber("500")), "the checkpoint", found.checkpoint)
      yield* leases.renew(stored)
    }),

  "a worker that has a lease again does not write by what it knew before": (leases) =>
    Effect.gen(function*() {
      const before = yield* started(leases)
      const bobs = yield* claimed(leases, "bob", before)
      const now = yield* claimed(leases, "ann", bobs)
      yield* mustBeLost("a checkpoint", leases.checkpoint(before, afterSequenceNumber("900")))
      yield* leases.checkpoint(now, afterSequenceNumber("1"))
    })
}
