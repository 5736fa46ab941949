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
import * as ShardGraph from "../shard/shardGraph.js"
import * as StopRule from "../shard/stopRule.js"
import * as ReadContext from "./context.js"
import * as CountedClient from "./countedClient.js"
import { emitter } from "./emit.js"
import * as FanOutSettings from "./fanOutSettings.js"
import * as Interruption from "./interruption.js"
import * as ListShards from "./listShards.js"
import * as OutageWatch from "./outageWatch.js"
import type { Coordination, ShardOutcome, ShardToRead } from "./pageSource.js"
import * as Pushes from "./pushes.js"
import type * as ReadAhead from "./readAhead.js"
import * as Retry from "./retry.js"
import * as Settings from "./settings.js"
import * as ShardStreams from "./shardStream.js"
import * as StartDeadline from "./startDeadline.js"
import * as StartPosition from "./startPosition.js"

/** One shard of a stream that is being read. */
export interface ShardStream {
  /** The shard. */
  readonly shardId: string
  /** The shards that were read before it. */
  readonly parentShards: ReadonlyArray<string>
  /** Where reading of the shard begins. */
  readonly from: Position
  /** Run it once, to its end: the shard's children come only then. */
  readonly pages: Stream.Stream<Page, KinesisError>
}

/** A shard whose pages can be had as a Stream, or by the scheduler of a run. One of them, once. */
export interface ReadableShard extends ShardStream {
  readonly toRead: ShardToRead
}

/** The shards of a run as they may be read. */
export interface Coordinated {
  readonly context: ReadContext.ReadContext
  readonly shards: Mailbox.Mailbox<ReadableShard, KinesisError>
  /** The reading of a shard is over, at its end or before. */
  readonly left: (shardId: string) => Effect.Effect<void>
  /** The reading of a shard was interrupted. */
  readonly noLongerRead: (shardId: string) => void
}

/** A stream whose shards are being read. */
interface State {
  readonly context: ReadContext.ReadContext
  /** The shards as they may be read. */
  readonly shards: Mailbox.Mailbox<ReadableShard, KinesisError>
  readonly graph: ShardGraph.ShardGraph
  readonly filter: ShardFilter
  readonly listStalenessMillis: number
  /** Makes a call of a listing: once, since the next listing comes soon. */
  readonly attempt: ReturnType<typeof Retry.retrying>
  readonly oneAtATime: Effect.Semaphore
  /** When the last listing succeeded, on the monotonic clock. */
  listedAt: number
  readonly atStart: ReadonlyArray<string>
  /** Shards of the start that have no iterator yet. */
  readonly unsettled: Set<string>
  /** Whether the position of a shard was stored, so that it goes by the service's clock. */
  readonly isStored: (shardId: string) => boolean
  readonly coordination: Coordination
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
    const { listInterval = Settings.streamDefaults.listInterval } = options
    const settings = Settings.make(options)
    const emit = emitter(options)
    const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
    const polling = yield* ReadContext.make(client, settings, emit, readAhead, outages)
    const context = yield* Pushes.pushing(polling, FanOutSettings.make(options.fanOut))
    const self = yield* begin(context, options)
    yield* release(self)
    yield* keepListing(self, listInterval)
    return {
      context,
      shards: self.shards,
      left: (shardId) => left(self, shardId),
      noLongerRead: (shardId) => noLongerRead(self, shardId)
    }
  })

const positionsOf = (
  { ignorePositions = Settings.streamDefaults.ignorePositions, positions = {} }: Settings.StreamOptions
) => ignorePositions ? {} : positions

/** Settles the start and lists the shards, in the time that was set. */
const begin = (context: ReadContext.ReadContext, options: Settings.StreamOptions): Effect.Effect<State, KinesisError> =>
  Effect.gen(function*() {
    const { emit, outages, settings } = context
    const positions = positionsOf(options)
    const { filter, graph, missing } = yield* StartDeadline.within(
      context.deadline - context.monotonicMillis(),
      settings.stream,
      context.retrying,
      (attempt) => firstListing(context, options, attempt)
    )
    for (const [shardId, position] of missing) yield* emit(KinesisEvent.ShardLost({ shardId, position }))
    const atStart = ShardGraph.ready(graph).map((shard) => shard.shardId)
    const self: State = {
      context,
      shards: yield* Mailbox.make<ReadableShard, KinesisError>(),
      graph,
      filter,
      listStalenessMillis: Duration.toMillis(options.listStaleness ?? Settings.streamDefaults.listStaleness),
      attempt: Retry.retrying(
        { throttleRetry: Schedule.stop, transientRetry: Schedule.stop, resourceRetry: Schedule.stop },
        emit,
        outages
      ),
      oneAtATime: yield* Effect.makeSemaphore(1),
      listedAt: context.monotonicMillis(),
      atStart,
      unsettled: new Set(atStart),
      isStored: (shardId) => shardId in positions,
      coordination: {
        hashKeyRange: (shardId) => Effect.sync(() => graph.nodes.get(shardId)?.hashKeyRange),
        hasChildren: (shardId) => ShardGraph.hasChildren(graph, shardId),
        onReady: (shardId) => settled(self, shardId),
        ownsShard: () => Effect.succeed(true),
        onEnd: (shardId, outcome) => ended(self, shardId, outcome)
      }
    }
    return self
  })

const firstListing = (
  { client, emit, settings: { stream } }: ReadContext.ReadContext,
  options: Settings.StreamOptions,
  attempt: StartDeadline.Attempt
) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const start = yield* StartPosition.resolve(client, stream, options.from, emit, attempt)
    const stored = new Map(
      Object.entries(positionsOf(options)).map(([shardId, position]) =>
        [shardId, position._tag === "Latest" ? atTimestamp(now) : position] as const
      )
    )
    const filter = filterFor(start, stored.size > 0)
    const shards = yield* ListShards.all(client, stream, filter, attempt)
    return { filter, graph: ShardGraph.make(shards, start, stored), missing: ShardGraph.missing(shards, stored) }
  })

/** A shard of the start has an iterator, or came to its end without one. */
const settled = ({ atStart, context: { emit }, unsettled }: State, shardId: string): Effect.Effect<void> =>
  Effect.suspend(() =>
    unsettled.delete(shardId) && unsettled.size === 0 ? emit(KinesisEvent.Ready({ shardIds: atStart })) : Effect.void
  )

/** Gives the shards that may be read now; a shard counts for the rule that ends the reading from here on, be it run or not. */
const release = (self: State): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const shard of ShardGraph.release(self.graph)) {
      StopRule.shardStarted(self.context.progress, shard.shardId)
      self.shards.unsafeOffer(readable(self, shard))
    }
    if (ShardGraph.isFinished(self.graph)) self.shards.unsafeDone(Exit.void)
  })

const readable = (self: State, ready: ShardGraph.Ready): ReadableShard => {
  const { shardId } = ready
  const toRead = shardToRead(self, ready)
  let isNew = true
  return {
    shardId,
    parentShards: ready.parents,
    from: ready.start,
    pages: Stream.suspend(() => {
      if (!isNew) return Stream.fail(runTwice(self.context.settings.stream, shardId))
      isNew = false
      return Stream.ensuring(ShardStreams.make(self.context, toRead), left(self, shardId))
    }),
    toRead
  }
}

const shardToRead = (self: State, { because, closed, shardId, start }: ShardGraph.Ready): ShardToRead => ({
  shardId,
  origin: start,
  because,
  closed,
  skew: self.isStored(shardId) ? { millis: 0 } : self.context.skew,
  coordination: self.coordination
})

/** A shard was read to its end: its children follow, and are looked for where its last page did not tell all. */
const ended = (
  self: State,
  shardId: string,
  { broughtRecords, childShards, lost }: ShardOutcome
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { context: { emit }, graph } = self
    const found = ShardGraph.unknown(graph, childShards.map((child) => child.shardId))
    if (lost) ShardGraph.lost(graph, shardId)
    else ShardGraph.ended(graph, shardId, childShards, broughtRecords)
    if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "child-shards" }))
    if (childShards.length === 0 || ShardGraph.unconfirmed(graph)) yield* list(self)
    yield* release(self)
  })

const noLongerRead = ({ context: { progress } }: State, shardId: string): void => StopRule.shardLeft(progress, shardId)

/** The reading of a shard is over, at its end or before. */
const left = (self: State, shardId: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    noLongerRead(self, shardId)
    if (!self.graph.reading.has(shardId)) return settled(self, shardId)
    ShardGraph.stopped(self.graph, shardId)
    return release(self)
  })

/** Lists the shards, one listing at a time. */
const list = (self: State): Effect.Effect<void> => {
  const { attempt, context: { client, settings: { stream } }, filter, oneAtATime, shards } = self
  return ListShards.all(client, stream, filter, attempt).pipe(
    Effect.flatMap((listed) => onListed(self, listed)),
    Effect.catchAll((error) => onListingFailed(self, error)),
    Effect.catchAllCause((cause) => Effect.asVoid(shards.failCause(Interruption.asDefect(cause)))),
    oneAtATime.withPermits(1)
  )
}

const onListed = Effect.fnUntraced(function*(self: State, shards: ReadonlyArray<Shard>) {
  const { context: { emit, monotonicMillis }, graph } = self
  self.listedAt = monotonicMillis()
  const found = ShardGraph.unknown(graph, shards.map((shard) => shard.shardId))
  ShardGraph.listed(graph, shards)
  if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "listing" }))
  yield* release(self)
})

const onListingFailed = Effect.fnUntraced(function*(self: State, error: KinesisError) {
  const { context: { emit, monotonicMillis }, listStalenessMillis, listedAt, shards } = self
  const millisSinceLastListing = monotonicMillis() - listedAt
  yield* emit(KinesisEvent.ListingFailed({ error, millisSinceLastListing }))
  if (error._tag === "ResourceNotFound" || millisSinceLastListing > listStalenessMillis) yield* shards.fail(error)
})

// ---------------------------------------------------------------------------------------------------------------------
// Listing
//
// Lists the shards at once and then every interval, for children that no last page named: a shard can leave retention
// unread, and a page can leave a child out. A listing that fails is told, and the next one is soon enough; only when none
// succeeded for as long as `listStaleness`, or the stream is gone, does the reading fail. The loop ends with the scope of
// the reading. Listings of the loop and of shards that ended take turns, so that an older answer never follows a newer one.
// ---------------------------------------------------------------------------------------------------------------------

const keepListing = (self: State, interval: Duration.DurationInput): Effect.Effect<void, never, Scope.Scope> =>
  list(self).pipe(
    Effect.schedule(Schedule.jittered(Schedule.spaced(interval))),
    Effect.annotateLogs({ package: "effect-kinesis", module: "KinesisStream", fiber: "shard listing" }),
    Effect.forkScoped
  )

/** Lets no shard begin when the time of the run is over. What is being read ends before that: a page that came is handed on. */
export const endInTime = (
  { context: { deadline, monotonicMillis }, shards }: Coordinated,
  endReading: () => void
): Effect.Effect<void, never, Scope.Scope> =>
  deadline === Infinity ? Effect.void : Effect.sync(() => {
    endReading()
    shards.unsafeDone(Exit.void)
  }).pipe(Effect.delay(Math.max(0, deadline - monotonicMillis())), Effect.forkScoped, Effect.asVoid)

const runTwice = (stream: string, shardId: string) =>
  new InvalidArgument({
    operation: "KinesisStream.shards",
    stream,
    shardId,
    description:
      "the stream of a shard can be run once; to repeat calls that fail, set throttleRetry and transientRetry"
  })
