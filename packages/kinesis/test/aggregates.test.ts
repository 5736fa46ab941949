import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { type KinesisClient, KinesisStream, Position, ShardReader, Until } from "effect-kinesis"
import { aggregate } from "../src/internal/record/aggregation.js"
import { hashKeyOf, maxHashKey, oneShard, put, read, recording, shard0, withKinesis } from "./support/reading.js"

const bytes = (text: string) => new TextEncoder().encode(text)

/** Writes one record that holds a record of each text, each with a hash key of its own. */
const putAggregate = (client: KinesisClient.Service, texts: ReadonlyArray<readonly [text: string, hashKey: string]>) =>
  client.putRecord({
    stream: "orders",
    partitionKey: "aggregate",
    explicitHashKey: texts[0]![1],
    data: aggregate(
      texts.map(([text, explicitHashKey]) => ({ partitionKey: text, explicitHashKey, data: bytes(text) }))
    )
  })
const lower = hashKeyOf(0, 2)
const upper = hashKeyOf(1, 2)
const fromStart = { stream: "orders", from: "trim-horizon", until: Until.caughtUp } as const

describe("aggregates", () => {
  it.effect("are taken apart by default, and left alone on request", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["plain"])
        yield* putAggregate(client, [["a", lower], ["b", upper]])
        const reading = yield* read(KinesisStream.pages(fromStart))
        const raw = yield* read(KinesisStream.pages({ ...fromStart, deaggregate: false }))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        yield* Fiber.join(raw.fiber)
        assert.deepStrictEqual(reading.texts(), ["plain", "a", "b"])
        assert.strictEqual(raw.texts().length, 2)
      })))

  it.effect("count counts the records in them, exactly", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* putAggregate(client, [["a", lower], ["b", lower], ["c", lower]])
        const fiber = yield* Effect.fork(
          Stream.runCollect(KinesisStream.records({ ...fromStart, until: Until.count(2) }))
        )
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(fiber)).length, 2)
      })))

  it.effect("B45 the position after any record of one resumes with the next, and keeps the numbers", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* putAggregate(client, [["a", lower], ["b", lower], ["c", lower]])
        yield* put(client, ["d"])
        const whole = yield* read(KinesisStream.pages(fromStart))
        yield* TestClock.adjust("2 seconds")
        const records = whole.pages.flatMap((page) => page.records)
        for (const [i, record] of records.entries()) {
          const position = JSON.parse(JSON.stringify(Position.after(record))) as Position.Position
          const rest = yield* read(KinesisStream.pages({ ...fromStart, positions: { [shard0]: position } }))
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.join(rest.fiber)
          assert.deepStrictEqual(rest.pages.flatMap((page) => page.records), records.slice(i + 1))
        }
      })))

  it.effect("records that belong to another shard are dropped one by one, told and counted; the position goes on", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* client.splitShard({
          stream: "orders",
          shardToSplit: shard0,
          newStartingHashKey: String(maxHashKey / 2n + 1n)
        })
        yield* putAggregate(client, [["a", lower], ["elsewhere", upper], ["c", lower]])
        yield* putAggregate(client, [["lower", lower], ["elsewhere", upper]])
        const { sequenceNumber } = yield* client.putRecord({
          stream: "orders",
          partitionKey: "aggregate",
          explicitHashKey: lower,
          data: aggregate([{ partitionKey: "none", explicitHashKey: upper, data: bytes("none") }])
        })
        for (const shards of ["stream", "shard"] as const) {
          const { of, onEvent } = recording()
          const reading = yield* read(
            shards === "stream"
              ? KinesisStream.pages({ ...fromStart, onEvent })
              : ShardReader.pages({ ...fromStart, shardId: "shardId-000000000001", onEvent })
          )
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a", "c", "lower"])
          assert.deepStrictEqual(of("RecordsOutsideShard").map((event) => event.count), [3])
          const page = reading.pages.find((page) => page.records.length > 0)!
          assert.deepStrictEqual(page.position, Position.afterSequenceNumber(sequenceNumber))
          assert.deepStrictEqual(page.records.map((record) => record.subSequenceNumber), [0, 2, 0])
        }
        const whole = yield* read(KinesisStream.pages({ ...fromStart, outsideRange: "drop-aggregate" }))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(whole.texts(), [])
      })))

  it.effect("a malformed one passes through as it came, and is told", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const data = aggregate([{ partitionKey: "a", explicitHashKey: undefined, data: bytes("a") }])
        data[data.length - 1]! ^= 1
        yield* client.putRecord({ stream: "orders", partitionKey: "k", data })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual([...reading.pages[0]!.records[0]!.data], [...data])
        assert.deepStrictEqual(of("MalformedAggregates").map((event) => event.count), [1])
      })))
})
