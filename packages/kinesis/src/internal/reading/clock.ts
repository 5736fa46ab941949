import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * Milliseconds on a monotonic clock. (The effect `Clock.currentTimeNanos` dies under TestClock between milliseconds.)
 */
export const monotonicMillisOf = (clock: Clock.Clock): number => Number(clock.unsafeCurrentTimeNanos()) / 1e6

export const monotonicMillis: Effect.Effect<number> = Effect.map(Effect.clock, monotonicMillisOf)
