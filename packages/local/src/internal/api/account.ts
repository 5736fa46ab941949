import { findStream } from "../lookup.js"
import type { Account } from "../model.js"
import type { Refusal } from "../refusal.js"
import { isRefusal, notInRange } from "../refusal.js"

/** The default quotas of an account in a large region. None is enforced. */
const shardLimit = 20_000
const onDemandStreamCountLimit = 50

/** How much of its quotas an account uses. */
export interface AccountLimits {
  readonly shardLimit: number
  readonly openShardCount: number
  readonly onDemandStreamCount: number
  readonly onDemandStreamCountLimit: number
}

export const limits = (account: Account, now: number): AccountLimits => {
  const streams = [...account.streams.keys()].flatMap((name) => {
    const found = findStream(account, name, now)
    return isRefusal(found) ? [] : [found]
  })
  const onDemand = streams.filter(({ mode }) => mode === "ON_DEMAND")
  return {
    shardLimit,
    openShardCount: streams.reduce((sum, { mode, open }) => sum + (mode === "PROVISIONED" ? open.length : 0), 0),
    onDemandStreamCount: onDemand.length,
    onDemandStreamCountLimit
  }
}

/** Whether a minimum of on-demand throughput is billed, and since when. */
export interface AccountSettings {
  readonly minimumThroughputBillingCommitment: {
    readonly status: "ENABLED" | "DISABLED"
    readonly startedAt: Date | undefined
  }
}

export const settings = ({ commitment }: Account): AccountSettings => ({
  minimumThroughputBillingCommitment: commitment === undefined
    ? { status: "DISABLED", startedAt: undefined }
    : { status: "ENABLED", startedAt: new Date(commitment) }
})

export const updateSettings = (account: Account, status: string, now: number): AccountSettings | Refusal => {
  if (status !== "ENABLED" && status !== "DISABLED") {
    return notInRange("minimumThroughputBillingCommitment.status", "ENABLED or DISABLED", status)
  }
  account.commitment = status === "DISABLED" ? undefined : account.commitment ?? now
  return settings(account)
}
