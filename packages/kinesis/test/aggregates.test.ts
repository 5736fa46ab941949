import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import {
  type KinesisClient,
  KinesisError,
  type KinesisEvent,
  KinesisStream,
  Position,
  ShardReader,
  Until
} from "effect-kinesis"
import { aggregate } from "../src/internal/record/aggregation.js"
import {
  callsOf,
  hashKeyOf,
  maxHashKey,
  oneShard,
  put,
  read,
  recording,
  shard0,
  withKinesis
} from "./support/reading.js"

const bytes = (text: string) => new TextEncoder().encode(text)

/** Writes one record that holds a record of each text, each with a hash key of its own. */
const putAggregate = (
  client: KinesisClient.Service,
  texts: ReadonlyArray<readonly [text: string, hashKey: string]>,
  explicitHashKey = texts[0]![1]
) =>
  client.putRecord({
    stream: "orders",
    partitionKey: "aggregate",
    explicitHashKey,
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

  it.effect("B45 records of which none is kept are passed too, those read before and those of another shard", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client }) =>
      Effect.gen(function*() {
        const first = yield* putAggregate(client, [["a", lower], ["b", lower]])
        const positions = { [shard0]: Position.after({ ...first, subSequenceNumber: 1 }) }
        const follow = read(KinesisStream.pages({ ...fromStart, until: Until.never, maxRecords: 1, positions }))
        const reading = yield* follow
        const position = () => reading.pages.findLast(({ shardId }) => shardId === shard0)?.position
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(position(), Position.afterSequenceNumber(first.sequenceNumber))
        const second = yield* putAggregate(
          client,
          [["c", upper], ["d", upper]].map(([text, key]) => [text!, key!]),
          lower
        )
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(position(), Position.afterSequenceNumber(second.sequenceNumber))
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(position(), Position.afterSequenceNumber(second.sequenceNumber))
        assert.deepStrictEqual(reading.texts(), [])
        yield* Fiber.interrupt(reading.fiber)
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

  it.effect("a wrong outsideRange is refused before any request", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const outsideRange = "drop" as "keep"
        const refused = yield* Effect.flip(Stream.runDrain(KinesisStream.pages({ ...fromStart, outsideRange })))
        assert.include(
          refused.message,
          "\"drop-records\" or \"drop-aggregate\" or \"keep\", was \"drop\""
        )
        assert.isEmpty(yield* local.calls)
      })))

  it.effect("outsideRange \"keep\" keeps what a writer mixed by design, and asks for nothing", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* putAggregate(client, [["a", lower], ["b", upper]])
        const { of, onEvent } = recording()
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, shardId: shard0, outsideRange: "keep", onEvent })
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        assert.isEmpty(of("RecordsOutsideShard"))
        assert.isEmpty(yield* callsOf(local, "describeStreamSummary"))
        assert.isEmpty(yield* callsOf(local, "listShards"))
      })))

  it.effect("an explicit hash key that is none is told with its reason, and nothing of the aggregate is dropped", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client }) =>
      Effect.gen(function*() {
        yield* putAggregate(client, [["a", lower], ["b", `00${lower}`], ["c", "none"]])
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b", "c"])
        assert.isEmpty(of("RecordsOutsideShard"))
        assert.deepStrictEqual(of("MalformedAggregates").map(({ count, reason }) => [count, reason]), [
          [1, "the explicit hash key of record 2 is not a number from 0 to 2^128 - 1"]
        ])
      })))

  describe("where the service may distribute the records", () => {
    const twoShards: LocalKinesis.Options = { streams: [{ name: "orders", shardCount: 2 }] }
    /** An aggregate of both shards' records goes to the first one. */
    const putMixed = (client: KinesisClient.Service, name: string) =>
      putAggregate(client, [[`${name}0`, lower], [`${name}1`, upper]])
    const putWithoutKey = (client: KinesisClient.Service, name: string) =>
      client.putRecord({
        stream: "orders",
        data: aggregate([
          { partitionKey: `${name}0`, explicitHashKey: lower, data: bytes(`${name}0`) },
          { partitionKey: `${name}1`, explicitHashKey: upper, data: bytes(`${name}1`) }
        ])
      })
    /** Reads on, page by page, until it is interrupted. */
    const follow = (onEvent: (event: KinesisEvent.KinesisEvent) => Effect.Effect<void>) =>
      read(KinesisStream.pages({ stream: "orders", from: "trim-horizon", onEvent }))
    const outcomes = (events: ReadonlyArray<{ readonly outcome: string; readonly strategy: string }>) =>
      events.map(({ outcome, strategy }) => `${outcome} ${strategy}`)

    it.effect("nothing of an aggregate is another shard's, in whichever it lies", () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          yield* local.distribute({ stream: "orders", strategy: "AUTO" })
          for (const name of ["a", "b", "c"]) yield* putMixed(client, name)
          for (const outsideRange of ["drop-records", "drop-aggregate"] as const) {
            const { of, onEvent } = recording()
            const reading = yield* read(KinesisStream.pages({ ...fromStart, outsideRange, onEvent }))
            yield* TestClock.adjust("5 seconds")
            yield* Fiber.join(reading.fiber)
            assert.deepStrictEqual([...reading.texts()].sort(), ["a0", "a1", "b0", "b1", "c0", "c1"])
            assert.include(outcomes(of("RecordsOutsideShard")), "kept AUTO")
            assert.notInclude(outcomes(of("RecordsOutsideShard")), "dropped USER_PARTITION_KEY")
          }
          assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 2)
        })))

    it.effect("a record without a key proves it without a question", () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          yield* local.distribute({ stream: "orders", strategy: "AUTO" })
          yield* putWithoutKey(client, "a")
          const { of, onEvent } = recording()
          const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a0", "a1"])
          assert.deepStrictEqual(outcomes(of("RecordsOutsideShard")), ["kept AUTO"])
          assert.isEmpty(yield* callsOf(local, "describeStreamSummary"))
        })))

    it.effect("nobody asks as long as nothing would be dropped", () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          yield* putAggregate(client, [["a", lower], ["b", lower]])
          const reading = yield* read(KinesisStream.pages(fromStart))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a", "b"])
          assert.isEmpty(yield* callsOf(local, "describeStreamSummary"))
        })))

    it.effect("is asked once in ten seconds; after AUTO never again, whatever the strategy becomes", () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          const { of, onEvent } = recording()
          const reading = yield* follow(onEvent)
          for (const name of ["a", "b", "c"]) {
            yield* putMixed(client, name)
            yield* TestClock.adjust("2 seconds")
          }
          assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
          yield* TestClock.adjust("10 seconds")
          yield* local.distribute({ stream: "orders", strategy: "AUTO" })
          yield* putMixed(client, "d")
          yield* TestClock.adjust("2 seconds")
          yield* local.distribute({ stream: "orders", strategy: "USER_PARTITION_KEY" })
          yield* TestClock.adjust("1 minute")
          yield* putMixed(client, "e")
          yield* TestClock.adjust("2 seconds")
          assert.deepStrictEqual(reading.texts(), ["a0", "b0", "c0", "d0", "d1", "e0", "e1"])
          assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 2)
          assert.deepStrictEqual(outcomes(of("RecordsOutsideShard")), [
            ...Array(3).fill("dropped USER_PARTITION_KEY"),
            "kept AUTO"
          ])
          yield* Fiber.interrupt(reading.fiber)
        })))

    it.effect("shards that would drop at the same time ask together", () =>
      withKinesis({ ...twoShards, latency: "300 millis" }, ({ client, local }) =>
        Effect.gen(function*() {
          yield* Effect.fork(Effect.all([
            putAggregate(client, [["a", lower], ["b", upper]]),
            putAggregate(client, [["c", upper], ["d", lower]])
          ]))
          yield* TestClock.adjust("2 seconds")
          const reading = yield* read(KinesisStream.pages(fromStart))
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual([...reading.texts()].sort(), ["a", "c"])
          assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
        })))

    for (
      const [name, error] of [
        [
          "denied",
          new KinesisError.AccessDenied({
            operation: "DescribeStreamSummary",
            stream: "orders",
            description: "not authorized",
            action: "kinesis:DescribeStreamSummary"
          })
        ],
        [
          "unknown to the service",
          new KinesisError.InvalidArgument({
            operation: "DescribeStreamSummary",
            stream: "orders",
            description: "no such operation"
          })
        ]
      ] as const
    ) {
      it.effect(`when the question is ${name}, all is kept, and told`, () =>
        withKinesis(twoShards, ({ client, local }) =>
          Effect.gen(function*() {
            yield* local.fail({ operation: "describeStreamSummary", error, times: 100 })
            const { of, onEvent } = recording()
            const reading = yield* follow(onEvent)
            for (const name of ["a", "b"]) {
              yield* putMixed(client, name)
              yield* TestClock.adjust("2 seconds")
            }
            assert.deepStrictEqual(reading.texts(), ["a0", "a1", "b0", "b1"])
            assert.deepStrictEqual(outcomes(of("RecordsOutsideShard")), ["kept unknown", "kept unknown"])
            assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
            yield* Fiber.interrupt(reading.fiber)
          })))
    }

    it.effect("an outage of the question loses and repeats nothing", () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          yield* local.throttle({ operation: "describeStreamSummary", times: 3 })
          const reading = yield* follow(() => Effect.void)
          for (const name of ["a", "b"]) yield* putMixed(client, name)
          yield* put(client, ["c"], { explicitHashKey: lower })
          yield* TestClock.adjust("30 seconds")
          assert.deepStrictEqual(reading.texts(), ["a0", "b0", "c"])
          yield* Fiber.interrupt(reading.fiber)
        })))
  })
})
