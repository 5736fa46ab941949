import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import type { Startable } from "effect-kinesis/Position"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import { lowerBound } from "./lowerBound.js"
import type { Entry, Shard } from "./model.js"
import { isOpen } from "./model.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as Throughput from "./throughput.js"

/** Appends a record to the shard. Its bytes are copied, so the caller may reuse the buffer. */
export const append = (
  stream: string,
  shard: Shard,
  entry: { readonly data: Uint8Array; readonly partitionKey: string | undefined; readonly bytes: number },
  now: number
): KinesisRecord => {
  const record: KinesisRecord = {
    stream,
    shardId: shard.id,
    sequenceNumber: SequenceNumbers.encode({
      createdSeconds: shard.createdSeconds,
      shardIndex: shard.index,
      counter: shard.log.length + 1,
      arrivalSeconds: SequenceNumbers.seconds(now)
    }),
    partitionKey: entry.partitionKey,
    data: new Uint8Array(entry.data),
    approximateArrivalTimestamp: new Date(now)
  }
  shard.log.push({ record, arrival: now, bytes: entry.bytes })
  return record
}

/**
 * The index of the first entry for which the test holds, given that it holds for all later ones; the length of the log if there is none.
 */
const firstWhere = (log: ReadonlyArray<Entry>, test: (entry: Entry) => boolean): number =>
  lowerBound(0, log.length, (index) => !test(log[index]!))

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
      return Math.max(trimmed, firstWhere(log, ({ arrival }) => arrival >= position.timestamp))
    case "AtSequenceNumber":
      return Math.max(
        trimmed,
        firstWhere(log, ({ record }) => compareSequenceNumbers(record.sequenceNumber, position.sequenceNumber) >= 0)
      )
    case "AfterSequenceNumber":
      return Math.max(
        trimmed,
        firstWhere(log, ({ record }) => compareSequenceNumbers(record.sequenceNumber, position.sequenceNumber) > 0)
      )
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

const behind = (shard: Shard, place: number, now: number): number => {
  const unread = shard.log[place]
  return unread === undefined ? 0 : Math.max(1, now - unread.arrival)
}

/** What bounds a page beside its number of records. */
interface Bounds {
  readonly bytes: number
  /** The place at which it ends at the latest. */
  readonly end: number
}

/** Up to `limit` records within the bounds from the place on, but at least one if there is one. Without bounds: 10 MiB, to the tip. */
export const readPage = (
  shard: Shard,
  from: number,
  limit: number,
  now: number,
  { bytes: mostBytes, end }: Bounds = { bytes: Throughput.pageBytes, end: shard.log.length }
): LogPage => {
  const { log } = shard
  const start = Math.max(from, shard.trimmed)
  const records: Array<KinesisRecord> = []
  let bytes = 0
  let next = start
  let cut = false
  while (next < end && records.length < limit && !cut) {
    const entry = log[next]!
    cut = records.length > 0 && bytes + entry.bytes > mostBytes
    if (!cut) {
      records.push(entry.record)
      bytes += entry.bytes
      next++
    }
  }
  const last = !isOpen(shard) && next === log.length
  return { records, bytes, cut, next, last, millisBehindLatest: behind(shard, next, now) }
}

/** The place after the last record that had arrived by then. */
export const arrivedBy = ({ log }: Shard, instant: number): number =>
  firstWhere(log, ({ arrival }) => arrival > instant)

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
