import * as Limits from "./limits.js"

/** How fast a shard is written to. */
export interface PaceOptions {
  /** What the shard is expected to take per second, from this producer. */
  readonly records: number
  readonly bytes: number
  /** The least part of that to which refusals slow it down. */
  readonly floor: number
}

/** What AWS documents, and a twentieth of it where others write to the same shard. */
export const defaults: PaceOptions = {
  records: Limits.shardRecordsPerSecond,
  bytes: Limits.shardBytesPerSecond,
  floor: 0.05
}

/**
 * The pace of one shard: a bucket of a quarter of a second's worth, whose rate is cut by refusals and rises again. A smaller bucket would split
 * batches, a larger one makes bursts that the shard refuses.
 */
export interface Pace {
  readonly options: PaceOptions
  /** What may be sent at once, as of `at`. A record that is larger than the bucket overdraws it. */
  records: number
  bytes: number
  at: number
  /** The part of the expected rate that the shard takes now. */
  factor: number
  /** The newest request when the rate was last cut: only what is sent later may cut it again. */
  cutAt: number
}

const bucketSeconds = 0.25
const cut = 0.7
const risePerSecond = 0.1

export const make = (options: PaceOptions, now: number): Pace => ({
  options,
  records: options.records * bucketSeconds,
  bytes: options.bytes * bucketSeconds,
  at: now,
  factor: 1,
  cutAt: 0
})

/** Brings the bucket up to date. True if the rate is whole again, which it was not. */
export const refill = (self: Pace, now: number): boolean => {
  const seconds = (now - self.at) / 1000
  if (seconds <= 0) return false
  const { bytes, records } = self.options
  self.at = now
  self.records = Math.min(records * bucketSeconds, self.records + seconds * records * self.factor)
  self.bytes = Math.min(bytes * bucketSeconds, self.bytes + seconds * bytes * self.factor)
  if (self.factor === 1) return false
  self.factor = Math.min(1, self.factor + seconds * risePerSecond)
  return self.factor === 1
}

/** How much must be in the bucket for a record: one that does not fit waits until the bucket is full. */
const needOf = ({ options }: Pace, bytes: number): number => Math.min(bytes, options.bytes * bucketSeconds)

/** Whether a record of so many bytes may be sent. The bucket is up to date. */
export const admits = (self: Pace, bytes: number): boolean => self.records >= 1 && self.bytes >= needOf(self, bytes)

/** When a record of so many bytes may be sent. The bucket is up to date. */
export const readyAt = (self: Pace, bytes: number, now: number): number => {
  const { factor, options } = self
  const lackOfRecords = Math.max(0, 1 - self.records) / (options.records * factor)
  const lackOfBytes = Math.max(0, needOf(self, bytes) - self.bytes) / (options.bytes * factor)
  return now + 1000 * Math.max(lackOfRecords, lackOfBytes)
}

/** A record is sent. */
export const spend = (self: Pace, bytes: number): void => {
  self.records -= 1
  self.bytes -= bytes
}

/** The shard refused part of a request: its rate is cut, once a round trip. True if it was whole until now. */
export const refused = (self: Pace, request: number, newest: number, now: number): boolean => {
  refill(self, now)
  if (request <= self.cutAt) return false
  const wasWhole = self.factor === 1
  self.factor = Math.max(self.options.floor, self.factor * cut)
  self.cutAt = newest
  self.records = Math.min(self.records, 0)
  self.bytes = Math.min(self.bytes, 0)
  return wasWhole
}
