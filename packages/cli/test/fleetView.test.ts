import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { KinesisEvent, Position } from "effect-kinesis"
import type { Worker } from "../src/fleet/Fleet.js"
import * as FleetView from "../src/fleet/FleetView.js"
import * as History from "../src/fleet/History.js"
import * as Report from "../src/fleet/Report.js"

const worker = (name: string, pid: number, state: Worker["state"], handled: number): Worker => ({
  name,
  pid,
  state,
  handled,
  farewell: undefined,
  child: { pid, kill: () => Effect.void, ended: Effect.never }
})

const history = History.begin()
for (const [name, number] of [["worker-1", 10], ["worker-1", 2], ["worker-2", 3]] as const) {
  const shardId = `shardId-${String(number).padStart(12, "0")}`
  const where = { shardId, worker: name, from: Position.trimHorizon, fencingToken: 1 }
  const page = { shardId, records: 0, bytes: 0, millisBehindLatest: number * 100, position: Position.trimHorizon }
  for (
    const event of [
      KinesisEvent.KinesisEvent.LeaseAcquired({ ...where, because: "free" }),
      KinesisEvent.KinesisEvent.PageRead(page)
    ]
  ) History.told(history, name, { _tag: "Happened", at: 0, event: Report.ofEvent(event) })
}
History.killed(history, "worker-2", 1)

const view: FleetView.FleetView = {
  elapsedMillis: 12_340,
  totalMillis: 60_000,
  workers: [worker("worker-1", 4711, "reading", 1234), worker("worker-2", 4712, "killed", 5)],
  history,
  events: ["12.0 s  SIGKILL to worker-2"]
}

describe("the view of a fleet", () => {
  it("has who owns what, how far behind, and what happened", () => {
    assert.deepStrictEqual(FleetView.screen(view, { columns: 80, rows: 24 }), [
      "12.3 s of 60.0 s  0 written  0 handled",
      "",
      "  worker         pid            shards                 handled    behind",
      "  worker-1      4711  reading   2 10                     1,234     1.0 s",
      "  worker-2      4712  killed                                 5          ",
      "",
      "  12.0 s  SIGKILL to worker-2"
    ])
  })

  it("wraps what does not fit in a line", () => {
    const events = [
      "29.4 s  read again: 0 by worker-4 after 5.25 s, 4 by worker-3 after 5.63 s, 5 by worker-2 after 6.01 s"
    ]
    assert.deepStrictEqual(FleetView.screen({ ...view, events }, { columns: 80, rows: 24 }).slice(6), [
      "  29.4 s  read again: 0 by worker-4 after 5.25 s, 4 by worker-3 after 5.63 s, 5",
      "    by worker-2 after 6.01 s"
    ])
  })

  it("keeps the time and the workers that are there when there is little room", () => {
    const starts = (rows: number, workers: ReadonlyArray<Worker> = view.workers) =>
      FleetView.screen({ ...view, workers }, { columns: 40, rows }).map((line) => {
        assert.isAtMost(line.length, 40)
        return line.trim().slice(0, 8)
      })
    assert.deepStrictEqual(starts(4), ["12.3 s o", "worker-1", "worker-2", "12.0 s  "])
    assert.deepStrictEqual(starts(2), ["12.3 s o", "2 more w"])
    const more = [worker("worker-0", 4710, "left", 0), ...[...view.workers].reverse()]
    assert.deepStrictEqual(starts(4, more), ["12.3 s o", "worker-1", "2 more w", "12.0 s  "])
  })

  it("in a line has those that are there", () => {
    assert.strictEqual(FleetView.progress(view), "12.3 s of 60.0 s  0 written  0 handled  worker-1: 2 10")
  })

  it("ends with what came of the records, and for how long nobody read a shard", () => {
    const summary: FleetView.Summary = {
      written: 2400,
      handled: 2400,
      lost: 0,
      reordered: 0,
      beforeParents: 0,
      duplicates: 7,
      duplicatesAfterKill: 7,
      unstoredAtKill: 9,
      gapAfterKillMillis: 5_240,
      gapAfterLeaveMillis: null
    }
    assert.deepStrictEqual(FleetView.summary(summary), [
      "2,400 records written, 2,400 handled",
      "0 lost, 0 reordered, 7 duplicates: 7 of the 9 that the killed worker had not stored",
      "nobody read a shard for at most 5.24 s after the kill, not read again after the leave"
    ])
    assert.isTrue(FleetView.isExact(summary))
    for (const wrong of [{ lost: 1 }, { reordered: 1 }, { beforeParents: 1 }, { duplicates: 8 }]) {
      assert.isFalse(FleetView.isExact({ ...summary, ...wrong }))
    }
  })
})
