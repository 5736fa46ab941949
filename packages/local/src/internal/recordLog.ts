/**
 * The records of a shard, as bytes in blocks: a million small records are some thousand objects to the collector, and twice their size.
 * A record's place is how many were written before it.
 */
import { lowerBound } from "./lowerBound.js"

/** A record of a log. */
export interface Entry {
  readonly sequenceNumber: string
  readonly partitionKey: string | undefined
  readonly data: Uint8Array
  /** By the server's clock, in milliseconds. */
  readonly arrival: number
}

/** Records one after the other, each as the length of its key, its sequence number, its key and its data. */
interface Block {
  /** The place of its first record. */
  readonly first: number
  bytes: Buffer
  used: number
  /** Where each record begins, and where the last one ends. */
  readonly bounds: Array<number>
  readonly arrivals: Array<number>
}

/** Appended to at its end, and forgotten from its start. */
export interface RecordLog {
  /** The place of the oldest record that it still has. */
  start: number
  /** How many records there ever were. */
  length: number
  readonly blocks: Array<Block>
}

const sequenceNumberBytes = 56
const headBytes = 2 + sequenceNumberBytes
const noKey = 0xffff

const leastBlockBytes = 1024
const mostBlockBytes = 64 * 1024

export const empty = (): RecordLog => ({ start: 0, length: 0, blocks: [] })

const endOf = ({ arrivals, first }: Block): number => first + arrivals.length

const makeBlock = (first: number, bytes: number): Block => ({
  first,
  bytes: Buffer.allocUnsafeSlow(bytes),
  used: 0,
  bounds: [0],
  arrivals: []
})

/** A block with so much room at its end. A small one grows, so that shards of few records take little. */
const roomFor = (self: RecordLog, bytes: number): Block => {
  const last = self.blocks.at(-1)
  if (last !== undefined && last.used + bytes <= last.bytes.length) return last
  if (last !== undefined && last.used + bytes <= mostBlockBytes) {
    const grown = Buffer.allocUnsafeSlow(Math.min(mostBlockBytes, Math.max(2 * last.bytes.length, last.used + bytes)))
    grown.set(last.bytes.subarray(0, last.used))
    last.bytes = grown
    return last
  }
  const block = makeBlock(self.length, Math.max(bytes, last === undefined ? leastBlockBytes : mostBlockBytes))
  self.blocks.push(block)
  return block
}

/** Appends a record. Its bytes are copied, so the caller may reuse the buffer. */
export const append = (self: RecordLog, { arrival, data, partitionKey, sequenceNumber }: Entry): void => {
  const keyBytes = partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey)
  const size = headBytes + keyBytes + data.byteLength
  const block = roomFor(self, size)
  const { bytes, used } = block
  bytes.writeUInt16LE(partitionKey === undefined ? noKey : keyBytes, used)
  bytes.write(sequenceNumber, used + 2, "latin1")
  if (partitionKey !== undefined) bytes.write(partitionKey, used + headBytes)
  bytes.set(data, used + headBytes + keyBytes)
  block.used += size
  block.bounds.push(block.used)
  block.arrivals.push(arrival)
  self.length++
}

/** The index of the block that holds the place; the number of blocks if all are before it. */
const blockIndexOf = ({ blocks }: RecordLog, place: number): number =>
  lowerBound(0, blocks.length, (index) => endOf(blocks[index]!) <= place)

const blockOf = (self: RecordLog, place: number): Block | undefined =>
  place < self.start ? undefined : self.blocks[blockIndexOf(self, place)]

/** When the record at the place arrived; undefined if there is none. */
export const arrivalAt = (self: RecordLog, place: number): number | undefined => {
  const block = blockOf(self, place)
  return block?.arrivals[place - block.first]
}

/** The number of the record at the place; undefined if there is none. */
export const sequenceNumberAt = (self: RecordLog, place: number): string | undefined => {
  const block = blockOf(self, place)
  if (block === undefined) return undefined
  const at = block.bounds[place - block.first]! + 2
  return block.bytes.toString("latin1", at, at + sequenceNumberBytes)
}

/** The places of records up to one. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The records within the span. Their data are a copy: whoever writes into it changes nothing here. */
const entriesOf = ({ arrivals, bounds, bytes, first }: Block, { from, to }: Span): ReadonlyArray<Entry> => {
  const start = bounds[from - first]!
  const copy = Buffer.allocUnsafeSlow(bounds[to - first]! - start)
  bytes.copy(copy, 0, start)
  const entries: Array<Entry> = []
  for (let index = from - first; index < to - first; index++) {
    const at = bounds[index]! - start
    const keyBytes = copy.readUInt16LE(at)
    const keyEnd = at + headBytes + (keyBytes === noKey ? 0 : keyBytes)
    entries.push({
      sequenceNumber: copy.toString("latin1", at + 2, at + headBytes),
      partitionKey: keyBytes === noKey ? undefined : copy.toString("utf8", at + headBytes, keyEnd),
      data: new Uint8Array(copy.buffer, keyEnd, bounds[index + 1]! - start - keyEnd),
      arrival: arrivals[index]!
    })
  }
  return entries
}

/** The records of the span that the log still has, block by block. */
export function* pieces(self: RecordLog, { from, to }: Span): Generator<ReadonlyArray<Entry>> {
  const start = Math.max(from, self.start)
  if (start >= to) return
  for (let index = blockIndexOf(self, start); index < self.blocks.length; index++) {
    const block = self.blocks[index]!
    if (block.first >= to) return
    yield entriesOf(block, { from: Math.max(start, block.first), to: Math.min(to, endOf(block)) })
  }
}

/** How many bytes the key and the data of a record of the block have. */
const sizeAt = ({ bounds }: Block, index: number): number => bounds[index + 1]! - bounds[index]! - headBytes

/** Up to which place records of the span have room, and how many bytes of keys and data they are. At least one, if there is one. */
export const fitting = (
  self: RecordLog,
  { from, to }: Span,
  mostBytes: number
): { readonly next: number; readonly bytes: number } => {
  let next = from
  let bytes = 0
  for (let index = blockIndexOf(self, from); next < to; index++) {
    const block = self.blocks[index]!
    const end = Math.min(to, endOf(block))
    while (next < end) {
      const size = sizeAt(block, next - block.first)
      if (next > from && bytes + size > mostBytes) return { next, bytes }
      bytes += size
      next++
    }
  }
  return { next, bytes }
}

/** Lets go of the records before the place. Their bytes go with the last of their block. */
export const forget = (self: RecordLog, place: number): void => {
  self.start = Math.max(self.start, place)
  self.length = Math.max(self.length, place)
  self.blocks.splice(0, blockIndexOf(self, place))
}
