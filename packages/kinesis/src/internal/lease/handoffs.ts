import type { Lease } from "../../LeaseStore.js"
import * as LeaseView from "./leaseView.js"

/** How long the owner of a lease may take to hand it off: the time to notice the request and to let its handlers finish. */
export interface Patience {
  readonly drainMillis: number
  readonly leaseMillis: number
}

/** The worker that asked may be gone: then another one withdraws the request, later, since the asker's patience may be greater. */
const patienceOfOthers = 3

const hourMillis = 3_600_000

/**
 * The leases whose hand-off was requested and not answered although their owner is alive: it does not support hand-offs, or takes too long.
 */
export const unanswered = (
  view: LeaseView.LeaseView,
  worker: string,
  now: number,
  { drainMillis, leaseMillis }: Patience
): ReadonlyArray<Lease> =>
  [...view.values()].filter((seen) => {
    const { checkpointOwner, leaseOwner } = seen.lease
    if (leaseOwner === undefined || checkpointOwner === undefined || checkpointOwner === worker) return false
    const patience = (drainMillis + leaseMillis) * (leaseOwner === worker ? 1 : patienceOfOthers)
    return now - seen.askedSince >= patience && !LeaseView.isFree(seen, now, leaseMillis)
  }).map(({ lease }) => lease)

/** The owners that did not respond, and until when they are not asked again. */
export type Silent = ReadonlyMap<string, number>

export const nobody: Silent = new Map()

export const silenced = (silent: Silent, owner: string, now: number): Silent =>
  new Map([...silent].filter(([, until]) => until > now)).set(owner, now + hourMillis)

export const isSilent = (silent: Silent, owner: string | undefined, now: number): boolean =>
  owner !== undefined && (silent.get(owner) ?? -Infinity) > now
