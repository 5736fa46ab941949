import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ChildShard, GetRecordsResponse } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import type { ExpiredIterator, InvalidArgument, KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import type { Position, Startable } from "../../Position.js"
import * as PollState from "../shard/pollState.js"
import * as ReadPacing from "../shard/readPacing.js"
import * as ServerClock from "../shard/serverClock.js"
import * as StopRule from "../shard/stopRule.js"
import * as Calls from "./calls.js"
import type { Settings } from "./settings.js"

/** How the reading of a shard came to its end: everything was handed on, or the shard has left retention. */
export interface ShardEnd {
  readonly lost: boolean
  readonly childShards: ReadonlyArray<ChildShard>
  readonly broughtRecords: boolean
}

/** One shard of a run, with what the run's shards share. */
export interface ShardRun {
  readonly client: Service
  readonly settings: Settings
  readonly emit: Calls.Emit
  readonly shardId: string
  readonly origin: Position
  /** On the monotonic clock. */
  readonly deadline: number
  readonly progress: StopRule.Progress
  /** By how much this clock was found to be ahead of the service's. */
  readonly skew: { millis: number }
  /** Runs before the stream ends, unless reading was stopped before the shard's end. */
  readonly onEnd: (end: ShardEnd) => Effect.Effect<void>
}

/** The pages of a shard. Each run of the stream reads anew. */
export const make = (run: ShardRun): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.gen(function*() {
    const now = yield* Calls.monotonicMillis
    StopRule.shardStarted(run.progress, run.shardId)
    yield* run.emit(KinesisEvent.ShardStarted({ shardId: run.shardId, from: run.origin }))
    const pages = Stream.repeatEffectOption(poll(run))
    return run.deadline === Infinity ? pages : Stream.interruptAfter(pages, Math.max(0, run.deadline - now))
  })).pipe(
    Stream.ensuring(Effect.sync(() => StopRule.shardLeft(run.progress, run.shardId)))
  )

/** An effect that gives the next page each time it runs, and `None` at the end: `PollState` decides, this acts. */
const poll = (run: ShardRun): Effect.Effect<Page, Option.Option<KinesisError>> => {
  const { client, emit, progress, settings, shardId, skew } = run
  const { stream, until } = settings
  const retrying = Calls.retrying(settings, emit)
  let state = PollState.start(run.origin)
  let readableAt = -Infinity
  let childShards: ReadonlyArray<ChildShard> = []
  let broughtRecords = false
  let handedOn: StopRule.PageFacts | undefined

  const getShardIterator = (
    position: Startable,
    corrected = false
  ): Effect.Effect<string | undefined, KinesisError> =>
    Effect.suspend(() => {
      const aheadBy = skew.millis
      const call = client.getShardIterator({ stream, shardId, position: ServerClock.shift(position, aheadBy) })
      return retrying(call).pipe(
        Effect.map((answer) => answer.shardIterator),
        Effect.catchTag("InvalidArgument", (error) =>
          corrected
            ? Effect.fail(error)
            : Effect.zipRight(correctClock(position, aheadBy, error), getShardIterator(position, true)))
      )
    })

  const correctClock = (position: Startable, aheadBy: number, refusal: InvalidArgument) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const skewMillis = ServerClock.skewMillis(refusal.description, ServerClock.shift(position, aheadBy), now)
      if (skewMillis === undefined) return Effect.fail(refusal)
      if (skew.millis !== aheadBy) return Effect.void
      skew.millis += skewMillis
      return emit(KinesisEvent.ClockAhead({ skewMillis }))
    })

  const getRecords = (shardIterator: string): Effect.Effect<GetRecordsResponse, KinesisError | ExpiredIterator> =>
    Effect.gen(function*() {
      const wait = readableAt - (yield* Calls.monotonicMillis)
      if (wait > 0) yield* Effect.sleep(wait)
      const calledAt = yield* Calls.monotonicMillis
      readableAt = calledAt + settings.pollIntervalMillis
      const answer = yield* client.getRecords({ stream, shardId, shardIterator, limit: settings.maxRecords })
      const { millisBehindLatest, records } = answer
      const bytes = bytesOf(records)
      readableAt = ReadPacing.nextCallAt(settings, { calledAt, bytes, millisBehindLatest })
      handedOn = {
        shardId,
        records: records.length,
        millisBehindLatest,
        lastArrival: records.at(-1)?.approximateArrivalTimestamp?.getTime()
      }
      childShards = answer.childShards
      broughtRecords ||= records.length > 0
      state = PollState.step(state, {
        _tag: "PageReceived",
        lastSequenceNumber: records.at(-1)?.sequenceNumber,
        nextShardIterator: answer.nextShardIterator
      })
      StopRule.pageRead(progress, handedOn, (yield* Clock.currentTimeMillis) - skew.millis)
      yield* emit(
        KinesisEvent.PageRead({
          shardId,
          records: records.length,
          bytes,
          millisBehindLatest,
          position: PollState.position(state)
        })
      )
      return answer
    }).pipe(retrying)

  const end = (lost: boolean): Effect.Effect<never, Option.Option<never>> =>
    emit(
      lost
        ? KinesisEvent.ShardLost({ shardId, position: PollState.position(state) })
        : KinesisEvent.ShardEnded({ shardId, childShards: childShards.map((child) => child.shardId) })
    ).pipe(
      Effect.zipRight(run.onEnd({ lost, childShards, broughtRecords })),
      Effect.zipRight(Effect.fail(Option.none()))
    )

  /** A shard that is not found in a stream that is there has left retention. */
  const endIfStreamExists = retrying(client.listShards({ stream, maxResults: 1 })).pipe(
    Effect.catchTag("ExpiredListToken", () => Effect.void),
    Effect.mapError(Option.some),
    Effect.zipRight(Effect.suspend(() => end(true)))
  )

  const next: Effect.Effect<Page, Option.Option<KinesisError>> = Effect.suspend(() => {
    const command = PollState.command(state)
    switch (command._tag) {
      case "End":
        return end(false)
      case "GetShardIterator":
        return getShardIterator(command.position).pipe(
          Effect.mapError(Option.some),
          Effect.flatMap((shardIterator) => {
            state = PollState.step(state, { _tag: "IteratorReceived", shardIterator })
            return next
          })
        )
      case "GetRecords":
        return getRecords(command.shardIterator).pipe(
          Effect.map((answer): Page => ({
            shardId,
            records: answer.records,
            millisBehindLatest: answer.millisBehindLatest,
            position: PollState.position(state),
            childShards: answer.childShards
          })),
          Effect.catchAll((error) => {
            if (error._tag !== "ExpiredIterator") return Effect.fail(Option.some(error))
            state = PollState.step(state, { _tag: "IteratorExpired" })
            const resumedAt = PollState.position(state)
            return Effect.zipRight(emit(KinesisEvent.IteratorExpired({ shardId, resumedAt })), next)
          })
        )
    }
  })

  return Effect.gen(function*() {
    if (handedOn !== undefined) {
      const page = handedOn
      handedOn = undefined
      const now = (yield* Clock.currentTimeMillis) - skew.millis
      if (StopRule.pageHandedOn(until, progress, page, now) && !state.closed) {
        return yield* Effect.fail(Option.none())
      }
    }
    return yield* next
  }).pipe(
    Effect.catchIf(
      (error) => Option.isSome(error) && error.value._tag === "ResourceNotFound",
      () => endIfStreamExists
    )
  )
}

const bytesOf = (records: ReadonlyArray<KinesisRecord>): number => {
  let bytes = 0
  for (const record of records) bytes += record.data.byteLength + record.partitionKey.length
  return bytes
}
