import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Decoded } from "../../RecordDecoder.js"
import * as Learning from "../layout/learning.js"
import * as Program from "../schema/program.js"
import * as JoinedJson from "./joinedJson.js"
import * as JsonText from "./jsonText.js"
import type { Found, ParseText, Read } from "./jsonValues.js"
import * as JsonValues from "./jsonValues.js"
import type { Decode, DecodeTogether, Outcome, Place } from "./outcomes.js"
import * as Outcomes from "./outcomes.js"
import type { Parsed, Parser } from "./parser.js"

/** A record with its value. Written out, it takes a fraction of the time that a spread does. */
export const decoded = <A>(record: KinesisRecord, value: A, place: Place): Decoded<A> => {
  KinesisMetrics.decoded(record)
  const made: Decoded<A> = {
    stream: record.stream,
    shardId: record.shardId,
    sequenceNumber: record.sequenceNumber,
    partitionKey: record.partitionKey,
    data: record.data,
    approximateArrivalTimestamp: record.approximateArrivalTimestamp,
    value,
    valueIndex: place.index,
    isLastValue: Outcomes.isLast(record, place)
  }
  return record.subSequenceNumber === undefined ? made : ofAggregate(made, record)
}

const ofAggregate = <A>(made: Decoded<A>, { explicitHashKey, subSequenceNumber }: KinesisRecord): Decoded<A> => ({
  ...made,
  explicitHashKey,
  subSequenceNumber
})

/** What was parsed of a record, or its error. */
export const valued = <A>(record: KinesisRecord, parsed: Parsed<A>, place: Place): Outcome<Decoded<A>> =>
  Either.isRight(parsed) ? decoded(record, parsed.right, place) : Outcomes.invalid(record, parsed.left, place)

/** The places of what was found in these bytes; the line of one is looked for when something is wrong with it. */
export const placesOf = (bytes: Uint8Array, found: ReadonlyArray<Found>): (index: number) => Place => {
  const count = found.length
  if (count === 1) return () => Outcomes.only
  const lineAt = JsonText.lineCounter(bytes)
  return (index) => ({ index, count, line: () => lineAt(found[index]!.start) })
}

/** What is learned of texts on the way, if anything. */
type Learns = Learning.State | undefined

/** Adds what a schema makes of a JSON value. */
const judge = <A, R>(
  { parse, program }: Parser<A, R>,
  learning: Learns,
  record: KinesisRecord,
  value: Parsed<unknown>,
  place: Place,
  outcomes: Array<Outcome<Decoded<A>>>
): Effect.Effect<void, never, R> | undefined => {
  if (Either.isLeft(value)) {
    outcomes.push(Outcomes.invalid(record, value.left, place))
    return undefined
  }
  const known = program(value.right)
  if (known !== Program.unjudged) {
    if (learning !== undefined) Learning.learn(learning, value.right, record.data)
    outcomes.push(decoded(record, known as A, place))
    return undefined
  }
  const parsed = parse(value.right)
  if (Either.isEither(parsed)) {
    outcomes.push(valued(record, parsed, place))
    return undefined
  }
  return Effect.map(parsed, (parsed) => void outcomes.push(valued(record, parsed, place)))
}

/** A record's one value as the schema has it. */
export const decodeOne = <A, R>(
  parseText: ParseText,
  parser: Parser<A, R>,
  learning: Learns
): Decode<Decoded<A>, R> => {
  const read = JsonValues.only(parseText)
  return (record, outcomes) => {
    const known = learning === undefined ? Program.unjudged : Learning.read(learning, record.data)
    if (known === Program.unjudged) {
      return judge(parser, learning, record, read(record.data), Outcomes.only, outcomes)
    }
    outcomes.push(decoded(record, known as A, Outcomes.only))
    return undefined
  }
}

/** A record's values as the schema has them. A record without any is counted. */
export const decode = <A, R>(read: Read, parser: Parser<A, R>): Decode<Decoded<A>, R> => (record, outcomes) => {
  const found = read(record.data)
  if (found.length === 0) KinesisMetrics.emptyRecord(record)
  const placeOf = placesOf(record.data, found)
  const judgeFrom = (index: number): Effect.Effect<void, never, R> | undefined => {
    for (let at = index; at < found.length; at++) {
      const pending = judge(parser, undefined, record, found[at]!.value, placeOf(at), outcomes)
      if (pending !== undefined) return Effect.flatMap(pending, () => judgeFrom(at + 1) ?? Effect.void)
    }
    return undefined
  }
  return judgeFrom(0)
}

/**
 * The values of records that are one JSON value each: those that have the layout that was learned, one by one; without one all of them
 * together, as long as the compiled schema judges them.
 */
export const decodeTogether = <A, R>(parser: Parser<A, R>, learning: Learns): DecodeTogether<Decoded<A>> | undefined =>
  parser.program === Program.none
    ? undefined
    : (records, start, end, values, isRest) =>
      learning !== undefined && Learning.isReading(learning)
        ? readEach(learning, records, start, end, values)
        : isRest
        ? start
        : parseJoined(parser, learning, records, start, end, values)

const readEach = <A>(
  learning: Learning.State,
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number,
  values: Array<Decoded<A>>
): number => {
  for (let index = start; index < end; index++) {
    const record = records[index]!
    const value = Learning.read(learning, record.data)
    if (value === Program.unjudged) return index
    values.push(decoded(record, value as A, Outcomes.only))
  }
  return end
}

const parseJoined = <A, R>(
  { program }: Parser<A, R>,
  learning: Learns,
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number,
  values: Array<Decoded<A>>
): number => {
  const found = JoinedJson.parse(records, start, end)
  if (found === undefined) return start
  for (const [offset, json] of found.entries()) {
    const record = records[start + offset]!
    const value = program(json)
    if (value === Program.unjudged) return start + offset
    if (learning !== undefined) Learning.learn(learning, json, record.data)
    values.push(decoded(record, value as A, Outcomes.only))
  }
  return end
}
