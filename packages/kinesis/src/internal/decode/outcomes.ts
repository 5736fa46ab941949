import type * as Effect from "effect/Effect"
import { DecodeError } from "../../KinesisError.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Problem } from "./parser.js"

/** A value of a record, or why there is none in its place. */
export type Outcome<A> = A | DecodeError

/** Adds what is in a record to the outcomes, in order: at once, or by the effect that it returns. */
export type Decode<A, R> = (
  record: KinesisRecord,
  outcomes: Array<Outcome<A>>
) => Effect.Effect<void, never, R> | undefined

/**
 * Adds the values of the records from one index to before another, as far as that is quick. Returns the index of the first record that is
 * left to be decoded by itself, and adds no error. It is asked again for the rest that is behind such a record.
 */
export type DecodeTogether<A> = (
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number,
  values: Array<A>,
  isRest: boolean
) => number

export const isInvalid = <A>(outcome: Outcome<A>): outcome is DecodeError => outcome instanceof DecodeError

/** Which of a record's values one is. */
export interface Place {
  readonly index: number
  /** How many the record has, invalid ones included. */
  readonly count: number
  /** The line that it begins in, from 1. */
  readonly line?: () => number
}

export const only: Place = { index: 0, count: 1 }

/** What may itself be a value of a record, or what was made of one. */
interface MaybeValue {
  readonly isLastValue?: boolean | undefined
}

/** Whether nothing of its record is behind it. */
export const endsRecord = (value: unknown): boolean => (value as MaybeValue).isLastValue !== false

/** Whether no value of the record is behind this one. */
export const isLast = (record: KinesisRecord & MaybeValue, { count, index }: Place): boolean =>
  index === count - 1 && record.isLastValue !== false

export const invalid = (record: KinesisRecord, { cause, description }: Problem, place: Place): DecodeError => {
  KinesisMetrics.invalid(record)
  return new DecodeError({
    stream: record.stream,
    shardId: record.shardId,
    sequenceNumber: record.sequenceNumber,
    subSequenceNumber: record.subSequenceNumber,
    partitionKey: record.partitionKey,
    valueIndex: place.count === 1 ? undefined : place.index,
    line: place.count === 1 ? undefined : place.line?.(),
    isLastValue: isLast(record, place),
    data: record.data,
    description,
    cause
  })
}

/** The last of these values is its record's last once the invalid ones behind it are dealt with. */
export const closeRecord = <A>(values: Array<A>, error: DecodeError): void => {
  const last = values.length - 1
  if (last >= 0 && error.isLastValue !== false && !endsRecord(values[last])) {
    values[last] = { ...values[last]!, isLastValue: true }
  }
}
