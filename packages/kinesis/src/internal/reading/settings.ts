import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { InvalidArgument, type KinesisError } from "../../KinesisError.js"
import type { KinesisEvent } from "../../KinesisEvent.js"
import type { Position } from "../../Position.js"
import type { Until } from "../../Until.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import type * as UserRecords from "../record/userRecords.js"

/** The options that reading one shard and reading a stream share. */
export interface ReadOptions {
  /** Name or ARN. */
  readonly stream: string
  /** When to stop. Default: never. */
  readonly until?: Until | undefined
  /** The most records a page may have, 1 to 10,000. Default: 10,000, the service's limit. */
  readonly maxRecords?: number | undefined
  /**
   * The least time between two GetRecords calls of a shard, whatever they bring. Default: 200 milliseconds, since a shard takes 5 calls
   * a second from all its readers together.
   */
  readonly pollInterval?: Duration.DurationInput | undefined
  /** The time between two GetRecords calls of a shard at its tip. Default: 1 second. */
  readonly idleInterval?: Duration.DurationInput | undefined
  /**
   * When to repeat a throttled call; it starts afresh after a success. Default: 200 milliseconds, doubled each time up to 5 seconds, with
   * jitter, without end.
   */
  readonly throttleRetry?: Schedule.Schedule<unknown, KinesisError> | undefined
  /**
   * When to repeat a call that failed in the service or the network, or had no answer in time; it starts afresh after a success.
   * Default: 100 milliseconds, doubled each time up to 10 seconds, with jitter, for 5 minutes.
   */
  readonly transientRetry?: Schedule.Schedule<unknown, KinesisError> | undefined
  /** Whether to take the aggregates of the Kinesis Producer Library apart into the records in them. Default: true. */
  readonly deaggregate?: boolean | undefined
  /**
   * What becomes of the records of an aggregate that belong to another shard, which their writer writes again: `"drop-records"` drops
   * each, `"drop-aggregate"` the whole aggregate, as KCL does. Default: `"drop-records"`.
   */
  readonly outsideRange?: UserRecords.OutsideRange | undefined
  /** Told of all that happens. Reading waits for it; a failure in it is logged and changes nothing. Default: none. */
  readonly onEvent?: ((event: KinesisEvent) => Effect.Effect<void>) | undefined
}

export interface Settings {
  readonly stream: string
  readonly until: Until
  readonly maxRecords: number
  readonly pollIntervalMillis: number
  readonly idleIntervalMillis: number
  readonly throttleRetry: Schedule.Schedule<unknown, KinesisError>
  readonly transientRetry: Schedule.Schedule<unknown, KinesisError>
  readonly deaggregate: boolean
  readonly outsideRange: UserRecords.OutsideRange
}

const throttleRetry = Schedule.exponential("200 millis").pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered
)

const transientRetry = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("10 seconds")),
  Schedule.jittered,
  Schedule.upTo("5 minutes")
)

/** The first rule that is broken, as the field and what it must be. */
export type Rule = readonly [field: string, holds: boolean, mustBe: string, was: unknown]

export const check = (
  operation: string,
  stream: string | undefined,
  rules: ReadonlyArray<Rule>
): Effect.Effect<void, InvalidArgument> => {
  const broken = rules.find(([, holds]) => !holds)
  return broken === undefined ? Effect.void : Effect.fail(
    new InvalidArgument({
      operation,
      stream,
      field: broken[0],
      description: `must be ${broken[2]}, was ${String(broken[3])}`
    })
  )
}

const name = /^([a-zA-Z0-9_.-]{1,128}|arn:[\w-]+:kinesis:[\w-]+:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128})$/

const isWhole = (value: number, least: number, most = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most

export const isInstant = (timestamp: unknown): boolean =>
  typeof timestamp === "number" && Number.isFinite(timestamp) && timestamp >= 0

/** Timers hold no more: 24.8 days. */
const longest = 2 ** 31 - 1

/** Judges what was written, since decoding a duration turns what is negative or no number into zero. */
export const durationRule = (field: string, written: Duration.DurationInput, leastMillis = 0): Rule => {
  const isNegative = typeof written === "number"
    ? !(written >= 0)
    : typeof written === "string"
    ? written.trim().startsWith("-")
    : false
  const millis = isNegative
    ? -1
    : Option.match(Duration.decodeUnknown(written), { onNone: () => -1, onSome: Duration.toMillis })
  const least = Duration.format(leastMillis)
  return [field, millis >= leastMillis && millis <= longest, `a finite duration from ${least} to 24 days`, written]
}

const untilRule = (until: Until): Rule => {
  switch (until._tag) {
    case "Never":
    case "CaughtUp":
      return ["until", true, "", until]
    case "Elapsed":
    case "Idle":
      return durationRule("until", until.millis)
    case "Instant":
      return ["until", isInstant(until.timestamp), "a valid date", until.timestamp]
    case "Count":
      return ["until", isWhole(until.count, 1), "a whole number of records, at least 1", until.count]
    default:
      return ["until", false, "a value of Until", until]
  }
}

const isSequenceNumber = (value: unknown): boolean => typeof value === "string" && SequenceNumber.isValid(value)

export const positionRule = (field: string, position: Position | undefined): Rule => {
  switch (position?._tag) {
    case "AtTimestamp":
      return [field, isInstant(position.timestamp), "a valid date", position.timestamp]
    case "AtSequenceNumber":
      return [field, isSequenceNumber(position.sequenceNumber), "a sequence number", position.sequenceNumber]
    case "AfterSequenceNumber":
      return isWhole(position.subSequenceNumber ?? 0, 0)
        ? [field, isSequenceNumber(position.sequenceNumber), "a sequence number", position.sequenceNumber]
        : [field, false, "a whole sub-sequence number", position.subSequenceNumber]
    default:
      return [
        field,
        position?._tag === "TrimHorizon" || position?._tag === "Latest" || position?._tag === "ShardEnd",
        "\"trim-horizon\", \"latest\", a date or a Position",
        position
      ]
  }
}

/** The options with their defaults, or what is wrong with them, before any request. */
export const make = (
  operation: string,
  options: ReadOptions,
  more: ReadonlyArray<Rule>
): Effect.Effect<Settings, InvalidArgument> => {
  const {
    deaggregate = true,
    idleInterval = "1 second",
    maxRecords = 10_000,
    outsideRange = "drop-records",
    pollInterval = "200 millis",
    stream,
    until = { _tag: "Never" }
  } = options
  const settings = (): Settings => ({
    stream,
    until,
    maxRecords,
    pollIntervalMillis: Duration.toMillis(pollInterval),
    idleIntervalMillis: Duration.toMillis(idleInterval),
    throttleRetry: options.throttleRetry ?? throttleRetry,
    transientRetry: options.transientRetry ?? transientRetry,
    deaggregate,
    outsideRange
  })
  return Effect.map(
    check(operation, stream, [
      [
        "stream",
        typeof stream === "string" && name.test(stream),
        "a stream's name (1 to 128 of a-z A-Z 0-9 _ . -) or its ARN",
        stream
      ],
      ["maxRecords", isWhole(maxRecords, 1, 10_000), "a whole number from 1 to 10000", maxRecords],
      durationRule("pollInterval", pollInterval),
      durationRule("idleInterval", idleInterval),
      [
        "outsideRange",
        outsideRange === "drop-records" || outsideRange === "drop-aggregate",
        "\"drop-records\" or \"drop-aggregate\"",
        outsideRange
      ],
      untilRule(until),
      ...more
    ]),
    settings
  )
}
