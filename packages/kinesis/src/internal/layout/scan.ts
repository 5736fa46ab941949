import { isUtf8 } from "node:buffer"
import { latin1, utf8 } from "../wire/bufferMethods.js"
import { type Cursor, textAt } from "./cursor.js"

/**
 * Readers of JSON values without blanks between them. Each moves the cursor past a value and returns it, or `undefined` where there is none,
 * or none that it knows.
 */

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const dot = 0x2e
const zero = 0x30
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Whether each byte of a word is an ASCII character that stands for itself in a string. */
const isPlain = (word: number): boolean =>
  ((word | (word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101)) &
    0x80808080) === 0

/** The place of the first byte, from here on, that may be more than a character of a string. */
const endOfPlain = ({ bytes, end, view }: Cursor, from: number): number => {
  let at = from
  while (at + 4 <= end && isPlain(view.getInt32(at, true))) at += 4
  while (at < end) {
    const byte = bytes[at]!
    if (byte === quote || byte === backslash || byte < 0x20 || byte >= 0x80) break
    at++
  }
  return at
}

/** V8 copies shorter parts of a string; a longer one would keep the whole alive. */
const leastSlice = 13

/** A string of plain characters; any other is left to `JSON.parse`. */
export const string = (self: Cursor): string | undefined => {
  const { at: first, bytes, end } = self
  if (first >= end || bytes[first] !== quote) return undefined
  const from = first + 1
  const at = endOfPlain(self, from)
  if (at >= end) return undefined
  if (bytes[at] !== quote) return unusual(self, at)
  self.at = at + 1
  return at - from < leastSlice ? textAt(self, from, at) : latin1(bytes, from, at)
}

/** A string with an escape, or with what is not ASCII, of which this is the first place. */
const unusual = (self: Cursor, from: number): string | undefined => {
  const { at: first, bytes, end } = self
  let at = from
  while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at < end ? parsed<string>(self, first, at + 1) : undefined
}

const parsed = <A>(self: Cursor, from: number, to: number): A | undefined => {
  const { bytes } = self
  if (!isUtf8(bytes.subarray(from, to))) return undefined
  try {
    const value = JSON.parse(utf8(bytes, from, to)) as A
    self.at = to
    return value
  } catch {
    return undefined
  }
}

const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39

/** A number of so many digits, and the power of ten by which it is divided, are exact: so is the quotient, to the last bit. */
const mostDigits = 15

const powersOfTen = Array.from({ length: mostDigits + 1 }, (_, exponent) => 10 ** exponent)

/** A number; one of many digits, or with an exponent, is left to `JSON.parse`. */
export const number = (self: Cursor): number | undefined => {
  const { at: first, bytes, end } = self
  const isNegative = first < end && bytes[first] === minus
  const from = isNegative ? first + 1 : first
  let at = from
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - zero
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  let digits = at - from
  if (digits === 0 || (digits > 1 && bytes[from] === zero)) return undefined
  if (at < end && bytes[at] === dot) {
    const point = at++
    for (; at < end; at++) {
      const digit = bytes[at]! - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const decimals = at - point - 1
    if (decimals === 0) return undefined
    digits += decimals
    if (digits <= mostDigits) value /= powersOfTen[decimals]!
  }
  if (digits > mostDigits || (at < end && isExponent(bytes[at]!))) return long(self, at)
  self.at = at
  return isNegative ? -value : value
}

const isExponent = (byte: number): boolean => (byte | 0x20) === 0x65

const isOfNumber = (byte: number): boolean => isDigit(byte) || isExponent(byte) || byte === minus || byte === 0x2b

/** A number whose first characters, up to this place, were seen. */
const long = (self: Cursor, from: number): number | undefined => {
  const { bytes, end } = self
  let at = from
  while (at < end && isOfNumber(bytes[at]!)) at++
  return parsed<number>(self, self.at, at)
}

/** Whether there is this word, which the cursor then moves past. */
const word = (self: Cursor, characters: string): boolean => {
  const { at, bytes, end } = self
  if (end - at < characters.length) return false
  for (let index = 0; index < characters.length; index++) {
    if (bytes[at + index] !== characters.charCodeAt(index)) return false
  }
  self.at = at + characters.length
  return true
}

/** A string, a number, a boolean or null. */
export const scalar = (self: Cursor): string | number | boolean | null | undefined => {
  switch (self.at < self.end ? self.bytes[self.at] : undefined) {
    case quote:
      return string(self)
    case 0x74:
      return word(self, "true") ? true : undefined
    case 0x66:
      return word(self, "false") ? false : undefined
    case 0x6e:
      return word(self, "null") ? null : undefined
    default:
      return number(self)
  }
}

/** Any value. What has parts is left to `JSON.parse`. */
export const value = (self: Cursor): unknown => {
  const { at: first, bytes, end } = self
  if (first >= end || (bytes[first] !== openBrace && bytes[first] !== openBracket)) return scalar(self)
  if (!skip(self)) return undefined
  return parsed(self, first, self.at)
}

/** Deeper values are not skipped. */
const mostLevels = 100

/** Moves past any value, of which everything is checked that `JSON.parse` would check. Returns whether there was one. */
export const skip = (self: Cursor): boolean => skipped(self, mostLevels)

const skipped = (self: Cursor, levels: number): boolean => {
  const { at, bytes, end } = self
  if (at >= end) return false
  switch (bytes[at]) {
    case quote:
      return skipString(self)
    case openBrace:
      return levels > 0 && skipMembers(self, closeBrace, levels - 1)
    case openBracket:
      return levels > 0 && skipMembers(self, closeBracket, levels - 1)
    default:
      return scalar(self) !== undefined
  }
}

const skipString = (self: Cursor): boolean => {
  const { bytes, end } = self
  if (self.at >= end || bytes[self.at] !== quote) return false
  const at = endOfPlain(self, self.at + 1)
  if (at >= end) return false
  if (bytes[at] !== quote) return unusual(self, at) !== undefined
  self.at = at + 1
  return true
}

const skipBlanks = (self: Cursor): void => {
  const { bytes, end } = self
  while (self.at < end) {
    const byte = bytes[self.at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    self.at++
  }
}

/** Whether this byte is the next one, behind blanks. */
const takes = (self: Cursor, byte: number): boolean => {
  skipBlanks(self)
  if (self.at >= self.end || self.bytes[self.at] !== byte) return false
  self.at++
  return true
}

/** The members of an object, or the elements of an array. */
const skipMembers = (self: Cursor, close: number, levels: number): boolean => {
  self.at++
  if (takes(self, close)) return true
  do {
    skipBlanks(self)
    if (close === closeBrace && !(skipString(self) && takes(self, colon))) return false
    skipBlanks(self)
    if (!skipped(self, levels)) return false
  } while (takes(self, comma))
  return takes(self, close)
}
