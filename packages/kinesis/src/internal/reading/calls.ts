import * as Effect from "effect/Effect"
import type { KinesisError } from "../../KinesisError.js"
import { isThrottled, isTransient } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { ReadOptions, Settings } from "./settings.js"

/** Tells of an event: to the metrics, then to the user. */
export type Emit = (event: KinesisEvent) => Effect.Effect<void>

export const emitter = ({ onEvent, stream }: ReadOptions): Emit => {
  const count = KinesisMetrics.recorder(stream)
  return (event) => {
    count(event)
    return onEvent === undefined ? Effect.void : Effect.suspend(() => onEvent(event)).pipe(
      Effect.catchAllDefect((defect) => Effect.logWarning("onEvent failed", defect))
    )
  }
}

type Called = { readonly _tag: string; readonly operation: string; readonly shardId?: string | undefined }

const report = (emit: Emit) => (error: Called): Effect.Effect<void> => {
  const { operation, shardId } = error
  return isThrottled(error)
    ? emit(KinesisEvent.Throttled({ operation, shardId, error }))
    : isTransient(error)
    ? emit(KinesisEvent.CallFailed({ operation, shardId, error }))
    : Effect.void
}

/** Repeats a throttled call by the one schedule and a call that failed for a passing reason by the other, telling of each attempt. */
export const retrying =
  (settings: Settings, emit: Emit) =>
  <A, E extends Called, R>(call: Effect.Effect<A, E | KinesisError, R>): Effect.Effect<A, E | KinesisError, R> =>
    call.pipe(
      Effect.tapError(report(emit)),
      Effect.retry({ schedule: settings.transientRetry as never, while: isTransient }),
      Effect.retry({ schedule: settings.throttleRetry as never, while: isThrottled })
    ) as Effect.Effect<A, E | KinesisError, R>

/** Milliseconds on a clock that no correction of the time sets back. (The effect `Clock.currentTimeNanos` dies under TestClock between milliseconds.) */
export const monotonicMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => Number(clock.unsafeCurrentTimeNanos()) / 1e6)
)
