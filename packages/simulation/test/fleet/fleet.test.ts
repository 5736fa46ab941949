import { assert, describe, it } from "@effect/vitest"
import * as Invariants from "../../src/fleet/invariants.js"
import * as Scenario from "../../src/fleet/scenario.js"
import { simulate } from "../../src/fleet/simulate.js"

const seedsOf = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

/** What meets the fleet in 40 seeds, or they would prove little. */
const wanted = [
  "clock stepped",
  "empty page before the tip",
  "handler interrupted",
  "handler: die",
  "handler: fail",
  "handler: interrupt",
  "iterator expired early",
  "lease taken: expired",
  "lease taken: free",
  "lease taken: given",
  "lost answer: getRecords",
  "partition: answer lost",
  "partition: hang",
  "partition: refused",
  "pause longer than the lease",
  "pause shorter than the lease",
  "repeated: crash",
  "repeated: pause",
  "repeated: store out of reach",
  "reshard",
  "shard left retention",
  "sleep longer than the lease",
  "sleep shorter than the lease",
  "slow handler",
  "store: Throttled",
  "store: Timeout",
  "store: Unavailable",
  "store: late effect",
  "store: lost answer",
  "subscription ended: ResourceInUse",
  "subscription ended: no error",
  "subscription refused: ResourceInUse",
  "subscription refused: ThrottledError",
  "throttle: getRecords",
  "told: ConsumerRegistered",
  "told: FanOutUnavailable",
  "told: HandoffRequested",
  "told: HandlerFailed",
  "told: HoleFound",
  "told: IteratorMissing",
  "told: LeaseLost",
  "told: LeaseReleased",
  "told: LeaseRemoved",
  "told: RecordsSkipped",
  "two streams",
  "worker asked to leave: interrupt",
  "worker asked to leave: shutdown",
  "worker crashed",
  "worker failed",
  "worker hurried",
  "worker joined",
  "worker left",
  "worker started after a crash",
  "worker that is not pushed",
  "worker that is pushed"
]

/** The runner hears of this thread between two seeds: a history happens at once. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

describe("simulation of fleets", () => {
  const met = new Set<string>()
  const block = 20

  for (const from of [1, 41]) {
    it(
      `nothing is lost, repeated without a reason or out of order in the fleets of the seeds ${from} to ${
        from + block - 1
      }`,
      async () => {
        const violations: Array<string> = []
        for (const seed of seedsOf(from, block)) {
          const history = simulate(Scenario.make(seed))
          for (const fault of history.met.keys()) met.add(fault)
          for (const reason of Invariants.repeats(history).keys()) met.add(`repeated: ${reason}`)
          violations.push(
            ...Invariants.violations(history).map(({ invariant, text }) => `seed ${seed}: ${invariant}: ${text}`)
          )
          await breath()
        }
        assert.deepStrictEqual(violations, [])
      }
    )
  }

  it("every kind of fault has met the fleet", () => {
    assert.deepStrictEqual(wanted.filter((fault) => !met.has(fault)), [])
  })

  it("a fetcher and its taker that yield between looking and waiting do not miss each other", () => {
    for (const seed of [11_000_249, 11_000_508]) {
      assert.deepStrictEqual(Invariants.violations(simulate(Scenario.make(seed))), [], `seed ${seed}`)
    }
  })

  it("a record that comes while the last lane ends is handled", () => {
    assert.deepStrictEqual(Invariants.violations(simulate(Scenario.make(50_475))), [])
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
