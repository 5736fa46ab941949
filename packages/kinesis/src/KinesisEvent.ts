/**
 * What happens to a reader, and to a worker of a group: the source of its metrics, and of whatever view or log a program makes of it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type {
  HandlerError,
  KinesisError,
  KmsError,
  ResourceInUse,
  ThrottledError,
  TransientError
} from "./KinesisError.js"
import type { LeaseStoreError } from "./LeaseStoreError.js"
import type { Position } from "./Position.js"

/**
 * What happened, by its `_tag`.
 *
 * @since 0.1.0
 * @category models
 */
export type KinesisEvent = Data.TaggedEnum<{
  /**
   * Reading begins at `from`: at a stored position, at the run's start, or, since it follows a shard that was read, at its beginning.
   */
  readonly ShardStarted: {
    readonly shardId: string
    readonly from: Position
    readonly because: "stored" | "start" | "parent"
  }
  /** Each shard that was to be read at the start has an iterator: what is written from now on will be read. */
  readonly Ready: { readonly shardIds: ReadonlyArray<string> }
  /** A page came, empty or not. `records` counts the users' records, `bytes` data and partition keys as they came. */
  readonly PageRead: {
    readonly shardId: string
    readonly records: number
    readonly bytes: number
    /** Undefined when the answer did not tell. */
    readonly millisBehindLatest: number | undefined
    readonly position: Position
  }
  /**
   * Aggregates were not as they should be, the first for this reason. What was none was handed on as it came; one without records gave
   * none; the records of one that has explicit hash keys that are no hash keys were handed on, and belong to no other shard.
   */
  readonly MalformedAggregates: { readonly shardId: string; readonly count: number; readonly reason: string }
  /**
   * Aggregates had records whose hash key another shard takes. They were dropped, since their writer writes them again there; or kept,
   * since the service distributes the stream's records (`"AUTO"`, told once) or may not be asked whether it does (`"unknown"`).
   */
  readonly RecordsOutsideShard: {
    readonly shardId: string
    readonly count: number
    readonly outcome: "dropped" | "kept"
    readonly strategy: "USER_PARTITION_KEY" | "AUTO" | "unknown"
  }
  /** A call was refused for now and will be made again: one to the stream, or the opening of the lease store. */
  readonly Throttled: {
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: ThrottledError | LeaseStoreError
  }
  /**
   * A call failed for a reason that may pass and will be made again, as long as the retry policy says: one to the stream, or the opening of
   * the lease store.
   */
  readonly CallFailed: {
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: TransientError | ResourceInUse | KmsError | LeaseStoreError
  }
  /**
   * Calls to a service of this run have begun to fail or to be throttled, and none succeeds meanwhile: the last was this one. Told once, until
   * it is over. What fails before the first answer is an outage at once, later what fails for a second or is throttled for half a minute.
   */
  readonly OutageBegan: {
    /** Kinesis, for all streams of the run, or the lease store. */
    readonly service: "kinesis" | "lease-store"
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: ThrottledError | TransientError | LeaseStoreError
    /** Since when no call has succeeded, in milliseconds since the epoch. */
    readonly since: number
    /** How many attempts have failed so far. */
    readonly attempts: number
  }
  /** A call has succeeded after an outage, which lasted so many milliseconds and made so many attempts fail. */
  readonly OutageEnded: {
    readonly service: "kinesis" | "lease-store"
    readonly millis: number
    readonly attempts: number
  }
  /** The service pushes a shard's records from now on, from this place. */
  readonly Subscribed: { readonly shardId: string; readonly consumerArn: string; readonly from: Position }
  /** A subscription is over, after so many milliseconds and events: by its end after 5 minutes, or by this error. The shard is subscribed to again. */
  readonly SubscriptionEnded: {
    readonly shardId: string
    readonly millis: number
    readonly events: number
    readonly error: KinesisError | undefined
  }
  /** A shard cannot be subscribed to for now, for this reason. It is tried again; meanwhile the shard is polled, or waits. Told once, until an event comes. */
  readonly FanOutUnavailable: {
    readonly shardId: string
    readonly error: KinesisError
    readonly meanwhile: "polling" | "waiting"
  }
  /** Another program seems to use the same consumer: each takes the shard's subscription from the other. Two applications need two consumers. */
  readonly ConsumerShared: { readonly shardId: string; readonly consumerArn: string }
  /** The iterator was too old; reading goes on at `resumedAt` with a new one. */
  readonly IteratorExpired: { readonly shardId: string; readonly resumedAt: Position }
  /**
   * An answer had no next iterator, and nothing proved that the shard had come to its end. Reading goes on at `resumedAt`, and fails when no
   * answer proves anything as long as the retry policy says.
   */
  readonly IteratorMissing: { readonly shardId: string; readonly resumedAt: Position }
  /** The shard is closed and everything of it was handed on. */
  readonly ShardEnded: { readonly shardId: string; readonly childShards: ReadonlyArray<string> }
  /** The shard has left retention: what was not read of it is gone. */
  readonly ShardLost: { readonly shardId: string; readonly position: Position }
  /** The position has left retention: what came after it and is no longer there is lost. Reading goes on or fails, as `onTrimmed` says. */
  readonly DataLossPossible: { readonly shardId: string; readonly position: Position; readonly reason: string }
  /** Shards that were not known before, from a parent's last page or from a listing. */
  readonly ShardsFound: { readonly shardIds: ReadonlyArray<string>; readonly source: "child-shards" | "listing" }
  /** A listing failed; reading goes on with the shards that are known, until the last listing is too old. */
  readonly ListingFailed: { readonly error: KinesisError; readonly millisSinceLastListing: number }
  /** The start lies before the retention period: reading begins with the oldest record. */
  readonly StartClamped: { readonly requested: number; readonly retentionPeriodHours: number }
  /** The service refused the start as lying in its future: this clock is ahead by `skewMillis`, and the start was moved back by it. */
  readonly ClockAhead: { readonly skewMillis: number }
  /** This run has registered the stream's consumer as which it subscribes: there was none, or it is gone. It is CREATING at first. */
  readonly ConsumerRegistered: { readonly consumerName: string; readonly consumerArn: string }
  /** This worker has the lease of a shard, and reads it from `from`. `fencingToken` is higher than that of every earlier owner. */
  readonly LeaseAcquired: {
    readonly shardId: string
    readonly worker: string
    readonly from: Position
    readonly fencingToken: number
    /** What it was before: given back or new, left by a worker that showed no life, or given to this one. */
    readonly because: "free" | "expired" | "given"
  }
  /** The lease is another's, or may be: this worker has stopped reading the shard. */
  readonly LeaseLost: { readonly shardId: string; readonly worker: string; readonly description: string }
  /** This worker has let go of the lease, with what was acknowledged stored. */
  readonly LeaseReleased: {
    readonly shardId: string
    readonly worker: string
    readonly position: Position | undefined
    /** The worker that it was given to, if it was given to one. */
    readonly successor: string | undefined
  }
  /** This worker asks another for the lease of a shard. */
  readonly HandoffRequested: { readonly shardId: string; readonly worker: string; readonly owner: string }
  /**
   * The owner of a lease did not hand it off, though it is alive: the request is withdrawn, and `owner` is not asked again for an hour. It
   * does not know hand-offs, as a worker of the Kinesis Client Library 2, or its handlers take longer than this worker waits.
   */
  readonly HandoffUnanswered: { readonly shardId: string; readonly worker: string; readonly owner: string }
  /**
   * One of several streams cannot be read: it is gone, or its key, its consumer or a permission is. The others are read on; it is looked for
   * again after `retryInMillis`, and told of at each time that it is not found.
   */
  readonly StreamLost: { readonly stream: string; readonly error: KinesisError; readonly retryInMillis: number }
  /** A stream that was lost can be read again. */
  readonly StreamFound: { readonly stream: string }
  /** A position is stored: what comes before it will not be handled again. */
  readonly CheckpointStored: { readonly shardId: string; readonly position: Position }
  /** A call to the lease store failed and will be made again, as long as the lease lasts. */
  readonly LeaseStoreFailed: {
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: LeaseStoreError
  }
  /** This worker has looked at all leases: those of shards that can be read, its own, and how many workers have some. */
  readonly Balanced: { readonly leases: number; readonly mine: number; readonly workers: number }
  /** Leases that were missing, and are there now. */
  readonly LeasesCreated: { readonly shardIds: ReadonlyArray<string>; readonly because: "start" | "shard-end" | "hole" }
  /** The shards that have leases do not take every hash key: the missing ones are looked for. */
  readonly HoleFound: { readonly open: number }
  /** A lease that nobody needs any more was deleted: its shard has left retention, and its children have begun. */
  readonly LeaseRemoved: { readonly shardId: string }
  /** A handler failed; `policy` says what becomes of what it was given. */
  readonly HandlerFailed: {
    readonly shardId: string
    readonly error: HandlerError
    readonly policy: "fail" | "restart" | "dead-letter" | "skip"
  }
  /** Records whose handler failed were left out, as the failure policy says, and count as acknowledged. */
  readonly RecordsSkipped: { readonly shardId: string; readonly count: number; readonly sequenceNumber: string }
}>

/**
 * Told of each event of a stream. Reading waits for it; it cannot fail, and may need an `R`.
 *
 * @since 0.1.0
 * @category models
 */
export interface OnEvent<out R = never> {
  (event: KinesisEvent, stream: string): Effect.Effect<void, never, R>
}

/**
 * Constructors, `$is` and `$match` for {@link KinesisEvent}.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisEvent } from "effect-kinesis"
 *
 * const onEvent = (event: KinesisEvent.KinesisEvent) =>
 *   KinesisEvent.KinesisEvent.$is("DataLossPossible")(event)
 *     ? Effect.logError(`${event.shardId}: ${event.reason}`)
 *     : Effect.void
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const KinesisEvent = Data.taggedEnum<KinesisEvent>()
