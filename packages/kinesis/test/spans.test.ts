import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, TestClock } from "effect"
import { Consumer, FailurePolicy, KinesisClient, RecordDecoder, ShardReader, Until } from "effect-kinesis"
import { application, eventually, withGroup } from "./support/groups.js"
import { oneShard, put, read, shard0, withKinesis } from "./support/reading.js"
import { recordingTracer } from "./support/spans.js"

const data = new Uint8Array([1, 2, 3])
const ofSdk = { "rpc.system": "aws-api", "rpc.service": "Kinesis" }

describe("spans of calls", () => {
  it.effect("each attempt of a call has a span with the names of the semantic conventions", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const { named, recorded, tracer } = recordingTracer()
        yield* put(client, ["a", "b"])
        yield* local.throttle({ operation: "getRecords" })
        const from = { stream: "orders", shardId: shard0, from: "trim-horizon" } as const
        const reading = yield* Effect.withTracer(
          read(ShardReader.pages({ ...from, until: Until.caughtUp })),
          tracer
        )
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(recorded().map(({ name }) => name), [
          "Kinesis.GetShardIterator",
          "Kinesis.GetRecords",
          "Kinesis.GetRecords"
        ])
        assert.isTrue(recorded().every(({ kind }) => kind === "client"))
        const [throttled, answered] = named("Kinesis.GetRecords")
        assert.strictEqual(throttled!.outcome, "Failure")
        assert.strictEqual(throttled!.attributes["error.type"], "ThrottledError")
        assert.strictEqual(answered!.outcome, "Success")
        assert.deepStrictEqual(answered!.attributes, {
          ...ofSdk,
          "rpc.method": "GetRecords",
          "aws.kinesis.stream_name": "orders",
          "aws.kinesis.millis_behind_latest": 0,
          "messaging.system": "aws_kinesis",
          "messaging.operation.name": "GetRecords",
          "messaging.operation.type": "receive",
          "messaging.destination.name": "orders",
          "messaging.destination.partition.id": shard0,
          "messaging.batch.message_count": 2
        })
      })))

  it.effect("records that are sent are, too; a stream goes by its name, and other calls are no messaging", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const { named, tracer } = recordingTracer()
        const records = [{ partitionKey: "a", data }, { partitionKey: "b", data }]
        const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
        const calls = Effect.gen(function*() {
          yield* client.putRecords({ stream: streamArn, records })
          yield* client.putRecord({ stream: "orders", partitionKey: "c", data })
          yield* client.dryRun({ operation: "putRecord", stream: "orders", partitionKey: "d", data })
          yield* client.listStreams({})
        })
        yield* Effect.withTracer(Effect.withSpan(calls, "mine"), tracer)
        assert.deepInclude(named("Kinesis.PutRecords")[0]!.attributes, {
          "messaging.operation.type": "send",
          "messaging.batch.message_count": 2,
          "aws.kinesis.failed_record_count": 0,
          "aws.kinesis.stream_name": "orders"
        })
        const [sent, dry] = named("Kinesis.PutRecord")
        assert.strictEqual(sent!.parent, "mine")
        assert.strictEqual(sent!.attributes["messaging.destination.partition.id"], shard0)
        assert.match(String(sent!.attributes["messaging.message.id"]), /^\d+$/)
        assert.strictEqual(dry!.attributes["aws.kinesis.dry_run"], true)
        assert.deepStrictEqual(named("Kinesis.ListStreams")[0]!.attributes, { ...ofSdk, "rpc.method": "ListStreams" })
      })))

  it.live("a client of the AWS SDK tells where its calls go", () =>
    Effect.scoped(Effect.gen(function*() {
      const { named, tracer } = recordingTracer()
      const client = yield* KinesisClient.make({
        region: "eu-west-1",
        endpoint: "http://127.0.0.1:9",
        credentials: { accessKeyId: "id", secretAccessKey: "secret" }
      })
      yield* Effect.withTracer(Effect.flip(client.listStreams({})), tracer)
      assert.deepInclude(named("Kinesis.ListStreams")[0]!.attributes, {
        "cloud.region": "eu-west-1",
        "server.address": "127.0.0.1",
        "server.port": 9,
        "error.type": "ServiceUnavailable"
      })
    })))

  it.effect("where nobody traces, a call is not even described", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const unreadable = {
          get stream(): string {
            throw new Error("was described")
          }
        }
        const spanned = KinesisClient.withSpans({ ...client, deleteStream: () => Effect.void })
        yield* spanned.deleteStream(unreadable)
        const { tracer } = recordingTracer()
        const exit = yield* Effect.exit(Effect.withTracer(spanned.deleteStream(unreadable), tracer))
        assert.strictEqual(exit._tag, "Failure")
      })))
})

describe("spans of groups", () => {
  const options = { application, stream: "orders", from: "trim-horizon" } as const

  const traced = <E, R>(
    consumer: Effect.Effect<unknown, E, R>,
    until: () => boolean,
    tracer: ReturnType<typeof recordingTracer>["tracer"]
  ) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.withTracer(Effect.withSpan(consumer, "program"), tracer))
      yield* eventually("all is handled", until)
      yield* Fiber.interrupt(fiber)
    })

  it.effect("each handler has a trace of its own, in which the user's spans are; each call on a lease has a span", () =>
    withGroup(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const { named, tracer } = recordingTracer()
        const [first] = yield* put(client, ["one", "two"])
        const consumer = Consumer.run({
          ...options,
          worker: "ann",
          onFailure: FailurePolicy.skip,
          handler: ({ sequenceNumber }) =>
            Effect.withSpan(sequenceNumber === first ? Effect.fail({ _tag: "Declined" }) : Effect.void, "charge")
        })
        yield* traced(consumer, () => named("charge").length === 2 && named("LeaseStore.renew").length > 0, tracer)
        const [failed, good] = named("process orders")
        assert.strictEqual(failed!.outcome, "Failure")
        assert.deepStrictEqual(failed!.attributes, {
          "messaging.system": "aws_kinesis",
          "messaging.operation.name": "process",
          "messaging.operation.type": "process",
          "messaging.destination.name": "orders",
          "messaging.destination.partition.id": shard0,
          "messaging.consumer.group.name": application,
          "messaging.message.id": first,
          "messaging.message.body.size": 3,
          "error.type": "Declined"
        })
        assert.deepStrictEqual([good!.kind, good!.parent, good!.outcome], ["consumer", undefined, "Success"])
        assert.deepStrictEqual(named("charge").map(({ parent }) => parent), ["process orders", "process orders"])
        const [claim] = named("LeaseStore.claim")
        assert.match(String(claim!.attributes["messaging.client.id"]), /^ann-/)
        assert.deepInclude(claim!.attributes, {
          "messaging.consumer.group.name": application,
          "messaging.destination.partition.id": shard0,
          "aws.kinesis.lease_key": shard0
        })
        assert.isNotEmpty(named("LeaseStore.renew"))
        assert.isNotEmpty(named("LeaseStore.checkpoint"))
      })))

  it.effect("a decoded value has its record's place, an invalid one too, and a page has its number of values", () =>
    withGroup(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const { named, tracer } = recordingTracer()
        const sent = yield* put(client, ["1", "x"])
        const decode = RecordDecoder.json(Schema.Int, { onInvalid: "either" })
        const byValue = Consumer.run({ ...options, decode, handler: () => Effect.void })
        yield* traced(byValue, () => named("process orders").length === 2, tracer)
        assert.deepStrictEqual(named("process orders").map((span) => span.attributes["messaging.message.id"]), sent)
        const byPage = recordingTracer()
        const pages = Consumer.run({ ...options, application: "pages", decode, pageHandler: () => Effect.void })
        yield* traced(pages, () => byPage.named("process orders").length === 1, byPage.tracer)
        assert.strictEqual(byPage.named("process orders")[0]!.attributes["messaging.batch.message_count"], 2)
      })))

  it.effect("a handler that returns no Effect is told so under a tracer too", () =>
    withGroup(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const { tracer } = recordingTracer()
        yield* put(client, ["one"])
        const handler = (async () => undefined) as never
        const fiber = yield* Effect.fork(Effect.withTracer(Consumer.run({ ...options, handler }), tracer))
        yield* TestClock.adjust("10 seconds")
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.include(
          error.message,
          "the handler must return an Effect, returned a Promise: wrap it in Effect.tryPromise"
        )
      })))
})
