import type { Lease } from "../../LeaseStore.js"

/** A lease, and when its counter was last seen to change, on the observer's own monotonic clock. */
export interface Seen {
  readonly lease: Lease
  readonly movedAt: number
  /** Since when it has been seen to belong to its owner. */
  readonly ownedSince: number
  /** Since when it has been seen as it is between its owner and the worker that hands it off, if one does. */
  readonly askedSince: number
}

/** What a worker has observed of a table: clocks of different hosts are never compared. */
export type LeaseView = ReadonlyMap<string, Seen>

export const empty: LeaseView = new Map()

/** A lease that is new, or whose counter has changed, has shown life now. */
export const observe = (view: LeaseView, leases: ReadonlyArray<Lease>, now: number): LeaseView =>
  new Map(leases.map((lease) => {
    const before = view.get(lease.leaseKey)
    const movedAt = before !== undefined && before.lease.leaseCounter === lease.leaseCounter ? before.movedAt : now
    const isOwnedAlike = before !== undefined && before.lease.leaseOwner === lease.leaseOwner
    const ownedSince = isOwnedAlike ? before.ownedSince : now
    const isAskedAlike = isOwnedAlike && before.lease.checkpointOwner === lease.checkpointOwner
    const askedSince = isAskedAlike ? before.askedSince : now
    return [lease.leaseKey, { lease, movedAt, ownedSince, askedSince }] as const
  }))

/**
 * For how long the lease has been free to take, because nobody owns it or its owner has not shown life for a lease duration; negative while
 * its owner is believed to be alive.
 */
export const freeForMillis = (
  { lease, movedAt }: Pick<Seen, "lease" | "movedAt">,
  now: number,
  leaseMillis: number
): number => now - movedAt - (lease.leaseOwner === undefined ? 0 : leaseMillis)

export const isFree = (seen: Pick<Seen, "lease" | "movedAt">, now: number, leaseMillis: number): boolean =>
  freeForMillis(seen, now, leaseMillis) >= 0
