import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import { keys, setup, shard0, shard1, shard2, stream } from "./support/setup.js"

const hour = 3_600_000

describe("streams", () => {
  it.effect("are described by name and by ARN", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({ accountId: "123456789012", region: "eu-west-1" }, { shardCount: 3 })
      const streamArn = `arn:aws:kinesis:eu-west-1:123456789012:stream/${stream}`
      const expected = {
        streamName: stream,
        streamArn,
        streamStatus: "ACTIVE",
        streamMode: "PROVISIONED",
        retentionPeriodHours: 24,
        openShardCount: 3,
        recordDistributionStrategy: "USER_PARTITION_KEY",
        maxRecordSizeInKiB: 1024,
        creationTimestamp: new Date(0)
      } as const
      assert.deepStrictEqual(yield* client.describeStreamSummary({ stream }), expected)
      assert.deepStrictEqual(yield* client.describeStreamSummary({ stream: streamArn }), expected)
      for (const other of [streamArn.replace("eu-west-1", "us-east-1"), streamArn.replace("1234", "9234")]) {
        const error = yield* Effect.flip(client.describeStreamSummary({ stream: other }))
        assert.strictEqual(error._tag, "ResourceNotFound")
      }
    }))

  it.effect("a name or a count that has no text is refused like any other", () =>
    Effect.gen(function*() {
      const { client } = yield* setup()
      const throwing = () => {
        throw new Error("no text")
      }
      for (const value of [Object.create(null), { toJSON: throwing }, { toString: throwing }, undefined, Symbol("s")]) {
        const error = yield* Effect.flip(client.describeStreamSummary({ stream: value as string }))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "stream" })
        const other = yield* Effect.flip(client.createStream({ stream: "new", shardCount: value as number }))
        assert.deepInclude(other, { _tag: "InvalidArgument", field: "shardCount" })
      }
    }))

  it.effect("are created once, with 1 to 10,000 shards or on demand", () =>
    Effect.gen(function*() {
      const { client } = yield* setup()
      assert.strictEqual((yield* Effect.flip(client.createStream({ stream, shardCount: 1 })))._tag, "ResourceInUse")
      for (const shardCount of [0, 10_001, 1.5]) {
        const error = yield* Effect.flip(client.createStream({ stream: "new", shardCount }))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "shardCount" })
      }
      for (const name of ["", "a b", "x".repeat(129)]) {
        const error = yield* Effect.flip(client.createStream({ stream: name, shardCount: 1 }))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "stream" })
      }
      yield* client.createStream({ stream: "demand", shardCount: "on-demand" })
      const summary = yield* client.describeStreamSummary({ stream: "demand" })
      assert.deepInclude(summary, { streamMode: "ON_DEMAND", openShardCount: 4 })
      const calls = [
        client.splitShard({ stream: "demand", shardToSplit: shard0, newStartingHashKey: "10" }),
        client.mergeShards({ stream: "demand", shardToMerge: shard0, adjacentShardToMerge: shard1 }),
        client.updateShardCount({ stream: "demand", targetShardCount: 8 })
      ]
      for (const call of calls) assert.strictEqual((yield* Effect.flip(call))._tag, "InvalidArgument")
    }))

  it.effect("are CREATING, ACTIVE, UPDATING and DELETING, each for the transition's time", () =>
    Effect.gen(function*() {
      const { client, put } = yield* setup({ transition: "1 second", streams: [] })
      const status = Effect.map(client.describeStreamSummary({ stream }), ({ streamStatus }) => streamStatus)
      yield* client.createStream({ stream, shardCount: 2 })
      assert.strictEqual(yield* status, "CREATING")
      assert.strictEqual((yield* Effect.flip(put("k")))._tag, "ResourceNotFound")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* status, "ACTIVE")
      yield* put("k")
      yield* client.updateShardCount({ stream, targetShardCount: 4 })
      assert.strictEqual(yield* status, "UPDATING")
      yield* put("k")
      const busy = [
        client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" }),
        client.mergeShards({ stream, shardToMerge: shard0, adjacentShardToMerge: shard1 }),
        client.updateShardCount({ stream, targetShardCount: 3 }),
        client.increaseStreamRetentionPeriod({ stream, retentionPeriodHours: 48 }),
        client.createStream({ stream, shardCount: 1 })
      ]
      for (const call of busy) assert.strictEqual((yield* Effect.flip(call))._tag, "ResourceInUse")
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* status, "ACTIVE")
      yield* client.deleteStream({ stream })
      assert.strictEqual(yield* status, "DELETING")
      assert.strictEqual((yield* Effect.flip(client.deleteStream({ stream })))._tag, "ResourceInUse")
      assert.deepStrictEqual((yield* client.listStreams({})).streamNames, [stream])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual((yield* client.listStreams({})).streamNames, [])
      assert.strictEqual((yield* Effect.flip(status))._tag, "ResourceNotFound")
      assert.strictEqual((yield* Effect.flip(client.deleteStream({ stream })))._tag, "ResourceNotFound")
    }))

  it.effect("die at the start when the service would refuse them", () =>
    Effect.gen(function*() {
      for (const  of of[{ shardCount: 0 }, { retentionPeriodHours: 23 }]) {
        assert.strictEqual((yield* Effect.exit(setup({}, of)))._tag, "Failure")
      }
    }))
})

describe("retention", () => {
  it.effect("drops records lazily, and closed shards after them", () =>
    Effect.gen(function*() {
      const { client, ids, iterator, local, put, read } = yield* setup()
      yield* put("a")
      yield* TestClock.adjust(1000)
      yield* put("b")
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
      yield* TestClock.setTime(24 * hour)
      const start = yield* iterator()
      assert.deepStrictEqual(keys(yield* read(start)), ["a", "b"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(keys(yield* read(start)), ["b"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* ids(), [1, 2])
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ResourceNotFound")
      assert.strictEqual((yield* Effect.flip(iterator()))._tag, "ResourceNotFound")
      assert.deepStrictEqual((yield* local.records(stream)).map((record) => [record.partitionKey, record.trimmed]), [
        ["a", true],
        ["b", true]
      ])
    }))

  it.effect("is increased and decreased between 24 and 8,760 hours", () =>
    Effect.gen(function*() {
      const { client, iterator, put, read } = yield* setup()
      const increase = (retentionPeriodHours: number) =>
        client.increaseStreamRetentionPeriod({ stream, retentionPeriodHours })
      const decrease = (retentionPeriodHours: number) =>
        client.decreaseStreamRetentionPeriod({ stream, retentionPeriodHours })
      const wrong = { _tag: "InvalidArgument", field: "retentionPeriodHours" } as const
      for (const hours of [23, 24, 8761]) assert.deepInclude(yield* Effect.flip(increase(hours)), wrong)
      yield* increase(48)
      for (const hours of [23, 48, 72]) assert.deepInclude(yield* Effect.flip(decrease(hours)), wrong)
      yield* put("a")
      yield* TestClock.adjust("30 hours")
      assert.deepStrictEqual(keys(yield* read(yield* iterator())), ["a"])
      yield* decrease(24)
      yield* increase(48)
      assert.deepStrictEqual(keys(yield* read(yield* iterator())), [])
      assert.strictEqual((yield* client.describeStreamSummary({ stream })).retentionPeriodHours, 48)
    }))
})

describe("SplitShard", () => {
  it.effect("closes the parent and numbers the children above it", () =>
    Effect.gen(function*() {
      const { client, put, shards } = yield* setup()
      const { sequenceNumber } = yield* put("k")
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "1" })
      const [parent, one, two] = yield* shards()
      assert.isTrue(compareSequenceNumbers(parent!.endingSequenceNumber!, sequenceNumber) >= 0)
      for (const child of [one!, two!]) {
        assert.strictEqual(compareSequenceNumbers(child.startingSequenceNumber, parent!.endingSequenceNumber!), 1)
      }
      assert.deepStrictEqual(one!.hashKeyRange, { startingHashKey: "0", endingHashKey: "0" })
      assert.strictEqual((yield* put("k")).shardId, shard2)
    }))

  it.effect("refuses keys outside the shard, closed and unknown shards", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 2 })
      const split = (shardToSplit: string, newStartingHashKey: string) =>
        client.splitShard({ stream, shardToSplit, newStartingHashKey })
      const half = 2n ** 127n
      for (const key of ["0", String(half), "x"]) {
        const error = yield* Effect.flip(split(shard0, key))
        assert.deepInclude(error, {
          _tag: "InvalidArgument",
          field: "newStartingHashKey",
          shardId: shard0,
          operation: "SplitShard"
        })
        assert.include(error.message, `from 1 to ${half - 1n}`)
      }
      yield* split(shard0, String(half - 1n))
      assert.deepInclude(yield* Effect.flip(split(shard0, "5")), { _tag: "InvalidArgument", field: "shardToSplit" })
      assert.strictEqual((yield* Effect.flip(split("shardId-000000000009", "5")))._tag, "ResourceNotFound")
    }))

  it.effect("takes effect at the end of the transition", () =>
    Effect.gen(function*() {
      const { client, ids, put } = yield* setup({ transition: "5 seconds" })
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "1" })
      yield* TestClock.adjust(4999)
      assert.strictEqual((yield* put("k")).shardId, shard0)
      assert.deepStrictEqual(yield* ids(), [0])
      yield* TestClock.adjust(2001)
      assert.strictEqual((yield* put("k")).shardId, shard2)
      assert.deepStrictEqual(yield* ids({ type: "FROM_TIMESTAMP", timestamp: 5001 }), [1, 2])
    }))
})

describe("MergeShards", () => {
  it.effect("takes neighbours in either order", () =>
    Effect.gen(function*() {
      const { client, ids } = yield* setup({}, { shardCount: 4 })
      const merge = (shardToMerge: string, adjacentShardToMerge: string) =>
        client.mergeShards({ stream, shardToMerge, adjacentShardToMerge })
      const apart = yield* Effect.flip(merge(shard0, shard2))
      assert.deepInclude(apart, { _tag: "InvalidArgument", field: "adjacentShardToMerge" })
      assert.strictEqual((yield* Effect.flip(merge(shard0, shard0)))._tag, "InvalidArgument")
      yield* merge(shard2, shard1)
      assert.deepStrictEqual(yield* ids({ type: "AT_LATEST" }), [0, 3, 4])
      const closed = yield* Effect.flip(merge(shard0, shard1))
      assert.deepInclude(closed, { _tag: "InvalidArgument", field: "adjacentShardToMerge" })
      assert.strictEqual((yield* Effect.flip(merge(shard0, "shardId-000000000009")))._tag, "ResourceNotFound")
    }))
})

describe("UpdateShardCount", () => {
  it.effect("ends with even ranges", () =>
    Effect.gen(function*() {
      const { client, shards } = yield* setup({}, { shardCount: 4 })
      for (const targetShardCount of [8, 4, 3, 5, 5, 10]) {
        yield* client.updateShardCount({ stream, targetShardCount })
        const open = yield* shards({ type: "AT_LATEST" })
        assert.deepStrictEqual(
          open.map(({ hashKeyRange }) => BigInt(hashKeyRange.startingHashKey)).sort((a, b) => a < b ? -1 : 1),
          Array.from({ length: targetShardCount }, (_, index) => (BigInt(index) << 128n) / BigInt(targetShardCount))
        )
      }
    }))

  it.effect("from half to double of the open shards", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 5 })
      const update = (targetShardCount: number) => client.updateShardCount({ stream, targetShardCount })
      const up = yield* Effect.flip(update(11))
      assert.deepInclude(up, { _tag: "ThrottledError", reason: "limit" })
      assert.include(up.message, "double")
      const down = yield* Effect.flip(update(2))
      assert.deepInclude(down, { _tag: "ThrottledError", reason: "limit" })
      assert.include(down.message, "half")
      for (const count of [0, 10_001, 2.5]) {
        assert.deepInclude(yield* Effect.flip(update(count)), { _tag: "InvalidArgument", field: "targetShardCount" })
      }
      yield* update(3)
      yield* update(6)
    }))
})
