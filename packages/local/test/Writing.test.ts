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

  it.effect("shuffleEntries: a seed's order in the stream, the request's order in the answer", () =>
    Effect.gen(function*() {
      const entries = copies(40, text("")).map((data, index) => ({ data, partitionKey: String(index) }))
      const stored = Effect.fnUntraced(function*(shuffleEntries: number | undefined) {
        const { client, local } = yield* setup({ shuffleEntries })
        const answer = yield* client.putRecords({ stream, records: entries })
        const records = yield* local.records(stream)
        const keyOf = new Map(records.map(({ partitionKey, sequenceNumber }) => [sequenceNumber, partitionKey]))
        assert.deepStrictEqual(
          answer.records.map(({ sequenceNumber }) => keyOf.get(sequenceNumber!)),
          entries.map(({ partitionKey }) => partitionKey)
        )
        return records.map(({ partitionKey }) => partitionKey)
      })
      const asGiven = entries.map(({ partitionKey }) => partitionKey)
      const one = yield* stored(1)
      assert.deepStrictEqual(yield* stored(undefined), asGiven)
      assert.notDeepEqual(one, asGiven)
      assert.sameMembers([...one], asGiven)
      assert.deepStrictEqual(yield* stored(1), one)
      assert.notDeepEqual(yield* stored(2), one)
    }))

  it.effect("with shuffleEntries it is drawn, too, which entries a full shard refuses", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({ shuffleEntries: 3 })
      const records = copies(8, bytes(mebibyte / 4)).map((data, index) => ({ data, partitionKey: String(index) }))
      const answer = yield* client.putRecords({ stream, records })
      const written = answer.records.flatMap(({ shardId }, index) => shardId === undefined ? [] : [String(index)])
      assert.strictEqual(answer.failedRecordCount, 4)
      assert.notDeepEqual(written, ["0", "1", "2", "3"])
      assert.sameMembers((yield* local.records(stream)).map(({ partitionKey }) => partitionKey), written)
    }))
})

describe("records above 1 MiB", () => {
  it.effect("go to streams that take them, which say so", () =>
    Effect.gen(function*() {
      const { client, local, put } = yield* setup()
      const size = Effect.map(client.describeStreamSummary({ stream }), ({ maxRecordSizeInKiB }) => maxRecordSizeInKiB)
      assert.strictEqual(yield* size, 1024)
      yield* local.updateMaxRecordSize({ stream, maxRecordSizeInKiB: 10_240 })
      assert.strictEqual(yield* size, 10_240)
      yield* put("k", bytes(10 * mebibyte))
      const error = yield* Effect.flip(put("k", bytes(10 * mebibyte + 1)))
      assert.include(error.message, "10,485,760")
      for (const maxRecordSizeInKiB of [1023, 10_241, 1024.5]) {
        assert.strictEqual(
          (yield* Effect.exit(local.updateMaxRecordSize({ stream, maxRecordSizeInKiB })))._tag,
          "Failure"
        )
        assert.strictEqual((yield* Effect.exit(setup({}, { maxRecordSizeInKiB })))._tag, "Failure")
      }
    }))

  it.effect("empty the shard's bucket of 10 MiB, which 1 MiB a second refills", () =>
    Effect.gen(function*() {
      const { put } = yield* setup({}, { maxRecordSizeInKiB: 4096, shardCount: 2 })
      const throttled = (size: number) =>
        Effect.map(Effect.flip(put("a", bytes(size))), (error) => assert.strictEqual(error._tag, "ThrottledError"))
      for (const size of [4, 4, 2]) yield* put("a", bytes(size * mebibyte))
      yield* throttled(1)
      yield* put("b", bytes(4 * mebibyte))
      yield* TestClock.adjust(3999)
      yield* throttled(4 * mebibyte)
      yield* TestClock.adjust(1)
      yield* put("a", bytes(4 * mebibyte))
      yield* TestClock.adjust(60_000)
      for (const size of [4, 4, 2]) yield* put("a", bytes(size * mebibyte))
      yield* throttled(1)
    }))

  it.effect("fill a request of 10 MiB, with its keys", () =>
    Effect.gen(function*() {
      const { client } = yield* setup({}, { maxRecordSizeInKiB: 10_240, shardCount: 2 })
      const entry = (partitionKey: string, size: number) => ({ partitionKey, data: bytes(size) })
      yield* client.putRecords({ stream, records: [entry("a", 6 * mebibyte), entry("b", 4 * mebibyte)] })
      const records = [entry("a", 6 * mebibyte), entry("b", 4 * mebibyte + 1)]
      assert.deepInclude(yield* Effect.flip(client.putRecords({ stream, records })), {
        _tag: "InvalidArgument",
        field: "records"
      })
    }))
})

describe("dry runs of writes", () => {
  it.effect("judge the arguments, the size and the stream, and write nothing", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup({}, { maxRecordSizeInKiB: 2048 })
      const entry = { partitionKey: "k", data: bytes(2 * mebibyte) }
      const tooLarge = { partitionKey: "k", data: bytes(2 * mebibyte + 1) }
      yield* client.dryRun({ operation: "putRecord", stream, ...entry })
      yield* client.dryRun({ operation: "putRecords", stream, records: copies(5, entry) })
      const wrong = [
        client.dryRun({ operation: "putRecord", stream, ...tooLarge }),
        client.dryRun({ operation: "putRecords", stream, records: [tooLarge] }),
        client.dryRun({ operation: "putRecords", stream, records: copies(6, entry) }),
        client.dryRun({ operation: "putRecord", stream, data: text("keyless") })
      ]
      for (const call of wrong) assert.strictEqual((yield* Effect.flip(call))._tag, "InvalidArgument")
      const elsewhere = client.dryRun({ operation: "putRecords", stream: "x", records: [entry] })
      assert.strictEqual((yield* Effect.flip(elsewhere))._tag, "ResourceNotFound")
      assert.deepStrictEqual(yield* local.records(stream), [])
      yield* client.putRecords({ stream, records: copies(5, entry) })
    }))

  it.effect("do not ask KMS, nor meet the knobs of writes", () =>
    Effect.gen(function*() {
      const { client, local } = yield* setup()
      yield* local.failKms({ stream, code: "KMSDisabledException" })
      yield* local.failEntries({ stream })
      yield* client.dryRun({ operation: "putRecords", stream, records: [{ partitionKey: "k", data: text("") }] })
    }))
})
