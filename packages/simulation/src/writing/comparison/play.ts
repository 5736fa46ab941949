import * as Random from "../../random.js"
import type { Batch, Item, Maker, Policy } from "./policy.js"
import * as Shards from "./shards.js"
import * as Timeline from "./timeline.js"
import type { Workload } from "./workloads.js"

/** How a policy did, once the shards' buckets had been emptied. */
export interface Result {
  readonly recordsPerSecond: number
  readonly refusedPerAccepted: number
  readonly callsPerSecond: number
  /**
   * The median time from when its caller gave a record until it was told written, in milliseconds; of a record that was not told, the time
   * until the end. NaN if there was none.
   */
  readonly coldMillis: number
  /** That of records for the shard that gets more than it takes. */
  readonly hotMillis: number
  /** The part of the records that found no room. */
  readonly turnedAway: number
}

/** A workload under way. */
interface Play<B extends Batch> {
  readonly workload: Workload
  readonly policy: Policy<B>
  readonly random: Random.Random
  readonly timeline: Timeline.Timeline
  readonly shards: ReadonlyArray<Shards.Shard>
  /** What the policy holds. */
  readonly held: Set<Item>
  readonly cold: Array<number>
  readonly hot: Array<number>
  /** When the policy is asked again. */
  timer: number
  accepted: number
  refused: number
  calls: number
  offered: number
  turnedAway: number
}

/** Half a round trip takes this long, to the service and back. */
const halfTripMillis = [6, 15] as const
const slowCalls = 0.005
const slowMillis = 200
/** A timer does not ring sooner. */
const shortestWait = 0.05
/** What happens counts from this part of the time on. */
const settledPart = 0.25

const later = <B extends Batch>({ timeline }: Play<B>, millis: number, act: () => void): void =>
  Timeline.plan(timeline, timeline.now + millis, act)

/** Whether something counts that happens at this time. */
const counts = <B extends Batch>({ workload }: Play<B>, at: number): boolean =>
  at >= workload.seconds * 1000 * settledPart

/** Notes how long a record has taken, until now. */
const noteMillis = <B extends Batch>(self: Play<B>, { at, shard }: Item): void => {
  if (!counts(self, at)) return
  const isHot = self.workload.hotPart !== undefined && shard === 0
  const millis = isHot ? self.hot : self.cold
  millis.push(self.timeline.now - at)
}

const tell = <B extends Batch>(self: Play<B>, item: Item): void => {
  self.held.delete(item)
  if (counts(self, self.timeline.now)) self.accepted++
  noteMillis(self, item)
}

const send = <B extends Batch>(self: Play<B>, batch: B): void => {
  const { policy, random, shards, timeline } = self
  const [least, most] = halfTripMillis
  const halfTrip = least + random.next() * (most - least) + (random.chance(slowCalls) ? slowMillis / 2 : 0)
  if (counts(self, timeline.now)) self.calls++
  later(self, halfTrip, () => {
    const refused = batch.items.map(({ bytes, shard }) => !Shards.take(shards[shard]!, bytes, timeline.now))
    later(self, halfTrip, () => {
      for (const [index, item] of batch.items.entries()) {
        if (!refused[index]) tell(self, item)
        else if (counts(self, timeline.now)) self.refused++
      }
      policy.answered(batch, refused, timeline.now)
      goOn(self)
    })
  })
}

/** Asks the policy until it waits. */
const goOn = <B extends Batch>(self: Play<B>): void => {
  const { policy, timeline } = self
  while (true) {
    const step = policy.next(timeline.now)
    if (step._tag === "Send") {
      send(self, step.batch)
      continue
    }
    if (step._tag === "Idle") return
    const until = Math.max(step.until, timeline.now + shortestWait)
    if (self.timer > timeline.now && self.timer <= until) return
    self.timer = until
    return Timeline.plan(timeline, until, () => {
      if (self.timer === until) goOn(self)
    })
  }
}

const shardOf = ({ random, workload: { hotPart, shards } }: { random: Random.Random; workload: Workload }): number =>
  hotPart === undefined ? random.int(0, shards - 1) : random.chance(hotPart) ? 0 : random.int(1, shards - 1)

/** Callers give their records in bursts of a millisecond. */
const arrive = <B extends Batch>(self: Play<B>): void => {
  const { policy, timeline, workload } = self
  const due = Math.floor((workload.recordsPerSecond * (timeline.now + 1)) / 1000)
  while (self.offered < due) {
    self.offered++
    const item = { shard: shardOf(self), bytes: workload.bytes, at: timeline.now }
    if (policy.offer(item, timeline.now)) self.held.add(item)
    else self.turnedAway++
  }
  goOn(self)
  later(self, 1, () => arrive(self))
}

const median = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? NaN : Float64Array.from(values).sort()[values.length >> 1]!

/** Lets a policy write a workload to shards that take what AWS documents. The seed decides all that is drawn. */
export const play = <B extends Batch>(make: Maker<B>, workload: Workload, seed: number): Result => {
  const { seconds, shards, takenPart = 0 } = workload
  const jitter = Random.make(seed, 1)
  const self: Play<B> = {
    workload,
    policy: make(workload, jitter.next),
    random: Random.make(seed),
    timeline: Timeline.make(),
    shards: Array.from({ length: shards }, () => Shards.make(1 - takenPart)),
    held: new Set(),
    cold: [],
    hot: [],
    timer: -1,
    accepted: 0,
    refused: 0,
    calls: 0,
    offered: 0,
    turnedAway: 0
  }
  arrive(self)
  Timeline.happen(self.timeline, seconds * 1000)
  for (const item of self.held) noteMillis(self, item)
  const measured = seconds * (1 - settledPart)
  return {
    recordsPerSecond: self.accepted / measured,
    refusedPerAccepted: self.refused / Math.max(1, self.accepted),
    callsPerSecond: self.calls / measured,
    coldMillis: median(self.cold),
    hotMillis: median(self.hot),
    turnedAway: self.turnedAway / self.offered
  }
}
