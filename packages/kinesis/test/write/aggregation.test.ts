import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array, Duration, Effect, Either, Fiber, Stream, TestClock } from "effect"
import { KinesisError, KinesisStream, type ProducerEvent, Until } from "effect-kinesis"
import * as Aggregation from "../../src/internal/record/aggregation.js"
import { made, record, records, watched, writes } from "../support/producing.js"
import { hashKeyOf, maxHashKey, shardName, withKinesis } from "../support/reading.js"

const decoder = new TextDecoder()

const two: LocalKinesis.Options = { streams: [{ name: "orders", shardCount: 2 }], latency: 20 }

/** What a reader sees that drops aggregates as KCL does: whole, if one of their records belongs to another shard. */
const seen = Effect.map(
  Stream.runCollect(
    KinesisStream.records({
      stream: "orders",
      from: "trim-horizon",
      until: Until.caughtUp,
      outsideRange: "drop-aggregate"
    })
  ),
  (records) => [...records].map(({ data }) => decoder.decode(data))
)

const sentRecords = (local: LocalKinesis.Service) =>
  Effect.map(
    writes(local),
    (calls) =>
      calls.flatMap(({ request }) =>
        (request as { records: ReadonlyArray<{ data: Uint8Array; partitionKey: string }> }).records ?? [request]
      )
  )

const aggregatesIn = (local: LocalKinesis.Service) =>
  Effect.map(local.records("orders"), (all) => all.filter(({ data }) => Aggregation.hasMagic(data)))

const textsOfAggregate = (data: Uint8Array): ReadonlyArray<string> => {
  const parts = Aggregation.deaggregate(data)
  return parts._tag === "Aggregate" ? parts.records.map((record) => decoder.decode(record.data)) : []
}

const tags = (events: ReadonlyArray<ProducerEvent.ProducerEvent>) => events.map(({ _tag }) => _tag)

const textsOf = (count: number, prefix = "r") => records(count, prefix).map(({ partitionKey }) => partitionKey).sort()

const evenly = (client: Parameters<Parameters<typeof withKinesis>[1]>[0]["client"]) =>
  client.splitShard({
    stream: "orders",
    shardToSplit: shardName(0),
    newStartingHashKey: String((maxHashKey + 1n) / 4n)
  })

const unevenly = (client: Parameters<Parameters<typeof withKinesis>[1]>[0]["client"]) =>
  client.splitShard({ stream: "orders", shardToSplit: shardName(0), newStartingHashKey: String(maxHashKey / 11n) })

describe("aggregates", () => {
  it.effect("W34 small records travel together, and a reader sees each of them", () =>
    withKinesis(two, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ aggregate: true })
        const receipts = yield* producer.putAll(records(1000))
        assert.isAtMost((yield* sentRecords(local)).length, 20)
        assert.isTrue(receipts.every(({ subSequenceNumber }) => subSequenceNumber !== undefined))
        assert.deepStrictEqual((yield* seen).sort(), textsOf(1000))
        for (const { data, partitionKey } of yield* aggregatesIn(local)) {
          const parts = Aggregation.deaggregate(data)
          assert.strictEqual(parts._tag === "Aggregate" && parts.records[0]!.partitionKey, partitionKey)
        }
        const alone = yield* producer.put(record("alone"))
        assert.isUndefined(alone.subSequenceNumber)
      }).pipe(Effect.scoped)))

  it.effect(
    "W5 an even split under load tears none, and nothing is written twice",
    () =>
      withKinesis(two, ({ client, local }) =>
        Effect.gen(function*() {
          const { events, producer } = yield* watched({ aggregate: true })
          yield* Effect.fork(Effect.delay(evenly(client), 90))
          yield* Effect.forEach(
            Array.chunksOf(records(2000), 50),
            (chunk, index) => Effect.delay(producer.putAll(chunk), index * 10),
            { concurrency: "unbounded" }
          )
          yield* TestClock.adjust("1 minute")
          assert.notInclude(tags(events), "Misplaced")
          assert.include(tags(events), "MapRefreshed")
          const written = (yield* local.records("orders")).flatMap(({ data }) => {
            const parts = Aggregation.deaggregate(data)
            return parts._tag === "Aggregate"
              ? parts.records.map((each) => decoder.decode(each.data))
              : [decoder.decode(data)]
          })
          assert.deepStrictEqual(written.sort(), textsOf(2000))
          assert.deepStrictEqual((yield* seen).sort(), textsOf(2000))
        }).pipe(Effect.scoped)),
    20_000
  )

  it.effect(
    "W5 after an uneven split each record is told only when a KCL reader sees it",
    () =>
      withKinesis(two, ({ client }) =>
        Effect.gen(function*() {
          const { events, producer } = yield* watched({ aggregate: true })
          yield* producer.putAll(records(100, "before"))
          yield* unevenly(client)
          const receipts = yield* producer.putAll(records(2000))
          assert.strictEqual(receipts.length, 2000)
          const all = new Set(yield* seen)
          for (const text of textsOf(2000)) assert.isTrue(all.has(text), text)
          assert.include(tags(events), "Misplaced")
        }).pipe(Effect.scoped)),
    20_000
  )

  it.effect(
    "W6 a throttled aggregate whose shard is split before it goes again is packed anew",
    () =>
      withKinesis(two, ({ client, local }) =>
        Effect.gen(function*() {
          const producer = yield* made({ aggregate: true })
          yield* producer.put(record("first"))
          yield* local.throttle({ operation: "putRecords", shardId: shardName(0), times: 3 })
          const putting = yield* Effect.fork(producer.putAll(records(500)))
          yield* TestClock.adjust(30)
          yield* unevenly(client)
          yield* Fiber.join(putting)
          const all = yield* seen
          for (const text of textsOf(500)) assert.include(all, text)
        }).pipe(Effect.scoped)),
    20_000
  )

  it.effect("W7 while the shards cannot be listed, sending goes on by those that are known", () =>
    withKinesis(two, ({ client, local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* watched()
        yield* evenly(client)
        yield* local.fail({
          operation: "listShards",
          times: 2,
          error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
        })
        yield* producer.putAll(records(100))
        yield* TestClock.adjust("12 seconds")
        assert.include(tags(events), "MapUnavailable")
        yield* producer.putAll(records(100, "s"))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(tags(events).filter((tag) => tag === "MapRefreshed").length, 1)
        assert.strictEqual((yield* local.records("orders")).length, 200)
      }).pipe(Effect.scoped)))

  it.effect("W7 while the shards are being listed, records go on travelling together by the map so far", () =>
    withKinesis(two, ({ client, local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ aggregate: true })
        yield* producer.putAll(records(20, "before"))
        yield* evenly(client)
        yield* local.delay({ operation: "listShards", duration: "5 seconds" })
        const doubtful = yield* Effect.fork(producer.putAll(records(20, "doubtful")))
        yield* TestClock.adjust("8 seconds")
        const before = (yield* aggregatesIn(local)).length
        const during = yield* Effect.fork(producer.putAll(records(200)))
        yield* TestClock.adjust("1 second")
        assert.isAbove((yield* aggregatesIn(local)).length, before)
        yield* Fiber.join(doubtful)
        yield* Fiber.join(during)
        assert.strictEqual((yield* seen).length, 240)
      }).pipe(Effect.scoped)))

  it.effect("W7 W9 without any map, or without leave to ask who distributes the records, they travel alone", () =>
    withKinesis(two, ({ local }) =>
      Effect.gen(function*() {
        const denied = (operation: string) =>
          new KinesisError.AccessDenied({ operation, action: `kinesis:${operation}`, description: "no" })
        yield* local.fail({ operation: "listShards", times: 1e6, error: denied })
        const { events, producer } = yield* watched({ aggregate: true })
        assert.deepStrictEqual(tags(events), ["MapUnavailable"])
        yield* producer.putAll(records(50))
        yield* local.clearFaults
        yield* local.fail({ operation: "describeStreamSummary", times: 1e6, error: denied })
        const other = yield* made({ aggregate: true })
        yield* other.putAll(records(50, "s"))
        assert.strictEqual((yield* local.records("orders")).length, 100)
        const byKey = yield* made({ aggregate: { by: "key" } })
        yield* byKey.putAll(Array.makeBy(60, (index) => record(`t${index}`, `key${index % 3}`)))
        assert.strictEqual((yield* aggregatesIn(local)).length, 3)
        assert.strictEqual((yield* seen).length, 160)
      }).pipe(Effect.scoped)))

  it.effect("W8 where the service distributes the records, none travel together, and those without a key go", () =>
    withKinesis(
      { ...two, streams: [{ name: "orders", shardCount: 2, recordDistributionStrategy: "AUTO" }] },
      ({ local }) =>
        Effect.gen(function*() {
          const producer = yield* made({ aggregate: true })
          yield* producer.putAll([...records(50), { data: new Uint8Array([1]) }])
          assert.strictEqual((yield* local.records("orders")).length, 51)
          assert.deepStrictEqual(yield* aggregatesIn(local), [])
        }).pipe(Effect.scoped)
    ))

  it.effect("W8 when it begins to, aggregation stops within one answer, and what went astray goes again", () =>
    withKinesis({ ...two, streams: [{ name: "orders", shardCount: 3 }] }, ({ local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* watched({ aggregate: true })
        yield* producer.putAll(records(200, "before"))
        yield* local.distribute({ stream: "orders", strategy: "AUTO" })
        const at = (yield* aggregatesIn(local)).length
        yield* producer.putAll(records(200))
        const during = (yield* aggregatesIn(local)).length - at
        assert.isAtMost(during, 6)
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(events, { _tag: "StrategyChanged", strategy: "AUTO" })
        yield* producer.putAll(records(200, "after"))
        assert.strictEqual((yield* aggregatesIn(local)).length, at + during)
        // a reader that checks hash keys sees what is not in a torn aggregate
        const outcomes = yield* producer.putAllSettled(records(10, "more"))
        assert.isTrue(outcomes.every(Either.isRight))
      }).pipe(Effect.scoped)))

  it.effect("W8 aggregates of one key stop too, and none is told written that a reader drops", () =>
    withKinesis({ ...two, streams: [{ name: "orders", shardCount: 3 }] }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ aggregate: { by: "key" } })
        const ofOneKey = (text: string) => Array.makeBy(5, (index) => record(`${text}${index}`, text))
        yield* local.distribute({ stream: "orders", strategy: "AUTO" })
        const told = yield* Effect.fork(producer.putAll(Array.makeBy(9, (key) => ofOneKey(`k${key}-`)).flat()))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(told)
        assert.strictEqual(new Set(yield* seen).size, 45)
        const before = (yield* aggregatesIn(local)).length
        yield* producer.putAll(ofOneKey("after"))
        assert.strictEqual((yield* aggregatesIn(local)).length, before)
      }).pipe(Effect.scoped)))

  it.effect("W16 a record whose aggregate went astray may be in the stream if it fails in the end", () =>
    withKinesis({ ...two, streams: [{ name: "orders", shardCount: 3 }] }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ aggregate: true, recordDeadline: "3 seconds" })
        yield* local.distribute({ stream: "orders", strategy: "AUTO" })
        yield* local.failEntries({ times: 1e6, entries: ({ data }) => !Aggregation.hasMagic(data) })
        const outcomes = yield* producer.putAllSettled(records(60))
        const failed = outcomes.filter(Either.isLeft).map(({ left }) => left)
        const inStream = new Set((yield* aggregatesIn(local)).flatMap(({ data }) => textsOfAggregate(data)))
        assert.isAbove(failed.length, 0)
        for (const { entry, reason, written } of failed) {
          const isThere = inStream.has(decoder.decode(entry!.data))
          assert.deepStrictEqual([reason, written], ["expired", isThere ? "unknown" : "no"])
        }
        assert.isTrue(failed.some(({ written }) => written === "unknown"))
      }).pipe(Effect.scoped)))

  it.effect(
    "W33 a record of 10 MiB is written where the stream takes it, its shard rests, and the others do not",
    () =>
      withKinesis(
        { streams: [{ name: "orders", shardCount: 2, maxRecordSizeInKiB: 10_240 }], latency: 20 },
        ({ local }) =>
          Effect.gen(function*() {
            const producer = yield* made()
            const large = {
              data: new Uint8Array(10 * 1024 * 1024 - 1),
              partitionKey: "k",
              explicitHashKey: hashKeyOf(0, 2)
            }
            yield* producer.put(large)
            const same = yield* Effect.fork(Effect.timed(producer.put(record("a", "a", hashKeyOf(0, 2)))))
            const [other] = yield* Effect.timed(producer.put(record("b", "b", hashKeyOf(1, 2))))
            assert.isBelow(Duration.toMillis(other), 100)
            yield* Fiber.join(same)
            const at = (yield* writes(local)).map(({ at }) => at)
            assert.isAbove(at.at(-1)! - at[0]!, 8_000)
            assert.strictEqual((yield* local.records("orders")).length, 3)
          }).pipe(Effect.scoped)
      ),
    20_000
  )

  it.effect("W39 bytes are taken as they are when they are sent: they are not copied before", () =>
    withKinesis(two, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        const data = new TextEncoder().encode("before")
        const putting = yield* Effect.fork(producer.put({ data, partitionKey: "k" }))
        yield* Fiber.join(putting)
        assert.strictEqual((yield* sentRecords(local))[0]!.data, data)
      }).pipe(Effect.scoped)))
})
