import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Exit, FastCheck as fc, Schema, Stream } from "effect"
import { type Page, Position, RecordDecoder } from "effect-kinesis"
import * as JoinedJson from "../src/internal/decode/joinedJson.js"
import { recordOf } from "./support/decoding.js"

const pageOf = (texts: ReadonlyArray<string | Uint8Array>): Page.Page => ({
  shardId: "shardId-000000000007",
  records: texts.map((text, index) => ({ ...recordOf(text), sequenceNumber: String(100 + index) })),
  millisBehindLatest: 0,
  position: Position.after(recordOf("")),
  childShards: []
})

const Id = Schema.Struct({ id: Schema.Int })
const text = (id: number): string => JSON.stringify({ id })
const texts = (count: number) => Array.from({ length: count }, (_, id) => text(id))

const collect = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    const exit = yield* Effect.exit(Stream.runForEach(stream, (value) => Effect.sync(() => void seen.push(value))))
    return { seen, exit }
  })

describe("decoding pages", () => {
  it.effect("what is invalid is dealt with in its place, and a failure comes after the part before it", () =>
    Effect.gen(function*() {
      const bad = texts(400).with(300, "{\"id\":\"x\"}").with(301, "no")
      const skipping = RecordDecoder.json(Id, { onInvalid: "skip" })
      const skipped = yield* collect(RecordDecoder.pages(skipping)(Stream.make(pageOf(bad))))
      assert.strictEqual(skipped.seen[0]!.values.length, 398)
      const told: Array<string> = []
      const telling = RecordDecoder.json(Id, {
        onInvalid: (error) => Effect.sync(() => void told.push(error.sequenceNumber))
      })
      yield* collect(RecordDecoder.pages(telling)(Stream.make(pageOf(bad))))
      assert.deepStrictEqual(told, ["400", "401"])
      const failing = RecordDecoder.pages(RecordDecoder.json(Id))
      const { exit, seen } = yield* collect(failing(Stream.make(pageOf(bad))))
      const error = yield* Effect.flip(exit)
      assert.strictEqual(error._tag, "DecodeError")
      assert.strictEqual(seen[0]!.values.length, 300)
      assert.strictEqual(seen[0]!.records.length, 300)
      assert.deepStrictEqual(seen[0]!.position, Position.before(pageOf(bad).records[300]!))
    }))

  it.effect("is the same as decoding record by record, whatever the records hold", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              { weight: 6, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
              {
                weight: 1,
                arbitrary: fc.constantFrom(
                  "",
                  "[1",
                  "2]",
                  "1,2",
                  "\ufeff1",
                  " 1\n",
                  "\"é\"",
                  "{\"a\":1,\"a\":2}",
                  "{\"__proto__\":1}",
                  "nul"
                )
              },
              { weight: 1, arbitrary: fc.uint8Array({ maxLength: 5 }) }
            ),
            { maxLength: 12 }
          ),
          async (texts) => {
            const page = pageOf(texts)
            const decoder = RecordDecoder.json(Schema.Unknown, { onInvalid: "skip" })
            const [together] = (await Effect.runPromise(collect(RecordDecoder.pages(decoder)(Stream.make(page))))).seen
            const apart = await Effect.runPromise(
              Effect.forEach(page.records, (record) => Stream.runCollect(decoder(Stream.make(record))))
            )
            assert.deepStrictEqual(together!.values, apart.flatMap(Chunk.toReadonlyArray))
          }
        ),
        { numRuns: 300 }
      )
    ))

  it.effect("what is invalid costs no more than itself, however much of the page is", () =>
    Effect.gen(function*() {
      let judged = 0
      const None = Schema.Unknown.pipe(Schema.filter(() => {
        judged++
        return false
      }))
      const decode = RecordDecoder.pages(RecordDecoder.json(None, { onInvalid: "skip" }))
      yield* collect(decode(Stream.make(pageOf(texts(1_000)))))
      assert.isAtMost(judged, 3_000)
    }))

  it.effect("a record may hold more values than a call has arguments", () =>
    Effect.gen(function*() {
      const decode = RecordDecoder.pages(RecordDecoder.ndjson(Schema.Number, { onInvalid: "skip" }))
      const { exit, seen } = yield* collect(decode(Stream.make(pageOf([`${"1\n".repeat(200_000)}x\n`]))))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(seen[0]!.values.length, 200_000)
    }))

  it("texts that are values only together are not joined", () => {
    const cases = [["[1", "2]"], ["[1", "2],3,4"], ["1,2,3", "4"], ["1", ""], ["{\"a\":", "1}"], ["\"a", "b\""]]
    for (const texts of cases) {
      assert.isUndefined(JoinedJson.parse(pageOf(texts).records, 0, texts.length), texts.join(" | "))
    }
    const good = pageOf(["[1,2]", "{}", "null", "\"é\""]).records
    assert.deepStrictEqual(JoinedJson.parse(good, 0, 4), [[1, 2], {}, null, "é"])
    assert.deepStrictEqual(JoinedJson.parse(good, 1, 3), [{}, null])
  })

  it("what is larger than its memory is not joined", () => {
    const large = pageOf([`"${"x".repeat(1_100_000)}"`]).records
    assert.isUndefined(JoinedJson.parse(large, 0, 1))
    const half = pageOf(["1", `"${"x".repeat(500_000)}"`, "2"]).records
    assert.deepStrictEqual(JoinedJson.parse(half, 0, 3)?.map((value) => String(value).length), [1, 500_000, 1])
  })
})
