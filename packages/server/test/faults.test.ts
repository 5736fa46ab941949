/** What goes wrong by request: the knobs of the wire, and the endpoint for whoever runs the server. */
import * as Sdk from "@aws-sdk/client-kinesis"
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Raw from "./support/raw.js"

const shardId = "shardId-000000000000"
const started = (options: KinesisServer.Options = {}) =>
  KinesisServer.make({ streams: [{ name: "orders" }], ...options })

const sdkOf = (
  endpoint: string,
  version: 1 | 2 = 1,
  credentials = { accessKeyId: "a", secretAccessKey: "b" },
  region = "us-east-1"
) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      new Sdk.KinesisClient({
        endpoint,
        region,
        credentials,
        maxAttempts: 1,
        requestHandler: version === 1 ? new NodeHttpHandler() : new NodeHttp2Handler()
      })
    ),
    (sdk) => Effect.sync(() => sdk.destroy())
  )

const put = (sdk: Sdk.KinesisClient) =>
  Effect.promise(() =>
    sdk.send(new Sdk.PutRecordCommand({ StreamName: "orders", PartitionKey: "a", Data: Uint8Array.of(1) }))
      .then(() => "ok", (error: Error) => error.name)
  )

describe("the wire", () => {
  for (const version of [1, 2] as const) {
    it.scopedLive(`drops a connection before or after the effect (HTTP/${version})`, () =>
      Effect.gen(function*() {
        const { endpoint, local, wire } = yield* started()
        const sdk = yield* sdkOf(endpoint, version)
        yield* wire.dropConnection({ operation: "putRecord", before: true })
        assert.notStrictEqual(yield* put(sdk), "ok")
        assert.strictEqual((yield* local.records("orders")).length, 0)
        yield* wire.dropConnection({ operation: "putRecord" })
        assert.notStrictEqual(yield* put(sdk), "ok")
        assert.strictEqual((yield* local.records("orders")).length, 1)
        assert.strictEqual(yield* put(sdk), "ok")
      }))

    it.scopedLive(`cuts a body in the middle (HTTP/${version})`, () =>
      Effect.gen(function*() {
        const { endpoint, wire } = yield* started()
        const sdk = yield* sdkOf(endpoint, version)
        yield* wire.cutBody({ times: 2 })
        assert.notStrictEqual(yield* put(sdk), "ok")
        assert.notStrictEqual(yield* put(sdk), "ok")
        assert.strictEqual(yield* put(sdk), "ok")
      }))

    it.scopedLive(`goes away after an answer (HTTP/${version})`, () =>
      Effect.gen(function*() {
        const { endpoint, wire } = yield* started()
        const sdk = yield* sdkOf(endpoint, version)
        yield* wire.goAway({ times: 3 })
        for (let i = 0; i < 5; i++) assert.strictEqual(yield* put(sdk), "ok")
      }))
  }

  it.scopedLive("goes away by a header over HTTP/1.1", () =>
    Effect.gen(function*() {
      const { endpoint, wire } = yield* started()
      yield* wire.goAway({ operation: "listStreams" })
      const headers = { ...Raw.signed, ...Raw.target("ListStreams"), connection: "keep-alive" }
      assert.strictEqual((yield* Raw.send(endpoint, headers)).headers.connection, "close")
      assert.notStrictEqual((yield* Raw.send(endpoint, headers)).headers.connection, "close")
    }))

  it.scopedLive("meets only the operation that is named, and forgets what is cleared", () =>
    Effect.gen(function*() {
      const { endpoint, wire } = yield* started()
      const sdk = yield* sdkOf(endpoint)
      yield* wire.dropConnection({ operation: "getRecords" })
      assert.strictEqual(yield* put(sdk), "ok")
      yield* wire.dropConnection({})
      yield* wire.clearFaults
      assert.strictEqual(yield* put(sdk), "ok")
    }))

  it.scopedLive("a caller that gives up interrupts the call: what was delayed takes no effect", () =>
    Effect.gen(function*() {
      const { endpoint, local } = yield* started()
      yield* local.delay({ duration: "300 millis" })
      const body = { StreamName: "orders", PartitionKey: "a", Data: "YQ==" }
      yield* Effect.ignore(Effect.timeout(Raw.call(endpoint, "PutRecord", body), "50 millis"))
      yield* Effect.sleep("400 millis")
      assert.strictEqual((yield* local.records("orders")).length, 0)
      assert.strictEqual((yield* local.calls).at(-1)!.outcome, "pending")
    }))
})

describe("the endpoint for whoever runs the server", () => {
  const ask = (endpoint: string, path: string, body?: object | string, headers: Record<string, string> = {}) =>
    Effect.map(
      Raw.send(endpoint, headers, typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body), {
        method: body === undefined ? "GET" : "POST",
        path
      }),
      (answer) => ({ status: answer.status, value: JSON.parse(answer.body.toString()) })
    )
  const list = { StreamName: "orders" }

  it.scopedLive("turns the knobs of the engine and of the wire", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started()
      const describe = (operation = "DescribeStream") =>
        Effect.map(Raw.call(endpoint, operation, list), ({ body }) => body.__type ?? "ok")
      assert.strictEqual(
        (yield* ask(endpoint, "/_admin/throttle", { operation: "describeStream", times: 2 })).status,
        200
      )
      assert.strictEqual(yield* describe(), "LimitExceededException")
      assert.strictEqual(yield* describe("DescribeStreamSummary"), "ok")
      assert.strictEqual(yield* describe(), "LimitExceededException")
      assert.strictEqual(yield* describe(), "ok")
      yield* ask(endpoint, "/_admin/fail", { error: "AccessDenied", times: "always" })
      assert.strictEqual(yield* describe(), "AccessDeniedException")
      assert.strictEqual(yield* describe(), "AccessDeniedException")
      yield* ask(endpoint, "/_admin/dropConnection", {})
      yield* ask(endpoint, "/_admin/clearFaults", {})
      assert.strictEqual(yield* describe(), "ok")
    }))

  it.scopedLive("shows streams, calls and records, region by region", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started()
      yield* Raw.call(endpoint, "PutRecord", { ...list, PartitionKey: "a", Data: "YWJj" })
      const { value: streams } = yield* ask(endpoint, "/_admin/streams")
      assert.deepInclude(streams[0], { streamName: "orders", streamStatus: "ACTIVE" })
      assert.deepStrictEqual((yield* ask(endpoint, "/_admin/streams?region=eu-west-1")).value, [])
      const { value: calls } = yield* ask(endpoint, "/_admin/calls")
      assert.deepInclude(calls[0], { operation: "putRecord", stream: "orders", outcome: "ok" })
      const { value: records } = yield* ask(endpoint, "/_admin/records?stream=orders")
      assert.deepInclude(records[0], { partitionKey: "a", data: "YWJj", shardId, trimmed: false })
      assert.deepStrictEqual((yield* ask(endpoint, "/_admin/health")).value, { status: "ok" })
      const { value: overview } = yield* ask(endpoint, "/_admin")
      assert.deepStrictEqual(overview.regions, ["us-east-1", "eu-west-1"])
      assert.include(overview.post, "/_admin/cutBody")
      assert.include(overview.post, "/_admin/throttle")
    }))

  it.scopedLive("is no call of the service: it meets no fault, and calls has it not", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started({ latency: "1 hour", streams: [{ name: "orders", shardCount: 2 }] })
      yield* ask(endpoint, "/_admin/throttle", { times: "always" })
      const { value: streams } = yield* ask(endpoint, "/_admin/streams")
      assert.deepInclude(streams[0], { streamName: "orders", openShardCount: 2 })
      assert.deepStrictEqual((yield* ask(endpoint, "/_admin/calls")).value, [])
    }))

  it.scopedLive("shows subscriptions, and tells how many a knob has met", () =>
    Effect.gen(function*() {
      const { endpoint, local } = yield* started()
      assert.deepStrictEqual((yield* ask(endpoint, "/_admin/subscriptions")).value, yield* local.subscriptions)
      const { value } = yield* ask(endpoint, "/_admin/breakSubscription", {
        stream: "orders",
        error: "ServiceUnavailable"
      })
      assert.deepStrictEqual(value, { subscriptions: 0 })
    }))

  it.scopedLive("takes an operation by the API's name as well", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started()
      const listing = () => Effect.map(Raw.call(endpoint, "ListStreams", {}), ({ body }) => body.__type ?? "ok")
      yield* ask(endpoint, "/_admin/throttle", { operation: "ListStreams" })
      assert.strictEqual(yield* listing(), "LimitExceededException")
      assert.strictEqual(yield* listing(), "ok")
    }))

  it.scopedLive("says what is wrong, and what is right", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started()
      const cases: ReadonlyArray<
        readonly [path: string, body: object | string | undefined, status: number, says: string]
      > = [
        ["/_admin/throttle", { operaton: "getRecords" }, 400, "did you mean operation?"],
        ["/_admin/throttle", { times: -1 }, 400, "times"],
        ["/_admin/throttle", "no JSON", 400, "no JSON"],
        ["/_admin/throttle", "[", 400, "no JSON"],
        ["/_admin/fail", { error: "Nothing" }, 400, "ServiceUnavailable"],
        ["/_admin/throtle", {}, 404, "throttle"],
        ["/_admin/none", undefined, 404, "GET /_admin"],
        ["/_admin/records", undefined, 400, "stream=NAME"],
        ["/_admin/breakSubscription", { error: "Nothing" }, 400, "ServiceUnavailable"],
        ["/_admin/records?stream=visits", undefined, 404, "no stream visits"],
        ["/_admin/streams?region=Europe", undefined, 400, "such as eu-west-1, was \"Europe\""],
        ["/_admin/throttle", undefined, 405, "POST it"],
        ["/_admin/cutBody", { operation: "getRecord" }, 400, "such as \"getRecords\""],
        ["/_admin/streams?region=../us", undefined, 400, "region"],
        ["/_admin/cutBody", { times: 0.5 }, 400, "times"]
      ]
      for (const [path, body, status, says] of cases) {
        const answer = yield* ask(endpoint, path, body)
        assert.strictEqual(answer.status, status, path)
        assert.include(answer.value.error, says)
      }
      const answer = yield* ask(endpoint, "/_admin/clearFaults", {}, { origin: "http://example.com" })
      assert.strictEqual(answer.status, 403)
    }))

  it.scopedLive("answers no page whose name was made to lead here", () =>
    Effect.gen(function*() {
      const statusOf = (endpoint: string, host: string) =>
        Effect.map(ask(endpoint, "/_admin/health", undefined, { host }), ({ status }) => status)
      const { endpoint } = yield* started()
      for (const host of ["evil.example.com", "evil.example.com:4567", "127.0.0.1.example.com"]) {
        assert.strictEqual(yield* statusOf(endpoint, host), 403, host)
      }
      for (
        const host of ["127.0.0.1:1", "[::1]:4567", "localhost", "a.localhost", "kinesis:4567", "host.docker.internal"]
      ) {
        assert.strictEqual(yield* statusOf(endpoint, host), 200, host)
      }
      const open = yield* started({ host: "0.0.0.0" })
      assert.strictEqual(yield* statusOf(open.endpoint, "build.example.com"), 200)
    }))
})

describe("signatures", () => {
  const verify = { accessKeyId: "key", secretAccessKey: "secret" }

  for (const version of [1, 2] as const) {
    it.scopedLive(`are right with the secret, and wrong with another (HTTP/${version})`, () =>
      Effect.gen(function*() {
        const { endpoint } = yield* started({ verify })
        assert.strictEqual(yield* put(yield* sdkOf(endpoint, version, verify)), "ok")
        const other = { ...verify, secretAccessKey: "other" }
        assert.strictEqual(yield* put(yield* sdkOf(endpoint, version, other)), "InvalidSignatureException")
        const stranger = { ...verify, accessKeyId: "stranger" }
        assert.strictEqual(yield* put(yield* sdkOf(endpoint, version, stranger)), "UnrecognizedClientException")
      }))
  }

  it.scopedLive("cover the query", () =>
    Effect.gen(function*() {
      const { endpoint } = yield* started({ verify })
      const sdk = yield* sdkOf(endpoint, 1, verify)
      sdk.middlewareStack.add((next) => (args) => {
        Object.assign(args.request as object, { query: { a: ["2", "1"], b: "x y" } })
        return next(args)
      }, { step: "build", name: "query" })
      assert.strictEqual(yield* put(sdk), "ok")
      sdk.middlewareStack.add((next) => (args) => {
        Object.assign(args.request as object, { query: { a: "2" } })
        return next(args)
      }, { step: "finalizeRequest", priority: "low", name: "another query" })
      assert.strictEqual(yield* put(sdk), "InvalidSignatureException")
    }))

  it.scopedLive("are no hindrance to an answer when the engine of a region cannot be made", () =>
    Effect.gen(function*() {
      const data = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "kinesis-faults-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
      const { endpoint } = yield* started({ verify, data })
      mkdirSync(join(data, "eu-west-1.journal"))
      assert.strictEqual(yield* put(yield* sdkOf(endpoint, 1, verify, "eu-west-1")), "InternalFailure")
      assert.strictEqual(yield* put(yield* sdkOf(endpoint, 1, verify)), "ok")
    }))

  it.scopedLive("of another body, of another day, or cut, are refused", () =>
    Effect.gen(function*() {
      const { clientOptions, endpoint } = yield* started({ verify })
      assert.deepStrictEqual(clientOptions.credentials, verify)
      const sdk = yield* sdkOf(endpoint, 1, verify)
      const sent: Array<any> = []
      sdk.middlewareStack.add((next) => (args) => {
        sent.push(args.request)
        return next(args)
      }, { step: "finalizeRequest", priority: "low", name: "keep" })
      assert.strictEqual(yield* put(sdk), "ok")
      const { body, headers } = sent[0]!
      const again = (headers: Record<string, string>, body: Uint8Array) =>
        Effect.map(Raw.send(endpoint, headers, body), (answer) => JSON.parse(answer.body.toString()).__type ?? "ok")
      assert.strictEqual(yield* again(headers, body), "ok")
      const changed = Buffer.from(Buffer.from(body).toString().replace("orders", "visits"))
      assert.strictEqual(yield* again(headers, changed), "InvalidSignatureException")
      assert.strictEqual(
        yield* again({ ...headers, "x-amz-date": "20200101T000000Z" }, body),
        "InvalidSignatureException"
      )
      assert.strictEqual(
        yield* again({ ...headers, "x-amz-target": "Kinesis_20131202.PutRecords" }, body),
        "ValidationException"
      )
    }))
})
