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
  /** The last answer had no next iterator, and was not proven to be the shard's last. */
  readonly unproven: boolean
  /** How many answers in a row brought nothing, no next iterator, and not how far behind they are. */
  readonly silent: number
}

export type PollCommand =
  | { readonly _tag: "GetShardIterator"; readonly position: Startable }
  | { readonly _tag: "GetRecords"; readonly shardIterator: string }
  | { readonly _tag: "End" }

export type PollEvent =
  | { readonly _tag: "IteratorReceived"; readonly shardIterator: string; readonly at: number }
  | { readonly _tag: "IteratorExpired" }
  | {
    readonly _tag: "PageReceived"
    readonly lastSequenceNumber: string | undefined
    /** Undefined after the shard's last answer, and after one of which that is not known. */
    readonly nextShardIterator: string | undefined
    /** It is proven that the shard has ended. */
    readonly ended: boolean
    readonly at: number
  }
  /** An answer without a record and without a next iterator, of which it is not known whether it is the last. */
  | {
    readonly _tag: "EndUnproven"
    /** It does not say how far behind it is. */
    readonly isSilent: boolean
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
  closed: origin._tag === "ShardEnd",
  unproven: false,
  silent: 0
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

/** What an answer says of the end of its shard. */
interface EndFacts {
  readonly nextShardIterator: string | null | undefined
  readonly childShards: ReadonlyArray<{ readonly parentShards: ReadonlyArray<string> }>
}

/**
 * What an answer says: to go on with its iterator; that the shard has ended, since it names the shards that follow; or neither. A missing, a
 * null and an empty iterator prove nothing by themselves: a proxy, an emulator or a fault of the service may have left it out.
 */
export const verdict = (
  shardId: string,
  { childShards, nextShardIterator }: EndFacts
): "going-on" | "ended" | "unproven" =>
  nextShardIterator !== undefined && nextShardIterator !== null && nextShardIterator !== ""
    ? "going-on"
    : childShards.some(({ parentShards }) => parentShards.includes(shardId))
    ? "ended"
    : "unproven"

/** So many empty answers in a row that do not say how far behind they are count as one that is at the tip. */
const enoughSilent = 10

/**
 * Whether an answer without a record, a next iterator and child shards is the last: a listing must show the shard's end, or not have the
 * shard any more, and the answer must not be behind the tip of it.
 */
export const isProvenEnd = (
  { silent }: PollState,
  listed: { readonly endingSequenceNumber: string | undefined } | undefined,
  millisBehindLatest: number | undefined
): boolean =>
  (listed === undefined || listed.endingSequenceNumber !== undefined) &&
  (millisBehindLatest === undefined ? silent + 1 >= enoughSilent : millisBehindLatest === 0)

export const step = (state: PollState, event: PollEvent): PollState => {
  switch (event._tag) {
    case "IteratorReceived":
      return { ...state, shardIterator: event.shardIterator, issuedAt: event.at }
    case "IteratorExpired":
      return { ...state, shardIterator: undefined }
    case "PageReceived":
      return {
        ...state,
        lastSequenceNumber: event.lastSequenceNumber ?? state.lastSequenceNumber,
        shardIterator: event.nextShardIterator,
        issuedAt: event.at,
        closed: event.ended,
        unproven: false,
        silent: 0
      }
    case "EndUnproven":
      return { ...state, unproven: true, silent: event.isSilent ? state.silent + 1 : 0 }
    case "PositionTrimmed":
      return { ...start({ _tag: "TrimHorizon" }), floor: event.floor }
  }
}
