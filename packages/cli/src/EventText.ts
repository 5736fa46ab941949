import { KinesisEvent, type Position } from "effect-kinesis"
import * as ErrorText from "./ErrorText.js"
import { plural, seconds } from "./Format.js"

const nameOf = { kinesis: "Kinesis", "lease-store": "the lease store" }

/** An event as a line; undefined for those that are only counted. An event without an entry here is a type error. */
export const describe: (event: KinesisEvent.KinesisEvent) => string | undefined = KinesisEvent.KinesisEvent.$match({
  PageRead: () => undefined,
  ShardStarted: ({ from, shardId }) => `${shardId}  reading from ${describePosition(from)}`,
  Throttled: ({ operation, shardId }) => `${shardId ?? operation}  throttled, waiting to try again`,
  CallFailed: ({ error, operation, shardId }) => `${shardId ?? operation}  ${ErrorText.because(error)}; trying again`,
  OutageBegan: ({ error, service }) => `${nameOf[service]} cannot be used: ${ErrorText.because(error)}`,
  OutageEnded: ({ attempts, millis, service }) =>
    `${nameOf[service]} can be used again: ${plural(attempts, "call")} failed in ${seconds(millis)}`,
  MalformedAggregates: ({ count, reason, shardId }) => `${shardId}  ${plural(count, "malformed aggregate")}: ${reason}`,
  RecordsOutsideShard: ({ count, outcome, shardId, strategy }) =>
    `${shardId}  ${plural(count, "record")} of another shard ` +
    (outcome === "dropped" ? "dropped from aggregates" : `kept in aggregates (record distribution: ${strategy})`),
  Subscribed: () => undefined,
  SubscriptionEnded: () => undefined,
  FanOutUnavailable: ({ error, meanwhile, shardId }) =>
    `${shardId}  cannot be subscribed to: ${ErrorText.because(error)}; ${meanwhile} meanwhile`,
  ConsumerShared: ({ consumerArn, shardId }) =>
    `${shardId}  another program seems to subscribe by ${consumerArn}: two applications need two consumers`,
  IteratorExpired: ({ resumedAt, shardId }) =>
    `${shardId}  iterator expired, continuing ${describePosition(resumedAt)}`,
  IteratorMissing: ({ resumedAt, shardId }) =>
    `${shardId}  no next iterator, continuing ${describePosition(resumedAt)}`,
  ShardEnded: ({ childShards, shardId }) =>
    childShards.length === 0
      ? `${shardId}  ended`
      : `${shardId}  ${childShards.length === 2 ? "split into" : "merged into"} ${childShards.join(" and ")}`,
  ShardLost: ({ shardId }) => `${shardId}  has left retention: what was not read of it is lost`,
  ShardsFound: ({ shardIds }) => `found ${shardIds.join(", ")}`,
  Ready: ({ shardIds }) => `reading ${plural(shardIds.length, "shard")}`,
  DataLossPossible: ({ reason, shardId }) => `${shardId}  data may be lost: ${reason}`,
  ListingFailed: ({ error }) => `listing the shards failed: ${ErrorText.because(error)}`,
  StartClamped: ({ retentionPeriodHours }) =>
    `the start lies before the retention of ${retentionPeriodHours} hours: reading from the oldest record`,
  ClockAhead: ({ skewMillis }) => `this clock is ${seconds(skewMillis)} ahead of the service's`,
  ConsumerRegistered: ({ consumerName }) => `registered the consumer ${consumerName}`,
  LeaseAcquired: ({ because, from, shardId }) =>
    `${shardId}  lease taken (${because}), continuing ${describePosition(from)}`,
  LeaseLost: ({ description, shardId }) => `${shardId}  lease lost: ${description}`,
  LeaseReleased: ({ shardId, successor }) =>
    `${shardId}  lease given ${successor === undefined ? "back" : `to ${successor}`}`,
  HandoffRequested: ({ owner, shardId }) => `${shardId}  asked ${owner} for the lease`,
  HandoffUnanswered: ({ owner, shardId }) => `${shardId}  ${owner} did not hand the lease off and keeps it`,
  StreamLost: ({ error, retryInMillis, stream }) =>
    `${stream} cannot be read: ${ErrorText.because(error)}; looking for it again in ${seconds(retryInMillis)}`,
  StreamFound: ({ stream }) => `${stream} can be read again`,
  CheckpointStored: () => undefined,
  LeaseStoreFailed: ({ error, operation, shardId }) =>
    `${shardId ?? operation}  ${ErrorText.because(error)}; trying again`,
  Balanced: () => undefined,
  LeasesCreated: ({ because, shardIds }) =>
    `${plural(shardIds.length, "lease")} created (${because}): ${shardIds.join(", ")}`,
  HoleFound: ({ open }) =>
    `the ${plural(open, "shard")} with a lease do not take every hash key: looking for the missing ones`,
  LeaseRemoved: ({ shardId }) => `${shardId}  lease removed: the shard has left retention`,
  HandlerFailed: ({ error, policy, shardId }) => `${shardId}  ${error.message} (${policy})`,
  RecordsSkipped: ({ count, sequenceNumber, shardId }) =>
    `${shardId}  ${plural(count, "record")} skipped from …${sequenceNumber.slice(-12)} on`
})

const describePosition = (position: Position.Position): string => {
  switch (position._tag) {
    case "TrimHorizon":
      return "the oldest record"
    case "Latest":
      return "now"
    case "AtTimestamp":
      return new Date(position.timestamp).toISOString()
    case "AtSequenceNumber":
      return `at …${position.sequenceNumber.slice(-12)}`
    case "AfterSequenceNumber":
      return `after …${position.sequenceNumber.slice(-12)}`
    case "ShardEnd":
      return "the end"
  }
}
