import { assert, describe, it } from "@effect/vitest"
import * as Invariants from "../../src/writing/invariants.js"
import * as Scenario from "../../src/writing/scenario.js"
import { simulate } from "../../src/writing/simulate.js"

const seedsOf = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

/** What meets the producer and its callers in 200 seeds, or they would prove little. */
const wanted = [
  "aggregate dropped by readers",
  "caller interrupted while records were open",
  "closed in the middle",
  "copy of a record more than once",
  "distribution switched",
  "entry: InternalFailure",
  "entry: ProvisionedThroughputExceededException",
  "event: Abandoned",
  "event: LaneSlowed",
  "event: MapRefreshed",
  "event: MapUnavailable",
  "event: Misplaced",
  "event: Recovered",
  "event: Refusing",
  "event: StrategyChanged",
  "flush",
  "hot shard",
  "putRecord: RequestTimeout",
  "putRecord: ServiceUnavailable",
  "putRecord: ThrottledError",
  "putRecords: AccessDenied",
  "putRecords: KmsError",
  "putRecords: RequestTimeout",
  "putRecords: ServiceUnavailable",
  "putRecords: ThrottledError",
  "putRecords: interrupted",
  "reshard",
  "told: Closed",
  "told: NoRoom",
  "told: Written",
  "told: closed, written: no",
  "told: closed, written: unknown",
  "told: exhausted, written: unknown",
  "told: expired, written: no",
  "told: expired, written: unknown",
  "told: predecessor, written: no",
  "told: refused, written: no",
  "told: unanswered, written: unknown"
]

/** The runner hears of this thread between two seeds: a history happens at once. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

describe("simulation of a producer", () => {
  const met = new Set<string>()
  const block = 20

  for (const from of seedsOf(0, 200 / block).map((index) => index * block + 1)) {
    it(`each record has one outcome, and a true one, in the histories of the seeds ${from} to ${from + block - 1}`, async () => {
      const violations: Array<string> = []
      for (const seed of seedsOf(from, block)) {
        const history = simulate(Scenario.make(seed))
        for (const fault of history.met.keys()) met.add(fault)
        violations.push(
          ...Invariants.violations(history).map(({ invariant, text }) => `seed ${seed}: ${invariant}: ${text}`)
        )
        await breath()
      }
      assert.deepStrictEqual(violations, [])
    })
  }

  it("every kind of fault has met the producer", () => {
    assert.deepStrictEqual(wanted.filter((fault) => !met.has(fault)), [])
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
