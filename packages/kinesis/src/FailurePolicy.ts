/**
 * What to do with records whose handler failed, or that could not be decoded.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { HandlerError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"

/**
 * Records that a handler could not handle.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failed<out E = unknown> {
  /** The stream's name. */
  readonly stream: string
  /** The shard that they were read from. */
  readonly shardId: string
  /** The record, or the records of the page. */
  readonly records: ReadonlyArray<KinesisRecord>
  /** The failure and where it happened. `error.failure` is the handler's error, or a `DecodeError` if a record could not be decoded. */
  readonly error: HandlerError<E>
  /** The same whenever the same records fail again in this application: use it as the key to store them only once. */
  readonly idempotencyKey: string
}

/**
 * What to do with records whose handler failed with an `E`, or that could not be decoded. A handler that dies, throws, or does not return
 * an Effect has failed like any other.
 *
 * @since 0.1.0
 * @category models
 */
export type FailurePolicy<E = unknown, R = never> =
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Restart"; readonly schedule: Schedule.Schedule<unknown, HandlerError<E>, R> }
  | { readonly _tag: "DeadLetter"; readonly send: (failed: Failed<E>) => Effect.Effect<unknown, unknown, R> }
  | { readonly _tag: "Skip" }

/**
 * The consumer stops: other shards are drained, what was acknowledged is stored, and it fails with the handler's error. The records are not
 * acknowledged, so they are handled again at the next start. The default.
 *
 * @example
 * ```ts
 * import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
 * import { Data, Effect } from "effect"
 * import { Consumer, FailurePolicy } from "effect-kinesis"
 *
 * class OutOfStock extends Data.TaggedError("OutOfStock") {}
 *
 * const program = Consumer.run({
 *   application: "billing",
 *   stream: "orders",
 *   from: "trim-horizon",
 *   onFailure: FailurePolicy.fail,
 *   stopWhen: Effect.sleep("1 second"),
 *   handler: (record) => record.data.length === 0 ? new OutOfStock() : Effect.void
 * }).pipe(
 *   Effect.catchTag("OutOfStock", () => Effect.log("nothing left to sell"))
 * )
 *
 * Effect.runPromise(
 *   Effect.provide(program, [LocalKinesis.layer({ streams: [{ name: "orders" }] }), LocalLeaseStore.layer()])
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail: FailurePolicy = { _tag: "Fail" }

/**
 * The shard is read again from the first unacknowledged record, as often and after such delays as the schedule says; the schedule starts
 * over after progress. When it is exhausted, the consumer fails as with {@link fail}.
 *
 * @example
 * ```ts
 * import { Option, Schedule } from "effect"
 * import { FailurePolicy, type KinesisError } from "effect-kinesis"
 *
 * const onFailure = FailurePolicy.restart(
 *   Schedule.exponential("1 second").pipe(
 *     Schedule.intersect(Schedule.recurs(5)),
 *     Schedule.whileInput(({ failure }: KinesisError.HandlerError) => Option.isSome(failure))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const restart = <E = unknown, R = never>(
  schedule: Schedule.Schedule<unknown, HandlerError<E>, R>
): FailurePolicy<NoInfer<E>, R> => ({ _tag: "Restart", schedule })

/**
 * The records are sent elsewhere, and count as acknowledged once that has succeeded. If it fails, the consumer fails with a `HandlerError`
 * that says why both the handler and the dead letter failed.
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
export const deadLetter = <E = unknown, R = never>(
  send: (failed: Failed<E>) => Effect.Effect<unknown, unknown, R>
): FailurePolicy<NoInfer<E>, R> => ({ _tag: "DeadLetter", send })

/**
 * The records are skipped: they count as acknowledged, are counted by the metric `kinesis_handler_skipped_records_total` and reported by
 * the event `RecordsSkipped`.
 *
 * @example
 * ```ts
 * import { FailurePolicy, type KinesisError } from "effect-kinesis"
 *
 * const policyOf = (environment: string): FailurePolicy.FailurePolicy<KinesisError.DecodeError> =>
 *   environment === "production" ? FailurePolicy.fail : FailurePolicy.skip
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const skip: FailurePolicy = { _tag: "Skip" }
