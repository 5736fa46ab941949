import type * as Api from "effect-kinesis/KinesisApi"
import { findStream } from "./lookup.js"
import type { Account } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, refuseCount } from "./refusal.js"
import * as Tokens from "./tokens.js"

/** One page of the account's streams, in the order of their names. */
export const listStreams = (
  account: Account,
  request: Api.ListStreamsRequest,
  now: number
): Api.ListStreamsResponse | Refusal => {
  const { limit = 100, nextToken } = request
  const bad = refuseCount("limit", limit)
  if (bad !== undefined) return bad
  const after = nextToken === undefined ? "" : Tokens.unseal("streams", nextToken)
  if (typeof after !== "string") return invalid("nextToken", "Invalid NextToken.")
  const names = [...account.streams.keys()].filter((name) => name > after && !isRefusal(findStream(account, name, now)))
    .sort()
  const streamNames = names.slice(0, limit)
  return {
    streamNames,
    nextToken: names.length > limit ? Tokens.seal("streams", streamNames.at(-1)) : undefined
  }
}
