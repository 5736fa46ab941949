import * as Effect from "effect/Effect"
import type { GetRecordsResponse, PutRecordResponse, PutRecordsResponse } from "../../KinesisApi.js"
import type { Call, Operation } from "../../KinesisClient.js"
import { apiName } from "./sdkOperations.js"

/** By names of OpenTelemetry's semantic conventions for the AWS SDK and for messaging: https://opentelemetry.io/docs/specs/semconv/ */
export type Attributes = Readonly<Record<string, unknown>>

/** Effect's default tracer, in use when no other is provided: nobody sees its spans. */
const unseen = Effect.runSync(Effect.tracer)

/** Whether spans are recorded. */
export const isTraced: Effect.Effect<boolean> = Effect.map(Effect.tracer, (tracer) => tracer !== unseen)

/** A custom value: the conventions have none for Kinesis, and `aws_sqs` for its neighbour. */
export const system: Attributes = { "messaging.system": "aws_kinesis" }

/** `arn:aws:kinesis:eu-west-1:123456789012:stream/orders` -> `orders` */
const nameOf = (stream: string) => stream.slice(stream.lastIndexOf("/") + 1)

const operationTypes: Partial<Record<Operation, string>> = {
  getRecords: "receive",
  putRecord: "send",
  putRecords: "send"
}

const ofMessaging = (method: string, operation: Operation): Attributes => {
  const type = operationTypes[operation]
  return type === undefined ? {} : {
    ...system,
    "messaging.operation.name": method,
    "messaging.operation.type": type
  }
}

/** The name or the ARN of the stream that a request names. */
export const streamOf = (request: object): string | undefined => {
  const { stream, streamArn }: { readonly stream?: string; readonly streamArn?: string } = request
  return stream ?? streamArn
}

const ofStream = (stream: string | undefined): Attributes =>
  stream === undefined ? {} : {
    "aws.kinesis.stream_name": nameOf(stream),
    "messaging.destination.name": nameOf(stream)
  }

const ofRequest = ({ operation, request }: Call): Attributes => ({
  ...ofStream(streamOf(request)),
  ..."shardId" in request && { "messaging.destination.partition.id": request.shardId },
  ...operation === "putRecords" && { "messaging.batch.message_count": request.records.length },
  ...operation === "dryRun" && { "aws.kinesis.dry_run": true }
})

/** What an answer adds. */
const answers: { readonly [O in Operation]?: (answer: never) => Attributes } = {
  getRecords: ({ millisBehindLatest, records }: GetRecordsResponse) => ({
    "messaging.batch.message_count": records?.length,
    ...millisBehindLatest !== undefined && { "aws.kinesis.millis_behind_latest": millisBehindLatest }
  }),
  putRecord: ({ sequenceNumber, shardId }: PutRecordResponse) => ({
    "messaging.message.id": sequenceNumber,
    "messaging.destination.partition.id": shardId
  }),
  putRecords: ({ failedRecordCount }: PutRecordsResponse) => ({ "aws.kinesis.failed_record_count": failedRecordCount })
}

const ofAnswer = (operation: Operation, answer: unknown): Attributes => answers[operation]?.(answer as never) ?? {}

/** The type of a failure, by its tag. */
export const errorType = (error: unknown): Attributes => ({
  "error.type": (error as { readonly _tag?: string } | null | undefined)?._tag ?? "_OTHER"
})

const span = <A, E>(effect: Effect.Effect<A, E>, call: Call, known: Attributes): Effect.Effect<A, E> => {
  const { operation } = call
  const method = apiName(call.operation === "dryRun" ? call.request.operation : operation)
  const attributes = {
    "rpc.system": "aws-api",
    "rpc.service": "Kinesis",
    "rpc.method": method,
    ...known,
    ...ofMessaging(method, operation),
    ...ofRequest(call)
  }
  return effect.pipe(
    Effect.tapBoth({
      onSuccess: (answer) => Effect.annotateCurrentSpan(ofAnswer(operation, answer)),
      onFailure: (error) => Effect.annotateCurrentSpan(errorType(error))
    }),
    Effect.withSpan(`Kinesis.${method}`, { kind: "client", captureStackTrace: false, attributes })
  )
}

/** The parts of an SDK client's configuration that say where its calls go. */
interface Addressed {
  readonly config: {
    readonly region: () => Promise<string>
    readonly endpoint?: (() => Promise<{ readonly hostname: string; readonly port?: number | undefined }>) | undefined
  }
}

/** Where the calls of an SDK client go: the endpoint only if it was given. The calls say what is wrong with either. */
export const ofSdk = ({ config }: Addressed): Effect.Effect<Attributes> =>
  Effect.tryPromise(async () => {
    const { hostname, port } = await config.endpoint?.() ?? {}
    return {
      "cloud.region": await config.region(),
      ...hostname !== undefined && { "server.address": hostname },
      ...port !== undefined && { "server.port": port }
    }
  }).pipe(Effect.orElseSucceed(() => ({})))

/** A span for each call, where spans are recorded. `known` is asked for nowhere else. */
export const ofCalls =
  (known: Effect.Effect<Attributes>) => <A, E>(effect: Effect.Effect<A, E>, call: Call): Effect.Effect<A, E> =>
    Effect.flatMap(
      isTraced,
      (traced) => traced ? Effect.flatMap(known, (attributes) => span(effect, call, attributes)) : effect
    )
