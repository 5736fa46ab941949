import * as Cbor from "@smithy/core/cbor"
import { JsonCodec2 } from "@smithy/core/protocols"
import * as CborTime from "./cbor.js"
import { BadRequest } from "./requests.js"
import type { Shape } from "./shapes.js"

/** A schema of the SDK. */
export type Schema = Parameters<ReturnType<InstanceType<typeof Cbor.CborCodec>["createSerializer"]>["write"]>[0]

/** How bodies are written. */
export interface Codec {
  readonly contentType: string
  /** A body as the SDK reads it. Throws a `BadRequest` if it cannot be read. */
  readonly decode: (schema: Schema, shape: Shape, body: Buffer) => unknown
  readonly encode: (schema: Schema, value: unknown) => Uint8Array
  /** An error, as a value without schema. */
  readonly encodeError: (type: string, message: string | undefined) => Uint8Array
}

const unreadable = (cause: unknown): BadRequest =>
  cause instanceof BadRequest
    ? cause
    : new BadRequest("SerializationException", cause instanceof Error ? cause.message : String(cause))

const attempt = <A>(read: () => A): A => {
  try {
    return read()
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** The SDK's number of the timestamps that are seconds since the epoch. */
const epochSeconds = 7

const bytesOf = (written: string | Uint8Array): Uint8Array =>
  typeof written === "string" ? Buffer.from(written) : written

const errorOf = (type: string, message: string | undefined) => ({
  __type: type,
  ...(message === undefined ? {} : { message })
})

/** What the deserializer of JSON can do besides what its type says: read what was parsed already. */
interface ObjectReader {
  readonly readObject: (schema: Schema, value: object) => unknown
}

const makeJson = (): Codec => {
  const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: epochSeconds }, jsonName: false })
  const deserializer = codec.createDeserializer() as unknown as ObjectReader
  return {
    contentType: "application/x-amz-json-1.1",
    decode: (schema, _, body) =>
      attempt(() => {
        const value: unknown = JSON.parse(body.toString())
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          throw new Error("The body must be an object.")
        }
        return deserializer.readObject(schema, value)
      }),
    encode: (schema, value) => {
      const serializer = codec.createSerializer()
      serializer.write(schema as never, value)
      return bytesOf(serializer.flush())
    },
    encodeError: (type, message) => Buffer.from(JSON.stringify(errorOf(type, message)))
  }
}

/** The SDK's schema of a value of which nothing is known. */
const anything = 15

const makeCbor = (): Codec => {
  const codec = new Cbor.CborCodec()
  const deserializer = codec.createDeserializer()
  const encode = (schema: Schema, value: unknown) => {
    const serializer = codec.createSerializer()
    serializer.write(schema, CborTime.inKinesisTime(value))
    return bytesOf(serializer.flush())
  }
  return {
    contentType: "application/x-amz-cbor-1.1",
    decode: (schema, shape, body) =>
      attempt(() => CborTime.ofKinesisTime(shape, body.length === 0 ? {} : deserializer.read(schema, body))),
    encode,
    encodeError: (type, message) => encode(anything, errorOf(type, message))
  }
}

let made: { readonly json: Codec; readonly cbor: Codec } | undefined

/** Both codecs, made once. */
export const codecs = (): { readonly json: Codec; readonly cbor: Codec } =>
  made ??= { json: makeJson(), cbor: makeCbor() }
