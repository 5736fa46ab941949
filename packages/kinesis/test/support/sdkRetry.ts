import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

/** The lists by which the SDK itself decides what it repeats; it exports its predicates alone. */
const entry = createRequire(import.meta.url).resolve("@smithy/core/retry")
const at = entry.replace(/dist-cjs.*$/, "dist-es/submodules/retry/service-error-classification/constants.js")
const lists = await import(pathToFileURL(at).href)

const codes = (name: string): ReadonlyArray<string> => {
  if (!Array.isArray(lists[name])) throw new Error(`the SDK has no ${name} any more: look for where it keeps it`)
  return lists[name]
}

export const throttling = codes("THROTTLING_ERROR_CODES")
export const clock = codes("CLOCK_SKEW_ERROR_CODES")
export const transient = codes("TRANSIENT_ERROR_CODES")
export const network = [...codes("NODEJS_TIMEOUT_ERROR_CODES"), ...codes("NODEJS_NETWORK_ERROR_CODES")]
export const transientStatus = codes("TRANSIENT_ERROR_STATUS_CODES") as unknown as ReadonlyArray<number>
