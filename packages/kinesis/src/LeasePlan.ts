/**
 * Who should have which lease: decided by each worker for itself, from what it sees in the table, as data to data.
 *
 * @since 0.1.0
 */
import * as Internal from "./internal/lease/leasePlan.js"

/**
 * A lease of a shard that can be read now, as the worker that plans sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlannedLease extends Internal.PlannedLease {}

/**
 * All that a plan goes by.
 *
 * @since 0.1.0
 * @category models
 */
export interface View extends Internal.View {}

/**
 * What the worker is to do: the keys of the leases to take, of those to ask their owners for, and of those to let go. Leases that are not
 * as the plan believes are left alone: every write is conditional.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan extends Internal.Plan {}

/**
 * A plan, made anew at each balancing. One that throws, or that is none, fails the consumer with `InvalidArgument`.
 *
 * @since 0.1.0
 * @category models
 */
export type LeasePlan = (view: View) => Plan

/**
 * Shares the leases evenly: shares differ by at most one, a worker keeps what it has, takes its whole share of what is free at once, and
 * asks others for at most `maxMoves` at a time. A lease that nobody takes for twice as long as a lease lasts is taken beyond the share.
 *
 * @example
 * ```ts
 * import { LeasePlan } from "effect-kinesis"
 *
 * // Half of what is even: for a worker on a smaller machine.
 * const half: LeasePlan.LeasePlan = (view) => {
 *   const plan = LeasePlan.balanced(view)
 *   return { ...plan, claim: plan.claim.slice(0, Math.ceil(plan.claim.length / 2)), request: [] }
 * }
 * ```
 *
 * @since 0.1.0
 * @category plans
 */
export const balanced: LeasePlan = Internal.balanced

/**
 * This worker is to have the leases that are wanted and no others: it takes those that are free, asks for those that others have, and lets
 * go of the rest. Who sees to it that each lease is wanted somewhere is the caller.
 *
 * @example
 * ```ts
 * import { LeasePlan } from "effect-kinesis"
 *
 * const firstTen = LeasePlan.only(({ shardId }) => Number(shardId.slice(-12)) < 10)
 * ```
 *
 * @since 0.1.0
 * @category plans
 */
export const only: (isWanted: (lease: PlannedLease) => boolean) => LeasePlan = Internal.only
