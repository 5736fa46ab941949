import type { SubscribeToShardEvent } from "effect-kinesis/KinesisApi"
import { toChildShard } from "./getRecords.js"
import * as Limits from "./limits.js"
import type { Account, Shard } from "./model.js"
import * as RecordLog from "./recordLog.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"
import type { Continuation, Manner, Over, Sent, Subscription } from "./subscriptions.js"
import * as Subscriptions from "./subscriptions.js"
import * as Throughput from "./throughput.js"

/** How long a record is on its way to a subscription. */
const deliveryMillis = 70
/** How long a subscription waits for its next event, if no record comes. */
const heartbeatMillis = 5000
const eventRecords = 10_000
const eventBytes = Throughput.mebibyte
/** What an event takes besides its records, and a record besides its data and its key. */
const frameBytes = 242
const recordBytes = 190

/** What a subscription brings now, when to look again, or how it is over. */
export type Step =
  | { readonly _tag: "Sent"; readonly sent: Sent }
  | { readonly _tag: "Wait"; readonly until: number }
  | { readonly _tag: "Over"; readonly over: Over }

/** Whether there is nothing left to read for the subscription, nor will be. */
const isRead = ({ place, shard }: Subscription, now: number): boolean =>
  shard.closedAt !== undefined && now >= shard.closedAt + deliveryMillis && place >= shard.log.length

/** When the next event can be sent. */
const due = (self: Subscription, now: number): number => {
  const { consumer, sentAt, shard } = self
  const arrival = RecordLog.arrivalAt(shard.log, Math.max(self.place, shard.trimmed))
  const heartbeat = sentAt + heartbeatMillis
  if (arrival !== undefined) {
    const { pushed } = Subscriptions.atShard(consumer, shard)
    return Math.min(heartbeat, Math.max(arrival + deliveryMillis, Throughput.mayPushAt(pushed, now)))
  }
  return shard.closedAt === undefined ? heartbeat : Math.min(heartbeat, shard.closedAt + deliveryMillis)
}

/** From where a next subscription goes on. `place` is that of the next record. */
const continuationAt = (how: Continuation, shard: Shard, place: number, now: number): string => {
  const { createdSeconds, index, log, startingSequenceNumber } = shard
  const last = RecordLog.sequenceNumberAt(log, place - 1)
  switch (how) {
    case "own":
      return SequenceNumbers.encode({
        createdSeconds,
        shardIndex: index,
        counter: place,
        arrivalSeconds: Math.max(createdSeconds, SequenceNumbers.seconds(now)) + 1
      })
    case "last-record":
      return last ?? startingSequenceNumber
    case "next":
      return last === undefined ? startingSequenceNumber : String(BigInt(last) + 1n)
  }
}

const base64Bytes = (bytes: number): number => Math.ceil(bytes / 3) * 4

const bytesOf = ({ records }: Pick<SubscribeToShardEvent, "records">): number =>
  records.reduce(
    (bytes, { data, partitionKey = "" }) =>
      bytes + base64Bytes(data.byteLength) + Buffer.byteLength(partitionKey) + recordBytes,
    frameBytes
  )

/** The records that can be sent by now. */
const pageOf = ({ limits }: Account, self: Subscription, now: number): ShardLog.LogPage => {
  const { consumer, place, shard } = self
  const at = Subscriptions.atShard(consumer, shard)
  const start = Math.max(place, shard.trimmed)
  const end = Throughput.mayPushAt(at.pushed, now) > now ? start : ShardLog.arrivedBy(shard, now - deliveryMillis)
  const page = ShardLog.readPage(shard, self.named, start, eventRecords, now, { bytes: eventBytes, end })
  at.pushed = Limits.afterPush(limits, at.pushed, page.bytes, now)
  return page
}

const lacking = (event: SubscribeToShardEvent, omitted: ReadonlyArray<string>): SubscribeToShardEvent => ({
  ...event,
  ...(omitted.includes("continuationSequenceNumber") ? { continuationSequenceNumber: undefined } : {}),
  ...(omitted.includes("millisBehindLatest") ? { millisBehindLatest: undefined } : {}),
  ...(omitted.includes("childShards") ? { childShards: [] } : {})
})

/** Sends an event, whatever there is. */
const send = (
  account: Account,
  self: Subscription,
  { continuation, endWithContinuation }: Manner,
  now: number
): Sent => {
  const { omitted, shard } = self
  const page = pageOf(account, self, now)
  self.place = page.next
  self.sentAt = now
  self.events++
  const isLast = isRead(self, now)
  const event = lacking({
    records: page.records,
    continuationSequenceNumber: isLast && !endWithContinuation
      ? undefined
      : continuationAt(continuation, shard, page.next, now),
    millisBehindLatest: page.millisBehindLatest,
    childShards: isLast ? shard.children.map(toChildShard) : []
  }, omitted)
  self.ahead = { event, bytes: bytesOf(event), isWhole: !self.isStalling }
  if (isLast && self.ahead.isWhole) self.over = { _tag: "Ended" }
  return self.ahead
}

/** What happens next. An event that was sent and is not taken is all that there is: nothing else is held for the caller. */
export const step = (account: Account, self: Subscription, manner: Manner, now: number): Step => {
  if (self.ahead !== undefined) return { _tag: "Sent", sent: self.ahead }
  self.over = Subscriptions.overBy(account, self, now)
  if (self.over !== undefined) return { _tag: "Over", over: self.over }
  if (self.isMute) return { _tag: "Wait", until: Number.POSITIVE_INFINITY }
  const at = due(self, now)
  if (at <= now) return { _tag: "Sent", sent: send(account, self, manner, now) }
  const { acceptedAt, consumer: { settlesAt = at }, stream: { pending } } = self
  return {
    _tag: "Wait",
    until: Math.min(at, acceptedAt + Subscriptions.lifetimeMillis, settlesAt, pending?.at ?? at)
  }
}
