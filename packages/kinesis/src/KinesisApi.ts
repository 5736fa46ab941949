/**
 * The requests and answers of the Kinesis operations that the client offers, in the API's own terms.
 *
 * Wherever a request names a stream, `stream` is its name or its ARN; an ARN also reaches a stream of another account.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Startable } from "./Position.js"

/**
 * The schema of a shard's hash key range.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HashKeyRange = Schema.Struct({ startingHashKey: Schema.String, endingHashKey: Schema.String })

/**
 * The range of hash keys of a shard, both ends included, as decimals from 0 to 2^128 - 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface HashKeyRange extends Schema.Schema.Type<typeof HashKeyRange> {}

/**
 * A shard as ListShards returns it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shard {
  /** Such as `shardId-000000000000`; the number grows with each shard that the stream ever had. */
  readonly shardId: string
  /** The shard that it was made of; undefined for one of the first. */
  readonly parentShardId: string | undefined
  /** The second parent of a merged shard. */
  readonly adjacentParentShardId: string | undefined
  /** The hash keys that it takes. */
  readonly hashKeyRange: HashKeyRange
  /** The lowest sequence number that a record of it can have. */
  readonly startingSequenceNumber: string
  /** Present when the shard is closed. */
  readonly endingSequenceNumber: string | undefined
}

/**
 * A shard that follows a closed one, as the last page of its parent names it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChildShard {
  /** The shard, such as `shardId-000000000000`. */
  readonly shardId: string
  /** The shards that it was made of: one after a split, two after a merge. */
  readonly parentShards: ReadonlyArray<string>
  /** The hash keys that it takes. */
  readonly hashKeyRange: HashKeyRange
}

/**
 * Which shards ListShards returns.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
 * @since 0.1.0
 * @category models
 */
export type ShardFilter =
  | { readonly type: "AT_TRIM_HORIZON" | "FROM_TRIM_HORIZON" | "AT_LATEST" }
  | { readonly type: "AT_TIMESTAMP" | "FROM_TIMESTAMP"; readonly timestamp: number }
  | { readonly type: "AFTER_SHARD_ID"; readonly shardId: string }

/**
 * The request for the first page of a listing names the stream; each further one names only the token.
 *
 * @since 0.1.0
 * @category requests
 */
export type ListShardsRequest =
  | {
    /** Name or ARN of the stream. */
    readonly stream: string
    /** Which shards. Default: all that are in retention. */
    readonly shardFilter?: ShardFilter | undefined
    /** 1 to 10,000. Default: 1,000. */
    readonly maxResults?: number | undefined
    readonly nextToken?: undefined
  }
  | {
    /** From the previous page, at most 300 seconds old. */
    readonly nextToken: string
    /** 1 to 10,000. Default: 1,000. */
    readonly maxResults?: number | undefined
    readonly stream?: undefined
    readonly shardFilter?: undefined
  }

/**
 * A page of a listing.
 *
 * @since 0.1.0
 * @category answers
 */
export interface ListShardsResponse {
  /** In no particular order. */
  readonly shards: ReadonlyArray<Shard>
  /** Absent on the last page. */
  readonly nextToken: string | undefined
}

/**
 * Asks for an iterator of a shard, which begins at `position`.
 *
 * @since 0.1.0
 * @category requests
 */
export interface GetShardIteratorRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** The shard, such as `shardId-000000000000`. */
  readonly shardId: string
  /** Where the iterator begins. */
  readonly position: Startable
}

/**
 * The iterator that was asked for.
 *
 * @since 0.1.0
 * @category answers
 */
export interface GetShardIteratorResponse {
  /** Valid for 5 minutes. */
  readonly shardIterator: string
}

/**
 * Asks for the next page of a shard.
 *
 * @since 0.1.0
 * @category requests
 */
export interface GetRecordsRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** Not sent: it names the shard in errors and on the records. */
  readonly shardId: string
  /** From `getShardIterator`, or the previous page's `nextShardIterator`. Valid for 5 minutes. */
  readonly shardIterator: string
  /** 1 to 10,000 records. Default: 10,000. */
  readonly limit?: number | undefined
}

/**
 * A page of a shard.
 *
 * @since 0.1.0
 * @category answers
 */
export interface GetRecordsResponse {
  /** In the shard's order; often none. */
  readonly records: ReadonlyArray<KinesisRecord>
  /**
   * Absent when the shard is closed and was read to its end. By itself its absence proves nothing, since an answer may be incomplete;
   * together with `childShards` it does.
   */
  readonly nextShardIterator: string | undefined
  /** How far the page is behind the shard's tip; undefined when the answer does not say. */
  readonly millisBehindLatest: number | undefined
  /** The shards that follow a closed one, on its last page; otherwise none. */
  readonly childShards: ReadonlyArray<ChildShard>
}

/**
 * Names a stream.
 *
 * @since 0.1.0
 * @category requests
 */
export interface StreamRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
}

/**
 * What is known of a stream without its shards.
 *
 * @since 0.1.0
 * @category answers
 */
export interface DescribeStreamSummaryResponse {
  /** Its name. */
  readonly streamName: string
  /** Its ARN, with account and region. */
  readonly streamArn: string
  /** It is read and written while it is `ACTIVE` or `UPDATING`. */
  readonly streamStatus: "CREATING" | "DELETING" | "ACTIVE" | "UPDATING"
  /** `ON_DEMAND` if the service chooses the number of shards. */
  readonly streamMode: "PROVISIONED" | "ON_DEMAND"
  /** 24 to 8,760. */
  readonly retentionPeriodHours: number
  /** How many shards take records now. */
  readonly openShardCount: number
  /**
   * Who decides which shard a record goes to: its writer, by partition key or explicit hash key, or with `"AUTO"` the service, which
   * ignores both. It can change at any time. Undefined if the service does not say.
   */
  readonly recordDistributionStrategy: "AUTO" | "USER_PARTITION_KEY" | undefined
  /** The maximum size of a record in KiB: 1,024 to 10,240. Undefined if the service does not say. */
  readonly maxRecordSizeInKiB: number | undefined
  /** Distinguishes the stream from an earlier one of the same name; in whole seconds or finer. */
  readonly creationTimestamp: Date | undefined
}

/**
 * Asks for a page of the names of the account's streams in the region.
 *
 * @since 0.1.0
 * @category requests
 */
export interface ListStreamsRequest {
  /** From the previous page. */
  readonly nextToken?: string | undefined
  /** 1 to 10,000. Default: 100. */
  readonly limit?: number | undefined
}

/**
 * A page of names.
 *
 * @since 0.1.0
 * @category answers
 */
export interface ListStreamsResponse {
  /** Those of this page. */
  readonly streamNames: ReadonlyArray<string>
  /** For the next page; absent on the last. */
  readonly nextToken: string | undefined
}

/**
 * A record to write.
 *
 * @since 0.1.0
 * @category models
 */
export interface PutRecordsEntry {
  /** The bytes. With the partition key up to `maxRecordSizeInKiB` of the stream, which is 1 MiB unless it was changed. */
  readonly data: Uint8Array
  /** 1 to 256 characters. It may be omitted where the service distributes the stream's records. */
  readonly partitionKey?: string | undefined
  /** Decides the shard instead of the partition key: a decimal from 0 to 2^128 - 1. */
  readonly explicitHashKey?: string | undefined
}

/**
 * Writes one record.
 *
 * @since 0.1.0
 * @category requests
 */
export interface PutRecordRequest extends PutRecordsEntry {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** Makes the sequence numbers of one writer and key strictly increase. */
  readonly sequenceNumberForOrdering?: string | undefined
}

/**
 * Where the record was written.
 *
 * @since 0.1.0
 * @category answers
 */
export interface PutRecordResponse {
  /** The shard that took it. */
  readonly shardId: string
  /** Its place in the shard. */
  readonly sequenceNumber: string
}

/**
 * Writes several records. Some may be written and others not.
 *
 * @since 0.1.0
 * @category requests
 */
export interface PutRecordsRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** 1 to 500 entries and 10 MiB, keys included. */
  readonly records: ReadonlyArray<PutRecordsEntry>
}

/**
 * The result of one entry of PutRecords.
 *
 * @since 0.1.0
 * @category models
 */
export type PutRecordsResultEntry =
  | { readonly shardId: string; readonly sequenceNumber: string; readonly errorCode?: undefined }
  | {
    /** `ProvisionedThroughputExceededException` or `InternalFailure`. */
    readonly errorCode: string
    /** What the service said. */
    readonly errorMessage: string
    readonly shardId?: undefined
    readonly sequenceNumber?: undefined
  }

/**
 * What became of each record.
 *
 * @since 0.1.0
 * @category answers
 */
export interface PutRecordsResponse {
  /** How many were not written: send those again. */
  readonly failedRecordCount: number
  /** In the order of the request. */
  readonly records: ReadonlyArray<PutRecordsResultEntry>
}

/**
 * Makes a stream.
 *
 * @since 0.1.0
 * @category requests
 */
export interface CreateStreamRequest {
  /** A name, not an ARN. */
  readonly stream: string
  /** The number of shards, or on demand. */
  readonly shardCount: number | "on-demand"
}

/**
 * Splits an open shard in two.
 *
 * @since 0.1.0
 * @category requests
 */
export interface SplitShardRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** The shard to split. */
  readonly shardToSplit: string
  /** Where the second child's range begins: inside the shard's range, above its start. */
  readonly newStartingHashKey: string
}

/**
 * Makes one shard of two adjacent open ones.
 *
 * @since 0.1.0
 * @category requests
 */
export interface MergeShardsRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** The shard to merge. */
  readonly shardToMerge: string
  /** The shard with the adjacent hash key range. */
  readonly adjacentShardToMerge: string
}

/**
 * Splits and merges until there are so many open shards.
 *
 * @since 0.1.0
 * @category requests
 */
export interface UpdateShardCountRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** From half to double the current number of open shards. */
  readonly targetShardCount: number
}

/**
 * Sets how long records stay in the stream.
 *
 * @since 0.1.0
 * @category requests
 */
export interface RetentionPeriodRequest {
  /** Name or ARN of the stream. */
  readonly stream: string
  /** 24 to 8,760. */
  readonly retentionPeriodHours: number
}

/**
 * A request for the service to check, not to carry out.
 *
 * @since 0.1.0
 * @category requests
 */
export type DryRunRequest =
  | ({ readonly operation: "getShardIterator" } & GetShardIteratorRequest)
  | ({ readonly operation: "getRecords" } & GetRecordsRequest)
  | ({ readonly operation: "putRecord" } & PutRecordRequest)
  | ({ readonly operation: "putRecords" } & PutRecordsRequest)

/**
 * A consumer of a stream: a name under which one program at a time subscribes to each shard, with 2 MiB a second of its own.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Consumer.html
 * @since 0.1.0
 * @category models
 */
export interface StreamConsumer {
  /** 1 to 128 of a-z A-Z 0-9 _ . -, unique in its stream. */
  readonly consumerName: string
  /** Ends in the time of its creation: one that was deleted and made anew has another. */
  readonly consumerArn: string
  /** Shards can be subscribed to while it is `ACTIVE`. */
  readonly consumerStatus: "CREATING" | "DELETING" | "ACTIVE"
  /** When it was registered. */
  readonly creationTimestamp: Date
}

/**
 * Registers a consumer, which is CREATING at first. A stream has at most 20, of which 5 may be CREATING.
 *
 * @since 0.1.0
 * @category requests
 */
export interface RegisterStreamConsumerRequest {
  /** ARN of the stream: a name is not enough. */
  readonly streamArn: string
  /** 1 to 128 of a-z A-Z 0-9 _ . - */
  readonly consumerName: string
}

/**
 * Names a consumer, by its own ARN or in its stream.
 *
 * @since 0.1.0
 * @category requests
 */
export type StreamConsumerRequest =
  | {
    /** ARN of the consumer: the only way from another account. */
    readonly consumerArn: string
    readonly streamArn?: undefined
    readonly consumerName?: undefined
  }
  | {
    /** ARN of the stream. */
    readonly streamArn: string
    /** The consumer's name. */
    readonly consumerName: string
    readonly consumerArn?: undefined
  }

/**
 * A consumer, and the stream that it belongs to.
 *
 * @since 0.1.0
 * @category answers
 */
export interface DescribeStreamConsumerResponse extends StreamConsumer {
  /** ARN of the stream. */
  readonly streamArn: string
}

/**
 * Asks for a page of a stream's consumers.
 *
 * @since 0.1.0
 * @category requests
 */
export interface ListStreamConsumersRequest {
  /** ARN of the stream. */
  readonly streamArn: string
  /** From the previous page, at most 300 seconds old. */
  readonly nextToken?: string | undefined
  /** 1 to 100. Default: 100. */
  readonly maxResults?: number | undefined
}

/**
 * A page of a stream's consumers.
 *
 * @since 0.1.0
 * @category answers
 */
export interface ListStreamConsumersResponse {
  /** In no particular order. */
  readonly consumers: ReadonlyArray<StreamConsumer>
  /** Absent on the last page. */
  readonly nextToken: string | undefined
}

/**
 * Subscribes a consumer to a shard, from `position` on.
 *
 * @since 0.1.0
 * @category requests
 */
export interface SubscribeToShardRequest {
  /** Not sent: it names the stream in errors. */
  readonly stream: string
  /** ARN of the consumer. */
  readonly consumerArn: string
  /** The shard, such as `shardId-000000000000`. */
  readonly shardId: string
  /** Where the subscription begins. */
  readonly position: Startable
}

/**
 * What a subscription brings: records, or the news that there are none.
 *
 * @since 0.1.0
 * @category answers
 */
export interface SubscribeToShardEvent {
  /** In the shard's order; often none. */
  readonly records: ReadonlyArray<KinesisRecord>
  /**
   * From where a next subscription goes on, by `Position.after`; it moves even if there is no record. Undefined when the shard is closed and
   * was read to its end.
   */
  readonly continuationSequenceNumber: string | undefined
  /** How far the event is behind the shard's tip; undefined when it does not say. */
  readonly millisBehindLatest: number | undefined
  /** The shards that follow a closed one, on its last event; otherwise none. */
  readonly childShards: ReadonlyArray<ChildShard>
}
