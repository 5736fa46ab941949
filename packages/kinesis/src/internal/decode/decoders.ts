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
  JsonValuesOptions,
  LogEvent,
  MixedOptions,
  Options
} from "../../RecordDecoder.js"
import * as CloudWatchLogs from "./cloudWatchLogs.js"
import * as Forms from "./forms.js"
import * as Inflate from "./inflate.js"
import * as JsonValues from "./jsonValues.js"
import * as OptionTables from "./optionTables.js"
import type { Outcome, Place } from "./outcomes.js"
import * as Outcomes from "./outcomes.js"
import * as Parse from "./parser.js"
import * as Values from "./values.js"

export type AnySchema = Schema.Schema.Any | Parse.StandardSchema<unknown>

/** The one JSON value of a record by a schema. */
export const json = (schema: AnySchema, options?: JsonOptions) =>
  OptionTables.checkedBy(schema, OptionTables.json, options, () => oneValue(schema, options))

const oneValue = (schema: AnySchema, options?: JsonOptions) => {
  const parser: Parse.Parser<unknown, unknown> = Parse.parser(schema, options)
  const learning = Parse.learning(schema, options)
  return Forms.make(
    Values.decodeOne(options?.parse ?? JSON.parse, parser, learning),
    options?.onInvalid,
    options?.parse === undefined ? Values.decodeTogether(parser, learning) : undefined
  )
}

/** The JSON values of a record, as `read` finds them, by a schema. */
export const jsonValues = (
  read: (parse: JsonValues.ParseText) => JsonValues.Read,
  schema: AnySchema,
  options?: JsonValuesOptions
) =>
  OptionTables.checkedBy(
    schema,
    OptionTables.jsonValues,
    options,
    () =>
      Forms.make(Values.decode(read(options?.parse ?? JSON.parse), Parse.parser(schema, options)), options?.onInvalid)
  )

export const utf8 = (options?: Options) =>
  OptionTables.checked(
    OptionTables.base,
    options,
    () =>
      Forms.make<unknown, never>((record, outcomes) => {
        outcomes.push(Values.valued(record, JsonValues.textOf(record.data), Outcomes.only))
        return undefined
      }, options?.onInvalid)
  )

const limitOf = (options: { readonly maxInflatedBytes?: number | undefined } | undefined): number =>
  options?.maxInflatedBytes ?? 64 * 1024 * 1024

const inflated = (
  compression: Inflate.Compression,
  record: KinesisRecord,
  limit: number
): Outcome<KinesisRecord> => {
  const data = Inflate.inflate(compression, record.data, limit)
  return "problem" in data
    ? Outcomes.invalid(record, { description: data.problem, cause: data.cause }, Outcomes.only)
    : { ...record, data }
}

/** The same records, with their bytes inflated. */
export const inflate = (compression: Inflate.Compression, options?: InflateOptions) =>
  OptionTables.checked(OptionTables.inflate, options, () => inflating(compression, () => false, options))

/** The same records, with the bytes inflated of those that are compressed, and the others refused unless they are to be kept. */
export const inflateMixed = (compression: "gzip" | "zstd", options?: MixedOptions) =>
  OptionTables.checked(OptionTables.mixed, options, () => {
    const isKept = ({ data }: KinesisRecord) => options?.plain === "keep" && Inflate.compressionOf(data) !== compression
    return inflating(compression, isKept, options)
  })

const inflating = (
  compression: Inflate.Compression,
  isKept: (record: KinesisRecord) => boolean,
  options?: InflateOptions
) =>
  Forms.make<KinesisRecord, never>((record, outcomes) => {
    outcomes.push(isKept(record) ? record : inflated(compression, record, limitOf(options)))
    return undefined
  }, options?.onInvalid)

/** Any mixture of JSON, plain or compressed. */
export const auto = (schema: AnySchema, options?: AutoOptions) =>
  OptionTables.checkedBy(schema, OptionTables.auto, options, () => mixed(schema, options))

const mixed = (schema: AnySchema, options?: AutoOptions) => {
  const decode = Values.decode(JsonValues.mixture(options?.parse ?? JSON.parse), Parse.parser(schema, options))
  const limit = limitOf(options)
  return Forms.make<unknown, unknown>((record, outcomes) => {
    const compression = Inflate.compressionOf(record.data)
    const plain = compression === undefined ? record : inflated(compression, record, limit)
    if (!Outcomes.isInvalid(plain)) return decode(plain, outcomes as Array<Outcome<Decoded<unknown>>>)
    outcomes.push(plain)
    return undefined
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
  place: Place
): Outcome<Decoded<LogEvent>> =>
  Values.valued(Either.isLeft(value) && value.left !== noDelivery ? plain : record, value, place)

/** The events of the deliveries in a record. */
export const cloudWatchLogs = (options?: InflateOptions) =>
  OptionTables.checked(OptionTables.inflatedValues, options, () => logEvents(options))

const logEvents = (options?: InflateOptions) => {
  const limit = limitOf(options)
  const deliveries = JsonValues.sequence(JSON.parse)
  const eventsIn = (record: KinesisRecord): ReadonlyArray<Outcome<Decoded<LogEvent>>> => {
    const plain = inflated("gzip", record, limit)
    if (Outcomes.isInvalid(plain)) return [plain]
    const values = deliveries(plain.data)
    if (values.length === 0) return [Outcomes.invalid(record, noDelivery, Outcomes.only)]
    const events = values.flatMap((value) => eventsOf(record, value))
    const placeOf = Values.placesOf(plain.data, events)
    return events.map((found, index) => eventOf(record, plain, found, placeOf(index)))
  }
  return Forms.make<Decoded<LogEvent>, never>((record, outcomes) => {
    for (const event of eventsIn(record)) outcomes.push(event)
    return undefined
  }, options?.onInvalid)
}

/** One decoder after another; what is wrong with the options of either is wrong with both. */
export const compose = <A, E2, R2, E, R>(
  first: Decoder<KinesisRecord, E, R>,
  second: Decoder<A, E2, R2>
): Decoder<A, E | E2, R | R2> => {
  const fault = OptionTables.faultOf(first) ?? OptionTables.faultOf(second)
  return fault !== undefined ? OptionTables.refusing(fault) : Forms.ofForms({
    stream: (records) => second(first(records)),
    decodeRecord: Forms.compose(first.decodeRecord, second.decodeRecord)
  })
}
