import * as Sdk from "@aws-sdk/client-kinesis"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { kinesisCborCodec } from "../../src/internal/wire/cborCodec.js"

const codec = kinesisCborCodec()
const contentType = "application/x-amz-cbor-1.1"

/** A call as it came. */
export interface Recorded {
  readonly operation: string
  readonly body: Buffer
}

export const instant = new Date(1_763_942_400_123)
export const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)
export const shardId = "shardId-000000000000"
export const range = { StartingHashKey: "0", EndingHashKey: "9" }

export const records: ReadonlyArray<Sdk._Record> = [
  { SequenceNumber: "1", PartitionKey: "ключ \"1\"", Data: allBytes, ApproximateArrivalTimestamp: instant },
  { SequenceNumber: "2", PartitionKey: "b", Data: new Uint8Array(), ApproximateArrivalTimestamp: instant },
  { SequenceNumber: "3", PartitionKey: "c", Data: new Uint8Array(300), ApproximateArrivalTimestamp: instant }
]

type Schema = Parameters<ReturnType<ReturnType<typeof kinesisCborCodec>["createSerializer"]>["write"]>[0]
type Answer = readonly [schema: Schema, value: unknown, status?: number]

const refusal = (name: string, message: string): Answer => [
  15 as never,
  { __type: name, message },
  400
]

const getRecords = ({ ShardIterator: iterator }: Sdk.GetRecordsInput): Answer =>
  iterator === "expired"
    ? refusal("ExpiredIteratorException", "too old")
    : iterator === "throttled"
    ? refusal("ProvisionedThroughputExceededException", "too fast")
    : iterator === "last"
    ? [Sdk.GetRecordsOutput$, {
      Records: [],
      MillisBehindLatest: 0,
      ChildShards: [{ ShardId: "shardId-000000000001", ParentShards: [shardId], HashKeyRange: range }]
    }]
    : [Sdk.GetRecordsOutput$, { Records: records, NextShardIterator: "AAA=", MillisBehindLatest: 12 }]

const operations: Record<string, readonly [input: Schema, answer: (input: any) => Answer]> = {
  PutRecord: [Sdk.PutRecordInput$, () => [Sdk.PutRecordOutput$, { ShardId: shardId, SequenceNumber: "1" }]],
  PutRecords: [Sdk.PutRecordsInput$, () => [Sdk.PutRecordsOutput$, {
    FailedRecordCount: 1,
    Records: [
      { ShardId: shardId, SequenceNumber: "2" },
      { ErrorCode: "InternalFailure", ErrorMessage: "not now" },
      { ShardId: shardId, SequenceNumber: "3" }
    ]
  }]],
  ListShards: [
    Sdk.ListShardsInput$,
    ({ StreamName }) =>
      StreamName === "missing" ? refusal("ResourceNotFoundException", "no such stream") : [Sdk.ListShardsOutput$, {
        NextToken: "T",
        Shards: [{ ShardId: shardId, HashKeyRange: range, SequenceNumberRange: { StartingSequenceNumber: "1" } }]
      }]
  ],
  GetShardIterator: [Sdk.GetShardIteratorInput$, () => [Sdk.GetShardIteratorOutput$, { ShardIterator: "AAA=" }]],
  GetRecords: [Sdk.GetRecordsInput$, getRecords],
  DescribeStreamSummary: [Sdk.DescribeStreamSummaryInput$, () => [Sdk.DescribeStreamSummaryOutput$, {
    StreamDescriptionSummary: {
      StreamName: "orders",
      StreamARN: "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
      StreamStatus: "ACTIVE",
      RetentionPeriodHours: 24,
      StreamCreationTimestamp: instant,
      EnhancedMonitoring: [],
      OpenShardCount: 1
    }
  }]]
}

/** Speaks CBOR by our codec and keeps what it was asked. */
export const start = async (): Promise<{
  readonly url: string
  readonly recorded: Array<Recorded>
  readonly close: () => void
}> => {
  const recorded: Array<Recorded> = []
  const server = Http.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      if (request.headers["content-type"] !== contentType) {
        response.writeHead(415).end(`only ${contentType}, not ${request.headers["content-type"]}`)
        return
      }
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1)!
      const body = Buffer.concat(chunks)
      const [input, answer] = operations[operation]!
      const value = codec.createDeserializer().read(input, body)
      recorded.push({ operation, body })
      const [schema, output, status = 200] = answer(value)
      const serializer = codec.createSerializer()
      serializer.write(schema, output)
      response.writeHead(status, { "content-type": contentType }).end(serializer.flush())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
