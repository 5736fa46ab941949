import type { DescribeStreamSummaryResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"

/** Who decides which shard a record goes to; `"unknown"` when that may not be asked. */
export type Strategy = "AUTO" | "USER_PARTITION_KEY" | "unknown"

/** What was found out of a stream's strategy, and when. */
export interface Known {
  readonly strategy: Strategy
  /** On a clock in milliseconds; -Infinity when nobody has asked yet. */
  readonly at: number
}

export const unasked: Known = { strategy: "unknown", at: -Infinity }

/** 20 calls a second are allowed to all readers of an account: two hundred may ask at the same time. */
const validMillis = 10_000

/** Records that the service distributed stay in retention after the strategy has changed back: this is known for good. */
const auto: Known = { strategy: "AUTO", at: Infinity }

/** What the service answered. One that does not know of strategies goes by the writers' keys. */
export const told = (
  known: Known,
  answer: DescribeStreamSummaryResponse["recordDistributionStrategy"] | "unknown",
  at: number
): Known => known.strategy === "AUTO" || answer === "AUTO" ? auto : { strategy: answer ?? "USER_PARTITION_KEY", at }

/** What the records say: only where the service distributes them may one have no key. */
export const seen = (known: Known, records: ReadonlyArray<KinesisRecord>): Known =>
  records.some((record) => record.partitionKey === undefined) ? auto : known

/** It may have changed since it was asked for. */
export const isStale = (known: Known, now: number): boolean => now - known.at >= validMillis
