import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { KinesisEvent, Position } from "effect-kinesis"
import * as Layout from "../src/Layout.js"
import * as ReadView from "../src/ReadView.js"

const { PageRead, ShardEnded, ShardLost, ShardStarted, Throttled } = KinesisEvent.KinesisEvent
const at = (now: number): ReadView.Pace => ({ now, elapsedMillis: 2500, totalMillis: 8000, recordsPerSecond: 120.4 })
const pace = at(0)
const wide = { columns: 120, rows: 40 }
const page = (shardId: string, records: number, millisBehindLatest: number | undefined) =>
  PageRead({
    shardId,
    records,
    bytes: 0,
    millisBehindLatest,
    position: Position.afterSequenceNumber("123456789012345")
  })
const start = (shardId: string) => ShardStarted({ shardId, from: Position.trimHorizon, because: "start" })
const throttled = (shardId: string) => Throttled({ operation: "GetRecords", shardId, error: {} as never })

const after = (view: ReadView.ReadView, events: ReadonlyArray<KinesisEvent.KinesisEvent>, now = 0) =>
  events.reduce((view, event) => ReadView.happened(view, event, now), view)

const started = after(ReadView.begin("orders"), ["s1", "s2"].map(start))

const headline = (view: ReadView.ReadView, now = 0) => ReadView.screen(view, at(now), wide)[0]!

describe("ReadView", () => {
  it("shows each shard's records, lag, latest record and position", () => {
    const read = after(started, [page("s2", 1200, 0), page("s1", 30, 1500), page("s1", 4, 700)])
    const view = ReadView.came(ReadView.said(read, "something"), "s2", "customer-1  kettle  $12.99")
    assert.deepStrictEqual(ReadView.screen(view, pace, wide), [
      "orders  2.5 s of 8.0 s  1,234 records  120/s  2 shards  0.7 s behind",
      "",
      "  shard  records  behind            latest record               read to",
      "  s1          34  0.7 s             –                           …456789012345",
      "  s2       1,200  0.0 s             customer-1  kettle  $12.99  …456789012345",
      "",
      "  something"
    ])
  })

  it("a shard that has ended no longer counts as read or behind", () => {
    const view = after(started, [page("s1", 1, 9000), page("s2", 1, 0), ShardEnded({ shardId: "s1", childShards: [] })])
    assert.include(ReadView.progress(view, pace), "1 shard  0.0 s behind")
    assert.include(ReadView.screen(view, pace, wide)[3], "ended")
  })

  it("is behind by nothing that is known before each shard has a page, and while one is throttled", () => {
    assert.match(headline(ReadView.begin("orders")), /– behind$/)
    assert.match(headline(started), /– behind$/)
    assert.match(headline(after(started, [page("s1", 1, 0)])), /– behind$/)
    assert.match(headline(after(started, [page("s1", 1, 400)])), /at least 0.4 s behind$/)
    assert.match(headline(after(started, [page("s1", 1, 0), page("s2", 0, undefined)])), /– behind$/)
    const both = after(started, [page("s1", 1, 0), page("s2", 1, 0)])
    assert.match(headline(both), /0.0 s behind$/)
    const waiting = after(both, [throttled("s1")])
    assert.match(headline(waiting), /– behind$/)
    assert.include(ReadView.screen(waiting, pace, wide)[3], "throttled")
    assert.match(headline(after(waiting, [page("s1", 1, 0)])), /0.0 s behind$/)
  })

  it("tells how old a lag is that is not of this moment", () => {
    const both = after(started, [page("s1", 1, 0), page("s2", 1, 0)], 1000)
    assert.match(headline(both, 2499), /0.0 s behind$/)
    assert.match(headline(both, 2500), /0.0 s behind, 1.5 s ago$/)
    assert.include(ReadView.screen(both, at(2500), wide)[3], "0.0 s, 1.5 s ago")
  })

  it("in 80 columns drops digits of the positions first, in fewer the shards' prefixes, and keeps the order", () => {
    const id = "shardId-000000000001"
    const read = after(ReadView.begin("orders", "order"), [start(id), page(id, 1, 0)])
    const view = ReadView.came(read, id, "customer-17  umbrella  $99.99")
    const line = (columns: number) => ReadView.screen(view, pace, { columns, rows: 24 })[3]
    assert.strictEqual(line(120), `  ${id}        1  0.0 s             customer-17  umbrella  $99.99  …456789012345`)
    assert.strictEqual(line(90), `  ${id}        1  0.0 s             customer-17  umbrella  $99.99  …012345`)
    assert.strictEqual(line(80), `  ${id}        1  0.0 s             customer-17  umbrella  $99.99`)
    assert.strictEqual(line(60), `  1            1  0.0 s   customer-17  umbrella  $99.99`)
  })

  it("shows the first shards of many, and says how many more there are; those that ended give way", () => {
    const ids = Array.from({ length: 100 }, (_, i) => `s${String(i).padStart(3, "0")}`)
    const view = after(ReadView.begin("orders"), [
      ...ids.map(start),
      ...ids.slice(0, 50).map((shardId) => ShardEnded({ shardId, childShards: [] }))
    ])
    const lines = ReadView.screen(view, pace, { columns: 80, rows: 24 })
    assert.strictEqual(lines.length, 24)
    assert.include(lines[0], "orders")
    assert.include(lines, "  79 more shards")
    assert.include(lines.join("\n"), "s050")
    assert.notInclude(lines.join("\n"), "ended")
  })

  it("no line is wider than the terminal and no view higher, whatever happened", () => {
    const id = fc.oneof(fc.nat(30).map((n) => `shardId-${String(n).padStart(12, "0")}`), fc.fullUnicodeString())
    const millis = fc.option(fc.nat(1e9), { nil: undefined })
    const event = fc.oneof(
      id.map(start),
      fc.tuple(id, fc.nat(1e6), millis).map(([shardId, records, behind]) => page(shardId, records, behind)),
      id.map(throttled),
      id.map((shardId) => ShardEnded({ shardId, childShards: [] })),
      id.map((shardId) => ShardLost({ shardId, position: Position.trimHorizon }))
    )
    const text = fc.oneof(
      fc.fullUnicodeString({ maxLength: 100 }),
      fc.constantFrom("\u001b[2J", "日本語".repeat(20), "👍🏽".repeat(40))
    )
    const size = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) })
    fc.assert(fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.array(text, { maxLength: 8 }),
      text,
      size,
      fc.nat(1e7),
      (events, said, latest, size, now) => {
        const read = after(ReadView.begin("orders"), events)
        const ids = [...read.shards.keys()]
        const told = said.reduce(ReadView.said, read)
        const view = ids.reduce((view, id) => ReadView.came(view, id, Layout.visible(latest)), told)
        const lines = ReadView.screen(view, at(now), size)
        assert.isAtMost(lines.length, size.rows)
        assert.isAtLeast(lines.length, 1)
        for (const line of lines) {
          assert.isAtMost(Layout.width(line), size.columns)
          assert.notMatch(line, /\p{Cc}/u)
        }
      }
    ))
  })

  it("words the summary with its numbers", () => {
    const result = {
      records: 1234,
      lost: 0,
      duplicates: 1,
      reordered: 2,
      throttles: 3,
      expiredIterators: 1,
      splits: 1
    }
    assert.deepStrictEqual(ReadView.summary(result), [
      "1,234 records read",
      "0 lost, 1 duplicated, 2 reordered within a key",
      "3 throttles, 1 expired iterator and 1 split on the way"
    ])
  })
})
