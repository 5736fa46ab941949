import { type Entry, roomOf } from "./entry.js"
import * as Lanes from "./lanes.js"
import type { State } from "./state.js"

/**
 * Whether there is room for a record. A lane holds no more than is still free, so that a shard that is slow does not take the room of all; a
 * record that is larger than the buffer finds room in an empty one.
 */
const fits = ({ lanes, options, room }: State, lane: Lanes.Lane, size: number): boolean => {
  if (room === 0) return true
  const free = options.maxBufferedBytes - room
  return size <= free && (lanes.all.length === 1 || lane.room + size <= free)
}

/** Whether it is this lane, rather than the buffer, that is full. */
const isOverfull = ({ options, room }: State, lane: Lanes.Lane, size: number): boolean =>
  size <= options.maxBufferedBytes - room && lane.room > 0

/** A record waits in a lane, be it new there, of another lane, or back from the wire. */
export const join = (self: State, lane: Lanes.Lane, entry: Entry): void => {
  if (entry.lane !== lane) {
    const room = roomOf(entry)
    if (entry.lane !== undefined) entry.lane.room -= room
    lane.room += room
    entry.lane = lane
  }
  entry.stage = "waiting"
  lane.waiting++
  lane.waitingBytes += entry.bytes
  self.waiting++
  self.active.add(lane)
}

const enter = (self: State, lane: Lanes.Lane, entry: Entry, now: number): void => {
  entry.deadline = Math.ceil(now + self.options.deadlineMillis)
  self.room += roomOf(entry)
  join(self, lane, entry)
  lane.line.add(entry)
}

/** Takes a record in. False if there is no room for it, or if others wait for room before it. */
export const offer = (self: State, entry: Entry, now: number): boolean => {
  const lane = Lanes.laneOf(self.lanes, entry)
  if (lane.outside.length > 0 || !fits(self, lane, roomOf(entry))) return false
  enter(self, lane, entry, now)
  return true
}

/** A record waits for room, behind those of its lane that do already. */
export const wait = (self: State, entry: Entry): void => {
  const lane = Lanes.laneOf(self.lanes, entry)
  lane.outside.push(entry)
  self.crowded.add(lane)
}

const firstOutside = ({ outside }: Lanes.Lane): Entry | undefined => {
  while (outside.peek()?.stage === "told") outside.take()
  return outside.peek()
}

/** Lets records in that waited for room, by turns of their lanes, and gives them. */
export const admit = (self: State, now: number): ReadonlyArray<Entry> => {
  const admitted: Array<Entry> = []
  for (const lane of self.crowded) {
    const entry = firstOutside(lane)
    if (entry !== undefined && !fits(self, lane, roomOf(entry))) {
      if (isOverfull(self, lane, roomOf(entry))) continue
      break
    }
    self.crowded.delete(lane)
    if (entry === undefined) continue
    lane.outside.take()
    if (lane.outside.length > 0) self.crowded.add(lane)
    enter(self, lane, entry, now)
    admitted.push(entry)
  }
  return admitted
}

/** Whether records wait outside since the buffer is full, and not just their lane. */
export const isFull = (self: State): boolean => {
  for (const lane of self.crowded) {
    const entry = firstOutside(lane)
    if (entry !== undefined && !isOverfull(self, lane, roomOf(entry))) return true
  }
  return false
}

/** A record leaves the buffer. */
export const release = (self: State, entry: Entry): void => {
  const room = roomOf(entry)
  self.room -= room
  entry.lane!.room -= room
}

/** A record that waits leaves its lane, but not the line, which passes it over. */
export const leave = (self: State, entry: Entry): void => {
  const lane = entry.lane!
  lane.waiting--
  lane.waitingBytes -= entry.bytes
  self.waiting--
  if (lane.waiting === 0) self.active.delete(lane)
}

const fewDead = 64

/** Its caller no longer wants it: a record that waits is never sent. False if it is on the way, or told. */
export const takeBack = (self: State, entry: Entry): boolean => {
  const { lane, stage } = entry
  if (stage === "underWay" || stage === "told") return false
  entry.stage = "told"
  if (stage === "outside") return true
  leave(self, entry)
  release(self, entry)
  lane!.dead++
  if (lane!.dead > Math.max(fewDead, lane!.waiting)) {
    lane!.line.compact()
    lane!.dead = 0
  }
  return true
}
