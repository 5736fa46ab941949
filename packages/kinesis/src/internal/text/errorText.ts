import { type Failure, problemOf } from "./problems.js"

/** The message of an error: the call, its place, what happened, and what was said. */
export const describe = (
  error: Failure & {
    readonly operation: string
    readonly stream?: string | undefined
    readonly shardId?: string | undefined
    readonly description: string
  }
): string => {
  const place = [error.stream, error.shardId].filter((part) => part !== undefined).join("/")
  return `${error.operation}${place === "" ? "" : ` on ${place}`}: ${problemOf(error)}${
    error.description === "" ? "" : `: ${error.description}`
  }`
}
