import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { KinesisError } from "../../KinesisError.js"
import type { OnEvent } from "../../KinesisEvent.js"
import type { Position, StreamStart } from "../../Position.js"
import * as Until from "../../Until.js"
import * as Checks from "../options/checks.js"
import type { Table } from "../options/table.js"
import type * as UserRecords from "../record/userRecords.js"
import * as FanOutSettings from "./fanOutSettings.js"

/** The options that reading one shard and reading a stream share. */
export interface ReadOptions<REvent = never> {
  /** Name or ARN. KCL: `streamName`. */
  readonly stream: string
  /** When to stop. Default: never. */
  readonly until?: Until.Until | undefined
  /** The most records a page may have, 1 to 10,000. Default: 10,000, the service's limit. KCL: `maxRecords`. */
  readonly maxRecords?: number | undefined
  /**
   * The least time between two GetRecords calls of a shard, whatever they bring. Default: 200 milliseconds, since a shard takes 5 calls
   * per second from all its readers together. KCL: the least that `idleTimeBetweenReadsInMillis` may be.
   */
  readonly pollInterval?: Duration.DurationInput | undefined
  /** The time between two GetRecords calls of a shard at its tip. Default: 1 second. KCL: `idleTimeBetweenReadsInMillis`. */
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
   * How long calls that fail are repeated before the service has answered for the first time: an endpoint where nobody listens is rarely
   * worth a longer wait. `transientRetry` may end earlier. Default: 15 seconds. With `Duration.infinity` only `transientRetry` counts.
   */
  readonly firstContactTimeout?: Duration.DurationInput | undefined
  /**
   * When to repeat a call that was refused since the stream is not ACTIVE (`ResourceInUse`) or its KMS key cannot be used (`KmsError`); it
   * starts afresh after a success. Default: every second for 1 minute while the stream is not ACTIVE, not at all when it is the key.
   */
  readonly resourceRetry?: Schedule.Schedule<unknown, KinesisError> | undefined
  /** Whether to take the aggregates of the Kinesis Producer Library apart into the records in them. Default: true. KCL: always. */
  readonly deaggregate?: boolean | undefined
  /**
   * What becomes of the records of an aggregate whose hash key another shard takes, which the Kinesis Producer Library writes again there:
   * `"drop-records"` drops each, `"drop-aggregate"` the whole aggregate, as KCL 2 does, and `"keep"` none and asks for nothing. `"keep"` is
   * for writers that mix the keys of several shards in an aggregate by design, such as Fluent Bit's Go plugin: nobody writes those records
   * again. Where the service distributes the stream's records all are kept, whatever this says. Default: `"drop-records"`.
   */
  readonly outsideRange?: UserRecords.OutsideRange | undefined
  /**
   * What to do when a position has left retention, after the event `DataLossPossible`: `"trim-horizon"` goes on from the oldest record,
   * `"fail"` fails with `ResourceNotFound`. Default: `"trim-horizon"`, as in KCL.
   */
  readonly onTrimmed?: "trim-horizon" | "fail" | undefined
  /** Told of all that happens, with the stream's name. Reading waits for it; a failure in it is logged and changes nothing. Default: none. */
  readonly onEvent?: OnEvent<REvent> | undefined
}

export interface StreamOptions<REvent = never> extends ReadOptions<REvent> {
  /**
   * Has the records of all shards pushed, by enhanced fan-out: with 2 MiB a second of its own for each shard, and no share of the 5 reads. The
   * name or ARN of a consumer of the stream, which is registered if it is not there, or options. It costs money for each shard and hour.
   * Without it shards are polled. Default: none. KCL: `retrievalSpecificConfig`.
   */
  readonly fanOut?: string | FanOutSettings.FanOutOptions | undefined
  /**
   * Where each shard begins. `"latest"` means the instant at which reading starts, for all shards alike. KCL: `initialPositionInStream`.
   */
  readonly from: "trim-horizon" | "latest" | Date | StreamStart
  /**
   * Stored positions by shard id, as `page.position` gave them; they beat `from`. Of the shards without one, an ancestor of a stored
   * shard is taken as read, and a descendant is read from its beginning. Default: none.
   */
  readonly positions?: Readonly<Record<string, Position>> | undefined
  /** Begin every shard at `from`, whatever is stored. Default: false. */
  readonly ignorePositions?: boolean | undefined
  /**
   * The most bytes of pages that `pages` and `records` fetch before they are asked for, over all shards. A page that is larger than this
   * is fetched when nothing else is held. Default: 64 MiB. KCL: `maxByteSize`, for each shard.
   */
  readonly maxReadAheadBytes?: number | undefined
  /** The time between two listings of the shards, with jitter of a fifth. Default: 30 seconds. KCL: `shardSyncIntervalMillis`. */
  readonly listInterval?: Duration.DurationInput | undefined
  /** How old the last successful listing may become before reading fails with the listing's error. Default: 10 minutes. */
  readonly listStaleness?: Duration.DurationInput | undefined
}

export interface Settings {
  readonly stream: string
  readonly until: Until.Until
  readonly maxRecords: number
  readonly pollIntervalMillis: number
  readonly idleIntervalMillis: number
  readonly throttleRetry: Schedule.Schedule<unknown, KinesisError>
  readonly transientRetry: Schedule.Schedule<unknown, KinesisError>
  readonly resourceRetry: Schedule.Schedule<unknown, KinesisError>
  readonly firstContactMillis: number
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

export const defaults = {
  until: Until.never,
  maxRecords: 10_000,
  pollInterval: Duration.millis(200),
  idleInterval: Duration.seconds(1),
  throttleRetry,
  transientRetry,
  resourceRetry,
  firstContactTimeout: Duration.seconds(15),
  deaggregate: true,
  outsideRange: "drop-records" as UserRecords.OutsideRange,
  onTrimmed: "trim-horizon" as "trim-horizon" | "fail"
}

export const streamDefaults = {
  ...defaults,
  ignorePositions: false,
  maxReadAheadBytes: 64 * 1024 * 1024,
  listInterval: Duration.seconds(30),
  listStaleness: Duration.minutes(10)
}

/** The options that can be read from the environment, with their defaults. */
export const config = {
  maxRecords: Config.withDefault(Config.integer("KINESIS_MAX_RECORDS"), defaults.maxRecords),
  pollInterval: Config.withDefault(Config.duration("KINESIS_POLL_INTERVAL"), defaults.pollInterval),
  idleInterval: Config.withDefault(Config.duration("KINESIS_IDLE_INTERVAL"), defaults.idleInterval),
  firstContactTimeout: Config.withDefault(
    Config.duration("KINESIS_FIRST_CONTACT_TIMEOUT"),
    defaults.firstContactTimeout
  ),
  deaggregate: Config.withDefault(Config.boolean("KINESIS_DEAGGREGATE"), defaults.deaggregate),
  outsideRange: Config.withDefault(
    Config.literal("drop-records", "drop-aggregate", "keep")("KINESIS_OUTSIDE_RANGE"),
    defaults.outsideRange
  ),
  onTrimmed: Config.withDefault(Config.literal("trim-horizon", "fail")("KINESIS_ON_TRIMMED"), defaults.onTrimmed),
  maxReadAheadBytes: Config.withDefault(
    Config.integer("KINESIS_MAX_READ_AHEAD_BYTES"),
    streamDefaults.maxReadAheadBytes
  ),
  listInterval: Config.withDefault(Config.duration("KINESIS_LIST_INTERVAL"), streamDefaults.listInterval)
}

export const streamConfig = {
  ...config,
  ignorePositions: Config.withDefault(Config.boolean("KINESIS_IGNORE_POSITIONS"), streamDefaults.ignorePositions),
  listStaleness: Config.withDefault(Config.duration("KINESIS_LIST_STALENESS"), streamDefaults.listStaleness)
}

type ReadAheadOptions = Pick<StreamOptions, "maxReadAheadBytes">

export const maxReadAheadBytes = (options: ReadAheadOptions): number =>
  options.maxReadAheadBytes ?? streamDefaults.maxReadAheadBytes

/** What the options that every reader has must be. */
export const table: Table<ReadOptions> = {
  stream: Checks.stream,
  until: Checks.optional(Checks.until),
  maxRecords: Checks.optional(Checks.whole(1, 10_000)),
  pollInterval: Checks.optional(Checks.duration()),
  idleInterval: Checks.optional(Checks.duration()),
  throttleRetry: Checks.optional(Checks.schedule),
  transientRetry: Checks.optional(Checks.schedule),
  resourceRetry: Checks.optional(Checks.schedule),
  firstContactTimeout: Checks.optional(Checks.durationOrInfinity),
  deaggregate: Checks.optional(Checks.flag),
  outsideRange: Checks.optional(Checks.oneOf("drop-records", "drop-aggregate", "keep")),
  onTrimmed: Checks.optional(Checks.oneOf("trim-horizon", "fail")),
  onEvent: Checks.optional(Checks.fn("an Effect"))
}

/** What the options of a reader of a whole stream must be. */
export const streamTable: Table<StreamOptions> = {
  ...table,
  fanOut: Checks.optional(FanOutSettings.ofStream),
  from: Checks.start,
  positions: Checks.optional(Checks.positions),
  ignorePositions: Checks.optional(Checks.flag),
  maxReadAheadBytes: Checks.optional(Checks.whole(1, undefined, " of bytes")),
  listInterval: Checks.optional(Checks.duration(1000)),
  listStaleness: Checks.optional(Checks.duration())
}

/** The options with their defaults. */
export const make = (options: ReadOptions): Settings => {
  const {
    deaggregate = defaults.deaggregate,
    firstContactTimeout = defaults.firstContactTimeout,
    idleInterval = defaults.idleInterval,
    maxRecords = defaults.maxRecords,
    onTrimmed = defaults.onTrimmed,
    outsideRange = defaults.outsideRange,
    pollInterval = defaults.pollInterval,
    stream,
    until = defaults.until
  } = options
  return {
    stream,
    until,
    maxRecords,
    pollIntervalMillis: Duration.toMillis(pollInterval),
    idleIntervalMillis: Duration.toMillis(idleInterval),
    throttleRetry: options.throttleRetry ?? defaults.throttleRetry,
    transientRetry: options.transientRetry ?? defaults.transientRetry,
    resourceRetry: options.resourceRetry ?? defaults.resourceRetry,
    firstContactMillis: Duration.toMillis(firstContactTimeout),
    deaggregate,
    outsideRange,
    onTrimmed
  }
}
