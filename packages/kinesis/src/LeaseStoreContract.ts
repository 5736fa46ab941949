/**
 * What every implementation of `LeaseStore` must do: test cases for any test runner.
 *
 * ```ts
 * for (const { name, run } of LeaseStoreContract.cases) {
 *   it.effect(name, () => Effect.provide(run, layer))
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { checkpoints } from "./internal/leaseStoreContract/checkpoints.js"
import { claims } from "./internal/leaseStoreContract/claims.js"
import { handoffs } from "./internal/leaseStoreContract/handoffs.js"
import { resets } from "./internal/leaseStoreContract/resets.js"
import { rows } from "./internal/leaseStoreContract/rows.js"
import type { LeaseLost } from "./KinesisError.js"
import { LeaseStore } from "./LeaseStore.js"
import type { LeaseStoreError } from "./LeaseStoreError.js"

/**
 * One case. It opens an application of its own, and dies with a description of what is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** What must hold, for the test's title. */
  readonly name: string
  /** Dies if it does not hold. */
  readonly run: Effect.Effect<void, LeaseStoreError | LeaseLost, LeaseStore>
}

/**
 * All cases.
 *
 * @example
 * ```ts
 * import { LocalLeaseStore } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { LeaseStoreContract } from "effect-kinesis"
 *
 * const check = Effect.forEach(LeaseStoreContract.cases, ({ run }) => Effect.provide(run, LocalLeaseStore.layer()))
 * ```
 *
 * @since 0.1.0
 * @category cases
 */
export const cases: ReadonlyArray<Case> = Object.entries({
  ...rows,
  ...claims,
  ...checkpoints,
  ...handoffs,
  ...resets
}).map(([name, test], index) => ({
  name,
  run: Effect.flatMap(LeaseStore, (store) => Effect.flatMap(store.open(`contract-${index}`), test))
}))
