/** What is known of a stream beside its shards and records. It is replaced as a whole when something of it changes. */
export interface StreamDetails {
  /** The key of KMS with which its records are encrypted; undefined if they are not. */
  readonly keyId: string | undefined
  /** The metrics that are kept for each shard, in the API's names. */
  readonly shardLevelMetrics: ReadonlyArray<string>
  readonly warmThroughputMiBps: number | undefined
  /** By the ARN of the stream, or of one of its consumers. */
  readonly tags: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** By the ARN of the stream, or of one of its consumers. */
  readonly policies: Readonly<Record<string, string>>
}

export const none: StreamDetails = {
  keyId: undefined,
  shardLevelMetrics: [],
  warmThroughputMiBps: undefined,
  tags: {},
  policies: {}
}
