import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Metric, MetricState, TestClock } from "effect"
import { KinesisError, KinesisMetrics } from "effect-kinesis"
import { made, record, records, watched } from "../support/producing.js"
import { shardName, withKinesis } from "../support/reading.js"
import { recordingTracer } from "../support/spans.js"

/** Metrics are shared by all tests of a process: what counts is by how much they have risen. */
const rising = <A, E, R>(stream: string, program: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const sum = Effect.map(KinesisMetrics.snapshot, (samples) =>
      new Map(
        samples.filter(({ tags }) => tags["stream"] === stream).map(({ name, tags, value }) =>
          [
            [name, tags["outcome"] ?? tags["result"] ?? tags["shard"]].filter((part) => part !== undefined).join(" "),
            value
          ] as const
        )
      ))
    const before = yield* sum
    yield* program
    const after = yield* sum
    return (name: string): number =>
      (after.get(`kinesis_producer_${name}`) ?? 0) - (before.get(`kinesis_producer_${name}`) ?? 0)
  })

const stream = { name: "counted", shardCount: 2 }

const producing = (options: object = {}) => watched({ stream: "counted", ...options })

describe("what a producer counts", () => {
  it.effect("W37 the metrics say what became of each record, and how", () =>
    withKinesis({ streams: [stream], latency: 20 }, ({ local }) =>
      Effect.gen(function*() {
        const risen = yield* rising(
          "counted",
          Effect.scoped(Effect.gen(function*() {
            const { producer } = yield* producing({ recordDeadline: "3 seconds" })
            yield* local.throttle({ operation: "putRecords", shardId: shardName(1), times: 1 })
            yield* local.failEntries({ entries: (entry) => entry.partitionKey === "bad", times: 1000 })
            const outcomes = yield* producer.putAllSettled([
              ...records(100),
              record("bad"),
              record("x", "k".repeat(300))
            ])
            assert.strictEqual(outcomes.filter(Either.isLeft).length, 2)
            const putting = yield* Effect.fork(producer.put(record("gone")))
            yield* TestClock.adjust(5)
            yield* Fiber.interrupt(putting)
            yield* producer.flush
          }))
        )
        assert.deepStrictEqual(
          [risen("records_total written"), risen("records_total expired"), risen("records_total invalid")],
          [101, 1, 1]
        )
        assert.isAbove(risen(`throttled_entries_total ${shardName(1)}`), 10)
        assert.isAbove(risen("retried_records_total"), 10)
        assert.isAbove(risen("requests_total ok"), 2)
        assert.strictEqual(risen("abandoned_total"), 1)
        assert.isAbove(risen("bytes_total"), 200)
        assert.strictEqual(yield* KinesisMetrics.total(KinesisMetrics.producerBufferedBytes, { stream: "counted" }), 0)
        assert.isAtLeast(risen("put_millis"), 2)
        assert.isAbove(risen("request_records"), 2)
        const histogram = yield* Metric.value(KinesisMetrics.producerPutMillis.pipe(Metric.tagged("stream", "counted")))
        assert.isTrue(MetricState.isHistogramState(histogram) && histogram.max >= 20)
      })))

  it.effect("events tell when a shard is slowed down, and when it has recovered", () =>
    withKinesis({ streams: [stream], latency: 20 }, ({ local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* producing()
        yield* local.throttle({ operation: "putRecords", shardId: shardName(1), times: 1 })
        yield* producer.putAll(records(20))
        yield* TestClock.adjust("4 seconds")
        yield* producer.putAll(records(20))
        const [throttled, slowed, recovered] = events
        assert.isTrue(
          throttled?._tag === "EntriesThrottled" && throttled.shardId === shardName(1) && throttled.entries > 0
        )
        assert.deepInclude(slowed, { _tag: "LaneSlowed", shardId: shardName(1), factor: 0.7 })
        assert.deepInclude(recovered, { _tag: "LaneRecovered", shardId: shardName(1) })
        assert.strictEqual(events.length, 3)
      }).pipe(Effect.scoped)))

  it.effect("a failing onEvent changes nothing", () =>
    withKinesis({ streams: [stream] }, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ stream: "counted", onEvent: () => Effect.dieMessage("broken") })
        yield* local.fail({
          operation: "putRecords",
          error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
        })
        assert.strictEqual((yield* producer.put(record("a"))).attempts, 2)
      }).pipe(Effect.scoped)))
})

describe("the spans of a producer", () => {
  it.effect("one for each request, with links to those of its callers, and the client's call in it", () =>
    withKinesis({ streams: [stream], latency: 20 }, ({ local }) =>
      Effect.gen(function*() {
        const { links, recorded, tracer } = recordingTracer()
        yield* Effect.gen(function*() {
          const { producer } = yield* producing()
          yield* local.fail({
            operation: "putRecords",
            error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "503" })
          })
          const put = (name: string) => Effect.withSpan(producer.put(record(name)), name)
          yield* Effect.all([put("one"), put("two")], { concurrency: 2 })
        }).pipe(Effect.scoped, Effect.withTracer(tracer))
        const sent = recorded().filter(({ name }) => name === "send counted")
        assert.isAtLeast(sent.length, 2)
        assert.deepStrictEqual([sent[0]!.outcome, sent[0]!.kind, sent[0]!.parent], ["Failure", "producer", undefined])
        assert.strictEqual(sent[0]!.attributes["error.type"], "ServiceUnavailable")
        assert.strictEqual(sent.at(-1)!.outcome, "Success")
        assert.strictEqual(sent.at(-1)!.attributes["messaging.operation.name"], "send")
        assert.sameMembers([...new Set(links("send counted"))], ["one", "two"])
        const calls = recorded().filter(({ name }) => name === "Kinesis.PutRecords")
        assert.strictEqual(calls.length, sent.length)
        assert.isTrue(calls.every(({ parent }) => parent === "send counted"))
      })))
})
