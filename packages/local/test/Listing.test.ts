import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { setup, shard0, shard1, shard2, stream } from "./support/setup.js"

const hour = 3_600_000

/** Shard 0 lives from 0 to 1000, its children 1 and 2 from 1000; 1 and 2 are merged into 3 at 2000. */
const lineage = Effect.gen(function*() {
  const service = yield* setup()
  yield* TestClock.adjust(1000)
  yield* service.client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
  yield* TestClock.adjust(1000)
  yield* service.client.mergeShards({ stream, shardToMerge: shard1, adjacentShardToMerge: shard2 })
  yield* TestClock.adjust(1000)
  return service
})

describe("ListShards", () => {
  it.effect("names parents, ranges and numbers", () =>
    Effect.gen(function*() {
      const { shards } = yield* lineage
      const listed = yield* shards()
      assert.deepStrictEqual(
        listed.map((shard) => [
          shard.shardId,
          shard.parentShardId,
          shard.adjacentParentShardId,
          shard.hashKeyRange.startingHashKey,
          shard.endingSequenceNumber === undefined
        ]),
        [
          [shard0, undefined, undefined, "0", false],
          [shard1, shard0, undefined, "0", false],
          [shard2, shard0, undefined, "10", false],
          ["shardId-000000000003", shard1, shard2, "0", true]
        ]
      )
    }))

  it.effect("every filter", () =>
    Effect.gen(function*() {
      const { ids } = yield* lineage
      assert.deepStrictEqual(yield* ids(), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "FROM_TRIM_HORIZON" }), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TRIM_HORIZON" }), [0])
      assert.deepStrictEqual(yield* ids({ type: "AT_LATEST" }), [3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TIMESTAMP", timestamp: 0 }), [0])
      assert.deepStrictEqual(yield* ids({ type: "AT_TIMESTAMP", timestamp: 999 }), [0])
      assert.deepStrictEqual(yield* ids({ type: "AT_TIMESTAMP", timestamp: 1000 }), [0, 1, 2])
      assert.deepStrictEqual(yield* ids({ type: "AT_TIMESTAMP", timestamp: 1500 }), [1, 2])
      assert.deepStrictEqual(yield* ids({ type: "AT_TIMESTAMP", timestamp: 2500 }), [3])
      assert.deepStrictEqual(yield* ids({ type: "FROM_TIMESTAMP", timestamp: -hour }), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "FROM_TIMESTAMP", timestamp: 1000 }), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "FROM_TIMESTAMP", timestamp: 1001 }), [1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "FROM_TIMESTAMP", timestamp: 2001 }), [3])
      assert.deepStrictEqual(yield* ids({ type: "AFTER_SHARD_ID", shardId: shard0 }), [1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "AFTER_SHARD_ID", shardId: "shardId-000000000003" }), [])
    }))

  it.effect("the trim horizon moves on with retention", () =>
    Effect.gen(function*() {
      const { ids } = yield* lineage
      yield* TestClock.setTime(24 * hour + 1000)
      assert.deepStrictEqual(yield* ids(), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TRIM_HORIZON" }), [0, 1, 2])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* ids(), [1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TRIM_HORIZON" }), [1, 2])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* ids(), [3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TRIM_HORIZON" }), [3])
    }))

  it.effect("the children of a shard that a knob expired are at the trim horizon", () =>
    Effect.gen(function*() {
      const { ids, local } = yield* lineage
      yield* local.expireShard({ stream, shardId: shard0 })
      assert.deepStrictEqual(yield* ids(), [1, 2, 3])
      assert.deepStrictEqual(yield* ids({ type: "AT_TRIM_HORIZON" }), [1, 2])
    }))

  it.effect("refuses filters that are incomplete", () =>
    Effect.gen(function*() {
      const { shards } = yield* setup()
      const cases = [
        [{ type: "SOMETIME" }, "shardFilter.type"],
        [{ type: "AT_TIMESTAMP" }, "shardFilter.timestamp"],
        [{ type: "FROM_TIMESTAMP", timestamp: Number.NaN }, "shardFilter.timestamp"],
        [{ type: "AFTER_SHARD_ID", shardId: "" }, "shardFilter.shardId"]
      ] as const
      for (const [filter, field] of cases) {
        assert.deepInclude(yield* Effect.flip(shards(filter as never)), { _tag: "InvalidArgument", field })
      }
    }))

  it.effect("pages keep the filter, 1,000 shards each unless told", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 2500 })
      const one = yield* client.listShards({ stream, shardFilter: { type: "AFTER_SHARD_ID", shardId: shard1 } })
      assert.strictEqual(one.shards.length, 1000)
      assert.strictEqual(one.shards[0]!.shardId, shard2)
      const two = yield* client.listShards({ nextToken: one.nextToken! })
      const three = yield* client.listShards({ nextToken: two.nextToken!, maxResults: 498 })
      assert.strictEqual(three.shards.length, 498)
      assert.isUndefined(three.nextToken)
      const all = [...one.shards, ...two.shards, ...three.shards]
      assert.deepStrictEqual(
        all.map(({ shardId }) => Number(shardId.slice(-12))),
        Array.from({ length: 2498 }, (_, i) => i + 2)
      )
    }))

  it.effect("tokens expire after 300 seconds", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 3 })
      const { nextToken } = yield* client.listShards({ stream, maxResults: 1 })
      yield* TestClock.adjust(299_999)
      assert.strictEqual((yield* client.listShards({ nextToken: nextToken! })).shards.length, 2)
      yield* TestClock.adjust(1)
      const error = yield* Effect.flip(client.listShards({ nextToken: nextToken! }))
      assert.deepInclude(error, { _tag: "ExpiredListToken", operation: "ListShards" })
    }))

  it.effect("refuses wrong requests", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 2 })
      const { nextToken } = yield* client.listShards({ stream, maxResults: 1 })
      const cases = [
        [{ stream, nextToken }, "nextToken"],
        [{}, "stream"],
        [{ nextToken: "garbage" }, "nextToken"],
        [{ stream, maxResults: 0 }, "maxResults"],
        [{ stream, maxResults: 10_001 }, "maxResults"],
        [{ stream: "not a name" }, "stream"],
        [{ stream: "arn:aws:s3:::bucket" }, "stream"]
      ] as const
      for (const [request, field] of cases) {
        assert.deepInclude(yield* Effect.flip(client.listShards(request as never)), { _tag: "InvalidArgument", field })
      }
      assert.strictEqual((yield* Effect.flip(client.listShards({ stream: "x" })))._tag, "ResourceNotFound")
      yield* client.deleteStream({ stream })
      const gone = yield* Effect.flip(client.listShards({ nextToken: nextToken! }))
      assert.strictEqual(gone._tag, "ResourceNotFound")
      yield* client.createStream({ stream, shardCount: 2 })
      const earlier = yield* Effect.flip(client.listShards({ nextToken: nextToken! }))
      assert.deepInclude(earlier, { _tag: "InvalidArgument", field: "nextToken" })
    }))

  it.effect("1,000 calls in any second", () =>
    Effect.gen(function*() {
      const { client } = yield* setup()
      yield* Effect.replicateEffect(client.listShards({ stream }), 1000)
      const error = yield* Effect.flip(client.listShards({ stream }))
      assert.deepInclude(error, { _tag: "ThrottledError", reason: "limit" })
      yield* TestClock.adjust(1000)
      yield* client.listShards({ stream })
    }))

  it.effect("refuses a stream that is being created or deleted", () =>
    Effect.gen(function*() {
      const { client, shards } = yield* setup({ transition: "2 seconds", streams: [] })
      yield* client.createStream({ stream, shardCount: 1 })
      assert.strictEqual((yield* Effect.flip(shards()))._tag, "ResourceInUse")
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* shards()).length, 1)
      yield* client.deleteStream({ stream })
      assert.strictEqual((yield* Effect.flip(shards()))._tag, "ResourceInUse")
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* Effect.flip(shards()))._tag, "ResourceNotFound")
    }))
})

describe("ListStreams", () => {
  it.effect("pages in the order of names", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({ streams: ["c", "a", "b"].map((name) => ({ name })) })
      const one = yield* client.listStreams({ limit: 2 })
      assert.deepStrictEqual(one.streamNames, ["a", "b"])
      assert.deepStrictEqual(yield* client.listStreams({ nextToken: one.nextToken }), {
        streamNames: ["c"],
        nextToken: undefined
      })
      for (const limit of [0, 10_001]) {
        assert.deepInclude(yield* Effect.flip(client.listStreams({ limit })), {
          _tag: "InvalidArgument",
          field: "limit"
        })
      }
      const garbage = yield* Effect.flip(client.listStreams({ nextToken: "garbage" }))
      assert.deepInclude(garbage, { _tag: "InvalidArgument", field: "nextToken" })
    }))
})
