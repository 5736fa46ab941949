/** How often a worker scans and maintains the leases. All in milliseconds. */
export interface Intervals {
  readonly leaseMillis: number
  readonly balanceMillis: number
  readonly discoveryMillis: number
  readonly listMillis: number
  readonly cleanupMillis: number
  readonly staleMillis: number
}

/** The minimum time between two scans, in milliseconds: a large reshard gives many reasons to scan. */
const leastMillis = 1_000

/** A hole is believed when this many consecutive scans see it: another worker may be writing. */
const confidence = 2

/** 80 to 120 percent of an interval, so that workers that start together do not stay together. `random` is at least 0 and below 1. */
export const jittered = (millis: number, random: number): number => Math.round(millis * (0.8 + 0.4 * random))

/** How long a worker may take to find a lease that was given to it. */
export const takingMillis = ({ discoveryMillis, leaseMillis }: Intervals): number =>
  Math.min(2 * discoveryMillis, leaseMillis)

/** The time until the next scan, if nothing asks for one: short while the first scan has not succeeded. */
export const untilLookMillis = ({ balanceMillis }: Intervals, isBalanced: boolean, random: number): number =>
  jittered(isBalanced ? balanceMillis : Math.min(leastMillis, balanceMillis), random)

/** The same while a lease is still to be requested that its owner may not have found yet. */
export const untilAskingMillis = (intervals: Intervals): number =>
  Math.min(takingMillis(intervals), intervals.balanceMillis)

/** How long a requested scan still has to wait. */
export const restMillis = ({ balanceMillis }: Intervals, sinceLook: number): number =>
  Math.max(0, Math.ceil(Math.min(leastMillis, balanceMillis) - sinceLook))

/** How long a worker with an empty table waits before it lists the shards, so that of many that start at once only a few do. */
export const headStartMillis = ({ balanceMillis }: Intervals, random: number): number =>
  Math.round(random * Math.min(leastMillis, balanceMillis / 10))

export const isCleanupDue = ({ cleanupMillis }: Intervals, sinceCleanup: number, random: number): boolean =>
  sinceCleanup >= jittered(cleanupMillis, random)

/** Whether the shards of an incomplete stream are listed: the first time, and then no more often than the interval allows. */
export const isRepairDue = ({ listMillis }: Intervals, sinceRepair: number | undefined): boolean =>
  sinceRepair === undefined || sinceRepair >= listMillis

/** The leases have not been scanned and balanced for too long. */
export const isStale = ({ staleMillis }: Intervals, sinceBalanced: number): boolean => sinceBalanced > staleMillis

/** How many consecutive scans have seen a hole, after one more scan. */
export const holesInARow = (before: number, hasHole: boolean): number => hasHole ? before + 1 : 0

/** Whether leases are missing: a stream that was never balanced is new; in any other, a hole must persist. */
export const isHoleBelieved = (inARow: number, wasShared: boolean): boolean =>
  inARow > 0 && (!wasShared || inARow >= confidence)

/** The owner has had the time to find the lease: after an earlier request it could no longer find it. */
export const isTaken = (intervals: Intervals, ownedForMillis: number): boolean =>
  ownedForMillis >= takingMillis(intervals)
