import type { Aggregate } from "./aggregatePacker.js"
import type { Ending, Entry, FailureReason, Trouble } from "./entry.js"
import * as Lanes from "./lanes.js"
import { keyOf } from "./order.js"
import * as Room from "./room.js"
import type { State } from "./state.js"

/** What an answer, or the lack of one, has led to. */
export interface Report {
  /** Records that have come to their end. Nothing else happens to them. */
  readonly told: Array<Entry>
  /** How many of the users' records go again. */
  retried: number
  /** How many entries each shard refused because it has no room. */
  readonly throttled: Map<string | undefined, number>
  /** Lanes whose rate was cut for the first time. */
  readonly slowed: Array<Lanes.Lane>
  /** Aggregates that went to a shard that the map does not know: only a newer map says whether they are in their place. */
  readonly doubtful: Array<Doubt>
  /** How many of the users' records were in aggregates of which a reader drops some: they go again. */
  misplaced: number
  /** Records that went to a known shard that does not take their hash key: somebody else than their writer distributes them. */
  strays: number
  /** A shard that the map does not know took a record. */
  unknownShard: string | undefined
  /** A lane whose numbers did not rise. */
  broken: Lanes.Lane | undefined
  /** What is over, now that a request has succeeded. */
  over: "failing" | "refusing" | undefined
  /** For how long nothing is sent, since the service refuses everything. */
  refusing: number | undefined
}

/** An aggregate that was written, perhaps not where all of its records belong. */
export interface Doubt {
  readonly aggregate: Aggregate
  readonly shardId: string
  readonly sequenceNumber: string
}

const makeReport = (): Report => ({
  told: [],
  retried: 0,
  throttled: new Map(),
  slowed: [],
  doubtful: [],
  misplaced: 0,
  strays: 0,
  unknownShard: undefined,
  broken: undefined,
  over: undefined,
  refusing: undefined
})

/** Work on one thing that has happened. */
export interface Reckoning {
  readonly self: State
  readonly now: number
  readonly report: Report
  /** Records that go again, by the lane from which they came, in order. */
  readonly back: Map<Lanes.Lane, Array<Entry>>
  /** Records of these keys are not to pass the failed ones before them. */
  readonly failed: Array<Entry>
}

/** Something has happened. */
export const begin = (self: State, now: number): Reckoning => ({
  self,
  now,
  report: makeReport(),
  back: new Map(),
  failed: []
})

/** A record comes to its end. */
export const tell = ({ report, self }: Reckoning, entry: Entry, ending: Ending): void => {
  if (entry.stage === "waiting") Room.leave(self, entry)
  if (entry.stage !== "outside") Room.release(self, entry)
  entry.stage = "told"
  entry.ending = ending
  report.told.push(entry)
}

/** A record was written. */
export const tellWritten = (r: Reckoning, entry: Entry, ending: Ending): void => {
  tell(r, entry, ending)
  entry.lane!.line.done(entry)
}

/** A record is given up. */
export const fail = (r: Reckoning, entry: Entry, reason: FailureReason, cause: unknown): void => {
  tell(r, entry, { reason, cause })
  if (r.self.lanes.layout.order === "key" && r.self.options.failSuccessors) r.failed.push(entry)
  else entry.lane?.line.done(entry)
}

/** A record of the wire goes again. */
export const sendAgain = ({ back }: Reckoning, entry: Entry, trouble: Trouble): void => {
  const lane = entry.lane!
  entry.trouble = trouble
  const entries = back.get(lane)
  if (entries === undefined) back.set(lane, [entry])
  else entries.push(entry)
}

const isOver = ({ now }: Reckoning, { deadline }: Entry): boolean => now >= deadline

/** What goes again is put back into its lane, or before the others of the lanes that have its hash keys now. */
const putBack = (r: Reckoning): void => {
  const { report, self } = r
  for (const [lane, entries] of r.back) {
    const expired = entries.filter((entry) => isOver(r, entry))
    for (const entry of expired) fail(r, entry, "expired", entry.trouble)
    const again = expired.length === 0 ? entries : entries.filter((entry) => !isOver(r, entry))
    report.retried += again.length
    if (!lane.isRetired) {
      for (const entry of again) Room.join(self, lane, entry)
      lane.line.putBack(again)
      continue
    }
    const byLane = new Map<Lanes.Lane, Array<Entry>>()
    for (const entry of again) {
      const next = Lanes.laneOf(self.lanes, entry)
      Room.join(self, next, entry)
      byLane.set(next, [...byLane.get(next) ?? [], entry])
    }
    for (const [next, entries] of byLane) next.line.putFirst(entries)
  }
}

/** Where the order is to be kept, what comes behind a record that failed for good fails with it: a gap that nobody sees is worse. */
const failSuccessors = (r: Reckoning): void => {
  const keysOf = new Map<Lanes.Lane, Set<string>>()
  for (const entry of r.failed) {
    const lane = Lanes.laneOf(r.self.lanes, entry)
    keysOf.set(lane, (keysOf.get(lane) ?? new Set()).add(keyOf(entry)))
  }
  for (const [lane, keys] of keysOf) {
    const outside = lane.outside.toArray().filter((entry) => entry.stage === "outside" && keys.has(keyOf(entry)))
    for (const entry of [...lane.line.removeKeys(keys), ...outside]) {
      tell(r, entry, { reason: "predecessor", cause: undefined })
    }
  }
}

/** All was reckoned: puts back what goes again, and says what has happened. */
export const finish = (r: Reckoning): Report => {
  putBack(r)
  if (r.failed.length > 0) failSuccessors(r)
  return r.report
}
