import type * as Api from "../../KinesisApi.js"
import { writeUtf8 } from "./bufferMethods.js"
import { array, byteString, fourBytes, key, map, oneByte, textString, twoBytes } from "./cborItems.js"
import * as Output from "./output.js"

const records = key("Records")
const data = key("Data")
const streamArn = key("StreamARN")
const streamName = key("StreamName")
const explicitHashKey = key("ExplicitHashKey")
const partitionKey = key("PartitionKey")
const ordering = key("SequenceNumberForOrdering")

/** PutRecords' request in CBOR. */
export const putRecords = (
  { records: entries, stream }: Api.PutRecordsRequest,
  allocate: Output.Allocate
): Buffer => {
  const streamKey = keyOf(stream)
  let size = 1 + records.length + headSize(entries.length) + memberSize(streamKey, stream)
  for (const entry of entries) size += 1 + entrySize(entry)
  const out = Output.make(allocate, size)
  out.bytes[0] = map + 2
  let at = Output.writeConstant(out, 1, records)
  at = writeHead(out, at, array, entries.length)
  for (const entry of entries) {
    out.bytes[at] = map + membersOf(entry)
    at = writeEntry(out, at + 1, entry)
  }
  writeMember(out, at, streamKey, stream)
  return out.bytes
}

/** PutRecord's request in CBOR: an entry with more members. */
export const putRecord = (request: Api.PutRecordRequest, allocate: Output.Allocate): Buffer => {
  const { sequenceNumberForOrdering, stream } = request
  const streamKey = keyOf(stream)
  const size = 1 + entrySize(request) + memberSize(streamKey, stream) +
    optionalSize(ordering, sequenceNumberForOrdering)
  const out = Output.make(allocate, size)
  out.bytes[0] = map + membersOf(request) + 1 + (sequenceNumberForOrdering === undefined ? 0 : 1)
  let at = writeEntry(out, 1, request)
  at = writeMember(out, at, streamKey, stream)
  writeOptional(out, at, ordering, sequenceNumberForOrdering)
  return out.bytes
}

const keyOf = (stream: string): Uint8Array => stream.startsWith("arn:") ? streamArn : streamName

/** How many members of a map an entry has. */
const membersOf = (entry: Api.PutRecordsEntry): number =>
  1 + (entry.explicitHashKey === undefined ? 0 : 1) + (entry.partitionKey === undefined ? 0 : 1)

/** Of its members alone. */
const entrySize = (entry: Api.PutRecordsEntry): number =>
  data.length + headSize(entry.data.length) + entry.data.length + optionalSize(explicitHashKey, entry.explicitHashKey) +
  optionalSize(partitionKey, entry.partitionKey)

const writeEntry = (out: Output.Output, start: number, entry: Api.PutRecordsEntry): number => {
  let at = Output.writeConstant(out, start, data)
  at = writeHead(out, at, byteString, entry.data.length)
  at = Output.writeBytes(out, at, entry.data)
  at = writeOptional(out, at, explicitHashKey, entry.explicitHashKey)
  return writeOptional(out, at, partitionKey, entry.partitionKey)
}

const optionalSize = (key: Uint8Array, value: string | undefined): number =>
  value === undefined ? 0 : memberSize(key, value)

const memberSize = (key: Uint8Array, value: string): number => {
  const size = utf8Size(value)
  return key.length + headSize(size) + size
}

const writeOptional = (out: Output.Output, at: number, key: Uint8Array, value: string | undefined): number =>
  value === undefined ? at : writeMember(out, at, key, value)

const writeMember = (out: Output.Output, at: number, key: Uint8Array, value: string): number =>
  writeText(out, Output.writeConstant(out, at, key), value)

const headSize = (argument: number): number =>
  argument < oneByte ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : 5

/** Writes the head of an item, its argument in the shortest form. */
const writeHead = ({ bytes, view }: Output.Output, at: number, type: number, argument: number): number => {
  if (argument < oneByte) {
    bytes[at] = type + argument
    return at + 1
  }
  if (argument < 0x100) {
    bytes[at] = type + oneByte
    bytes[at + 1] = argument
    return at + 2
  }
  if (argument < 0x10000) {
    bytes[at] = type + twoBytes
    view.setUint16(at + 1, argument)
    return at + 3
  }
  bytes[at] = type + fourBytes
  view.setUint32(at + 1, argument)
  return at + 5
}

const utf8Size = (value: string): number => {
  const { length } = value
  for (let at = 0; at < length; at++) if (value.charCodeAt(at) > 0x7f) return Buffer.byteLength(value)
  return length
}

const writeText = (out: Output.Output, at: number, value: string): number => {
  const { length } = value
  const { bytes } = out
  const start = writeHead(out, at, textString, length)
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code > 0x7f) return writeUtf8(bytes, writeHead(out, at, textString, Buffer.byteLength(value)), value)
    bytes[start + i] = code
  }
  return start + length
}
