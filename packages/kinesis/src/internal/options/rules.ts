import * as Effect from "effect/Effect"
import { InvalidArgument } from "../../KinesisError.js"
import * as Table from "./table.js"

/** The error of options that are wrong; undefined when they will do. */
export const fault = (
  operation: string,
  table: Readonly<Record<string, Table.Check>>,
  options: unknown
): InvalidArgument | undefined => {
  const found = Table.faultIn(table, options)
  return found === undefined ? undefined : new InvalidArgument({ operation, stream: streamIn(options), ...found })
}

/** Fails with the first thing that is wrong with the options. */
export const check = (
  operation: string,
  table: Readonly<Record<string, Table.Check>>,
  options: unknown
): Effect.Effect<void, InvalidArgument> =>
  Effect.suspend(() => {
    const found = fault(operation, table, options)
    return found === undefined ? Effect.void : Effect.fail(found)
  })

/** The stream that the options name, for the error. */
const streamIn = (options: unknown): string | undefined => {
  try {
    const { stream } = options as { readonly stream?: unknown }
    const first: unknown = Array.isArray(stream) ? stream[0] : stream
    return typeof first === "string" ? first : undefined
  } catch {
    return undefined
  }
}
