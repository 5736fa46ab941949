import type { Change, Consumer, Shard, Stream } from "../model.js"
import * as Model from "../model.js"
import * as RecordLog from "../recordLog.js"
import { sortOpen } from "../reshard.js"

/** A shard without its records, as JSON. */
interface ShardState {
  readonly start: string
  readonly end: string
  readonly parents: ReadonlyArray<number>
  readonly createdSeconds: number
  readonly openedAt: number
  readonly trimmed: number
  readonly expired: boolean
  readonly closedAt?: number | undefined
  readonly endingSequenceNumber?: string | undefined
}

/** A change that is under way, as JSON. */
type ChangeState =
  | { readonly _tag: "Create" | "Resize"; readonly shardCount: number }
  | { readonly _tag: "Delete" | "Setting" }
  | { readonly _tag: "Split"; readonly shard: number; readonly at: string }
  | { readonly _tag: "Merge"; readonly lower: number; readonly upper: number }

type Kept =
  | "name"
  | "generation"
  | "createdAt"
  | "mode"
  | "distribution"
  | "maxRecordSizeInKiB"
  | "status"
  | "retentionPeriodHours"
  | "details"

/** A stream without its records, as JSON. */
export interface StreamState extends Pick<Stream, Kept> {
  readonly pending?: { readonly change: ChangeState; readonly at: number } | undefined
  readonly consumers: ReadonlyArray<Pick<Consumer, "name" | "createdSeconds" | "status" | "settlesAt">>
  readonly shards: ReadonlyArray<ShardState>
}

const ofShard = (shard: Shard): ShardState => ({
  start: String(shard.start),
  end: String(shard.end),
  parents: shard.parents.map(({ index }) => index),
  createdSeconds: shard.createdSeconds,
  openedAt: shard.openedAt,
  trimmed: shard.trimmed,
  expired: shard.expired,
  closedAt: shard.closedAt,
  endingSequenceNumber: shard.endingSequenceNumber
})

const ofChange = (change: Change): ChangeState => {
  switch (change._tag) {
    case "Split":
      return { _tag: "Split", shard: change.shard.index, at: String(change.at) }
    case "Merge":
      return { _tag: "Merge", lower: change.lower.index, upper: change.upper.index }
    default:
      return change
  }
}

export const of = (stream: Stream): StreamState => ({
  name: stream.name,
  generation: stream.generation,
  createdAt: stream.createdAt,
  mode: stream.mode,
  distribution: stream.distribution,
  maxRecordSizeInKiB: stream.maxRecordSizeInKiB,
  status: stream.status,
  retentionPeriodHours: stream.retentionPeriodHours,
  details: stream.details,
  pending: stream.pending && { change: ofChange(stream.pending.change), at: stream.pending.at },
  consumers: [...stream.consumers.values()].map(({ createdSeconds, name, settlesAt, status }) => ({
    name,
    createdSeconds,
    status,
    settlesAt
  })),
  shards: stream.shards.map(ofShard)
})

const toChange = (change: ChangeState, shards: ReadonlyArray<Shard>): Change => {
  switch (change._tag) {
    case "Split":
      return { _tag: "Split", shard: shards[change.shard]!, at: BigInt(change.at) }
    case "Merge":
      return { _tag: "Merge", lower: shards[change.lower]!, upper: shards[change.upper]! }
    default:
      return change
  }
}

/** A shard of the state that the stream does not have yet. */
const addShard = (stream: Stream, { createdSeconds, end, openedAt, parents, start }: ShardState): Shard => {
  const range = { start: BigInt(start), end: BigInt(end) }
  const shard = Model.addShard(stream, range, parents.map((index) => stream.shards[index]!), createdSeconds * 1000)
  return Object.assign(shard, { openedAt })
}

const applyShards = (stream: Stream, states: ReadonlyArray<ShardState>): void => {
  for (const [index, state] of states.entries()) {
    const shard = stream.shards[index] ?? addShard(stream, state)
    const { closedAt, endingSequenceNumber, expired, trimmed } = state
    Object.assign(shard, { closedAt, endingSequenceNumber, expired, trimmed })
    RecordLog.forget(shard.log, trimmed)
  }
  sortOpen(stream)
}

const applyConsumers = (stream: Stream, states: StreamState["consumers"]): void => {
  stream.consumers.clear()
  for (const state of states) {
    stream.consumers.set(state.name, { ...state, settlesAt: state.settlesAt, shards: new Map() })
  }
}

/** Makes a stream what the state says, whatever it was. Its records are not touched. */
export const apply = (stream: Stream, state: StreamState): void => {
  applyShards(stream, state.shards)
  applyConsumers(stream, state.consumers)
  const { details, distribution, maxRecordSizeInKiB, mode, pending, retentionPeriodHours, status } = state
  Object.assign(stream, {
    mode,
    distribution,
    maxRecordSizeInKiB,
    status,
    retentionPeriodHours,
    details,
    pending: pending && { change: toChange(pending.change, stream.shards), at: pending.at }
  })
}

/** A new stream of this state, without records. */
export const make = (state: StreamState): Stream => {
  const stream = Model.makeStream(state)
  apply(stream, state)
  return stream
}
