import type * as Api from "effect-kinesis/KinesisApi"
import type { Startable } from "effect-kinesis/Position"
import { findConsumer, refuseDeleted, refuseInactive } from "./consumers.js"
import * as Limits from "./limits.js"
import { findServing, findShard, resourceOf } from "./lookup.js"
import type { Account, Consumer, ConsumerShard, Shard, Stream } from "./model.js"
import { refusePosition } from "./positions.js"
import type { Refusal } from "./refusal.js"
import { isRefusal, resourceName, streamNotFound } from "./refusal.js"
import * as SequenceNumbers from "./sequenceNumbers.js"
import * as ShardLog from "./shardLog.js"
import * as Throughput from "./throughput.js"

/** How long a subscription lasts. */
export const lifetimeMillis = 300_000
/** How long after a subscription was accepted the next one is refused. */
const exclusiveMillis = 5000

/** Where an event says that a next subscription goes on: at a number of its own, at the last record's, or one above that. */
export type Continuation = "own" | "last-record" | "next"

/** In what the service's events differ from AWS's. */
export interface Manner {
  readonly continuation: Continuation
  /** The last event of a closed shard has a continuation, too. */
  readonly endWithContinuation: boolean
}

/** How a subscription has ended. */
export type Over =
  | { readonly _tag: "Ended" }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  | { readonly _tag: "Broken"; readonly error: unknown }

/** An event on its way. */
export interface Sent {
  readonly event: Api.SubscribeToShardEvent
  /** What it takes on the way. */
  readonly bytes: number
  /** Whether all of it comes. */
  readonly isWhole: boolean
}

/** A subscription that was accepted. */
export interface Subscription {
  readonly stream: Stream
  readonly consumer: Consumer
  readonly shard: Shard
  /** The stream as the request named it: so do its records. */
  readonly named: string
  readonly acceptedAt: number
  place: number
  /** It brings nothing before this place again: where it began, unless that was after a record, which some services bring again. */
  readonly floor: number
  /** When the newest event was sent; at first, when it was accepted. */
  sentAt: number
  events: number
  /** The newest event, until it is taken. */
  ahead: Sent | undefined
  over: Over | undefined
  /** What its events lack. */
  omitted: ReadonlyArray<string>
  /** It is connected, and brings nothing any more. */
  isMute: boolean
  /** Its next event begins to come, and never comes whole. */
  isStalling: boolean
}

/** What a knob does to a subscription. */
export type Disturbance =
  | { readonly _tag: "End" }
  | { readonly _tag: "Break"; readonly error: unknown }
  | { readonly _tag: "Mute" }
  | { readonly _tag: "Stall" }
  | { readonly _tag: "Redeliver"; readonly count: number }
  | { readonly _tag: "Omit"; readonly fields: ReadonlyArray<string> }

/** Disturbs a subscription from now on. */
export const disturb = (self: Subscription, disturbance: Disturbance): void => {
  switch (disturbance._tag) {
    case "End":
      self.over ??= { _tag: "Ended" }
      return
    case "Break":
      self.over ??= { _tag: "Broken", error: disturbance.error }
      return
    case "Mute":
      self.isMute = true
      return
    case "Stall":
      self.isStalling = true
      return
    case "Redeliver":
      self.place = Math.max(self.floor, self.place - disturbance.count)
      return
    case "Omit":
      self.omitted = disturbance.fields
  }
}

/** What the consumer has had of the shard. */
export const atShard = ({ shards }: Consumer, shard: Shard): ConsumerShard => {
  const known = shards.get(shard)
  if (known !== undefined) return known
  const made = { calls: [], acceptedAt: undefined, pushed: Throughput.noPushes, current: undefined }
  shards.set(shard, made)
  return made
}

const anotherExists = (account: Account, stream: Stream, shard: Shard, consumer: Consumer): Refusal => ({
  refused: "ResourceInUse",
  description: "Another active subscription exists for this consumer: " +
    [account.id, stream.name, shard.id, consumer.name].join(":")
})

/** Whether nothing reaches the subscription's caller any more, not even that it is over. */
const isSilent = ({ ahead, isMute }: Subscription): boolean => isMute || ahead?.isWhole === false

/** What a subscription is to, and for whom. */
type Subject = readonly [Stream, Shard, Consumer]

/** Accepts a subscription, which takes over from the present one. */
export const accept = (
  account: Account,
  [stream, shard, consumer]: Subject,
  { named, position }: { readonly named: string; readonly position: Startable },
  now: number
): Subscription => {
  const at = atShard(consumer, shard)
  if (at.current !== undefined && !isSilent(at.current)) {
    at.current.over ??= { _tag: "Refused", refusal: anotherExists(account, stream, shard, consumer) }
  }
  const place = ShardLog.placeOf(shard, position)
  const before = shard.floors.get(consumer.name)
  const floor = position._tag === "AfterSequenceNumber" ? before ?? 0 : place
  shard.floors.set(consumer.name, Math.min(floor, before ?? floor))
  at.acceptedAt = now
  at.current = {
    stream,
    consumer,
    shard,
    named,
    acceptedAt: now,
    place,
    floor,
    sentAt: now,
    events: 0,
    ahead: undefined,
    over: undefined,
    omitted: [],
    isMute: false,
    isStalling: false
  }
  return at.current
}

/** A number one above that of a record, where continuations are like that. */
const isNext = (shard: Shard, position: Startable): boolean =>
  "sequenceNumber" in position && SequenceNumbers.isWellFormed(position.sequenceNumber) &&
  ShardLog.owns(shard, String(BigInt(position.sequenceNumber) - 1n))

const refuseSubscriber = (
  account: Account,
  [stream, shard, consumer]: Subject,
  now: number
): Refusal | undefined => {
  const at = atShard(consumer, shard)
  const calls = Limits.countCall(account.limits, at.calls, Throughput.subscribeCallsPerSecond, now)
  if (calls === undefined) {
    return {
      refused: "limit",
      description: `Rate exceeded for consumer ${consumer.name} and ${
        resourceName(resourceOf(account, stream, shard.id))
      }.`
    }
  }
  at.calls = calls
  const isExclusive = account.limits.consumers && at.acceptedAt !== undefined && now - at.acceptedAt < exclusiveMillis
  return refuseInactive(account, stream, consumer) ??
    (isExclusive ? anotherExists(account, stream, shard, consumer) : undefined)
}

/** What a request is about, by its arguments and what exists. */
const subjectOf = (
  account: Account,
  request: Api.SubscribeToShardRequest,
  now: number,
  { continuation }: Pick<Manner, "continuation">
): Subject | Refusal => {
  const found = findConsumer(account, request.consumerArn, now)
  if (isRefusal(found)) return found
  const [{ name }, consumer] = found
  const stream = findServing(account, name, now)
  if (isRefusal(stream)) return stream
  const shard = findShard(account, stream, request.shardId, now)
  if (isRefusal(shard)) return shard
  const { position } = request
  const start = { operation: "SubscribeToShard", position } as const
  const bad = continuation === "next" && isNext(shard, position)
    ? undefined
    : refusePosition(account, stream, shard, start, now)
  return bad ?? [stream, shard, consumer]
}

export const subscribeToShard = (
  account: Account,
  request: Api.SubscribeToShardRequest,
  now: number,
  manner: Pick<Manner, "continuation">
): Subscription | Refusal => {
  const subject = subjectOf(account, request, now, manner)
  if (isRefusal(subject)) return subject
  const { position, stream: named } = request
  return refuseSubscriber(account, subject, now) ?? accept(account, subject, { named, position }, now)
}

/** Whether a request could be accepted, but for other subscriptions. */
export const subscribable = (
  account: Account,
  request: Api.SubscribeToShardRequest,
  now: number,
  manner: Pick<Manner, "continuation">
): Subject | Refusal => {
  const subject = subjectOf(account, request, now, manner)
  if (isRefusal(subject)) return subject
  const [stream, , consumer] = subject
  return refuseInactive(account, stream, consumer) ?? subject
}

/** Its caller has left, and takes nothing any more. */
export const leave = (self: Subscription): void => {
  self.over ??= { _tag: "Ended" }
  self.ahead = undefined
  const at = self.consumer.shards.get(self.shard)
  if (at?.current === self) at.current = undefined
}

/** Why there is nothing left to bring. */
const refuseGone = (account: Account, { consumer, shard, stream }: Subscription, now: number): Refusal | undefined => {
  const serving = findServing(account, stream.name, now)
  if (isRefusal(serving)) return serving
  if (serving !== stream) return streamNotFound(stream.name, account.id)
  const found = findShard(account, stream, shard.id, now)
  return refuseDeleted(account, stream, consumer, now) ?? (isRefusal(found) ? found : undefined)
}

/** How the subscription is over by now, or undefined while it is not. */
export const overBy = (account: Account, self: Subscription, now: number): Over | undefined => {
  if (self.over !== undefined || isSilent(self)) return self.over
  const refusal = refuseGone(account, self, now)
  return refusal !== undefined
    ? { _tag: "Refused", refusal }
    : now >= self.acceptedAt + lifetimeMillis
    ? { _tag: "Ended" }
    : undefined
}
