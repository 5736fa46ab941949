import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import * as HashKeys from "../../src/internal/hashKeys.js"
import type { Shard, Stream } from "../../src/internal/model.js"
import { makeStream } from "../../src/internal/model.js"
import * as Reshard from "../../src/internal/reshard.js"

const streamOf = (count: number): Stream => {
  const stream = makeStream({ name: "s", generation: 1, createdAt: 0, mode: "PROVISIONED", retentionPeriodHours: 24 })
  Reshard.createShards(stream, count, 0)
  return stream
}

const assertPartition = (ranges: ReadonlyArray<HashKeys.Range>) => {
  assert.strictEqual(ranges[0]!.start, 0n)
  assert.strictEqual(ranges.at(-1)!.end, HashKeys.size - 1n)
  for (let index = 1; index < ranges.length; index++) {
    assert.strictEqual(ranges[index]!.start, ranges[index - 1]!.end + 1n)
  }
  for (const { end, start } of ranges) assert.isTrue(start <= end)
}

const assertLineage = (shards: ReadonlyArray<Shard>) => {
  for (const shard of shards) {
    assert.strictEqual(shard.closedAt === undefined, shard.children.length === 0)
    if (shard.parents.length > 0) {
      assert.isTrue(shard.parents[0]!.start <= shard.start)
      assert.isTrue(shard.parents.at(-1)!.end >= shard.end)
    }
    for (const parent of shard.parents) {
      assert.isTrue(parent.index < shard.index)
      assert.strictEqual(compareSequenceNumbers(parent.endingSequenceNumber!, shard.startingSequenceNumber), -1)
    }
  }
}

const step = FastCheck.oneof(
  FastCheck.record({ type: FastCheck.constant("split" as const), pick: FastCheck.nat(), at: FastCheck.nat() }),
  FastCheck.record({ type: FastCheck.constant("merge" as const), pick: FastCheck.nat() }),
  FastCheck.record({ type: FastCheck.constant("resize" as const), count: FastCheck.integer({ min: 1, max: 12 }) })
)

describe("reshard", () => {
  it.prop("open shards always partition the hash keys, children lie within their parents", [
    FastCheck.integer({ min: 1, max: 9 }),
    FastCheck.array(step, { maxLength: 12 })
  ], ([count, steps]) => {
    const stream = streamOf(count)
    for (const [now, each] of steps.entries()) {
      const { open } = stream
      if (each.type === "resize") {
        Reshard.resize(stream, each.count, now)
        assert.deepStrictEqual(
          stream.open.map(({ end, start }) => ({ start, end })),
          HashKeys.evenRanges(each.count)
        )
      } else if (each.type === "merge") {
        const index = each.pick % open.length
        if (index + 1 < open.length) Reshard.merge(stream, open[index]!, open[index + 1]!, now)
      } else {
        const shard = open[each.pick % open.length]!
        if (shard.end > shard.start) {
          Reshard.split(stream, shard, shard.start + 1n + BigInt(each.at) % (shard.end - shard.start), now)
        }
      }
      assertPartition(stream.open)
      assertLineage(stream.shards)
    }
  })

  it.prop(
    "doubling is one split a shard, halving one merge a pair",
    [FastCheck.integer({ min: 1, max: 40 })],
    ([count]) => {
      const stream = streamOf(count)
      Reshard.resize(stream, 2 * count, 1000)
      assert.strictEqual(stream.shards.length, 3 * count)
      Reshard.resize(stream, count, 2000)
      assert.strictEqual(stream.shards.length, 4 * count)
      assertLineage(stream.shards)
    }
  )

  it.prop("a hash key has one holder", [
    FastCheck.integer({ min: 1, max: 50 }),
    FastCheck.bigInt({ min: 0n, max: HashKeys.size - 1n })
  ], ([count, key]) => {
    const ranges = HashKeys.evenRanges(count)
    assertPartition(ranges)
    const { end, start } = HashKeys.holder(ranges, key)
    assert.isTrue(start <= key && key <= end)
  })

  it("hash keys are decimals below 2^128", () => {
    assert.strictEqual(HashKeys.parse("0"), 0n)
    assert.strictEqual(HashKeys.parse(String(HashKeys.size - 1n)), HashKeys.size - 1n)
    for (const key of ["", "00", "-1", "0x1", String(HashKeys.size)]) assert.isUndefined(HashKeys.parse(key))
  })
})
