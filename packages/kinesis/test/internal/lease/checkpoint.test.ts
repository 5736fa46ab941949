import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import * as Checkpoint from "../../../src/internal/lease/checkpoint.js"

const number = fc.oneof(fc.bigInt({ min: 0n, max: 30n }), fc.bigInt({ min: 0n, max: 10n ** 56n })).map(String)
const withoutNumber: ReadonlyArray<Position.Position | undefined> = [
  undefined,
  Position.trimHorizon,
  Position.latest,
  Position.atTimestamp(0),
  Position.atTimestamp(1000)
]
const checkpoint: fc.Arbitrary<Position.Position | undefined> = fc.oneof(
  fc.constantFrom(...withoutNumber),
  fc.constant(Position.shardEnd),
  number.map(Position.atSequenceNumber),
  fc.record({ sequenceNumber: number, subSequenceNumber: fc.option(fc.nat(12), { nil: undefined }) })
    .map(Position.after)
)

describe("checkpoint", () => {
  it("orders all that a lease can hold: reflexive, antisymmetric, transitive", () => {
    const sign = (a: Position.Position | undefined, b: Position.Position | undefined) =>
      Math.sign(Checkpoint.compare(a, b))
    fc.assert(
      fc.property(checkpoint, checkpoint, checkpoint, (a, b, c) => {
        assert.strictEqual(sign(a, a), 0)
        assert.strictEqual(sign(a, b), 0 - sign(b, a))
        if (sign(a, b) <= 0 && sign(b, c) <= 0) assert.isAtMost(sign(a, c), 0)
        if (sign(a, b) === 0) assert.strictEqual(sign(a, c), sign(b, c))
      }),
      { numRuns: 2000 }
    )
  })

  it("B42 numbers are compared as numbers and not as text", () => {
    assert.isBelow(Checkpoint.compare(Position.afterSequenceNumber("9"), Position.afterSequenceNumber("10")), 0)
    const after = (sequenceNumber: bigint, subSequenceNumber: number) =>
      Position.after({ sequenceNumber: String(sequenceNumber), subSequenceNumber })
    const place = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 56n }), fc.nat(30))
    fc.assert(fc.property(place, place, ([a, subA], [b, subB]) => {
      const expected = a === b ? subA - subB : a < b ? -1 : 1
      assert.strictEqual(Math.sign(Checkpoint.compare(after(a, subA), after(b, subB))), Math.sign(expected))
    }))
  })

  it("what has no number lies before all numbers, the shard's end after", () => {
    for (const place of withoutNumber) {
      assert.isBelow(Checkpoint.compare(place, Position.atSequenceNumber("0")), 0)
      assert.isBelow(Checkpoint.compare(place, Position.shardEnd), 0)
      for (const other of withoutNumber) assert.strictEqual(Checkpoint.compare(place, other), 0)
    }
    assert.isBelow(Checkpoint.compare(Position.afterSequenceNumber("9".repeat(129)), Position.shardEnd), 0)
    assert.strictEqual(Checkpoint.compare(Position.shardEnd, Position.shardEnd), 0)
  })

  it("of one number: before it, after it or its first record, after the second record", () => {
    const places = [
      Position.atSequenceNumber("5"),
      Position.afterSequenceNumber("5"),
      Position.after({ sequenceNumber: "5", subSequenceNumber: 1 })
    ]
    for (const [index, place] of places.slice(1).entries()) assert.isBelow(Checkpoint.compare(places[index], place), 0)
    assert.strictEqual(Checkpoint.compare(places[1], Position.after({ sequenceNumber: "5", subSequenceNumber: 0 })), 0)
  })

  it("the same place may be written in two ways; different kinds and instants are different", () => {
    const first = Position.after({ sequenceNumber: "5", subSequenceNumber: 0 })
    assert.isTrue(Checkpoint.isSame(Position.afterSequenceNumber("5"), first))
    assert.isTrue(Checkpoint.isSame(undefined, undefined))
    assert.isTrue(Checkpoint.isSame(Position.atTimestamp(1), Position.atTimestamp(1)))
    assert.isFalse(Checkpoint.isSame(Position.atTimestamp(1), Position.atTimestamp(2)))
    assert.isFalse(Checkpoint.isSame(Position.trimHorizon, Position.latest))
    assert.isFalse(Checkpoint.isSame(undefined, Position.trimHorizon))
    assert.isFalse(Checkpoint.isSame(Position.atSequenceNumber("5"), Position.afterSequenceNumber("5")))
    assert.isFalse(Checkpoint.isSame(first, Position.after({ sequenceNumber: "5", subSequenceNumber: 1 })))
    fc.assert(fc.property(checkpoint, checkpoint, (a, b) => {
      assert.strictEqual(Checkpoint.isSame(a, b), Checkpoint.isSame(b, a))
      if (Checkpoint.isSame(a, b)) assert.strictEqual(Checkpoint.compare(a, b), 0)
    }))
  })
})
