import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { AutoOptions, Decoded, InflateOptions, JsonOptions, LogEvent, Options } from "../../RecordDecoder.js"
import * as CloudWatchLogs from "./cloudWatchLogs.js"
import * as Inflate from "./inflate.js"
import * as JsonValues from "./jsonValues.js"
import * as Pages from "./pages.js"
import * as Parse from "./schema.js"
import * as Values from "./values.js"

export type AnySchema = Schema.Schema.Any | Parse.StandardSchema<unknown>

/** The JSON values of a record, as `read` finds them, by a schema. */
export const json = (
  read: (parse: JsonValues.ParseText) => JsonValues.Read,
  schema: AnySchema,
  options?: JsonOptions<Pages.OnInvalid>
) => Pages.make(Values.decode(read(options?.parse ?? JSON.parse), Parse.parser(schema)), options?.onInvalid)

export const utf8 = (options?: Options<Pages.OnInvalid>) =>
  Pages.make((record) => [Values.valued(record, JsonValues.textOf(record.data))], options?.onInvalid)

const limitOf = (options: { readonly maxInflatedBytes?: number | undefined } | undefined): number =>
  options?.maxInflatedBytes ?? 64 * 1024 * 1024

const inflated = (
  compression: Inflate.Compression,
  record: KinesisRecord,
  limit: number
): Pages.Result<KinesisRecord> => {
  const data = Inflate.inflate(compression, record.data, limit)
  return "problem" in data
    ? Pages.invalid(record, data.problem, data.cause)
    : Either.right({ ...record, data })
}

/** The same records, with their bytes inflated. */
export const inflate = (compression: Inflate.Compression, options?: InflateOptions<Pages.OnInvalid>) =>
  Pages.make((record) => [inflated(compression, record, limitOf(options))], options?.onInvalid)

/** Any mixture of JSON, plain or compressed. */
export const auto = (schema: AnySchema, options?: AutoOptions<Pages.OnInvalid>) => {
  const decode = Values.decode(JsonValues.mixture(options?.parse ?? JSON.parse), Parse.parser(schema))
  const limit = limitOf(options)
  return Pages.make((record) => {
    const compression = Inflate.compressionOf(record.data)
    const plain = compression === undefined ? Either.right(record) : inflated(compression, record, limit)
    return Either.isLeft(plain) ? [Either.left(plain.left)] : decode(plain.right)
  }, options?.onInvalid)
}

const noDelivery = (record: KinesisRecord) => Pages.invalid(record, "not a delivery of CloudWatch Logs", undefined)

const eventsOf = (record: KinesisRecord, value: unknown): ReadonlyArray<Pages.Result<Decoded<LogEvent>>> => {
  const delivery = CloudWatchLogs.parse(value)
  if (delivery === undefined) return [noDelivery(record)]
  if (delivery.control) KinesisMetrics.controlMessage(record)
  return delivery.events.map((value) => Either.right({ ...record, value }))
}

/** The events of the deliveries in a record. */
export const cloudWatchLogs = (options?: InflateOptions<Pages.OnInvalid>) => {
  const limit = limitOf(options)
  const deliveries = JsonValues.sequence(JSON.parse)
  return Pages.make((record): ReadonlyArray<Pages.Result<Decoded<LogEvent>>> => {
    const plain = inflated("gzip", record, limit)
    if (Either.isLeft(plain)) return [Either.left(plain.left)]
    const values = deliveries(plain.right.data)
    return values.length === 0
      ? [noDelivery(record)]
      : values.flatMap((value) =>
        Either.isRight(value)
          ? eventsOf(record, value.right)
          : [Values.valued(plain.right, Either.left(value.left))]
      )
  }, options?.onInvalid)
}
