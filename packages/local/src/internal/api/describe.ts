import type * as Api from "effect-kinesis/KinesisApi"
import * as Administration from "../administration.js"
import * as Consumers from "../consumers.js"
import * as Lifecycle from "../lifecycle.js"
import { toShard } from "../listShards.js"
import { arnOf, findStream } from "../lookup.js"
import type { Account, Stream } from "../model.js"
import type { Refusal } from "../refusal.js"
import { isRefusal, refuseCount } from "../refusal.js"
import type * as Settings from "./settings.js"

/** What each description of a stream says. */
export interface StreamFacts {
  readonly streamName: string
  readonly streamArn: string
  readonly streamStatus: Stream["status"]
  readonly streamModeDetails: { readonly streamMode: Stream["mode"] }
  readonly retentionPeriodHours: number
  readonly streamCreationTimestamp: Date
  readonly enhancedMonitoring: ReadonlyArray<{ readonly shardLevelMetrics: ReadonlyArray<string> }>
  readonly encryptionType: "NONE" | "KMS"
  readonly keyId: string | undefined
}

const factsOf = (account: Account, stream: Stream): StreamFacts => ({
  streamName: stream.name,
  streamArn: arnOf(account, stream.name),
  streamStatus: stream.status,
  streamModeDetails: { streamMode: stream.mode },
  retentionPeriodHours: stream.retentionPeriodHours,
  streamCreationTimestamp: new Date(stream.createdAt),
  enhancedMonitoring: [{ shardLevelMetrics: stream.details.shardLevelMetrics }],
  encryptionType: stream.details.keyId === undefined ? "NONE" : "KMS",
  keyId: stream.details.keyId
})

/** A stream with a page of its shards. */
export interface StreamDescription extends StreamFacts {
  readonly shards: ReadonlyArray<Api.Shard>
  readonly hasMoreShards: boolean
}

/** In any state, with the shards that are in retention. */
export const stream = (
  account: Account,
  { exclusiveStartShardId = "", limit = 100, stream: name }: {
    readonly stream: string
    readonly limit?: number | undefined
    readonly exclusiveStartShardId?: string | undefined
  },
  now: number
): { readonly streamDescription: StreamDescription } | Refusal => {
  const bad = refuseCount("limit", limit)
  if (bad !== undefined) return bad
  const found = findStream(account, name, now)
  if (isRefusal(found)) return found
  Lifecycle.ageAll(found, now)
  const shards = found.shards.filter((shard) => !shard.expired && shard.id > exclusiveStartShardId)
  return {
    streamDescription: {
      ...factsOf(account, found),
      shards: shards.slice(0, limit).map(toShard),
      hasMoreShards: shards.length > limit
    }
  }
}

/** A stream without its shards. */
export interface StreamSummary extends StreamFacts {
  readonly openShardCount: number
  readonly consumerCount: number
  readonly maxRecordSizeInKiB: number
  readonly recordDistributionStrategy: Stream["distribution"]
  readonly warmThroughput: Settings.WarmThroughput | undefined
}

export const summary = (
  account: Account,
  request: Api.StreamRequest,
  now: number
): { readonly streamDescriptionSummary: StreamSummary } | Refusal => {
  const found = findStream(account, request.stream, now)
  if (isRefusal(found)) return found
  const { warmThroughputMiBps } = found.details
  return {
    streamDescriptionSummary: {
      ...factsOf(account, found),
      openShardCount: found.open.length,
      consumerCount: Consumers.present(found, now).size,
      maxRecordSizeInKiB: found.maxRecordSizeInKiB,
      recordDistributionStrategy: found.distribution,
      warmThroughput: warmThroughputMiBps === undefined
        ? undefined
        : { targetMiBps: warmThroughputMiBps, currentMiBps: warmThroughputMiBps }
    }
  }
}

/** The answer to a change of the number of shards: how many there were, and how many there will be. */
export const updateShardCount = (
  account: Account,
  request: Api.UpdateShardCountRequest,
  now: number,
  transition: number
) => {
  const found = findStream(account, request.stream, now)
  const before = isRefusal(found) ? 0 : found.open.length
  const refusal = Administration.updateShardCount(account, request, now, transition)
  if (refusal !== undefined) return refusal
  const { name } = found as Stream
  return {
    streamName: name,
    streamArn: arnOf(account, name),
    currentShardCount: before,
    targetShardCount: request.targetShardCount
  }
}
