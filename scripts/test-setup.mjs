import { it, makeMethods } from "@effect/vitest"
import { Effect } from "effect"
import { chai } from "vitest"

/** `layer` changes the `it` that the files of a project share: each file begins with the original. */
makeMethods(it)

/**
 * Chai compares what has an iterator by what that brings, if the keys differ, and those of all effects bring alike: a Some and a None are
 * then the same to it.
 */
const comparator = (left, right) =>
  Effect.isEffect(left) && Effect.isEffect(right) && left._tag !== right._tag ? false : null

chai.config.deepEqual = (expected, actual) => chai.util.eql(expected, actual, { comparator })
