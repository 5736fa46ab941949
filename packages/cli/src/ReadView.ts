import { KinesisEvent, type Position } from "effect-kinesis"
import { type Column, count, plural, row, seconds } from "./Format.js"
import type { Summary } from "./Summary.js"

/** What is shown of one shard. */
interface ShardRow {
  readonly state: "reading" | "ended" | "gone"
  readonly records: number
  /** Undefined as long as no page has told. */
  readonly millisBehindLatest: number | undefined
  readonly position: Position.Position
}

/** What is shown while reading. */
export interface ReadView {
  readonly title: string
  readonly shards: ReadonlyMap<string, ShardRow>
  readonly records: number
  /** The latest events, oldest first. */
  readonly events: ReadonlyArray<string>
}

export const begin = (title: string): ReadView => ({ title, shards: new Map(), records: 0, events: [] })

const eventLines = 6
const shardLines = 24

/** The view after an event, whose line is told apart. */
export const happened = (view: ReadView, event: KinesisEvent.KinesisEvent): ReadView => {
  switch (event._tag) {
    case "ShardStarted": {
      const records = view.shards.get(event.shardId)?.records ?? 0
      return withShard(view, event.shardId, {
        state: "reading",
        records,
        millisBehindLatest: undefined,
        position: event.from
      })
    }
    case "PageRead": {
      const { millisBehindLatest, position, shardId } = event
      const records = (view.shards.get(shardId)?.records ?? 0) + event.records
      return {
        ...withShard(view, shardId, {
          state: "reading",
          records,
          millisBehindLatest: millisBehindLatest ?? view.shards.get(shardId)?.millisBehindLatest,
          position
        }),
        records: view.records + event.records
      }
    }
    case "ShardEnded":
    case "ShardLost": {
      const row = view.shards.get(event.shardId)
      const state = event._tag === "ShardEnded" ? "ended" : "gone"
      return row === undefined ? view : withShard(view, event.shardId, { ...row, state })
    }
    default:
      return view
  }
}

/** The view with a line among its latest. */
export const said = (view: ReadView, line: string): ReadView => ({
  ...view,
  events: [...view.events, line].slice(-eventLines)
})

const withShard = (view: ReadView, shardId: string, row: ShardRow): ReadView => ({
  ...view,
  shards: new Map(view.shards).set(shardId, row)
})

/** An event in a line; undefined for those that are only counted. An event without a line here is an error of types. */
export const describe: (event: KinesisEvent.KinesisEvent) => string | undefined = KinesisEvent.KinesisEvent.$match({
  PageRead: () => undefined,
  ShardStarted: ({ from, shardId }) => `${shardId}  reading from ${describePosition(from)}`,
  Throttled: ({ operation, shardId }) => `${shardId ?? operation}  throttled, waiting to try again`,
  CallFailed: ({ error, operation, shardId }) => `${shardId ?? operation}  ${error.message}; trying again`,
  MalformedAggregates: ({ count, reason, shardId }) => `${shardId}  ${plural(count, "malformed aggregate")}: ${reason}`,
  RecordsOutsideShard: ({ count, outcome, shardId, strategy }) =>
    `${shardId}  ${plural(count, "record")} of another shard ` +
    (outcome === "dropped" ? "dropped from aggregates" : `kept in aggregates (record distribution: ${strategy})`),
  IteratorExpired: ({ resumedAt, shardId }) => `${shardId}  iterator expired, going on ${describePosition(resumedAt)}`,
  IteratorMissing: ({ resumedAt, shardId }) => `${shardId}  no next iterator, going on ${describePosition(resumedAt)}`,
  ShardEnded: ({ childShards, shardId }) =>
    childShards.length === 0
      ? `${shardId}  ended`
      : `${shardId}  ${childShards.length === 2 ? "split into" : "merged into"} ${childShards.join(" and ")}`,
  ShardLost: ({ shardId }) => `${shardId}  has left retention: what was not read of it is lost`,
  ShardsFound: ({ shardIds }) => `found ${shardIds.join(", ")}`,
  Ready: ({ shardIds }) => `reading ${plural(shardIds.length, "shard")}`,
  DataLossPossible: ({ reason, shardId }) => `${shardId}  data may be lost: ${reason}`,
  ListingFailed: ({ error }) => `listing the shards failed: ${error.message}`,
  StartClamped: ({ retentionPeriodHours }) =>
    `the start lies before the retention of ${retentionPeriodHours} hours: reading from the oldest record`,
  ClockAhead: ({ skewMillis }) => `this clock is ${seconds(skewMillis)} ahead of the service's`,
  LeaseAcquired: ({ because, from, shardId }) =>
    `${shardId}  lease taken (${because}), going on ${describePosition(from)}`,
  LeaseLost: ({ description, shardId }) => `${shardId}  lease lost: ${description}`,
  LeaseReleased: ({ shardId, successor }) =>
    `${shardId}  lease given ${successor === undefined ? "back" : `to ${successor}`}`,
  HandoffRequested: ({ owner, shardId }) => `${shardId}  asked ${owner} for the lease`,
  HandoffUnanswered: ({ owner, shardId }) => `${shardId}  ${owner} did not hand the lease off: it keeps it`,
  StreamLost: ({ error, retryInMillis, stream }) =>
    `${stream} cannot be read: ${error.message}; looking for it again in ${seconds(retryInMillis)}`,
  StreamFound: ({ stream }) => `${stream} can be read again`,
  CheckpointStored: () => undefined,
  LeaseStoreFailed: ({ error, operation, shardId }) => `${shardId ?? operation}  ${error.message}; trying again`,
  Balanced: () => undefined,
  LeasesCreated: ({ because, shardIds }) =>
    `${plural(shardIds.length, "lease")} created (${because}): ${shardIds.join(", ")}`,
  HoleFound: ({ open }) =>
    `the ${plural(open, "shard")} with a lease do not take every hash key: looking for the missing ones`,
  LeaseRemoved: ({ shardId }) => `${shardId}  lease removed: the shard has left retention`,
  HandlerFailed: ({ error, policy, shardId }) => `${shardId}  ${error.message} (${policy})`,
  RecordsSkipped: ({ count, sequenceNumber, shardId }) =>
    `${shardId}  ${plural(count, "record")} skipped from …${sequenceNumber.slice(-12)} on`
})

const describePosition = (position: Position.Position): string => {
  switch (position._tag) {
    case "TrimHorizon":
      return "the oldest record"
    case "Latest":
      return "now"
    case "AtTimestamp":
      return new Date(position.timestamp).toISOString()
    case "AtSequenceNumber":
      return `at …${position.sequenceNumber.slice(-12)}`
    case "AfterSequenceNumber":
      return `after …${position.sequenceNumber.slice(-12)}`
    case "ShardEnd":
      return "the end"
  }
}

export interface Pace {
  readonly elapsedMillis: number
  readonly totalMillis: number
  readonly recordsPerSecond: number
}

/** One line of progress. */
export const progress = (view: ReadView, { elapsedMillis, recordsPerSecond, totalMillis }: Pace): string => {
  const rows = [...view.shards.values()]
  const reading = rows.filter((row) => row.state === "reading")
  const behind = Math.max(0, ...reading.map((row) => row.millisBehindLatest ?? 0))
  return `${view.title}  ${seconds(elapsedMillis)} of ${seconds(totalMillis)}  ${count(view.records)} records  ` +
    `${count(Math.round(recordsPerSecond))}/s  ${reading.length} shards  ${seconds(behind)} behind`
}

const columns: ReadonlyArray<Column> = [{ width: 0 }, { width: 20, isNumber: true }, { width: 14 }, { width: 0 }]

/** The whole screen, as lines. */
export const screen = (view: ReadView, pace: Pace): ReadonlyArray<string> => {
  const rows = [...view.shards].sort(([a], [b]) => a < b ? -1 : 1)
  const shown = rows.slice(0, shardLines).map(([shardId, shard]) => {
    const lag = shard.state !== "reading"
      ? shard.state
      : shard.millisBehindLatest === undefined
      ? "–"
      : `${seconds(shard.millisBehindLatest)} behind`
    return row(columns, [shardId, `${count(shard.records)} records`, lag, describePosition(shard.position)])
  })
  const more = rows.length > shardLines ? [`  and ${rows.length - shardLines} more shards`] : []
  return [progress(view, pace), "", ...shown, ...more, "", ...view.events.map((line) => `  ${line}`)]
}

/** The summary for a person. */
export const summary = (result: Summary): ReadonlyArray<string> => [
  `${plural(result.records, "record")} read`,
  `${count(result.lost)} lost, ${count(result.duplicates)} duplicated, ${
    count(result.reordered)
  } reordered within a key`,
  `${plural(result.throttles, "throttle")}, ${plural(result.expiredIterators, "expired iterator")} and ` +
  `${plural(result.splits, "split")} on the way`
]
