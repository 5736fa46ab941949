import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import type * as Api from "effect-kinesis/KinesisApi"
import type { Lease } from "effect-kinesis/LeaseStore"
import * as Contradictions from "../../../src/internal/lease/contradictions.js"
import * as LeaseWrites from "../../../src/internal/lease/leaseWrites.js"

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
  ...LeaseWrites.unowned({
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
