import { GetRecordsCommand, type GetRecordsCommandOutput, KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { Readable } from "node:stream"
import { cborProtocol } from "../../src/internal/wire/cborProtocol.js"
import * as FastOperations from "../../src/internal/wire/fastOperations.js"
import { jsonProtocol } from "../../src/internal/wire/jsonProtocol.js"
import type { PageDecoder } from "../../src/internal/wire/pageDecoder.js"
import * as RepeatedCalls from "../../src/internal/wire/repeatedCalls.js"
import * as SdkHooks from "../../src/internal/wire/sdkHooks.js"
import { toGetRecordsResponse } from "../../src/internal/wire/sdkOutputs.js"
import * as SealedPage from "../../src/internal/wire/sealedPage.js"
import type { GetRecordsRequest, GetRecordsResponse } from "../../src/KinesisApi.js"

const { Protocol } = SdkHooks.probe(SdkHooks.installed)

const contentTypes = { json: "application/x-amz-json-1.1", cbor: "application/x-amz-cbor-1.1" }

/** GetRecords, with undefined for what our protocol leaves to the SDK. */
const onlyOurs: RepeatedCalls.Operation<GetRecordsRequest, GetRecordsResponse | undefined> = {
  ...FastOperations.getRecords,
  answer: (output) => SealedPage.open(output)
}

/** An SDK client with a protocol of ours, and what it is answered. */
export const clientOf = (protocol: "json" | "cbor") => {
  let pieces: ReadonlyArray<Uint8Array> = []
  const handle = async () => ({
    response: {
      statusCode: 200,
      headers: { "content-type": contentTypes[protocol] },
      body: Readable.from(pieces.map((piece) => Buffer.from(piece)), { objectMode: true })
    } as never
  })
  const sdk = new SdkClient({
    region: "us-east-1",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    protocol: protocol === "json" ? jsonProtocol(Protocol, "shared") : cborProtocol(Protocol, "shared"),
    requestHandler: { metadata: { handlerProtocol: "http/1.1" }, handle }
  })
  const answering = (given: ReadonlyArray<Uint8Array>) => {
    pieces = given
  }
  const calls = RepeatedCalls.make(sdk)
  const send = (request: GetRecordsRequest) =>
    RepeatedCalls.send(calls, onlyOurs, request, new AbortController().signal)
  return { sdk, send, answering }
}

const clients = { json: clientOf("json"), cbor: clientOf("cbor") }

/** What a protocol of ours makes of an answer that comes in these pieces; undefined where it is left to the SDK, which may refuse it. */
export const byOurs = async (
  protocol: "json" | "cbor",
  pieces: ReadonlyArray<Uint8Array>,
  shardId: string
): Promise<GetRecordsResponse | undefined> => {
  const { answering, send } = clients[protocol]
  answering(pieces)
  try {
    return await send({ stream: "orders", shardId, shardIterator: "i" })
  } catch {
    return undefined
  }
}

/** The SDK's own output for an answer. */
export const outputBySdk = (
  protocol: "json" | "cbor",
  pieces: ReadonlyArray<Uint8Array>
): Promise<GetRecordsCommandOutput> => {
  const { answering, sdk } = clients[protocol]
  answering(pieces)
  return sdk.send(new GetRecordsCommand({ ShardIterator: "i" }))
}

/** The SDK's own decoding, in the library's words; undefined where it refuses, or something is missing. */
export const bySdk = async (
  protocol: "json" | "cbor",
  pieces: ReadonlyArray<Uint8Array>,
  shardId: string
): Promise<GetRecordsResponse | undefined> => {
  try {
    return toGetRecordsResponse(await outputBySdk(protocol, pieces), { stream: "orders", shardId, shardIterator: "i" })
  } catch {
    return undefined
  }
}

/** What a decoder makes of an answer that comes in these pieces. */
export const pageOf = (decoder: PageDecoder, pieces: ReadonlyArray<Uint8Array>) => {
  for (const piece of pieces) decoder.push(Buffer.isBuffer(piece) ? piece : Buffer.from(piece))
  return decoder.page()
}

/** Bytes cut at these places. */
export const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end)).filter((piece) => piece.length > 0)
}
