import * as AggregatePacker from "./aggregatePacker.js"
import * as BatchRule from "./batchRule.js"
import { Entry } from "./entry.js"
import * as Gate from "./gate.js"
import { isBlocked, type Lane } from "./lanes.js"
import { keyOf } from "./order.js"
import * as Pace from "./pace.js"
import * as Room from "./room.js"
import { entriesOf, laneOf, type Parcel, type Request, type State } from "./state.js"

/** What to do now. */
export type Step =
  | { readonly _tag: "Send"; readonly request: Request }
  /** Nothing before this time, unless something happens. */
  | { readonly _tag: "Wait"; readonly until: number }
  /** Nothing until something happens. */
  | { readonly _tag: "Idle" }

const idle: Step = { _tag: "Idle" }

const waitUntil = (until: number): Step => until === Infinity ? idle : { _tag: "Wait", until }

/** When a lane may send its first record; Infinity if it has to wait for something other than time. */
const readyAt = (lane: Lane, now: number): number => {
  if ((lane.isSerial && lane.underWay > 0) || isBlocked(lane)) return Infinity
  const first = lane.line.peek()
  if (first === undefined) return Infinity
  return Math.max(lane.hold.until, lane.pace === undefined ? now : Pace.readyAt(lane.pace, first.bytes, now))
}

const isPacked = ({ lanes }: State): boolean => lanes.layout.aggregates !== "none"

/** About how many records, as the service counts them, a lane can send now, and how many bytes. */
const sendable = (self: State, lane: Lane) => {
  const { line, pace, waitingBytes } = lane
  const bytes = pace === undefined ? waitingBytes : Math.min(waitingBytes, Math.max(0, pace.bytes))
  const records = isPacked(self) ? Math.ceil(bytes / self.options.aggregateBytes) : line.ready
  return { bytes, records: pace === undefined ? records : Math.min(records, Math.floor(pace.records)) }
}

interface Ready {
  readonly lanes: ReadonlyArray<Lane>
  /** When the first of the others is. */
  readonly earliest: number
  readonly isFull: boolean
}

const findReady = (self: State, now: number, recovered: (lane: Lane) => void): Ready => {
  const { maxBatchBytes, maxBatchRecords } = self.options
  const lanes: Array<Lane> = []
  let earliest = Infinity
  let records = 0
  let bytes = 0
  for (const lane of self.active) {
    if (lane.pace !== undefined && Pace.refill(lane.pace, now)) recovered(lane)
    const at = readyAt(lane, now)
    if (at > now) {
      earliest = Math.min(earliest, at)
      continue
    }
    lanes.push(lane)
    const size = sendable(self, lane)
    records += size.records
    bytes += size.bytes
  }
  return { lanes, earliest, isFull: records >= maxBatchRecords || bytes >= maxBatchBytes }
}

/** A batch that is put together. */
interface Batch {
  readonly parcels: Array<Parcel>
  bytes: number
}

const onTheWay = (self: State, entry: Entry): void => {
  Room.leave(self, entry)
  entry.stage = "underWay"
  entry.attempts++
}

const load = (self: State, batch: Batch, parcel: Parcel): void => {
  if (parcel instanceof Entry) onTheWay(self, parcel)
  else for (const entry of parcel.entries) onTheWay(self, entry)
  laneOf(parcel).underWay++
  batch.parcels.push(parcel)
}

const hasPlace = ({ options }: State, { bytes, parcels }: Batch, entry: Entry): boolean =>
  bytes === 0 || (parcels.length < options.maxBatchRecords && bytes + entry.bytes <= options.maxBatchBytes)

/** Takes up to so many records of a lane as they are. */
const takeAlone = (self: State, batch: Batch, lane: Lane, most: number): void => {
  for (let taken = 0; taken < most; taken++) {
    const entry = lane.line.peek()
    if (entry === undefined || !hasPlace(self, batch, entry)) return
    if (lane.pace !== undefined) {
      if (!Pace.admits(lane.pace, entry.bytes)) return
      Pace.spend(lane.pace, entry.bytes)
    }
    lane.line.take()
    batch.bytes += entry.bytes
    load(self, batch, entry)
  }
}

/** Records travel together if they have the same of this. */
const groupOf = ({ lanes }: State, entry: Entry): string =>
  lanes.layout.aggregates === "key" ? `${entry.explicitHashKey ?? ""}/${keyOf(entry)}` : ""

/** Begins an aggregate, which counts as one record to the service. */
const openPacker = ({ options }: State, { pace }: Lane, entry: Entry): AggregatePacker.Packer => {
  const packer = AggregatePacker.make(entry.goesAlone ? 0 : options.aggregateBytes)
  AggregatePacker.add(packer, entry)
  if (pace !== undefined) pace.records -= 1
  return packer
}

/** Takes up to so many records on the wire of a lane, each of as many of the users' as go into an aggregate. */
const takeTogether = (self: State, batch: Batch, lane: Lane, most: number): void => {
  const packers = new Map<string, AggregatePacker.Packer>()
  let opened = 0
  while (true) {
    const entry = lane.line.peek()
    if (entry === undefined || !hasPlace(self, batch, entry)) break
    const group = groupOf(self, entry)
    const packer = packers.get(group)
    let before = packer?.size ?? 0
    let open = packer !== undefined && !entry.goesAlone && AggregatePacker.add(packer, entry) ? packer : undefined
    if (open === undefined) {
      if (opened >= most || batch.parcels.length + packers.size >= self.options.maxBatchRecords) break
      if (lane.pace !== undefined && !Pace.admits(lane.pace, entry.bytes)) break
      if (packer !== undefined) load(self, batch, AggregatePacker.build(packer))
      packers.delete(group)
      open = openPacker(self, lane, entry)
      packers.set(group, open)
      opened++
      before = 0
    }
    lane.line.take()
    if (lane.pace !== undefined) lane.pace.bytes -= open.size - before
    batch.bytes += open.size - before
  }
  for (const packer of packers.values()) load(self, batch, AggregatePacker.build(packer))
}

/** The lanes share the batch by turns: first each has its part, then what is left of it goes to those that have more. */
const fill = (self: State, lanes: ReadonlyArray<Lane>): Batch => {
  const batch: Batch = { parcels: [], bytes: 0 }
  const take = isPacked(self) ? takeTogether : takeAlone
  const share = Math.max(1, Math.ceil(self.options.maxBatchRecords / lanes.length))
  for (const most of [share, Infinity]) {
    for (let index = 0; index < lanes.length; index++) {
      take(self, batch, lanes[(self.turn + index) % lanes.length]!, most)
    }
  }
  self.turn++
  return batch
}

/** A lane in order sends one record on the wire, by itself: it says after which number it is to come. */
const fillInOrder = (self: State, lanes: ReadonlyArray<Lane>): { readonly batch: Batch; readonly lane: Lane } => {
  const batch: Batch = { parcels: [], bytes: 0 }
  const lane = lanes[self.turn++ % lanes.length]!
  takeTogether(self, batch, lane, 1)
  return { batch, lane }
}

const toRequest = (
  self: State,
  parcels: ReadonlyArray<Parcel>,
  now: number,
  inOrderOf: Lane | undefined
): Request => {
  const id = ++self.newest
  self.requestsUnderWay++
  Gate.sent(self.gate, id)
  let records = 0
  let bytes = 0
  for (const parcel of parcels) {
    records += parcel instanceof Entry ? 1 : parcel.entries.length
    bytes += parcel.bytes
  }
  return { id, sentAt: now, parcels, records, bytes, inOrderOf }
}

const sendHalf = (self: State, now: number): Step => {
  const parcels = self.halves.shift()!
  for (const parcel of parcels) for (const entry of entriesOf(parcel)) entry.attempts++
  return { _tag: "Send", request: toRequest(self, parcels, now, undefined) }
}

const send = (self: State, lanes: ReadonlyArray<Lane>, now: number): Step => {
  if (!lanes[0]!.isSerial) return { _tag: "Send", request: toRequest(self, fill(self, lanes).parcels, now, undefined) }
  const { batch, lane } = fillInOrder(self, lanes)
  return { _tag: "Send", request: toRequest(self, batch.parcels, now, lane) }
}

/** What to do now. `recovered` is told of lanes whose shard takes its whole rate again. */
export const next = (self: State, now: number, recovered: (lane: Lane) => void = () => {}): Step => {
  const { gate, options, requestsUnderWay } = self
  if (requestsUnderWay >= options.maxInFlight || (self.waiting === 0 && self.halves.length === 0)) return idle
  const opensAt = Gate.opensAt(gate)
  if (opensAt > now) return waitUntil(opensAt)
  if (self.halves.length > 0) return sendHalf(self, now)
  const { earliest, isFull, lanes } = findReady(self, now, recovered)
  if (lanes.length === 0) return waitUntil(earliest)
  const isUrgent = self.hurries > 0 || lanes[0]!.isSerial || Room.isFull(self)
  const { lastPartialAt } = self
  const goesAt = BatchRule.goesAt(
    { isFull, isUrgent, requestsUnderWay, lastPartialAt, lingerMillis: options.lingerMillis },
    now
  )
  if (goesAt > now) return waitUntil(Math.min(goesAt, earliest))
  if (!isFull) self.lastPartialAt = now
  return send(self, lanes, now)
}
