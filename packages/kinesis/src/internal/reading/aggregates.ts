import * as Effect from "effect/Effect"
import type { HashKeyRange } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Strategies from "../record/distribution.js"
import * as UserRecords from "../record/userRecords.js"
import type { ReadContext } from "./context.js"

/** What the shards of a run know about their stream's distribution; only one of them asks at a time. */
export interface Distribution {
  known: Strategies.Known
  readonly turn: Effect.Semaphore
}

export const unasked = (): Distribution => ({ known: Strategies.unasked, turn: Effect.unsafeMakeSemaphore(1) })

const askStrategy = ({ client, retrying, settings: { stream } }: ReadContext) =>
  retrying(client.describeStreamSummary({ stream })).pipe(
    Effect.map((summary) => summary.recordDistributionStrategy),
    Effect.catchTags({
      AccessDenied: (error) => Effect.as(notAsked(stream, error), "unknown" as const),
      InvalidArgument: (error) => Effect.as(notAsked(stream, error), "unknown" as const)
    })
  )

const notAsked = (stream: string, error: KinesisError) =>
  Effect.logWarning(
    `${stream}: records of another shard are kept, since it is not known whether the service distributes them`,
    error
  )

/** Who decides where the records of an answer go; asks again if that may have changed. */
const strategyFor = (
  context: ReadContext,
  records: ReadonlyArray<KinesisRecord>
): Effect.Effect<Strategies.Strategy, KinesisError> => {
  const { distribution, monotonicMillis } = context
  return distribution.turn.withPermits(1)(Effect.gen(function*() {
    distribution.known = Strategies.seen(distribution.known, records)
    const askedAt = monotonicMillis()
    if (Strategies.isStale(distribution.known, askedAt)) {
      distribution.known = Strategies.told(distribution.known, yield* askStrategy(context), askedAt)
    }
    return distribution.known.strategy
  }))
}

/**
 * The users' records of an answer that may have aggregates. Records of another shard are dropped only if the stream goes by its writers'
 * keys; otherwise they are kept: a duplicate is better than a loss.
 */
export const expand = (
  context: ReadContext,
  shardId: string,
  hashKeyRange: Effect.Effect<HashKeyRange | undefined, KinesisError>,
  records: ReadonlyArray<KinesisRecord>
): Effect.Effect<ReadonlyArray<KinesisRecord>, KinesisError> =>
  Effect.gen(function*() {
    const { distribution, emit, settings: { outsideRange } } = context
    const isJudged = outsideRange !== "keep" && distribution.known.strategy !== "AUTO"
    const judged = UserRecords.expand(records, isJudged ? yield* hashKeyRange : undefined, outsideRange)
    const { malformed: [reason, ...more], outside: count } = judged
    if (reason !== undefined) {
      yield* emit(KinesisEvent.MalformedAggregates({ shardId, count: 1 + more.length, reason }))
    }
    if (count === 0) return judged.records
    const strategy = yield* strategyFor(context, records)
    const outcome = strategy === "USER_PARTITION_KEY" ? "dropped" : "kept"
    yield* emit(KinesisEvent.RecordsOutsideShard({ shardId, count, outcome, strategy }))
    return outcome === "dropped" ? judged.records : UserRecords.expand(records, undefined, outsideRange).records
  })
