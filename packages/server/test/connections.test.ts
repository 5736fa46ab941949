/** Connections that do what no client should, beside others that go on. */
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Http2 from "node:http2"
import * as Net from "node:net"
import * as Raw from "./support/raw.js"

const ShardId = "shardId-000000000000"

const started = KinesisServer.make({ streams: [{ name: "orders" }], limits: { sizes: false, throughput: false } })

const connected = (endpoint: string) =>
  Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const { hostname, port } = new URL(endpoint)
      const socket = Net.connect(Number(port), hostname, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const session = (endpoint: string) =>
  Effect.acquireRelease(
    Effect.async<Http2.ClientHttp2Session>((resume) => {
      const made = Http2.connect(endpoint, () => resume(Effect.succeed(made)))
      made.on("error", () => {})
    }),
    (made) => Effect.sync(() => made.destroy())
  )

/** A call of which the answer has begun, and is not read. */
const begun = (made: Http2.ClientHttp2Session, operation: string, body: object) =>
  Effect.async<number, Error>((resume) => {
    const stream = made.request({ ":method": "POST", ":path": "/", ...Raw.signed, ...Raw.target(operation) })
    stream.on("error", (error) => resume(Effect.fail(error)))
    stream.on("response", ({ ":status": status = 0 }) => resume(Effect.succeed(status)))
    stream.end(JSON.stringify(body))
  })

describe("a connection", () => {
  it.scopedLive("whose first bytes come one by one keeps nobody waiting", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started
      const socket = yield* connected(endpoint)
      socket.write("P")
      yield* Effect.sleep("20 millis")
      assert.strictEqual((yield* Raw.call(endpoint, "ListStreams", {})).status, 200)
      const answered = Effect.async<string>((resume) => {
        socket.once("data", (piece) => resume(Effect.succeed(String(piece))))
      })
      socket.write("UT / HTTP/1.1\r\nhost: here\r\n\r\n")
      assert.include(yield* answered, "HTTP/1.1 403")
    }))

  it.scopedLive("of HTTP/2 takes calls while large answers wait to be read", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started
      const Data = Buffer.alloc(9_000_000).toString("base64")
      yield* Raw.call(endpoint, "PutRecord", { StreamName: "orders", PartitionKey: "a", Data })
      const { body } = yield* Raw.call(endpoint, "GetShardIterator", {
        StreamName: "orders",
        ShardId,
        ShardIteratorType: "TRIM_HORIZON"
      })
      const made = yield* session(endpoint)
      for (let time = 0; time < 3; time++) assert.strictEqual(yield* begun(made, "GetRecords", body), 200)
      assert.strictEqual(yield* begun(made, "ListStreams", {}), 200)
    }))
})
