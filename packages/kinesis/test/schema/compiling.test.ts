import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, ParseResult, Schema, Stream } from "effect"
import { RecordDecoder, SchemaCompiler } from "effect-kinesis"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Program from "../../src/internal/schema/program.js"
import { outcomesOf, recordOf } from "../support/decoding.js"

describe("compiled schemas", () => {
  it("judge what is valid, and leave the rest to Effect", () => {
    const program = Program.make(Schema.Struct({ id: Schema.Int }).ast, "decode")
    assert.deepStrictEqual(program({ id: 1, other: 2 }), { id: 1 })
    assert.strictEqual(program({ id: 1.5 }), Program.unjudged)
    assert.strictEqual(program([]), Program.unjudged)
  })

  it("give up for good once a schema needs an effect", () => {
    let runs = 0
    const Slow = Schema.transformOrFail(Schema.String, Schema.String, {
      strict: true,
      decode: (text) => {
        runs++
        return Effect.as(Effect.yieldNow(), text)
      },
      encode: Effect.succeed
    })
    const decode = SchemaCompiler.decodeUnknown(Schema.Struct({ name: Slow }))
    assert.isTrue(Either.isEither(decode({ name: 1 })))
    assert.isFalse(Either.isEither(decode({ name: "a" })))
    assert.strictEqual(runs, 2, "once compiled and once by Effect")
    assert.isFalse(Either.isEither(decode({ name: "b" })))
    assert.strictEqual(runs, 3)
  })

  it("leave what throws to Effect, which throws it", () => {
    const fail = (): boolean => {
      throw new Error("a bug of the schema")
    }
    const decode = SchemaCompiler.decodeUnknownEither(Schema.Unknown.pipe(Schema.filter(fail)))
    assert.throws(() => decode(1), "a bug of the schema")
  })

  it("may name a schema that is defined later", () => {
    const decode = SchemaCompiler.decodeUnknownSync(
      Schema.Struct({ inner: Schema.suspend((): Schema.Schema<number> => Later) })
    )
    const Later = Schema.Number
    assert.deepStrictEqual(decode({ inner: 1 }), { inner: 1 })
  })

  it("that unfold without end are left to Effect", () => {
    interface Nested {
      readonly inner?: Nested
    }
    const nested = (): Schema.Schema<Nested> =>
      Schema.Struct({ inner: Schema.optionalWith(Schema.suspend(nested), { exact: true }) })
    const decode = SchemaCompiler.decodeUnknownSync(nested())
    assert.deepStrictEqual(decode({ inner: { inner: {} } }), { inner: { inner: {} } })
  })

  it("are made once for a schema, whoever asks", () => {
    const Order = Schema.Struct({ id: Schema.Int })
    assert.strictEqual(Program.make(Order.ast, "decode"), Program.make(Order.ast, "decode", {}))
    assert.notStrictEqual(Program.make(Order.ast, "decode"), Program.make(Order.ast, "encode"))
    assert.notStrictEqual(Program.make(Order.ast, "decode"), Program.make(Order.ast, "decode", { exact: true }))
  })

  it("that double with each level are left to Effect", () => {
    let doubled: Schema.Schema<string | number> = Schema.Union(Schema.String, Schema.Number)
    for (let level = 0; level < 30; level++) doubled = Schema.Union(doubled, doubled)
    assert.strictEqual(SchemaCompiler.decodeUnknownSync(doubled)("a"), "a")
  })

  it("give a transformation the options that Effect's parsers give it", () => {
    const Told = Schema.transformOrFail(Schema.String, Schema.String, {
      strict: true,
      decode: (_, options) => ParseResult.succeed(JSON.stringify(options)),
      encode: ParseResult.succeed
    })
    assert.deepStrictEqual(
      [SchemaCompiler.decodeUnknownSync(Told)("a"), SchemaCompiler.decodeUnknown(Told)("a")],
      [ParseResult.decodeUnknownSync(Told)("a"), ParseResult.decodeUnknown(Told)("a")]
    )
  })

  it("decode with the options that they are given", () => {
    const Pair = Schema.Struct({ a: Schema.Number, b: Schema.optional(Schema.Number) })
    const strict = SchemaCompiler.decodeUnknownEither(Pair, { onExcessProperty: "error" })
    const all = SchemaCompiler.decodeUnknownEither(Pair, { errors: "all", onExcessProperty: "error" })
    const kept = SchemaCompiler.decodeUnknownSync(Pair, { onExcessProperty: "preserve" })
    assert.isTrue(Either.isRight(strict({ a: 1 })))
    assert.deepStrictEqual(
      all({ a: "x", c: 1 }),
      ParseResult.decodeUnknownEither(Pair, { errors: "all", onExcessProperty: "error" })({ a: "x", c: 1 })
    )
    assert.deepStrictEqual(
      strict({ a: 1, c: 1 }),
      ParseResult.decodeUnknownEither(Pair, { onExcessProperty: "error" })({ a: 1, c: 1 })
    )
    assert.deepStrictEqual(kept({ a: 1, c: 1 }), { c: 1, a: 1 } as never)
  })

  it("encode with the functions of the schema", () => {
    const encode = SchemaCompiler.encodeUnknownSync(
      Schema.Struct({ id: Schema.NumberFromString, at: Schema.Date }).pipe(Schema.rename({ at: "when" }))
    )
    assert.deepStrictEqual(encode({ id: 7, when: new Date(0) }), { id: "7", at: "1970-01-01T00:00:00.000Z" })
    assert.throws(() => encode({ id: "7", when: new Date(0) }), "Expected number, actual \"7\"")
  })

  it.effect("make no difference to a decoder, but for its speed", () =>
    Effect.gen(function*() {
      const Order = Schema.Struct({
        id: Schema.Int,
        at: Schema.Date,
        plan: Schema.optionalWith(Schema.String, { default: () => "free" })
      })
      const texts = [
        "{\"id\":1,\"at\":\"2026-11-26\"}",
        "{\"id\":1.5,\"at\":\"x\"}",
        "[]",
        "{\"id\":2}",
        "{\"id\":1,\"at\":\"\",\"plan\":\"pro\"}"
      ]
      for (const text of texts) {
        const [compiled, interpreted] = yield* Effect.forEach([true, false], (compile) =>
          outcomesOf(RecordDecoder.json(Order, { onInvalid: "either", compile }), text))
        assert.deepStrictEqual(compiled, interpreted)
      }
    }))

  it.effect("are not made with compile: false", () =>
    Effect.gen(function*() {
      let runs = 0
      const Counted = Schema.Struct({
        id: Schema.Number.pipe(Schema.filter(() => {
          runs++
          return false
        }))
      })
      const decode = (compile: boolean) =>
        Stream.runCollect(
          RecordDecoder.json(Counted, { onInvalid: "skip", compile })(Stream.make(recordOf("{\"id\":1}")))
        )
      assert.isTrue(Chunk.isEmpty(yield* decode(true)))
      assert.isAbove(runs, 1)
      runs = 0
      assert.isTrue(Chunk.isEmpty(yield* decode(false)))
      assert.strictEqual(runs, 1)
    }))

  it("are left to Effect where code generation is forbidden", () => {
    const program = `
      import { Effect, Schema, Stream } from "effect"
      import { RecordDecoder } from "effect-kinesis"
      const record = { stream: "s", shardId: "a", sequenceNumber: "1", data: new TextEncoder().encode('{"id":"7"}') }
      const decode = RecordDecoder.json(Schema.Struct({ id: Schema.NumberFromString }))
      const values = await Effect.runPromise(Stream.runCollect(decode(Stream.make(record))))
      let isForbidden = false
      try { new Function("") } catch { isForbidden = true }
      process.stdout.write(JSON.stringify([isForbidden, [...values].map(({ value }) => value)]))
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
    assert.strictEqual(said, "[true,[{\"id\":7}]]")
  })
})
