import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, TestClock } from "effect"
import { KinesisClient } from "effect-kinesis/KinesisClient"
import { AccessDenied, KmsError } from "effect-kinesis/KinesisError"
import { trimHorizon } from "effect-kinesis/Position"
import { bytes, keys, mebibyte, setup, shard0, shard1, shard2, stream, text } from "./support/setup.js"

const arn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`
const top = String(2n ** 128n - 1n)

describe("layer", () => {
  it.effect("one engine behind both services", () =>
    Effect.gen(function*() {
      const client = yield* KinesisClient
      const local = yield* LocalKinesis.LocalKinesis
      yield* client.putRecord({ stream, partitionKey: "k", data: text("v") })
      assert.strictEqual((yield* local.records(stream)).length, 1)
    }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: stream }] }))))
})

describe("time", () => {
  it.effect("latency and a skewed server clock", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup({ latency: "30 millis", serverClockSkew: -1000 })
      yield* TestClock.adjust(5000)
      const fiber = yield* Effect.fork(put("k"))
      yield* TestClock.adjust(29)
      assert.strictEqual((yield* local.calls)[0]!.outcome, "pending")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust(1)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      const [record] = yield* local.records(stream)
      assert.deepStrictEqual(record!.approximateArrivalTimestamp, new Date(4030))
      assert.strictEqual((yield* local.calls)[0]!.at, 5000)
    }))
})

describe("throttle", () => {
  it.effect("fails the next calls of its target", () =>
    Effect.gen(function*() {
      const { iterator, local, put, read } = yield* setup({}, { shardCount: 2 })
      const start = yield* iterator()
      const other = yield* iterator(trimHorizon, shard1)
      yield* local.throttle({ operation: "getRecords", stream: arn, shardId: shard0, times: 2 })
      yield* put("a")
      yield* read(other, 1, shard1)
      for (let index = 0; index < 2; index++) {
        const error = yield* Effect.flip(read(start))
        assert.deepInclude(error, {
          _tag: "ThrottledError",
          reason: "throughput",
          operation: "GetRecords",
          stream,
          shardId: shard0
        })
      }
      assert.deepStrictEqual(keys(yield* read(start)), ["a"])
    }))

  it.effect("without a target it meets any call, by name or ARN", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup()
      yield* local.throttle({})
      assert.strictEqual((yield* Effect.flip(client.listStreams({})))._tag, "ThrottledError")
      yield* client.listStreams({})
      yield* local.throttle({ stream })
      yield* client.listStreams({})
      assert.strictEqual((yield* Effect.flip(client.describeStreamSummary({ stream: arn })))._tag, "ThrottledError")
      yield* local.throttle({ times: 0 })
      yield* client.listStreams({})
    }))

  it.effect("meets the further pages of a stream's listing", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { shardCount: 2 })
      const { nextToken } = yield* client.listShards({ stream, maxResults: 1 })
      yield* local.throttle({ operation: "listShards", stream })
      assert.strictEqual((yield* Effect.flip(client.listShards({ nextToken: nextToken! })))._tag, "ThrottledError")
    }))

  it.effect("of a shard meets the writes that go there; entries of PutRecords alone", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { shardCount: 2 })
      const low = { partitionKey: "low", data: text(""), explicitHashKey: "0" }
      const high = { partitionKey: "high", data: text(""), explicitHashKey: top }
      yield* local.throttle({ stream, shardId: shard1, times: 2 })
      yield* client.putRecord({ stream, ...low })
      const error = yield* Effect.flip(client.putRecord({ stream, ...high }))
      assert.strictEqual(error._tag, "ThrottledError")
      const { failedRecordCount, records } = yield* client.putRecords({ stream, records: [high, low, high] })
      assert.strictEqual(failedRecordCount, 2)
      assert.deepStrictEqual(records.map(({ errorCode }) => errorCode), [
        "ProvisionedThroughputExceededException",
        undefined,
        "ProvisionedThroughputExceededException"
      ])
      assert.strictEqual((yield* client.putRecords({ stream, records: [high] })).failedRecordCount, 0)
    }))

  it.effect("of either shard meets a merge", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { shardCount: 3 })
      yield* local.throttle({ shardId: shard1 })
      const merge = client.mergeShards({ stream, shardToMerge: shard0, adjacentShardToMerge: shard1 })
      assert.strictEqual((yield* Effect.flip(merge))._tag, "ThrottledError")
      yield* local.throttle({ shardId: shard2 })
      yield* merge
    }))
})

describe("other faults", () => {
  it.effect("expireIterator", () =>
    Effect.gen(function*() {
      const { iterator, local, put, read } = yield* setup()
      yield* local.expireIterator({ stream })
      yield* put("a")
      const start = yield* iterator()
      const error = yield* Effect.flip(read(start))
      assert.deepInclude(error, { _tag: "ExpiredIterator", stream, shardId: shard0 })
      assert.deepStrictEqual(keys(yield* read(start)), ["a"])
    }))

  it.effect("fail, with an error or a function of the operation, and no effect", () =>
    Effect.gen(function*() {
      const { client, local, put } = yield* setup()
      const error = new KmsError({ operation: "x", description: "disabled", code: "KMSDisabledException" })
      yield* local.fail({ stream, error })
      assert.strictEqual(yield* Effect.flip(put("k")), error)
      yield* local.fail({
        times: 2,
        error: (operation) => new AccessDenied({ operation, description: "", action: `kinesis:${operation}` })
      })
      assert.deepInclude(yield* Effect.flip(put("k")), { action: "kinesis:PutRecord" })
      assert.deepInclude(yield* Effect.flip(client.listStreams({})), { action: "kinesis:ListStreams" })
      assert.deepStrictEqual(yield* local.records(stream), [])
    }))

  it.effect("delay, and a deadline that is sooner", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup({ requestTimeout: "3 seconds" })
      yield* local.delay({ operation: "putRecord", duration: "2 seconds" })
      yield* local.delay({ operation: "putRecord", duration: "4 seconds" })
      const one = yield* Effect.fork(put("one"))
      yield* TestClock.adjust(2000)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(one)))
      const two = yield* Effect.fork(Effect.flip(put("two")))
      yield* TestClock.adjust(3000)
      assert.deepInclude(yield* Fiber.join(two), { _tag: "RequestTimeout", operation: "PutRecord" })
      yield* TestClock.adjust(10_000)
      assert.deepStrictEqual((yield* local.records(stream)).map(({ partitionKey }) => partitionKey), ["one"])
    }))

  it.effect("a delay comes before another fault of the same call", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup()
      yield* local.throttle({})
      yield* local.delay({ duration: "1 second" })
      const fiber = yield* Effect.fork(Effect.flip(put("k")))
      yield* TestClock.adjust(999)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "ThrottledError")
    }))

  it.effect("hang, until the deadline of the client", () =>
    Effect.gen(function*() {
      const { iterator, local, read } = yield* setup()
      const start = yield* iterator()
      yield* local.hang({ operation: "getRecords" })
      const fiber = yield* Effect.fork(Effect.flip(read(start)))
      yield* TestClock.adjust(29_999)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "RequestTimeout")
      assert.strictEqual((yield* local.calls).at(-1)!.outcome, "pending")
    }))

  it.effect("loseAnswer: it took effect", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup()
      yield* local.loseAnswer({ operation: "putRecord" })
      assert.strictEqual((yield* Effect.flip(put("k")))._tag, "ServiceUnavailable")
      yield* put("k")
      assert.strictEqual((yield* local.records(stream)).length, 2)
    }))

  it.effect("loseAnswer of PutRecords: what was written stays, and what was refused too", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup()
      yield* local.loseAnswer({ operation: "putRecords" })
      const records = [1, 2, 3].map((key) => ({ partitionKey: String(key), data: bytes(0.4 * mebibyte) }))
      assert.strictEqual((yield* Effect.flip(client.putRecords({ stream, records })))._tag, "ServiceUnavailable")
      assert.deepStrictEqual((yield* local.records(stream)).map(({ partitionKey }) => partitionKey), ["1", "2"])
      yield* local.loseAnswer({ operation: "putRecords" })
      assert.strictEqual((yield* Effect.flip(client.putRecords({ stream, records: [] })))._tag, "InvalidArgument")
    }))

  it.effect("delayAnswer: it took effect at once, whether or not its caller waits for the answer", () =>
    Effect.gen(function*() {
      const { client, local, put } = yield* setup({ requestTimeout: "3 seconds" })
      yield* local.delayAnswer({ operation: "putRecords", duration: "2 seconds" })
      yield* local.delayAnswer({ operation: "putRecords", duration: "4 seconds" })
      yield* local.delayAnswer({ operation: "putRecord", duration: "1 second" })
      const two = [{ partitionKey: "a", data: bytes(mebibyte) }, { partitionKey: "b", data: text("") }]
      const one = yield* Effect.fork(client.putRecords({ stream, records: two }))
      yield* TestClock.adjust(1999)
      assert.strictEqual((yield* local.records(stream)).length, 1)
      assert.isTrue(Option.isNone(yield* Fiber.poll(one)))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(one)).failedRecordCount, 1)
      const late = yield* Effect.fork(Effect.flip(client.putRecords({ stream, records: two })))
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* Fiber.join(late))._tag, "RequestTimeout")
      assert.strictEqual((yield* local.records(stream)).length, 2)
      const refused = yield* Effect.fork(Effect.flip(put("")))
      yield* TestClock.adjust(999)
      assert.isTrue(Option.isNone(yield* Fiber.poll(refused)))
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(refused))._tag, "InvalidArgument")
    }))

  it.effect("straggle: it takes effect late, also when nobody waits for it any more", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({ requestTimeout: "3 seconds" })
      const put = (key: string) => client.putRecords({ stream, records: [{ partitionKey: key, data: text("") }] })
      yield* local.straggle({ operation: "putRecords", duration: "2 seconds" })
      yield* local.straggle({ operation: "putRecords", duration: "5 seconds" })
      const answered = yield* Effect.fork(put("first"))
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* Fiber.join(answered)).records[0]!.shardId, shard0)
      const given = yield* Effect.fork(Effect.flip(put("late")))
      yield* TestClock.adjust(3000)
      assert.strictEqual((yield* Fiber.join(given))._tag, "RequestTimeout")
      yield* put("between")
      yield* TestClock.adjust(1999)
      assert.strictEqual((yield* local.records(stream)).length, 2)
      yield* TestClock.adjust(1)
      const records = yield* local.records(stream)
      assert.deepStrictEqual(records.map(({ partitionKey }) => partitionKey), ["first", "between", "late"])
      assert.deepStrictEqual((yield* local.calls).map(({ outcome }) => outcome), ["ok", "pending", "ok"])
    }))

  it.effect("failEntries: the chosen entries alone are not written", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { shardCount: 2 })
      const records = ["a", "b", "c"].map((partitionKey) => ({ partitionKey, data: text(partitionKey) }))
      const put = client.putRecords({ stream, records })
      yield* local.failEntries({ stream, entries: ({ partitionKey }) => partitionKey === "z" })
      yield* local.failEntries({
        stream,
        times: 2,
        entries: ({ partitionKey }, index) => partitionKey === "b" || index === 2
      })
      const one = yield* put
      assert.strictEqual(one.failedRecordCount, 2)
      assert.strictEqual(one.records[0]!.shardId, shard0)
      for (const index of [1, 2]) {
        assert.deepStrictEqual(one.records[index], {
          errorCode: "InternalFailure",
          errorMessage: "Internal service failure."
        })
      }
      assert.deepStrictEqual((yield* local.records(stream)).map(({ partitionKey }) => partitionKey), ["a"])
      yield* put
      assert.strictEqual((yield* put).failedRecordCount, 0)
      yield* local.failEntries({ stream, shardId: shard1, errorCode: "ProvisionedThroughputExceededException" })
      const throttled = yield* put
      assert.deepStrictEqual(throttled.records.map(({ errorCode }) => errorCode), [
        undefined,
        "ProvisionedThroughputExceededException",
        undefined
      ])
      assert.include(JSON.stringify(throttled.records[1]), shard1)
      assert.strictEqual((yield* put).failedRecordCount, 0)
    }))

  it.effect("failEntries meets no PutRecord, and dies of a choice that is none", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup()
      yield* local.failEntries({ stream })
      yield* put("a")
      for (const wrong of [{ entries: "b" as never }, { errorCode: "AccessDenied" as never }]) {
        assert.strictEqual((yield* Effect.exit(local.failEntries(wrong)))._tag, "Failure")
      }
    }))

  it.effect("failKms: reads and writes of records fail, and nothing is written", () =>
    Effect.gen(function*() {
      const { client, iterator, local, put, read } = yield* setup()
      const start = yield* iterator()
      yield* local.failKms({ stream: arn, code: "KMSAccessDeniedException", times: 3 })
      yield* client.describeStreamSummary({ stream })
      const calls: ReadonlyArray<Effect.Effect<unknown, object>> = [
        put("a"),
        client.putRecords({ stream, records: [{ partitionKey: "a", data: text("") }] }),
        read(start)
      ]
      for (const call of calls) {
        assert.deepInclude(yield* Effect.flip(call), { _tag: "KmsError", stream, code: "KMSAccessDeniedException" })
      }
      assert.deepStrictEqual(yield* local.records(stream), [])
      yield* local.failKms({ code: "KMSThrottlingException" })
      assert.deepInclude(yield* Effect.flip(put("a")), {
        _tag: "ThrottledError",
        reason: "kms",
        operation: "PutRecord"
      })
      yield* put("a")
      assert.strictEqual((yield* Effect.exit(local.failKms({ code: "KMSFullMoon" as never })))._tag, "Failure")
    }))

  it.effect("omitEntries: all is written, and the answer lacks its last entries", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup()
      const records = ["a", "b", "c"].map((partitionKey) => ({ partitionKey, data: text("") }))
      yield* local.omitEntries({ stream, count: 2 })
      yield* local.omitEntries({})
      yield* local.omitEntries({ count: 9 })
      for (const left of [1, 2, 0, 3]) {
        const answer = yield* client.putRecords({ stream, records })
        assert.deepStrictEqual([answer.records.length, answer.failedRecordCount], [left, 0])
      }
      assert.strictEqual((yield* local.records(stream)).length, 12)
    }))

  it.effect("omit: it took effect, and the answer lacks what it should have", () =>
    Effect.gen(function*() {
      const { client, iterator, local, put, read } = yield* setup()
      yield* put("a")
      yield* local.omit({ operation: "getRecords", fields: ["nextShardIterator", "millisBehindLatest"] })
      const page = yield* read(yield* iterator())
      assert.deepStrictEqual(
        [page.records.length, page.nextShardIterator, page.millisBehindLatest],
        [1, undefined, undefined]
      )
      yield* local.omit({ operation: "listShards", fields: ["shards"] })
      assert.deepStrictEqual(yield* client.listShards({ stream }), { shards: [], nextToken: undefined })
    }))

  it.effect("emptyPages keep their place, at the tip and at the end of a closed shard too", () =>
    Effect.gen(function*() {
      const { client, iterator, local, put, read } = yield* setup()
      yield* put("a")
      yield* TestClock.adjust(700)
      yield* local.emptyPages({ stream, shardId: shard0, times: 2 })
      const one = yield* read(yield* iterator())
      assert.deepStrictEqual([one.records, one.millisBehindLatest], [[], 700])
      const two = yield* read(one.nextShardIterator!)
      assert.deepStrictEqual(keys(two), [])
      const three = yield* read(two.nextShardIterator!)
      assert.deepStrictEqual(keys(three), ["a"])
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
      yield* local.emptyPages({})
      const end = yield* read(three.nextShardIterator!)
      assert.deepStrictEqual([end.records, end.millisBehindLatest, end.childShards], [[], 1, []])
      assert.strictEqual((yield* read(end.nextShardIterator!)).childShards.length, 2)
    }))

  it.effect("clearFaults", () =>
    Effect.gen(function*() {
      const { local, put } = yield* setup()
      yield* local.throttle({ times: Number.POSITIVE_INFINITY })
      assert.strictEqual((yield* Effect.flip(put("k")))._tag, "ThrottledError")
      yield* local.clearFaults
      yield* put("k")
    }))
})

describe("expireShard", () => {
  it.effect("a closed shard is gone; an open one cannot go", () =>
    Effect.gen(function*() {
      const { client, ids, iterator, local, put, read } = yield* setup()
      yield* put("a")
      assert.strictEqual((yield* Effect.exit(local.expireShard({ stream, shardId: shard0 })))._tag, "Failure")
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
      const start = yield* iterator()
      yield* local.expireShard({ stream, shardId: shard0 })
      assert.deepStrictEqual(yield* ids(), [1, 2])
      assert.strictEqual((yield* Effect.flip(read(start)))._tag, "ResourceNotFound")
      assert.strictEqual((yield* Effect.flip(iterator()))._tag, "ResourceNotFound")
    }))
})

describe("calls and records", () => {
  it.effect("say what came and what became of it", () =>
    Effect.gen(function*() {
      const { client, local, put } = yield* setup()
      yield* put("k")
      yield* TestClock.adjust(10)
      yield* Effect.flip(client.getShardIterator({ stream: arn, shardId: shard1, position: { _tag: "Latest" } }))
      const calls = yield* local.calls
      assert.deepStrictEqual(calls.map((call) => ({ ...call, request: {} })), [
        { operation: "putRecord", at: 0, request: {}, stream, shardId: undefined, outcome: "ok" },
        {
          operation: "getShardIterator",
          at: 10,
          request: {},
          stream,
          shardId: shard1,
          outcome: "ResourceNotFound"
        }
      ])
      assert.deepInclude(calls[0]!.request, { partitionKey: "k" })
    }))

  it.effect("no records of a stream that is not there", () =>
    Effect.gen(function*() {
      const { local } = yield* setup()
      assert.deepStrictEqual(yield* local.records("x"), [])
    }))
})
