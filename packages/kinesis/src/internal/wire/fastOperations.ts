import * as Sdk from "@aws-sdk/client-kinesis"
import type * as Api from "../../KinesisApi.js"
import * as EntriesCbor from "./entriesCbor.js"
import * as EntriesJson from "./entriesJson.js"
import type { Sharing } from "./recordMemory.js"
import * as RepeatedCalls from "./repeatedCalls.js"
import * as ResultsCbor from "./resultsCbor.js"
import * as ResultsJson from "./resultsJson.js"
import type { Codec as SdkCodec, Encoding } from "./sdkHooks.js"
import * as Inputs from "./sdkInputs.js"
import * as Outputs from "./sdkOutputs.js"
import * as SealedPage from "./sealedPage.js"
import * as Subscriptions from "./subscriptions.js"

/** One request, and its answer. */
export type Send<Request, Answer> = (request: Request, abortSignal: AbortSignal) => Promise<Answer>

/** The operations that are called so often that they have a way of their own. */
export interface FastOperations {
  readonly getRecords: Send<Api.GetRecordsRequest, Api.GetRecordsResponse>
  readonly putRecord: Send<Api.PutRecordRequest, Api.PutRecordResponse>
  readonly putRecords: Send<Api.PutRecordsRequest, Api.PutRecordsResponse>
  readonly subscribeToShard: Send<Api.SubscribeToShardRequest, Subscriptions.Open>
}

/** The page that our own protocol decoded, or the one that the SDK did. */
export const getRecords: RepeatedCalls.Operation<Api.GetRecordsRequest, Api.GetRecordsResponse> = {
  schema: RepeatedCalls.schemaOf(Sdk.GetRecords$),
  Command: Sdk.GetRecordsCommand,
  input: Inputs.getRecordsInput,
  onSuccess: SealedPage.place,
  answer: (output: Sdk.GetRecordsCommandOutput, request) =>
    SealedPage.open(output) ?? Outputs.toGetRecordsResponse(output, request)
}

/** How requests of writers are written in an encoding, and their results read. */
interface Codec {
  readonly entries: typeof EntriesJson
  readonly results: typeof ResultsJson
  /** Whether an answer of this type is in the encoding. */
  readonly isOf: (contentType: string) => boolean
}

const codecs: Readonly<Record<Encoding, Codec>> = {
  json: { entries: EntriesJson, results: ResultsJson, isOf: () => true },
  cbor: { entries: EntriesCbor, results: ResultsCbor, isOf: (contentType) => contentType.includes("cbor") }
}

const putRecord = (
  { entries, isOf, results }: Codec
): RepeatedCalls.Operation<Api.PutRecordRequest, Api.PutRecordResponse> => ({
  schema: RepeatedCalls.schemaOf(Sdk.PutRecord$),
  Command: Sdk.PutRecordCommand,
  input: Inputs.putRecordInput,
  write: (request, allocate) =>
    isUsual(request) && isTextOrAbsent(request.sequenceNumberForOrdering)
      ? entries.putRecord(request, allocate)
      : undefined,
  read: (body, contentType) => isOf(contentType) ? results.ofPutRecord(body) : undefined,
  answer: Outputs.toPutRecordResponse
})

const putRecords = (
  { entries, isOf, results }: Codec
): RepeatedCalls.Operation<Api.PutRecordsRequest, Api.PutRecordsResponse> => ({
  schema: RepeatedCalls.schemaOf(Sdk.PutRecords$),
  Command: Sdk.PutRecordsCommand,
  input: Inputs.putRecordsInput,
  write: (request, allocate) => request.records.every(isUsual) ? entries.putRecords(request, allocate) : undefined,
  read: (body, contentType, request) => {
    const records = isOf(contentType) ? results.ofPutRecords(body) : undefined
    return records?.length === request.records.length ? Outputs.putRecordsResponse(records) : undefined
  },
  answer: Outputs.toPutRecordsResponse
})

const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === "string"

/** As the types have it: what programs without types give besides is the SDK's to judge. */
const isUsual = ({ data, explicitHashKey, partitionKey }: Api.PutRecordsEntry): boolean =>
  data instanceof Uint8Array && isTextOrAbsent(partitionKey) && isTextOrAbsent(explicitHashKey)

export interface Options extends RepeatedCalls.Options {
  readonly encoding: Encoding
  /** The SDK's own, for what is always in JSON. */
  readonly json: SdkCodec
  readonly recordMemory: Sharing
}

/** The operations of one SDK client. */
export const make = (sdk: Sdk.KinesisClient, options: Options): FastOperations => {
  const calls = RepeatedCalls.make(sdk, options)
  const codec = codecs[options.encoding]
  const sending = <Request extends { readonly stream: string }, Answer>(
    operation: RepeatedCalls.Operation<Request, Answer>
  ): Send<Request, Answer> =>
  (request, abortSignal) => RepeatedCalls.send(calls, operation, request, abortSignal)
  return {
    getRecords: sending(getRecords),
    putRecord: sending(putRecord(codec)),
    putRecords: sending(putRecords(codec)),
    subscribeToShard: Subscriptions.subscribing({ ...calls, bodies: undefined }, options.json, options.recordMemory)
  }
}
