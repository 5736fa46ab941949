/**
 * Reads one shard, from a position to its end or until told to stop.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Calls from "./internal/reading/calls.js"
import * as Settings from "./internal/reading/settings.js"
import * as ShardSource from "./internal/reading/shardSource.js"
import * as StartPosition from "./internal/reading/startPosition.js"
import * as StopRule from "./internal/shard/stopRule.js"
import { KinesisClient } from "./KinesisClient.js"
import type { KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Page } from "./Page.js"

/**
 * What reading one shard and reading a stream have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions extends Settings.ReadOptions {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends ReadOptions {
  readonly shardId: string
  /** Where to begin: a stored position, or `"trim-horizon"`, `"latest"` or a date. */
  readonly from: StartPosition.StartPosition
}

/**
 * The pages of one shard in its order, empty ones too. The stream ends with the shard or by `until`; it does not go on with child shards.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong. Throttled calls, failing calls and expired iterators are dealt
 * with; what remains is fatal or has used up its retry schedule. A shard that has left retention ends like a closed one, with the event
 * `ShardLost`; a stream that is gone fails with `ResourceNotFound`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const pages = (options: Options): Stream.Stream<Page, KinesisError, KinesisClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const client = yield* KinesisClient
    const settings = yield* Settings.make("ShardReader.pages", options, [
      ["shardId", options.shardId.length > 0, "the id of a shard", options.shardId],
      Settings.positionRule("from", StartPosition.toPosition(options.from))
    ])
    const emit = Calls.emitter(options)
    const now = yield* Clock.currentTimeMillis
    const until = settings.until
    const deadline = until._tag === "Elapsed" ? (yield* Calls.monotonicMillis) + until.millis : Infinity
    const origin = yield* StartPosition.resolve(
      client,
      options.stream,
      options.from,
      emit,
      Calls.retrying(settings, emit)
    )
    return ShardSource.make({
      client,
      settings,
      emit,
      deadline,
      origin,
      shardId: options.shardId,
      progress: StopRule.begin(now),
      skew: { millis: 0 },
      onEnd: () => Effect.void
    })
  }))

/**
 * The records of one shard, in its order: {@link pages}, flattened. `Until.count` gives exactly as many.
 *
 * @since 0.1.0
 * @category constructors
 */
export const records = (options: Options): Stream.Stream<KinesisRecord, KinesisError, KinesisClient> =>
  flatten(options, pages(options))

/** @internal */
export const flatten = <E, R>(
  { until }: ReadOptions,
  pages: Stream.Stream<Page, E, R>
): Stream.Stream<KinesisRecord, E, R> => {
  const all = Stream.flattenIterables(Stream.map(pages, (page) => page.records))
  return until?._tag === "Count" ? Stream.take(all, until.count) : all
}
