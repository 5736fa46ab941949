import * as Cause from "effect/Cause"
import { messageOf } from "./describe.js"

const canBeLogged = (cause: Cause.Cause<unknown>): boolean => {
  try {
    Cause.pretty(cause, { renderErrorCause: true })
    return true
  } catch {
    return false
  }
}

/** Whether a logger can take what was thrown or failed with. Takes anything, and never throws. */
export const isPrintable = (thrown: unknown): boolean => canBeLogged(Cause.fail(thrown))

/**
 * What was thrown or failed with, to be carried as the cause of an error; where a logger would die of it, an error that says what it says.
 * Takes anything, and never throws.
 */
export const printable = (thrown: unknown): unknown => isPrintable(thrown) ? thrown : new Error(messageOf(thrown))

/** A cause as it can be logged: a logger that dies of one ends the fiber that logs. */
export const loggable = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  canBeLogged(cause) ? cause : Cause.die(new Error(messageOf(Cause.squash(cause))))
