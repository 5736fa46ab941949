/** A reader that stores where it is after a decoded value, ends anywhere, and goes on from there. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck as fc, Fiber, Schema, Stream, TestClock } from "effect"
import { type KinesisClient, type KinesisError, KinesisStream, Position, RecordDecoder, Until } from "effect-kinesis"
import * as Zlib from "node:zlib"
import { aggregate } from "../src/internal/record/aggregation.js"
import { oneShard, shard0, withKinesis } from "./support/reading.js"

const Order = Schema.Struct({ id: Schema.Int })
const encoder = new TextEncoder()

/** The texts of a record's values; those that are no order are invalid. */
type Payload = ReadonlyArray<string>

const value = fc.constantFrom("{\"id\":1}", "{\"id\":1}", "{\"id\":1}", "{\"id\":\"one\"}", "[}")
const payload: fc.Arbitrary<Payload> = fc.array(value, { maxLength: 5 })
/** What is written: records, and aggregates of records. */
const written = fc.array(
  fc.oneof(
    fc.record({ alone: payload }),
    fc.record({ together: fc.array(payload, { minLength: 1, maxLength: 3 }) })
  ),
  { minLength: 1, maxLength: 4 }
)
type Written = typeof written extends fc.Arbitrary<infer A> ? A : never

const lines = (texts: Payload) => encoder.encode(texts.join("\n"))
const gzipped = (texts: Payload): Uint8Array => new Uint8Array(Zlib.gzipSync(lines(texts)))
const logged = (texts: Payload): Uint8Array =>
  new Uint8Array(Zlib.gzipSync(
    texts.length === 0
      ? JSON.stringify({ messageType: "CONTROL_MESSAGE" })
      : texts.map((text) =>
        text !== "{\"id\":1}" ? "{}\n" : JSON.stringify({
          messageType: "DATA_MESSAGE",
          logGroup: "g",
          logStream: "s",
          owner: "o",
          logEvents: [{ id: "1", timestamp: 1, message: text }]
        })
      ).join("")
  ))

/** The place of a value, valid or not. */
interface Placed {
  readonly sequenceNumber: string
  readonly subSequenceNumber?: number | undefined
  readonly valueIndex?: number | undefined
  readonly isLastValue?: boolean | undefined
}
const recordKey = ({ sequenceNumber, subSequenceNumber }: Placed) => `${sequenceNumber}/${subSequenceNumber ?? "-"}`
const key = (placed: Placed) => `${recordKey(placed)}/${placed.valueIndex ?? 0}`

type OnInvalid<E> = (error: KinesisError.DecodeError) => Effect.Effect<unknown, E>
interface Format {
  readonly encode: (texts: Payload) => Uint8Array
  readonly skip: RecordDecoder.Decoder<Placed>
  readonly fail: RecordDecoder.Decoder<Placed, KinesisError.DecodeError>
  readonly either: RecordDecoder.Decoder<Either.Either<Placed, KinesisError.DecodeError>>
  readonly tell: <E>(onInvalid: OnInvalid<E>) => RecordDecoder.Decoder<Placed, E>
}

const bySchema = (encode: Format["encode"], decoder: typeof RecordDecoder.json): Format => ({
  encode,
  skip: decoder(Order, { onInvalid: "skip" }),
  fail: decoder(Order),
  either: decoder(Order, { onInvalid: "either" }),
  tell: (onInvalid) => decoder(Order, { onInvalid })
})
const gzip = RecordDecoder.gzip()
const slow = Schema.transformOrFail(Order, Schema.Number, {
  decode: ({ id }) => Effect.as(Effect.yieldNow(), id),
  encode: (id) => Effect.succeed({ id })
})

const formats: Readonly<Record<string, Format>> = {
  ndjson: bySchema(lines, RecordDecoder.ndjson),
  "ndjson by a schema with effects": {
    encode: lines,
    skip: RecordDecoder.ndjson(slow, { onInvalid: "skip" }),
    fail: RecordDecoder.ndjson(slow),
    either: RecordDecoder.ndjson(slow, { onInvalid: "either" }),
    tell: (onInvalid) => RecordDecoder.ndjson(slow, { onInvalid })
  },
  jsonSequence: bySchema(lines, RecordDecoder.jsonSequence),
  auto: bySchema(gzipped, RecordDecoder.auto),
  "gzip, then ndjson": {
    encode: gzipped,
    skip: RecordDecoder.compose(RecordDecoder.ndjson(Order, { onInvalid: "skip" }))(
      RecordDecoder.gzip({ onInvalid: "skip" })
    ),
    fail: RecordDecoder.compose(RecordDecoder.ndjson(Order))(gzip),
    either: RecordDecoder.compose(RecordDecoder.ndjson(Order, { onInvalid: "either" }))(
      RecordDecoder.gzip({ onInvalid: "skip" })
    ),
    tell: (onInvalid) =>
      RecordDecoder.compose(RecordDecoder.ndjson(Order, { onInvalid }))(RecordDecoder.gzip({ onInvalid: "skip" }))
  },
  cloudWatchLogs: {
    encode: logged,
    skip: RecordDecoder.cloudWatchLogs({ onInvalid: "skip" }),
    fail: RecordDecoder.cloudWatchLogs(),
    either: RecordDecoder.cloudWatchLogs({ onInvalid: "either" }),
    tell: (onInvalid) => RecordDecoder.cloudWatchLogs({ onInvalid })
  }
}

const write = (client: KinesisClient.Service, records: Written, { encode }: Format) =>
  Effect.forEach(records, (record) =>
    client.putRecord({
      stream: "orders",
      partitionKey: "a",
      data: "alone" in record
        ? encode(record.alone)
        : aggregate(
          record.together.map((texts) => ({ partitionKey: "a", explicitHashKey: undefined, data: encode(texts) }))
        )
    }))

const options = (position: Position.Position | undefined, maxRecords: number) => ({
  stream: "orders",
  from: "trim-horizon" as const,
  until: Until.caughtUp,
  maxRecords,
  positions: position === undefined ? {} : { [shard0]: position }
})

const overTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("4 seconds")
    return yield* Fiber.join(fiber)
  })

/** Handles so many values, and gives those with the failure, if it fails before. */
const take = <A, E, R>(values: Stream.Stream<A, E, R>, count: number) =>
  Effect.gen(function*() {
    const taken: Array<A> = []
    if (count === 0) return taken
    yield* Effect.either(
      overTime(Stream.runForEachWhile(values, (value) => Effect.sync(() => taken.push(value) < count)))
    )
    return taken
  })

const placedOf = (value: Placed | Either.Either<Placed, KinesisError.DecodeError>): Placed =>
  Either.isEither(value) ? Either.merge(value) : value

type Mode = "skip" | "fail" | "either" | "tell"

/** All that is written, by its key: whether it is valid. */
const wholeOf = (format: Format) =>
  Effect.map(
    take(format.either(KinesisStream.records(options(undefined, 10_000))), Infinity),
    (results) => new Map(results.map((result) => [key(placedOf(result)), Either.isRight(result)]))
  )

const resumed = (format: Format, mode: Mode, records: Written, cut: number, maxRecords: number) =>
  withKinesis(oneShard, ({ client }) =>
    Effect.gen(function*() {
      yield* write(client, records, format)
      const whole = yield* wholeOf(format)
      const told = new Set<string>()
      const decoder = mode === "tell"
        ? format.tell((error) => Effect.sync(() => told.add(key(error))))
        : format[mode]
      const from = (position: Position.Position | undefined) =>
        (decoder as RecordDecoder.Decoder<Placed | Either.Either<Placed, KinesisError.DecodeError>, unknown>)(
          KinesisStream.records(options(position, maxRecords))
        )
      const before = (yield* take(from(undefined), cut)).map(placedOf)
      const last = before.at(-1)
      const position = last === undefined ? undefined : Position.after(last)
      const again = mode === "fail"
        ? format.either(KinesisStream.records(options(position, maxRecords)))
        : from(position)
      const after = (yield* take(again, Infinity)).map(placedOf)
      const seen = new Set([...before, ...after].map(key))
      for (const [each, isValid] of whole) {
        if (isValid || mode === "fail" || mode === "either") assert.isTrue(seen.has(each), `${each} is lost`)
        else if (mode === "tell") assert.isTrue(told.has(each), `${each} is not told`)
      }
      if (last === undefined) return
      const own = after.filter((value) => recordKey(value) === recordKey(last))
      if (last.isLastValue) assert.deepStrictEqual(own, [], "a finished record comes again")
      const earlier = before.filter((value) => recordKey(value) !== recordKey(last)).map(key)
      assert.isFalse(after.some((value) => earlier.includes(key(value))), "an earlier record comes again")
    }))

describe("a reader that ends anywhere, and goes on after the last value that it handled", () => {
  for (const [name, format] of Object.entries(formats)) {
    for (const mode of ["skip", "fail", "either", "tell"] as const) {
      it.effect.prop(
        `B45 loses nothing: ${name}, ${mode}`,
        [written, fc.nat(20), fc.constantFrom(1, 2, 10_000)],
        ([records, cut, maxRecords]) => resumed(format, mode, records, cut, maxRecords),
        { fastCheck: { numRuns: 8 } }
      )
    }
  }

  it.effect.prop(
    "B45 with pages: nothing is lost, nothing comes twice, also where a record is invalid",
    [written, fc.nat(5), fc.constantFrom(1, 2, 10_000)],
    ([records, cut, maxRecords]) =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          const format = formats["ndjson"]!
          yield* write(client, records, format)
          const whole = yield* wholeOf(format)
          const pages = <A, E>(decoder: RecordDecoder.Decoder<A, E>, position: Position.Position | undefined) =>
            RecordDecoder.pages(decoder)(KinesisStream.pages(options(position, maxRecords)))
          const first = yield* take(pages(format.fail, undefined), cut)
          const rest = yield* take(pages(format.either, first.at(-1)?.position), Infinity)
          const seen = [...first, ...rest].flatMap((page): ReadonlyArray<Placed> => page.values.map(placedOf)).map(key)
          assert.deepStrictEqual(seen, [...whole.keys()])
        })),
    { fastCheck: { numRuns: 20 } }
  )
})
