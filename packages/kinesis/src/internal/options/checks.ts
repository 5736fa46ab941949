import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as Effects from "./effects.js"
import { isInstant, isWhole } from "./numbers.js"
import { type Check, faultIn, type Refusal, refused } from "./table.js"

/** Values for which a test holds. */
export const that = (mustBe: string, holds: (given: unknown) => boolean): Check => (given) =>
  holds(given) ? undefined : refused(mustBe, given)

/** The option may be left out. */
export const optional = (check: Check): Check => (given, options) =>
  given === undefined ? undefined : check(given, options)

export const flag: Check = that("true or false", (given) => typeof given === "boolean")

export const text = (mustBe: string, pattern: RegExp): Check =>
  that(mustBe, (given) => typeof given === "string" && pattern.test(given))

export const oneOf = (...permitted: ReadonlyArray<string>): Check =>
  that(permitted.map((word) => `"${word}"`).join(" or "), (given) => permitted.some((word) => word === given))

/** A whole number, both bounds included. */
export const whole = (least: number, most?: number, unit = ""): Check =>
  that(
    most === undefined ? `a whole number${unit}, at least ${least}` : `a whole number${unit} from ${least} to ${most}`,
    (given) => isWhole(given, least, most)
  )

/** `returning` says what it returns, such as "an Effect". */
export const fn = (returning: string): Check =>
  that(`a function that returns ${returning}`, (given) => typeof given === "function")

export const schedule: Check = that("a Schedule, such as Schedule.recurs(3)", Schedule.isSchedule)

export const effect: Check = that("an Effect", Effects.isGiven)

export const url = (example: string): Check =>
  that(
    `a URL such as ${example}`,
    (given) => typeof given === "string" && /^https?:\/\//.test(given) && URL.canParse(given)
  )

/** Timers hold no more: 24.8 days. */
const longest = 2 ** 31 - 1

const isBelowZero = (part: unknown): boolean => !(typeof part === "bigint" ? part >= 0n : Number(part) >= 0)

/** Judges what was written, since decoding a duration turns what is negative or no number into zero. */
const millisOf = (written: unknown): number | undefined => {
  const parts = Array.isArray(written) ? written : [written]
  const isNegative = typeof written === "string"
    ? written.trim().startsWith("-")
    : parts.some((part) => (typeof part === "number" || typeof part === "bigint") && isBelowZero(part))
  return isNegative ? undefined : Option.getOrUndefined(Option.map(Duration.decodeUnknown(written), Duration.toMillis))
}

/** A duration, both bounds included, in milliseconds. */
export const duration = (leastMillis = 0, mostMillis = longest): Check => {
  const most = mostMillis === longest ? "24 days" : Duration.format(mostMillis)
  return that(
    `a finite duration from ${
      Duration.format(leastMillis)
    } to ${most}, as a number of milliseconds or such as "2 seconds"`,
    (given) => {
      const millis = millisOf(given)
      return millis !== undefined && millis >= leastMillis && millis <= mostMillis
    }
  )
}

/** A duration, or one without end. */
export const durationOrInfinity: Check = that(
  "a duration from 0 to 24 days, as a number of milliseconds or such as \"2 seconds\", or Duration.infinity",
  (given) => {
    const millis = millisOf(given)
    return millis !== undefined && (millis <= longest || millis === Infinity)
  }
)

/** Milliseconds, unless they are none: then what was written, to be found when the options are checked. */
export const millisOr = (written: Duration.DurationInput): number => millisOf(written) ?? (written as number)

export const stream: Check = text(
  "a stream's name (1 to 128 of a-z A-Z 0-9 _ . -) or its ARN",
  /^([a-zA-Z0-9_.-]{1,128}|arn:[\w-]+:kinesis:[\w-]+:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128})$/
)

type Tagged = Readonly<Record<string, unknown>>

const isTagged = (given: unknown): given is Tagged => typeof given === "object" && given !== null && "_tag" in given

const aDuration = duration()

const lasting: Check = (millis, options) =>
  aDuration(millis, options) ??
    (typeof millis === "number" ? undefined : refused("a number of milliseconds, as Until.elapsed makes it", millis))

export const until: Check = (given, options) => {
  switch (isTagged(given) ? given["_tag"] : undefined) {
    case "Never":
    case "CaughtUp":
      return undefined
    case "Elapsed":
    case "Idle":
      return lasting((given as Tagged)["millis"], options)
    case "Instant": {
      const { timestamp } = given as Tagged
      return isInstant(timestamp) ? undefined : refused("a valid date", timestamp)
    }
    case "Count": {
      const { count } = given as Tagged
      return isWhole(count, 1) ? undefined : refused("a whole number of records, at least 1", count)
    }
    default:
      return refused("a value of Until, such as Until.caughtUp", given)
  }
}

const instant = ({ standsFor, timestamp }: Tagged): Refusal | undefined =>
  standsFor !== undefined && standsFor !== "Latest" && standsFor !== "TrimHorizon"
    ? refused("an instant that stands for \"Latest\" or \"TrimHorizon\"", standsFor)
    : isInstant(timestamp)
    ? undefined
    : refused("a valid date", timestamp)

const starts = "\"trim-horizon\", \"latest\", a date or a Position"

const startOf = (given: unknown): Refusal | undefined | "other" => {
  if (given === "trim-horizon" || given === "latest") return undefined
  if (given instanceof Date) return isInstant(given.getTime()) ? undefined : refused("a valid date", given)
  if (!isTagged(given)) return refused(starts, given)
  const tag = given["_tag"]
  if (tag === "TrimHorizon" || tag === "Latest") return undefined
  return tag === "AtTimestamp" ? instant(given) : "other"
}

/** Where a whole stream may begin. */
export const start: Check = (given) => {
  const judged = startOf(given)
  return judged === "other" ? refused(`${starts} of a whole stream, not of a record`, given) : judged
}

/** Where one shard may begin: a word, a date or a position. */
export const position: Check = (given) => {
  const judged = startOf(given)
  if (judged !== "other") return judged
  const { _tag, sequenceNumber, subSequenceNumber = 0 } = given as Tagged
  if (_tag === "ShardEnd") return undefined
  if (_tag !== "AtSequenceNumber" && _tag !== "AfterSequenceNumber") return refused(starts, given)
  if (!isWhole(subSequenceNumber, 0)) return refused("a whole sub-sequence number", subSequenceNumber)
  return typeof sequenceNumber === "string" && SequenceNumber.isValid(sequenceNumber)
    ? undefined
    : refused("a sequence number", sequenceNumber)
}

/** A stored position: no word and no date. */
const storedPosition: Check = (given, options) =>
  isTagged(given) ? position(given, options) : refused("a Position", given)

/** Positions by the ids of shards. */
export const positions: Check = (given, options) => {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return refused("an object of Positions by shard id", given)
  }
  for (const [at, value] of Object.entries(given)) {
    const refusal = storedPosition(value, options)
    if (refusal !== undefined) return { ...refusal, at }
  }
  return undefined
}

/** A list of objects, each with options of its own. */
export const listOf = (what: string, table: Readonly<Record<string, Check>>): Check => (given) => {
  if (!Array.isArray(given)) return refused(`a list of ${what}`, given)
  for (const [index, each] of given.entries()) {
    const fault = faultIn(table, each)
    if (fault === undefined) continue
    return { at: fault.field === "options" ? `${index}` : `${index}.${fault.field}`, description: fault.description }
  }
  return undefined
}

/** An object with options of its own. */
export const nested = (what: string, table: Readonly<Record<string, Check>>): Check => (given) => {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return refused(what, given)
  const fault = faultIn(table, given)
  return fault && { at: fault.field, description: fault.description }
}
