import type * as Api from "effect-kinesis/KinesisApi"
import * as GetRecords from "./getRecords.js"
import * as GetShardIterator from "./getShardIterator.js"
import type { Account } from "./model.js"
import * as PutRecords from "./putRecords.js"
import type { Refusal } from "./refusal.js"
import { isRefusal } from "./refusal.js"
import type { Manner } from "./subscriptions.js"
import * as Subscriptions from "./subscriptions.js"

/** What can be tried: the API has one call more than the client. */
export type Request =
  | Api.DryRunRequest
  | ({ readonly operation: "subscribeToShard" } & Api.SubscribeToShardRequest)

const judge = (account: Account, request: Request, now: number, manner: Manner): object | Refusal => {
  switch (request.operation) {
    case "getShardIterator":
      return GetShardIterator.placed(account, request, now)
    case "getRecords":
      return GetRecords.readable(account, request, now)
    case "putRecord":
      return PutRecords.acceptRecord(account, request, now)
    case "putRecords":
      return PutRecords.acceptRecords(account, request, now)
    case "subscribeToShard":
      return Subscriptions.subscribable(account, request, now, manner)
  }
}

/** Whether a request would be accepted, judged by its arguments and the existing resources: limits and other subscriptions are neither checked nor consumed. */
export const dryRun = (
  account: Account,
  request: Request,
  now: number,
  manner: Manner
): Refusal | undefined => {
  const found = judge(account, request, now, manner)
  return isRefusal(found) ? found : undefined
}
