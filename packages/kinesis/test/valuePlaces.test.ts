/** What a decoded value, a decoded page and a DecodeError say of their places. */
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, Exit, Schema, Stream } from "effect"
import { KinesisError, type Page, Position, RecordDecoder } from "effect-kinesis"
import { recordOf } from "./support/decoding.js"

const Order = Schema.Struct({ id: Schema.Int })
const good = "{\"id\":1}"
const bad = "{\"id\":\"one\"}"
const lines = (...texts: ReadonlyArray<string>) => recordOf(texts.join("\n"))

type Placed = Pick<RecordDecoder.Decoded<unknown>, "valueIndex" | "isLastValue">
const placeOf = ({ isLastValue, valueIndex }: Placed) => [valueIndex, isLastValue]

const inStream = <A extends Placed, E>(decoder: RecordDecoder.Decoder<A, E>, ...texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const places: Array<ReadonlyArray<unknown>> = []
    const values = Stream.runForEach(
      decoder(Stream.make(lines(...texts))),
      (value) => Effect.sync(() => places.push(placeOf(value)))
    )
    return [places, Exit.isSuccess(yield* Effect.exit(values))]
  })

const inRecord = <A extends Placed, E>(decoder: RecordDecoder.Decoder<A, E>, ...texts: ReadonlyArray<string>) => {
  const results = decoder.decodeRecord(lines(...texts))
  assert.isFalse(Effect.isEffect(results))
  return (results as RecordDecoder.Results<A, E, never>).filter(Either.isRight).map(({ right }) => placeOf(right))
}

describe("the place of a decoded value", () => {
  const skip = RecordDecoder.ndjson(Order, { onInvalid: "skip" })
  const tell = RecordDecoder.ndjson(Order, { onInvalid: () => Effect.void })
  const fail = RecordDecoder.ndjson(Order)
  const refuse = RecordDecoder.ndjson(Order, { onInvalid: () => Effect.fail("queue down") })

  it.effect("is counted from 0, with the invalid ones; the last one is told", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* inStream(fail, good), [[[0, true]], true])
      assert.deepStrictEqual(yield* inStream(skip, good, bad, good), [[[0, false], [2, true]], true])
      assert.deepStrictEqual(inRecord(skip, good, bad, good), [[0, false], [2, true]])
      assert.deepStrictEqual(yield* inStream(RecordDecoder.utf8(), good, good), [[[0, true]], true])
    }))

  it.effect("the last valid value is the last when what is invalid behind it was dealt with", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* inStream(skip, good, good, bad, bad), [[[0, false], [1, true]], true])
      assert.deepStrictEqual(yield* inStream(tell, good, good, bad, bad), [[[0, false], [1, true]], true])
      assert.deepStrictEqual(inRecord(skip, good, good, bad, bad), [[0, false], [1, true]])
    }))

  it.effect("it is not while something invalid behind it is left", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* inStream(fail, good, bad), [[[0, false]], false])
      assert.deepStrictEqual(yield* inStream(refuse, good, bad), [[[0, false]], false])
      assert.deepStrictEqual(inRecord(tell, good, bad), [[0, false]])
      assert.deepStrictEqual(inRecord(fail, good, bad), [[0, false]])
    }))

  it.effect("a record without a valid value leaves those before it as they are", () =>
    Effect.gen(function*() {
      const records = Stream.make(lines(good, good), lines(bad), lines(""), lines(good))
      const values = yield* Stream.runCollect(skip(records))
      assert.deepStrictEqual(Chunk.toReadonlyArray(values).map(placeOf), [[0, false], [1, true], [0, true]])
    }))

  it("B45 Position.after passes a record with its last value; else it is before the record", () => {
    const at = (subSequenceNumber: number | undefined, isLastValue: boolean | undefined) =>
      Position.after({ sequenceNumber: "7", subSequenceNumber, isLastValue })
    assert.deepStrictEqual(at(undefined, undefined), Position.afterSequenceNumber("7"))
    assert.deepStrictEqual(at(undefined, true), Position.afterSequenceNumber("7"))
    assert.deepStrictEqual(at(undefined, false), Position.atSequenceNumber("7"))
    assert.deepStrictEqual(at(3, true), { _tag: "AfterSequenceNumber", sequenceNumber: "7", subSequenceNumber: 3 })
    assert.deepStrictEqual(at(3, false), { _tag: "AfterSequenceNumber", sequenceNumber: "7", subSequenceNumber: 2 })
    assert.deepStrictEqual(at(0, false), Position.atSequenceNumber("7"))
  })
})

describe("a DecodeError", () => {
  const errorsOf = (decoder: typeof RecordDecoder.ndjson, text: string) =>
    Effect.map(
      Stream.runCollect(decoder(Order, { onInvalid: "either" })(Stream.make(recordOf(text)))),
      (results) => Chunk.toReadonlyArray(results).filter(Either.isLeft).map(({ left }) => left)
    )

  it.effect("B61 says which value, and which line it begins in, where there are several", () =>
    Effect.gen(function*() {
      const [first, second] = yield* errorsOf(RecordDecoder.ndjson, `${good}\n\nno\n${good}\r\n${bad}`)
      assert.deepStrictEqual([first!.valueIndex, first!.line, first!.isLastValue], [1, 3, false])
      assert.deepStrictEqual([second!.valueIndex, second!.line, second!.isLastValue], [3, 5, true])
      assert.strictEqual(first!.message, "record 7 of orders/shardId-000000000007, value 1, line 3: not JSON")
      const [third] = yield* errorsOf(RecordDecoder.jsonSequence, `${good}${good}\n{"id":\n"one"}${good}`)
      assert.deepStrictEqual([third!.valueIndex, third!.line], [2, 2])
      const [fourth] = yield* errorsOf(RecordDecoder.auto, `${good}\n\n${good} oops\n${good}`)
      assert.deepStrictEqual([fourth!.valueIndex, fourth!.line], [2, 3])
      const byLine = yield* errorsOf(RecordDecoder.auto, `${good}\n[ 1\n${good}x\n${good}`)
      assert.deepStrictEqual(byLine.map(({ line, valueIndex }) => [valueIndex, line]), [[1, 2], [3, 3]])
      const [alone] = yield* errorsOf(RecordDecoder.ndjson, "\nno")
      assert.deepStrictEqual([alone!.valueIndex, alone!.line, alone!.isLastValue], [undefined, undefined, true])
    }))

  it.effect("knows its record's place in an aggregate", () =>
    Effect.gen(function*() {
      const record = { ...recordOf("no"), subSequenceNumber: 2 }
      const error = yield* Effect.flip(Stream.runDrain(RecordDecoder.json(Order)(Stream.make(record))))
      assert.strictEqual(error.subSequenceNumber, 2)
      assert.deepStrictEqual(Position.after(error), Position.after(record))
    }))

  it.effect("B61 is short in JSON, and keeps the bytes", () =>
    Effect.gen(function*() {
      const [error] = yield* errorsOf(RecordDecoder.json, bad)
      const text = JSON.stringify(error)
      const json = JSON.parse(text) as Record<string, unknown>
      assert.isBelow(text.length, 700)
      assert.strictEqual(Buffer.from(String(json["data"]), "base64").toString(), bad)
      assert.strictEqual(json["_tag"], "DecodeError")
      assert.strictEqual(json["sequenceNumber"], "7")
      assert.strictEqual(json["message"], error!.message)
      assert.isFalse("cause" in json)
      const [thrown] = yield* errorsOf(RecordDecoder.json, "{")
      assert.match(String((JSON.parse(JSON.stringify(thrown)) as Record<string, unknown>)["cause"]), /JSON/)
      const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
      const ofPart = new KinesisError.DecodeError({ ...error!, data: part })
      assert.include(JSON.stringify(ofPart), `"data":"${Buffer.from([2, 3]).toString("base64")}"`)
    }))
})

describe("RecordDecoder.pages", () => {
  const numbered = (sequenceNumber: number, text: string) => ({
    ...recordOf(text),
    sequenceNumber: String(sequenceNumber)
  })
  const pageOf = (from: number, ...texts: ReadonlyArray<string>): Page.Page => ({
    shardId: "shardId-000000000007",
    records: texts.map((text, i) => numbered(from + i, text)),
    millisBehindLatest: 5,
    position: Position.shardEnd,
    childShards: [{
      shardId: "shardId-000000000008",
      parentShards: [],
      hashKeyRange: { startingHashKey: "0", endingHashKey: "1" }
    }]
  })

  it.effect("gives each page its values, one without any too", () =>
    Effect.gen(function*() {
      const given = [pageOf(1, `${good}\n${good}`, good), pageOf(3), pageOf(4, "", "\n")]
      const pages = yield* Stream.runCollect(
        Stream.fromIterable(given).pipe(RecordDecoder.pages(RecordDecoder.ndjson(Order)))
      )
      const decoded = Chunk.toReadonlyArray(pages)
      assert.deepStrictEqual(decoded.map(({ values }) => values.map(placeOf)), [
        [[0, false], [1, true], [0, true]],
        [],
        []
      ])
      assert.deepStrictEqual(given.map((page, i) => ({ ...page, values: decoded[i]!.values })), decoded)
    }))

  it.effect("hands on the page up to a record that fails it, with the position before that record", () =>
    Effect.gen(function*() {
      const seen: Array<Page.DecodedPage<RecordDecoder.Decoded<{ readonly id: number }>>> = []
      const failing = (...pages: ReadonlyArray<Page.Page>) =>
        Stream.fromIterable(pages).pipe(
          RecordDecoder.pages(RecordDecoder.ndjson(Order)),
          Stream.runForEach((page) => Effect.sync(() => seen.push(page))),
          Effect.flip
        )
      assert.strictEqual((yield* failing(pageOf(1, good, `${good}\n${bad}`, good))).sequenceNumber, "2")
      const [page, ...others] = seen.splice(0)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(page!.records.map(({ sequenceNumber }) => sequenceNumber), ["1"])
      assert.deepStrictEqual(page!.values.map(({ value }) => value), [{ id: 1 }])
      assert.deepStrictEqual(page!.position, Position.atSequenceNumber("2"))
      assert.deepStrictEqual(page!.childShards, [])
      yield* failing(pageOf(1, bad, good))
      assert.deepStrictEqual(seen, [])
    }))

  it.effect("an effect deals with what is invalid, and the page is whole", () =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      const decoder = RecordDecoder.ndjson(Order, { onInvalid: (error) => Effect.sync(() => told.push(error.line)) })
      const pages = yield* Stream.runCollect(
        RecordDecoder.pages(decoder)(Stream.make(pageOf(1, good, `${good}\n${bad}`)))
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(pages).map(({ values }) => values.length), [2])
      assert.deepStrictEqual(told, [2])
    }))

  it.effect("a page of 10,000 records is no deeper than a small one", () =>
    Effect.gen(function*() {
      const texts = Array.from({ length: 10_000 }, () => good)
      const pages = yield* Stream.runCollect(
        RecordDecoder.pages(RecordDecoder.json(Order))(Stream.make(pageOf(1, ...texts)))
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(pages).map(({ values }) => values.length), [10_000])
    }))
})
