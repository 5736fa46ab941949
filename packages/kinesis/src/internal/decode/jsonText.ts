/** The bytes of one JSON value, or of what stands in its place. */
export interface Piece {
  readonly start: number
  readonly end: number
  /** What begins with a quote or a bracket is enclosed, or cut off by the end or a record separator; the rest is bare. */
  readonly kind: "enclosed" | "cut" | "bare"
}

const quote = 0x22
const backslash = 0x5c
const lineFeed = 0x0a
const carriageReturn = 0x0d
const comma = 0x2c
/** RFC 7464 puts one before each text; no JSON text has one in it. */
const recordSeparator = 0x1e

const isOpening = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number | undefined): boolean => byte === 0x7d || byte === 0x5d
const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === lineFeed || byte === carriageReturn

const isByteOrderMark = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf

/** Where something stands that may be a value, from here on. */
const nextStart = (bytes: Uint8Array, from: number): number => {
  let at = from
  while (at < bytes.length) {
    if (isBlank(bytes[at]) || bytes[at] === recordSeparator) at++
    else if (isByteOrderMark(bytes, at)) at += 3
    else break
  }
  return at
}

const enclosed = (bytes: Uint8Array, start: number): Piece => {
  let depth = 0
  let isQuoted = false
  let isEscaped = false
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === recordSeparator) return { start, end: at, kind: "cut" }
    if (isQuoted) {
      if (isEscaped) isEscaped = false
      else if (byte === backslash) isEscaped = true
      else if (byte === quote) isQuoted = false
    } else if (byte === quote) isQuoted = true
    else if (isOpening(byte)) depth++
    else if (isClosing(byte)) depth--
    if (depth === 0 && !isQuoted) return { start, end: at + 1, kind: "enclosed" }
  }
  return { start, end: bytes.length, kind: "cut" }
}

/** Ends where another value may begin. */
const bare = (bytes: Uint8Array, start: number): Piece => {
  let at = start + 1
  while (
    at < bytes.length && !isBlank(bytes[at]) && bytes[at] !== recordSeparator && bytes[at] !== quote &&
    !isOpening(bytes[at]) && !isByteOrderMark(bytes, at)
  ) at++
  return { start, end: at, kind: "bare" }
}

/**
 * Where the JSON values lie that stand one after the other: with nothing between them, blanks, lines, record separators or byte order
 * marks. Each byte is looked at once. Whether a piece is JSON is not judged here; each value that is, is a piece.
 */
export const pieces = (bytes: Uint8Array): ReadonlyArray<Piece> => {
  const found: Array<Piece> = []
  let at = nextStart(bytes, 0)
  while (at < bytes.length) {
    const piece = bytes[at] === quote || isOpening(bytes[at]) ? enclosed(bytes, at) : bare(bytes, at)
    found.push(piece)
    at = nextStart(bytes, piece.end)
  }
  return found
}

/** Begins with an object or a list. */
export const isEnclosed = (bytes: Uint8Array): boolean => isOpening(bytes[nextStart(bytes, 0)])

/** The lines that are not blank, without what ends them and without a byte order mark. */
export const lines = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const found: Array<Uint8Array> = []
  for (let start = 0; start < bytes.length;) {
    const next = bytes.indexOf(lineFeed, start)
    const end = next === -1 ? bytes.length : next
    const first = isByteOrderMark(bytes, start) ? start + 3 : start
    const line = bytes.subarray(first, end)
    if (!line.every(isBlank)) found.push(line)
    start = end + 1
  }
  return found
}

/**
 * Tells the line, from 1, that a byte is in. Bytes that are asked for in order are counted once, so that a record of nothing but errors takes
 * a time that grows with its bytes.
 */
export const lineCounter = (bytes: Uint8Array): (at: number) => number => {
  let line = 1
  let counted = 0
  return (at) => {
    if (at < counted) [line, counted] = [1, 0]
    for (; counted < at; counted++) if (bytes[counted] === lineFeed) line++
    return line
  }
}

/** Pretty-printed values have lines that are indented, or that open, close or continue what other lines began. */
const standsAlone = (line: Uint8Array): boolean => {
  const end = line.findLastIndex((byte) => !isBlank(byte))
  return !isBlank(line[0]) && !isClosing(line[0]) && line[0] !== comma && line[end] !== comma &&
    !(end === 0 && isOpening(line[0]))
}

/** Whether each line may be a value of its own. */
export const isLines = (lines: ReadonlyArray<Uint8Array>): boolean => lines.length > 1 && lines.every(standsAlone)
