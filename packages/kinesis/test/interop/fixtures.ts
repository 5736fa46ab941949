import * as Sdk from "@aws-sdk/client-kinesis"
import { fileURLToPath } from "node:url"
import { kinesisCborCodec } from "../../src/internal/wire/cborCodec.js"
import * as ResultsCbor from "../../src/internal/wire/resultsCbor.js"
import { byOurs, outputBySdk } from "../support/received.js"
import { allBytes, instant, range, records, shardId } from "./server.js"

/** What Amazon's Java SDK v2 wrote, in hexadecimal. */
export interface Fixtures {
  readonly requests: Readonly<Record<string, string>>
  readonly answers: Readonly<Record<string, string>>
}

export const fixturesFile = fileURLToPath(new URL("../fixtures/java-cbor.json", import.meta.url))

/** What Java's requests say. */
export const requests: Readonly<Record<string, object>> = {
  PutRecord: {
    StreamName: "orders",
    PartitionKey: "ключ \"1\"",
    ExplicitHashKey: "340282366920938463463374607431768211455",
    Data: allBytes
  },
  PutRecords: {
    StreamName: "orders",
    Records: [
      { PartitionKey: "a", Data: Uint8Array.from(Buffer.from("kettle")) },
      { PartitionKey: "b", Data: new Uint8Array() },
      { PartitionKey: "c", Data: new Uint8Array(300) }
    ]
  },
  ListShards: {
    StreamName: "orders",
    MaxResults: 7,
    ShardFilter: { Type: "FROM_TIMESTAMP", Timestamp: instant }
  },
  GetShardIterator: {
    StreamName: "orders",
    ShardId: shardId,
    ShardIteratorType: "AT_TIMESTAMP",
    Timestamp: instant
  },
  GetRecords: { ShardIterator: "AAA=", Limit: 10_000 },
  DescribeStreamSummary: { StreamName: "orders" }
}

/** Bytes that the SDK's decoders left as views, as plain arrays: to be compared. */
const plain = (value: any): any =>
  value instanceof Uint8Array
    ? Uint8Array.from(value)
    : Array.isArray(value)
    ? value.map(plain)
    : typeof value === "object" && value !== null && !(value instanceof Date)
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
    : value

type Schema = Parameters<ReturnType<ReturnType<typeof kinesisCborCodec>["createDeserializer"]>["read"]>[0]

/** What a request says by our codec. */
export const readRequest = (operation: string, body: Uint8Array): unknown =>
  plain(kinesisCborCodec().createDeserializer().read((Sdk as any)[`${operation}Input$`] as Schema, body))

/** What Java's answers say: read by our client's decoder, or by the SDK's with our codec where ours leaves it to that one. */
export const answers: Readonly<
  Record<string, (body: Uint8Array) => Promise<{ readonly value: unknown; readonly expected: unknown }>>
> = {
  getRecords: async (body) => ({
    value: await byOurs("cbor", [body], shardId),
    expected: {
      records: records.map((record) => ({
        stream: "orders",
        shardId,
        sequenceNumber: record.SequenceNumber,
        partitionKey: record.PartitionKey,
        data: record.Data,
        approximateArrivalTimestamp: record.ApproximateArrivalTimestamp
      })),
      nextShardIterator: "AAA=",
      millisBehindLatest: 12,
      childShards: []
    }
  }),
  "getRecords last": async (body) => {
    const { $metadata: _, ...value } = await outputBySdk("cbor", [body])
    return {
      value,
      expected: {
        Records: [],
        MillisBehindLatest: 0,
        ChildShards: [{ ShardId: "shardId-000000000001", ParentShards: [shardId], HashKeyRange: range }]
      }
    }
  },
  putRecord: async (body) => ({
    value: ResultsCbor.ofPutRecord(Buffer.from(body)),
    expected: { shardId, sequenceNumber: "1" }
  }),
  putRecords: async (body) => ({
    value: ResultsCbor.ofPutRecords(Buffer.from(body)),
    expected: [
      { shardId, sequenceNumber: "2" },
      { errorCode: "InternalFailure", errorMessage: "not now: é" }
    ]
  }),
  listShards: async (body) => ({
    value: kinesisCborCodec().createDeserializer().read(Sdk.ListShardsOutput$ as never, body),
    expected: {
      NextToken: "T",
      Shards: [{ ShardId: shardId, HashKeyRange: range, SequenceNumberRange: { StartingSequenceNumber: "1" } }]
    }
  })
}
