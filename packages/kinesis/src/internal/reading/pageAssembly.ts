import * as Effect from "effect/Effect"
import type { GetRecordsResponse } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Position } from "../../Position.js"
import type * as RecordsSummary from "../record/recordsSummary.js"
import * as StopRule from "../shard/stopRule.js"
import * as Aggregates from "./aggregates.js"
import type { ReadContext } from "./context.js"
import type { ShardToRead } from "./pageSource.js"
import type * as ReadAhead from "./readAhead.js"

/** The answer to a source's request, and when the request was made. */
export interface Answer extends Pick<GetRecordsResponse, "records" | "millisBehindLatest" | "childShards"> {
  readonly summary: RecordsSummary.RecordsSummary
  /** On a monotonic clock. */
  readonly askedAt: number
  /** The same moment by the service's clock, as far as it is known, since the epoch. */
  readonly askedAtServer: number
}

/** The state of a shard after an answer. */
export interface Standing {
  readonly position: Position
  readonly isAtTip: boolean
  /** The shard is closed, or has reached its end. */
  readonly closed: boolean
}

/** Makes a page of the users' records of an answer, in which aggregates are replaced by their records. */
export const withUserRecords = <A, E>(
  context: ReadContext,
  { coordination, shardId }: ShardToRead,
  { records, summary }: Answer,
  use: (records: ReadonlyArray<KinesisRecord>) => Effect.Effect<A, E>
): Effect.Effect<A, E | KinesisError> =>
  context.settings.deaggregate && summary.hasAggregates
    ? Effect.flatMap(Aggregates.expand(context, shardId, coordination.hashKeyRange(shardId), records), use)
    : use(records)

/** The page of an answer with those of its users' records that were not already read. */
export const page = (
  shardId: string,
  { childShards = [], millisBehindLatest, summary: { bytes } }: Answer,
  records: ReadonlyArray<KinesisRecord>,
  { position }: Standing
): ReadAhead.Fetched => ({ bytes, page: { shardId, records, millisBehindLatest, position, childShards } })

/** What the stop rule needs to know about a page; undefined if no page can end the reading. */
export const factsOf = (
  { progress, settings: { until } }: ReadContext,
  { askedAt, askedAtServer, records }: Answer,
  { page: { millisBehindLatest, records: { length }, shardId } }: ReadAhead.Fetched,
  { closed, isAtTip }: Standing
): StopRule.PageFacts | undefined => {
  if (!StopRule.isByPages(until)) return undefined
  const lastArrival = records.at(-1)?.approximateArrivalTimestamp?.getTime()
  const facts = { shardId, records: length, millisBehindLatest, isAtTip, closed, lastArrival, askedAt, askedAtServer }
  StopRule.pageRead(progress, facts)
  return facts
}

/** Reports that a page was read: the run has had an answer. */
export const tell = (
  { emit, outage }: ReadContext,
  { bytes, page: { millisBehindLatest, position, records, shardId } }: ReadAhead.Fetched
): Effect.Effect<void> => {
  outage.answered = true
  return emit({ _tag: "PageRead", shardId, records: records.length, bytes, millisBehindLatest, position })
}
