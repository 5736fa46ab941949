import { factsOf, type Violation } from "./facts.js"
import type { History } from "./history.js"
import * as OfLeases from "./leaseInvariants.js"
import * as OfPushes from "./pushInvariants.js"
import * as OfRecords from "./recordInvariants.js"

export type { Invariant, Violation } from "./facts.js"
export { repeats } from "./recordInvariants.js"

const all = [
  OfLeases.unfinished,
  OfRecords.lost,
  OfRecords.invented,
  OfRecords.repeated,
  OfRecords.order,
  OfRecords.skipped,
  OfLeases.twoOwners,
  OfLeases.parentsFirst,
  OfLeases.checkpoints,
  OfLeases.leaseLost,
  OfLeases.orphans,
  OfLeases.shares,
  OfLeases.moves,
  OfLeases.leave,
  OfLeases.failed,
  OfPushes.deregistered,
  OfPushes.subscribed,
  OfPushes.takenBack,
  OfPushes.pace,
  OfPushes.polled,
  OfPushes.bridged,
  OfPushes.unpushed
]

/** Everything that is wrong with a history; empty if all is well. */
export const violations = (history: History): ReadonlyArray<Violation> => {
  const facts = factsOf(history)
  return all.flatMap((invariant) => invariant(facts))
}
