import * as Sdk from "@aws-sdk/client-kinesis"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Api from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import type { ExpiredIterator, ExpiredListToken, KinesisError } from "../../KinesisError.js"
import { RequestTimeout, ServiceUnavailable } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import * as ErrorMapping from "./errorMapping.js"
import { ReceivedRecords } from "./receivedRecords.js"

/** `getRecords` -> `GetRecords` */
export const apiName = (operation: string): string => operation[0]!.toUpperCase() + operation.slice(1)

interface Target {
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
}

/** How long the calls may take, in milliseconds. */
export interface Deadlines {
  readonly getRecordsMillis: number
  readonly requestMillis: number
}

/** How GetRecords is sent. */
type SendGetRecords = (
  input: Sdk.GetRecordsCommandInput,
  abortSignal: AbortSignal
) => Promise<Sdk.GetRecordsCommandOutput>

/**
 * The service's operations, each one request of the SDK client, with a deadline. Interruption and the deadline abort the request.
 */
export const make = (
  sdk: Sdk.KinesisClient,
  { getRecordsMillis, requestMillis }: Deadlines,
  sendGetRecords: SendGetRecords = (input, abortSignal) => sdk.send(new Sdk.GetRecordsCommand(input), { abortSignal })
): Service => {
  const call = <A>(
    operation: keyof Service,
    { shardId, stream }: Target,
    millis: number,
    run: (abortSignal: AbortSignal) => Promise<A>
  ): Effect.Effect<A, KinesisError | ExpiredIterator | ExpiredListToken> =>
    Effect.async((resume) => {
      const about = { operation: apiName(operation), stream, shardId }
      const controller = new AbortController()
      const late = setTimeout(() => {
        resume(Effect.fail(new RequestTimeout({ ...about, description: `waited ${Duration.format(millis)}` })))
        controller.abort()
      }, millis)
      run(controller.signal).then(
        (answer) => {
          clearTimeout(late)
          resume(Effect.succeed(answer))
        },
        (cause) => {
          clearTimeout(late)
          resume(Effect.fail(ErrorMapping.fromCause(about, cause)))
        }
      )
      return Effect.sync(() => {
        clearTimeout(late)
        controller.abort()
      })
    })
  const attempt = <In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes, A>(
    operation: keyof Service,
    target: Target,
    command: Parameters<typeof sdk.send<In, Out>>[0],
    decode: (output: Out) => A
  ) => call(operation, target, requestMillis, async (abortSignal) => decode(await sdk.send(command, { abortSignal })))
  const send = <In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes, A>(
    operation: keyof Service,
    target: Target,
    command: Parameters<typeof sdk.send<In, Out>>[0],
    decode: (output: Out) => A
  ): Effect.Effect<A, KinesisError> =>
    Effect.catchTags(attempt(operation, target, command, decode), {
      ExpiredIterator: unexpected,
      ExpiredListToken: unexpected
    })

  return {
    listShards: (request) =>
      attempt("listShards", request, new Sdk.ListShardsCommand(listShardsInput(request)), (output) => ({
        shards: (output.Shards ?? []).map(toShard),
        nextToken: output.NextToken ?? undefined
      })).pipe(Effect.catchTag("ExpiredIterator", unexpected)),
    getShardIterator: (request) =>
      send("getShardIterator", request, new Sdk.GetShardIteratorCommand(shardIteratorInput(request)), (output) => ({
        shardIterator: required(output.ShardIterator, "ShardIterator")
      })),
    getRecords: (request) =>
      call("getRecords", request, getRecordsMillis, async (abortSignal) => {
        const output = await sendGetRecords(getRecordsInput(request), abortSignal)
        if (!(output instanceof ReceivedRecords)) return toGetRecordsResponse(request, output)
        return output.page(request.stream, request.shardId) ?? toGetRecordsResponse(request, await output.decodeBySdk())
      }).pipe(Effect.catchTag("ExpiredListToken", unexpected)),
    describeStreamSummary: (request) =>
      send(
        "describeStreamSummary",
        request,
        new Sdk.DescribeStreamSummaryCommand(streamInput(request.stream)),
        ({ StreamDescriptionSummary: summary }) => ({
          streamName: required(summary?.StreamName, "StreamName"),
          streamArn: required(summary?.StreamARN, "StreamARN"),
          streamStatus: required(summary?.StreamStatus, "StreamStatus"),
          streamMode: summary?.StreamModeDetails?.StreamMode ?? "PROVISIONED",
          retentionPeriodHours: required(summary?.RetentionPeriodHours, "RetentionPeriodHours"),
          openShardCount: required(summary?.OpenShardCount, "OpenShardCount"),
          recordDistributionStrategy: summary?.RecordDistributionStrategy ?? undefined,
          maxRecordSizeInKiB: summary?.MaxRecordSizeInKiB ?? undefined,
          creationTimestamp: summary?.StreamCreationTimestamp
        })
      ),
    listStreams: (request) =>
      send(
        "listStreams",
        {},
        new Sdk.ListStreamsCommand({ NextToken: request.nextToken, Limit: request.limit }),
        (output) => ({ streamNames: output.StreamNames ?? [], nextToken: output.NextToken ?? undefined })
      ),
    putRecord: (request) =>
      send(
        "putRecord",
        request,
        new Sdk.PutRecordCommand({
          ...streamInput(request.stream),
          ...entryInput(request),
          SequenceNumberForOrdering: request.sequenceNumberForOrdering
        }),
        (output) => ({
          shardId: required(output.ShardId, "ShardId"),
          sequenceNumber: required(output.SequenceNumber, "SequenceNumber")
        })
      ),
    putRecords: (request) =>
      send(
        "putRecords",
        request,
        new Sdk.PutRecordsCommand({ ...streamInput(request.stream), Records: request.records.map(entryInput) }),
        (output) => ({
          failedRecordCount: output.FailedRecordCount ?? 0,
          records: required(output.Records, "Records").map(toPutRecordsResult)
        })
      ),
    createStream: (request) =>
      send(
        "createStream",
        request,
        new Sdk.CreateStreamCommand({
          StreamName: request.stream,
          ...(request.shardCount === "on-demand"
            ? { StreamModeDetails: { StreamMode: "ON_DEMAND" } }
            : { ShardCount: request.shardCount })
        }),
        nothing
      ),
    deleteStream: (request) =>
      send(
        "deleteStream",
        request,
        new Sdk.DeleteStreamCommand({ ...streamInput(request.stream), EnforceConsumerDeletion: true }),
        nothing
      ),
    splitShard: (request) =>
      send(
        "splitShard",
        request,
        new Sdk.SplitShardCommand({
          ...streamInput(request.stream),
          ShardToSplit: request.shardToSplit,
          NewStartingHashKey: request.newStartingHashKey
        }),
        nothing
      ),
    mergeShards: (request) =>
      send(
        "mergeShards",
        request,
        new Sdk.MergeShardsCommand({
          ...streamInput(request.stream),
          ShardToMerge: request.shardToMerge,
          AdjacentShardToMerge: request.adjacentShardToMerge
        }),
        nothing
      ),
    updateShardCount: (request) =>
      send(
        "updateShardCount",
        request,
        new Sdk.UpdateShardCountCommand({
          ...streamInput(request.stream),
          TargetShardCount: request.targetShardCount,
          ScalingType: "UNIFORM_SCALING"
        }),
        nothing
      ),
    increaseStreamRetentionPeriod: (request) =>
      send(
        "increaseStreamRetentionPeriod",
        request,
        new Sdk.IncreaseStreamRetentionPeriodCommand(retentionInput(request)),
        nothing
      ),
    decreaseStreamRetentionPeriod: (request) =>
      send(
        "decreaseStreamRetentionPeriod",
        request,
        new Sdk.DecreaseStreamRetentionPeriodCommand(retentionInput(request)),
        nothing
      )
  }
}

const unexpected = ({ cause, description, operation, shardId, stream }: ExpiredIterator | ExpiredListToken) =>
  Effect.fail(new ServiceUnavailable({ operation, stream, shardId, description, cause }))

const nothing = (): void => undefined

const required = <A>(value: A | null | undefined, name: string): A => {
  if (value === null || value === undefined) throw new Error(`the answer has no ${name}`)
  return value
}

const streamInput = (stream: string): { readonly StreamARN: string } | { readonly StreamName: string } =>
  stream.startsWith("arn:") ? { StreamARN: stream } : { StreamName: stream }

const listShardsInput = (request: Api.ListShardsRequest): Sdk.ListShardsCommandInput =>
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

const shardIteratorInput = (request: Api.GetShardIteratorRequest): Sdk.GetShardIteratorCommandInput => {
  const shard = { ...streamInput(request.stream), ShardId: request.shardId }
  const { position } = request
  switch (position._tag) {
    case "TrimHorizon":
      return { ...shard, ShardIteratorType: "TRIM_HORIZON" }
    case "Latest":
      return { ...shard, ShardIteratorType: "LATEST" }
    case "AtTimestamp":
      return { ...shard, ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(position.timestamp) }
    case "AtSequenceNumber":
      return { ...shard, ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: position.sequenceNumber }
    case "AfterSequenceNumber":
      return { ...shard, ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: position.sequenceNumber }
  }
}

/** By name the request goes without the stream: the iterator says it. By ARN it is needed for another account's stream. */
const getRecordsInput = (request: Api.GetRecordsRequest): Sdk.GetRecordsCommandInput => ({
  ...(request.stream.startsWith("arn:") ? { StreamARN: request.stream } : {}),
  ShardIterator: request.shardIterator,
  Limit: request.limit
})

const entryInput = (entry: Api.PutRecordsEntry): Sdk.PutRecordsRequestEntry => ({
  Data: entry.data,
  PartitionKey: entry.partitionKey,
  ExplicitHashKey: entry.explicitHashKey
})

const retentionInput = (request: Api.RetentionPeriodRequest) => ({
  ...streamInput(request.stream),
  RetentionPeriodHours: request.retentionPeriodHours
})

const toHashKeyRange = (range: Sdk.HashKeyRange | undefined): Api.HashKeyRange => ({
  startingHashKey: required(range?.StartingHashKey, "StartingHashKey"),
  endingHashKey: required(range?.EndingHashKey, "EndingHashKey")
})

const toShard = (shard: Sdk.Shard): Api.Shard => ({
  shardId: required(shard.ShardId, "ShardId"),
  parentShardId: shard.ParentShardId ?? undefined,
  adjacentParentShardId: shard.AdjacentParentShardId ?? undefined,
  hashKeyRange: toHashKeyRange(shard.HashKeyRange),
  startingSequenceNumber: required(shard.SequenceNumberRange?.StartingSequenceNumber, "StartingSequenceNumber"),
  endingSequenceNumber: shard.SequenceNumberRange?.EndingSequenceNumber ?? undefined
})

const toChildShard = (shard: Sdk.ChildShard): Api.ChildShard => ({
  shardId: required(shard.ShardId, "ShardId"),
  parentShards: shard.ParentShards ?? [],
  hashKeyRange: toHashKeyRange(shard.HashKeyRange)
})

const toGetRecordsResponse = (
  request: Api.GetRecordsRequest,
  output: Sdk.GetRecordsCommandOutput
): Api.GetRecordsResponse => ({
  records: (output.Records ?? []).map((record) => toRecord(request, record)),
  nextShardIterator: output.NextShardIterator ?? undefined,
  millisBehindLatest: output.MillisBehindLatest ?? undefined,
  childShards: (output.ChildShards ?? []).map(toChildShard)
})

const toRecord = ({ shardId, stream }: Api.GetRecordsRequest, record: Sdk._Record): KinesisRecord => ({
  stream,
  shardId,
  sequenceNumber: required(record.SequenceNumber, "SequenceNumber"),
  partitionKey: record.PartitionKey ?? undefined,
  data: required(record.Data, "Data"),
  approximateArrivalTimestamp: record.ApproximateArrivalTimestamp ?? undefined
})

const toPutRecordsResult = (entry: Sdk.PutRecordsResultEntry): Api.PutRecordsResultEntry =>
  typeof entry.ErrorCode === "string"
    ? { errorCode: entry.ErrorCode, errorMessage: entry.ErrorMessage ?? "" }
    : {
      shardId: required(entry.ShardId, "ShardId"),
      sequenceNumber: required(entry.SequenceNumber, "SequenceNumber")
    }
