import type { Startable } from "effect-kinesis/Position"
import { resourceOf } from "./lookup.js"
import type { Account, Shard, Stream } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid, notInRange, resourceName } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"

/** Where reading is to begin, and by which operation. */
export interface Start {
  /** The API's name of it. */
  readonly operation: "GetShardIterator" | "SubscribeToShard"
  readonly position: Startable
}

/** Why reading cannot begin there, or undefined if it can. */
export const refusePosition = (
  account: Account,
  stream: Stream,
  shard: Shard,
  { operation, position }: Start,
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
      const used = `StartingSequenceNumber ${sequenceNumber} used in ${operation} on ${
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
