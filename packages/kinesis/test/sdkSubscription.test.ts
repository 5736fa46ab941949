import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Scope } from "effect"
import { type KinesisClient, Position } from "effect-kinesis"
import type * as Http from "node:http"
import * as EventServer from "./support/eventServer.js"
import * as HttpServer from "./support/httpServer.js"
import { connect as connectBy, ways } from "./support/wireClients.js"

const consumerArn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/mine:1"
const request = { stream: "orders", consumerArn, shardId: "shardId-000000000000", position: Position.latest }

/** A client that reads events by the SDK alone. */
const connect = (server: { readonly url: string }, deadlines: KinesisClient.DeadlineOptions = {}) =>
  connectBy("sdk", server, {}, deadlines)

/** A subscription to a server that does as told. */
const subscribed = Effect.fnUntraced(function*(serve: (response: Http.ServerResponse) => void) {
  const server = yield* EventServer.make(serve)
  const client = yield* connect(server)
  return { server, client, subscription: yield* client.subscribeToShard(request) }
})

const sending = (...frames: ReadonlyArray<Uint8Array>) => (response: Http.ServerResponse) => {
  for (const frame of frames) response.write(frame)
}

const next = ({ announced, event }: KinesisClient.Subscription) =>
  Effect.map(Effect.zipRight(announced, event), ({ records }) => records.map(({ sequenceNumber }) => sequenceNumber))

const settled = (holds: () => boolean) => Effect.repeat(Effect.sleep("5 millis"), { until: holds })

describe("a subscription through the SDK", () => {
  it.scopedLive("asks for each position as the API has it", () =>
    Effect.gen(function*() {
      const server = yield* EventServer.make((response) => response.end(EventServer.initial))
      const client = yield* connect(server)
      const positions = [
        [Position.trimHorizon, { Type: "TRIM_HORIZON" }],
        [Position.latest, { Type: "LATEST" }],
        [Position.atTimestamp(1500), { Type: "AT_TIMESTAMP", Timestamp: 1.5 }],
        [Position.atSequenceNumber("7"), { Type: "AT_SEQUENCE_NUMBER", SequenceNumber: "7" }],
        [Position.afterSequenceNumber("7"), { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: "7" }]
      ] as const
      for (const [position] of positions) yield* client.subscribeToShard({ ...request, position })
      assert.deepStrictEqual(
        server.received.map(({ body }) => body),
        positions.map(([, StartingPosition]) => ({
          ConsumerARN: consumerArn,
          ShardId: request.shardId,
          StartingPosition
        }))
      )
    }))

  it.scopedLive("brings its events whole, and ends without an error", () =>
    Effect.gen(function*() {
      const end = {
        MillisBehindLatest: 0,
        Records: [],
        ContinuationSequenceNumber: null,
        ChildShards: [{
          ShardId: "shardId-1",
          ParentShards: ["shardId-0"],
          HashKeyRange: { StartingHashKey: "0", EndingHashKey: "9" }
        }]
      }
      const { subscription } = yield* subscribed((response) => {
        sending(EventServer.initial, EventServer.event(EventServer.records(7)), EventServer.event(end))(response)
        response.end()
      })
      const size = yield* subscription.announced
      assert.isAbove(size, 0)
      assert.strictEqual(yield* subscription.announced, size)
      assert.deepStrictEqual(yield* subscription.event, {
        records: [{
          stream: "orders",
          shardId: request.shardId,
          sequenceNumber: "7",
          partitionKey: "7",
          data: Uint8Array.from(Buffer.from("7")),
          approximateArrivalTimestamp: new Date(1500)
        }],
        continuationSequenceNumber: "7",
        millisBehindLatest: 0,
        childShards: []
      })
      yield* subscription.announced
      assert.deepStrictEqual(yield* subscription.event, {
        records: [],
        continuationSequenceNumber: undefined,
        millisBehindLatest: 0,
        childShards: [{
          shardId: "shardId-1",
          parentShards: ["shardId-0"],
          hashKeyRange: { startingHashKey: "0", endingHashKey: "9" }
        }]
      })
      assert.isTrue(Option.isNone(yield* Effect.flip(subscription.announced)))
      assert.isTrue(Option.isNone(yield* Effect.flip(subscription.announced)))
      assert.strictEqual((yield* Effect.flip(subscription.event))._tag, "ServiceUnavailable")
    }))

  const exceptions = [
    ["ResourceInUseException", "ResourceInUse"],
    ["ResourceNotFoundException", "ResourceNotFound"],
    ["KMSDisabledException", "KmsError"],
    ["KMSThrottlingException", "ThrottledError"],
    ["InternalFailureException", "ServiceUnavailable"]
  ] as const
  for (const [name, tag] of exceptions) {
    it.scopedLive(`F99 ${name} after events is ${tag}, and stays so`, () =>
      Effect.gen(function*() {
        const { subscription } = yield* subscribed((response) => {
          const event = EventServer.event(EventServer.records(1))
          sending(EventServer.initial, event, EventServer.exception(name, "as told"))(response)
          response.end()
        })
        assert.deepStrictEqual(yield* next(subscription), ["1"])
        for (let time = 0; time < 2; time++) {
          const error = Option.getOrThrow(yield* Effect.flip(subscription.announced))
          assert.deepInclude<object>(error, {
            _tag: tag,
            operation: "SubscribeToShard",
            stream: "orders",
            shardId: request.shardId
          })
          assert.include(error.message, "as told")
        }
      }))
  }

  it.scopedLive("F98 an event that is cut, or whose checksum is wrong, is an error, and nothing of it is yielded", () =>
    Effect.gen(function*() {
      const whole = EventServer.event(EventServer.records(1))
      const second = EventServer.event(EventServer.records(2))
      const wrong = Uint8Array.from(second)
      wrong[wrong.length - 10]! ^= 1
      const endings: ReadonlyArray<(response: Http.ServerResponse) => void> = [
        (response) => response.write(second.subarray(0, 100), () => response.socket!.destroy()),
        (response) => response.end(second.subarray(0, 100)),
        (response) => response.end(wrong)
      ]
      for (const ending of endings) {
        const { subscription } = yield* subscribed((response) => {
          sending(EventServer.initial, whole)(response)
          ending(response)
        })
        assert.deepStrictEqual(yield* next(subscription), ["1"])
        assert.strictEqual(Option.getOrThrow(yield* Effect.flip(subscription.announced))._tag, "ServiceUnavailable")
      }
    }))

  it.scopedLive("an event that cannot be read fails the subscription: the next one is not its successor", () =>
    Effect.gen(function*() {
      const unreadable = { ...EventServer.records(1), Records: [{ PartitionKey: "1" }] }
      const { subscription } = yield* subscribed(sending(
        EventServer.initial,
        EventServer.event(unreadable),
        EventServer.event(EventServer.records(2))
      ))
      for (let time = 0; time < 2; time++) {
        const error = Option.getOrThrow(yield* Effect.flip(subscription.announced))
        assert.include(error.message, "the answer has no SequenceNumber")
      }
    }))

  it.scopedLive("F100 an event of an unknown kind is passed over", () =>
    Effect.gen(function*() {
      const { subscription } = yield* subscribed(sending(
        EventServer.initial,
        EventServer.event({ Note: "new" }, "SomethingNew"),
        EventServer.event(EventServer.records(1, 2))
      ))
      assert.deepStrictEqual(yield* next(subscription), ["1", "2"])
    }))

  it.scopedLive("F110 the end of the scope closes the connection, whoever waits", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { server, subscription } = yield* Scope.extend(subscribed(sending(EventServer.initial)), scope)
      yield* Effect.fork(subscription.announced)
      yield* Effect.yieldNow()
      assert.strictEqual(server.open(), 1)
      const inner = yield* Scope.make()
      const client = yield* connect(server)
      yield* Scope.extend(client.subscribeToShard(request), inner)
      assert.strictEqual(server.open(), 2)
      yield* Scope.close(inner, Exit.void)
      yield* settled(() => server.open() === 1)
      yield* Scope.close(scope, Exit.void)
    }))

  it.scopedLive("F110 whoever waits can be interrupted, and loses nothing", () =>
    Effect.gen(function*() {
      const accepted = yield* Deferred.make<Http.ServerResponse>()
      const { subscription } = yield* subscribed((response) => {
        response.write(EventServer.initial)
        Deferred.unsafeDone(accepted, Exit.succeed(response))
      })
      const response = yield* Deferred.await(accepted)
      const waiting = yield* Effect.fork(subscription.announced)
      yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(waiting)
      const later = yield* Effect.fork(Effect.all([next(subscription), next(subscription)]))
      yield* Effect.sleep("10 millis")
      const news = EventServer.event({ Note: "new" }, "SomethingNew")
      sending(news, EventServer.event(EventServer.records(1)), EventServer.event(EventServer.records(2)))(response)
      assert.deepStrictEqual(yield* Fiber.join(later), [["1"], ["2"]])
    }))

  it.scopedLive("F96 one that is not answered fails at its deadline, and is closed", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => "silence")
      const client = yield* connect(server, { requestTimeout: "50 millis" })
      const error = yield* Effect.flip(client.subscribeToShard(request))
      assert.deepInclude(error, { _tag: "RequestTimeout", operation: "SubscribeToShard", shardId: request.shardId })
      yield* settled(() => server.open() === 0)
    }))

  it.scopedLive("one that is refused fails by its kind", () =>
    Effect.gen(function*() {
      const kinds = [
        ["ResourceInUseException", "ResourceInUse"],
        ["ResourceNotFoundException", "ResourceNotFound"],
        ["LimitExceededException", "ThrottledError"],
        ["InvalidArgumentException", "InvalidArgument"],
        ["AccessDeniedException", "AccessDenied"]
      ] as const
      for (const [name, tag] of kinds) {
        const server = yield* HttpServer.make(() => ({ status: 400, body: { __type: name, message: "as told" } }))
        const client = yield* connect(server)
        const error = yield* Effect.flip(client.subscribeToShard(request))
        assert.strictEqual(error._tag, tag)
        assert.include(error.message, "as told")
      }
    }))

  for (const way of ways) {
    it.scopedLive(`is in JSON, whatever the other calls are in: ${way}`, () =>
      Effect.gen(function*() {
        const server = yield* EventServer.make(
          sending(EventServer.initial, EventServer.event(EventServer.records(1)))
        )
        const scope = yield* Scope.make()
        const client = yield* connectBy(way, server)
        const subscription = yield* Scope.extend(client.subscribeToShard(request), scope)
        assert.deepStrictEqual(yield* next(subscription), ["1"])
        assert.strictEqual(server.received[0]!.contentType, "application/x-amz-json-1.1")
        yield* Scope.close(scope, Exit.void)
        yield* settled(() => server.open() === 0)
      }))
  }
})
