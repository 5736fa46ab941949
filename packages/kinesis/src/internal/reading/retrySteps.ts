import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import type { KinesisError } from "../../KinesisError.js"
import type { Delay } from "../write/answers.js"

/** Where the retry schedule stands; undefined at its beginning. */
export type RetryState = { readonly value: unknown } | undefined

/** Asks the schedule how long to wait. The waiting is not its part: nothing else is held up. */
export const next = (
  schedule: Schedule.Schedule<unknown, KinesisError>,
  state: RetryState,
  error: KinesisError,
  now: number
): Effect.Effect<readonly [RetryState, NonNullable<Delay>]> =>
  Effect.map(
    schedule.step(now, error, state === undefined ? schedule.initial : state.value),
    ([value, , decision]) => [
      { value },
      ScheduleDecision.isDone(decision)
        ? { _tag: "Over" }
        : { _tag: "Wait", millis: Math.max(0, ScheduleIntervals.start(decision.intervals) - now) }
    ]
  )
