import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array, Duration, Effect, Either, Fiber, Stream, TestClock } from "effect"
import { KinesisError, KinesisStream, type Producer, Until } from "effect-kinesis"
import { made, record, watched, writes } from "../support/producing.js"
import { maxHashKey, shardName, withKinesis } from "../support/reading.js"

const shuffling: LocalKinesis.Options = {
  streams: [{ name: "orders", shardCount: 4 }],
  latency: 20,
  shuffleEntries: 7
}

const decoder = new TextDecoder()

/** What a reader sees, in its order, without copies. */
const read = Effect.map(
  Stream.runCollect(KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })),
  (records) => [...records].map(({ data, partitionKey }) => ({ key: partitionKey!, text: decoder.decode(data) }))
)

/** The first copies of each key are in the order of their numbers. */
const assertOrdered = (
  seen: ReadonlyArray<{ readonly key: string; readonly text: string }>,
  keys: number,
  each: number
) => {
  for (let key = 0; key < keys; key++) {
    const first = [...new Set(seen.filter((record) => record.key === `key${key}`).map(({ text }) => Number(text)))]
    assert.deepStrictEqual(first, Array.makeBy(each, (number) => number), `key${key}`)
  }
}

const keyed = (keys: number, each: number) =>
  Array.makeBy(keys * each, (index) => record(String(Math.floor(index / keys)), `key${index % keys}`))

const trouble = (local: LocalKinesis.Service) =>
  Effect.gen(function*() {
    yield* local.failEntries({ entries: (_, index) => index % 3 === 0, times: 6 })
    yield* Effect.sleep(60)
    yield* local.loseAnswer({ operation: "putRecords" })
    yield* local.loseAnswer({ operation: "putRecord" })
    yield* Effect.sleep(60)
    yield* local.fail({
      operation: "putRecord",
      times: 3,
      error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
    })
    yield* local.throttle({ operation: "putRecord", times: 3 })
    yield* local.throttle({ operation: "putRecords", shardId: shardName(1), times: 3 })
  })

const modes: ReadonlyArray<Partial<Producer.Options>> = [{}, { aggregate: true }, { aggregate: { maxBytes: 300 } }, {
  pace: false
}]

describe("the order of a key", () => {
  for (const options of modes) {
    it.effect(
      `B68 W26 W28 is kept under failures, lost answers, splits and merges: ${JSON.stringify(options)}`,
      () =>
        withKinesis(shuffling, ({ client, local }) =>
          Effect.gen(function*() {
            const producer = yield* made({ order: "key", ...options })
            yield* Effect.fork(trouble(local))
            const resharding = Effect.gen(function*() {
              yield* Effect.sleep(100)
              yield* client.splitShard({
                stream: "orders",
                shardToSplit: shardName(0),
                newStartingHashKey: String(maxHashKey / 7n)
              })
              yield* Effect.sleep(150)
              yield* client.mergeShards({
                stream: "orders",
                shardToMerge: shardName(2),
                adjacentShardToMerge: shardName(3)
              })
            })
            yield* Effect.fork(resharding)
            const receipts = yield* Effect.forEach(
              Array.chunksOf(keyed(25, 40), 50),
              (chunk, index) => Effect.delay(producer.putAll(chunk), index * 20),
              { concurrency: "unbounded" }
            )
            assert.strictEqual(receipts.flat().length, 1000)
            assertOrdered(yield* read, 25, 40)
          }).pipe(Effect.scoped)),
      20_000
    )
  }

  it.effect("W28 no request holds two records of one key", () =>
    withKinesis(shuffling, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ order: "key" })
        yield* producer.putAll(keyed(10, 20))
        for (const { request } of yield* writes(local)) {
          const keys = (request as { records: Array<{ partitionKey: string }> }).records.map(({ partitionKey }) =>
            partitionKey
          )
          assert.strictEqual(new Set(keys).size, keys.length)
        }
        assertOrdered(yield* read, 10, 20)
      }).pipe(Effect.scoped)))

  it.effect("W26 with aggregates, PutRecord says after which number each record comes, and no lane holds up another", () =>
    withKinesis(shuffling, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ order: "key", aggregate: true })
        yield* producer.putAll(keyed(50, 10))
        yield* producer.putAll(keyed(50, 10))
        const calls = yield* writes(local)
        assert.isTrue(calls.every(({ operation }) => operation === "putRecord"))
        const numbered = calls.filter(({ request }) =>
          (request as { sequenceNumberForOrdering?: string }).sequenceNumberForOrdering !== undefined
        )
        assert.isAbove(numbered.length, 3)
        yield* local.hang({ operation: "putRecord" })
        const hanging = yield* Effect.fork(producer.putAll(keyed(1, 1)))
        yield* TestClock.adjust("1 second")
        const [duration] = yield* Effect.timed(producer.put(record("x", "other-2")))
        assert.isBelow(Duration.toMillis(duration), 200)
        yield* Fiber.join(hanging)
      }).pipe(Effect.scoped)))

  it.effect("W27 a record that fails for good takes those of its key that wait behind it along, unless they are to be sent", () =>
    withKinesis(shuffling, ({ local }) =>
      Effect.gen(function*() {
        for (
          const [onFailure, expected] of [["fail", ["expired", "predecessor", "predecessor"]], ["skip", [
            "expired",
            "written",
            "written"
          ]]] as const
        ) {
          const key = `key-${onFailure}`
          const producer = yield* made({ order: "key", onFailure, recordDeadline: "6 seconds" })
          yield* local.failEntries({
            entries: (entry) => entry.partitionKey === key && decoder.decode(entry.data) === "0",
            times: 1000
          })
          const putting = yield* Effect.fork(producer.put(record("0", key)))
          yield* TestClock.adjust(5_000)
          const behind = yield* Effect.fork(
            producer.putAllSettled([record("1", key), record("2", key), record("x", "another")])
          )
          const first = yield* Effect.either(Fiber.join(putting))
          const rest = yield* Fiber.join(behind)
          const told = [first, ...rest].map((outcome) =>
            Either.isRight(outcome) ? "written" : (outcome.left as { reason: string }).reason
          )
          assert.deepStrictEqual(told, [...expected, "written"])
        }
      }).pipe(Effect.scoped)))

  it.effect("W8 a stream whose records the service distributes has no order: a typed error when the producer is made", () =>
    withKinesis({ streams: [{ name: "orders", recordDistributionStrategy: "AUTO" }] }, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(watched({ order: "key" }))
        assert.isTrue(error._tag === "InvalidArgument" && error.field === "order")
      }).pipe(Effect.scoped)))
})
