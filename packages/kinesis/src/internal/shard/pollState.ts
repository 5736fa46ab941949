import type { Position, Startable } from "../../Position.js"

/** Where the reader of one shard stands. `lastSequenceNumber` survives empty pages: it is the last record ever handed on. */
export interface PollState {
  readonly origin: Position
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
  lastSequenceNumber: undefined,
  shardIterator: undefined,
  closed: origin._tag === "ShardEnd"
})

/** After what was handed on, or where reading began when nothing was. */
export const position = (state: PollState): Position =>
  state.closed
    ? { _tag: "ShardEnd" }
    : state.lastSequenceNumber === undefined
    ? state.origin
    : { _tag: "AfterSequenceNumber", sequenceNumber: state.lastSequenceNumber }

export const command = (state: PollState): PollCommand => {
  if (state.shardIterator !== undefined) return { _tag: "GetRecords", shardIterator: state.shardIterator }
  const next = position(state)
  return next._tag === "ShardEnd" ? { _tag: "End" } : { _tag: "GetShardIterator", position: next }
}

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
