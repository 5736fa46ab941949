import type * as Api from "effect-kinesis/KinesisApi"
import type { Startable } from "effect-kinesis/Position"
import * as Iterators from "./iterators.js"
import { findServing, findShard, resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, isRefusal, notInRange, rateExceeded, resourceName } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"
import * as Throughput from "./throughput.js"

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
        resourceName(resourceOf(account, stream, shard.id))
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
  if (iterators === undefined) return rateExceeded(resourceOf(account, stream, shard.id))
  shard.iterators = iterators
  return { shardIterator: Iterators.issueAt(account, stream, shard, ShardLog.placeOf(shard, request.position), now) }
}
