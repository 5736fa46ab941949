import type { Until } from "../../Until.js"

/** How far a whole run has come towards its end: shared by its shards, so that counting and idling are decided once for all. */
export interface Progress {
  records: number
  lastRecordAt: number
  /** Shards that are behind their tip or whose page is being handled. */
  readonly busy: Set<string>
  stopped: boolean
}

export interface PageFacts {
  readonly shardId: string
  readonly records: number
  readonly millisBehindLatest: number
  /** Arrival of the page's last record, if it has one. */
  readonly lastArrival: number | undefined
}

export const begin = (now: number): Progress => ({ records: 0, lastRecordAt: now, busy: new Set(), stopped: false })

export const shardStarted = (progress: Progress, shardId: string): void => {
  progress.busy.add(shardId)
}

export const shardLeft = (progress: Progress, shardId: string): void => {
  progress.busy.delete(shardId)
}

export const pageRead = (progress: Progress, page: PageFacts, now: number): void => {
  if (page.records === 0) return
  progress.busy.add(page.shardId)
  progress.lastRecordAt = now
}

/**
 * A page's records were handed on: whether its shard has now been read as far as wanted. An instant is held against the records'
 * arrival, and on a page without records against `now`, the service's time as far as it is known.
 */
export const pageHandedOn = (until: Until, progress: Progress, page: PageFacts, now: number): boolean => {
  progress.records += page.records
  if (page.records > 0) progress.lastRecordAt = now
  if (page.millisBehindLatest === 0) progress.busy.delete(page.shardId)
  else progress.busy.add(page.shardId)
  switch (until._tag) {
    case "Never":
    case "Elapsed":
      return false
    case "CaughtUp":
      return page.millisBehindLatest === 0
    case "Instant":
      return (page.lastArrival ?? now - page.millisBehindLatest) >= until.timestamp
    case "Count":
      return (progress.stopped ||= progress.records >= until.count)
    case "Idle":
      return (progress.stopped ||= progress.busy.size === 0 && now - progress.lastRecordAt >= until.millis)
  }
}
