import type { Position } from "../../Position.js"

/** The refusal of GetShardIterator for an instant in the service's future, which names the service's time. */
const refusal = /cannot be greater than/
const serverTime = /currentTimestampInMillis: (\d+)/

/** Requests are only accepted from clocks that are at most this far off (Signature Version 4). */
const maxSkewMillis = 5 * 60_000

/** By how much this clock is known to be ahead of the service's. */
export interface Skew {
  millis: number
}

/** The position by the service's clock, if this clock is ahead of it. */
export const shift = <P extends Position>(position: P, aheadByMillis: number): P =>
  position._tag === "AtTimestamp" ? { ...position, timestamp: position.timestamp - aheadByMillis } : position

/**
 * By how much this clock is ahead of the service's, if that is why it refused the position; undefined if it refused for another reason, or
 * if the instant lies in the future of this clock, too. A refusal that names no time is taken as the largest skew: starting too early
 * repeats old records, starting too late would lose new ones.
 */
export const skewMillis = (refusedBecause: string, position: Position, now: number): number | undefined => {
  if (position._tag !== "AtTimestamp" || position.timestamp > now || !refusal.test(refusedBecause)) return undefined
  const named = serverTime.exec(refusedBecause)?.[1]
  return named === undefined ? maxSkewMillis : Math.max(now - Number(named), 1)
}
