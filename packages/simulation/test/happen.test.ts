import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { happen } from "../src/happen.js"

const end = (program: Effect.Effect<unknown>) =>
  happen(program, { seed: 1, shuffled: true, stepsBeforeYield: 2048 }, 1, 1000)

describe("a program that happens in virtual time", () => {
  it("says why it came to no good end", () => {
    assert.include(end(Effect.never).unfinished, "every fiber waits and none sleeps")
    assert.include(end(Effect.forever(Effect.sleep(1))).unfinished, "time has moved 1000 times")
    assert.include(end(Effect.die("broken")).unfinished, "the simulation failed: Error: broken")
  })

  it("gives its value, and how often time moved", () => {
    assert.deepStrictEqual(end(Effect.as(Effect.sleep("1 hour"), "done")), {
      value: "done",
      unfinished: undefined,
      wakeUps: 1
    })
    assert.strictEqual(end(Effect.zipRight(Effect.sleep(1), Effect.never)).wakeUps, 1)
  })
})
