import type { DescribeStreamSummaryResponse } from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"

/** Who decides which shard a record goes to; `"unknown"` if the question was refused. */
export type Strategy = "AUTO" | "USER_PARTITION_KEY" | "unknown"

/** What is known about a stream's strategy, and since when. */
export interface Known {
  readonly strategy: Strategy
  /** In milliseconds on a clock; -Infinity if nobody has asked yet. */
  readonly at: number
}

export const unasked: Known = { strategy: "unknown", at: -Infinity }

/** All readers of an account together may make 20 calls per second: two hundred may ask at the same time. */
const validMillis = 10_000

/** Records that the service distributed stay in retention after the strategy has changed back, so this answer is permanent. */
const auto: Known = { strategy: "AUTO", at: Infinity }

/** The answer of the service. A service without strategies goes by the writers' keys. */
export const told = (
  known: Known,
  answer: DescribeStreamSummaryResponse["recordDistributionStrategy"] | "unknown",
  at: number
): Known => known.strategy === "AUTO" || answer === "AUTO" ? auto : { strategy: answer ?? "USER_PARTITION_KEY", at }

/** What the records show: only if the service distributes them may one have no key. */
export const seen = (known: Known, records: ReadonlyArray<KinesisRecord>): Known =>
  records.some((record) => record.partitionKey === undefined) ? auto : known

/** It may have changed since it was requested. */
export const isStale = (known: Known, now: number): boolean => now - known.at >= validMillis
