/**
 * The in-memory Kinesis with every operation of the API, also those that `KinesisClient` does not have: what a server puts on the wire.
 *
 * Requests and answers have the API's names with a small first letter and `Arn` in place of `ARN`. `stream` stands for a stream's name or its
 * ARN, as in `KinesisApi`.
 *
 * What is kept and answered, and has no other effect: tags, policies, encryption, metrics of shards, warm throughput, the account's settings.
 *
 * @since 0.1.0
 */
import type * as Api from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as Effect from "effect/Effect"
import * as Administration from "./internal/administration.js"
import type { AccountLimits, AccountSettings } from "./internal/api/account.js"
import type * as CreateStreams from "./internal/api/createStream.js"
import type { StreamDescription, StreamSummary } from "./internal/api/describe.js"
import type { Encrypted, Page } from "./internal/api/encrypted.js"
import type { Monitoring } from "./internal/api/monitoring.js"
import * as Calls from "./internal/api/operations.js"
import * as Requests from "./internal/api/requests.js"
import type { Encryption, WarmThroughput } from "./internal/api/settings.js"
import type { Tag } from "./internal/api/tags.js"
import * as InitialStreams from "./internal/initialStreams.js"
import * as Forgetting from "./internal/journal/forgetting.js"
import * as Journals from "./internal/journal/journal.js"
import * as Knobs from "./internal/knobs.js"
import * as Rules from "./internal/options.js"
import * as Services from "./internal/service.js"
import type * as LocalKinesis from "./LocalKinesis.js"

/**
 * A call of an operation.
 *
 * @since 0.1.0
 * @category models
 */
export type Call<Request, Answer> = (request: Request) => Effect.Effect<Answer, LocalKinesis.Failure>

/**
 * A stream to create, with all that the API lets it begin with. It has one shard unless `shardCount` or the mode says otherwise.
 *
 * @since 0.1.0
 * @category requests
 */
export interface CreateStreamRequest extends CreateStreams.CreateStreamRequest {}

/**
 * A page of a shard. Its iterator knows the shard.
 *
 * @since 0.1.0
 * @category requests
 */
export interface GetRecordsRequest {
  /** From GetShardIterator, or the previous page. */
  readonly shardIterator: string
  /** 1 to 10,000 records. Default: 10,000. */
  readonly limit?: number | undefined
  /** ARN of the stream. Default: that of the iterator. */
  readonly stream?: string | undefined
}

/**
 * A page of the account's streams, as the API shows it.
 *
 * @since 0.1.0
 * @category answers
 */
export interface ListStreamsResponse extends Api.ListStreamsResponse {
  /** Whether there is a next page. */
  readonly hasMoreStreams: boolean
  /** The streams of this page. */
  readonly streamSummaries: ReadonlyArray<
    Pick<StreamSummary, "streamName" | "streamArn" | "streamStatus" | "streamModeDetails" | "streamCreationTimestamp">
  >
}

/**
 * Every operation of the API but SubscribeToShard, which is the client's.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operations extends
  Pick<
    KinesisClient.Service,
    | "getShardIterator"
    | "splitShard"
    | "mergeShards"
    | "increaseStreamRetentionPeriod"
    | "decreaseStreamRetentionPeriod"
    | "describeStreamConsumer"
    | "listStreamConsumers"
    | "deregisterStreamConsumer"
  >
{
  /** Asks whether a call would be accepted, by its arguments and by what exists: a consumer that is not ACTIVE is refused, too. */
  readonly dryRun: Call<
    Api.DryRunRequest | ({ readonly operation: "subscribeToShard" } & Api.SubscribeToShardRequest),
    void
  >
  /** Deletes a stream with all of its records; one that has consumers only with `enforceConsumerDeletion`. */
  readonly deleteStream: Call<Api.StreamRequest & { readonly enforceConsumerDeletion?: boolean | undefined }, void>
  /** Registers a consumer, for enhanced fan-out. */
  readonly registerStreamConsumer: Call<
    Api.RegisterStreamConsumerRequest & { readonly tags?: Readonly<Record<string, string>> | undefined },
    Api.StreamConsumer
  >
  /** Writes one record. */
  readonly putRecord: Call<Api.PutRecordRequest, Api.PutRecordResponse & Encrypted>
  /** Writes up to 500 records, of which some may be refused. */
  readonly putRecords: Call<Api.PutRecordsRequest, Api.PutRecordsResponse & Encrypted>
  /** A page of a shard. */
  readonly getRecords: Call<GetRecordsRequest, Page>
  /** A page of the stream's shards. */
  readonly listShards: Call<
    Api.ListShardsRequest & { readonly exclusiveStartShardId?: string | undefined },
    Api.ListShardsResponse
  >
  /** A page of the account's streams. */
  readonly listStreams: Call<
    Api.ListStreamsRequest & { readonly exclusiveStartStreamName?: string | undefined },
    ListStreamsResponse
  >
  /** Makes a stream, which is CREATING at first. */
  readonly createStream: Call<CreateStreamRequest, void>
  /** A stream with a page of its shards: 1 to 10,000, by default 100. */
  readonly describeStream: Call<
    Api.StreamRequest & {
      readonly limit?: number | undefined
      readonly exclusiveStartShardId?: string | undefined
    },
    { readonly streamDescription: StreamDescription }
  >
  /** A stream without its shards. */
  readonly describeStreamSummary: Call<Api.StreamRequest, { readonly streamDescriptionSummary: StreamSummary }>
  /** Splits and merges until there are so many open shards. */
  readonly updateShardCount: Call<
    Api.UpdateShardCountRequest,
    {
      readonly streamName: string
      readonly streamArn: string
      readonly currentShardCount: number
      readonly targetShardCount: number
    }
  >
  /** How much of its quotas the account uses. They are not enforced. */
  readonly describeLimits: Call<object, AccountLimits>
  /** The settings of the account in the region. */
  readonly describeAccountSettings: Call<object, AccountSettings>
  /** Changes the settings of the account in the region. */
  readonly updateAccountSettings: Call<
    { readonly minimumThroughputBillingCommitment: { readonly status: string } },
    AccountSettings
  >
  /** Attaches tags to a stream. */
  readonly addTagsToStream: Call<Api.StreamRequest & { readonly tags: Readonly<Record<string, string>> }, void>
  /** Takes tags off a stream. */
  readonly removeTagsFromStream: Call<Api.StreamRequest & { readonly tagKeys: ReadonlyArray<string> }, void>
  /** A page of a stream's tags: 1 to 50, by default 50. */
  readonly listTagsForStream: Call<
    Api.StreamRequest & {
      readonly exclusiveStartTagKey?: string | undefined
      readonly limit?: number | undefined
    },
    { readonly tags: ReadonlyArray<Tag>; readonly hasMoreTags: boolean }
  >
  /** Attaches tags to a stream or a consumer. */
  readonly tagResource: Call<
    { readonly resourceArn: string; readonly tags: Readonly<Record<string, string>> },
    void
  >
  /** Takes tags off a stream or a consumer. */
  readonly untagResource: Call<{ readonly resourceArn: string; readonly tagKeys: ReadonlyArray<string> }, void>
  /** The tags of a stream or a consumer. */
  readonly listTagsForResource: Call<{ readonly resourceArn: string }, { readonly tags: ReadonlyArray<Tag> }>
  /** Keeps a policy. Nobody is refused anything for it. */
  readonly putResourcePolicy: Call<{ readonly resourceArn: string; readonly policy: string }, void>
  /** The policy that is kept; an empty one where there is none. */
  readonly getResourcePolicy: Call<{ readonly resourceArn: string }, { readonly policy: string }>
  /** Forgets a policy. */
  readonly deleteResourcePolicy: Call<{ readonly resourceArn: string }, void>
  /** Notes metrics of the shards as kept. None is. */
  readonly enableEnhancedMonitoring: Call<
    Api.StreamRequest & { readonly shardLevelMetrics: ReadonlyArray<string> },
    Monitoring
  >
  /** Notes metrics of the shards as no longer kept. */
  readonly disableEnhancedMonitoring: Call<
    Api.StreamRequest & { readonly shardLevelMetrics: ReadonlyArray<string> },
    Monitoring
  >
  /** Notes the records as encrypted. None is. */
  readonly startStreamEncryption: Call<Api.StreamRequest & Encryption, void>
  /** Notes the records as not encrypted. */
  readonly stopStreamEncryption: Call<Api.StreamRequest & Encryption, void>
  /** Makes a stream PROVISIONED or ON_DEMAND. Its shards stay as they are. */
  readonly updateStreamMode: Call<
    Api.StreamRequest & { readonly streamModeDetails: { readonly streamMode: string } },
    void
  >
  /** Sets how large a record of the stream may be: 1,024 to 10,240 KiB. */
  readonly updateMaxRecordSize: Call<Api.StreamRequest & { readonly maxRecordSizeInKiB: number }, void>
  /** Sets who decides which shard a record goes to: `"AUTO"` or `"USER_PARTITION_KEY"`. */
  readonly updateStreamRecordDistributionStrategy: Call<
    Api.StreamRequest & { readonly recordDistributionStrategy: string },
    void
  >
  /** Notes the throughput that an ON_DEMAND stream is ready for. */
  readonly updateStreamWarmThroughput: Call<
    Api.StreamRequest & { readonly warmThroughputMiBps: number },
    { readonly streamArn: string; readonly streamName: string; readonly warmThroughput: WarmThroughput }
  >
}

/**
 * What the in-memory Kinesis is like at the start. Streams that are in the journal are not created anew.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<LocalKinesis.Options, "getRecordsTimeout" | "requestTimeout"> {
  /** The pieces of a journal, in order: the streams and records begin as they were. Default: none. */
  readonly journal?: Iterable<Uint8Array> | undefined
}

/**
 * What is to be stored so that streams and records outlive the process. Each call's bytes are appended to those before; a journal may break
 * off anywhere, and what is whole of it counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal {
  /** How many bytes of the journal that was given are whole: what follows them was torn off, and has to go before more is appended. */
  readonly restoredBytes: number
  /** What has changed since the last time, or since the start. */
  readonly changes: Effect.Effect<ReadonlyArray<Uint8Array>>
  /** Everything that is of use now, as a journal of its own, to be consumed at once. */
  readonly snapshot: Effect.Effect<Iterable<Uint8Array>>
}

/**
 * An in-memory Kinesis of one account in one region.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Every operation of the API but SubscribeToShard. */
  readonly operations: Operations
  /** Subscribes to a shard, as the client does. */
  readonly subscribeToShard: KinesisClient.Service["subscribeToShard"]
  /** Its knobs, which meet all operations. */
  readonly local: LocalKinesis.Service
  /** What is to be stored. */
  readonly journal: Journal
  /** The streams that are there, in the order of their names. It is no call: it takes no time, meets no fault, and `calls` has it not. */
  readonly streams: Effect.Effect<ReadonlyArray<Api.DescribeStreamSummaryResponse>>
  /** Lets go of the records that have left retention. `records` of the knobs does not show them from then on. */
  readonly forgetTrimmed: Effect.Effect<void>
}

/**
 * An in-memory Kinesis with every operation of the API. There are no deadlines: they are a client's. `calls` of its knobs has the newest 1,000
 * calls, and of those that write how much, in place of the records.
 *
 * Dies on options that are wrong or that the service would refuse, as `LocalKinesis.make` does.
 *
 * @example
 * ```ts
 * import { LocalApi } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const { operations } = yield* LocalApi.make({ streams: [{ name: "orders" }] })
 *   yield* operations.addTagsToStream({ stream: "orders", tags: { team: "shop" } })
 *   return yield* operations.describeStream({ stream: "orders" })
 * })
 *
 * Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (options?: Options) => Effect.Effect<Service> = Effect.fnUntraced(
  function*({ journal, ...options }: Options = {}) {
    yield* Rules.check("LocalApi.make", Rules.kinesis, options)
    const service = Services.make(options, Requests.logging)
    const { account } = service
    const restoredBytes = journal === undefined ? 0 : Journals.restore(account, journal)
    const written = Journals.resume(account)
    yield* InitialStreams.create(service, options.streams ?? [])
    return {
      operations: Calls.toCalls(service) as unknown as Operations,
      subscribeToShard: Services.toClient(service).subscribeToShard,
      local: Knobs.toKnobs(service),
      journal: {
        restoredBytes,
        changes: Effect.sync(() => [...Journals.changes(written)]),
        snapshot: Effect.sync(() => Journals.snapshot(account))
      },
      streams: Effect.map(service.now, (now) => Administration.summaries(account, now)),
      forgetTrimmed: Effect.map(service.now, (now) => Forgetting.forget(account, now))
    }
  }
)
