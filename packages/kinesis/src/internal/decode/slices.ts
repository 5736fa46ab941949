import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { DecodeError } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Decode, DecodeTogether, Outcome } from "./outcomes.js"
import * as Outcomes from "./outcomes.js"

/** How many records are decoded before their values are handed on: those of a whole page would live all at once. */
const mostRecords = 256

/** How many bytes at most, if the records are large. What the values of more would hold, the collector copies before they are let go. */
const mostBytes = 256 * 1024

/** Where the records end that are decoded together, from here on. */
export const endOf = (records: ReadonlyArray<KinesisRecord>, start: number): number => {
  let end = start
  let bytes = 0
  while (end < records.length && end - start < mostRecords && bytes < mostBytes) bytes += records[end++]!.data.length
  return end
}

/** The end of the slice that begins here. It does not part the values of one record. */
const endOfSlice = (records: ReadonlyArray<KinesisRecord>, start: number): number => {
  let end = endOf(records, start)
  while (end < records.length && !Outcomes.endsRecord(records[end - 1])) end++
  return end
}

/** How records are decoded: one by one, or several at once as far as that is quick. */
export interface Decoding<A, R> {
  readonly decode: Decode<A, R>
  readonly decodeTogether?: DecodeTogether<A> | undefined
}

/** What is in the records of a slice: in one pass as long as nothing needs an effect. */
const decodeSlice = <A, R>(
  { decode, decodeTogether }: Decoding<A, R>,
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number
): Array<Outcome<A>> | Effect.Effect<Array<Outcome<A>>, never, R> => {
  const outcomes: Array<Outcome<A>> = []
  let at = start
  while (at < end) {
    at = decodeTogether?.(records, at, end, outcomes as Array<A>, at > start) ?? at
    if (at === end) break
    const pending = decode(records[at]!, outcomes)
    at++
    if (pending !== undefined) return Effect.as(finish(decode, records, at, end, outcomes, pending), outcomes)
  }
  return outcomes
}

/** Goes on behind a record that needs an effect. */
const finish = <A, R>(
  decode: Decode<A, R>,
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number,
  outcomes: Array<Outcome<A>>,
  pending: Effect.Effect<void, never, R>
): Effect.Effect<void, never, R> =>
  Effect.gen(function*() {
    yield* pending
    for (let at = start; at < end; at++) {
      const next = decode(records[at]!, outcomes)
      if (next !== undefined) yield* next
    }
  })

/** What a slice hands on, and the failure behind it. */
interface Settled<A, E> {
  readonly values: ReadonlyArray<A>
  readonly exit: Exit.Exit<unknown, E>
}

/** Makes of the outcomes of a slice what is handed on. */
export type Settle<A, B, E, R> = (
  outcomes: Array<Outcome<A>>
) => Settled<B, E> | Effect.Effect<Settled<B, E>, never, R>

const well = <A>(values: ReadonlyArray<A>): Settled<A, never> => ({ values, exit: Exit.void })

/** Deals with each invalid value in its place; what is good before a failure is handed on before it. */
export const valuesOnly =
  <A, E, R>(deal: (error: DecodeError) => Effect.Effect<unknown, E, R>): Settle<A, A, E, R> => (outcomes) =>
    outcomes.some(Outcomes.isInvalid) ? dealWith(outcomes, deal) : well(outcomes as Array<A>)

const dealWith = <A, E, R>(
  outcomes: ReadonlyArray<Outcome<A>>,
  deal: (error: DecodeError) => Effect.Effect<unknown, E, R>
): Effect.Effect<Settled<A, E>, never, R> =>
  Effect.gen(function*() {
    const values: Array<A> = []
    for (const outcome of outcomes) {
      if (!Outcomes.isInvalid(outcome)) {
        values.push(outcome)
        continue
      }
      const exit = yield* Effect.exit(deal(outcome))
      if (Exit.isFailure(exit)) return { values, exit }
      Outcomes.closeRecord(values, outcome)
    }
    return well(values)
  })

/** Each value as an Either. */
export const eithers = <A>(outcomes: ReadonlyArray<Outcome<A>>): Settled<Either.Either<A, DecodeError>, never> =>
  well(outcomes.map((outcome) => Outcomes.isInvalid(outcome) ? Either.left(outcome) : Either.right(outcome)))

/** Applies a decoder to a stream of records, a slice at a time. */
export const run =
  <A, B, RD, ED, RS>(decoding: Decoding<A, RD>, settle: Settle<A, B, ED, RS>) =>
  <E, R>(records: Stream.Stream<KinesisRecord, E, R>): Stream.Stream<B, E | ED, R | RD | RS> => {
    type Slices = Channel.Channel<Chunk.Chunk<B>, Chunk.Chunk<KinesisRecord>, E | ED, E, unknown, unknown, RD | RS>
    const handOn = ({ exit, values }: Settled<B, ED>, next: () => Slices): Slices => {
      const written = values.length === 0 ? Channel.void : Channel.write(Chunk.unsafeFromArray(values))
      return Channel.flatMap(written, () => Exit.isFailure(exit) ? Channel.failCause(exit.cause) : next())
    }
    const slices = (records: ReadonlyArray<KinesisRecord>, start: number): Slices => {
      if (start >= records.length) return pages
      const end = endOfSlice(records, start)
      const next = () => slices(records, end)
      const settled = (outcomes: Array<Outcome<A>>) => {
        const found = settle(outcomes)
        return Effect.isEffect(found)
          ? Channel.unwrap(Effect.map(found, (found) => handOn(found, next)))
          : handOn(found, next)
      }
      const outcomes = decodeSlice(decoding, records, start, end)
      return Effect.isEffect(outcomes) ? Channel.unwrap(Effect.map(outcomes, settled)) : settled(outcomes)
    }
    const pages: Slices = Channel.readWithCause({
      onInput: (page: Chunk.Chunk<KinesisRecord>) => slices(Chunk.toReadonlyArray(page), 0),
      onFailure: Channel.failCause,
      onDone: Channel.succeed
    })
    return Stream.pipeThroughChannel(records, pages)
  }
