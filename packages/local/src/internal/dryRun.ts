import type * as Api from "effect-kinesis/KinesisApi"
import * as GetRecords from "./getRecords.js"
import * as GetShardIterator from "./getShardIterator.js"
import type { Account } from "./model.js"
import * as PutRecords from "./putRecords.js"
import type { Refusal } from "./refusal.js"
import { isRefusal } from "./refusal.js"

const judge = (account: Account, request: Api.DryRunRequest, now: number): object | Refusal => {
  switch (request.operation) {
    case "getShardIterator":
      return GetShardIterator.placed(account, request, now)
    case "getRecords":
      return GetRecords.readable(account, request, now)
    case "putRecord":
      return PutRecords.acceptRecord(account, request, now)
    case "putRecords":
      return PutRecords.acceptRecords(account, request, now)
  }
}

/** Whether a request would be accepted, judged by its arguments and the existing resources: limits are neither checked nor consumed. */
export const dryRun = (account: Account, request: Api.DryRunRequest, now: number): Refusal | undefined => {
  const found = judge(account, request, now)
  return isRefusal(found) ? found : undefined
}
