import { SubscribeToShardEvent$ } from "@aws-sdk/client-kinesis"
import type { SubscribeToShardEvent } from "effect-kinesis/KinesisApi"
import { crc32 } from "node:zlib"
import type { ApiError } from "../api/errors.js"
import * as Answers from "./answers.js"
import type { Schema } from "./codec.js"
import { codecs } from "./codec.js"
import * as Shapes from "./shapes.js"

/** The type of a body that is a stream of events. */
export const contentType = "application/vnd.amazon.eventstream"

type Header = readonly [name: string, value: string]

const stringType = 7

const header = ([name, value]: Header): Buffer => {
  const bytes = Buffer.alloc(4 + name.length + value.length)
  bytes.writeUInt8(name.length)
  bytes.write(name, 1, "latin1")
  bytes.writeUInt8(stringType, 1 + name.length)
  bytes.writeUInt16BE(value.length, 2 + name.length)
  bytes.write(value, 4 + name.length, "latin1")
  return bytes
}

const preludeBytes = 12
const trailerBytes = 4

/** One message: its lengths with their checksum, its headers, its payload, and a checksum of all. */
const message = (headers: ReadonlyArray<Header>, payload: Uint8Array): Buffer => {
  const named = Buffer.concat(headers.map(header))
  const total = preludeBytes + named.length + payload.length + trailerBytes
  const bytes = Buffer.allocUnsafe(total)
  bytes.writeUInt32BE(total, 0)
  bytes.writeUInt32BE(named.length, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  bytes.set(named, preludeBytes)
  bytes.set(payload, preludeBytes + named.length)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - trailerBytes)), total - trailerBytes)
  return bytes
}

/** The payload is JSON whatever the call was written in: so it is in AWS. */
const json = "application/x-amz-json-1.1"

const event = (type: string, payload: Uint8Array): Buffer =>
  message([[":event-type", type], [":content-type", json], [":message-type", "event"]], payload)

/** The first message, as soon as the subscription is accepted. */
export const initialResponse: Buffer = event("initial-response", Buffer.from("{}"))

/** AWS's order of an event's members, which is not that of the SDK's schema. */
const order = ["ContinuationSequenceNumber", "MillisBehindLatest", "Records", "ChildShards"]

type Structure = readonly [
  kind: 3,
  namespace: string,
  name: string,
  traits: 0,
  names: ReadonlyArray<string>,
  members: ReadonlyArray<unknown>
]

const inOrder = (schema: Structure): Schema => {
  const [kind, namespace, name, traits, names, members] = schema
  return [kind, namespace, name, traits, order, order.map((each) => members[names.indexOf(each)])] as never
}

let known: { readonly schema: Schema; readonly shape: Shapes.Shape } | undefined

const ofEvent = () =>
  known ??= {
    schema: inOrder(SubscribeToShardEvent$ as never),
    shape: Shapes.of(SubscribeToShardEvent$)
  }

/** An event of a subscription. It names children on the last one of a closed shard alone. */
export const shardEvent = ({ childShards, ...rest }: SubscribeToShardEvent): Buffer => {
  const { schema, shape } = ofEvent()
  const written = { ...rest, childShards: childShards.length === 0 ? undefined : childShards }
  return event("SubscribeToShardEvent", codecs().json.encode(schema, Answers.write(shape, written)))
}

/** The end of a subscription by an error. */
export const exception = ({ message: text, type }: ApiError): Buffer =>
  message(
    [[":exception-type", type], [":content-type", json], [":message-type", "exception"]],
    Buffer.from(JSON.stringify({ message: text ?? type }))
  )
