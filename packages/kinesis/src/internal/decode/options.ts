import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type { DecodeError } from "../../KinesisError.js"
import type { Decoded, Decoder } from "../../RecordDecoder.js"
import type { StandardSchema } from "./parser.js"

/**
 * What to do with what cannot be decoded, in a word: `"fail"` the stream after what is good before it, `"skip"` it and count it in
 * `kinesis_records_skipped_total`, or hand each value on as an `"either"`.
 *
 * @since 0.1.0
 * @category models
 */
export type OnInvalidWord = "fail" | "skip" | "either"

/**
 * What to do with what cannot be decoded: a word, or an effect that is given the error, which has the record's place and bytes, after which
 * decoding goes on, such as a dead-letter queue. An effect that fails with an `E` fails the stream with it.
 *
 * In a stream the effect is run before the values beside it, of up to 256 records, are handed on: no place to store a position.
 *
 * @since 0.1.0
 * @category models
 */
export type OnInvalid<E = unknown, R = unknown> =
  | OnInvalidWord
  | ((error: DecodeError) => Effect.Effect<unknown, E, R>)

/**
 * What every decoder takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<O extends OnInvalid = OnInvalid, E = unknown, R = unknown> {
  /**
   * What to do with what cannot be decoded. `"fail"` fails the stream, after what is good before it; in a consumer `onFailure` decides.
   * `"skip"` leaves it out and counts it in `kinesis_records_skipped_total`. `"either"` hands each value on as an `Either` of the error or
   * the value; decoders that give records, such as `gzip`, do not take it. A function of the error returns an effect, such as a dead letter's,
   * after which decoding goes on. Default: `"fail"`.
   */
  readonly onInvalid?: O | ((error: DecodeError) => Effect.Effect<unknown, E, R>) | undefined
}

/**
 * What the decoders of compressed records take.
 *
 * @since 0.1.0
 * @category models
 */
export interface InflateOptions<O extends OnInvalid = OnInvalid, E = unknown, R = unknown> extends Options<O, E, R> {
  /** The most bytes that a record may have when inflated, against bombs. Default: 64 MiB. */
  readonly maxInflatedBytes?: number | undefined
}

/**
 * What the decoders of gzip and zstd take, whose first bytes tell that they are compressed.
 *
 * @since 0.1.0
 * @category models
 */
export interface MixedOptions<O extends OnInvalid = OnInvalid, E = unknown, R = unknown>
  extends InflateOptions<O, E, R>
{
  /**
   * What to do with a record that is not compressed: `"keep"` hands it on as it is, as an encoder with `atLeast` writes small ones; to
   * `"refuse"` it is invalid. Default: `"refuse"`.
   */
  readonly plain?: "keep" | "refuse" | undefined
}

/**
 * What the decoders of several JSON values a record take.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonValuesOptions<O extends OnInvalid = OnInvalid, E = unknown, R = unknown> extends Options<O, E, R> {
  /**
   * Reads one JSON value, and throws when the text is none, which makes a `DecodeError`. Default: `JSON.parse`, which rounds integers
   * beyond ±(2^53 - 1): `RecordDecoder.exactJson` does not.
   */
  readonly parse?: ((text: string) => unknown) | undefined
  /**
   * Whether code is generated for an Effect Schema, as `SchemaCompiler` does; the values and the errors are the same. Default: true. Where code
   * generation is forbidden it is not.
   */
  readonly compile?: boolean | undefined
}

/**
 * What `RecordDecoder.json` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonOptions<O extends OnInvalid = OnInvalid, E = unknown, R = unknown>
  extends JsonValuesOptions<O, E, R>
{
  /**
   * Whether the layout of the texts, above all the order of their keys, is learned from the first 256 records, and code is generated that
   * reads texts of this layout from their bytes, without `JSON.parse`, for an Effect Schema. All other texts go to `JSON.parse`; the values and
   * the errors are the same. Default: true. With `compile: false`, another `parse`, or where code generation is forbidden it is not.
   */
  readonly learnLayout?: boolean | undefined
}

/**
 * What `RecordDecoder.auto` takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface AutoOptions<O extends OnInvalid = OnInvalid, E = unknown, R = unknown>
  extends JsonValuesOptions<O, E, R>, InflateOptions<O, E, R>
{}

/** Any effect of an error. Written out beside the words, and not by the name `OnInvalid`, it lets a compile error name the words. */
// oxlint-disable-next-line typescript/no-explicit-any
export type OnInvalidEffect = (error: DecodeError) => Effect.Effect<unknown, any, any>

type Value<A, O extends OnInvalid> = O extends "either" ? Either.Either<A, DecodeError> : A

type Failure<O extends OnInvalid, E> = O extends "skip" | "either" ? never : E

/**
 * The decoder of values of type `A` that does with what is invalid as `onInvalid` says. `E` and `R` are inferred of an effect; without one
 * they are `DecodeError` and `never`. `RS` is what the schema needs.
 *
 * Being conditional, it is inferred where it is written: TypeScript puts off what a generic function gives that is a function.
 */
export type DecoderBy<A, O extends OnInvalid, E, R, RS = never> = [O] extends ["fail"] ? Decoder<A, E, R | RS>
  : Decoder<Value<A, O>, Failure<O, E>, R | RS>

/** A decoder of one value a record by an Effect Schema or any Standard Schema. It has one signature, so that what does not fit it is named. */
export type BySchema = <
  A,
  I,
  RS = never,
  O extends "fail" | "skip" | "either" | OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: JsonOptions<O, E, R>
) => DecoderBy<Decoded<A>, O, E, R, RS>

/** The same of several values a record. */
export type ValuesBySchema = <
  A,
  I,
  RS = never,
  O extends "fail" | "skip" | "either" | OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: JsonValuesOptions<O, E, R>
) => DecoderBy<Decoded<A>, O, E, R, RS>
