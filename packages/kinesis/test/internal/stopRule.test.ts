import { assert, describe, it } from "@effect/vitest"
import { Until } from "effect-kinesis"
import * as StopRule from "../../src/internal/shard/stopRule.js"

const page = (facts: Partial<StopRule.PageFacts>): StopRule.PageFacts => ({
  shardId: "a",
  records: 0,
  millisBehindLatest: 0,
  closed: false,
  lastArrival: undefined,
  askedAt: 0,
  askedAtServer: 0,
  isAtTip: (facts.millisBehindLatest ?? 0) === 0,
  ...facts
})

describe("stopRule", () => {
  it("B1 an empty page behind the tip stops nothing", () => {
    for (const until of [Until.caughtUp, Until.count(1), Until.idle(0), Until.instant(10_000)]) {
      const progress = StopRule.begin(0)
      StopRule.shardStarted(progress, "a")
      assert.isFalse(
        StopRule.pageHandedOn(
          until,
          progress,
          page({ millisBehindLatest: 1000, askedAt: 5000, askedAtServer: 5000 }),
          5000
        ),
        until._tag
      )
    }
  })

  it("caught up is a page at the tip", () => {
    assert.isTrue(StopRule.pageHandedOn(Until.caughtUp, StopRule.begin(0), page({ records: 3 }), 0))
  })

  it("a page that does not tell how far it is behind is at no tip, unless it is taken for one", () => {
    const untold = { millisBehindLatest: undefined, askedAt: 5000, askedAtServer: 5000 }
    for (const until of [Until.caughtUp, Until.idle(1000), Until.instant(1000)]) {
      const handedOn = (isAtTip: boolean) => {
        const progress = StopRule.begin(0)
        StopRule.shardStarted(progress, "a")
        return StopRule.pageHandedOn(until, progress, page({ ...untold, isAtTip }), 5000)
      }
      assert.isFalse(handedOn(false), until._tag)
      assert.isTrue(handedOn(true), until._tag)
    }
    const arrived = page({ ...untold, isAtTip: false, records: 1, lastArrival: 1000 })
    assert.isTrue(StopRule.pageHandedOn(Until.instant(1000), StopRule.begin(0), arrived, 5000), "the record tells")
  })

  it("an instant is passed by a record that arrived later, or by the clock on an idle shard", () => {
    const passed = (facts: Partial<StopRule.PageFacts>) =>
      StopRule.pageHandedOn(Until.instant(1000), StopRule.begin(0), page(facts), 5000)
    assert.isFalse(passed({ records: 1, lastArrival: 999, millisBehindLatest: 600, askedAtServer: 1500 }))
    assert.isTrue(passed({ records: 1, lastArrival: 1000, millisBehindLatest: 600, askedAtServer: 1500 }))
    assert.isFalse(passed({ records: 1, lastArrival: 999, askedAtServer: 5000 }), "this clock may be ahead")
    assert.isFalse(passed({ askedAtServer: 999 }), "however long the page was handled")
    assert.isTrue(passed({ askedAtServer: 1000 }))
    assert.isFalse(passed({ askedAtServer: 1999, millisBehindLatest: 1000 }))
  })

  it("counts over all shards, and stops them all", () => {
    const progress = StopRule.begin(0)
    assert.isFalse(StopRule.pageHandedOn(Until.count(5), progress, page({ records: 3 }), 0))
    assert.isTrue(StopRule.pageHandedOn(Until.count(5), progress, page({ shardId: "b", records: 2 }), 0))
    assert.isTrue(StopRule.pageHandedOn(Until.count(5), progress, page({ millisBehindLatest: 7 }), 0))
  })

  it("idle means that no shard is behind, none has a page in hand, and none has brought a record for so long", () => {
    const idle = Until.idle(1000)
    const progress = StopRule.begin(0)
    const handed = (facts: Partial<StopRule.PageFacts>, now: number) =>
      StopRule.pageHandedOn(idle, progress, page({ askedAt: now, ...facts }), now)
    for (const shardId of ["a", "b"]) StopRule.shardStarted(progress, shardId)
    assert.isFalse(handed({}, 2000), "b has not been at its tip")
    const last = { shardId: "b", records: 1, askedAt: 2000 }
    StopRule.pageRead(progress, page(last))
    assert.isFalse(handed({}, 3500), "b's page is being handled")
    assert.isFalse(handed(last, 4000), "b brought a record just now")
    assert.isFalse(handed({}, 4999))
    assert.isFalse(handed({ askedAt: 4500 }, 9000), "what was asked before the time was over says nothing of it")
    assert.isFalse(handed({}, 5000), "b has not been seen at its tip since")
    assert.isFalse(handed({ shardId: "b", closed: true }, 5001), "the tip of a closed shard says nothing")
    assert.isTrue(handed({ shardId: "b" }, 5002))
    assert.isTrue(handed({ records: 1 }, 5003), "decided once for all")
  })

  it("a page in hand holds the others up, unless it is empty, and counts from when it was asked for", () => {
    const started = () => {
      const progress = StopRule.begin(0)
      for (const shardId of ["a", "b"]) {
        StopRule.shardStarted(progress, shardId)
        StopRule.pageHandedOn(Until.never, progress, page({ shardId }), 0)
      }
      return progress
    }
    const isIdleAt = (progress: StopRule.Progress, now: number) =>
      StopRule.pageHandedOn(Until.idle(1000), progress, page({ askedAt: now }), now)

    const empty = started()
    StopRule.pageHandedOn(Until.never, empty, page({ shardId: "b", askedAt: 5000 }), 5000)
    StopRule.pageRead(empty, page({ shardId: "b", askedAt: 5000 }))
    assert.isTrue(isIdleAt(empty, 5001))

    const inHand = started()
    StopRule.pageRead(inHand, page({ shardId: "b", records: 1, askedAt: 5000 }))
    StopRule.pageRead(inHand, page({ shardId: "b", records: 1, askedAt: 4000 }))
    assert.isFalse(isIdleAt(inHand, 9000), "b's page is being handled")
    StopRule.shardLeft(inHand, "b")
    assert.isFalse(isIdleAt(inHand, 5999))
    assert.isTrue(isIdleAt(inHand, 6000))
  })

  it("only what is judged by the tip would cut a closed shard short", () => {
    for (const until of [Until.caughtUp, Until.instant(1000)]) {
      assert.isTrue(StopRule.isByTip(until, page({})), until._tag)
    }
    assert.isFalse(StopRule.isByTip(Until.instant(1000), page({ records: 1, lastArrival: 1000 })))
    for (const until of [Until.never, Until.elapsed("1 second"), Until.count(1), Until.idle(1000)]) {
      assert.isFalse(StopRule.isByTip(until, page({})), until._tag)
    }
  })

  it("no page ends a run that never ends, or that ends by the clock", () => {
    for (const until of [Until.never, Until.elapsed("1 second")]) {
      assert.isFalse(StopRule.pageHandedOn(until, StopRule.begin(0), page({ records: 1, askedAt: 9000 }), 9000))
    }
  })

  it("a shard that has left holds nobody up", () => {
    const progress = StopRule.begin(0)
    for (const shardId of ["a", "b"]) StopRule.shardStarted(progress, shardId)
    StopRule.shardLeft(progress, "b")
    assert.isTrue(StopRule.pageHandedOn(Until.idle(1000), progress, page({ askedAt: 1000 }), 1000))
  })
})
