import type { Until } from "../../Until.js"

/**
 * How far a whole run has come towards its end: shared by its shards, so that counting and idling are decided once for all. Times are
 * milliseconds on a clock that never goes back, unless said otherwise.
 */
export interface Progress {
  records: number
  lastRecordAt: number
  /** When each shard was last seen at its tip: when that page was asked for; never, while it is behind, being handled, or closed. */
  readonly atTip: Map<string, number>
  stopped: boolean
}

export interface PageFacts {
  readonly shardId: string
  readonly records: number
  /** Undefined when the answer did not tell. */
  readonly millisBehindLatest: number | undefined
  readonly isAtTip: boolean
  /** The shard is closed: its tip says nothing, since its children follow. */
  readonly closed: boolean
  /** Arrival of the page's last record, if it has one, by the service's clock since the epoch. */
  readonly lastArrival: number | undefined
  /** When the page was asked for: what it says of the shard is true of this moment, however long it was handled. */
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

/** Whether pages can end the reading; where they cannot, nothing need be kept of them. */
export const isByPages = (until: Until): boolean => until._tag !== "Never" && until._tag !== "Elapsed"

/** Judged by the shard's tip: a closed shard is read to its end instead, since its children follow only then. */
export const isByTip = (until: Until, page: PageFacts): boolean =>
  until._tag === "CaughtUp" || (until._tag === "Instant" && page.lastArrival === undefined)

/**
 * A page's records were handed on, now: whether its shard has been read as far as wanted. An instant is held against the records' arrival,
 * and on a page without records against the moment at which it was asked for.
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

/** Every shard was seen at its tip after the time had passed: one whose read hangs or fails may have records since. */
const isIdle = ({ atTip, lastRecordAt }: Progress, millis: number): boolean => {
  for (const askedAt of atTip.values()) if (askedAt - lastRecordAt < millis) return false
  return true
}
