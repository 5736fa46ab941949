import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Shard, ShardFilter } from "../../KinesisApi.js"
import { KinesisClient } from "../../KinesisClient.js"
import { InvalidArgument, type KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Page } from "../../Page.js"
import { atTimestamp, type Position } from "../../Position.js"
import * as Rules from "../options/rules.js"
import * as ShardGraph from "../shard/shardGraph.js"
import * as StopRule from "../shard/stopRule.js"
import * as MonotonicClock from "./clock.js"
import * as ReadContext from "./context.js"
import * as CountedClient from "./countedClient.js"
import { emitter } from "./emit.js"
import * as Interruption from "./interruption.js"
import * as ListShards from "./listShards.js"
import type * as Poller from "./poller.js"
import type * as ReadAhead from "./readAhead.js"
import * as Retry from "./retry.js"
import * as Settings from "./settings.js"
import * as ShardSource from "./shardSource.js"
import * as StartDeadline from "./startDeadline.js"
import * as StartPosition from "./startPosition.js"

/** One shard of a stream that is being read. */
export interface ShardStream {
  readonly shardId: string
  readonly parentShards: ReadonlyArray<string>
  /** Where reading of the shard begins. */
  readonly from: Position
  /** Run it once, to its end: the shard's children come only then. */
  readonly pages: Stream.Stream<Page, KinesisError>
}

/** A shard whose pages can be had as a Stream, or given to a taker by a fiber of its own. One of them, once. */
export interface ReadableShard extends ShardStream {
  readonly read: (take: (page: Page) => Effect.Effect<unknown>) => Effect.Effect<void, KinesisError>
}

/** The shards as they may be read, and what the reading of one came to. */
export interface Coordinated {
  readonly shards: Mailbox.ReadonlyMailbox<ReadableShard, KinesisError>
  readonly judge: (exit: Exit.Exit<void, KinesisError>) => Exit.Exit<void, KinesisError>
}

const filterFor = (start: Position, resumed: boolean): ShardFilter =>
  resumed ? { type: "FROM_TRIM_HORIZON" } : ListShards.since(start)

/**
 * Gives the shards' streams, as they may be read, to a mailbox; follows reshards by what the shards' last pages tell and by listing.
 * The mailbox ends when nothing is left to read, and fails when no listing succeeded for too long.
 */
export const make = (
  options: Settings.StreamOptions,
  readAhead: ReadAhead.ReadAhead
): Effect.Effect<Coordinated, KinesisError, KinesisClient | Scope.Scope> =>
  Effect.gen(function*() {
    const client = CountedClient.make(yield* KinesisClient, options.stream)
    const {
      from,
      ignorePositions = Settings.streamDefaults.ignorePositions,
      listInterval = Settings.streamDefaults.listInterval,
      listStaleness = Settings.streamDefaults.listStaleness
    } = options
    const positions = ignorePositions ? {} : options.positions ?? {}
    const settings = yield* Settings.make("KinesisStream", options, [
      Rules.position("from", StartPosition.toPosition(from)),
      ...Object.entries(positions).map(([shardId, position]) => Rules.position(`positions.${shardId}`, position)),
      Rules.duration("listInterval", listInterval, 1000),
      Rules.duration("listStaleness", listStaleness),
      Settings.maxReadAheadBytesRule(options)
    ])
    const { stream } = settings
    const emit = emitter(options)
    const run = yield* ReadContext.make(client, settings, emit, readAhead)
    const readers = new ShardSource.Readers(run)
    const once = Retry.retrying({
      throttleRetry: Schedule.stop,
      transientRetry: Schedule.stop,
      resourceRetry: Schedule.stop
    }, emit)
    const mailbox = yield* Mailbox.make<ReadableShard, KinesisError>()
    const remaining = Effect.map(MonotonicClock.monotonicMillis, (now) => run.deadline - now)

    const { filter, graph, missing } = yield* StartDeadline.within(
      yield* remaining,
      stream,
      Retry.retrying(settings, emit),
      (attempt) =>
        Effect.gen(function*() {
          const now = yield* Clock.currentTimeMillis
          const start = yield* StartPosition.resolve(client, stream, from, emit, attempt)
          const stored = new Map(
            Object.entries(positions).map(([shardId, position]) =>
              [shardId, position._tag === "Latest" ? atTimestamp(now) : position] as const
            )
          )
          const filter = filterFor(start, stored.size > 0)
          const shards = yield* ListShards.all(client, stream, filter, attempt)
          return {
            filter,
            graph: ShardGraph.make(shards, start, stored),
            missing: ShardGraph.missing(shards, stored)
          }
        })
    )
    for (const [shardId, position] of missing) yield* emit(KinesisEvent.ShardLost({ shardId, position }))
    let listedAt = yield* MonotonicClock.monotonicMillis

    const atStart = ShardGraph.ready(graph)
    const unsettled = new Set(atStart.map((shard) => shard.shardId))
    /** A shard of the start has an iterator, or came to its end without one. */
    const settled = (shardId: string) =>
      Effect.suspend(() =>
        unsettled.delete(shardId) && unsettled.size === 0
          ? emit(KinesisEvent.Ready({ shardIds: atStart.map((shard) => shard.shardId) }))
          : Effect.void
      )

    const release = Effect.sync(() => {
      for (const shard of ShardGraph.release(graph)) {
        StopRule.shardStarted(run.progress, shard.shardId)
        mailbox.unsafeOffer({
          shardId: shard.shardId,
          parentShards: shard.parents,
          from: shard.start,
          ...waysToRead(shard)
        })
      }
      if (ShardGraph.isFinished(graph)) mailbox.unsafeDone(Exit.void)
    })

    const waysToRead = ({ because, closed, hashKeyRange, shardId, start }: ShardGraph.Ready) => {
      let state: "new" | "running" | "over" = "new"
      const onEnd = ({ broughtRecords, childShards, lost }: Poller.ShardEnd) =>
        Effect.gen(function*() {
          state = "over"
          const found = ShardGraph.unknown(graph, childShards.map((child) => child.shardId))
          if (lost) ShardGraph.lost(graph, shardId)
          else ShardGraph.ended(graph, shardId, childShards, broughtRecords)
          if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "child-shards" }))
          if (childShards.length === 0 || ShardGraph.unconfirmed(graph)) yield* list
          yield* release
        })
      const shard: Poller.Shard = {
        shardId,
        origin: start,
        because,
        closed,
        hashKeyRange: Effect.succeed(hashKeyRange),
        skew: shardId in positions ? { millis: 0 } : run.skew,
        onReady: settled(shardId),
        onEnd
      }
      const onLeft = Effect.suspend(() => {
        if (state === "over") return settled(shardId)
        ShardGraph.stopped(graph, shardId)
        return release
      })
      return {
        pages: Stream.suspend(() => {
          if (state !== "new") return Stream.fail(runTwice(stream, shardId))
          state = "running"
          return Stream.ensuring(ShardSource.stream(run, shard), onLeft)
        }),
        read: (take: (page: Page) => Effect.Effect<unknown>) =>
          Effect.suspend(() => {
            state = "running"
            return Effect.onExit(readers.read(shard, take), (exit) => Exit.isInterrupted(exit) ? Effect.void : onLeft)
          })
      }
    }

    const onListed = Effect.fnUntraced(function*(shards: ReadonlyArray<Shard>) {
      listedAt = yield* MonotonicClock.monotonicMillis
      const found = ShardGraph.unknown(graph, shards.map((shard) => shard.shardId))
      ShardGraph.listed(graph, shards)
      if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "listing" }))
      yield* release
    })

    const onListingFailed = Effect.fnUntraced(function*(error: KinesisError) {
      const millisSinceLastListing = (yield* MonotonicClock.monotonicMillis) - listedAt
      yield* emit(KinesisEvent.ListingFailed({ error, millisSinceLastListing }))
      if (error._tag === "ResourceNotFound" || millisSinceLastListing > Duration.toMillis(listStaleness)) {
        yield* mailbox.fail(error)
      }
    })

    const oneAtATime = yield* Effect.makeSemaphore(1)
    const list = ListShards.all(client, stream, filter, once).pipe(
      Effect.flatMap(onListed),
      Effect.catchAll(onListingFailed),
      Effect.catchAllCause((cause) => mailbox.failCause(Interruption.asDefect(cause))),
      oneAtATime.withPermits(1)
    )

    yield* release
    yield* list.pipe(
      Effect.schedule(Schedule.jittered(Schedule.spaced(listInterval))),
      Effect.annotateLogs({ package: "effect-kinesis", module: "KinesisStream", fiber: "shard listing" }),
      Effect.forkScoped
    )
    if (run.deadline !== Infinity) {
      const end = Effect.sync(() => {
        readers.end()
        mailbox.unsafeDone(Exit.void)
      })
      yield* Effect.forkScoped(Effect.delay(end, Math.max(0, yield* remaining)))
    }
    return { shards: mailbox, judge: (exit) => readers.judge(exit) }
  })

const runTwice = (stream: string, shardId: string) =>
  new InvalidArgument({
    operation: "KinesisStream.shards",
    stream,
    shardId,
    description:
      "the stream of a shard can be run once; to repeat calls that fail, set throttleRetry and transientRetry"
  })
