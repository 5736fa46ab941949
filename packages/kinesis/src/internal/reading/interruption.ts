import * as Cause from "effect/Cause"
import { printable } from "../text/causes.js"

/** Merged streams take an interruption from within for an end; one that was not requested from outside is a defect. */
export const asDefect = <E>(cause: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.isInterrupted(cause)
    ? Cause.die(new Error("reading was interrupted from within", { cause: printable(Cause.squash(cause)) }))
    : cause
