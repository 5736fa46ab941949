import type { Until } from "../../Until.js"

/**
 * How far a whole run has come towards its end: shared by its shards, so that count and idle time are judged over all of them. Times are
 * milliseconds on a monotonic clock unless stated otherwise.
 */
export interface Progress {
  records: number
  lastRecordAt: number
  /**
   * When each shard was last seen at its tip, that is, when that page was requested; never while the shard is behind, being handled, or
   * closed.
   */
  readonly atTip: Map<string, number>
  stopped: boolean
}

export interface PageFacts {
  readonly shardId: string
  readonly records: number
  /** Undefined if the answer did not say. */
  readonly millisBehindLatest: number | undefined
  readonly isAtTip: boolean
  /** The shard is closed: its tip means nothing, since its children follow. */
  readonly closed: boolean
  /** Arrival of the page's last record, if it has one, by the service's clock since the epoch. */
  readonly lastArrival: number | undefined
  /** When the page was requested: the page describes the shard at this moment, however long it was handled. */
  readonly askedAt: number
  /** The same moment by the service's clock, as far as it is known, since the epoch. */
  readonly askedAtServer: number
}

export const begin = (now: number): Progress => ({ records: 0, lastRecordAt: now, atTip: new Map(), stopped: false })

const never = -Infinity

export const shardStarted = (progress: Progress, shardId: string): void => {
  progress.atTip.set(shardId, never)
}

export const shardLeft = (progress: Progress, shardId: string): void => {
  progress.atTip.delete(shardId)
}

export const pageRead = (progress: Progress, page: PageFacts): void => {
  if (page.records === 0) return
  progress.atTip.set(page.shardId, never)
  progress.lastRecordAt = Math.max(progress.lastRecordAt, page.askedAt)
}

/** Whether pages can end the reading; if not, nothing about them needs to be kept. */
export const isByPages = (until: Until): boolean => until._tag !== "Never" && until._tag !== "Elapsed"

/** Whether the rule goes by the shard's tip: a closed shard is read to its end instead, since its children follow only then. */
export const isByTip = (until: Until, page: PageFacts): boolean =>
  until._tag === "CaughtUp" || (until._tag === "Instant" && page.lastArrival === undefined)

/**
 * A page's records have been handed on: returns whether its shard has been read as far as wanted. An instant is compared with the records'
 * arrival, or for an empty page with the moment at which it was requested.
 */
export const pageHandedOn = (until: Until, progress: Progress, page: PageFacts, now: number): boolean => {
  progress.records += page.records
  if (page.records > 0) progress.lastRecordAt = now
  progress.atTip.set(page.shardId, page.isAtTip && !page.closed ? page.askedAt : never)
  switch (until._tag) {
    case "Never":
    case "Elapsed":
      return false
    case "CaughtUp":
      return page.isAtTip
    case "Instant":
      return (page.lastArrival ?? page.askedAtServer - (page.isAtTip ? 0 : page.millisBehindLatest ?? Infinity)) >=
        until.timestamp
    case "Count":
      return (progress.stopped ||= progress.records >= until.count)
    case "Idle":
      return (progress.stopped ||= isIdle(progress, until.millis))
  }
}

/** Every shard was seen at its tip after the time had passed: a shard whose read hangs or fails may have received records since. */
const isIdle = ({ atTip, lastRecordAt }: Progress, millis: number): boolean => {
  for (const askedAt of atTip.values()) if (askedAt - lastRecordAt < millis) return false
  return true
}
