/**
 * Reads every shard of a stream, without a group and without stored state: parents before children, through any reshard.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import * as Coordinator from "./internal/reading/coordinator.js"
import * as Merging from "./internal/reading/merging.js"
import * as ReadAhead from "./internal/reading/readAhead.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Page } from "./Page.js"
import { flatten } from "./ShardReader.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Coordinator.StreamOptions {}

/**
 * @since 0.1.0
 * @category models
 */
export interface ShardStream extends Coordinator.ShardStream {}

/**
 * One ordered stream per shard, as shards become readable: a child after the streams of all its parents have been read to their end.
 *
 * Run them all at once, as in `Stream.flatMap((shard) => handle(shard.pages), { concurrency: "unbounded" })`: a shard whose stream is not
 * run holds up its children, and the end.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const program = KinesisStream.shards({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
 *   Stream.flatMap(({ pages, shardId }) => Stream.map(pages, (page) => `${shardId}: ${page.records.length} records`), {
 *     concurrency: "unbounded"
 *   }),
 *   Stream.runForEach(Effect.log)
 * )
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const shards = (options: Options): Stream.Stream<ShardStream, KinesisError, KinesisClient> =>
  Stream.unwrapScoped(
    Effect.map(Coordinator.make(options, ReadAhead.unbounded), ({ shards }) => Mailbox.toStream(shards))
  )

/**
 * The pages of all shards, merged as they come, empty ones too: those of a shard in its order, those of a child after its parents'.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong. Throttled calls, failing calls, expired iterators and failed
 * listings are dealt with; what remains is fatal or has used up its retry schedule.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { KinesisStream, type Position, Until } from "effect-kinesis"
 *
 * const positions: Record<string, Position.Position> = {}
 *
 * const program = KinesisStream.pages({ stream: "orders", from: "trim-horizon", positions, until: Until.caughtUp }).pipe(
 *   Stream.runForEach((page) =>
 *     Effect.sync(() => {
 *       positions[page.shardId] = page.position
 *     })
 *   )
 * )
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const pages = (options: Options): Stream.Stream<Page, KinesisError, KinesisClient> => {
  const merged = Stream.unwrapScoped(Merging.make(options))
  const { until } = options
  if (until?._tag !== "Count") return merged
  return Stream.suspend(() => {
    let records = 0
    return Stream.takeUntil(merged, (page) => (records += page.records.length) >= until.count)
  })
}

/**
 * The records of all shards, merged as they come: {@link pages}, flattened. Records of one partition key keep their order, over a
 * reshard too. `Until.count` gives exactly as many.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const program = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
 *   Stream.runForEach((record) => Effect.log(`${record.partitionKey} in ${record.shardId}`))
 * )
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const records = (options: Options): Stream.Stream<KinesisRecord, KinesisError, KinesisClient> =>
  flatten(options, pages(options))
