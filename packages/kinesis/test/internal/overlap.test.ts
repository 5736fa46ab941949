import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Overlap from "../../src/internal/shard/overlap.js"

const most = 2n ** 128n - 1n
const range = (from: bigint | number | string, to: bigint | number | string) => ({
  startingHashKey: String(from),
  endingHashKey: String(to)
})
const interval = fc.tuple(fc.bigInt({ min: 0n, max: most }), fc.bigInt({ min: 0n, max: most }))
  .map(([a, b]): Overlap.Interval => a <= b ? [a, b] : [b, a])
/** Few keys, so that ranges often touch. */
const small = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }))
  .map(([a, b]): Overlap.Interval => [BigInt(Math.min(a, b)), BigInt(Math.max(a, b))])

describe("overlap", () => {
  it("two ranges overlap if and only if a key lies in both", () => {
    const contains = ([from, to]: Overlap.Interval, key: bigint) => from <= key && key <= to
    fc.assert(fc.property(small, small, (a, b) => {
      const shared = Array.from({ length: 13 }, (_, key) => BigInt(key)).some((key) =>
        contains(a, key) && contains(b, key)
      )
      assert.strictEqual(Overlap.overlaps(range(...a), range(...b)), shared)
    }))
  })

  it("an interval is covered if and only if each of its keys lies in one of the others", () => {
    fc.assert(fc.property(small, fc.array(small, { maxLength: 5 }), ([from, to], by) => {
      const keys = Array.from({ length: 13 }, (_, key) => BigInt(key)).filter((key) => from <= key && key <= to)
      const expected = keys.every((key) => by.some((each) => each[0] <= key && key <= each[1]))
      assert.strictEqual(Overlap.isCovered([from, to], by), expected)
    }))
    assert.isTrue(Overlap.isCovered(Overlap.whole, [[0n, most]]))
    assert.isFalse(Overlap.isCovered(Overlap.whole, [[0n, most - 1n]]))
  })

  it("is the same in both directions, and true of a range and itself", () => {
    fc.assert(fc.property(interval, interval, (a, b) => {
      assert.strictEqual(Overlap.overlaps(range(...a), range(...b)), Overlap.overlaps(range(...b), range(...a)))
      assert.isTrue(Overlap.overlaps(range(...a), range(...a)))
    }))
  })

  it("a split's children overlap with their parent and not with each other", () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: most - 1n }), (at) => {
      const [parent, left, right] = [range(0n, most), range(0n, at), range(at + 1n, most)]
      assert.isTrue(Overlap.overlaps(parent, left))
      assert.isTrue(Overlap.overlaps(parent, right))
      assert.isFalse(Overlap.overlaps(left, right))
    }))
  })

  it("compares numbers, not texts", () => {
    assert.isTrue(Overlap.overlaps(range(9, 100), range(20, 30)))
    assert.isFalse(Overlap.overlaps(range(9, 10), range(100, 200)))
  })

  it("a range that is none overlaps with nothing", () => {
    const all = range(0n, most)
    for (const [from, to] of [["", ""], ["0", ""], ["", "9"], ["-1", "9"], ["5", "4"], ["x", "y"]] as const) {
      assert.isFalse(Overlap.overlaps(range(from, to), all), `${from} to ${to}`)
      assert.isFalse(Overlap.overlaps(all, range(from, to)), `${from} to ${to}`)
    }
  })

  it("is older with the smaller starting sequence number, as a number", () => {
    assert.isTrue(Overlap.isBefore("9", "10"))
    assert.isFalse(Overlap.isBefore("10", "9"))
    assert.isFalse(Overlap.isBefore("9", "9"))
  })

  it("one without a starting sequence number is younger than all that have one", () => {
    assert.isTrue(Overlap.isBefore("9", undefined))
    assert.isFalse(Overlap.isBefore(undefined, "9"))
    assert.isFalse(Overlap.isBefore(undefined, undefined))
  })
})
