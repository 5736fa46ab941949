import type * as Api from "effect-kinesis/KinesisApi"
import { toHashKeyRange } from "./hashKeys.js"
import * as Iterators from "./iterators.js"
import * as Limits from "./limits.js"
import { findServing, findShard, nameOf, resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, rateExceeded, refuseCount, shardNotFound } from "./refusal.js"
import * as ShardLog from "./shardLog.js"
import * as Throughput from "./throughput.js"

/** The maximum number of records of a page. */
const mostRecords = 10_000

const findByIterator = (
  account: Account,
  request: Api.GetRecordsRequest,
  iterator: Iterators.Iterator,
  now: number
): readonly [Stream, Shard] | Refusal => {
  if (request.stream.startsWith("arn:") && nameOf(account, request.stream) !== iterator.stream) {
    return invalid("stream", `The ShardIterator is of stream ${iterator.stream}, was used with ${request.stream}.`)
  }
  const stream = findServing(account, iterator.stream, now)
  if (isRefusal(stream)) return stream
  const known = stream.generation === iterator.generation ? stream.shards[iterator.shardIndex] : undefined
  if (known === undefined) return shardNotFound(resourceOf(account, stream, request.shardId))
  const shard = findShard(account, stream, known.id, now)
  return isRefusal(shard) ? shard : [stream, shard]
}

/** A child as its parent's last page and last event name it. */
export const toChildShard = (shard: Shard): Api.ChildShard => ({
  shardId: shard.id,
  parentShards: shard.parents.map((parent) => parent.id),
  hashKeyRange: toHashKeyRange(shard)
})

/** What to read, and from where, or why it may not be read. */
export const readable = (
  account: Account,
  request: Api.GetRecordsRequest,
  now: number
): readonly [Stream, Shard, place: number] | Refusal => {
  const bad = refuseCount("limit", request.limit ?? mostRecords)
  if (bad !== undefined) return bad
  const iterator = Iterators.accept(request.shardIterator, now, account.limits.expiry)
  if (isRefusal(iterator)) return iterator
  const found = findByIterator(account, request, iterator, now)
  return isRefusal(found) ? found : [...found, iterator.place]
}

/** With `empty` the page brings nothing and does not advance. */
export const getRecords = (
  account: Account,
  request: Api.GetRecordsRequest,
  now: number,
  empty = false
): Api.GetRecordsResponse | Refusal => {
  const found = readable(account, request, now)
  if (isRefusal(found)) return found
  const [stream, shard, at] = found
  if (!Limits.mayRead(account.limits, shard.reads, now)) return rateExceeded(resourceOf(account, stream, shard.id))
  const page = empty
    ? ShardLog.emptyPage(shard, at, now)
    : ShardLog.readPage(shard, request.stream, at, request.limit ?? mostRecords, now)
  shard.reads = Throughput.afterRead(shard.reads, page, now)
  return {
    records: page.records,
    nextShardIterator: page.last ? undefined : Iterators.issueAt(account, stream, shard, page.next, now),
    millisBehindLatest: page.millisBehindLatest,
    childShards: page.last ? shard.children.map(toChildShard) : []
  }
}
