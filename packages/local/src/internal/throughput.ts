/** What may still be taken, as of a time. It refills steadily, up to what the bucket holds. */
export interface Bucket {
  readonly level: number
  readonly at: number
}

export const mebibyte = 1024 * 1024

export const readCallsPerSecond = 5
export const readBytesPerSecond = 2 * mebibyte
export const pageBytes = 10 * mebibyte
export const pauseAfterFullPage = 5000
export const writeRecordsPerSecond = 1000
export const writeBytesPerSecond = mebibyte
/** What a shard of a stream that takes large records can take at once. */
export const largeRecordBurst = 10 * mebibyte
export const listCallsPerSecond = 1000
export const subscribeCallsPerSecond = 1
/** Of one consumer and shard. */
export const pushBytesPerSecond = 2 * mebibyte

/** Full, whatever it holds. */
const full: Bucket = { level: Number.POSITIVE_INFINITY, at: 0 }

const refill = (bucket: Bucket, perSecond: number, now: number, capacity = perSecond): number =>
  Math.min(capacity, bucket.level + (Math.max(0, now - bucket.at) * perSecond) / 1000)

/** The accepted calls of the last second including this one, or undefined if it is one too many. */
export const countCall = (
  calls: ReadonlyArray<number>,
  perSecond: number,
  now: number
): ReadonlyArray<number> | undefined => {
  const recent = calls.filter((at) => at > now - 1000)
  return recent.length < perSecond ? [...recent, now] : undefined
}

/** How much was read from one shard. */
export interface Reads {
  readonly calls: ReadonlyArray<number>
  readonly bytes: Bucket
  readonly pausedUntil: number
}

export const noReads: Reads = { calls: [], bytes: full, pausedUntil: 0 }

export const mayRead = (reads: Reads, now: number): boolean =>
  now >= reads.pausedUntil &&
  refill(reads.bytes, readBytesPerSecond, now) > 0 &&
  countCall(reads.calls, readCallsPerSecond, now) !== undefined

/**
 * A page may overdraw the bucket. A page that was cut by its size, or that has 10 MiB, is the documented 10 MiB page: no reads are allowed
 * for the next 5 seconds.
 */
export const afterRead = (
  reads: Reads,
  page: { readonly bytes: number; readonly cut: boolean },
  now: number
): Reads => ({
  calls: countCall(reads.calls, readCallsPerSecond, now) ?? reads.calls,
  bytes: { level: refill(reads.bytes, readBytesPerSecond, now) - page.bytes, at: now },
  pausedUntil: page.cut || page.bytes >= pageBytes ? now + pauseAfterFullPage : reads.pausedUntil
})

/** How much was written to one shard. */
export interface Writes {
  readonly records: Bucket
  readonly bytes: Bucket
}

export const noWrites: Writes = { records: full, bytes: full }

/** Undefined if the record exceeds either limit. `burst` is how many bytes can be written at once. */
export const countWrite = (
  writes: Writes,
  bytes: number,
  now: number,
  burst = writeBytesPerSecond
): Writes | undefined => {
  const recordsLeft = refill(writes.records, writeRecordsPerSecond, now) - 1
  const bytesLeft = refill(writes.bytes, writeBytesPerSecond, now, burst) - bytes
  return recordsLeft < 0 || bytesLeft < 0
    ? undefined
    : { records: { level: recordsLeft, at: now }, bytes: { level: bytesLeft, at: now } }
}

/** Nothing was pushed to a consumer from a shard. */
export const noPushes: Bucket = full

/** When more may be pushed: a push may overdraw the bucket, and the next waits until it holds something again. */
export const mayPushAt = (pushed: Bucket, now: number): number => {
  const level = refill(pushed, pushBytesPerSecond, now)
  return level > 0 ? now : now + Math.floor((-level * 1000) / pushBytesPerSecond) + 1
}

export const afterPush = (pushed: Bucket, bytes: number, now: number): Bucket => ({
  level: refill(pushed, pushBytesPerSecond, now) - bytes,
  at: now
})
