import type { KinesisEvent, Position } from "effect-kinesis"
import type { Summary } from "./Summary.js"

/** What is shown of one shard. */
interface ShardRow {
  readonly state: "reading" | "ended" | "gone"
  readonly records: number
  readonly millisBehindLatest: number
  readonly position: Position.Position
}

/** What is shown while reading. */
export interface View {
  readonly title: string
  readonly shards: ReadonlyMap<string, ShardRow>
  readonly records: number
  /** The latest events, oldest first. */
  readonly events: ReadonlyArray<string>
}

export const begin = (title: string): View => ({ title, shards: new Map(), records: 0, events: [] })

const eventLines = 6
const shardLines = 24

/** The view after an event, whose line is told apart. */
export const happened = (view: View, event: KinesisEvent.KinesisEvent): View => {
  switch (event._tag) {
    case "ShardStarted": {
      const records = view.shards.get(event.shardId)?.records ?? 0
      return withShard(view, event.shardId, { state: "reading", records, millisBehindLatest: 0, position: event.from })
    }
    case "PageRead": {
      const { millisBehindLatest, position, shardId } = event
      const records = (view.shards.get(shardId)?.records ?? 0) + event.records
      return {
        ...withShard(view, shardId, { state: "reading", records, millisBehindLatest, position }),
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
export const said = (view: View, line: string): View => ({
  ...view,
  events: [...view.events, line].slice(-eventLines)
})

const withShard = (view: View, shardId: string, row: ShardRow): View => ({
  ...view,
  shards: new Map(view.shards).set(shardId, row)
})

/** An event in a line; undefined for those that are only counted. */
export const describe = (event: KinesisEvent.KinesisEvent): string | undefined => {
  switch (event._tag) {
    case "PageRead":
      return undefined
    case "ShardStarted":
      return `${event.shardId}  reading from ${place(event.from)}`
    case "Throttled":
      return `${event.shardId ?? event.operation}  throttled, waiting to try again`
    case "CallFailed":
      return `${event.shardId ?? event.operation}  ${event.error.message}; trying again`
    case "MalformedAggregates":
      return `${event.shardId}  ${plural(event.count, "malformed aggregate")}, handed on as they came`
    case "RecordsOutsideShard":
      return `${event.shardId}  ${plural(event.count, "record")} of another shard dropped from aggregates`
    case "IteratorExpired":
      return `${event.shardId}  iterator expired, going on ${place(event.resumedAt)}`
    case "ShardEnded":
      return event.childShards.length === 0
        ? `${event.shardId}  ended`
        : `${event.shardId}  ${event.childShards.length === 2 ? "split into" : "merged into"} ${
          event.childShards.join(" and ")
        }`
    case "ShardLost":
      return `${event.shardId}  has left retention: what was not read of it is lost`
    case "ShardsFound":
      return `found ${event.shardIds.join(", ")}`
    case "Ready":
      return `reading ${plural(event.shardIds.length, "shard")}`
    case "DataLossPossible":
      return `${event.shardId}  data may be lost: ${event.reason}`
    case "ListingFailed":
      return `listing the shards failed: ${event.error.message}`
    case "StartClamped":
      return `the start lies before the retention of ${event.retentionPeriodHours} hours: reading from the oldest record`
    case "ClockAhead":
      return `this clock is ${seconds(event.skewMillis)} ahead of the service's`
  }
}

const place = (position: Position.Position): string => {
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

const count = (value: number): string => value.toLocaleString("en-US")
const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

export interface Pace {
  readonly elapsedMillis: number
  readonly totalMillis: number
  readonly recordsPerSecond: number
}

/** One line of progress. */
export const progress = (view: View, { elapsedMillis, recordsPerSecond, totalMillis }: Pace): string => {
  const rows = [...view.shards.values()]
  const reading = rows.filter((row) => row.state === "reading")
  const behind = Math.max(0, ...reading.map((row) => row.millisBehindLatest))
  return `${view.title}  ${seconds(elapsedMillis)} of ${seconds(totalMillis)}  ${count(view.records)} records  ` +
    `${count(Math.round(recordsPerSecond))}/s  ${reading.length} shards  ${seconds(behind)} behind`
}

/** The whole screen, as lines. */
export const screen = (view: View, pace: Pace): ReadonlyArray<string> => {
  const rows = [...view.shards].sort(([a], [b]) => a < b ? -1 : 1)
  const shown = rows.slice(0, shardLines).map(([shardId, row]) => {
    const lag = row.state === "reading" ? `${seconds(row.millisBehindLatest)} behind` : row.state
    return `  ${shardId}  ${count(row.records).padStart(12)} records  ${lag.padEnd(14)}  ${place(row.position)}`
  })
  const more = rows.length > shardLines ? [`  and ${rows.length - shardLines} more shards`] : []
  return [progress(view, pace), "", ...shown, ...more, "", ...view.events.map((line) => `  ${line}`)]
}

const plural = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? "" : "s"}`

/** The summary for a person. */
export const summary = (result: Summary): ReadonlyArray<string> => [
  `${plural(result.records, "record")} read`,
  `${count(result.lost)} lost, ${count(result.duplicates)} duplicated, ${
    count(result.reordered)
  } reordered within a key`,
  `${plural(result.throttles, "throttle")}, ${plural(result.expiredIterators, "expired iterator")} and ` +
  `${plural(result.splits, "split")} on the way`
]
