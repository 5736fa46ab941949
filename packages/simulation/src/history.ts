import { compareSequenceNumbers, type Position } from "effect-kinesis/Position"
import type { ReadOperation } from "./actions.js"
import type { Scenario, Until } from "./scenario.js"

/**
 * A record that the stream took. Its number is its place among those of its key, and its arrival is by the server's
 * clock.
 */
export interface Written {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly key: string
  readonly number: number
  readonly arrival: number
  /** When it left the stream, by the reader's clock. */
  readonly trimmedAt: number | undefined
}

/** The unit that the program received and handled: a page, or one record if it reads records. */
export interface Batch {
  readonly run: number
  readonly shardId: string
  readonly sequenceNumbers: ReadonlyArray<string>
  readonly at: number
  /** Its place in the order of all beginnings and ends of handling. */
  readonly began: number
  /** Undefined when the program crashed before it was done. */
  readonly done: number | undefined
}

/** How a run came to its end. */
export type End =
  | { readonly _tag: "Ended" | "Crashed" | "Stopped" }
  | {
    readonly _tag: "Failed"
    readonly error: string
    readonly operation: string
    readonly shardId: string | undefined
    readonly message: string
  }

export interface Run {
  readonly startedAt: number
  readonly endedAt: number
  readonly until: Until
  readonly end: End
  /** The shards whose last page said that more was to come. */
  readonly behind: ReadonlyArray<string>
  /** At some moment all its shards had been seen at their tips after no record had come for as long as `Idle` says. */
  readonly wasIdle: boolean
  /** A page came, of any shard. */
  readonly answered: boolean
  /** When a page of a listing of the run itself arrived that named shards. */
  readonly listings: ReadonlyArray<number>
  /** The shards that they named. */
  readonly listed: ReadonlySet<string>
  /** A shard with a stored position was gone: whatever has lost a parent may descend from it. */
  readonly hasLostStored: boolean
  /** What was stored by the runs before it. */
  readonly positions: Readonly<Record<string, Position>>
}

/** A call that the reader made. `run` is undefined for a call that was made when no run was under way. */
export interface ReadCall {
  readonly run: number | undefined
  readonly operation: ReadOperation
  readonly at: number
  readonly shardId: string | undefined
  readonly outcome: string
  /** Fields of the request that are present. */
  readonly fields: ReadonlyArray<string>
}

export interface LogLine {
  readonly at: number
  readonly text: string
}

/** All that happened, by the reader's clock in milliseconds since the epoch. */
export interface History {
  readonly scenario: Scenario
  readonly epoch: number
  /** Shard by shard, in order. */
  readonly written: ReadonlyArray<Written>
  /** In the order in which the program began to handle them. */
  readonly batches: ReadonlyArray<Batch>
  readonly runs: ReadonlyArray<Run>
  readonly calls: ReadonlyArray<ReadCall>
  readonly parents: ReadonlyMap<string, ReadonlyArray<string>>
  /** The first run found out that its clock is ahead of the server's. */
  readonly clockFound: boolean
  /** Why the history did not come to its end, if so. */
  readonly unfinished: string | undefined
  /** How often each kind of fault met the reader. */
  readonly met: ReadonlyMap<string, number>
  readonly wakeUps: number
  readonly log: ReadonlyArray<LogLine>
}

export const recordId = (shardId: string, sequenceNumber: string): string => `${shardId}/${sequenceNumber}`

/**
 * The instants between which the start lies, by the server's clock: records that arrived before the first must not be
 * read, records that arrived at or after the second must. They differ by what the reader cannot know about the server's
 * clock.
 */
export const startOf = (
  { clockFound, epoch, scenario, startedAt }: Pick<History, "clockFound" | "epoch" | "scenario"> & {
    readonly startedAt: number
  }
) => {
  const { from, skewMillis } = scenario
  if (from._tag === "TrimHorizon") return { notBefore: -Infinity, allFrom: -Infinity }
  if (from._tag === "Date") return { notBefore: epoch + from.at + Math.min(0, skewMillis), allFrom: epoch + from.at }
  return {
    notBefore: startedAt + Math.min(0, skewMillis),
    allFrom: startedAt + (skewMillis < 0 && !clockFound ? 0 : skewMillis)
  }
}

/** All shards that lead to this one. */
export const ancestors = (
  parents: ReadonlyMap<string, ReadonlyArray<string>>,
  shardId: string
): ReadonlySet<string> => {
  const found = new Set<string>()
  const pending = [...parents.get(shardId) ?? []]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue
    found.add(next)
    pending.push(...parents.get(next) ?? [])
  }
  return found
}

/** Whether a run that was given these positions may no longer bring the record. */
export const isCovered = (
  positions: Readonly<Record<string, Position>>,
  passed: ReadonlySet<string>,
  shardId: string,
  sequenceNumber: string
): boolean => {
  const position = positions[shardId]
  if (position === undefined) return passed.has(shardId)
  if (position._tag === "ShardEnd") return true
  return position._tag === "AfterSequenceNumber" &&
    compareSequenceNumbers(sequenceNumber, position.sequenceNumber) <= 0
}

/** The shards that lead to those whose positions are stored: they count as read. */
export const passedShards = (
  parents: ReadonlyMap<string, ReadonlyArray<string>>,
  positions: Readonly<Record<string, Position>>
): ReadonlySet<string> => new Set(Object.keys(positions).flatMap((shardId) => [...ancestors(parents, shardId)]))
