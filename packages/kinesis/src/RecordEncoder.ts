/**
 * Turns values into records to write: the twins of the decoders. Encoders compose in a pipe: `RecordEncoder.json(Order, options).pipe(RecordEncoder.gzip())`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import * as Encoders from "./internal/encode/encoders.js"
import * as JsonForm from "./internal/encode/jsonForm.js"
import type { CompressOptions, JsonOptions, KeyOptions } from "./internal/encode/options.js"
import type { PutRecordsEntry } from "./KinesisApi.js"
import type { EncodeError } from "./KinesisError.js"

export type {
  /** @since 0.1.0 @category models */
  CompressOptions,
  /** @since 0.1.0 @category models */
  JsonOptions,
  /** @since 0.1.0 @category models */
  KeyOptions
} from "./internal/encode/options.js"

/**
 * What an encoder makes of a value: a record to write, or the error of it, at once; where its schema needs an effect, that effect.
 *
 * @since 0.1.0
 * @category models
 */
export type Encoded<R = never> = PutRecordsEntry | EncodeError | Effect.Effect<PutRecordsEntry, EncodeError, R>

/**
 * Makes records of values of type `A`. `R` is what its schema needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoder<in A, out R = never> extends Pipeable {
  /** The record of a value, before anything is sent. It never throws: what goes wrong, in a function of yours too, is an `EncodeError`. */
  readonly encodeRecord: (value: A) => Encoded<R>
}

/**
 * Writes a value as JSON as `JSON.stringify` does, and bigints as integers to the last digit, as `RecordDecoder.exactJson` reads them. Throws
 * for what has no form in JSON, such as NaN. A bigint of up to ±(2^53 - 1) is read as a number, whatever it was. For the option `stringify` of {@link json}.
 *
 * @example
 * ```ts
 * import { RecordEncoder } from "effect-kinesis"
 * import { strictEqual } from "node:assert/strict"
 *
 * strictEqual(RecordEncoder.exactJson({ id: 9007199254740993n }), "{\"id\":9007199254740993}")
 * ```
 *
 * @since 0.1.0
 * @category serializers
 */
export const exactJson: (value: unknown) => string = JsonForm.exactText

/**
 * Records whose bytes are one JSON value in UTF-8, as an Effect Schema encodes it. `partitionKey` and `explicitHashKey` are given the value
 * itself, not its encoded form.
 *
 * What it writes, {@link RecordDecoder.json} reads by the same schema. So what `JSON.stringify` would silently write as something else is an
 * error: NaN and the infinities, undefined in a list, bigints, Dates, Maps, bytes, and whatever else has a `toJSON` or is no plain object. A
 * property that is undefined is left out, and -0 is written as 0.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordEncoder } from "effect-kinesis"
 * import { deepStrictEqual } from "node:assert/strict"
 *
 * const Order = Schema.Struct({ customer: Schema.String, placed: Schema.Date })
 *
 * const encoder = RecordEncoder.json(Order, { partitionKey: (order) => order.customer })
 *
 * deepStrictEqual(encoder.encodeRecord({ customer: "ann", placed: new Date(0) }), {
 *   data: new TextEncoder().encode(`{"customer":"ann","placed":"1970-01-01T00:00:00.000Z"}`),
 *   partitionKey: "ann"
 * })
 * ```
 *
 * @since 0.1.0
 * @category encoders
 */
export const json: <A, I, R = never>(schema: Schema.Schema<A, I, R>, options: JsonOptions<A>) => Encoder<A, R> =
  Encoders.json

/**
 * Records whose bytes are a text in UTF-8. A text with half of a surrogate pair has no such form, and is an error.
 *
 * @example
 * ```ts
 * import { RecordEncoder } from "effect-kinesis"
 *
 * const encoder = RecordEncoder.utf8({ partitionKey: (line) => line.split(" ")[0]! })
 * ```
 *
 * @since 0.1.0
 * @category encoders
 */
export const utf8: (options: KeyOptions<string>) => Encoder<string> = Encoders.utf8

/**
 * Records as they are. Their bytes are not copied: change none before their fate is known.
 *
 * @example
 * ```ts
 * import { RecordEncoder } from "effect-kinesis"
 * import { strictEqual } from "node:assert/strict"
 *
 * const record = { data: new Uint8Array([1, 2, 3]), partitionKey: "a" }
 *
 * strictEqual(RecordEncoder.bytes.encodeRecord(record), record)
 * ```
 *
 * @since 0.1.0
 * @category encoders
 */
export const bytes: Encoder<PutRecordsEntry> = Encoders.bytes

/**
 * The records of another encoder, compressed with gzip, for {@link RecordDecoder.gzip}. It works on this thread, some 20 to 50 µs for a KiB:
 * for a stream that is bound by its bytes, not by the processor.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordEncoder } from "effect-kinesis"
 *
 * const encoder = RecordEncoder.json(Schema.Struct({ id: Schema.String }), { partitionKey: ({ id }) => id }).pipe(
 *   RecordEncoder.gzip({ atLeast: 1024 })
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const gzip = (options?: CompressOptions): <A, R>(encoder: Encoder<A, R>) => Encoder<A, R> =>
  Encoders.compressed("gzip", options)

/**
 * The records of another encoder, compressed with zstd, for {@link RecordDecoder.zstd}. Needs Node 22.15 or later; on an older one it is an
 * option that is wrong, which a producer refuses when it is made.
 *
 * @example
 * ```ts
 * import { RecordEncoder } from "effect-kinesis"
 *
 * const encoder = RecordEncoder.bytes.pipe(RecordEncoder.zstd({ level: 9 }))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const zstd = (options?: CompressOptions): <A, R>(encoder: Encoder<A, R>) => Encoder<A, R> =>
  Encoders.compressed("zstd", options)

/**
 * An encoder of other values, of which a function makes those that it takes. An `EncodeError` has the value that the function was given, and
 * so does what the function throws.
 *
 * @example
 * ```ts
 * import { RecordEncoder } from "effect-kinesis"
 *
 * const encoder = RecordEncoder.utf8({ partitionKey: (line) => line.slice(0, 2) }).pipe(
 *   RecordEncoder.contramap((reading: { readonly sensor: number; readonly celsius: number }) => `${reading.sensor} ${reading.celsius}`)
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const contramap: <B, A>(f: (value: B) => A) => <R>(encoder: Encoder<A, R>) => Encoder<B, R> = Encoders.contramap
