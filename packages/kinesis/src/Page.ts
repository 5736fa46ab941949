/**
 * What one GetRecords call brought: the unit of fetching, retry, metrics and flow control.
 *
 * @since 0.1.0
 */
import type { ChildShard } from "./KinesisApi.js"
import type { KinesisRecord } from "./KinesisRecord.js"
import type { Position } from "./Position.js"

/**
 * One page of one shard, in the shard's order. An empty page is not the end of the shard.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page {
  /** The shard that it was read from. */
  readonly shardId: string
  /** Up to 10,000 records and 10 MiB; often none. */
  readonly records: ReadonlyArray<KinesisRecord>
  /** How far the page is from the shard's tip, in milliseconds; 0 at the tip. Undefined when the service did not tell. */
  readonly millisBehindLatest: number | undefined
  /** Where to go on after this page: store it to resume exactly there. `ShardEnd` on the last page of a closed shard. */
  readonly position: Position
  /** The shards that follow this one, on the last page of a closed shard; empty before. */
  readonly childShards: ReadonlyArray<ChildShard>
}

/**
 * A page with the values that a decoder found in its records.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodedPage<out A> extends Page {
  /** Those of all records, in order; they know their places if the decoder gives `Decoded` values. */
  readonly values: ReadonlyArray<A>
}
