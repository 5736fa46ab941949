import type { Position } from "../../Position.js"
import { AckTracker } from "./ackTracker.js"

/** What was acknowledged of a shard in one tenure, over all its readings: a restart reads again from there. */
export interface Progress {
  /** Counts what the present reading delivered. */
  tracker: AckTracker
  /** How far earlier readings of this tenure were acknowledged. */
  before: Position | undefined
  /** How many records of the present reading were acknowledged when they were last to be stored at once. */
  counted: number
}

export const make = (): Progress => ({ tracker: new AckTracker(), before: undefined, counted: 0 })

/** Where to go on after all that is acknowledged without a gap; undefined as long as that is nothing. */
export const position = ({ before, tracker }: Progress): Position | undefined => tracker.position ?? before

/** A reading is over: the next one begins after all that is acknowledged. */
export const readAnew = (self: Progress): void => {
  self.before = position(self)
  self.tracker = new AckTracker()
  self.counted = 0
}

/** So many records were acknowledged since it last said so that they are stored at once. */
export const isFull = (self: Progress, checkpointRecords: number): boolean => {
  const { prefix } = self.tracker
  if (prefix - self.counted < checkpointRecords) return false
  self.counted = prefix
  return true
}
