import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as HashKey from "../../src/internal/record/hashKey.js"
import * as ShardMap from "../../src/internal/write/shardMap.js"
import { shards } from "../support/writing.js"

const hashKey = fc.bigInt(0n, 2n ** 128n - 1n)

/** So many shards that begin at these places. */
const shardsAt = (starts: ReadonlyArray<bigint>) => {
  const sorted = [...new Set([0n, ...starts])].sort((a, b) => (a < b ? -1 : 1))
  return sorted.map((start, index) => ({
    ...shards(1)[0]!,
    shardId: `shardId-${String(index).padStart(12, "0")}`,
    hashKeyRange: {
      startingHashKey: String(start),
      endingHashKey: String((sorted[index + 1] ?? 2n ** 128n) - 1n)
    }
  }))
}

describe("the map of the shards", () => {
  it("finds the shard that takes a hash key, and its half", () => {
    fc.assert(fc.property(fc.array(hashKey, { maxLength: 20 }), hashKey, (starts, hash) => {
      const listed = shardsAt(starts)
      const map = ShardMap.make([...listed].reverse())!
      const expected = listed.find(({ hashKeyRange }) => hash <= BigInt(hashKeyRange.endingHashKey))!
      const words = HashKey.toWords(hash)
      const found = map.open[ShardMap.find(map, words)]!
      assert.strictEqual(found.shardId, expected.shardId)
      assert.isTrue(ShardMap.holds(found, words))
      const { endingHashKey, startingHashKey } = expected.hashKeyRange
      assert.strictEqual(
        ShardMap.isInUpperHalf(found, words),
        hash > (BigInt(startingHashKey) + BigInt(endingHashKey)) / 2n
      )
    }))
  })

  it("is none where the listing leaves hash keys out, and passes over closed shards", () => {
    const [first, second, third] = shards(3)
    assert.isUndefined(ShardMap.make([]))
    assert.isUndefined(ShardMap.make([first!, third!]))
    assert.isUndefined(ShardMap.make([first!, second!]))
    assert.isUndefined(ShardMap.make([second!, third!]))
    const closed = { ...first!, shardId: "shardId-000000000009", endingSequenceNumber: "1" }
    assert.strictEqual(ShardMap.make([closed, first!, second!, third!])!.open.length, 3)
  })

  it("remembers shards that are closed by now", () => {
    const before = ShardMap.make(shards(1))!
    const after = ShardMap.make(shards(2, 1), before)!
    assert.deepStrictEqual([...after.known.keys()], [
      "shardId-000000000000",
      "shardId-000000000001",
      "shardId-000000000002"
    ])
  })
})
