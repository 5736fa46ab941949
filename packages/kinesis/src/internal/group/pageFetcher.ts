import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { Page } from "../../Page.js"
import type { Startable } from "../../Position.js"
import * as Poller from "../reading/poller.js"
import * as StopRule from "../shard/stopRule.js"
import type { GroupStream } from "./streams.js"

/** One reading of a shard: a fiber that fetches, one page ahead of whoever takes them. */
export interface Reading {
  /** The next page; none when there are no more, or when reading was stopped. */
  readonly take: Effect.Effect<Page, Option.Option<never>>
  /** Fails when the shard cannot be read. */
  readonly failed: Effect.Effect<never, KinesisError>
  /** Fetches nothing more; a page that waits is dropped. */
  readonly stop: Effect.Effect<void>
  /** How the shard came to its end, if it has. */
  readonly end: () => Poller.ShardEnd | undefined
}

export const start = (
  { emit, name, run, ...stream }: GroupStream,
  lease: Lease,
  origin: Startable,
  onReady: Effect.Effect<void>
): Effect.Effect<Reading> =>
  Effect.gen(function*() {
    const { shardId } = lease
    const pages = yield* Mailbox.make<Page>({ capacity: 1 })
    const failure = yield* Deferred.make<never, KinesisError>()
    const room = yield* Effect.makeSemaphore(1)
    let end: Poller.ShardEnd | undefined
    const hashKeyRange = lease.hashKeyRange === undefined
      ? yield* Effect.cached(
        Effect.map(
          run.retrying(stream.listShards("trim-horizon")),
          (shards) => shards.find((shard) => shard.shardId === shardId)?.hashKeyRange
        )
      )
      : Effect.succeed(lease.hashKeyRange)
    const isStored = origin._tag === "AtSequenceNumber" || origin._tag === "AfterSequenceNumber"
    const because = isStored
      ? "stored"
      : lease.parentShardIds.length > 0 && origin._tag === "TrimHorizon"
      ? "parent"
      : "start"
    const { leave, poll } = Poller.make(run, {
      shardId,
      origin,
      because,
      closed: false,
      hashKeyRange,
      skew: { millis: 0 },
      onReady,
      onEnd: (ended) =>
        Effect.sync(() => {
          end = ended
        })
    })
    let left = true
    const fetch = Effect.zipRight(
      room.take(1),
      Effect.matchEffect(poll, {
        onSuccess: (page) => Effect.sync(() => void pages.unsafeOffer(page)),
        onFailure: Option.match({
          onNone: () =>
            Effect.sync(() => {
              left = false
            }),
          onSome: (error) => {
            left = false
            return Effect.asVoid(Deferred.fail(failure, error))
          }
        })
      })
    )
    const reading = Effect.gen(function*() {
      StopRule.shardStarted(run.progress, shardId)
      yield* emit(KinesisEvent.ShardStarted({ shardId, from: origin, because }))
      yield* Effect.whileLoop({ while: () => left, body: () => fetch, step: () => undefined })
    }).pipe(
      Effect.catchAllDefect((defect) => Effect.zipRight(Deferred.die(failure, defect), Effect.never)),
      Effect.ensuring(Effect.sync(() => {
        leave()
        StopRule.shardLeft(run.progress, shardId)
        if (end !== undefined) pages.unsafeDone(Exit.void)
      }))
    )
    const fiber: Fiber.RuntimeFiber<void> = yield* Effect.fork(reading)
    return {
      take: Effect.matchEffect(pages.take, {
        onSuccess: (page) => {
          run.readAhead.handedOn(page)
          return Effect.as(room.release(1), page)
        },
        onFailure: () => Effect.fail(Option.none())
      }),
      failed: Deferred.await(failure),
      stop: Effect.gen(function*() {
        fiber.unsafeInterruptAsFork(fiber.id())
        const waiting = yield* Effect.exit(pages.clear)
        if (Exit.isSuccess(waiting)) { for (const page of waiting.value) run.readAhead.handedOn(page) }
        yield* pages.shutdown
      }),
      end: () => end
    }
  }).pipe(Effect.annotateLogs({ package: "effect-kinesis", module: "Consumer", stream: name, shardId: lease.shardId }))
