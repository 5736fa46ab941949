import { GetRecordsCommand, KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { Readable } from "node:stream"
import { cborProtocol } from "../../src/internal/wire/cborProtocol.js"
import { jsonProtocol } from "../../src/internal/wire/jsonProtocol.js"
import type { PageDecoder } from "../../src/internal/wire/pageDecoder.js"
import type { ReceivedRecords } from "../../src/internal/wire/receivedRecords.js"
import { toGetRecordsResponse } from "../../src/internal/wire/sdkOutputs.js"
import type { GetRecordsResponse } from "../../src/KinesisApi.js"

const contentTypes = { json: "application/x-amz-json-1.1", cbor: "application/x-amz-cbor-1.1" }

/** What the SDK gives for an answer that comes in these pieces, through a protocol of ours. */
export const received = (protocol: "json" | "cbor", pieces: ReadonlyArray<Uint8Array>): Promise<ReceivedRecords> => {
  const response = {
    statusCode: 200,
    headers: { "content-type": contentTypes[protocol] },
    body: Readable.from(pieces.map((piece) => Buffer.from(piece)), { objectMode: true })
  }
  const sdk = new SdkClient({
    region: "us-east-1",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    protocol: protocol === "json" ? jsonProtocol("shared") : cborProtocol("shared"),
    requestHandler: { metadata: { handlerProtocol: "http/1.1" }, handle: async () => ({ response: response as never }) }
  })
  return sdk.send(new GetRecordsCommand({ ShardIterator: "i" })) as Promise<never>
}

/** The SDK's own decoding, in the library's words; undefined where it refuses, or something is missing. */
export const bySdk = async (answer: ReceivedRecords, shardId: string): Promise<GetRecordsResponse | undefined> => {
  try {
    return toGetRecordsResponse({ stream: "orders", shardId, shardIterator: "i" }, await answer.decodeBySdk())
  } catch {
    return undefined
  }
}

/** What a decoder makes of an answer that comes in these pieces. */
export const pageOf = (decoder: PageDecoder, shardId: string, pieces: ReadonlyArray<Uint8Array>) => {
  for (const piece of pieces) decoder.push(Buffer.isBuffer(piece) ? piece : Buffer.from(piece))
  return decoder.page("orders", shardId)
}

/** Bytes cut at these places. */
export const cut = (bytes: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end)).filter((piece) => piece.length > 0)
}
