import { assert, describe, it } from "@effect/vitest"
import * as Invariants from "../src/invariants.js"
import * as Scenario from "../src/scenario.js"
import { simulate } from "../src/simulate.js"

const seedsOf = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

/** What meets the reader in 80 seeds, or they would prove little. */
const wanted = [
  "answer that does not tell how far it is behind",
  "answer without a next iterator",
  "answer without an iterator",
  "answer without shards",
  "delay: getRecords",
  "delay: getShardIterator",
  "delay: listShards",
  "empty page before the tip",
  "handler of 5 minutes or more",
  "hang: getRecords",
  "hang: getShardIterator",
  "hang: listShards",
  "iterator expired early",
  "listing's token expired",
  "lost answer: getRecords",
  "lost answer: getShardIterator",
  "lost answer: listShards",
  "record gone before it was handled",
  "reshard",
  "run crashed",
  "run ended: CaughtUp",
  "run ended: Count",
  "run ended: Elapsed",
  "run ended: Idle",
  "run ended: Instant",
  "run failed",
  "shard gone",
  "shards in fibers",
  "shards with one sleep for all",
  "shards found by child-shards",
  "shards found by listing",
  "throttle: getRecords",
  "throttle: getShardIterator",
  "throttle: listShards",
  "told: ClockAhead",
  "told: IteratorMissing",
  "told: ListingFailed",
  "told: ShardEnded",
  "told: ShardLost",
  "told: StartClamped",
  "unavailable: getRecords",
  "unavailable: getShardIterator",
  "unavailable: listShards",
  "write refused in part"
]

/** The runner hears of this thread between two seeds: a history happens at once. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

describe("simulation", () => {
  const met = new Set<string>()
  let repeats = 0
  const block = 20

  for (const from of [1, 41, 81, 121]) {
    it(
      `nothing is lost, repeated or reordered in the histories of the seeds ${from} to ${from + block - 1}`,
      async () => {
        const violations: Array<string> = []
        for (const seed of seedsOf(from, block)) {
          const history = simulate(Scenario.make(seed))
          for (const fault of history.met.keys()) met.add(fault)
          repeats += Invariants.unavoidableRepeats(history)
          violations.push(
            ...Invariants.violations(history).map(({ invariant, text }) => `seed ${seed}: ${invariant}: ${text}`)
          )
          await breath()
        }
        assert.deepStrictEqual(violations, [])
      }
    )
  }

  it("nothing is lost, repeated or reordered in histories in which that once happened", () => {
    for (const seed of [7_000_136]) {
      assert.deepStrictEqual(Invariants.violations(simulate(Scenario.make(seed))), [], `seed ${seed}`)
    }
  })

  it("every kind of fault has met the reader", () => {
    assert.deepStrictEqual(wanted.filter((fault) => !met.has(fault)), [])
    assert.isAbove(repeats, 0)
  })

  it("a seed is one history, to the last event", async () => {
    for (const seed of seedsOf(1, 5)) {
      const one = simulate(Scenario.make(seed), { verbose: true })
      await breath()
      assert.deepStrictEqual(simulate(Scenario.make(seed), { verbose: true }), one)
      await breath()
    }
  })
})
