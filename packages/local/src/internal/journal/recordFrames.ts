import type { Entry } from "../recordLog.js"

/** A record as a journal has it. */
export interface KeptRecord {
  readonly generation: number
  readonly shardIndex: number
  readonly arrival: number
  readonly partitionKey: string | undefined
  readonly data: Buffer
}

const headBytes = 18
const noKey = 0xffff

export const write = (generation: number, shardIndex: number, entry: Entry): Buffer => {
  const { arrival, data, partitionKey } = entry
  const keyBytes = partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey)
  const bytes = Buffer.allocUnsafe(headBytes + keyBytes + data.byteLength)
  bytes.writeUInt32LE(generation, 0)
  bytes.writeUInt32LE(shardIndex, 4)
  bytes.writeDoubleLE(arrival, 8)
  bytes.writeUInt16LE(partitionKey === undefined ? noKey : keyBytes, 16)
  if (partitionKey !== undefined) bytes.write(partitionKey, headBytes)
  bytes.set(data, headBytes + keyBytes)
  return bytes
}

export const read = (bytes: Buffer): KeptRecord => {
  const keyBytes = bytes.readUInt16LE(16)
  const keyEnd = headBytes + (keyBytes === noKey ? 0 : keyBytes)
  return {
    generation: bytes.readUInt32LE(0),
    shardIndex: bytes.readUInt32LE(4),
    arrival: bytes.readDoubleLE(8),
    partitionKey: keyBytes === noKey ? undefined : bytes.toString("utf8", headBytes, keyEnd),
    data: bytes.subarray(keyEnd)
  }
}
