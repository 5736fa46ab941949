import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Decoded } from "../../RecordDecoder.js"
import * as JsonText from "./jsonText.js"
import type { Found, Read } from "./jsonValues.js"
import * as Pages from "./pages.js"
import type { Parse, Parsed } from "./schema.js"

/** What was parsed of a record, or its error. */
export const valued = <A>(record: KinesisRecord, parsed: Parsed<A>, place: Pages.Place): Pages.Result<Decoded<A>> => {
  if (Either.isLeft(parsed)) return Pages.invalid(record, parsed.left.description, parsed.left.cause, place)
  KinesisMetrics.decoded(record)
  return Either.right({
    ...record,
    value: parsed.right,
    valueIndex: place.index,
    isLastValue: Pages.isLast(record, place)
  })
}

/** The places of what was found in these bytes; the line of one is looked for when something is wrong with it. */
export const placesOf = (bytes: Uint8Array, found: ReadonlyArray<Found>): (index: number) => Pages.Place => {
  const count = found.length
  if (count === 1) return () => Pages.only
  const lineAt = JsonText.lineCounter(bytes)
  return (index) => ({ index, count, line: () => lineAt(found[index]!.start) })
}

type Checked<A, R> = Pages.Result<Decoded<A>> | Effect.Effect<Pages.Result<Decoded<A>>, never, R>

const checked = <A, R>(
  check: Parse<A, R>,
  record: KinesisRecord,
  value: Parsed<unknown>,
  place: Pages.Place
): Checked<A, R> => {
  if (Either.isLeft(value)) return valued(record, Either.left(value.left), place)
  const parsed = check(value.right)
  return Either.isEither(parsed)
    ? valued(record, parsed, place)
    : Effect.map(parsed, (parsed) => valued(record, parsed, place))
}

/** A record's values as the schema has them. A record without any is counted. */
export const decode = <A, R>(read: Read, check: Parse<A, R>): Pages.Decode<Decoded<A>, R> => (record) => {
  const found = read(record.data)
  if (found.length === 0) KinesisMetrics.emptyRecord(record)
  const placeOf = placesOf(record.data, found)
  const values = found.map(({ value }, index) => checked(check, record, value, placeOf(index)))
  return values.every((value): value is Pages.Result<Decoded<A>> => Either.isEither(value))
    ? values
    : Effect.forEach(values, (value) => Either.isEither(value) ? Effect.succeed(value) : value)
}
