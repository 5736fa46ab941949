import * as Lifecycle from "../lifecycle.js"
import type { Account } from "../model.js"
import * as RecordLog from "../recordLog.js"

/** Lets go of the records that have left retention by now: nobody can read them. */
export const forget = (account: Account, now: number): void => {
  for (const stream of account.streams.values()) {
    Lifecycle.ageAll(stream, now)
    for (const { log, trimmed } of stream.shards) RecordLog.forget(log, trimmed)
  }
}
