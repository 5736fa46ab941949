import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { KinesisEvent, Position } from "effect-kinesis"
import * as Summary from "../src/Summary.js"

const summaryOf = (
  written: ReadonlyArray<readonly [string, number]>,
  read: ReadonlyArray<readonly [string, number]>
) => {
  const tally = Summary.begin()
  const writtenLedger: Summary.Ledger = new Map()
  const seen: Summary.Ledger = new Map()
  for (const [key, number] of written) Summary.wrote(writtenLedger, key, number)
  for (const [key, number] of read) Summary.read(tally, seen, key, number)
  return Summary.ofLedgers(tally, writtenLedger, seen)
}

const orders = [["a", 0], ["b", 0], ["a", 1], ["b", 1], ["a", 2]] as const

describe("Summary", () => {
  it("is exact when each key's records came once and in order, whatever the order of keys", () => {
    const result = summaryOf(orders, [["b", 0], ["b", 1], ["a", 0], ["a", 1], ["a", 2]])
    assert.isTrue(Summary.isExact(result))
    assert.strictEqual(result.records, 5)
  })

  it("finds what is missing, what came twice and what came late", () => {
    const result = summaryOf(orders, [["a", 0], ["a", 2], ["a", 1], ["a", 1], ["b", 0]])
    assert.deepInclude(result, { records: 5, lost: 1, duplicates: 1, reordered: 1 })
    assert.isFalse(Summary.isExact(result))
    assert.deepInclude(summaryOf(orders, []), { records: 0, lost: 5 })
  })

  it("of a demo that was ended: what comes after the last one read of a key is unread, a gap before it lost", () => {
    const tally = Summary.begin()
    const written: Summary.Ledger = new Map()
    const seen: Summary.Ledger = new Map()
    for (const [key, number] of orders) Summary.wrote(written, key, number)
    for (const [key, number] of [["a", 0], ["b", 0], ["a", 2]] as const) Summary.read(tally, seen, key, number)
    assert.deepInclude(Summary.ofEndedLedgers(tally, written, seen), { records: 3, lost: 1, unread: 1 })
    assert.deepInclude(Summary.ofEndedLedgers(tally, written, new Map()), { lost: 0, unread: 5 })
  })

  it("dropping any record loses it, repeating any one duplicates it", () => {
    fc.assert(fc.property(fc.nat(orders.length - 1), (i) => {
      assert.deepInclude(summaryOf(orders, orders.filter((_, j) => j !== i)), { lost: 1, duplicates: 0 })
      assert.deepInclude(summaryOf(orders, [...orders, orders[i]!]), { lost: 0, duplicates: 1 })
    }))
  })

  it("judges a stream of others by each shard's sequence numbers", () => {
    const tally = Summary.begin()
    const last = new Map<string, Summary.RecordNumber>()
    const reads = [["s1", "9"], ["s2", "5"], ["s1", "10"], ["s1", "10"], ["s1", "7"], ["s2", "6"]] as const
    for (const [shardId, sequenceNumber] of reads) Summary.readNext(tally, last, shardId, { sequenceNumber })
    Summary.happened(tally, KinesisEvent.KinesisEvent.ShardLost({ shardId: "s3", position: Position.trimHorizon }))
    assert.deepInclude(Summary.ofStream(tally), { records: 6, lost: 1, duplicates: 1, reordered: 1 })
  })

  it("tells the records of an aggregate apart", () => {
    const tally = Summary.begin()
    const last = new Map<string, Summary.RecordNumber>()
    for (const subSequenceNumber of [0, 1, 2, 2]) {
      Summary.readNext(tally, last, "s1", { sequenceNumber: "9", subSequenceNumber })
    }
    assert.deepInclude(Summary.ofStream(tally), { records: 4, duplicates: 1, reordered: 0 })
  })

  it("counts a shard that ends in two as split, in one as not", () => {
    const tally = Summary.begin()
    const ended = (childShards: ReadonlyArray<string>) =>
      Summary.happened(tally, KinesisEvent.KinesisEvent.ShardEnded({ shardId: "s1", childShards }))
    ended(["s2", "s3"])
    ended(["s4"])
    ended([])
    assert.strictEqual(tally.splits, 1)
  })
})
