import type { PutRecordsEntry } from "../../KinesisApi.js"
import { fromDecimal } from "../record/hashKey.js"
import * as Limits from "./limits.js"

/** What the stream takes. */
export interface Taken {
  /** The most bytes of a record with its key. */
  readonly recordBytes: number
  /** Whether a record may have no key: where the service distributes the records. */
  readonly withoutKey: boolean
}

/** Characters are counted as the service does: one outside the basic plane is one, although it takes two places of a string. */
const charactersIn = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

const isKey = (key: string): boolean =>
  key.length > 0 && (key.length <= Limits.keyCharacters || charactersIn(key) <= Limits.keyCharacters)

const keyFault = (key: unknown, { withoutKey }: Taken): string | undefined => {
  if (typeof key === "string") {
    return isKey(key)
      ? undefined
      : `partitionKey must have 1 to ${Limits.keyCharacters} characters, has ${charactersIn(key)}`
  }
  return key === undefined && withoutKey
    ? undefined
    : "partitionKey must be a string: only where the service distributes the records may it be left out"
}

/** Shorter keys are counted faster one by one. */
const short = 64

const utf8Length = (text: string): number => {
  if (text.length > short) return Buffer.byteLength(text, "utf8")
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text, "utf8")
  return text.length
}

/** The bytes of a record with its key, or what is wrong with it: what the service would refuse, and with it the whole request. */
export const measure = ({ data, explicitHashKey, partitionKey }: PutRecordsEntry, taken: Taken): number | string => {
  if (!(data instanceof Uint8Array)) return "data must be a Uint8Array"
  const fault = keyFault(partitionKey, taken)
  if (fault !== undefined) return fault
  if (
    explicitHashKey !== undefined && (typeof explicitHashKey !== "string" || fromDecimal(explicitHashKey) === undefined)
  ) {
    return "explicitHashKey must be a decimal from 0 to 2^128 - 1"
  }
  const bytes = data.byteLength + (partitionKey === undefined ? 0 : utf8Length(partitionKey))
  return bytes <= taken.recordBytes
    ? bytes
    : `data and partitionKey must have at most ${taken.recordBytes} bytes together, have ${bytes}: the stream's maximum record size can be raised to 10 MiB`
}
