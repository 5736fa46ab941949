import { KinesisClient as SdkClient, SubscribeToShardCommand } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { Effect, Exit, FastCheck as fc, Fiber, Logger, Option, Scope } from "effect"
import { KinesisClient, type KinesisError, Position } from "effect-kinesis"
import { execFile } from "node:child_process"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as SdkHooks from "../src/internal/wire/sdkHooks.js"
import * as SdkOperations from "../src/internal/wire/sdkOperations.js"
import { toSubscribeToShardEvent } from "../src/internal/wire/sdkOutputs.js"
import * as SdkTransport from "../src/internal/wire/sdkTransport.js"
import * as EventStreams from "./support/eventStreams.js"
import * as FanOutServer from "./support/fanOutServer.js"
import { clientOptions } from "./support/httpServer.js"
import { cut } from "./support/received.js"
import { signatureOf } from "./support/signature.js"

const run = promisify(execFile)

const consumerArn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1763942400"

const isTls = (server: FanOutServer.Server) => server.url.startsWith("https")

const connect = (server: FanOutServer.Server, options: KinesisClient.Options = {}) =>
  KinesisClient.make({
    ...clientOptions(server.url),
    ...(isTls(server) && options.requestHandler === undefined ? { certificateAuthority: server.certificate } : {}),
    ...options
  })

/** By which an endpoint of this kind is found to be one. */
const optionsOf = (kind: FanOutServer.Kind): KinesisClient.Options => kind === "h2c" ? { fanOutTransport: "http2" } : {}

const isHttp2 = (kind: FanOutServer.Kind): boolean => kind === "h2c" || kind === "tls"

const subscribe = (client: KinesisClient.Service, shardId = "shardId-000000000000") =>
  client.subscribeToShard({ stream: "orders", consumerArn, shardId, position: Position.trimHorizon })

const pull = ({ announced, event }: KinesisClient.Subscription) =>
  Effect.zipRight(announced, Effect.mapError(event, Option.some))

/** Pulls to the end: the numbers of the records, and how it ended. */
const drain = (subscription: KinesisClient.Subscription) =>
  Effect.gen(function*() {
    const numbers: Array<string> = []
    for (;;) {
      const next = yield* Effect.either(pull(subscription))
      if (next._tag === "Left") return { numbers, end: Option.getOrUndefined(next.left) }
      for (const { sequenceNumber } of next.right.records) numbers.push(sequenceNumber)
    }
  })

/** A subscription from its call to its end. */
const whole = (client: KinesisClient.Service) => Effect.scoped(Effect.flatMap(subscribe(client), drain))

const until = (condition: () => boolean) => Effect.repeat(Effect.sleep("2 millis"), { until: condition })

const allEnded = (server: FanOutServer.Server) => until(() => server.calls.every((call) => call.ended() !== undefined))

const usual = (call: FanOutServer.Call): void => {
  call.accept().write(EventStreams.accepted, EventStreams.event([1, 2]), EventStreams.emptyEvent)
  call.write(EventStreams.event([3]))
  call.end()
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}

/** Two events, and then this. */
const afterTwo = (then: (call: FanOutServer.Call) => void) => (call: FanOutServer.Call): void => {
  call.accept().write(EventStreams.accepted, EventStreams.event([1]), EventStreams.event([2]))
  setImmediate(then, call)
}

const written = (...bytes: ReadonlyArray<Uint8Array>) =>
  afterTwo((call) => {
    call.write(...bytes)
    call.end()
  })

const huge = Buffer.alloc(16)
huge.writeUInt32BE(0xffff_fff0, 0)

/** What a server does after two events, and how the subscription ends then. */
const endings: ReadonlyArray<
  readonly [
    what: string,
    server: (call: FanOutServer.Call) => void,
    end: { readonly tag: KinesisError.KinesisError["_tag"] | undefined; readonly says?: string },
    only?: "HTTP/2"
  ]
> = [
  ["an end", written(), { tag: undefined }],
  ["the end of the shard", written(EventStreams.lastEvent), { tag: undefined }],
  ["F99 an exception", written(EventStreams.exception("ResourceInUseException", "taken over")), {
    tag: "ResourceInUse",
    says: "taken over"
  }],
  ["F99 KMS", written(EventStreams.exception("KMSDisabledException", "disabled")), {
    tag: "KmsError",
    says: "disabled"
  }],
  ["F99 throttled KMS", written(EventStreams.exception("KMSThrottlingException", "slow")), { tag: "ThrottledError" }],
  ["F99 not found", written(EventStreams.exception("ResourceNotFoundException", "gone")), {
    tag: "ResourceNotFound",
    says: "gone"
  }],
  ["F99 internal", written(EventStreams.exception("InternalFailureException", "oh")), {
    tag: "ServiceUnavailable",
    says: "oh"
  }],
  ["F99 an error", written(EventStreams.failure("InternalError", "boom")), { tag: "ServiceUnavailable", says: "boom" }],
  ["F99 an unknown exception", written(EventStreams.exception("NewException", "new")), {
    tag: "ServiceUnavailable",
    says: "new"
  }],
  ["F98 a prelude with a wrong checksum", written(flipped(EventStreams.event([3]), 9)), {
    tag: "ServiceUnavailable",
    says: "checksum of a prelude"
  }],
  ["F98 a message with a wrong checksum", written(flipped(EventStreams.event([3]), 200)), {
    tag: "ServiceUnavailable",
    says: "checksum of a message"
  }],
  ["F98 a message that is cut by the end", written(EventStreams.event([3]).subarray(0, 200)), {
    tag: "ServiceUnavailable",
    says: "inside a message"
  }],
  ["F98 a huge message", written(huge), { tag: "ServiceUnavailable", says: "checksum of a prelude" }],
  ["a reset", afterTwo((call) => call.reset(2)), { tag: "ServiceUnavailable" }],
  [
    "a reset without an error in Node",
    afterTwo((call) => call.reset(8)),
    { tag: "ServiceUnavailable", says: "CANCEL" },
    "HTTP/2"
  ],
  ["a refusal that is too late", afterTwo((call) => call.reset(7)), { tag: "ServiceUnavailable" }, "HTTP/2"],
  ["a connection that is dropped", afterTwo((call) => call.drop()), { tag: "ServiceUnavailable" }],
  ["a GOAWAY with an error", afterTwo((call) => call.goAway(2)), { tag: "ServiceUnavailable" }, "HTTP/2"]
]

describe.each(FanOutServer.kinds)("a subscription by %s", (kind) => {
  const connected = (onCall: (call: FanOutServer.Call) => void, options: KinesisClient.Options = {}) =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make(kind, onCall)
      return { server, client: yield* connect(server, { ...optionsOf(kind), ...options }) }
    })

  it.scopedLive("brings events, and ends", () =>
    Effect.gen(function*() {
      const { client, server } = yield* connected(usual)
      for (let time = 0; time < 3; time++) {
        assert.deepStrictEqual(yield* whole(client), { numbers: ["1", "2", "3"], end: undefined })
      }
      const versions = server.calls.map(({ httpVersion }) => httpVersion)
      assert.deepStrictEqual(versions, Array(3).fill(isHttp2(kind) ? "2.0" : "1.1"))
      for (const call of server.calls) {
        assert.deepStrictEqual(call.body, {
          ConsumerARN: consumerArn,
          ShardId: "shardId-000000000000",
          StartingPosition: { Type: "TRIM_HORIZON" }
        })
        const host = new URL(server.url).host
        assert.strictEqual(call.headers[":authority"] ?? call.headers.host, host)
        assert.include(call.headers.authorization, signatureOf({ ...call, headers: { ...call.headers, host } }, "test"))
      }
      yield* allEnded(server)
    }))

  it.scopedLive.each(endings.filter(([, , , only]) => only === undefined || isHttp2(kind)))("%s", (
    [, onCall, { says = "", tag }]
  ) =>
    Effect.gen(function*() {
      let isFirst = true
      const { client, server } = yield* connected((call) => {
        if (isFirst) onCall(call)
        else usual(call)
        isFirst = false
      })
      const { end, numbers } = yield* whole(client)
      assert.deepStrictEqual(numbers, ["1", "2"])
      assert.strictEqual(end?._tag, tag, end?.message)
      assert.include(end?.description ?? "", says)
      if (end !== undefined) {
        assert.deepInclude({ ...end }, {
          operation: "SubscribeToShard",
          stream: "orders",
          shardId: "shardId-000000000000"
        })
      }
      assert.deepStrictEqual((yield* whole(client)).numbers, ["1", "2", "3"])
      yield* allEnded(server)
    }))

  it.scopedLive("is pulled: what nobody asks for stays with the service", () =>
    Effect.gen(function*() {
      const { client, server } = yield* connected((call) => call.accept().pour(EventStreams.event([1], 16_000)))
      const subscription = yield* subscribe(client)
      const [call] = server.calls
      yield* pull(subscription)
      let before = -1
      yield* until(() => {
        const isAtRest = before === call!.sent()
        before = call!.sent()
        return isAtRest
      })
      if (isHttp2(kind)) assert.isAtMost(call!.sent(), 1_100 * 1_024)
      for (let events = 0; events < 100; events++) yield* pull(subscription)
      yield* until(() => call!.sent() > before)
    }))

  it.scopedLive("announces an event by its size on the way, before it has come, and as often as it is asked", () =>
    Effect.gen(function*() {
      const large = EventStreams.event([7], 200_000)
      const { client, server } = yield* connected((call) => {
        call.accept().write(EventStreams.accepted, large.subarray(0, 300))
      })
      const { announced, event } = yield* subscribe(client)
      assert.strictEqual(yield* announced, large.length)
      assert.strictEqual(yield* announced, large.length)
      const taken = yield* Effect.fork(event)
      server.calls[0]!.write(large.subarray(300))
      server.calls[0]!.end()
      const { continuationSequenceNumber, records } = yield* Effect.flatten(taken.await)
      assert.strictEqual(records[0]!.data.length, 200_000)
      assert.isString(continuationSequenceNumber)
      assert.deepStrictEqual(yield* Effect.flip(announced), Option.none())
      assert.deepStrictEqual(yield* Effect.flip(announced), Option.none())
      assert.strictEqual((yield* Effect.flip(event))._tag, "ServiceUnavailable")
    }))

  it.scopedLive("loses nothing when a wait is interrupted", () =>
    Effect.gen(function*() {
      const { client, server } = yield* connected((call) => void call.accept().write(EventStreams.accepted))
      const { announced, event } = yield* subscribe(client)
      const [call] = server.calls
      const large = EventStreams.event([2], 100_000)
      for (const bytes of [EventStreams.event([1]).subarray(0, 50), EventStreams.event([1]).subarray(50)]) {
        const waiting = yield* Effect.fork(announced)
        call!.write(bytes)
        yield* Effect.sleep("5 millis")
        yield* Fiber.interrupt(waiting)
      }
      yield* announced
      assert.deepStrictEqual((yield* event).records.map(({ sequenceNumber }) => sequenceNumber), ["1"])
      call!.write(large.subarray(0, 50_000))
      yield* announced
      const waiting = yield* Effect.fork(event)
      yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(waiting)
      call!.write(large.subarray(50_000))
      assert.deepStrictEqual((yield* event).records.map(({ sequenceNumber }) => sequenceNumber), ["2"])
    }))

  it.scopedLive("F95 half an event is not yielded, and can be given up", () =>
    Effect.gen(function*() {
      const { client, server } = yield* connected(
        afterTwo((call) => void call.write(EventStreams.event([3]).subarray(0, 200)))
      )
      const numbers = yield* Effect.scoped(Effect.gen(function*() {
        const subscription = yield* subscribe(client)
        const numbers = [yield* pull(subscription), yield* pull(subscription)].flatMap(({ records }) => records)
        yield* subscription.announced
        assert.isTrue(Option.isNone(yield* Effect.timeoutOption(subscription.event, "20 millis")))
        return numbers.map(({ sequenceNumber }) => sequenceNumber)
      }))
      assert.deepStrictEqual(numbers, ["1", "2"])
      yield* allEnded(server)
    }))

  it.scopedLive("F96 a call that is never answered fails by its deadline, which is none for the subscription", () =>
    Effect.gen(function*() {
      let isSilent = true
      const { client, server } = yield* connected((call) => {
        if (isSilent) return
        call.accept().write(EventStreams.accepted)
        setTimeout(() => {
          call.write(EventStreams.event([1]))
          call.end()
        }, 150)
      }, { requestTimeout: "100 millis" })
      const error = yield* Effect.flip(whole(client))
      assert.strictEqual(error._tag, "RequestTimeout")
      yield* allEnded(server)
      isSilent = false
      const subscription = yield* Effect.retry(subscribe(client), { while: ({ _tag }) => _tag === "RequestTimeout" })
      assert.deepStrictEqual(yield* drain(subscription), { numbers: ["1"], end: undefined })
    }))

  it.scopedLive.each([["silence", 1], ["headers alone", 0], ["a flood", 2]])(
    "F110 the scope's end aborts %s",
    ([, what]) =>
      Effect.gen(function*() {
        const { client, server } = yield* connected((call) => {
          call.accept()
          if (what === 1) call.write(EventStreams.accepted)
          if (what === 2) call.pour(EventStreams.event([1], 10_000))
        })
        const scope = yield* Scope.make()
        const { announced } = yield* Scope.extend(subscribe(client), scope)
        const waiting = yield* Effect.fork(announced)
        if (what === 2) yield* waiting.await
        yield* Scope.close(scope, Exit.void)
        yield* allEnded(server)
        if (isHttp2(kind)) assert.strictEqual(server.calls[0]!.ended(), 8)
        if (what !== 2) assert.deepStrictEqual(yield* Effect.flip(announced), Option.none())
      })
  )

  it.scopedLive("fails as every call does when the service refuses it", () =>
    Effect.gen(function*() {
      let refusal: readonly [number, object] = [400, {}]
      const { client, server } = yield* connected((call) => call.refuse(...refusal))
      const refusals = [
        [400, "ResourceInUseException", "ResourceInUse"],
        [400, "ResourceNotFoundException", "ResourceNotFound"],
        [400, "LimitExceededException", "ThrottledError"],
        [400, "InvalidArgumentException", "InvalidArgument"],
        [400, "AccessDeniedException", "AccessDenied"],
        [500, "InternalFailure", "ServiceUnavailable"],
        [503, "Unheard", "ServiceUnavailable"]
      ] as const
      for (const time of [1, 2]) {
        for (const [status, name, tag] of refusals) {
          refusal = [status, { __type: name, message: "as told" }]
          const error = yield* Effect.flip(whole(client))
          assert.strictEqual(error._tag, tag, `${name}, time ${time}`)
          assert.include(error.message, "as told")
        }
      }
      yield* allEnded(server)
    }))

  it.scopedLive("an answer that is no stream of events is told by what it is", () =>
    Effect.gen(function*() {
      let answer: readonly [contentType: string, text: string] = ["", ""]
      const { client } = yield* connected((call) => {
        call.accept(answer[0]).write(Buffer.from(answer[1]))
        call.end()
      })
      const json = "application/x-amz-json-1.1"
      for (const time of [1, 2]) {
        const failed = (contentType: string, text: string) => {
          answer = [contentType, text]
          return Effect.map(whole(client), ({ end }) => end!)
        }
        const page = yield* failed("text/html", "<html>sign in, please</html>")
        assert.strictEqual(page._tag, "ServiceUnavailable")
        assert.include(page.message, "no stream of events, but HTTP 200 (text/html): <html>sign in", `time ${time}`)
        assert.include((yield* failed(json, "{}")).message, `HTTP 200 (${json}): {}`)
        const limit = yield* failed(json, JSON.stringify({ __type: "LimitExceededException", message: "too fast" }))
        assert.strictEqual(limit._tag, "ThrottledError")
        assert.include(limit.message, "too fast")
      }
    }))

  it.scopedLive("takes an event stream by whatever name it comes", () =>
    Effect.gen(function*() {
      const { client } = yield* connected((call) => {
        call.accept("application/octet-stream").write(EventStreams.accepted, EventStreams.event([1]))
        call.end()
      })
      assert.deepStrictEqual(yield* whole(client), { numbers: ["1"], end: undefined })
    }))

  it.scopedLive("is in JSON by a client of CBOR too", () =>
    Effect.gen(function*() {
      const { client, server } = yield* connected((call) => {
        if (call.shardId === "refused") call.refuse(400, { __type: "ResourceInUseException", message: "another" })
        else usual(call)
      }, { protocol: "cbor" })
      for (const _ of [1, 2]) {
        assert.deepStrictEqual((yield* whole(client)).numbers, ["1", "2", "3"])
        assert.strictEqual((yield* Effect.flip(Effect.scoped(subscribe(client, "refused"))))._tag, "ResourceInUse")
      }
      for (const { headers } of server.calls) assert.strictEqual(headers["content-type"], "application/x-amz-json-1.1")
    }))

  it.scopedLive("brings the children of a shard at its end", () =>
    Effect.gen(function*() {
      const { client } = yield* connected(written(EventStreams.lastEvent))
      const subscription = yield* subscribe(client)
      yield* pull(subscription)
      yield* pull(subscription)
      const { childShards, continuationSequenceNumber, records } = yield* pull(subscription)
      assert.deepStrictEqual(records, [])
      assert.isUndefined(continuationSequenceNumber)
      assert.deepStrictEqual(childShards.map(({ shardId }) => shardId), [
        "shardId-000000000001",
        "shardId-000000000002"
      ])
    }))
})

/** A handler that answers with these bytes, in these pieces, and keeps the hosts that it was asked for. */
const canned = (pieces: () => ReadonlyArray<Uint8Array>, hosts: Array<string> = []) => ({
  metadata: { handlerProtocol: "http/1.1" },
  handle: async ({ hostname }: { readonly hostname: string }) => {
    hosts.push(hostname)
    const body = Readable.from(pieces().map((piece) => Buffer.from(piece)), { objectMode: true })
    return {
      response: { statusCode: 200, headers: { "content-type": "application/vnd.amazon.eventstream" }, body }
    } as never
  }
})

/** Without an endpoint of its own. */
const { endpoint: _, ...inRegion } = clientOptions("")

/** The SDK's own events, in the library's words, and whether they came to an end. */
const bySdk = async (pieces: ReadonlyArray<Uint8Array>) => {
  const sdk = new SdkClient({ ...inRegion, maxAttempts: 1, requestHandler: canned(() => pieces) })
  const events: Array<unknown> = []
  try {
    const input = { ConsumerARN: consumerArn, ShardId: "s", StartingPosition: { Type: "LATEST" } } as const
    const { EventStream } = await sdk.send(new SubscribeToShardCommand(input))
    for await (const { SubscribeToShardEvent: event } of EventStream!) {
      if (event !== undefined) events.push(toSubscribeToShardEvent(event, { ...request, shardId: "s" }))
    }
    return { events, isWhole: true }
  } catch {
    return { events, isWhole: false }
  }
}

const request = { stream: "orders", consumerArn, shardId: "s", position: Position.latest }

const byOurs = (client: KinesisClient.Service) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const subscription = yield* client.subscribeToShard(request)
    const events: Array<unknown> = []
    for (;;) {
      const next = yield* Effect.either(pull(subscription))
      if (next._tag === "Left") return { events, isWhole: Option.isNone(next.left) }
      events.push(next.right)
    }
  })))

const anyRecord = fc.record({ number: fc.nat(), bytes: fc.uint8Array({ maxLength: 200 }) })
const anyMessage = fc.oneof(
  fc.constant(EventStreams.emptyEvent),
  fc.constant(EventStreams.lastEvent),
  fc.constant(EventStreams.exception("InternalFailureException", "oh")),
  fc.constant(EventStreams.eventOf("{}", "SomethingNew")),
  fc.constant(EventStreams.eventOf("{\"Records\":[],\"Unknown\":[1,{}],\"ContinuationSequenceNumber\":null}")),
  fc.constant(EventStreams.eventOf("{ \"Records\" : [] , \"ContinuationSequenceNumber\" : \"7\" }")),
  fc.array(anyRecord, { maxLength: 5 }).map((records) => EventStreams.eventOf(EventStreams.payloadOf(records))),
  fc.array(anyRecord, { maxLength: 5 }).map((records) => EventStreams.eventOf(EventStreams.payloadOf(records)))
)

describe("a subscription", () => {
  it.scopedLive("gives the events that the SDK's own event stream gives, for any messages in any pieces", () =>
    Effect.gen(function*() {
      let pieces: ReadonlyArray<Uint8Array> = []
      const client = yield* KinesisClient.make({ ...inRegion, requestHandler: canned(() => pieces) })
      let events = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(anyMessage, { maxLength: 6 }),
            fc.array(fc.nat(5_000), { maxLength: 8 }),
            fc.option(fc.nat(5_000), { nil: undefined }),
            async (messages, places, end) => {
              const all = Buffer.concat([EventStreams.accepted, ...messages])
              pieces = cut(end === undefined ? all : all.subarray(0, end), places)
              const ours = await byOurs(client)
              const sdks = await bySdk(pieces)
              assert.deepStrictEqual(ours.events, sdks.events)
              assert.isTrue(sdks.isWhole || !ours.isWhole)
              events += ours.events.length
            }
          ),
          { numRuns: 300 }
        )
      )
      assert.isAbove(events, 300)
    }))

  it.scopedLive("goes to the endpoint of its consumer's account", () =>
    Effect.gen(function*() {
      const hosts: Array<string> = []
      const client = yield* KinesisClient.make({
        ...inRegion,
        requestHandler: canned(() => [EventStreams.accepted], hosts)
      })
      const accounts = ["123456789012", "210987654321"]
      for (const account of [...accounts, ...accounts]) {
        const ofAccount = { ...request, consumerArn: consumerArn.replace("123456789012", account) }
        yield* Effect.scoped(client.subscribeToShard(ofAccount))
      }
      const expected = accounts.map((account) => `${account}.data-kinesis.us-east-1.amazonaws.com`)
      assert.deepStrictEqual(hosts, [...expected, ...expected])
    }))

  it.scopedLive("is sent as it is asked for, the first time and later", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("http", usual)
      const client = yield* connect(server)
      const positions = [
        [Position.latest, { Type: "LATEST" }],
        [Position.atSequenceNumber("7"), { Type: "AT_SEQUENCE_NUMBER", SequenceNumber: "7" }],
        [Position.afterSequenceNumber("8"), { Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: "8" }],
        [Position.atTimestamp(new Date(1_763_942_400_123)), { Type: "AT_TIMESTAMP", Timestamp: 1_763_942_400.123 }]
      ] as const
      for (const time of [1, 2]) {
        for (const [position, StartingPosition] of positions) {
          yield* Effect.scoped(client.subscribeToShard({ ...request, position }))
          assert.deepStrictEqual(server.calls.at(-1)!.body, {
            ConsumerARN: consumerArn,
            ShardId: "s",
            StartingPosition
          }, `time ${time}`)
        }
      }
      const constant = ({ headers }: FanOutServer.Call) => {
        const {
          "amz-sdk-invocation-id": _id,
          authorization: _signature,
          "content-length": _length,
          "x-amz-date": _date,
          ...others
        } = headers
        return { ...others, "x-amz-content-sha256": "" }
      }
      assert.deepStrictEqual(constant(server.calls.at(-1)!), constant(server.calls[0]!))
      assert.strictEqual(new Set(server.calls.map(({ headers }) => headers["amz-sdk-invocation-id"])).size, 8)
    }))

  it.scopedLive("F89 what was not sent says so", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", (call) => call.reset(7))
      const client = yield* connect(server, { fanOutTransport: "http2" })
      for (const _ of [1, 2]) {
        assert.deepInclude({ ...yield* Effect.flip(whole(client)) }, { _tag: "ServiceUnavailable", unsent: true })
      }
      server.stop()
      yield* until(() => server.openConnections() === 0)
      for (const fanOutTransport of ["http2", "http/1.1"] as const) {
        const client = yield* connect(server, { fanOutTransport })
        for (const _ of [1, 2]) {
          const error = yield* Effect.flip(whole(client))
          assert.deepInclude({ ...error }, { _tag: "ServiceUnavailable", unsent: true })
          assert.include(error.message, "nothing listens there")
        }
      }
      const silent = yield* FanOutServer.make("h2c", () => undefined)
      const waiting = yield* connect(silent, { fanOutTransport: "http2", requestTimeout: "20 millis" })
      assert.notProperty(yield* Effect.flip(whole(waiting)), "unsent")
    }))

  it.scopedLive("leaves the sockets of other calls alone, however many there are", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("http", (call) =>
        call.shardId === undefined
          ? call.refuse(200, { Records: [] })
          : void call.accept().write(EventStreams.accepted))
      const client = yield* connect(server, { maxSockets: 1 })
      yield* Effect.forEach(Array.from({ length: 60 }), () => subscribe(client), { concurrency: "unbounded" })
      yield* client.getRecords({ stream: "orders", shardId: "s", shardIterator: "i" })
      assert.strictEqual(server.openConnections(), 61)
    }))

  it.scopedLive("goes through a request handler that is given, and past it if that is said", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", usual)
      const http1 = yield* FanOutServer.make("http", usual)
      const requestHandler = () => new NodeHttpHandler()
      assert.deepStrictEqual((yield* whole(yield* connect(http1, { requestHandler: requestHandler() }))).numbers, [
        "1",
        "2",
        "3"
      ])
      const past = yield* connect(server, { requestHandler: requestHandler(), fanOutTransport: "http2" })
      for (const _ of [1, 2]) assert.deepStrictEqual((yield* whole(past)).numbers, ["1", "2", "3"])
      const settings = yield* connect(server, { requestHandler: { requestTimeout: 5_000 }, fanOutTransport: "http2" })
      for (const _ of [1, 2]) assert.deepStrictEqual((yield* whole(settings)).numbers, ["1", "2", "3"])
      assert.strictEqual(server.connections(), 2)
      const refused = yield* Effect.flip(
        connect(http1, { requestHandler: requestHandler(), fanOutTransport: "http/1.1" })
      )
      assert.include(refused.message, "fanOutTransport")
    }))

  it.scopedLive("F110 is closed, though a handler of the SDK answers when it was given up", () =>
    Effect.gen(function*() {
      const bodies: Array<Readable> = []
      const gate = yield* Effect.makeLatch(true)
      const requestHandler = {
        handle: async () => {
          const body = new Readable({ read: () => undefined })
          bodies.push(body)
          await Effect.runPromise(gate.await)
          const headers = { "content-type": "application/vnd.amazon.eventstream" }
          return { response: { statusCode: 200, headers, body } }
        },
        updateHttpClientConfig: () => undefined,
        httpHandlerConfigs: () => ({})
      }
      const client = yield* KinesisClient.make({
        ...clientOptions("http://127.0.0.1:1"),
        requestHandler: requestHandler as never
      })
      yield* Effect.scoped(subscribe(client))
      yield* until(() => bodies[0]!.destroyed)
      yield* gate.close
      const fiber = yield* Effect.fork(Effect.scoped(subscribe(client)))
      yield* until(() => bodies.length === 2)
      yield* Fiber.interrupt(fiber)
      yield* gate.open
      yield* until(() => bodies[1]!.destroyed)
    }))

  it.scopedLive("is read by the SDK where the SDK lacks a part that is used, on the shared connection, with one warning", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("tls", (call) => {
        if (call.shardId === "shardId-000000000000") usual(call)
        else call.accept().write(EventStreams.accepted, EventStreams.exception("ResourceInUseException", "another"))
      })
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const { installed } = SdkHooks
      const parts = { ...installed, kinesis: { ...installed.kinesis, SubscribeToShardEvent$: undefined } }
      const options = { ...clientOptions(server.url), certificateAuthority: server.certificate }
      const { fast, sdk } = yield* Effect.provide(
        SdkTransport.make(options, parts),
        Logger.replace(Logger.defaultLogger, logger)
      )
      assert.isUndefined(fast)
      const client = SdkOperations.make(sdk, { getRecordsMillis: 10_000, requestMillis: 10_000 }, fast)
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* whole(client), { numbers: ["1", "2", "3"], end: undefined })
        const { end } = yield* Effect.scoped(Effect.flatMap(subscribe(client, "taken"), drain))
        assert.strictEqual(end?._tag, "ResourceInUse")
      }
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0], "no SubscribeToShardEvent$")
      assert.deepStrictEqual([server.connections(), server.calls[0]!.httpVersion], [1, "2.0"])
      yield* allEnded(server)
    }))

  it.scopedLive("HTTP/2 that an endpoint does not speak is told, where it was asked for", () =>
    Effect.gen(function*() {
      for (const kind of ["http", "https"] as const) {
        const server = yield* FanOutServer.make(kind, usual)
        const client = yield* connect(server, { fanOutTransport: "http2" })
        for (const _ of [1, 2]) {
          const error = yield* Effect.flip(whole(client))
          assert.strictEqual(error._tag, "ServiceUnavailable")
          assert.match(error.message, /does not speak HTTP\/2 .*: leave fanOutTransport out/)
        }
      }
    }))

  it.scopedLive("HTTP/1.1 can be asked for where there is HTTP/2", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("tls", usual)
      const client = yield* connect(server, { fanOutTransport: "http/1.1" })
      for (const _ of [1, 2]) assert.deepStrictEqual((yield* whole(client)).numbers, ["1", "2", "3"])
      assert.deepStrictEqual(server.calls.map(({ httpVersion }) => httpVersion), ["1.1", "1.1"])
    }))

  it.scopedLive("an endpoint's answer to ALPN is remembered", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("https", usual)
      const client = yield* connect(server)
      for (const _ of [1, 2, 3]) yield* whole(client)
      assert.strictEqual(server.connections(), 2, "one that spoke no HTTP/2, and one that is used again")
    }))

  it.scopedLive("is not reset when it has ended: peers count resets, and end a session that has many", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", usual)
      const proxy = yield* FanOutServer.proxy(server)
      const client = yield* connect({ ...server, url: proxy.url }, { fanOutTransport: "http2" })
      for (let time = 0; time < 5; time++) yield* whole(client)
      yield* Effect.scoped(Effect.flatMap(subscribe(client), pull))
      yield* until(() => proxy.resets() > 0)
      yield* whole(client)
      assert.strictEqual(proxy.resets(), 1)
    }))

  it.scopedLive("a connection that fails says nothing of the protocol", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("tls", usual, { closing: 1 })
      const client = yield* connect(server)
      assert.deepInclude({ ...yield* Effect.flip(whole(client)) }, { _tag: "ServiceUnavailable", unsent: true })
      yield* whole(client)
      assert.strictEqual(server.calls[0]!.httpVersion, "2.0")
    }))

  it.scopedLive("F110 does not keep the process alive when it is over", () =>
    Effect.gen(function*() {
      const server = yield* FanOutServer.make("h2c", (call) =>
        void call.accept().write(EventStreams.accepted, EventStreams.event([1])))
      const script = fileURLToPath(new URL("./support/subscribeOnce.ts", import.meta.url))
      const result = yield* Effect.promise(() =>
        run(process.execPath, ["--import", "tsx", script, server.url])
      )
      assert.include(result.stdout, "1 and over")
      yield* allEnded(server)
    }))
})
