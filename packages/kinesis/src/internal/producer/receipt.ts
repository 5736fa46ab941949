export interface Receipt {
  /** The shard that took the record. */
  readonly shardId: string
  /** The record's place in the shard, or that of the aggregate in which it travelled. */
  readonly sequenceNumber: string
  /** Its place in the aggregate, from 0; undefined if it travelled alone. */
  readonly subSequenceNumber: number | undefined
  /** How many requests it was in: 1, unless it was written only after others had failed. */
  readonly attempts: number
}
