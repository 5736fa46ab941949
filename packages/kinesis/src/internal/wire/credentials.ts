import { types } from "node:util"
import { messageOf } from "../text/describe.js"

/** What is known of an error beside itself, when it came from a provider of credentials. */
export interface Refusal {
  readonly provider: string | undefined
  readonly hadCredentials: boolean
}

const refusals = new WeakMap<object, Refusal>()

/** Tells of an error that a watched provider threw; undefined for every other one. */
export const refusalOf = (error: object): Refusal | undefined => refusals.get(error)

type Provider = (options?: object) => Promise<unknown>

/** The SDK takes a provider with these for one that it has prepared, and calls it as it is. */
interface Prepared {
  readonly memoized?: boolean | undefined
  readonly configBound?: boolean | undefined
  readonly attributed?: boolean | undefined
}

const watched = new WeakSet<object>()

/**
 * Puts a watch on the credentials of an SDK client, by its resolved configuration: what their provider throws is known by it from then on.
 * The errors themselves stay as they are, but for those that are no errors.
 */
export const watch = (config: { credentials?: unknown }): void => {
  const ask = config.credentials
  if (typeof ask !== "function" || watched.has(ask)) return
  let last: object | undefined
  const asking: Provider & Prepared = Object.assign(
    async (options?: object) => {
      try {
        const given: unknown = await (ask as Provider)(options)
        if (!isComplete(given)) throw new Error("what was given has no accessKeyId and secretAccessKey")
        last = given
        return given
      } catch (thrown) {
        const error = isSound(thrown) ? thrown : new Error(messageOf(thrown), { cause: thrown })
        refusals.set(error, { provider: serviceOf(error) ?? sourceOf(last), hadCredentials: last !== undefined })
        throw error
      }
    },
    { memoized: true, configBound: true, attributed: true }
  )
  watched.add(asking)
  config.credentials = asking
  if (config.credentials !== asking) watched.add(config.credentials as object)
}

/** What the SDK's middleware reads of an error; it writes on it too. An error on which it fails would be lost. */
const fields = ["name", "message", "code", "cause", "$fault", "$metadata", "$response", "$retryable"]

const isSound = (thrown: unknown): thrown is Error => {
  try {
    if (!types.isNativeError(thrown) || !Object.isExtensible(thrown)) return false
    for (const field of fields) Reflect.get(thrown, field)
    return true
  } catch {
    return false
  }
}

const isComplete = (given: unknown): given is object =>
  typeof given === "object" && given !== null && "accessKeyId" in given && "secretAccessKey" in given &&
  typeof given.accessKeyId === "string" && typeof given.secretAccessKey === "string"

/** The service of AWS that refused a provider's own call, such as `STS`: its SDK names the class of its errors so. */
const serviceOf = (error: Error): string | undefined => {
  for (let from: unknown = error; typeof from === "object" && from !== null; from = Object.getPrototypeOf(from)) {
    const service = /^(\w+)ServiceException$/.exec(from.constructor.name)?.[1]
    if (service !== undefined) return service
  }
  return undefined
}

/** What the SDK's providers note on what they give, by those notes' last words. The first one that is there is it. */
const sources: ReadonlyArray<readonly [note: string, provider: string]> = [
  ["WEB_ID", "web identity (STS)"],
  ["STS_", "an assumed role (STS)"],
  ["SSO", "SSO"],
  ["LOGIN", "aws login"],
  ["PROCESS", "credential_process"],
  ["HTTP", "the container's endpoint"],
  ["IMDS", "the instance's metadata service"],
  ["PROFILE", "the profile"],
  ["ENV_VARS", "the environment"],
  ["CODE", "the program's own"]
]

/** Whose the last good credentials were. */
const sourceOf = (given: object | undefined): string | undefined => {
  const notes: unknown = given === undefined ? undefined : Reflect.get(given, "$source")
  if (typeof notes !== "object" || notes === null) return undefined
  const all = Object.keys(notes).join(" ")
  return sources.find(([note]) => all.includes(note))?.[1]
}
