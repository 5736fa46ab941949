import { assert, describe, it } from "@effect/vitest"
import { KinesisEvent, Position } from "effect-kinesis"
import { describeGaps, isExact } from "../src/fleet/FleetView.js"
import * as History from "../src/fleet/History.js"
import * as Report from "../src/fleet/Report.js"

const shardId = "shardId-000000000003"
const { CheckpointStored, LeaseAcquired, LeaseReleased, PageRead } = KinesisEvent.KinesisEvent

/** A history that is told by hand. */
const telling = () => {
  const history = History.begin()
  const event = (worker: string, at: number, event: KinesisEvent.KinesisEvent) =>
    History.told(history, worker, { _tag: "Happened", at, event: Report.ofEvent(event) })
  return {
    history,
    wrote: (...numbers: ReadonlyArray<number>) => {
      for (const number of numbers) history.written.push({ shardId, sequenceNumber: String(number) })
    },
    acquired: (worker: string, at: number, fencingToken: number, because: "free" | "expired" | "given" = "free") =>
      event(worker, at, LeaseAcquired({ shardId, worker, from: Position.trimHorizon, fencingToken, because })),
    read: (worker: string, at: number) =>
      event(
        worker,
        at,
        PageRead({ shardId, records: 0, bytes: 0, millisBehindLatest: 0, position: Position.trimHorizon })
      ),
    stored: (worker: string, at: number, number: number) =>
      event(
        worker,
        at,
        CheckpointStored({ shardId, position: Position.afterSequenceNumber(String(number)) })
      ),
    released: (worker: string, at: number) =>
      event(worker, at, LeaseReleased({ shardId, worker, position: undefined, successor: undefined })),
    handled: (worker: string, at: number, fencingToken: number, number: number, key = "a", where = shardId) =>
      History.told(history, worker, {
        _tag: "Handled",
        at,
        shardId: where,
        sequenceNumber: String(number),
        fencingToken,
        key,
        number
      })
  }
}

const exact = { gapAfterKillMillis: null, gapAfterLeaveMillis: null }

describe("what was handled, held against what was written", () => {
  it("all of it once and in order is exact", () => {
    const { acquired, handled, history, wrote } = telling()
    wrote(1, 2)
    acquired("one", 0, 1)
    handled("one", 10, 1, 1)
    handled("one", 20, 1, 2)
    const judgement = History.judge(history)
    assert.deepInclude(judgement, { written: 2, handled: 2, lost: 0, duplicates: 0, reordered: 0, beforeParents: 0 })
    assert.isTrue(isExact({ ...judgement, ...exact }))
  })

  it("what nobody handled is lost", () => {
    const { acquired, handled, history, wrote } = telling()
    wrote(1, 2)
    acquired("one", 0, 1)
    handled("one", 10, 1, 2)
    assert.strictEqual(History.judge(history).lost, 1)
    assert.isFalse(isExact({ ...History.judge(history), ...exact }))
  })

  it("after a kill what was handled and not stored may come again, and nothing else", () => {
    const { acquired, handled, history, stored, wrote } = telling()
    wrote(1, 2, 3)
    acquired("one", 0, 1)
    for (const number of [1, 2, 3]) handled("one", 10, 1, number)
    stored("one", 20, 1)
    History.killed(history, "one", 30)
    acquired("two", 40, 2, "expired")
    for (const number of [2, 3]) handled("two", 50, 2, number)
    assert.deepInclude(History.judge(history), {
      lost: 0,
      duplicates: 2,
      duplicatesAfterKill: 2,
      unstoredAtKill: 2,
      reordered: 0
    })
    assert.isTrue(isExact({ ...History.judge(history), ...exact }))
    handled("two", 60, 2, 1)
    assert.deepInclude(History.judge(history), { duplicates: 3, duplicatesAfterKill: 2 })
    assert.isFalse(isExact({ ...History.judge(history), ...exact }))
  })

  it("a duplicate after a leave has no excuse", () => {
    const { acquired, handled, history, released, wrote } = telling()
    wrote(1)
    acquired("one", 0, 1)
    handled("one", 10, 1, 1)
    released("one", 20)
    acquired("two", 30, 2, "given")
    handled("two", 40, 2, 1)
    assert.deepInclude(History.judge(history), { duplicates: 1, duplicatesAfterKill: 0, unstoredAtKill: 0 })
  })

  it("a later record of a key before an earlier one is out of order, one of another key is not", () => {
    const { handled, history } = telling()
    handled("one", 10, 1, 2, "a")
    handled("one", 20, 1, 1, "b")
    assert.strictEqual(History.judge(history).reordered, 0)
    handled("one", 30, 1, 1, "a")
    assert.strictEqual(History.judge(history).reordered, 1)
  })

  it("a worker handles a key in order again when it handles it again", () => {
    const { acquired, handled, history } = telling()
    acquired("one", 0, 1)
    for (const number of [1, 2]) handled("one", 10 + number, 1, number)
    History.killed(history, "one", 20)
    acquired("two", 30, 2)
    for (const number of [2, 1]) handled("two", 40 - number, 2, number)
    assert.strictEqual(History.judge(history).reordered, 1)
  })

  it("a child's record before one of its parent's is told", () => {
    const { handled, history } = telling()
    history.parents.set("shardId-000000000008", [shardId])
    handled("one", 10, 1, 1)
    handled("two", 5, 1, 2, "a", "shardId-000000000008")
    assert.strictEqual(History.judge(history).beforeParents, 1)
  })

  it("a gap after a leave is from the last answer to the first one, after a kill from the kill", () => {
    const { acquired, history, read, released } = telling()
    acquired("one", 0, 1)
    read("one", 10)
    read("one", 20)
    released("one", 50)
    assert.deepStrictEqual(History.gaps(history, "Released"), [undefined], "nobody reads it yet")
    assert.isUndefined(History.longest(History.gaps(history, "Released")))
    acquired("two", 100, 2, "given")
    read("two", 320)
    const gap = { shardId, from: "one", to: "two", because: "given" as const, millis: 300, sinceGivenUp: 270 }
    assert.deepStrictEqual(History.gaps(history, "Released"), [gap])
    assert.strictEqual(describeGaps([gap]), "3 by two after 0.30 s")
    History.killed(history, "two", 400)
    acquired("three", 2_400, 3, "expired")
    read("three", 2_450)
    assert.deepStrictEqual(History.gaps(history, "Killed").map((gap) => gap?.millis), [2_050])
    assert.strictEqual(History.longest(History.gaps(history, "Killed")), 2_050)
  })

  it("a line that is not whole is no report", () => {
    const line = Report.toLine({ _tag: "Started", at: 1, worker: "one" })
    assert.deepStrictEqual(Report.fromLine(line.trimEnd()), { _tag: "Started", at: 1, worker: "one" })
    assert.isUndefined(Report.fromLine(line.slice(0, 20)))
  })
})
