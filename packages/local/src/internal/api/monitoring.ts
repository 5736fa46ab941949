import { arnOf, findStream } from "../lookup.js"
import type { Account } from "../model.js"
import type { Refusal } from "../refusal.js"
import { isRefusal, notInRange } from "../refusal.js"

const metrics = [
  "IncomingBytes",
  "IncomingRecords",
  "OutgoingBytes",
  "OutgoingRecords",
  "WriteProvisionedThroughputExceeded",
  "ReadProvisionedThroughputExceeded",
  "IteratorAgeMilliseconds"
]

/** The metrics of a stream's shards before and after a change. */
export interface Monitoring {
  readonly streamName: string
  readonly streamArn: string
  readonly currentShardLevelMetrics: ReadonlyArray<string>
  readonly desiredShardLevelMetrics: ReadonlyArray<string>
}

/** Notes which metrics are kept for each shard. None is. */
export const change = (
  account: Account,
  name: string,
  given: ReadonlyArray<string>,
  now: number,
  direction: "enable" | "disable"
): Monitoring | Refusal => {
  const stream = findStream(account, name, now)
  if (isRefusal(stream)) return stream
  const unknown = given.find((metric) => metric !== "ALL" && !metrics.includes(metric))
  if (unknown !== undefined || given.length < 1 || given.length > 7) {
    return notInRange(
      "shardLevelMetrics",
      `1 to 7 of ${metrics.join(", ")} or ALL`,
      unknown ?? `${given.length} metrics`
    )
  }
  const named = given.includes("ALL") ? metrics : given
  const current = stream.details.shardLevelMetrics
  const desired = metrics.filter((metric) =>
    direction === "enable" ? current.includes(metric) || named.includes(metric) : current.includes(metric) &&
      !named.includes(metric)
  )
  stream.details = { ...stream.details, shardLevelMetrics: desired }
  return {
    streamName: stream.name,
    streamArn: arnOf(account, stream.name),
    currentShardLevelMetrics: current,
    desiredShardLevelMetrics: desired
  }
}
