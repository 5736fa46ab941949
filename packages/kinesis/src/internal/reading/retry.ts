import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { KinesisError } from "../../KinesisError.js"
import { isExpiredCredentials, isThrottled, isTransient, isUnavailableResource } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Emit } from "./emit.js"

/** When to repeat calls, by what they failed with. */
export interface Schedules {
  readonly throttleRetry: Schedule.Schedule<unknown, KinesisError>
  readonly transientRetry: Schedule.Schedule<unknown, KinesisError>
  readonly resourceRetry: Schedule.Schedule<unknown, KinesisError>
}

type Called = { readonly _tag: string; readonly operation: string; readonly shardId?: string | undefined }

const report = (emit: Emit) => (error: Called): Effect.Effect<void> => {
  const { operation, shardId } = error
  return isThrottled(error)
    ? emit(KinesisEvent.Throttled({ operation, shardId, error }))
    : isTransient(error) || isUnavailableResource(error)
    ? emit(KinesisEvent.CallFailed({ operation, shardId, error }))
    : Effect.void
}

/** Fails with this at first, and is the call after that. */
const failedWith = <A, E, R>(error: E, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  let isFirst = true
  return Effect.suspend(() => {
    if (!isFirst) return call
    isFirst = false
    return Effect.fail(error)
  })
}

/**
 * Repeats a throttled call by the one schedule, a call that failed for a passing reason by the second, one that the state of the stream or
 * its key refused by the third, and a call whose credentials had expired once, since the SDK asks their provider anew; tells of each attempt. A call that succeeds at once costs nothing of this.
 */
export const retrying =
  (schedules: Schedules, emit: Emit) =>
  <A, E extends Called, R>(call: Effect.Effect<A, E | KinesisError, R>): Effect.Effect<A, E | KinesisError, R> =>
    Effect.catchAll(call, (error) =>
      failedWith(error, call).pipe(
        Effect.tapError(report(emit)),
        Effect.retry({ times: 1, while: isExpiredCredentials }),
        Effect.retry({ schedule: schedules.transientRetry as never, while: isTransient }),
        Effect.retry({ schedule: schedules.throttleRetry as never, while: isThrottled }),
        Effect.retry({ schedule: schedules.resourceRetry as never, while: isUnavailableResource })
      )) as Effect.Effect<A, E | KinesisError, R>
