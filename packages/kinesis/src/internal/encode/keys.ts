import { fromDecimal } from "../record/hashKey.js"
import { kindOf } from "./kinds.js"
import * as Utf8 from "./utf8.js"

const mostCharacters = 256

/** Characters are counted as the service does: one outside the basic plane is one, although it takes two places of a string. */
const charactersIn = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

const isKey = (key: string): boolean =>
  key !== "" &&
  (key.length <= mostCharacters || (key.length <= 2 * mostCharacters && charactersIn(key) <= mostCharacters))

/** What is wrong with a partition key, without quoting it. */
export const partitionKeyFault = (key: unknown): string | undefined => {
  if (typeof key !== "string") return `must be a string of 1 to ${mostCharacters} characters, was ${kindOf(key)}`
  if (!isKey(key)) return `must be a string of 1 to ${mostCharacters} characters, was one of ${charactersIn(key)}`
  return Utf8.faultOf(key)
}

/** What is wrong with an explicit hash key, without quoting it. */
export const explicitHashKeyFault = (key: unknown): string | undefined =>
  typeof key === "string" && fromDecimal(key) !== undefined
    ? undefined
    : `must be a decimal from 0 to 2^128 - 1 as a string, was ${kindOf(key)}`
