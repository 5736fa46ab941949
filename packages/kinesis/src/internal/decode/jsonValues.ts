import * as Either from "effect/Either"
import { messageOf } from "../text/describe.js"
import * as JsonText from "./jsonText.js"
import type { Parsed } from "./parser.js"

/** The value of a JSON text; throws what the text has wrong. */
export type ParseText = (text: string) => unknown

/** A JSON value, or what is wrong in its place. */
export interface Found {
  readonly value: Parsed<unknown>
  /** Where it begins, in bytes. */
  readonly start: number
}

/** The JSON values of a record's bytes, in order. */
export type Read = (bytes: Uint8Array) => ReadonlyArray<Found>

const decoder = new TextDecoder("utf-8", { fatal: true })

export const textOf = (bytes: Uint8Array): Parsed<string> => {
  try {
    return Either.right(decoder.decode(bytes))
  } catch (cause) {
    return Either.left({ description: "not UTF-8", cause })
  }
}

const parsed = (parse: ParseText, text: string): Parsed<unknown> => {
  try {
    return Either.right(parse(text))
  } catch (cause) {
    return Either.left({
      description: parse === JSON.parse ? "not JSON" : `the parser threw: ${messageOf(cause)}`,
      cause
    })
  }
}

const valueOf = (parse: ParseText, bytes: Uint8Array): Parsed<unknown> => {
  const text = textOf(bytes)
  return Either.isRight(text) ? parsed(parse, text.right) : text
}

/** The whole record is one value. */
export const only = (parse: ParseText) => (bytes: Uint8Array): Parsed<unknown> => valueOf(parse, bytes)

/** Where a part of these bytes begins. */
const startOf = (part: Uint8Array, bytes: Uint8Array): number => part.byteOffset - bytes.byteOffset

/** Each line is one. */
export const lines = (parse: ParseText): Read => (bytes) =>
  JsonText.lines(bytes).map((line) => ({ value: valueOf(parse, line), start: startOf(line, bytes) }))

const placed = (value: Parsed<unknown>, start: number): Parsed<unknown> =>
  start === 0 ? value : Either.mapLeft(value, ({ cause, description }) => ({
    description: `${description} at byte ${start}`,
    cause
  }))

const cutOff: Parsed<unknown> = Either.left({ description: "not JSON but cut off", cause: undefined })

/** Values one after the other. Words in a row that are none are one error. */
const pieces = (parse: ParseText, bytes: Uint8Array): ReadonlyArray<Found> => {
  const values: Array<Found> = []
  let isAfterWord = false
  for (const { end, kind, start } of JsonText.pieces(bytes)) {
    const value = kind === "cut" ? cutOff : valueOf(parse, bytes.subarray(start, end))
    const isWord = kind === "bare" && Either.isLeft(value)
    if (!isWord || !isAfterWord) values.push({ value: placed(value, start), start })
    isAfterWord = isWord
  }
  return values
}

/** Values one after the other; that there is only one is found out the fastest. */
export const sequence = (parse: ParseText): Read => (bytes) => {
  const whole = valueOf(parse, bytes)
  return Either.isRight(whole) ? [{ value: whole, start: 0 }] : pieces(parse, bytes)
}

const ofLine = (parse: ParseText, line: Uint8Array, lineStart: number): ReadonlyArray<Found> => {
  const value = valueOf(parse, line)
  return Either.isRight(value) || !JsonText.isEnclosed(line)
    ? [{ value, start: lineStart }]
    : pieces(parse, line).map(({ start, value }) => ({ value, start: lineStart + start }))
}

const countOf = (found: ReadonlyArray<Found>): number => found.filter(({ value }) => Either.isRight(value)).length

/** Values one after the other; where one is bad and each line may stand alone, those of each line, if they are more. */
export const mixture = (parse: ParseText): Read => (bytes) => {
  const values = sequence(parse)(bytes)
  const count = countOf(values)
  const lines = count === values.length ? [] : JsonText.lines(bytes)
  if (!JsonText.isLines(lines)) return values
  const ofLines = lines.flatMap((line) => ofLine(parse, line, startOf(line, bytes)))
  return countOf(ofLines) > count ? ofLines : values
}
