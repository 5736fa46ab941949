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
import { type ExpiredListToken, type KinesisError, RequestTimeout } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Page } from "../../Page.js"
import type { Position, StreamStart } from "../../Position.js"
import * as ShardGraph from "../shard/shardGraph.js"
import * as StopRule from "../shard/stopRule.js"
import * as Calls from "./calls.js"
import * as ListShards from "./listShards.js"
import * as Settings from "./settings.js"
import * as ShardSource from "./shardSource.js"
import * as StartPosition from "./startPosition.js"

export interface StreamOptions extends Settings.ReadOptions {
  /** Where each shard begins. `"latest"` means the instant at which reading starts, for all shards alike. */
  readonly from: "trim-horizon" | "latest" | Date | StreamStart
  /**
   * Stored positions by shard id, as `page.position` gave them; they beat `from`. Of the shards without one, an ancestor of a stored
   * shard is taken as read, and a descendant is read from its beginning. Default: none.
   */
  readonly positions?: Readonly<Record<string, Position>> | undefined
  /** The time between two listings of the shards, with jitter of a fifth. Default: 30 seconds. */
  readonly listInterval?: Duration.DurationInput | undefined
  /** How old the last successful listing may become before reading fails with the listing's error. Default: 10 minutes. */
  readonly listStaleness?: Duration.DurationInput | undefined
}

/** One shard of a stream that is being read. */
export interface ShardStream {
  readonly shardId: string
  readonly parentShards: ReadonlyArray<string>
  /** Where reading of the shard begins. */
  readonly from: Position
  /** Run it once, to its end: the shard's children come only then. */
  readonly pages: Stream.Stream<Page, KinesisError>
}

/** Shards that closed shortly before the start are listed too: this clock may be ahead of the service's, and they bring nothing if not. */
const listingMarginMillis = 5 * 60_000

const filterFor = (start: Position, resumed: boolean): ShardFilter =>
  start._tag === "AtTimestamp" && !resumed
    ? { type: "FROM_TIMESTAMP", timestamp: Math.max(0, start.timestamp - listingMarginMillis) }
    : { type: "FROM_TRIM_HORIZON" }

const isFinite = (duration: Duration.DurationInput): boolean => Number.isFinite(Duration.toMillis(duration))

/**
 * Gives the shards' streams, as they may be read, to a mailbox; follows reshards by what the shards' last pages tell and by listing.
 * The mailbox ends when nothing is left to read, and fails when no listing succeeded for too long.
 */
export const make = (
  options: StreamOptions
): Effect.Effect<Mailbox.ReadonlyMailbox<ShardStream, KinesisError>, KinesisError, KinesisClient | Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* KinesisClient
    const { from, listInterval = "30 seconds", listStaleness = "10 minutes", positions = {} } = options
    const settings = yield* Settings.make("KinesisStream", options, [
      Settings.positionRule("from", StartPosition.toPosition(from)),
      ...Object.entries(positions).map(([shardId, position]) =>
        Settings.positionRule(`positions.${shardId}`, position)
      ),
      ["listInterval", isFinite(listInterval), "a finite duration", listInterval],
      ["listStaleness", isFinite(listStaleness), "a finite duration", listStaleness]
    ])
    const { stream, until } = settings
    const emit = Calls.emitter(options)
    const patient = Calls.retrying(settings, emit)
    const brief = Calls.retrying({ ...settings, transientRetry: Schedule.stop }, emit)
    const stored = new Map(Object.entries(positions))
    const startedAt = yield* Calls.monotonicMillis
    const deadline = until._tag === "Elapsed" ? startedAt + until.millis : Infinity
    const progress = StopRule.begin(yield* Clock.currentTimeMillis)
    const skew = { millis: 0 }
    const mailbox = yield* Mailbox.make<ShardStream, KinesisError>()

    const begin = (attempt: Attempt) =>
      Effect.gen(function*() {
        const start = yield* StartPosition.resolve(client, stream, from, emit, attempt)
        const filter = filterFor(start, stored.size > 0)
        const shards = yield* ListShards.all(client, stream, filter, attempt)
        return { filter, graph: ShardGraph.make(shards, start, stored) }
      })
    const { filter, graph: first } = yield* until._tag === "Elapsed"
      ? within(until.millis, stream, patient, begin)
      : begin(patient)
    let graph = first
    let listedAt = yield* Calls.monotonicMillis

    const release = Effect.sync(() => {
      const [ready, next] = ShardGraph.release(graph)
      graph = next
      for (const shard of ready) {
        StopRule.shardStarted(progress, shard.shardId)
        mailbox.unsafeOffer({
          shardId: shard.shardId,
          parentShards: shard.parents,
          from: shard.start,
          pages: pagesOf(shard)
        })
      }
      if (ShardGraph.isFinished(graph)) mailbox.unsafeDone(Exit.void)
    })

    const pagesOf = (shard: ShardGraph.Ready) => {
      const { shardId } = shard
      let over = false
      const onEnd = ({ broughtRecords, childShards, lost }: ShardSource.ShardEnd) =>
        Effect.gen(function*() {
          over = true
          const found = ShardGraph.unknown(graph, childShards.map((child) => child.shardId))
          graph = lost
            ? ShardGraph.lost(graph, shardId)
            : ShardGraph.ended(graph, shardId, childShards, broughtRecords)
          if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "child-shards" }))
          if (childShards.length === 0) yield* list
          yield* release
        })
      return ShardSource.make({
        client,
        settings,
        emit,
        shardId,
        origin: shard.start,
        deadline,
        progress,
        skew,
        onEnd
      }).pipe(
        Stream.ensuring(Effect.suspend(() => {
          if (over) return Effect.void
          graph = ShardGraph.stopped(graph, shardId)
          return release
        }))
      )
    }

    const onListed = Effect.fnUntraced(function*(shards: ReadonlyArray<Shard>) {
      listedAt = yield* Calls.monotonicMillis
      const found = ShardGraph.unknown(graph, shards.map((shard) => shard.shardId))
      graph = ShardGraph.listed(graph, shards)
      if (found.length > 0) yield* emit(KinesisEvent.ShardsFound({ shardIds: found, source: "listing" }))
      yield* release
    })

    const onListingFailed = Effect.fnUntraced(function*(error: KinesisError) {
      const millisSinceLastListing = (yield* Calls.monotonicMillis) - listedAt
      yield* emit(KinesisEvent.ListingFailed({ error, millisSinceLastListing }))
      if (error._tag === "ResourceNotFound" || millisSinceLastListing > Duration.toMillis(listStaleness)) {
        yield* mailbox.fail(error)
      }
    })

    const list = ListShards.all(client, stream, filter, brief).pipe(
      Effect.flatMap(onListed),
      Effect.catchAll(onListingFailed)
    )

    yield* release
    yield* list.pipe(
      Effect.schedule(Schedule.jittered(Schedule.spaced(listInterval))),
      Effect.annotateLogs({ package: "effect-kinesis", module: "KinesisStream", fiber: "shard listing" }),
      Effect.forkScoped
    )
    if (until._tag === "Elapsed") yield* Effect.forkScoped(Effect.delay(mailbox.end, until.millis))
    return mailbox
  })

type Attempt = <A, E extends KinesisError | ExpiredListToken>(
  call: Effect.Effect<A, E>
) => Effect.Effect<A, E | KinesisError>

/** What cannot begin in the time that was set fails with the last reason: an outage is not an empty stream. */
const within = <A>(
  millis: number,
  stream: string,
  attempt: Attempt,
  begin: (attempt: Attempt) => Effect.Effect<A, KinesisError>
): Effect.Effect<A, KinesisError> =>
  Effect.suspend(() => {
    let last: KinesisError | ExpiredListToken | undefined
    const remembering: Attempt = (call) =>
      attempt(Effect.tapError(call, (error) => Effect.sync(() => void (last = error))))
    return Effect.timeoutFail(begin(remembering), {
      duration: millis,
      onTimeout: () =>
        last === undefined || last._tag === "ExpiredListToken"
          ? new RequestTimeout({
            operation: "ListShards",
            stream,
            description: `the shards could not be listed in the ${Duration.format(millis)} set for reading`
          })
          : last
    })
  })
