import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { DecodeError } from "../../KinesisError.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as Effects from "../options/effects.js"

/** What becomes of a record that cannot be decoded. */
export type OnInvalid =
  | "fail"
  | "skip"
  | "either"
  // oxlint-disable-next-line typescript/no-explicit-any
  | ((error: DecodeError) => Effect.Effect<unknown, any, any>)

export type Result<A> = Either.Either<A, DecodeError>

/** A record's values, or the effect that gives them. */
export type Decode<A, R> = (
  record: KinesisRecord
) => ReadonlyArray<Result<A>> | Effect.Effect<ReadonlyArray<Result<A>>, never, R>

export const invalid = (
  record: KinesisRecord,
  description: string,
  cause: unknown
): Either.Either<never, DecodeError> =>
  Either.left(
    new DecodeError({
      stream: record.stream,
      shardId: record.shardId,
      sequenceNumber: record.sequenceNumber,
      partitionKey: record.partitionKey,
      data: record.data,
      description,
      cause
    })
  )

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
export const run = <A, RS>(decode: Decode<A, RS>, onInvalid: OnInvalid) =>
// oxlint-disable-next-line typescript/no-explicit-any
<E, R>(records: Stream.Stream<KinesisRecord, E, R>): Stream.Stream<any, any, any> =>
  onInvalid === "either"
    ? Stream.mapChunksEffect(records, (page) => Effect.map(decodePage(decode, page), Chunk.unsafeFromArray))
    : Stream.pipeThroughChannel(records, valuesOnly(decode, onInvalid === "fail" ? Effect.fail : telling(onInvalid)))

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
        }
        return Channel.zipRight(
          Channel.write(Chunk.unsafeFromArray(values)),
          valuesOnly<A, E, E1, R>(decode, handle)
        )
      })),
    onFailure: Channel.failCause,
    onDone: Channel.succeed
  })
