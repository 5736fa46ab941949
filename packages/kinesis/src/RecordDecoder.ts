/**
 * Turns records into values, a page at a time. Decoders compose in a pipe: `records.pipe(RecordDecoder.gzip(), RecordDecoder.json(Order))`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as CloudWatchLogs from "./internal/decode/cloudWatchLogs.js"
import * as Inflate from "./internal/decode/inflate.js"
import * as Pages from "./internal/decode/pages.js"
import * as Parse from "./internal/decode/schema.js"
import type { DecodeError } from "./KinesisError.js"
import * as KinesisMetrics from "./KinesisMetrics.js"
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
 * An event that CloudWatch Logs delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogEvent {
  readonly id: string
  /** Milliseconds since the epoch, by whoever logged it. */
  readonly timestamp: number
  readonly message: string
  readonly logGroup: string
  readonly logStream: string
  /** The account that logged it. */
  readonly owner: string
}

/**
 * What to do with a record that cannot be decoded: `"fail"` the stream after the records before it, `"skip"` it and count it in
 * `kinesis_records_skipped_total`, hand each on as an `"either"`, or give the error, which has the record's place and bytes, to an effect
 * and go on, such as a dead-letter queue. An effect that fails fails the stream.
 *
 * @since 0.1.0
 * @category models
 */
export type OnInvalid = Pages.OnInvalid

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<O extends OnInvalid> {
  /** Default: `"fail"`. */
  readonly onInvalid?: O | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface InflateOptions<O extends OnInvalid> extends Options<O> {
  /** The most bytes that a record may have when inflated, against bombs. Default: 64 MiB. */
  readonly maxInflatedBytes?: number | undefined
}

/**
 * A function from the stream of records to the stream of values.
 *
 * @since 0.1.0
 * @category models
 */
export type Decoder<A, O extends OnInvalid, RS = never> = <E, R>(
  records: Stream.Stream<KinesisRecord, E, R>
) => Stream.Stream<
  O extends "either" ? Either.Either<A, DecodeError> : A,
  // oxlint-disable-next-line typescript/no-explicit-any
  | E
  | (O extends (error: DecodeError) => Effect.Effect<unknown, infer E1, any> ? E1
    : O extends "fail" ? DecodeError
    : never),
  // oxlint-disable-next-line typescript/no-explicit-any
  R | RS | (O extends (error: DecodeError) => Effect.Effect<unknown, any, infer R1> ? R1 : never)
>

/**
 * A schema of another library that keeps to the Standard Schema specification, such as Zod, Valibot or ArkType.
 *
 * @see https://standardschema.dev
 * @since 0.1.0
 * @category models
 */
export interface StandardSchema<A> extends Parse.StandardSchema<A> {}

/**
 * Records whose bytes are JSON in UTF-8, one value each, by an Effect Schema or any Standard Schema.
 *
 * @since 0.1.0
 * @category decoders
 */
export const json: {
  <A, I, RS, const O extends OnInvalid = "fail">(
    schema: Schema.Schema<A, I, RS>,
    options?: Options<O>
  ): Decoder<Decoded<A>, O, RS>
  <A, const O extends OnInvalid = "fail">(schema: StandardSchema<A>, options?: Options<O>): Decoder<Decoded<A>, O>
} = <A, I, RS, O extends OnInvalid>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: Options<O>
): Decoder<Decoded<A>, O, RS> => {
  const parse = Parse.parser(schema)
  return Pages.run((record) => jsonOf(parse, record), options?.onInvalid ?? "fail")
}

/**
 * Records that hold lines of JSON in UTF-8: a value a line, blank lines left out. A bad line is one error; the others of its record are
 * handed on.
 *
 * @since 0.1.0
 * @category decoders
 */
export const ndjson: typeof json = <A, I, RS, O extends OnInvalid>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: Options<O>
): Decoder<Decoded<A>, O, RS> => {
  const parse = Parse.parser(schema)
  return Pages.run((record) => linesOf(parse, record), options?.onInvalid ?? "fail")
}

/**
 * Records whose bytes are text in UTF-8.
 *
 * @since 0.1.0
 * @category decoders
 */
export const utf8 = <const O extends OnInvalid = "fail">(options?: Options<O>): Decoder<Decoded<string>, O> =>
  Pages.run((record) => [Either.map(textOf(record), (value) => ({ ...record, value }))], options?.onInvalid ?? "fail")

/**
 * Records whose bytes are compressed with gzip: the same records with their bytes inflated.
 *
 * @since 0.1.0
 * @category decoders
 */
export const gzip = <const O extends Exclude<OnInvalid, "either"> = "fail">(
  options?: InflateOptions<O>
): Decoder<KinesisRecord, O> => inflating("gzip", options)

/**
 * Records whose bytes are compressed with zstd: the same records with their bytes inflated. Needs Node 22.15 or later; on an older one
 * each record is an error that says so.
 *
 * @since 0.1.0
 * @category decoders
 */
export const zstd = <const O extends Exclude<OnInvalid, "either"> = "fail">(
  options?: InflateOptions<O>
): Decoder<KinesisRecord, O> => inflating("zstd", options)

/**
 * Records in any mixture of JSON and lines of JSON, plain or compressed with gzip or zstd, told apart by their first bytes.
 *
 * @since 0.1.0
 * @category decoders
 */
export const auto: {
  <A, I, RS, const O extends OnInvalid = "fail">(
    schema: Schema.Schema<A, I, RS>,
    options?: InflateOptions<O>
  ): Decoder<Decoded<A>, O, RS>
  <A, const O extends OnInvalid = "fail">(
    schema: StandardSchema<A>,
    options?: InflateOptions<O>
  ): Decoder<Decoded<A>, O>
} = <A, I, RS, O extends OnInvalid>(
  schema: Schema.Schema<A, I, RS> | StandardSchema<A>,
  options?: InflateOptions<O>
): Decoder<Decoded<A>, O, RS> => {
  const parse = Parse.parser(schema)
  const limit = limitOf(options)
  return Pages.run((record) => {
    const compression = Inflate.compressionOf(record.data)
    const plain = compression === undefined ? Either.right(record) : inflated(compression, record, limit)
    if (Either.isLeft(plain)) return [Either.left(plain.left)]
    const whole = valueOf(plain.right)
    return Either.isRight(whole) ? parsedOf(parse, plain.right, whole.right) : linesOf(parse, plain.right)
  }, options?.onInvalid ?? "fail")
}

/**
 * What a subscription filter of CloudWatch Logs writes: records of gzipped JSON, several events each. Its control messages are left out
 * and counted in `kinesis_control_messages_total`.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 * @since 0.1.0
 * @category decoders
 */
export const cloudWatchLogs = <const O extends OnInvalid = "fail">(
  options?: InflateOptions<O>
): Decoder<Decoded<LogEvent>, O> => {
  const limit = limitOf(options)
  return Pages.run((record): ReadonlyArray<Pages.Result<Decoded<LogEvent>>> => {
    const delivery = Either.flatMap(Either.flatMap(inflated("gzip", record, limit), valueOf), (value) => {
      const parsed = CloudWatchLogs.parse(value)
      return parsed === undefined
        ? Pages.invalid(record, "not a delivery of CloudWatch Logs", undefined)
        : Either.right(parsed)
    })
    if (Either.isLeft(delivery)) return [Either.left(delivery.left)]
    if (delivery.right.control) KinesisMetrics.controlMessage(record)
    return delivery.right.events.map((value) => Either.right({ ...record, value }))
  }, options?.onInvalid ?? "fail")
}

const limitOf = (options: { readonly maxInflatedBytes?: number | undefined } | undefined): number =>
  options?.maxInflatedBytes ?? 64 * 1024 * 1024

const text = new TextDecoder("utf-8", { fatal: true })

const textOf = (record: KinesisRecord): Pages.Result<string> => {
  try {
    return Either.right(text.decode(record.data))
  } catch (cause) {
    return Pages.invalid(record, "not UTF-8", cause)
  }
}

const valueOfText = (record: KinesisRecord, line: string): Pages.Result<unknown> => {
  try {
    return Either.right(JSON.parse(line))
  } catch (cause) {
    return Pages.invalid(record, "not JSON", cause)
  }
}

const valueOf = (record: KinesisRecord): Pages.Result<unknown> =>
  Either.flatMap(textOf(record), (line) => valueOfText(record, line))

type Values<A, R> = ReturnType<Pages.Decode<Decoded<A>, R>>

const parsedOf = <A, R>(parse: Parse.Parse<A, R>, record: KinesisRecord, value: unknown): Values<A, R> => {
  const parsed = parse(value)
  const finish = Either.match<Parse.Problem, Pages.Result<Decoded<A>>, A, Pages.Result<Decoded<A>>>({
    onLeft: ({ cause, description }) => Pages.invalid(record, description, cause),
    onRight: (value) => Either.right({ ...record, value })
  })
  return Either.isEither(parsed) ? [finish(parsed)] : Effect.map(parsed, (parsed) => [finish(parsed)])
}

const jsonOf = <A, R>(parse: Parse.Parse<A, R>, record: KinesisRecord): Values<A, R> => {
  const value = valueOf(record)
  return Either.isLeft(value) ? [Either.left(value.left)] : parsedOf(parse, record, value.right)
}

const linesOf = <A, R>(parse: Parse.Parse<A, R>, record: KinesisRecord): Values<A, R> => {
  const whole = textOf(record)
  if (Either.isLeft(whole)) return [Either.left(whole.left)]
  const values = whole.right.split("\n").filter((line) => line.trim() !== "").map((line): Values<A, R> => {
    const value = valueOfText(record, line)
    return Either.isLeft(value) ? [Either.left(value.left)] : parsedOf(parse, record, value.right)
  })
  return values.some((value) => Effect.isEffect(value))
    ? Effect.map(
      Effect.forEach(values, (value) => Effect.isEffect(value) ? value : Effect.succeed(value)),
      (results) => results.flat()
    )
    : values.flat() as ReadonlyArray<Pages.Result<Decoded<A>>>
}

const inflated = (
  compression: "gzip" | "zstd",
  record: KinesisRecord,
  limit: number
): Pages.Result<KinesisRecord> => {
  const data = Inflate.inflate(compression, record.data, limit)
  return "problem" in data
    ? Pages.invalid(record, data.problem, data.cause)
    : Either.right({ ...record, data })
}

const inflating = <O extends OnInvalid>(
  compression: "gzip" | "zstd",
  options: InflateOptions<O> | undefined
): Decoder<KinesisRecord, O> =>
  Pages.run((record) => [inflated(compression, record, limitOf(options))], options?.onInvalid ?? "fail")
