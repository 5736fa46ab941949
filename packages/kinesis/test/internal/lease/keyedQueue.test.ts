import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { KeyedQueue } from "../../../src/internal/lease/keyedQueue.js"
import { assertProportional } from "../../support/growth.js"

const queued = (...keys: ReadonlyArray<string>): KeyedQueue<string> => {
  const queue = new KeyedQueue<string>()
  for (const [number, key] of keys.entries()) queue.add(number, key, `${key}${number}`)
  return queue
}

const drain = (queue: KeyedQueue<unknown>): ReadonlyArray<number> => {
  const numbers: Array<number> = []
  for (let entry = queue.take(); entry !== undefined; entry = queue.take()) {
    numbers.push(entry.number)
    queue.done(entry)
  }
  return numbers
}

const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ _tag: fc.constant("add" as const), key: fc.nat(6), skipped: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.constant({ _tag: "take" as const }) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("done" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "cut" as const }) }
)

describe("keyedQueue", () => {
  it("of one key one after the other, of different keys the oldest first", () => {
    const queue = queued("a", "a", "b", "a", "b")
    const first = queue.take()!
    const second = queue.take()!
    assert.deepStrictEqual([first.value, second.value, queue.take()], ["a0", "b2", undefined])
    assert.deepStrictEqual([queue.isReady, queue.waiting], [false, 3])
    queue.done(second)
    assert.strictEqual(queue.take()!.value, "b4")
    queue.done(first)
    assert.deepStrictEqual(drain(queue), [1, 3])
    assert.deepStrictEqual([queue.isReady, queue.waiting], [false, 0])
  })

  it("those without a key wait for nobody, the oldest first", () => {
    const queue = new KeyedQueue<number>()
    for (const [number, key] of [undefined, "a", undefined, "a", undefined].entries()) queue.add(number, key, number)
    const taken = [queue.take()!, queue.take()!, queue.take()!, queue.take()!]
    assert.deepStrictEqual(taken.map(({ number }) => number), [0, 1, 2, 4])
    for (const entry of taken) queue.done(entry)
    assert.deepStrictEqual(drain(queue), [3])
    for (const number of [5, 6, 7]) queue.add(number, undefined, number)
    assert.strictEqual(queue.take()!.number, 5)
    queue.cut()
    assert.deepStrictEqual([queue.isReady, queue.waiting], [false, 0])
  })

  it("the next of a key takes its place among those that are ready", () => {
    const queue = queued("a", "a", "b", "c")
    queue.done(queue.take()!)
    assert.deepStrictEqual(drain(queue), [1, 2, 3])
  })

  it("B63 a cut keeps what closes the gaps", () => {
    const queue = queued("a", "a", "b", "a", "c", "b")
    const taken = [queue.take()!, queue.take()!]
    assert.deepStrictEqual(taken.map((entry) => entry.number), [0, 2])
    queue.cut()
    assert.strictEqual(queue.waiting, 1)
    for (const entry of taken) queue.done(entry)
    assert.deepStrictEqual(drain(queue), [1])
  })

  it("B63 a cut before anything was taken keeps nothing; a key that was dropped can come again", () => {
    const queue = queued("a", "a", "b")
    queue.cut()
    assert.deepStrictEqual([queue.isReady, queue.waiting, queue.take()], [false, 0, undefined])
    queue.add(3, "a", "a3")
    assert.deepStrictEqual(drain(queue), [3])
  })

  it("any keys, taken and done in any order, with cuts", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const queue = new KeyedQueue<number>()
        let waiting: ReadonlyArray<{ readonly number: number; readonly key: string }> = []
        const inHand: Array<NonNullable<ReturnType<typeof queue.take>>> = []
        const taken: Array<number> = []
        let next = 0
        const ready = () => waiting.find(({ key }) => !inHand.some((entry) => entry.key === key))
        for (const act of actions) {
          if (act._tag === "add") {
            next += act.skipped
            const entry = { number: next++, key: `k${act.key}` }
            queue.add(entry.number, entry.key, entry.number * 2)
            waiting = [...waiting, entry]
          } else if (act._tag === "take") {
            const expected = ready()
            const entry = queue.take()
            assert.deepStrictEqual(
              entry && { number: entry.number, key: entry.key },
              expected,
              "the oldest of those whose key is not in hand"
            )
            if (entry === undefined) continue
            assert.strictEqual(entry.value, entry.number * 2)
            waiting = waiting.filter(({ number }) => number !== entry.number)
            inHand.push(entry)
            taken.push(entry.number)
          } else if (act._tag === "done") {
            const [entry] = inHand.splice(act.which % Math.max(1, inHand.length), 1)
            if (entry !== undefined) queue.done(entry)
          } else {
            queue.cut()
            const last = Math.max(-1, ...taken)
            waiting = waiting.filter(({ number }) => number <= last)
          }
          assert.strictEqual(queue.waiting, waiting.length)
          assert.strictEqual(queue.isReady, ready() !== undefined)
        }
        for (const entry of inHand) queue.done(entry)
        const left: Array<number> = []
        for (let entry = queue.take(); entry !== undefined; entry = queue.take()) {
          left.push(entry.number)
          queue.done(entry)
        }
        assert.deepStrictEqual(left, waiting.map(({ number }) => number))
        assert.strictEqual(new Set([...taken, ...left]).size, taken.length + left.length, "each once")
      }),
      { numRuns: 1000 }
    )
  })

  it("B40 after a cut, what was taken and what is left are all up to the last that was taken", () => {
    fc.assert(fc.property(fc.array(fc.nat(4), { minLength: 1 }), fc.nat(40), fc.nat(7), (keys, steps, seed) => {
      const queue = queued(...keys.map(String))
      const inHand: Array<NonNullable<ReturnType<typeof queue.take>>> = []
      const taken: Array<number> = []
      for (let step = 0; step < steps; step++) {
        const entry = queue.take()
        if (entry !== undefined) {
          inHand.push(entry)
          taken.push(entry.number)
        }
        if ((step * 5 + seed) % 3 !== 0 && inHand.length > 0) {
          queue.done(inHand.splice((step + seed) % inHand.length, 1)[0]!)
        }
      }
      queue.cut()
      for (const entry of inHand) queue.done(entry)
      const all = [...taken, ...drain(queue)].sort((a, b) => a - b)
      assert.deepStrictEqual(all, Array.from({ length: Math.max(-1, ...taken) + 1 }, (_, number) => number))
    }))
  })

  it("100,000 entries, of any number of keys, without going through them each time", () => {
    const keysOf: Record<string, (count: number) => number> = {
      "one key": () => 1,
      "1000 keys": () => 1000,
      "two entries a key": (count) => count / 2,
      "a key each": (count) => count
    }
    for (const [name, keys] of Object.entries(keysOf)) {
      const goThrough = (count: number) => {
        const queue = new KeyedQueue<number>()
        for (let number = 0; number < count; number++) queue.add(number, String((number * 7919) % keys(count)), number)
        let taken = 0
        for (let entry = queue.take(); entry !== undefined; entry = queue.take()) {
          taken++
          queue.done(entry)
        }
        assert.strictEqual(taken, count)
      }
      assertProportional(goThrough, 100_000, name)
    }
  })
})
