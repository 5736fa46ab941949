import { Deque } from "../../../../../kinesis/src/internal/write/deque.js"
import { type Bucket, makeBucket, refill } from "../bucket.js"
import { type Batch, bounded, idle, type Item, type Maker, refusedOf, requestRecords, type Step } from "../policy.js"
import { bytesPerSecond, recordsPerSecond } from "../shards.js"

interface Lane {
  readonly queue: Deque<Item>
  readonly records: Bucket
  readonly bytes: Bucket
  /** The part of the limits that is used. */
  factor: number
  renewedAt: number
  written: number
  refused: number
}

/**
 * The producer of zio-kinesis, idealized, without its bounded buffers of each shard: each shard's limits, divided by the part of records that it
 * took in the last 5 seconds; what was refused goes again at once.
 */
interface State {
  readonly lanes: Map<number, Lane>
  refilledAt: number
  underWay: number
}

const maxInFlight = 24
const renewMillis = 5000
const rise = 0.05
const drainMillis = 5

const laneOf = (self: State, shard: number): Lane => {
  const known = self.lanes.get(shard)
  if (known !== undefined) return known
  const lane = {
    queue: new Deque<Item>(),
    records: makeBucket(recordsPerSecond),
    bytes: makeBucket(bytesPerSecond),
    factor: 1,
    renewedAt: 0,
    written: 0,
    refused: 0
  }
  self.lanes.set(shard, lane)
  return lane
}

const renew = (lane: Lane, now: number): void => {
  if (now - lane.renewedAt < renewMillis) return
  const total = lane.written + lane.refused
  lane.renewedAt = now
  lane.factor = Math.min(1, lane.factor * (total > 0 ? lane.written / total : 1) + rise)
  lane.written = 0
  lane.refused = 0
}

const takeFrom = ({ bytes, factor, queue, records }: Lane, items: Array<Item>): void => {
  let item = queue.peek()
  while (
    item !== undefined && items.length < requestRecords && records.level >= 1 / factor &&
    bytes.level >= item.bytes / factor
  ) {
    queue.take()
    records.level -= 1 / factor
    bytes.level -= item.bytes / factor
    items.push(item)
    item = queue.peek()
  }
}

const next = (self: State, now: number): Step => {
  if (self.underWay >= maxInFlight) return idle
  const seconds = (now - self.refilledAt) / 1000
  self.refilledAt = now
  const items: Array<Item> = []
  for (const lane of self.lanes.values()) {
    renew(lane, now)
    refill(lane.records, seconds)
    refill(lane.bytes, seconds)
    takeFrom(lane, items)
  }
  if (items.length > 0) {
    self.underWay++
    return { _tag: "Send", batch: { items } }
  }
  const isWaiting = [...self.lanes.values()].some(({ queue }) => queue.length > 0)
  return isWaiting ? { _tag: "Wait", until: now + drainMillis } : idle
}

const answered = (self: State, batch: Batch, refused: ReadonlyArray<boolean>): void => {
  self.underWay--
  for (const [index, { shard }] of batch.items.entries()) {
    if (refused[index]) laneOf(self, shard).refused++
    else laneOf(self, shard).written++
  }
  for (const item of [...refusedOf(batch, refused)].reverse()) laneOf(self, item.shard).queue.unshift([item])
}

export const make: Maker = ({ room }) => {
  const self: State = { lanes: new Map(), refilledAt: 0, underWay: 0 }
  return bounded({
    offer: (item) => {
      laneOf(self, item.shard).queue.push(item)
      return true
    },
    next: (now) => next(self, now),
    answered: (batch, refused) => answered(self, batch, refused)
  }, room)
}
