import type { KinesisEvent, KinesisRecord } from "effect-kinesis"
import { compareSequenceNumbers } from "effect-kinesis/Position"

/** What `--json` prints. */
export interface Summary {
  readonly records: number
  readonly lost: number
  readonly duplicates: number
  readonly reordered: number
  readonly throttles: number
  readonly expiredIterators: number
  readonly splits: number
  /** Records that were written but not yet read, if the run was ended early; otherwise absent. */
  readonly unread?: number
}

export const isExact = (summary: Summary): boolean =>
  summary.lost === 0 && summary.duplicates === 0 && summary.reordered === 0

/** The outcome of the records, and the events of the run. */
export interface Tally {
  records: number
  duplicates: number
  reordered: number
  throttles: number
  expiredIterators: number
  splits: number
  shardsLost: number
}

export const begin = (): Tally => ({
  records: 0,
  duplicates: 0,
  reordered: 0,
  throttles: 0,
  expiredIterators: 0,
  splits: 0,
  shardsLost: 0
})

export const happened = (tally: Tally, event: KinesisEvent.KinesisEvent): void => {
  switch (event._tag) {
    case "Throttled":
      tally.throttles++
      return
    case "IteratorExpired":
      tally.expiredIterators++
      return
    case "ShardLost":
      tally.shardsLost++
      return
    case "ShardEnded":
      if (event.childShards.length === 2) tally.splits++
  }
}

/** The numbers of each key, in the order of their arrival. */
export type Ledger = Map<string, { readonly numbers: Set<number>; highest: number }>

/** Notes that a key's number was written. */
export const wrote = (written: Ledger, key: string, number: number): void => {
  note(written, key, number)
}

/** Notes that a key's number was read, and whether it came twice or after a later one. */
export const read = (tally: Tally, seen: Ledger, key: string, number: number): void => {
  tally.records++
  const was = note(seen, key, number)
  if (was === "duplicate") tally.duplicates++
  if (was === "late") tally.reordered++
}

const note = (ledger: Ledger, key: string, number: number): "new" | "duplicate" | "late" => {
  const entry = ledger.get(key)
  if (entry === undefined) {
    ledger.set(key, { numbers: new Set([number]), highest: number })
    return "new"
  }
  if (entry.numbers.has(number)) return "duplicate"
  entry.numbers.add(number)
  if (number < entry.highest) return "late"
  entry.highest = number
  return "new"
}

/** The demo knows what was written, so it knows what is missing. */
export const ofLedgers = (tally: Tally, written: Ledger, seen: Ledger): Summary => {
  let lost = 0
  for (const [key, { numbers }] of written) {
    const found = seen.get(key)?.numbers
    for (const number of numbers) if (found?.has(number) !== true) lost++
  }
  return summarise(tally, lost)
}

/** For a demo that is ended early: a record after the last one read of its key is not lost, only unread. */
export const ofEndedLedgers = (tally: Tally, written: Ledger, seen: Ledger): Summary => {
  let lost = 0
  let unread = 0
  for (const [key, { numbers }] of written) {
    const found = seen.get(key)
    for (const number of numbers) {
      if (found?.numbers.has(number) === true) continue
      if (found !== undefined && number < found.highest) lost++
      else unread++
    }
  }
  return { ...summarise(tally, lost), unread }
}

/** The fields by which the records of a shard are ordered. */
export type RecordNumber = Pick<KinesisRecord.KinesisRecord, "sequenceNumber" | "subSequenceNumber">

const compareNumbers = (a: RecordNumber, b: RecordNumber): number =>
  compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) ||
  (a.subSequenceNumber ?? 0) - (b.subSequenceNumber ?? 0)

/**
 * Notes a record of a stream that others write: the only check is that its shard moves forward. A repeated number is a duplicate, an
 * earlier one came late.
 */
export const readNext = (
  tally: Tally,
  last: Map<string, RecordNumber>,
  shardId: string,
  record: RecordNumber
): void => {
  tally.records++
  const order = compareNumbers(last.get(shardId) ?? { sequenceNumber: "0" }, record)
  if (order === 0) tally.duplicates++
  if (order > 0) tally.reordered++
  if (order < 0) last.set(shardId, record)
}

/**
 * For a stream that others write, lost records are those that the reader knows it has missed: shards that left retention before they were
 * read.
 */
export const ofStream = (tally: Tally): Summary => summarise(tally, tally.shardsLost)

const summarise = (tally: Tally, lost: number): Summary => ({
  records: tally.records,
  lost,
  duplicates: tally.duplicates,
  reordered: tally.reordered,
  throttles: tally.throttles,
  expiredIterators: tally.expiredIterators,
  splits: tally.splits
})
