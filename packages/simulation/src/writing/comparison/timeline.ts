/** What happens later, by time; things of one instant in the order in which they were planned. */
export interface Timeline {
  /** Milliseconds since the start. */
  now: number
  planned: number
  /** A heap: the earliest is first. */
  readonly events: Array<Event>
}

interface Event {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

export const make = (): Timeline => ({ now: 0, planned: 0, events: [] })

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

const swap = (events: Array<Event>, one: number, other: number): void => {
  const kept = events[one]!
  events[one] = events[other]!
  events[other] = kept
}

/** Plans something. */
export const plan = (self: Timeline, at: number, act: () => void): void => {
  const { events } = self
  events.push({ at, order: self.planned++, act })
  let place = events.length - 1
  while (place > 0) {
    const parent = (place - 1) >> 1
    if (!isBefore(events[place]!, events[parent]!)) return
    swap(events, place, parent)
    place = parent
  }
}

const sink = (events: Array<Event>): void => {
  let place = 0
  while (true) {
    const left = 2 * place + 1
    const right = left + 1
    let first = place
    if (left < events.length && isBefore(events[left]!, events[first]!)) first = left
    if (right < events.length && isBefore(events[right]!, events[first]!)) first = right
    if (first === place) return
    swap(events, place, first)
    place = first
  }
}

const takeFirst = (events: Array<Event>): Event => {
  const first = events[0]!
  const last = events.pop()!
  if (events.length > 0) {
    events[0] = last
    sink(events)
  }
  return first
}

/** Lets everything happen that is planned up to a time, and what is planned meanwhile. */
export const happen = (self: Timeline, until: number): void => {
  while (self.events.length > 0 && self.events[0]!.at <= until) {
    const { act, at } = takeFirst(self.events)
    self.now = at
    act()
  }
  self.now = until
}
