import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { PutRecordsEntry } from "../../KinesisApi.js"
import type { InvalidArgument, KinesisError } from "../../KinesisError.js"
import type { OnEvent } from "../../ProducerEvent.js"
import type * as RecordEncoder from "../../RecordEncoder.js"
import * as Encoders from "../encode/encoders.js"
import * as Checks from "../options/checks.js"
import { type Check, refused, type Table } from "../options/table.js"
import * as Limits from "../write/limits.js"
import type * as Pace from "../write/pace.js"
import type * as State from "../write/state.js"

/** How fast each shard is written to. */
export interface PaceOptions {
  /** Records per second that a shard is expected to take from this producer. Default: 1,000, all that it takes. */
  readonly records?: number | undefined
  /** Bytes per second, keys included. Default: 1 MiB. */
  readonly bytes?: number | undefined
  /** The least part of that to which refusals slow a shard down, above 0 and up to 1. Default: 0.05. */
  readonly floor?: number | undefined
}

/** How records travel together. */
export interface AggregateOptions {
  /** The most bytes of an aggregate. A record that has more travels alone. Default: 51,200, as in KPL. */
  readonly maxBytes?: number | undefined
  /**
   * Which records may travel together: `"shard"`, those of one half of a shard's hash keys, as long as the stream's distribution is known to
   * be by partition key; or `"key"`, those of one partition key, which needs no listing and no permission. Default: `"shard"`.
   */
  readonly by?: "shard" | "key" | undefined
}

export interface ProducerOptions<in A = PutRecordsEntry, out R = never, out REvent = R> {
  /** Name or ARN of the stream; the ARN for a stream of another account. KPL: the stream of each record. */
  readonly stream: string
  /** Makes records of values. Default: values are records already. */
  readonly encoder?: RecordEncoder.Encoder<A, R> | undefined
  /** The most requests under way at once. Default: 16. KPL: `MaxConnections`. */
  readonly maxInFlight?: number | undefined
  /**
   * How long a batch that is not full waits for more records after the last one like it, while requests are under way; otherwise it goes at once.
   * Default: 10 milliseconds. KPL: `RecordMaxBufferedTime`.
   */
  readonly linger?: Duration.DurationInput | undefined
  /** The most records of a request, 1 to 500. Default: 500. KPL: `CollectionMaxCount`. */
  readonly maxBatchRecords?: number | undefined
  /** The most bytes of a request, keys included, up to 10 MiB; a single record may be larger. Default: 5 MiB. KPL: `CollectionMaxSize`. */
  readonly maxBatchBytes?: number | undefined
  /**
   * The most bytes of a record with its key: a number up to 10 MiB, or `"discover"`, what the stream says it takes, and 1 MiB where it may not be asked.
   * Default: `"discover"`. KPL: `maxUserRecordSize`.
   */
  readonly maxRecordBytes?: "discover" | number | undefined
  /** The most bytes of records that wait or are on the way, 200 added for each: then callers wait. Default: 64 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /**
   * How long a record may take from when it has found room. With `Duration.infinity` it is never given up for this. Default: 2 minutes. KPL:
   * `RecordTtl`.
   */
  readonly recordDeadline?: Duration.DurationInput | undefined
  /**
   * When requests are sent while they fail as a whole, one at a time; it starts afresh after a success. Entries that a shard refuses go by
   * its pace. Default: 100 milliseconds, doubled each time up to 5 seconds, with jitter, without end.
   */
  readonly retry?: Schedule.Schedule<unknown, KinesisError> | undefined
  /**
   * How fast each shard is written to: what refusals show it to take, at most this. `false` sends without regard to shards. Default: 1,000 records
   * and 1 MiB per second, the limits of a shard. KPL: `RateLimit`.
   */
  readonly pace?: PaceOptions | false | undefined
  /**
   * `"key"` writes the records of a partition key in the order in which they are put, whatever fails; `"none"` nearly so. Default: `"none"`.
   */
  readonly order?: "none" | "key" | undefined
  /**
   * With `order: "key"`, what becomes of the records of a key that wait behind one that was given up: `"fail"` gives them up too, with the
   * reason `"predecessor"`; `"skip"` sends them. Default: `"fail"`.
   */
  readonly onFailure?: "fail" | "skip" | undefined
  /**
   * What becomes of records whose request was not answered: `"repeat"` sends them again, so that they may be written twice; `"fail"` gives
   * them up, so that they may not be written. Default: `"repeat"`.
   */
  readonly onUnknown?: "repeat" | "fail" | undefined
  /** Whether small records travel together, in KPL's format. Default: false. KPL: `AggregationEnabled`, true there. */
  readonly aggregate?: boolean | AggregateOptions | undefined
  /** How long the end of the scope waits for what was put. What is not written then is told so. Default: 30 seconds. */
  readonly closeTimeout?: Duration.DurationInput | undefined
  /** Told of all that happens, with the stream's name. A failure in it is logged and changes nothing. Default: none. */
  readonly onEvent?: OnEvent<REvent> | undefined
}

/** The options with their defaults, in the units of the core. */
export interface Settings {
  readonly stream: string
  readonly maxRecordBytes: "discover" | number
  readonly retry: Schedule.Schedule<unknown, KinesisError>
  readonly pace: Pace.PaceOptions | undefined
  readonly order: "none" | "key"
  readonly aggregates: "none" | "shard" | "key"
  readonly closeMillis: number
  readonly core: State.Options
}

const retry = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("5 seconds")),
  Schedule.jittered
)

export const defaults = {
  maxInFlight: 16,
  linger: Duration.millis(10),
  maxBatchRecords: Limits.requestRecords,
  maxBatchBytes: 5 * Limits.mebibyte,
  maxRecordBytes: "discover" as "discover" | number,
  maxBufferedBytes: 64 * Limits.mebibyte,
  recordDeadline: Duration.minutes(2),
  retry,
  pace: { records: Limits.shardRecordsPerSecond, bytes: Limits.shardBytesPerSecond, floor: 0.05 },
  order: "none" as "none" | "key",
  onFailure: "fail" as "fail" | "skip",
  onUnknown: "repeat" as "repeat" | "fail",
  aggregate: false,
  closeTimeout: Duration.seconds(30)
}

/** As many bytes as KPL's aggregates have. */
const aggregateBytes = 51_200

/** The options that can be read from the environment, with their defaults. */
export const config = {
  maxInFlight: Config.withDefault(Config.integer("KINESIS_MAX_IN_FLIGHT"), defaults.maxInFlight),
  linger: Config.withDefault(Config.duration("KINESIS_LINGER"), defaults.linger),
  maxBatchRecords: Config.withDefault(Config.integer("KINESIS_MAX_BATCH_RECORDS"), defaults.maxBatchRecords),
  maxBatchBytes: Config.withDefault(Config.integer("KINESIS_MAX_BATCH_BYTES"), defaults.maxBatchBytes),
  maxBufferedBytes: Config.withDefault(Config.integer("KINESIS_MAX_BUFFERED_BYTES"), defaults.maxBufferedBytes),
  recordDeadline: Config.withDefault(Config.duration("KINESIS_RECORD_DEADLINE"), defaults.recordDeadline),
  order: Config.withDefault(Config.literal("none", "key")("KINESIS_ORDER"), defaults.order),
  onFailure: Config.withDefault(Config.literal("fail", "skip")("KINESIS_ON_FAILURE"), defaults.onFailure),
  onUnknown: Config.withDefault(Config.literal("repeat", "fail")("KINESIS_ON_UNKNOWN"), defaults.onUnknown),
  aggregate: Config.withDefault(Config.boolean("KINESIS_AGGREGATE"), defaults.aggregate),
  closeTimeout: Config.withDefault(Config.duration("KINESIS_CLOSE_TIMEOUT"), defaults.closeTimeout)
}

const aPositive = Checks.that("a number above 0", (given) => typeof given === "number" && given > 0 && given < Infinity)

const paceTable: Table<PaceOptions> = {
  records: Checks.optional(aPositive),
  bytes: Checks.optional(aPositive),
  floor: Checks.optional(
    Checks.that("a number above 0 and up to 1", (given) => typeof given === "number" && given > 0 && given <= 1)
  )
}

const aggregateTable: Table<AggregateOptions> = {
  maxBytes: Checks.optional(Checks.whole(100, Limits.mebibyte, " of bytes")),
  by: Checks.optional(Checks.oneOf("shard", "key"))
}

const anAggregate = Checks.nested("true, false or an object such as { by: \"key\" }", aggregateTable)

const aPace = Checks.nested("false or an object such as { records: 500 }", paceTable)

const aggregate: Check = (given, options) => {
  if (typeof given === "boolean") return undefined
  const refusal = anAggregate(given, options)
  if (refusal !== undefined) return refusal
  return (given as AggregateOptions).by === "key" && options["order"] === "key"
    ? { at: "by", ...refused("\"shard\" where the order of keys is to be kept", "key") }
    : undefined
}

const recordBytes = Checks.whole(1, Limits.largestRecordBytes, " of bytes")

const encoder: Check = (given) => {
  if (typeof (given as RecordEncoder.Encoder<never> | null)?.encodeRecord !== "function") {
    return refused("an encoder, such as RecordEncoder.bytes", given)
  }
  const fault: InvalidArgument | undefined = Encoders.faultOf(given as object)
  return fault && { at: fault.field, description: fault.description }
}

/** What the options of a producer must be. */
export const table: Table<ProducerOptions<never>> = {
  stream: Checks.stream,
  encoder: Checks.optional(encoder),
  maxInFlight: Checks.optional(Checks.whole(1, 1_000)),
  linger: Checks.optional(Checks.duration()),
  maxBatchRecords: Checks.optional(Checks.whole(1, Limits.requestRecords)),
  maxBatchBytes: Checks.optional(Checks.whole(1, Limits.requestBytes, " of bytes")),
  maxRecordBytes: Checks.optional((given, options) =>
    given === "discover" || recordBytes(given, options) === undefined
      ? undefined
      : refused(`"discover" or a whole number of bytes from 1 to ${Limits.largestRecordBytes}`, given)
  ),
  maxBufferedBytes: Checks.optional(Checks.whole(1, undefined, " of bytes")),
  recordDeadline: Checks.optional(Checks.durationOrInfinity),
  retry: Checks.optional(Checks.schedule),
  pace: Checks.optional((given, options) => given === false ? undefined : aPace(given, options)),
  order: Checks.optional(Checks.oneOf("none", "key")),
  onFailure: Checks.optional(Checks.oneOf("fail", "skip")),
  onUnknown: Checks.optional(Checks.oneOf("repeat", "fail")),
  aggregate: Checks.optional(aggregate),
  closeTimeout: Checks.optional(Checks.duration()),
  onEvent: Checks.optional(Checks.fn("an Effect"))
}

const aggregatesOf = (aggregate: ProducerOptions["aggregate"] = false): Settings["aggregates"] =>
  aggregate === false ? "none" : aggregate === true ? "shard" : aggregate.by ?? "shard"

const paceOf = (pace: ProducerOptions["pace"]): Settings["pace"] =>
  pace === false ? undefined : {
    records: pace?.records ?? defaults.pace.records,
    bytes: pace?.bytes ?? defaults.pace.bytes,
    floor: pace?.floor ?? defaults.pace.floor
  }

/** The options with their defaults. */
export const make = (options: ProducerOptions<never, unknown, unknown>): Settings => {
  const { aggregate, onFailure = defaults.onFailure, onUnknown = defaults.onUnknown } = options
  return {
    stream: options.stream,
    maxRecordBytes: options.maxRecordBytes ?? defaults.maxRecordBytes,
    retry: options.retry ?? defaults.retry,
    pace: paceOf(options.pace),
    order: options.order ?? defaults.order,
    aggregates: aggregatesOf(aggregate),
    closeMillis: Duration.toMillis(options.closeTimeout ?? defaults.closeTimeout),
    core: {
      maxInFlight: options.maxInFlight ?? defaults.maxInFlight,
      lingerMillis: Duration.toMillis(options.linger ?? defaults.linger),
      maxBatchRecords: options.maxBatchRecords ?? defaults.maxBatchRecords,
      maxBatchBytes: options.maxBatchBytes ?? defaults.maxBatchBytes,
      maxBufferedBytes: options.maxBufferedBytes ?? defaults.maxBufferedBytes,
      deadlineMillis: Duration.toMillis(options.recordDeadline ?? defaults.recordDeadline),
      aggregateBytes: typeof aggregate === "object" ? aggregate.maxBytes ?? aggregateBytes : aggregateBytes,
      repeatUnknown: onUnknown === "repeat",
      failSuccessors: onFailure === "fail"
    }
  }
}
