import * as AwsSdk from "effect-kinesis/AwsSdk"
import * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import type * as LocalLeaseStore from "../LocalLeaseStore.js"
import type * as VirtualTime from "../VirtualTime.js"
import * as Limits from "./limits.js"

const { duration, flag, listOf, oneOf, optional, text, that, whole } = AwsSdk

/** Dies of options that are wrong: a program's mistake, not the service's failure. */
export const check = (
  operation: string,
  table: Readonly<Record<string, AwsSdk.Check>>,
  options: unknown
): Effect.Effect<void> => Effect.orDie(AwsSdk.check(operation, table, options))

const distribution = oneOf("AUTO", "USER_PARTITION_KEY")

/** What is out of the service's range the service refuses in its own words. */
const number = that("a whole number", Number.isSafeInteger)

const stream: AwsSdk.Table<LocalKinesis.StreamOptions> = {
  name: that("a stream's name", (given) => typeof given === "string"),
  shardCount: optional(number),
  retentionPeriodHours: optional(number),
  recordDistributionStrategy: optional(distribution),
  maxRecordSizeInKiB: optional(number)
}

export const kinesis: AwsSdk.Table<LocalKinesis.Options> = {
  streams: optional(listOf("streams, such as { name: \"orders\" }", stream)),
  accountId: optional(text("12 digits", /^\d{12}$/)),
  region: optional(text("a region such as \"eu-west-1\"", /^[\w-]+$/)),
  latency: optional(duration()),
  limits: optional(
    that(
      `an object of ${Object.keys(Limits.all).join(", ")}, each true or false`,
      (given) =>
        typeof given === "object" && given !== null &&
        Object.entries(given).every(([name, value]) => name in Limits.all && typeof value === "boolean")
    )
  ),
  transition: optional(duration()),
  shuffleEntries: optional(number),
  serverClockSkew: optional(that("a whole number of milliseconds", Number.isSafeInteger)),
  continuation: optional(oneOf("own", "last-record", "next")),
  endWithContinuation: optional(flag),
  getRecordsTimeout: optional(duration(1)),
  requestTimeout: optional(duration(1))
}

export const leaseStore: AwsSdk.Table<LocalLeaseStore.Options> = { latency: optional(duration()) }

export const virtualTime: AwsSdk.Table<VirtualTime.Options> = {
  start: optional(that("a Date or a whole number of milliseconds", (given) => Number.isSafeInteger(Number(given)))),
  shuffle: optional(
    that("a whole number or a function", (given) => typeof given === "function" || Number.isSafeInteger(given))
  ),
  stepsBeforeYield: optional(whole(1)),
  maxWakeUps: optional(whole(1))
}

const leaseOperations: Readonly<Record<LocalLeaseStore.Operation, true>> = {
  open: true,
  list: true,
  owned: true,
  create: true,
  claim: true,
  requestHandoff: true,
  withdrawHandoff: true,
  renew: true,
  checkpoint: true,
  finish: true,
  release: true,
  reset: true,
  annotate: true,
  remove: true
}

const name = optional(that("a text", (given) => typeof given === "string"))

const times = optional((given, options) => given === Infinity ? undefined : whole(0)(given, options))

/** Which calls of `getRecords` a knob meets. */
export const readTarget: AwsSdk.Table<LocalKinesis.ReadTarget> = { stream: name, shardId: name, times }

const apiOnly: Readonly<Record<LocalKinesis.ApiOperation, true>> = {
  addTagsToStream: true,
  deleteResourcePolicy: true,
  describeAccountSettings: true,
  describeLimits: true,
  describeStream: true,
  disableEnhancedMonitoring: true,
  enableEnhancedMonitoring: true,
  getResourcePolicy: true,
  listTagsForResource: true,
  listTagsForStream: true,
  putResourcePolicy: true,
  removeTagsFromStream: true,
  startStreamEncryption: true,
  stopStreamEncryption: true,
  tagResource: true,
  untagResource: true,
  updateAccountSettings: true,
  updateMaxRecordSize: true,
  updateStreamMode: true,
  updateStreamRecordDistributionStrategy: true,
  updateStreamWarmThroughput: true
}

const operations = [...KinesisClient.operations, ...Object.keys(apiOnly)]

/** Which calls a knob of the service meets. */
export const target: AwsSdk.Table<LocalKinesis.Target> = {
  ...readTarget,
  operation: optional(oneOf(...operations))
}

/** Which calls a knob of the lease table meets. */
export const leaseTarget: AwsSdk.Table<LocalLeaseStore.Target> = {
  operation: optional(oneOf(...Object.keys(leaseOperations))),
  leaseKey: name,
  worker: name,
  times
}

/** What the calls fail with, beside their target. */
export const failure = {
  error: that("an error, or a function that makes one", (given) => given !== undefined && given !== null)
}

/** Which entries fail, with what, and in which calls. */
export const failedEntries: AwsSdk.Table<Parameters<LocalKinesis.Service["failEntries"]>[0]> = {
  ...readTarget,
  entries: optional(that("a function of an entry and its index", (given) => typeof given === "function")),
  errorCode: optional(oneOf("InternalFailure", "ProvisionedThroughputExceededException"))
}

/** How many entries answers lack, and which. */
export const omittedEntries: AwsSdk.Table<Parameters<LocalKinesis.Service["omitEntries"]>[0]> = {
  ...readTarget,
  count: optional(whole(1))
}

const kmsCodes: Readonly<Record<LocalKinesis.KmsCode, true>> = {
  KMSAccessDeniedException: true,
  KMSDisabledException: true,
  KMSInvalidStateException: true,
  KMSNotFoundException: true,
  KMSOptInRequired: true,
  KMSThrottlingException: true
}

/** How KMS refuses, and which calls. */
export const kmsFailure: AwsSdk.Table<Parameters<LocalKinesis.Service["failKms"]>[0]> = {
  ...readTarget,
  code: oneOf(...Object.keys(kmsCodes))
}

/** How long the calls take, beside their target. */
export const delay = { duration: duration() }

const fields: ReadonlyArray<LocalKinesis.AnswerField> = [
  "shards",
  "nextToken",
  "shardIterator",
  "records",
  "nextShardIterator",
  "millisBehindLatest",
  "childShards",
  "continuationSequenceNumber"
]

/** What answers lack, beside their target. */
export const omission = {
  fields: that(
    `a list of ${fields.join(", ")}`,
    (given) => Array.isArray(given) && given.every((field) => fields.some((known) => known === field))
  )
}

const required = that("a text", (given) => typeof given === "string")

export const resized = { stream: required, maxRecordSizeInKiB: number }

export const distributed = { stream: required, strategy: distribution }

export const trimmed = { stream: required, shardId: name, upTo: name }

export const expired = { stream: required, shardId: required }

/** Which subscriptions a knob meets. */
export const subscriptions: AwsSdk.Table<LocalKinesis.SubscriptionTarget> = {
  stream: name,
  shardId: name,
  consumer: name,
  coming: optional((given, options) => given === Infinity ? undefined : whole(1)(given, options))
}

/** What subscriptions break with, and which. */
export const broken = { ...subscriptions, ...failure }

/** How many records come again, and to which subscriptions. */
export const redelivered = { ...subscriptions, count: optional(whole(1)) }

export const consumer = { stream: required, consumer: required }

export const takenOver = { ...consumer, shardId: required }

export const consumerStatus = { ...consumer, status: oneOf("CREATING", "DELETING", "ACTIVE") }
