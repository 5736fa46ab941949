import { Effect } from "effect"

export const throwing = () => {
  throw new Error("no text")
}

export const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const circularCause = () => {
  const error = new Error("broken")
  error.cause = error
  return error
}

/** Values that somebody may fail with or throw, and of which a naive message or a logger dies. */
export const hostile: ReadonlyArray<readonly [what: string, make: () => unknown]> = [
  ["null", () => null],
  ["a bigint", () => 1n],
  ["no prototype", () => Object.create(null)],
  ["a toString that throws", () => ({ toString: throwing })],
  ["a toJSON that throws", () => ({ toJSON: throwing })],
  ["a tag that throws", () => Object.defineProperty({}, "_tag", { get: throwing, enumerable: true })],
  ["a proxy that throws", () => new Proxy({}, { get: throwing, has: throwing, getPrototypeOf: throwing })],
  ["a revoked proxy", revoked],
  ["an error whose message throws", () => Object.defineProperty(new Error(), "message", { get: throwing })],
  ["an error whose stack throws", () => Object.defineProperty(new Error(), "stack", { get: throwing })],
  ["an error whose message is no text", () => Object.assign(new Error(), { message: Object.create(null) })],
  ["an error whose cause has no text", () => new Error("broken", { cause: revoked() })],
  ["an error that is its own cause", circularCause]
]

/** What is no Effect, and how it is called. */
export const noEffects: ReadonlyArray<readonly [what: string, make: () => unknown]> = [
  ["a Promise", () => Promise.reject(new Error("unhandled"))],
  ["a Promise", () => Promise.resolve(1)],
  // oxlint-disable-next-line unicorn/no-thenable
  ["a Promise", () => Object.defineProperty({}, "then", { value: () => undefined })],
  ["undefined", () => undefined],
  ["null", () => null],
  ["7", () => 7],
  ["{}", () => Object.create(null)],
  ["a value that cannot be printed", revoked],
  ["a function", () => () => Effect.void]
]
