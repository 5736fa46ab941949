import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import type { Results } from "../../RecordDecoder.js"
import * as Failures from "./failures.js"
import type { HandlePage, HandleRecord } from "./handlers.js"
import type { ShardWork } from "./shardWork.js"

type Decode<A, E, R> = (record: KinesisRecord) => Results<A, E, R> | Effect.Effect<Results<A, E, R>, never, R>

/** A decoder that dies, or throws, has failed on its record. */
const safely = <A, E, R>(decode: Decode<A, E, R>): Decode<A, E, R> => {
  const crash = (failing: Effect.Effect<never>): Results<A, E, R> => [Either.left(failing)]
  return (record) => {
    try {
      const outcome = decode(record)
      return Effect.isEffect(outcome)
        ? Effect.catchAllCause(outcome, (cause) => Effect.succeed(crash(Effect.failCause(cause))))
        : outcome
    } catch (thrown) {
      return crash(Effect.die(thrown))
    }
  }
}

const eachResult = <A, E, R, E1, R1>(
  results: Results<A, E, R>,
  take: (result: Results<A, E, R>[number], index: number | undefined) => Effect.Effect<void, E1, R1>
): Effect.Effect<void, E1, R1> => {
  if (results.length === 0) return Effect.void
  if (results.length === 1) return take(results[0]!, undefined)
  let index = 0
  return Effect.whileLoop({
    while: () => index < results.length,
    body: () => take(results[index]!, index),
    step: () => {
      index++
    }
  })
}

/**
 * Handles the values of a record one after the other; the record is handled when all of them are, or at once when it has none. Each failure
 * is one value's: the policy may go on with the next.
 */
export const handleRecord = <A, E, R, RD, RF>(
  decode: Decode<A, E, RD>,
  handler: (value: A, work: ShardWork) => Effect.Effect<unknown, E, R>,
  failing: Failures.Failing<E, RF>
): HandleRecord<R | RD | RF> => {
  const decoded = safely(decode)
  return (record, work) => {
    const each = (results: Results<A, E, RD>) =>
      eachResult(results, (result, valueIndex) =>
        work.whileHeld(Failures.handle(
          failing,
          { work, records: [record], valueIndex, isInvalid: Either.isLeft(result) },
          (): Effect.Effect<unknown, E, R | RD> => Either.isRight(result) ? handler(result.right, work) : result.left
        )))
    const results = decoded(record)
    return Effect.isEffect(results) ? Effect.flatMap(results, each) : each(results)
  }
}

/** The values of a page. What is invalid is dealt with on the way. */
const valuesOf = <A, E, RD, RF>(
  decode: Decode<A, E, RD>,
  failing: Failures.Failing<E, RF>,
  { records }: Page,
  work: ShardWork
) =>
  Effect.suspend(() => {
    const values: Array<A> = []
    const keep = (record: KinesisRecord, results: Results<A, E, RD>) =>
      eachResult(results, (result, valueIndex) => {
        if (Either.isLeft(result)) {
          return Failures.handle(failing, { work, records: [record], valueIndex, isInvalid: true }, () => result.left)
        }
        values.push(result.right)
        return Effect.void
      })
    const decodeOne = (record: KinesisRecord) => {
      const results = decode(record)
      return Effect.isEffect(results)
        ? Effect.flatMap(results, (results) => keep(record, results))
        : keep(record, results)
    }
    return Effect.as(Effect.forEach(records, decodeOne, { discard: true }), values)
  })

/** Handles the values of a page together. A page without any is handled at once. */
export const handlePage = <A, E, R, RD, RF>(
  decode: Decode<A, E, RD>,
  handler: (page: Page & { readonly values: ReadonlyArray<A> }, work: ShardWork) => Effect.Effect<unknown, E, R>,
  failing: Failures.Failing<E, RF>
): HandlePage<R | RD | RF> => {
  const decoded = safely(decode)
  return (page, work) =>
    Effect.flatMap(valuesOf(decoded, failing, page, work), (values) =>
      values.length === 0
        ? Effect.void
        : work.whileHeld(
          Failures.handle(failing, { work, records: page.records }, () => handler({ ...page, values }, work))
        ))
}
