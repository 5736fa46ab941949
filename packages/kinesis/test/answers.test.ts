import { assert, describe, it } from "@effect/vitest"
import { tag } from "@smithy/core/cbor"
import { Effect } from "effect"
import { type KinesisClient, KinesisError, Position } from "effect-kinesis"
import * as HttpServer from "./support/httpServer.js"
import { connect, type Way, ways } from "./support/wireClients.js"

const iterator = { stream: "orders", shardId: "shardId-0", position: Position.trimHorizon }
const read = { stream: "orders", shardId: "shardId-0", shardIterator: "i" }
const entry = { partitionKey: "k", data: Uint8Array.of(1) }

const raw = (text: string, contentType: string): HttpServer.Answer => () => ({
  status: 200,
  contentType,
  bytes: Buffer.from(text)
})

/** Without what is undefined, which CBOR has no word for in an answer. */
const whole = (body: unknown): unknown =>
  Array.isArray(body)
    ? body.map(whole)
    : typeof body !== "object" || body === null || body instanceof Uint8Array || "tag" in body
    ? body
    : Object.fromEntries(
      Object.entries(body).filter(([, value]) => value !== undefined).map(([key, value]) => [key, whole(value)])
    )

/** Makes a call whose answer is this. */
const answered = <A, E>(
  way: Way,
  body: unknown,
  call: (client: KinesisClient.Service) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const server = yield* HttpServer.make(
      typeof body === "function" ? body as HttpServer.Answer : () => ({ status: 200, body: whole(body) })
    )
    return yield* call(yield* connect(way, server))
  })

type Call = (
  client: KinesisClient.Service
) => Effect.Effect<unknown, KinesisError.KinesisError | { readonly _tag: string }>

/** An operation, what its answer must have, and answers that have it not. */
const lacking: ReadonlyArray<readonly [operation: string, field: string, call: Call, bodies: ReadonlyArray<object>]> = [
  ["GetRecords", "Records", (client) => client.getRecords(read), [
    { Records: null, NextShardIterator: "n" },
    { NextShardIterator: "n", MillisBehindLatest: 0 },
    { MillisBehindLatest: 0, ChildShards: [] }
  ]],
  ["GetShardIterator", "ShardIterator", (client) => client.getShardIterator(iterator), [
    { ShardIterator: null },
    { ShardIterator: "" }
  ]],
  ["ListShards", "Shards", (client) => client.listShards({ stream: "orders" }), [{ Shards: null }, { NextToken: "t" }]],
  ["ListStreams", "StreamNames", (client) => client.listStreams({}), [{ StreamNames: null, HasMoreStreams: false }]],
  ["ListStreams", "NextToken", (client) => client.listStreams({}), [{ StreamNames: ["a"], HasMoreStreams: true }]],
  ["DescribeStreamSummary", "StreamName", (client) => client.describeStreamSummary({ stream: "orders" }), [
    { StreamDescriptionSummary: null },
    { StreamDescriptionSummary: {} },
    { StreamDescriptionSummary: { StreamName: "" } }
  ]],
  ["PutRecord", "ShardId", (client) => client.putRecord({ stream: "orders", ...entry }), [{ ShardId: "" }]],
  ["PutRecord", "SequenceNumber", (client) => client.putRecord({ stream: "orders", ...entry }), [{ ShardId: "s" }]],
  ["PutRecords", "Records", (client) => client.putRecords({ stream: "orders", records: [entry] }), [
    { FailedRecordCount: 0 }
  ]]
]

describe.each(ways)("an answer that lacks something, read by %s", (way) => {
  for (const [operation, field, call, bodies] of lacking) {
    it.scopedLive(`B4 ${operation} without ${field} says nothing: it is transient, and says what is missing`, () =>
      Effect.gen(function*() {
        for (const body of bodies) {
          const error = yield* Effect.flip(answered(way, body, call))
          assert.strictEqual(error._tag, "ServiceUnavailable", JSON.stringify(body))
          assert.include(String(error), `the answer has no ${field}`)
          assert.include(String(error), operation)
        }
      }))
  }

  const reading = lacking.filter(([, , , bodies], index) =>
    bodies.length > 0 && lacking.findIndex(([o]) => o === lacking[index]![0]) === index
  )
  for (const [operation, , call] of reading) {
    it.scopedLive(`B4 {}, null, and no body at all are no answer to ${operation}`, () =>
      Effect.gen(function*() {
        const type = way === "cbor" ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1"
        for (const body of [{}, null, raw("", type), raw("", "text/plain"), () => ({ status: 200, ...empty })]) {
          const error = yield* Effect.flip(answered(way, body, call))
          assert.isTrue(KinesisError.isTransient(error), `${String(error)} of ${JSON.stringify(body)}`)
        }
      }))

    it.scopedLive(`B4 a success that names an error is that error, of ${operation} too`, () =>
      Effect.gen(function*() {
        const said = (name: string) => ({ __type: `com.amazonaws.kinesis#${name}`, message: "as told" })
        const throttled = yield* Effect.flip(answered(way, said("LimitExceededException"), call))
        assert.strictEqual(throttled._tag, "ThrottledError")
        assert.include(String(throttled), "as told")
        const gone = yield* Effect.flip(answered(way, said("ResourceNotFoundException"), call))
        assert.strictEqual(gone._tag, "ResourceNotFound")
        const unknown = yield* Effect.flip(answered(way, said("SomethingNew"), call))
        assert.strictEqual(unknown._tag, "ServiceUnavailable")
        const inJson = raw(JSON.stringify(said("LimitExceededException")), "application/x-amz-json-1.1")
        assert.strictEqual((yield* Effect.flip(answered(way, inJson, call)))._tag, "ThrottledError")
      }))
  }

  it.scopedLive("an operation that only does something may answer with nothing, but not with an error or a page", () =>
    Effect.gen(function*() {
      const create: Call = (client) => client.createStream({ stream: "orders", shardCount: 1 })
      for (const body of [{}, () => ({ status: 200, ...empty })]) yield* answered(way, body, create)
      const refused = yield* Effect.flip(answered(way, { __type: "ResourceInUseException", Message: "there" }, create))
      assert.strictEqual(refused._tag, "ResourceInUse")
      assert.include(String(refused), "there")
      const page = yield* Effect.flip(answered(way, raw("<html>sign in</html>", "text/html"), create))
      assert.include(["ServiceUnavailable", "InvalidArgument"], page._tag)
    }))

  it.scopedLive("B4 a page with records and without an iterator is handed up: null and \"\" are none", () =>
    Effect.gen(function*() {
      for (const NextShardIterator of [undefined, null, ""]) {
        const page = yield* answered(
          way,
          { Records: [], NextShardIterator, MillisBehindLatest: 0 },
          (client) => client.getRecords(read)
        )
        assert.strictEqual(page.nextShardIterator, undefined)
        assert.deepStrictEqual(page.records, [])
      }
    }))

  it.scopedLive("B27 a token that is null or \"\" is none: the listing is over", () =>
    Effect.gen(function*() {
      for (const NextToken of [undefined, null, ""]) {
        const shards = yield* answered(way, { Shards: [], NextToken }, (client) =>
          client.listShards({ stream: "orders" }))
        assert.deepStrictEqual(shards, { shards: [], nextToken: undefined })
        const streams = yield* answered(way, { StreamNames: [], NextToken, HasMoreStreams: false }, (client) =>
          client.listStreams({}))
        assert.deepStrictEqual(streams, { streamNames: [], nextToken: undefined })
      }
    }))

  it.scopedLive("of a shard null and \"\" are absent: it has no parent, and is open", () =>
    Effect.gen(function*() {
      for (const none of [undefined, null, ""]) {
        const shard = {
          ShardId: "shardId-0",
          ParentShardId: none,
          AdjacentParentShardId: none,
          HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" },
          SequenceNumberRange: { StartingSequenceNumber: "1", EndingSequenceNumber: none }
        }
        const { shards } = yield* answered(
          way,
          { Shards: [shard] },
          (client) => client.listShards({ stream: "orders" })
        )
        assert.deepInclude(shards[0]!, {
          parentShardId: undefined,
          adjacentParentShardId: undefined,
          endingSequenceNumber: undefined
        })
        const partial = { ...shard, SequenceNumberRange: { StartingSequenceNumber: none } }
        const error = yield* Effect.flip(
          answered(way, { Shards: [shard, partial] }, (client) => client.listShards({ stream: "orders" }))
        )
        assert.include(error.message, "the answer has no StartingSequenceNumber")
      }
    }))

  it.scopedLive("B4 a child that is told without its parents is not told: it would begin before them", () =>
    Effect.gen(function*() {
      const whole = {
        ShardId: "shardId-1",
        ParentShards: ["shardId-0"],
        HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" }
      }
      const partial = [
        { ...whole, ParentShards: null },
        { ...whole, ParentShards: [] },
        { ...whole, ShardId: "" },
        { ...whole, HashKeyRange: { StartingHashKey: "0" } }
      ]
      const page = yield* answered(
        way,
        { Records: [], ChildShards: [...partial, whole] },
        (client) => client.getRecords(read)
      )
      assert.deepStrictEqual(page.childShards.map(({ parentShards, shardId }) => [shardId, parentShards]), [
        ["shardId-1", ["shardId-0"]]
      ])
    }))

  it.scopedLive("results of records go by their order: one too few is no answer, and their own errors are counted", () =>
    Effect.gen(function*() {
      const put: (client: KinesisClient.Service) => ReturnType<KinesisClient.Service["putRecords"]> = (client) =>
        client.putRecords({ stream: "orders", records: [entry, entry] })
      const done = { ShardId: "s", SequenceNumber: "1", ErrorCode: null }
      const few = yield* Effect.flip(answered(way, { FailedRecordCount: 0, Records: [done] }, put))
      assert.strictEqual(few._tag, "ServiceUnavailable")
      assert.include(few.message, "the answer has 1 results for 2 records")
      const failed = { ErrorCode: "InternalFailure" }
      for (const FailedRecordCount of [undefined, null, 1]) {
        const answer = yield* answered(way, { FailedRecordCount, Records: [done, failed] }, put)
        assert.strictEqual(answer.failedRecordCount, 1)
        assert.deepStrictEqual(answer.records[1], { errorCode: "InternalFailure", errorMessage: "" })
      }
      const neither = yield* Effect.flip(answered(way, { Records: [done, { ErrorCode: "" }] }, put))
      assert.include(neither.message, "the answer has no ShardId")
    }))
})

const empty = { contentType: "application/x-amz-json-1.1", bytes: Buffer.alloc(0) }

const millis = 1_763_942_400_123

describe.each(ways)("records and instants, read by %s", (way) => {
  const data = way === "cbor" ? Uint8Array.of(1, 2) : "AQI="
  const record = { SequenceNumber: "1", PartitionKey: "k", Data: data }
  /** Our decoder gives what it does not know to the SDK's. */
  const layouts = [{}, { Unknown: 1 }]

  it.scopedLive("hands on records without a partition key", () =>
    Effect.gen(function*() {
      const { PartitionKey: _, ...keyless } = record
      for (const more of layouts) {
        const page = yield* answered(
          way,
          { Records: [keyless, { ...record, PartitionKey: null }, record], NextShardIterator: "n", ...more },
          (client) => client.getRecords(read)
        )
        assert.deepStrictEqual(page.records.map(({ partitionKey }) => partitionKey), [undefined, undefined, "k"])
        assert.deepStrictEqual(page.records.map((one) => [...one.data]), [[1, 2], [1, 2], [1, 2]])
      }
    }))

  it.scopedLive("takes instants in seconds and in milliseconds", () =>
    Effect.gen(function*() {
      const instants = way === "cbor"
        ? [tag({ tag: 1, value: millis }), millis, millis / 1000]
        : [millis / 1000, millis]
      for (const instant of instants) {
        for (const more of layouts) {
          const page = yield* answered(
            way,
            { Records: [{ ...record, ApproximateArrivalTimestamp: instant }], NextShardIterator: "n", ...more },
            (client) => client.getRecords(read)
          )
          assert.strictEqual(page.records[0]!.approximateArrivalTimestamp?.getTime(), millis)
        }
        const summary = {
          StreamName: "orders",
          StreamARN: "arn",
          StreamStatus: "ACTIVE",
          RetentionPeriodHours: 24,
          OpenShardCount: 1,
          StreamCreationTimestamp: instant
        }
        const told = yield* answered(
          way,
          { StreamDescriptionSummary: summary },
          (client) => client.describeStreamSummary({ stream: "orders" })
        )
        assert.strictEqual(told.creationTimestamp?.getTime(), millis)
      }
    }))
})
