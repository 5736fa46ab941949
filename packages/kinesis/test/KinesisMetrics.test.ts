import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Schema, Stream } from "effect"
import { KinesisError, KinesisEvent, KinesisMetrics, LeaseStoreError, Position, RecordDecoder } from "effect-kinesis"
import * as Zlib from "node:zlib"
import { recordOf } from "./support/decoding.js"

const shardId = "shardId-000000000007"
const operation = "GetRecords"
const call = { operation, shardId, stream: "any", description: "" }
const position = Position.trimHorizon
const { KinesisEvent: Event } = KinesisEvent

/** An event of each kind that is counted. */
const events: ReadonlyArray<KinesisEvent.KinesisEvent> = [
  Event.LeaseLost({ shardId, description: "" } as never),
  Event.PageRead({ shardId, records: 1, bytes: 1, millisBehindLatest: 1, position }),
  Event.Throttled({
    operation,
    shardId,
    error: new KinesisError.ThrottledError({ ...call, reason: "throughput" })
  }),
  Event.CallFailed({ operation, shardId, error: new KinesisError.RequestTimeout(call) }),
  Event.CallFailed({ operation, shardId, error: new KinesisError.ServiceUnavailable(call) }),
  Event.OutageBegan({ service: "kinesis" } as never),
  Event.MalformedAggregates({ shardId, count: 1, reason: "" }),
  Event.RecordsOutsideShard({ shardId, count: 1, outcome: "dropped", strategy: "USER_PARTITION_KEY" }),
  Event.IteratorExpired({ shardId, resumedAt: position }),
  Event.IteratorMissing({ shardId, resumedAt: position }),
  Event.CheckpointStored({ shardId, position }),
  Event.LeaseAcquired({ shardId, from: position, because: "free" } as never),
  Event.LeaseStoreFailed({ operation, shardId, error: new Error("") } as never),
  Event.HandlerFailed({ shardId, policy: "skip" } as never),
  Event.RecordsSkipped({ shardId, count: 1, sequenceNumber: "1" } as never),
  Event.Balanced({ mine: 1 } as never)
]

/** All that is counted of a stream, so many times. */
const count = (stream: string, times: number) =>
  Effect.gen(function*() {
    const record = KinesisMetrics.recorder(stream)
    const attempt = KinesisMetrics.attemptRecorder(stream)
    const control = new Uint8Array(Zlib.gzipSync("{\"messageType\":\"CONTROL_MESSAGE\"}"))
    for (let time = 0; time < times; time++) {
      for (const event of events) record(event)
      attempt(operation, shardId)
      yield* Stream.runDrain(
        RecordDecoder.utf8({ onInvalid: "skip" })(
          Stream.make(recordOf(new Uint8Array([0xff]), stream))
        )
      )
      yield* Stream.runDrain(RecordDecoder.utf8()(Stream.make(recordOf("a", stream))))
      yield* Stream.runDrain(RecordDecoder.cloudWatchLogs()(Stream.make(recordOf(control, stream))))
      yield* Stream.runDrain(RecordDecoder.ndjson(Schema.Unknown)(Stream.make(recordOf("", stream))))
    }
  })

type State = { readonly count: number } | { readonly value: number }
type Counted = Metric.Metric<unknown, never, State>
const numberOf = (state: State): number => "count" in state ? state.count : state.value

const ofCalls = ["attempts", "throttles", "timeouts", "failures", "leaseStoreFailures"]
const ofStreams = ["leasesHeld"]
const ofServices = ["outages"]

describe("KinesisMetrics", () => {
  it.effect("a lease store that gave no answer in time while it was opened is a timeout, another failure is none", () =>
    Effect.gen(function*() {
      const stream = "metrics-of-a-store"
      const record = KinesisMetrics.recorder(stream)
      for (const reason of ["Timeout", "Unavailable", "Unavailable"] as const) {
        const error = new LeaseStoreError.LeaseStoreError({ operation, reason, description: "" })
        record(Event.CallFailed({ operation, shardId, error }))
      }
      const counted = (metric: Metric.Metric.Counter<number>) =>
        Effect.map(
          Metric.value(metric.pipe(
            Metric.tagged("stream", stream),
            Metric.tagged("operation", operation),
            Metric.tagged("shard", shardId)
          )),
          numberOf
        )
      assert.strictEqual(yield* counted(KinesisMetrics.timeouts), 1)
      assert.strictEqual(yield* counted(KinesisMetrics.failures), 2)
    }))

  it.effect("two streams do not add up: every metric has the tag stream, and shard, operation and service where it says so", () =>
    Effect.gen(function*() {
      yield* count("metrics-one", 1)
      yield* count("metrics-two", 2)
      const metrics = Object.entries(KinesisMetrics).flatMap(([name, member]) =>
        Metric.MetricTypeId in member && !name.startsWith("producer") ? [[name, member as Counted] as const] : []
      )
      assert.isAbove(metrics.length, 15)
      for (const [name, metric] of metrics) {
        const valueOf = (stream: string) => {
          const ofStream = Metric.tagged(metric, "stream", stream)
          const ofCall = ofCalls.includes(name) ? Metric.tagged(ofStream, "operation", operation) : ofStream
          const tagged = ofServices.includes(name)
            ? Metric.tagged(ofCall, "service", "kinesis")
            : ofStreams.includes(name)
            ? ofCall
            : Metric.tagged(ofCall, "shard", shardId)
          return Effect.map(Metric.value(tagged), numberOf)
        }
        assert.strictEqual(yield* valueOf("metrics-one"), 1, name)
        assert.strictEqual(yield* valueOf("metrics-two"), "count" in (yield* Metric.value(metric)) ? 2 : 1, name)
      }
    }))

  it.effect("what is counted is added up over all tags, or those that are wanted", () =>
    Effect.gen(function*() {
      yield* count("metrics-added", 2)
      KinesisMetrics.recorder("metrics-added")(
        Event.PageRead({ shardId: "another", records: 5, bytes: 1, millisBehindLatest: 7, position })
      )
      const tags = { stream: "metrics-added" }
      assert.strictEqual(yield* KinesisMetrics.total(KinesisMetrics.records, tags), 7)
      assert.strictEqual(yield* KinesisMetrics.total(KinesisMetrics.records, { ...tags, shard: shardId }), 2)
      assert.isAtLeast(yield* KinesisMetrics.total(KinesisMetrics.records), 7)
      assert.strictEqual(yield* KinesisMetrics.total(KinesisMetrics.recordsSkipped, tags), 2)
      assert.strictEqual(yield* KinesisMetrics.highest(KinesisMetrics.millisBehindLatest, tags), 7)
      assert.strictEqual(yield* KinesisMetrics.total(KinesisMetrics.records, { stream: "never read" }), 0)
    }))

  it.effect("a shard that is no longer read here is not behind", () =>
    Effect.gen(function*() {
      const from = { shardId, worker: "ann", position, description: "", childShards: [], successor: undefined }
      const leaving = [Event.ShardEnded(from), Event.ShardLost(from), Event.LeaseReleased(from), Event.LeaseLost(from)]
      for (const event of leaving) {
        const tags = { stream: `metrics-of-a-shard-left-by-${event._tag}` }
        const record = KinesisMetrics.recorder(tags.stream)
        record(Event.PageRead({ shardId, records: 1, bytes: 1, millisBehindLatest: 5000, position }))
        assert.strictEqual(yield* KinesisMetrics.highest(KinesisMetrics.millisBehindLatest, tags), 5000)
        record(event)
        assert.strictEqual(yield* KinesisMetrics.highest(KinesisMetrics.millisBehindLatest, tags), 0, event._tag)
      }
    }))

  it.effect("a snapshot has a name, a description, our tags and nothing else", () =>
    Effect.gen(function*() {
      yield* count("metrics-seen", 1)
      const seen = (yield* KinesisMetrics.snapshot).filter(({ tags }) => tags["stream"] === "metrics-seen")
      assert.includeDeepMembers(seen, [{
        name: "kinesis_records_skipped_total",
        description: "Records that could not be decoded and were skipped",
        tags: { stream: "metrics-seen", shard: shardId },
        value: 1
      }])
      const names = seen.flatMap(({ tags }) => Object.keys(tags))
      assert.sameMembers([...new Set(names)], ["stream", "shard", "operation", "service"])
      assert.strictEqual(new Set(seen.map(({ name }) => name)).size, seen.length)
    }))

  it.effect("nothing is counted without a stream", () =>
    Effect.gen(function*() {
      yield* count("metrics-three", 1)
      const ours = (yield* Metric.snapshot).filter((pair) => pair.metricKey.name.startsWith("kinesis_"))
      const untagged = ours.filter(({ metricKey, metricState }) =>
        !metricKey.tags.some((tag) => tag.key === "stream") &&
        numberOf(metricState as unknown as State) !== 0
      )
      assert.isNotEmpty(ours)
      assert.isEmpty(untagged.map((pair) => pair.metricKey.name))
    }))
})
