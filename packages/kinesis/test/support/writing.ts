import type { PutRecordsResultEntry, Shard } from "effect-kinesis/KinesisApi"
import { RequestTimeout } from "effect-kinesis/KinesisError"
import * as HashKey from "../../src/internal/record/hashKey.js"
import * as Answers from "../../src/internal/write/answers.js"
import * as Batches from "../../src/internal/write/batches.js"
import * as Endings from "../../src/internal/write/endings.js"
import { Entry, hashInto } from "../../src/internal/write/entry.js"
import type * as Lanes from "../../src/internal/write/lanes.js"
import * as Layouts from "../../src/internal/write/layouts.js"
import * as Pace from "../../src/internal/write/pace.js"
import type * as Reckoning from "../../src/internal/write/reckoning.js"
import * as Room from "../../src/internal/write/room.js"
import * as ShardMap from "../../src/internal/write/shardMap.js"
import * as State from "../../src/internal/write/state.js"

const most = 2n ** 128n - 1n

/** So many equal shards, numbered from a number on. */
export const shards = (count: number, first = 0): ReadonlyArray<Shard> =>
  Array.from({ length: count }, (_, index) => ({
    shardId: `shardId-${String(first + index).padStart(12, "0")}`,
    parentShardId: undefined,
    adjacentParentShardId: undefined,
    hashKeyRange: {
      startingHashKey: String((most + 1n) * BigInt(index) / BigInt(count)),
      endingHashKey: String((most + 1n) * BigInt(index + 1) / BigInt(count) - 1n)
    },
    startingSequenceNumber: "0",
    endingSequenceNumber: undefined
  }))

export const entryOf = (partitionKey: string, size = 100, explicitHashKey?: string): Entry =>
  new Entry(new Uint8Array(size), partitionKey, explicitHashKey, size + Buffer.byteLength(partitionKey))

export const options: State.Options = {
  maxInFlight: 16,
  lingerMillis: 10,
  maxBatchRecords: 500,
  maxBatchBytes: 5 * 1024 * 1024,
  maxBufferedBytes: 64 * 1024 * 1024,
  deadlineMillis: 120_000,
  aggregateBytes: 51_200,
  repeatUnknown: true,
  failSuccessors: true
}

export const layout = (count: number, over: Partial<Lanes.Layout> = {}): Lanes.Layout => ({
  map: ShardMap.make(shards(count)),
  order: "none",
  aggregates: "none",
  pace: Pace.defaults,
  ...over
})

/** Numbers from 0 to 1 that a seed decides. */
export const random = (seed: number) => {
  let state = seed | 0
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A shard as the service has it: buckets of one second. */
interface Served {
  readonly shard: ShardMap.OpenShard
  records: number
  bytes: number
  at: number
  readonly stored: Array<{ readonly entry: Entry; readonly isDropped: boolean }>
}

interface Event {
  readonly at: number
  readonly number: number
  readonly run: () => void
}

/** The service and a producer's core in discrete time. */
export interface Bench {
  now: number
  readonly state: State.State
  readonly rand: () => number
  served: ReadonlyArray<Served>
  readonly closed: Array<Served>
  readonly told: Array<Entry>
  readonly toldAt: Map<Entry, number>
  readonly offeredAt: Map<Entry, number>
  calls: number
  refused: number
  sequence: number
  timer: number
  readonly events: Array<Event>
  /** What befalls the next call. */
  fault: () => "none" | "unanswered" | "lost"
  rtt: () => number
  /** The part of a shard's rate that others take. */
  others: number
}

const serve = (shard: ShardMap.OpenShard, now: number): Served => ({
  shard,
  records: 1000,
  bytes: 1024 * 1024,
  at: now,
  stored: []
})

export const bench = (layout: Lanes.Layout, seed = 1, over: Partial<State.Options> = {}): Bench => {
  const rand = random(seed)
  return {
    now: 0,
    state: State.make({ ...options, ...over }, layout, 0),
    rand,
    served: layout.map!.open.map((shard) => serve(shard, 0)),
    closed: [],
    told: [],
    toldAt: new Map(),
    offeredAt: new Map(),
    calls: 0,
    refused: 0,
    sequence: 0,
    timer: -1,
    events: [],
    fault: () => "none",
    rtt: () => 12 + 18 * rand(),
    others: 0
  }
}

/** Events by time, those of one time in the order in which they were added. */
const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.number < b.number)

export const at = ({ events }: Bench, time: number, run: () => void): void => {
  const event: Event = { at: time, number: numbers++, run }
  let index = events.push(event) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (isBefore(events[parent]!, event)) break
    events[index] = events[parent]!
    index = parent
  }
  events[index] = event
}

let numbers = 0

const takeEvent = ({ events }: Bench): Event => {
  const first = events[0]!
  const last = events.pop()!
  if (events.length === 0) return first
  let index = 0
  while (true) {
    let child = 2 * index + 1
    if (child >= events.length) break
    if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child++
    if (isBefore(last, events[child]!)) break
    events[index] = events[child]!
    index = child
  }
  events[index] = last
  return first
}

const words = HashKey.makeWords()
const outer = HashKey.makeWords()

/** One entry reaches the service. */
const write = (self: Bench, parcel: State.Parcel): PutRecordsResultEntry => {
  const entries = State.entriesOf(parcel)
  if (parcel instanceof Entry) hashInto(outer, parcel)
  else outer.set(HashKey.toWords(BigInt(parcel.explicitHashKey)))
  const served = self.served.find(({ shard }) => ShardMap.holds(shard, outer))!
  const share = 1 - self.others
  const seconds = (self.now - served.at) / 1000
  served.at = self.now
  served.records = Math.min(1000 * share, served.records + seconds * 1000 * share)
  served.bytes = Math.min(1024 * 1024 * share, served.bytes + seconds * 1024 * 1024 * share)
  if (served.records < 1 || served.bytes < parcel.bytes) {
    self.refused++
    return { errorCode: "ProvisionedThroughputExceededException", errorMessage: "" }
  }
  served.records--
  served.bytes -= parcel.bytes
  const isDropped = entries.some((entry) => {
    hashInto(words, entry)
    return !ShardMap.holds(served.shard, words)
  })
  for (const entry of entries) served.stored.push({ entry, isDropped })
  return { shardId: served.shard.shardId, sequenceNumber: String(++self.sequence) }
}

const shuffled = <A>(self: Bench, items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items.map((item) => [self.rand(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item)

/** The entries of one request are written in any order: the service promises none. */
const answer = (self: Bench, request: State.Request): ReadonlyArray<PutRecordsResultEntry> => {
  const results = new Map<State.Parcel, PutRecordsResultEntry>()
  for (const parcel of shuffled(self, request.parcels)) results.set(parcel, write(self, parcel))
  return request.parcels.map((parcel) => results.get(parcel)!)
}

const timeout = new RequestTimeout({ operation: "PutRecords", description: "" })

export const settle = (self: Bench, report: Reckoning.Report): void => {
  for (const entry of report.told) {
    self.told.push(entry)
    self.toldAt.set(entry, self.now)
  }
  for (const doubt of report.doubtful) at(self, self.now + 20, () => lookUp(self, doubt))
  if (report.unknownShard !== undefined) at(self, self.now + 15, () => learn(self))
  Room.admit(self.state, self.now)
}

/** The producer lists the shards. */
export const learn = (self: Bench): void => {
  const { layout } = self.state.lanes
  const open = self.served.map(({ shard }) => shard)
  const known = new Map([...layout.map!.known, ...open.map((shard) => [shard.shardId, shard] as const)])
  Layouts.change(self.state, { ...layout, map: { open, known } }, self.now)
  pump(self)
}

const lookUp = (self: Bench, doubt: Reckoning.Doubt): void => {
  const report = Answers.resolve(self.state, doubt, self.now)
  if (report === undefined) at(self, self.now + 20, () => lookUp(self, doubt))
  else settle(self, report)
  pump(self)
}

const send = (self: Bench, request: State.Request): void => {
  self.calls++
  const fault = self.fault()
  const millis = self.rtt()
  if (fault === "unanswered") at(self, self.now + 10_000, () => fail(self, request))
  else {
    at(self, self.now + millis / 2, () => {
      const results = answer(self, request)
      if (fault === "lost") at(self, self.now + 10_000, () => fail(self, request))
      else {
        at(self, self.now + millis / 2, () => {
          settle(self, Answers.answered(self.state, request, results, self.now, self.rand()))
          pump(self)
        })
      }
    })
  }
}

const fail = (self: Bench, request: State.Request): void => {
  const delay = Answers.asksForDelay(self.state, request, timeout)
    ? { _tag: "Wait", millis: 100 } as const
    : undefined
  settle(self, Answers.failed(self.state, request, timeout, self.now, delay, self.rand()))
  pump(self)
}

/** One timer, the earliest: later ones are set again when it rings. */
const wakeAt = (self: Bench, time: number): void => {
  if (self.timer > self.now && self.timer <= time) return
  self.timer = time
  at(self, time, () => {
    if (self.timer !== time) return
    self.timer = -1
    pump(self)
  })
}

export const pump = (self: Bench): void => {
  settle(self, Endings.expire(self.state, self.now))
  while (true) {
    const step = Batches.next(self.state, self.now)
    if (step._tag === "Send") send(self, step.request)
    else {
      const until = Math.min(step._tag === "Wait" ? step.until : Infinity, Endings.expiresAt(self.state))
      if (until < Infinity) wakeAt(self, Math.max(until, self.now + 0.05))
      return
    }
  }
}

/** Offers a record; false if there is no room. */
export const offer = (self: Bench, entry: Entry): boolean => {
  if (!Room.offer(self.state, entry, self.now)) return false
  self.offeredAt.set(entry, self.now)
  return true
}

/** Replaces a shard by its halves, or by parts of another proportion. */
export const split = (self: Bench, index: number, parts = [1n, 1n]): void => {
  const parent = self.served[index]!
  const start = HashKey.fromWords(parent.shard.start)
  const end = HashKey.fromWords(parent.shard.end)
  const cut = start + ((end - start) * parts[0]!) / (parts[0]! + parts[1]!)
  const [map] = [ShardMap.make(shards(1))!]
  const child = (from: bigint, to: bigint, id: number): Served =>
    serve({
      ...map.open[0]!,
      shardId: `shardId-${String(id).padStart(12, "0")}`,
      start: HashKey.toWords(from),
      middle: HashKey.toWords((from + to) / 2n),
      end: HashKey.toWords(to)
    }, self.now)
  const next = 1000 + self.closed.length * 2
  self.closed.push(parent)
  self.served = self.served.flatMap((each, i) =>
    i === index ? [child(start, cut, next), child(cut + 1n, end, next + 1)] : [each]
  )
}

export const merge = (self: Bench, index: number): void => {
  const [a, b] = [self.served[index]!, self.served[index + 1]!]
  const id = 1000 + self.closed.length * 2
  self.closed.push(a, b)
  const [start, end] = [a.shard.start, b.shard.end]
  const middle = HashKey.toWords((HashKey.fromWords(start) + HashKey.fromWords(end)) / 2n)
  const merged = serve({ shardId: `shardId-${String(id).padStart(12, "0")}`, start, middle, end }, self.now)
  self.served = self.served.flatMap((each, i) => i === index ? [merged] : i === index + 1 ? [] : [each])
}

/** Lets time go by until there is nothing to do, or until a time. */
export const run = (self: Bench, until = Infinity): void => {
  for (let steps = 0; self.events.length > 0 && self.events[0]!.at <= until; steps++) {
    if (steps > 5_000_000) throw new Error("endless")
    const event = takeEvent(self)
    self.now = Math.max(self.now, event.at)
    event.run()
  }
  if (until < Infinity) self.now = Math.max(self.now, until)
}

/** What a KCL reader sees, shard by shard, parents first. */
export const seen = (self: Bench): ReadonlyArray<Entry> =>
  [...self.closed, ...self.served].flatMap(({ stored }) =>
    stored.filter(({ isDropped }) => !isDropped).map(({ entry }) => entry)
  )
