import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock, type Types } from "effect"
import { type KinesisApi, KinesisClient, Position } from "effect-kinesis"
import * as HttpServer from "./support/httpServer.js"
import { connect, ways } from "./support/wireClients.js"

const stream = "orders"
const shardId = "shardId-000000000000"
const data = Uint8Array.of(1)

const requests: ReadonlyArray<Types.Simplify<KinesisApi.DryRunRequest>> = [
  { operation: "getShardIterator", stream, shardId, position: Position.trimHorizon },
  { operation: "getRecords", stream, shardId, shardIterator: "i" },
  { operation: "putRecord", stream, partitionKey: "k", data },
  { operation: "putRecords", stream, records: [{ partitionKey: "k", data }] }
]

describe.each(ways)("a dry run over HTTP, by %s", (way) => {
  it.scopedLive("is the request with DryRun, and succeeds when the service refuses it for that alone", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => ({
        status: 400,
        body: { __type: "DryRunOperationException", message: "would have succeeded" }
      }))
      const client = yield* connect(way, server)
      for (const request of requests) assert.strictEqual(yield* client.dryRun(request), undefined)
      assert.deepStrictEqual(server.received.map(({ operation }) => operation), [
        "GetShardIterator",
        "GetRecords",
        "PutRecord",
        "PutRecords"
      ])
      for (const { body } of server.received) assert.strictEqual(body.DryRun, true)
      assert.strictEqual(server.received[1]!.body.ShardIterator, "i")
      assert.strictEqual(server.received[2]!.body.PartitionKey, "k")
    }))

  it.scopedLive("fails as the request itself would", () =>
    Effect.gen(function*() {
      let name = "AccessDeniedException"
      const server = yield* HttpServer.make(() => ({ status: 400, body: { __type: name, message: "as told" } }))
      const client = yield* connect(way, server)
      for (const request of requests) {
        const error = yield* Effect.flip(client.dryRun(request))
        const action = `kinesis:${request.operation[0]!.toUpperCase()}${request.operation.slice(1)}`
        assert.deepInclude(error, { _tag: "AccessDenied", action, stream })
      }
      name = "ResourceNotFoundException"
      assert.strictEqual((yield* Effect.flip(client.dryRun(requests[2]!)))._tag, "ResourceNotFound")
      name = "ExpiredIteratorException"
      assert.strictEqual((yield* Effect.flip(client.dryRun(requests[1]!)))._tag, "ExpiredIterator")
    }))

  it.scopedLive("a real call never says DryRun, and an endpoint that carries the dry one out has accepted it", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => ({ status: 200, body: { ShardIterator: "i" } }))
      const client = yield* connect(way, server)
      yield* client.dryRun(requests[0]!)
      yield* client.getShardIterator({ stream, shardId, position: Position.trimHorizon })
      assert.isFalse("DryRun" in server.received[1]!.body)
      assert.strictEqual((yield* Effect.flip(client.dryRun(requests[2]!)))._tag, "ServiceUnavailable")
    }))
})

describe("a dry run in memory", () => {
  it.effect("judges arguments and what there is, and leaves no trace", () =>
    Effect.gen(function*() {
      const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream }] })
      const { shardIterator } = yield* client.getShardIterator({ stream, shardId, position: Position.trimHorizon })
      const [position, , record, records] = requests
      const all = [position!, { operation: "getRecords", stream, shardId, shardIterator } as const, record!, records!]
      for (let time = 0; time < 20; time++) for (const request of all) yield* client.dryRun(request)
      assert.deepStrictEqual(yield* local.records(stream), [])
      assert.deepStrictEqual((yield* client.getRecords({ stream, shardId, shardIterator })).records, [])
    }))

  it.effect("fails as the request itself would", () =>
    Effect.gen(function*() {
      const { client } = yield* LocalKinesis.make({ streams: [{ name: stream }] })
      const wrong: ReadonlyArray<readonly [KinesisApi.DryRunRequest, tag: string]> = [
        ...requests.filter(({ operation }) => operation !== "getRecords").map((request) =>
          [{ ...request, stream: "gone" }, "ResourceNotFound"] as const
        ),
        [{ operation: "getRecords", stream, shardId, shardIterator: "no iterator" }, "InvalidArgument"],
        [
          { operation: "getShardIterator", stream, shardId: "shardId-9", position: Position.latest },
          "ResourceNotFound"
        ],
        [{ operation: "putRecord", stream, data }, "InvalidArgument"],
        [{ operation: "putRecords", stream, records: [] }, "InvalidArgument"]
      ]
      for (const [request, tag] of wrong) {
        const error = yield* Effect.flip(client.dryRun(request))
        assert.strictEqual(error._tag, tag, JSON.stringify(request))
        assert.strictEqual(
          "operation" in error && error.operation[0]!.toLowerCase() + error.operation.slice(1),
          request.operation
        )
      }
    }))

  it.effect("has the deadline of the other calls", () =>
    Effect.gen(function*() {
      const { client } = yield* LocalKinesis.make({ streams: [{ name: stream }] })
      const never = KinesisClient.withDeadlines({ ...client, dryRun: () => Effect.never }, {
        requestTimeout: "1 second"
      })
      const asked = yield* Effect.fork(Effect.flip(never.dryRun(requests[2]!)))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(asked)
      assert.strictEqual(error.message, "PutRecord on orders: no answer in time: waited 1s")
    }))
})
