import type { Operation, Service } from "effect-kinesis/KinesisClient"
import type { Effect } from "effect/Effect"
import * as Administration from "./administration.js"
import * as Consumers from "./consumers.js"
import * as DryRun from "./dryRun.js"
import * as GetRecords from "./getRecords.js"
import * as GetShardIterator from "./getShardIterator.js"
import * as ListShards from "./listShards.js"
import * as ListStreams from "./listStreams.js"
import type { Account } from "./model.js"
import * as PutRecords from "./putRecords.js"
import type { Refusal } from "./refusal.js"
import { isRefusal } from "./refusal.js"
import type { Draw } from "./shuffle.js"
import * as Subscriptions from "./subscriptions.js"

export type Request<O extends Operation> = Parameters<Service[O]>[0]

/** A subscription is answered as its state. */
export type Answer<O extends Operation> = O extends "subscribeToShard" ? Subscriptions.Subscription
  : Effect.Success<ReturnType<Service[O]>>

/** The faults that are left to the operation itself. */
export interface Twist {
  readonly emptyPage: boolean
  readonly entryFault: PutRecords.EntryFault | undefined
  readonly disturbance: Subscriptions.Disturbance | undefined
}

/** How the service goes about it. */
export interface Settings {
  /** How long a change of a stream or a consumer takes, in milliseconds. */
  readonly transition: number
  /** In which order the entries of one request are stored. */
  readonly draw: Draw | undefined
  readonly manner: Subscriptions.Manner
}

/** What each operation does to the account: its answer, or why it is refused. `now` is the server's. */
export type Operations = {
  readonly [O in Operation]: (request: Request<O>, now: number, twist: Twist) => Answer<O> | Refusal
}

export const make = (account: Account, { draw, manner, transition }: Settings): Operations => ({
  listShards: (request, now) => ListShards.listShards(account, request, now),
  getShardIterator: (request, now) => GetShardIterator.getShardIterator(account, request, now),
  getRecords: (request, now, { emptyPage }) => GetRecords.getRecords(account, request, now, emptyPage),
  describeStreamSummary: (request, now) => Administration.describeStreamSummary(account, request, now),
  listStreams: (request, now) => ListStreams.listStreams(account, request, now),
  putRecord: (request, now) => PutRecords.putRecord(account, request, now),
  putRecords: (request, now, { entryFault }) =>
    PutRecords.putRecords(account, request, now, { draw, fault: entryFault }),
  dryRun: (request, now) => DryRun.dryRun(account, request, now, manner),
  createStream: (request, now) => Administration.createStream(account, request, now, transition),
  deleteStream: (request, now) => Administration.deleteStream(account, request, now, transition),
  splitShard: (request, now) => Administration.splitShard(account, request, now, transition),
  mergeShards: (request, now) => Administration.mergeShards(account, request, now, transition),
  updateShardCount: (request, now) => Administration.updateShardCount(account, request, now, transition),
  increaseStreamRetentionPeriod: (request, now) => Administration.changeRetention(account, request, now, "increase"),
  decreaseStreamRetentionPeriod: (request, now) => Administration.changeRetention(account, request, now, "decrease"),
  registerStreamConsumer: (request, now) => Consumers.registerStreamConsumer(account, request, now, transition),
  describeStreamConsumer: (request, now) => Consumers.describeStreamConsumer(account, request, now),
  listStreamConsumers: (request, now) => Consumers.listStreamConsumers(account, request, now),
  deregisterStreamConsumer: (request, now) => Consumers.deregisterStreamConsumer(account, request, now, transition),
  subscribeToShard: (request, now, { disturbance }) => {
    const subscription = Subscriptions.subscribeToShard(account, request, now, manner)
    if (!isRefusal(subscription) && disturbance !== undefined) Subscriptions.disturb(subscription, disturbance)
    return subscription
  }
})
