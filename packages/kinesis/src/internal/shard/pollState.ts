import type { Position, Startable } from "../../Position.js"

/** Where the reader of one shard stands. `lastSequenceNumber` survives empty pages: it is the last record ever handed on. */
export interface PollState {
  readonly origin: Position
  /** The origin by the service's clock, once it is known. */
  readonly accepted: Position | undefined
  readonly lastSequenceNumber: string | undefined
  readonly shardIterator: string | undefined
  readonly closed: boolean
}

export type PollCommand =
  | { readonly _tag: "GetShardIterator"; readonly position: Startable }
  | { readonly _tag: "GetRecords"; readonly shardIterator: string }
  | { readonly _tag: "End" }

export type PollEvent =
  | { readonly _tag: "IteratorReceived"; readonly shardIterator: string | null | undefined }
  | { readonly _tag: "IteratorExpired" }
  | {
    readonly _tag: "PageReceived"
    readonly lastSequenceNumber: string | undefined
    readonly nextShardIterator: string | null | undefined
  }

export const start = (origin: Position): PollState => ({
  origin,
  accepted: undefined,
  lastSequenceNumber: undefined,
  shardIterator: undefined,
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

export const command = (state: PollState): PollCommand => {
  if (state.shardIterator !== undefined) return { _tag: "GetRecords", shardIterator: state.shardIterator }
  const next = after(state, state.origin)
  return next._tag === "ShardEnd" ? { _tag: "End" } : { _tag: "GetShardIterator", position: next }
}

/** The origin as the service accepted it, when its clock differs from this one: positions are stored, and must mean the same later. */
export const corrected = (state: PollState, accepted: Position): PollState =>
  state.lastSequenceNumber === undefined ? { ...state, accepted } : state

/** A missing, a null and an empty iterator all say that the shard is closed and has nothing more. */
const follow = (state: PollState, shardIterator: string | null | undefined): PollState =>
  shardIterator === undefined || shardIterator === null || shardIterator === ""
    ? { ...state, shardIterator: undefined, closed: true }
    : { ...state, shardIterator }

export const step = (state: PollState, event: PollEvent): PollState => {
  switch (event._tag) {
    case "IteratorReceived":
      return follow(state, event.shardIterator)
    case "IteratorExpired":
      return { ...state, shardIterator: undefined }
    case "PageReceived":
      return follow(
        { ...state, lastSequenceNumber: event.lastSequenceNumber ?? state.lastSequenceNumber },
        event.nextShardIterator
      )
  }
}
