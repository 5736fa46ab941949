import { assert, describe, it } from "@effect/vitest"
import { KinesisEvent, Position } from "effect-kinesis"
import * as ReadView from "../src/ReadView.js"

const { MalformedAggregates, PageRead, RecordsOutsideShard, ShardEnded, ShardStarted, Throttled } =
  KinesisEvent.KinesisEvent
const pace = { elapsedMillis: 2500, totalMillis: 8000, recordsPerSecond: 120.4 }
const page = (shardId: string, records: number, millisBehindLatest: number) =>
  PageRead({
    shardId,
    records,
    bytes: 0,
    millisBehindLatest,
    position: Position.afterSequenceNumber("123456789012345")
  })

const started = ["s1", "s2"]
  .map((shardId) => ShardStarted({ shardId, from: Position.trimHorizon, because: "start" }))
  .reduce(ReadView.happened, ReadView.begin("orders"))

describe("ReadView", () => {
  it("shows each shard's records, lag and position", () => {
    const view = [page("s2", 1200, 0), page("s1", 30, 1500), page("s1", 4, 700)].reduce(ReadView.happened, started)
    assert.deepStrictEqual(ReadView.screen(ReadView.said(view, "something"), pace), [
      "orders  2.5 s of 8.0 s  1,234 records  120/s  2 shards  0.7 s behind",
      "",
      "  s1            34 records  0.7 s behind    after …456789012345",
      "  s2         1,200 records  0.0 s behind    after …456789012345",
      "",
      "  something"
    ])
  })

  it("a shard that has ended no longer counts as read or behind", () => {
    const view = [page("s1", 1, 9000), ShardEnded({ shardId: "s1", childShards: ["s3", "s4"] })].reduce(
      ReadView.happened,
      started
    )
    assert.include(ReadView.progress(view, pace), "1 shards  0.0 s behind")
    assert.include(ReadView.screen(view, pace)[2], "ended")
  })

  it("shows the first shards of many, and says how many more there are", () => {
    const view = Array.from(
      { length: 100 },
      (_, i) => ShardStarted({ shardId: `s${i}`, from: Position.latest, because: "start" })
    )
      .reduce(ReadView.happened, ReadView.begin("orders"))
    const lines = ReadView.screen(view, pace)
    assert.include(lines, "  and 76 more shards")
    assert.isAtMost(lines.length, 40)
  })

  it("tells of events in a line", () => {
    const error = { operation: "GetRecords", shardId: "s1", description: "" }
    assert.strictEqual(
      ReadView.describe(ShardEnded({ shardId: "s1", childShards: ["s3", "s4"] })),
      "s1  split into s3 and s4"
    )
    assert.strictEqual(
      ReadView.describe(Throttled({ ...error, error: {} as never })),
      "s1  throttled, waiting to try again"
    )
    const aggregates = { shardId: "s1", count: 2 }
    assert.strictEqual(
      ReadView.describe(MalformedAggregates({ ...aggregates, reason: "the MD5 digest differs" })),
      "s1  2 malformed aggregates: the MD5 digest differs"
    )
    assert.strictEqual(
      ReadView.describe(RecordsOutsideShard({ ...aggregates, outcome: "dropped", strategy: "USER_PARTITION_KEY" })),
      "s1  2 records of another shard dropped from aggregates"
    )
    assert.strictEqual(
      ReadView.describe(RecordsOutsideShard({ ...aggregates, outcome: "kept", strategy: "AUTO" })),
      "s1  2 records of another shard kept in aggregates (record distribution: AUTO)"
    )
    assert.isUndefined(ReadView.describe(page("s1", 1, 1)))
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
