import type * as Api from "../../KinesisApi.js"
import * as Base64 from "./base64.js"
import { writeUtf8 } from "./bufferMethods.js"
import * as Output from "./output.js"
import { text } from "./pieces.js"

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const closeBrace = 0x7d

const records = text("{\"Records\":[")
const afterRecords = text("],")
const data = text("{\"Data\":\"")
const streamArn = text("\"StreamARN\":")
const streamName = text("\"StreamName\":")
const explicitHashKey = text(",\"ExplicitHashKey\":")
const partitionKey = text(",\"PartitionKey\":")
const ordering = text(",\"SequenceNumberForOrdering\":")

/** PutRecords' request in JSON. */
export const putRecords = (
  { records: entries, stream }: Api.PutRecordsRequest,
  allocate: Output.Allocate
): Buffer => {
  const streamKey = keyOf(stream)
  let size = records.length + afterRecords.length + memberSize(streamKey, stream) + 1
  for (const entry of entries) size += entrySize(entry) + 2
  if (entries.length > 0) size--
  const out = Output.make(allocate, size)
  let at = Output.writeConstant(out, 0, records)
  for (let index = 0; index < entries.length; index++) {
    if (index > 0) out.bytes[at++] = comma
    at = writeEntry(out, at, entries[index]!)
    out.bytes[at++] = closeBrace
  }
  at = Output.writeConstant(out, at, afterRecords)
  at = writeMember(out, at, streamKey, stream)
  out.bytes[at] = closeBrace
  return out.bytes
}

/** PutRecord's request in JSON: an entry with more members. */
export const putRecord = (request: Api.PutRecordRequest, allocate: Output.Allocate): Buffer => {
  const { sequenceNumberForOrdering, stream } = request
  const streamKey = keyOf(stream)
  const size = entrySize(request) + optionalSize(ordering, sequenceNumberForOrdering) +
    1 + memberSize(streamKey, stream) + 1
  const out = Output.make(allocate, size)
  let at = writeEntry(out, 0, request)
  at = writeOptional(out, at, ordering, sequenceNumberForOrdering)
  out.bytes[at++] = comma
  at = writeMember(out, at, streamKey, stream)
  out.bytes[at] = closeBrace
  return out.bytes
}

const keyOf = (stream: string): Uint8Array => stream.startsWith("arn:") ? streamArn : streamName

/** Without the brace that ends it. */
const entrySize = (entry: Api.PutRecordsEntry): number =>
  data.length + Base64.sizeOf(entry.data.length) + 1 + optionalSize(explicitHashKey, entry.explicitHashKey) +
  optionalSize(partitionKey, entry.partitionKey)

const writeEntry = (out: Output.Output, start: number, entry: Api.PutRecordsEntry): number => {
  let at = Output.writeConstant(out, start, data)
  at = Base64.write(out, at, entry.data)
  out.bytes[at++] = quote
  at = writeOptional(out, at, explicitHashKey, entry.explicitHashKey)
  return writeOptional(out, at, partitionKey, entry.partitionKey)
}

const optionalSize = (key: Uint8Array, value: string | undefined): number =>
  value === undefined ? 0 : memberSize(key, value)

const memberSize = (key: Uint8Array, value: string): number => key.length + textSize(value)

const writeOptional = (out: Output.Output, at: number, key: Uint8Array, value: string | undefined): number =>
  value === undefined ? at : writeMember(out, at, key, value)

const writeMember = (out: Output.Output, at: number, key: Uint8Array, value: string): number =>
  writeText(out, Output.writeConstant(out, at, key), value)

/** ASCII that JSON has as it is. */
const isPlain = (code: number): boolean => code >= 0x20 && code < 0x80 && code !== quote && code !== backslash

const textSize = (value: string): number => {
  const { length } = value
  for (let at = 0; at < length; at++) {
    if (!isPlain(value.charCodeAt(at))) return Buffer.byteLength(JSON.stringify(value))
  }
  return length + 2
}

const writeText = ({ bytes }: Output.Output, at: number, value: string): number => {
  const { length } = value
  const start = at + 1
  bytes[at] = quote
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (!isPlain(code)) return writeUtf8(bytes, at, JSON.stringify(value))
    bytes[start + i] = code
  }
  bytes[start + length] = quote
  return start + length + 1
}
