import * as Schema from "effect/Schema"
import { messageOf } from "../text/describe.js"

/** What an error says of a value that cannot be decoded. */
export const fields = {
  /** The stream that the record was read from. */
  stream: Schema.String,
  /** The shard that it was read from. */
  shardId: Schema.String,
  /** The record's place in the shard. */
  sequenceNumber: Schema.String,
  /** The record's place in its aggregate; absent when it came alone. */
  subSequenceNumber: Schema.optional(Schema.Number),
  /** The writer's key. */
  partitionKey: Schema.optional(Schema.String),
  /** Which of the values in the record is invalid, from 0; undefined where there is one. */
  valueIndex: Schema.optional(Schema.Number),
  /** The line of the record that the value begins in, from 1; undefined where there is one value, or no text. */
  line: Schema.optional(Schema.Number),
  /** Whether no value of the record is behind this one, as `Position.after` asks. Default: true. */
  isLastValue: Schema.optional(Schema.Boolean),
  /** The record's bytes, all of them. */
  data: Schema.Uint8ArrayFromSelf,
  /** What is wrong. */
  description: Schema.String,
  /** What the parser or the schema failed with. */
  cause: Schema.optional(Schema.Defect)
}

type Fields = Schema.Struct.Type<typeof fields>

export const message = ({ description, line, sequenceNumber, shardId, stream, valueIndex }: Fields): string => {
  const value = valueIndex === undefined ? "" : `, value ${valueIndex}`
  const inLine = line === undefined ? "" : `, line ${line}`
  return `record ${sequenceNumber} of ${stream}/${shardId}${value}${inLine}: ${description}`
}

/** The fields as plain JSON: the bytes in base64, the cause as text where it says more than the description. */
export const json = (error: Fields): Readonly<Record<string, unknown>> => {
  const { cause, data, description } = error
  const reason = cause === undefined ? undefined : messageOf(cause)
  return {
    _tag: "DecodeError",
    message: message(error),
    stream: error.stream,
    shardId: error.shardId,
    sequenceNumber: error.sequenceNumber,
    subSequenceNumber: error.subSequenceNumber,
    partitionKey: error.partitionKey,
    valueIndex: error.valueIndex,
    line: error.line,
    isLastValue: error.isLastValue,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
    description,
    cause: reason === description ? undefined : reason
  }
}
