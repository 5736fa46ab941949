import { assert, describe, it } from "@effect/vitest"
import type { LeaseStore } from "effect-kinesis"
import * as LeaseView from "../../../src/internal/lease/leaseView.js"
import * as LeaseTransition from "../../../src/LeaseTransition.js"

const lease = (leaseKey: string, more: Partial<LeaseStore.Lease> = {}): LeaseStore.Lease => ({
  ...LeaseTransition.unowned({
    leaseKey,
    shardId: leaseKey,
    streamIdentifier: undefined,
    checkpoint: undefined,
    parentShardIds: [],
    hashKeyRange: undefined
  }),
  ...more
})

const moved = (view: LeaseView.LeaseView) => Object.fromEntries([...view].map(([key, { movedAt }]) => [key, movedAt]))

describe("leaseView", () => {
  it("B50 a lease shows life when it is new and whenever its counter moves, by the observer's clock", () => {
    let view = LeaseView.observe(LeaseView.empty, [lease("a"), lease("b")], 100)
    view = LeaseView.observe(view, [lease("a"), lease("b", { leaseCounter: 1 }), lease("c")], 200)
    assert.deepStrictEqual(moved(view), { a: 100, b: 200, c: 200 })
    view = LeaseView.observe(view, [lease("b", { leaseCounter: 1 })], 300)
    assert.deepStrictEqual(moved(view), { b: 200 }, "what is not in the table is forgotten")
    view = LeaseView.observe(view, [lease("a"), lease("b", { leaseCounter: 0 })], 400)
    assert.deepStrictEqual(moved(view), { a: 400, b: 400 }, "a counter that is another is another lease")
  })

  it("what was seen last is kept, also when the counter has not moved", () => {
    const before = LeaseView.observe(LeaseView.empty, [lease("a", { leaseOwner: "ann" })], 100)
    const asked = lease("a", { leaseOwner: "bob", checkpointOwner: "ann" })
    assert.deepStrictEqual(LeaseView.observe(before, [asked], 200).get("a"), {
      lease: asked,
      movedAt: 100,
      ownedSince: 200,
      askedSince: 200
    })
  })

  it("B50 a lease is free when nobody owns it, or when it has shown no life for as long as a lease lasts", () => {
    const isFree = (more: Partial<LeaseStore.Lease>, now: number) =>
      LeaseView.isFree({ lease: lease("a", more), movedAt: 100 }, now, 1000)
    assert.isTrue(isFree({}, 100))
    assert.isFalse(isFree({ leaseOwner: "ann" }, 1099))
    assert.isTrue(isFree({ leaseOwner: "ann" }, 1100))
    assert.isTrue(isFree({ leaseOwner: "bob", checkpointOwner: "ann" }, 1100), "a hand-off whose owner has died")
  })

  it("B50 looking at a lease is no sign of its owner's life: it is free when it has lasted, however often it was looked at", () => {
    const seen = (counterAt: (now: number) => number) => {
      let view = LeaseView.empty
      for (let now = 100; now <= 1_200; now += 100) {
        view = LeaseView.observe(view, [lease("a", { leaseOwner: "ann", leaseCounter: counterAt(now) })], now)
        if (LeaseView.isFree(view.get("a")!, now, 1_000)) return now
      }
      return undefined
    }
    assert.strictEqual(seen(() => 7), 1_100, "of an owner that is dead")
    assert.strictEqual(seen((now) => Math.min(now, 200)), 1_200, "of one that died after its first renewal")
    assert.isUndefined(seen((now) => Math.floor(now / 500)), "of one that lives")
  })
})
