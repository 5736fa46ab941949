import type { Position } from "../../Position.js"
import * as SequenceNumber from "../record/sequenceNumber.js"

/** The order of checkpoints: positions without a number come before all numbers, the shard's end after them. */
const rank = (checkpoint: Position | undefined): 0 | 1 | 2 => {
  switch (checkpoint?._tag) {
    case "AtSequenceNumber":
    case "AfterSequenceNumber":
      return 1
    case "ShardEnd":
      return 2
    default:
      return 0
  }
}

const subSequenceNumber = (checkpoint: Position): number =>
  checkpoint._tag === "AfterSequenceNumber" ? checkpoint.subSequenceNumber ?? 0 : -1

/** Negative when `a` lies before `b`, 0 when neither lies before the other. Numbers are compared as numbers. */
export const compare = (a: Position | undefined, b: Position | undefined): number => {
  if (a === undefined || b === undefined || !("sequenceNumber" in a) || !("sequenceNumber" in b)) {
    return rank(a) - rank(b)
  }
  return SequenceNumber.compare(a.sequenceNumber, b.sequenceNumber) || subSequenceNumber(a) - subSequenceNumber(b)
}

/** Whether storing `b` in place of `a` changes anything: it lies further, or is another position without a number. */
export const isAdvance = (a: Position | undefined, b: Position): boolean => {
  const order = compare(b, a)
  return order > 0 || (order === 0 && !isSame(a, b))
}

/** The same place in the shard, however it is written: a record that was not aggregated is the first of one. */
export const isSame = (a: Position | undefined, b: Position | undefined): boolean =>
  a?._tag === b?._tag && compare(a, b) === 0 &&
  (a?._tag !== "AtTimestamp" || b?._tag !== "AtTimestamp" || a.timestamp === b.timestamp)
