/**
 * What happens to a reader: the source of its metrics, and of whatever view or log a program makes of it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { KinesisError, ThrottledError, TransientError } from "./KinesisError.js"
import type { Position } from "./Position.js"

/**
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
    readonly millisBehindLatest: number
    readonly position: Position
  }
  /** Records that said to be aggregates and were none: they were handed on as they came. */
  readonly MalformedAggregates: { readonly shardId: string; readonly count: number }
  /** Records of aggregates that belong to another shard, where their writer writes them again, were dropped. */
  readonly RecordsOutsideShard: { readonly shardId: string; readonly count: number }
  /** A call was refused for now and will be made again. */
  readonly Throttled: {
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: ThrottledError
  }
  /** A call failed for a reason that may pass and will be made again, as long as the retry policy says. */
  readonly CallFailed: {
    readonly operation: string
    readonly shardId: string | undefined
    readonly error: TransientError
  }
  /** The iterator was too old; reading goes on at `resumedAt` with a new one. */
  readonly IteratorExpired: { readonly shardId: string; readonly resumedAt: Position }
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
}>

/**
 * Constructors, `$is` and `$match` for {@link KinesisEvent}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const KinesisEvent = Data.taggedEnum<KinesisEvent>()
