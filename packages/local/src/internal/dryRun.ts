import type * as Api from "effect-kinesis/KinesisApi"
import type { Account } from "./model.js"
import * as Reading from "./reading.js"
import type { Refusal } from "./refusal.js"
import { isRefusal } from "./refusal.js"
import * as Writing from "./writing.js"

const judge = (account: Account, request: Api.DryRunRequest, now: number): object | Refusal => {
  switch (request.operation) {
    case "getShardIterator":
      return Reading.placed(account, request, now)
    case "getRecords":
      return Reading.readable(account, request, now)
    case "putRecord":
      return Writing.acceptRecord(account, request, now)
    case "putRecords":
      return Writing.acceptRecords(account, request, now)
  }
}

/** Whether a request would be accepted, as far as its arguments and what there is decide it: no limit is asked, and none is used up. */
export const dryRun = (account: Account, request: Api.DryRunRequest, now: number): Refusal | undefined => {
  const found = judge(account, request, now)
  return isRefusal(found) ? found : undefined
}
