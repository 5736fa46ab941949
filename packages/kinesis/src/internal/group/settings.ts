import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidArgument } from "../../KinesisError.js"
import type { KinesisEvent } from "../../KinesisEvent.js"
import * as LeaseBalancer from "../../LeaseBalancer.js"
import type { StreamStart } from "../../Position.js"
import * as Rules from "../options/rules.js"
import * as Reading from "../reading/settings.js"
import * as StartPosition from "../reading/startPosition.js"

export interface GroupOptions extends Omit<Reading.ReadOptions, "stream" | "until" | "onEvent"> {
  /** The group's name: workers that give the same name share the shards. In DynamoDB it is the table's name, as in KCL. */
  readonly application: string
  /**
   * Name or ARN of the stream, or those of several streams. Several, and a list of one, have leases of another format (KCL's for several
   * streams): an application does not change between the two without losing its place.
   */
  readonly stream: string | ReadonlyArray<string>
  /**
   * Where a shard begins that has no lease yet and that follows no shard with one. `"latest"` means the moment at which the first worker
   * started; it is stored, so that a restart before the first checkpoint skips nothing.
   */
  readonly from: "trim-horizon" | "latest" | Date | StreamStart
  /** The name of this worker. What is random is added to it, so that no two are ever the same. Default: `"worker"`. */
  readonly worker?: string | undefined
  /**
   * How long a lease lasts that is not renewed: as long as this after a crash nobody reads the shard. It is renewed every third of it. At
   * least 1 second. Default: 10 seconds, as in KCL.
   */
  readonly leaseDuration?: Duration.DurationInput | undefined
  /** The time between two looks at all leases, with jitter of a fifth; each is a scan of the table. Default: 10 seconds. */
  readonly balanceInterval?: Duration.DurationInput | undefined
  /**
   * The time between two looks at the leases that were given to this worker: for so long after a hand-off nobody reads the shard. A query
   * of the table's index. Default: 500 milliseconds.
   */
  readonly discoveryInterval?: Duration.DurationInput | undefined
  /** The most leases this worker holds. Default: no limit. */
  readonly maxLeases?: number | undefined
  /** The most leases this worker asks others for at one balancing. Default: 10. */
  readonly maxMoves?: number | undefined
  /** Who should have which lease. Default: `LeaseBalancer.balanced`. */
  readonly balancer?: LeaseBalancer.LeaseBalancer | undefined
  /**
   * The longest that what was acknowledged stays unstored. Default: a third of `leaseDuration`, since a renewal stores it at no cost.
   */
  readonly checkpointInterval?: Duration.DurationInput | undefined
  /** So many acknowledged records of a shard are stored at once, whatever the time. Default: 10,000. */
  readonly checkpointRecords?: number | undefined
  /**
   * So many records of a shard may have been begun, from the first one that is not acknowledged: beyond it no more are begun until that
   * one is. Default: 1,024.
   */
  readonly maxUnacknowledged?: number | undefined
  /**
   * How long handlers may go on when a shard is given up, by `shutdown` or for another worker. What is not finished then is interrupted,
   * and handled again by the next owner. Default: 30 seconds.
   */
  readonly drainTimeout?: Duration.DurationInput | undefined
  /**
   * The most bytes of pages that wait for their handlers, over all shards. What is being handled is not counted: a page a shard. Default:
   * 64 MiB.
   */
  readonly maxReadAheadBytes?: number | undefined
  /** The time between two listings of the shards while a hole in the leases is being repaired. Default: 30 seconds. */
  readonly listInterval?: Duration.DurationInput | undefined
  /** The time between two looks for leases that nobody needs any more, with jitter of a fifth. Default: 10 minutes. */
  readonly cleanupInterval?: Duration.DurationInput | undefined
  /**
   * What becomes of the others when one of several streams cannot be read, since it, its KMS key or a permission is gone: `"continue"` reads
   * them on and looks for it again, after a second at first and up to a minute at last, with the events `StreamLost` and `StreamFound`;
   * `"fail"` fails the consumer. When no stream is left it always fails. Default: `"continue"` for several, `"fail"` for one.
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
  readonly onEvent?: ((event: KinesisEvent, stream: string) => Effect.Effect<void>) | undefined
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
  readonly maxReadAheadBytes: number
  readonly listMillis: number
  readonly cleanupMillis: number
  readonly staleMillis: number
  readonly onStreamLost: "continue" | "fail"
  readonly onFormerStream: "repair" | "fail"
  readonly onEvent: ((event: KinesisEvent, stream: string) => Effect.Effect<void>) | undefined
}

const applicationName = /^[a-zA-Z0-9_.-]{3,255}$/
const workerName = /^[a-zA-Z0-9_.-]{1,128}$/

const matches = (pattern: RegExp, given: unknown): boolean => typeof given === "string" && pattern.test(given)

/** 64 MiB, some six of the largest pages. */
const defaultReadAheadBytes = 64 * 1024 * 1024

/** The options with their defaults, or what is wrong with them, before any request. */
export const make = (options: GroupOptions): Effect.Effect<GroupSettings, InvalidArgument> =>
  Effect.gen(function*() {
    const {
      application,
      balanceInterval = "10 seconds",
      checkpointRecords = 10_000,
      cleanupInterval = "10 minutes",
      discoveryInterval = "500 millis",
      drainTimeout = "30 seconds",
      from,
      leaseDuration = "10 seconds",
      listInterval = "30 seconds",
      maxLeases = Infinity,
      maxMoves = 10,
      maxReadAheadBytes = defaultReadAheadBytes,
      maxUnacknowledged = 1024,
      onEvent,
      onFormerStream = "repair",
      balancer = LeaseBalancer.balanced,
      storeStaleness = "10 minutes",
      stream,
      worker = "worker"
    } = options
    const names = Rules.isList(stream) ? stream : [stream]
    const { checkpointInterval = "0 millis", onStreamLost = names.length > 1 ? "continue" : "fail" } = options
    yield* Rules.check("Consumer", names[0], [
      ["application", matches(applicationName, application), "3 to 255 of a-z A-Z 0-9 _ . -", application],
      [
        "stream",
        names.length > 0 && new Set(names).size === names.length,
        "one stream or several different ones",
        names
      ],
      ...names.map(Rules.stream),
      Rules.position("from", StartPosition.toPosition(from)),
      ["worker", matches(workerName, worker), "1 to 128 of a-z A-Z 0-9 _ . -", worker],
      Rules.duration("leaseDuration", leaseDuration, 1000),
      Rules.duration("balanceInterval", balanceInterval, 100),
      Rules.duration("discoveryInterval", discoveryInterval, 50),
      ["maxLeases", maxLeases === Infinity || Rules.isWhole(maxLeases, 1), "a whole number, at least 1", maxLeases],
      ["maxMoves", Rules.isWhole(maxMoves, 1), "a whole number, at least 1", maxMoves],
      Rules.duration("checkpointInterval", checkpointInterval),
      ["checkpointRecords", Rules.isWhole(checkpointRecords, 1), "a whole number, at least 1", checkpointRecords],
      ["maxUnacknowledged", Rules.isWhole(maxUnacknowledged, 1), "a whole number, at least 1", maxUnacknowledged],
      Rules.duration("drainTimeout", drainTimeout),
      [
        "maxReadAheadBytes",
        Rules.isWhole(maxReadAheadBytes, 1),
        "a whole number of bytes, at least 1",
        maxReadAheadBytes
      ],
      Rules.duration("listInterval", listInterval, 1000),
      Rules.duration("cleanupInterval", cleanupInterval, 1000),
      Rules.duration("storeStaleness", storeStaleness),
      Rules.oneOf("onStreamLost", ["continue", "fail"], onStreamLost),
      Rules.oneOf("onFormerStream", ["repair", "fail"], onFormerStream)
    ])
    const { onEvent: _, ...reading } = options
    const streams = yield* Effect.forEach(
      names,
      (name) => Reading.make("Consumer", { ...reading, stream: name, until: { _tag: "Never" } }, [])
    )
    const leaseMillis = Duration.toMillis(leaseDuration)
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
      balanceMillis: Duration.toMillis(balanceInterval),
      discoveryMillis: Duration.toMillis(discoveryInterval),
      maxLeases,
      maxMoves,
      balancer,
      checkpointMillis: options.checkpointInterval === undefined ? renewMillis : Duration.toMillis(checkpointInterval),
      checkpointRecords,
      maxUnacknowledged,
      drainMillis: Duration.toMillis(drainTimeout),
      maxReadAheadBytes,
      listMillis: Duration.toMillis(listInterval),
      cleanupMillis: Duration.toMillis(cleanupInterval),
      staleMillis: Duration.toMillis(storeStaleness),
      onStreamLost,
      onFormerStream,
      onEvent
    }
  })
