import { createHash } from "node:crypto"
import * as HashKey from "../record/hashKey.js"
import { varintSize, writeVarint } from "../record/protobuf.js"
import { type Entry, hashInto } from "./entry.js"

/**
 * The format of the Kinesis Producer Library: magic, the tables of partition keys and explicit hash keys, the records with their places in
 * the tables, and the MD5 of all that follows the magic.
 */
const magic = [0xf3, 0x89, 0x9a, 0xc2] as const
const digestBytes = 16
const partitionKeyTag = 0x0a
const explicitHashKeyTag = 0x12
const recordTag = 0x1a
const partitionKeyIndexTag = 0x08
const explicitHashKeyIndexTag = 0x10
const dataTag = 0x1a

/** Records that travel as one. */
export interface Aggregate {
  readonly entries: ReadonlyArray<Entry>
  readonly data: Uint8Array
  /** That of the first record: whoever routes or counts by key sees one of the user's. */
  readonly partitionKey: string
  /** The first record's hash key, by which the service chooses the shard. */
  readonly explicitHashKey: string
  /** Of data and partition key. */
  readonly bytes: number
}

/** An aggregate that records are added to. */
export interface Packer {
  readonly maxBytes: number
  readonly entries: Array<Entry>
  readonly keys: Map<string, number>
  /** How many bytes each of the keys has in UTF-8. */
  readonly keyBytes: Array<number>
  readonly explicitHashKeys: Map<string, number>
  /** The exact size of the aggregate's data. */
  size: number
}

export const make = (maxBytes: number): Packer => ({
  maxBytes,
  entries: [],
  keys: new Map(),
  keyBytes: [],
  explicitHashKeys: new Map(),
  size: magic.length + digestBytes
})

const delimited = (length: number): number => 1 + varintSize(length) + length

const messageSize = (key: number, explicitHashKey: number | undefined, dataLength: number): number =>
  1 + varintSize(key) + (explicitHashKey === undefined ? 0 : 1 + varintSize(explicitHashKey)) + delimited(dataLength)

/** Adds a record. False if the aggregate would become too large: then nothing is added. The first record always fits. */
export const add = (self: Packer, entry: Entry): boolean => {
  const { explicitHashKeys, keys } = self
  const { bytes, data, explicitHashKey } = entry
  const partitionKey = entry.partitionKey ?? ""
  const key = keys.get(partitionKey)
  const hashKey = explicitHashKey === undefined ? undefined : explicitHashKeys.get(explicitHashKey)
  const keyBytes = bytes - data.length
  const index = explicitHashKey === undefined ? undefined : hashKey ?? explicitHashKeys.size
  const size = self.size +
    (key === undefined ? delimited(keyBytes) : 0) +
    (explicitHashKey === undefined || hashKey !== undefined ? 0 : delimited(explicitHashKey.length)) +
    delimited(messageSize(key ?? keys.size, index, data.length))
  if (size > self.maxBytes && self.entries.length > 0) return false
  if (key === undefined) {
    keys.set(partitionKey, keys.size)
    self.keyBytes.push(keyBytes)
  }
  if (explicitHashKey !== undefined && hashKey === undefined) {
    explicitHashKeys.set(explicitHashKey, explicitHashKeys.size)
  }
  self.entries.push(entry)
  self.size = size
  return true
}

/** Short data is copied faster byte by byte. */
const shortest = 40

const copy = (from: Uint8Array, to: Uint8Array, at: number): number => {
  if (from.length < shortest) { for (let i = 0; i < from.length; i++) to[at + i] = from[i]! }
  else to.set(from, at)
  return at + from.length
}

const writeTables = ({ explicitHashKeys, keyBytes, keys }: Packer, out: Buffer, start: number): number => {
  let at = start
  let index = 0
  for (const key of keys.keys()) {
    const length = keyBytes[index++]!
    out[at] = partitionKeyTag
    at = writeVarint(out, at + 1, length)
    at += out.write(key, at, length === key.length ? "latin1" : "utf8")
  }
  for (const key of explicitHashKeys.keys()) {
    out[at] = explicitHashKeyTag
    at = writeVarint(out, at + 1, key.length)
    at += out.write(key, at, "latin1")
  }
  return at
}

const writeRecord = (
  self: Packer,
  { data, explicitHashKey, partitionKey }: Entry,
  out: Buffer,
  start: number
): number => {
  const key = self.keys.get(partitionKey ?? "")!
  const hashKey = explicitHashKey === undefined ? undefined : self.explicitHashKeys.get(explicitHashKey)!
  out[start] = recordTag
  let at = writeVarint(out, start + 1, messageSize(key, hashKey, data.length))
  out[at] = partitionKeyIndexTag
  at = writeVarint(out, at + 1, key)
  if (hashKey !== undefined) {
    out[at] = explicitHashKeyIndexTag
    at = writeVarint(out, at + 1, hashKey)
  }
  out[at] = dataTag
  return copy(data, out, writeVarint(out, at + 1, data.length))
}

const bytesOf = (self: Packer): Buffer => {
  const out = Buffer.allocUnsafeSlow(self.size)
  let at = writeTables(self, out, copy(Uint8Array.from(magic), out, 0))
  for (const entry of self.entries) at = writeRecord(self, entry, out, at)
  out.write(createHash("md5").update(out.subarray(magic.length, at)).digest("binary"), at, "latin1")
  return out
}

const words = HashKey.makeWords()

/** What travels: the aggregate, or a record alone as it is. There is at least one. */
export const build = (self: Packer): Aggregate | Entry => {
  const first = self.entries[0]!
  if (self.entries.length === 1) return first
  hashInto(words, first)
  return {
    entries: self.entries,
    data: bytesOf(self),
    partitionKey: first.partitionKey ?? "",
    explicitHashKey: String(HashKey.fromWords(words)),
    bytes: self.size + self.keyBytes[0]!
  }
}
