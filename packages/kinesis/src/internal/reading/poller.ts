import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { ChildShard, GetRecordsResponse, HashKeyRange } from "../../KinesisApi.js"
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
import * as Aggregates from "./aggregates.js"
import type { ReadContext } from "./context.js"
import * as EndProof from "./endProof.js"
import * as ListShards from "./listShards.js"
import type * as ReadAhead from "./readAhead.js"
import * as Retry from "./retry.js"
import * as Tracing from "./tracing.js"

/** How the reading of a shard came to its end: everything was handed on, or the shard has left retention. */
export interface ShardEnd {
  readonly lost: boolean
  readonly childShards: ReadonlyArray<ChildShard>
  readonly broughtRecords: boolean
}

/** A shard that is to be read. */
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

export interface Poller {
  /** Gives the shard's next page each time it runs, and fails with `None` at the end. */
  readonly poll: Effect.Effect<Page, Option.Option<KinesisError>>
  /** Gives back what an interrupted poll holds. */
  readonly leave: () => void
}

/** `PollState` decides, this acts. The way of a page that comes as it should is kept short. */
export const make = (
  run: ReadContext,
  { closed, hashKeyRange, onEnd, onReady, origin, shardId, skew }: Shard
): Poller => {
  const { client, emit, epochMillis, isTraced, monotonicMillis, outage, progress, settings } = run
  const { stream, until } = settings
  const { retrying } = run
  const readAhead = run.readAhead.forShard()
  const proof = EndProof.make(run, shardId)
  let state = PollState.start(origin, closed)
  let readableAt = -Infinity
  let childShards: ReadonlyArray<ChildShard> = []
  let broughtRecords = false
  let handedOn: StopRule.PageFacts | undefined
  let begun = false
  let retentionChecked = false

  /** The call that it is about waits for the stream. */
  const unlessInUse = Retry.retrying({ ...settings, resourceRetry: Schedule.stop }, emit)

  /** A call about the shard. One that is not found although it is listed will be found again. */
  const calling = <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E | KinesisError>) =>
    Effect.catchAll(call, (error): Effect.Effect<never, E | KinesisError> =>
      error._tag === "ResourceNotFound"
        ? Effect.flatMap(isListed, (listed) => failing(listed ? stillListed(error as ResourceNotFound) : error))
        : failing(error))

  const failing = <E extends { readonly _tag: string }>(error: E): Effect.Effect<never, E> => {
    if (error._tag !== "ExpiredIterator") outage.last = error as never
    return Effect.fail(error)
  }

  const isListed: Effect.Effect<boolean, KinesisError> = Effect.map(
    Effect.suspend(() => ListShards.all(client, stream, { type: "FROM_TRIM_HORIZON" }, unlessInUse)),
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
        return calling(Effect.filterOrFail(
          client.getShardIterator({ stream, shardId, position: sent }),
          ({ shardIterator }) => typeof shardIterator === "string" && shardIterator !== "",
          () => lacking("GetShardIterator", "has no iterator")
        ))
      })
      return retrying(ask).pipe(
        Effect.map(({ shardIterator }) => {
          const at = monotonicMillis()
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
  const isSuspect = (page: Page): boolean =>
    !retentionChecked && page.millisBehindLatest !== undefined && page.millisBehindLatest >= leastRetentionMillis &&
    state.lastSequenceNumber === undefined &&
    isSequence(state.origin)

  const checkRetention = (page: Page): Effect.Effect<void, KinesisError> =>
    Effect.gen(function*() {
      retentionChecked = true
      const { millisBehindLatest = 0 } = page
      const { retentionPeriodHours } = yield* retrying(client.describeStreamSummary({ stream }))
      if (millisBehindLatest < retentionPeriodHours * hourMillis * 0.99) return
      const reason = `${Math.round(millisBehindLatest / hourMillis)} hours behind without a record`
      const floor = "sequenceNumber" in state.origin ? state.origin.sequenceNumber : undefined
      yield* onTrimmed(state.origin, reason, floor)
    }).pipe(Effect.catchTag("AccessDenied", () => Effect.void))

  const correctClock = (sent: Position.Startable, aheadBy: number, refusal: InvalidArgument) =>
    Effect.suspend(() => {
      const skewMillis = ServerClock.skewMillis(refusal.description, sent, epochMillis())
      if (skewMillis === undefined) return Effect.fail(refusal)
      if (skew.millis !== aheadBy) return Effect.void
      skew.millis += skewMillis
      return emit(KinesisEvent.ClockAhead({ skewMillis }))
    })

  const lacking = (operation: string, what: string) =>
    new ServiceUnavailable({ operation, stream, shardId, description: `the answer ${what}` })

  const getRecords: Effect.Effect<ReadAhead.Fetched, Failure> = Effect.suspend(() => {
    const askedAt = monotonicMillis()
    const askedAtServer = epochMillis() - run.skew.millis
    readableAt = askedAt + settings.pollIntervalMillis
    const request = { stream, shardId, shardIterator: state.shardIterator!, limit: settings.maxRecords }
    const call = calling(client.getRecords(request))
    return Effect.flatMap(
      isTraced ? Tracing.getRecords(stream, shardId)(call) : call,
      (answer) => received(answer, askedAt, askedAtServer)
    )
  })

  const received = (
    answer: GetRecordsResponse,
    askedAt: number,
    askedAtServer: number
  ): Effect.Effect<ReadAhead.Fetched, Failure> => {
    if (answer.records === undefined) return failing(lacking("GetRecords", "has no list of records"))
    const bytes = bytesOf(answer.records)
    readableAt = ReadPacing.nextCallAt(settings, {
      calledAt: askedAt,
      bytes,
      millisBehindLatest: answer.millisBehindLatest
    })
    return settings.deaggregate && UserRecords.hasAggregates(answer.records)
      ? Effect.flatMap(
        Aggregates.expand(run, shardId, hashKeyRange, answer.records),
        (records) => paged(answer, records, bytes, askedAt, askedAtServer)
      )
      : paged(answer, answer.records, bytes, askedAt, askedAtServer)
  }

  const paged = (
    answer: GetRecordsResponse,
    userRecords: ReadonlyArray<KinesisRecord>,
    bytes: number,
    askedAt: number,
    askedAtServer: number
  ): Effect.Effect<ReadAhead.Fetched, Unproven> => {
    const last = answer.records.at(-1)
    const { millisBehindLatest } = answer
    const records = PollState.unread(state, userRecords)
    childShards = answer.childShards ?? []
    broughtRecords ||= last !== undefined
    state = PollState.step(state, {
      _tag: "PageReceived",
      lastSequenceNumber: last?.sequenceNumber,
      nextShardIterator: answer.nextShardIterator,
      isParent: PollState.areChildren(childShards, shardId),
      millisBehindLatest,
      at: monotonicMillis()
    })
    if (state.doubt !== undefined) {
      readableAt = askedAt + settings.pollIntervalMillis
      return Effect.fail(unproven)
    }
    outage.answered = true
    proof.answered()
    handedOn = {
      shardId,
      records: records.length,
      millisBehindLatest,
      isAtTip: PollState.isAtTip(state, millisBehindLatest),
      closed: state.closed || state.ended,
      lastArrival: last?.approximateArrivalTimestamp?.getTime(),
      askedAt,
      askedAtServer
    }
    StopRule.pageRead(progress, handedOn)
    const position = PollState.position(state)
    const page = { shardId, records, millisBehindLatest, position, childShards }
    const pageRead = emit({ _tag: "PageRead", shardId, records: records.length, bytes, millisBehindLatest, position })
    const told = state.shardIterator === undefined && !state.ended
      ? Effect.zipRight(pageRead, iteratorMissing)
      : pageRead
    return told === Effect.void ? Effect.succeed({ bytes, page }) : Effect.as(told, { bytes, page })
  }

  /** A page, when there is room for one. */
  const fetch = readAhead.fetching(getRecords)

  /** The next page, when the shard may be read again. */
  const getPage = retrying(Effect.suspend(() => {
    const wait = readableAt - monotonicMillis()
    return wait > 0 ? Effect.zipRight(Effect.sleep(wait), fetch) : fetch
  }))

  const end = (lost: boolean): Effect.Effect<never, Option.Option<KinesisError>> => {
    if (lost) outage.last = undefined
    return emit(
      lost
        ? KinesisEvent.ShardLost({ shardId, position: PollState.position(state) })
        : KinesisEvent.ShardEnded({ shardId, childShards: childShards.map((child) => child.shardId) })
    ).pipe(
      Effect.zipRight(Effect.mapError(onEnd({ lost, childShards, broughtRecords }), Option.some)),
      Effect.zipRight(over)
    )
  }

  const ready = Effect.suspend(() => {
    const isFirst = !begun
    begun = true
    return isFirst ? onReady : Effect.void
  })

  const page: Effect.Effect<Page, Option.Option<KinesisError>> = Effect.matchEffect(getPage, {
    onSuccess: ({ page }) =>
      isSuspect(page) ? Effect.mapError(Effect.as(checkRetention(page), page), Option.some) : Effect.succeed(page),
    onFailure: (error) => {
      if (error._tag === "Unproven") return next
      if (error._tag !== "ExpiredIterator") return failed(error)
      state = PollState.step(state, { _tag: "IteratorExpired" })
      return Effect.zipRight(
        emit(KinesisEvent.IteratorExpired({ shardId, resumedAt: PollState.position(state) })),
        next
      )
    }
  })

  /** Not found and not listed, though the stream is: the shard has left retention. */
  const failed = (error: KinesisError): Effect.Effect<never, Option.Option<KinesisError>> =>
    error._tag === "ResourceNotFound" && error.shardId === shardId ? end(true) : Effect.fail(Option.some(error))

  const iteratorMissing = Effect.suspend(() =>
    emit(KinesisEvent.IteratorMissing({ shardId, resumedAt: PollState.position(state) }))
  )

  const wait: Effect.Effect<Page, Option.Option<KinesisError>> = Effect.suspend(() => {
    const failure = proof.failure()
    outage.last = failure
    return Effect.matchEffect(Effect.zipRight(iteratorMissing, proof.wait(failure)), {
      onSuccess: () => {
        state = PollState.step(state, { _tag: "Waited" })
        return next
      },
      onFailure: (error) => Effect.fail(Option.some(error))
    })
  })

  const next: Effect.Effect<Page, Option.Option<KinesisError>> = Effect.suspend(() => {
    const command = PollState.command(state, monotonicMillis())
    switch (command._tag) {
      case "GetRecords":
        return page
      case "GetShardIterator":
        return Effect.matchEffect(getShardIterator(command.position), {
          onSuccess: () => Effect.zipRight(ready, next),
          onFailure: failed
        })
      case "ListShards":
        return Effect.flatMap(proof.isOver, (isOver) => {
          state = PollState.step(state, { _tag: "Listed", isOver })
          return next
        })
      case "Wait":
        return wait
      case "End":
        return end(false)
    }
  })

  const poll = Effect.suspend(() => {
    if (handedOn === undefined) return next
    const page = handedOn
    handedOn = undefined
    const isReached = StopRule.pageHandedOn(until, progress, page, monotonicMillis())
    return isReached && !state.ended && !(state.closed && StopRule.isByTip(until, page)) ? over : next
  })
  return { poll, leave: readAhead.leave }
}

/** An answer that looks like the shard's end and proves none: the state says what is to be done about it. */
interface Unproven {
  readonly _tag: "Unproven"
  readonly operation: "GetRecords"
}

const unproven: Unproven = { _tag: "Unproven", operation: "GetRecords" }

type Failure = KinesisError | ExpiredIterator | Unproven

const over: Effect.Effect<never, Option.Option<never>> = Effect.fail(Option.none())

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
  for (const record of records) bytes += record.data.byteLength + (record.partitionKey?.length ?? 0)
  return bytes
}
