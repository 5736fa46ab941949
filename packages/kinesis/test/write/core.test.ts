import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { Entry } from "../../src/internal/write/entry.js"
import * as Room from "../../src/internal/write/room.js"
import * as Writing from "../support/writing.js"

interface History {
  readonly seed: number
  readonly shards: number
  readonly order: "none" | "key"
  readonly aggregates: "none" | "shard"
  readonly keys: number
  readonly records: number
  readonly faults: number
  readonly reshards: ReadonlyArray<
    { readonly at: number; readonly index: number; readonly kind: "even" | "uneven" | "merge" }
  >
}

const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.integer(),
  shards: fc.integer({ min: 1, max: 4 }),
  order: fc.constantFrom("none", "key"),
  aggregates: fc.constantFrom("none", "shard"),
  keys: fc.integer({ min: 1, max: 30 }),
  records: fc.integer({ min: 1, max: 400 }),
  faults: fc.double({ min: 0, max: 0.3, noNaN: true }),
  reshards: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 400 }),
      index: fc.nat(3),
      kind: fc.constantFrom("even", "uneven", "merge")
    }),
    { maxLength: 3 }
  )
})

interface Played extends Writing.Bench {
  readonly offered: ReadonlyArray<Entry>
}

const reshard = (bench: Writing.Bench, { index, kind }: History["reshards"][number]): void => {
  const at = index % bench.served.length
  if (kind === "merge") {
    if (at + 1 < bench.served.length) Writing.merge(bench, at)
  } else Writing.split(bench, at, kind === "even" ? [1n, 1n] : [1n, 6n])
}

const play = ({ aggregates, faults, keys, order, records, reshards, seed, shards }: History): Played => {
  const bench = Writing.bench(Writing.layout(shards, { order, aggregates }), seed)
  const { rand } = bench
  bench.fault = () => rand() >= faults ? "none" : rand() < 0.5 ? "unanswered" : "lost"
  for (const each of reshards) Writing.at(bench, each.at, () => reshard(bench, each))
  const offered: Array<Entry> = []
  for (let i = 0; i < records; i++) {
    const entry = Writing.entryOf(`key-${Math.floor(rand() * keys)}`, Math.floor(rand() * 300))
    offered.push(entry)
    Writing.at(bench, rand() < 0.3 ? 0 : i, () => {
      assert.isTrue(Writing.offer(bench, entry))
      Writing.pump(bench)
    })
  }
  // faults end, so that every record gets through before its deadline
  Writing.at(bench, 40_000, () => {
    bench.fault = () => "none"
  })
  Writing.run(bench)
  return { ...bench, offered: [...bench.offeredAt.keys()] }
}

describe("the core of writing, by histories of faults and reshards", { timeout: 60_000 }, () => {
  it("W15 tells each record exactly once, and nothing is left behind", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { offered, state, told } = play(history)
        assert.strictEqual(told.length, offered.length)
        assert.strictEqual(new Set(told).size, offered.length)
        assert.deepStrictEqual(
          [state.room, state.waiting, state.requestsUnderWay, state.halves.length],
          [0, 0, 0, 0]
        )
        for (const lane of state.lanes.all) {
          assert.deepStrictEqual([lane.waiting, lane.waitingBytes, lane.room, lane.underWay], [0, 0, 0, 0])
        }
      }),
      { numRuns: 30 }
    )
  })

  it("W5 what is told written is seen by a KCL reader; what is told not written is not in the stream", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const played = play(history)
        const seen = new Set(Writing.seen(played))
        for (const entry of played.told) {
          if ("shardId" in entry.ending!) assert.isTrue(seen.has(entry))
          else if (!entry.mayBeWritten) assert.isFalse(seen.has(entry))
        }
      }),
      { numRuns: 30 }
    )
  })

  it("W26 keeps the order of each key: the first copies of its records are in the order in which they were put", () => {
    fc.assert(
      fc.property(histories, (drawn) => {
        const played = play({ ...drawn, order: "key" })
        const numbers = new Map(played.offered.map((entry, index) => [entry, index]))
        const last = new Map<string, number>()
        for (const entry of new Set(Writing.seen(played))) {
          const number = numbers.get(entry)!
          const key = entry.partitionKey!
          assert.isAbove(number, last.get(key) ?? -1, key)
          last.set(key, number)
        }
      }),
      { numRuns: 30 }
    )
  })

  it("W4 writes no record again for a reshard where nothing is aggregated", () => {
    fc.assert(
      fc.property(histories, (drawn) => {
        const played = play({ ...drawn, aggregates: "none", faults: 0 })
        assert.strictEqual(Writing.seen(played).length, played.offered.length)
      }),
      { numRuns: 20 }
    )
  })

  it("W5 after even splits no aggregate is misplaced, and none is written again", () => {
    fc.assert(
      fc.property(histories, (drawn) => {
        const reshards = drawn.reshards.slice(0, 1).map((each) => ({ ...each, kind: "even" as const }))
        const played = play({ ...drawn, aggregates: "shard", faults: 0, reshards })
        const stored = [...played.closed, ...played.served].flatMap(({ stored }) => stored)
        assert.strictEqual(stored.length, played.offered.length)
        assert.isFalse(stored.some(({ isDropped }) => isDropped))
      }),
      { numRuns: 20 }
    )
  })
})

/** Records of random keys at a rate, some of them for the first shard alone. */
const load = (
  bench: Writing.Bench,
  options: { readonly rate: number; readonly seconds: number; readonly hot: number; readonly shards: number }
): { readonly hot: ReadonlySet<Entry>; readonly turnedAway: number } => {
  const hot = new Set<Entry>()
  const counts = { turnedAway: 0 }
  const range = 2n ** 128n / BigInt(options.shards)
  const arrive = (): void => {
    const isHot = bench.rand() < options.hot
    const shard = isHot ? 0 : 1 + Math.floor(bench.rand() * (options.shards - 1))
    const entry = Writing.entryOf("k", 200, String(range * BigInt(shard) + 5n))
    if (!Writing.offer(bench, entry)) counts.turnedAway++
    else if (isHot) hot.add(entry)
  }
  for (let millis = 0; millis < options.seconds * 1000; millis++) {
    Writing.at(bench, millis, () => {
      for (let i = 0; i < options.rate / 1000; i++) arrive()
      Writing.pump(bench)
    })
  }
  Writing.run(bench, options.seconds * 1000)
  return { hot, turnedAway: counts.turnedAway }
}

const latencies = (bench: Writing.Bench, of: (entry: Entry) => boolean): ReadonlyArray<number> =>
  bench.told.filter(of).map((entry) => bench.toldAt.get(entry)! - bench.offeredAt.get(entry)!).sort((a, b) => a - b)

describe("the pace of shards", { timeout: 60_000 }, () => {
  it("W1 a shard at three times its capacity holds up no other: they take two round trips and a linger at most", () => {
    const bench = Writing.bench(Writing.layout(8), 1)
    const { hot } = load(bench, { rate: 6000, seconds: 10, hot: 0.5, shards: 8 })
    const cold = latencies(bench, (entry) => !hot.has(entry))
    assert.isAtLeast(cold.length, 29_000)
    assert.isBelow(cold.at(-1)!, 2 * 30 + 10)
    assert.isBelow(bench.refused / bench.told.length, 0.01)
  })

  it("W2 another writer that takes 60 % of each shard is not refused its part: few entries are refused", () => {
    const bench = Writing.bench(Writing.layout(8), 1)
    bench.others = 0.6
    load(bench, { rate: 8000, seconds: 20, hot: 0.125, shards: 8 })
    assert.isBelow(bench.refused / bench.told.length, 0.05)
    assert.isAbove(bench.told.length / 20, 3200 * 0.95)
  })

  it("W3 without aggregation the pace holds all the same", () => {
    const bench = Writing.bench(Writing.layout(8), 1)
    load(bench, { rate: 16_000, seconds: 10, hot: 0.125, shards: 8 })
    assert.isBelow(bench.refused / bench.told.length, 0.01)
    assert.isAbove(bench.told.length / 10, 7800)
  })

  it("W20 a hot lane holds at most as much room as is free, so that the others find some", () => {
    const maxBufferedBytes = 5_000 * 401
    const bench = Writing.bench(Writing.layout(8), 1, { maxBufferedBytes })
    const { hot } = load(bench, { rate: 6000, seconds: 10, hot: 0.5, shards: 8 })
    const cold = latencies(bench, (entry) => !hot.has(entry))
    assert.isAtLeast(cold.length, 29_000)
    assert.isAtMost(bench.state.lanes.all[0]!.room, maxBufferedBytes / 2)
  })

  it("W30 10,000 records a second make at most 110 calls a second", () => {
    const bench = Writing.bench(Writing.layout(64), 1)
    bench.rtt = () => 20
    load(bench, { rate: 10_000, seconds: 5, hot: 1 / 64, shards: 64 })
    assert.isAtMost(bench.calls / 5, 110)
  })

  it("W29 a record alone goes at once", () => {
    const bench = Writing.bench(Writing.layout(4), 1)
    bench.rtt = () => 20
    Writing.at(bench, 100, () => {
      Writing.offer(bench, Writing.entryOf("a"))
      Writing.pump(bench)
    })
    Writing.run(bench, 1_000)
    assert.deepStrictEqual(latencies(bench, () => true), [20])
  })

  it("W19 a full buffer does not linger", () => {
    const bench = Writing.bench(Writing.layout(1), 1, {
      maxBufferedBytes: 1_000,
      lingerMillis: 60_000,
      deadlineMillis: 1e9
    })
    bench.rtt = () => 1_000
    const entries = Array.from({ length: 12 }, () => Writing.entryOf("a"))
    for (const entry of entries) {
      if (!Writing.offer(bench, entry)) Room.wait(bench.state, entry)
      bench.offeredAt.set(entry, 0)
      Writing.pump(bench)
    }
    Writing.run(bench, 10_000)
    assert.strictEqual(bench.told.length, 12)
  })
})
