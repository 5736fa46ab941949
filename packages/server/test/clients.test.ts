/** The AWS SDK as it comes, and the library's client, over each transport. */
import * as Sdk from "@aws-sdk/client-kinesis"
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler"
import { Chunk, Effect, Stream } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

type Handler = NonNullable<Sdk.KinesisClientConfig["requestHandler"]>

const sdkOf = (endpoint: string, requestHandler?: Handler) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      new Sdk.KinesisClient({
        endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        maxAttempts: 1,
        ...(requestHandler === undefined ? {} : { requestHandler })
      })
    ),
    (sdk) => Effect.sync(() => sdk.destroy())
  )

const life = async (sdk: Sdk.KinesisClient, StreamName: string) => {
  await sdk.send(new Sdk.CreateStreamCommand({ StreamName, ShardCount: 1, Tags: { team: "shop" } }))
  await Sdk.waitUntilStreamExists({ client: sdk, maxWaitTime: 10, minDelay: 1 }, { StreamName })
  const Data = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const put = await sdk.send(new Sdk.PutRecordCommand({ StreamName, PartitionKey: "ключ", Data }))
  const several = await sdk.send(
    new Sdk.PutRecordsCommand({
      StreamName,
      Records: Array.from({ length: 3 }, (_, i) => ({ PartitionKey: `${i}`, Data: Uint8Array.of(i) }))
    })
  )
  const { ShardIterator } = await sdk.send(
    new Sdk.GetShardIteratorCommand({ StreamName, ShardId: put.ShardId, ShardIteratorType: "TRIM_HORIZON" })
  )
  const { Records = [] } = await sdk.send(new Sdk.GetRecordsCommand({ ShardIterator }))
  assert.deepStrictEqual(Records.map((record) => [...record.Data!]), [[...Data], [0], [1], [2]])
  assert.deepStrictEqual(Records.map((record) => record.SequenceNumber), [
    put.SequenceNumber,
    ...several.Records!.map((record) => record.SequenceNumber)
  ])
  assert.isBelow(Math.abs(Records[0]!.ApproximateArrivalTimestamp!.getTime() - Date.now()), 60_000)
  assert.strictEqual(Records[0]!.PartitionKey, "ключ")
  const { Tags } = await sdk.send(new Sdk.ListTagsForStreamCommand({ StreamName }))
  assert.deepStrictEqual(Tags, [{ Key: "team", Value: "shop" }])
  const missing = await sdk.send(new Sdk.DescribeStreamCommand({ StreamName: "gone" })).catch((error: unknown) => error)
  assert.instanceOf(missing, Sdk.ResourceNotFoundException)
}

describe("the AWS SDK", () => {
  it.scopedLive("on its defaults: HTTP/2 without TLS, known by its first bytes", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* KinesisServer.make()
      const sdk = yield* sdkOf(endpoint)
      yield* Effect.promise(() => life(sdk, "orders"))
    }))

  it.scopedLive("over HTTP/1.1, on the same port", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* KinesisServer.make()
      const sdk = yield* sdkOf(endpoint, new NodeHttpHandler())
      yield* Effect.promise(() => life(sdk, "orders"))
    }))

  for (
    const [name, handler] of [
      ["HTTP/2", (ca: string) => new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca } } as never)],
      ["HTTP/1.1", (ca: string) => new NodeHttpHandler({ httpsAgent: { ca } })]
    ] as const
  ) {
    it.scopedLive(`over TLS, ${name} by ALPN, with the certificate trusted`, () =>
      Effect.gen(function*() {
        const { certificate, tlsEndpoint } = yield* KinesisServer.make({ tls: true })
        const sdk = yield* sdkOf(tlsEndpoint!, handler(certificate!))
        yield* Effect.promise(() => life(sdk, "orders"))
      }))
  }

  it.scopedLive("does not accept the certificate untrusted", () =>
    Effect.gen(function*() {
      const { tlsEndpoint } = yield* KinesisServer.make({ tls: true })
      const sdk = yield* sdkOf(tlsEndpoint!, new NodeHttpHandler())
      const failed = yield* Effect.promise(() =>
        sdk.send(new Sdk.ListStreamsCommand({})).then(() => "answered", (error: Error) => error.message)
      )
      assert.match(failed, /self.signed|unable to verify/i)
    }))
})

describe("the library's client", () => {
  for (const protocol of ["json", "cbor"] as const) {
    it.scopedLive(`reads what it wrote, in ${protocol} over TLS`, () =>
      Effect.gen(function*() {
        const { certificate, clientOptions, tlsEndpoint } = yield* KinesisServer.make({
          tls: true,
          streams: [{ name: "orders", shardCount: 2 }]
        })
        const program = Effect.gen(function*() {
          const client = yield* KinesisClient.KinesisClient
          const records = Array.from({ length: 100 }, (_, i) => ({ partitionKey: `${i}`, data: Uint8Array.of(i) }))
          yield* client.putRecords({ stream: "orders", records })
          const read = yield* Stream.runCollect(
            KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })
          )
          assert.deepStrictEqual(
            Chunk.toReadonlyArray(read).map(({ data }) => data[0]!).sort((a, b) => a - b),
            records.map((_, i) => i)
          )
        })
        yield* Effect.provide(
          program,
          KinesisClient.layer({
            ...clientOptions,
            endpoint: tlsEndpoint!,
            certificateAuthority: certificate!,
            protocol
          })
        )
      }))
  }
})

it.scopedLive("a port that is taken is told, with what to do", () =>
  Effect.gen(function*() {
    const { endpoint } = yield* KinesisServer.make()
    const port = Number(new URL(endpoint).port)
    const error = yield* Effect.flip(KinesisServer.make({ port }))
    assert.include(error.message, `port ${port} of 127.0.0.1 is taken: choose another, or 0`)
    const wrong = yield* Effect.flip(KinesisServer.make({ port: 70_000 }))
    assert.include(wrong.message, "from 0 to 65535")
  }))
