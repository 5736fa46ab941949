import type * as Sdk from "@aws-sdk/client-kinesis"
import type * as Api from "../../KinesisApi.js"
import type { Startable } from "../../Position.js"

export const streamInput = (stream: string): { readonly StreamARN: string } | { readonly StreamName: string } =>
  stream.startsWith("arn:") ? { StreamARN: stream } : { StreamName: stream }

export const listShardsInput = (request: Api.ListShardsRequest): Sdk.ListShardsCommandInput =>
  request.nextToken === undefined
    ? {
      ...streamInput(request.stream),
      MaxResults: request.maxResults,
      ShardFilter: request.shardFilter && {
        Type: request.shardFilter.type,
        ...("timestamp" in request.shardFilter ? { Timestamp: new Date(request.shardFilter.timestamp) } : {}),
        ...("shardId" in request.shardFilter ? { ShardId: request.shardFilter.shardId } : {})
      }
    }
    : { NextToken: request.nextToken, MaxResults: request.maxResults }

const positionInput = (
  position: Startable
): { readonly Type: Sdk.ShardIteratorType; readonly SequenceNumber?: string; readonly Timestamp?: Date } => {
  switch (position._tag) {
    case "TrimHorizon":
      return { Type: "TRIM_HORIZON" }
    case "Latest":
      return { Type: "LATEST" }
    case "AtTimestamp":
      return { Type: "AT_TIMESTAMP", Timestamp: new Date(position.timestamp) }
    case "AtSequenceNumber":
      return { Type: "AT_SEQUENCE_NUMBER", SequenceNumber: position.sequenceNumber }
    case "AfterSequenceNumber":
      return { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.sequenceNumber }
  }
}

export const shardIteratorInput = (request: Api.GetShardIteratorRequest): Sdk.GetShardIteratorCommandInput => {
  const { SequenceNumber, Timestamp, Type } = positionInput(request.position)
  return {
    ...streamInput(request.stream),
    ShardId: request.shardId,
    ShardIteratorType: Type,
    ...(SequenceNumber === undefined ? {} : { StartingSequenceNumber: SequenceNumber }),
    ...(Timestamp === undefined ? {} : { Timestamp })
  }
}

export const subscribeToShardInput = (request: Api.SubscribeToShardRequest): Sdk.SubscribeToShardCommandInput => ({
  ConsumerARN: request.consumerArn,
  ShardId: request.shardId,
  StartingPosition: positionInput(request.position)
})

export const registerStreamConsumerInput = (
  request: Api.RegisterStreamConsumerRequest
): Sdk.RegisterStreamConsumerCommandInput => ({
  StreamARN: request.streamArn,
  ConsumerName: request.consumerName
})

export const streamConsumerInput = (request: Api.StreamConsumerRequest): Sdk.DescribeStreamConsumerCommandInput =>
  request.consumerArn === undefined
    ? { StreamARN: request.streamArn, ConsumerName: request.consumerName }
    : { ConsumerARN: request.consumerArn }

export const listStreamConsumersInput = (
  request: Api.ListStreamConsumersRequest
): Sdk.ListStreamConsumersCommandInput => ({
  StreamARN: request.streamArn,
  NextToken: request.nextToken,
  MaxResults: request.maxResults
})

/** A stream's name is not sent, since the iterator identifies the stream. An ARN is needed for a stream of another account. */
export const getRecordsInput = (request: Api.GetRecordsRequest): Sdk.GetRecordsCommandInput => ({
  ...(request.stream.startsWith("arn:") ? { StreamARN: request.stream } : {}),
  ShardIterator: request.shardIterator,
  Limit: request.limit
})

const entryInput = (entry: Api.PutRecordsEntry): Sdk.PutRecordsRequestEntry => ({
  Data: entry.data,
  PartitionKey: entry.partitionKey,
  ExplicitHashKey: entry.explicitHashKey
})

export const putRecordInput = (request: Api.PutRecordRequest): Sdk.PutRecordCommandInput => ({
  ...streamInput(request.stream),
  ...entryInput(request),
  SequenceNumberForOrdering: request.sequenceNumberForOrdering
})

export const putRecordsInput = (request: Api.PutRecordsRequest): Sdk.PutRecordsCommandInput => ({
  ...streamInput(request.stream),
  Records: request.records.map(entryInput)
})

export const describeStreamSummaryInput = (request: Api.StreamRequest): Sdk.DescribeStreamSummaryCommandInput =>
  streamInput(request.stream)

export const listStreamsInput = (request: Api.ListStreamsRequest): Sdk.ListStreamsCommandInput => ({
  NextToken: request.nextToken,
  Limit: request.limit
})

export const createStreamInput = (request: Api.CreateStreamRequest): Sdk.CreateStreamCommandInput => ({
  StreamName: request.stream,
  ...(request.shardCount === "on-demand"
    ? { StreamModeDetails: { StreamMode: "ON_DEMAND" } }
    : { ShardCount: request.shardCount })
})

export const deleteStreamInput = (request: Api.StreamRequest): Sdk.DeleteStreamCommandInput => ({
  ...streamInput(request.stream),
  EnforceConsumerDeletion: true
})

export const splitShardInput = (request: Api.SplitShardRequest): Sdk.SplitShardCommandInput => ({
  ...streamInput(request.stream),
  ShardToSplit: request.shardToSplit,
  NewStartingHashKey: request.newStartingHashKey
})

export const mergeShardsInput = (request: Api.MergeShardsRequest): Sdk.MergeShardsCommandInput => ({
  ...streamInput(request.stream),
  ShardToMerge: request.shardToMerge,
  AdjacentShardToMerge: request.adjacentShardToMerge
})

export const updateShardCountInput = (request: Api.UpdateShardCountRequest): Sdk.UpdateShardCountCommandInput => ({
  ...streamInput(request.stream),
  TargetShardCount: request.targetShardCount,
  ScalingType: "UNIFORM_SCALING"
})

export const retentionInput = (request: Api.RetentionPeriodRequest) => ({
  ...streamInput(request.stream),
  RetentionPeriodHours: request.retentionPeriodHours
})
