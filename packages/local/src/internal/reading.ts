import type * as Api from "effect-kinesis/KinesisApi"
import type { Startable } from "effect-kinesis/Position"
import * as Iterators from "./iterators.js"
import { refuseCount, toHashKeyRange } from "./listing.js"
import { findServing, findShard, nameOf, placeIn } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import { nextSerial } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, place, rateExceeded, shardNotFound } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"
import * as Throughput from "./throughput.js"

/** A page has at most so many. */
const mostRecords = 10_000

const refusePosition = (
  account: Account,
  stream: Stream,
  shard: Shard,
  position: Startable,
  now: number
): Refusal | undefined => {
  switch (position._tag) {
    case "TrimHorizon":
    case "Latest":
      return undefined
    case "AtTimestamp": {
      const { timestamp } = position
      if (!Number.isFinite(timestamp)) return notInRange("timestamp", "milliseconds since the epoch", timestamp)
      return timestamp <= now ? undefined : invalid(
        "timestamp",
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. " +
          `timestampInMillis: ${timestamp}, currentTimestampInMillis: ${now}`
      )
    }
    case "AtSequenceNumber":
    case "AfterSequenceNumber": {
      const { sequenceNumber } = position
      const used = `StartingSequenceNumber ${sequenceNumber} used in GetShardIterator on ${
        place(placeIn(account, stream, shard.id))
      } is invalid`
      if (!SequenceNumbers.isWellFormed(sequenceNumber)) return invalid("sequenceNumber", `${used}.`)
      return ShardLog.owns(shard, sequenceNumber)
        ? undefined
        : invalid("sequenceNumber", `${used} because it did not come from this stream.`)
    }
    default:
      return invalid("position", "must be a place before the shard's end")
  }
}

const issue = (account: Account, stream: Stream, shard: Shard, at: number, now: number): string =>
  Iterators.issue({
    serial: nextSerial(account),
    issuedAt: now,
    stream: stream.name,
    generation: stream.generation,
    shardIndex: shard.index,
    place: at
  })

/** Where an iterator is to begin, if it may. */
export const placed = (
  account: Account,
  request: Api.GetShardIteratorRequest,
  now: number
): readonly [Stream, Shard] | Refusal => {
  const stream = findServing(account, request.stream, now)
  if (isRefusal(stream)) return stream
  const shard = findShard(account, stream, request.shardId, now)
  if (isRefusal(shard)) return shard
  return refusePosition(account, stream, shard, request.position, now) ?? [stream, shard]
}

export const getShardIterator = (
  account: Account,
  request: Api.GetShardIteratorRequest,
  now: number
): Api.GetShardIteratorResponse | Refusal => {
  const found = placed(account, request, now)
  if (isRefusal(found)) return found
  const [stream, shard] = found
  const iterators = Throughput.countCall(shard.iterators, Throughput.readCallsPerSecond, now)
  if (iterators === undefined) return rateExceeded(placeIn(account, stream, shard.id))
  shard.iterators = iterators
  return { shardIterator: issue(account, stream, shard, ShardLog.placeOf(shard, request.position), now) }
}

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
  if (known === undefined) return shardNotFound(placeIn(account, stream, request.shardId))
  const shard = findShard(account, stream, known.id, now)
  return isRefusal(shard) ? shard : [stream, shard]
}

const toChildShard = (shard: Shard): Api.ChildShard => ({
  shardId: shard.id,
  parentShards: shard.parents.map((parent) => parent.id),
  hashKeyRange: toHashKeyRange(shard)
})

/** What is to be read, and from which place, if it may. */
export const readable = (
  account: Account,
  request: Api.GetRecordsRequest,
  now: number
): readonly [Stream, Shard, place: number] | Refusal => {
  const bad = refuseCount("limit", request.limit ?? mostRecords)
  if (bad !== undefined) return bad
  const iterator = Iterators.accept(request.shardIterator, now)
  if (isRefusal(iterator)) return iterator
  const found = findByIterator(account, request, iterator, now)
  return isRefusal(found) ? found : [...found, iterator.place]
}

/** With `empty` the page brings nothing and stays where it is. */
export const getRecords = (
  account: Account,
  request: Api.GetRecordsRequest,
  now: number,
  empty = false
): Api.GetRecordsResponse | Refusal => {
  const found = readable(account, request, now)
  if (isRefusal(found)) return found
  const [stream, shard, at] = found
  if (!Throughput.mayRead(shard.reads, now)) return rateExceeded(placeIn(account, stream, shard.id))
  const page = empty
    ? ShardLog.emptyPage(shard, at, now)
    : ShardLog.readPage(shard, at, request.limit ?? mostRecords, now)
  shard.reads = Throughput.afterRead(shard.reads, page, now)
  return {
    records: page.records.map((record) =>
      record.stream === request.stream ? record : { ...record, stream: request.stream }
    ),
    nextShardIterator: page.last ? undefined : issue(account, stream, shard, page.next, now),
    millisBehindLatest: page.millisBehindLatest,
    childShards: page.last ? shard.children.map(toChildShard) : []
  }
}
