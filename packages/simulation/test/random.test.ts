import { assert, describe, it } from "@effect/vitest"
import * as Random from "../src/random.js"
import * as Scenario from "../src/scenario.js"

const numbers = (random: Random.Random, count: number) => Array.from({ length: count }, () => random.next())

describe("random", () => {
  it("gives the same numbers for the same seed, others for another, and others for another stream of it", () => {
    assert.deepStrictEqual(numbers(Random.make(7), 50), numbers(Random.make(7), 50))
    assert.notDeepEqual(numbers(Random.make(7), 50), numbers(Random.make(8), 50))
    assert.notDeepEqual(numbers(Random.make(7), 50), numbers(Random.make(7, 1), 50))
  })

  it("is even over the range, also over the first numbers of neighbouring seeds", () => {
    const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
    assert.closeTo(mean(numbers(Random.make(1), 10_000)), 0.5, 0.02)
    assert.closeTo(mean(Array.from({ length: 10_000 }, (_, seed) => Random.make(seed).next())), 0.5, 0.02)
  })

  it("int has both ends, pick every value, and weighted nothing of weight 0", () => {
    const random = Random.make(3)
    const drawn = (draw: () => number) => [...new Set(Array.from({ length: 500 }, draw))].sort()
    assert.deepStrictEqual(drawn(() => random.int(2, 4)), [2, 3, 4])
    assert.deepStrictEqual(drawn(() => random.pick([1, 5, 7])), [1, 5, 7])
    assert.deepStrictEqual(drawn(() => random.weighted([[1, 1], [0, 2], [3, 3]])), [1, 3])
  })
})

describe("scenarios", () => {
  it("are what the seed says, in order of time", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const scenario = Scenario.make(seed)
      assert.deepStrictEqual(scenario, Scenario.make(seed))
      const times = scenario.steps.map(({ at }) => at)
      assert.deepStrictEqual(times, [...times].sort((a, b) => a - b))
      assert.isAtLeast(scenario.pollMillis, 200)
      assert.isTrue(scenario.briefRuns.every(({ downMillis }) => downMillis >= 1000))
    }
  })
})
