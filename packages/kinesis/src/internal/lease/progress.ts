import type { Position } from "../../Position.js"
import { AckTracker } from "./ackTracker.js"

/** The acknowledged part of a shard in one tenure, over all its readings: a restart resumes from there. */
export interface Progress {
  /** Counts the records that the current reading has delivered. */
  tracker: AckTracker
  /** How far earlier readings of this tenure were acknowledged. */
  before: Position | undefined
  /** How many records of the current reading were acknowledged when an immediate checkpoint was last due. */
  counted: number
}

export const make = (): Progress => ({ tracker: new AckTracker(), before: undefined, counted: 0 })

/** Where to resume, after everything acknowledged without a gap; undefined while nothing is. */
export const position = ({ before, tracker }: Progress): Position | undefined => tracker.position ?? before

/** A reading is over: the next one begins after everything acknowledged. */
export const readAnew = (self: Progress): void => {
  self.before = position(self)
  self.tracker = new AckTracker()
  self.counted = 0
}

/** Whether enough records were acknowledged since it last returned true to store them at once. */
export const isFull = (self: Progress, checkpointRecords: number): boolean => {
  const { prefix } = self.tracker
  if (prefix - self.counted < checkpointRecords) return false
  self.counted = prefix
  return true
}
