import * as Effect from "effect/Effect"
import type { Lease, Leases } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as LeaseView from "../lease/leaseView.js"
import type { Clocks, Moment } from "./clocks.js"

/** The leases as this worker last saw them. */
export interface ObservedLeases {
  view: LeaseView.LeaseView
  /** When they were listed. */
  at: Moment
}

export const make = (clocks: Clocks): ObservedLeases => ({ view: LeaseView.empty, at: clocks.now() })

/** Scans all leases. */
export const look = (
  { clocks, leases, observed }: {
    readonly clocks: Clocks
    readonly leases: Leases
    readonly observed: ObservedLeases
  }
): Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError> =>
  Effect.map(leases.list, (all) => {
    observed.at = clocks.now()
    observed.view = LeaseView.observe(observed.view, all, observed.at.monotonic)
    return all
  })

export const all = ({ view }: ObservedLeases): ReadonlyArray<Lease> => [...view.values()].map(({ lease }) => lease)
