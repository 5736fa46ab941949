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
 * The schema of the hash keys that a shard takes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HashKeyRange = Schema.Struct({ startingHashKey: Schema.String, endingHashKey: Schema.String })

/**
 * The hash keys that a shard takes, both ends included, as decimals from 0 to 2^128 - 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface HashKeyRange extends Schema.Schema.Type<typeof HashKeyRange> {}

/**
 * A shard as ListShards tells it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shard {
  readonly shardId: string
  readonly parentShardId: string | undefined
  /** The second parent of a merged shard. */
  readonly adjacentParentShardId: string | undefined
  readonly hashKeyRange: HashKeyRange
  readonly startingSequenceNumber: string
  /** Present when the shard is closed. */
  readonly endingSequenceNumber: string | undefined
}

/**
 * A shard that follows a closed one, as the last page of its parent tells it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChildShard {
  readonly shardId: string
  readonly parentShards: ReadonlyArray<string>
  readonly hashKeyRange: HashKeyRange
}

/**
 * Which shards ListShards is to name.
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
 * The first page of a listing names the stream; each further page names only the token.
 *
 * @since 0.1.0
 * @category requests
 */
export type ListShardsRequest =
  | {
    readonly stream: string
    readonly shardFilter?: ShardFilter | undefined
    /** 1 to 10,000. Default: 1,000. */
    readonly maxResults?: number | undefined
    readonly nextToken?: undefined
  }
  | {
    /** From the page before, at most 300 seconds ago. */
    readonly nextToken: string
    readonly maxResults?: number | undefined
    readonly stream?: undefined
    readonly shardFilter?: undefined
  }

/**
 * @since 0.1.0
 * @category answers
 */
export interface ListShardsResponse {
  readonly shards: ReadonlyArray<Shard>
  /** Absent on the last page. */
  readonly nextToken: string | undefined
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface GetShardIteratorRequest {
  readonly stream: string
  readonly shardId: string
  readonly position: Startable
}

/**
 * @since 0.1.0
 * @category answers
 */
export interface GetShardIteratorResponse {
  /** Valid for 5 minutes. */
  readonly shardIterator: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface GetRecordsRequest {
  readonly stream: string
  /** Not sent: it names the shard in errors and on the records. */
  readonly shardId: string
  readonly shardIterator: string
  /** 1 to 10,000 records. Default: 10,000. */
  readonly limit?: number | undefined
}

/**
 * @since 0.1.0
 * @category answers
 */
export interface GetRecordsResponse {
  readonly records: ReadonlyArray<KinesisRecord>
  /**
   * Absent when the shard is closed and everything of it was read. By itself that proves nothing: an answer may lack what it should have.
   * With `childShards` it does.
   */
  readonly nextShardIterator: string | undefined
  /** How far the page is from the shard's tip; undefined when the answer does not say. */
  readonly millisBehindLatest: number | undefined
  /** The shards that follow a closed one, on its last page; else none. */
  readonly childShards: ReadonlyArray<ChildShard>
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface StreamRequest {
  readonly stream: string
}

/**
 * @since 0.1.0
 * @category answers
 */
export interface DescribeStreamSummaryResponse {
  readonly streamName: string
  readonly streamArn: string
  readonly streamStatus: "CREATING" | "DELETING" | "ACTIVE" | "UPDATING"
  readonly streamMode: "PROVISIONED" | "ON_DEMAND"
  /** 24 to 8,760. */
  readonly retentionPeriodHours: number
  readonly openShardCount: number
  /**
   * Who decides which shard a record goes to: its writer, by partition key or explicit hash key, or with `"AUTO"` the service, which ignores
   * both. It can change at any moment. Undefined where the service does not tell.
   */
  readonly recordDistributionStrategy: "AUTO" | "USER_PARTITION_KEY" | undefined
  /** The most that a record may have, in KiB: 1,024 to 10,240. Undefined where the service does not tell. */
  readonly maxRecordSizeInKiB: number | undefined
  /** Tells the stream from an earlier one of its name; in whole seconds or finer. */
  readonly creationTimestamp: Date | undefined
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface ListStreamsRequest {
  /** From the page before. */
  readonly nextToken?: string | undefined
  /** 1 to 10,000. Default: 100. */
  readonly limit?: number | undefined
}

/**
 * @since 0.1.0
 * @category answers
 */
export interface ListStreamsResponse {
  readonly streamNames: ReadonlyArray<string>
  readonly nextToken: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PutRecordsEntry {
  readonly data: Uint8Array
  /** 1 to 256 characters. It may be left out where the service distributes the stream's records. */
  readonly partitionKey?: string | undefined
  /** Decides the shard instead of the partition key: a decimal from 0 to 2^128 - 1. */
  readonly explicitHashKey?: string | undefined
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface PutRecordRequest extends PutRecordsEntry {
  readonly stream: string
  /** Makes the numbers of one writer and key strictly rise. */
  readonly sequenceNumberForOrdering?: string | undefined
}

/**
 * @since 0.1.0
 * @category answers
 */
export interface PutRecordResponse {
  readonly shardId: string
  readonly sequenceNumber: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface PutRecordsRequest {
  readonly stream: string
  /** 1 to 500 entries and 10 MiB, keys included. */
  readonly records: ReadonlyArray<PutRecordsEntry>
}

/**
 * What became of one entry of PutRecords.
 *
 * @since 0.1.0
 * @category models
 */
export type PutRecordsResultEntry =
  | { readonly shardId: string; readonly sequenceNumber: string; readonly errorCode?: undefined }
  | {
    /** `ProvisionedThroughputExceededException` or `InternalFailure`. */
    readonly errorCode: string
    readonly errorMessage: string
    readonly shardId?: undefined
    readonly sequenceNumber?: undefined
  }

/**
 * @since 0.1.0
 * @category answers
 */
export interface PutRecordsResponse {
  readonly failedRecordCount: number
  /** In the order of the request. */
  readonly records: ReadonlyArray<PutRecordsResultEntry>
}

/**
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
 * @since 0.1.0
 * @category requests
 */
export interface SplitShardRequest {
  readonly stream: string
  readonly shardToSplit: string
  /** Where the second child begins: inside the shard's range, above its start. */
  readonly newStartingHashKey: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface MergeShardsRequest {
  readonly stream: string
  readonly shardToMerge: string
  /** The neighbour by hash keys. */
  readonly adjacentShardToMerge: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface UpdateShardCountRequest {
  readonly stream: string
  /** From half to double of the present number of open shards. */
  readonly targetShardCount: number
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface RetentionPeriodRequest {
  readonly stream: string
  /** 24 to 8,760. */
  readonly retentionPeriodHours: number
}

/**
 * A request that the service is to judge, not to carry out.
 *
 * @since 0.1.0
 * @category requests
 */
export type DryRunRequest =
  | ({ readonly operation: "getShardIterator" } & GetShardIteratorRequest)
  | ({ readonly operation: "getRecords" } & GetRecordsRequest)
  | ({ readonly operation: "putRecord" } & PutRecordRequest)
  | ({ readonly operation: "putRecords" } & PutRecordsRequest)
