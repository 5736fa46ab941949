import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as StreamWindow from "../../src/internal/wire/streamWindow.js"

const kib = 1024
const budget = 64 * kib * kib

const of = (streams: number, current = StreamWindow.initial, bytes = budget) =>
  StreamWindow.next(current, bytes, streams) / kib

describe("streamWindow", () => {
  it("is from 64 KiB to 1 MiB, as many streams share the budget", () => {
    assert.deepStrictEqual(
      [0, 1, 32, 33, 64, 65, 128, 129, 256, 257, 512, 1_000, 10_000].map((streams) => of(streams)),
      [
        1024,
        1024,
        1024,
        512,
        512,
        256,
        256,
        128,
        128,
        64,
        64,
        64,
        64
      ]
    )
    assert.strictEqual(of(1, StreamWindow.initial, 1), 64)
  })

  it("F104 a thousand stopped streams hold no more than the budget", () => {
    assert.isAtMost(1_000 * of(1_000) * kib, budget)
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1 }), (counts) => {
      let window = StreamWindow.initial
      for (const count of counts) {
        window = StreamWindow.next(window, budget, count)
        assert.isAtMost(count * window, budget)
      }
    }))
  })

  it("does not change for streams that come and go", () => {
    let window = StreamWindow.next(StreamWindow.initial, budget, 65)
    let changes = 0
    for (let time = 0; time < 100; time++) {
      const next = StreamWindow.next(window, budget, time % 2 === 0 ? 64 : 65)
      if (next !== window) changes++
      window = next
    }
    assert.strictEqual(changes, 0)
    assert.deepStrictEqual([40, 32, 20].map((streams) => of(streams, 256 * kib)), [256, 512, 512])
  })
})
