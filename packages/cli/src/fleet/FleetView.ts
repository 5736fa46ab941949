import { type Column, count, plural, row, seconds } from "../Format.js"
import * as Layout from "../Layout.js"
import type { Worker } from "./Fleet.js"
import type { Gap, History, Judgement } from "./History.js"
import * as Histories from "./History.js"

/** The displayed state of a fleet. */
export interface FleetView {
  readonly elapsedMillis: number
  readonly totalMillis: number
  readonly workers: ReadonlyArray<Worker>
  readonly history: History
  /** The latest events, oldest first. */
  readonly events: ReadonlyArray<string>
}

/** A shard's number: a table of whole identifiers is too wide. */
export const shortId = (shardId: string): string => shardId.replace(/^shardId-0*(?=\d)/, "")

/** The lag of a worker that has not yet read a page is unknown. */
const behindOf = (history: History, worker: string): string => {
  const read = Histories.heldBy(history, worker).filter(({ lastReadAt }) => lastReadAt !== undefined)
  return read.length === 0 ? "–" : seconds(Math.max(...read.map(({ millisBehindLatest }) => millisBehindLatest)))
}

const shardsOf = (history: History, worker: string): string =>
  [...new Set(Histories.heldBy(history, worker).map(({ shardId }) => shortId(shardId)))]
    .sort((a, b) => Number(a) - Number(b))
    .join(" ")

const isThere = ({ state }: Worker): boolean => state === "reading" || state === "leaving"

/** One line of progress: the time, the counts, and which worker has which shards. */
export const progress = ({ elapsedMillis, history, totalMillis, workers }: FleetView): string => {
  const there = workers.filter(isThere).map(({ name }) => `${name}: ${shardsOf(history, name) || "-"}`)
  return `${seconds(elapsedMillis)} of ${seconds(totalMillis)}  ${count(history.written.length)} written  ` +
    `${count(history.handledIds.size)} handled  ${there.join("  ")}`
}

const columns: ReadonlyArray<Column> = [
  { width: 10 },
  { width: 6, isNumber: true },
  { width: 8 },
  { width: 20 },
  { width: 8, isNumber: true },
  { width: 8, isNumber: true }
]

/** The table of the workers and their shards, with the latest events, as far as they fit. */
export const screen = (view: FleetView, size: Layout.Size): ReadonlyArray<string> => {
  const { elapsedMillis, events, history, totalMillis, workers } = view
  return Layout.stack({
    headline: `${seconds(elapsedMillis)} of ${seconds(totalMillis)}  ${count(history.written.length)} written  ` +
      `${count(history.handledIds.size)} handled`,
    heading: row(columns, ["worker", "pid", "", "shards", "handled", "behind"]),
    table: workers,
    isKept: isThere,
    print: (worker) =>
      row(columns, [
        worker.name,
        String(worker.pid),
        worker.state,
        shardsOf(history, worker.name),
        count(worker.handled),
        isThere(worker) ? behindOf(history, worker.name) : ""
      ]),
    more: (more) => `  ${plural(more, "more worker")}`,
    events: events.flatMap((line) => Layout.wrap(`  ${Layout.visible(line)}`, size.columns, "    "))
  }, size)
}

/** Where each shard went, the longest without a reader last. */
export const describeGaps = (gaps: ReadonlyArray<Gap | undefined>): string =>
  gaps
    .filter((gap) => gap !== undefined)
    .sort((a, b) => a.millis - b.millis)
    .map(({ millis, shardId, to }) => `${shortId(shardId)} by ${to} after ${(millis / 1000).toFixed(2)} s`)
    .join(", ")

/** The output of `--json`. A gap is the longest of any shard; null if a shard was not read again. */
export interface Summary extends Judgement {
  readonly gapAfterKillMillis: number | null
  readonly gapAfterLeaveMillis: number | null
}

/** Nothing is lost or out of order, and nothing is handled twice except what the killed worker could no longer checkpoint. */
export const isExact = ({ beforeParents, duplicates, duplicatesAfterKill, lost, reordered }: Summary): boolean =>
  lost === 0 && reordered === 0 && beforeParents === 0 && duplicates === duplicatesAfterKill

const gap = (millis: number | null): string => millis === null ? "not read again" : `${(millis / 1000).toFixed(2)} s`

/** The human-readable summary. */
export const summary = (result: Summary): ReadonlyArray<string> => [
  `${plural(result.written, "record")} written, ${count(result.handled)} handled`,
  `${count(result.lost)} lost, ${count(result.reordered + result.beforeParents)} reordered, ${
    plural(result.duplicates, "duplicate")
  }: ${count(result.duplicatesAfterKill)} of the ${count(result.unstoredAtKill)} that the killed worker had not stored`,
  `nobody read a shard for at most ${gap(result.gapAfterKillMillis)} after the kill, ` +
  `${gap(result.gapAfterLeaveMillis)} after the leave`
]
