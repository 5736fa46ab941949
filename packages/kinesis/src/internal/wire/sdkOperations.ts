import * as Sdk from "@aws-sdk/client-kinesis"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Api from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import type { ExpiredIterator, ExpiredListToken, KinesisError } from "../../KinesisError.js"
import { RequestTimeout, ServiceUnavailable } from "../../KinesisError.js"
import * as ErrorMapping from "./errorMapping.js"
import { ReceivedRecords } from "./receivedRecords.js"
import {
  getRecordsInput,
  listShardsInput,
  putRecordInput,
  putRecordsInput,
  retentionInput,
  shardIteratorInput,
  streamInput
} from "./sdkInputs.js"
import * as Outputs from "./sdkOutputs.js"

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
      attempt(
        "listShards",
        request,
        new Sdk.ListShardsCommand(listShardsInput(request)),
        Outputs.toListShardsResponse
      ).pipe(Effect.catchTag("ExpiredIterator", unexpected)),
    getShardIterator: (request) =>
      send(
        "getShardIterator",
        request,
        new Sdk.GetShardIteratorCommand(shardIteratorInput(request)),
        Outputs.toGetShardIteratorResponse
      ),
    getRecords: (request) =>
      call("getRecords", request, getRecordsMillis, async (abortSignal) => {
        const output = await sendGetRecords(getRecordsInput(request), abortSignal)
        return await received(request, output)
      }).pipe(Effect.catchTag("ExpiredListToken", unexpected)),
    describeStreamSummary: (request) =>
      send(
        "describeStreamSummary",
        request,
        new Sdk.DescribeStreamSummaryCommand(streamInput(request.stream)),
        Outputs.toDescribeStreamSummaryResponse
      ),
    listStreams: (request) =>
      send(
        "listStreams",
        {},
        new Sdk.ListStreamsCommand({ NextToken: request.nextToken, Limit: request.limit }),
        Outputs.toListStreamsResponse
      ),
    putRecord: (request) =>
      send("putRecord", request, new Sdk.PutRecordCommand(putRecordInput(request)), Outputs.toPutRecordResponse),
    putRecords: (request) =>
      send(
        "putRecords",
        request,
        new Sdk.PutRecordsCommand(putRecordsInput(request)),
        (output) => Outputs.toPutRecordsResponse(request, output)
      ),
    dryRun: (request) =>
      call(request.operation, request, requestMillis, (abortSignal) => dryRun(sdk, request, abortSignal)).pipe(
        Effect.catchTag("ExpiredListToken", unexpected)
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

const received = async (
  request: Api.GetRecordsRequest,
  output: Sdk.GetRecordsCommandOutput
): Promise<Api.GetRecordsResponse> =>
  output instanceof ReceivedRecords
    ? output.page(request.stream, request.shardId) ?? Outputs.toGetRecordsResponse(request, await output.decodeBySdk())
    : Outputs.toGetRecordsResponse(request, output)

/** The service refuses what it would have done; what it has done, since it does not know the parameter, it has accepted too. */
const dryRun = async (sdk: Sdk.KinesisClient, request: Api.DryRunRequest, abortSignal: AbortSignal): Promise<void> => {
  const options = { abortSignal }
  const DryRun = true
  try {
    switch (request.operation) {
      case "getShardIterator": {
        const command = new Sdk.GetShardIteratorCommand({ ...shardIteratorInput(request), DryRun })
        return void Outputs.toGetShardIteratorResponse(await sdk.send(command, options))
      }
      case "getRecords": {
        const command = new Sdk.GetRecordsCommand({ ...getRecordsInput(request), DryRun })
        return void await received(request, await sdk.send(command, options))
      }
      case "putRecord": {
        const command = new Sdk.PutRecordCommand({ ...putRecordInput(request), DryRun })
        return void Outputs.toPutRecordResponse(await sdk.send(command, options))
      }
      case "putRecords": {
        const command = new Sdk.PutRecordsCommand({ ...putRecordsInput(request), DryRun })
        return void Outputs.toPutRecordsResponse(request, await sdk.send(command, options))
      }
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === "DryRunOperationException")) throw error
  }
}
