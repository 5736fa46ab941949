import type { Position } from "../../Position.js"
import * as Checkpoint from "./checkpoint.js"

/** How long a lease lasts, and how often its owner writes to it. All in milliseconds. */
export interface Timing {
  readonly leaseMillis: number
  /** A lease that cannot be renewed is given up this long before others may take it. */
  readonly marginMillis: number
  readonly renewMillis: number
  readonly checkpointMillis: number
}

/** How long ago, in milliseconds, the last write and the last checkpoint that took effect were sent. */
export interface Ages {
  readonly sinceWrite: number
  readonly sinceCheckpoint: number
}

/** How long the lease is still certain to be held; zero or negative when it no longer is. */
export const leftMillis = ({ leaseMillis, marginMillis }: Timing, sinceWrite: number): number =>
  leaseMillis - marginMillis - sinceWrite

/** Nobody else can have taken the lease. */
export const isValid = (timing: Timing, sinceWrite: number): boolean => leftMillis(timing, sinceWrite) > 0

/** How long a write may take: it must not outlast the lease; after a pause it gets the time until others may take the lease. */
export const patienceMillis = (timing: Timing, sinceWrite: number): number => {
  const left = leftMillis(timing, sinceWrite)
  return Math.min(timing.renewMillis, left > 0 ? Math.ceil(left) : timing.marginMillis)
}

/** The acknowledged position, if storing it changes the stored one. */
export const toStore = (stored: Position | undefined, acknowledged: Position | undefined): Position | undefined =>
  acknowledged === undefined || !Checkpoint.isAdvance(stored, acknowledged) ? undefined : acknowledged

/** How long the next write can wait; zero when it is due. A nudge makes a checkpoint due if there is something to store. */
export const untilDueMillis = (
  { checkpointMillis, renewMillis }: Timing,
  { sinceCheckpoint, sinceWrite }: Ages,
  hasToStore: boolean,
  isNudged: boolean
): number => {
  const untilCheckpoint = !hasToStore ? Infinity : isNudged ? 0 : checkpointMillis - sinceCheckpoint
  return Math.max(0, Math.min(renewMillis - sinceWrite, untilCheckpoint))
}

/** A wait that begins with nothing to store must be cut short when something is acknowledged, since a checkpoint may be due sooner. */
export const isUnaware = ({ checkpointMillis }: Timing, hasToStore: boolean, waitMillis: number): boolean =>
  !hasToStore && checkpointMillis < waitMillis

const firstBackoffMillis = 100
const longestBackoffMillis = 1_000

/** How long to wait before a write is retried: never longer than the lease is held. `random` is at least 0 and below 1. */
export const backoffMillis = (left: number, attempt: number, random: number): number =>
  Math.ceil(Math.min(left, (0.5 + random / 2) * Math.min(longestBackoffMillis, firstBackoffMillis * 2 ** attempt)))
