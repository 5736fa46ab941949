import { assert, describe, it } from "@effect/vitest"
import { cbor } from "@smithy/core/cbor"
import { Effect } from "effect"
import { KinesisClient } from "effect-kinesis"
import { createHash, createHmac } from "node:crypto"
import * as SealedPage from "../src/internal/wire/sealedPage.js"
import * as HttpServer from "./support/httpServer.js"
import { clientOf } from "./support/received.js"

const page: HttpServer.Answer = () => ({ status: 200, body: { Records: [], NextShardIterator: "n" } })

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()
const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex")

/**
 * The signature that a request should have, by AWS's description of Signature Version 4:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
const signatureOf = ({ headers, raw }: HttpServer.Received, secret: string): string => {
  const [, scope, signed] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.authorization!)!
  const canonical = signed!.split(";").map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}\n`)
  const request = ["POST", "/", "", canonical.join(""), signed, sha256(raw)].join("\n")
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(request)].join("\n")
  const key = scope!.split("/").reduce((key: string | Buffer, part) => hmac(key, part), `AWS4${secret}`)
  return hmac(key, toSign).toString("hex")
}

const read = (client: KinesisClient.Service, shardIterator: string, stream = "orders") =>
  client.getRecords({ stream, shardId: "shardId-000000000000", shardIterator, limit: 7 })

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

describe.each(["json", "cbor"] as const)("GetRecords, in %s, again and again", (protocol) => {
  it("is decoded by a decoder of ours at the first call and after it, for the shard that was asked", async () => {
    const { answering, send } = clientOf(protocol)
    const answer = {
      Records: [{ Data: protocol === "json" ? "AQ==" : Uint8Array.of(1), PartitionKey: "k", SequenceNumber: "7" }],
      MillisBehindLatest: 0
    }
    for (const shardId of ["shardId-0", "shardId-1", "shardId-2"]) {
      answering([protocol === "json" ? Buffer.from(JSON.stringify(answer)) : cbor.serialize(answer)])
      const output = await send({ stream: "orders", shardId, shardIterator: "i" }, new AbortController().signal)
      const page = SealedPage.open(output)
      assert.deepStrictEqual(page?.records.map((record) => [record.stream, record.shardId, record.sequenceNumber]), [
        ["orders", shardId, "7"]
      ])
    }
  })

  it.scopedLive("says and signs what the SDK does at the first call", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(page)
      const client = yield* connect(server, { protocol })
      for (const iterator of ["first", "second, longer", "third"]) yield* read(client, iterator)
      const [first, second, third] = server.received as [HttpServer.Received, HttpServer.Received, HttpServer.Received]
      assert.deepStrictEqual(second.body, { ShardIterator: "second, longer", Limit: 7 })
      assert.deepStrictEqual(constant(second), constant(first))
      assert.deepStrictEqual(constant(third), constant(first))
      for (const received of server.received) {
        const [signature] = /[0-9a-f]{64}$/.exec(received.headers.authorization!)!
        assert.strictEqual(signature, signatureOf(received, "test"))
        assert.strictEqual(received.headers["content-length"], String(received.raw.length))
      }
      const ids = server.received.map(({ headers }) => headers["amz-sdk-invocation-id"])
      assert.strictEqual(new Set(ids).size, 3)
    }))
})

describe("GetRecords, again and again", () => {
  it.scopedLive("names the stream of each account by its ARN", () =>
    Effect.gen(function*() {
      const server = yield* HttpServer.make(page)
      const client = yield* connect(server)
      const arn = (account: string) => `arn:aws:kinesis:us-east-1:${account}:stream/orders`
      for (const stream of ["orders", arn("111111111111"), arn("222222222222"), arn("111111111111"), "orders"]) {
        yield* read(client, "i", stream)
      }
      assert.deepStrictEqual(server.received.map(({ body }) => body.StreamARN), [
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
      const server = yield* HttpServer.make(page)
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
      for (let call = 0; call < 4; call++) yield* read(client, "i")
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
      const serverTime = Date.now() + 3_600_000
      let isRefusing = false
      const server = yield* HttpServer.make(() =>
        isRefusing
          ? { status: 403, body: { __type: "InvalidSignatureException", message: "Signature expired" } }
          : { status: 200, body: { Records: [] } }, { date: () => new Date(serverTime) })
      const client = yield* connect(server)
      yield* read(client, "first")
      isRefusing = true
      yield* Effect.flip(read(client, "second"))
      isRefusing = false
      yield* read(client, "third")
      const [, , third] = server.received
      const date = third!.headers["x-amz-date"] as string
      assert.strictEqual(date.slice(0, 13), new Date(serverTime).toISOString().replace(/[-:]/g, "").slice(0, 13))
    }))

  it.scopedLive("maps the errors of every call alike", () =>
    Effect.gen(function*() {
      let answer: HttpServer.Answer = page
      const server = yield* HttpServer.make((received) => answer(received))
      const client = yield* connect(server)
      yield* read(client, "i")
      const said = [
        [
          { status: 400, body: { __type: "ProvisionedThroughputExceededException", message: "slow" } },
          "ThrottledError"
        ],
        [{ status: 400, body: { __type: "ExpiredIteratorException", message: "old" } }, "ExpiredIterator"],
        [{ status: 503, contentType: "text/html", bytes: Buffer.from("<html>") }, "ServiceUnavailable"],
        [{ status: 200, contentType: "text/html", bytes: Buffer.from("<html>") }, "ServiceUnavailable"],
        ["reset", "ServiceUnavailable"]
      ] as const
      for (const [one, tag] of said) {
        answer = () => one
        assert.strictEqual((yield* Effect.flip(read(client, "i")))._tag, tag)
      }
      answer = page
      assert.strictEqual((yield* read(client, "i")).nextShardIterator, "n")
    }))
})
