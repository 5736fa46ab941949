import { hostile, throwing } from "./hostile.js"

const of = (field: string) => () => Object.defineProperty(new Error("odd"), field, { get: throwing })

/** Values that cannot be turned into text, or only with care. */
export const textless: ReadonlyArray<readonly [what: string, make: () => unknown]> = [
  ...hostile,
  ["getters that throw", () => Object.defineProperty({}, "message", { get: throwing, enumerable: true })],
  ["a proxy of an error", () => new Proxy(new Error("odd"), { get: throwing })],
  ["a message that is no text", () => ({ message: Symbol("no text") })],
  ["a message that throws", of("message")],
  ["a name that throws", of("name")],
  ["a stack that throws", of("stack")],
  ["a cause that throws", of("cause")],
  ["metadata that throw", of("$metadata")],
  ["errors that throw", of("errors")],
  ["an array that throws", () => new Proxy([], { get: throwing })],
  ["a frozen error", () => Object.freeze(new Error("odd"))],
  ["a circle", () => {
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    return circle
  }],
  ["an invalid date", () => new Date(Number.NaN)],
  ["a function whose name throws", () => Object.defineProperty(() => 1, "name", { get: throwing })],
  ["a symbol", () => Symbol("odd")],
  ["nothing", () => undefined]
]
