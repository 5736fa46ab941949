import type { KinesisEvent } from "effect-kinesis"
import type * as Position from "effect-kinesis/Position"
import { count, plural, seconds } from "./Format.js"
import * as Layout from "./Layout.js"
import type { Summary } from "./Summary.js"

/** What is shown of one shard. */
interface ShardRow {
  readonly state: "reading" | "throttled" | "ended" | "gone"
  readonly records: number
  /** Undefined until a page has said. */
  readonly millisBehindLatest: number | undefined
  /** When the last page arrived; undefined before the first. */
  readonly pageAt: number | undefined
  readonly position: Position.Position
  /** The last record that was handed on, in a few words. */
  readonly latest: string
}

/** What is shown while reading. */
export interface ReadView {
  readonly title: string
  /** What the shards' latest records are called. */
  readonly thing: string
  readonly shards: ReadonlyMap<string, ShardRow>
  readonly records: number
  /** The last record of all shards, in a few words. */
  readonly latest: string
  /** The latest events, oldest first. */
  readonly events: ReadonlyArray<string>
}

export const begin = (title: string, thing = "record"): ReadView => ({
  title,
  thing,
  shards: new Map(),
  records: 0,
  latest: "",
  events: []
})

const eventLines = 6

/** The view after an event at a time, given with its line. */
export const happened = (view: ReadView, event: KinesisEvent.KinesisEvent, at: number): ReadView => {
  switch (event._tag) {
    case "ShardStarted":
      return withShard(view, event.shardId, {
        state: "reading",
        records: view.shards.get(event.shardId)?.records ?? 0,
        millisBehindLatest: undefined,
        pageAt: undefined,
        position: event.from,
        latest: view.shards.get(event.shardId)?.latest ?? ""
      })
    case "PageRead": {
      const row = view.shards.get(event.shardId)
      return {
        ...withShard(view, event.shardId, {
          state: "reading",
          records: (row?.records ?? 0) + event.records,
          millisBehindLatest: event.millisBehindLatest ?? row?.millisBehindLatest,
          pageAt: at,
          position: event.position,
          latest: row?.latest ?? ""
        }),
        records: view.records + event.records
      }
    }
    case "Throttled":
      return event.shardId === undefined ? view : withState(view, event.shardId, "throttled")
    case "ShardEnded":
      return withState(view, event.shardId, "ended")
    case "ShardLost":
      return withState(view, event.shardId, "gone")
    default:
      return view
  }
}

/** The view with a line among its latest. */
export const said = (view: ReadView, line: string): ReadView => ({
  ...view,
  events: [...view.events, line].slice(-eventLines)
})

/** The view with a shard's latest record, in a few words. */
export const came = (view: ReadView, shardId: string, latest: string): ReadView => {
  const row = view.shards.get(shardId)
  return row === undefined ? view : { ...withShard(view, shardId, { ...row, latest }), latest }
}

const withShard = (view: ReadView, shardId: string, row: ShardRow): ReadView => ({
  ...view,
  shards: new Map(view.shards).set(shardId, row)
})

const withState = (view: ReadView, shardId: string, state: ShardRow["state"]): ReadView => {
  const row = view.shards.get(shardId)
  return row === undefined ? view : withShard(view, shardId, { ...row, state })
}

export interface Pace {
  readonly now: number
  readonly elapsedMillis: number
  readonly totalMillis: number
  readonly recordsPerSecond: number
}

/** A shard at its tip is read once per second: a lag that is older than this no longer counts as current. */
const staleMillis = 1_500

const unknown = "–"

const isOpen = ({ state }: ShardRow): boolean => state === "reading" || state === "throttled"

const age = (millis: number): string => millis < staleMillis ? "" : `, ${seconds(millis)} ago`

const behindOf = (row: ShardRow, now: number): string => {
  if (row.state !== "reading") return row.state
  if (row.millisBehindLatest === undefined || row.pageAt === undefined) return unknown
  return `${seconds(row.millisBehindLatest)}${age(now - row.pageAt)}`
}

/**
 * The lag of the shard that is furthest behind. If the lag of some shards is unknown, or was measured before they were throttled, the known
 * lag of the others is a lower bound.
 */
const furthestBehind = (view: ReadView, now: number): string => {
  const open = [...view.shards.values()].filter(isOpen)
  const known = open.filter(({ millisBehindLatest, pageAt, state }) =>
    state === "reading" && millisBehindLatest !== undefined && pageAt !== undefined
  )
  const behind = Math.max(0, ...known.map(({ millisBehindLatest }) => millisBehindLatest!))
  if (known.length < open.length || view.shards.size === 0) {
    return behind === 0 ? `${unknown} behind` : `at least ${seconds(behind)} behind`
  }
  return `${seconds(behind)} behind${age(Math.max(0, ...known.map(({ pageAt }) => now - pageAt!)))}`
}

const headline = (view: ReadView, pace: Pace): ReadonlyArray<Layout.Part> => {
  const open = [...view.shards.values()].filter(isOpen)
  return [
    { text: Layout.visible(view.title), rank: 3 },
    { text: `${seconds(pace.elapsedMillis)} of ${seconds(pace.totalMillis)}`, rank: 4 },
    { text: `${count(view.records)} records`, rank: 6 },
    { text: `${count(Math.round(pace.recordsPerSecond))}/s`, rank: 1 },
    { text: plural(open.length, "shard"), rank: 2 },
    { text: furthestBehind(view, pace.now), rank: 5 }
  ]
}

/** One line of progress, with the last record of all. */
export const progress = (view: ReadView, pace: Pace): string => {
  const parts = headline(view, pace).map(({ text }) => text)
  return (view.latest === "" ? parts : [...parts, `latest ${view.thing}: ${view.latest}`]).join("  ")
}

const short = (text: string, prefix = ""): string => text.replace(/shardId-0*(?=\d)/g, prefix)

const digits = 12

const positionOf = (position: Position.Position, kept: number): string => {
  switch (position._tag) {
    case "TrimHorizon":
      return "the oldest"
    case "Latest":
      return "now"
    case "AtTimestamp":
      return new Date(position.timestamp).toISOString().slice(11, 19)
    case "AtSequenceNumber":
    case "AfterSequenceNumber":
      return `…${position.sequenceNumber.slice(-kept)}`
    case "ShardEnd":
      return "the end"
  }
}

/** The widths of the table, the widest first: by the digits of the sequence numbers, then by the shards' identifiers. */
const forms = [
  ...[digits, 10, 8, 6, 4, 0].map((kept) => ({ kept, isShort: false })),
  ...[digits, 8, 4, 0].map((kept) => ({ kept, isShort: true }))
]

type Cells = readonly [shard: string, records: string, behind: string, latest: string, position: string]

/** Wide enough for an outdated lag, so that the columns do not move. */
const leastBehind = "0.0 s, 1.5 s ago".length

/** The minimum width of a latest record before other columns are narrowed. */
const mostLatest = 29

const widest = (cells: ReadonlyArray<Cells>, column: 0 | 1 | 2 | 3 | 4): number =>
  Math.max(...cells.map((row) => Layout.width(row[column])))

/** The rows of the table in the widest form that fits, the heading first. */
const table = (view: ReadView, now: number, columns: number): ReadonlyArray<string> => {
  let rows: ReadonlyArray<string> = []
  for (const { isShort, kept } of forms) {
    const heading: Cells = ["shard", "records", "behind", `latest ${view.thing}`, kept === 0 ? "" : "read to"]
    const cells = [
      heading,
      ...shardsOf(view).map(([shardId, row]): Cells => [
        Layout.visible(isShort ? short(shardId) : shardId),
        count(row.records),
        behindOf(row, now),
        row.latest || unknown,
        kept === 0 ? "" : positionOf(row.position, kept)
      ])
    ]
    const [shard, records] = [widest(cells, 0), widest(cells, 1)]
    const behind = Math.max(isShort ? 0 : leastBehind, widest(cells, 2))
    const position = kept === 0 ? 0 : widest(cells, 4) + 2
    const left = columns - (2 + shard + 2 + records + 2 + behind + 2 + position)
    const latest = Math.min(widest(cells, 3), Math.max(0, left))
    rows = cells.map((row) =>
      `  ${Layout.pad(row[0], shard)}  ${row[1].padStart(records)}  ${Layout.pad(row[2], behind)}  ` +
      `${Layout.pad(Layout.clip(row[3], latest), latest)}  ${row[4]}`.trimEnd()
    )
    if (left >= Math.min(widest(cells, 3), mostLatest)) break
  }
  return rows
}

const shardsOf = (view: ReadView): ReadonlyArray<readonly [string, ShardRow]> =>
  [...view.shards].sort(([a], [b]) => a < b ? -1 : 1)

const eventLinesOf = (line: string, columns: number): ReadonlyArray<string> => {
  const text = `  ${Layout.visible(line)}`
  return Layout.width(text) <= columns ? [text] : Layout.wrap(short(text, "shard "), columns, "    ")
}

/** The whole view in at most this many columns and rows. */
export const screen = (view: ReadView, pace: Pace, size: Layout.Size): ReadonlyArray<string> => {
  const [heading = "", ...lines] = table(view, pace.now, size.columns)
  const shards = shardsOf(view)
  return Layout.stack({
    headline: Layout.fitParts(headline(view, pace), size.columns),
    heading,
    table: shards.map(([, row], i) => ({ line: lines[i]!, isKept: isOpen(row) })),
    isKept: ({ isKept }) => isKept,
    print: ({ line }) => line,
    more: (count) => `  ${plural(count, "more shard")}`,
    events: view.events.flatMap((line) => eventLinesOf(line, size.columns))
  }, size)
}

/** The human-readable summary. */
export const summary = (result: Summary): ReadonlyArray<string> => [
  `${plural(result.records, "record")} read${result.unread === undefined ? "" : `, ${count(result.unread)} not yet`}`,
  `${count(result.lost)} lost, ${count(result.duplicates)} duplicated, ${
    count(result.reordered)
  } reordered within a key`,
  `${plural(result.throttles, "throttle")}, ${plural(result.expiredIterators, "expired iterator")} and ` +
  `${plural(result.splits, "split")} on the way`
]
