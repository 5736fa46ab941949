import type { Cursor } from "./cursor.js"

const quote = 0x22
const dash = 0x2d
const dot = 0x2e
const zero = 0x30
const colon = 0x3a
const T = 0x54
const Z = 0x5a

/** Larger than any number of two digits. */
const none = 1000

const two = (bytes: Buffer, at: number): number => {
  const high = bytes[at]! - zero
  const low = bytes[at + 1]! - zero
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : none
}

/** The days that a month has in every year. */
const days = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Midnight of `2026-11-26`, or `NaN`. `Date.UTC` has its own idea of years below 100. */
const startOfDay = (bytes: Buffer, at: number): number => {
  if (bytes[at + 4] !== dash || bytes[at + 7] !== dash) return NaN
  const century = two(bytes, at)
  const ofCentury = two(bytes, at + 2)
  const month = two(bytes, at + 5)
  const date = two(bytes, at + 8)
  if (century < 1 || century === none || ofCentury === none) return NaN
  if (month < 1 || month > 12 || date < 1 || date > days[month]!) return NaN
  return Date.UTC(century * 100 + ofCentury, month - 1, date)
}

/** The day that was asked for last, as words of its text, and its start: records that come together are mostly of one day. */
const last = { year: 0, month: 0, date: 0, start: NaN }

const startOfSameDay = ({ bytes, view }: Cursor, at: number): number => {
  const year = view.getInt32(at, true)
  const month = view.getInt32(at + 4, true)
  const date = view.getInt16(at + 8, true)
  if (last.year !== year || last.month !== month || last.date !== date) {
    last.year = year
    last.month = month
    last.date = date
    last.start = startOfDay(bytes, at)
  }
  return last.start
}

/** Milliseconds into the day of `10:29:56`, or `NaN`. */
const timeOfDay = (bytes: Buffer, at: number): number => {
  if (bytes[at + 2] !== colon || bytes[at + 5] !== colon) return NaN
  const hours = two(bytes, at)
  const minutes = two(bytes, at + 3)
  const seconds = two(bytes, at + 6)
  return hours < 24 && minutes < 60 && seconds < 60 ? ((hours * 60 + minutes) * 60 + seconds) * 1000 : NaN
}

const millisOf = (bytes: Buffer, at: number): number => {
  const tens = two(bytes, at)
  const digit = bytes[at + 2]! - zero
  return tens === none || digit < 0 || digit > 9 ? NaN : tens * 10 + digit
}

/** With its quotes: `"2026-11-26T10:29:56Z"`, and `"2026-11-26T10:29:56.123Z"`. */
const shortest = 22
const longest = 26

/**
 * The instant that a string names as `Date`'s own `toISOString` writes it, with milliseconds or without; undefined for any other string,
 * which may name one, too.
 */
export const instant = (self: Cursor): Date | undefined => {
  const { at, bytes, end } = self
  if (end - at < shortest || bytes[at] !== quote || bytes[at + 11] !== T) return undefined
  const isWhole = bytes[at + 20] === Z
  const length = isWhole ? shortest : longest
  if (end - at < length || bytes[at + length - 2] !== Z || bytes[at + length - 1] !== quote) return undefined
  if (!isWhole && bytes[at + 20] !== dot) return undefined
  const millis = isWhole ? 0 : millisOf(bytes, at + 21)
  const time = startOfSameDay(self, at + 1) + timeOfDay(bytes, at + 12) + millis
  if (Number.isNaN(time)) return undefined
  self.at = at + length
  return new Date(time)
}
