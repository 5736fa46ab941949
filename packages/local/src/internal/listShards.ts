import type * as Api from "effect-kinesis/KinesisApi"
import { toHashKeyRange } from "./hashKeys.js"
import * as Lifecycle from "./lifecycle.js"
import * as Limits from "./limits.js"
import { findStream, nameOf, notActive } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import { isOpen } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, refuseCount, resourceName } from "./refusal.js"
import * as Throughput from "./throughput.js"
import * as Tokens from "./tokens.js"

const fromTrimHorizon: Api.ShardFilter = { type: "FROM_TRIM_HORIZON" }

/** Whether the filter selects the shard, among shards still in retention. Both ends of a shard's life count as part of it. */
export const matches = (filter: Api.ShardFilter, shard: Shard, horizon: number): boolean => {
  switch (filter.type) {
    case "FROM_TRIM_HORIZON":
      return true
    case "AT_TRIM_HORIZON":
      return shard.openedAt <= horizon || shard.parents.every((parent) => parent.expired)
    case "AT_LATEST":
      return isOpen(shard)
    case "AT_TIMESTAMP":
      return shard.openedAt <= filter.timestamp && (shard.closedAt === undefined || shard.closedAt >= filter.timestamp)
    case "FROM_TIMESTAMP":
      return shard.closedAt === undefined || shard.closedAt >= filter.timestamp
    case "AFTER_SHARD_ID":
      return shard.id > filter.shardId
  }
}

const filterTypes = [
  "FROM_TRIM_HORIZON",
  "AT_TRIM_HORIZON",
  "AT_LATEST",
  "AT_TIMESTAMP",
  "FROM_TIMESTAMP",
  "AFTER_SHARD_ID"
]

const refuseFilter = (filter: Api.ShardFilter): Refusal | undefined => {
  if (!filterTypes.includes(filter.type)) {
    return notInRange("shardFilter.type", `one of ${filterTypes.join(", ")}`, filter.type)
  }
  if ((filter.type === "AT_TIMESTAMP" || filter.type === "FROM_TIMESTAMP") && !Number.isFinite(filter.timestamp)) {
    return notInRange("shardFilter.timestamp", "milliseconds since the epoch", filter.timestamp)
  }
  return filter.type === "AFTER_SHARD_ID" && !/^[a-zA-Z0-9_.-]{1,128}$/.test(filter.shardId)
    ? notInRange("shardFilter.shardId", "1 to 128 characters of a-z, A-Z, 0-9, _, . and -", filter.shardId)
    : undefined
}

/** A listing of shards in progress. */
interface Cursor {
  readonly stream: string
  readonly generation: number | undefined
  readonly filter: Api.ShardFilter
  /** The index of the last shard that was listed. */
  readonly after: number
}

const seal = (cursor: Cursor, now: number): string => Tokens.seal("shards", [now, cursor])

const unseal = (token: string): readonly [number, Cursor] | undefined =>
  Tokens.unseal("shards", token) as readonly [number, Cursor] | undefined

/** The stream's name; for a further page, that of the first one. */
export const streamOf = (account: Account, request: Api.ListShardsRequest): string | undefined =>
  request.nextToken === undefined ? nameOf(account, request.stream) : unseal(request.nextToken)?.[1].stream

const start = ({ limits }: Account, request: Api.ListShardsRequest, now: number): Cursor | Refusal => {
  if (request.nextToken !== undefined) {
    if (request.stream !== undefined) {
      return invalid("nextToken", "NextToken and StreamName cannot be provided together.")
    }
    const opened = unseal(request.nextToken)
    if (opened === undefined) return invalid("nextToken", "Invalid NextToken.")
    return limits.expiry && Tokens.isExpired(opened[0], now) ? Tokens.expired(opened[0], now) : opened[1]
  }
  if (request.stream === undefined) return invalid("stream", "Either NextToken or StreamName should be provided.")
  const filter = request.shardFilter ?? fromTrimHorizon
  return refuseFilter(filter) ?? { stream: request.stream, generation: undefined, filter, after: -1 }
}

const findListed = (account: Account, cursor: Cursor, now: number): Stream | Refusal => {
  const found = findStream(account, cursor.stream, now)
  return !isRefusal(found) && cursor.generation !== undefined && cursor.generation !== found.generation
    ? invalid("nextToken", `The NextToken is of an earlier stream ${found.name}.`)
    : found
}

export const toShard = (shard: Shard): Api.Shard => ({
  shardId: shard.id,
  parentShardId: shard.parents[0]?.id,
  adjacentParentShardId: shard.parents[1]?.id,
  hashKeyRange: toHashKeyRange(shard),
  startingSequenceNumber: shard.startingSequenceNumber,
  endingSequenceNumber: shard.endingSequenceNumber
})

/** One page of a listing, in the order of the shards' ids. */
export const listShards = (
  account: Account,
  request: Api.ListShardsRequest,
  now: number
): Api.ListShardsResponse | Refusal => {
  const { maxResults = 1000 } = request
  const bad = refuseCount("maxResults", maxResults)
  if (bad !== undefined) return bad
  const cursor = start(account, request, now)
  if (isRefusal(cursor)) return cursor
  const stream = findListed(account, cursor, now)
  if (isRefusal(stream)) return stream
  if (stream.status === "CREATING" || stream.status === "DELETING") return notActive(account, stream)
  const listings = Limits.countCall(account.limits, stream.listings, Throughput.listCallsPerSecond, now)
  if (listings === undefined) {
    const resource = { accountId: account.id, stream: stream.name, shardId: undefined }
    return { refused: "limit", description: `Rate exceeded for ${resourceName(resource)}.` }
  }
  stream.listings = listings
  Lifecycle.ageAll(stream, now)
  const horizon = Lifecycle.trimHorizon(stream, now)
  const matching = stream.shards.slice(cursor.after + 1).filter((shard) =>
    !shard.expired && matches(cursor.filter, shard, horizon)
  )
  const shards = matching.slice(0, maxResults)
  const after = shards.at(-1)?.index ?? cursor.after
  return {
    shards: shards.map(toShard),
    nextToken: matching.length > shards.length
      ? seal({ stream: stream.name, generation: stream.generation, filter: cursor.filter, after }, now)
      : undefined
  }
}
