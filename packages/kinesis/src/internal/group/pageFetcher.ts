import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { HashKeyRange } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Lease } from "../../LeaseStore.js"
import type { Page } from "../../Page.js"
import type { Startable } from "../../Position.js"
import type { ReadContext } from "../reading/context.js"
import * as Drive from "../reading/drive.js"
import * as Interruption from "../reading/interruption.js"
import type { Coordination, ShardOutcome, ShardToRead } from "../reading/pageSource.js"
import type * as ReadAhead from "../reading/readAhead.js"
import * as Signal from "../reading/signal.js"
import * as Sources from "../reading/sources.js"
import * as PollState from "../shard/pollState.js"
import type { GroupStream } from "./streams.js"

/** One reading of a shard: a fiber that fetches pages, one ahead of the taker. */
export interface Reading {
  /** The next page; none if there are no more, or if reading was stopped. */
  readonly take: Effect.Effect<Page, Option.Option<never>>
  /** Fails when the shard cannot be read. */
  readonly failed: Effect.Effect<never, KinesisError>
  /** Stops fetching; a waiting page is dropped. */
  readonly stop: Effect.Effect<void>
  /** The outcome of the shard, once it was read to its end. */
  readonly end: () => ShardOutcome | undefined
}

/** What a reading has to do with the lease of its shard. */
export interface Holding {
  /** Runs when reading has its place in the shard. */
  readonly onReady: Effect.Effect<void>
  /** Finds out whether the lease is still held. */
  readonly ownsShard: Effect.Effect<boolean>
}

/** A fetcher and its taker, and the page between them. */
interface State {
  readonly readAhead: ReadAhead.ReadAhead
  readonly failure: Deferred.Deferred<never, KinesisError>
  /** Tells the taker of a page, or that there are no more. */
  readonly offered: Signal.Signal
  /** Tells the fetcher that its page was taken. */
  readonly taken: Signal.Signal
  /** The page that waits: the next one is fetched when it is taken. */
  page: Page | undefined
  /** No page will be taken any more. */
  isOver: boolean
  outcome: ShardOutcome | undefined
}

export const start = (
  stream: GroupStream,
  lease: Lease,
  origin: Startable,
  { onReady, ownsShard }: Holding
): Effect.Effect<Reading> =>
  Effect.gen(function*() {
    const { run: context } = stream
    const self: State = {
      readAhead: context.readAhead,
      failure: yield* Deferred.make<never, KinesisError>(),
      offered: Signal.make(),
      taken: Signal.make(),
      page: undefined,
      isOver: false,
      outcome: undefined
    }
    const hashKeyRange = yield* hashKeyRangeOf(stream, lease)
    const shard = shardOf(lease, origin, {
      hashKeyRange: () => hashKeyRange,
      hasChildren: () => false,
      onReady: () => onReady,
      ownsShard: () => ownsShard,
      onEnd: (_, outcome) =>
        Effect.sync(() => {
          self.outcome = outcome
        })
    })
    const fiber = yield* Effect.fork(fetch(self, context, shard))
    return {
      take: take(self),
      failed: Deferred.await(self.failure),
      stop: Effect.sync(() => {
        fiber.unsafeInterruptAsFork(fiber.id())
        handedOn(self)
        end(self)
      }),
      end: () => self.outcome
    }
  }).pipe(
    Effect.annotateLogs({
      package: "effect-kinesis",
      module: "Consumer",
      stream: stream.name,
      shardId: lease.shardId
    })
  )

/** Fetches to the shard's end. Whoever takes learns of a failure by {@link Reading.failed}, and of nothing else then. */
const fetch = (self: State, context: ReadContext, shard: ShardToRead): Effect.Effect<unknown> =>
  Drive.drive(context, shard, Sources.make(context, shard), (page) => offer(self, page)).pipe(
    Effect.catchAll((error) => Deferred.fail(self.failure, error)),
    Effect.catchAllCause((cause) =>
      Effect.zipRight(Deferred.failCause(self.failure, Interruption.asDefect(cause)), Effect.never)
    ),
    Effect.ensuring(Effect.sync(() => {
      handedOn(self)
      if (self.outcome !== undefined) end(self)
    }))
  )

/** Ends when the page was taken, or dropped since no page will be. */
const offer = (self: State, page: Page): Effect.Effect<void> =>
  Effect.suspend(() => {
    self.page = page
    if (self.isOver) handedOn(self)
    self.offered.tell()
    return self.taken.waitUntil(() => self.page === undefined)
  })

const take = (self: State): Effect.Effect<Page, Option.Option<never>> =>
  Effect.zipRight(
    self.offered.waitUntil(() => self.isOver || self.page !== undefined),
    Effect.suspend(() =>
      Option.match(handedOn(self), { onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed })
    )
  )

/** Takes the page that waits, whether it is to be handled or dropped: its bytes count as read ahead no longer. */
const handedOn = (self: State): Option.Option<Page> => {
  const { page, readAhead, taken } = self
  if (page === undefined) return Option.none()
  self.page = undefined
  readAhead.handedOn(page)
  taken.tell()
  return Option.some(page)
}

const end = (self: State): void => {
  self.isOver = true
  self.offered.tell()
}

/** The lease's own, or asked for once when it is needed, of a lease that was written without it. */
const hashKeyRangeOf = (
  { listShards, run: { retrying } }: GroupStream,
  { hashKeyRange, shardId }: Lease
): Effect.Effect<Effect.Effect<HashKeyRange | undefined, KinesisError>> =>
  hashKeyRange !== undefined
    ? Effect.succeed(Effect.succeed(hashKeyRange))
    : Effect.cached(
      Effect.map(
        retrying(listShards("trim-horizon")),
        (shards) => shards.find((shard) => shard.shardId === shardId)?.hashKeyRange
      )
    )

const shardOf = (
  { parentShardIds, shardId }: Lease,
  origin: Startable,
  coordination: Coordination
): ShardToRead => ({
  shardId,
  origin,
  because: PollState.isSequence(origin)
    ? "stored"
    : parentShardIds.length > 0 && origin._tag === "TrimHorizon"
    ? "parent"
    : "start",
  closed: false,
  skew: { millis: 0 },
  coordination
})
