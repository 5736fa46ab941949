import type { Aggregate } from "./aggregatePacker.js"
import { Entry } from "./entry.js"
import * as Gate from "./gate.js"
import * as Lanes from "./lanes.js"

/*
 * How records are written, decided from data to data. Whoever acts, be it the producer or a simulator, does four things with a `State`:
 *
 * - `Room.offer` an entry, or let it `Room.wait` outside while there is no room;
 * - ask `Batches.next` what to do: send a request, wait until a time, or wait until something happens;
 * - say how a request ended by `Answers.answered` or `Answers.failed`: the report has the records that are told, those that go again are back
 *   in their lanes;
 * - then `Room.admit` the entries that waited for room, and give up by `Endings.expire` those whose time is over.
 *
 * A new map of the shards, or a stream that turns out to be distributed otherwise, is a `Layouts.change`. Times are milliseconds on any
 * clock that does not go back.
 */

/** How batches are made and how much is held. */
export interface Options {
  readonly maxInFlight: number
  readonly lingerMillis: number
  readonly maxBatchRecords: number
  readonly maxBatchBytes: number
  readonly maxBufferedBytes: number
  /** How long a record may take from when it has found room. */
  readonly deadlineMillis: number
  /** The most bytes of an aggregate's data. */
  readonly aggregateBytes: number
  /** Whether what may have been written is sent again. */
  readonly repeatUnknown: boolean
  /** Whether the records of a key that wait behind one that failed for good fail with it. */
  readonly failSuccessors: boolean
}

/** What is a record to the service. */
export type Parcel = Entry | Aggregate

export interface Request {
  /** Rises with each request. */
  readonly id: number
  readonly sentAt: number
  readonly parcels: ReadonlyArray<Parcel>
  /** The users' records in it. */
  readonly records: number
  readonly bytes: number
  /** The lane of a request that writes one record in order: it says after which number. */
  readonly inOrderOf: Lanes.Lane | undefined
}

export interface State {
  readonly options: Options
  readonly gate: Gate.Gate
  lanes: Lanes.Lanes
  /** Lanes that have records to send. */
  readonly active: Set<Lanes.Lane>
  /** Lanes that have records outside, the one that is served next first. */
  readonly crowded: Set<Lanes.Lane>
  /** The room that is taken. */
  room: number
  /** Records in the lanes, and on the way. */
  waiting: number
  underWay: number
  requestsUnderWay: number
  /** The id of the newest request. */
  newest: number
  lastPartialAt: number
  /** How many wait for all that is there to be sent: flushes, and the end of the producer. */
  hurries: number
  /** Requests of which the service did not take some record, cut in halves. */
  readonly halves: Array<ReadonlyArray<Parcel>>
  /** Which of the ready lanes is served first. */
  turn: number
}

export const make = (options: Options, layout: Lanes.Layout, now: number): State => ({
  options,
  gate: Gate.make(),
  lanes: Lanes.make(layout, now),
  active: new Set(),
  crowded: new Set(),
  room: 0,
  waiting: 0,
  underWay: 0,
  requestsUnderWay: 0,
  newest: 0,
  lastPartialAt: -Infinity,
  hurries: 0,
  halves: [],
  turn: 0
})

/** The users' records of a record on the wire. */
export const entriesOf = (parcel: Parcel): ReadonlyArray<Entry> => parcel instanceof Entry ? [parcel] : parcel.entries

export const laneOf = (parcel: Parcel): Lanes.Lane => (parcel instanceof Entry ? parcel : parcel.entries[0]!).lane!
