import type { PutRecordsResultEntry } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import * as HashKey from "../record/hashKey.js"
import type { Aggregate } from "./aggregatePacker.js"
import { Entry, type FailureReason, hashInto, type Trouble } from "./entry.js"
import * as Gate from "./gate.js"
import * as Hold from "./hold.js"
import type * as Lanes from "./lanes.js"
import * as Outcome from "./outcome.js"
import * as Pace from "./pace.js"
import { begin, type Doubt, fail, finish, type Reckoning, type Report, sendAgain, tellWritten } from "./reckoning.js"
import * as ShardMap from "./shardMap.js"
import { entriesOf, laneOf, type Parcel, type Request, type State } from "./state.js"

const words = HashKey.makeWords()

const isIn = (shard: ShardMap.OpenShard, entry: Entry): boolean => {
  hashInto(words, entry)
  return ShardMap.holds(shard, words)
}

/** What the place where a record was written says of the map. A single record lands right by definition, and is never written again for it. */
const noteShard = ({ report, self }: Reckoning, entry: Entry, shardId: string): void => {
  const { map } = self.lanes.layout
  if (map === undefined || entry.lane!.shard?.shardId === shardId) return
  const shard = map.known.get(shardId)
  if (shard === undefined) report.unknownShard ??= shardId
  else if (!isIn(shard, entry)) report.strays++
}

/** Numbers of one shard rise within a lane that is in order. */
const noteNumber = ({ report }: Reckoning, lane: Lanes.Lane, shardId: string, sequenceNumber: string): void => {
  const { last } = lane
  lane.last = { shardId, sequenceNumber }
  if (!lane.isSerial || last?.shardId !== shardId) return
  if (BigInt(sequenceNumber) <= BigInt(last.sequenceNumber)) report.broken = lane
}

/**
 * Whether every record of an aggregate belongs to the shard that took it; undefined if the shard is not known. Without a map, those of one key
 * do: somebody else than their writer would have to distribute them.
 */
const isInPlace = ({ self }: Reckoning, { entries }: Aggregate, shardId: string): boolean | undefined => {
  const { aggregates, map } = self.lanes.layout
  if (entries[0]!.lane!.shard?.shardId === shardId) return true
  if (map === undefined) return aggregates === "key"
  const shard = map.known.get(shardId)
  return shard === undefined ? undefined : entries.every((entry) => isIn(shard, entry))
}

const misplaced: Trouble = {
  _tag: "EntryFailed",
  code: "Misplaced",
  message: "its aggregate went to a shard that does not take all of its records"
}

const settleAggregate = (r: Reckoning, aggregate: Aggregate, shardId: string, sequenceNumber: string): boolean => {
  const inPlace = isInPlace(r, aggregate, shardId)
  if (inPlace === undefined) return false
  if (inPlace) {
    for (let subSequenceNumber = 0; subSequenceNumber < aggregate.entries.length; subSequenceNumber++) {
      const entry = aggregate.entries[subSequenceNumber]!
      tellWritten(r, entry, { shardId, sequenceNumber, subSequenceNumber, attempts: entry.attempts })
    }
  } else {
    r.report.misplaced += aggregate.entries.length
    for (const entry of aggregate.entries) {
      entry.mayBeWritten = true
      sendAgain(r, entry, misplaced)
    }
  }
  laneOf(aggregate).underWay--
  return true
}

const settleWritten = (r: Reckoning, parcel: Parcel, shardId: string, sequenceNumber: string): void => {
  const lane = laneOf(parcel)
  noteNumber(r, lane, shardId, sequenceNumber)
  if (parcel instanceof Entry) {
    noteShard(r, parcel, shardId)
    tellWritten(r, parcel, {
      shardId,
      sequenceNumber,
      subSequenceNumber: undefined,
      attempts: parcel.attempts
    })
    lane.underWay--
    return
  }
  noteShard(r, parcel.entries[0]!, shardId)
  if (!settleAggregate(r, parcel, shardId, sequenceNumber)) {
    r.report.doubtful.push({ aggregate: parcel, shardId, sequenceNumber })
  }
}

const settleAgain = (r: Reckoning, parcel: Parcel, trouble: Trouble, mayBeWritten: boolean): void => {
  for (const entry of entriesOf(parcel)) {
    entry.mayBeWritten ||= mayBeWritten
    sendAgain(r, entry, trouble)
  }
  laneOf(parcel).underWay--
}

/** How a request went in one shard: how many of its records were written, refused by a full shard, or not written for another reason. */
interface Tally {
  readonly lane: Lanes.Lane
  written: number
  throttled: number
  failed: number
}

/** By shard: its halves have one hold. */
type Tallies = Map<Hold.Hold, Tally>

const tallyOf = (tallies: Tallies, lane: Lanes.Lane): Tally => {
  const known = tallies.get(lane.hold)
  if (known !== undefined) return known
  const tally = { lane, written: 0, throttled: 0, failed: 0 }
  tallies.set(lane.hold, tally)
  return tally
}

/** The shards that refused something are written to more slowly, those that took everything are not held any longer. */
const pace = (r: Reckoning, { id }: Request, tallies: Iterable<Tally>, jitter: number): void => {
  for (const { failed, lane, throttled, written } of tallies) {
    const { hold, pace, shard } = lane
    if (throttled > 0) r.report.throttled.set(shard?.shardId, throttled)
    if (written > 0) Hold.succeeded(hold)
    if (throttled + failed > 0) Hold.failed(hold, r.now, jitter)
    if (throttled === 0 || pace === undefined) continue
    if (Pace.refused(pace, id, r.self.newest, r.now)) r.report.slowed.push(lane)
  }
}

const ended = (self: State, { id }: Request): void => {
  self.requestsUnderWay--
  Gate.ended(self.gate, id)
}

/**
 * A request was answered. There is a result for each of its records. `jitter` lies between 0 and 1.
 */
export const answered = (
  self: State,
  request: Request,
  results: ReadonlyArray<PutRecordsResultEntry>,
  now: number,
  jitter: number
): Report => {
  const r = begin(self, now)
  const tallies: Tallies = new Map()
  let tally: Tally | undefined
  ended(self, request)
  r.report.over = Gate.succeeded(self.gate, now)
  for (let index = 0; index < results.length; index++) {
    const parcel = request.parcels[index]!
    const result = results[index]!
    const lane = laneOf(parcel)
    const verdict = Outcome.ofEntry(result)
    if (verdict === "written") settleWritten(r, parcel, result.shardId!, result.sequenceNumber!)
    else settleAgain(r, parcel, Outcome.troubleOf(result), verdict === "unknown")
    if (tally?.lane !== lane) tally = tallyOf(tallies, lane)
    if (verdict === "unknown") tally.failed++
    else tally[verdict]++
  }
  pace(r, request, tallies.values(), jitter)
  return finish(r)
}

/** What the retry schedule says of a request that failed: how long to wait, or that it is over; undefined if it was not asked. */
export type Delay = { readonly _tag: "Wait"; readonly millis: number } | { readonly _tag: "Over" } | undefined

const giveUp = (r: Reckoning, parcels: ReadonlyArray<Parcel>, reason: FailureReason, cause: unknown): void => {
  for (const parcel of parcels) {
    for (const entry of entriesOf(parcel)) fail(r, entry, reason, cause)
    laneOf(parcel).underWay--
  }
}

const giveUpUnknown = (r: Reckoning, { parcels }: Request, reason: FailureReason, cause: unknown): void => {
  for (const parcel of parcels) for (const entry of entriesOf(parcel)) entry.mayBeWritten = true
  giveUp(r, parcels, reason, cause)
}

const refuse = (r: Reckoning, request: Request, error: KinesisError): void => {
  const { self } = r
  if (Gate.isNews(self.gate, request)) r.report.refusing = Gate.refuses(self.gate, self.newest, r.now)
  giveUp(r, request.parcels, "refused", error)
}

/** One of the records is at fault: the request is cut in halves until it stands alone. An aggregate is taken apart. */
const halve = (r: Reckoning, request: Request, error: KinesisError): void => {
  const { parcels } = request
  const { gate, halves } = r.self
  if (Gate.isHopeless(gate)) {
    refuse(r, request, error)
    for (const half of halves.splice(0)) giveUp(r, half, "refused", error)
    return
  }
  if (parcels.length > 1) {
    const middle = parcels.length >> 1
    halves.unshift(parcels.slice(0, middle), parcels.slice(middle))
    return
  }
  const parcel = parcels[0]!
  if (parcel instanceof Entry) {
    Gate.foundInvalid(gate)
    giveUp(r, parcels, "invalid", error)
    return
  }
  for (const entry of parcel.entries) entry.goesAlone = true
  settleAgain(r, parcel, error, false)
}

const goAgain = (
  r: Reckoning,
  request: Request,
  error: KinesisError,
  verdict: Outcome.Verdict,
  jitter: number
): void => {
  const { inOrderOf: lane } = request
  for (const parcel of request.parcels) settleAgain(r, parcel, error, verdict === "unknown")
  if (lane === undefined || verdict !== "throttled") return
  pace(r, request, [{ lane, written: 0, throttled: 1, failed: 0 }], jitter)
}

/** Whether the retry schedule is to be asked how long nothing is sent after this failure. */
export const asksForDelay = (self: State, request: Request, error: KinesisError): boolean => {
  const verdict = Outcome.ofError(error)
  if (verdict === "throttled") return request.id > self.gate.closedAt && !isOfShard(request, error)
  return (verdict === "unknown" || verdict === "again") &&
    (Gate.isNews(self.gate, request) || (request.id > self.gate.closedAt && request.parcels.some(isStubborn)))
}

/** It has failed before: to send it again at once might go on for ever. */
const isStubborn = (parcel: Parcel): boolean => entriesOf(parcel)[0]!.attempts > 1

/** A record that is written in order by itself is refused by its shard alone. */
const isOfShard = ({ inOrderOf }: Request, error: KinesisError): boolean =>
  inOrderOf !== undefined && error._tag === "ThrottledError" && error.reason === "throughput"

/** A request failed as a whole. `jitter` lies between 0 and 1. */
export const failed = (
  self: State,
  request: Request,
  error: KinesisError,
  now: number,
  delay: Delay,
  jitter: number
): Report => {
  const r = begin(self, now)
  const verdict = Outcome.ofError(error)
  ended(self, request)
  if (delay?._tag === "Wait") Gate.fails(self.gate, self.newest, now + delay.millis)
  if (verdict === "invalid") halve(r, request, error)
  else if (verdict === "refused") refuse(r, request, error)
  else if (verdict === "unknown" && !self.options.repeatUnknown) giveUpUnknown(r, request, "unanswered", error)
  else if (delay?._tag !== "Over") goAgain(r, request, error, verdict, jitter)
  else if (verdict === "unknown") giveUpUnknown(r, request, "exhausted", error)
  else giveUp(r, request.parcels, "exhausted", error)
  return finish(r)
}

/** By a newer map, what became of an aggregate whose shard was not known. Undefined if it is still not known, and there is still time. */
export const resolve = (
  self: State,
  { aggregate, sequenceNumber, shardId }: Doubt,
  now: number
): Report | undefined => {
  const r = begin(self, now)
  if (settleAggregate(r, aggregate, shardId, sequenceNumber)) return finish(r)
  if (now < aggregate.entries[0]!.deadline) return undefined
  for (const entry of aggregate.entries) {
    entry.mayBeWritten = true
    fail(r, entry, "expired", misplaced)
  }
  laneOf(aggregate).underWay--
  return finish(r)
}
