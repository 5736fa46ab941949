/**
 * What readers count. All carry the tag `stream`; those of a shard `shard`, those of a call `operation`.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import type { KinesisEvent } from "./KinesisEvent.js"

const counter = (name: string, unit: string, description: string) =>
  Metric.counter(name, { description, incremental: true }).pipe(Metric.tagged("unit", unit))

/**
 * Pages read, empty ones too, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const pages: Metric.Metric.Counter<number> = counter(
  "kinesis_pages_total",
  "1",
  "GetRecords answers, empty ones too"
)

/**
 * Records read, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const records: Metric.Metric.Counter<number> = counter("kinesis_records_total", "1", "Records read")

/**
 * Bytes of data and partition keys read, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytes: Metric.Metric.Counter<number> = counter(
  "kinesis_bytes_total",
  "bytes",
  "Bytes of data and partition keys read"
)

/**
 * Milliseconds from the last page to the shard's tip, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const millisBehindLatest: Metric.Metric.Gauge<number> = Metric.gauge("kinesis_millis_behind_latest", {
  description: "How far the last page was from the shard's tip"
}).pipe(Metric.tagged("unit", "milliseconds"))

/**
 * Calls that were made, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const attempts: Metric.Metric.Counter<number> = counter("kinesis_attempts_total", "1", "Calls that were made")

/**
 * Calls that were throttled, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const throttles: Metric.Metric.Counter<number> = counter(
  "kinesis_throttles_total",
  "1",
  "Attempts that were throttled"
)

/**
 * Calls that passed their deadline, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const timeouts: Metric.Metric.Counter<number> = counter(
  "kinesis_timeouts_total",
  "1",
  "Attempts that had no answer in time"
)

/**
 * Calls that failed in the service or on the way to it, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const failures: Metric.Metric.Counter<number> = counter(
  "kinesis_failures_total",
  "1",
  "Attempts that failed in the service or the network"
)

/**
 * Iterators that had expired, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const expiredIterators: Metric.Metric.Counter<number> = counter(
  "kinesis_expired_iterators_total",
  "1",
  "Iterators that had expired"
)

/**
 * Records that said to be aggregates of the Kinesis Producer Library and were none, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const malformedAggregates: Metric.Metric.Counter<number> = counter(
  "kinesis_malformed_aggregates_total",
  "1",
  "Records that said to be aggregates and were none"
)

/**
 * Records of aggregates that belong to another shard and were dropped, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const recordsOutsideShard: Metric.Metric.Counter<number> = counter(
  "kinesis_records_outside_shard_total",
  "1",
  "Records of aggregates that belong to another shard"
)

/**
 * Records that a decoder skipped, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const recordsSkipped: Metric.Metric.Counter<number> = counter(
  "kinesis_records_skipped_total",
  "1",
  "Records that could not be decoded and were skipped"
)

/**
 * Control messages of CloudWatch Logs that were left out, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const controlMessages: Metric.Metric.Counter<number> = counter(
  "kinesis_control_messages_total",
  "1",
  "Control messages of CloudWatch Logs that were left out"
)

/** @internal */
export const skipped = (shardId: string): void => Metric.tagged(recordsSkipped, "shard", shardId).unsafeUpdate(1, [])

/** @internal */
export const controlMessage = (shardId: string): void =>
  Metric.tagged(controlMessages, "shard", shardId).unsafeUpdate(1, [])

/**
 * Counts the attempts of one stream's calls, by operation and shard, each tagged once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const attemptRecorder = (stream: string): (operation: string, shardId: string | undefined) => void => {
  const counters = new Map<string, Metric.Metric.Counter<number>>()
  return (operation, shardId) => {
    const key = `${operation}/${shardId ?? ""}`
    const known = counters.get(key)
    if (known !== undefined) return known.unsafeUpdate(1, [])
    const ofOperation = attempts.pipe(Metric.tagged("stream", stream), Metric.tagged("operation", operation))
    const counter = shardId === undefined ? ofOperation : Metric.tagged(ofOperation, "shard", shardId)
    counters.set(key, counter)
    counter.unsafeUpdate(1, [])
  }
}

/**
 * Counts the events of one stream. The metrics of a shard are tagged once, and updated once a page.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recorder = (stream: string): (event: KinesisEvent) => void => {
  const ofShards = new Map<string, ReturnType<typeof ofShard>>()
  const ofShard = (shard: string) => {
    const tagged = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>) =>
      metric.pipe(Metric.tagged("stream", stream), Metric.tagged("shard", shard))
    return {
      pages: tagged(pages),
      records: tagged(records),
      bytes: tagged(bytes),
      millisBehindLatest: tagged(millisBehindLatest)
    }
  }
  const count = <Type, Out>(
    metric: Metric.Metric<Type, number, Out>,
    tags: Record<string, string | undefined>,
    by = 1
  ) => {
    let tagged = Metric.tagged(metric, "stream", stream)
    for (const [key, value] of Object.entries(tags)) {
      if (value !== undefined) tagged = Metric.tagged(tagged, key, value)
    }
    tagged.unsafeUpdate(by, [])
  }
  return (event) => {
    switch (event._tag) {
      case "PageRead": {
        const metrics = ofShards.get(event.shardId) ?? ofShard(event.shardId)
        ofShards.set(event.shardId, metrics)
        metrics.pages.unsafeUpdate(1, [])
        metrics.records.unsafeUpdate(event.records, [])
        metrics.bytes.unsafeUpdate(event.bytes, [])
        metrics.millisBehindLatest.unsafeUpdate(event.millisBehindLatest, [])
        return
      }
      case "Throttled":
        return count(throttles, { operation: event.operation, shard: event.shardId })
      case "CallFailed":
        return count(event.error._tag === "RequestTimeout" ? timeouts : failures, {
          operation: event.operation,
          shard: event.shardId
        })
      case "MalformedAggregates":
        return count(malformedAggregates, { shard: event.shardId }, event.count)
      case "RecordsOutsideShard":
        return count(recordsOutsideShard, { shard: event.shardId }, event.count)
      case "IteratorExpired":
        return count(expiredIterators, { shard: event.shardId })
      case "ShardEnded":
      case "ShardLost":
        ofShards.delete(event.shardId)
    }
  }
}
