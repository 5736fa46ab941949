import { createHash } from "node:crypto"
import { type Cursor, readLength, readTag, readVarint, skip, varintSize, writeVarint } from "./protobuf.js"

/**
 * A user record inside an aggregate, as the Kinesis Producer Library (KPL) packs them: magic, an `AggregatedRecord` in
 * protobuf (proto2) with its strings in tables, MD5 of the protobuf bytes.
 */
export interface SubRecord {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly data: Uint8Array
}

export type Deaggregated =
  /** Not an aggregate: no magic, or nothing between magic and digest. */
  | { readonly _tag: "Plain" }
  /** It has the magic, but not the digest or not the message of an aggregate. It is passed on unchanged, as the KCL does. */
  | { readonly _tag: "Malformed"; readonly reason: string }
  /** May be empty if the aggregate says so. */
  | { readonly _tag: "Aggregate"; readonly records: ReadonlyArray<SubRecord> }

const magic = [0xf3, 0x89, 0x9a, 0xc2] as const
const digestSize = 16

const partitionKeyTableTag = 0x0a
const explicitHashKeyTableTag = 0x12
const recordsTag = 0x1a
const partitionKeyIndexTag = 0x08
const explicitHashKeyIndexTag = 0x10
const dataTag = 0x1a

const plain: Deaggregated = { _tag: "Plain" }
const malformed = (reason: string): Deaggregated => ({ _tag: "Malformed", reason })

const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest()

export const hasMagic = (data: Uint8Array): boolean =>
  data[0] === magic[0] && data[1] === magic[1] && data[2] === magic[2] && data[3] === magic[3]

const readRecord = (
  cursor: Cursor,
  partitionKeyTable: ReadonlyArray<string>,
  explicitHashKeyTable: ReadonlyArray<string>
): SubRecord | string => {
  let partitionKeyIndex = -1
  let explicitHashKeyIndex = -1
  let dataStart = -1
  let dataEnd = -1
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor)
    let readable: boolean
    if (tag === partitionKeyIndexTag) {
      partitionKeyIndex = readVarint(cursor)
      readable = partitionKeyIndex !== -1
    } else if (tag === explicitHashKeyIndexTag) {
      explicitHashKeyIndex = readVarint(cursor)
      readable = explicitHashKeyIndex !== -1
    } else if (tag === dataTag) {
      const length = readLength(cursor)
      readable = length !== -1
      dataStart = cursor.at
      dataEnd = dataStart + length
      cursor.at = dataEnd
    } else {
      readable = tag !== -1 && skip(cursor, tag)
    }
    if (!readable) return "is not readable"
  }
  if (partitionKeyIndex === -1) return "has no partition_key_index"
  if (dataStart === -1) return "has no data"
  if (partitionKeyIndex >= partitionKeyTable.length) {
    return `has partition_key_index ${partitionKeyIndex} of a table of ${partitionKeyTable.length}`
  }
  if (explicitHashKeyIndex >= explicitHashKeyTable.length) {
    return `has explicit_hash_key_index ${explicitHashKeyIndex} of a table of ${explicitHashKeyTable.length}`
  }
  return {
    partitionKey: partitionKeyTable[partitionKeyIndex]!,
    explicitHashKey: explicitHashKeyIndex === -1 ? undefined : explicitHashKeyTable[explicitHashKeyIndex]!,
    data: cursor.bytes.subarray(dataStart, dataEnd)
  }
}

const readAggregate = (cursor: Cursor): Deaggregated => {
  const { buffer, byteOffset, byteLength } = cursor.bytes
  const text = Buffer.from(buffer, byteOffset, byteLength)
  const partitionKeyTable: Array<string> = []
  const explicitHashKeyTable: Array<string> = []
  const bounds: Array<number> = []
  while (cursor.at < cursor.end) {
    const tag = readTag(cursor)
    if (tag !== partitionKeyTableTag && tag !== explicitHashKeyTableTag && tag !== recordsTag) {
      if (tag === -1 || !skip(cursor, tag)) return malformed("a field is not readable")
      continue
    }
    const length = readLength(cursor)
    if (length === -1) return malformed("a field is not readable")
    const start = cursor.at
    cursor.at += length
    if (tag === recordsTag) bounds.push(start, cursor.at)
    else if (tag === partitionKeyTableTag) partitionKeyTable.push(text.toString("utf8", start, cursor.at))
    else explicitHashKeyTable.push(text.toString("utf8", start, cursor.at))
  }
  const records: Array<SubRecord> = []
  for (let i = 0; i < bounds.length; i += 2) {
    const message = { bytes: cursor.bytes, at: bounds[i]!, end: bounds[i + 1]! }
    const record = readRecord(message, partitionKeyTable, explicitHashKeyTable)
    if (typeof record === "string") return malformed(`record ${records.length} ${record}`)
    records.push(record)
  }
  return { _tag: "Aggregate", records }
}

/**
 * The user records of one Kinesis record, all of them or none. Their data are views into `data`.
 *
 * Strings are read by `Buffer`, which is faster here than a `TextDecoder`, drops no byte order mark and puts U+FFFD where a key is not
 * UTF-8, as the KCL's reader does. Tags, which no producer writes, are skipped.
 */
export const deaggregate = (data: Uint8Array): Deaggregated => {
  const end = data.length - digestSize
  if (end <= magic.length || !hasMagic(data)) return plain
  if (!md5(data.subarray(magic.length, end)).equals(data.subarray(end))) return malformed("the MD5 digest differs")
  return readAggregate({ bytes: data, at: magic.length, end })
}

/** An aggregate under construction. `size` is the size of the bytes that `build` returns. */
export interface PendingAggregate {
  readonly partitionKeyTable: Map<string, number>
  readonly explicitHashKeyTable: Map<string, number>
  readonly records: Array<SubRecord>
  size: number
}

export const makePending = (): PendingAggregate => ({
  partitionKeyTable: new Map(),
  explicitHashKeyTable: new Map(),
  records: [],
  size: magic.length + digestSize
})

const indexIn = (table: ReadonlyMap<string, number>, text: string): number => table.get(text) ?? table.size

const delimitedSize = (length: number): number => 1 + varintSize(length) + length

const growth = (table: ReadonlyMap<string, number>, text: string): number =>
  table.has(text) ? 0 : delimitedSize(Buffer.byteLength(text, "utf8"))

const recordSize = (pending: PendingAggregate, { data, explicitHashKey, partitionKey }: SubRecord): number =>
  1 + varintSize(indexIn(pending.partitionKeyTable, partitionKey)) +
  (explicitHashKey === undefined ? 0 : 1 + varintSize(indexIn(pending.explicitHashKeyTable, explicitHashKey))) +
  delimitedSize(data.length)

/** The exact size in bytes that the aggregate would have with this record; the aggregate is not changed. */
export const sizeWith = (pending: PendingAggregate, record: SubRecord): number =>
  pending.size + growth(pending.partitionKeyTable, record.partitionKey) +
  (record.explicitHashKey === undefined ? 0 : growth(pending.explicitHashKeyTable, record.explicitHashKey)) +
  delimitedSize(recordSize(pending, record))

export const add = (pending: PendingAggregate, record: SubRecord): void => {
  const { explicitHashKeyTable, partitionKeyTable } = pending
  const { explicitHashKey, partitionKey } = record
  pending.size = sizeWith(pending, record)
  partitionKeyTable.set(partitionKey, indexIn(partitionKeyTable, partitionKey))
  if (explicitHashKey !== undefined) {
    explicitHashKeyTable.set(explicitHashKey, indexIn(explicitHashKeyTable, explicitHashKey))
  }
  pending.records.push(record)
}

export const build = (pending: PendingAggregate): Uint8Array => {
  const { explicitHashKeyTable, partitionKeyTable, records, size } = pending
  const bytes = Buffer.alloc(size)
  bytes.set(magic)
  let at: number = magic.length
  const writeTag = (tag: number, value: number): void => {
    bytes[at] = tag
    at = writeVarint(bytes, at + 1, value)
  }
  const writeTable = (tag: number, table: ReadonlyMap<string, number>): void => {
    for (const text of table.keys()) {
      writeTag(tag, Buffer.byteLength(text, "utf8"))
      at += bytes.write(text, at, "utf8")
    }
  }
  writeTable(partitionKeyTableTag, partitionKeyTable)
  writeTable(explicitHashKeyTableTag, explicitHashKeyTable)
  for (const record of records) {
    writeTag(recordsTag, recordSize(pending, record))
    writeTag(partitionKeyIndexTag, indexIn(partitionKeyTable, record.partitionKey))
    if (record.explicitHashKey !== undefined) {
      writeTag(explicitHashKeyIndexTag, indexIn(explicitHashKeyTable, record.explicitHashKey))
    }
    writeTag(dataTag, record.data.length)
    bytes.set(record.data, at)
    at += record.data.length
  }
  bytes.set(md5(bytes.subarray(magic.length, at)), at)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

const pendingOf = (records: ReadonlyArray<SubRecord>): PendingAggregate => {
  const pending = makePending()
  for (const record of records) add(pending, record)
  return pending
}

/** Without records it is magic and digest alone, which every reader takes for a plain record: a producer sends none. */
export const aggregate = (records: ReadonlyArray<SubRecord>): Uint8Array => build(pendingOf(records))

export const sizeOf = (records: ReadonlyArray<SubRecord>): number => pendingOf(records).size
