import { utf8 } from "./bufferMethods.js"
import { byteAt, type Cursor, short, text, unexpected } from "./pieces.js"

/** The first byte of an item: its major type in the upper three bits, its argument, or that argument's size, in the lower five. */
export const unsigned = 0x00
export const byteString = 0x40
export const textString = 0x60
export const array = 0x80
export const map = 0xa0
export const epoch = 0xc1
export const nothing = 0xf6
export const float32 = 0xfa
export const float64 = 0xfb
export const stop = 0xff

export const oneByte = 24
export const twoBytes = 25
export const fourBytes = 26
export const eightBytes = 27
export const indefinite = 31

/** A key as it is encoded. */
export const key = (name: string): Uint8Array =>
  name.length < oneByte
    ? Uint8Array.of(textString + name.length, ...text(name))
    : Uint8Array.of(textString + oneByte, name.length, ...text(name))

/** Whether an array or map is over after this many elements: by its size, or by the stop code that is then read. */
export const isOver = (cursor: Cursor, done: number, size: number): boolean => {
  if (size >= 0) return done === size
  if (byteAt(cursor, 0) !== stop) return false
  cursor.at++
  return true
}

/** A size of -1 means an array or map of indefinite length, which ends with a stop code. */
export const readMapSize = (cursor: Cursor): number => {
  if (byteAt(cursor, 0) !== map + indefinite) return readArgument(cursor, map)
  cursor.at++
  return -1
}

/** Null is an empty array. */
export const readArraySize = (cursor: Cursor): number => {
  const head = byteAt(cursor, 0)
  if (head !== array + indefinite && head !== nothing) return readArgument(cursor, array)
  cursor.at++
  return head === nothing ? 0 : -1
}

/** The argument of an item of this type: the number itself, or the length of what follows. */
export const readArgument = (cursor: Cursor, type: number): number => {
  const { at, bytes } = cursor
  const head = byteAt(cursor, 0) - type
  if (head < 0 || head > eightBytes) throw unexpected
  if (head < oneByte) {
    cursor.at = at + 1
    return head
  }
  const size = 1 << (head - oneByte)
  if (at + 1 + size > bytes.length) throw short
  cursor.at = at + 1 + size
  switch (head) {
    case oneByte:
      return bytes[at + 1]!
    case twoBytes:
      return (bytes[at + 1]! << 8) | bytes[at + 2]!
    case fourBytes:
      return bytes.readUInt32BE(at + 1)
    default: {
      const high = bytes.readUInt32BE(at + 1)
      if (high > 0x1fffff) throw unexpected
      return high * 0x100000000 + bytes.readUInt32BE(at + 5)
    }
  }
}

export const isNothing = (cursor: Cursor): boolean => {
  if (byteAt(cursor, 0) !== nothing) return false
  cursor.at++
  return true
}

export const readNullableText = (cursor: Cursor): string | undefined => isNothing(cursor) ? undefined : readText(cursor)

export const readNullableNumber = (cursor: Cursor): number | undefined =>
  isNothing(cursor) ? undefined : readNumber(cursor)

export const readText = (cursor: Cursor): string => {
  const length = readArgument(cursor, textString)
  const { at, bytes } = cursor
  const end = at + length
  if (end > bytes.length) throw short
  cursor.at = end
  return utf8(bytes, at, end)
}

export const readNumber = (cursor: Cursor): number => {
  const { at, bytes } = cursor
  const head = byteAt(cursor, 0)
  if (head !== float32 && head !== float64) return readArgument(cursor, unsigned)
  const size = head === float64 ? 8 : 4
  if (at + 1 + size > bytes.length) throw short
  cursor.at = at + 1 + size
  return head === float64 ? bytes.readDoubleBE(at + 1) : bytes.readFloatBE(at + 1)
}
