import * as Lanes from "./lanes.js"
import * as Room from "./room.js"
import type { State } from "./state.js"

/** The lanes whose records on the wire come before those of a new lane. */
const blockersOf = (lane: Lanes.Lane, retired: ReadonlyArray<Lanes.Lane>): ReadonlyArray<Lanes.Lane> =>
  retired
    .filter((former) => Lanes.meet(former, lane))
    .flatMap((former) => [former, ...former.blockers])
    .filter(({ underWay }) => underWay > 0)

/** What waits in a lane that is no more goes on, in order, in the lanes that have its hash keys now. */
const clear = (self: State, retired: Lanes.Lane): void => {
  for (const entry of retired.line.drain()) {
    Room.leave(self, entry)
    const lane = Lanes.laneOf(self.lanes, entry)
    Room.join(self, lane, entry)
    lane.line.add(entry)
  }
  for (const entry of retired.outside.toArray()) if (entry.stage !== "told") Room.wait(self, entry)
  retired.outside.keep(() => false)
  self.active.delete(retired)
  self.crowded.delete(retired)
}

/**
 * The shards, or how records are distributed among them, have changed: from now on records go by this layout. What is on the wire is not
 * touched; where the order is kept, nothing of its keys is sent before it is answered.
 */
export const change = (self: State, layout: Lanes.Layout, now: number): void => {
  const before = self.lanes.all
  self.lanes = Lanes.make(layout, now, self.lanes)
  const present = new Set(self.lanes.all)
  const former = new Set(before)
  const retired = before.filter((lane) => !present.has(lane))
  if (layout.order === "key") {
    for (const lane of self.lanes.all) if (!former.has(lane)) lane.blockers = blockersOf(lane, retired)
  }
  for (const lane of retired) {
    lane.isRetired = true
    clear(self, lane)
  }
}
