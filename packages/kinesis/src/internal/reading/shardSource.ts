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
  ResourceNotFound,
  ServiceUnavailable
} from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import * as Position from "../../Position.js"
import * as UserRecords from "../record/userRecords.js"
import * as PollState from "../shard/pollState.js"
import * as ReadPacing from "../shard/readPacing.js"
import * as ServerClock from "../shard/serverClock.js"
import * as StopRule from "../shard/stopRule.js"
import * as Calls from "./calls.js"
import * as ListShards from "./listShards.js"
import type * as ReadAhead from "./readAhead.js"
import type { Settings } from "./settings.js"
import * as Tracing from "./tracing.js"

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
  readonly readAhead: ReadAhead.ReadAhead
  /** By how much this clock was found to be ahead of the service's, for positions that come from the run's start. */
  readonly skew: ServerClock.Skew
  /** Whether any read was answered, and what the last one failed with: a run without an answer is an outage. */
  readonly outage: { answered: boolean; last: KinesisError | undefined }
}

export const makeRun = (
  client: Service,
  settings: Settings,
  emit: Calls.Emit,
  readAhead: ReadAhead.ReadAhead
): Effect.Effect<Run> =>
  Effect.map(Calls.monotonicMillis, (now) => ({
    client,
    settings,
    emit,
    deadline: settings.until._tag === "Elapsed" ? now + settings.until.millis : Infinity,
    progress: StopRule.begin(now),
    readAhead,
    skew: { millis: 0 },
    outage: { answered: false, last: undefined }
  }))

export interface Shard {
  readonly shardId: string
  readonly origin: Position.Position
  readonly because: "stored" | "start" | "parent"
  /** Known to be closed when reading began. */
  readonly closed: boolean
  /** The hash keys that the shard takes, asked for when an aggregate comes. */
  readonly hashKeyRange: Effect.Effect<HashKeyRange | undefined, KinesisError>
  /** By how much this clock is ahead of the one that the origin goes by. */
  readonly skew: ServerClock.Skew
  /** Runs when the first iterator has come. */
  readonly onReady: Effect.Effect<void>
  /** Runs before the stream ends, unless reading was stopped before the shard's end. */
  readonly onEnd: (end: ShardEnd) => Effect.Effect<void, KinesisError>
}

/** The pages of a shard. Each run of the stream reads anew. */
export const make = (run: Run, shard: Shard): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.gen(function*() {
    const now = yield* Calls.monotonicMillis
    StopRule.shardStarted(run.progress, shard.shardId)
    const { because, origin, shardId } = shard
    yield* run.emit(KinesisEvent.ShardStarted({ shardId, from: origin, because }))
    yield* Effect.logDebug(`${run.settings.stream}/${shardId} begins at ${Position.format(origin)} (${because})`)
    if (run.deadline === Infinity) return Stream.repeatEffectOption(poll(run, shard))
    let cameToEnd = false
    const onEnd: Shard["onEnd"] = (end) => {
      cameToEnd = true
      return shard.onEnd(end)
    }
    return Stream.repeatEffectOption(poll(run, { ...shard, onEnd })).pipe(
      Stream.interruptAfter(Math.max(0, run.deadline - now)),
      Stream.concat(Stream.suspend(() => cameToEnd ? Stream.empty : outageOf(run)))
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
  { closed, hashKeyRange, onEnd, onReady, origin, shardId, skew }: Shard
): Effect.Effect<Page, Option.Option<KinesisError>> => {
  const { client, emit, outage, progress, settings } = run
  const { stream, until } = settings
  const retrying = Calls.retrying(settings, emit)
  let state = PollState.start(origin)
  let readableAt = -Infinity
  let childShards: ReadonlyArray<ChildShard> = []
  let broughtRecords = false
  let handedOn: StopRule.PageFacts | undefined
  let begun = false
  let lastBytes = 0
  let retentionChecked = false

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

  const span = Tracing.getRecords(stream, shardId)

  const isListed: Effect.Effect<boolean, KinesisError> = Effect.map(
    Effect.suspend(() => ListShards.all(client, stream, { type: "FROM_TRIM_HORIZON" }, retrying)),
    (shards) => shards.some((shard) => shard.shardId === shardId)
  )

  const getShardIterator = (
    position: Position.Startable,
    corrected = false
  ): Effect.Effect<void, KinesisError> =>
    Effect.suspend(() => {
      let aheadBy = 0
      let sent = position
      const ask = Effect.suspend(() => {
        aheadBy = skew.millis
        sent = ServerClock.shift(position, aheadBy)
        return calling(client.getShardIterator({ stream, shardId, position: sent }))
      })
      return retrying(ask).pipe(
        Effect.zipWith(Calls.monotonicMillis, ({ shardIterator }, at) => {
          state = PollState.step(PollState.corrected(state, sent), { _tag: "IteratorReceived", shardIterator, at })
        }),
        Effect.catchTag("InvalidArgument", (error) =>
          isSequence(position)
            ? onTrimmed(position, error.description, state.lastSequenceNumber)
            : corrected
            ? Effect.fail(error)
            : Effect.zipRight(correctClock(sent, aheadBy, error), getShardIterator(position, true)))
      )
    })

  /** The position has left retention, or is of a stream that had this name before. */
  const onTrimmed = (
    position: Position.Position,
    reason: string,
    floor: string | undefined
  ): Effect.Effect<void, KinesisError> =>
    Effect.gen(function*() {
      yield* emit(KinesisEvent.DataLossPossible({ shardId, position, reason }))
      if (settings.onTrimmed === "fail") {
        const description = `${Position.format(position)} has left retention: ${reason}`
        return yield* new ResourceNotFound({ operation: "GetShardIterator", stream, description })
      }
      yield* Effect.logWarning(
        `${stream}/${shardId}: ${Position.format(position)} has left retention; going on from the oldest record`
      )
      state = PollState.step(state, { _tag: "PositionTrimmed", floor })
    })

  /** A stored position whose shard is behind by the whole retention and brings nothing lies before the oldest record. */
  const checkRetention = (page: Page): Effect.Effect<void, KinesisError> =>
    Effect.gen(function*() {
      const isSuspect = !retentionChecked && state.lastSequenceNumber === undefined && isSequence(state.origin) &&
        page.millisBehindLatest >= leastRetentionMillis
      if (!isSuspect) return
      retentionChecked = true
      const { retentionPeriodHours } = yield* retrying(client.describeStreamSummary({ stream }))
      if (page.millisBehindLatest < retentionPeriodHours * hourMillis * 0.99) return
      const reason = `${Math.round(page.millisBehindLatest / hourMillis)} hours behind without a record`
      const floor = "sequenceNumber" in state.origin ? state.origin.sequenceNumber : undefined
      yield* onTrimmed(state.origin, reason, floor)
    }).pipe(Effect.catchTag("AccessDenied", () => Effect.void))

  const correctClock = (sent: Position.Startable, aheadBy: number, refusal: InvalidArgument) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const skewMillis = ServerClock.skewMillis(refusal.description, sent, now)
      if (skewMillis === undefined) return Effect.fail(refusal)
      if (skew.millis !== aheadBy) return Effect.void
      skew.millis += skewMillis
      return emit(KinesisEvent.ClockAhead({ skewMillis }))
    })

  /** The next page, when the shard may be read again and there is room for one. */
  const getPage = (shardIterator: string): Effect.Effect<Page, KinesisError | ExpiredIterator> =>
    Effect.gen(function*() {
      const wait = readableAt - (yield* Calls.monotonicMillis)
      if (wait > 0) yield* Effect.sleep(wait)
      const { bytes, page } = yield* run.readAhead.fetching(lastBytes, getRecords(shardIterator))
      lastBytes = bytes
      return page
    }).pipe(retrying)

  const getRecords = (shardIterator: string): Effect.Effect<ReadAhead.Fetched, KinesisError | ExpiredIterator> =>
    Effect.gen(function*() {
      const askedAt = yield* Calls.monotonicMillis
      const askedAtServer = (yield* Clock.currentTimeMillis) - run.skew.millis
      readableAt = askedAt + settings.pollIntervalMillis
      const answer = yield* calling(
        client.getRecords({ stream, shardId, shardIterator, limit: settings.maxRecords })
      ).pipe(span)
      outage.answered = true
      const { millisBehindLatest } = answer
      const last = answer.records.at(-1)
      const bytes = bytesOf(answer.records)
      const lastArrival = last?.approximateArrivalTimestamp?.getTime()
      readableAt = ReadPacing.nextCallAt(settings, { calledAt: askedAt, bytes, millisBehindLatest })
      const records = PollState.unread(state, yield* userRecords(answer.records))
      childShards = answer.childShards
      broughtRecords ||= last !== undefined
      state = PollState.step(state, {
        _tag: "PageReceived",
        lastSequenceNumber: last?.sequenceNumber,
        nextShardIterator: answer.nextShardIterator,
        at: yield* Calls.monotonicMillis
      })
      handedOn = {
        shardId,
        records: records.length,
        millisBehindLatest,
        closed: closed || state.closed,
        lastArrival,
        askedAt,
        askedAtServer
      }
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
      const position = PollState.position(state)
      return { bytes, page: { shardId, records, millisBehindLatest, position, childShards: answer.childShards } }
    })

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

  const end = (lost: boolean): Effect.Effect<never, Option.Option<KinesisError>> => {
    if (lost) outage.last = undefined
    return emit(
      lost
        ? KinesisEvent.ShardLost({ shardId, position: PollState.position(state) })
        : KinesisEvent.ShardEnded({ shardId, childShards: childShards.map((child) => child.shardId) })
    ).pipe(
      Effect.zipRight(Effect.mapError(onEnd({ lost, childShards, broughtRecords }), Option.some)),
      Effect.zipRight(Effect.fail(Option.none()))
    )
  }

  const next: Effect.Effect<Page, Option.Option<KinesisError>> = Effect.flatMap(Calls.monotonicMillis, (now) => {
    const command = PollState.command(state, now)
    switch (command._tag) {
      case "End":
        return end(false)
      case "GetShardIterator":
        return getShardIterator(command.position).pipe(
          Effect.mapError(Option.some),
          Effect.flatMap(() => {
            const isFirst = !begun
            begun = true
            return Effect.zipRight(isFirst ? onReady : Effect.void, next)
          })
        )
      case "GetRecords":
        return getPage(command.shardIterator).pipe(
          Effect.tap(checkRetention),
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
      const isReached = StopRule.pageHandedOn(until, progress, page, now)
      if (isReached && !state.closed && !(closed && StopRule.isByTip(until, page))) {
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

const isSequence = (position: Position.Position): boolean =>
  position._tag === "AtSequenceNumber" || position._tag === "AfterSequenceNumber"

const hourMillis = 3_600_000
const leastRetentionMillis = 23 * hourMillis

const bytesOf = (records: ReadonlyArray<KinesisRecord>): number => {
  let bytes = 0
  for (const record of records) bytes += record.data.byteLength + record.partitionKey.length
  return bytes
}
