import type { HashKeyRange } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Aggregation from "./aggregation.js"
import * as HashKey from "./hashKey.js"

/**
 * What becomes of the sub-records of an aggregate whose hash key another shard takes, since their writer had an old picture of the shards
 * and writes them again: each is dropped, or, as KCL has it, the whole aggregate is when one of its records is.
 */
export type OutsideRange = "drop-records" | "drop-aggregate"

export interface UserRecords {
  readonly records: ReadonlyArray<KinesisRecord>
  /** Records that said to be aggregates and were none: they are handed on as they came. */
  readonly malformed: number
  /** Sub-records that belong to another shard. */
  readonly outside: number
}

interface Range {
  readonly start: bigint
  readonly end: bigint
}

const isInside = (record: Aggregation.SubRecord, { end, start }: Range): boolean => {
  const hashKey = record.explicitHashKey === undefined
    ? HashKey.fromPartitionKey(record.partitionKey)
    : HashKey.fromDecimal(record.explicitHashKey)
  return hashKey !== undefined && start <= hashKey && hashKey <= end
}

/** Whether any of a page's records may be an aggregate, so that it is worth a look. */
export const hasAggregates = (records: ReadonlyArray<KinesisRecord>): boolean =>
  records.some((record) => Aggregation.hasMagic(record.data))

/**
 * The users' records in a page: the sub-records of aggregates in place of them, numbered in their aggregate, dropped ones counted too, so
 * that the numbers mean the same to every reader. Without a range nothing is dropped.
 */
export const expand = (
  records: ReadonlyArray<KinesisRecord>,
  hashKeyRange: HashKeyRange | undefined,
  outsideRange: OutsideRange
): UserRecords => {
  const range = hashKeyRange === undefined
    ? undefined
    : { start: BigInt(hashKeyRange.startingHashKey), end: BigInt(hashKeyRange.endingHashKey) }
  const expanded: Array<KinesisRecord> = []
  let malformed = 0
  let outside = 0
  for (const record of records) {
    const parsed = Aggregation.deaggregate(record.data)
    if (parsed._tag !== "Aggregate") {
      if (parsed._tag === "Malformed") malformed++
      expanded.push(record)
      continue
    }
    const inside = parsed.records.map((sub) => range === undefined || isInside(sub, range))
    const dropAll = outsideRange === "drop-aggregate" && inside.includes(false)
    for (const [subSequenceNumber, { data, explicitHashKey, partitionKey }] of parsed.records.entries()) {
      if (dropAll || inside[subSequenceNumber] === false) outside++
      else expanded.push({ ...record, partitionKey, explicitHashKey, data, subSequenceNumber })
    }
  }
  return { records: expanded, malformed, outside }
}
