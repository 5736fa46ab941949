import type * as Api from "effect-kinesis/KinesisApi"
import * as Effect from "effect/Effect"
import type { Operation } from "../../LocalKinesis.js"
import * as Iterators from "../iterators.js"
import * as ListStreams from "../listStreams.js"
import { arnOf } from "../lookup.js"
import type { Account } from "../model.js"
import type * as Client from "../operations.js"
import type { Refusal } from "../refusal.js"
import { invalid, isRefusal } from "../refusal.js"
import type { State } from "../service.js"
import * as Services from "../service.js"
import * as Tokens from "../tokens.js"
import * as Accounts from "./account.js"
import * as Consumers from "./consumers.js"
import * as CreateStream from "./createStream.js"
import * as Describe from "./describe.js"
import * as Encrypted from "./encrypted.js"
import * as Monitoring from "./monitoring.js"
import * as Policies from "./policies.js"
import * as Settings from "./settings.js"
import * as Tags from "./tags.js"

/** Where a GetRecords request reads, which its iterator alone knows. */
const located = (account: Account, request: GetRecordsRequest): Api.GetRecordsRequest => {
  const { stream, ...rest } = request
  const iterator = Iterators.accept(request.shardIterator, 0, false)
  const known = isRefusal(iterator) ? undefined : account.streams.get(iterator.stream)
  return {
    ...rest,
    stream: stream ?? (isRefusal(iterator) ? "" : iterator.stream),
    shardId: isRefusal(iterator) ? "" : known?.shards[iterator.shardIndex]?.id ?? ""
  }
}

interface GetRecordsRequest extends Omit<Api.GetRecordsRequest, "shardId" | "stream"> {
  readonly stream?: string | undefined
}

interface ListShards {
  readonly exclusiveStartShardId?: string | undefined
}

const pageOf = (request: Api.ListShardsRequest & ListShards): Api.ListShardsRequest | Refusal => {
  const { exclusiveStartShardId, ...rest } = request
  if (exclusiveStartShardId === undefined || rest.stream === undefined) return rest
  return rest.shardFilter === undefined
    ? { ...rest, shardFilter: { type: "AFTER_SHARD_ID", shardId: exclusiveStartShardId } }
    : invalid("exclusiveStartShardId", "ExclusiveStartShardId and ShardFilter cannot be provided together.")
}

/** A page of the account's streams, with what the API says of each. */
const listStreams = (
  account: Account,
  { exclusiveStartStreamName, limit, nextToken }: Api.ListStreamsRequest & {
    readonly exclusiveStartStreamName?: string | undefined
  },
  now: number
) => {
  const from = nextToken ??
    (exclusiveStartStreamName === undefined ? undefined : Tokens.seal("streams", exclusiveStartStreamName))
  const page = ListStreams.listStreams(account, { limit, nextToken: from }, now)
  return isRefusal(page) ? page : {
    ...page,
    hasMoreStreams: page.nextToken !== undefined,
    streamSummaries: page.streamNames.map((name) => {
      const { createdAt, mode, status } = account.streams.get(name)!
      return {
        streamName: name,
        streamArn: arnOf(account, name),
        streamStatus: status,
        streamModeDetails: { streamMode: mode },
        streamCreationTimestamp: new Date(createdAt)
      }
    })
  }
}

type Act = (request: any, now: number, twist: Client.Twist) => object | Refusal | undefined

/** An operation: how its request is completed, and what it does. */
interface Performed {
  readonly complete: (request: any) => object
  readonly act: Act
}

const asIs = (act: Act): Performed => ({ complete: (request) => request, act })

/** The operations of the API that the client has not, and those of which the API says more. */
const make = ({ account, operations, settings: { transition } }: State): Readonly<Record<string, Performed>> => {
  const moment = (now: number): Settings.Moment => ({ now, transition })
  return {
    ...Object.fromEntries(Object.entries(operations).map(([name, act]) => [name, asIs(act as Act)])),
    getRecords: {
      complete: (request) => located(account, request),
      act: (request, now, twist) => Encrypted.read(account, request.stream, operations.getRecords(request, now, twist))
    },
    putRecord: asIs((request, now, twist) =>
      Encrypted.written(account, request.stream, operations.putRecord(request, now, twist))
    ),
    putRecords: asIs((request, now, twist) =>
      Encrypted.written(account, request.stream, operations.putRecords(request, now, twist))
    ),
    listShards: asIs((request, now, twist) => {
      const page = pageOf(request)
      return isRefusal(page) ? page : operations.listShards(page, now, twist)
    }),
    listStreams: asIs((request, now) => listStreams(account, request, now)),
    createStream: asIs((request, now) => CreateStream.createStream(account, request, moment(now))),
    deleteStream: asIs((request, now) => Consumers.deleteStream(account, request, moment(now))),
    registerStreamConsumer: asIs((request, now) => Consumers.register(account, request, moment(now))),
    describeStreamSummary: asIs((request, now) => Describe.summary(account, request, now)),
    describeStream: asIs((request, now) => Describe.stream(account, request, now)),
    updateShardCount: asIs((request, now) => Describe.updateShardCount(account, request, now, transition)),
    describeLimits: asIs((_, now) => Accounts.limits(account, now)),
    describeAccountSettings: asIs(() => Accounts.settings(account)),
    updateAccountSettings: asIs(({ minimumThroughputBillingCommitment: { status } }, now) =>
      Accounts.updateSettings(account, status, now)
    ),
    addTagsToStream: asIs(({ stream, tags }, now) => Tags.add(Tags.ofStream(account, stream, now), tags)),
    removeTagsFromStream: asIs(({ stream, tagKeys }, now) => Tags.remove(Tags.ofStream(account, stream, now), tagKeys)),
    listTagsForStream: asIs(({ exclusiveStartTagKey, limit, stream }, now) =>
      Tags.list(Tags.ofStream(account, stream, now), { after: exclusiveStartTagKey, limit })
    ),
    tagResource: asIs(({ resourceArn, tags }, now) => Tags.add(Tags.ofResource(account, resourceArn, now), tags)),
    untagResource: asIs(({ resourceArn, tagKeys }, now) =>
      Tags.remove(Tags.ofResource(account, resourceArn, now), tagKeys)
    ),
    listTagsForResource: asIs(({ resourceArn }, now) => Tags.list(Tags.ofResource(account, resourceArn, now))),
    putResourcePolicy: asIs(({ policy, resourceArn }, now) => Policies.put(account, resourceArn, policy, now)),
    getResourcePolicy: asIs(({ resourceArn }, now) => Policies.get(account, resourceArn, now)),
    deleteResourcePolicy: asIs(({ resourceArn }, now) => Policies.remove(account, resourceArn, now)),
    enableEnhancedMonitoring: asIs(({ shardLevelMetrics, stream }, now) =>
      Monitoring.change(account, stream, shardLevelMetrics, now, "enable")
    ),
    disableEnhancedMonitoring: asIs(({ shardLevelMetrics, stream }, now) =>
      Monitoring.change(account, stream, shardLevelMetrics, now, "disable")
    ),
    startStreamEncryption: asIs(({ stream, ...encryption }, now) =>
      Settings.startEncryption(account, stream, encryption, moment(now))
    ),
    stopStreamEncryption: asIs(({ stream, ...encryption }, now) =>
      Settings.stopEncryption(account, stream, encryption, moment(now))
    ),
    updateStreamMode: asIs(({ stream, streamModeDetails }, now) =>
      Settings.updateStreamMode(account, stream, streamModeDetails.streamMode, moment(now))
    ),
    updateMaxRecordSize: asIs(({ maxRecordSizeInKiB, stream }, now) =>
      Settings.updateMaxRecordSize(account, stream, maxRecordSizeInKiB, moment(now))
    ),
    updateStreamRecordDistributionStrategy: asIs(({ recordDistributionStrategy, stream }, now) =>
      Settings.updateDistribution(account, stream, recordDistributionStrategy, moment(now))
    ),
    updateStreamWarmThroughput: asIs(({ stream, warmThroughputMiBps }, now) =>
      Settings.updateWarmThroughput(account, stream, warmThroughputMiBps, moment(now))
    )
  }
}

/** Every operation as a call of the service, which its knobs meet. */
export const toCalls = (self: State): Readonly<Record<string, (request: object) => Effect.Effect<unknown, unknown>>> =>
  Object.fromEntries(
    Object.entries(make(self)).map(([name, { act, complete }]) => [
      name,
      (request: object) =>
        Effect.suspend(() => Services.serve<object, unknown>(self, name as Operation, complete(request), act))
    ])
  )
