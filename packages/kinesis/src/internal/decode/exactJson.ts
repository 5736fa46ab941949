import { randomUUID } from "node:crypto"

/** Fewer digits make no integer that a number cannot hold. */
const leastDigits = 16

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const isOfNumber = (code: number): boolean =>
  isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65

const endOf = (text: string, start: number, belongs: (code: number) => boolean): number => {
  let at = start
  while (at < text.length && belongs(text.charCodeAt(at))) at++
  return at
}

/** The end of the string that begins here, in a text that is JSON. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1;; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code === 0x5c) at++
  }
}

const isUnsafe = (number: string): boolean =>
  number.length >= leastDigits && /^-?\d+$/.test(number) && !Number.isSafeInteger(Number(number))

/** The JSON text with each integer that a number cannot hold as a marked string; undefined when there is none. */
const marked = (text: string, mark: string): string | undefined => {
  const parts: Array<string> = []
  let copied = 0
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x2d || isDigit(code)) {
      const end = endOf(text, at, isOfNumber)
      const number = text.slice(at, end)
      if (isUnsafe(number)) {
        parts.push(text.slice(copied, at), `"${mark}${number}"`)
        copied = end
      }
      at = end
    } else at++
  }
  return parts.length === 0 ? undefined : parts.join("") + text.slice(copied)
}

/** Nobody who writes records knows it. */
const mark = `${randomUUID()}:`

/** `JSON.parse`, with integers beyond ±(2^53 - 1) as bigints. */
export const parse = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  const exact = marked(text, mark)
  return exact === undefined ? value : JSON.parse(
    exact,
    (_, member: unknown) =>
      typeof member === "string" && member.startsWith(mark) ? BigInt(member.slice(mark.length)) : member
  )
}
