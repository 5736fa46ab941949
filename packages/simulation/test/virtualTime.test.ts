import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber } from "effect"
import * as Random from "../src/random.js"
import * as VirtualTime from "../src/virtualTime.js"

const run = <A, E>(program: Effect.Effect<A, E>, shuffled = false, seed = 1) =>
  VirtualTime.run(program, {
    epoch: 1_000_000,
    interleaving: { shuffled, stepsBeforeYield: 2048 },
    random: Random.make(seed),
    maxWakeUps: 1000
  })

const valueOf = <A, E>(outcome: VirtualTime.Outcome<A, E>): A => {
  if (outcome._tag !== "Done" || Exit.isFailure(outcome.exit)) throw new Error(`it ended ${outcome._tag}`)
  return outcome.exit.value
}

/** Three fibers that wake at the same instants, in the order in which they go on. */
const race = Effect.gen(function*() {
  const order: Array<string> = []
  const fibers = yield* Effect.forEach(
    ["a", "b", "c"],
    (name) => Effect.fork(Effect.repeatN(Effect.delay(Effect.sync(() => void order.push(name)), 10), 4))
  )
  yield* Fiber.joinAll(fibers)
  return order.join("")
})

describe("virtual time", () => {
  it("moves from sleeper to sleeper, on both clocks, without waiting", () => {
    const outcome = run(Effect.gen(function*() {
      const clock = yield* Effect.clock
      const before = clock.unsafeCurrentTimeNanos()
      const fast = yield* Effect.fork(Effect.as(Effect.sleep("1 hour"), "fast"))
      yield* Effect.sleep("30 days")
      return [
        yield* Fiber.join(fast),
        yield* Clock.currentTimeMillis,
        Number(clock.unsafeCurrentTimeNanos() - before) / 1e6
      ]
    }))
    const month = Duration.toMillis("30 days")
    assert.deepStrictEqual(valueOf(outcome), ["fast", 1_000_000 + month, month])
    assert.strictEqual(outcome.wakeUps, 2)
  })

  it("wakes an interrupted sleeper no more", () => {
    const outcome = run(Effect.timeoutOption(Effect.sleep("1 hour"), "1 second"))
    assert.strictEqual(valueOf(outcome)._tag, "None")
    assert.strictEqual(outcome.wakeUps, 1)
  })

  it("tells a program that waits for nothing from one that does not come to an end", () => {
    assert.strictEqual(run(Effect.never)._tag, "Stuck")
    assert.strictEqual(run(Effect.sleep(Infinity))._tag, "Stuck")
    assert.strictEqual(run(Effect.forever(Effect.sleep(1)))._tag, "Endless")
    assert.strictEqual(run(Effect.forever(Effect.yieldNow()))._tag, "Endless")
  })

  it("says why a program came to no good end", () => {
    assert.strictEqual(
      VirtualTime.unfinished(run(Effect.never)),
      "every fiber waits for something that will never happen"
    )
    assert.strictEqual(
      VirtualTime.unfinished(run(Effect.forever(Effect.sleep(1)))),
      "no end after time moved 1000 times"
    )
    assert.include(VirtualTime.unfinished(run(Effect.die("broken"))), "the simulation failed: Error: broken")
    assert.isUndefined(VirtualTime.unfinished(run(Effect.void)))
  })

  it("keeps the order of fibers, or draws it anew for each seed", () => {
    assert.strictEqual(valueOf(run(race)), "abc".repeat(5))
    assert.strictEqual(valueOf(run(race, true, 7)), valueOf(run(race, true, 7)))
    assert.isAbove(new Set(Array.from({ length: 20 }, (_, seed) => valueOf(run(race, true, seed)))).size, 10)
  })
})
