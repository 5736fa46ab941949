import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidArgument } from "../../KinesisError.js"
import type { Position } from "../../Position.js"
import type { Until } from "../../Until.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import { quoted } from "../text/describe.js"
import { isInstant, isWhole } from "./numbers.js"

export { isWhole }

/** A field, whether its value will do, and what it must be. */
export type Rule = readonly [field: string, holds: boolean, mustBe: string, was: unknown]

/** Fails with the first rule that is broken. */
export const check = (
  operation: string,
  stream: string | undefined,
  rules: ReadonlyArray<Rule>
): Effect.Effect<void, InvalidArgument> => {
  const broken = rules.find(([, holds]) => !holds)
  return broken === undefined ? Effect.void : Effect.fail(
    new InvalidArgument({
      operation,
      stream: typeof stream === "string" ? stream : undefined,
      field: broken[0],
      description: `must be ${broken[2]}, was ${quoted(broken[3])}`
    })
  )
}

const streamName = /^([a-zA-Z0-9_.-]{1,128}|arn:[\w-]+:kinesis:[\w-]+:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128})$/

export const stream = (given: unknown): Rule => [
  "stream",
  typeof given === "string" && streamName.test(given),
  "a stream's name (1 to 128 of a-z A-Z 0-9 _ . -) or its ARN",
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
  isWhole(given, least, most),
  `a whole number from ${least} to ${most}`,
  given
]

export const url = (field: string, given: string | undefined, example: string): Rule => [
  field,
  given === undefined || (/^https?:\/\//.test(given) && URL.canParse(given)),
  `a URL such as ${example}`,
  given
]

/** Whether it is a list; a proxy that was revoked cannot even be asked. */
export const isList = (given: unknown): given is ReadonlyArray<unknown> => {
  try {
    return Array.isArray(given)
  } catch {
    return false
  }
}

/** Timers hold no more: 24.8 days. */
const longest = 2 ** 31 - 1

/** Judges what was written, since decoding a duration turns what is negative or no number into zero. */
export const duration = (
  field: string,
  written: Duration.DurationInput,
  leastMillis = 0,
  mostMillis = longest
): Rule => {
  const isNegative = typeof written === "number"
    ? !(written >= 0)
    : typeof written === "string"
    ? written.trim().startsWith("-")
    : false
  const millis = isNegative
    ? -1
    : Option.match(Duration.decodeUnknown(written), { onNone: () => -1, onSome: Duration.toMillis })
  const range = `${Duration.format(leastMillis)} to ${mostMillis === longest ? "24 days" : Duration.format(mostMillis)}`
  return [field, millis >= leastMillis && millis <= mostMillis, `a finite duration from ${range}`, written]
}

export const until = (given: Until): Rule => {
  switch (given._tag) {
    case "Never":
    case "CaughtUp":
      return ["until", true, "", given]
    case "Elapsed":
    case "Idle":
      return duration("until", given.millis)
    case "Instant":
      return ["until", isInstant(given.timestamp), "a valid date", given.timestamp]
    case "Count":
      return ["until", isWhole(given.count, 1), "a whole number of records, at least 1", given.count]
    default:
      return ["until", false, "a value of Until", given]
  }
}

const isSequenceNumber = (value: unknown): boolean => typeof value === "string" && SequenceNumber.isValid(value)

export const position = (field: string, given: Position | undefined): Rule => {
  switch (given?._tag) {
    case "AtTimestamp":
      return given.standsFor === undefined || given.standsFor === "Latest" || given.standsFor === "TrimHorizon"
        ? [field, isInstant(given.timestamp), "a valid date", given.timestamp]
        : [field, false, "an instant that stands for \"Latest\" or \"TrimHorizon\"", given.standsFor]
    case "AtSequenceNumber":
      return [field, isSequenceNumber(given.sequenceNumber), "a sequence number", given.sequenceNumber]
    case "AfterSequenceNumber":
      return isWhole(given.subSequenceNumber ?? 0, 0)
        ? [field, isSequenceNumber(given.sequenceNumber), "a sequence number", given.sequenceNumber]
        : [field, false, "a whole sub-sequence number", given.subSequenceNumber]
    default:
      return [
        field,
        given?._tag === "TrimHorizon" || given?._tag === "Latest" || given?._tag === "ShardEnd",
        "\"trim-horizon\", \"latest\", a date or a Position",
        given
      ]
  }
}
