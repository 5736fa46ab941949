import { Deque } from "../../../../../kinesis/src/internal/write/deque.js"
import {
  type Batch,
  bounded,
  idle,
  type Item,
  type Maker,
  refusedOf,
  requestRecords,
  type Step,
  takeUpTo
} from "../policy.js"

/**
 * The sink of Flink: one queue, to whose head refused records go back at once, and one limit to the records under way, for all shards, which
 * grows by 10 with each request that was written whole and shrinks by 1 % with each other.
 */
interface State {
  readonly queue: Deque<Item>
  underWay: number
  recordsUnderWay: number
  limit: number
}

const maxInFlight = 50
const rise = 10
const cut = 0.99
const highestLimit = 25_000

const next = (self: State): Step => {
  const size = Math.min(requestRecords, self.limit, self.queue.length)
  if (size === 0 || self.underWay >= maxInFlight || self.recordsUnderWay + size > self.limit) return idle
  self.underWay++
  self.recordsUnderWay += size
  return { _tag: "Send", batch: { items: takeUpTo(self.queue, size) } }
}

const answered = (self: State, batch: Batch, refused: ReadonlyArray<boolean>): void => {
  self.underWay--
  self.recordsUnderWay -= batch.items.length
  const items = refusedOf(batch, refused)
  self.limit = items.length > 0
    ? Math.max(1, Math.round(self.limit * cut))
    : Math.min(highestLimit, self.limit + rise)
  self.queue.unshift(items)
}

export const make: Maker = ({ room }) => {
  const self: State = { queue: new Deque(), underWay: 0, recordsUnderWay: 0, limit: requestRecords }
  return bounded({
    offer: (item) => {
      self.queue.push(item)
      return true
    },
    next: () => next(self),
    answered: (batch, refused) => answered(self, batch, refused)
  }, room)
}
