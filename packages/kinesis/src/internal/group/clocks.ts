import * as Effect from "effect/Effect"
import { monotonicMillisOf } from "../reading/clock.js"

/** A moment of one process, on both of its clocks. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

/** The clocks of this process; they are never compared with another's. */
export interface Clocks {
  readonly now: () => Moment
  /**
   * Milliseconds since a moment, by whichever clock has advanced further: the monotonic clock stops while a machine sleeps, the wall clock
   * may be set back.
   */
  readonly since: (moment: Moment) => number
}

export const clocks: Effect.Effect<Clocks> = Effect.map(Effect.clock, (clock) => {
  const now = () => ({ monotonic: monotonicMillisOf(clock), wall: clock.unsafeCurrentTimeMillis() })
  return {
    now,
    since: (moment) => {
      const { monotonic, wall } = now()
      return Math.max(monotonic - moment.monotonic, wall - moment.wall)
    }
  }
})
