import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Sleeper from "../../src/internal/shard/sleeper.js"

/** Someone who sleeps until this time, or the time that it is now. */
const steps = fc.array(fc.oneof(
  fc.record({ until: fc.oneof(fc.nat(50), fc.double({ min: 0, max: 50, noNaN: true })) }),
  fc.record({ now: fc.nat(50), most: fc.integer({ min: 1, max: 4 }) })
))

describe("sleeper", () => {
  it("wakes everyone once, so many at a time, not before the time, the earlier first, and those of one millisecond in their order", () => {
    fc.assert(fc.property(steps, (steps) => {
      const sleeper = Sleeper.make<number>()
      let asleep: Array<{ readonly until: number; readonly name: number }> = []
      for (const [name, step] of steps.entries()) {
        if ("until" in step) {
          Sleeper.add(sleeper, step.until, name)
          asleep = [...asleep, { until: Math.ceil(step.until), name }].sort((a, b) => a.until - b.until)
        } else {
          const woken = asleep.filter(({ until }) => until <= step.now).slice(0, step.most)
          assert.deepStrictEqual(Sleeper.due(sleeper, step.now, step.most), woken.map(({ name }) => name))
          asleep = asleep.slice(woken.length)
        }
        assert.strictEqual(Sleeper.nextAt(sleeper), asleep[0]?.until ?? Infinity)
        assert.strictEqual(sleeper.buckets.size, sleeper.times.length)
      }
      assert.deepStrictEqual(Sleeper.clear(sleeper), asleep.map(({ name }) => name))
      assert.strictEqual(Sleeper.nextAt(sleeper), Infinity)
    }))
  })

  it("wakes who sleeps for ever when all are woken, and not before", () => {
    const sleeper = Sleeper.make<string>()
    Sleeper.add(sleeper, Infinity, "for ever")
    assert.deepStrictEqual(Sleeper.due(sleeper, Number.MAX_VALUE), [])
    assert.deepStrictEqual(Sleeper.clear(sleeper), ["for ever"])
  })
})
