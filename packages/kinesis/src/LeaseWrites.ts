/**
 * What each write of a `LeaseStore` makes of a row: for implementations whose table decides by conditions of its own, and that look at the
 * row when a condition failed. `LeaseStore.fromTable` is all that other tables need.
 *
 * @since 0.1.0
 */
import * as Internal from "./internal/lease/leaseWrites.js"
import type { HashKeyRange } from "./KinesisApi.js"
import type { Decision, Lease, NewLease } from "./LeaseStore.js"
import type { Position } from "./Position.js"

/**
 * Decides a write by the row as it is.
 *
 * @since 0.1.0
 * @category models
 */
export type Write = (current: Lease | undefined) => Decision

/**
 * @since 0.1.0
 * @category writes
 */
export const create: (lease: NewLease) => Write = Internal.create

/**
 * @since 0.1.0
 * @category writes
 */
export const claim: (lease: Lease, worker: string) => Write = Internal.claim

/**
 * @since 0.1.0
 * @category writes
 */
export const requestHandOver: (lease: Lease, worker: string) => Write = Internal.requestHandOver

/**
 * @since 0.1.0
 * @category writes
 */
export const withdrawHandOver: (lease: Lease, worker: string) => Write = Internal.withdrawHandOver

/**
 * @since 0.1.0
 * @category writes
 */
export const renew: (lease: Lease) => Write = Internal.renew

/**
 * @since 0.1.0
 * @category writes
 */
export const checkpoint: (lease: Lease, position: Position) => Write = Internal.checkpoint

/**
 * @since 0.1.0
 * @category writes
 */
export const finish: (lease: Lease, childShardIds: ReadonlyArray<string>) => Write = Internal.finish

/**
 * @since 0.1.0
 * @category writes
 */
export const release: (lease: Lease, successor: string | undefined) => Write = Internal.release

/**
 * @since 0.1.0
 * @category writes
 */
export const reset: (lease: Lease, anew: NewLease) => Write = Internal.reset

/**
 * @since 0.1.0
 * @category writes
 */
export const describe: (
  known: {
    readonly childShardIds?: ReadonlyArray<string> | undefined
    readonly hashKeyRange?: HashKeyRange | undefined
  }
) => Write = Internal.describe

/**
 * @since 0.1.0
 * @category writes
 */
export const remove: (lease: Lease) => Write = Internal.remove
