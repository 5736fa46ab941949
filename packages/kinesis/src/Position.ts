/**
 * Where a shard's reader stands, or where it is to begin.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as InstantText from "./internal/options/instantText.js"
import * as Numbers from "./internal/options/numbers.js"
import * as SequenceNumbers from "./internal/record/sequenceNumber.js"

const SequenceNumber = Schema.String.pipe(
  Schema.filter(SequenceNumbers.isValid, {
    identifier: "SequenceNumber",
    description: "a sequence number: a decimal of at most 129 digits without leading zeros"
  })
)

/** Milliseconds since the epoch. */
const Instant = Schema.Number.pipe(
  Schema.filter(Numbers.isInstant, {
    identifier: "Instant",
    description: "an instant: milliseconds since the epoch, finite and not negative"
  })
)

/** The place of a record in its aggregate. */
const SubSequenceNumber = Schema.Number.pipe(
  Schema.filter((value) => Numbers.isWhole(value, 0), {
    identifier: "SubSequenceNumber",
    description: "a sub-sequence number: whole and not negative"
  })
)

/**
 * The schema of a place in one shard: what is stored as JSON is decoded and checked by it. A decoded position is plain data.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Position } from "effect-kinesis"
 *
 * const Token = Schema.parseJson(Position.Position)
 *
 * const read = Schema.decodeUnknown(Token)
 * const write = Schema.encode(Token)
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const Position = Schema.Union(
  /** The oldest record that is still in retention. */
  Schema.TaggedStruct("TrimHorizon", {}),
  /** Only what is written from now on. A reader turns it into an instant once, when it starts. */
  Schema.TaggedStruct("Latest", {}),
  /**
   * The first record that arrived at this instant or later, in milliseconds since the epoch. `standsFor` is what it was made of, and what a
   * reader takes in its place that can store no instant, such as the Kinesis Client Library. Default: nothing.
   */
  Schema.TaggedStruct("AtTimestamp", {
    timestamp: Instant,
    standsFor: Schema.optional(Schema.Literal("Latest", "TrimHorizon"))
  }),
  /** Exactly this record. */
  Schema.TaggedStruct("AtSequenceNumber", { sequenceNumber: SequenceNumber }),
  /** The record after this one; with a sub-sequence number, after that record of the aggregate. */
  Schema.TaggedStruct("AfterSequenceNumber", {
    sequenceNumber: SequenceNumber,
    subSequenceNumber: Schema.optional(SubSequenceNumber)
  }),
  /** Everything of the shard was read, and the shard is closed. */
  Schema.TaggedStruct("ShardEnd", {})
)

/**
 * A place in one shard. Plain data, so that it can be stored as JSON and given back later:
 *
 * - `TrimHorizon`: the oldest record that is still in retention;
 * - `Latest`: only what is written from now on;
 * - `AtTimestamp`: the first record that arrived at this `timestamp` or later, in milliseconds since the epoch;
 * - `AtSequenceNumber`: exactly the record of this `sequenceNumber`;
 * - `AfterSequenceNumber`: the record after this one; with a `subSequenceNumber`, after that record of the aggregate;
 * - `ShardEnd`: everything of the shard was read, and the shard is closed.
 *
 * @since 0.1.0
 * @category models
 */
export type Position = typeof Position.Type

/**
 * A position from which something may be left to read.
 *
 * @since 0.1.0
 * @category models
 */
export type Startable = Exclude<Position, { readonly _tag: "ShardEnd" }>

/**
 * A position that means something in every shard of a stream.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamStart = Extract<Position, { readonly _tag: "TrimHorizon" | "Latest" | "AtTimestamp" }>

/**
 * The oldest record that is still in retention.
 *
 * @example
 * ```ts
 * import { KinesisStream, Position } from "effect-kinesis"
 *
 * const all = KinesisStream.records({ stream: "orders", from: Position.trimHorizon })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const trimHorizon: StreamStart = { _tag: "TrimHorizon" }

/**
 * Only what is written from now on.
 *
 * @example
 * ```ts
 * import { KinesisStream, Position } from "effect-kinesis"
 *
 * const news = KinesisStream.records({ stream: "orders", from: Position.latest })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const latest: StreamStart = { _tag: "Latest" }

/**
 * The end of a closed shard of which everything was read.
 *
 * @example
 * ```ts
 * import { KinesisStream, Position } from "effect-kinesis"
 *
 * // a shard that is known to be done: its children are read
 * const positions = { "shardId-000000000000": Position.shardEnd }
 * const rest = KinesisStream.records({ stream: "orders", from: "trim-horizon", positions })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const shardEnd: Position = { _tag: "ShardEnd" }

/**
 * The first record that arrived at this instant or later.
 *
 * @example
 * ```ts
 * import { KinesisStream, Position } from "effect-kinesis"
 *
 * const lastHour = KinesisStream.records({ stream: "orders", from: Position.atTimestamp(Date.now() - 3_600_000) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const atTimestamp = (instant: Date | number): StreamStart => ({
  _tag: "AtTimestamp",
  timestamp: typeof instant === "number" ? instant : instant.getTime()
})

/**
 * Exactly the record of this sequence number.
 *
 * @example
 * ```ts
 * import { Position, ShardReader } from "effect-kinesis"
 *
 * // from a record that was noted: it again
 * const records = ShardReader.records({
 *   stream: "orders",
 *   shardId: "shardId-000000000000",
 *   from: Position.atSequenceNumber("49590338271490256608559692538361571095921575989136588898")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const atSequenceNumber = (sequenceNumber: string): Startable => ({ _tag: "AtSequenceNumber", sequenceNumber })

/**
 * The record after this sequence number.
 *
 * @example
 * ```ts
 * import { Position, ShardReader } from "effect-kinesis"
 *
 * // from a record that was noted: what comes after it
 * const records = ShardReader.records({
 *   stream: "orders",
 *   shardId: "shardId-000000000000",
 *   from: Position.afterSequenceNumber("49590338271490256608559692538361571095921575989136588898")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const afterSequenceNumber = (sequenceNumber: string): Startable => ({
  _tag: "AfterSequenceNumber",
  sequenceNumber
})

const afterRecord = (sequenceNumber: string, subSequenceNumber: number | undefined): Startable => ({
  _tag: "AfterSequenceNumber",
  sequenceNumber,
  ...(subSequenceNumber === undefined ? {} : { subSequenceNumber })
})

/**
 * The position before a record, from which it is read again, in the middle of an aggregate too.
 *
 * @example
 * ```ts
 * import type { KinesisRecord } from "effect-kinesis"
 * import { Position } from "effect-kinesis"
 *
 * const again = (record: KinesisRecord.KinesisRecord) => JSON.stringify(Position.before(record))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const before = ({ sequenceNumber, subSequenceNumber = 0 }: {
  readonly sequenceNumber: string
  readonly subSequenceNumber?: number | undefined
}): Startable =>
  subSequenceNumber === 0
    ? atSequenceNumber(sequenceNumber)
    : afterRecord(sequenceNumber, subSequenceNumber - 1)

/**
 * The position after a record, in the middle of an aggregate too. After a value of a record that has several, such as a line, it is the
 * position after the record only if the value is its last (`isLastValue`), and else the one before the record: a record of which values are
 * left is read again with all of them, so that each is seen at least once.
 *
 * @example
 * ```ts
 * import type { KinesisRecord } from "effect-kinesis"
 * import { Position } from "effect-kinesis"
 *
 * const resumeAfter = (record: KinesisRecord.KinesisRecord) => JSON.stringify(Position.after(record))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const after = (record: {
  readonly sequenceNumber: string
  readonly subSequenceNumber?: number | undefined
  readonly isLastValue?: boolean | undefined
}): Startable =>
  record.isLastValue === false ? before(record) : afterRecord(record.sequenceNumber, record.subSequenceNumber)

/**
 * The position that a person wrote: `trim-horizon`, `latest`, or an instant as ISO 8601 with its zone, as seconds or milliseconds since
 * the epoch, or as a time before `now` (in milliseconds) such as `-2h` or `-1h30m`. It is `undefined` for anything else, so look before you
 * read `from` it: a time without a zone would mean different instants on different machines. {@link textExamples} has what to say then.
 *
 * @example
 * ```ts
 * import { Clock, Effect, Stream } from "effect"
 * import { KinesisStream, Position } from "effect-kinesis"
 *
 * const readFrom = (text: string) =>
 *   Effect.gen(function*() {
 *     const from = Position.fromText(text, yield* Clock.currentTimeMillis)
 *     if (from === undefined) return yield* Effect.fail(`${text} is none of ${Position.textExamples}`)
 *     yield* Stream.runDrain(KinesisStream.records({ stream: "orders", from }))
 *   })
 *
 * const twoHoursAgo = readFrom("-2h")
 * const instant = readFrom("2026-11-23T08:00:00Z")
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const fromText = (text: string, now: number): StreamStart | undefined => {
  if (text === "trim-horizon") return trimHorizon
  if (text === "latest") return latest
  const instant = InstantText.parse(text, now)
  return instant === undefined ? undefined : atTimestamp(instant)
}

/**
 * A position in words, for a log or a message.
 *
 * @since 0.1.0
 * @category formatting
 */
export const format = (position: Position): string => {
  switch (position._tag) {
    case "TrimHorizon":
      return "the oldest record"
    case "Latest":
      return "now"
    case "AtTimestamp":
      return new Date(position.timestamp).toISOString()
    case "AtSequenceNumber":
      return `record ${position.sequenceNumber}`
    case "AfterSequenceNumber":
      return position.subSequenceNumber === undefined
        ? `after record ${position.sequenceNumber}`
        : `after record ${position.sequenceNumber}, ${position.subSequenceNumber}`
    case "ShardEnd":
      return "the end"
  }
}

/**
 * The forms that {@link fromText} takes, for a message or a help text.
 *
 * @since 0.1.0
 * @category parsing
 */
export const textExamples: string = `trim-horizon, latest, ${InstantText.examples}`

/**
 * Orders sequence numbers as numbers ("9" before "10"), without converting them.
 *
 * @example
 * ```ts
 * import { Position } from "effect-kinesis"
 * import { strictEqual } from "node:assert/strict"
 *
 * strictEqual(Position.compareSequenceNumbers("9", "10"), -1)
 * ```
 *
 * @since 0.1.0
 * @category ordering
 */
export const compareSequenceNumbers: (a: string, b: string) => -1 | 0 | 1 = SequenceNumbers.compare
