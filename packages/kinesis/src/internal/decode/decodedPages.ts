import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { DecodedPage, Page } from "../../Page.js"
import * as Position from "../../Position.js"
import type { Results } from "./pages.js"

type DecodeRecord<A, E, R> = (record: KinesisRecord) => Results<A, E, R> | Effect.Effect<Results<A, E, R>, never, R>

/** The values of a record. What is invalid is dealt with on the way. */
const valuesOf = <A, E, R>(results: Results<A, E, R>): Effect.Effect<ReadonlyArray<A>, E, R> =>
  Effect.gen(function*() {
    const values: Array<A> = []
    for (const result of results) {
      if (Either.isRight(result)) values.push(result.right)
      else yield* result.left
    }
    return values
  })

/** The part of a page before one of its records. */
const pageBefore = <A>(page: Page, index: number, values: ReadonlyArray<A>): DecodedPage<A> => ({
  ...page,
  records: page.records.slice(0, index),
  position: Position.before(page.records[index]!),
  childShards: [],
  values
})

/** The page with its values; where a record cannot be decoded, the page up to it, if that has any record, and the failure. */
const decodePage = <A, E, R>(
  decodeRecord: DecodeRecord<A, E, R>,
  page: Page
): Effect.Effect<Stream.Stream<DecodedPage<A>, E>, never, R> =>
  Effect.gen(function*() {
    const values: Array<A> = []
    for (const [index, record] of page.records.entries()) {
      const outcome = decodeRecord(record)
      const exit = yield* Effect.exit(
        Effect.flatMap(Effect.isEffect(outcome) ? outcome : Effect.succeed(outcome), valuesOf)
      )
      if (Exit.isFailure(exit)) {
        const before = index === 0 ? Stream.empty : Stream.succeed(pageBefore(page, index, values))
        return Stream.concat(before, Stream.failCause(exit.cause))
      }
      for (const value of exit.value) values.push(value)
    }
    return Stream.succeed({ ...page, values })
  })

/** Decodes pages one after the other. What is good before a failure is handed on before it, in whole records. */
export const run =
  <A, E, R>(decodeRecord: DecodeRecord<A, E, R>) =>
  <E1, R1>(pages: Stream.Stream<Page, E1, R1>): Stream.Stream<DecodedPage<A>, E | E1, R | R1> =>
    Stream.flatMap(pages, (page) => Stream.unwrap(decodePage(decodeRecord, page)))
