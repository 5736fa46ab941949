import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { LeaseLost } from "../../KinesisError.js"
import type { Lease, Leases, LeaseStore, NewLease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Position } from "../../Position.js"
import { trimHorizon } from "../../Position.js"

/** A test of the leases of an application that was just opened: it dies with a description of what is wrong. */
export type Test = (leases: Leases) => Effect.Effect<void, LeaseStoreError | LeaseLost, LeaseStore>

/** Tests by the requirement that they check. */
export type Tests = Readonly<Record<string, Test>>

export const shard = "shardId-000000000000"

export const fresh = (more: Partial<NewLease> = {}): NewLease => ({
  leaseKey: more.shardId ?? shard,
  shardId: shard,
  streamIdentifier: undefined,
  checkpoint: trimHorizon,
  parentShardIds: [],
  hashKeyRange: undefined,
  ...more
})

export const expect = (holds: boolean, what: string, ...seen: ReadonlyArray<unknown>): Effect.Effect<void> =>
  holds
    ? Effect.void
    : Effect.dieMessage(`${what}; saw ${seen.map((value) => JSON.stringify(value)).join(", ")}`)

export const standsFor = (position: Position | undefined): string | undefined =>
  position?._tag === "AtTimestamp" ? position.standsFor : undefined

export const find = (leases: Leases, leaseKey = shard): Effect.Effect<Lease, LeaseStoreError> =>
  Effect.flatMap(leases.list, (all) => {
    const found = all.find((lease) => lease.leaseKey === leaseKey)
    return found === undefined ? Effect.dieMessage(`no lease ${leaseKey}`) : Effect.succeed(found)
  })

export const claimed = (leases: Leases, worker: string, lease?: Lease): Effect.Effect<Lease, LeaseStoreError> =>
  Effect.gen(function*() {
    const claim = yield* leases.claim(lease ?? (yield* find(leases)), worker)
    return Option.isSome(claim) ? claim.value : yield* Effect.dieMessage(`${worker} could not claim`)
  })

export const started = (leases: Leases, worker = "ann"): Effect.Effect<Lease, LeaseStoreError> =>
  Effect.zipRight(leases.create(fresh()), claimed(leases, worker))

export const mustBeLost = <A>(
  what: string,
  write: Effect.Effect<A, LeaseLost | LeaseStoreError>
): Effect.Effect<void, LeaseStoreError> =>
  Effect.matchEffect(write, {
    onSuccess: () => Effect.dieMessage(`${what} was not refused`),
    onFailure: (error) => error instanceof LeaseLost ? Effect.void : Effect.fail(error)
  })
