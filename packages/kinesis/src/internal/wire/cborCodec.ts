import * as Cbor from "@smithy/core/cbor"
import * as Schemas from "@smithy/core/schema"
import { toMillis } from "./timestamps.js"

type Codec = InstanceType<typeof Cbor.CborCodec>
type Serializer = ReturnType<Codec["createSerializer"]>
type Deserializer = ReturnType<Codec["createDeserializer"]>
type Schema = Parameters<Deserializer["read"]>[0]
type NormalizedSchema = Schemas.NormalizedSchema

/**
 * The SDK's CBOR codec with the timestamps of Kinesis: milliseconds under the tag for which the SDK, following the standard, expects
 * seconds.
 */
export const kinesisCborCodec = (): Codec => {
  const codec = new Cbor.CborCodec()
  const createSerializer = codec.createSerializer.bind(codec)
  const createDeserializer = codec.createDeserializer.bind(codec)
  return Object.assign(codec, {
    createSerializer: () => inKinesisTime(createSerializer()),
    createDeserializer: () => ofKinesisTime(createDeserializer())
  })
}

const inKinesisTime = (serializer: Serializer): Serializer => {
  const write = serializer.write.bind(serializer)
  return Object.assign(serializer, {
    write: (schema: Schema, value: unknown) => write(schema, inMillis(value))
  })
}

const ofKinesisTime = (deserializer: Deserializer): Deserializer => {
  const read = deserializer.read.bind(deserializer)
  return Object.assign(deserializer, {
    read: (schema: Schema, bytes: Uint8Array) => ofMillis(Schemas.NormalizedSchema.of(schema), read(schema, bytes)),
    /** The name that the SDK's JSON protocols use. */
    readObject: (schema: Schema, value: any) => deserializer.readValue(schema, value)
  })
}

const inMillis = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if (value instanceof Date) return Cbor.tag({ tag: 1, value: value.getTime() })
  if (Array.isArray(value)) return value.map(inMillis)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inMillis(member)]))
}

/** Corrects the timestamps that were read as seconds, or that were not read because they had no tag. */
const ofMillis = (schema: NormalizedSchema, value: any): any => {
  if (schema.isTimestampSchema()) return instantOf(value)
  if (typeof value !== "object" || value === null || !hasInstants(schema)) return value
  if (Array.isArray(value)) return value.map((element) => ofMillis(schema.getValueSchema(), element))
  for (const [name, member] of schema.structIterator()) {
    if (value[name] !== undefined) value[name] = ofMillis(member, value[name])
  }
  return value
}

const instantOf = (value: unknown): Date | undefined => {
  if (value === undefined || value === null) return undefined
  const millis = value instanceof Date
    ? toMillis(value.getTime() / 1000)
    : typeof value === "number"
    ? toMillis(value)
    : undefined
  if (millis === undefined) throw new Error(`invalid timestamp in the answer: ${String(value)}`)
  return new Date(millis)
}

const known = new WeakMap<object, boolean>()

const hasInstants = (schema: NormalizedSchema): boolean => {
  if (schema.isTimestampSchema()) return true
  if (schema.isListSchema()) return hasInstants(schema.getValueSchema())
  if (!schema.isStructSchema()) return false
  const key = schema.getSchema() as object
  const before = known.get(key)
  if (before !== undefined) return before
  known.set(key, false)
  const has = [...schema.structIterator()].some(([, member]) => hasInstants(member))
  known.set(key, has)
  return has
}
