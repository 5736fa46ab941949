import type * as AST from "effect/SchemaAST"
import type { Code, Mode, Source } from "../schema/source.js"
import type { Layout } from "./layout.js"

/** A generated function: from the bytes at the cursor to a value, or `X` where they are not laid out as it expects. */
export interface Reader {
  readonly name: string
  /** Whether it leaves its text to `JSON.parse`. */
  isGeneral: boolean
}

/** Writes what reads a node. */
export interface Reading {
  /** What reads at the place `a` and moves it. */
  readonly read: (self: Writer, ast: AST.AST, mode: Mode) => Code
  /** A function that reads what has parts. */
  readonly readerOf: (self: Writer, ast: AST.AST, mode: Mode) => Reader
}

/** The source of a reader while it is written. */
export interface Writer {
  readonly reading: Reading
  readonly source: Source
  readonly layout: Layout
  readonly readers: Map<AST.AST, Map<Mode, Reader>>
}

/** What each function begins with: `a` is its place in the bytes `b`, of which `w` gives words, and `e` is their end. */
export const begin = "let a = C.at; const e = C.end, b = C.bytes, w = C.view;"

/** Calls a function that reads at the cursor. */
export const called = (call: string, result: string, failure: string): string =>
  `C.at = a; const ${result} = ${call}; if (${result} === ${failure}) return X; a = C.at;`

/** An expression that tells whether this byte is at the place. */
export const isByte = (character: string): string => `a < e && b[a] === ${character.charCodeAt(0)}`

/** An expression that tells whether this text is at the place, and moves behind it. It compares four bytes at once. */
export const taken = (text: string): string => {
  const bytes = Buffer.from(text)
  const { length } = bytes
  const words = Math.floor(length / 4)
  const starts = Array.from({ length: words }, (_, index) => index * 4)
  if (words > 0 && length % 4 > 0) starts.push(length - 4)
  const tests = length < 4
    ? [...bytes].map((byte, index) => `b[a + ${index}] === ${byte}`)
    : starts.map((start) => `w.getInt32(a + ${start}, true) === ${bytes.readInt32LE(start)}`)
  return `(e - a >= ${length} && ${tests.join(" && ")} && (a += ${length}, true))`
}

/** How members and elements are parted. */
export const commaOf = ({ layout }: Writer): string => layout.isSpaced === true ? ", " : ","

export const colonOf = ({ layout }: Writer): string => layout.isSpaced === true ? ": " : ":"
