/** What the events of reading say, and the metrics make of it: their counts, not their coming alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Stream, TestClock } from "effect"
import { KinesisError, KinesisEvent, KinesisMetrics, KinesisStream, Position, ShardReader, Until } from "effect-kinesis"
import { aggregate } from "../src/internal/record/aggregation.js"
import { hashKeyOf, oneShard, put, read, recording, shard0, withKinesis } from "./support/reading.js"

const bytes = (text: string) => new TextEncoder().encode(text)
const lower = hashKeyOf(0, 2)
const upper = hashKeyOf(1, 2)
const fromStart = { stream: "orders", from: "trim-horizon" } as const
const subRecords = (texts: ReadonlyArray<readonly [text: string, explicitHashKey: string]>) =>
  texts.map(([text, explicitHashKey]) => ({ partitionKey: text, explicitHashKey, data: bytes(text) }))

describe("events", () => {
  it.effect("a reader's onEvent is given the stream's name, as a worker's is", () =>
    withKinesis({ streams: [{ name: "orders" }, { name: "returns" }] }, () =>
      Effect.gen(function*() {
        const told = new Set<string>()
        const onEvent: KinesisEvent.OnEvent = (_, stream) => Effect.sync(() => void told.add(stream))
        const options = { from: "trim-horizon", until: Until.caughtUp, onEvent } as const
        const reading = Effect.all([
          Stream.runDrain(KinesisStream.pages({ ...options, stream: "orders" })),
          Stream.runDrain(ShardReader.pages({ ...options, stream: "returns", shardId: shard0 }))
        ], { concurrency: 2 })
        const fiber = yield* Effect.fork(reading)
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual([...told].toSorted(), ["orders", "returns"])
      })))

  it.effect("PageRead has the users' records, the bytes as they came, and how far behind the page is", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const data = aggregate(subRecords([["a", lower], ["b", lower], ["c", upper]]))
        yield* client.putRecord({ stream: "orders", partitionKey: "many", data })
        yield* TestClock.adjust("3 seconds")
        yield* put(client, ["four", "fifth"], { partitionKey: "k" })
        yield* TestClock.adjust("2 seconds")
        const { of, onEvent } = recording()
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, shardId: shard0, maxRecords: 1, until: Until.caughtUp, onEvent })
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(
          of("PageRead").map((event) => [event.records, event.bytes]),
          [[3, data.byteLength + 4], [1, 5], [1, 6]]
        )
        assert.deepStrictEqual(
          of("PageRead").map(({ millisBehindLatest, position, shardId }) => ({
            millisBehindLatest,
            position,
            shardId
          })),
          reading.pages.map(({ millisBehindLatest, position, shardId }) => ({ millisBehindLatest, position, shardId }))
        )
        assert.deepStrictEqual(of("PageRead").map((event) => event.millisBehindLatest! > 0), [true, true, false])
      })))

  it.effect("MalformedAggregates counts all of a page, with the first one's reason", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const damaged = aggregate(subRecords([["a", lower]]))
        damaged[damaged.length - 1]! ^= 1
        for (
          const data of [
            aggregate(subRecords([["c", "none"]])),
            damaged,
            damaged,
            aggregate(subRecords([["b", lower]]))
          ]
        ) {
          yield* client.putRecord({ stream: "orders", partitionKey: "k", data })
        }
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.caughtUp, onEvent }))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(
          of("MalformedAggregates").map(({ count, reason, shardId }) => [shardId, count, reason]),
          [
            [shard0, 3, "the explicit hash key of record 0 is not a number from 0 to 2^128 - 1"]
          ]
        )
      })))

  it.effect("RecordsOutsideShard counts what was dropped, all of an aggregate if all of it is, and what was kept", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        const data = aggregate(subRecords([["a", lower], ["b", upper], ["c", upper]]))
        yield* client.putRecord({ stream: "orders", partitionKey: "k", explicitHashKey: lower, data })
        const told = (outsideRange: "drop-records" | "drop-aggregate") =>
          Effect.gen(function*() {
            const { of, onEvent } = recording()
            const reading = yield* read(
              KinesisStream.pages({ ...fromStart, until: Until.caughtUp, outsideRange, onEvent })
            )
            yield* TestClock.adjust("5 seconds")
            yield* Fiber.join(reading.fiber)
            return of("RecordsOutsideShard").map(({ count, outcome, shardId }) => [shardId, count, outcome])
          })
        assert.deepStrictEqual(yield* told("drop-records"), [[shard0, 2, "dropped"]])
        assert.deepStrictEqual(yield* told("drop-aggregate"), [[shard0, 3, "dropped"]])
        yield* local.distribute({ stream: "orders", strategy: "AUTO" })
        assert.deepStrictEqual(yield* told("drop-records"), [[shard0, 2, "kept"]])
      })))

  it.effect("ListingFailed has the age of the last good listing, which grows until there is another", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        const reading = yield* read(
          KinesisStream.pages({ ...fromStart, onEvent, idleInterval: "10 seconds", listInterval: "30 seconds" })
        )
        yield* TestClock.adjust("1 second")
        const error = new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" })
        yield* local.fail({ operation: "listShards", error, times: 3 })
        yield* TestClock.adjust("3 minutes")
        yield* local.fail({ operation: "listShards", error })
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(reading.fiber)
        const ages = of("ListingFailed").map(({ millisSinceLastListing }) => millisSinceLastListing)
        assert.strictEqual(ages.length, 4)
        for (const [index, intervals] of [1, 2, 3, 1].entries()) {
          assert.isAtLeast(ages[index]!, intervals * 24_000)
          assert.isAtMost(ages[index]!, intervals * 36_000)
        }
      })))
})

describe("metrics", () => {
  it.effect("add what an event counts, and leave out records that were kept", () =>
    Effect.gen(function*() {
      const stream = "events-counted"
      const { KinesisEvent: Event } = KinesisEvent
      const record = KinesisMetrics.recorder(stream)
      const page = { shardId: shard0, position: Position.trimHorizon }
      for (const time of [1, 2]) {
        record(Event.PageRead({ ...page, records: 3, bytes: 50, millisBehindLatest: 700 * time }))
        record(Event.MalformedAggregates({ shardId: shard0, count: 4, reason: "" }))
        const strategy = "AUTO"
        record(Event.RecordsOutsideShard({ shardId: shard0, count: 5, outcome: "dropped", strategy }))
        record(Event.RecordsOutsideShard({ shardId: shard0, count: 6, outcome: "kept", strategy }))
        record(Event.RecordsSkipped({ shardId: shard0, count: 7, sequenceNumber: "1" }))
        record(Event.Balanced({ leases: 9, mine: 8 * time, workers: 2 }))
      }
      const labelled = <Type, Out>(metric: Metric.Metric<Type, number, Out>) =>
        Metric.value(Metric.tagged(Metric.tagged(metric, "stream", stream), "shard", shard0))
      assert.strictEqual((yield* labelled(KinesisMetrics.pages)).count, 2)
      assert.strictEqual((yield* labelled(KinesisMetrics.records)).count, 6)
      assert.strictEqual((yield* labelled(KinesisMetrics.bytes)).count, 100)
      assert.strictEqual((yield* labelled(KinesisMetrics.millisBehindLatest)).value, 1_400)
      assert.strictEqual((yield* labelled(KinesisMetrics.malformedAggregates)).count, 8)
      assert.strictEqual((yield* labelled(KinesisMetrics.recordsOutsideShard)).count, 10)
      assert.strictEqual((yield* labelled(KinesisMetrics.handlerSkips)).count, 14)
      assert.strictEqual((yield* Metric.value(Metric.tagged(KinesisMetrics.leasesHeld, "stream", stream))).value, 16)
    }))
})
