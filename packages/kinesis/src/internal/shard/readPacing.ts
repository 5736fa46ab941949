/** The read limit of a shard: 2 MiB per second, over all its readers (documentation of GetRecords). */
export const bytesPerSecond = 2 * 1024 * 1024

/** The longest time for which a page can exhaust a shard: after 10 MiB, reads are refused for 5 s (documentation of GetRecords). */
const maxCoolOffMillis = 5_000

export interface Spacing {
  readonly pollIntervalMillis: number
  readonly idleIntervalMillis: number
}

export interface PageFacts {
  /** When the call that brought the page was sent, on a monotonic clock. */
  readonly calledAt: number
  readonly bytes: number
  /** Undefined if the answer did not say. */
  readonly millisBehindLatest: number | undefined
}

/** When the next GetRecords may be sent, on the same clock: idle spacing only at the tip, and never above the shard's byte budget. */
export const nextCallAt = (spacing: Spacing, page: PageFacts): number => {
  const interval = page.millisBehindLatest !== 0
    ? spacing.pollIntervalMillis
    : Math.max(spacing.pollIntervalMillis, spacing.idleIntervalMillis)
  const coolOff = Math.min(maxCoolOffMillis, Math.ceil((page.bytes / bytesPerSecond) * 1000))
  return page.calledAt + Math.max(interval, coolOff)
}

/** When a shard is read, on a monotonic clock. */
export interface Pacing {
  /** When the last GetRecords was sent. */
  readonly askedAt: number
  /** When the next one may be sent. */
  readonly readableAt: number
}

export const atOnce: Pacing = { askedAt: -Infinity, readableAt: -Infinity }

/** GetRecords is sent, whatever its outcome. */
export const asked = ({ pollIntervalMillis }: Spacing, at: number): Pacing => ({
  askedAt: at,
  readableAt: at + pollIntervalMillis
})

/** Accounts for the cost of the answer to the shard, before a page is made of it. */
export const answered = (
  spacing: Spacing,
  { askedAt }: Pacing,
  { bytes, millisBehindLatest }: Omit<PageFacts, "calledAt">
): Pacing => ({ askedAt, readableAt: nextCallAt(spacing, { calledAt: askedAt, bytes, millisBehindLatest }) })

/** The answer proves nothing, so it must not slow the reading down. */
export const doubted = (spacing: Spacing, { askedAt }: Pacing): Pacing => asked(spacing, askedAt)
