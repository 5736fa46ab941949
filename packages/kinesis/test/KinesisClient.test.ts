import { KinesisClient as SdkClient } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, type Scope, TestClock } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import * as HttpServer from "./support/httpServer.js"

const ok = (body: unknown): HttpServer.Answer => () => ({ status: 200, body })

const connect = (server: HttpServer.Server, options: KinesisClient.Options = {}) =>
  KinesisClient.make({ ...HttpServer.clientOptions(server.url), ...options })

const refusing = (name: string, status = 400, message = "as told"): HttpServer.Answer => () => ({
  status,
  body: { __type: name, message }
})

describe.each(["json", "cbor"] as const)("KinesisClient over HTTP, in %s", (protocol) => {
  const connect = (server: HttpServer.Server) =>
    KinesisClient.make({ ...HttpServer.clientOptions(server.url), protocol })

  it.scopedLive("B27 sends only the token for the second page of a listing", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ Shards: [] }))
      const client = yield* connect(server)
      yield* client.listShards({ stream: "orders", shardFilter: { type: "AT_TIMESTAMP", timestamp: 1_500 } })
      yield* client.listShards({ nextToken: "token" })
      assert.deepStrictEqual(server.received.map((call) => call.body), [
        { StreamName: "orders", ShardFilter: { Type: "AT_TIMESTAMP", Timestamp: 1.5 } },
        { NextToken: "token" }
      ])
    }))

  it.scopedLive("names a stream by name or by ARN", () =>
    Effect.gen(function*() {
      const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
      const server = yield* HttpServer.make(ok({ ShardIterator: "i", Records: [], MillisBehindLatest: 0 }))
      const client = yield* connect(server)
      const position = Position.afterSequenceNumber("7")
      yield* client.getShardIterator({ stream: "orders", shardId: "shardId-0", position })
      yield* client.getShardIterator({ stream: arn, shardId: "shardId-0", position })
      yield* client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i", limit: 5 })
      yield* client.getRecords({ stream: arn, shardId: "shardId-0", shardIterator: "i" })
      const after = { ShardId: "shardId-0", ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: "7" }
      assert.deepStrictEqual(server.received.map((call) => call.body), [
        { StreamName: "orders", ...after },
        { StreamARN: arn, ...after },
        { ShardIterator: "i", Limit: 5 },
        { StreamARN: arn, ShardIterator: "i" }
      ])
    }))

  it.scopedLive("null and absent are the same in an answer", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ Records: [], NextShardIterator: null, ChildShards: null }))
      const client = yield* connect(server)
      const page = yield* client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i" })
      assert.deepStrictEqual(page, {
        records: [],
        nextShardIterator: undefined,
        millisBehindLatest: undefined,
        childShards: []
      })
    }))

  it.scopedLive("an answer that cannot be read is a typed error, not a crash", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ Records: [{ PartitionKey: "k" }] }))
      const client = yield* connect(server)
      const error = yield* Effect.flip(
        client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i" })
      )
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.include(error.message, "the answer has no SequenceNumber")
    }))

  it.scopedLive("goes over HTTP/1.1 and keeps the connection", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ StreamNames: [] }))
      const client = yield* connect(server)
      for (let i = 0; i < 10; i++) yield* client.listStreams({})
      assert.strictEqual(server.connections(), 1)
      assert.strictEqual(server.received[0]!.httpVersion, "1.1")
    }))

  it.scopedLive("makes one request a call: a throttle is seen, not retried underneath", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(refusing("ProvisionedThroughputExceededException"))
      const client = yield* connect(server)
      const error = yield* Effect.flip(
        client.getRecords({ stream: "orders", shardId: "shardId-0", shardIterator: "i" })
      )
      assert.strictEqual(error._tag, "ThrottledError")
      assert.strictEqual(error.message, "GetRecords on orders/shardId-0: throttled (throughput): as told")
      assert.strictEqual(server.received.length, 1)
    }))

  const answers: ReadonlyArray<readonly [name: string, status: number, tag: string]> = [
    ["ExpiredIteratorException", 400, "ExpiredIterator"],
    ["KMSThrottlingException", 400, "ThrottledError"],
    ["LimitExceededException", 400, "ThrottledError"],
    ["ResourceNotFoundException", 400, "ResourceNotFound"],
    ["ResourceInUseException", 400, "ResourceInUse"],
    ["InvalidArgumentException", 400, "InvalidArgument"],
    ["AccessDeniedException", 400, "AccessDenied"],
    ["UnrecognizedClientException", 400, "AccessDenied"],
    ["KMSDisabledException", 400, "KmsError"],
    ["InternalFailureException", 500, "ServiceUnavailable"],
    ["SomethingNew", 503, "ServiceUnavailable"],
    ["SomethingNew", 400, "InvalidArgument"]
  ]
  for (const [name, status, tag] of answers) {
    it.scopedLive(`B10 ${name} with ${status} is ${tag}`, () =>
      Effect.gen(function*() {
        const server = yield* HttpServer.make(refusing(name, status))
        const client = yield* connect(server)
        const error = yield* Effect.flip(client.getRecords({ stream: "orders", shardId: "s", shardIterator: "i" }))
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.operation, "GetRecords")
        assert.strictEqual(error.stream, "orders")
        assert.include(error.message, "as told")
      }))
  }

  it.scopedLive("an expired token of a listing is a typed error", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(refusing("ExpiredNextTokenException"))
      const client = yield* connect(server)
      assert.strictEqual((yield* Effect.flip(client.listShards({ nextToken: "t" })))._tag, "ExpiredListToken")
    }))

  it.scopedLive("denied access names the IAM action that is missing", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(refusing("AccessDeniedException"))
      const client = yield* connect(server)
      const error = yield* Effect.flip(client.listShards({ stream: "orders" }))
      assert.include(error.message, "kinesis:ListShards")
    }))

  it.scopedLive("B10 a connection that is refused or reset is unavailable", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => "reset")
      const client = yield* connect(server)
      assert.strictEqual((yield* Effect.flip(client.listStreams({})))._tag, "ServiceUnavailable")
      const gone = yield* Effect.scoped(HttpServer.make(() => "reset"))
      const nobody = yield* connect(gone)
      const error = yield* Effect.flip(nobody.listStreams({}))
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.include(error.message, "ECONNREFUSED")
    }))
})

const bytes = (status: number, contentType: string, text: string): HttpServer.Answer => () => ({
  status,
  contentType,
  bytes: Buffer.from(text)
})
const json = (status: number, body: object) => bytes(status, "application/x-amz-json-1.1", JSON.stringify(body))

describe("KinesisClient in CBOR, with an endpoint that does not speak it", () => {
  const read = (answer: HttpServer.Answer) =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(answer)
      const client = yield* connect(server, { protocol: "cbor" })
      return yield* client.getRecords({ stream: "orders", shardId: "s", shardIterator: "i" }).pipe(Effect.flip)
    })

  it.scopedLive("names the option", () =>
    Effect.gen(function*() {
      const record = { SequenceNumber: "1", PartitionKey: "k", Data: "a2V0dGxl" }
      const answers = [
        json(200, { Records: [] }),
        bytes(200, "text/html", "<html>"),
        json(400, { __type: "SerializationException" }),
        json(400, { __type: "UnknownOperationException" }),
        bytes(415, "text/html", "<html>"),
        bytes(404, "text/plain", "no such page"),
        ok({ Records: [record] })
      ]
      for (const answer of answers) {
        const error = yield* read(answer)
        assert.strictEqual(error._tag, "InvalidArgument")
        assert.include(error.message, "this endpoint does not speak CBOR; set protocol: \"json\"")
        assert.include(error.message, "GetRecords on orders/s: invalid protocol")
      }
    }))

  it.scopedLive("takes an error in JSON or of a proxy for what it is", () =>
    Effect.gen(function*() {
      const answers = [
        [json(400, { __type: "ProvisionedThroughputExceededException", message: "slow" }), "ThrottledError"],
        [json(400, { __type: "ExpiredIteratorException", message: "old" }), "ExpiredIterator"],
        [json(400, { __type: "com.amazonaws.kinesis#ResourceNotFoundException" }), "ResourceNotFound"],
        [json(400, { __type: "AccessDeniedException", message: "no" }), "AccessDenied"],
        [bytes(503, "text/html", "<html>"), "ServiceUnavailable"],
        [bytes(502, "", ""), "ServiceUnavailable"]
      ] as const
      for (const [answer, tag] of answers) assert.strictEqual((yield* read(answer))._tag, tag)
    }))
})

describe("KinesisClient over HTTP", () => {
  it.scopedLive("B16 a call has a deadline, and passing it closes the request", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => "silence")
      const client = yield* connect(server, { getRecordsTimeout: "50 millis", requestTimeout: "40 millis" })
      const read = yield* Effect.flip(client.getRecords({ stream: "orders", shardId: "s", shardIterator: "i" }))
      assert.match(read.message, /^GetRecords on orders\/s: no answer in time: waited 50ms; /)
      const list = yield* Effect.flip(client.listShards({ stream: "orders" }))
      assert.match(list.message, /^ListShards on orders: no answer in time: waited 40ms; /)
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.open() === 0 })
    }))

  it.scopedLive("interruption aborts the request", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(() => "silence")
      const client = yield* connect(server)
      const fiber = yield* Effect.fork(client.listStreams({}))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.received.length === 1 })
      yield* Fiber.interrupt(fiber)
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.aborted() === 1 })
    }))

  it.scopedLive("B64 no connection is left when the scope has closed, a call under way included", () =>
    Effect.gen(function*() {
      let answering = true
      const server = yield* HttpServer.make(() => answering ? { status: 200, body: { StreamNames: [] } } : "silence")
      yield* Effect.scoped(Effect.gen(function*() {
        const client = yield* connect(server)
        yield* Effect.all(Array.from({ length: 5 }, () => client.listStreams({})), { concurrency: "unbounded" })
        answering = false
        yield* Effect.forkScoped(client.listStreams({}))
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.received.length === 6 })
        assert.isAbove(server.open(), 0)
      }))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.open() === 0 })
    }))

  it.scopedLive("layerConfig reads its options from the configuration", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ StreamNames: ["orders"] }))
      const { credentials, region } = HttpServer.clientOptions(server.url)
      const layer = KinesisClient.layerConfig({
        endpoint: Config.string("KINESIS_ENDPOINT"),
        region: Config.succeed(region),
        credentials: Config.succeed(credentials)
      }).pipe(
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["KINESIS_ENDPOINT", server.url]]))))
      )
      const answer = yield* Effect.provide(Effect.flatMap(KinesisClient.KinesisClient, (_) => _.listStreams({})), layer)
      assert.deepStrictEqual(answer.streamNames, ["orders"])
    }))

  it.scopedLive("layerFromSdk takes a client that does not retry, and refuses one that does", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(ok({ StreamNames: ["orders"] }))
      const list = Effect.flatMap(KinesisClient.KinesisClient, (_) => _.listStreams({}))
      const of = (maxAttempts: number) =>
        Effect.acquireRelease(
          Effect.promise(async () => {
            const { NodeHttpHandler } = await import("@smithy/node-http-handler")
            return new SdkClient({
              ...HttpServer.clientOptions(server.url),
              maxAttempts,
              requestHandler: new NodeHttpHandler()
            })
          }),
          (sdk) => Effect.sync(() => sdk.destroy())
        )
      const answer = yield* Effect.provide(list, KinesisClient.layerFromSdk(yield* of(1)))
      assert.deepStrictEqual(answer.streamNames, ["orders"])
      const error = yield* Effect.flip(Effect.provide(list, KinesisClient.layerFromSdk(yield* of(3))))
      assert.include(error.message, "invalid maxAttempts: must be 1, was 3")
      assert.strictEqual(server.received.length, 1)
    }))

  it.scoped("an option that is wrong is refused before anything is sent", () =>
    Effect.gen(function*() {
      const wrong = [
        { endpoint: "localhost:4567" },
        { maxSockets: 0 },
        { protocol: "xml" as never },
        { recordMemory: "mine" as never }
      ]
      for (const options of wrong) {
        const exit = yield* Effect.exit(KinesisClient.make(options))
        assert.isTrue(Exit.isFailure(exit), JSON.stringify(options))
      }
    }))
})

describe("mapCalls", () => {
  /** Gives the name of what was called, and counts how often. */
  class Echo {
    calls = 0
    echo(operation: string) {
      this.calls++
      return Effect.succeed(operation) as never
    }
    listShards() {
      return this.echo("listShards")
    }
    getShardIterator() {
      return this.echo("getShardIterator")
    }
    getRecords() {
      return this.echo("getRecords")
    }
    describeStreamSummary() {
      return this.echo("describeStreamSummary")
    }
    listStreams() {
      return this.echo("listStreams")
    }
    putRecord() {
      return this.echo("putRecord")
    }
    putRecords() {
      return this.echo("putRecords")
    }
    dryRun() {
      return this.echo("dryRun")
    }
    createStream() {
      return this.echo("createStream")
    }
    deleteStream() {
      return this.echo("deleteStream")
    }
    splitShard() {
      return this.echo("splitShard")
    }
    mergeShards() {
      return this.echo("mergeShards")
    }
    updateShardCount() {
      return this.echo("updateShardCount")
    }
    increaseStreamRetentionPeriod() {
      return this.echo("increaseStreamRetentionPeriod")
    }
    decreaseStreamRetentionPeriod() {
      return this.echo("decreaseStreamRetentionPeriod")
    }
    registerStreamConsumer() {
      return this.echo("registerStreamConsumer")
    }
    describeStreamConsumer() {
      return this.echo("describeStreamConsumer")
    }
    listStreamConsumers() {
      return this.echo("listStreamConsumers")
    }
    deregisterStreamConsumer() {
      return this.echo("deregisterStreamConsumer")
    }
    subscribeToShard() {
      return this.echo("subscribeToShard")
    }
  }

  it.scoped("wraps every operation, those of a class too, and says which it is and of what", () =>
    Effect.gen(function*() {
      const wrapped: Array<KinesisClient.Call> = []
      const echo = new Echo()
      const client = KinesisClient.mapCalls(echo, (effect, call) => {
        wrapped.push(call)
        return effect
      })
      const operations = Object.getOwnPropertyNames(Echo.prototype).slice(2)
      assert.deepStrictEqual(Object.keys(client).sort(), [...operations].sort())
      for (const operation of operations as Array<KinesisClient.Operation>) {
        const request = { stream: operation }
        const call: (request: object) => Effect.Effect<unknown, unknown, Scope.Scope> = client[operation] as never
        assert.strictEqual(yield* call(request), operation)
        assert.deepStrictEqual<unknown>(wrapped.at(-1), { operation, request })
      }
      assert.strictEqual(echo.calls, operations.length)
    }))

  it.effect("a call is made anew each time that it is run, and not before", () =>
    Effect.gen(function*() {
      const echo = new Echo()
      const call = KinesisClient.mapCalls(echo, (effect) => effect).listStreams({})
      assert.strictEqual(echo.calls, 0)
      yield* call
      yield* call
      assert.strictEqual(echo.calls, 2)
    }))

  it.effect("a deadline names the call, a dry run by what it would do", () =>
    Effect.gen(function*() {
      const silent = KinesisClient.mapCalls(new Echo(), () => Effect.never)
      const client = KinesisClient.withDeadlines(silent, { requestTimeout: "1 second", getRecordsTimeout: "3 seconds" })
      const shard = { stream: "orders", shardId: "s" }
      for (
        const [call, name, millis] of [
          [client.getRecords({ ...shard, shardIterator: "i" }), "GetRecords", 3_000],
          [client.dryRun({ operation: "getRecords", ...shard, shardIterator: "i" }), "GetRecords", 1_000],
          [client.getShardIterator({ ...shard, position: Position.trimHorizon }), "GetShardIterator", 1_000]
        ] as const
      ) {
        const failing = yield* Effect.fork(Effect.flip(call as Effect.Effect<unknown, { readonly _tag: string }>))
        yield* TestClock.adjust(millis - 1)
        assert.isNull(failing.unsafePoll())
        yield* TestClock.adjust(1)
        assert.deepInclude<object>(yield* Fiber.join(failing), { _tag: "RequestTimeout", operation: name, ...shard })
      }
    }))
})
