import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import type { KinesisError } from "../../KinesisError.js"
import type { OnEvent } from "../../KinesisEvent.js"
import * as LeaseBalancer from "../../LeaseBalancer.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { StreamStart } from "../../Position.js"
import * as Checks from "../options/checks.js"
import { type Check, refused, type Table } from "../options/table.js"
import * as FanOutSettings from "../reading/fanOutSettings.js"
import * as Reading from "../reading/settings.js"
import type * as StartPosition from "../reading/startPosition.js"

export interface GroupOptions<REvent = never>
  extends Omit<Reading.ReadOptions, "stream" | "until" | "onEvent" | "throttleRetry" | "transientRetry">
{
  /**
   * The group's name, 3 to 255 of `a-z A-Z 0-9 _ . -`: workers that give the same name share the shards. In DynamoDB it is the table's name.
   * KCL: `applicationName`.
   */
  readonly application: string
  /**
   * Name or ARN of the stream, or those of several streams. Several, and a list of one, have leases of another format (KCL's for several
   * streams): an application does not change between the two without losing its place. KCL: `streamName`, `multiStreamTracker`.
   */
  readonly stream: string | ReadonlyArray<string>
  /**
   * Where a shard begins that has no lease yet and that follows no shard with one. `"latest"` means the moment at which the first worker
   * started; it is stored, so that a restart before the first checkpoint skips nothing. KCL: `initialPositionInStreamExtended`.
   */
  readonly from: "trim-horizon" | "latest" | Date | StreamStart
  /**
   * When to repeat a throttled call to a stream, and the opening of the lease store; it starts afresh after a success. Default: 200
   * milliseconds, doubled each time up to 5 seconds, with jitter, without end.
   */
  readonly throttleRetry?: Schedule.Schedule<unknown, KinesisError | LeaseStoreError> | undefined
  /**
   * When to repeat a call to a stream, and the opening of the lease store, that failed in the service or the network, or had no answer in
   * time; it starts afresh after a success. Default: 100 milliseconds, doubled each time up to 10 seconds, with jitter, for 5 minutes.
   */
  readonly transientRetry?: Schedule.Schedule<unknown, KinesisError | LeaseStoreError> | undefined
  /**
   * The name of this worker, 1 to 128 of `a-z A-Z 0-9 _ . -`. What is random is added to it, so that no two are ever the same. Default: `"worker"`. KCL: `workerIdentifier`.
   */
  readonly worker?: string | undefined
  /**
   * How long a lease stays valid without renewal; after a crash nobody reads the shard for this long. It is renewed every third of it. At
   * least 1 second. Default: 10 seconds. KCL: `failoverTimeMillis`.
   */
  readonly leaseDuration?: Duration.DurationInput | undefined
  /**
   * The time between two scans of all leases, with jitter of a fifth. Default: 10 seconds. KCL: twice `failoverTimeMillis`, by its leader.
   */
  readonly balanceInterval?: Duration.DurationInput | undefined
  /**
   * The time between two queries for the leases that were given to this worker: after a hand-off nobody reads the shard for up to this long.
   * Default: 500 milliseconds. KCL: about `failoverTimeMillis`.
   */
  readonly discoveryInterval?: Duration.DurationInput | undefined
  /** The most leases this worker holds. Default: no limit. KCL: `maxLeasesForWorker`. */
  readonly maxLeases?: number | undefined
  /** The most leases this worker asks others for at one balancing. Default: 10. KCL 2: `maxLeasesToStealAtOneTime`. */
  readonly maxMoves?: number | undefined
  /** Who should have which lease. Default: `LeaseBalancer.balanced`. KCL: `leaseAssignmentStrategy`. */
  readonly balancer?: LeaseBalancer.LeaseBalancer | undefined
  /**
   * The longest that what was acknowledged stays unstored. Default: a third of `leaseDuration`, since a renewal stores it at no cost.
   */
  readonly checkpointInterval?: Duration.DurationInput | undefined
  /** After this many acknowledged records of a shard they are stored at once, whatever the time. Default: 10,000. */
  readonly checkpointRecords?: number | undefined
  /**
   * At most this many records of a shard may be under way, counted from the oldest one that is not acknowledged. Default: 1,024.
   */
  readonly maxUnacknowledged?: number | undefined
  /**
   * How long handlers may go on when a shard is given up, by `shutdown` or for another worker. What is not finished then is interrupted,
   * and handled again by the next owner. Default: 30 seconds. KCL: `gracefulLeaseHandoffTimeoutMillis`.
   */
  readonly drainTimeout?: Duration.DurationInput | undefined
  /**
   * Has the records of all shards pushed, by enhanced fan-out: with 2 MiB a second of the group's own for each shard, and no share of the 5
   * reads. `true`, the name or ARN of a consumer of the stream, or options. The consumer is registered if it is not there, and never
   * deregistered. It costs money for each shard and hour. Without it shards are polled. Default: none. KCL: `retrievalSpecificConfig`.
   */
  readonly fanOut?: boolean | string | FanOutSettings.FanOutOptions | undefined
  /**
   * The most bytes of pages that wait for their handlers, over all shards. What is being handled is not counted: a page a shard. Default:
   * 64 MiB. KCL: `maxByteSize`, for each shard.
   */
  readonly maxReadAheadBytes?: number | undefined
  /**
   * The time between two listings of the shards while a hole in the leases is being repaired. Default: 30 seconds. KCL:
   * `shardSyncIntervalMillis`, and `leasesRecoveryAuditorExecutionFrequencyMillis` for finding holes.
   */
  readonly listInterval?: Duration.DurationInput | undefined
  /**
   * The time between two deletions of leases that nobody needs any more, with jitter of a fifth. Default: 10 minutes. KCL:
   * `garbageLeaseCleanupIntervalMillis`; it deletes those of shards that have ended sooner (`cleanupLeasesUponShardCompletion`).
   */
  readonly cleanupInterval?: Duration.DurationInput | undefined
  /**
   * What becomes of the others when one of several streams cannot be read, since it, its KMS key, its consumer of enhanced fan-out or a
   * permission is gone: `"continue"` reads them on and looks for it again, after a second at first and up to a minute at last, with the
   * events `StreamLost` and `StreamFound`; `"fail"` fails the consumer. When no stream is left it always fails. Default: `"continue"` for
   * several, `"fail"` for one.
   */
  readonly onStreamLost?: "continue" | "fail" | undefined
  /**
   * What to do with leases that contradict their stream, as when it was deleted and created again under its name: `"repair"` reads such shards
   * from their oldest records, after the event `DataLossPossible`; `"fail"` fails with `InvalidArgument`. They are seen twice, a
   * `listInterval` apart, before anything is done. Default: `"repair"`, since nothing is lost by reading a record again.
   */
  readonly onFormerStream?: "repair" | "fail" | undefined
  /** How long the leases, or the shards where they must be listed, may be out of reach before the consumer fails. Default: 10 minutes. */
  readonly storeStaleness?: Duration.DurationInput | undefined
  /**
   * Told of all that happens, with the stream's name. Reading waits for it, the keeping of a lease for no longer than a tenth of its
   * duration; a failure in it is logged and changes nothing. Default: none.
   */
  readonly onEvent?: OnEvent<REvent> | undefined
}

export interface GroupSettings {
  readonly application: string
  readonly streams: ReadonlyArray<Reading.Settings>
  readonly isMultiStream: boolean
  readonly from: StartPosition.StartPosition
  readonly worker: string
  readonly leaseMillis: number
  /** Between two renewals. */
  readonly renewMillis: number
  /** So long before it may be taken, a lease that could not be renewed is given up. */
  readonly marginMillis: number
  readonly balanceMillis: number
  readonly discoveryMillis: number
  readonly maxLeases: number
  readonly maxMoves: number
  readonly balancer: LeaseBalancer.LeaseBalancer
  readonly checkpointMillis: number
  readonly checkpointRecords: number
  readonly maxUnacknowledged: number
  readonly drainMillis: number
  /** Undefined where shards are polled. */
  readonly fanOut: FanOutSettings.FanOutSettings | undefined
  readonly maxReadAheadBytes: number
  readonly listMillis: number
  readonly cleanupMillis: number
  readonly staleMillis: number
  readonly onStreamLost: "continue" | "fail"
  readonly onFormerStream: "repair" | "fail"
  readonly onEvent: OnEvent | undefined
}

/** What the options are when they are left out, those apart whose default depends on others. */
export const defaults = {
  ...Reading.defaults,
  worker: "worker",
  leaseDuration: Duration.seconds(10),
  balanceInterval: Duration.seconds(10),
  discoveryInterval: Duration.millis(500),
  maxLeases: Infinity,
  maxMoves: 10,
  balancer: LeaseBalancer.balanced,
  checkpointRecords: 10_000,
  maxUnacknowledged: 1024,
  drainTimeout: Duration.seconds(30),
  maxReadAheadBytes: Reading.streamDefaults.maxReadAheadBytes,
  listInterval: Reading.streamDefaults.listInterval,
  cleanupInterval: Duration.minutes(10),
  storeStaleness: Duration.minutes(10),
  onFormerStream: "repair" as "repair" | "fail"
}

const optional = <A>(config: Config.Config<A>): Config.Config<A | undefined> => Config.withDefault(config, undefined)

/** The options that can be read from the environment, with their defaults. */
export const config = {
  ...Reading.config,
  worker: Config.withDefault(Config.string("KINESIS_WORKER"), defaults.worker),
  leaseDuration: Config.withDefault(Config.duration("KINESIS_LEASE_DURATION"), defaults.leaseDuration),
  balanceInterval: Config.withDefault(Config.duration("KINESIS_BALANCE_INTERVAL"), defaults.balanceInterval),
  discoveryInterval: Config.withDefault(Config.duration("KINESIS_DISCOVERY_INTERVAL"), defaults.discoveryInterval),
  maxLeases: Config.withDefault(Config.integer("KINESIS_MAX_LEASES"), defaults.maxLeases),
  maxMoves: Config.withDefault(Config.integer("KINESIS_MAX_MOVES"), defaults.maxMoves),
  checkpointInterval: optional(Config.duration("KINESIS_CHECKPOINT_INTERVAL")),
  checkpointRecords: Config.withDefault(Config.integer("KINESIS_CHECKPOINT_RECORDS"), defaults.checkpointRecords),
  maxUnacknowledged: Config.withDefault(Config.integer("KINESIS_MAX_UNACKNOWLEDGED"), defaults.maxUnacknowledged),
  drainTimeout: Config.withDefault(Config.duration("KINESIS_DRAIN_TIMEOUT"), defaults.drainTimeout),
  cleanupInterval: Config.withDefault(Config.duration("KINESIS_CLEANUP_INTERVAL"), defaults.cleanupInterval),
  storeStaleness: Config.withDefault(Config.duration("KINESIS_STORE_STALENESS"), defaults.storeStaleness),
  onStreamLost: optional(Config.literal("continue", "fail")("KINESIS_ON_STREAM_LOST")),
  onFormerStream: Config.withDefault(
    Config.literal("repair", "fail")("KINESIS_ON_FORMER_STREAM"),
    defaults.onFormerStream
  )
}

type Filled = ReturnType<typeof fill>

/** The options, with defaults for those that are left out. */
const fill = (options: GroupOptions) => {
  const {
    balanceInterval = defaults.balanceInterval,
    balancer = defaults.balancer,
    checkpointRecords = defaults.checkpointRecords,
    cleanupInterval = defaults.cleanupInterval,
    discoveryInterval = defaults.discoveryInterval,
    drainTimeout = defaults.drainTimeout,
    leaseDuration = defaults.leaseDuration,
    listInterval = defaults.listInterval,
    maxLeases = defaults.maxLeases,
    maxMoves = defaults.maxMoves,
    maxReadAheadBytes = defaults.maxReadAheadBytes,
    maxUnacknowledged = defaults.maxUnacknowledged,
    onFormerStream = defaults.onFormerStream,
    storeStaleness = defaults.storeStaleness,
    stream,
    worker = defaults.worker
  } = options
  const names = typeof stream === "string" ? [stream] : stream
  const { onStreamLost = names.length > 1 ? "continue" : "fail" } = options
  return {
    ...options,
    names,
    balanceInterval,
    balancer,
    checkpointRecords,
    cleanupInterval,
    discoveryInterval,
    drainTimeout,
    leaseDuration,
    listInterval,
    maxLeases,
    maxMoves,
    maxReadAheadBytes,
    maxUnacknowledged,
    onFormerStream,
    onStreamLost,
    storeStaleness,
    worker
  }
}

const streams: Check = (given, options) => {
  if (!Array.isArray(given)) return Checks.stream(given, options)
  if (given.length === 0 || new Set(given).size !== given.length) {
    return refused("one stream or several different ones", given)
  }
  return given.map((each) => Checks.stream(each, options)).find((refusal) => refusal !== undefined)
}

const { until: _, ...ofReader } = Reading.table

const atLeastOne = Checks.optional(Checks.whole(1))

/** What the options of every consumer must be. */
export const table: Table<GroupOptions> = {
  ...ofReader,
  application: Checks.text("3 to 255 of a-z A-Z 0-9 _ . -", /^[a-zA-Z0-9_.-]{3,255}$/),
  stream: streams,
  from: Checks.start,
  worker: Checks.optional(Checks.text("1 to 128 of a-z A-Z 0-9 _ . -", /^[a-zA-Z0-9_.-]{1,128}$/)),
  leaseDuration: Checks.optional(Checks.duration(1000)),
  balanceInterval: Checks.optional(Checks.duration(100)),
  discoveryInterval: Checks.optional(Checks.duration(50)),
  maxLeases: Checks.optional((given, options) => given === Infinity ? undefined : Checks.whole(1)(given, options)),
  maxMoves: atLeastOne,
  balancer: Checks.optional(Checks.fn("a plan, such as LeaseBalancer.balanced")),
  checkpointInterval: Checks.optional(Checks.duration()),
  checkpointRecords: atLeastOne,
  maxUnacknowledged: atLeastOne,
  drainTimeout: Checks.optional(Checks.duration()),
  fanOut: Checks.optional(FanOutSettings.ofGroup),
  maxReadAheadBytes: Reading.streamTable.maxReadAheadBytes,
  listInterval: Reading.streamTable.listInterval,
  cleanupInterval: Checks.optional(Checks.duration(1000)),
  storeStaleness: Checks.optional(Checks.duration()),
  onStreamLost: Checks.optional(Checks.oneOf("continue", "fail")),
  onFormerStream: Checks.optional(Checks.oneOf("repair", "fail"))
}

const assemble = (options: Filled, streams: ReadonlyArray<Reading.Settings>): GroupSettings => {
  const { application, balancer, checkpointInterval, checkpointRecords, from, maxLeases, maxMoves } = options
  const { maxReadAheadBytes, maxUnacknowledged, onEvent, onFormerStream, onStreamLost, stream, worker } = options
  const leaseMillis = Duration.toMillis(options.leaseDuration)
  const renewMillis = Math.floor(leaseMillis / 3)
  return {
    application,
    streams,
    isMultiStream: typeof stream !== "string",
    from,
    worker,
    leaseMillis,
    renewMillis,
    marginMillis: Math.floor(leaseMillis / 10),
    balanceMillis: Duration.toMillis(options.balanceInterval),
    discoveryMillis: Duration.toMillis(options.discoveryInterval),
    maxLeases,
    maxMoves,
    balancer,
    checkpointMillis: checkpointInterval === undefined ? renewMillis : Duration.toMillis(checkpointInterval),
    checkpointRecords,
    maxUnacknowledged,
    drainMillis: Duration.toMillis(options.drainTimeout),
    fanOut: FanOutSettings.make(options.fanOut, application),
    maxReadAheadBytes,
    listMillis: Duration.toMillis(options.listInterval),
    cleanupMillis: Duration.toMillis(options.cleanupInterval),
    staleMillis: Duration.toMillis(options.storeStaleness),
    onStreamLost,
    onFormerStream,
    onEvent
  }
}

/** The options with their defaults. */
export const make = (options: GroupOptions): GroupSettings => {
  const filled = fill(options)
  const { onEvent: _, ...reading } = options
  return assemble(
    filled,
    filled.names.map((stream) => Reading.make({ ...reading, stream, until: { _tag: "Never" } }))
  )
}
