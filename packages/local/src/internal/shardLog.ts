import type { PutRecordsEntry } from "effect-kinesis/KinesisApi"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import type { Startable } from "effect-kinesis/Position"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import { lowerBound } from "./lowerBound.js"
import type { Shard } from "./model.js"
import { isOpen } from "./model.js"
import * as RecordLog from "./recordLog.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as Throughput from "./throughput.js"

/** Appends a record, and returns its number. */
export const append = (shard: Shard, entry: Pick<PutRecordsEntry, "data" | "partitionKey">, now: number): string => {
  const { createdSeconds, index: shardIndex, log } = shard
  const sequenceNumber = SequenceNumbers.encode({
    createdSeconds,
    shardIndex,
    counter: log.length + 1,
    arrivalSeconds: SequenceNumbers.seconds(now)
  })
  RecordLog.append(log, { sequenceNumber, partitionKey: entry.partitionKey, data: entry.data, arrival: now })
  return sequenceNumber
}

/** The place of the first record in retention for which the test holds, given that it holds for all later ones; the log's length if there is none. */
const firstWhere = ({ log, trimmed }: Shard, test: (place: number) => boolean): number =>
  lowerBound(trimmed, log.length, (place) => !test(place))

/** The place of the first record in retention whose number compares so with this one. */
const firstBySequenceNumber = (shard: Shard, sequenceNumber: string, test: (order: number) => boolean): number =>
  firstWhere(
    shard,
    (place) => test(compareSequenceNumbers(RecordLog.sequenceNumberAt(shard.log, place)!, sequenceNumber))
  )

/** Whether the number can be one of this shard's: its own layout, start and, once closed, end. */
export const owns = (shard: Shard, sequenceNumber: string): boolean => {
  const parts = SequenceNumbers.decode(sequenceNumber)
  return parts !== undefined &&
    parts.shardIndex === shard.index &&
    parts.createdSeconds === shard.createdSeconds &&
    compareSequenceNumbers(sequenceNumber, shard.startingSequenceNumber) >= 0 &&
    (shard.endingSequenceNumber === undefined ||
      compareSequenceNumbers(sequenceNumber, shard.endingSequenceNumber) <= 0)
}

/** The current place of the position in the log: an index, from the oldest record in retention to the end. */
export const placeOf = (shard: Shard, position: Startable): number => {
  const { log, trimmed } = shard
  switch (position._tag) {
    case "TrimHorizon":
      return trimmed
    case "Latest":
      return log.length
    case "AtTimestamp":
      return firstWhere(shard, (place) => RecordLog.arrivalAt(log, place)! >= position.timestamp)
    case "AtSequenceNumber":
      return firstBySequenceNumber(shard, position.sequenceNumber, (order) => order >= 0)
    case "AfterSequenceNumber":
      return firstBySequenceNumber(shard, position.sequenceNumber, (order) => order > 0)
  }
}

/** Part of a log, and where the next part begins. */
export interface LogPage {
  readonly records: ReadonlyArray<KinesisRecord>
  readonly bytes: number
  /** There were more records, but no more room. */
  readonly cut: boolean
  readonly next: number
  /** The shard is closed and was read to its end. */
  readonly last: boolean
  readonly millisBehindLatest: number
}

const behind = ({ log }: Shard, place: number, now: number): number => {
  const arrival = RecordLog.arrivalAt(log, place)
  return arrival === undefined ? 0 : Math.max(1, now - arrival)
}

/** The records of the places that are still held, of a stream that goes by this name. */
export const records = ({ id, log }: Shard, stream: string, span: RecordLog.Span): Array<KinesisRecord> => {
  const found: Array<KinesisRecord> = []
  for (const entries of RecordLog.pieces(log, span)) {
    for (const { arrival, data, partitionKey, sequenceNumber } of entries) {
      const approximateArrivalTimestamp = new Date(arrival)
      found.push({ stream, shardId: id, sequenceNumber, partitionKey, data, approximateArrivalTimestamp })
    }
  }
  return found
}

/** What bounds a page beside its number of records. */
interface Bounds {
  readonly bytes: number
  /** The place at which it ends at the latest. */
  readonly end: number
}

/**
 * Up to `limit` records within the bounds from the place on, but at least one if there is one. Without bounds: 10 MiB, to the tip. Its records
 * say that they are of `stream`.
 */
export const readPage = (
  shard: Shard,
  stream: string,
  from: number,
  limit: number,
  now: number,
  { bytes: mostBytes, end }: Bounds = { bytes: Throughput.pageBytes, end: shard.log.length }
): LogPage => {
  const { log, trimmed } = shard
  const start = Math.max(from, trimmed)
  const to = Math.max(start, Math.min(end, start + limit))
  const { bytes, next } = RecordLog.fitting(log, { from: start, to }, mostBytes)
  return {
    records: records(shard, stream, { from: start, to: next }),
    bytes,
    cut: next < to,
    next,
    last: !isOpen(shard) && next === log.length,
    millisBehindLatest: behind(shard, next, now)
  }
}

/** The place after the last record that had arrived by then. */
export const arrivedBy = (shard: Shard, instant: number): number =>
  firstWhere(shard, (place) => RecordLog.arrivalAt(shard.log, place)! > instant)

/** A page that brings nothing although the tip is not reached, as the service sometimes returns. */
export const emptyPage = (shard: Shard, from: number, now: number): LogPage => {
  const next = Math.max(from, shard.trimmed)
  return {
    records: [],
    bytes: 0,
    cut: false,
    next,
    last: false,
    millisBehindLatest: Math.max(1, behind(shard, next, now))
  }
}
