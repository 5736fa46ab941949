import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import * as Lifecycle from "../../src/internal/lifecycle.js"
import type { Shard } from "../../src/internal/model.js"
import { closeShard, makeStream } from "../../src/internal/model.js"
import * as Reshard from "../../src/internal/reshard.js"
import * as ShardLog from "../../src/internal/shardLog.js"

const shardOf = (arrivals: ReadonlyArray<number>, data = new Uint8Array(0)): Shard => {
  const stream = makeStream({ name: "s", generation: 1, createdAt: 0, mode: "PROVISIONED", retentionPeriodHours: 24 })
  Reshard.createShards(stream, 1, 0)
  const shard = stream.shards[0]!
  for (const at of arrivals) ShardLog.append(shard, { data, partitionKey: "k" }, at)
  return shard
}

const arrivals = FastCheck.array(FastCheck.nat({ max: 100_000 }), { maxLength: 60 }).map((all) =>
  [...all].sort((a, b) => a - b)
)

const recordsOf = (shard: Shard) => ShardLog.records(shard, "s", { from: 0, to: shard.log.length })

const readAll = (shard: Shard, limits: ReadonlyArray<number>, bytes: number) => {
  const records: Array<KinesisRecord> = []
  let place = 0
  let page
  let reads = 0
  do {
    page = ShardLog.readPage(shard, "s", place, limits[reads++ % limits.length]!, 200_000, {
      bytes,
      end: shard.log.length
    })
    records.push(...page.records)
    place = page.next
  } while (!page.last)
  return records
}

describe("shardLog", () => {
  it.prop("pages of any sizes make up the log, in rising numbers", [
    arrivals,
    FastCheck.array(FastCheck.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
    FastCheck.integer({ min: 1, max: 600 })
  ], ([arrivals, limits, bytes]) => {
    const shard = shardOf(arrivals, new Uint8Array(99))
    closeShard(shard, 150_000)
    const records = readAll(shard, limits, bytes)
    assert.deepStrictEqual(records, recordsOf(shard))
    for (let index = 1; index < records.length; index++) {
      assert.strictEqual(compareSequenceNumbers(records[index - 1]!.sequenceNumber, records[index]!.sequenceNumber), -1)
    }
    for (const { sequenceNumber } of records) assert.isTrue(ShardLog.owns(shard, sequenceNumber))
  })

  it.prop("positions are what a search from the oldest record finds", [
    arrivals.filter((all) => all.length > 0),
    FastCheck.nat(),
    FastCheck.nat({ max: 100_001 }),
    FastCheck.nat()
  ], ([arrivals, pick, timestamp, trim]) => {
    const shard = shardOf(arrivals)
    shard.trimmed = trim % (arrivals.length + 1)
    const naive = (test: (index: number) => boolean) => {
      for (let index = shard.trimmed; index < arrivals.length; index++) if (test(index)) return index
      return arrivals.length
    }
    const index = pick % arrivals.length
    const { sequenceNumber } = recordsOf(shard)[index]!
    assert.strictEqual(
      ShardLog.placeOf(shard, { _tag: "AtTimestamp", timestamp }),
      naive((at) => arrivals[at]! >= timestamp)
    )
    assert.strictEqual(
      ShardLog.placeOf(shard, { _tag: "AtSequenceNumber", sequenceNumber }),
      naive((at) => at >= index)
    )
    assert.strictEqual(
      ShardLog.placeOf(shard, { _tag: "AfterSequenceNumber", sequenceNumber }),
      naive((at) => at > index)
    )
    assert.strictEqual(ShardLog.placeOf(shard, { _tag: "TrimHorizon" }), shard.trimmed)
    assert.strictEqual(ShardLog.placeOf(shard, { _tag: "Latest" }), arrivals.length)
  })

  it("a page ends at 10 MiB, but has one record at least", () => {
    const mebibyte = 1024 * 1024
    const recordOf = (bytes: number) => new Uint8Array(bytes - 1)
    const even = ShardLog.readPage(shardOf(Array(12).fill(0), recordOf(mebibyte)), "s", 0, 10_000, 0)
    assert.deepStrictEqual([even.records.length, even.cut, even.bytes], [10, true, 10 * mebibyte])
    const large = ShardLog.readPage(shardOf([0, 0], recordOf(11 * mebibyte)), "s", 0, 10_000, 0)
    assert.deepStrictEqual([large.records.length, large.cut], [1, true])
    const whole = ShardLog.readPage(shardOf(Array(10).fill(0), recordOf(mebibyte)), "s", 0, 10_000, 0)
    assert.deepStrictEqual([whole.records.length, whole.cut], [10, false])
  })

  it("trims up to a number, never back", () => {
    const shard = shardOf([1, 2, 3, 4])
    Lifecycle.trim(shard, recordsOf(shard)[1]!.sequenceNumber)
    assert.strictEqual(shard.trimmed, 2)
    Lifecycle.trim(shard, recordsOf(shard)[0]!.sequenceNumber)
    assert.strictEqual(shard.trimmed, 2)
    Lifecycle.trim(shard, undefined)
    assert.strictEqual(shard.trimmed, 4)
  })
})
