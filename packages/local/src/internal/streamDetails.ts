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

const anyBut = <A>(byArn: Readonly<Record<string, A>>, end: string): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(byArn).filter(([arn]) => !arn.endsWith(end)))

/** What is known when the resource whose ARN ends so is gone. */
export const without = (self: StreamDetails, end: string): StreamDetails => ({
  ...self,
  tags: anyBut(self.tags, end),
  policies: anyBut(self.policies, end)
})
