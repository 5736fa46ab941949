/** Decoders that learn the layout of texts, against decoders that do not, over the same records. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Chunk, Effect, Either, Exit, Schema, Stream } from "effect"
import { type KinesisError, type KinesisRecord, type Page, Position, RecordDecoder } from "effect-kinesis"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { randomOf } from "../schema/mutations.js"
import * as compiled from "../schema/schemas.js"
import { recordOf } from "../support/decoding.js"
import * as Agreement from "./agreement.js"
import { type Bytes, mutate } from "./texts.js"

type AnySchema = Agreement.AnySchema

/** Records as a page has them: several in one buffer, now and then one with a buffer of its own. */
const recordsOf = (texts: ReadonlyArray<Bytes>): ReadonlyArray<KinesisRecord.KinesisRecord> => {
  const block = Buffer.from(texts.join(""), "latin1")
  const shared = block.buffer.slice(block.byteOffset, block.byteOffset + block.length)
  let at = 0
  return texts.map((text, index) => {
    const data = index % 7 === 0
      ? Uint8Array.from(Buffer.from(text, "latin1"))
      : new Uint8Array(shared, at, text.length)
    at += text.length
    return { ...recordOf(data), sequenceNumber: String(1000 + index), partitionKey: `k${index % 5}` }
  })
}

/** Texts enough that a layout is learned, and then some of which are changed. */
const textsOf = (schema: AnySchema, count: number): ReadonlyArray<Bytes> => {
  const { texts } = Agreement.subjectOf(schema, "compact")
  const random = randomOf(11)
  return Array.from({ length: count }, (_, index) => {
    const text = texts[Math.floor(random() * texts.length)]!
    return index > 400 && random() < 0.2 ? mutate(text, random) : text
  })
}

const outcomeOf = (
  result: Either.Either<RecordDecoder.Decoded<unknown>, KinesisError.DecodeError>
): unknown => {
  if (Either.isRight(result)) return result.right
  const { cause: _, ...error } = { ...result.left }
  return { ...error, message: result.left.message }
}

const assertSame = (found: ReadonlyArray<unknown>, expected: ReadonlyArray<unknown>): void => {
  assert.strictEqual(found.length, expected.length)
  for (const [index, value] of expected.entries()) {
    if (!Agreement.isSame(found[index], value)) assert.deepStrictEqual(found[index], value, `the outcome ${index}`)
  }
}

const both = [true, false] as const

const { branch, effectful, events, invoice, mixed, order } = compiled
const all = Object.entries({ branch, effectful, events, invoice, mixed, order } as unknown as Record<string, AnySchema>)

describe("a decoder that learns the layout of texts", () => {
  for (const [name, schema] of all) {
    it.effect(`gives the same values and the same errors: ${name}`, () =>
      Effect.gen(function*() {
        const texts = name === "effectful"
          ? Array.from({ length: 700 }, (_, id) => id % 9 === 0 ? "{\"id\":" : JSON.stringify({ id, name: "a" }))
          : textsOf(schema, 1500)
        const records = recordsOf(texts)
        const [learned, plain] = yield* Effect.forEach(both, (learnLayout) =>
          RecordDecoder.json(schema, { onInvalid: "either", learnLayout })(Stream.fromIterable(records)).pipe(
            Stream.runCollect,
            Effect.map((results) =>
              Chunk.toReadonlyArray(results).map(outcomeOf)
            )
          ))
        assertSame(learned!, plain!)
      }))
  }

  it.effect("skips and fails at the same records", () =>
    Effect.gen(function*() {
      const records = recordsOf(textsOf(compiled.order as unknown as AnySchema, 1500))
      const [learned, plain] = yield* Effect.forEach(both, (learnLayout) =>
        Stream.runCollect(
          RecordDecoder.json(compiled.order, { onInvalid: "skip", learnLayout })(Stream.fromIterable(records))
        ))
      assertSame(Chunk.toReadonlyArray(learned!), Chunk.toReadonlyArray(plain!))
      const [failedOf, failedOfPlain] = yield* Effect.forEach(both, (learnLayout) =>
        Effect.gen(function*() {
          const seen: Array<unknown> = []
          const exit = yield* RecordDecoder.json(compiled.order, { learnLayout })(Stream.fromIterable(records)).pipe(
            Stream.runForEach((value) => Effect.sync(() => void seen.push(value))),
            Effect.exit
          )
          assert.isTrue(Exit.isFailure(exit))
          return [...seen, (yield* Effect.flip(exit)).sequenceNumber]
        }))
      assertSame(failedOf!, failedOfPlain!)
    }))

  it.effect("gives the same pages", () =>
    Effect.gen(function*() {
      const records = recordsOf(textsOf(compiled.events as unknown as AnySchema, 2000))
      const pages = [0, 1, 2, 3].map((index): Page.Page => ({
        shardId: "shardId-000000000007",
        records: records.slice(index * 500, index * 500 + 500),
        millisBehindLatest: 0,
        position: Position.shardEnd,
        childShards: []
      }))
      const [learned, plain] = yield* Effect.forEach(both, (learnLayout) =>
        Stream.fromIterable(pages).pipe(
          RecordDecoder.pages(RecordDecoder.json(compiled.events, { onInvalid: "skip", learnLayout })),
          Stream.runCollect
        ))
      assertSame(Chunk.toReadonlyArray(learned!), Chunk.toReadonlyArray(plain!))
    }))

  it.effect("gives a consumer's handlers the same, record by record", () =>
    Effect.gen(function*() {
      const records = recordsOf(textsOf(compiled.order as unknown as AnySchema, 1500))
      const [learned, plain] = yield* Effect.forEach(both, (learnLayout) => {
        const { decodeRecord } = RecordDecoder.json(compiled.order, { onInvalid: "either", learnLayout })
        return Effect.forEach(records, (record) => {
          const results = decodeRecord(record)
          return Effect.map(
            Effect.isEffect(results) ? results : Effect.succeed(results),
            ([result]) => outcomeOf(Either.getOrThrow(result!) as never)
          )
        })
      })
      assertSame(learned!, plain!)
    }))

  it.effect("does without JSON.parse once it has learned, also behind a record that it leaves", () =>
    Effect.gen(function*() {
      const Id = Schema.Struct({ id: Schema.Int })
      const records = recordsOf(
        Array.from({ length: 1000 }, (_, id) => id === 700 ? "{ \"id\": 700 }" : JSON.stringify({ id }))
      )
      const parse = vi.spyOn(JSON, "parse")
      const parsedIn = (from: number, to: number, decode: RecordDecoder.Decoder<unknown, unknown>) =>
        Effect.gen(function*() {
          parse.mockClear()
          yield* Stream.runDrain(decode(Stream.fromIterable(records.slice(from, to))))
          return parse.mock.calls.length
        })
      try {
        const decode = RecordDecoder.json(Id)
        assert.strictEqual(yield* parsedIn(0, 256, decode), 1)
        assert.strictEqual(yield* parsedIn(256, 700, decode), 0)
        assert.strictEqual(yield* parsedIn(512, 1000, decode), 1)
        for (const options of [{ learnLayout: false }, { compile: false }, { parse: JSON.parse }]) {
          const plain = RecordDecoder.json(Id, options)
          yield* parsedIn(0, 512, plain)
          assert.isAbove(yield* parsedIn(512, 700, plain), 0, JSON.stringify(options))
        }
      } finally {
        parse.mockRestore()
      }
    }))

  it("holds a string without the text that it came in", () => {
    const program = `
      import { Effect, Schema, Stream } from "effect"
      import { RecordDecoder } from "effect-kinesis"
      const encoder = new TextEncoder()
      const recordOf = (id) => ({
        stream: "s", shardId: "a", sequenceNumber: "1", approximateArrivalTimestamp: undefined, partitionKey: "k",
        data: encoder.encode(JSON.stringify({ key: "a key of some length " + id, text: "x".repeat(4000) }))
      })
      const decode = RecordDecoder.json(Schema.Struct({ key: Schema.String, text: Schema.String }))
      const kept = []
      const read = (from, to) => Stream.range(from, to - 1).pipe(
        Stream.map(recordOf),
        decode,
        Stream.runForEach(({ value }) => Effect.sync(() => void kept.push(value.key))),
        Effect.runPromise
      )
      const heap = () => { gc(); return process.memoryUsage().heapUsed }
      await read(0, 2_000)
      const before = heap()
      await read(2_000, 7_000)
      process.stdout.write(String((heap() - before) / 5_000))
    `
    const said = execFileSync(
      process.execPath,
      ["--expose-gc", "--no-warnings", "--import", "tsx", "--input-type=module", "--eval", program],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" }
    )
    assert.isBelow(Number(said), 1_000, "bytes for each string of some 25 characters")
  })

  it("reads by JSON.parse where code generation is forbidden", () => {
    const program = `
      import { Effect, Schema, Stream } from "effect"
      import { RecordDecoder } from "effect-kinesis"
      const recordOf = (id) => ({ stream: "s", shardId: "a", sequenceNumber: "1", data: new TextEncoder().encode(JSON.stringify({ id })) })
      const decode = RecordDecoder.json(Schema.Struct({ id: Schema.Int }))
      const values = await Effect.runPromise(Stream.runCollect(decode(Stream.map(Stream.range(0, 999), recordOf))))
      process.stdout.write(String([...values].reduce((sum, { value }) => sum + value.id, 0)))
    `
    const said = execFileSync(
      process.execPath,
      [
        "--disallow-code-generation-from-strings",
        "--no-warnings",
        "--import",
        "tsx",
        "--input-type=module",
        "--eval",
        program
      ],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" }
    )
    assert.strictEqual(said, "499500")
  })
})
