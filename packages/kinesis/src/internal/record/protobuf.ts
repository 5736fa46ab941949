/**
 * The position of a reader in the bytes of one message. A reader that finds no value returns -1 or false, and the cursor is then invalid.
 */
export interface Cursor {
  readonly bytes: Uint8Array
  readonly end: number
  at: number
}

const maxVarintSize = 10

/** Protobuf's own readers reject deeper groups, too. */
const maxGroupDepth = 100

/** Inexact from 2^53 on, where it is only good for a comparison with a size. */
const readLongVarint = (cursor: Cursor): number => {
  const start = cursor.at
  const limit = Math.min(cursor.end, start + maxVarintSize)
  let value = 0
  let scale = 1
  for (let at = start; at < limit; at++) {
    const byte = cursor.bytes[at]!
    if (byte < 0x80) {
      if (byte > 1 && at === start + maxVarintSize - 1) return -1
      cursor.at = at + 1
      return value + byte * scale
    }
    value += (byte & 0x7f) * scale
    scale *= 0x80
  }
  return -1
}

/** Like `readLongVarint`; nearly all varints have one or two bytes. */
export const readVarint = (cursor: Cursor): number => {
  const { at, bytes, end } = cursor
  if (at >= end) return -1
  const first = bytes[at]!
  if (first < 0x80) {
    cursor.at = at + 1
    return first
  }
  if (at + 1 >= end) return -1
  const second = bytes[at + 1]!
  if (second < 0x80) {
    cursor.at = at + 2
    return (second << 7) | (first & 0x7f)
  }
  return readLongVarint(cursor)
}

/** The field's number times 8 plus its wire type. */
export const readTag = (cursor: Cursor): number => {
  const tag = readVarint(cursor)
  return tag >= 8 && tag <= 0xffff_ffff ? tag : -1
}

/** The length of what follows, which lies within the message. */
export const readLength = (cursor: Cursor): number => {
  const length = readVarint(cursor)
  return length <= cursor.end - cursor.at ? length : -1
}

const advance = (cursor: Cursor, length: number): boolean => {
  if (length < 0 || length > cursor.end - cursor.at) return false
  cursor.at += length
  return true
}

const skipGroup = (cursor: Cursor, startTag: number, depth: number): boolean => {
  const endTag = startTag + 1
  while (true) {
    const tag = readTag(cursor)
    if (tag === endTag) return true
    if (tag === -1 || !skip(cursor, tag, depth)) return false
  }
}

/** Skips the value of an unknown field. */
export const skip = (cursor: Cursor, tag: number, depth = 0): boolean => {
  switch (tag & 7) {
    case 0:
      return readVarint(cursor) !== -1
    case 1:
      return advance(cursor, 8)
    case 2:
      return advance(cursor, readLength(cursor))
    case 3:
      return depth < maxGroupDepth && skipGroup(cursor, tag, depth + 1)
    case 5:
      return advance(cursor, 4)
    default:
      return false
  }
}

export const varintSize = (value: number): number => {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Returns where the next value goes. */
export const writeVarint = (bytes: Uint8Array, start: number, value: number): number => {
  let at = start
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}
