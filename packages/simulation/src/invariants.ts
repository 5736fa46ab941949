import * as OfCalls from "./callInvariants.js"
import { factsOf, type Violation } from "./facts.js"
import type { History } from "./history.js"
import * as OfRecords from "./recordInvariants.js"
import * as OfRuns from "./runInvariants.js"

export type { Invariant, Violation } from "./facts.js"

const all = [
  OfRuns.unfinished,
  OfRecords.lost,
  OfRecords.repeated,
  OfRecords.invented,
  OfRecords.early,
  OfRecords.keyOrder,
  OfRecords.shardOrder,
  OfRecords.parentsFirst,
  OfCalls.tooManyReads,
  OfCalls.spacing,
  OfCalls.strayCalls,
  OfCalls.listing,
  OfRuns.failed,
  OfRuns.ends
]

/** Everything that is wrong with a history; empty if all is well. */
export const violations = (history: History): ReadonlyArray<Violation> => {
  const facts = factsOf(history)
  return all.flatMap((invariant) => invariant(facts))
}

/** How many times a record came again because the program had crashed before its position was stored. */
export const unavoidableRepeats = (history: History): number =>
  [...factsOf(history).handlings.values()].reduce((sum, handlings) => sum + handlings.length - 1, 0)
