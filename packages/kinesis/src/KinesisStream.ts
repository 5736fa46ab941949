/**
 * Reads every shard of a stream, without a group and without stored state: parents before children, across any reshard.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import * as Rules from "./internal/options/rules.js"
import * as Coordinator from "./internal/reading/coordinator.js"
import * as Emit from "./internal/reading/emit.js"
import * as Merging from "./internal/reading/merging.js"
import * as ReadAhead from "./internal/reading/readAhead.js"
import * as Settings from "./internal/reading/settings.js"
import type { KinesisClient } from "./KinesisClient.js"
import type { KinesisError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Page } from "./Page.js"
import { flatten } from "./ShardReader.js"

/**
 * The options of a reader of all shards.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<REvent = never> extends Settings.StreamOptions<REvent> {}

/**
 * The defaults of the options. `positions` and `onEvent` have none.
 *
 * @since 0.1.0
 * @category defaults
 */
export const defaults = Settings.streamDefaults

/**
 * Options from the environment, with {@link defaults} for those that are not set: `KINESIS_MAX_RECORDS`, `KINESIS_POLL_INTERVAL`,
 * `KINESIS_IDLE_INTERVAL`, `KINESIS_FIRST_CONTACT_TIMEOUT`, `KINESIS_DEAGGREGATE`, `KINESIS_OUTSIDE_RANGE`, `KINESIS_ON_TRIMMED`,
 * `KINESIS_MAX_READ_AHEAD_BYTES`, `KINESIS_LIST_INTERVAL`, `KINESIS_LIST_STALENESS` and `KINESIS_IGNORE_POSITIONS`. Durations are written
 * like `30 seconds`.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KinesisStream } from "effect-kinesis"
 *
 * const orders = Stream.unwrap(
 *   Effect.map(KinesisStream.config, (options) => KinesisStream.records({ ...options, stream: "orders", from: "latest" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config = Config.all(Settings.streamConfig)

/**
 * A shard as a stream of pages, by {@link shards}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ShardStream extends Coordinator.ShardStream {}

/**
 * One ordered stream per shard, as shards become readable: a child shard after the streams of all its parents have been read to their end.
 *
 * Run them all at once, as in `Stream.flatMap((shard) => handle(shard.pages), { concurrency: "unbounded" })`: a shard whose stream is not
 * run holds up its children and the end of this stream.
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
export const shards = <REvent = never>(
  options: Options<REvent>
): Stream.Stream<ShardStream, KinesisError, KinesisClient | REvent> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    yield* check(options)
    const coordinated = yield* Coordinator.make(yield* Emit.withContext(options), ReadAhead.unbounded)
    yield* Coordinator.endInTime(coordinated, () => undefined)
    return Mailbox.toStream(coordinated.shards)
  }))

/**
 * The pages of all shards, merged as they arrive, empty ones too: those of a shard in its order, those of a child after its parents'.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong. Throttled calls, failing calls, expired iterators and failed
 * listings are retried; the remaining errors are fatal or have exhausted their retry schedule.
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
export const pages = <REvent = never>(
  options: Options<REvent>
): Stream.Stream<Page, KinesisError, KinesisClient | REvent> =>
  Stream.unwrap(Effect.as(check(options), Stream.suspend(() => merged(options))))

/**
 * The records of all shards, merged as they arrive: {@link pages}, flattened. Records with the same partition key keep their order, across
 * reshards too. `Until.count` gives exactly that many.
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
export const records = <REvent = never>(
  options: Options<REvent>
): Stream.Stream<KinesisRecord, KinesisError, KinesisClient | REvent> =>
  Stream.unwrap(Effect.as(check(options), Stream.suspend(() => flatten(options, merged(options)))))

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const check = (options: Options<unknown>) => Rules.check("KinesisStream", Settings.streamTable, options)

const merged = <REvent>(options: Options<REvent>): Stream.Stream<Page, KinesisError, KinesisClient | REvent> => {
  const all = Stream.unwrapScoped(Effect.flatMap(Emit.withContext(options), Merging.make))
  const { until } = options
  if (until?._tag !== "Count") return all
  let records = 0
  return Stream.takeUntil(all, (page) => (records += page.records.length) >= until.count)
}
