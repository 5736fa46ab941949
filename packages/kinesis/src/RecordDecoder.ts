/**
 * Turns records into values, a page at a time.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DecodeError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"

/**
 * A record with what its bytes say.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoded<A> extends KinesisRecord {
  readonly value: A
}

/**
 * What to do with a record that cannot be decoded: fail the stream with a `DecodeError` after the records before it, or hand each record
 * on as an `Either`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<OnInvalid extends "fail" | "either"> {
  /** Default: `"fail"`. */
  readonly onInvalid?: OnInvalid | undefined
}

/**
 * Decodes records whose bytes are JSON in UTF-8, one value each, by a schema.
 *
 * @since 0.1.0
 * @category decoders
 */
export const json: {
  <A, I, RS>(schema: Schema.Schema<A, I, RS>, options: Options<"either">): <E, R>(
    records: Stream.Stream<KinesisRecord, E, R>
  ) => Stream.Stream<Either.Either<Decoded<A>, DecodeError>, E, R | RS>
  <A, I, RS>(schema: Schema.Schema<A, I, RS>, options?: Options<"fail">): <E, R>(
    records: Stream.Stream<KinesisRecord, E, R>
  ) => Stream.Stream<Decoded<A>, E | DecodeError, R | RS>
} = <A, I, RS>(schema: Schema.Schema<A, I, RS>, options?: Options<"fail" | "either">): any => {
  const decode = decoder(schema)
  return <E, R>(records: Stream.Stream<KinesisRecord, E, R>) =>
    options?.onInvalid === "either"
      ? Stream.mapChunksEffect(records, decode)
      : Stream.pipeThroughChannel(records, decodeOrFail<A, E, RS>(decode))
}

type Result<A> = Either.Either<Decoded<A>, DecodeError>

/** Hands on the good records before a bad one, then fails with it. */
const decodeOrFail = <A, E, RS>(
  decode: (records: Chunk.Chunk<KinesisRecord>) => Effect.Effect<Chunk.Chunk<Result<A>>, never, RS>
): Channel.Channel<Chunk.Chunk<Decoded<A>>, Chunk.Chunk<KinesisRecord>, E | DecodeError, E, unknown, unknown, RS> =>
  Channel.readWithCause({
    onInput: (records: Chunk.Chunk<KinesisRecord>) =>
      Channel.unwrap(Effect.map(decode(records), (results) => {
        const values: Array<Decoded<A>> = []
        for (const result of results) {
          if (Either.isLeft(result)) {
            return Channel.zipRight(Channel.write(Chunk.unsafeFromArray(values)), Channel.fail(result.left))
          }
          values.push(result.right)
        }
        return Channel.zipRight(Channel.write(Chunk.unsafeFromArray(values)), decodeOrFail<A, E, RS>(decode))
      })),
    onFailure: Channel.failCause,
    onDone: Channel.succeed
  })

/** A page's records in one pass: a schema without effects gives its results at once, any other in order. */
const decoder = <A, I, RS>(schema: Schema.Schema<A, I, RS>) => {
  const parse = ParseResult.decodeUnknown(schema)
  const text = new TextDecoder("utf-8", { fatal: true })
  const one = (record: KinesisRecord): Result<A> | Effect.Effect<Result<A>, never, RS> => {
    let input: unknown
    try {
      input = JSON.parse(text.decode(record.data))
    } catch (cause) {
      return Either.left(failure(record, "not JSON in UTF-8", cause))
    }
    const parsed = parse(input)
    return Either.isEither(parsed)
      ? finish(record, parsed as Either.Either<A, ParseResult.ParseIssue>)
      : Effect.map(Effect.either(parsed), (result) => finish(record, result))
  }
  return (records: Chunk.Chunk<KinesisRecord>): Effect.Effect<Chunk.Chunk<Result<A>>, never, RS> => {
    const results = Chunk.toReadonlyArray(records).map(one)
    return results.every((result) => Either.isEither(result))
      ? Effect.succeed(Chunk.unsafeFromArray(results as ReadonlyArray<Result<A>>))
      : Effect.map(
        Effect.forEach(results, (result) => Either.isEither(result) ? Effect.succeed(result) : result),
        Chunk.unsafeFromArray
      )
  }
}

const finish = <A>(record: KinesisRecord, parsed: Either.Either<A, ParseResult.ParseIssue>): Result<A> =>
  Either.isRight(parsed)
    ? Either.right({ ...record, value: parsed.right })
    : Either.left(failure(record, ParseResult.TreeFormatter.formatIssueSync(parsed.left), parsed.left))

const failure = (record: KinesisRecord, description: string, cause: unknown): DecodeError =>
  new DecodeError({
    shardId: record.shardId,
    sequenceNumber: record.sequenceNumber,
    partitionKey: record.partitionKey,
    data: record.data,
    description,
    cause
  })
