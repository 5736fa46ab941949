import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, Exit, FastCheck as fc, Metric, Schema, Stream } from "effect"
import { type KinesisError, KinesisMetrics, type KinesisRecord, RecordDecoder } from "effect-kinesis"
import * as Zlib from "node:zlib"

class Order extends Schema.Class<Order>("Order")({ id: Schema.Number, placed: Schema.Date }) {}

const encoder = new TextEncoder()
const record = (sequenceNumber: number, data: Uint8Array | string): KinesisRecord.KinesisRecord => ({
  stream: "orders",
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
  ["what is not JSON", "{\"id\":", "not JSON"],
  ["nothing", "", "not JSON"],
  ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "not UTF-8"]
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
        assert.include(error.message, "record 3 of orders/shardId-000000000007: ")
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

const values = <A, E>(decoded: Stream.Stream<RecordDecoder.Decoded<A>, E>) =>
  Effect.map(Stream.runCollect(Stream.map(decoded, (record) => record.value)), Chunk.toReadonlyArray)

const ids = Schema.Struct({ id: Schema.Number })
const source = (...records: ReadonlyArray<KinesisRecord.KinesisRecord>) => Stream.fromIterable(records)

describe("RecordDecoder", () => {
  describe("what to do with a bad record", () => {
    const page = [order(1), record(2, "bad"), order(3)]

    it.effect("skip leaves it out and counts it", () =>
      Effect.gen(function*() {
        const counter = KinesisMetrics.recordsSkipped.pipe(
          Metric.tagged("stream", "orders"),
          Metric.tagged("shard", "shardId-000000000007")
        )
        const before = (yield* Metric.value(counter)).count
        const orders = yield* values(RecordDecoder.json(Order, { onInvalid: "skip" })(source(...page)))
        assert.deepStrictEqual(orders.map((order) => order.id), [1, 3])
        assert.strictEqual((yield* Metric.value(counter)).count, before + 1)
      }))

    it.effect("a dead-letter effect gets it, and reading goes on", () =>
      Effect.gen(function*() {
        const dead: Array<KinesisError.DecodeError> = []
        const onInvalid = (error: KinesisError.DecodeError) => Effect.sync(() => dead.push(error))
        const orders = yield* values(RecordDecoder.json(Order, { onInvalid })(source(...page)))
        assert.deepStrictEqual(orders.map((order) => order.id), [1, 3])
        assert.deepStrictEqual(dead.map((error) => [error.sequenceNumber, error.data]), [["2", page[1]!.data]])
      }))

    for (
      const [how, onInvalid] of [
        ["fails", () => Effect.fail("queue down" as const)],
        ["throws", (): Effect.Effect<void, "queue down"> => {
          throw new Error("a bug of the user")
        }]
      ] as const
    ) {
      it.effect(`a dead-letter effect that ${how} ends the stream, after the records before`, () =>
        Effect.gen(function*() {
          const { exit, seen } = yield* collect(RecordDecoder.json(Order, { onInvalid })(source(...page)))
          assert.deepStrictEqual(seen.map((decoded) => decoded.value.id), [1])
          assert.isTrue(Exit.isFailure(exit))
        }))
    }
  })

  describe("ndjson", () => {
    it.effect("gives a value a line, whatever ends the lines", () =>
      Effect.gen(function*() {
        const decoded = yield* values(
          RecordDecoder.ndjson(ids)(source(record(1, "{\"id\":1}\n{\"id\":2}\r\n\n{\"id\":3}"), record(2, "\n")))
        )
        assert.deepStrictEqual(decoded, [{ id: 1 }, { id: 2 }, { id: 3 }])
      }))

    it.effect("a bad line costs no other", () =>
      Effect.gen(function*() {
        const decoder = RecordDecoder.ndjson(ids, { onInvalid: "either" })
        const decoded = yield* Stream.runCollect(decoder(source(record(1, "{\"id\":1}\nbad\n{\"id\":3}"))))
        assert.deepStrictEqual(Chunk.toReadonlyArray(decoded).map(Either.isRight), [true, false, true])
      }))
  })

  it.effect("utf8 gives the text, and refuses what is none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* values(RecordDecoder.utf8()(source(record(1, "héllo")))), ["héllo"])
      const { exit } = yield* collect(RecordDecoder.utf8()(source(record(1, new Uint8Array([0xff])))))
      assert.isTrue(Exit.isFailure(exit))
    }))

  describe("compressed", () => {
    const zipped = (text: string) => new Uint8Array(Zlib.gzipSync(text))

    it.effect("gzip composes with what comes after", () =>
      Effect.gen(function*() {
        const decoded = source(record(1, zipped("{\"id\":1}\n{\"id\":2}"))).pipe(
          RecordDecoder.gzip(),
          RecordDecoder.ndjson(ids)
        )
        assert.deepStrictEqual(yield* values(decoded), [{ id: 1 }, { id: 2 }])
      }))

    it.effect("what is not gzip, or cut short, is a typed error with the bytes as they came", () =>
      Effect.gen(function*() {
        for (const data of [encoder.encode("plain"), zipped("{}").subarray(0, 12), new Uint8Array()]) {
          const { exit } = yield* collect(RecordDecoder.gzip()(source(record(1, data))))
          const error = yield* Effect.flip(exit)
          assert.strictEqual(error.description, "not gzip")
          assert.strictEqual(error.data, data)
        }
      }))

    it.effect("a bomb is refused at the limit", () =>
      Effect.gen(function*() {
        const bomb = new Uint8Array(Zlib.gzipSync(new Uint8Array(50_000_000)))
        assert.isBelow(bomb.byteLength, 100_000)
        const { exit } = yield* collect(RecordDecoder.gzip({ maxInflatedBytes: 1_000_000 })(source(record(1, bomb))))
        assert.strictEqual((yield* Effect.flip(exit)).description, "more than 1000000 bytes when inflated")
      }))

    const zstdCompressSync = (Zlib as { readonly zstdCompressSync?: (data: Uint8Array) => Uint8Array }).zstdCompressSync
    it.effect("zstd where Node has it, else an error that says so", () =>
      Effect.gen(function*() {
        const bytes = zstdCompressSync?.(encoder.encode("{\"id\":1}")) ?? new Uint8Array([0x28, 0xb5, 0x2f, 0xfd])
        const { exit, seen } = yield* collect(
          source(record(1, bytes)).pipe(RecordDecoder.zstd(), RecordDecoder.json(ids))
        )
        if (zstdCompressSync === undefined) {
          assert.strictEqual((yield* Effect.flip(exit)).description, "zstd needs Node 22.15 or later")
        } else {
          assert.deepStrictEqual(seen.map((decoded) => decoded.value), [{ id: 1 }])
        }
      }))

    it.effect("auto tells JSON, lines and gzip apart", () =>
      Effect.gen(function*() {
        const decoded = RecordDecoder.auto(ids)(source(
          record(1, "{\"id\":1}"),
          record(2, "{\"id\":2}\n{\"id\":3}\n"),
          record(3, zipped("{\"id\":4}")),
          record(4, zipped("{\"id\":5}\n{\"id\":6}")),
          record(5, "{\n  \"id\": 7\n}")
        ))
        assert.deepStrictEqual((yield* values(decoded)).map((value) => value.id), [1, 2, 3, 4, 5, 6, 7])
      }))

    it.effect("auto takes for compressed only what begins with the whole mark", () =>
      Effect.gen(function*() {
        const descriptionOf = (bytes: ReadonlyArray<number>) =>
          Effect.map(
            Effect.flip(Stream.runDrain(RecordDecoder.auto(ids)(source(record(1, Uint8Array.from(bytes)))))),
            (error) => error.description
          )
        for (const [name, mark] of [["gzip", [0x1f, 0x8b]], ["zstd", [0x28, 0xb5, 0x2f, 0xfd]]] as const) {
          assert.include(yield* descriptionOf([...mark, 0]), name)
          assert.notInclude(yield* descriptionOf(mark.slice(0, -1)), name)
          for (let at = 0; at < mark.length; at++) {
            assert.notInclude(yield* descriptionOf(mark.map((byte, i) => i === at ? byte + 1 : byte)), name)
          }
        }
      }))

    it.effect("the limit is the most that may come out", () =>
      Effect.gen(function*() {
        const text = "{\"id\":1}"
        const limited = (maxInflatedBytes: number) =>
          collect(RecordDecoder.gzip({ maxInflatedBytes })(source(record(1, zipped(text)))))
        const { seen } = yield* limited(text.length)
        assert.deepStrictEqual(seen.map(({ data }) => new TextDecoder().decode(data)), [text])
        const { exit } = yield* limited(text.length - 1)
        assert.strictEqual((yield* Effect.flip(exit)).description, `more than ${text.length - 1} bytes when inflated`)
      }))
  })

  describe("cloudWatchLogs", () => {
    const delivery = (value: unknown) => new Uint8Array(Zlib.gzipSync(JSON.stringify(value)))
    const data = {
      messageType: "DATA_MESSAGE",
      owner: "123456789012",
      logGroup: "group",
      logStream: "stream",
      subscriptionFilters: ["filter"],
      logEvents: [{ id: "1", timestamp: 10, message: "a" }, { id: "2", timestamp: 20, message: "b" }]
    }

    it.effect("gives each event; control messages are left out and counted", () =>
      Effect.gen(function*() {
        const counter = KinesisMetrics.controlMessages.pipe(
          Metric.tagged("stream", "orders"),
          Metric.tagged("shard", "shardId-000000000007")
        )
        const before = (yield* Metric.value(counter)).count
        const events = yield* values(
          RecordDecoder.cloudWatchLogs()(source(
            record(1, delivery({ ...data, messageType: "CONTROL_MESSAGE" })),
            record(2, delivery(data))
          ))
        )
        const where = { logGroup: "group", logStream: "stream", owner: "123456789012", subscriptionFilters: ["filter"] }
        assert.deepStrictEqual(events, [
          { id: "1", timestamp: 10, message: "a", ...where },
          { id: "2", timestamp: 20, message: "b", ...where }
        ])
        assert.strictEqual((yield* Metric.value(counter)).count, before + 1)
      }))

    it.effect("anything else is a typed error", () =>
      Effect.gen(function*() {
        const event = data.logEvents[0]!
        const others = [
          {},
          null,
          [],
          "CONTROL_MESSAGE",
          7,
          { ...data, messageType: "OTHER_MESSAGE" },
          { ...data, messageType: undefined },
          { ...data, logEvents: "none" },
          ...[null, "event", 7, { ...event, id: 1 }, { ...event, timestamp: "10" }, { ...event, message: null }]
            .map((bad) => ({ ...data, logEvents: [event, bad] }))
        ]
        for (const other of others) {
          const { exit } = yield* collect(RecordDecoder.cloudWatchLogs()(source(record(1, delivery(other)))))
          const error = yield* Effect.flip(exit)
          assert.strictEqual(error.description, "not a delivery of CloudWatch Logs", JSON.stringify(other))
        }
        const { exit } = yield* collect(RecordDecoder.cloudWatchLogs()(source(record(1, "plain"))))
        assert.strictEqual((yield* Effect.flip(exit)).description, "not gzip")
      }))
  })

  describe("any Standard Schema", () => {
    const standard = (validate: RecordDecoder.StandardSchema<string>["~standard"]["validate"]) =>
      ({ "~standard": { version: 1, vendor: "test", validate } }) as const

    const isText = (value: unknown) =>
      typeof value === "string" ? { value } : { issues: [{ message: "not text" }, { message: "at all" }] }

    for (
      const [name, schema] of [["now", standard(isText)], [
        "later",
        standard(async (value) => isText(value))
      ]] as const
    ) {
      it.effect(`decodes, and words its issues, ${name}`, () =>
        Effect.gen(function*() {
          const { exit, seen } = yield* collect(RecordDecoder.json(schema)(source(record(1, "\"a\""), record(2, "7"))))
          assert.deepStrictEqual(seen.map((decoded) => decoded.value), ["a"])
          assert.strictEqual((yield* Effect.flip(exit)).description, "not text; at all")
        }))
    }

    it.effect("one that throws is a decode error", () =>
      Effect.gen(function*() {
        const broken = standard(() => {
          throw new Error("a bug of the schema")
        })
        const { exit } = yield* collect(RecordDecoder.json(broken)(source(record(1, "7"))))
        assert.strictEqual((yield* Effect.flip(exit))._tag, "DecodeError")
      }))

    it.effect("an Effect Schema made into one works too", () =>
      Effect.gen(function*() {
        const decoded = RecordDecoder.json(Schema.standardSchemaV1(ids))(source(record(1, "{\"id\":1}")))
        assert.deepStrictEqual(yield* values(decoded), [{ id: 1 }])
      }))
  })
})
