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
 * A shard that follows a closed one, as the last page of its parent names it.
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
    readonly stream: string
    readonly shardFilter?: ShardFilter | undefined
    /** 1 to 10,000. Default: 1,000. */
    readonly maxResults?: number | undefined
    readonly nextToken?: undefined
  }
  | {
    /** From the previous page, at most 300 seconds old. */
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
  /** 1 to 256 characters. It may be omitted where the service distributes the stream's records. */
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
  /** Makes the sequence numbers of one writer and key strictly increase. */
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
  /** Where the second child's range begins: inside the shard's range, above its start. */
  readonly newStartingHashKey: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface MergeShardsRequest {
  readonly stream: string
  readonly shardToMerge: string
  /** The shard with the adjacent hash key range. */
  readonly adjacentShardToMerge: string
}

/**
 * @since 0.1.0
 * @category requests
 */
export interface UpdateShardCountRequest {
  readonly stream: string
  /** From half to double the current number of open shards. */
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
