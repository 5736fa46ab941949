import { type Bucket, makeBucket, refill } from "./bucket.js"

/** What a shard takes, as AWS documents it. */
export const recordsPerSecond = 1000
export const bytesPerSecond = 1024 * 1024

/** A shard: a bucket of one second for each of its limits. How deep the service's own are is not documented. */
export interface Shard {
  readonly records: Bucket
  readonly bytes: Bucket
  at: number
}

/** `part` is what others leave of its capacity. */
export const make = (part: number): Shard => ({
  records: makeBucket(recordsPerSecond * part),
  bytes: makeBucket(bytesPerSecond * part),
  at: 0
})

/** Whether the shard takes a record of so many bytes, which then counts. */
export const take = (self: Shard, bytes: number, now: number): boolean => {
  const seconds = (now - self.at) / 1000
  self.at = now
  refill(self.records, seconds)
  refill(self.bytes, seconds)
  if (self.records.level < 1 || self.bytes.level < bytes) return false
  self.records.level -= 1
  self.bytes.level -= bytes
  return true
}
