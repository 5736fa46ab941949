import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type { HashKeyRange } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Lease } from "../../LeaseStore.js"
import type { Page } from "../../Page.js"
import type { Startable } from "../../Position.js"
import * as Drive from "../reading/drive.js"
import type { ShardOutcome, ShardToRead } from "../reading/pageSource.js"
import * as Poller from "../reading/poller.js"
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

export const start = (
  stream: GroupStream,
  lease: Lease,
  origin: Startable,
  onReady: Effect.Effect<void>
): Effect.Effect<Reading> =>
  Effect.gen(function*() {
    const { run: context } = stream
    const { readAhead } = context
    /** It has no capacity, so that an offer ends when the page is taken, and the next one is fetched from then on. */
    const pages = yield* Mailbox.make<Page>({ capacity: 0 })
    const failure = yield* Deferred.make<never, KinesisError>()
    let outcome: ShardOutcome | undefined
    const shard = shardOf(lease, origin, onReady, yield* hashKeyRangeOf(stream, lease), (ended) => {
      outcome = ended
    })
    const offer = (page: Page) =>
      Effect.onInterrupt(pages.offer(page), () => Effect.sync(() => readAhead.handedOn(page)))
    const reading = Drive.drive(context, shard, Poller.make(context, shard), offer).pipe(
      Effect.catchAll((error) => Deferred.fail(failure, error)),
      Effect.catchAllDefect((defect) => Effect.zipRight(Deferred.die(failure, defect), Effect.never)),
      Effect.ensuring(Effect.sync(() => {
        if (outcome !== undefined) pages.unsafeDone(Exit.void)
      }))
    )
    const fiber = yield* Effect.fork(reading)
    return {
      take: Effect.matchEffect(pages.take, {
        onSuccess: (page) => Effect.sync(() => (readAhead.handedOn(page), page)),
        onFailure: () => Effect.fail(Option.none())
      }),
      failed: Deferred.await(failure),
      stop: Effect.gen(function*() {
        fiber.unsafeInterruptAsFork(fiber.id())
        const waiting = yield* Effect.exit(pages.clear)
        if (Exit.isSuccess(waiting)) { for (const page of waiting.value) readAhead.handedOn(page) }
        yield* pages.shutdown
      }),
      end: () => outcome
    }
  }).pipe(
    Effect.annotateLogs({
      package: "effect-kinesis",
      module: "Consumer",
      stream: stream.name,
      shardId: lease.shardId
    })
  )

/** The lease's own range, or, if the lease was written without one, looked up once when it is needed. */
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
  onReady: Effect.Effect<void>,
  hashKeyRange: ShardToRead["hashKeyRange"],
  ended: (outcome: ShardOutcome) => void
): ShardToRead => ({
  shardId,
  origin,
  because: PollState.isSequence(origin)
    ? "stored"
    : parentShardIds.length > 0 && origin._tag === "TrimHorizon"
    ? "parent"
    : "start",
  closed: false,
  hashKeyRange,
  skew: { millis: 0 },
  onReady,
  onEnd: (outcome) => Effect.sync(() => ended(outcome))
})
