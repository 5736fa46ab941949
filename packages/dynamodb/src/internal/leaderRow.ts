import type { Row } from "./leaseRow.js"

/** KCL 3's record of its leader: the row of a lock whose version the leader changes every 30 seconds. */
export interface Leader {
  readonly owner: string
  readonly version: string
  /** How long the version must stay unchanged before KCL itself considers the leader dead. */
  readonly leaseMillis: number
  readonly isReleased: boolean
}

/** The key of that row in a lease table, where KCL 3.5 and later keep it. */
export const leaseKey = "Leader"

/** KCL's default, assumed for a row without a value. */
const kclLeaseMillis = 120_000

/** A row with a larger value is not KCL's: no start waits that long. */
const mostMillis = 600_000

export const read = (row: Row | undefined): Leader | undefined => {
  const version = row?.["recordVersionNumber"]?.S
  if (row === undefined || version === undefined) return undefined
  const written = Number(row["leaseDuration"]?.S ?? row["leaseDuration"]?.N)
  return {
    owner: row["ownerName"]?.S ?? "unknown",
    version,
    leaseMillis: written > 0 && Number.isFinite(written) ? Math.min(written, mostMillis) : kclLeaseMillis,
    isReleased: row["isReleased"] !== undefined
  }
}

/** What a later state of the row says about the leader that was seen first. */
export const judge = (first: Leader, now: Leader | undefined): "live" | "still" | "gone" =>
  now === undefined || now.isReleased ? "gone" : now.version === first.version ? "still" : "live"

/**
 * Whether a leader has changed its row between two listings of the table. A row that was not there before may be a stale read of one that
 * was just deleted: it counts once it changes.
 */
export const isAtWork = (before: Leader | undefined, now: Leader | undefined): now is Leader =>
  before !== undefined && judge(before, now) === "live"

export interface Watch {
  readonly everyMillis: number
  readonly looks: number
}

/** How often to check, and the least number of checks until the lease is over. */
export const watch = ({ leaseMillis }: Leader): Watch => {
  const everyMillis = Math.min(2000, leaseMillis / 4)
  return { everyMillis, looks: Math.ceil(leaseMillis / everyMillis) }
}

const tellMillis = 30_000

/** How much time is left after this many checks, in milliseconds: every 30 seconds of a watch that is not over, undefined in between. */
export const leftToTell = ({ everyMillis, looks }: Watch, looked: number): number | undefined => {
  const told = (count: number) => Math.floor(count * everyMillis / tellMillis)
  return looked < looks && told(looked) > told(looked - 1) ? (looks - looked) * everyMillis : undefined
}
