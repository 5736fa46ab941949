import type { HashKeyRange } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Aggregation from "./aggregation.js"
import * as HashKey from "./hashKey.js"

/**
 * How to treat sub-records of an aggregate whose hash key belongs to another shard, which a writer with an outdated view of the shards
 * writes again: drop each of them, drop the whole aggregate if one of its records is affected, or keep all without checking.
 */
export type OutsideRange = "drop-records" | "drop-aggregate" | "keep"

export interface UserRecords {
  readonly records: ReadonlyArray<KinesisRecord>
  /** What was wrong with each malformed aggregate. */
  readonly malformed: ReadonlyArray<string>
  /** How many sub-records were dropped because they belong to another shard or came with one that does. */
  readonly outside: number
}

/** The hash keys of a shard, both ends included: as numbers, and as words for what is compared more often. */
interface Range {
  readonly start: bigint
  readonly end: bigint
  readonly startWords: HashKey.Words
  readonly endWords: HashKey.Words
}

const rangeOf = ({ endingHashKey, startingHashKey }: HashKeyRange): Range => {
  const [start, end] = [BigInt(startingHashKey), BigInt(endingHashKey)]
  return { start, end, startWords: HashKey.toWords(start), endWords: HashKey.toWords(end) }
}

const hashed = HashKey.makeWords()

const holdsPartitionKey = ({ endWords, startWords }: Range, partitionKey: string): boolean => {
  HashKey.hashInto(hashed, partitionKey)
  return HashKey.compare(startWords, hashed) <= 0 && HashKey.compare(hashed, endWords) <= 0
}

/** A record with an invalid hash key was not sent here by that key, and is not known to belong to another shard. */
const holdsHashKey = ({ end, start }: Range, explicitHashKey: string): boolean => {
  const hashKey = HashKey.fromDecimal(explicitHashKey)
  return hashKey === undefined || (start <= hashKey && hashKey <= end)
}

const isInside = ({ explicitHashKey, partitionKey }: Aggregation.SubRecord, range: Range): boolean =>
  explicitHashKey === undefined ? holdsPartitionKey(range, partitionKey) : holdsHashKey(range, explicitHashKey)

const hasFalseHashKey = ({ explicitHashKey }: Aggregation.SubRecord): boolean =>
  explicitHashKey !== undefined && HashKey.fromDecimal(explicitHashKey) === undefined

/** What is wrong with an aggregate whose records can be read. */
const flawOf = (records: ReadonlyArray<Aggregation.SubRecord>): string | undefined => {
  if (records.length === 0) return "there is no record in it"
  const first = records.findIndex(hasFalseHashKey)
  return first === -1 ? undefined : `the explicit hash key of record ${first} is not a number from 0 to 2^128 - 1`
}

/**
 * The users' records of a page: aggregates are replaced by their sub-records, numbered within the aggregate. Dropped ones are counted, too,
 * so that the numbers mean the same to every reader. Without a range nothing is dropped.
 */
export const expand = (
  records: ReadonlyArray<KinesisRecord>,
  hashKeyRange: HashKeyRange | undefined,
  outsideRange: OutsideRange
): UserRecords => {
  const range = hashKeyRange === undefined || outsideRange === "keep"
    ? undefined
    : rangeOf(hashKeyRange)
  const expanded: Array<KinesisRecord> = []
  const malformed: Array<string> = []
  let outside = 0
  for (const record of records) {
    const parsed = Aggregation.deaggregate(record.data)
    if (parsed._tag !== "Aggregate") {
      if (parsed._tag === "Malformed") malformed.push(parsed.reason)
      expanded.push(record)
      continue
    }
    const flaw = flawOf(parsed.records)
    if (flaw !== undefined) malformed.push(flaw)
    const inside = parsed.records.map((sub) => range === undefined || isInside(sub, range))
    const dropAll = outsideRange === "drop-aggregate" && inside.includes(false)
    for (const [subSequenceNumber, { data, explicitHashKey, partitionKey }] of parsed.records.entries()) {
      if (dropAll || inside[subSequenceNumber] === false) outside++
      else expanded.push({ ...record, partitionKey, explicitHashKey, data, subSequenceNumber })
    }
  }
  return { records: expanded, malformed, outside }
}
