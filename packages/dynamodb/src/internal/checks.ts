import { InvalidArgument } from "effect-kinesis/KinesisError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** A field, whether its value will do, and what it must be. */
export type Rule = readonly [field: string, holds: boolean, mustBe: string, was: unknown]

/** A value as a message shows it. Takes anything, and never throws. */
const shown = (value: unknown): string => {
  try {
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value)
  } catch {
    return "a value that cannot be printed"
  }
}

/** Fails with the first rule that is broken. */
export const check = (operation: string, rules: ReadonlyArray<Rule>): Effect.Effect<void, InvalidArgument> => {
  const broken = rules.find(([, holds]) => !holds)
  return broken === undefined ? Effect.void : Effect.fail(
    new InvalidArgument({
      operation,
      field: broken[0],
      description: `must be ${broken[2]}, was ${shown(broken[3])}`
    })
  )
}

const tableName = /^([a-zA-Z0-9_.-]{3,255}|arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[a-zA-Z0-9_.-]{3,255})$/

export const isTable = (name: unknown): name is string => typeof name === "string" && tableName.test(name)

export const table = (name: unknown): Rule => [
  "table",
  isTable(name),
  "a table's name (3 to 255 of a-z A-Z 0-9 _ . -) or its ARN; by default it is the application's name",
  name
]

export const url = (field: string, given: string | undefined): Rule => [
  field,
  given === undefined || (/^https?:\/\//.test(given) && URL.canParse(given)),
  "a URL such as http://127.0.0.1:8000",
  given
]

export const oneOf = (field: string, permitted: ReadonlyArray<string>, given: string): Rule => [
  field,
  permitted.includes(given),
  permitted.map((word) => `"${word}"`).join(" or "),
  given
]

export const whole = (field: string, given: number, least: number, most: number): Rule => [
  field,
  Number.isSafeInteger(given) && given >= least && given <= most,
  `a whole number from ${least} to ${most}`,
  given
]

/** Judges what was written, since decoding a duration turns what is negative or no number into zero. */
export const duration = (field: string, written: Duration.DurationInput, mostMillis: number): Rule => {
  const isNegative = (typeof written === "number" && !(written >= 0)) ||
    (typeof written === "string" && written.trim().startsWith("-"))
  const millis = isNegative
    ? -1
    : Option.match(Duration.decodeUnknown(written), { onNone: () => -1, onSome: Duration.toMillis })
  return [
    field,
    millis >= 1 && millis <= mostMillis,
    `a duration from 1ms to ${Duration.format(mostMillis)}`,
    written
  ]
}
