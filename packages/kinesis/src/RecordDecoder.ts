/**
 * Turns records into values, up to 256 records at a time. Decoders compose in a pipe: `records.pipe(RecordDecoder.gzip(), RecordDecoder.json(Order))`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as CloudWatchLogs from "./internal/decode/cloudWatchLogs.js"
import * as DecodedPages from "./internal/decode/decodedPages.js"
import * as Decoders from "./internal/decode/decoders.js"
import * as ExactJson from "./internal/decode/exactJson.js"
import type * as Forms from "./internal/decode/forms.js"
import * as JsonValues from "./internal/decode/jsonValues.js"
import type * as DecoderOptions from "./internal/decode/options.js"
import type * as Parse from "./internal/decode/parser.js"
import type { DecodeError } from "./KinesisError.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { DecodedPage, Page } from "./Page.js"

/**
 * A record with a value that its bytes hold. A record may hold several, and then there is one of these for each.
 *
 * Store `Position.after` of it to resume: it passes the record when `isLastValue`, and until then gives the position before the record, so
 * that no value is lost and the earlier ones of the record come again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoded<A> extends KinesisRecord {
  /** What was decoded. */
  readonly value: A
  /** Which of the values in the record it is, from 0. Invalid ones are counted too. */
  readonly valueIndex: number
  /**
   * Whether nothing of the record is left after it: no value, and nothing invalid unless `onInvalid` has dealt with it. A handler of a
   * consumer is given the values before `onInvalid` is run on what is behind them: an effect there is left until it was run.
   */
  readonly isLastValue: boolean
}

/**
 * An event that CloudWatch Logs delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogEvent extends CloudWatchLogs.Event {}

export type {
  /** @since 0.1.0 @category models */
  AutoOptions,
  /** @since 0.1.0 @category models */
  InflateOptions,
  /** @since 0.1.0 @category models */
  JsonOptions,
  /** @since 0.1.0 @category models */
  JsonValuesOptions,
  /** @since 0.1.0 @category models */
  MixedOptions,
  /** @since 0.1.0 @category models */
  OnInvalid,
  /** @since 0.1.0 @category models */
  OnInvalidWord,
  /** @since 0.1.0 @category models */
  Options
} from "./internal/decode/options.js"

/**
 * Makes values of type `A` of records. It is a function from the stream of records to the stream of values, and a value that
 * `Consumer.run({ decode })` takes. `E` is what it can fail with, by `onInvalid`, and `R` what its schema and `onInvalid` need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoder<out A, out E = never, out R = never> extends Pipeable {
  /** Decodes up to 256 records at a time, so that the values of a page do not all live at once. What is good before a failure is handed on before it. */
  <E1, R1>(records: Stream.Stream<KinesisRecord, E1, R1>): Stream.Stream<A, E | E1, R | R1>
  /** The values in one record, in order; in the place of each that is invalid, the effect that deals with it as `onInvalid` says. */
  readonly decodeRecord: (record: KinesisRecord) => Results<A, E, R> | Effect.Effect<Results<A, E, R>, never, R>
}

/**
 * The values in a record, and in the place of each that is invalid the effect that deals with it.
 *
 * @since 0.1.0
 * @category models
 */
export type Results<A, E, R> = Forms.Results<A, E, R>

/**
 * A schema of another library that keeps to the Standard Schema specification, such as Zod, Valibot or ArkType.
 *
 * @see https://standardschema.dev
 * @since 0.1.0
 * @category models
 */
export interface StandardSchema<A> extends Parse.StandardSchema<A> {}

/**
 * Reads a JSON value as `JSON.parse` does, but integers beyond ±(2^53 - 1) as bigints, exact to the last digit. A schema that wants a number
 * refuses those; `Schema.Union(Schema.Int, Schema.BigIntFromSelf)` takes both. For the option `parse` of the decoders.
 *
 * @example
 * ```ts
 * import { RecordDecoder } from "effect-kinesis"
 * import { deepStrictEqual } from "node:assert/strict"
 *
 * deepStrictEqual(RecordDecoder.exactJson("[1, 9007199254740993]"), [1, 9007199254740993n])
 * ```
 *
 * @since 0.1.0
 * @category parsers
 */
export const exactJson: (text: string) => unknown = ExactJson.parse

/**
 * Records whose bytes are JSON in UTF-8, one value each, by an Effect Schema or any Standard Schema. An empty record is an error here;
 * {@link ndjson} skips it.
 *
 * @example
 * ```ts
 * import { LocalKinesis } from "@effect-kinesis/local"
 * import { Effect, Schema, Stream } from "effect"
 * import { KinesisStream, RecordDecoder, Until } from "effect-kinesis"
 *
 * const Order = Schema.Struct({ id: Schema.String, total: Schema.Number })
 *
 * const program = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
 *   RecordDecoder.json(Order),
 *   Stream.runForEach(({ sequenceNumber, value }) => Effect.log(`${value.id} for ${value.total} at ${sequenceNumber}`)),
 *   Effect.catchTag("DecodeError", (error) => Effect.logError(error.message))
 * )
 *
 * Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const json: DecoderOptions.BySchema = (schema: Decoders.AnySchema, options?: DecoderOptions.JsonOptions) =>
  Decoders.json(schema, options)

/**
 * Records that hold lines of JSON in UTF-8: a value a line, blank lines left out. A bad line is one error; the others of its record are
 * handed on. An empty record, such as a tombstone, or one of blank lines gives nothing and is counted in
 * `kinesis_empty_records_total`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.ndjson(Schema.Struct({ id: Schema.String }), { onInvalid: "skip" })
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const ndjson: DecoderOptions.ValuesBySchema = (
  schema: Decoders.AnySchema,
  options?: DecoderOptions.JsonValuesOptions
) => Decoders.jsonValues(JsonValues.lines, schema, options)

/**
 * Records that hold JSON values in UTF-8 one after the other, over several lines or not, with nothing between them, as Kinesis Data
 * Analytics writes them, with blanks, line feeds, or the record separators of RFC 7464. What is no JSON is an error of its own, and the
 * values before and after it are handed on; one that is cut off reaches to the end of the record, or to the next record separator. A number
 * that is cut off is not told from a shorter one. An empty record gives nothing, as in {@link ndjson}.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.jsonSequence(Schema.Struct({ TOTAL: Schema.Number }), { onInvalid: "either" })
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc7464
 * @since 0.1.0
 * @category decoders
 */
export const jsonSequence: DecoderOptions.ValuesBySchema = (
  schema: Decoders.AnySchema,
  options?: DecoderOptions.JsonValuesOptions
) => Decoders.jsonValues(JsonValues.sequence, schema, options)

/**
 * Records whose bytes are text in UTF-8.
 *
 * @example
 * ```ts
 * import { KinesisStream, RecordDecoder } from "effect-kinesis"
 *
 * const lines = KinesisStream.records({ stream: "logs", from: "latest" }).pipe(RecordDecoder.utf8())
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const utf8 = <
  O extends "fail" | "skip" | "either" | DecoderOptions.OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  options?: DecoderOptions.Options<O, E, R>
): DecoderOptions.DecoderBy<Decoded<string>, O, E, R> => Decoders.utf8(options)

/**
 * Records whose bytes are compressed with gzip: the same records with their bytes inflated, those of one member or of several one after the
 * other. Bytes behind them that are no member are an error, and so is a record that is not compressed, unless `plain` is `"keep"`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { KinesisStream, RecordDecoder } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "latest" }).pipe(
 *   RecordDecoder.gzip({ onInvalid: (error) => Effect.logWarning(error.message) }),
 *   RecordDecoder.json(Schema.Struct({ id: Schema.String }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const gzip = <O extends "fail" | "skip" | DecoderOptions.OnInvalidEffect = "fail", E = DecodeError, R = never>(
  options?: DecoderOptions.MixedOptions<O, E, R>
): DecoderOptions.DecoderBy<KinesisRecord, O, E, R> => Decoders.inflateMixed("gzip", options)

/**
 * Records whose bytes are in the zlib format, as fluentd and Fluent Bit write them: the same records with their bytes inflated. Bytes behind
 * the compressed ones are an error.
 *
 * @example
 * ```ts
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.zlib().pipe(RecordDecoder.compose(RecordDecoder.utf8()))
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc1950
 * @since 0.1.0
 * @category decoders
 */
export const zlib = <O extends "fail" | "skip" | DecoderOptions.OnInvalidEffect = "fail", E = DecodeError, R = never>(
  options?: DecoderOptions.InflateOptions<O, E, R>
): DecoderOptions.DecoderBy<KinesisRecord, O, E, R> => Decoders.inflate("zlib", options)

/**
 * Records whose bytes are compressed with deflate, without a frame: the same records with their bytes inflated. Bytes behind the compressed
 * ones are an error. Nothing in the first bytes tells this format, so that {@link auto} does not know it.
 *
 * @example
 * ```ts
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.deflate().pipe(RecordDecoder.compose(RecordDecoder.utf8()))
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc1951
 * @since 0.1.0
 * @category decoders
 */
export const deflate = <
  O extends "fail" | "skip" | DecoderOptions.OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  options?: DecoderOptions.InflateOptions<O, E, R>
): DecoderOptions.DecoderBy<KinesisRecord, O, E, R> => Decoders.inflate("deflate", options)

/**
 * Records whose bytes are compressed with zstd: the same records with their bytes inflated. Needs Node 22.15 or later; on an older one
 * each record is an error that says so. A record that is not compressed is an error, unless `plain` is `"keep"`.
 *
 * @example
 * ```ts
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.zstd().pipe(RecordDecoder.compose(RecordDecoder.utf8()))
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const zstd = <O extends "fail" | "skip" | DecoderOptions.OnInvalidEffect = "fail", E = DecodeError, R = never>(
  options?: DecoderOptions.MixedOptions<O, E, R>
): DecoderOptions.DecoderBy<KinesisRecord, O, E, R> => Decoders.inflateMixed("zstd", options)

/**
 * Records in any mixture of JSON, lines of JSON and JSON values one after the other, plain or compressed with gzip, zlib or zstd, told apart
 * by their first bytes. Where all is JSON, lines and what else may stand between values make no difference. Where something is not, a record
 * whose lines can each stand alone is read line by line, as {@link ndjson} does, any other as {@link jsonSequence} does. An empty record,
 * such as a tombstone, gives nothing and is counted in `kinesis_empty_records_total`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const decode = RecordDecoder.auto(Schema.Struct({ id: Schema.String }), { onInvalid: "skip" })
 * ```
 *
 * @since 0.1.0
 * @category decoders
 */
export const auto: <
  A,
  I,
  RS = never,
  O extends "fail" | "skip" | "either" | DecoderOptions.OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: DecoderOptions.AutoOptions<O, E, R>
) => DecoderOptions.DecoderBy<Decoded<A>, O, E, R, RS> = Decoders.auto

/**
 * What a subscription filter of CloudWatch Logs writes: records of gzipped JSON, several events each, of one delivery or of several one
 * after the other. Its control messages are left out and counted in `kinesis_control_messages_total`.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { KinesisStream, RecordDecoder } from "effect-kinesis"
 *
 * const messages = KinesisStream.records({ stream: "logs", from: "latest" }).pipe(
 *   RecordDecoder.cloudWatchLogs(),
 *   Stream.tap(({ value }) => Effect.log(`${value.logGroup}: ${value.message}`))
 * )
 * ```
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 * @since 0.1.0
 * @category decoders
 */
export const cloudWatchLogs = <
  O extends "fail" | "skip" | "either" | DecoderOptions.OnInvalidEffect = "fail",
  E = DecodeError,
  R = never
>(
  options?: DecoderOptions.InflateOptions<O, E, R>
): DecoderOptions.DecoderBy<Decoded<LogEvent>, O, E, R> => Decoders.cloudWatchLogs(options)

/**
 * One decoder after another: the second decodes the records that the first one gives, as in a pipe of the two. What the first one finds
 * invalid is its `onInvalid`'s matter, and the second does not see it.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { RecordDecoder } from "effect-kinesis"
 *
 * const Order = Schema.Struct({ id: Schema.String })
 *
 * // for Consumer.run({ decode }); a stream composes as well: records.pipe(RecordDecoder.gzip(), RecordDecoder.json(Order))
 * const decode = RecordDecoder.gzip().pipe(RecordDecoder.compose(RecordDecoder.json(Order)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const compose =
  <A, E2, R2>(second: Decoder<A, E2, R2>) => <E, R>(first: Decoder<KinesisRecord, E, R>): Decoder<A, E | E2, R | R2> =>
    Decoders.compose(first, second)

/**
 * Decodes the records of pages, and keeps the pages: each has its `values`, and the `position` to store when they are handled. A page without
 * a value is handed on too, for its position. Where a record cannot be decoded, and `onInvalid` fails, the page up to that record is handed on
 * before the failure, with the position before the record.
 *
 * @example
 * ```ts
 * import { Effect, Schema, Stream } from "effect"
 * import { KinesisStream, type Position, RecordDecoder } from "effect-kinesis"
 *
 * const Order = Schema.Struct({ id: Schema.String })
 *
 * declare const store: (shardId: string, position: Position.Position) => Effect.Effect<void>
 *
 * const orders = KinesisStream.pages({ stream: "orders", from: "trim-horizon" }).pipe(
 *   RecordDecoder.pages(RecordDecoder.ndjson(Order)),
 *   Stream.runForEach(({ position, shardId, values }) =>
 *     Effect.zipRight(Effect.forEach(values, ({ value }) => Effect.log(value.id)), store(shardId, position))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const pages = <A, E, R>(
  decoder: Decoder<A, E, R>
): <E1, R1>(pages: Stream.Stream<Page, E1, R1>) => Stream.Stream<DecodedPage<A>, E | E1, R | R1> =>
  DecodedPages.run<A, E, R>(decoder)
