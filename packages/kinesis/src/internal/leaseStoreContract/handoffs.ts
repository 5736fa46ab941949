import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { afterSequenceNumber } from "../../Position.js"
import { isSame } from "../lease/checkpoint.js"
import type { Tests } from "./support.js"
import { claimed, expect, find, fresh, mustBeLost, started } from "./support.js"

/** How a lease passes from one worker to another. */
export const handoffs: Tests = {
  "a lease that was given back is anybody's": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      const released = yield* leases.release(stored, undefined)
      const again = yield* leases.release(stored, undefined)
      yield* expect(
        released.leaseOwner === undefined && again.leaseOwner === undefined,
        "what is given",
        released,
        again
      )
      const found = yield* find(leases)
      yield* expect(released.leaseCounter === found.leaseCounter, "the counter that is given", released.leaseCounter)
      yield* expect(found.leaseOwner === undefined && found.leaseCounter > stored.leaseCounter, "the lease", found)
      yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
      yield* mustBeLost("a renewal after it", leases.renew(stored))
      yield* claimed(leases, "bob", found)
    }),

  "a lease can be given to a successor": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const released = yield* leases.release(lease, "bob")
      const again = yield* leases.release(lease, "bob")
      yield* expect(released.leaseOwner === "bob" && again.leaseOwner === "bob", "what is given", released, again)
      const bobs = yield* leases.owned("bob")
      yield* expect(bobs.length === 1 && bobs[0]!.checkpointOwner === undefined, "bob's leases", bobs)
      yield* expect((yield* leases.owned("ann")).length === 0, "ann's leases")
      yield* mustBeLost("a renewal after it", leases.renew(lease))
      yield* claimed(leases, "bob", bobs[0]!)
    }),

  "a hand-off: the owner goes on, is told, stores, and lets go": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      const asked = yield* leases.requestHandoff(lease, "bob")
      yield* expect(Option.isSome(asked), "the request")
      yield* expect(Option.isSome(yield* leases.requestHandoff(lease, "bob")), "the request again")
      yield* expect(Option.isNone(yield* leases.requestHandoff(lease, "cid")), "a second worker's request")
      const bobs = yield* leases.owned("bob")
      yield* expect(bobs[0]?.checkpointOwner === "ann", "bob's lease", bobs)
      const renewed = yield* leases.renew(lease)
      yield* expect(renewed.checkpointOwner === "ann" && renewed.leaseOwner === "bob", "what ann sees", renewed)
      const stored = yield* leases.checkpoint(renewed, afterSequenceNumber("100"))
      const again = yield* leases.renew(stored)
      const released = yield* leases.release(again, "cid")
      yield* expect(
        released.leaseOwner === "bob" && released.checkpointOwner === undefined,
        "what is given",
        released
      )
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
      yield* expect(isSame(found.checkpoint, afterSequenceNumber("100")), "the checkpoint", found.checkpoint)
      yield* mustBeLost("ann's checkpoint after it", leases.checkpoint(again, afterSequenceNumber("200")))
      yield* claimed(leases, "bob", found)
    }),

  "an owner that has not heard of the hand-off can store and let go": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.requestHandoff(lease, "bob")
      const stored = yield* leases.checkpoint(lease, afterSequenceNumber("100"))
      yield* expect(stored.checkpointOwner === "ann", "what ann sees", stored)
      const released = yield* leases.release(lease, undefined)
      yield* expect(released.leaseOwner === "bob", "what is given", released)
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
    }),

  "a hand-off that its owner does not live to see can be taken": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.requestHandoff(lease, "bob")
      const cids = yield* claimed(leases, "cid")
      yield* expect(cids.leaseOwner === "cid" && cids.checkpointOwner === undefined, "cid's lease", cids)
      yield* mustBeLost("a renewal", leases.renew(lease))
    }),

  "a hand-off is asked of the present owner alone": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* claimed(leases, "bob", lease)
      yield* expect(Option.isNone(yield* leases.requestHandoff(lease, "cid")), "the request to ann")
      const unowned = yield* leases.create(fresh({ leaseKey: "free" }))
      yield* expect(unowned, "a free lease")
      const free = yield* find(leases, "free")
      yield* expect(Option.isNone(yield* leases.requestHandoff(free, "cid")), "the request to nobody")
    }),

  "a hand-off that is not answered is withdrawn: the row names its owner, whose own next write is not refused": (
    leases
  ) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.requestHandoff(lease, "bob")
      const asked = yield* find(leases)
      yield* leases.renew(lease)
      const withdrawn = yield* leases.withdrawHandoff(asked, "bob")
      yield* expect(Option.isSome(withdrawn), "the withdrawal, at another counter")
      yield* expect(Option.isSome(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal again")
      const found = yield* find(leases)
      yield* expect(
        found.leaseOwner === "ann" && found.checkpointOwner === undefined &&
          found.leaseCounter === lease.leaseCounter + 1 && found.ownerSwitchesSinceCheckpoint === 1,
        "the lease",
        found
      )
      const stored = yield* leases.checkpoint(
        { ...found, leaseOwner: "bob", checkpointOwner: "ann" },
        afterSequenceNumber("1")
      )
      yield* expect(stored.leaseOwner === "ann" && stored.checkpointOwner === undefined, "what ann sees", stored)
      yield* expect((yield* leases.owned("bob")).length === 0, "bob's leases")
      yield* expect(Option.isSome(yield* leases.requestHandoff(stored, "cid")), "another request")
      yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "a withdrawal of another's request")
    }),

  "an owner that has not heard of the withdrawal hands off all the same": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.requestHandoff(lease, "bob")
      const heard = yield* leases.renew(lease)
      yield* leases.withdrawHandoff(yield* find(leases), "bob")
      yield* leases.release(heard, "bob")
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
      yield* mustBeLost("a renewal after it", leases.renew(heard))
      yield* claimed(leases, "bob", found)
    }),

  "a hand-off that was completed meanwhile is not undone": (leases) =>
    Effect.gen(function*() {
      const lease = yield* started(leases)
      yield* leases.requestHandoff(lease, "bob")
      const asked = yield* find(leases)
      yield* leases.release(lease, undefined)
      yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal")
      const found = yield* find(leases)
      yield* expect(found.leaseOwner === "bob" && found.checkpointOwner === undefined, "the lease", found)
      const bobs = yield* claimed(leases, "bob", found)
      yield* expect(Option.isNone(yield* leases.withdrawHandoff(asked, "bob")), "the withdrawal after the claim")
      yield* expect(Option.isNone(yield* leases.withdrawHandoff(bobs, "bob")), "a withdrawal of no request")
      yield* leases.renew(bobs)
    })
}
