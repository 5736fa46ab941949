import { assert, describe, it } from "@effect/vitest"
import { Array, Duration, Effect, Either, Exit, Fiber, Option, Schedule, TestClock } from "effect"
import { KinesisError, Producer, type ProducerError, RecordEncoder } from "effect-kinesis"
import { four, made, record, records, textsIn, watched, writes } from "../support/producing.js"
import { hashKeyOf, oneShard, shard0, withKinesis } from "../support/reading.js"

const decoder = new TextDecoder()

describe("the outcome of each record", () => {
  it.effect("B65 only the failed entries of a request are sent again", () =>
    withKinesis(four, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* local.failEntries({ entries: (_, index) => index === 3 || index === 200 || index === 499 })
        const receipts = yield* producer.putAll(records(500))
        const calls = yield* writes(local)
        assert.deepStrictEqual(calls.map(({ request }) => (request as { records: Array<unknown> }).records.length), [
          500,
          3
        ])
        assert.deepStrictEqual(receipts.flatMap(({ attempts }, index) => attempts === 2 ? [index] : []).length, 3)
        assert.sameMembers([...yield* textsIn(local)], records(500).map(({ partitionKey }) => partitionKey))
      }).pipe(Effect.scoped)))

  it.effect("B66 the caller learns the outcome of every record, with the entry and what it failed with", () =>
    withKinesis(four, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: "1 second" })
        yield* local.failEntries({ entries: (entry) => entry.partitionKey === "r7", times: 1000 })
        const outcomes = yield* producer.putAllSettled(records(20))
        assert.strictEqual(outcomes.length, 20)
        for (const [index, outcome] of outcomes.entries()) {
          if (index !== 7) {
            assert.isTrue(Either.isRight(outcome))
            continue
          }
          const error = Option.getOrThrow(Either.getLeft(outcome))
          assert.strictEqual(error.reason, "expired")
          assert.strictEqual(error.written, "no")
          assert.isAbove(error.attempts, 2)
          assert.strictEqual(decoder.decode(error.entry!.data), "r7")
          assert.include(error.message, "InternalFailure")
        }
      }).pipe(Effect.scoped)))

  it.effect("B67 W32 requests keep to 500 records and to their bytes, keys included", () =>
    withKinesis(four, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ pace: false })
        const large = Array.makeBy(
          30,
          (index) => ({ data: new Uint8Array(1024 * 1024 - 4), partitionKey: `k${String(index).padStart(3, "0")}` })
        )
        yield* Effect.fork(producer.putAll(large))
        yield* Effect.fork(producer.putAll(records(1200)))
        yield* TestClock.adjust("10 seconds")
        const sizes = (yield* writes(local)).map(({ request }) => {
          const entries = (request as { records: Array<{ data: Uint8Array; partitionKey: string }> }).records
          return {
            count: entries.length,
            bytes: entries.reduce((sum, { data, partitionKey }) => sum + data.length + partitionKey.length, 0)
          }
        })
        assert.isAbove(sizes.length, 5)
        for (const { bytes, count } of sizes) {
          assert.isAtMost(count, 500)
          assert.isAtMost(bytes, 5 * 1024 * 1024)
        }
      }).pipe(Effect.scoped)))

  it.effect("B69 W16 an unknown outcome is repeated; if the record fails in the end, it may have been written", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: "5 seconds" })
        yield* local.loseAnswer({ operation: "putRecords" })
        const receipt = yield* producer.put(record("a"))
        assert.strictEqual(receipt.attempts, 2)
        assert.deepStrictEqual(yield* textsIn(local), ["a", "a"])
        yield* local.loseAnswer({ operation: "putRecords" })
        yield* local.fail({
          operation: "putRecords",
          times: 1000,
          error: (operation) => new KinesisError.ResourceInUse({ operation, description: "UPDATING" })
        })
        const failed = yield* Effect.flip(producer.put(record("b")))
        assert.strictEqual(failed._tag === "PutError" && failed.written, "unknown")
        const other = yield* Effect.flip(producer.put(record("c")))
        assert.strictEqual(other._tag === "PutError" && other.written, "no")
        assert.deepStrictEqual(yield* textsIn(local), ["a", "a", "b"])
      }).pipe(Effect.scoped)))

  it.effect("W14 putAll answers in the order of its input and tells every outcome even if the first fails", () =>
    withKinesis({ ...four, streams: [{ name: "orders", shardCount: 4 }] }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: "1 second", maxBatchRecords: 3, maxInFlight: 4 })
        yield* local.failEntries({ entries: (entry) => entry.partitionKey === "r0", times: 1000 })
        yield* local.delay({ operation: "putRecords", duration: "500 millis" })
        const error = yield* Effect.flip(producer.putAll(records(20)))
        assert.isTrue(error._tag === "PutAllError")
        if (error._tag !== "PutAllError") return
        assert.strictEqual(error.failed.length, 1)
        assert.isTrue(Either.isLeft(error.outcomes[0]!))
        const all = yield* local.records("orders")
        for (const [index, outcome] of error.outcomes.entries()) {
          if (index === 0) continue
          const { sequenceNumber } = Either.getOrThrow(outcome)
          const stored = all.find((each) => each.sequenceNumber === sequenceNumber)!
          assert.strictEqual(decoder.decode(stored.data), `r${index}`)
        }
      }).pipe(Effect.scoped)))

  it.effect("W10 a record that is too large, or whose key is none, fails alone before any call", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        const given = [
          record("good"),
          { data: new Uint8Array(1024 * 1024), partitionKey: "k" },
          record("b", "k".repeat(257)),
          record("c", ""),
          record("d", "k", String(2n ** 128n)),
          record("e", "𝄞".repeat(256)),
          { data: "text", partitionKey: "k" } as never,
          { data: new Uint8Array(1) }
        ]
        const outcomes = yield* producer.putAllSettled(given)
        assert.deepStrictEqual(
          outcomes.map((outcome) =>
            Either.isRight(outcome) ? "written" : `${outcome.left.reason} ${outcome.left.attempts}`
          ),
          ["written", "invalid 0", "invalid 0", "invalid 0", "invalid 0", "written", "invalid 0", "invalid 0"]
        )
        assert.deepStrictEqual(yield* textsIn(local), ["good", "e"])
        assert.strictEqual((yield* writes(local)).length, 1)
      }).pipe(Effect.scoped)))

  it.effect("W11 an entry that the service refuses although it passed our checks is found by halving, and fails alone", () =>
    withKinesis(four, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxRecordBytes: 2 * 1024 * 1024 })
        const given = records(300).map((each, index) =>
          index === 123 ? { ...each, data: new Uint8Array(1.5 * 1024 * 1024) } : each
        )
        const outcomes = yield* producer.putAllSettled(given)
        assert.deepStrictEqual(
          outcomes.flatMap((outcome, index) => Either.isLeft(outcome) ? [`${index} ${outcome.left.reason}`] : []),
          ["123 invalid"]
        )
        assert.strictEqual((yield* textsIn(local)).length, 299)
        assert.isBelow((yield* writes(local)).length, 25)
        yield* producer.putAll(records(10, "after"))
      }).pipe(Effect.scoped)))

  it.effect("W11 where nothing is taken, the service is not asked for each record by itself", () =>
    withKinesis(four, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: "3 seconds" })
        yield* local.fail({
          operation: "putRecords",
          times: 1e6,
          error: (operation) => new KinesisError.InvalidArgument({ operation, description: "no" })
        })
        const outcomes = yield* producer.putAllSettled(records(500))
        assert.isTrue(outcomes.every(Either.isLeft))
        assert.isBelow((yield* writes(local)).length, 150)
      }).pipe(Effect.scoped)))

  it.effect("W41 what cannot be encoded fails alone, before anything is sent", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* Producer.make({
          stream: "orders",
          encoder: RecordEncoder.utf8({
            partitionKey: (text) => {
              if (text === "bad") throw new Error("no key")
              return text
            }
          })
        })
        const outcomes = yield* producer.putAllSettled(["a", "bad", "\ud800", "b"])
        assert.deepStrictEqual(
          outcomes.map((outcome) =>
            Either.isRight(outcome) ? "written" : `${outcome.left.reason} ${outcome.left.attempts}`
          ),
          ["written", "encode 0", "encode 0", "written"]
        )
        assert.strictEqual(
          (Option.getOrThrow(Either.getLeft(outcomes[1]!)).cause as { _tag: string })._tag,
          "EncodeError"
        )
        assert.deepStrictEqual(yield* textsIn(local), ["a", "b"])
      }).pipe(Effect.scoped)))

  it.effect("W36 an answer with fewer results than records is zipped with none: all are repeated", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* local.omitEntries({})
        const receipts = yield* producer.putAll(records(3))
        assert.deepStrictEqual(receipts.map(({ attempts }) => attempts), [2, 2, 2])
        assert.deepStrictEqual(yield* textsIn(local), ["r0", "r1", "r2", "r0", "r1", "r2"])
      }).pipe(Effect.scoped)))

  it.effect("W35 KMS throttling and a limit of calls are throttles: repeated, no outcome lost", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* watched()
        yield* local.failKms({ code: "KMSThrottlingException", times: 2 })
        yield* local.fail({
          operation: "putRecords",
          error: (operation) =>
            new KinesisError.ThrottledError({ operation, reason: "limit", description: "LimitExceeded" })
        })
        const receipts = yield* producer.putAll(records(3))
        assert.deepStrictEqual(receipts.map(({ attempts }) => attempts), [4, 4, 4])
        assert.deepStrictEqual(yield* textsIn(local), ["r0", "r1", "r2"])
        assert.deepStrictEqual(events.map(({ _tag }) => _tag).filter((tag) => tag === "RequestFailed").length, 3)
      }).pipe(Effect.scoped)))

  it.effect("W12 what refuses all is told within one call, and asked again ever more rarely, until it heals", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* watched()
        yield* local.fail({
          operation: "putRecords",
          times: 1e6,
          error: (operation) =>
            new KinesisError.AccessDenied({ operation, action: "kinesis:PutRecords", description: "no" })
        })
        const error = yield* Effect.flip(producer.put(record("a")))
        assert.isTrue(error._tag === "PutError" && error.reason === "refused" && error.written === "no")
        assert.strictEqual(((error as ProducerError.PutError).cause as { _tag: string })._tag, "AccessDenied")
        assert.strictEqual((yield* writes(local)).length, 1)
        const putting = yield* Effect.fork(
          Effect.forever(Effect.zipRight(Effect.either(producer.put(record("b"))), Effect.sleep(10)))
        )
        yield* TestClock.adjust("3 minutes")
        const calls = (yield* writes(local)).map(({ at }) => at)
        const gaps = calls.slice(1).map((at, index) => at - calls[index]!)
        assert.isAbove(gaps.length, 5)
        assert.isTrue(gaps.every((gap, index) => gap >= Math.min(30_000, 1_000 * 2 ** index)), gaps.join())
        yield* Fiber.interrupt(putting)
        yield* local.clearFaults
        yield* producer.put(record("c"))
        assert.deepStrictEqual(yield* textsIn(local), ["c"])
        assert.deepInclude(events, { _tag: "Recovered", after: "refusing" })
      }).pipe(Effect.scoped)))

  it.effect("W13 while the endpoint fails, calls are spaced by the schedule, never back to back", () =>
    withKinesis({ ...four, latency: 1 }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* local.fail({
          operation: "putRecords",
          times: 1e6,
          error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
        })
        const putting = yield* Effect.fork(
          Effect.forEach(Array.range(1, 40), () => producer.putAll(records(100)), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("60 seconds")
        const calls = (yield* writes(local)).map(({ at }) => at)
        assert.isAtMost(calls.length, 40)
        const late = calls.filter((at) => at > calls[0]! + 1)
        for (const [index, at] of late.slice(1).entries()) assert.isAtLeast(at - late[index]!, 80)
        yield* local.clearFaults
        yield* Fiber.join(putting)
        assert.strictEqual((yield* textsIn(local)).length, 4000)
      }).pipe(Effect.scoped)))

  it.effect("W13 entries that fail are not sent again back to back, even where shards have no pace", () =>
    Effect.forEach(["USER_PARTITION_KEY", "AUTO"] as const, (recordDistributionStrategy) =>
      withKinesis(
        { streams: [{ name: "orders", shardCount: 4, recordDistributionStrategy }], latency: 1 },
        ({ local }) =>
          Effect.gen(function*() {
            const producer = yield* made({ pace: false })
            for (const errorCode of ["InternalFailure", "ProvisionedThroughputExceededException"] as const) {
              const before = (yield* writes(local)).length
              yield* local.failEntries({ errorCode, times: 1e6 })
              const putting = yield* Effect.fork(producer.putAll(records(10)))
              yield* TestClock.adjust("10 seconds")
              assert.isBelow((yield* writes(local)).length - before, 20)
              yield* local.clearFaults
              yield* Fiber.join(putting)
            }
            assert.strictEqual((yield* textsIn(local)).length, 20)
          }).pipe(Effect.scoped)
      )))

  it.effect("W31 a call that hangs holds up no more than its own batch", () =>
    withKinesis({ ...four, latency: 10 }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* local.hang({ operation: "putRecords" })
        const hanging = yield* Effect.fork(producer.putAll(records(10)))
        yield* TestClock.adjust("1 second")
        const others = yield* Effect.forEach(Array.range(1, 20), (index) =>
          Effect.timed(producer.put(record(`other${index}`))))
        for (const [duration] of others) {
          assert.isBelow(Duration.toMillis(duration), 100)
        }
        const receipts = yield* Fiber.join(hanging)
        assert.deepStrictEqual([
          ...new Set(receipts.map(({ attempts }) =>
            attempts
          ))
        ], [2])
      }).pipe(Effect.scoped)))

  it.effect("W17 an answer that comes after its call was given up changes nothing that was told", () =>
    withKinesis({ ...oneShard, requestTimeout: "1 second" }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ onUnknown: "fail" })
        yield* local.delayAnswer({ operation: "putRecords", duration: "5 seconds" })
        const error = yield* Effect.flip(producer.put(record("a")))
        assert.isTrue(error._tag === "PutError" && error.reason === "unanswered" && error.written === "unknown")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* textsIn(local), ["a"])
        const { failed, written } = yield* producer.stats
        assert.deepStrictEqual([failed, written], [1, 0])
      }).pipe(Effect.scoped)))

  it.effect("W15 a retry schedule that dies, or is over, leaves no record untold", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const throwing = Schedule.whileInput(Schedule.forever, () => {
          throw new Error("broken schedule")
        })
        for (const retry of [throwing, Schedule.recurs(2)]) {
          const producer = yield* made({ retry })
          yield* local.fail({
            operation: "putRecords",
            times: 3,
            error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
          })
          const error = yield* Effect.flip(producer.put(record("a")))
          assert.isTrue(error._tag === "PutError" && error.reason === "exhausted" && error.written === "unknown")
          yield* local.clearFaults
          assert.strictEqual((yield* producer.put(record("b"))).attempts, 1)
        }
      }).pipe(Effect.scoped)))

  it.effect("W15 a client that dies or interrupts itself leaves no record untold", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* local.fail({
          operation: "putRecords",
          error: () => {
            throw new Error("broken client")
          }
        })
        const receipt = yield* producer.put(record("a", "k", hashKeyOf(0, 1)))
        assert.deepStrictEqual([receipt.shardId, receipt.attempts], [shard0, 2])
        const exit = yield* Effect.exit(producer.flush)
        assert.isTrue(Exit.isSuccess(exit))
      }).pipe(Effect.scoped)))
})
