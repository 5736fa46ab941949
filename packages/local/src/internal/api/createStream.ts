import * as Administration from "../administration.js"
import { arnOf } from "../lookup.js"
import type { Account, Stream } from "../model.js"
import type { Refusal } from "../refusal.js"
import { notInRange } from "../refusal.js"
import * as Settings from "./settings.js"
import * as Tags from "./tags.js"

/** A stream to create, with all that the API lets it begin with. */
export interface CreateStreamRequest {
  readonly stream: string
  readonly shardCount?: number | undefined
  readonly streamModeDetails?: { readonly streamMode: string } | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly warmThroughputMiBps?: number | undefined
  readonly maxRecordSizeInKiB?: number | undefined
  readonly recordDistributionStrategy?: string | undefined
}

const refuse = (request: CreateStreamRequest): Refusal | undefined => {
  const { maxRecordSizeInKiB, recordDistributionStrategy, shardCount, streamModeDetails, tags } = request
  const mode = streamModeDetails?.streamMode ?? "PROVISIONED"
  return (mode === "PROVISIONED" || mode === "ON_DEMAND"
    ? undefined
    : notInRange("streamModeDetails.streamMode", "PROVISIONED or ON_DEMAND", mode)) ??
    (mode === "ON_DEMAND" && shardCount !== undefined
      ? notInRange("shardCount", "left out for an ON_DEMAND stream", shardCount)
      : undefined) ??
    (tags === undefined ? undefined : Tags.refuse({}, tags)) ??
    (maxRecordSizeInKiB === undefined ? undefined : Administration.refuseRecordSize(maxRecordSizeInKiB)) ??
    (request.warmThroughputMiBps === undefined
      ? undefined
      : Settings.refuseWarmThroughput(request.warmThroughputMiBps)) ??
    (recordDistributionStrategy === undefined ? undefined : Settings.refuseStrategy(recordDistributionStrategy))
}

/** One shard unless it is said how many. */
export const createStream = (
  account: Account,
  request: CreateStreamRequest,
  { now, transition }: Settings.Moment
): Refusal | undefined => {
  const { shardCount = 1, stream: name, streamModeDetails } = request
  const refusal = refuse(request) ?? Administration.createStream(
    account,
    { stream: name, shardCount: streamModeDetails?.streamMode === "ON_DEMAND" ? "on-demand" : shardCount },
    now,
    transition
  )
  if (refusal !== undefined) return refusal
  const stream = account.streams.get(name)!
  stream.maxRecordSizeInKiB = request.maxRecordSizeInKiB ?? stream.maxRecordSizeInKiB
  stream.distribution = (request.recordDistributionStrategy as Stream["distribution"] | undefined) ??
    stream.distribution
  stream.details = { ...stream.details, warmThroughputMiBps: request.warmThroughputMiBps }
  if (request.tags !== undefined) Tags.set(stream, arnOf(account, name), request.tags)
  return undefined
}
