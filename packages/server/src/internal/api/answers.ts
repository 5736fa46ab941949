import type * as Api from "effect-kinesis/KinesisApi"

type Fields = Readonly<Record<string, any>>

const withRange = ({ endingSequenceNumber, startingSequenceNumber, ...shard }: Api.Shard): Fields => ({
  ...shard,
  sequenceNumberRange: { startingSequenceNumber, endingSequenceNumber }
})

/** The API names the time of a consumer's creation after the consumer. */
const withTime = ({ creationTimestamp, ...consumer }: Api.StreamConsumer): Fields => ({
  ...consumer,
  consumerCreationTimestamp: creationTimestamp
})

/** A page without children says nothing of them. */
const withoutNoChildren = (page: Api.GetRecordsResponse): Fields =>
  page.childShards.length === 0 ? { ...page, childShards: undefined } : page

/** The answers that are not those of the engine with other names. */
const special: Readonly<Record<string, (answer: any) => Fields>> = {
  DescribeStream: ({ streamDescription }) => ({
    streamDescription: { ...streamDescription, shards: streamDescription.shards.map(withRange) }
  }),
  DescribeStreamConsumer: (consumer) => ({ consumerDescription: withTime(consumer) }),
  GetRecords: withoutNoChildren,
  ListShards: ({ nextToken, shards }: Api.ListShardsResponse) => ({ nextToken, shards: shards.map(withRange) }),
  ListStreamConsumers: ({ consumers, nextToken }: Api.ListStreamConsumersResponse) => ({
    nextToken,
    consumers: consumers.map(withTime)
  }),
  RegisterStreamConsumer: (consumer) => ({ consumer: withTime(consumer) })
}

/** An answer of an operation, still with the engine's names. */
export const fromEngine = (operation: string, answer: any): Fields => special[operation]?.(answer) ?? answer ?? {}
