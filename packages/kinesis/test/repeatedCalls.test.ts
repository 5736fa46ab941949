import { assert, describe, it } from "@effect/vitest"
import { cbor } from "@smithy/core/cbor"
import { Effect, Fiber } from "effect"
import { KinesisClient, type KinesisError } from "effect-kinesis"
import * as Advice from "../src/internal/wire/advice.js"
import * as FastOperations from "../src/internal/wire/fastOperations.js"
import * as SdkHooks from "../src/internal/wire/sdkHooks.js"
import * as SdkOperations from "../src/internal/wire/sdkOperations.js"
import * as SdkTransport from "../src/internal/wire/sdkTransport.js"
import * as HttpServer from "./support/httpServer.js"
import { clientOf } from "./support/received.js"
import { signatureOf } from "./support/signature.js"

const done = { ShardId: "shardId-000000000000", SequenceNumber: "7" }
const failed = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded" }

/** What each operation is answered. */
const bodyOf = ({ body, operation }: HttpServer.Received): object => {
  if (operation === "GetRecords") return { Records: [], NextShardIterator: "n" }
  if (operation === "PutRecord") return done
  const entries = body["Records"] as ReadonlyArray<unknown>
  return { FailedRecordCount: 1, Records: entries.map((_, index) => index === 1 ? failed : done) }
}

const success: HttpServer.Answer = (received) => ({ status: 200, body: bodyOf(received) })

interface Repeated {
  readonly name: string
  /** A call that differs from others by a text. */
  readonly call: (
    client: KinesisClient.Service,
    text: string,
    stream?: string
  ) => Effect.Effect<unknown, KinesisError.KinesisError | KinesisError.ExpiredIterator>
  /** What its request says in JSON. */
  readonly said: (text: string) => object
  readonly answer: unknown
}

const bytesOf = (text: string) => new TextEncoder().encode(text)
const base64 = (text: string) => Buffer.from(text).toString("base64")
const written = { shardId: done.ShardId, sequenceNumber: done.SequenceNumber }

const operations: ReadonlyArray<Repeated> = [
  {
    name: "GetRecords",
    call: (client, shardIterator, stream = "orders") =>
      client.getRecords({ stream, shardId: "shardId-000000000000", shardIterator, limit: 7 }),
    said: (text) => ({ ShardIterator: text, Limit: 7 }),
    answer: { records: [], nextShardIterator: "n", millisBehindLatest: undefined, childShards: [] }
  },
  {
    name: "PutRecord",
    call: (client, text, stream = "orders") =>
      client.putRecord({ stream, partitionKey: text, data: bytesOf(text), sequenceNumberForOrdering: "5" }),
    said: (text) => ({
      StreamName: "orders",
      PartitionKey: text,
      Data: base64(text),
      SequenceNumberForOrdering: "5"
    }),
    answer: written
  },
  {
    name: "PutRecords",
    call: (client, text, stream = "orders") =>
      client.putRecords({
        stream,
        records: [{ data: bytesOf(text) }, { partitionKey: text, explicitHashKey: "12", data: bytesOf("") }]
      }),
    said: (text) => ({
      StreamName: "orders",
      Records: [{ Data: base64(text) }, { PartitionKey: text, ExplicitHashKey: "12", Data: "" }]
    }),
    answer: {
      failedRecordCount: 1,
      records: [written, { errorCode: failed.ErrorCode, errorMessage: failed.ErrorMessage }]
    }
  }
]

const connect = (server: HttpServer.Server, options: KinesisClient.Options = {}) =>
  KinesisClient.make({ ...HttpServer.clientOptions(server.url), ...options })

/** The headers that are the same in each call. */
const constant = ({ headers }: HttpServer.Received) => {
  const {
    "amz-sdk-invocation-id": _id,
    authorization,
    "content-length": _length,
    "x-amz-content-sha256": _hash,
    "x-amz-date": _date,
    ...rest
  } = headers
  return { ...rest, signed: /SignedHeaders=([^,]+)/.exec(authorization!)![1] }
}

const hour = 3_600_000

/** By which time a request was signed, such as 20261126T110157Z. */
const signedAt = (headers: HttpServer.Received["headers"]): number =>
  Date.parse(String(headers["x-amz-date"]).replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"))

/** What a request says, bytes as JSON has them. */
const meaning = ({ body }: HttpServer.Received): unknown =>
  JSON.parse(JSON.stringify(body, (_, value) =>
    value?.type === "Buffer"
      ? Buffer.from(value.data).toString("base64")
      : value instanceof Uint8Array
      ? Buffer.from(value).toString("base64")
      : value))

const raw = (status: number, contentType: string, text: string): HttpServer.Answer => () => ({
  status,
  contentType,
  bytes: Buffer.from(text)
})

const said = (status: number, body: unknown): HttpServer.Answer => () => ({ status, body })

const json = "application/x-amz-json-1.1"
const cborType = "application/x-amz-cbor-1.1"

const names = [
  "AccessDeniedException",
  "ExpiredIteratorException",
  "ExpiredTokenException",
  "InternalFailure",
  "InternalFailureException",
  "InvalidArgumentException",
  "InvalidSignatureException",
  "KMSAccessDeniedException",
  "KMSDisabledException",
  "KMSInvalidStateException",
  "KMSNotFoundException",
  "KMSOptInRequired",
  "KMSThrottlingException",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestTimeTooSkewed",
  "ResourceInUseException",
  "ResourceNotFoundException",
  "SerializationException",
  "ServiceUnavailable",
  "ThrottlingException",
  "UnknownOperationException",
  "UnrecognizedClientException",
  "ValidationException",
  "com.amazonaws.kinesis#ResourceNotFoundException",
  "SomethingNew"
]

const statuses = [300, 400, 401, 403, 404, 408, 413, 415, 421, 429, 500, 502, 503, 504]

/** Answers that are errors, or odd, each with what it is. */
const odd: ReadonlyArray<readonly [what: string, answer: HttpServer.Answer]> = [
  ...names.map((name) => [`400 ${name}`, said(400, { __type: name, message: "as told" })] as const),
  ...["LimitExceededException", "SomethingNew"].flatMap((name) =>
    [200, 500].map((status) => [`${status} ${name}`, said(status, { __type: name, Message: "as told" })] as const)
  ),
  ...statuses.flatMap((status) =>
    [
      [`${status} in HTML`, raw(status, "text/html", "<html>sign in</html>")],
      [`${status} empty`, raw(status, json, "")],
      [`${status} without a name`, said(status, { Message: "no" })],
      [`${status} cut off`, raw(status, json, "{\"__type\":\"Thrott")]
    ] as const
  ),
  ["200 in HTML", raw(200, "text/html", "<html>sign in</html>")],
  ["200 in JSON that is cut off", raw(200, json, "{\"Records\":[{\"ShardId\":\"")],
  ["200 in CBOR that is cut off", raw(200, cborType, "\u0001")],
  ["200 in JSON of another type", (received) => ({
    status: 200,
    contentType: "text/plain",
    bytes: Buffer.from(JSON.stringify(bodyOf(received)))
  })],
  ["200 in CBOR of another type", (received) => ({
    status: 200,
    contentType: "text/plain",
    bytes: cbor.serialize(bodyOf(received))
  })],
  ["200 empty", raw(200, json, "")],
  ["200 empty in CBOR", raw(200, cborType, "")],
  ...[null, [], 7, "text", {}, { Records: null }, { Records: {} }, { ShardId: "s" }, { Records: [done] }].map((body) =>
    [`200 ${JSON.stringify(body)}`, said(200, body)] as const
  ),
  ["an unknown member", said(200, { ...done, Records: [{ ...done, More: 1 }, { ...done, ErrorCode: "" }], More: 1 })],
  ["three results", said(200, { ...done, Records: [done, done, done] })],
  ["no connection", () => "reset"],
  ["half an answer", () => "cut"]
]

/** The outcome of a call. Where the SDK hints at how to see a response, later calls say no less without it. */
const outcome = (effect: Effect.Effect<unknown, { readonly _tag: string; readonly cause?: unknown }>) =>
  Effect.match(effect, {
    onSuccess: (answer) => ({ answer }),
    onFailure: (failure) => {
      const { cause, ...error } = failure
      return {
        ...error,
        text: String(failure),
        cause: cause instanceof Error ? `${cause.name}: ${Advice.withoutHint(cause.message)}` : cause
      }
    }
  })

/** A server whose answers can be changed. */
const changing = Effect.gen(function*() {
  let answer: HttpServer.Answer = success
  const server = yield* HttpServer.make((received) => answer(received))
  const answering = (next: HttpServer.Answer) => {
    answer = next
  }
  return { server, answering }
})

const encodings = ["json", "cbor"] as const

describe.each(encodings)("GetRecords, in %s, again and again", (protocol) => {
  it("is decoded by a decoder of ours at the first call and after it, for the shard that was asked", async () => {
    const { answering, send } = clientOf(protocol)
    const answer = {
      Records: [{ Data: protocol === "json" ? "AQ==" : Uint8Array.of(1), PartitionKey: "k", SequenceNumber: "7" }],
      MillisBehindLatest: 0
    }
    for (const shardId of ["shardId-0", "shardId-1", "shardId-2"]) {
      answering([protocol === "json" ? Buffer.from(JSON.stringify(answer)) : cbor.serialize(answer)])
      const page = await send({ stream: "orders", shardId, shardIterator: "i" })
      assert.deepStrictEqual(page?.records.map((record) => [record.stream, record.shardId, record.sequenceNumber]), [
        ["orders", shardId, "7"]
      ])
    }
  })
})

describe.each(operations.map((operation) => [operation.name, operation] as const))(
  "%s, again and again",
  (name, { answer, call, said }) => {
    it.scopedLive.each(encodings)(
      "says and signs what the SDK does at the first call, in %s",
      (protocol) =>
        Effect.gen(function*() {
          const server = yield* HttpServer.make(success)
          const client = yield* connect(server, { protocol })
          const texts = ["first", "second, longer", "third, \"é漢\"", "first"]
          for (const text of texts) assert.deepStrictEqual(yield* call(client, text), answer)
          const [first, ...later] = server.received
          assert.deepStrictEqual(server.received.map(meaning), texts.map(said))
          for (const one of later) assert.deepStrictEqual(constant(one), constant(first!))
          for (const received of server.received) {
            const [signature] = /[0-9a-f]{64}$/.exec(received.headers.authorization!)!
            assert.strictEqual(signature, signatureOf(received, "test"))
            assert.strictEqual(received.headers["content-length"], String(received.raw.length))
            assert.strictEqual(received.operation, name)
          }
          const ids = server.received.map(({ headers }) => headers["amz-sdk-invocation-id"])
          assert.strictEqual(new Set(ids).size, texts.length)
        })
    )

    it.scopedLive("names the stream of each account by its ARN", () =>
      Effect.gen(function*() {
        const server = yield* HttpServer.make(success)
        const client = yield* connect(server)
        const arn = (account: string) => `arn:aws:kinesis:us-east-1:${account}:stream/orders`
        for (const stream of ["orders", arn("111111111111"), arn("222222222222"), arn("111111111111"), "orders"]) {
          yield* call(client, "i", stream)
        }
        assert.deepStrictEqual(server.received.map(({ body }) => body["StreamARN"]), [
          undefined,
          arn("111111111111"),
          arn("222222222222"),
          arn("111111111111"),
          undefined
        ])
      }))

    it.scopedLive("B62 asks for credentials at each call, so that new ones are used when the old have expired", () =>
      Effect.gen(function*() {
        let asked = 0
        const server = yield* HttpServer.make(success)
        const client = yield* connect(server, {
          credentials: async () => {
            asked++
            return {
              accessKeyId: `key${asked}`,
              secretAccessKey: `secret${asked}`,
              sessionToken: `token${asked}`,
              expiration: new Date(Date.now() + (asked <= 5 ? 1_000 : 3_600_000))
            }
          }
        })
        for (let count = 0; count < 4; count++) yield* call(client, "i")
        const used = server.received.map(({ headers }) => /Credential=(\w+)\//.exec(headers.authorization!)![1])
        assert.strictEqual(used.at(-1), `key${asked}`)
        assert.notStrictEqual(used[0], used.at(-1))
        for (const received of server.received) {
          const [key] = /\d+(?=\/)/.exec(received.headers.authorization!)!
          assert.strictEqual(received.headers["x-amz-security-token"], `token${key}`)
          assert.include(received.headers.authorization!, signatureOf(received, `secret${key}`))
        }
      }))

    it.scopedLive("sets its clock by a refusal of the signature, and by the answers after it", () =>
      Effect.gen(function*() {
        const now = Date.now()
        const serverTime = now + hour
        let isRefusing = false
        const server = yield* HttpServer.make((received) =>
          isRefusing
            ? { status: 403, body: { __type: "InvalidSignatureException", message: "Signature expired" } }
            : success(received), { date: () => new Date(isRefusing ? serverTime : now) })
        const client = yield* connect(server)
        yield* call(client, "first")
        isRefusing = true
        yield* Effect.flip(call(client, "second"))
        isRefusing = false
        yield* call(client, "third")
        yield* call(client, "fourth")
        const isAhead = server.received.map(({ headers }) => signedAt(headers) > now + hour / 2)
        assert.deepStrictEqual(isAhead, [false, false, true, false])
      }))

    it.scopedLive("carries the trace of each invocation of AWS Lambda, as the SDK's middleware has it", () =>
      Effect.gen(function*() {
        const { server } = yield* changing
        const client = yield* connect(server)
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            process.env["AWS_LAMBDA_FUNCTION_NAME"] = "consumer"
          }),
          () =>
            Effect.sync(() => {
              delete process.env["AWS_LAMBDA_FUNCTION_NAME"]
              delete process.env["_X_AMZN_TRACE_ID"]
            })
        )
        const traces = [undefined, "Root=1-first", "Root=1-second", "Root=1-third"]
        for (const trace of traces) {
          if (trace !== undefined) process.env["_X_AMZN_TRACE_ID"] = trace
          yield* call(client, "i")
        }
        assert.deepStrictEqual(server.received.map(({ headers }) => headers["x-amzn-trace-id"]), traces)
      }))

    it.scopedLive("B16 ends by its deadline, and closes the request", () =>
      Effect.gen(function*() {
        const { answering, server } = yield* changing
        const timeout = { getRecordsTimeout: "50 millis", requestTimeout: "50 millis" } as const
        const client = yield* connect(server, timeout)
        yield* call(client, "first").pipe(Effect.retry({ times: 20 }))
        answering(() => "silence")
        assert.strictEqual((yield* Effect.flip(call(client, "second")))._tag, "RequestTimeout")
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.aborted() === 1 })
      }))

    it.scopedLive("is aborted by an interruption", () =>
      Effect.gen(function*() {
        const { answering, server } = yield* changing
        const client = yield* connect(server)
        yield* call(client, "first")
        answering(() => "silence")
        const fiber = yield* Effect.fork(call(client, "second"))
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.received.length === 2 })
        yield* Fiber.interrupt(fiber)
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.aborted() === 1 })
      }))

    it.scopedLive.each(encodings)(
      "takes every error and every odd answer for what the SDK does, in %s",
      (protocol) =>
        Effect.gen(function*() {
          const { answering, server } = yield* changing
          const { fast, sdk } = yield* SdkTransport.make({ ...HttpServer.clientOptions(server.url), protocol })
          const deadlines = { getRecordsMillis: 10_000, requestMillis: 10_000 }
          const [bySdk, again] = [SdkOperations.make(sdk, deadlines), SdkOperations.make(sdk, deadlines, fast)]
          yield* call(again, "first")
          for (const [what, answer] of odd) {
            answering(answer)
            assert.deepStrictEqual(yield* outcome(call(again, "i")), yield* outcome(call(bySdk, "i")), what)
          }
          answering(success)
          assert.deepStrictEqual(yield* call(again, "last"), answer)
        })
    )
  }
)

interface Sent {
  readonly body: Buffer
  readonly hostname: string
}

/** Operations whose transport is this function, which is given what is sent. */
const overTransport = (handle: (sent: Sent, abortSignal: AbortSignal) => Promise<object>) => {
  const sdk = SdkHooks.installed.client({
    maxAttempts: 1,
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      handle: async (sent: Sent, { abortSignal }: { readonly abortSignal: AbortSignal }) => ({
        response: await handle(sent, abortSignal)
      })
    }
  })
  const json = SdkHooks.jsonCodec(SdkHooks.probe(SdkHooks.installed).Protocol, sdk.config)
  return FastOperations.make(sdk, { encoding: "json", json, recordMemory: "shared", reusesBodies: true })
}

const jsonAnswer = (statusCode: number, body: object) => ({
  statusCode,
  headers: { "content-type": json },
  body: Buffer.from(JSON.stringify(body))
})

/** The SDK's bodies have a `toString` that warns. */
const textOf = ({ buffer, byteLength, byteOffset }: Uint8Array<ArrayBufferLike>): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString()

const never = new AbortController().signal

const entry = (text: string, times = 1) => ({ partitionKey: "k", data: bytesOf(text.repeat(times)) })

describe("the SDK's endpoint", () => {
  it("is that of each stream's account, where the stream is named by its ARN", async () => {
    const hosts: Array<string> = []
    const { getRecords, putRecord, putRecords } = overTransport(async ({ hostname }) => {
      hosts.push(hostname)
      return jsonAnswer(200, { ...done, Records: [] })
    })
    const arn = (account: string) => `arn:aws:kinesis:us-east-1:${account}:stream/orders`
    const streams = ["orders", arn("111111111111"), arn("222222222222"), arn("111111111111"), "others"]
    for (const stream of streams) {
      await putRecords({ stream, records: [] }, never)
      await putRecord({ stream, ...entry("x") }, never)
      await getRecords({ stream, shardId: "shardId-000000000000", shardIterator: "i" }, never)
    }
    const accounts = hosts.map((host) => /^(\d+)\.data-kinesis\./.exec(host)?.[1])
    assert.deepStrictEqual(
      accounts,
      [undefined, "111111111111", "222222222222", "111111111111", undefined].flatMap((account) => [
        account,
        account,
        account
      ])
    )
  })
})

describe("the memory of bodies", () => {
  it("is used again after an answer, for a body that it has room for", async () => {
    const bodies: Array<Buffer> = []
    const { putRecord, putRecords } = overTransport(async ({ body }) => {
      bodies.push(body)
      return jsonAnswer(200, { ...done, Records: [done] })
    })
    const put = (times: number) => putRecords({ stream: "orders", records: [entry("x", times)] }, never)
    await putRecord({ stream: "orders", ...entry("first") }, never)
    for (const times of [10_000, 10_000, 300, 10_100, 100_000, 100]) await put(times)
    await putRecord({ stream: "orders", ...entry("later") }, never)
    const [, , own, smaller, larger, large, ...last] = bodies.map(({ buffer }) => buffer)
    assert.isTrue(smaller === own && larger === own)
    assert.isFalse(large === own)
    assert.strictEqual(last.length, 2)
    for (const again of last) assert.isTrue(again === own || again === large)
    assert.deepStrictEqual(JSON.parse(bodies.at(-1)!.toString()), {
      StreamName: "orders",
      PartitionKey: "k",
      Data: base64("later")
    })
  })

  it("is not used again after an abort or an error, since the transport may still read it", async () => {
    const sent: Array<{ readonly body: Buffer; readonly copy: string }> = []
    let outcome: "answer" | "error" | "short" | "hang" = "answer"
    let controller = new AbortController()
    const { putRecords } = overTransport(({ body }, abortSignal) => {
      sent.push({ body, copy: textOf(body) })
      if (outcome === "answer") return Promise.resolve(jsonAnswer(200, { Records: [done] }))
      if (outcome === "short") return Promise.resolve(jsonAnswer(200, { Records: [] }))
      if (outcome === "error") return Promise.resolve(jsonAnswer(413, { __type: "SerializationException" }))
      return new Promise((_, reject) => {
        abortSignal.addEventListener("abort", () => reject(new Error("aborted")))
        controller.abort()
      })
    })
    const put = (text: string) => {
      controller = new AbortController()
      return putRecords({ stream: "orders", records: [entry(text)] }, controller.signal)
    }
    await put("first")
    for (const next of ["hang", "error", "short"] as const) {
      outcome = next
      assert.isDefined(await put(next).then(() => undefined, (error: unknown) => error), next)
      outcome = "answer"
      for (let count = 0; count < 3; count++) await put("later")
    }
    for (const { body, copy } of sent.filter(({ copy }) => !copy.includes(base64("later")))) {
      assert.strictEqual(textOf(body), copy)
    }
    assert.isBelow(new Set(sent.map(({ body }) => body.buffer)).size, sent.length)
  })

  it.scopedLive("is not shared with a transport of the user's own", () =>
    Effect.gen(function*() {
      const bodies: Array<Buffer> = []
      const client = yield* KinesisClient.make({
        ...HttpServer.clientOptions("http://127.0.0.1:1"),
        requestHandler: {
          handle: async ({ body }: { readonly body: Buffer }) => {
            bodies.push(body)
            return { response: jsonAnswer(200, { Records: [done] }) }
          }
        } as never
      })
      for (const text of ["first", "second", "third", "fourth"]) {
        yield* client.putRecords({ stream: "orders", records: [entry(text)] })
      }
      assert.deepStrictEqual(
        bodies.map((body) => JSON.parse(textOf(body)).Records[0].Data),
        ["first", "second", "third", "fourth"].map(base64)
      )
    }))
})

describe("a request that is not what its type says", () => {
  it.scopedLive.each(encodings)("is written by the SDK at each call, in %s", (protocol) =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(success)
      const client = yield* connect(server, { protocol })
      const odd = [
        { data: "dGV4dA==", partitionKey: "k" },
        { data: bytesOf("text"), partitionKey: null },
        { data: bytesOf("text"), partitionKey: "k", explicitHashKey: 7 },
        { data: undefined, partitionKey: "k" },
        { data: bytesOf("text"), partitionKey: "k", more: 1 }
      ]
      for (const entry of odd) {
        const before = server.received.length
        for (let count = 0; count < 3; count++) {
          const records = [entry, { partitionKey: "k", data: bytesOf("") }] as never
          yield* client.putRecords({ stream: "orders", records })
          yield* client.putRecord({ stream: "orders", ...entry } as never)
        }
        const [records, record, ...later] = server.received.slice(before).map(meaning)
        assert.deepStrictEqual(later, [records, record, records, record], JSON.stringify(entry))
      }
    }))
})
