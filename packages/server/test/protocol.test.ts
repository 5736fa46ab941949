/** What the wire answers to what is no call: without an SDK between, as AWS does. */
import * as Sdk from "@aws-sdk/client-kinesis"
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { codecs } from "../src/internal/codec/codec.js"
import * as Raw from "./support/raw.js"

const text = ({ body }: Raw.Answer) => body.toString()
const parsed = (answer: Raw.Answer) =>
  JSON.parse(text(answer)) as { readonly __type: string; readonly message?: string }

layer(KinesisServer.layer({ streams: [{ name: "orders", shardCount: 2 }] }), { excludeTestServices: true })((it) => {
  const endpoint = Effect.map(KinesisServer.KinesisServer, (server) => server.endpoint)
  const send = (...args: Parameters<typeof Raw.send> extends [string, ...infer Rest] ? Rest : never) =>
    Effect.flatMap(endpoint, (endpoint) => Raw.send(endpoint, ...args))
  const call = (operation: string, body: object) =>
    Effect.flatMap(endpoint, (endpoint) => Raw.call(endpoint, operation, body))

  describe("what cannot be read", () => {
    it.effect("is a SerializationException, in JSON or in CBOR", () =>
      Effect.gen(function*() {
        for (const body of ["hello", "[", "5", "\"a\"", "[]"]) {
          const answer = yield* send({ ...Raw.signed, ...Raw.target("ListStreams") }, body)
          assert.deepStrictEqual([answer.status, parsed(answer).__type], [400, "SerializationException"], body)
        }
        const headers = { ...Raw.signed, ...Raw.target("ListStreams"), "content-type": Raw.cbor }
        for (const body of [Uint8Array.of(0xff), Uint8Array.of(0xbf, 0x61), Uint8Array.of(0x9b, 255, 255, 255, 255)]) {
          const answer = yield* send(headers, body)
          assert.strictEqual(answer.status, 400)
          assert.strictEqual(answer.headers["content-type"], Raw.cbor)
          assert.include(answer.body.toString("latin1"), "SerializationException")
        }
      }))

    it.effect("names the member whose type is wrong", () =>
      Effect.gen(function*() {
        const wrong: ReadonlyArray<readonly [operation: string, body: object, place: string]> = [
          ["ListStreams", { Limit: "5" }, "Limit"],
          ["PutRecord", { StreamName: "orders", PartitionKey: 5, Data: "" }, "PartitionKey"],
          ["PutRecords", { StreamName: "orders", Records: [{ PartitionKey: "a", Data: [] }] }, "Records.1.Data"],
          ["PutRecords", { StreamName: "orders", Records: {} }, "Records"],
          ["AddTagsToStream", { StreamName: "orders", Tags: { a: 1 } }, "Tags.a"],
          ["ListShards", { StreamName: "orders", ShardFilter: "all" }, "ShardFilter"]
        ]
        for (const [operation, body, place] of wrong) {
          const answer = yield* call(operation, body)
          assert.deepStrictEqual([answer.status, answer.body.__type], [400, "SerializationException"], operation)
          assert.include(answer.body.message, place)
        }
        const answer = yield* call("PutRecord", { StreamName: "orders", PartitionKey: "a", Data: "a*==" })
        assert.strictEqual(answer.body.__type, "SerializationException")
      }))
  })

  it.effect("a required member that is not there is a ValidationException that names it as AWS does", () =>
    Effect.gen(function*() {
      const { body, status } = yield* call("GetShardIterator", { StreamName: "orders" })
      assert.strictEqual(status, 400)
      assert.deepStrictEqual(body, {
        __type: "ValidationException",
        message: "2 validation errors detected: Value null at 'shardId' failed to satisfy constraint: " +
          "Member must not be null; Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null"
      })
      assert.include(
        (yield* call("PutRecords", { StreamName: "orders", Records: [{ PartitionKey: "a" }] })).body.message,
        "'records.1.member.data'"
      )
      assert.strictEqual((yield* call("DescribeStream", {})).body.__type, "ValidationException")
    }))

  it.effect("an operation that nobody knows is an UnknownOperationException", () =>
    Effect.gen(function*() {
      for (
        const target of [
          "Kinesis_20131202.ListStream",
          "DynamoDB_20120810.ListTables",
          "ListStreams",
          "Kinesis_20131202.__proto__"
        ]
      ) {
        const answer = yield* send({ ...Raw.signed, "content-type": Raw.json, "x-amz-target": target })
        assert.deepStrictEqual([answer.status, parsed(answer)], [400, { __type: "UnknownOperationException" }], target)
      }
      assert.deepStrictEqual(parsed(yield* send({ ...Raw.signed, "content-type": Raw.json })), {
        __type: "UnknownOperationException"
      })
    }))

  describe("what is not signed", () => {
    it.effect("is told so", () =>
      Effect.gen(function*() {
        const answer = yield* send(Raw.target("ListStreams"))
        assert.deepStrictEqual([answer.status, parsed(answer)], [400, {
          __type: "MissingAuthenticationTokenException",
          message: "Missing Authentication Token"
        }])
        const incomplete = yield* send({ ...Raw.target("ListStreams"), authorization: "X" })
        assert.deepStrictEqual(parsed(incomplete), {
          __type: "IncompleteSignatureException",
          message: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' " +
            "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence " +
            "of either a 'X-Amz-Date' or a 'Date' header. Authorization=X"
        })
        const nowhere = yield* send({
          ...Raw.target("ListStreams"),
          ...Raw.signed,
          authorization: Raw.authorization.replace("us-east-1", "us;east")
        })
        assert.deepStrictEqual([nowhere.status, parsed(nowhere)], [400, {
          __type: "InvalidSignatureException",
          message: "Credential should be scoped to a valid region, not 'us;east'."
        }])
        const both = yield* send({ ...Raw.target("ListStreams"), authorization: "X" }, "{}", {
          path: "/?X-Amz-Algorithm=a"
        })
        assert.strictEqual(parsed(both).__type, "InvalidSignatureException")
      }))

    it.effect("can be signed in the query", () =>
      Effect.gen(function*() {
        const query = "/?X-Amz-Algorithm=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d"
        const incomplete = yield* send(Raw.target("ListStreams"), "{}", { path: query })
        assert.strictEqual(parsed(incomplete).__type, "IncompleteSignatureException")
        const path = `${query}&X-Amz-Credential=key/20261126/us-east-1/kinesis/aws4_request`
        assert.include(text(yield* send(Raw.target("ListStreams"), "{}", { path })), "\"StreamNames\":[\"orders\"]")
      }))

    it.effect("is refused in XML where no protocol is spoken", () =>
      Effect.gen(function*() {
        for (const method of ["GET", "PUT", "POST"]) {
          const answer = yield* send({}, "", { method })
          assert.strictEqual(answer.status, 403)
          assert.include(text(answer), "<MissingAuthenticationTokenException>")
          const signed = yield* send(Raw.signed, "", { method })
          assert.strictEqual(signed.status, 403)
          assert.include(text(signed), "<AccessDeniedException>")
        }
        const path =
          "/?X-Amz-Algorithm=a&X-Amz-Signature=b&X-Amz-SignedHeaders=c&X-Amz-Date=d&X-Amz-Credential=%3Cb%3E%26"
        assert.include(text(yield* send({}, "", { method: "GET", path })), "got '&lt;b&gt;&amp;'")
      }))
  })

  it.effect("each answer has the headers of AWS, and another id", () =>
    Effect.gen(function*() {
      const one = yield* send({ ...Raw.signed, ...Raw.target("ListStreams") })
      const other = yield* send({ ...Raw.signed, ...Raw.target("ListStreams") }, "no JSON")
      for (const { body, headers } of [one, other]) {
        assert.match(String(headers["x-amzn-requestid"]), /^[\da-f-]{36}$/)
        assert.isAtLeast(Buffer.from(String(headers["x-amz-id-2"]), "base64").length, 48)
        assert.strictEqual(headers["content-type"], Raw.json)
        assert.strictEqual(headers["content-length"], String(body.length))
      }
      assert.notStrictEqual(one.headers["x-amzn-requestid"], other.headers["x-amzn-requestid"])
    }))

  it.effect("an operation that answers nothing has an empty body", () =>
    Effect.gen(function*() {
      const { body, status } = yield* call("AddTagsToStream", { StreamName: "orders", Tags: { a: "b" } })
      assert.deepStrictEqual([status, body], [200, undefined])
    }))

  it.effect("what the engine refuses has the exception and the words of AWS", () =>
    Effect.gen(function*() {
      const refused = (operation: string, body: object) => Effect.map(call(operation, body), ({ body }) => body)
      assert.deepStrictEqual(yield* refused("DescribeStream", { StreamName: "gone" }), {
        __type: "ResourceNotFoundException",
        message: "Stream gone under account 000000000000 not found."
      })
      assert.strictEqual((yield* refused("CreateStream", { StreamName: "orders" })).__type, "ResourceInUseException")
      assert.deepStrictEqual(yield* refused("DescribeStream", { StreamName: "orders", Limit: 10_001 }), {
        __type: "ValidationException",
        message:
          "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must be 1 to 10,000, was 10001"
      })
      const listing = yield* refused("ListShards", { StreamName: "orders", MaxResults: 1 })
      assert.deepStrictEqual(yield* refused("ListShards", { StreamName: "orders", NextToken: listing.NextToken }), {
        __type: "InvalidArgumentException",
        message: "NextToken and StreamName cannot be provided together."
      })
      assert.strictEqual(
        (yield* refused("UpdateShardCount", {
          StreamName: "orders",
          TargetShardCount: 5,
          ScalingType: "UNIFORM_SCALING"
        })).__type,
        "LimitExceededException"
      )
    }))

  it.effect("a region does not see the streams of another", () =>
    Effect.gen(function*() {
      const there = { authorization: Raw.authorization.replace("us-east-1", "eu-west-1") }
      const at = yield* endpoint
      yield* Raw.call(at, "CreateStream", { StreamName: "visits" }, there)
      assert.deepStrictEqual((yield* Raw.call(at, "ListStreams", {}, there)).body.StreamNames, ["visits"])
      assert.deepStrictEqual((yield* call("ListStreams", {})).body.StreamNames, ["orders"])
      const { StreamARN } = (yield* Raw.call(at, "DescribeStreamSummary", { StreamName: "visits" }, there)).body
        .StreamDescriptionSummary
      assert.strictEqual(StreamARN, "arn:aws:kinesis:eu-west-1:000000000000:stream/visits")
      assert.strictEqual((yield* call("DescribeStream", { StreamARN })).body.__type, "ResourceNotFoundException")
    }))

  it.effect("a dry run says that it would have succeeded, and does nothing", () =>
    Effect.gen(function*() {
      const { body } = yield* call("PutRecord", { StreamName: "orders", PartitionKey: "a", Data: "YQ==", DryRun: true })
      assert.strictEqual(body.__type, "DryRunOperationException")
      const { local } = yield* KinesisServer.KinesisServer
      assert.deepStrictEqual(yield* local.records("orders"), [])
    }))

  it.effect("a dry run of a subscription subscribes to nothing", () =>
    Effect.gen(function*() {
      const { body: { StreamDescriptionSummary: { StreamARN } } } = yield* call("DescribeStreamSummary", {
        StreamName: "orders"
      })
      const { body: { Consumer: { ConsumerARN } } } = yield* call("RegisterStreamConsumer", {
        StreamARN,
        ConsumerName: "dry"
      })
      const request = {
        ConsumerARN,
        ShardId: "shardId-000000000000",
        StartingPosition: { Type: "LATEST" },
        DryRun: true
      }
      const { local } = yield* KinesisServer.KinesisServer
      for (let time = 0; time < 2; time++) {
        const { body, status } = yield* call("SubscribeToShard", request)
        assert.deepStrictEqual([status, body.__type], [400, "DryRunOperationException"])
      }
      assert.deepStrictEqual(yield* local.subscriptions, [])
      const { body } = yield* call("SubscribeToShard", { ...request, ShardId: "shardId-000000000009" })
      assert.strictEqual(body.__type, "ResourceNotFoundException")
      yield* call("DeregisterStreamConsumer", { ConsumerARN })
    }))

  it.effect("timestamps in CBOR are milliseconds under tag 1, as Amazon's Java SDK reads them", () =>
    Effect.gen(function*() {
      const answer = yield* send(
        { ...Raw.signed, ...Raw.target("DescribeStreamSummary"), "content-type": Raw.cbor },
        codecs().cbor.encode(Sdk.DescribeStreamSummaryInput$, { StreamName: "orders" })
      )
      const name = Buffer.from("StreamCreationTimestamp")
      const at = answer.body.indexOf(name) + name.length
      assert.deepStrictEqual([...answer.body.subarray(at, at + 2)], [0xc1, 0x1b])
      assert.isBelow(Math.abs(Number(answer.body.readBigUInt64BE(at + 2)) - Date.now()), 600_000)
    }))

  it.effect("a body that is too large is refused before it is held", () =>
    Effect.gen(function*() {
      const answer = yield* Effect.either(
        send({ ...Raw.signed, ...Raw.target("PutRecords") }, Buffer.alloc(21 * 1024 * 1024, 32))
      )
      assert.deepStrictEqual(answer._tag === "Right" ? answer.right.status : 413, 413)
    }))
})
