import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { DecodedPage, Page } from "../../Page.js"
import * as Position from "../../Position.js"
import type { DecodeRecord, Results } from "./forms.js"
import type { DecodeTogether } from "./outcomes.js"
import { endOf } from "./slices.js"

interface DecodesRecords<A, E, R> {
  readonly decodeRecord: DecodeRecord<A, E, R>
  readonly decodeTogether?: DecodeTogether<A> | undefined
}

/** The decoding of a page, and the values so far. */
interface State<A, E, R> {
  readonly decoder: DecodesRecords<A, E, R>
  readonly page: Page
  readonly values: Array<A>
}

type Decoded<A, E> = Stream.Stream<DecodedPage<A>, E>

/** Adds the values of a record; what is invalid is left for {@link dealt}. Returns whether there was none. */
const addAll = <A, E, R>({ values }: State<A, E, R>, results: Results<A, E, R>): boolean => {
  if (!results.every(Either.isRight)) return false
  for (const { right } of results) values.push(right)
  return true
}

/** Adds the values of a record when what is invalid is dealt with. */
const dealt = <A, E, R>({ values }: State<A, E, R>, results: Results<A, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const ofRecord: Array<A> = []
    for (const result of results) {
      if (Either.isRight(result)) ofRecord.push(result.right)
      else yield* result.left
    }
    for (const value of ofRecord) values.push(value)
  })

const done = <A, E, R>({ page, values }: State<A, E, R>): Decoded<A, E> => Stream.succeed({ ...page, values })

/** The part of a page before one of its records, if it has any, and the failure. */
const failed = <A, E, R>(
  { page, values }: State<A, E, R>,
  index: number,
  exit: Exit.Failure<unknown, E>
): Decoded<A, E> => {
  const failure = Stream.failCause(exit.cause)
  if (index === 0) return failure
  const records = page.records.slice(0, index)
  const position = Position.before(page.records[index]!)
  return Stream.concat(Stream.succeed({ ...page, records, position, childShards: [], values }), failure)
}

/**
 * Decodes from one record on, in one pass as long as nothing needs an effect. Those up to `end` are tried together; a record that is left is
 * decoded by itself, and the rest is tried again.
 */
const decodeFrom = <A, E, R>(
  self: State<A, E, R>,
  start: number,
  end: number
): Effect.Effect<Decoded<A, E>, never, R> => {
  const { decoder: { decodeRecord, decodeTogether }, page: { records }, values } = self
  let index = start
  let tried = end
  while (index < records.length) {
    const isRest = index < tried
    if (!isRest) tried = endOf(records, index)
    index = decodeTogether?.(records, index, tried, values, isRest) ?? index
    if (index === tried) continue
    const outcome = decodeRecord(records[index++]!)
    if (Array.isArray(outcome) && addAll(self, outcome as Results<A, E, R>)) continue
    const results = Effect.isEffect(outcome) ? outcome : Effect.succeed(outcome)
    return Effect.flatMap(
      Effect.exit(Effect.flatMap(results, (results) => dealt(self, results))),
      (exit) => Exit.isFailure(exit) ? Effect.succeed(failed(self, index - 1, exit)) : decodeFrom(self, index, tried)
    )
  }
  return Effect.succeed(done(self))
}

/** Decodes pages one after the other. What is good before a failure is handed on before it, in whole records. */
export const run =
  <A, E, R>(decoder: DecodesRecords<A, E, R>) =>
  <E1, R1>(pages: Stream.Stream<Page, E1, R1>): Stream.Stream<DecodedPage<A>, E | E1, R | R1> =>
    Stream.flatMap(
      pages,
      (page) => Stream.unwrap(Effect.suspend(() => decodeFrom({ decoder, page, values: [] }, 0, 0)))
    )
