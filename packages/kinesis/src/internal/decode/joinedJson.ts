import { isAscii, isUtf8 } from "node:buffer"
import { randomInt } from "node:crypto"
import type { KinesisRecord } from "../../KinesisRecord.js"
import { latin1, utf8 } from "../wire/bufferMethods.js"

const openBracket = 0x5b
const closeBracket = 0x5d

/** More than this many bytes are not joined: there is little to gain, and the memory stays. */
const mostBytes = 1024 * 1024

/** Where texts are joined, one list after the other. */
let joined = Buffer.allocUnsafeSlow(64 * 1024)

/** The largest number that is drawn. */
const mostDrawn = 2 ** 48 - 1

const separatorOf = (drawn: number): Buffer => Buffer.from(`,${drawn},`)

/** Room for this many bytes, with those that are used already. */
const grow = (bytes: number, used: number): void => {
  const before = joined
  joined = Buffer.allocUnsafeSlow(bytes * 2)
  joined.set(before.subarray(0, used))
}

/** Joins the data of these records as the elements of an array, the number before each; returns how long it is, or undefined. */
const join = (
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number,
  separator: Buffer
): number | undefined => {
  let length = 0
  for (let index = start; index < end; index++) {
    const { data } = records[index]!
    const next = length + separator.length + data.length
    if (next > mostBytes) return undefined
    if (next + 1 > joined.length) grow(next + 1, length)
    joined.set(separator, length)
    joined.set(data, length + separator.length)
    length = next
  }
  joined[0] = openBracket
  joined[length] = closeBracket
  return length + 1
}

const textOf = (length: number): string | undefined => {
  const bytes = joined.subarray(0, length)
  return isAscii(bytes) ? latin1(joined, 0, length) : isUtf8(bytes) ? utf8(joined, 0, length) : undefined
}

/**
 * The JSON values of these records, parsed as one text: `[N,r0,N,r1,…]`. `N` is drawn anew each time, so that nobody can write it into a
 * record: where the array has twice as many elements as there are records, and `N` in each even place, every record is one value.
 * Undefined if not: each is then to be parsed by itself.
 */
export const parse = (
  records: ReadonlyArray<KinesisRecord>,
  start: number,
  end: number
): ReadonlyArray<unknown> | undefined => {
  const drawn = randomInt(mostDrawn)
  const length = join(records, start, end, separatorOf(drawn))
  const text = length === undefined ? undefined : textOf(length)
  const elements = text === undefined ? undefined : elementsOf(text)
  const count = end - start
  if (elements === undefined || elements.length !== count * 2) return undefined
  const values: Array<unknown> = []
  for (let index = 0; index < count; index++) {
    if (elements[index * 2] !== drawn) return undefined
    values.push(elements[index * 2 + 1])
  }
  return values
}

const elementsOf = (text: string): ReadonlyArray<unknown> | undefined => {
  try {
    return JSON.parse(text) as ReadonlyArray<unknown>
  } catch {
    return undefined
  }
}
