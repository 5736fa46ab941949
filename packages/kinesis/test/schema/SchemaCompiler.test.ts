import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Either, Equal, FastCheck, ParseResult, Schema } from "effect"
import { SchemaCompiler } from "effect-kinesis"
import { setImmediate } from "node:timers/promises"
import { inspect, isDeepStrictEqual } from "node:util"
import * as Program from "../../src/internal/schema/program.js"
import { mutate, randomOf } from "./mutations.js"
import * as schemas from "./schemas.js"

/** How many inputs of each schema are compared, each way. `.ci/run` asks for 100,000. */
const cases = Number(process.env["SCHEMA_CASES"] ?? 3_000)

type AnySchema = Schema.Schema<unknown, unknown>
type Parse = (input: unknown) => Either.Either<unknown, ParseResult.ParseIssue>

const all = Object.entries(schemas as unknown as Record<string, AnySchema>)

const hasKeys = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Map) && !(value instanceof Set)

/** The prototypes and the keys in their order, all the way down. */
const areAlike = (a: unknown, b: unknown): boolean => {
  if (!hasKeys(a) || !hasKeys(b)) return typeof a === typeof b && hasKeys(a) === hasKeys(b)
  const [keys, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)]
  return Object.getPrototypeOf(a) === Object.getPrototypeOf(b) && keys.length === others.length &&
    keys.every((key, index) => key === others[index] && areAlike(a[key], b[key]))
}

const isSame = (a: unknown, b: unknown): boolean =>
  (Object.is(a, b) || isDeepStrictEqual(a, b) || Equal.equals(a, b)) && areAlike(a, b)

type Outcome =
  | { readonly kind: "valid"; readonly value: unknown }
  | { readonly kind: "invalid"; readonly tree: string }
  | { readonly kind: "thrown"; readonly message: string }

const outcomeOf = (parse: Parse, input: unknown): Outcome => {
  try {
    const result = parse(input)
    return Either.isRight(result)
      ? { kind: "valid", value: result.right }
      : { kind: "invalid", tree: ParseResult.TreeFormatter.formatIssueSync(result.left) }
  } catch (error) {
    return { kind: "thrown", message: String(error) }
  }
}

const agree = (ours: Outcome, theirs: Outcome): boolean =>
  ours.kind === "valid" && theirs.kind === "valid"
    ? isSame(ours.value, theirs.value)
    : isDeepStrictEqual(ours, theirs)

/** What is encoded of a schema's values, and the values. */
const samplesOf = (schema: AnySchema) => {
  const encode = Schema.encodeSync(schema)
  const decode = Schema.decodeUnknownEither(schema)
  return FastCheck.sample(Arbitrary.make(schema), { numRuns: 1000, seed: 7 }).flatMap((value) => {
    const encoded = Either.try(() => encode(value))
    return Either.isRight(encoded) && Either.isRight(decode(encoded.right)) ? [encoded.right] : []
  })
}

interface Compared {
  readonly schema: AnySchema
  readonly ours: Parse
  readonly theirs: Parse
  readonly program: Program.Program
  /** A new input each time. */
  readonly sample: (index: number) => unknown
}

/** Compares the outcomes of one input after the other; some are as they come, most are changed. */
const compare = async ({ ours, program, sample, theirs }: Compared, seed: number) => {
  const counts = { valid: 0, invalid: 0, left: 0 }
  for (let index = 0; index < cases; index++) {
    if (index % 500 === 0) await setImmediate()
    const random = randomOf(seed + index)
    const input = random() < 0.2 ? sample(index) : mutate(sample(index), random)
    const before = index % 100 === 0 ? inspect(input, { depth: null, customInspect: false }) : ""
    const found = outcomeOf(ours, input)
    if (index % 100 === 0) {
      assert.strictEqual(inspect(input, { depth: null, customInspect: false }), before, "the input is as it was")
    }
    const expected = outcomeOf(theirs, input)
    if (!agree(found, expected)) {
      assert.fail(`case ${index}: ${inspect({ input, found, expected }, { depth: null, customInspect: false })}`)
    }
    if (expected.kind !== "valid") counts.invalid++
    else if (program(input) === Program.unjudged) counts.left++
    else counts.valid++
  }
  return counts
}

/** Much of these is left to Effect: an effect, or names and tags of which generated code is not sure. */
const isLeft = (name: string): boolean => ["effectful", "exchanged"].includes(name)

describe("SchemaCompiler", () => {
  for (const [name, schema] of all) {
    const encoded = samplesOf(schema)
    const sample = (index: number): unknown => structuredClone(encoded[index % encoded.length])

    it(`decodes as Effect does: ${name}`, async () => {
      const counts = await compare({
        schema,
        ours: SchemaCompiler.decodeUnknownEither(schema),
        theirs: ParseResult.decodeUnknownEither(schema),
        program: Program.make(schema.ast, "decode"),
        sample
      }, 1)
      if (name !== "effectful") assert.isAbove(counts.valid, cases / 8, JSON.stringify(counts))
      if (!isLeft(name)) assert.isBelow(counts.left, counts.valid / 50, JSON.stringify(counts))
      assert.isAbove(counts.invalid, cases / 150, JSON.stringify(counts))
    })

    it(`encodes as Effect does: ${name}`, async () => {
      const decode = Schema.decodeUnknownSync(schema)
      const counts = await compare({
        schema,
        ours: SchemaCompiler.encodeUnknownEither(schema),
        theirs: ParseResult.encodeUnknownEither(schema),
        program: Program.make(schema.ast, "encode"),
        sample: (index) => name === "effectful" ? sample(index) : decode(sample(index))
      }, 2)
      if (name !== "effectful") assert.isAbove(counts.valid, cases / 8, JSON.stringify(counts))
      if (!isLeft(name)) assert.isBelow(counts.left, counts.valid / 50, JSON.stringify(counts))
    })
  }
})
