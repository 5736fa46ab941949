import { describe, expect, it } from "@effect/vitest"
import * as Ledger from "./ledger.js"

const written = [0, 1, 2, 3].map((number) => ({ key: `key-${number % 2}`, text: `${number}|text` }))

const record = (worker: string, at: number, number: number, text = `${number}|text`): Ledger.Entry =>
  Ledger.entry(worker, [at, "record", "shard", 100 + number, 0, `key-${number % 2}`, text].join("\t"))

const row = (checkpoint: string, sub = 0) => ({
  leaseKey: { S: "shard" },
  checkpoint: { S: checkpoint },
  checkpointSubSequenceNumber: { N: String(sub) }
})

describe("the ledger of workers", () => {
  it("finds nothing wrong with records that two workers share", () => {
    const { disordered, lost, repeated, wrong } = Ledger.audit(written, [
      record("b", 3, 2),
      record("b", 4, 3),
      record("a", 1, 0),
      record("a", 2, 1)
    ])
    expect([lost, repeated, disordered, wrong]).toEqual([[], [], [], []])
  })

  it("finds what is lost, repeated, out of order and wrong", () => {
    const audit = Ledger.audit(written, [
      record("a", 1, 2),
      record("a", 2, 0),
      record("b", 3, 2),
      record("b", 4, 3, "3|other")
    ])
    expect(audit.lost).toEqual([1])
    expect(audit.disordered.map(({ number }) => number)).toEqual([0])
    expect(audit.repeated.map(({ number, worker }) => [number, worker])).toEqual([[2, "b"]])
    expect(audit.wrong.map(({ number }) => number)).toEqual([3])
  })

  it.each([
    ["101", 0, [0, 1]],
    ["100", 5, [0]],
    ["SHARD_END", 0, [0, 1, 2]],
    ["TRIM_HORIZON", 0, []]
  ])("finds what is at or before %s.%d", (checkpoint, sub, numbers) => {
    const entries = [0, 1, 2].map((number) => record("a", number, number))
    expect(Ledger.atOrBeforeCheckpoint(entries, [row(checkpoint, sub)]).map(({ number }) => number)).toEqual(numbers)
  })

  it("tells a lease that was lost at work from one that was given up", () => {
    const entries = ["1\tbegan\tx", "1\tbegan\ty", "2\treleased\tx", "3\tlost\tx", "3\tlost\ty", "4\tbegan\tz"]
    expect(Ledger.lostShards(entries.map((line) => Ledger.entry("a", line)))).toEqual(["y"])
  })
})
