import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { afterSequenceNumber, latest, trimHorizon } from "../../Position.js"
import { isSame } from "../lease/checkpoint.js"
import type { Tests } from "./support.js"
import { claimed, expect, find, fresh, mustBeLost, shard, started } from "./support.js"

/** Leases that start over. */
export const resets: Tests = {
  "a lease can begin anew, as it was seen: whoever held it is refused, and nothing is left of what was known": (
    leases
  ) =>
    Effect.gen(function*() {
      const range = (from: string, to: string) => ({ startingHashKey: from, endingHashKey: to })
      yield* leases.create(fresh({ parentShardIds: ["shardId-000000000009"], hashKeyRange: range("0", "9") }))
      const lease = yield* claimed(leases, "ann")
      const ended = yield* leases.finish(lease, ["shardId-000000000001", "shardId-000000000002"])
      const anew = fresh({ parentShardIds: ["shardId-000000000008"], hashKeyRange: range("5", "7") })
      yield* expect(Option.isNone(yield* leases.reset(lease, anew)), "a reset of what was not seen")
      yield* expect(Option.isNone(yield* leases.reset({ ...ended, leaseKey: "none" }, anew)), "a reset of nothing")
      const reset = yield* leases.reset(ended, anew)
      const again = yield* leases.reset(ended, anew)
      yield* expect(Option.isSome(reset) && Option.isSome(again), "the reset, and the same again", reset, again)
      const found = yield* find(leases)
      yield* expect(
        found.leaseOwner === undefined && found.checkpointOwner === undefined && found.childShardIds.length === 0 &&
          found.parentShardIds.join() === anew.parentShardIds.join() && found.hashKeyRange?.startingHashKey === "5" &&
          found.hashKeyRange.endingHashKey === "7" && found.ownerSwitchesSinceCheckpoint === 0 &&
          found.leaseCounter === ended.leaseCounter + 1,
        "the lease",
        found
      )
      yield* expect(isSame(found.checkpoint, trimHorizon), "the checkpoint", found.checkpoint)
      yield* mustBeLost("a checkpoint of its former owner", leases.checkpoint(ended, afterSequenceNumber("9")))
      const bobs = yield* claimed(leases, "bob", found)
      yield* expect(Option.isNone(yield* leases.reset(ended, anew)), "a reset of what bob has by now")
      yield* leases.checkpoint(bobs, afterSequenceNumber("1"))
    }),

  "a lease that is being handed off can begin anew, with nothing known of its shard": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      yield* leases.annotate(shard, { hashKeyRange: { startingHashKey: "0", endingHashKey: "9" } })
      yield* leases.requestHandoff(stored, "bob")
      yield* expect(Option.isSome(yield* leases.reset(stored, fresh({ checkpoint: latest }))), "the reset")
      const found = yield* find(leases)
      yield* expect(
        found.leaseOwner === undefined && found.checkpointOwner === undefined && found.hashKeyRange === undefined,
        "the lease",
        found
      )
      yield* expect(isSame(found.checkpoint, latest), "the checkpoint", found.checkpoint)
      yield* mustBeLost("a renewal of its former owner", leases.renew(stored))
    })
}
