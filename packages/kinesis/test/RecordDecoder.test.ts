import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, Exit, FastCheck as fc, Schema, Stream } from "effect"
import { type KinesisRecord, RecordDecoder } from "effect-kinesis"

class Order extends Schema.Class<Order>("Order")({ id: Schema.Number, placed: Schema.Date }) {}

const encoder = new TextEncoder()
const record = (sequenceNumber: number, data: Uint8Array | string): KinesisRecord.KinesisRecord => ({
  shardId: "shardId-000000000007",
  sequenceNumber: String(sequenceNumber),
  partitionKey: `key-${sequenceNumber}`,
  data: typeof data === "string" ? encoder.encode(data) : data,
  approximateArrivalTimestamp: new Date(0)
})
const order = (id: number) => record(id, JSON.stringify({ id, placed: "2026-11-23T00:00:00.000Z" }))

/** Runs a decoder and keeps what it gave before it ended. */
const collect = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    const exit = yield* Effect.exit(Stream.runForEach(stream, (value) => Effect.sync(() => void seen.push(value))))
    return { seen, exit }
  })

const bad: ReadonlyArray<readonly [name: string, data: Uint8Array | string, description: string]> = [
  [
    "a shape that the schema refuses",
    "{\"id\":\"seven\",\"placed\":\"2026-11-23\"}",
    "Expected number, actual \"seven\""
  ],
  ["what is not JSON", "{\"id\":", "not JSON in UTF-8"],
  ["nothing", "", "not JSON in UTF-8"],
  ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "not JSON in UTF-8"]
]

describe("RecordDecoder.json", () => {
  it.effect("decodes a page's records by the schema, and keeps what is known of each", () =>
    Effect.gen(function*() {
      const decoded = yield* Stream.fromIterable([order(1), order(2)]).pipe(
        RecordDecoder.json(Order),
        Stream.runCollect
      )
      const [first] = Chunk.toReadonlyArray(decoded)
      assert.strictEqual(Chunk.size(decoded), 2)
      assert.deepStrictEqual(first!.value, new Order({ id: 1, placed: new Date("2026-11-23T00:00:00.000Z") }))
      assert.strictEqual(first!.partitionKey, "key-1")
      assert.strictEqual(first!.sequenceNumber, "1")
    }))

  for (const [name, data, description] of bad) {
    it.effect(`B61 ${name} is a typed error with shard, sequence number and bytes, after the records before it`, () =>
      Effect.gen(function*() {
        const page = [order(1), order(2), record(3, data), order(4)]
        const { exit, seen } = yield* collect(RecordDecoder.json(Order)(Stream.fromIterable(page)))
        assert.deepStrictEqual(seen.map((decoded) => decoded.value.id), [1, 2])
        const error = yield* Effect.flip(exit)
        assert.strictEqual(error._tag, "DecodeError")
        assert.strictEqual(error.shardId, "shardId-000000000007")
        assert.strictEqual(error.sequenceNumber, "3")
        assert.strictEqual(error.data, page[2]!.data)
        assert.include(error.message, "record 3 of shardId-000000000007: ")
        assert.include(error.message, description)
      }))
  }

  it.effect("B61 the stream can go on: each record as an Either", () =>
    Effect.gen(function*() {
      const page = [order(1), ...bad.map(([, data], i) => record(10 + i, data)), order(2)]
      const { exit, seen } = yield* collect(
        RecordDecoder.json(Order, { onInvalid: "either" })(Stream.fromIterable(page))
      )
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(
        seen.map(Either.match({ onLeft: (error) => error.sequenceNumber, onRight: (decoded) => decoded.value.id })),
        [1, "10", "11", "12", "13", 2]
      )
    }))

  it.effect("a schema with effects and requirements decodes in order", () =>
    Effect.gen(function*() {
      const Slow = Schema.transformOrFail(Schema.Struct({ id: Schema.Number }), Schema.Number, {
        strict: true,
        decode: ({ id }) => Effect.as(Effect.yieldNow(), id * 10),
        encode: (id) => Effect.succeed({ id: id / 10 })
      })
      const decoded = yield* Stream.fromIterable([order(1), order(2), order(3)]).pipe(
        RecordDecoder.json(Slow),
        Stream.map((record) => record.value),
        Stream.runCollect
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(decoded), [10, 20, 30])
    }))

  it.effect("a page stays a page", () =>
    Effect.gen(function*() {
      const sizes = yield* Stream.fromChunks(Chunk.make(order(1), order(2)), Chunk.make(order(3))).pipe(
        RecordDecoder.json(Order),
        Stream.chunks,
        Stream.map(Chunk.size),
        Stream.runCollect
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(sizes), [2, 1])
    }))

  it.effect("a page of 10,000 records is no deeper than a small one", () =>
    Effect.gen(function*() {
      const page = Array.from({ length: 10_000 }, (_, id) => order(id))
      const decoded = yield* Stream.runCollect(RecordDecoder.json(Order)(Stream.fromIterable(page)))
      assert.strictEqual(Chunk.size(decoded), 10_000)
    }))

  it.effect("passes the source's failure on", () =>
    Effect.gen(function*() {
      const source = Stream.concat(Stream.make(order(1)), Stream.fail("broken" as const))
      const { exit, seen } = yield* collect(RecordDecoder.json(Order)(source))
      assert.strictEqual(seen.length, 1)
      assert.strictEqual(yield* Effect.flip(exit), "broken")
    }))

  it.effect.prop(
    "any JSON value comes back as it went in",
    [fc.array(fc.jsonValue(), { minLength: 1 })],
    ([values]) =>
      Effect.gen(function*() {
        const page = values.map((value, i) => record(i, JSON.stringify(value)))
        const decoded = yield* Stream.runCollect(RecordDecoder.json(Schema.Unknown)(Stream.fromIterable(page)))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(decoded).map((record) => JSON.stringify(record.value)),
          values.map((value) => JSON.stringify(value))
        )
      })
  )
})
