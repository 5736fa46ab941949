/** SubscribeToShard on the wire: the bytes, the AWS SDK on its defaults, and the library's client. */
import * as Sdk from "@aws-sdk/client-kinesis"
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { Effect, Option, Schedule } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import * as Http from "node:http"
import { crc32 } from "node:zlib"
import { codecs } from "../src/internal/codec/codec.js"
import * as Raw from "./support/raw.js"

const StreamARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
const ShardId = "shardId-000000000000"

const started = Effect.gen(function*() {
  const server = yield* KinesisServer.make({ streams: [{ name: "orders" }] })
  const { body } = yield* Raw.call(server.endpoint, "RegisterStreamConsumer", { StreamARN, ConsumerName: "app" })
  const put = (text: string) =>
    Raw.call(server.endpoint, "PutRecord", {
      StreamName: "orders",
      PartitionKey: "a",
      Data: Buffer.from(text).toString("base64")
    })
  return { ...server, put, consumerArn: body.Consumer.ConsumerARN as string }
})

interface Message {
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly payload: string
}

/** The whole messages of a body so far, read by the format's description. */
const messagesOf = (bytes: Buffer): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  for (let at = 0; at + 12 <= bytes.length && at + bytes.readUInt32BE(at) <= bytes.length;) {
    const total = bytes.readUInt32BE(at)
    const headersEnd = at + 12 + bytes.readUInt32BE(at + 4)
    assert.strictEqual(bytes.readUInt32BE(at + 8), crc32(bytes.subarray(at, at + 8)))
    assert.strictEqual(bytes.readUInt32BE(at + total - 4), crc32(bytes.subarray(at, at + total - 4)))
    const headers: Array<readonly [string, string]> = []
    for (let next = at + 12; next < headersEnd;) {
      const nameEnd = next + 1 + bytes[next]!
      const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1)
      assert.strictEqual(bytes[nameEnd], 7)
      headers.push([bytes.toString("latin1", next + 1, nameEnd), bytes.toString("latin1", nameEnd + 3, valueEnd)])
      next = valueEnd
    }
    messages.push({ headers, payload: bytes.toString("utf8", headersEnd, at + total - 4) })
    at += total
  }
  return messages
}

/** A subscription as its bytes come, until it ends by itself. */
const subscribe = (endpoint: string, consumerArn: string, inCbor = false) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly response: Http.IncomingMessage; readonly pieces: Array<Buffer> }>((resume) => {
        const request = Http.request(
          endpoint,
          {
            method: "POST",
            headers: { ...Raw.signed, ...Raw.target("SubscribeToShard"), "content-type": inCbor ? Raw.cbor : Raw.json }
          },
          (response) => {
            const pieces: Array<Buffer> = []
            response.on("data", (piece: Buffer) => pieces.push(piece)).on("error", () => {})
            resume(Effect.succeed({ response, pieces }))
          }
        )
        request.on("error", () => {})
        const input = { ConsumerARN: consumerArn, ShardId, StartingPosition: { Type: "TRIM_HORIZON" } }
        request.end(inCbor ? codecs().cbor.encode(Sdk.SubscribeToShardInput$, input) : JSON.stringify(input))
      }),
      ({ response }) => Effect.sync(() => response.destroy())
    ),
    ({ pieces, response }) => {
      const messages = Effect.sync(() => messagesOf(Buffer.concat(pieces)))
      const until = (count: number) =>
        Effect.repeat(messages, { until: (all) => all.length >= count, schedule: Schedule.spaced("5 millis") }).pipe(
          Effect.zipRight(messages)
        )
      const ended = Effect.async<void>((resume) => {
        if (response.closed) resume(Effect.void)
        else response.on("close", () => resume(Effect.void))
      })
      return { response, until, ended, messages }
    }
  )

const kindOf = ({ headers }: Message) => headers.map(([name, value]) => `${name}=${value}`)

describe("the bytes of a subscription", () => {
  it.scopedLive("begin with initial-response, at once, and have AWS's headers and order of members", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint, put } = yield* started
      const { response, until } = yield* subscribe(endpoint, consumerArn)
      assert.strictEqual(response.statusCode, 200)
      assert.strictEqual(response.headers["content-type"], "application/vnd.amazon.eventstream")
      const [initial] = yield* until(1)
      assert.deepStrictEqual(kindOf(initial!), [
        ":event-type=initial-response",
        ":content-type=application/x-amz-json-1.1",
        ":message-type=event"
      ])
      assert.strictEqual(initial!.payload, "{}")
      yield* put("kettle")
      const [, event] = yield* until(2)
      assert.deepStrictEqual(kindOf(event!), [
        ":event-type=SubscribeToShardEvent",
        ":content-type=application/x-amz-json-1.1",
        ":message-type=event"
      ])
      const value = JSON.parse(event!.payload)
      assert.deepStrictEqual(Object.keys(value), ["ContinuationSequenceNumber", "MillisBehindLatest", "Records"])
      assert.strictEqual(value.Records[0].Data, Buffer.from("kettle").toString("base64"))
      assert.isNumber(value.Records[0].ApproximateArrivalTimestamp)
    }))

  it.scopedLive("are the same for a call in CBOR: events are always JSON", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint, put } = yield* started
      yield* put("kettle")
      const { until } = yield* subscribe(endpoint, consumerArn, true)
      const [initial, event] = yield* until(2)
      assert.include(kindOf(initial!), ":content-type=application/x-amz-json-1.1")
      assert.strictEqual(JSON.parse(event!.payload).Records.length, 1)
    }))

  it.scopedLive("end with the children of a closed shard, and no continuation", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint } = yield* started
      const { ended, messages, until } = yield* subscribe(endpoint, consumerArn)
      yield* until(1)
      yield* Raw.call(endpoint, "SplitShard", {
        StreamName: "orders",
        ShardToSplit: ShardId,
        NewStartingHashKey: String(2n ** 127n)
      })
      yield* ended
      const value = JSON.parse((yield* messages).at(-1)!.payload)
      assert.deepStrictEqual(Object.keys(value), ["MillisBehindLatest", "Records", "ChildShards"])
      assert.deepStrictEqual(value.ChildShards.map((child: Sdk.ChildShard) => child.ParentShards), [[ShardId], [
        ShardId
      ]])
    }))

  it.scopedLive("end with an exception in the stream when another takes over, or the knobs say so", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint, local } = yield* started
      const { ended, messages, until } = yield* subscribe(endpoint, consumerArn)
      yield* until(1)
      yield* local.takeOver({ stream: "orders", consumer: "app", shardId: ShardId })
      yield* ended
      const last = (yield* messages).at(-1)!
      assert.deepStrictEqual(kindOf(last), [
        ":exception-type=ResourceInUseException",
        ":content-type=application/x-amz-json-1.1",
        ":message-type=exception"
      ])
      assert.include(JSON.parse(last.payload).message, "Another active subscription exists for this consumer")
    }))

  it.scopedLive("a refusal comes before the stream, in the protocol that was spoken", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint } = yield* started
      yield* subscribe(endpoint, consumerArn)
      const again = yield* Raw.call(endpoint, "SubscribeToShard", {
        ConsumerARN: consumerArn,
        ShardId,
        StartingPosition: { Type: "LATEST" }
      })
      assert.strictEqual(again.status, 400)
      assert.include(["ResourceInUseException", "LimitExceededException"], again.body.__type)
      const gone = yield* Raw.call(endpoint, "SubscribeToShard", {
        ConsumerARN: consumerArn.replace("/app:", "/gone:"),
        ShardId,
        StartingPosition: { Type: "LATEST" }
      })
      assert.strictEqual(gone.body.__type, "ResourceNotFoundException")
    }))

  it.scopedLive("break off in the middle of an event, or before the first message", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint, put, wire } = yield* started
      yield* wire.cutBody({ operation: "subscribeToShard" })
      const { ended, messages, until } = yield* subscribe(endpoint, consumerArn)
      yield* until(1)
      yield* put("a")
      yield* ended
      assert.strictEqual((yield* messages).length, 1)
    }))

  it.scopedLive("a caller that leaves gives the subscription back", () =>
    Effect.gen(function*() {
      const { consumerArn, endpoint, local } = yield* started
      yield* Effect.scoped(Effect.flatMap(subscribe(endpoint, consumerArn), ({ until }) => until(1)))
      const subscribed = (yield* local.calls).filter(({ operation }) => operation === "subscribeToShard")
      assert.deepStrictEqual(subscribed.map(({ outcome }) => outcome), ["ok"])
      yield* Effect.repeat(local.subscriptions, {
        until: (live) => live.length === 0,
        schedule: Schedule.spaced("5 millis")
      })
    }))
})

describe("the AWS SDK", () => {
  for (
    const [name, handler] of [["on its defaults", undefined], ["over HTTP/1.1", () => new NodeHttpHandler()]] as const
  ) {
    it.scopedLive(`reads by fan-out ${name}`, () =>
      Effect.gen(function*() {
        const { consumerArn, endpoint, put } = yield* started
        const sdk = new Sdk.KinesisClient({
          endpoint,
          region: "us-east-1",
          credentials: { accessKeyId: "a", secretAccessKey: "b" },
          ...(handler === undefined ? {} : { requestHandler: handler() })
        })
        yield* Effect.addFinalizer(() => Effect.sync(() => sdk.destroy()))
        const { EventStream } = yield* Effect.promise(() =>
          sdk.send(
            new Sdk.SubscribeToShardCommand({
              ConsumerARN: consumerArn,
              ShardId,
              StartingPosition: { Type: "AT_TIMESTAMP", Timestamp: new Date(1000) }
            })
          )
        )
        yield* put("kettle")
        yield* put("pot")
        const read = yield* Effect.promise(async () => {
          const texts: Array<string> = []
          for await (const { SubscribeToShardEvent: event } of EventStream!) {
            for (const { Data } of event?.Records ?? []) texts.push(Buffer.from(Data!).toString())
            if (texts.length === 2) break
          }
          return texts
        })
        assert.deepStrictEqual(read, ["kettle", "pot"])
      }))
  }
})

describe("the library's client", () => {
  it.scopedLive("subscribes, and is told of the end", () =>
    Effect.gen(function*() {
      const { clientOptions, consumerArn, local, put } = yield* started
      const program = Effect.gen(function*() {
        const client = yield* KinesisClient.KinesisClient
        const subscription = yield* client.subscribeToShard({
          stream: StreamARN,
          consumerArn,
          shardId: ShardId,
          position: Position.trimHorizon
        })
        yield* put("kettle")
        let texts: ReadonlyArray<string> = []
        while (texts.length === 0) {
          yield* subscription.announced
          texts = (yield* subscription.event).records.map(({ data }) => Buffer.from(data).toString())
        }
        assert.deepStrictEqual(texts, ["kettle"])
        yield* local.endSubscription({ stream: "orders" })
        const over = yield* Effect.flip(Effect.forever(Effect.zipRight(subscription.announced, subscription.event)))
        assert.isTrue(Option.isOption(over) && Option.isNone(over))
      })
      yield* Effect.provide(Effect.scoped(program), KinesisClient.layer(clientOptions))
    }))
})

it.scopedLive("what a stopped caller does not take stays with the engine", () =>
  Effect.gen(function*() {
    const { consumerArn, endpoint, put } = yield* started
    const { response, until } = yield* subscribe(endpoint, consumerArn)
    yield* until(1)
    response.pause()
    const large = "x".repeat(1024 * 1024 - 1)
    for (let i = 0; i < 3; i++) {
      yield* put(large)
      yield* Effect.sleep("1100 millis")
    }
    response.resume()
    const messages = yield* until(4)
    assert.deepStrictEqual(
      messages.flatMap(({ payload }) => JSON.parse(payload).Records ?? []).map(({ Data }: { Data: string }) =>
        Data.length
      ),
      Array(3).fill(Buffer.from(large).toString("base64").length)
    )
  }))
