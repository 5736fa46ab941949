import * as OfCalls from "./callInvariants.js"
import { factsOf, type Violation } from "./facts.js"
import type { History } from "./history.js"
import * as OfRecords from "./recordInvariants.js"

export type { Invariant, Violation } from "./facts.js"

const all = [
  OfCalls.unfinished,
  OfRecords.oneOutcome,
  OfRecords.lost,
  OfRecords.falseNo,
  OfRecords.sentAgain,
  OfRecords.takenBack,
  OfRecords.keyOrder,
  OfRecords.invalid,
  OfRecords.duplicates,
  OfRecords.late,
  OfCalls.room,
  OfCalls.stats,
  OfCalls.requestsUnderWay,
  OfCalls.requests,
  OfCalls.coldLane,
  OfCalls.flush,
  OfCalls.close
]

/** Everything that is wrong with a history; empty if all is well. */
export const violations = (history: History): ReadonlyArray<Violation> => {
  const facts = factsOf(history)
  return all.flatMap((invariant) => invariant(facts))
}
