import * as Cbor from "@smithy/core/cbor"
import { quotedBytes } from "./advice.js"
import * as Contact from "./contact.js"
import * as Credentials from "./credentials.js"
import * as ResponseBody from "./responseBody.js"

/** An answer that is longer is no error. */
const longestError = 64 * 1024

const type = "__type"

const openBrace = 0x7b

const startsObject = (bytes: Buffer): boolean =>
  bytes.toString("latin1", 0, 100).trimStart().charCodeAt(0) === openBrace

/** In JSON or CBOR, whichever the bytes are. */
const decode = (bytes: Buffer): unknown => {
  try {
    return startsObject(bytes) ? JSON.parse(bytes.toString()) : Cbor.cbor.deserialize(bytes)
  } catch {
    return undefined
  }
}

/** The error that an answer names though its status is that of a success, as proxies and emulators send it. */
export const errorIn = (bytes: Buffer): Error | undefined => {
  if (bytes.length > longestError || !bytes.includes(type)) return undefined
  const answer = decode(bytes)
  if (typeof answer !== "object" || answer === null) return undefined
  const named: Readonly<Record<string, unknown>> = { ...answer }
  if (typeof named[type] !== "string") return undefined
  const name = named[type].replace(/^.*#/, "").replace(/:.*$/, "")
  const message = named["message"] ?? named["Message"]
  return Object.assign(new Error(typeof message === "string" ? message : name), { name })
}

/** What is wrong with the body of a success: it names an error, or is no object; undefined when it will do. `isCbor` tells of the request. */
export const faultIn = (bytes: Buffer, type: string, isCbor: boolean, mayBeEmpty: boolean): Error | undefined => {
  if (bytes.length === 0) return mayBeEmpty ? undefined : new Error("the answer is empty")
  if (!isCbor && !startsObject(bytes)) {
    return new Error(`the answer is no JSON object, but HTTP 200 (${type}): ${bytes.toString("utf8", 0, quotedBytes)}`)
  }
  return errorIn(bytes)
}

/** An SDK client, as far as it is watched. */
export interface WatchedClient {
  readonly config: object
  readonly middlewareStack: {
    readonly add: (middleware: any, options: any) => void
    readonly addRelativeTo: (middleware: any, options: any) => void
    readonly identify: () => ReadonlyArray<string>
  }
}

export interface WatchOptions {
  /** Whether a success may have no body, as of Kinesis' operations that only do something. */
  readonly mayBeEmpty: boolean
  /** Commands whose answers the client's own protocol reads. */
  readonly except?: ReadonlyArray<string> | undefined
}

/** The middleware of the SDK that signs requests. */
export const signing = "httpSigningMiddleware"

/** Whether there is such a one, beside which others can be put. */
export const isSigning = (stack: { readonly identify: () => ReadonlyArray<string> }): boolean =>
  stack.identify().some((identity) => identity.startsWith(signing))

const watched = new WeakSet<object>()

/**
 * Puts a watch on an SDK client, so that its errors tell more: whether its provider of credentials threw them, and whether the clock was to
 * blame, and whether anything has ever answered; and so that a success that is none is an error. A second time nothing is done.
 */
export const watch = (sdk: WatchedClient, { except = [], mayBeEmpty }: WatchOptions): void => {
  if (watched.has(sdk)) return
  watched.add(sdk)
  Credentials.watch(sdk.config)
  if (isSigning(sdk.middlewareStack)) watchClock(sdk)
  sdk.middlewareStack.add(
    (next: any, context: any) => async (args: any) => {
      Contact.tried(sdk, args.request?.protocol)
      const result = await next(args)
      Contact.answered(sdk)
      const { response } = result
      const received = String(response?.headers?.["content-type"])
      if (isError(response?.statusCode)) response.body = await ResponseBody.collect(response.body ?? Buffer.alloc(0))
      if (except.includes(context.commandName) || !isReadable(response?.statusCode, received)) return result
      response.body = response.body === undefined ? Buffer.alloc(0) : await ResponseBody.collect(response.body)
      const sent = String(args.request?.headers?.["content-type"])
      const fault = faultIn(response.body, received, sent.includes("cbor"), mayBeEmpty)
      if (fault !== undefined) throw fault
      return result
    },
    { name: "answerWatch", step: "deserialize", priority: "low" }
  )
}

const watchClock = (sdk: WatchedClient): void => {
  sdk.middlewareStack.addRelativeTo(
    (next: any) => async (args: any) => {
      const signedBy = offsetOf(sdk.config)
      try {
        return await next(args)
      } catch (error) {
        noteClock(error, signedBy, sdk.config)
        throw error
      }
    },
    { name: "clockWatch", relation: "before", toMiddleware: signing }
  )
}

/** Its bytes are kept for the error, which quotes them where they are no error of the service. */
export const isError = (status: unknown): boolean => typeof status === "number" && status >= 300

/** A success whose body comes to an end: none that is a stream of events. */
const isReadable = (status: unknown, contentType: string): boolean =>
  typeof status === "number" && status < 300 && !contentType.includes("eventstream")

/** By how much the SDK's clock is set off from this machine's. */
export const offsetOf = (config: { readonly systemClockOffset?: unknown }): number =>
  typeof config.systemClockOffset === "number" ? config.systemClockOffset : 0

/** The SDK takes a clock for wrong from here on, in milliseconds. */
const wrongFrom = 240_000

const rightClocks = new WeakSet<object>()

/**
 * The SDK says of every refusal on a machine whose clock is far off that it has corrected it, also when the request was signed by the
 * corrected one. Notes that of an error.
 */
export const noteClock = (error: unknown, signedBy: number, config: object): void => {
  if (typeof error !== "object" || error === null) return
  if (Math.abs(offsetOf(config) - signedBy) < wrongFrom) rightClocks.add(error)
}

/** Whether the request was signed by a clock that was right, as far as a watch has seen. */
export const isClockRight = (error: object): boolean => rightClocks.has(error)
