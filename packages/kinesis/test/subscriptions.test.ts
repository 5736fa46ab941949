import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope, TestClock } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import { oneShard, put, shard0 } from "./support/reading.js"
import { recordingTracer } from "./support/spans.js"

/** A consumer of the stream, and a subscription of it to the only shard. */
const subscriber = Effect.fnUntraced(function*(options: LocalKinesis.Options = oneShard) {
  const { client, local } = yield* LocalKinesis.make(options)
  const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
  const { consumerArn } = yield* client.registerStreamConsumer({ streamArn, consumerName: "mine" })
  const request = { stream: "orders", consumerArn, shardId: shard0, position: Position.trimHorizon }
  return { client, local, request, streamArn, consumerArn }
})

const keysOf = ({ announced, event }: KinesisClient.Subscription) =>
  Effect.map(Effect.zipRight(announced, event), ({ records }) => records.map(({ partitionKey }) => partitionKey))

describe("a client that is wrapped", () => {
  it.scoped("mapCalls hands the subscription through, and its scope", () =>
    Effect.gen(function*() {
      const { client, local, request } = yield* subscriber()
      const calls: Array<KinesisClient.Call> = []
      const wrapped = KinesisClient.mapCalls(client, (effect, call) => {
        calls.push(call)
        return effect
      })
      const scope = yield* Scope.make()
      const subscription = yield* Scope.extend(wrapped.subscribeToShard(request), scope)
      yield* put(client, ["a"])
      const first = yield* Effect.fork(keysOf(subscription))
      yield* TestClock.adjust("70 millis")
      assert.deepStrictEqual(yield* Fiber.join(first), ["a"])
      assert.deepStrictEqual(calls, [{ operation: "subscribeToShard", request }])
      const waiting = yield* Effect.fork(Effect.flip(subscription.announced))
      yield* TestClock.adjust("1 second")
      assert.isNull(waiting.unsafePoll())
      assert.strictEqual((yield* local.subscriptions).length, 1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Option.isNone(yield* Fiber.join(waiting)))
      assert.deepStrictEqual(yield* local.subscriptions, [])
    }))

  it.scoped("a call that fails leaves nothing in its scope", () =>
    Effect.gen(function*() {
      const { client, local, request } = yield* subscriber()
      yield* local.throttle({ operation: "subscribeToShard" })
      const error = yield* Effect.flip(client.subscribeToShard(request))
      assert.deepInclude(error, { _tag: "ThrottledError", operation: "SubscribeToShard", shardId: shard0 })
      assert.deepStrictEqual(yield* local.subscriptions, [])
      yield* client.subscribeToShard(request)
    }))

  it.scoped("F96 a deadline is one for the acceptance, not for the subscription", () =>
    Effect.gen(function*() {
      const { client, local, request } = yield* subscriber({ ...oneShard, requestTimeout: "20 seconds" })
      const impatient = KinesisClient.withDeadlines(client, { requestTimeout: "1 second" })
      yield* local.hang({ operation: "subscribeToShard" })
      const late = yield* Effect.fork(Effect.flip(impatient.subscribeToShard(request)))
      yield* TestClock.adjust(999)
      assert.isNull(late.unsafePoll())
      yield* TestClock.adjust(1)
      assert.deepInclude(yield* Fiber.join(late), {
        _tag: "RequestTimeout",
        operation: "SubscribeToShard",
        stream: "orders",
        shardId: shard0
      })
      const subscription = yield* impatient.subscribeToShard(request)
      const idle = yield* Effect.fork(keysOf(subscription))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(idle), [])
    }))

  it.scoped("the span is of the call, and over when it is accepted", () =>
    Effect.gen(function*() {
      const { client, request, streamArn } = yield* subscriber()
      const { named, recorded, tracer } = recordingTracer()
      const subscription = yield* Effect.withTracer(client.subscribeToShard(request), tracer)
      const [span] = named("Kinesis.SubscribeToShard")
      assert.deepStrictEqual([span!.kind, span!.outcome], ["client", "Success"])
      assert.deepStrictEqual(span!.attributes, {
        "rpc.system": "aws-api",
        "rpc.service": "Kinesis",
        "rpc.method": "SubscribeToShard",
        "aws.kinesis.stream_name": "orders",
        "messaging.destination.name": "orders",
        "messaging.destination.partition.id": shard0
      })
      const idle = yield* Effect.fork(Effect.withTracer(keysOf(subscription), tracer))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(idle)
      assert.strictEqual(recorded().length, 1)
      yield* Effect.withTracer(client.listStreamConsumers({ streamArn }), tracer)
      assert.strictEqual(named("Kinesis.ListStreamConsumers")[0]!.attributes["aws.kinesis.stream_name"], "orders")
    }))

  it.scoped("a deadline of a consumer's call names the stream", () =>
    Effect.gen(function*() {
      const { client, local, streamArn } = yield* subscriber()
      yield* local.hang({ operation: "listStreamConsumers", stream: "orders" })
      const late = yield* Effect.fork(Effect.flip(client.listStreamConsumers({ streamArn })))
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* Fiber.join(late), {
        _tag: "RequestTimeout",
        operation: "ListStreamConsumers",
        stream: streamArn
      })
    }))
})
