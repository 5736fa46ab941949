import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, FastCheck as fc, Schema, Stream } from "effect"
import { RecordDecoder } from "effect-kinesis"
import { outcomesOf, recordOf } from "./support/decoding.js"

const either = { onInvalid: "either" } as const
const anything = Schema.Unknown as Schema.Schema<unknown, unknown>
const isError = (outcome: unknown): boolean => typeof outcome === "object" && outcome !== null && "error" in outcome

describe("hostile to decoders", () => {
  const standard = (validate: (value: unknown) => unknown) =>
    ({ "~standard": { version: 1, vendor: "test", validate } }) as RecordDecoder.StandardSchema<unknown>
  const nameless = Object.create(null) as unknown
  const throwing = new Proxy({}, {
    get: () => {
      throw new Error("a trap")
    },
    getPrototypeOf: () => {
      throw new Error("a trap")
    }
  })
  const fail = (cause: unknown) => () => {
    throw cause
  }
  const untextual: ReadonlyArray<unknown> = [nameless, throwing, Symbol("s"), undefined, null, { message: throwing }]
  const Tagged = Schema.Union(Schema.TaggedStruct("A", {}), Schema.TaggedStruct("B", {}))
  const decodersOf = (schema: Schema.Schema<unknown, unknown> | RecordDecoder.StandardSchema<unknown>) => [
    RecordDecoder.json(schema as Schema.Schema<unknown>, either),
    RecordDecoder.auto(schema as Schema.Schema<unknown>, either),
    RecordDecoder.jsonSequence(schema as Schema.Schema<unknown>, either)
  ]
  const refuses = (schema: Schema.Schema<unknown, unknown> | RecordDecoder.StandardSchema<unknown>, text = "{}") =>
    Effect.forEach(decodersOf(schema), (decode) =>
      Effect.map(outcomesOf(decode, text), (outcomes) => {
        assert.strictEqual(outcomes.length, 1)
        assert.isTrue(isError(outcomes[0]))
      }))

  it.effect("a tag that has no text: a union throws on it", () =>
    Effect.gen(function*() {
      for (const tag of ["{\"toString\":1}", "{\"toString\":1,\"valueOf\":1}"]) {
        yield* refuses(Tagged as Schema.Schema<unknown, unknown>, `{"_tag":${tag}}`)
      }
      const page = Stream.make(recordOf("{\"_tag\":\"A\"}"), recordOf("{\"_tag\":{\"toString\":1}}"))
      const values = yield* Stream.runCollect(RecordDecoder.json(Tagged, { onInvalid: "skip" })(page))
      assert.strictEqual(values.length, 1)
    }))

  it.effect("an Effect schema that throws, now, later, or in its message", () =>
    Effect.gen(function*() {
      for (const cause of [new Error("bug"), ...untextual]) {
        const failing = fail(cause)
        yield* refuses(Schema.Unknown.pipe(Schema.filter(failing)) as Schema.Schema<unknown, unknown>)
        const later = Schema.transformOrFail(Schema.Unknown, Schema.Unknown, {
          strict: true,
          decode: () => Effect.zipRight(Effect.yieldNow(), Effect.die(cause)),
          encode: Effect.succeed
        })
        yield* refuses(later)
        yield* refuses(Schema.String.annotations({ message: failing }) as Schema.Schema<unknown, unknown>)
      }
    }))

  it.effect("an Effect schema that is interrupted interrupts, and is no bad record", () =>
    Effect.gen(function*() {
      const interrupted = Schema.transformOrFail(Schema.Unknown, Schema.Unknown, {
        strict: true,
        decode: () => Effect.interrupt,
        encode: Effect.succeed
      })
      const exit = yield* Effect.exit(outcomesOf(RecordDecoder.json(interrupted, either), "{}"))
      assert.isTrue(Exit.isInterrupted(exit))
    }))

  it.effect("a Standard Schema that throws, rejects, answers with nothing or with issues of no text", () =>
    Effect.gen(function*() {
      for (const cause of [new Error("bug"), ...untextual]) {
        yield* refuses(standard(fail(cause)))
        yield* refuses(standard(() => Promise.reject(cause)))
        yield* refuses(standard(() => ({ issues: [cause] })))
        yield* refuses(standard(async () => ({ issues: [cause] })))
      }
      for (const nothing of [undefined, null, { issues: 7 }, { issues: null }]) {
        yield* refuses(standard(() => nothing))
        yield* refuses(standard(async () => nothing))
      }
    }))

  it.effect("a Standard Schema keeps its this, and may answer with any thenable", () =>
    Effect.gen(function*() {
      class Validator {
        readonly version = 1
        readonly vendor = "test"
        readonly prefix = "seen"
        validate(value: unknown) {
          const answer = { value: [this.prefix, value] }
          // oxlint-disable-next-line unicorn/no-thenable
          return { then: (resolve: (result: typeof answer) => void) => resolve(answer) }
        }
      }
      const schema = { "~standard": new Validator() } as unknown as RecordDecoder.StandardSchema<unknown>
      assert.deepStrictEqual(yield* outcomesOf(RecordDecoder.json(schema, either), "1"), [["seen", 1]])
    }))

  it.effect("a parser that throws anything", () =>
    Effect.gen(function*() {
      for (const cause of untextual) {
        const decode = RecordDecoder.auto(anything, { ...either, parse: fail(cause) })
        const [outcome] = yield* outcomesOf(decode, "{}")
        assert.include((outcome as { readonly error: string }).error, "the parser threw: ")
      }
    }))

  it.effect("JSON that is nested too deep for a schema", () =>
    Effect.gen(function*() {
      interface Nested extends ReadonlyArray<Nested> {}
      const Nested: Schema.Schema<Nested> = Schema.Array(Schema.suspend(() => Nested))
      const deep = "[".repeat(100_000) + "]".repeat(100_000)
      yield* refuses(Nested as unknown as Schema.Schema<unknown, unknown>, deep)
    }))

  it.effect.prop(
    "any bytes give values or errors",
    [fc.uint8Array({ maxLength: 60 })],
    ([bytes]) =>
      Effect.gen(function*() {
        for (const decode of decodersOf(anything)) {
          const results = yield* Stream.runCollect(decode(Stream.make(recordOf(bytes))))
          for (const result of results) if (Either.isLeft(result)) assert.strictEqual(result.left._tag, "DecodeError")
        }
      })
  )
})
