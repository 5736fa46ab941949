import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import { bytes, mebibyte, setup, shard0, shard1, stream, text } from "./support/setup.js"

const copies = <A>(length: number, value: A): ReadonlyArray<A> => Array.from({ length }, () => value)

const top = String(2n ** 128n - 1n)

describe("PutRecord", () => {
  it.effect("routes by MD5 or by an explicit hash key", () =>
    Effect.gen(function*() {
      const { client, put } = yield* setup({}, { shardCount: 2 })
      assert.strictEqual((yield* put("a")).shardId, shard0)
      assert.strictEqual((yield* put("b")).shardId, shard1)
      const explicit = (explicitHashKey: string) =>
        client.putRecord({ stream, partitionKey: "a", data: text(""), explicitHashKey })
      assert.strictEqual((yield* explicit(top)).shardId, shard1)
      assert.strictEqual((yield* explicit("0")).shardId, shard0)
      for (const key of ["01", "-1", "x", String(2n ** 128n)]) {
        assert.deepInclude(yield* Effect.flip(explicit(key)), { _tag: "InvalidArgument", field: "explicitHashKey" })
      }
    }))

  it.effect("with AUTO the service distributes the records, and a key may be left out", () =>
    Effect.gen(function*() {
      const { client, iterator, local, put, read } = yield* setup({}, { shardCount: 2 })
      const keyless = { stream, data: text("keyless") }
      assert.deepInclude(yield* Effect.flip(client.putRecord(keyless)), {
        _tag: "InvalidArgument",
        field: "partitionKey"
      })
      yield* local.distribute({ stream, strategy: "AUTO" })
      const summary = yield* client.describeStreamSummary({ stream })
      assert.strictEqual(summary.recordDistributionStrategy, "AUTO")
      const shards = [yield* put("a"), yield* put("a"), yield* client.putRecord(keyless)].map(({ shardId }) => shardId)
      assert.deepStrictEqual([...new Set(shards)].sort(), [shard0, shard1])
      assert.strictEqual(shards[0], shards[2])
      const ordered = {
        ...keyless,
        sequenceNumberForOrdering: "49590338271490256608559692538361571095921575989136588898"
      }
      assert.strictEqual((yield* Effect.flip(client.putRecord(ordered)))._tag, "InvalidArgument")
      const { records } = yield* read(yield* iterator(undefined, shards[2]!), undefined, shards[2]!)
      assert.deepStrictEqual(records.map(({ partitionKey }) => partitionKey), ["a", undefined])
    }))

  it.effect("numbers rise", () =>
    Effect.gen(function*() {
      const { client, put } = yield* setup()
      let before = (yield* put("a")).sequenceNumber
      for (let index = 0; index < 50; index++) {
        const { sequenceNumber } = yield* client.putRecord({
          stream,
          partitionKey: "a",
          data: text(""),
          sequenceNumberForOrdering: before
        })
        assert.strictEqual(compareSequenceNumbers(before, sequenceNumber), -1)
        before = sequenceNumber
        yield* TestClock.adjust(300)
      }
      const request = { stream, partitionKey: "a", data: text(""), sequenceNumberForOrdering: "x" }
      const error = yield* Effect.flip(client.putRecord(request))
      assert.deepInclude(error, { _tag: "InvalidArgument", field: "sequenceNumberForOrdering" })
    }))

  it.effect("a key has 1 to 256 characters, a record 1 MiB with its key", () =>
    Effect.gen(function*() {
      const { put } = yield* setup()
      for (const key of ["", "k".repeat(257)]) {
        const error = yield* Effect.flip(put(key))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "partitionKey" })
        assert.include(error.message, "1 to 256 characters")
      }
      yield* put("ü".repeat(256), text(""))
      yield* TestClock.adjust(1000)
      yield* put("k", bytes(mebibyte))
      yield* TestClock.adjust(1000)
      const error = yield* Effect.flip(put("k", bytes(mebibyte + 1)))
      assert.deepInclude(error, { _tag: "InvalidArgument", field: "data" })
      assert.include(error.message, "1,048,576")
    }))

  it.effect("1 MiB a second", () =>
    Effect.gen(function*() {
      const { put } = yield* setup()
      yield* put("k", bytes(mebibyte))
      assert.deepInclude(yield* Effect.flip(put("k")), { _tag: "ThrottledError", reason: "throughput" })
      yield* TestClock.adjust(500)
      assert.strictEqual((yield* Effect.flip(put("k", bytes(mebibyte / 2 + 1))))._tag, "ThrottledError")
      yield* put("k", bytes(mebibyte / 2))
    }))

  it.effect("1,000 records a second", () =>
    Effect.gen(function*() {
      const { put } = yield* setup()
      yield* Effect.replicateEffect(put("k"), 1000)
      assert.deepInclude(yield* Effect.flip(put("k")), { _tag: "ThrottledError", reason: "throughput" })
      yield* TestClock.adjust(1)
      yield* put("k")
      assert.strictEqual((yield* Effect.flip(put("k")))._tag, "ThrottledError")
    }))

  it.effect("to an unknown stream is not found", () =>
    Effect.gen(function*() {
      const { client } = yield* setup()
      const request = { stream: "x", partitionKey: "k", data: text("") }
      const error = yield* Effect.flip(client.putRecord(request))
      assert.deepInclude(error, { _tag: "ResourceNotFound", operation: "PutRecord", stream: "x" })
      const many = yield* Effect.flip(client.putRecords({ stream: "x", records: [request] }))
      assert.strictEqual(many._tag, "ResourceNotFound")
    }))
})

describe("PutRecords", () => {
  it.effect("entries fail by themselves when their shard is full", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { shardCount: 2 })
      const large = bytes(mebibyte * 0.75)
      const answer = yield* client.putRecords({
        stream,
        records: [
          { partitionKey: "a", data: large, explicitHashKey: "0" },
          { partitionKey: "b", data: large, explicitHashKey: "0" },
          { partitionKey: "c", data: large, explicitHashKey: top },
          { partitionKey: "d", data: text("small"), explicitHashKey: "0" }
        ]
      })
      assert.strictEqual(answer.failedRecordCount, 1)
      assert.deepStrictEqual(answer.records.map(({ shardId }) => shardId), [shard0, undefined, shard1, shard0])
      assert.deepStrictEqual(answer.records[1], {
        errorCode: "ProvisionedThroughputExceededException",
        errorMessage: `Rate exceeded for shard ${shard0} in stream ${stream} under account 000000000000.`
      })
      assert.deepStrictEqual((yield* local.records(stream)).map(({ partitionKey }) => partitionKey), ["a", "d", "c"])
    }))

  it.effect("1 to 500 entries and 10 MiB", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { shardCount: 20 })
      const entry = { partitionKey: "k", data: text("") }
      const put = (records: ReadonlyArray<typeof entry>) => client.putRecords({ stream, records })
      for (const count of [0, 501]) {
        const error = yield* Effect.flip(put(copies(count, entry)))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "records" })
        assert.include(error.message, "1 to 500")
      }
      yield* put(copies(500, entry))
      const large = { partitionKey: "k", data: bytes(mebibyte) }
      yield* put(copies(10, large))
      const error = yield* Effect.flip(put([...copies(10, large), entry]))
      assert.deepInclude(error, { _tag: "InvalidArgument", field: "records" })
      assert.include(error.message, "10,485,760")
    }))

  it.effect("one wrong entry refuses all, and is named", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup()
      const good = { partitionKey: "k", data: text("") }
      const wrong = [
        [{ ...good, partitionKey: "" }, "records[1].partitionKey"],
        [{ ...good, explicitHashKey: "x" }, "records[1].explicitHashKey"],
        [{ ...good, data: bytes(mebibyte + 1) }, "records[1].data"]
      ] as const
      for (const [entry, field] of wrong) {
        const error = yield* Effect.flip(client.putRecords({ stream, records: [good, entry] }))
        assert.deepInclude(error, { _tag: "InvalidArgument", field })
      }
      assert.deepStrictEqual(yield* local.records(stream), [])
    }))
})
