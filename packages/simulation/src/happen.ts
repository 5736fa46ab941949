import * as VirtualTime from "@effect-kinesis/local/VirtualTime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "./random.js"
import { epoch } from "./stream.js"

/** How a program ended. */
export interface End<A> {
  /** Undefined if it did not end well. */
  readonly value: A | undefined
  /** Why it did not. */
  readonly unfinished: string | undefined
  /** How often time moved. */
  readonly wakeUps: number
}

interface Interleaving {
  readonly seed: number
  readonly shuffled: boolean
  readonly stepsBeforeYield: number
}

/** Why a program did not end well. */
const describe = (cause: Cause.Cause<unknown>): string => {
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  return failure instanceof VirtualTime.Stuck || failure instanceof VirtualTime.Endless
    ? failure.message
    : `the simulation failed: ${Cause.pretty(cause)}`
}

/** Lets a program happen in virtual time, its fibers taking turns as the seed decides: in numbers of its own, those of `stream`. */
export const happen = <A, E>(
  program: Effect.Effect<A, E>,
  { seed, shuffled, stepsBeforeYield }: Interleaving,
  stream: number,
  maxWakeUps: number
): End<A> => {
  const random = Random.make(seed, stream)
  let clock: VirtualTime.VirtualClock | undefined
  const noted = Effect.tap(VirtualTime.clock, (virtual) => {
    clock = virtual
  })
  const exit = VirtualTime.runSyncExit(
    Effect.zipRight(noted, program).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
    { start: epoch, shuffle: shuffled ? (most) => random.int(0, most) : undefined, stepsBeforeYield, maxWakeUps }
  )
  return {
    value: Exit.isSuccess(exit) ? exit.value : undefined,
    unfinished: Exit.isFailure(exit) ? describe(exit.cause) : undefined,
    wakeUps: clock?.unsafeWakeUps() ?? 0
  }
}
