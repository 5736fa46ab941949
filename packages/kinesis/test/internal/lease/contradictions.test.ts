import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import type * as Api from "effect-kinesis/KinesisApi"
import type { Lease } from "effect-kinesis/LeaseStore"
import * as Contradictions from "../../../src/internal/lease/contradictions.js"
import * as LeaseTransition from "../../../src/LeaseTransition.js"

const range = (from: number, to: number): Api.HashKeyRange => ({
  startingHashKey: String(from),
  endingHashKey: String(to)
})

const shardOf = (more: Partial<Api.Shard> = {}): Api.Shard => ({
  shardId: "shardId-0",
  parentShardId: undefined,
  adjacentParentShardId: undefined,
  hashKeyRange: range(0, 9),
  startingSequenceNumber: "1000",
  endingSequenceNumber: undefined,
  ...more
})

const leaseOf = (checkpoint: Lease["checkpoint"], more: Partial<Lease> = {}): Lease => ({
  ...LeaseTransition.unowned({
    leaseKey: "shardId-0",
    shardId: "shardId-0",
    streamIdentifier: undefined,
    checkpoint,
    parentShardIds: [],
    hashKeyRange: range(0, 9)
  }),
  ...more
})

describe("contradictions", () => {
  it("a stored end of an open shard, numbers outside of the shard, other hash keys", () => {
    const closed = shardOf({ endingSequenceNumber: "2000" })
    const cases: ReadonlyArray<readonly [Lease, Api.Shard, boolean]> = [
      [leaseOf(Position.shardEnd), shardOf(), true],
      [leaseOf(Position.shardEnd), closed, false],
      [leaseOf(Position.afterSequenceNumber("999")), shardOf(), true],
      [leaseOf(Position.afterSequenceNumber("1000")), shardOf(), false],
      [leaseOf(Position.afterSequenceNumber("99999")), shardOf(), false],
      [leaseOf(Position.afterSequenceNumber("2000")), closed, false],
      [leaseOf(Position.afterSequenceNumber("2001")), closed, true],
      [leaseOf(Position.afterSequenceNumber("2001")), shardOf({ endingSequenceNumber: "999" }), false],
      [leaseOf(Position.afterSequenceNumber("999")), shardOf({ endingSequenceNumber: "999" }), true],
      [leaseOf(Position.shardEnd), shardOf({ endingSequenceNumber: "999" }), false],
      [leaseOf(undefined, { hashKeyRange: range(0, 4) }), shardOf(), true],
      [leaseOf(undefined, { hashKeyRange: undefined }), shardOf(), false],
      [leaseOf(undefined, { hashKeyRange: { startingHashKey: "00", endingHashKey: "9" } }), shardOf(), false],
      [leaseOf(Position.trimHorizon), shardOf(), false],
      [leaseOf(Position.latest), shardOf(), false]
    ]
    for (const [lease, shard, contradicts] of cases) {
      assert.strictEqual(Contradictions.reasonOf(lease, shard) !== undefined, contradicts, JSON.stringify(lease))
    }
  })

  describe("ends of closed shards, beside leases that are of another life", () => {
    const named = (number: number, checkpoint: Lease["checkpoint"], more: Partial<Lease> = {}) =>
      leaseOf(checkpoint, { leaseKey: `shardId-${number}`, shardId: `shardId-${number}`, ...more })
    const listed = (number: number, parent: number | undefined, more: Partial<Api.Shard> = {}) =>
      shardOf({
        shardId: `shardId-${number}`,
        parentShardId: parent === undefined ? undefined : `shardId-${parent}`,
        ...more
      })
    const closed = { endingSequenceNumber: "2000" }
    const shards = [listed(0, undefined, closed), listed(1, 0, closed), listed(2, 1), listed(7, undefined)]
    const found = (...leases: ReadonlyArray<Lease>) =>
      Contradictions.find(leases, shards).map(({ lease }) => Number(lease.shardId.slice(8)))
    const ended = [named(0, Position.shardEnd), named(1, Position.shardEnd)]

    it("are not believed, and are mended first: what tells of the other life must not be gone before them", () => {
      assert.deepStrictEqual(found(...ended, named(2, Position.afterSequenceNumber("9"))), [0, 1, 2])
      assert.deepStrictEqual(found(named(7, undefined, { hashKeyRange: range(0, 4) }), ...ended), [0, 1, 7])
      assert.deepStrictEqual(found(...ended, named(7, Position.shardEnd, { childShardIds: ["shardId-8"] })), [0, 1, 7])
    })

    it("are believed where a shard that follows was read in this life", () => {
      const old = named(7, Position.afterSequenceNumber("9"))
      const read = Position.afterSequenceNumber("1500")
      assert.deepStrictEqual(found(old, ...ended, named(2, read)), [7])
      assert.deepStrictEqual(found(old, ended[0]!, named(1, read)), [7])
      assert.deepStrictEqual(found(old, ...ended, named(2, Position.trimHorizon)), [0, 1, 7])
    })

    it("stay in doubt when a shard that follows is begun by them", () => {
      const former = named(7, Position.shardEnd, { childShardIds: ["shardId-8"] })
      const before = Contradictions.find([...ended, former, named(2, Position.trimHorizon)], shards)
      const now = [...ended, former, named(2, Position.afterSequenceNumber("1500"))]
      const confirmed = Contradictions.confirmed(before, Contradictions.find(now, shards, before))
      assert.deepStrictEqual(confirmed.map(({ lease }) => lease), [...ended, former])
    })

    it("are believed beside an end that was stored by mistake, of a shard without children", () => {
      assert.deepStrictEqual(found(...ended, named(7, Position.shardEnd)), [7])
      assert.deepStrictEqual(found(...ended, named(2, Position.trimHorizon)), [])
    })
  })

  it("a shard with a child is closed, though the listing does not show its end", () => {
    const child = shardOf({ shardId: "shardId-1", adjacentParentShardId: "shardId-0" })
    const leases = [leaseOf(Position.shardEnd)]
    assert.deepStrictEqual(Contradictions.find(leases, [shardOf(), child]), [])
    assert.strictEqual(Contradictions.find(leases, [shardOf()]).length, 1)
  })

  it("what is not listed is contradicted by nothing", () => {
    assert.deepStrictEqual(Contradictions.find([leaseOf(Position.shardEnd)], []), [])
  })

  it("what a worker may have stored of the listed shard contradicts nothing", () => {
    const anyStored = fc.oneof(
      fc.constantFrom(undefined, Position.trimHorizon, Position.latest, Position.atTimestamp(7)),
      fc.integer({ min: 1000, max: 2000 }).map((number) => Position.afterSequenceNumber(String(number)))
    )
    fc.assert(fc.property(anyStored, fc.boolean(), (checkpoint, isClosed) => {
      const shard = shardOf(isClosed ? { endingSequenceNumber: "2000" } : {})
      assert.isUndefined(Contradictions.reasonOf(leaseOf(checkpoint), shard))
    }))
  })

  it("is believed when it is seen twice, unchanged", () => {
    const found = (checkpoint: Lease["checkpoint"]) => Contradictions.find([leaseOf(checkpoint)], [shardOf()])
    const ended = found(Position.shardEnd)
    const old = found(Position.afterSequenceNumber("7"))
    assert.strictEqual(Contradictions.confirmed([], ended).length, 0)
    assert.strictEqual(Contradictions.confirmed(ended, ended).length, 1)
    assert.strictEqual(Contradictions.confirmed(old, ended).length, 0)
    assert.strictEqual(Contradictions.confirmed(old, found(Position.afterSequenceNumber("8"))).length, 0)
    assert.strictEqual(Contradictions.confirmed(ended, []).length, 0)
  })
})
