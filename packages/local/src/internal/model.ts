import type { Range } from "./hashKeys.js"
import * as Limits from "./limits.js"
import * as RecordLog from "./recordLog.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as StreamDetails from "./streamDetails.js"
import type { Subscription } from "./subscriptions.js"
import * as Throughput from "./throughput.js"

/** A shard and everything ever written to it. */
export interface Shard extends Range {
  readonly index: number
  readonly id: string
  readonly parents: ReadonlyArray<Shard>
  readonly createdSeconds: number
  readonly startingSequenceNumber: string
  readonly openedAt: number
  readonly children: Array<Shard>
  readonly log: RecordLog.RecordLog
  /** How many records from the start have left retention. */
  trimmed: number
  /** By the name of a consumer, the place from which its subscriptions may bring records again. */
  readonly floors: Map<string, number>
  closedAt: number | undefined
  endingSequenceNumber: string | undefined
  /** Whether it is gone from the listing. */
  expired: boolean
  reads: Throughput.Reads
  iterators: ReadonlyArray<number>
  writes: Throughput.Writes
}

/** A consumer at one shard, over all of its subscriptions. */
export interface ConsumerShard {
  /** The calls of the last second. */
  calls: ReadonlyArray<number>
  /** When a subscription was last accepted. */
  acceptedAt: number | undefined
  pushed: Throughput.Bucket
  /** The newest subscription, until its caller leaves. */
  current: Subscription | undefined
}

/** A consumer of a stream, for enhanced fan-out. */
export interface Consumer {
  readonly name: string
  /** By the server's clock, since the epoch: its ARN ends in it. */
  readonly createdSeconds: number
  readonly shards: Map<Shard, ConsumerShard>
  status: "CREATING" | "DELETING" | "ACTIVE"
  /** When it is created or gone. */
  settlesAt: number | undefined
}

/** What happens to a stream when its transition ends. */
export type Change =
  | { readonly _tag: "Create"; readonly shardCount: number }
  | { readonly _tag: "Delete" }
  | { readonly _tag: "Split"; readonly shard: Shard; readonly at: bigint }
  | { readonly _tag: "Merge"; readonly lower: Shard; readonly upper: Shard }
  | { readonly _tag: "Resize"; readonly shardCount: number }
  /** It takes its time alone: what it changes was changed at its start. */
  | { readonly _tag: "Setting" }

/** A stream with all its shards in the order of their ids, expired ones included. */
export interface Stream {
  readonly name: string
  /** Distinguishes it from an earlier stream of the same name. */
  readonly generation: number
  /** By the server's clock, in milliseconds since the epoch. */
  readonly createdAt: number
  mode: "PROVISIONED" | "ON_DEMAND"
  readonly shards: Array<Shard>
  /** With `"AUTO"` records go to the open shards in turn, whatever their keys. */
  distribution: "AUTO" | "USER_PARTITION_KEY"
  /** The size of a record with its key, in KiB. */
  maxRecordSizeInKiB: number
  /** How many records were distributed. */
  distributed: number
  /** The open shards in the order of their hash keys. */
  open: ReadonlyArray<Shard>
  status: "CREATING" | "DELETING" | "ACTIVE" | "UPDATING"
  pending: { readonly change: Change; readonly at: number } | undefined
  retentionPeriodHours: number
  listings: ReadonlyArray<number>
  /** By name. */
  readonly consumers: Map<string, Consumer>
  /** What changes neither its shards nor its records. */
  details: StreamDetails.StreamDetails
}

/** The whole service as one account in one region sees it. */
export interface Account {
  readonly id: string
  readonly region: string
  readonly streams: Map<string, Stream>
  readonly limits: Limits.Limits
  /** Never the same twice: makes each iterator and each stream unique. */
  serial: number
  /** When each consumer was last created, by stream and name: makes each ARN unique. */
  readonly consumersCreated: Map<string, number>
  /** Since when a minimum of on-demand throughput is billed, in milliseconds since the epoch. */
  commitment: number | undefined
}

export const makeAccount = (id: string, region: string, limits = Limits.all): Account => ({
  id,
  region,
  streams: new Map(),
  limits,
  serial: 0,
  consumersCreated: new Map(),
  commitment: undefined
})

export const nextSerial = (account: Account): number => ++account.serial

export const makeStream = (
  options: Pick<Stream, "name" | "generation" | "createdAt" | "mode" | "retentionPeriodHours">
): Stream => ({
  ...options,
  distribution: "USER_PARTITION_KEY",
  maxRecordSizeInKiB: 1024,
  distributed: 0,
  shards: [],
  open: [],
  status: "CREATING",
  pending: undefined,
  listings: [],
  consumers: new Map(),
  details: StreamDetails.none
})

export const shardId = (index: number): string => `shardId-${String(index).padStart(12, "0")}`

/** A new last shard of the stream. Its numbers are above those of its parents, whatever the clock says. */
export const addShard = (stream: Stream, range: Range, parents: ReadonlyArray<Shard>, now: number): Shard => {
  const index = stream.shards.length
  const createdSeconds = Math.max(
    SequenceNumbers.seconds(now),
    ...parents.map((parent) => parent.createdSeconds + 1)
  )
  const shard: Shard = {
    index,
    id: shardId(index),
    parents,
    start: range.start,
    end: range.end,
    createdSeconds,
    startingSequenceNumber: SequenceNumbers.encode({
      createdSeconds,
      shardIndex: index,
      counter: 0,
      arrivalSeconds: createdSeconds
    }),
    openedAt: now,
    children: [],
    log: RecordLog.empty(),
    trimmed: 0,
    floors: new Map(),
    closedAt: undefined,
    endingSequenceNumber: undefined,
    expired: false,
    reads: Throughput.noReads,
    iterators: [],
    writes: Throughput.noWrites
  }
  stream.shards.push(shard)
  for (const parent of parents) parent.children.push(shard)
  return shard
}

export const closeShard = (shard: Shard, now: number): void => {
  shard.closedAt = now
  shard.endingSequenceNumber = SequenceNumbers.encode({
    createdSeconds: shard.createdSeconds,
    shardIndex: shard.index,
    counter: SequenceNumbers.lastCounter,
    arrivalSeconds: SequenceNumbers.seconds(now)
  })
}

export const isOpen = (shard: Shard): boolean => shard.closedAt === undefined
