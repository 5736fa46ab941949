import * as Metric from "effect/Metric"
import type * as MetricHook from "effect/MetricHook"
import * as MetricKey from "effect/MetricKey"
import * as KinesisMetrics from "../../KinesisMetrics.js"

const { counterOf, gaugeOf, keys, labelsOf } = KinesisMetrics.hooks

/** What one producer counts: each metric is found once. */
export const make = (stream: string) => {
  const labels = labelsOf({ stream })
  const counters = new Map<string, MetricHook.MetricHook.Counter<number>>()
  const count = (
    key: MetricKey.MetricKey.Counter<number>,
    tag: string | undefined,
    value: string,
    by: number
  ): void => {
    const place = `${key.name}/${value}`
    const counter = counters.get(place) ??
      counterOf(key, tag === undefined ? labels : labelsOf({ stream, [tag]: value }))
    counters.set(place, counter)
    counter.update(by)
  }
  const histogramOf = (key: MetricKey.MetricKey.Histogram) =>
    Metric.globalMetricRegistry.getHistogram(MetricKey.taggedWithLabels(key, labels))
  const putMillis = histogramOf(keys.producerPutMillis)
  const requestRecords = histogramOf(keys.producerRequestRecords)
  const aggregateRecords = histogramOf(keys.producerAggregateRecords)
  const bufferedBytes = gaugeOf(keys.producerBufferedBytes, labels)
  const requestsUnderWay = gaugeOf(keys.producerRequestsUnderWay, labels)
  return {
    written: (records: number, bytes: number): void => {
      count(keys.producerRecords, "outcome", "written", records)
      count(keys.producerBytes, undefined, "", bytes)
    },
    failed: (reason: string, records: number): void => count(keys.producerRecords, "outcome", reason, records),
    request: (result: string): void => count(keys.producerRequests, "result", result, 1),
    throttled: (shardId: string | undefined, entries: number): void =>
      count(keys.producerThrottledEntries, shardId === undefined ? undefined : "shard", shardId ?? "", entries),
    retried: (records: number): void => count(keys.producerRetriedRecords, undefined, "", records),
    misplaced: (records: number): void => count(keys.producerMisplaced, undefined, "", records),
    abandoned: (records: number): void => count(keys.producerAbandoned, undefined, "", records),
    buffered: (bytes: number): void => bufferedBytes.update(bytes),
    underWay: (requests: number): void => requestsUnderWay.update(requests),
    laneFactor: (shard: string, factor: number): void =>
      gaugeOf(keys.producerLaneFactor, labelsOf({ stream, shard })).update(factor),
    callMillis: (millis: number): void => putMillis.update(millis),
    requestRecords: (records: number): void => requestRecords.update(records),
    aggregateRecords: (records: number): void => aggregateRecords.update(records)
  }
}

export type Metrics = ReturnType<typeof make>
