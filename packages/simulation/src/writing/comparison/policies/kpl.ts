import { Deque } from "../../../../../kinesis/src/internal/write/deque.js"
import { type Bucket, makeBucket, refill } from "../bucket.js"
import { type Batch, bounded, idle, type Item, type Maker, requestRecords, type Step, takeUpTo } from "../policy.js"
import { bytesPerSecond, recordsPerSecond } from "../shards.js"

/** Records that go to one shard, and what the library lets through to it. */
interface Lane {
  readonly queue: Deque<Item>
  readonly records: Bucket
  readonly bytes: Bucket
}

/**
 * The Kinesis Producer Library, without its aggregation: a bucket of 150 % of each shard's limits, ten of its seconds deep in bytes, whatever the shard
 * answers; records are collected for a while, and what was refused goes again 50 ms later.
 */
interface State {
  readonly lanes: Map<number, Lane>
  readonly part: number
  /** Through the limiter: these are collected until a request is full. */
  readonly collected: Deque<Item>
  /** When the first of them has to go. */
  goesAt: number
  refilledAt: number
  readonly refused: Deque<{ readonly due: number; readonly item: Item }>
  underWay: number
}

const maxInFlight = 24
const collectMillis = 50
const retryMillis = 50
const drainMillis = 5
const bytesDepth = 10

const laneOf = (self: State, shard: number): Lane => {
  const known = self.lanes.get(shard)
  if (known !== undefined) return known
  const lane = {
    queue: new Deque<Item>(),
    records: makeBucket(recordsPerSecond * self.part, recordsPerSecond),
    bytes: makeBucket(bytesPerSecond * self.part, bytesPerSecond * bytesDepth)
  }
  self.lanes.set(shard, lane)
  return lane
}

const letThrough = (self: State, { bytes, queue, records }: Lane, now: number): void => {
  let item = queue.peek()
  while (item !== undefined && records.level >= 1 && bytes.level >= item.bytes) {
    queue.take()
    records.level -= 1
    bytes.level -= item.bytes
    if (self.collected.length === 0) self.goesAt = now + collectMillis
    self.collected.push(item)
    item = queue.peek()
  }
}

const drain = (self: State, now: number): void => {
  while ((self.refused.peek()?.due ?? Infinity) <= now) {
    const { item } = self.refused.take()!
    laneOf(self, item.shard).queue.push(item)
  }
  const seconds = (now - self.refilledAt) / 1000
  self.refilledAt = now
  for (const lane of self.lanes.values()) {
    refill(lane.records, seconds)
    refill(lane.bytes, seconds)
    letThrough(self, lane, now)
  }
}

const isEmpty = ({ collected, lanes, refused }: State): boolean =>
  collected.length === 0 && refused.length === 0 && [...lanes.values()].every(({ queue }) => queue.length === 0)

const next = (self: State, now: number): Step => {
  drain(self, now)
  if (self.underWay >= maxInFlight) return idle
  const { collected } = self
  if (collected.length >= requestRecords || (collected.length > 0 && self.goesAt <= now)) {
    self.underWay++
    const items = takeUpTo(collected, requestRecords)
    self.goesAt = now + collectMillis
    return { _tag: "Send", batch: { items } }
  }
  return isEmpty(self) ? idle : { _tag: "Wait", until: now + drainMillis }
}

const answered = (self: State, { items }: Batch, refused: ReadonlyArray<boolean>, now: number): void => {
  self.underWay--
  for (const [index, item] of items.entries()) {
    if (refused[index]) self.refused.push({ due: now + retryMillis, item })
  }
}

/** `part` of a shard's limits is what the library lets through: without aggregation, everything. */
export const make = (part: number): Maker => ({ room }) => {
  const self: State = {
    lanes: new Map(),
    part,
    collected: new Deque(),
    goesAt: 0,
    refilledAt: 0,
    refused: new Deque(),
    underWay: 0
  }
  return bounded({
    offer: (item) => {
      laneOf(self, item.shard).queue.push(item)
      return true
    },
    next: (now) => next(self, now),
    answered: (batch, refused, now) => answered(self, batch, refused, now)
  }, room)
}
