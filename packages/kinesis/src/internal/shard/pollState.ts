import type { ChildShard } from "../../KinesisApi.js"
import type { Position, Startable } from "../../Position.js"
import type { Until } from "../../Until.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as StopRule from "./stopRule.js"

/** Where the reader of one shard stands. `lastSequenceNumber` survives empty pages: it is the last record ever handed on. */
export interface PollState {
  readonly origin: Position
  /** The origin by the service's clock, once it is known. */
  readonly accepted: Position | undefined
  readonly lastSequenceNumber: string | undefined
  /** Records up to this one were already read. */
  readonly floor: string | undefined
  readonly shardIterator: string | undefined
  /** When the iterator was received, in milliseconds on a monotonic clock. */
  readonly issuedAt: number
  /** A listing made before the next request showed the shard's end, or did not contain the shard. */
  readonly closed: boolean
  /** The shard is closed and was handed on completely. */
  readonly ended: boolean
  /** An answer that looked like the shard's end did not prove it: that takes a listing or, after that, another answer. */
  readonly doubt: "unlisted" | "listed" | undefined
  /** An answer of this shard has said how far it is behind, so an answer that does not is incomplete. */
  readonly lagTold: boolean
  /** How many consecutive answers brought nothing and did not say how far they are behind. */
  readonly blanks: number
  /** As the last answer named them. */
  readonly childShards: ReadonlyArray<ChildShard>
  readonly broughtRecords: boolean
  /** Whether the arrival of the first iterator was announced. */
  readonly announced: boolean
  readonly retentionChecked: boolean
}

export type PollCommand =
  | { readonly _tag: "GetShardIterator"; readonly position: Startable }
  | { readonly _tag: "GetRecords"; readonly shardIterator: string }
  | { readonly _tag: "ListShards" }
  /** Retry as after a call that failed for a transient reason. */
  | { readonly _tag: "Wait" }
  | { readonly _tag: "End" }

/** What a GetRecords answer says about the state of its shard. */
export interface PageReceived {
  readonly _tag: "PageReceived"
  readonly lastSequenceNumber: string | undefined
  readonly nextShardIterator: string | null | undefined
  /** It names children of this shard. */
  readonly isParent: boolean
  readonly childShards: ReadonlyArray<ChildShard>
  readonly millisBehindLatest: number | undefined
  readonly at: number
}

/** What an event of a subscription says about the state of its shard. */
export interface EventReceived extends Omit<PageReceived, "_tag" | "nextShardIterator" | "at"> {
  readonly _tag: "EventReceived"
}

export type PollEvent =
  | { readonly _tag: "IteratorReceived"; readonly shardIterator: string; readonly at: number }
  | { readonly _tag: "IteratorExpired" }
  | { readonly _tag: "Announced" }
  | PageReceived
  | EventReceived
  | { readonly _tag: "RetentionChecked" }
  /** Whether a listing shows the shard's end, or does not contain the shard. */
  | { readonly _tag: "Listed"; readonly isOver: boolean }
  | { readonly _tag: "Waited" }
  /** Records up to `floor` were already read, in case the oldest record lies before it after all. */
  | { readonly _tag: "PositionTrimmed"; readonly floor: string | undefined }

/** `closed` when a listing showed the shard's end before. */
export const start = (origin: Position, closed = false): PollState => ({
  ...beginning(origin, closed),
  lagTold: false,
  childShards: [],
  broughtRecords: false,
  announced: false,
  retentionChecked: false
})

/** The state that starts over when the position has left retention. */
const beginning = (origin: Position, closed: boolean) => ({
  origin,
  accepted: undefined,
  lastSequenceNumber: undefined,
  floor: undefined,
  shardIterator: undefined,
  issuedAt: 0,
  closed,
  ended: origin._tag === "ShardEnd",
  doubt: undefined,
  blanks: 0
})

/** Whether these shards follow the given one, as the answer that reaches a shard's end says. */
export const areChildren = (childShards: ReadonlyArray<ChildShard>, shardId: string): boolean =>
  childShards.some(({ parentShards }) => parentShards.includes(shardId))

const after = (state: PollState, origin: Position): Position =>
  state.ended
    ? { _tag: "ShardEnd" }
    : state.lastSequenceNumber === undefined
    ? origin
    : { _tag: "AfterSequenceNumber", sequenceNumber: state.lastSequenceNumber }

/** The position after everything handed on, or the origin by the service's clock if nothing was. */
export const position = (state: PollState): Position => after(state, state.accepted ?? state.origin)

/** An iterator is valid for 5 minutes (documentation of GetShardIterator); one that may expire before it is used is replaced in time. */
const freshForMillis = 4.5 * 60_000

export const command = (state: PollState, now: number): PollCommand => {
  if (state.doubt !== undefined) return { _tag: state.doubt === "unlisted" ? "ListShards" : "Wait" }
  if (state.shardIterator !== undefined && now - state.issuedAt <= freshForMillis) {
    return { _tag: "GetRecords", shardIterator: state.shardIterator }
  }
  const position = startOf(state)
  return position === undefined ? { _tag: "End" } : { _tag: "GetShardIterator", position }
}

/**
 * The records of a page that were not already read: those after the origin, if it lies inside an aggregate, which is read again from its
 * start, and those above the floor.
 */
export const unread = <
  R extends { readonly sequenceNumber: string; readonly subSequenceNumber?: number | undefined }
>(
  { floor, lastSequenceNumber, origin }: Pick<PollState, "floor" | "lastSequenceNumber" | "origin">,
  records: ReadonlyArray<R>
): ReadonlyArray<R> => {
  if (floor !== undefined) return records.filter((record) => SequenceNumber.compare(record.sequenceNumber, floor) > 0)
  if (lastSequenceNumber !== undefined || origin._tag !== "AfterSequenceNumber") return records
  const { sequenceNumber, subSequenceNumber } = origin
  return subSequenceNumber === undefined
    ? records
    : records.filter((record) =>
      record.sequenceNumber !== sequenceNumber || (record.subSequenceNumber ?? 0) > subSequenceNumber
    )
}

/** Up to which number everything was read, or up to before which, if it is not to be left out itself. */
const readUpTo = ({ lastSequenceNumber, origin }: Pick<PollState, "lastSequenceNumber" | "origin">) => {
  if (lastSequenceNumber !== undefined) return { sequenceNumber: lastSequenceNumber, least: 1 }
  switch (origin._tag) {
    case "AfterSequenceNumber":
      return { sequenceNumber: origin.sequenceNumber, least: origin.subSequenceNumber === undefined ? 1 : 0 }
    case "AtSequenceNumber":
      return { sequenceNumber: origin.sequenceNumber, least: 0 }
    default:
      return undefined
  }
}

/** The records of an event that come after those that were read, by this reader or before it: a service may bring the last ones again. */
export const notRead = <R extends { readonly sequenceNumber: string }>(
  state: Pick<PollState, "lastSequenceNumber" | "origin">,
  records: ReadonlyArray<R>
): ReadonlyArray<R> => {
  const read = readUpTo(state)
  if (read === undefined || records.length === 0) return records
  const isNew = ({ sequenceNumber }: R) => SequenceNumber.compare(sequenceNumber, read.sequenceNumber) >= read.least
  return isNew(records[0]!) ? records : records.filter(isNew)
}

/** Where a shard that is not at its end begins to be read; an aggregate that it lies in is read again from its start. */
export const startOf = (state: PollState): Startable | undefined => startable(after(state, state.origin))

const startable = (position: Position): Startable | undefined =>
  position._tag === "ShardEnd"
    ? undefined
    : position._tag === "AfterSequenceNumber" && position.subSequenceNumber !== undefined
    ? { _tag: "AtSequenceNumber", sequenceNumber: position.sequenceNumber }
    : position

/** The origin as the service accepted it, if its clock differs from this one: positions are stored, and must mean the same later. */
export const corrected = (state: PollState, accepted: Position): PollState =>
  state.lastSequenceNumber === undefined ? { ...state, accepted } : state

/** This many consecutive empty answers count as being at the tip, if no answer has ever said how far it is behind. */
const blanksAtTip = 5

/** Whether the last page is at the shard's tip. A page that does not say is not, unless no answer of the shard ever says. */
export const isAtTip = ({ blanks, lagTold }: PollState, millisBehindLatest: number | undefined): boolean =>
  millisBehindLatest === undefined ? !lagTold && blanks >= blanksAtTip : millisBehindLatest === 0

/**
 * A missing, null or empty iterator proves nothing by itself. It ends the shard if the answer names the shard's children, or if a listing
 * has already shown its end and the answer is empty and at the tip. Otherwise the records are handed on and reading continues after them
 * or, if there are none, the same iterator is used again.
 */
const withoutIterator = (
  state: PollState,
  { isParent, lastSequenceNumber, millisBehindLatest }: PageReceived
): PollState =>
  isParent || (state.closed && lastSequenceNumber === undefined && isAtTip(state, millisBehindLatest))
    ? { ...state, shardIterator: undefined, ended: true }
    : lastSequenceNumber !== undefined
    ? { ...state, shardIterator: undefined }
    : { ...state, doubt: state.closed ? "listed" : "unlisted" }

/** What an answer and an event tell alike. */
const read = (
  state: PollState,
  { childShards, lastSequenceNumber, millisBehindLatest }: Omit<EventReceived, "_tag">
): PollState => {
  const isBlank = lastSequenceNumber === undefined && millisBehindLatest === undefined
  return {
    ...state,
    lastSequenceNumber: lastSequenceNumber ?? state.lastSequenceNumber,
    lagTold: state.lagTold || millisBehindLatest !== undefined,
    blanks: isBlank ? state.blanks + 1 : 0,
    childShards,
    broughtRecords: state.broughtRecords || lastSequenceNumber !== undefined
  }
}

const received = (state: PollState, page: PageReceived): PollState => {
  const { at, nextShardIterator } = page
  const next = read(state, page)
  return nextShardIterator !== undefined && nextShardIterator !== null && nextShardIterator !== ""
    ? { ...next, shardIterator: nextShardIterator, issuedAt: at }
    : withoutIterator(next, page)
}

/** An iterator lies before what was pushed. Only children prove that a shard has ended: if they are missing, polling tells. */
const pushed = (state: PollState, event: EventReceived): PollState => ({
  ...read(state, event),
  shardIterator: undefined,
  ended: event.isParent
})

/** A listing proves nothing about an answer received before it, since records may have arrived in between. So another answer is needed. */
const listed = (state: PollState, isOver: boolean): PollState =>
  isOver ? { ...state, closed: true, doubt: undefined, blanks: 0 } : { ...state, doubt: "listed" }

export const step = (state: PollState, event: PollEvent): PollState => {
  switch (event._tag) {
    case "IteratorReceived":
      return { ...state, shardIterator: event.shardIterator, issuedAt: event.at }
    case "IteratorExpired":
      return { ...state, shardIterator: undefined }
    case "Announced":
      return { ...state, announced: true }
    case "PageReceived":
      return received(state, event)
    case "EventReceived":
      return pushed(state, event)
    case "RetentionChecked":
      return { ...state, retentionChecked: true }
    case "Listed":
      return listed(state, event.isOver)
    case "Waited":
      return { ...state, doubt: undefined }
    case "PositionTrimmed":
      return { ...state, ...beginning({ _tag: "TrimHorizon" }, state.closed), floor: event.floor }
  }
}

/**
 * Whether reading ends after a page that is as far as wanted: not at a shard's end, which is still to be reported, nor by the tip of a
 * closed shard.
 */
export const isOverAfter = (state: PollState, isClosed: boolean, until: Until, page: StopRule.PageFacts): boolean =>
  !state.ended && !(isClosed && StopRule.isByTip(until, page))

/** Whether a position is that of a record. */
export const isSequence = (position: Position): boolean =>
  position._tag === "AtSequenceNumber" || position._tag === "AfterSequenceNumber"

/** What to do about an iterator that was refused as an invalid argument; a clock is corrected once. */
export const afterRefusal = (position: Position, isCorrected: boolean): "trimmed" | "correct-clock" | "fail" =>
  isSequence(position) ? "trimmed" : isCorrected ? "fail" : "correct-clock"

const hourMillis = 3_600_000

/** A stream keeps its records for at least 24 hours. */
const leastRetentionMillis = 23 * hourMillis

/**
 * If a shard is read from a stored position, is behind by the whole retention and brings nothing, the position lies before the oldest
 * record.
 */
export const isSuspect = (state: PollState, millisBehindLatest: number | undefined): boolean =>
  !state.retentionChecked && millisBehindLatest !== undefined && millisBehindLatest >= leastRetentionMillis &&
  state.lastSequenceNumber === undefined && isSequence(state.origin)

/** Why a suspect position has left retention; undefined when it has not. */
export const whyTrimmed = (millisBehindLatest: number, retentionPeriodHours: number): string | undefined =>
  millisBehindLatest < retentionPeriodHours * hourMillis * 0.99
    ? undefined
    : `${Math.round(millisBehindLatest / hourMillis)} hours behind without a record`

/** The sequence number up to which records were read before reading began, if there is one. */
export const floorOf = ({ origin }: PollState): string | undefined =>
  "sequenceNumber" in origin ? origin.sequenceNumber : undefined
