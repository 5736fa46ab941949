import { assert, describe, it } from "@effect/vitest"
import * as Position from "effect-kinesis/Position"
import type { Batch, History, ReadCall, Run, Written } from "../src/history.js"
import * as Invariants from "../src/invariants.js"
import * as Scenario from "../src/scenario.js"

const epoch = 1_000_000

/** Of shard a: records 1 to 3 of key k; of its child b: record 4. */
const written: ReadonlyArray<Written> = [1, 2, 3, 4].map((number) => ({
  shardId: number < 4 ? "a" : "b",
  sequenceNumber: String(number),
  key: "k",
  number,
  arrival: epoch + number * 1000,
  trimmedAt: undefined
}))

const batch = (order: number, shardId: string, numbers: ReadonlyArray<number>, more: Partial<Batch> = {}): Batch => ({
  run: 0,
  shardId,
  sequenceNumbers: numbers.map(String),
  at: epoch + 10_000 + order * 1000,
  began: order * 2,
  done: order * 2 + 1,
  ...more
})

const run = (more: Partial<Run> = {}): Run => ({
  startedAt: epoch + 10_000,
  endedAt: epoch + 60_000,
  until: { _tag: "Never" },
  end: { _tag: "Stopped" },
  behind: [],
  wasIdle: false,
  answered: false,
  listings: [],
  listed: new Set(["a", "b"]),
  hasLostStored: false,
  positions: {},
  ...more
})

const read = (at: number, more: Partial<ReadCall> = {}): ReadCall => ({
  run: 0,
  operation: "getRecords",
  at: epoch + at,
  shardId: "a",
  outcome: "ok",
  fields: ["stream", "shardId", "shardIterator", "limit"],
  ...more
})

/** A history in which all is well. */
const good: History = {
  scenario: {
    ...Scenario.make(1),
    from: { _tag: "TrimHorizon" },
    intake: "pages",
    pollMillis: 200,
    skewMillis: 0
  },
  epoch,
  written,
  batches: [batch(0, "a", [1, 2]), batch(1, "a", [3]), batch(2, "b", [4])],
  runs: [run()],
  calls: [read(10_000), read(10_200), read(12_000, { shardId: "b" })],
  parents: new Map([["a", []], ["b", ["a"]]]),
  clockFound: false,
  unfinished: undefined,
  met: new Map(),
  wakeUps: 0,
  log: []
}

/** The invariants that a history violates, each once. */
const violated = (change: Partial<History>): ReadonlyArray<Invariants.Invariant> => [
  ...new Set(Invariants.violations({ ...good, ...change }).map(({ invariant }) => invariant))
]

const trimmed = (number: number, at: number) =>
  written.map((record) => record.number === number ? { ...record, trimmedAt: epoch + at } : record)

const crashed = [run({ endedAt: epoch + 20_000, end: { _tag: "Crashed" } })]
const stored = (positions: Run["positions"]) => [...crashed, run({ startedAt: epoch + 30_000, positions })]
const later = { run: 1, at: epoch + 31_000 }

describe("invariants", () => {
  it("hold of a good history", () => assert.deepStrictEqual(Invariants.violations(good), []))

  it("a record that never came is lost", () => {
    assert.deepStrictEqual(violated({ batches: [batch(0, "a", [1, 2, 3])] }), ["lost"])
    assert.deepStrictEqual(violated({ batches: [batch(0, "a", [1, 2]), batch(2, "b", [4])] }), [
      "lost",
      "parents first"
    ])
  })

  it("a record that was only begun is lost, unless it left the stream before the program was back", () => {
    const batches = [batch(0, "a", [1, 2, 3]), batch(1, "b", [4], { done: undefined })]
    assert.deepStrictEqual(violated({ batches }), ["lost"])
    assert.deepStrictEqual(violated({ batches, written: trimmed(4, 12_000) }), [])
  })

  it("a record that left the stream before it was read is not lost, one that was passed over is", () => {
    const batches = [batch(0, "a", [1, 3]), batch(2, "b", [4])]
    assert.deepStrictEqual(violated({ batches, written: trimmed(2, 9_000) }), [])
    assert.deepStrictEqual(violated({ batches, written: trimmed(2, 11_000) }), ["lost"])
  })

  it("a record that came twice in one run is repeated", () =>
    assert.deepStrictEqual(
      violated({ batches: [batch(0, "a", [1, 2]), batch(1, "a", [2, 3]), batch(2, "b", [4])] }),
      ["repeated", "shard order"]
    ))

  it("after a crash exactly what was not stored may come again", () => {
    const batches = [batch(0, "a", [1, 2, 3]), batch(1, "a", [3], later), batch(2, "b", [4], later)]
    assert.deepStrictEqual(violated({ batches, runs: stored({ a: Position.afterSequenceNumber("2") }) }), [])
    assert.deepStrictEqual(violated({ batches, runs: stored({ a: Position.afterSequenceNumber("3") }) }), ["repeated"])
    assert.deepStrictEqual(violated({ batches, runs: stored({ a: Position.shardEnd }) }), ["repeated"])
    assert.deepStrictEqual(violated({ batches, runs: stored({ b: Position.trimHorizon }) }), ["repeated"])
    assert.strictEqual(Invariants.unavoidableRepeats({ ...good, batches }), 1)
  })

  it("a record that nobody wrote is invented", () =>
    assert.deepStrictEqual(violated({ batches: [...good.batches, batch(3, "b", [5])] }), ["invented"]))

  it("a record from before the start is early, unless its shard is read whole after a restart", () => {
    const scenario: Scenario.Scenario = { ...good.scenario, from: { _tag: "Date", at: 2000 } }
    assert.deepStrictEqual(violated({ scenario }), ["early"])
    assert.deepStrictEqual(violated({ scenario, batches: [batch(0, "a", [2, 3]), batch(2, "b", [4])] }), [])
    const lateStart: Scenario.Scenario = { ...good.scenario, from: { _tag: "Date", at: 5000 } }
    const batches = [batch(2, "b", [4], later)]
    assert.deepStrictEqual(violated({ scenario: lateStart, batches, runs: stored({ a: Position.shardEnd }) }), [])
    assert.deepStrictEqual(violated({ scenario: lateStart, batches, runs: stored({}) }), ["early"])
    const lost = stored({ c: Position.trimHorizon }).map((run) => ({ ...run, hasLostStored: true }))
    assert.deepStrictEqual(
      violated({ scenario: lateStart, batches, runs: lost.map((run) => ({ ...run, listed: new Set(["b"]) })) }),
      []
    )
    assert.deepStrictEqual(violated({ scenario: lateStart, batches, runs: lost }), ["early"], "no parent is lost")
  })

  it("with latest, what was written before the start is early and what was written after it is lost if it does not come", () => {
    const scenario: Scenario.Scenario = { ...good.scenario, from: { _tag: "Latest" } }
    const runs = [run({ startedAt: epoch + 2500 })]
    assert.deepStrictEqual(violated({ scenario, runs }), ["early"])
    assert.deepStrictEqual(violated({ scenario, runs, batches: [batch(0, "a", [3]), batch(2, "b", [4])] }), [])
    assert.deepStrictEqual(violated({ scenario, runs, batches: [batch(0, "a", [3])] }), ["lost"])
  })

  it("a key's records out of order are seen, over shards too", () => {
    const swapped = written.map((record) => ({ ...record, number: 5 - record.number }))
    assert.deepStrictEqual(violated({ written: swapped }), ["key order"])
  })

  it("a shard's records out of order are seen", () =>
    assert.deepStrictEqual(
      violated({ batches: [batch(0, "a", [2, 1, 3]), batch(2, "b", [4])] }),
      ["key order", "shard order"]
    ))

  it("a child that begins before its parent was handled is seen", () => {
    assert.deepStrictEqual(
      violated({ batches: [batch(0, "a", [1, 2]), batch(1, "b", [4]), batch(2, "a", [3])] }),
      ["key order", "parents first"]
    )
    assert.deepStrictEqual(
      violated({ batches: [batch(0, "a", [1, 2, 3], { done: 9 }), batch(1, "b", [4])] }),
      ["parents first"]
    )
  })

  it("six reads in a second are too many, also by two runs", () => {
    const sixth = (at: number) => [0, 200, 400, 600, 800, at].map((at) => read(at))
    assert.deepStrictEqual(violated({ calls: sixth(1000) }), [])
    assert.deepStrictEqual(violated({ calls: sixth(999) }), ["too many reads", "spacing"])
    assert.deepStrictEqual(
      violated({ calls: [...sixth(1000), read(1050, { run: 1 })] }),
      ["too many reads"]
    )
  })

  it("reads too close to each other are seen", () => {
    assert.deepStrictEqual(violated({ calls: [read(0), read(199)] }), ["spacing"])
    assert.deepStrictEqual(violated({ calls: [read(0), read(199, { shardId: "b" })] }), [])
  })

  it("a call when no run is under way is seen", () =>
    assert.deepStrictEqual(violated({ calls: [read(0, { run: undefined })] }), ["stray call"]))

  it("a further page of a listing that is not asked for by its token alone is seen", () => {
    const list = (fields: ReadonlyArray<string>) => read(0, { operation: "listShards", shardId: undefined, fields })
    assert.deepStrictEqual(violated({ calls: [list(["stream", "shardFilter"]), list(["nextToken"])] }), [])
    assert.deepStrictEqual(violated({ calls: [list(["stream", "nextToken"])] }), ["listing"])
  })

  it("a failure is excused by an outage of 5 minutes, by listings that fail for 10, or by a time without any answer", () => {
    const end = (error: string, operation: string): Run["end"] => ({
      _tag: "Failed",
      error,
      operation,
      shardId: undefined,
      message: error
    })
    const runs = (endedAt: number, more: Partial<Run> = {}) => [
      run({ startedAt: epoch, endedAt: epoch + endedAt, end: end("ServiceUnavailable", "GetRecords"), ...more })
    ]
    const failing = (at: number) => read(at, { outcome: "ServiceUnavailable" })
    const listed = (...instants: ReadonlyArray<number>) => ({ listings: instants.map((at) => epoch + at) })
    assert.deepStrictEqual(violated({ runs: runs(301_000), calls: [failing(1000), failing(300_000)] }), [])
    assert.deepStrictEqual(violated({ runs: runs(299_000), calls: [failing(1000), failing(298_000)] }), ["failed"])
    assert.deepStrictEqual(
      violated({ runs: runs(301_000), calls: [failing(1000), read(2000), failing(300_000)] }),
      ["failed"]
    )
    assert.deepStrictEqual(violated({ runs: runs(700_000, listed(0)), calls: [read(10_000)] }), [])
    assert.deepStrictEqual(violated({ runs: runs(700_000, listed(0, 300_000)), calls: [] }), ["failed"])
    const until = { _tag: "Elapsed", millis: 5000 } as const
    assert.deepStrictEqual(violated({ runs: runs(5000, { until }), calls: [failing(0)] }), [])
    assert.deepStrictEqual(
      violated({ runs: runs(5000, { until }), calls: [read(0)] }),
      [],
      "no answer that says anything"
    )
    assert.deepStrictEqual(violated({ runs: runs(5000, { until, answered: true }), calls: [read(0)] }), ["failed"])
    assert.deepStrictEqual(
      violated({ runs: [run({ end: end("InvalidArgument", "GetShardIterator"), endedAt: epoch + 999_999 })] }),
      ["failed"]
    )
  })

  it("a run that ends by itself without a reason is seen", () => {
    const ended = (until: Run["until"], more: Partial<Run> = {}) => ({
      runs: [run({ until, end: { _tag: "Ended" }, ...more })]
    })
    assert.deepStrictEqual(violated(ended({ _tag: "Never" })), ["end"])
    assert.deepStrictEqual(violated(ended({ _tag: "CaughtUp" })), [])
    assert.deepStrictEqual(violated(ended({ _tag: "CaughtUp" }, { behind: ["b"] })), ["end"])
    assert.deepStrictEqual(violated(ended({ _tag: "Idle", millis: 1000 }, { behind: ["b"] })), ["end"])
    assert.deepStrictEqual(violated(ended({ _tag: "Idle", millis: 1000 }, { behind: ["b"], wasIdle: true })), [])
    assert.deepStrictEqual(violated({ ...ended({ _tag: "CaughtUp" }), batches: good.batches.slice(0, 2) }), [
      "lost",
      "end"
    ])
    assert.deepStrictEqual(violated({ ...ended({ _tag: "Instant", at: 3500 }), batches: good.batches.slice(0, 2) }), [
      "lost"
    ])
    assert.deepStrictEqual(violated(ended({ _tag: "Elapsed", millis: 50_000 })), [])
    assert.deepStrictEqual(violated(ended({ _tag: "Elapsed", millis: 50_001 })), ["end"])
    assert.deepStrictEqual(violated(ended({ _tag: "Count", count: 4 })), [])
    assert.deepStrictEqual(violated(ended({ _tag: "Count", count: 3 })), ["end"])
    assert.deepStrictEqual(violated(ended({ _tag: "Count", count: 5 })), ["end"])
    const late = [read(20_000), read(21_000)]
    assert.deepStrictEqual(violated({ ...ended({ _tag: "Elapsed", millis: 8000 }), calls: late.slice(1) }), [])
    assert.deepStrictEqual(violated({ ...ended({ _tag: "Elapsed", millis: 8000 }), calls: late }), ["end"])
  })

  it("a history that did not come to its end is seen", () =>
    assert.deepStrictEqual(violated({ unfinished: "time moved too often" }), ["unfinished"]))
})
