/**
 * Where a shard's reader stands, or where it is to begin.
 *
 * @since 0.1.0
 */
import * as SequenceNumber from "./internal/record/sequenceNumber.js"

/**
 * A place in one shard. Plain data, so that it can be stored as JSON and given back later.
 *
 * @since 0.1.0
 * @category models
 */
export type Position =
  /** The oldest record that is still in retention. */
  | { readonly _tag: "TrimHorizon" }
  /** Only what is written from now on. A reader turns it into an instant once, when it starts. */
  | { readonly _tag: "Latest" }
  /** The first record that arrived at this instant or later, in milliseconds since the epoch. */
  | { readonly _tag: "AtTimestamp"; readonly timestamp: number }
  /** Exactly this record. */
  | { readonly _tag: "AtSequenceNumber"; readonly sequenceNumber: string }
  /** The record after this one. */
  | { readonly _tag: "AfterSequenceNumber"; readonly sequenceNumber: string }
  /** Everything of the shard was read, and the shard is closed. */
  | { readonly _tag: "ShardEnd" }

/**
 * A position from which something may be left to read.
 *
 * @since 0.1.0
 * @category models
 */
export type Startable = Exclude<Position, { readonly _tag: "ShardEnd" }>

/**
 * The oldest record that is still in retention.
 *
 * @since 0.1.0
 * @category constructors
 */
export const trimHorizon: Startable = { _tag: "TrimHorizon" }

/**
 * Only what is written from now on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const latest: Startable = { _tag: "Latest" }

/**
 * The end of a closed shard of which everything was read.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shardEnd: Position = { _tag: "ShardEnd" }

/**
 * The first record that arrived at this instant or later.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atTimestamp = (instant: Date | number): Startable => ({
  _tag: "AtTimestamp",
  timestamp: typeof instant === "number" ? instant : instant.getTime()
})

/**
 * Exactly the record of this sequence number.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atSequenceNumber = (sequenceNumber: string): Startable => ({ _tag: "AtSequenceNumber", sequenceNumber })

/**
 * The record after this sequence number.
 *
 * @since 0.1.0
 * @category constructors
 */
export const afterSequenceNumber = (sequenceNumber: string): Startable => ({
  _tag: "AfterSequenceNumber",
  sequenceNumber
})

/**
 * Orders sequence numbers as numbers ("9" before "10"), without converting them.
 *
 * @since 0.1.0
 * @category ordering
 */
export const compareSequenceNumbers: (a: string, b: string) => -1 | 0 | 1 = SequenceNumber.compare
