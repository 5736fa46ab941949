import * as Position from "effect-kinesis/Position"
import type { Account, Change, Shard, Stream } from "./model.js"
import * as RecordLog from "./recordLog.js"
import * as Reshard from "./reshard.js"
import * as ShardLog from "./shardLog.js"

const hour = 3_600_000

export const trimHorizon = (stream: Stream, now: number): number => now - stream.retentionPeriodHours * hour

const during = (change: Change): Stream["status"] =>
  change._tag === "Create" ? "CREATING" : change._tag === "Delete" ? "DELETING" : "UPDATING"

/** Starts a change of the stream. It completes after `duration` milliseconds, at once if that is 0. */
export const begin = (account: Account, stream: Stream, change: Change, now: number, duration: number): undefined => {
  stream.status = during(change)
  stream.pending = { change, at: now + duration }
  settle(account, stream, now)
}

const finish = (account: Account, stream: Stream, change: Change, now: number): void => {
  stream.pending = undefined
  stream.status = "ACTIVE"
  switch (change._tag) {
    case "Create":
      return Reshard.createShards(stream, change.shardCount, now)
    case "Split":
      return Reshard.split(stream, change.shard, change.at, now)
    case "Merge":
      return Reshard.merge(stream, change.lower, change.upper, now)
    case "Resize":
      return Reshard.resize(stream, change.shardCount, now)
    case "Delete":
      account.streams.delete(stream.name)
      return
    case "Setting":
  }
}

/** Whether the oldest record in retention arrived before then. */
const arrivedBefore = ({ log, trimmed }: Shard, instant: number): boolean => {
  const arrival = RecordLog.arrivalAt(log, trimmed)
  return arrival !== undefined && arrival < instant
}

/** Removes what has left retention by now: first the shard's records, then, once it is closed, the shard. */
export const age = (stream: Stream, shard: Shard, now: number): void => {
  if (shard.expired) return
  const horizon = trimHorizon(stream, now)
  while (arrivedBefore(shard, horizon)) shard.trimmed++
  if (shard.closedAt !== undefined && shard.closedAt < horizon && shard.trimmed === shard.log.length) {
    shard.expired = true
  }
}

export const ageAll = (stream: Stream, now: number): void => {
  for (const shard of stream.shards) age(stream, shard, now)
}

/** Completes a transition whose time is over, as of the instant when it ended. */
export const settle = (account: Account, stream: Stream, now: number): void => {
  const { pending } = stream
  if (pending !== undefined && now >= pending.at) finish(account, stream, pending.change, pending.at)
}

/** Drops the records up to and including the number, or all, as if their retention had passed. */
export const trim = (shard: Shard, upTo: string | undefined): void => {
  shard.trimmed = upTo === undefined
    ? shard.log.length
    : ShardLog.placeOf(shard, Position.afterSequenceNumber(upTo))
}

/** A closed shard leaves the listing with all its records. */
export const expire = (shard: Shard): void => {
  trim(shard, undefined)
  shard.expired = true
}
