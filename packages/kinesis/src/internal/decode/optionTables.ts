import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { InvalidArgument } from "../../KinesisError.js"
import * as Checks from "../options/checks.js"
import * as Rules from "../options/rules.js"
import { type Check, refused, type Table } from "../options/table.js"
import * as Forms from "./forms.js"
import type { AutoOptions, InflateOptions, JsonOptions, JsonValuesOptions, MixedOptions, Options } from "./options.js"

const onInvalid = (...words: ReadonlyArray<string>): Check => {
  const word = Checks.oneOf(...words)
  const mustBe = `${words.map((each) => `"${each}"`).join(", ")} or a function of the error that returns an Effect`
  return Checks.optional((given, options) =>
    typeof given === "function" || word(given, options) === undefined ? undefined : refused(mustBe, given)
  )
}

/** Of decoders of values. */
export const base: Table<Options> = { onInvalid: onInvalid("fail", "skip", "either") }

/** Of decoders of several values a record. */
export const jsonValues: Table<JsonValuesOptions> = {
  ...base,
  parse: Checks.optional(Checks.fn("the value of a text, such as RecordDecoder.exactJson")),
  compile: Checks.optional(Checks.flag)
}

/** Of the decoder of one value a record. */
export const json: Table<JsonOptions> = { ...jsonValues, learnLayout: Checks.optional(Checks.flag) }

/** Of decoders of compressed values. */
export const inflatedValues: Table<InflateOptions> = {
  ...base,
  maxInflatedBytes: Checks.optional(Checks.whole(1, undefined, " of bytes"))
}

/** Of decoders that give records. */
export const inflate: Table<InflateOptions> = {
  ...inflatedValues,
  onInvalid: onInvalid("fail", "skip")
}

/** Of those among them whose first bytes tell. */
export const mixed: Table<MixedOptions> = { ...inflate, plain: Checks.optional(Checks.oneOf("keep", "refuse")) }

export const auto: Table<AutoOptions> = { ...jsonValues, ...inflatedValues }

const isSchema = (given: unknown): boolean =>
  Schema.isSchema(given) ||
  ((typeof given === "object" || typeof given === "function") && given !== null && "~standard" in given)

const schemaTable = { schema: Checks.that("a Schema of Effect, or a Standard Schema", isSchema) }

const faults = new WeakMap<object, InvalidArgument>()

/** What is wrong with the options of a decoder. */
export const faultOf = (decoder: object): InvalidArgument | undefined => faults.get(decoder)

/** A decoder whose options are wrong: it asks for no record. */
// oxlint-disable-next-line typescript/no-explicit-any
export const refusing = (fault: InvalidArgument): any => {
  const decoder = Forms.ofForms({
    stream: () => Stream.fail(fault),
    decodeRecord: () => [Either.left(Effect.fail(fault))]
  })
  faults.set(decoder, fault)
  return decoder
}

/** A decoder with these options, if they are right. */
// oxlint-disable-next-line typescript/no-explicit-any
export const checked = <O>(table: Table<O>, options: O | undefined, make: () => any): any => {
  const fault = Rules.fault("RecordDecoder", table, options === undefined ? {} : options)
  return fault === undefined ? make() : refusing(fault)
}

/** A decoder by a schema. */
// oxlint-disable-next-line typescript/no-explicit-any
export const checkedBy = <O>(schema: unknown, table: Table<O>, options: O | undefined, make: () => any): any => {
  const fault = Rules.fault("RecordDecoder", schemaTable, { schema })
  return fault === undefined ? checked(table, options, make) : refusing(fault)
}
