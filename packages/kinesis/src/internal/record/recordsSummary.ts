import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Aggregation from "./aggregation.js"

/** What is to be known of the records of an answer as a whole. */
export interface RecordsSummary {
  /** Their data and partition keys, as the service counts them against a shard's limits. */
  readonly bytes: number
  /** Whether any of them may be an aggregate, so that it is worth a look. */
  readonly hasAggregates: boolean
}

/** Of the records that a decoder of ours made. Another list, though it be of the same records, is summed up anew. */
const known = new WeakMap<ReadonlyArray<KinesisRecord>, RecordsSummary>()

const sizeOf = (data: Uint8Array, partitionKey: string | undefined): number =>
  data.byteLength + (partitionKey === undefined ? 0 : partitionKey.length)

/** Sums up records one after the other. */
export class Sum {
  bytes = 0
  hasAggregates = false

  add({ data, partitionKey }: KinesisRecord): void {
    this.bytes += sizeOf(data, partitionKey)
    this.hasAggregates ||= Aggregation.hasMagic(data)
  }
}

/** The list is complete, and this is its sum. */
export const note = (records: ReadonlyArray<KinesisRecord>, sum: RecordsSummary): void => {
  known.set(records, sum)
}

export const of = (records: ReadonlyArray<KinesisRecord>): RecordsSummary => {
  const noted = known.get(records)
  if (noted !== undefined) return noted
  let bytes = 0
  let hasAggregates = false
  for (const { data, partitionKey } of records) {
    bytes += sizeOf(data, partitionKey)
    hasAggregates ||= Aggregation.hasMagic(data)
  }
  return { bytes, hasAggregates }
}
