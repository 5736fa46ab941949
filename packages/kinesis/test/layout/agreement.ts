import { Arbitrary, Either, FastCheck, ParseResult, Schema } from "effect"
import * as Layout from "../../src/internal/layout/layout.js"
import * as Reader from "../../src/internal/layout/reader.js"
import * as Program from "../../src/internal/schema/program.js"
import { type Random, randomOf } from "../schema/mutations.js"
import { type Bytes, bytesOf, extras, mutate, printed } from "./texts.js"

export type AnySchema = Schema.Schema<unknown, unknown>

/** Whether two values cannot be told apart: prototypes, the keys in their order, and the sign of zero included. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const prototype: unknown = Object.getPrototypeOf(a)
  const other: unknown = Object.getPrototypeOf(b)
  if (prototype !== other && !isSame(prototype, other)) return false
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime())
  if (a instanceof Map || a instanceof Set) return isSame([...a], [...b as Set<unknown>])
  const keys = Reflect.ownKeys(a)
  const others = Reflect.ownKeys(b)
  return keys.length === others.length &&
    keys.every((key, index) => key === others[index] && isSame(Reflect.get(a, key), Reflect.get(b, key)))
}

/** Adds a property that the schema has not asked for to some objects, always behind the same key. */
const widened = (value: unknown, random: Random): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((each) => widened(each, random))
  const members = Object.entries(value).map(([key, member]): [string, unknown] => [key, widened(member, random)])
  if (random() < 0.7) {
    members.splice(Math.min(1, members.length), 0, ["trace", extras[Math.floor(random() * extras.length)]])
  }
  return Object.fromEntries(members)
}

/** Values of a schema, mostly small. */
const valuesOf = (schema: AnySchema): ReadonlyArray<unknown> => {
  const before = FastCheck.readConfigureGlobal()
  try {
    return (["xsmall", "small"] as const).flatMap((baseSize, index) => {
      FastCheck.configureGlobal({ ...before, baseSize })
      return FastCheck.sample(Arbitrary.make(schema), { numRuns: 300, seed: 7 + index })
    })
  } finally {
    FastCheck.configureGlobal(before)
  }
}

/** What is encoded of a schema's values. */
const encodedOf = (schema: AnySchema): ReadonlyArray<unknown> => {
  const encode = Schema.encodeSync(schema)
  return valuesOf(schema).flatMap((value) => {
    const encoded = Either.try(() => JSON.parse(JSON.stringify(encode(value))) as unknown)
    return Either.isRight(encoded) ? [encoded.right] : []
  })
}

/** The ways in which the texts of a schema are laid out. */
export const styles = ["compact", "spaced", "wide"] as const

export type Style = typeof styles[number]

/** Changes in short texts hit what matters more often, and take less time. */
const mostTexts = 250

const textsOf = (schema: AnySchema, style: Style): ReadonlyArray<Bytes> => {
  const random = randomOf(3)
  const decode = Schema.decodeUnknownEither(schema)
  return encodedOf(schema)
    .map((value) => style === "wide" ? widened(value, random) : value)
    .filter((value) => Either.isRight(decode(value)))
    .map((value) => bytesOf(printed(value, style === "spaced")))
    .sort((a, b) => a.length - b.length)
    .slice(0, mostTexts)
}

/** A schema with texts, and the reader that has learned from some of them. */
export interface Subject {
  readonly schema: AnySchema
  readonly texts: ReadonlyArray<Bytes>
  readonly program: Program.Program
  /** Undefined where nothing is gained. */
  readonly reader: Reader.Reader | undefined
}

export const subjectOf = (schema: AnySchema, style: Style): Subject => {
  const texts = textsOf(schema, style)
  const layout = Layout.make()
  for (const text of texts.filter((_, index) => index % 4 === 0)) {
    const utf8 = Buffer.from(text, "latin1").toString()
    Layout.learn(layout, schema.ast, JSON.parse(utf8), utf8)
  }
  const options = Program.withEffects()
  return {
    schema,
    texts,
    program: Program.make(schema.ast, "decode", options),
    reader: Reader.make(schema.ast, options, layout)
  }
}

/** How many texts were read, and how many of those that are valid were not. */
export interface Counts {
  texts: number
  read: number
  /** Of texts that no one has changed. */
  unchanged: number
  unchangedRead: number
}

const decoder = new TextDecoder("utf-8", { fatal: true })

/** What is behind, or before, a record in its buffer: a reader that looks there goes on. */
const neighbours = ["}", "]", "\"", "1", ",", "0}", "\"}", "null}", "{\"", "x", " ", "\xff", ":1}"]

/** The value of a text by `JSON.parse` and Effect's own parser, or undefined if there is none. */
const valueOf = (schema: AnySchema) => {
  const decode = ParseResult.decodeUnknown(schema)
  return (data: Uint8Array): { readonly value: unknown } | undefined => {
    try {
      const result = decode(JSON.parse(decoder.decode(data)))
      return Either.isEither(result) && Either.isRight(result) ? { value: result.right } : undefined
    } catch {
      return undefined
    }
  }
}

/** A text of which the reader makes another value than `JSON.parse` and a parser do. */
export interface Disagreement {
  readonly text: string
  readonly found: unknown
  readonly expected: unknown
}

/**
 * Compares what a reader makes of texts with `JSON.parse` and the compiled schema and, for some of them, with Effect's own parser. Each text
 * lies between others in one buffer. What the reader leaves is not compared: it goes to those two.
 */
export const compare = (
  { program, reader, schema, texts }: Subject & { readonly reader: Reader.Reader },
  count: number,
  seed: number
): Counts | Disagreement => {
  const counts = { texts: count, read: 0, unchanged: 0, unchangedRead: 0 }
  const random = randomOf(seed)
  const judge = valueOf(schema)
  const buffer = Buffer.alloc(1 << 20)
  for (let index = 0; index < count; index++) {
    const original = texts[Math.floor(random() * texts.length)]!
    const isChanged = random() < 0.9
    const text = isChanged ? mutate(original, random) : original
    const before = neighbours[Math.floor(random() * neighbours.length)]!
    const place = Math.floor(random() * 8)
    const start = place + buffer.write(before, place, "latin1")
    const end = start + buffer.write(text, start, "latin1")
    buffer.write(neighbours[Math.floor(random() * neighbours.length)]!, end, "latin1")
    const data = new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start)
    const found = reader(data)
    if (!isChanged) counts.unchanged++
    if (found === Program.unjudged) continue
    counts.read++
    if (!isChanged) counts.unchangedRead++
    const expected = index % 64 === 0 ? judge(data) : compiled(program, data) ?? judge(data)
    if (expected === undefined || !isSame(found, expected.value)) {
      return { text, found, expected: judge(data) }
    }
  }
  return counts
}

/** The value by the compiled schema, if it judges. */
const compiled = (program: Program.Program, data: Uint8Array): { readonly value: unknown } | undefined => {
  try {
    const value = program(JSON.parse(decoder.decode(data)))
    return value === Program.unjudged ? undefined : { value }
  } catch {
    return undefined
  }
}
