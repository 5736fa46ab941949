import { LocalApi } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Position } from "effect-kinesis"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as Frames from "../../src/internal/journal/frames.js"
import * as RecordFrames from "../../src/internal/journal/recordFrames.js"

const stream = "orders"
const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
const trimHorizon: Position.Startable = { _tag: "TrimHorizon" }

describe("frames", () => {
  const kinds: ReadonlyArray<Frames.Kind> = ["account", "stream", "gone", "record"]
  const frame = fc.record({ kind: fc.constantFrom(...kinds), payload: fc.uint8Array({ maxLength: 40 }) })

  /** What is read of bytes that come in pieces of this size. */
  const readIn = (size: number, bytes: Buffer) => {
    const reading = Frames.begin()
    const frames: Array<{ readonly kind: Frames.Kind; readonly payload: ReadonlyArray<number> }> = []
    for (let at = 0; at < bytes.length; at += size) {
      Frames.read(
        reading,
        bytes.subarray(at, at + size),
        ({ kind, payload }) => frames.push({ kind, payload: [...payload] })
      )
    }
    return { frames, wholeBytes: reading.wholeBytes }
  }

  it("come back as they were, in whatever pieces, cut anywhere: what is whole of them", () => {
    fc.assert(fc.property(fc.array(frame), fc.integer({ min: 1, max: 50 }), fc.nat(), (all, size, cut) => {
      const written = all.map(({ kind, payload }) => Frames.write(kind, payload))
      const bytes = Buffer.concat(written)
      const kept = bytes.subarray(0, bytes.length - cut % (bytes.length + 1))
      const ends = written.map((_, index) => Buffer.concat(written.slice(0, index + 1)).length)
      const whole = ends.filter((end) => end <= kept.length)
      assert.deepStrictEqual(readIn(size, kept), {
        frames: all.slice(0, whole.length).map(({ kind, payload }) => ({ kind, payload: [...payload] })),
        wholeBytes: whole.at(-1) ?? 0
      })
    }))
  })

  it("end where a byte was changed", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, by) => {
        const written = all.map(({ kind, payload }) => Frames.write(kind, payload))
        const bytes = Buffer.concat(written)
        const place = at % bytes.length
        bytes[place] = bytes[place]! ^ by
        const before = written.findIndex((_, index) => Buffer.concat(written.slice(0, index + 1)).length > place)
        assert.strictEqual(readIn(bytes.length, bytes).frames.length, before)
      })
    )
  })

  it("of records have every key and every byte", () => {
    fc.assert(fc.property(
      fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
      fc.uint8Array(),
      fc.nat(),
      fc.nat(),
      (partitionKey, data, generation, shardIndex) => {
        const arrival = 1_764_000_000_123.5
        const bytes = RecordFrames.write(generation, shardIndex, { arrival, data, partitionKey, sequenceNumber: "1" })
        const read = RecordFrames.read(bytes)
        assert.deepStrictEqual({ ...read, data: [...read.data] }, {
          generation,
          shardIndex,
          arrival,
          partitionKey,
          data: [...data]
        })
      }
    ))
  })
})

const put = (api: LocalApi.Operations, key: string) =>
  api.putRecord({ stream, partitionKey: key, data: new TextEncoder().encode(key) })

/** What can be seen of an engine: its streams, consumers, tags and readable records. */
const seen = ({ local, operations: api }: LocalApi.Service) =>
  Effect.gen(function*() {
    const { streamNames } = yield* api.listStreams({ limit: 100 })
    return yield* Effect.forEach(streamNames, (name) =>
      Effect.all({
        description: api.describeStream({ stream: name, limit: 10_000 }),
        summary: api.describeStreamSummary({ stream: name }),
        tags: api.listTagsForStream({ stream: name }),
        consumers: api.listStreamConsumers({ streamArn: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}` }),
        records: Effect.map(local.records(name), (records) => records.filter(({ trimmed }) => !trimmed))
      }))
  })

describe("a journal", () => {
  it.effect("has nothing of consumers that are long gone", () =>
    Effect.gen(function*() {
      const { journal, operations: api } = yield* LocalApi.make({ streams: [{ name: stream }] })
      const size = Effect.map(journal.snapshot, (frames) => Buffer.concat([...frames]).length)
      const before = yield* size
      for (let index = 0; index < 20; index++) {
        const { consumerArn } = yield* api.registerStreamConsumer({
          streamArn: arn,
          consumerName: `consumer-${index}`,
          tags: { a: "b" }
        })
        yield* api.putResourcePolicy({ resourceArn: consumerArn, policy: "{}" })
        yield* api.deregisterStreamConsumer({ consumerArn })
        yield* TestClock.adjust("2 hours")
      }
      assert.isAtMost(yield* size, before + 100)
    }))

  it.effect("brings back streams, lineages, settings, consumers and records; iterators go on", () =>
    Effect.gen(function*() {
      const before = yield* LocalApi.make({ streams: [{ name: stream, shardCount: 2 }, { name: "gone" }] })
      const { journal, operations: api } = before
      const written: Array<Uint8Array> = []
      const keep = Effect.map(journal.changes, (frames) => void written.push(...frames))
      yield* keep
      for (const key of ["a", "b", "c"]) yield* put(api, key)
      yield* keep
      yield* api.splitShard({ stream, shardToSplit: "shardId-000000000000", newStartingHashKey: String(2n ** 126n) })
      yield* api.addTagsToStream({ stream, tags: { team: "shop" } })
      yield* api.startStreamEncryption({ stream, encryptionType: "KMS", keyId: "key" })
      yield* api.increaseStreamRetentionPeriod({ stream, retentionPeriodHours: 48 })
      yield* api.registerStreamConsumer({ streamArn: arn, consumerName: "app", tags: { a: "b" } })
      yield* api.deleteStream({ stream: "gone" })
      yield* api.updateAccountSettings({ minimumThroughputBillingCommitment: { status: "ENABLED" } })
      yield* keep
      for (const key of ["d", "e"]) yield* put(api, key)
      const { shardIterator } = yield* api.getShardIterator({
        stream,
        shardId: "shardId-000000000001",
        position: trimHorizon
      })
      yield* keep
      const after = yield* LocalApi.make({ streams: [{ name: stream, shardCount: 9 }], journal: written })
      assert.strictEqual(after.journal.restoredBytes, Buffer.concat(written).length)
      assert.deepStrictEqual(yield* seen(after), yield* seen(before))
      const { records } = yield* after.operations.getRecords({ shardIterator })
      assert.isAbove(records.length, 0)
      assert.deepStrictEqual(records, (yield* api.getRecords({ shardIterator })).records)
    }))

  it.effect("of a snapshot says the same, without what has left retention", () =>
    Effect.gen(function*() {
      const before = yield* LocalApi.make({ streams: [{ name: stream }] })
      const { journal, local, operations: api } = before
      const first = yield* put(api, "old")
      yield* put(api, "new")
      yield* local.trim({ stream, upTo: first.sequenceNumber })
      yield* before.forgetTrimmed
      const pieces = [...yield* journal.snapshot]
      const after = yield* LocalApi.make({ journal: pieces })
      assert.deepStrictEqual(yield* seen(after), yield* seen(before))
      const last = yield* put(after.operations, "last")
      assert.strictEqual(last.sequenceNumber, (yield* put(api, "last")).sequenceNumber)
      assert.notInclude(Buffer.concat(pieces).toString("latin1"), "old")
    }))

  it.effect("leaves out what has left retention before it was written, and keeps the numbers of what follows", () =>
    Effect.gen(function*() {
      const before = yield* LocalApi.make({ streams: [{ name: stream }] })
      const { journal, local, operations: api } = before
      yield* put(api, "first")
      const written = [...yield* journal.changes]
      const { sequenceNumber } = yield* put(api, "second")
      yield* local.trim({ stream, upTo: sequenceNumber })
      yield* put(api, "third")
      written.push(...yield* journal.changes)
      const after = yield* LocalApi.make({ journal: written })
      yield* before.forgetTrimmed
      assert.deepStrictEqual(yield* seen(after), yield* seen(before))
      assert.deepStrictEqual(
        yield* seen(yield* LocalApi.make({ journal: yield* journal.snapshot })),
        yield* seen(before)
      )
      assert.notInclude(Buffer.concat(written).toString("latin1"), "second")
    }))

  it.effect("is not repeated: what was written is written once, and nothing without a change", () =>
    Effect.gen(function*() {
      const { journal, operations: api } = yield* LocalApi.make({ streams: [{ name: stream }] })
      assert.isAbove((yield* journal.changes).length, 0)
      assert.deepStrictEqual(yield* journal.changes, [])
      yield* put(api, "a")
      assert.strictEqual((yield* journal.changes).length, 1)
      yield* api.getShardIterator({ stream, shardId: "shardId-000000000000", position: trimHorizon })
      assert.deepStrictEqual(yield* journal.changes, [])
    }))

  it.effect("cut anywhere, it brings back a prefix of what was written", () =>
    Effect.gen(function*() {
      const { journal, operations: api } = yield* LocalApi.make({ streams: [{ name: stream }] })
      const written: Array<Uint8Array> = [...yield* journal.changes]
      for (const key of ["a", "b", "c", "d"]) {
        yield* put(api, key)
        written.push(...yield* journal.changes)
      }
      const bytes = Buffer.concat(written)
      for (let length = 0; length <= bytes.length; length++) {
        const { journal, local } = yield* LocalApi.make({ journal: [bytes.subarray(0, length)] })
        const keys = (yield* local.records(stream)).map(({ partitionKey }) => partitionKey)
        assert.deepStrictEqual(keys, ["a", "b", "c", "d"].slice(0, keys.length))
        assert.isAtMost(journal.restoredBytes, length)
        if (length === bytes.length) assert.strictEqual(keys.length, 4)
      }
    }))

  it.effect("a change that was under way goes on, and ends when it should", () =>
    Effect.gen(function*() {
      const before = yield* LocalApi.make({ streams: [{ name: stream, shardCount: 2 }], transition: "1 minute" })
      const [shardToMerge, adjacentShardToMerge] = ["shardId-000000000000", "shardId-000000000001"] as const
      yield* before.operations.mergeShards({ stream, shardToMerge, adjacentShardToMerge })
      const after = yield* LocalApi.make({ journal: [...yield* before.journal.snapshot], transition: "1 minute" })
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* seen(after), yield* seen(before))
      const { streamDescription } = yield* after.operations.describeStream({ stream })
      assert.deepStrictEqual([streamDescription.streamStatus, streamDescription.shards.length], ["ACTIVE", 3])
    }))

  it.effect("a stream that was deleted and made anew is the new one", () =>
    Effect.gen(function*() {
      const before = yield* LocalApi.make({ streams: [{ name: stream }] })
      const written: Array<Uint8Array> = []
      const keep = Effect.map(before.journal.changes, (frames) => void written.push(...frames))
      yield* put(before.operations, "old")
      yield* keep
      yield* before.operations.deleteStream({ stream })
      yield* before.operations.createStream({ stream })
      yield* put(before.operations, "new")
      yield* keep
      const after = yield* LocalApi.make({ journal: written })
      assert.deepStrictEqual(yield* seen(after), yield* seen(before))
      assert.deepStrictEqual((yield* after.local.records(stream)).map(({ partitionKey }) => partitionKey), ["new"])
    }))
})

it.effect("what has left retention is let go of, and nothing that can be read", () =>
  Effect.gen(function*() {
    const { forgetTrimmed, local, operations: api } = yield* LocalApi.make({ streams: [{ name: stream }] })
    yield* put(api, "old")
    yield* TestClock.adjust("25 hours")
    yield* put(api, "new")
    yield* forgetTrimmed
    const [recent, ...others] = yield* local.records(stream)
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual([recent!.trimmed, recent!.partitionKey], [false, "new"])
    const { shardIterator } = yield* api.getShardIterator({ stream, shardId: recent!.shardId, position: trimHorizon })
    assert.deepStrictEqual((yield* api.getRecords({ shardIterator })).records.map(({ partitionKey }) => partitionKey), [
      "new"
    ])
  }))
