/**
 * A record as it is read from a shard.
 *
 * @since 0.1.0
 */
import * as HashKey from "./internal/record/hashKey.js"

/**
 * One record of a shard. A plain object, since one is built for each record on the hot path.
 *
 * @since 0.1.0
 * @category models
 */
export interface KinesisRecord {
  /** The stream that the record was read from: its name or its ARN, as given to the reader. */
  readonly stream: string
  /** The shard that the record was read from. */
  readonly shardId: string
  /** The record's place in the shard: a decimal number of up to 129 digits. Compare with {@link module:Position.compareSequenceNumbers}. */
  readonly sequenceNumber: string
  /**
   * The writer's key, up to 256 characters. Records with the same key keep their order, unless the service distributes the stream's records
   * (`recordDistributionStrategy: "AUTO"`); then it is undefined if the writer gave none.
   */
  readonly partitionKey: string | undefined
  /** The writer's bytes, as written. */
  readonly data: Uint8Array
  /**
   * When Kinesis received it, by the service's clock in milliseconds; neither exact nor monotonic. Records of the same millisecond may
   * share the object.
   */
  readonly approximateArrivalTimestamp: Date | undefined
  /** The hash key that the writer gave in place of the partition key's, known only for a record of an aggregate. */
  readonly explicitHashKey?: string | undefined
  /**
   * The record's index in its aggregate of the Kinesis Producer Library, from 0, counting dropped records; absent for a record that was not
   * aggregated. All records of an aggregate share its sequence number.
   */
  readonly subSequenceNumber?: number | undefined
}

/**
 * The 128-bit number whose range decides the shard of a partition key: MD5 of the key's UTF-8 bytes, from 0n to 2n ** 128n - 1n.
 *
 * @example
 * ```ts
 * import { KinesisRecord } from "effect-kinesis"
 * import { strictEqual } from "node:assert/strict"
 *
 * strictEqual(KinesisRecord.hashKey("customer-7") < 2n ** 128n, true)
 * ```
 *
 * @since 0.1.0
 * @category hashing
 */
export const hashKey: (partitionKey: string) => bigint = HashKey.fromPartitionKey
