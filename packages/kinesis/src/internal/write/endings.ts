import { begin, fail, finish, type Report, tell } from "./reckoning.js"
import { entriesOf, type Parcel, type State } from "./state.js"

/** Gives up the records whose time is over before they could be sent again. */
export const expire = (self: State, now: number): Report => {
  const r = begin(self, now)
  for (const lane of self.active) {
    let first = lane.line.peek()
    while (first !== undefined && first.deadline <= now) {
      lane.line.take()
      fail(r, first, "expired", first.trouble)
      first = lane.line.peek()
    }
  }
  return finish(r)
}

/** When the time of the next waiting record is over. */
export const expiresAt = (self: State): number => {
  let earliest = Infinity
  for (const lane of self.active) earliest = Math.min(earliest, lane.line.peek()?.deadline ?? Infinity)
  return earliest
}

/** The end: gives up all that waits. */
export const abandon = (self: State, now: number): Report => {
  const r = begin(self, now)
  for (const lane of self.lanes.all) {
    for (const entry of [...lane.line.drain(), ...lane.outside.toArray()]) {
      if (entry.stage !== "told") tell(r, entry, { reason: "closed", cause: entry.trouble })
    }
    lane.outside.keep(() => false)
  }
  for (const parcels of self.halves.splice(0)) {
    for (const entry of parcels.flatMap(entriesOf)) {
      tell(r, entry, { reason: "closed", cause: entry.trouble })
    }
  }
  return r.report
}

/** The end: gives up records that are under way, and may have been written. */
export const abort = (self: State, parcels: ReadonlyArray<Parcel>, now: number): Report => {
  const r = begin(self, now)
  for (const entry of parcels.flatMap(entriesOf)) {
    entry.mayBeWritten = true
    tell(r, entry, { reason: "closed", cause: entry.trouble })
  }
  return r.report
}
