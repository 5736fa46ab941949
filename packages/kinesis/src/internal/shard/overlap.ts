import type { HashKeyRange } from "../../KinesisApi.js"
import * as SequenceNumber from "../record/sequenceNumber.js"

/** An interval of hash keys, both ends included. */
export type Interval = readonly [from: bigint, to: bigint]

const decimal = /^\d{1,39}$/

/** The range as numbers; undefined if it is not valid, as when a lease or an answer lacks it. */
export const interval = ({ endingHashKey, startingHashKey }: HashKeyRange): Interval | undefined => {
  if (!decimal.test(startingHashKey) || !decimal.test(endingHashKey)) return undefined
  const [from, to] = [BigInt(startingHashKey), BigInt(endingHashKey)]
  return from <= to ? [from, to] : undefined
}

/** Whether a hash key lies in both. */
export const intersect = (a: Interval, b: Interval): boolean => a[0] <= b[1] && b[0] <= a[1]

/** Whether each hash key of an interval lies in one of these. */
export const isCovered = ([from, to]: Interval, by: ReadonlyArray<Interval>): boolean => {
  let next = from
  for (const [start, end] of [...by].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)) {
    if (start > next || next > to) break
    if (end >= next) next = end + 1n
  }
  return next > to
}

/** All hash keys. */
export const whole: Interval = [0n, 2n ** 128n - 1n]

/**
 * Whether a record of one key can lie in both shards, so that the older one has to be read first. A range that is not valid overlaps with
 * nothing: such shards are ordered by their lineage alone.
 */
export const overlaps = (a: HashKeyRange, b: HashKeyRange): boolean => {
  const [left, right] = [interval(a), interval(b)]
  return left !== undefined && right !== undefined && intersect(left, right)
}

/**
 * Whether a shard is older than another, by their starting sequence numbers. A shard without one, which was named by its parent and not
 * listed yet, is younger than all others; of two such shards, neither is older.
 */
export const isBefore = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && (b === undefined || SequenceNumber.compare(a, b) < 0)
