import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Random from "../../src/random.js"
import { play } from "../../src/writing/comparison/play.js"
import * as EffectKinesis from "../../src/writing/comparison/policies/effectKinesis.js"
import * as Fifo from "../../src/writing/comparison/policies/fifo.js"
import * as Flink from "../../src/writing/comparison/policies/flink.js"
import * as Kpl from "../../src/writing/comparison/policies/kpl.js"
import * as ZioKinesis from "../../src/writing/comparison/policies/zioKinesis.js"
import type { Item, Maker } from "../../src/writing/comparison/policy.js"
import * as Shards from "../../src/writing/comparison/shards.js"
import * as Timeline from "../../src/writing/comparison/timeline.js"
import { workloads } from "../../src/writing/comparison/workloads.js"

const policies: Readonly<Record<string, Maker<any>>> = {
  "effect-kinesis": EffectKinesis.make(),
  "effect-kinesis without pace": EffectKinesis.make({ hasPace: false }),
  "effect-kinesis with one bound": EffectKinesis.make({ hasOneBound: true }),
  fifo: Fifo.make,
  flink: Flink.make,
  kpl: Kpl.make(1.5),
  "kpl without limiter": Kpl.make(1e6),
  "zio-kinesis": ZioKinesis.make
}

describe("timeline", () => {
  it.prop("things happen by time, those of one instant in the order in which they were planned", [
    FastCheck.array(FastCheck.nat({ max: 20 }), { maxLength: 60 })
  ], ([times]) => {
    const timeline = Timeline.make()
    const happened: Array<readonly [at: number, index: number]> = []
    for (const [index, at] of times.entries()) {
      Timeline.plan(timeline, at, () => happened.push([timeline.now, index]))
    }
    Timeline.happen(timeline, 20)
    const planned = times.map((at, index) => [at, index] as const)
    assert.deepStrictEqual(happened, [...planned].sort(([a, one], [b, other]) => a - b || one - other))
  })

  it("what is planned meanwhile happens too, and nothing of later", () => {
    const timeline = Timeline.make()
    const happened: Array<number> = []
    const tick = () => {
      happened.push(timeline.now)
      Timeline.plan(timeline, timeline.now + 10, tick)
    }
    Timeline.plan(timeline, 5, tick)
    Timeline.happen(timeline, 30)
    assert.deepStrictEqual([happened, timeline.now], [[5, 15, 25], 30])
  })
})

describe("shards", () => {
  it("take 1,000 records a second, or what others leave of them", () => {
    for (const part of [1, 0.4]) {
      const shard = Shards.make(part)
      let taken = 0
      for (let now = 0; now < 10_000; now++) for (let n = 0; n < 3; n++) if (Shards.take(shard, 100, now)) taken++
      assert.closeTo(taken, 1000 * part * 11, 5)
    }
  })

  it("take 1 MiB a second", () => {
    const shard = Shards.make(1)
    const half = Shards.bytesPerSecond / 2
    assert.deepStrictEqual([0, 0, 0, 499, 500].map((now) => Shards.take(shard, half, now)), [
      true,
      true,
      false,
      false,
      true
    ])
  })
})

/** Gives a policy these items, refuses some at random, and lets time pass until it holds nothing. How often each that it took was written. */
const writeAll = (make: Maker<any>, items: ReadonlyArray<Item>, seed: number): ReadonlyMap<Item, number> => {
  const random = Random.make(seed)
  const policy = make({ ...workloads.overload, room: items.length }, random.next)
  let now = 0
  const writes = new Map(items.filter((item) => policy.offer(item, now)).map((item) => [item, 0]))
  for (let steps = 0; steps < 100_000; steps++) {
    const step = policy.next(now)
    if (step._tag === "Idle") return writes
    if (step._tag === "Wait") {
      now = Math.max(step.until, now + 1)
      continue
    }
    const { batch } = step
    assert.isAtMost(batch.items.length, 500)
    const refused = batch.items.map(() => random.chance(0.2))
    now += 20
    for (const [index, item] of batch.items.entries()) {
      if (!refused[index]) writes.set(item, (writes.get(item) ?? 0) + 1)
    }
    policy.answered(batch, refused, now)
  }
  return assert.fail("it does not come to an end")
}

describe("policies", () => {
  for (const [name, make] of Object.entries(policies)) {
    it(`${name} writes each record once, whatever is refused`, () => {
      const items = Array.from({ length: 3000 }, (_, index) => ({ shard: index % 8, bytes: 200, at: 0 }))
      const writes = writeAll(make, items, 7)
      assert.isAbove(writes.size, items.length / 2)
      assert.isTrue([...writes.values()].every((times) => times === 1))
    })

    it(`${name} holds no more than there is room for`, () => {
      const policy = make({ ...workloads.overload, room: 100 }, Random.make(1).next)
      const taken = Array.from({ length: 1000 }, (_, index) => policy.offer({ shard: index % 8, bytes: 200, at: 0 }, 0))
      assert.isAtMost(taken.filter((isTaken) => isTaken).length, 100)
      assert.isTrue(taken[0])
    })
  }
})

describe("the comparison", () => {
  const ofHotShard = { ...workloads.hotShard, seconds: 8 }

  it("with one hot shard, the others wait two round trips and the linger, and lose nothing", () => {
    const ours = play(EffectKinesis.make(), ofHotShard, 1)
    assert.isBelow(ours.coldMillis, 2 * 30 + 10)
    assert.isBelow(ours.refusedPerAccepted, 0.01)
    assert.isAbove(ours.recordsPerSecond, 3000 + 1000 * 0.97)
    const flink = play(Flink.make, ofHotShard, 1)
    assert.isBelow(flink.recordsPerSecond, 0.6 * ours.recordsPerSecond)
    assert.isAbove(flink.coldMillis, 1000)
    assert.isAbove(play(Fifo.make, ofHotShard, 1).refusedPerAccepted, 2)
  })

  it("beside another writer, hardly anything is refused, and what is free is used", () => {
    const { recordsPerSecond, refusedPerAccepted } = play(EffectKinesis.make(), workloads.otherWriter, 1)
    assert.isBelow(refusedPerAccepted, 0.05)
    assert.isAbove(recordsPerSecond, 0.95 * 3200)
  })

  it("few calls, and no more than the linger allows", () => {
    const busy = play(EffectKinesis.make(), { ...workloads.overload, recordsPerSecond: 6000, seconds: 4 }, 1)
    assert.isAtMost(busy.callsPerSecond, 110)
    assert.strictEqual(busy.turnedAway, 0)
  })

  it("a hot shard does not take the room of the others", () => {
    const littleRoom = { ...workloads.littleRoom, seconds: 8 }
    const ours = play(EffectKinesis.make(), littleRoom, 1)
    const oneBound = play(EffectKinesis.make({ hasOneBound: true }), littleRoom, 1)
    assert.isAbove(ours.recordsPerSecond, 1.7 * oneBound.recordsPerSecond)
  })

  it("is the same again for the same seed", () => {
    const workload = { ...workloads.hotShard, seconds: 1 }
    for (const make of Object.values(policies)) {
      assert.deepStrictEqual(play(make, workload, 5), play(make, workload, 5))
    }
    assert.notDeepEqual(play(Fifo.make, workload, 5), play(Fifo.make, workload, 6))
  })
})
