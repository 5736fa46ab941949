import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Aggregation from "./aggregation.js"

/** A summary of the records of an answer. */
export interface RecordsSummary {
  /** The bytes of their data and partition keys, which count towards a shard's limits. */
  readonly bytes: number
  /** Whether any of them may be an aggregate and must be inspected. */
  readonly hasAggregates: boolean
}

/** Summaries of the lists that our own decoders made. Any other list is summed up again, even one of the same records. */
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
