import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { InvalidArgument, KinesisError } from "../../KinesisError.js"
import type { KinesisEvent } from "../../KinesisEvent.js"
import type { Until } from "../../Until.js"
import * as Rules from "../options/rules.js"
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
  /**
   * When to repeat a call that was refused since the stream is not ACTIVE (`ResourceInUse`) or its KMS key cannot be used (`KmsError`); it
   * starts afresh after a success. Default: every second for 1 minute while the stream is not ACTIVE, not at all when it is the key.
   */
  readonly resourceRetry?: Schedule.Schedule<unknown, KinesisError> | undefined
  /** Whether to take the aggregates of the Kinesis Producer Library apart into the records in them. Default: true. */
  readonly deaggregate?: boolean | undefined
  /**
   * What becomes of the records of an aggregate whose hash key another shard takes, which the Kinesis Producer Library writes again there:
   * `"drop-records"` drops each, `"drop-aggregate"` the whole aggregate, as KCL 2 does, and `"keep"` none and asks for nothing. `"keep"` is
   * for writers that mix the keys of several shards in an aggregate by design, such as Fluent Bit's Go plugin: nobody writes those records
   * again. Where the service distributes the stream's records all are kept, whatever this says. Default: `"drop-records"`.
   */
  readonly outsideRange?: UserRecords.OutsideRange | undefined
  /**
   * What to do when a position has left retention, after the event `DataLossPossible`: go on from the oldest record, or fail with
   * `ResourceNotFound`. Default: `"trim-horizon"`.
   */
  readonly onTrimmed?: "trim-horizon" | "fail" | undefined
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
  readonly resourceRetry: Schedule.Schedule<unknown, KinesisError>
  readonly deaggregate: boolean
  readonly outsideRange: UserRecords.OutsideRange
  readonly onTrimmed: "trim-horizon" | "fail"
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

const resourceRetry = Schedule.spaced("1 second").pipe(
  Schedule.upTo("1 minute"),
  Schedule.whileInput((error: KinesisError) => error._tag === "ResourceInUse")
)

/** The options with their defaults, or what is wrong with them, before any request. */
export const make = (
  operation: string,
  options: ReadOptions,
  more: ReadonlyArray<Rules.Rule>
): Effect.Effect<Settings, InvalidArgument> => {
  const {
    deaggregate = true,
    idleInterval = "1 second",
    maxRecords = 10_000,
    onTrimmed = "trim-horizon",
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
    resourceRetry: options.resourceRetry ?? resourceRetry,
    deaggregate,
    outsideRange,
    onTrimmed
  })
  return Effect.map(
    Rules.check(operation, stream, [
      Rules.stream(stream),
      ["maxRecords", Rules.isWhole(maxRecords, 1, 10_000), "a whole number from 1 to 10000", maxRecords],
      Rules.duration("pollInterval", pollInterval),
      Rules.duration("idleInterval", idleInterval),
      Rules.oneOf("outsideRange", ["drop-records", "drop-aggregate", "keep"], outsideRange),
      Rules.oneOf("onTrimmed", ["trim-horizon", "fail"], onTrimmed),
      Rules.until(until),
      ...more
    ]),
    settings
  )
}
