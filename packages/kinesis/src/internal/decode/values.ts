import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Read } from "./jsonValues.js"
import * as Pages from "./pages.js"
import type { Parse, Parsed } from "./schema.js"

/** A record with one of its values. */
interface Valued<A> extends KinesisRecord {
  readonly value: A
}

/** What was parsed of a record, or its error. */
export const resultOf = <A>(record: KinesisRecord, parsed: Parsed<A>): Pages.Result<A> =>
  Either.isRight(parsed)
    ? Either.right(parsed.right)
    : Pages.invalid(record, parsed.left.description, parsed.left.cause)

export const valued = <A>(record: KinesisRecord, parsed: Parsed<A>): Pages.Result<Valued<A>> =>
  Either.map(resultOf(record, parsed), (value) => ({ ...record, value }))

type Checked<A, R> = Pages.Result<Valued<A>> | Effect.Effect<Pages.Result<Valued<A>>, never, R>

const checked = <A, R>(check: Parse<A, R>, record: KinesisRecord, value: Parsed<unknown>): Checked<A, R> => {
  if (Either.isLeft(value)) return valued(record, Either.left(value.left))
  const parsed = check(value.right)
  return Either.isEither(parsed) ? valued(record, parsed) : Effect.map(parsed, (parsed) => valued(record, parsed))
}

/** A record's values as the schema has them. A record without any is counted. */
export const decode = <A, R>(read: Read, check: Parse<A, R>): Pages.Decode<Valued<A>, R> => (record) => {
  const values = read(record.data).map((value) => checked(check, record, value))
  if (values.length === 0) KinesisMetrics.emptyRecord(record)
  return values.every((value): value is Pages.Result<Valued<A>> => Either.isEither(value))
    ? values
    : Effect.forEach(values, (value) => Either.isEither(value) ? Effect.succeed(value) : value)
}
