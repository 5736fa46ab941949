import type * as Sdk from "@aws-sdk/client-kinesis"
import type * as Api from "../../KinesisApi.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import { instantOf } from "./timestamps.js"

/** A required field: an answer without it is invalid. Null and an empty string count as absent. */
export const required = <A>(value: A | null | undefined, name: string): A => {
  if (value === null || value === undefined || value === "") throw new Error(`the answer has no ${name}`)
  return value
}

/** An optional field: null and an empty string count as absent. */
const optional = <A>(value: A | null | undefined): A | undefined => value === null || value === "" ? undefined : value

const toInstant = (date: Date | null | undefined): Date | undefined =>
  date === null || date === undefined ? undefined : instantOf(date)

const toHashKeyRange = (range: Sdk.HashKeyRange | null | undefined): Api.HashKeyRange => ({
  startingHashKey: required(range?.StartingHashKey, "StartingHashKey"),
  endingHashKey: required(range?.EndingHashKey, "EndingHashKey")
})

const toShard = (shard: Sdk.Shard): Api.Shard => ({
  shardId: required(shard.ShardId, "ShardId"),
  parentShardId: optional(shard.ParentShardId),
  adjacentParentShardId: optional(shard.AdjacentParentShardId),
  hashKeyRange: toHashKeyRange(shard.HashKeyRange),
  startingSequenceNumber: required(shard.SequenceNumberRange?.StartingSequenceNumber, "StartingSequenceNumber"),
  endingSequenceNumber: optional(shard.SequenceNumberRange?.EndingSequenceNumber)
})

export const toListShardsResponse = (output: Sdk.ListShardsCommandOutput): Api.ListShardsResponse => ({
  shards: required(output.Shards, "Shards").map(toShard),
  nextToken: optional(output.NextToken)
})

export const toGetShardIteratorResponse = (
  output: Sdk.GetShardIteratorCommandOutput
): Api.GetShardIteratorResponse => ({ shardIterator: required(output.ShardIterator, "ShardIterator") })

/** A child that the page describes incompletely is left out: without parents it would begin before them. A listing will show it. */
const toChildShards = ({ HashKeyRange, ParentShards, ShardId }: Sdk.ChildShard): ReadonlyArray<Api.ChildShard> => {
  const startingHashKey = optional(HashKeyRange?.StartingHashKey)
  const endingHashKey = optional(HashKeyRange?.EndingHashKey)
  const shardId = optional(ShardId)
  return shardId === undefined || startingHashKey === undefined || endingHashKey === undefined ||
      (ParentShards ?? []).length === 0
    ? []
    : [{ shardId, parentShards: ParentShards!, hashKeyRange: { startingHashKey, endingHashKey } }]
}

const toRecord = (
  { shardId, stream }: { readonly shardId: string; readonly stream: string },
  record: Sdk._Record
): KinesisRecord => ({
  stream,
  shardId,
  sequenceNumber: required(record.SequenceNumber, "SequenceNumber"),
  partitionKey: record.PartitionKey ?? undefined,
  data: required(record.Data, "Data"),
  approximateArrivalTimestamp: toInstant(record.ApproximateArrivalTimestamp)
})

export const toGetRecordsResponse = (
  output: Sdk.GetRecordsCommandOutput,
  request: Api.GetRecordsRequest
): Api.GetRecordsResponse => ({
  records: required(output.Records, "Records").map((record) => toRecord(request, record)),
  nextShardIterator: optional(output.NextShardIterator),
  millisBehindLatest: optional(output.MillisBehindLatest),
  childShards: (output.ChildShards ?? []).flatMap(toChildShards)
})

/** The last event of a shard may come without records. */
export const toSubscribeToShardEvent = (
  event: Sdk.SubscribeToShardEvent,
  request: Api.SubscribeToShardRequest
): Api.SubscribeToShardEvent => {
  const childShards = (event.ChildShards ?? []).flatMap(toChildShards)
  const records = childShards.length > 0 ? event.Records ?? [] : required(event.Records, "Records")
  return {
    records: records.map((record) => toRecord(request, record)),
    continuationSequenceNumber: optional(event.ContinuationSequenceNumber),
    millisBehindLatest: optional(event.MillisBehindLatest),
    childShards
  }
}

const toStreamConsumer = (consumer: Sdk.Consumer | undefined): Api.StreamConsumer => ({
  consumerName: required(consumer?.ConsumerName, "ConsumerName"),
  consumerArn: required(consumer?.ConsumerARN, "ConsumerARN"),
  consumerStatus: required(consumer?.ConsumerStatus, "ConsumerStatus"),
  creationTimestamp: instantOf(required(consumer?.ConsumerCreationTimestamp, "ConsumerCreationTimestamp"))
})

export const toRegisterStreamConsumerResponse = (output: Sdk.RegisterStreamConsumerCommandOutput): Api.StreamConsumer =>
  toStreamConsumer(output.Consumer)

export const toDescribeStreamConsumerResponse = (
  { ConsumerDescription }: Sdk.DescribeStreamConsumerCommandOutput
): Api.DescribeStreamConsumerResponse => ({
  ...toStreamConsumer(ConsumerDescription),
  streamArn: required(ConsumerDescription?.StreamARN, "StreamARN")
})

export const toListStreamConsumersResponse = (
  output: Sdk.ListStreamConsumersCommandOutput
): Api.ListStreamConsumersResponse => ({
  consumers: required(output.Consumers, "Consumers").map(toStreamConsumer),
  nextToken: optional(output.NextToken)
})

export const toDescribeStreamSummaryResponse = (
  { StreamDescriptionSummary: summary }: Sdk.DescribeStreamSummaryCommandOutput
): Api.DescribeStreamSummaryResponse => ({
  streamName: required(summary?.StreamName, "StreamName"),
  streamArn: required(summary?.StreamARN, "StreamARN"),
  streamStatus: required(summary?.StreamStatus, "StreamStatus"),
  streamMode: optional(summary?.StreamModeDetails?.StreamMode) ?? "PROVISIONED",
  retentionPeriodHours: required(summary?.RetentionPeriodHours, "RetentionPeriodHours"),
  openShardCount: required(summary?.OpenShardCount, "OpenShardCount"),
  recordDistributionStrategy: optional(summary?.RecordDistributionStrategy),
  maxRecordSizeInKiB: optional(summary?.MaxRecordSizeInKiB),
  creationTimestamp: toInstant(summary?.StreamCreationTimestamp)
})

export const toListStreamsResponse = (output: Sdk.ListStreamsCommandOutput): Api.ListStreamsResponse => ({
  streamNames: required(output.StreamNames, "StreamNames"),
  nextToken: output.HasMoreStreams === true ? required(output.NextToken, "NextToken") : optional(output.NextToken)
})

export const toPutRecordResponse = (output: Sdk.PutRecordCommandOutput): Api.PutRecordResponse => ({
  shardId: required(output.ShardId, "ShardId"),
  sequenceNumber: required(output.SequenceNumber, "SequenceNumber")
})

const toPutRecordsResult = (entry: Sdk.PutRecordsResultEntry): Api.PutRecordsResultEntry => {
  const errorCode = optional(entry.ErrorCode)
  return errorCode === undefined
    ? {
      shardId: required(entry.ShardId, "ShardId"),
      sequenceNumber: required(entry.SequenceNumber, "SequenceNumber")
    }
    : { errorCode, errorMessage: entry.ErrorMessage ?? "" }
}

/** Counts the results that are refusals. */
export const putRecordsResponse = (records: ReadonlyArray<Api.PutRecordsResultEntry>): Api.PutRecordsResponse => {
  let failedRecordCount = 0
  for (const { errorCode } of records) if (errorCode !== undefined) failedRecordCount++
  return { failedRecordCount, records }
}

/** Results are matched to entries by order, so if one is missing, none can be assigned. */
export const toPutRecordsResponse = (
  output: Sdk.PutRecordsCommandOutput,
  { records: entries }: Api.PutRecordsRequest
): Api.PutRecordsResponse => {
  const records = required(output.Records, "Records").map(toPutRecordsResult)
  if (records.length !== entries.length) {
    throw new Error(`the answer has ${records.length} results for ${entries.length} records`)
  }
  return putRecordsResponse(records)
}
