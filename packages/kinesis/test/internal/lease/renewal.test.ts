import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import * as Renewal from "../../../src/internal/lease/renewal.js"

const timing: Renewal.Timing = { leaseMillis: 10_000, marginMillis: 1_000, renewMillis: 3_333, checkpointMillis: 5_000 }

const ages = fc.record({ sinceWrite: fc.nat(20_000), sinceCheckpoint: fc.nat(20_000) })

describe("when a lease is written", () => {
  it("it is surely held for nine tenths of its time, not longer", () => {
    assert.isTrue(Renewal.isValid(timing, 8_999))
    assert.isFalse(Renewal.isValid(timing, 9_000))
    assert.strictEqual(Renewal.leftMillis(timing, 2_000), 7_000)
  })

  it("a write is waited for no longer than until the next renewal, nor than the lease is held", () => {
    assert.strictEqual(Renewal.patienceMillis(timing, 0), 3_333)
    assert.strictEqual(Renewal.patienceMillis(timing, 8_000.5), 1_000)
    assert.strictEqual(Renewal.patienceMillis(timing, 9_000), 1_000)
    assert.strictEqual(Renewal.patienceMillis(timing, 50_000), 1_000)
  })

  it("a renewal is due after its interval, whether or not there is something to store", () => {
    for (const hasToStore of [true, false]) {
      const just = { sinceWrite: 3_333, sinceCheckpoint: 0 }
      assert.strictEqual(Renewal.untilDueMillis(timing, just, hasToStore, false), 0)
      assert.strictEqual(Renewal.untilDueMillis(timing, { ...just, sinceWrite: 3_332 }, hasToStore, false), 1)
    }
  })

  it("a checkpoint is due after its interval, if there is something to store", () => {
    const just = { sinceWrite: 0, sinceCheckpoint: 5_000 }
    assert.strictEqual(Renewal.untilDueMillis(timing, just, true, false), 0)
    assert.strictEqual(Renewal.untilDueMillis(timing, { ...just, sinceCheckpoint: 4_998 }, true, false), 2)
    assert.strictEqual(Renewal.untilDueMillis(timing, just, false, false), 3_333)
  })

  it("a nudge makes a checkpoint due, and nothing when there is nothing to store", () => {
    const fresh = { sinceWrite: 0, sinceCheckpoint: 0 }
    assert.strictEqual(Renewal.untilDueMillis(timing, fresh, true, true), 0)
    assert.strictEqual(Renewal.untilDueMillis(timing, fresh, false, true), 3_333)
  })

  it("the wait is never negative, never beyond the next renewal, and never longer with more reasons to write", () => {
    fc.assert(fc.property(ages, fc.boolean(), fc.boolean(), (ages, hasToStore, isNudged) => {
      const wait = Renewal.untilDueMillis(timing, ages, hasToStore, isNudged)
      assert.isAtLeast(wait, 0)
      assert.isAtMost(wait, Math.max(0, timing.renewMillis - ages.sinceWrite))
      assert.isAtMost(Renewal.untilDueMillis(timing, ages, true, isNudged), wait)
      assert.isAtMost(Renewal.untilDueMillis(timing, ages, hasToStore, true), wait)
    }))
  })

  it("after a wait as long as it says a write is due", () => {
    fc.assert(fc.property(ages, fc.boolean(), fc.boolean(), (ages, hasToStore, isNudged) => {
      const wait = Renewal.untilDueMillis(timing, ages, hasToStore, isNudged)
      const later = { sinceWrite: ages.sinceWrite + wait, sinceCheckpoint: ages.sinceCheckpoint + wait }
      assert.strictEqual(Renewal.untilDueMillis(timing, later, hasToStore, isNudged), 0)
    }))
  })

  it("a wait with nothing to store is cut short by what is acknowledged, if that may not wait as long", () => {
    assert.isFalse(Renewal.isUnaware(timing, false, 3_333))
    assert.isTrue(Renewal.isUnaware({ ...timing, checkpointMillis: 100 }, false, 3_333))
    assert.isFalse(Renewal.isUnaware({ ...timing, checkpointMillis: 100 }, true, 3_333))
  })

  it("what is acknowledged is stored if it lies beyond what is stored", () => {
    const [one, two] = [Position.afterSequenceNumber("1"), Position.afterSequenceNumber("2")]
    assert.strictEqual(Renewal.toStore(one, two), two)
    assert.strictEqual(Renewal.toStore(undefined, one), one)
    assert.isUndefined(Renewal.toStore(two, one))
    assert.isUndefined(Renewal.toStore(one, one))
    assert.isUndefined(Renewal.toStore(one, undefined))
  })

  it("a write is tried again after 50 to 100 milliseconds, then after longer, at most a second and as long as the lease is held", () => {
    assert.strictEqual(Renewal.backoffMillis(9_000, 0, 0), 50)
    assert.strictEqual(Renewal.backoffMillis(9_000, 1, 0), 100)
    assert.strictEqual(Renewal.backoffMillis(9_000, 40, 0), 500)
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 9_000 }),
      fc.nat(60),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (left, attempt, random) => {
        const wait = Renewal.backoffMillis(left, attempt, random)
        assert.isAbove(wait, 0)
        assert.isAtMost(wait, Math.min(left, 1_000))
      }
    ))
  })
})
