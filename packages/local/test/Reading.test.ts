import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, TestClock } from "effect"
import { afterSequenceNumber, atSequenceNumber, atTimestamp, latest, trimHorizon } from "effect-kinesis/Position"
import { bytes, keys, mebibyte, setup, shard0, shard1, shard2, stream, text } from "./support/setup.js"

describe("GetShardIterator", () => {
  it.effect("the five types", () =>
    Effect.gen(function*() {
      const { client, iterator, put, read } = yield* setup()
      yield* TestClock.adjust(1000)
      const first = yield* put("a")
      yield* TestClock.adjust(1000)
      yield* put("b")
      yield* TestClock.adjust(1000)
      const cases = [
        [trimHorizon, ["a", "b"]],
        [latest, []],
        [atTimestamp(1000), ["a", "b"]],
        [atTimestamp(1001), ["b"]],
        [atTimestamp(2001), []],
        [atSequenceNumber(first.sequenceNumber), ["a", "b"]],
        [afterSequenceNumber(first.sequenceNumber), ["b"]]
      ] as const
      for (const [position, expected] of cases) {
        assert.deepStrictEqual(keys(yield* read(yield* iterator(position))), expected)
        yield* TestClock.adjust(1000)
      }
      const [shard] = (yield* client.listShards({ stream })).shards
      const start = yield* iterator(atSequenceNumber(shard!.startingSequenceNumber))
      assert.deepStrictEqual(keys(yield* read(start)), ["a", "b"])
    }))

  it.effect("LATEST and AT_TIMESTAMP become a place when the iterator is issued", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup()
      yield* put("before")
      const tip = yield* iterator(latest)
      const now = yield* iterator(atTimestamp(0))
      yield* put("after")
      assert.deepStrictEqual(keys(yield* read(tip)), ["after"])
      assert.deepStrictEqual(keys(yield* read(now)), ["before", "after"])
    }))

  it.effect("refuses instants in the future, by the server's clock", () =>
    Effect.gen(function*() {
      const { iterator } = yield* setup({ serverClockSkew: -2000 })
      yield* TestClock.adjust(10_000)
      const error = yield* Effect.flip(iterator(atTimestamp(8001)))
      assert.strictEqual(error._tag, "InvalidArgument")
      assert.include(
        error.description,
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. " +
          "timestampInMillis: 8001, currentTimestampInMillis: 8000"
      )
      assert.strictEqual(error.operation, "GetShardIterator")
      assert.strictEqual(error.shardId, shard0)
      yield* iterator(atTimestamp(8000))
    }))

  it.effect("refuses numbers that are malformed or of another shard", () =>
    Effect.gen(function*() {
      const { client, iterator } = yield* setup({}, { shardCount: 2 })
      const put = (hashKey: string) =>
        client.putRecord({ stream, partitionKey: "k", data: text(""), explicitHashKey: hashKey })
      const other = yield* put(String(2n ** 128n - 1n))
      assert.strictEqual(other.shardId, shard1)
      for (const position of [atSequenceNumber, afterSequenceNumber]) {
        for (const number of [other.sequenceNumber, "0", "12345"]) {
          const error = yield* Effect.flip(iterator(position(number)))
          assert.strictEqual(error._tag, "InvalidArgument")
          assert.strictEqual(
            error.description,
            `StartingSequenceNumber ${number} used in GetShardIterator on shard ${shard0} in stream ${stream} ` +
              "under account 000000000000 is invalid because it did not come from this stream."
          )
        }
        const error = yield* Effect.flip(iterator(position("01")))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "sequenceNumber" })
      }
      const end = yield* Effect.flip(iterator({ _tag: "ShardEnd" }))
      assert.deepInclude(end, { _tag: "InvalidArgument", field: "position" })
    }))

  it.effect("a trimmed number is the oldest record, an old instant too", () =>
    Effect.gen(function*() {
      const { iterator, local, put, read } = yield* setup()
      const first = yield* put("a")
      yield* put("b")
      yield* local.trim({ stream, upTo: first.sequenceNumber })
      for (const position of [atSequenceNumber(first.sequenceNumber), atTimestamp(0), trimHorizon]) {
        assert.deepStrictEqual(keys(yield* read(yield* iterator(position))), ["b"])
      }
    }))

  it.effect("5 calls in any second", () =>
    Effect.gen(function*() {
      const { iterator } = yield* setup()
      yield* Effect.replicateEffect(iterator(), 5)
      yield* TestClock.adjust(999)
      assert.deepInclude(yield* Effect.flip(iterator()), { _tag: "ThrottledError", reason: "throughput" })
      yield* TestClock.adjust(1)
      yield* iterator()
    }))

  it.effect("unknown streams and shards are not found", () =>
    Effect.gen(function*() {
      const { client, iterator } = yield* setup()
      const missing = yield* Effect.flip(
        client.getShardIterator({ stream: "x", shardId: shard0, position: { _tag: "Latest" } })
      )
      assert.strictEqual(missing._tag, "ResourceNotFound")
      assert.strictEqual(missing.description, "Stream x under account 000000000000 not found.")
      assert.strictEqual((yield* Effect.flip(iterator(latest, shard1)))._tag, "ResourceNotFound")
      assert.strictEqual((yield* Effect.flip(iterator(latest, "nonsense")))._tag, "ResourceNotFound")
    }))
})

describe("GetRecords", () => {
  it.effect("pages by limit, the same iterator gives the same", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup()
      for (const key of ["a", "b", "c"]) yield* put(key)
      yield* TestClock.adjust(500)
      const start = yield* iterator()
      const one = yield* read(start, 2)
      assert.deepStrictEqual(keys(one), ["a", "b"])
      assert.strictEqual(one.millisBehindLatest, 500)
      assert.deepStrictEqual(keys(yield* read(start, 2)), ["a", "b"])
      const two = yield* read(one.nextShardIterator!, 2)
      assert.deepStrictEqual(keys(two), ["c"])
      assert.strictEqual(two.millisBehindLatest, 0)
      const three = yield* read(two.nextShardIterator!)
      assert.deepStrictEqual([keys(three), three.millisBehindLatest, three.childShards], [[], 0, []])
      yield* put("d")
      assert.deepStrictEqual(keys(yield* read(three.nextShardIterator!)), ["d"])
    }))

  it.effect("is at least 1 ms behind while there is more", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup()
      yield* put("a")
      yield* put("b")
      assert.strictEqual((yield* read(yield* iterator(), 1)).millisBehindLatest, 1)
    }))

  it.effect("records as written, with the server's time; the caller may reuse its bytes", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup({ serverClockSkew: 50 })
      yield* TestClock.adjust(1000)
      const data = text("hello")
      const { sequenceNumber } = yield* put("key", data)
      data.fill(0)
      const { records } = yield* read(yield* iterator())
      assert.deepStrictEqual(records, [{
        stream,
        shardId: shard0,
        sequenceNumber,
        partitionKey: "key",
        data: text("hello"),
        approximateArrivalTimestamp: new Date(1050)
      }])
    }))

  it.effect("limit is 1 to 10,000", () =>
    Effect.gen(function*() {
      const { iterator, read } = yield* setup()
      const start = yield* iterator()
      for (const limit of [0, 10_001, 1.5, -1]) {
        const error = yield* Effect.flip(read(start, limit))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "limit" })
        assert.include(error.message, "1 to 10,000")
      }
      yield* read(start, 1)
      yield* read(start, 10_000)
    }))

  it.effect("an iterator expires 5 minutes after its issue", () =>
    Effect.gen(function*() {
      const { iterator, read } = yield* setup()
      const start = yield* iterator()
      yield* TestClock.adjust(299_999)
      const { nextShardIterator } = yield* read(start)
      yield* TestClock.adjust(1)
      const error = yield* Effect.flip(read(start))
      assert.strictEqual(error._tag, "ExpiredIterator")
      assert.strictEqual(
        error.description,
        "Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 1970 while right now it is " +
          "Thu Jan 01 00:05:00 UTC 1970 which is further in the future than the tolerated delay of 300000 milliseconds."
      )
      yield* read(nextShardIterator!)
    }))

  it.effect("refuses what is no iterator", () =>
    Effect.gen(function*() {
      const { client, iterator, read } = yield* setup({ streams: [{ name: stream }, { name: "other" }] })
      const start = yield* iterator()
      for (const token of ["", "garbage", `${start}A`, start.slice(4)]) {
        assert.strictEqual((yield* Effect.flip(read(token)))._tag, "InvalidArgument")
      }
      const other = "arn:aws:kinesis:us-east-1:000000000000:stream/other"
      const error = yield* Effect.flip(client.getRecords({ stream: other, shardId: shard0, shardIterator: start }))
      assert.deepInclude(error, { _tag: "InvalidArgument", field: "stream" })
    }))

  it.effect("an iterator of a deleted or created again stream is not found", () =>
    Effect.gen(function*() {
      const { client, iterator, read } = yield* setup()
      const start = yield* iterator()
      yield* client.deleteStream({ stream })
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ResourceNotFound")
      yield* client.createStream({ stream, shardCount: 1 })
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ResourceNotFound")
    }))

  it.effect("the page that reaches the end of a closed shard names its children, also an empty one", () =>
    Effect.gen(function*() {
      const { client, iterator, put, read } = yield* setup()
      yield* put("a")
      yield* put("b")
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
      const one = yield* read(yield* iterator(), 1)
      assert.isString(one.nextShardIterator)
      assert.deepStrictEqual(one.childShards, [])
      const two = yield* read(one.nextShardIterator!)
      assert.isUndefined(two.nextShardIterator)
      assert.strictEqual(two.millisBehindLatest, 0)
      assert.deepStrictEqual(two.childShards, [
        {
          shardId: shard1,
          parentShards: [shard0],
          hashKeyRange: { startingHashKey: "0", endingHashKey: "9" }
        },
        {
          shardId: shard2,
          parentShards: [shard0],
          hashKeyRange: { startingHashKey: "10", endingHashKey: String(2n ** 128n - 1n) }
        }
      ])
      const [parent] = (yield* client.listShards({ stream })).shards
      for (const position of [latest, atSequenceNumber(parent!.endingSequenceNumber!), atTimestamp(0)]) {
        const page = yield* read(yield* iterator(position))
        assert.isUndefined(page.nextShardIterator)
        assert.strictEqual(page.childShards.length, 2)
        yield* TestClock.adjust(1000)
      }
    }))

  it.effect("a merged shard's parents both name it", () =>
    Effect.gen(function*() {
      const { client, iterator, read } = yield* setup({}, { shardCount: 2 })
      yield* client.mergeShards({ stream, shardToMerge: shard1, adjacentShardToMerge: shard0 })
      for (const id of [shard0, shard1]) {
        const page = yield* read(yield* iterator(trimHorizon, id), 1, id)
        assert.deepStrictEqual(page.childShards.map((child) => [child.shardId, child.parentShards]), [[
          shard2,
          [shard0, shard1]
        ]])
      }
    }))

  it.effect("5 calls in any second a shard; refused ones do not count", () =>
    Effect.gen(function*() {
      const { client, iterator, read } = yield* setup({}, { shardCount: 2 })
      const start = yield* iterator()
      const other = yield* iterator(trimHorizon, shard1)
      yield* Effect.replicateEffect(read(start), 5)
      for (let attempt = 0; attempt < 20; attempt++) {
        const error = yield* Effect.flip(read(start))
        assert.deepInclude(error, { _tag: "ThrottledError", reason: "throughput" })
        assert.strictEqual(
          error.description,
          `Rate exceeded for shard ${shard0} in stream ${stream} under account 000000000000.`
        )
        yield* TestClock.adjust(49)
      }
      yield* client.getRecords({ stream, shardId: shard1, shardIterator: other })
      yield* TestClock.adjust(20)
      yield* Effect.replicateEffect(read(start), 5)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(read(start))))
    }))

  it.effect("2 MiB a second: a page may overdraw, then the shard rests", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup()
      for (let index = 0; index < 6; index++) {
        yield* put("k", bytes(mebibyte))
        yield* TestClock.adjust(1000)
      }
      const start = yield* iterator()
      const page = yield* read(start)
      assert.strictEqual(page.records.length, 6)
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ThrottledError")
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ThrottledError")
      yield* TestClock.adjust(1)
      yield* read(start, 1)
    }))

  it.effect("a page of 10 MiB is followed by 5 seconds without reads", () =>
    Effect.gen(function*() {
      const { iterator, put, read } = yield* setup()
      for (let index = 0; index < 12; index++) {
        yield* put("k", bytes(mebibyte))
        yield* TestClock.adjust(1000)
      }
      const page = yield* read(yield* iterator())
      assert.strictEqual(page.records.length, 10)
      assert.strictEqual(page.millisBehindLatest, 2000)
      yield* TestClock.adjust(4999)
      assert.strictEqual((yield* Effect.flip(read(page.nextShardIterator!)))._tag, "ThrottledError")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* read(page.nextShardIterator!)).records.length, 2)
    }))

  it.effect("at most 10,000 records a page", () =>
    Effect.gen(function*() {
      const { client, iterator, read } = yield* setup()
      const records = Array.from({ length: 500 }, () => ({ partitionKey: "k", data: text("") }))
      for (let index = 0; index < 21; index++) {
        assert.strictEqual((yield* client.putRecords({ stream, records })).failedRecordCount, 0)
        yield* TestClock.adjust(500)
      }
      const page = yield* read(yield* iterator())
      assert.strictEqual(page.records.length, 10_000)
      assert.strictEqual((yield* read(page.nextShardIterator!)).records.length, 500)
    }))

  it.effect("an iterator of before the trim goes on at the oldest record", () =>
    Effect.gen(function*() {
      const { iterator, local, put, read } = yield* setup()
      for (const key of ["a", "b", "c"]) yield* put(key)
      const start = yield* iterator()
      const { records } = yield* read(start)
      yield* local.trim({ stream, shardId: shard0, upTo: records[1]!.sequenceNumber })
      assert.deepStrictEqual(keys(yield* read(start)), ["c"])
      yield* local.trim({ stream })
      const empty = yield* read(start)
      assert.deepStrictEqual([keys(empty), empty.millisBehindLatest], [[], 0])
    }))
})
