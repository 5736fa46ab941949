import type * as Api from "effect-kinesis/KinesisApi"
import * as HashKeys from "./hashKeys.js"
import * as Lifecycle from "./lifecycle.js"
import { arnOf, badName, findActive, findShard, findStream, notActive, resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import { isOpen, makeStream, nextSerial } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, resourceName } from "./refusal.js"

const onDemandShards = 4

const refuseShardCount = (field: string, count: number): Refusal | undefined =>
  Number.isSafeInteger(count) && count >= 1 && count <= 10_000 ? undefined : notInRange(field, "1 to 10,000", count)

const refuseRetention = (hours: number): Refusal | undefined =>
  Number.isSafeInteger(hours) && hours >= 24 && hours <= 8760
    ? undefined
    : notInRange("retentionPeriodHours", "24 to 8,760 hours", hours)

export const refuseRecordSize = (kibibytes: number): Refusal | undefined =>
  Number.isSafeInteger(kibibytes) && kibibytes >= 1024 && kibibytes <= 10_240
    ? undefined
    : notInRange("maxRecordSizeInKiB", "1,024 to 10,240 KiB", kibibytes)

export const createStream = (
  account: Account,
  request: Api.CreateStreamRequest,
  now: number,
  transition: number,
  retentionPeriodHours = 24
): Refusal | undefined => {
  const onDemand = request.shardCount === "on-demand"
  const shardCount = request.shardCount === "on-demand" ? onDemandShards : request.shardCount
  const bad = badName(request.stream) ?? refuseShardCount("shardCount", shardCount) ??
    refuseRetention(retentionPeriodHours)
  if (bad !== undefined) return bad
  if (!isRefusal(findStream(account, request.stream, now))) {
    return {
      refused: "ResourceInUse",
      description: `Stream ${request.stream} under account ${account.id} already exists.`
    }
  }
  const stream = makeStream({
    name: request.stream,
    generation: nextSerial(account),
    createdAt: now,
    mode: onDemand ? "ON_DEMAND" : "PROVISIONED",
    retentionPeriodHours
  })
  account.streams.set(stream.name, stream)
  return Lifecycle.begin(account, stream, { _tag: "Create", shardCount }, now, transition)
}

/** In any state but DELETING, as in AWS. */
export const deleteStream = (
  account: Account,
  request: Api.StreamRequest,
  now: number,
  transition: number
): Refusal | undefined => {
  const stream = findStream(account, request.stream, now)
  if (isRefusal(stream)) return stream
  return stream.status === "DELETING"
    ? notActive(account, stream)
    : Lifecycle.begin(account, stream, { _tag: "Delete" }, now, transition)
}

export const describeStreamSummary = (
  account: Account,
  request: Api.StreamRequest,
  now: number
): Api.DescribeStreamSummaryResponse | Refusal => {
  const stream = findStream(account, request.stream, now)
  return isRefusal(stream) ? stream : {
    streamName: stream.name,
    streamArn: arnOf(account, stream.name),
    streamStatus: stream.status,
    streamMode: stream.mode,
    retentionPeriodHours: stream.retentionPeriodHours,
    openShardCount: stream.open.length,
    recordDistributionStrategy: stream.distribution,
    maxRecordSizeInKiB: stream.maxRecordSizeInKiB,
    creationTimestamp: new Date(stream.createdAt)
  }
}

/** What is known of each stream, in the order of their names. */
export const summaries = (account: Account, now: number): ReadonlyArray<Api.DescribeStreamSummaryResponse> =>
  [...account.streams.keys()].sort().flatMap((stream) => {
    const summary = describeStreamSummary(account, { stream }, now)
    return isRefusal(summary) ? [] : [summary]
  })

const findResizable = (account: Account, stream: string, now: number): Stream | Refusal => {
  const found = findActive(account, stream, now)
  return isRefusal(found) || found.mode === "PROVISIONED"
    ? found
    : invalid("stream", `Stream ${found.name} under account ${account.id} is ON_DEMAND: its shards cannot be changed.`)
}

const findOpen = (
  account: Account,
  stream: Stream,
  field: string,
  shardId: string,
  now: number
): Shard | Refusal => {
  const shard = findShard(account, stream, shardId, now)
  return isRefusal(shard) || isOpen(shard)
    ? shard
    : invalid(field, `${resourceName(resourceOf(account, stream, shardId))} is not open.`)
}

export const splitShard = (
  account: Account,
  request: Api.SplitShardRequest,
  now: number,
  transition: number
): Refusal | undefined => {
  const stream = findResizable(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const shard = findOpen(account, stream, "shardToSplit", request.shardToSplit, now)
  if (isRefusal(shard)) return shard
  const at = HashKeys.parse(request.newStartingHashKey)
  return at === undefined || at <= shard.start || at > shard.end
    ? notInRange("newStartingHashKey", `a decimal from ${shard.start + 1n} to ${shard.end}`, request.newStartingHashKey)
    : Lifecycle.begin(account, stream, { _tag: "Split", shard, at }, now, transition)
}

export const mergeShards = (
  account: Account,
  request: Api.MergeShardsRequest,
  now: number,
  transition: number
): Refusal | undefined => {
  const stream = findResizable(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const one = findOpen(account, stream, "shardToMerge", request.shardToMerge, now)
  if (isRefusal(one)) return one
  const other = findOpen(account, stream, "adjacentShardToMerge", request.adjacentShardToMerge, now)
  if (isRefusal(other)) return other
  const [lower, upper] = one.start < other.start ? [one, other] : [other, one]
  return lower.end + 1n === upper.start
    ? Lifecycle.begin(account, stream, { _tag: "Merge", lower, upper }, now, transition)
    : invalid(
      "adjacentShardToMerge",
      `Shards ${one.id} and ${other.id} in stream ${stream.name} under account ${account.id} ` +
        "are not an adjacent pair of shards eligible for merging"
    )
}

const refuseScale = (open: number, target: number): Refusal | undefined => {
  const counts = `Current open shard count: ${open} Target shard count: ${target}`
  return target > open * 2
    ? {
      refused: "limit",
      description: `UpdateShardCount cannot scale up over double your current open shard count. ${counts}`
    }
    : target < open / 2
    ? {
      refused: "limit",
      description: `UpdateShardCount cannot scale down below half your current open shard count. ${counts}`
    }
    : undefined
}

export const updateShardCount = (
  account: Account,
  request: Api.UpdateShardCountRequest,
  now: number,
  transition: number
): Refusal | undefined => {
  const stream = findResizable(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const shardCount = request.targetShardCount
  return refuseShardCount("targetShardCount", shardCount) ??
    (account.limits.scaling ? refuseScale(stream.open.length, shardCount) : undefined) ??
    Lifecycle.begin(account, stream, { _tag: "Resize", shardCount }, now, transition)
}

export const changeRetention = (
  account: Account,
  request: Api.RetentionPeriodRequest,
  now: number,
  direction: "increase" | "decrease"
): Refusal | undefined => {
  const stream = findActive(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const hours = request.retentionPeriodHours
  const present = stream.retentionPeriodHours
  const bad = refuseRetention(hours)
  if (bad !== undefined) return bad
  if (direction === "increase" ? hours <= present : hours >= present) {
    const range = `${direction === "increase" ? "more" : "less"} than the present ${present} hours`
    return notInRange("retentionPeriodHours", range, hours)
  }
  Lifecycle.ageAll(stream, now)
  stream.retentionPeriodHours = hours
  Lifecycle.ageAll(stream, now)
  return undefined
}
