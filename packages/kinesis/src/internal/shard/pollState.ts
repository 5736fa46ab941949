import type { Position, Startable } from "../../Position.js"
import * as SequenceNumber from "../record/sequenceNumber.js"

/** Where the reader of one shard stands. `lastSequenceNumber` survives empty pages: it is the last record ever handed on. */
export interface PollState {
  readonly origin: Position
  /** The origin by the service's clock, once it is known. */
  readonly accepted: Position | undefined
  readonly lastSequenceNumber: string | undefined
  /** Records up to this one were read before. */
  readonly floor: string | undefined
  readonly shardIterator: string | undefined
  /** When the iterator came, in milliseconds on a clock that never goes back. */
  readonly issuedAt: number
  readonly closed: boolean
}

export type PollCommand =
  | { readonly _tag: "GetShardIterator"; readonly position: Startable }
  | { readonly _tag: "GetRecords"; readonly shardIterator: string }
  | { readonly _tag: "End" }

export type PollEvent =
  | { readonly _tag: "IteratorReceived"; readonly shardIterator: string | null | undefined; readonly at: number }
  | { readonly _tag: "IteratorExpired" }
  | {
    readonly _tag: "PageReceived"
    readonly lastSequenceNumber: string | undefined
    readonly nextShardIterator: string | null | undefined
    readonly at: number
  }
  /** Records up to `floor` were read before, should the oldest record lie before it after all. */
  | { readonly _tag: "PositionTrimmed"; readonly floor: string | undefined }

export const start = (origin: Position): PollState => ({
  origin,
  accepted: undefined,
  lastSequenceNumber: undefined,
  floor: undefined,
  shardIterator: undefined,
  issuedAt: 0,
  closed: origin._tag === "ShardEnd"
})

const after = (state: PollState, origin: Position): Position =>
  state.closed
    ? { _tag: "ShardEnd" }
    : state.lastSequenceNumber === undefined
    ? origin
    : { _tag: "AfterSequenceNumber", sequenceNumber: state.lastSequenceNumber }

/** After what was handed on, or where reading began when nothing was, by the service's clock. */
export const position = (state: PollState): Position => after(state, state.accepted ?? state.origin)

/** An iterator lives for 5 minutes (GetShardIterator's documentation); one that may not live to be used is replaced in time. */
const freshForMillis = 4.5 * 60_000

export const command = (state: PollState, now: number): PollCommand => {
  if (state.shardIterator !== undefined && now - state.issuedAt <= freshForMillis) {
    return { _tag: "GetRecords", shardIterator: state.shardIterator }
  }
  const next = after(state, state.origin)
  if (next._tag === "ShardEnd") return { _tag: "End" }
  const insideAggregate = next._tag === "AfterSequenceNumber" && next.subSequenceNumber !== undefined
  return {
    _tag: "GetShardIterator",
    position: insideAggregate ? { _tag: "AtSequenceNumber", sequenceNumber: next.sequenceNumber } : next
  }
}

/**
 * The records of a page that were not read before: those after the origin, when that lies inside an aggregate, which is read again from
 * its start, and those above the floor.
 */
export const unread = <
  R extends { readonly sequenceNumber: string; readonly subSequenceNumber?: number | undefined }
>(
  { floor, lastSequenceNumber, origin }: PollState,
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

/** The origin as the service accepted it, when its clock differs from this one: positions are stored, and must mean the same later. */
export const corrected = (state: PollState, accepted: Position): PollState =>
  state.lastSequenceNumber === undefined ? { ...state, accepted } : state

/** A missing, a null and an empty iterator all say that the shard is closed and has nothing more. */
const follow = (state: PollState, shardIterator: string | null | undefined, at: number): PollState =>
  shardIterator === undefined || shardIterator === null || shardIterator === ""
    ? { ...state, shardIterator: undefined, closed: true }
    : { ...state, shardIterator, issuedAt: at }

export const step = (state: PollState, event: PollEvent): PollState => {
  switch (event._tag) {
    case "IteratorReceived":
      return follow(state, event.shardIterator, event.at)
    case "IteratorExpired":
      return { ...state, shardIterator: undefined }
    case "PageReceived":
      return follow(
        { ...state, lastSequenceNumber: event.lastSequenceNumber ?? state.lastSequenceNumber },
        event.nextShardIterator,
        event.at
      )
    case "PositionTrimmed":
      return { ...start({ _tag: "TrimHorizon" }), floor: event.floor }
  }
}
