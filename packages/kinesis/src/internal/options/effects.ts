import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { quoted } from "../text/describe.js"

const holds = (test: () => boolean): boolean => {
  try {
    return test()
  } catch {
    return false
  }
}

const isEffect = (value: unknown): boolean => holds(() => Effect.isEffect(value))

const isPromise = (value: unknown): value is Promise<unknown> =>
  holds(() => Object.prototype.toString.call(value) === "[object Promise]")

/** What a value is called that is not what it should be. A Promise that nobody awaits must not end the process by its rejection. */
export const named = (value: unknown): string => {
  if (isPromise(value)) holds(() => Promise.prototype.then.call(value, undefined, () => undefined) !== undefined)
  return quoted(value)
}

/** Whether an option is the Effect that its type promises. */
export const isGiven = (value: unknown): value is Effect.Effect<unknown> => {
  if (isEffect(value)) return true
  named(value)
  return false
}

const refusal = (what: string, value: unknown): TypeError => {
  const was = named(value)
  const advice = was === "a Promise" ? ": wrap it in Effect.tryPromise(() => ...)" : ""
  return new TypeError(`${what} must return an Effect, returned ${was}${advice}`)
}

/**
 * What a user's function returns, run. One that returns no Effect dies with a sentence that says so; one that throws dies of what it threw,
 * whatever that is: the fiber itself would not survive some values.
 */
export const called = <A, E, R>(what: string, call: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let returned: Effect.Effect<A, E, R>
    try {
      returned = call()
    } catch (thrown) {
      return Effect.failCause(Cause.die(thrown))
    }
    return isEffect(returned) ? returned : Effect.die(refusal(what, returned))
  })
