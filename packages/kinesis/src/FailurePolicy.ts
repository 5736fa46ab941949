/**
 * What becomes of records whose handler failed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { HandlerError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"

/**
 * What a handler could not handle.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failed {
  readonly stream: string
  readonly shardId: string
  /** The record, or those of the page. */
  readonly records: ReadonlyArray<KinesisRecord>
  readonly error: HandlerError
  /** The same whenever the same records fail again in this application: who stores them by it stores them once. */
  readonly idempotencyKey: string
}

/**
 * What becomes of records whose handler failed. A handler that dies, throws, or returns no Effect has failed like any
 * other.
 *
 * @since 0.1.0
 * @category models
 */
export type FailurePolicy =
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Restart"; readonly schedule: Schedule.Schedule<unknown, HandlerError> }
  | { readonly _tag: "DeadLetter"; readonly send: (failed: Failed) => Effect.Effect<unknown, unknown> }
  | { readonly _tag: "Skip" }

/**
 * The consumer stops: other shards are drained, what was acknowledged is stored, and it fails with the `HandlerError`. The records are not
 * acknowledged, so they are handled again at the next start. The default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail: FailurePolicy = { _tag: "Fail" }

/**
 * The shard is read again from the first record that is not acknowledged, as often and after such waits as the schedule says; it begins
 * afresh after progress. When it is over the consumer fails as with {@link fail}.
 *
 * @example
 * ```ts
 * import { Schedule } from "effect"
 * import { FailurePolicy } from "effect-kinesis"
 *
 * const onFailure = FailurePolicy.restart(
 *   Schedule.exponential("1 second").pipe(Schedule.intersect(Schedule.recurs(5)))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const restart = (schedule: Schedule.Schedule<unknown, HandlerError>): FailurePolicy => ({
  _tag: "Restart",
  schedule
})

/**
 * The records are sent elsewhere, and count as acknowledged when that has succeeded. When it fails the consumer fails as with
 * {@link fail}.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FailurePolicy } from "effect-kinesis"
 *
 * const onFailure = FailurePolicy.deadLetter(({ error, idempotencyKey, records }) =>
 *   Effect.logError(`${records.length} records could not be handled`, error).pipe(
 *     Effect.annotateLogs("key", idempotencyKey)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const deadLetter = (send: (failed: Failed) => Effect.Effect<unknown, unknown>): FailurePolicy => ({
  _tag: "DeadLetter",
  send
})

/**
 * The records are left out: they count as acknowledged, and are counted by the metric `kinesis_handler_skipped_records_total` and told by
 * the event `RecordsSkipped`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const skip: FailurePolicy = { _tag: "Skip" }
