import type { Lease } from "../../LeaseStore.js"

/** A lease, and when its counter was last seen to move, on the observer's own clock that never goes back. */
export interface Seen {
  readonly lease: Lease
  readonly movedAt: number
  /** Since when it was seen to be its owner's. */
  readonly ownedSince: number
}

/** What a worker has seen of a table: clocks of different hosts are never compared. */
export type LeaseView = ReadonlyMap<string, Seen>

export const empty: LeaseView = new Map()

/** A lease that is new, or whose counter has moved, has shown life now. */
export const observe = (view: LeaseView, leases: ReadonlyArray<Lease>, now: number): LeaseView =>
  new Map(leases.map((lease) => {
    const before = view.get(lease.leaseKey)
    const movedAt = before !== undefined && before.lease.leaseCounter === lease.leaseCounter ? before.movedAt : now
    const ownedSince = before !== undefined && before.lease.leaseOwner === lease.leaseOwner ? before.ownedSince : now
    return [lease.leaseKey, { lease, movedAt, ownedSince }] as const
  }))

/**
 * For how long anybody could have taken the lease: nobody owns it, or its owner has not shown life for as long as a lease lasts; negative
 * while its owner is believed to be alive.
 */
export const freeForMillis = (
  { lease, movedAt }: Pick<Seen, "lease" | "movedAt">,
  now: number,
  leaseMillis: number
): number => now - movedAt - (lease.leaseOwner === undefined ? 0 : leaseMillis)

export const isFree = (seen: Pick<Seen, "lease" | "movedAt">, now: number, leaseMillis: number): boolean =>
  freeForMillis(seen, now, leaseMillis) >= 0
