import { types } from "node:util"
import { messageOf } from "./describe.js"

/** What chains of causes are followed to. */
const maxDepth = 10

const isText = (value: unknown): boolean => typeof value === "string" || value === undefined

const isPrintable = (value: unknown, depth = 0): boolean => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || depth === maxDepth) return true
  try {
    const { cause, message, name, stack } = value as Error
    const isError = types.isNativeError(value)
    if (!isError) JSON.stringify(value)
    return (!isError || [message, name, stack].every(isText)) && (cause === value || isPrintable(cause, depth + 1))
  } catch {
    return false
  }
}

/**
 * What was thrown, to be carried as the cause of an error; where a logger would fail on it, an error that says what it said. Takes anything,
 * and never throws.
 */
export const printable = (thrown: unknown): unknown => isPrintable(thrown) ? thrown : new Error(messageOf(thrown))
