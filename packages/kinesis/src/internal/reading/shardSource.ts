import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ChildShard, HashKeyRange } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import {
  type ExpiredIterator,
  type InvalidArgument,
  type KinesisError,
  type ResourceNotFound,
  ServiceUnavailable
} from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import type { Position, Startable } from "../../Position.js"
import * as UserRecords from "../record/userRecords.js"
import * as PollState from "../shard/pollState.js"
import * as ReadPacing from "../shard/readPacing.js"
import * as ServerClock from "../shard/serverClock.js"
import * as StopRule from "../shard/stopRule.js"
import * as Calls from "./calls.js"
import * as ListShards from "./listShards.js"
import type { Settings } from "./settings.js"

/** How the reading of a shard came to its end: everything was handed on, or the shard has left retention. */
export interface ShardEnd {
  readonly lost: boolean
  readonly childShards: ReadonlyArray<ChildShard>
  readonly broughtRecords: boolean
}

/** What the shards of a run share. */
export interface Run {
  readonly client: Service
  readonly settings: Settings
  readonly emit: Calls.Emit
  /** On the monotonic clock. */
  readonly deadline: number
  readonly progress: StopRule.Progress
  /** By how much this clock was found to be ahead of the service's, for positions that come from the run's start. */
  readonly skew: ServerClock.Skew
  /** Whether any read was answered, and what the last one failed with: a run without an answer is an outage. */
  readonly outage: { answered: boolean; last: KinesisError | undefined }
}

export const makeRun = (client: Service, settings: Settings, emit: Calls.Emit): Effect.Effect<Run> =>
  Effect.map(Calls.monotonicMillis, (now) => ({
    client,
    settings,
    emit,
    deadline: settings.until._tag === "Elapsed" ? now + settings.until.millis : Infinity,
    progress: StopRule.begin(now),
    skew: { millis: 0 },
    outage: { answered: false, last: undefined }
  }))

export interface Shard {
  readonly shardId: string
  readonly origin: Position
  /** The hash keys that the shard takes, asked for when an aggregate comes. */
  readonly hashKeyRange: Effect.Effect<HashKeyRange | undefined, KinesisError>
  /** By how much this clock is ahead of the one that the origin goes by. */
  readonly skew: ServerClock.Skew
  /** Runs before the stream ends, unless reading was stopped before the shard's end. */
  readonly onEnd: (end: ShardEnd) => Effect.Effect<void, KinesisError>
}

/** The pages of a shard. Each run of the stream reads anew. */
export const make = (run: Run, shard: Shard): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.gen(function*() {
    const now = yield* Calls.monotonicMillis
    StopRule.shardStarted(run.progress, shard.shardId)
    yield* run.emit(KinesisEvent.ShardStarted({ shardId: shard.shardId, from: shard.origin }))
    const pages = Stream.repeatEffectOption(poll(run, shard))
    return run.deadline === Infinity
      ? pages
      : Stream.concat(
        Stream.interruptAfter(pages, Math.max(0, run.deadline - now)),
        Stream.suspend(() => outageOf(run))
      )
  })).pipe(
    Stream.catchAllCause((cause) => Stream.failCause(Calls.interruptionAsDefect(cause))),
    Stream.ensuring(Effect.sync(() => StopRule.shardLeft(run.progress, shard.shardId)))
  )

/** A run that ends without a single answer was an outage, not an empty stream. */
const outageOf = ({ outage }: Run): Stream.Stream<never, KinesisError> =>
  outage.answered || outage.last === undefined ? Stream.empty : Stream.fail(outage.last)

/** An effect that gives the next page each time it runs, and `None` at the end: `PollState` decides, this acts. */
const poll = (
  run: Run,
  { hashKeyRange, onEnd, origin, shardId, skew }: Shard
): Effect.Effect<Page, Option.Option<KinesisError>> => {
  const { client, emit, outage, progress, settings } = run
  const { stream, until } = settings
  const retrying = Calls.retrying(settings, emit)
  let state = PollState.start(origin)
  let readableAt = -Infinity
  let childShards: ReadonlyArray<ChildShard> = []
  let broughtRecords = false
  let handedOn: StopRule.PageFacts | undefined

  /** A call about the shard. One that is not found although it is listed will be found again. */
  const calling = <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E | KinesisError>) =>
    call.pipe(
      Effect.catchIf(
        (error): error is Extract<E | KinesisError, ResourceNotFound> => error._tag === "ResourceNotFound",
        (error) => Effect.flatMap(isListed, (listed) => Effect.fail(listed ? stillListed(error) : error))
      ),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (error._tag !== "ExpiredIterator") outage.last = error as KinesisError
        })
      )
    )

  const isListed: Effect.Effect<boolean, KinesisError> = Effect.map(
    Effect.suspend(() => ListShards.all(client, stream, { type: "FROM_TRIM_HORIZON" }, retrying)),
    (shards) => shards.some((shard) => shard.shardId === shardId)
  )

  const getShardIterator = (
    position: Startable,
    corrected = false
  ): Effect.Effect<string | undefined, KinesisError> =>
    Effect.suspend(() => {
      const aheadBy = skew.millis
      const sent = ServerClock.shift(position, aheadBy)
      return calling(client.getShardIterator({ stream, shardId, position: sent })).pipe(
        retrying,
        Effect.map((answer) => {
          state = PollState.corrected(state, sent)
          return answer.shardIterator
        }),
        Effect.catchTag("InvalidArgument", (error) =>
          corrected
            ? Effect.fail(error)
            : Effect.zipRight(correctClock(sent, aheadBy, error), getShardIterator(position, true)))
      )
    })

  const correctClock = (sent: Startable, aheadBy: number, refusal: InvalidArgument) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const skewMillis = ServerClock.skewMillis(refusal.description, sent, now)
      if (skewMillis === undefined) return Effect.fail(refusal)
      if (skew.millis !== aheadBy) return Effect.void
      skew.millis += skewMillis
      return emit(KinesisEvent.ClockAhead({ skewMillis }))
    })

  const getRecords = (shardIterator: string): Effect.Effect<Page, KinesisError | ExpiredIterator> =>
    Effect.gen(function*() {
      const wait = readableAt - (yield* Calls.monotonicMillis)
      if (wait > 0) yield* Effect.sleep(wait)
      const askedAt = yield* Calls.monotonicMillis
      const askedAtServer = (yield* Clock.currentTimeMillis) - run.skew.millis
      readableAt = askedAt + settings.pollIntervalMillis
      const answer = yield* calling(
        client.getRecords({ stream, shardId, shardIterator, limit: settings.maxRecords })
      )
      outage.answered = true
      const { millisBehindLatest } = answer
      const last = answer.records.at(-1)
      const bytes = bytesOf(answer.records)
      const lastArrival = last?.approximateArrivalTimestamp?.getTime()
      readableAt = ReadPacing.nextCallAt(settings, { calledAt: askedAt, bytes, millisBehindLatest })
      const records = PollState.afterOrigin(state, yield* userRecords(answer.records))
      handedOn = { shardId, records: records.length, millisBehindLatest, lastArrival, askedAt, askedAtServer }
      childShards = answer.childShards
      broughtRecords ||= last !== undefined
      state = PollState.step(state, {
        _tag: "PageReceived",
        lastSequenceNumber: last?.sequenceNumber,
        nextShardIterator: answer.nextShardIterator
      })
      StopRule.pageRead(progress, handedOn)
      yield* emit(
        KinesisEvent.PageRead({
          shardId,
          records: records.length,
          bytes,
          millisBehindLatest,
          position: PollState.position(state)
        })
      )
      return {
        shardId,
        records,
        millisBehindLatest,
        position: PollState.position(state),
        childShards: answer.childShards
      }
    }).pipe(retrying)

  const userRecords = (records: ReadonlyArray<KinesisRecord>) =>
    Effect.gen(function*() {
      if (!settings.deaggregate || !UserRecords.hasAggregates(records)) return records
      const expanded = UserRecords.expand(records, yield* hashKeyRange, settings.outsideRange)
      if (expanded.malformed > 0) {
        yield* emit(KinesisEvent.MalformedAggregates({ shardId, count: expanded.malformed }))
      }
      if (expanded.outside > 0) yield* emit(KinesisEvent.RecordsOutsideShard({ shardId, count: expanded.outside }))
      return expanded.records
    })

  const end = (lost: boolean): Effect.Effect<never, Option.Option<KinesisError>> =>
    emit(
      lost
        ? KinesisEvent.ShardLost({ shardId, position: PollState.position(state) })
        : KinesisEvent.ShardEnded({ shardId, childShards: childShards.map((child) => child.shardId) })
    ).pipe(
      Effect.zipRight(Effect.mapError(onEnd({ lost, childShards, broughtRecords }), Option.some)),
      Effect.zipRight(Effect.fail(Option.none()))
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
      const now = yield* Calls.monotonicMillis
      if (StopRule.pageHandedOn(until, progress, page, now) && !state.closed) {
        return yield* Effect.fail(Option.none())
      }
    }
    return yield* next
  }).pipe(
    Effect.catchIf(
      (error) => isShardNotFound(error, shardId),
      () => end(true)
    )
  )
}

/** Not found and not listed, though the stream is: the shard has left retention. */
const isShardNotFound = (error: Option.Option<KinesisError>, shardId: string): boolean =>
  Option.isSome(error) && error.value._tag === "ResourceNotFound" && error.value.shardId === shardId

const stillListed = ({ cause, description, operation, shardId, stream }: ResourceNotFound) =>
  new ServiceUnavailable({
    operation,
    stream,
    shardId,
    description: `not found, though it is listed: ${description}`,
    cause
  })

const bytesOf = (records: ReadonlyArray<KinesisRecord>): number => {
  let bytes = 0
  for (const record of records) bytes += record.data.byteLength + record.partitionKey.length
  return bytes
}
