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

/** What was refused, and when it goes again. */
interface Retry {
  readonly due: number
  readonly items: ReadonlyArray<Item>
}

/** The loop that everybody writes first: one queue, and what was refused is added to its end after a back-off. */
interface State {
  readonly queue: Deque<Item>
  readonly refusals: WeakMap<Item, number>
  retries: ReadonlyArray<Retry>
  underWay: number
}

const maxInFlight = 16
const backOffMillis = 100
const mostDoublings = 5

const collectRetries = (self: State, now: number): void => {
  for (const { due, items } of self.retries) if (due <= now) { for (const item of items) self.queue.push(item) }
  self.retries = self.retries.filter(({ due }) => due > now)
}

const next = (self: State, now: number): Step => {
  collectRetries(self, now)
  if (self.underWay >= maxInFlight) return idle
  if (self.queue.length > 0) {
    self.underWay++
    return { _tag: "Send", batch: { items: takeUpTo(self.queue, requestRecords) } }
  }
  return self.retries.length === 0 ? idle : { _tag: "Wait", until: Math.min(...self.retries.map(({ due }) => due)) }
}

const answered = (self: State, batch: Batch, refused: ReadonlyArray<boolean>, now: number): void => {
  self.underWay--
  const items = refusedOf(batch, refused)
  if (items.length === 0) return
  for (const item of items) self.refusals.set(item, (self.refusals.get(item) ?? 0) + 1)
  const doublings = Math.min(mostDoublings, self.refusals.get(items[0]!)! - 1)
  self.retries = [...self.retries, { due: now + backOffMillis * 2 ** doublings, items }]
}

export const make: Maker = ({ room }) => {
  const self: State = { queue: new Deque(), refusals: new WeakMap(), retries: [], underWay: 0 }
  return bounded({
    offer: (item) => {
      self.queue.push(item)
      return true
    },
    next: (now) => next(self, now),
    answered: (batch, refused, now) => answered(self, batch, refused, now)
  }, room)
}
