import * as Sdk from "@aws-sdk/client-kinesis"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Api from "../../KinesisApi.js"
import type { Service, Subscription } from "../../KinesisClient.js"
import type { ExpiredIterator, ExpiredListToken, KinesisError } from "../../KinesisError.js"
import { InvalidArgument, RequestTimeout, ServiceUnavailable } from "../../KinesisError.js"
import * as Advice from "./advice.js"
import * as Contact from "./contact.js"
import * as ErrorMapping from "./errorMapping.js"
import type { FastOperations, Send as FastSend } from "./fastOperations.js"
import * as Inputs from "./sdkInputs.js"
import * as Outputs from "./sdkOutputs.js"
import * as SdkSubscription from "./sdkSubscription.js"
import type * as Subscriptions from "./subscriptions.js"

const apiNames = new Map<string, string>()

/** `getRecords` -> `GetRecords`, the same text each time: it is kept with each shard. */
export const apiName = (operation: string): string => {
  let name = apiNames.get(operation)
  if (name === undefined) {
    name = operation[0]!.toUpperCase() + operation.slice(1)
    apiNames.set(operation, name)
  }
  return name
}

/** How long the calls may take, in milliseconds. */
export interface Deadlines {
  readonly getRecordsMillis: number
  readonly requestMillis: number
}

type Command<In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes> = Parameters<
  typeof Sdk.KinesisClient.prototype.send<In, Out>
>[0]

/** One request of an SDK client, and its answer. */
type Send<Request, Answer> = (sdk: Sdk.KinesisClient, request: Request, abortSignal: AbortSignal) => Promise<Answer>

const sent = <Request, In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes, Answer>(
  Command: new(input: In) => Command<In, Out>,
  input: (request: Request) => In,
  output: (output: Out, request: Request) => Answer
): Send<Request, Answer> =>
async (sdk, request, abortSignal) =>
  output(await sdk.send<In, Out>(new Command(input(request)), { abortSignal }), request)

const nothing = (): void => undefined

/** How the SDK sends every operation: its command, the command's input, and the conversion of its output. */
const operations = {
  listShards: sent(Sdk.ListShardsCommand, Inputs.listShardsInput, Outputs.toListShardsResponse),
  getRecords: sent(Sdk.GetRecordsCommand, Inputs.getRecordsInput, Outputs.toGetRecordsResponse),
  getShardIterator: sent(
    Sdk.GetShardIteratorCommand,
    Inputs.shardIteratorInput,
    Outputs.toGetShardIteratorResponse
  ),
  describeStreamSummary: sent(
    Sdk.DescribeStreamSummaryCommand,
    Inputs.describeStreamSummaryInput,
    Outputs.toDescribeStreamSummaryResponse
  ),
  listStreams: sent(Sdk.ListStreamsCommand, Inputs.listStreamsInput, Outputs.toListStreamsResponse),
  putRecord: sent(Sdk.PutRecordCommand, Inputs.putRecordInput, Outputs.toPutRecordResponse),
  putRecords: sent(Sdk.PutRecordsCommand, Inputs.putRecordsInput, Outputs.toPutRecordsResponse),
  createStream: sent(Sdk.CreateStreamCommand, Inputs.createStreamInput, nothing),
  deleteStream: sent(Sdk.DeleteStreamCommand, Inputs.deleteStreamInput, nothing),
  splitShard: sent(Sdk.SplitShardCommand, Inputs.splitShardInput, nothing),
  mergeShards: sent(Sdk.MergeShardsCommand, Inputs.mergeShardsInput, nothing),
  updateShardCount: sent(Sdk.UpdateShardCountCommand, Inputs.updateShardCountInput, nothing),
  increaseStreamRetentionPeriod: sent(Sdk.IncreaseStreamRetentionPeriodCommand, Inputs.retentionInput, nothing),
  decreaseStreamRetentionPeriod: sent(Sdk.DecreaseStreamRetentionPeriodCommand, Inputs.retentionInput, nothing),
  registerStreamConsumer: sent(
    Sdk.RegisterStreamConsumerCommand,
    Inputs.registerStreamConsumerInput,
    Outputs.toRegisterStreamConsumerResponse
  ),
  describeStreamConsumer: sent(
    Sdk.DescribeStreamConsumerCommand,
    Inputs.streamConsumerInput,
    Outputs.toDescribeStreamConsumerResponse
  ),
  listStreamConsumers: sent(
    Sdk.ListStreamConsumersCommand,
    Inputs.listStreamConsumersInput,
    Outputs.toListStreamConsumersResponse
  ),
  deregisterStreamConsumer: sent(Sdk.DeregisterStreamConsumerCommand, Inputs.streamConsumerInput, nothing),
  subscribeToShard: SdkSubscription.subscribe
}

/** The subject of a call, for its errors. */
interface About {
  readonly operation: string
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
}

/** One request with a deadline. Interruption and the deadline abort it. */
const call = <A>(
  sdk: Sdk.KinesisClient,
  about: About,
  millis: number,
  send: (abortSignal: AbortSignal) => Promise<A>
): Effect.Effect<A, KinesisError | ExpiredIterator | ExpiredListToken> =>
  Effect.async((resume) => {
    const controller = new AbortController()
    const late = setTimeout(() => {
      const description = Advice.ofWait(Duration.format(millis), Contact.of(sdk))
      resume(Effect.fail(new RequestTimeout({ ...about, description })))
      controller.abort()
    }, millis)
    send(controller.signal).then(
      (answer) => {
        clearTimeout(late)
        resume(Effect.succeed(answer))
      },
      (cause) => {
        clearTimeout(late)
        resume(Effect.fail(cause instanceof InvalidArgument ? cause : ErrorMapping.fromCause({ ...about, sdk }, cause)))
      }
    )
    return Effect.sync(() => {
      clearTimeout(late)
      controller.abort()
    })
  })

/** Calls of a client for streams of its region: one of another is refused, since the service would not find it. */
const callWithin = (sdk: Sdk.KinesisClient) => {
  let region: Promise<string> | undefined
  const refuseElsewhere = async (about: About, ofStream: string) => {
    const description = Advice.elsewhere(ofStream, await (region ??= sdk.config.region()))
    if (description !== undefined) throw new InvalidArgument({ ...about, field: "stream", description })
  }
  return <A>(about: About, millis: number, send: (abortSignal: AbortSignal) => Promise<A>) => {
    const ofStream = Advice.regionOfArn(about.stream)
    return ofStream === undefined
      ? call(sdk, about, millis, send)
      : call(sdk, about, millis, (abortSignal) => refuseElsewhere(about, ofStream).then(() => send(abortSignal)))
  }
}

const aboutOf = (operation: string, request: object): About => {
  const { shardId, stream, streamArn }: Omit<About, "operation"> & { readonly streamArn?: string } = request
  return { operation: apiName(operation), stream: stream ?? streamArn, shardId }
}

/** The service's operations, each one request of the SDK client, with a deadline. */
export const make = (
  sdk: Sdk.KinesisClient,
  { getRecordsMillis, requestMillis }: Deadlines,
  fast: Partial<FastOperations> = {}
): Service => {
  const attending = callWithin(sdk)
  const attempt =
    <Request extends object, A>(operation: string, send: Send<Request, A>, millis = requestMillis) =>
    (request: Request) =>
      attending(aboutOf(operation, request), millis, (abortSignal) => send(sdk, request, abortSignal))
  const quickest = <O extends keyof FastOperations>(operation: O): Send<any, any> => {
    const own: FastSend<any, any> | undefined = fast[operation]
    return own === undefined ? operations[operation] : (_, request, abortSignal) => own(request, abortSignal)
  }
  const served = <O extends keyof typeof operations>(operation: O, send: Send<any, any> = operations[operation]) => {
    const made = attempt(operation, send)
    return ((request: object) =>
      Effect.catchTags(made(request), { ExpiredIterator: unexpected, ExpiredListToken: unexpected })) as Service[O]
  }
  const listShards = attempt("listShards", operations.listShards)
  const listStreamConsumers = attempt("listStreamConsumers", operations.listStreamConsumers)
  const getRecords = attempt("getRecords", quickest("getRecords"), getRecordsMillis)
  return {
    listShards: (request) => Effect.catchTag(listShards(request), "ExpiredIterator", unexpected),
    getRecords: (request) => Effect.catchTag(getRecords(request), "ExpiredListToken", unexpected),
    dryRun: (request) => Effect.catchTag(attempt(request.operation, dryRun)(request), "ExpiredListToken", unexpected),
    getShardIterator: served("getShardIterator"),
    describeStreamSummary: served("describeStreamSummary"),
    listStreams: served("listStreams"),
    putRecord: served("putRecord", quickest("putRecord")),
    putRecords: served("putRecords", quickest("putRecords")),
    createStream: served("createStream"),
    deleteStream: served("deleteStream"),
    splitShard: served("splitShard"),
    mergeShards: served("mergeShards"),
    updateShardCount: served("updateShardCount"),
    increaseStreamRetentionPeriod: served("increaseStreamRetentionPeriod"),
    decreaseStreamRetentionPeriod: served("decreaseStreamRetentionPeriod"),
    registerStreamConsumer: served("registerStreamConsumer"),
    describeStreamConsumer: served("describeStreamConsumer"),
    listStreamConsumers: (request) => Effect.catchTag(listStreamConsumers(request), "ExpiredIterator", unexpected),
    deregisterStreamConsumer: served("deregisterStreamConsumer"),
    subscribeToShard: (request) => {
      const about = aboutOf("subscribeToShard", request)
      return subscribing(
        { ...about, sdk },
        quickest("subscribeToShard"),
        (send) => attending(about, requestMillis, (abortSignal) => send(sdk, request, abortSignal))
      )
    }
  }
}

type Subscribe = Send<Api.SubscribeToShardRequest, Subscriptions.Open>

/** A subscription lives until its scope ends: then, or if the call fails, its request is aborted. */
const subscribing = (
  about: About & { readonly sdk: Sdk.KinesisClient },
  subscribe: Subscribe,
  call: (send: Subscribe) => Effect.Effect<Subscriptions.Open, KinesisError | ExpiredIterator | ExpiredListToken>
): Effect.Effect<Subscription, KinesisError, Scope.Scope> =>
  Effect.suspend(() => {
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    const called = call((sdk, request, abortSignal) => {
      abortSignal.addEventListener("abort", abort)
      return subscribe(sdk, request, controller.signal)
    })
    return Effect.addFinalizer(() => Effect.sync(abort)).pipe(
      Effect.zipRight(Effect.mapError(called, expected)),
      Effect.map((open) => open((cause) => expected(ErrorMapping.fromCause(about, cause))))
    )
  })

/** Only reads and listings know of what expires. */
const expected = (error: KinesisError | ExpiredIterator | ExpiredListToken): KinesisError => {
  if (error._tag !== "ExpiredIterator" && error._tag !== "ExpiredListToken") return error
  const { cause, description, operation, shardId, stream } = error
  return new ServiceUnavailable({ operation, stream, shardId, description, cause })
}

const unexpected = (error: ExpiredIterator | ExpiredListToken) => Effect.fail(expected(error))

const DryRun = true

const dryRuns = {
  getShardIterator: sent(
    Sdk.GetShardIteratorCommand,
    (request: Api.GetShardIteratorRequest) => ({ ...Inputs.shardIteratorInput(request), DryRun }),
    Outputs.toGetShardIteratorResponse
  ),
  getRecords: sent(
    Sdk.GetRecordsCommand,
    (request: Api.GetRecordsRequest) => ({ ...Inputs.getRecordsInput(request), DryRun }),
    Outputs.toGetRecordsResponse
  ),
  putRecord: sent(
    Sdk.PutRecordCommand,
    (request: Api.PutRecordRequest) => ({ ...Inputs.putRecordInput(request), DryRun }),
    Outputs.toPutRecordResponse
  ),
  putRecords: sent(
    Sdk.PutRecordsCommand,
    (request: Api.PutRecordsRequest) => ({ ...Inputs.putRecordsInput(request), DryRun }),
    Outputs.toPutRecordsResponse
  )
}

/**
 * A refused dry run that would have succeeded counts as accepted, and so does a call that the service carried out because it does not
 * support the parameter.
 */
const dryRun: Send<Api.DryRunRequest, void> = async (sdk, request, abortSignal) => {
  const send: Send<any, unknown> = dryRuns[request.operation]
  try {
    await send(sdk, request, abortSignal)
  } catch (error) {
    if (!(error instanceof Error && error.name === "DryRunOperationException")) throw error
  }
}
