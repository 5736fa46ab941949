/**
 * What happens to a producer, for a view, a log or an alert. Its metrics count the same.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { KinesisError } from "./KinesisError.js"

/**
 * What happened, by its `_tag`.
 *
 * @since 0.1.0
 * @category models
 */
export type ProducerEvent = Data.TaggedEnum<{
  /** A shard refused some entries of a request, since its throughput is used up. They are sent again at a lower pace. */
  readonly EntriesThrottled: { readonly shardId: string | undefined; readonly entries: number }
  /** A request failed as a whole. Its records are sent again, unless the error is for good. */
  readonly RequestFailed: { readonly error: KinesisError; readonly records: number }
  /** A shard takes less than was expected: it is written to at `factor` of that, and more again as it allows. */
  readonly LaneSlowed: { readonly shardId: string; readonly factor: number }
  /** A shard is written to at its whole rate again. */
  readonly LaneRecovered: { readonly shardId: string }
  /** The shards were listed anew. */
  readonly MapRefreshed: { readonly openShards: number }
  /** The shards are not known, or not anew: sending goes on by those that are known, and without any unaggregated and at no pace. */
  readonly MapUnavailable: { readonly error: KinesisError; readonly isWithoutMap: boolean }
  /** Aggregates went to shards that do not take all of their records, which are packed and sent again. */
  readonly Misplaced: { readonly records: number }
  /** Who distributes the records has changed. Where it is the service, nothing is aggregated, and no order is kept. */
  readonly StrategyChanged: { readonly strategy: "AUTO" | "USER_PARTITION_KEY" | "unknown" }
  /** The numbers of records that were written in order did not rise: the service did not keep their order. */
  readonly OrderBroken: { readonly shardId: string; readonly sequenceNumber: string }
  /** The service refuses everything: nothing is sent for so long. */
  readonly Refusing: { readonly error: KinesisError; readonly retryInMillis: number }
  /** A request has succeeded again, after requests failed or were refused. */
  readonly Recovered: { readonly after: "failing" | "refusing" }
  /** The outcome of a record whose caller was interrupted while it was on the way. */
  readonly Abandoned: { readonly outcome: "written" | "failed" }
  /** The producer has ended: how many records were written in its time, how many were given up at its end, and how many of these may have been written. */
  readonly Closed: { readonly written: number; readonly unsent: number; readonly unknown: number }
}>

/**
 * Told of each event of a producer, with the stream as the options name it. It cannot fail, and may need an `R`.
 *
 * @since 0.1.0
 * @category models
 */
export interface OnEvent<out R = never> {
  (event: ProducerEvent, stream: string): Effect.Effect<void, never, R>
}

/**
 * Constructors, `$is` and `$match` for {@link ProducerEvent}.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { ProducerEvent } from "effect-kinesis"
 *
 * const onEvent = (event: ProducerEvent.ProducerEvent) =>
 *   ProducerEvent.ProducerEvent.$is("Refusing")(event)
 *     ? Effect.logError(event.error.message)
 *     : Effect.void
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const ProducerEvent = Data.taggedEnum<ProducerEvent>()
