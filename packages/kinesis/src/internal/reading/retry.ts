import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { KinesisError } from "../../KinesisError.js"
import { isExpiredCredentials, isThrottled, isTransient, isUnavailableResource } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Emit } from "./emit.js"
import * as OutageWatch from "./outageWatch.js"

/** When to repeat calls, by what they failed with. */
export interface Schedules {
  readonly throttleRetry: Schedule.Schedule<unknown, KinesisError>
  readonly transientRetry: Schedule.Schedule<unknown, KinesisError>
  readonly resourceRetry: Schedule.Schedule<unknown, KinesisError>
}

/** Whether a later attempt at the same call may succeed. */
export const mayPass = (error: { readonly _tag: string }): boolean => isThrottled(error) || isTransient(error)

type Called = { readonly _tag: string; readonly operation: string; readonly shardId?: string | undefined }

const report = (emit: Emit, outages: OutageWatch.OutageWatch) => (error: Called): Effect.Effect<void> => {
  const { operation, shardId } = error
  const event = isThrottled(error)
    ? emit(KinesisEvent.Throttled({ operation, shardId, error }))
    : isTransient(error) || isUnavailableResource(error)
    ? emit(KinesisEvent.CallFailed({ operation, shardId, error }))
    : Effect.void
  return Effect.zipRight(OutageWatch.failed(outages, error), event)
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

/** The schedule, whose waits end with the patience for a first contact: there is a last attempt at its very end. */
const patient = (
  schedule: Schedules["transientRetry"],
  outages: OutageWatch.OutageWatch
): Schedules["transientRetry"] =>
  OutageWatch.hasAnswered(outages)
    ? schedule
    : Schedule.modifyDelay(schedule, (_, delay) => Duration.min(delay, OutageWatch.patienceMillis(outages)))

/**
 * Repeats a throttled call by the one schedule, a call that failed for a passing reason by the second, one that the state of the stream or
 * its key refused by the third, and a call whose credentials had expired once, since the SDK asks their provider anew; tells of each attempt,
 * and the watch over the service how each one ended. Before that has heard of an answer, calls that fail are repeated for no longer than it
 * has patience. A call that succeeds at once costs nothing of this.
 */
export const retrying = (schedules: Schedules, emit: Emit, outages: OutageWatch.OutageWatch) => {
  const failed = report(emit, outages)
  const answered = OutageWatch.answered(outages)
  return <A, E extends Called, R>(
    call: Effect.Effect<A, E | KinesisError, R>
  ): Effect.Effect<A, E | KinesisError, R> => {
    const succeeded = (value: A) => OutageWatch.isWell(outages) ? Effect.succeed(value) : Effect.as(answered, value)
    const attempts = Effect.matchEffect(call, {
      onSuccess: succeeded,
      onFailure: (error) =>
        failedWith(error, call).pipe(
          Effect.matchEffect({
            onSuccess: succeeded,
            onFailure: (error) => Effect.zipRight(failed(error), Effect.fail(error))
          }),
          Effect.retry({ times: 1, while: isExpiredCredentials }),
          Effect.retry({
            schedule: patient(schedules.transientRetry, outages) as never,
            while: (error) => OutageWatch.isWorthRetrying(outages, error)
          }),
          Effect.retry({ schedule: schedules.throttleRetry as never, while: isThrottled }),
          Effect.retry({ schedule: schedules.resourceRetry as never, while: isUnavailableResource })
        )
    }) as Effect.Effect<A, E | KinesisError, R>
    if (OutageWatch.isWell(outages)) return attempts
    return Effect.suspend(() => {
      OutageWatch.began(outages)
      return attempts
    })
  }
}
