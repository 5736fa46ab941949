import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as BalancingTimes from "../../../src/internal/lease/balancingTimes.js"

const intervals: BalancingTimes.Intervals = {
  leaseMillis: 10_000,
  balanceMillis: 10_000,
  discoveryMillis: 500,
  listMillis: 30_000,
  cleanupMillis: 600_000,
  staleMillis: 600_000
}

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe("when a worker looks at the leases", () => {
  it("looks are 80 to 120 percent of the interval apart", () => {
    assert.strictEqual(BalancingTimes.untilLookMillis(intervals, true, 0), 8_000)
    assert.strictEqual(BalancingTimes.untilLookMillis(intervals, true, 0.5), 10_000)
    fc.assert(fc.property(random, (random) => {
      const wait = BalancingTimes.untilLookMillis(intervals, true, random)
      assert.isAtLeast(wait, 8_000)
      assert.isAtMost(wait, 12_000)
    }))
  })

  it("until one has succeeded they come every second, or as often as the interval says", () => {
    assert.strictEqual(BalancingTimes.untilLookMillis(intervals, false, 0.5), 1_000)
    assert.strictEqual(BalancingTimes.untilLookMillis({ ...intervals, balanceMillis: 200 }, false, 0.5), 200)
  })

  it("a lease that its owner may not have found yet is asked for after two discoveries, a lease, or a look", () => {
    assert.strictEqual(BalancingTimes.untilAskingMillis(intervals), 1_000)
    assert.strictEqual(BalancingTimes.untilAskingMillis({ ...intervals, discoveryMillis: 60_000 }), 10_000)
    assert.strictEqual(BalancingTimes.untilAskingMillis({ ...intervals, balanceMillis: 100 }), 100)
    assert.isFalse(BalancingTimes.isTaken(intervals, 999))
    assert.isTrue(BalancingTimes.isTaken(intervals, 1_000))
    assert.isFalse(BalancingTimes.isTaken(intervals, -Infinity))
  })

  it("a look that is asked for waits until a second after the last one, or an interval", () => {
    assert.strictEqual(BalancingTimes.restMillis(intervals, 0), 1_000)
    assert.strictEqual(BalancingTimes.restMillis(intervals, 400.5), 600)
    assert.strictEqual(BalancingTimes.restMillis(intervals, 5_000), 0)
    assert.strictEqual(BalancingTimes.restMillis({ ...intervals, balanceMillis: 100 }, 40), 60)
  })

  it("on an empty table the others get a head start of at most a second and a tenth of the interval", () => {
    fc.assert(fc.property(random, fc.integer({ min: 100, max: 60_000 }), (random, balanceMillis) => {
      const wait = BalancingTimes.headStartMillis({ ...intervals, balanceMillis }, random)
      assert.isAtLeast(wait, 0)
      assert.isAtMost(wait, Math.min(1_000, Math.ceil(balanceMillis / 10)))
    }))
  })
})

describe("when a worker takes care of the leases", () => {
  it("a hole is believed at the second look in a row that sees it, and at the first in a stream that was never shared", () => {
    const looks = (holes: ReadonlyArray<boolean>) => holes.reduce(BalancingTimes.holesInARow, 0)
    assert.isFalse(BalancingTimes.isHoleBelieved(looks([true]), true))
    assert.isTrue(BalancingTimes.isHoleBelieved(looks([true, true]), true))
    assert.isFalse(BalancingTimes.isHoleBelieved(looks([true, false, true]), true))
    assert.isTrue(BalancingTimes.isHoleBelieved(looks([true]), false))
    assert.isFalse(BalancingTimes.isHoleBelieved(looks([false]), false))
  })

  it("the shards are listed at once, and then no more often than the interval says", () => {
    assert.isTrue(BalancingTimes.isRepairDue(intervals, undefined))
    assert.isFalse(BalancingTimes.isRepairDue(intervals, 29_999))
    assert.isTrue(BalancingTimes.isRepairDue(intervals, 30_000))
  })

  it("a clean-up is due after 80 to 120 percent of its interval", () => {
    assert.isFalse(BalancingTimes.isCleanupDue(intervals, 479_999, 0))
    assert.isTrue(BalancingTimes.isCleanupDue(intervals, 480_000, 0))
    assert.isFalse(BalancingTimes.isCleanupDue(intervals, 599_999, 0.5))
    fc.assert(fc.property(random, (random) => assert.isTrue(BalancingTimes.isCleanupDue(intervals, 720_000, random))))
  })

  it("leases that were not shared for longer than the store may be out of reach are stale", () => {
    assert.isFalse(BalancingTimes.isStale(intervals, 600_000))
    assert.isTrue(BalancingTimes.isStale(intervals, 600_001))
  })
})
