import type * as Api from "effect-kinesis/KinesisApi"
import * as Iterators from "./iterators.js"
import * as Limits from "./limits.js"
import { findServing, findShard, resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import { refusePosition } from "./positions.js"
import type { Refusal } from "./refusal.js"
import { isRefusal, rateExceeded } from "./refusal.js"
import * as ShardLog from "./shardLog.js"
import * as Throughput from "./throughput.js"

/** Where an iterator begins, or why it is refused. */
export const placed = (
  account: Account,
  request: Api.GetShardIteratorRequest,
  now: number
): readonly [Stream, Shard] | Refusal => {
  const stream = findServing(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const shard = findShard(account, stream, request.shardId, now)
  if (isRefusal(shard)) return shard
  const start = { operation: "GetShardIterator", position: request.position } as const
  return refusePosition(account, stream, shard, start, now) ?? [stream, shard]
}

export const getShardIterator = (
  account: Account,
  request: Api.GetShardIteratorRequest,
  now: number
): Api.GetShardIteratorResponse | Refusal => {
  const found = placed(account, request, now)
  if (isRefusal(found)) return found
  const [stream, shard] = found
  const iterators = Limits.countCall(account.limits, shard.iterators, Throughput.readCallsPerSecond, now)
  if (iterators === undefined) return rateExceeded(resourceOf(account, stream, shard.id))
  shard.iterators = iterators
  return { shardIterator: Iterators.issueAt(account, stream, shard, ShardLog.placeOf(shard, request.position), now) }
}
