/** The space that a view has. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/**
 * Text that moves no cursor and hides nothing: control characters as their symbols, and characters without a glyph (formats, lone
 * surrogates, unassigned code points) as a replacement character.
 */
export const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, "\ufffd")

const none = /^[\p{Mn}\p{Me}]$/u
const emoji = /^\p{Extended_Pictographic}$/u

const isWide = (point: number): boolean =>
  (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
  (point >= 0xa960 && point <= 0xa97f) ||
  (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
  (point >= 0xfe10 && point <= 0xfe6f) ||
  (point >= 0xff00 && point <= 0xff60) || (point >= 0xffe0 && point <= 0xffe6) ||
  (point >= 0x16fe0 && point <= 0x1b2ff) ||
  (point >= 0x1f000 && point <= 0x1faff) || (point >= 0x20000 && point <= 0x3fffd)

const widthOf = (char: string): number => {
  const point = char.codePointAt(0)!
  if (point < 0x300) return 1
  if (none.test(char)) return 0
  return isWide(point) || emoji.test(char) ? 2 : 1
}

/** The number of columns that a text takes on a terminal; for some old emoji a lower bound. */
export const width = (text: string): number => {
  let columns = 0
  for (const char of text) columns += widthOf(char)
  return columns
}

/** The text in at most this many columns, with an ellipsis where it is cut off. */
export const clip = (text: string, columns: number): string => {
  if (width(text) <= columns) return text
  let clipped = ""
  let left = columns - 1
  for (const char of text) {
    left -= widthOf(char)
    if (left < 0) break
    clipped += char
  }
  return columns < 1 ? "" : `${clipped}…`
}

/** The text in lines of at most this many columns, divided between words where it can be; all but the first are indented. */
export const wrap = (text: string, columns: number, indent: string): ReadonlyArray<string> => {
  const lines = [""]
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    const line = lines.at(-1)!
    if (line.trim() === "" || width((line + word).trimEnd()) <= columns) lines[lines.length - 1] = line + word
    else lines.push(indent + word)
  }
  return lines.map((line) => clip(line.trimEnd(), columns))
}

export const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)))

/** A part of a line; the part with the lowest rank is omitted first. */
export interface Part {
  readonly text: string
  readonly rank: number
}

/** The parts side by side, as many as fit. */
export const fitParts = (parts: ReadonlyArray<Part>, columns: number): string => {
  let left = parts.filter(({ text }) => text !== "")
  const line = () => left.map(({ text }) => text).join("  ")
  while (left.length > 1 && width(line()) > columns) {
    const lowest = Math.min(...left.map(({ rank }) => rank))
    left = left.filter(({ rank }) => rank !== lowest)
  }
  return clip(line(), columns)
}

/** The parts of a view, from top to bottom. */
export interface Blocks<Row> {
  readonly headline: string
  readonly heading: string
  readonly table: ReadonlyArray<Row>
  /** The rows that are kept if not all fit. */
  readonly isKept: (row: Row) => boolean
  readonly print: (row: Row) => string
  /** The line that says how many rows did not fit. */
  readonly more: (count: number) => string
  /** The latest last. */
  readonly events: ReadonlyArray<string>
}

/**
 * The lines of a view in at most this many rows: the headline always stays, the table gets up to two thirds of the rest, and the latest
 * events get what it leaves.
 */
export const stack = <Row>(blocks: Blocks<Row>, { columns, rows }: Size): ReadonlyArray<string> => {
  const { events, heading, headline, table } = blocks
  const blanks = events.length === 0 ? 1 : 2
  const isRoomy = 2 + blanks + table.length + events.length <= rows
  const gap = isRoomy ? [""] : []
  const head = table.length > 0 && rows >= 5 ? [heading] : []
  const room = Math.max(0, rows - 1 - head.length - (isRoomy ? blanks : 0))
  const count = Math.min(events.length, Math.max(room - table.length, Math.floor(room / 3)))
  const latest = count === 0 ? [] : [...gap, ...events.slice(-count)]
  return [headline, ...gap, ...head, ...choose(blocks, room - count), ...latest]
    .map((line) => clip(line, columns))
}

const choose = <Row>({ isKept, more, print, table }: Blocks<Row>, room: number): ReadonlyArray<string> => {
  if (table.length <= room) return table.map(print)
  if (room === 0) return []
  const chosen = new Set([...table.filter(isKept), ...table.filter((row) => !isKept(row))].slice(0, room - 1))
  return [...table.filter((row) => chosen.has(row)).map(print), more(table.length - chosen.size)]
}
