import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import { readFileSync } from "node:fs"
import { clientOptions } from "../support/httpServer.js"
import { answers, type Fixtures, fixturesFile, readRequest, requests } from "./fixtures.js"
import * as Server from "./server.js"

const fixtures: Fixtures = JSON.parse(readFileSync(fixturesFile, "utf8"))
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex")

describe("what Amazon's Java SDK v2 wrote in CBOR", () => {
  for (const [operation, read] of Object.entries(answers)) {
    it(`is read: the answer ${operation}`, async () => {
      const { expected, value } = await read(bytes(fixtures.answers[operation]!))
      assert.deepStrictEqual(value, expected)
    })
  }

  for (const [operation, value] of Object.entries(requests)) {
    it(`is read: the request ${operation}`, () => {
      assert.deepStrictEqual(readRequest(operation, bytes(fixtures.requests[operation]!)), value)
    })
  }

  it.scopedLive("says what our client says", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(Server.start),
        (server) => Effect.sync(server.close)
      )
      const client = yield* KinesisClient.make({ ...clientOptions(server.url), protocol: "cbor" })
      const stream = "orders"
      for (const _ of [1, 2]) {
        yield* client.putRecord({
          stream,
          partitionKey: "ключ \"1\"",
          explicitHashKey: "340282366920938463463374607431768211455",
          data: Server.allBytes
        })
        yield* client.putRecords({
          stream,
          records: [
            { partitionKey: "a", data: new TextEncoder().encode("kettle") },
            { partitionKey: "b", data: new Uint8Array() },
            { partitionKey: "c", data: new Uint8Array(300) }
          ]
        })
      }
      yield* client.listShards({
        stream,
        maxResults: 7,
        shardFilter: { type: "FROM_TIMESTAMP", timestamp: Server.instant.getTime() }
      })
      yield* client.getShardIterator({
        stream,
        shardId: Server.shardId,
        position: Position.atTimestamp(Server.instant)
      })
      for (const _ of [1, 2]) {
        yield* client.getRecords({ stream, shardId: Server.shardId, shardIterator: "AAA=", limit: 10_000 })
      }
      yield* client.describeStreamSummary({ stream })
      const sent = server.recorded.map(({ body, operation }) => [operation, readRequest(operation, body)] as const)
      assert.deepStrictEqual(
        sent.map(([operation, value]) => [operation, value]),
        sent.map(([operation]) => [operation, requests[operation]])
      )
      assert.strictEqual(sent.length, 9)
    }))
})
