/**
 * What readers, workers and decoders count. All carry the tag `stream`; those of a shard `shard`, those of a call `operation`, that of outages
 * `service`. What is counted with tags is not found without them: `Metric.value(KinesisMetrics.records)` is 0. {@link total} adds up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type * as MetricHook from "effect/MetricHook"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"
import type { KinesisEvent } from "./KinesisEvent.js"

interface Place {
  readonly stream: string
  readonly shardId: string
}

/** No answer came in time. */
const isTimeout = ({ error }: Extract<KinesisEvent, { readonly _tag: "CallFailed" }>): boolean =>
  error._tag === "RequestTimeout" || (error._tag === "LeaseStoreError" && error.reason === "Timeout")

type Tags = Readonly<Record<string, string | undefined>>

/** What counts under a key with these tags, found once: `Metric.tagged` would look for it at each update, at the price of a call. */
const counterOf = (key: MetricKey.MetricKey.Counter<number>, labels: ReadonlyArray<MetricLabel.MetricLabel>) =>
  Metric.globalMetricRegistry.getCounter(MetricKey.taggedWithLabels(key, labels))

const gaugeOf = (key: MetricKey.MetricKey.Gauge<number>, labels: ReadonlyArray<MetricLabel.MetricLabel>) =>
  Metric.globalMetricRegistry.getGauge(MetricKey.taggedWithLabels(key, labels))

/** `map` and `concat` make an array of the exact length, a spread does not: they are kept, and there are thousands. */
const labelsOf = (tags: Tags): ReadonlyArray<MetricLabel.MetricLabel> =>
  Object.entries(tags).filter(([, value]) => value !== undefined).map(([name, value]) => MetricLabel.make(name, value!))

/** No tag `unit`: exporters would show it beside the other tags. The names say what is no plain number. */
const counterKey = (name: string, description: string) => MetricKey.counter(name, { description, incremental: true })

const keys = {
  pages: counterKey("kinesis_pages_total", "GetRecords answers, empty ones too"),
  records: counterKey("kinesis_records_total", "Records read"),
  bytes: counterKey("kinesis_bytes_total", "Bytes of data and partition keys read"),
  attempts: counterKey("kinesis_attempts_total", "Calls that were made"),
  throttles: counterKey("kinesis_throttles_total", "Attempts that were throttled"),
  timeouts: counterKey("kinesis_timeouts_total", "Attempts that had no answer in time"),
  failures: counterKey("kinesis_failures_total", "Attempts that failed in the service or the network"),
  outages: counterKey("kinesis_outages_total", "Outages that began, by service"),
  expiredIterators: counterKey("kinesis_expired_iterators_total", "Iterators that had expired"),
  missingIterators: counterKey(
    "kinesis_missing_iterators_total",
    "Answers without a next iterator that proved no shard's end"
  ),
  malformedAggregates: counterKey(
    "kinesis_malformed_aggregates_total",
    "Aggregates that could not be taken apart, held no record, or had a false hash key"
  ),
  recordsOutsideShard: counterKey(
    "kinesis_records_outside_shard_total",
    "Records of aggregates that belong to another shard and were dropped"
  ),
  valuesDecoded: counterKey("kinesis_values_decoded_total", "Values that decoders gave"),
  valuesInvalid: counterKey("kinesis_values_invalid_total", "Values, or whole records, that could not be decoded"),
  recordsSkipped: counterKey(
    "kinesis_records_skipped_total",
    "Records that could not be decoded and were skipped"
  ),
  controlMessages: counterKey(
    "kinesis_control_messages_total",
    "Control messages of CloudWatch Logs that were left out"
  ),
  emptyRecords: counterKey(
    "kinesis_empty_records_total",
    "Records that decoders found no value in: without a byte, or blank"
  ),
  checkpoints: counterKey("kinesis_checkpoints_total", "Positions that were stored"),
  leasesAcquired: counterKey("kinesis_leases_acquired_total", "Leases that were taken"),
  leasesLost: counterKey("kinesis_leases_lost_total", "Leases that were lost"),
  leaseStoreFailures: counterKey("kinesis_lease_store_failures_total", "Calls to the lease store that failed"),
  handlerFailures: counterKey("kinesis_handler_failures_total", "Handlers that failed"),
  handlerSkips: counterKey(
    "kinesis_handler_skipped_records_total",
    "Records that were left out since their handler failed"
  ),
  producerRecords: counterKey("kinesis_producer_records_total", "Records that were put, by what became of them"),
  producerBytes: counterKey("kinesis_producer_bytes_total", "Bytes of data and partition keys that were written"),
  producerRequests: counterKey("kinesis_producer_requests_total", "Requests that were sent, by their result"),
  producerThrottledEntries: counterKey(
    "kinesis_producer_throttled_entries_total",
    "Entries that a shard refused since its throughput was used up"
  ),
  producerRetriedRecords: counterKey("kinesis_producer_retried_records_total", "Records that had to be sent again"),
  producerMisplaced: counterKey(
    "kinesis_producer_misplaced_total",
    "Records of aggregates that went to a shard that does not take all of them"
  ),
  producerAbandoned: counterKey(
    "kinesis_producer_abandoned_total",
    "Records whose caller was interrupted while they were on the way"
  ),
  producerBufferedBytes: MetricKey.gauge("kinesis_producer_buffered_bytes", {
    description: "Room that records take which wait or are on the way"
  }),
  producerRequestsUnderWay: MetricKey.gauge("kinesis_producer_requests_under_way", {
    description: "Requests that are not answered yet"
  }),
  producerLaneFactor: MetricKey.gauge("kinesis_producer_lane_factor", {
    description: "The part of its rate at which a shard is written to"
  }),
  producerPutMillis: MetricKey.histogram(
    "kinesis_producer_put_millis",
    MetricBoundaries.exponential({ start: 1, factor: 2, count: 18 }),
    "How long calls took until all of their records were told"
  ),
  producerRequestRecords: MetricKey.histogram(
    "kinesis_producer_request_records",
    MetricBoundaries.fromIterable([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000, 100_000]),
    "The users' records of a request"
  ),
  producerAggregateRecords: MetricKey.histogram(
    "kinesis_producer_aggregate_records",
    MetricBoundaries.fromIterable([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000]),
    "The users' records of an aggregate"
  ),
  leasesHeld: MetricKey.gauge("kinesis_leases_held", { description: "Leases that this worker holds" }),
  millisBehindLatest: MetricKey.gauge("kinesis_millis_behind_latest", {
    description: "How far the last page was from the shard's tip"
  })
}

/**
 * Pages read, empty ones too, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const pages: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.pages)

/**
 * Records read, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const records: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.records)

/**
 * Bytes of data and partition keys read, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const bytes: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.bytes)

/**
 * Milliseconds from the last page to the shard's tip, by shard. 0 for a shard that is no longer read here.
 *
 * @example
 * ```ts
 * import { Effect, Metric } from "effect"
 * import { KinesisMetrics } from "effect-kinesis"
 *
 * const behind = Metric.value(
 *   KinesisMetrics.millisBehindLatest.pipe(
 *     Metric.tagged("stream", "orders"),
 *     Metric.tagged("shard", "shardId-000000000000")
 *   )
 * )
 *
 * Effect.runPromise(behind)
 * ```
 *
 * @since 0.1.0
 * @category metrics
 */
export const millisBehindLatest: Metric.Metric.Gauge<number> = Metric.fromMetricKey(keys.millisBehindLatest)

/**
 * Calls that were made, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const attempts: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.attempts)

/**
 * Calls that were throttled, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const throttles: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.throttles)

/**
 * Calls that passed their deadline, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const timeouts: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.timeouts)

/**
 * Calls that failed in the service or on the way to it, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const failures: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.failures)

/**
 * Outages that began: times in which no call to a service succeeded. The tag `service` is `kinesis` or `lease-store`; there is none of a shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const outages: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.outages)

/**
 * Iterators that had expired, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const expiredIterators: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.expiredIterators)

/**
 * Answers without a next iterator that proved no shard's end, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const missingIterators: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.missingIterators)

/**
 * Aggregates of the Kinesis Producer Library that could not be taken apart, held no record, or had a false hash key, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const malformedAggregates: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.malformedAggregates)

/**
 * Records of aggregates that belong to another shard and were dropped, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const recordsOutsideShard: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.recordsOutsideShard)

/**
 * Values that decoders gave, by shard. Decoders that inflate give records, which are not counted here.
 *
 * @since 0.1.0
 * @category metrics
 */
export const valuesDecoded: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.valuesDecoded)

/**
 * Values, or whole records, that could not be decoded, whatever `onInvalid` did about them, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const valuesInvalid: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.valuesInvalid)

/**
 * Records that a decoder skipped, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const recordsSkipped: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.recordsSkipped)

/**
 * Control messages of CloudWatch Logs that were left out, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const controlMessages: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.controlMessages)

/**
 * Records that a decoder of several values found none in, since they have no byte or are blank, such as tombstones, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const emptyRecords: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.emptyRecords)

/**
 * Positions that were stored, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const checkpoints: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.checkpoints)

/**
 * Leases that this worker took, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const leasesAcquired: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.leasesAcquired)

/**
 * Leases that this worker lost without having let go, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const leasesLost: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.leasesLost)

/**
 * Calls to the lease store that failed, each attempt counted, by operation and shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const leaseStoreFailures: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.leaseStoreFailures)

/**
 * Handlers that failed, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const handlerFailures: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.handlerFailures)

/**
 * Records that were left out since their handler failed and the policy is to skip, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const handlerSkips: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.handlerSkips)

/**
 * Leases that this worker held when it last looked at all of them.
 *
 * @since 0.1.0
 * @category metrics
 */
export const leasesHeld: Metric.Metric.Gauge<number> = Metric.fromMetricKey(keys.leasesHeld)

/**
 * Records that were put to a producer, by `outcome`: `written`, `withdrawn` since their caller was interrupted, or the reason of their `PutError`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerRecords: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerRecords)

/**
 * Bytes of data and partition keys that a producer has written.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerBytes: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerBytes)

/**
 * Requests of a producer, by `result`: `ok`, or the error's tag.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerRequests: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerRequests)

/**
 * Entries of requests that a shard refused since its throughput was used up, by shard.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerThrottledEntries: Metric.Metric.Counter<number> = Metric.fromMetricKey(
  keys.producerThrottledEntries
)

/**
 * Records that a producer had to send again.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerRetriedRecords: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerRetriedRecords)

/**
 * Records of aggregates that went to a shard that does not take all of them, and were sent again.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerMisplaced: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerMisplaced)

/**
 * Records whose caller was interrupted while they were on the way.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerAbandoned: Metric.Metric.Counter<number> = Metric.fromMetricKey(keys.producerAbandoned)

/**
 * Room that records take in a producer which wait or are on the way.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerBufferedBytes: Metric.Metric.Gauge<number> = Metric.fromMetricKey(keys.producerBufferedBytes)

/**
 * Requests of a producer that are not answered yet.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerRequestsUnderWay: Metric.Metric.Gauge<number> = Metric.fromMetricKey(keys.producerRequestsUnderWay)

/**
 * The part of its rate at which a shard is written to, by shard: below 1 after refusals.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerLaneFactor: Metric.Metric.Gauge<number> = Metric.fromMetricKey(keys.producerLaneFactor)

/**
 * How long calls of a producer took until all of their records were told, in milliseconds.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerPutMillis: Metric.Metric.Histogram<number> = Metric.fromMetricKey(keys.producerPutMillis)

/**
 * The users' records of a request.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerRequestRecords: Metric.Metric.Histogram<number> = Metric.fromMetricKey(keys.producerRequestRecords)

/**
 * The users' records of an aggregate.
 *
 * @since 0.1.0
 * @category metrics
 */
export const producerAggregateRecords: Metric.Metric.Histogram<number> = Metric.fromMetricKey(
  keys.producerAggregateRecords
)

/** Counts by shard. The records of one shard come one after the other, so its counter is looked for once. */
const counting = (key: MetricKey.MetricKey.Counter<number>) => {
  let last: Place | undefined
  let counter: MetricHook.MetricHook.Counter<number>
  return (place: Place): void => {
    if (last === undefined || last.shardId !== place.shardId || last.stream !== place.stream) {
      const { shardId, stream } = last = { shardId: place.shardId, stream: place.stream }
      counter = counterOf(key, labelsOf({ stream, shard: shardId }))
    }
    counter.update(1)
  }
}

/** @internal */
export const decoded = counting(keys.valuesDecoded)
/** @internal */
export const invalid = counting(keys.valuesInvalid)
/** @internal */
export const skipped = counting(keys.recordsSkipped)
/** @internal */
export const controlMessage = counting(keys.controlMessages)
/** @internal */
export const emptyRecord = counting(keys.emptyRecords)

/** The counters of one operation. They share their labels as far as they are the same: there are thousands of shards. */
interface AttemptsOfOperation {
  readonly labels: ReadonlyArray<MetricLabel.MetricLabel>
  readonly ofShards: Map<string | undefined, MetricHook.MetricHook.Counter<number>>
}

/**
 * Counts the attempts of one stream's calls, by operation and shard, each tagged once.
 *
 * @example
 * ```ts
 * import { KinesisMetrics } from "effect-kinesis"
 * const count = KinesisMetrics.attemptRecorder("orders")
 * count("PutRecords", undefined)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const attemptRecorder = (stream: string): (operation: string, shardId: string | undefined) => void => {
  const ofStream = MetricLabel.make("stream", stream)
  const ofOperations = new Map<string, AttemptsOfOperation>()
  return (operation, shard) => {
    let attempts = ofOperations.get(operation)
    if (attempts === undefined) {
      attempts = { labels: [ofStream, MetricLabel.make("operation", operation)], ofShards: new Map() }
      ofOperations.set(operation, attempts)
    }
    const { labels, ofShards } = attempts
    let counter = ofShards.get(shard)
    if (counter === undefined) {
      counter = counterOf(keys.attempts, shard === undefined ? labels : labels.concat(MetricLabel.make("shard", shard)))
      ofShards.set(shard, counter)
    }
    counter.update(1)
  }
}

const ofShard = (ofStream: MetricLabel.MetricLabel, shard: string) => {
  const labels = [ofStream, MetricLabel.make("shard", shard)]
  return {
    labels,
    pages: counterOf(keys.pages, labels),
    millisBehindLatest: undefined as MetricHook.MetricHook.Gauge<number> | undefined,
    records: undefined as MetricHook.MetricHook.Counter<number> | undefined,
    bytes: undefined as MetricHook.MetricHook.Counter<number> | undefined
  }
}

const pageRead = (metrics: ReturnType<typeof ofShard>, event: Extract<KinesisEvent, { readonly _tag: "PageRead" }>) => {
  metrics.pages.update(1)
  if (event.millisBehindLatest !== undefined) {
    metrics.millisBehindLatest ??= gaugeOf(keys.millisBehindLatest, metrics.labels)
    metrics.millisBehindLatest.update(event.millisBehindLatest)
  }
  if (event.bytes === 0) return
  metrics.records ??= counterOf(keys.records, metrics.labels)
  metrics.bytes ??= counterOf(keys.bytes, metrics.labels)
  metrics.records.update(event.records)
  metrics.bytes.update(event.bytes)
}

/**
 * Counts the events of one stream. The metrics of a shard are tagged once, and updated once a page.
 *
 * @example
 * ```ts
 * import { KinesisMetrics } from "effect-kinesis"
 * const count = KinesisMetrics.recorder("orders")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const recorder = (stream: string): (event: KinesisEvent) => void => {
  const ofStream = MetricLabel.make("stream", stream)
  const ofShards = new Map<string, ReturnType<typeof ofShard>>()
  /** Nobody is behind in a shard that is no longer read here: what was last said of it would be said for ever. */
  const leave = (shard: string): void => {
    ofShards.get(shard)?.millisBehindLatest?.update(0)
    ofShards.delete(shard)
  }
  const count = (key: MetricKey.MetricKey.Counter<number>, tags: Tags, by = 1) =>
    counterOf(key, labelsOf({ stream, ...tags })).update(by)
  return (event) => {
    switch (event._tag) {
      case "PageRead": {
        let metrics = ofShards.get(event.shardId)
        if (metrics === undefined) {
          metrics = ofShard(ofStream, event.shardId)
          ofShards.set(event.shardId, metrics)
        }
        return pageRead(metrics, event)
      }
      case "Throttled":
        return count(keys.throttles, { operation: event.operation, shard: event.shardId })
      case "CallFailed":
        return count(isTimeout(event) ? keys.timeouts : keys.failures, {
          operation: event.operation,
          shard: event.shardId
        })
      case "OutageBegan":
        return count(keys.outages, { service: event.service })
      case "MalformedAggregates":
        return count(keys.malformedAggregates, { shard: event.shardId }, event.count)
      case "RecordsOutsideShard":
        return event.outcome === "kept"
          ? undefined
          : count(keys.recordsOutsideShard, { shard: event.shardId }, event.count)
      case "IteratorExpired":
        return count(keys.expiredIterators, { shard: event.shardId })
      case "IteratorMissing":
        return count(keys.missingIterators, { shard: event.shardId })
      case "CheckpointStored":
        return count(keys.checkpoints, { shard: event.shardId })
      case "LeaseAcquired":
        return count(keys.leasesAcquired, { shard: event.shardId })
      case "LeaseLost":
        leave(event.shardId)
        return count(keys.leasesLost, { shard: event.shardId })
      case "LeaseStoreFailed":
        return count(keys.leaseStoreFailures, { operation: event.operation, shard: event.shardId })
      case "HandlerFailed":
        return count(keys.handlerFailures, { shard: event.shardId })
      case "RecordsSkipped":
        return count(keys.handlerSkips, { shard: event.shardId }, event.count)
      case "Balanced":
        return gaugeOf(keys.leasesHeld, labelsOf({ stream })).update(event.mine)
      case "ShardEnded":
      case "ShardLost":
      case "LeaseReleased":
        leave(event.shardId)
    }
  }
}

/** @internal What counts a metric, for those who count often: it is found once. */
export const hooks = { keys, labelsOf, counterOf, gaugeOf }

/**
 * One metric under one set of tags, as it stands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sample {
  /** As it is exported, such as `kinesis_records_total`. */
  readonly name: string
  /** What it counts. */
  readonly description: string
  /** `stream`, and `shard` and `operation` where it has them. */
  readonly tags: Readonly<Record<string, string>>
  /** The count of a counter or a histogram, the last value of a gauge. */
  readonly value: number
}

const valueOf = (state: object): number =>
  "count" in state ? Number(state.count) : "value" in state ? Number(state.value) : 0

const ours: ReadonlySet<string> = new Set(Object.values(keys).map(({ name }) => name))

/**
 * All that was counted in this process so far, once for each set of tags.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisMetrics } from "effect-kinesis"
 *
 * const logged = Effect.flatMap(KinesisMetrics.snapshot, Effect.forEach(({ name, tags, value }) =>
 *   Effect.log(`${name} = ${value}`).pipe(Effect.annotateLogs(tags))))
 *
 * Effect.runPromise(logged)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const snapshot: Effect.Effect<ReadonlyArray<Sample>> = Effect.map(
  Metric.snapshot,
  (pairs) =>
    pairs.flatMap(({ metricKey, metricState }) => {
      const { description, name, tags } = metricKey
      return ours.has(name) && tags.length > 0
        ? [{
          name,
          description: description._tag === "Some" ? description.value : "",
          tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
          value: valueOf(metricState)
        }]
        : []
    })
)

type Numeric = Metric.Metric.Counter<number> | Metric.Metric.Gauge<number>

const valuesOf = (metric: Numeric, tags: Readonly<Record<string, string>>): Effect.Effect<ReadonlyArray<number>> => {
  const name = Object.values(keys).find(({ keyType }) => keyType === metric.keyType)?.name
  return Effect.map(snapshot, (samples) =>
    samples
      .filter((sample) => sample.name === name && Object.entries(tags).every(([key, tag]) => sample.tags[key] === tag))
      .map(({ value }) => value))
}

/**
 * A metric of this module added up over all streams, shards and operations, or over those with these tags.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisMetrics } from "effect-kinesis"
 *
 * const skipped = Effect.gen(function*() {
 *   const ofAllStreams = yield* KinesisMetrics.total(KinesisMetrics.recordsSkipped)
 *   const ofOne = yield* KinesisMetrics.total(KinesisMetrics.recordsSkipped, { stream: "orders" })
 *   return { ofAllStreams, ofOne }
 * })
 *
 * Effect.runPromise(skipped)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const total = (metric: Numeric, tags: Readonly<Record<string, string>> = {}): Effect.Effect<number> =>
  Effect.map(valuesOf(metric, tags), (values) => values.reduce((sum, value) => sum + value, 0))

/**
 * The highest value of a metric of this module over all streams and shards, or over those with these tags: of {@link millisBehindLatest} the
 * shard that is furthest behind. 0 if there is none.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KinesisMetrics } from "effect-kinesis"
 *
 * const isLate = Effect.map(
 *   KinesisMetrics.highest(KinesisMetrics.millisBehindLatest, { stream: "orders" }),
 *   (millis) => millis > 60_000
 * )
 *
 * Effect.runPromise(isLate)
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const highest = (metric: Numeric, tags: Readonly<Record<string, string>> = {}): Effect.Effect<number> =>
  Effect.map(valuesOf(metric, tags), (values) => values.reduce((max, value) => Math.max(max, value), 0))
