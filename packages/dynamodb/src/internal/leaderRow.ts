import type { Row } from "./leaseRow.js"

/** What KCL 3 keeps of its leader: the row of a lock whose version the leader changes every 30 seconds. */
export interface Leader {
  readonly owner: string
  readonly version: string
  /** For how long the version must stand still before KCL itself takes the leader for dead. */
  readonly leaseMillis: number
  readonly isReleased: boolean
}

/** KCL's own, and what a row without one is taken to have. */
const kclLeaseMillis = 120_000

/** A row that names more is not KCL's: nobody waits that long to start. */
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

/** What a later look at the row tells of the leader that was seen first. */
export const judge = (first: Leader, now: Leader | undefined): "live" | "still" | "gone" =>
  now === undefined || now.isReleased ? "gone" : now.version === first.version ? "still" : "live"

/** How often to look, and how many times at least until the lease is over. */
export const watch = ({ leaseMillis }: Leader): { readonly everyMillis: number; readonly looks: number } => {
  const everyMillis = Math.min(2000, leaseMillis / 4)
  return { everyMillis, looks: Math.ceil(leaseMillis / everyMillis) }
}
