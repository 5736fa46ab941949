import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { pipeArguments } from "effect/Pipeable"
import * as Stream from "effect/Stream"
import { DecodeError } from "../../KinesisError.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Effects from "../options/effects.js"
import type { OnInvalid } from "./options.js"

export type Result<A> = Either.Either<A, DecodeError>

/** A record's values, or the effect that gives them. */
export type Decode<A, R> = (
  record: KinesisRecord
) => ReadonlyArray<Result<A>> | Effect.Effect<ReadonlyArray<Result<A>>, never, R>

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

/** Whether no value of the record is behind this one. */
export const isLast = (record: KinesisRecord & MaybeValue, { count, index }: Place): boolean =>
  index === count - 1 && record.isLastValue !== false

export const invalid = (
  record: KinesisRecord,
  description: string,
  cause: unknown,
  place: Place
): Either.Either<never, DecodeError> => {
  KinesisMetrics.invalid(record)
  return Either.left(
    new DecodeError({
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
  )
}

const asLast = <A>(value: A): A => (value as MaybeValue).isLastValue === false ? { ...value, isLastValue: true } : value

/** The last of these values is its record's last once the invalid ones behind it are dealt with. */
const closeRecord = <A>(values: Array<A>, error: DecodeError): void => {
  const last = values.length - 1
  if (last >= 0 && error.isLastValue !== false) values[last] = asLast(values[last] as A)
}

/** A page's results in order: in one pass as long as nothing needs an effect. */
const decodePage = <A, R>(
  decode: Decode<A, R>,
  records: Chunk.Chunk<KinesisRecord>
): Effect.Effect<ReadonlyArray<Result<A>>, never, R> => {
  const outcomes = Chunk.toReadonlyArray(records).map(decode)
  return outcomes.every((outcome): outcome is ReadonlyArray<Result<A>> => Array.isArray(outcome))
    ? Effect.succeed(outcomes.flat())
    : Effect.map(
      Effect.forEach(outcomes, (outcome) => Effect.isEffect(outcome) ? outcome : Effect.succeed(outcome)),
      (results) => results.flat()
    )
}

/** Applies a decoder page by page. What is good before a failure is handed on before it. */
const run = <A, RS>(decode: Decode<A, RS>, onInvalid: OnInvalid) =>
// oxlint-disable-next-line typescript/no-explicit-any
<E, R>(records: Stream.Stream<KinesisRecord, E, R>): Stream.Stream<any, any, any> =>
  onInvalid === "either"
    ? Stream.mapChunksEffect(records, (page) => Effect.map(decodePage(decode, page), Chunk.unsafeFromArray))
    : Stream.pipeThroughChannel(records, valuesOnly(decode, dealing(onInvalid)))

const dealing = (onInvalid: Exclude<OnInvalid, "either">) => onInvalid === "fail" ? Effect.fail : telling(onInvalid)

const telling = (onInvalid: Exclude<OnInvalid, "fail" | "either">) => (error: DecodeError) =>
  onInvalid === "skip"
    ? Effect.sync(() => KinesisMetrics.skipped(error))
    : Effects.called("onInvalid", () => onInvalid(error))

const valuesOnly = <A, E, E1, R>(
  decode: Decode<A, R>,
  handle: (error: DecodeError) => Effect.Effect<unknown, E1, R>
): Channel.Channel<Chunk.Chunk<A>, Chunk.Chunk<KinesisRecord>, E | E1, E, unknown, unknown, R> =>
  Channel.readWithCause({
    onInput: (page: Chunk.Chunk<KinesisRecord>) =>
      Channel.unwrap(Effect.gen(function*() {
        const values: Array<A> = []
        for (const result of yield* decodePage(decode, page)) {
          if (Either.isRight(result)) {
            values.push(result.right)
            continue
          }
          const handled = yield* Effect.exit(handle(result.left))
          if (handled._tag === "Failure") {
            return Channel.zipRight(Channel.write(Chunk.unsafeFromArray(values)), Channel.failCause(handled.cause))
          }
          closeRecord(values, result.left)
        }
        return Channel.zipRight(
          Channel.write(Chunk.unsafeFromArray(values)),
          valuesOnly<A, E, E1, R>(decode, handle)
        )
      })),
    onFailure: Channel.failCause,
    onDone: Channel.succeed
  })

/** The values in a record, in order; in the place of one that is invalid, what is to be done with it. */
export type Results<A, E, R> = ReadonlyArray<Either.Either<A, Effect.Effect<unknown, E, R>>>

/** Both forms of a decoder: from a stream of records to a stream of values, and from one record to its values. */
export interface Forms {
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly stream: (records: Stream.Stream<KinesisRecord, any, any>) => Stream.Stream<any, any, any>
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly decodeRecord: (
    record: KinesisRecord
  ) => Results<any, any, any> | Effect.Effect<Results<any, any, any>, never, any>
}

/** A function of streams that carries the form for records. */
export const ofForms = ({ decodeRecord, stream }: Forms) =>
  Object.assign((records: Parameters<Forms["stream"]>[0]) => stream(records), {
    decodeRecord,
    pipe() {
      return pipeArguments(this, arguments)
    }
  })

/** Skipping is over at once: the last valid value is its record's last. */
const closedBySkips = <A>(results: ReadonlyArray<Result<A>>): ReadonlyArray<Result<A>> => {
  const end = results.at(-1)
  const last = results.findLastIndex(Either.isRight)
  return end === undefined || last === -1 || Either.isRight(end) || end.left.isLastValue === false
    ? results
    : results.with(last, Either.map(results[last]!, asLast))
}

const ofRecord = <A, R>(decode: Decode<A, R>, onInvalid: OnInvalid): Forms["decodeRecord"] => {
  const settled = (results: ReadonlyArray<Result<A>>): Results<unknown, unknown, unknown> =>
    onInvalid === "either"
      ? results.map((result) => Either.right(result))
      : (onInvalid === "skip" ? closedBySkips(results) : results)
        .map((result) => Either.mapLeft(result, dealing(onInvalid)))
  return (record) => {
    const outcome = decode(record)
    return Effect.isEffect(outcome) ? Effect.map(outcome, settled) : settled(outcome)
  }
}

/** A decoder of records into values; its type depends on what becomes of the invalid ones. */
// oxlint-disable-next-line typescript/no-explicit-any
export const make = <A, R>(decode: Decode<A, R>, onInvalid: OnInvalid = "fail"): any =>
  ofForms({ stream: run(decode, onInvalid), decodeRecord: ofRecord(decode, onInvalid) })

/** What the second decoder makes of the records that the first one gives. */
export const compose = (first: Forms["decodeRecord"], second: Forms["decodeRecord"]): Forms["decodeRecord"] => {
  const next = (results: ReturnType<Forms["decodeRecord"]>): ReturnType<Forms["decodeRecord"]> => {
    if (Effect.isEffect(results)) return Effect.flatMap(results, (found) => asEffect(next(found)))
    const outcomes = results.map((result) => Either.isRight(result) ? second(result.right) : [result])
    return outcomes.some(Effect.isEffect)
      ? Effect.map(Effect.forEach(outcomes, asEffect), (found) => found.flat())
      : (outcomes as ReadonlyArray<Results<unknown, unknown, unknown>>).flat()
  }
  return (record) => next(first(record))
}

const asEffect = (results: ReturnType<Forms["decodeRecord"]>) =>
  Effect.isEffect(results) ? results : Effect.succeed(results)
