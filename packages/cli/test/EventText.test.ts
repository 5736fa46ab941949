import { assert, describe, it } from "@effect/vitest"
import { KinesisEvent, Position } from "effect-kinesis"
import * as EventText from "../src/EventText.js"

const { MalformedAggregates, OutageBegan, OutageEnded, PageRead, RecordsOutsideShard, ShardEnded, Throttled } =
  KinesisEvent.KinesisEvent

describe("EventText", () => {
  it("tells of events in a line", () => {
    const error = { operation: "GetRecords", shardId: "s1", description: "" }
    assert.strictEqual(
      EventText.describe(ShardEnded({ shardId: "s1", childShards: ["s3", "s4"] })),
      "s1  split into s3 and s4"
    )
    assert.strictEqual(
      EventText.describe(Throttled({ ...error, error: {} as never })),
      "s1  throttled, waiting to try again"
    )
    const outage = { service: "lease-store", attempts: 3 } as const
    assert.strictEqual(
      EventText.describe(
        OutageBegan({ ...outage, ...error, since: 0, error: { message: "connect ECONNREFUSED" } as never })
      ),
      "the lease store cannot be used: connect ECONNREFUSED"
    )
    assert.strictEqual(
      EventText.describe(OutageEnded({ ...outage, millis: 9_000 })),
      "the lease store can be used again: 3 calls failed in 9.0 s"
    )
    const aggregates = { shardId: "s1", count: 2 }
    assert.strictEqual(
      EventText.describe(MalformedAggregates({ ...aggregates, reason: "the MD5 digest differs" })),
      "s1  2 malformed aggregates: the MD5 digest differs"
    )
    assert.strictEqual(
      EventText.describe(RecordsOutsideShard({ ...aggregates, outcome: "dropped", strategy: "USER_PARTITION_KEY" })),
      "s1  2 records of another shard dropped from aggregates"
    )
    assert.strictEqual(
      EventText.describe(RecordsOutsideShard({ ...aggregates, outcome: "kept", strategy: "AUTO" })),
      "s1  2 records of another shard kept in aggregates (record distribution: AUTO)"
    )
    assert.isUndefined(
      EventText.describe(
        PageRead({ shardId: "s1", records: 1, bytes: 0, millisBehindLatest: 1, position: Position.trimHorizon })
      )
    )
  })
})
