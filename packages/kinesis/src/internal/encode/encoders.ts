import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type { PutRecordsEntry } from "../../KinesisApi.js"
import type { InvalidArgument } from "../../KinesisError.js"
import type { Encoder } from "../../RecordEncoder.js"
import * as Inflate from "../decode/inflate.js"
import * as Parse from "../decode/parser.js"
import * as Program from "../schema/program.js"
import * as Compress from "./compress.js"
import type { Settled } from "./encoded.js"
import * as Encoded from "./encoded.js"
import * as Issues from "./issues.js"
import * as JsonForm from "./jsonForm.js"
import * as Keys from "./keys.js"
import { kindOf } from "./kinds.js"
import type { CompressOptions, JsonOptions, KeyOptions } from "./options.js"
import * as OptionTables from "./optionTables.js"
import { encodesPlainly } from "./plainSchema.js"
import * as Utf8 from "./utf8.js"

const faults = new WeakMap<object, InvalidArgument>()

/** What is wrong with the options of an encoder. */
export const faultOf = (encoder: object): InvalidArgument | undefined => faults.get(encoder)

const make = <A, R>(encodeRecord: Encoder<A, R>["encodeRecord"]): Encoder<A, R> => ({
  encodeRecord,
  pipe() {
    return pipeArguments(this, arguments)
  }
})

/** An encoder whose options are wrong: it makes no record. */
const refusing = (fault: InvalidArgument): Encoder<unknown> => {
  const encoder = make((value) => Encoded.failed("data", value, fault.message, fault))
  faults.set(encoder, fault)
  return encoder
}

/** The record of these bytes, with its keys. */
const keyed = <A>(value: A, data: Uint8Array, { explicitHashKey, partitionKey }: KeyOptions<A>): Settled => {
  let field: "partitionKey" | "explicitHashKey" = "partitionKey"
  try {
    const key = partitionKey?.(value)
    const fault = partitionKey === undefined ? undefined : Keys.partitionKeyFault(key)
    if (fault !== undefined) return Encoded.failed(field, value, fault)
    if (explicitHashKey === undefined) return { data, partitionKey: key }
    field = "explicitHashKey"
    const hashKey = explicitHashKey(value)
    const hashFault = hashKey === undefined ? undefined : Keys.explicitHashKeyFault(hashKey)
    return hashFault === undefined
      ? { data, partitionKey: key, explicitHashKey: hashKey }
      : Encoded.failed(field, value, hashFault)
  } catch (thrown) {
    return Encoded.threw(field, value, field, thrown)
  }
}

/** The text of an encoded value. */
type Stringify = (encoded: unknown) => string

/** Why there is no text of an encoded value; thrown, as a function of a user's throws. */
class Formless extends Error {}

const formless = (found: JsonForm.Formless): Formless => new Formless(JsonForm.describe(found))

/**
 * `JSON.stringify`, which throws for what it would write as something else. What a plain schema encodes can only have become null, so that
 * most values are not looked through.
 */
const plainText = (schema: Schema.Schema.All): Stringify => {
  let isPlain: boolean | undefined
  return (encoded) => {
    isPlain ??= encodesPlainly(schema.ast)
    const text = isPlain ? JSON.stringify(encoded) as string | undefined : undefined
    if (text !== undefined && !text.includes("null")) return text
    const found = JsonForm.formlessIn(encoded, isPlain)
    if (found !== undefined) throw formless(found)
    return text ?? JSON.stringify(encoded)
  }
}

/** The JSON value that a schema makes of a value. */
export const json = <A, I, R>(schema: Schema.Schema<A, I, R>, options: JsonOptions<A>): Encoder<A, R> => {
  const fault = OptionTables.jsonFault(schema, options)
  if (fault !== undefined) return refusing(fault)
  const { parse, program } = Parse.encoding(
    schema,
    (issue) => ({ description: Issues.describe(issue), cause: undefined }),
    options
  )
  const stringify = options.stringify ?? plainText(schema)
  const written = (value: A, encoded: unknown): Settled => {
    let text: unknown
    try {
      text = stringify(encoded)
    } catch (thrown) {
      return thrown instanceof Formless
        ? Encoded.failed("data", value, thrown.message)
        : Encoded.threw("data", value, "stringify", thrown)
    }
    return typeof text === "string"
      ? keyed(value, Utf8.bytesOf(text), options)
      : Encoded.failed("data", value, `stringify must return a string, returned ${kindOf(text)}`)
  }
  const settled = (value: A, parsed: Parse.Parsed<I>): Settled =>
    Either.isRight(parsed)
      ? written(value, parsed.right)
      : Encoded.failed("data", value, parsed.left.description, parsed.left.cause)
  return make((value) => {
    const known = program(value)
    if (known !== Program.unjudged) return written(value, known)
    const parsed = parse(value)
    return Either.isEither(parsed)
      ? settled(value, parsed)
      : Effect.flatMap(parsed, (parsed) => Encoded.asEffect(settled(value, parsed)))
  })
}

/** A text in UTF-8. */
export const utf8 = (options: KeyOptions<string>): Encoder<string> => {
  const fault = OptionTables.keysFault(options)
  if (fault !== undefined) return refusing(fault)
  return make((text: unknown) => {
    if (typeof text !== "string") return Encoded.failed("data", text, `must be a string, was ${kindOf(text)}`)
    const unformed = Utf8.faultOf(text)
    return unformed === undefined ? keyed(text, Utf8.bytesOf(text), options) : Encoded.failed("data", text, unformed)
  })
}

/** What is wrong with a record. */
const faultIn = ({ data, explicitHashKey, partitionKey }: PutRecordsEntry) => {
  if (!(data instanceof Uint8Array)) return ["data", `must be a Uint8Array, was ${kindOf(data)}`] as const
  const fault = partitionKey === undefined ? undefined : Keys.partitionKeyFault(partitionKey)
  if (fault !== undefined) return ["partitionKey", fault] as const
  const hashFault = explicitHashKey === undefined ? undefined : Keys.explicitHashKeyFault(explicitHashKey)
  return hashFault === undefined ? undefined : ["explicitHashKey", hashFault] as const
}

/** A record as it is. */
export const bytes: Encoder<PutRecordsEntry> = make((entry) => {
  try {
    const fault = faultIn(entry)
    return fault === undefined ? entry : Encoded.failed(fault[0], entry, fault[1])
  } catch {
    return Encoded.failed("data", entry, `must be of an object with data and keys, was ${kindOf(entry)}`)
  }
})

/**
 * The records of an encoder, compressed. Small ones are left as they are if that is wanted, unless they begin as compressed ones do: a reader
 * could not tell.
 */
export const compressed = (compression: Compress.Compression, options: CompressOptions = {}) =>
<A, R>(
  encoder: Encoder<A, R>
): Encoder<A, R> => {
  const fault = OptionTables.compressionFault(compression, options) ?? faultOf(encoder)
  if (fault !== undefined) return refusing(fault)
  const { atLeast = 0, level = Compress.levels[compression].usual } = options
  const isSmall = ({ byteLength }: Uint8Array) => byteLength < atLeast
  const change = (value: A) => (entry: PutRecordsEntry): Settled => {
    if (isSmall(entry.data) && Inflate.compressionOf(entry.data) !== compression) return entry
    try {
      return { ...entry, data: Compress.compress(compression, entry.data, level) }
    } catch (thrown) {
      return Encoded.threw("data", value, compression, thrown)
    }
  }
  return make((value) => Encoded.map(encoder.encodeRecord(value), change(value)))
}

/** An encoder of what a function makes values of. */
export const contramap = <B, A>(f: (value: B) => A) => <R>(encoder: Encoder<A, R>): Encoder<B, R> => {
  const fault = OptionTables.contramapFault(f) ?? faultOf(encoder)
  if (fault !== undefined) return refusing(fault)
  return make((value) => {
    let inner: A
    try {
      inner = f(value)
    } catch (thrown) {
      return Encoded.threw("data", value, "contramap", thrown)
    }
    return Encoded.ofValue(encoder.encodeRecord(inner), value)
  })
}
