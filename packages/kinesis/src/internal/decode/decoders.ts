import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type {
  AutoOptions,
  Decoded,
  Decoder,
  InflateOptions,
  JsonOptions,
  LogEvent,
  Options
} from "../../RecordDecoder.js"
import * as CloudWatchLogs from "./cloudWatchLogs.js"
import * as Inflate from "./inflate.js"
import * as JsonValues from "./jsonValues.js"
import * as OptionTables from "./optionTables.js"
import * as Pages from "./pages.js"
import * as Parse from "./schema.js"
import * as Values from "./values.js"

export type AnySchema = Schema.Schema.Any | Parse.StandardSchema<unknown>

/** The JSON values of a record, as `read` finds them, by a schema. */
export const json = (
  read: (parse: JsonValues.ParseText) => JsonValues.Read,
  schema: AnySchema,
  options?: JsonOptions
) =>
  OptionTables.checkedBy(
    schema,
    OptionTables.json,
    options,
    () => Pages.make(Values.decode(read(options?.parse ?? JSON.parse), Parse.parser(schema)), options?.onInvalid)
  )

export const utf8 = (options?: Options) =>
  OptionTables.checked(
    OptionTables.base,
    options,
    () =>
      Pages.make((record) => [Values.valued(record, JsonValues.textOf(record.data), Pages.only)], options?.onInvalid)
  )

const limitOf = (options: { readonly maxInflatedBytes?: number | undefined } | undefined): number =>
  options?.maxInflatedBytes ?? 64 * 1024 * 1024

const inflated = (
  compression: Inflate.Compression,
  record: KinesisRecord,
  limit: number
): Pages.Result<KinesisRecord> => {
  const data = Inflate.inflate(compression, record.data, limit)
  return "problem" in data
    ? Pages.invalid(record, data.problem, data.cause, Pages.only)
    : Either.right({ ...record, data })
}

/** The same records, with their bytes inflated. */
export const inflate = (compression: Inflate.Compression, options?: InflateOptions) =>
  OptionTables.checked(
    OptionTables.inflate,
    options,
    () => Pages.make((record) => [inflated(compression, record, limitOf(options))], options?.onInvalid)
  )

/** Any mixture of JSON, plain or compressed. */
export const auto = (schema: AnySchema, options?: AutoOptions) =>
  OptionTables.checkedBy(schema, OptionTables.auto, options, () => mixed(schema, options))

const mixed = (schema: AnySchema, options?: AutoOptions) => {
  const decode = Values.decode(JsonValues.mixture(options?.parse ?? JSON.parse), Parse.parser(schema))
  const limit = limitOf(options)
  return Pages.make((record) => {
    const compression = Inflate.compressionOf(record.data)
    const plain = compression === undefined ? Either.right(record) : inflated(compression, record, limit)
    return Either.isLeft(plain) ? [Either.left(plain.left)] : decode(plain.right)
  }, options?.onInvalid)
}

const noDelivery: Parse.Problem = { description: "not a delivery of CloudWatch Logs", cause: undefined }

interface FoundEvent extends JsonValues.Found {
  readonly value: Parse.Parsed<LogEvent>
}

const eventsOf = (record: KinesisRecord, { start, value }: JsonValues.Found): ReadonlyArray<FoundEvent> => {
  if (Either.isLeft(value)) return [{ value: Either.left(value.left), start }]
  const delivery = CloudWatchLogs.parse(value.right)
  if (delivery === undefined) return [{ value: Either.left(noDelivery), start }]
  if (delivery.control) KinesisMetrics.controlMessage(record)
  return delivery.events.map((event) => ({ value: Either.right(event), start }))
}

/** An error has the inflated bytes where some of the JSON in them is bad, and those that came where it is JSON but no delivery. */
const eventOf = (
  record: KinesisRecord,
  plain: KinesisRecord,
  { value }: FoundEvent,
  place: Pages.Place
): Pages.Result<Decoded<LogEvent>> =>
  Values.valued(Either.isLeft(value) && value.left !== noDelivery ? plain : record, value, place)

/** The events of the deliveries in a record. */
export const cloudWatchLogs = (options?: InflateOptions) =>
  OptionTables.checked(OptionTables.inflatedValues, options, () => logEvents(options))

const logEvents = (options?: InflateOptions) => {
  const limit = limitOf(options)
  const deliveries = JsonValues.sequence(JSON.parse)
  return Pages.make((record): ReadonlyArray<Pages.Result<Decoded<LogEvent>>> => {
    const plain = inflated("gzip", record, limit)
    if (Either.isLeft(plain)) return [Either.left(plain.left)]
    const values = deliveries(plain.right.data)
    if (values.length === 0) return [Values.valued(record, Either.left(noDelivery), Pages.only)]
    const events = values.flatMap((value) => eventsOf(record, value))
    const placeOf = Values.placesOf(plain.right.data, events)
    return events.map((found, index) => eventOf(record, plain.right, found, placeOf(index)))
  }, options?.onInvalid)
}

/** One decoder after another; what is wrong with the options of either is wrong with both. */
export const compose = <A, E2, R2, E, R>(
  first: Decoder<KinesisRecord, E, R>,
  second: Decoder<A, E2, R2>
): Decoder<A, E | E2, R | R2> => {
  const fault = OptionTables.faultOf(first) ?? OptionTables.faultOf(second)
  return fault !== undefined ? OptionTables.refusing(fault) : Pages.ofForms({
    stream: (records) => second(first(records)),
    decodeRecord: Pages.compose(first.decodeRecord, second.decodeRecord)
  })
}
