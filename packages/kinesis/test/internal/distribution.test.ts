import { assert, describe, it } from "@effect/vitest"
import type { KinesisRecord } from "effect-kinesis"
import * as Distribution from "../../src/internal/record/distribution.js"

const record = (partitionKey: string | undefined): KinesisRecord.KinesisRecord => ({
  stream: "orders",
  shardId: "shardId-0",
  sequenceNumber: "1",
  partitionKey,
  data: new Uint8Array(),
  approximateArrivalTimestamp: undefined
})

describe("distribution", () => {
  it("is asked for once, and again after ten seconds", () => {
    assert.isTrue(Distribution.isStale(Distribution.unasked, 0))
    for (const answer of ["USER_PARTITION_KEY", "unknown"] as const) {
      const known = Distribution.told(Distribution.unasked, answer, 500)
      assert.strictEqual(known.strategy, answer)
      assert.isFalse(Distribution.isStale(known, 10_499))
      assert.isTrue(Distribution.isStale(known, 10_500))
    }
  })

  it("goes by the writers' keys where the service does not know of strategies", () => {
    assert.strictEqual(Distribution.told(Distribution.unasked, undefined, 0).strategy, "USER_PARTITION_KEY")
  })

  it("AUTO is known for good: what was written under it stays in retention", () => {
    const auto = Distribution.told(Distribution.told(Distribution.unasked, "USER_PARTITION_KEY", 0), "AUTO", 10_000)
    assert.strictEqual(auto.strategy, "AUTO")
    assert.isFalse(Distribution.isStale(auto, Number.MAX_VALUE))
    for (const answer of ["USER_PARTITION_KEY", "unknown", undefined] as const) {
      assert.strictEqual(Distribution.told(auto, answer, 20_000).strategy, "AUTO")
    }
    assert.strictEqual(Distribution.seen(auto, [record("k")]).strategy, "AUTO")
  })

  it("a record without a key proves AUTO, an empty key nothing", () => {
    const known = Distribution.told(Distribution.unasked, "USER_PARTITION_KEY", 0)
    assert.strictEqual(Distribution.seen(known, [record("k"), record(undefined)]).strategy, "AUTO")
    assert.strictEqual(Distribution.seen(known, [record("k"), record("")]), known)
    assert.strictEqual(Distribution.seen(known, []), known)
  })
})
