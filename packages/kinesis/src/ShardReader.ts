/**
 * Reads one shard, from a position to its end or until it should stop.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Checks from "./internal/options/checks.js"
import * as Rules from "./internal/options/rules.js"
import type { Table } from "./internal/options/table.js"
import * as ReadContext from "./internal/reading/context.js"
import * as CountedClient from "./internal/reading/countedClient.js"
import { emitter, withContext } from "./internal/reading/emit.js"
import * as ListShards from "./internal/reading/listShards.js"
import * as OutageWatch from "./internal/reading/outageWatch.js"
import * as ReadAhead from "./internal/reading/readAhead.js"
import * as Settings from "./internal/reading/settings.js"
import * as ShardStream from "./internal/reading/shardStream.js"
import * as StartDeadline from "./internal/reading/startDeadline.js"
import * as StartPosition from "./internal/reading/startPosition.js"
import * as PollState from "./internal/shard/pollState.js"
import * as StopRule from "./internal/shard/stopRule.js"
import { KinesisClient } from "./KinesisClient.js"
import { type KinesisError, ResourceNotFound } from "./KinesisError.js"
import { KinesisEvent } from "./KinesisEvent.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Page } from "./Page.js"

/**
 * The options that reading a shard and reading a stream have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadOptions<REvent = never> extends Settings.ReadOptions<REvent> {}

/**
 * The options of a reader of one shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<REvent = never> extends ReadOptions<REvent> {
  /** The shard to read. */
  readonly shardId: string
  /** Where to begin: a stored position, or `"trim-horizon"`, `"latest"` or a date. */
  readonly from: StartPosition.StartPosition
}

/**
 * The pages of one shard in order, empty ones too. The stream ends with the shard or by `until`; it does not continue with child shards.
 *
 * Fails with `InvalidArgument` before any request if an option is wrong. Throttled calls, failing calls and expired iterators are retried;
 * the remaining errors are fatal or have exhausted their retry schedule. A shard that has left retention ends like a closed one, with the
 * event `ShardLost`; a shard that never existed or a stream that was deleted fails with `ResourceNotFound`.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { ShardReader, Until } from "effect-kinesis"
 *
 * const program = ShardReader.pages({
 *   stream: "orders",
 *   shardId: "shardId-000000000000",
 *   from: "trim-horizon",
 *   until: Until.caughtUp
 * }).pipe(Stream.runForEach((page) => Effect.log(`${page.records.length} records, ${page.millisBehindLatest} ms behind`)))
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
  Stream.unwrap(Effect.gen(function*() {
    yield* check(options)
    const client = CountedClient.make(yield* KinesisClient, options.stream)
    const { from, shardId, stream } = options
    const settings = Settings.make({ ...options, onEvent: undefined })
    const emit = emitter(yield* withContext(options))
    const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
    const context = yield* ReadContext.make(client, settings, emit, ReadAhead.unbounded, outages)
    const origin = yield* StartDeadline.within(
      context.deadline - context.monotonicMillis(),
      stream,
      context.retrying,
      (attempt) => StartPosition.resolve(client, stream, from, emit, attempt)
    )
    const hashKeyRange = yield* Effect.cached(
      Effect.map(
        ListShards.all(client, stream, { type: "FROM_TRIM_HORIZON" }, context.retrying),
        (shards) => shards.find((shard) => shard.shardId === shardId)?.hashKeyRange
      )
    )
    const isStored = PollState.isSequence(origin)
    let began = false
    StopRule.shardStarted(context.progress, shardId)
    return ShardStream.make(context, {
      shardId,
      origin,
      because: isStored ? "stored" : "start",
      closed: false,
      skew: context.skew,
      coordination: {
        hashKeyRange: () => hashKeyRange,
        hasChildren: () => false,
        ownsShard: () => Effect.succeed(true),
        onReady: () => emit(KinesisEvent.Ready({ shardIds: [shardId] })),
        onEnd: (_, { lost }) =>
          lost && !isStored && !began
            ? Effect.fail(
              new ResourceNotFound({ operation: "ShardReader.pages", stream, shardId, description: "no such shard" })
            )
            : Effect.void
      }
    }).pipe(
      Stream.map((page) => {
        began = true
        return page
      })
    )
  }))

/**
 * The records of one shard, in order: {@link pages}, flattened. `Until.count` gives exactly that many.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Stream } from "effect"
 * import { Position, ShardReader, Until } from "effect-kinesis"
 *
 * const lastHour = ShardReader.records({
 *   stream: "orders",
 *   shardId: "shardId-000000000000",
 *   from: Position.atTimestamp(Date.now() - 3_600_000),
 *   until: Until.caughtUp
 * })
 *
 * Effect.runPromise(Effect.provide(Stream.runCount(lastHour), LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const records = <REvent = never>(
  options: Options<REvent>
): Stream.Stream<KinesisRecord, KinesisError, KinesisClient | REvent> =>
  Stream.unwrap(Effect.as(check(options), Stream.suspend(() => flatten(options, pages(options)))))

const table: Table<Options> = {
  ...Settings.table,
  shardId: Checks.text("the id of a shard", /^./),
  from: Checks.position
}

const check = (options: Options<unknown>) => Rules.check("ShardReader.pages", table, options)

/** @internal */
export const flatten = <E, R>(
  { until }: Pick<ReadOptions, "until">,
  pages: Stream.Stream<Page, E, R>
): Stream.Stream<KinesisRecord, E, R> => {
  const all = Stream.flattenIterables(Stream.map(pages, (page) => page.records))
  return until?._tag === "Count" ? Stream.take(all, until.count) : all
}
