import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { Position } from "effect-kinesis"

const Token = Schema.parseJson(Position.Position)

const decode = Schema.decodeUnknownEither(Position.Position)

describe("Position", () => {
  it("what was written as JSON is read as it was, as plain data", () => {
    const sequenceNumber = "49590338271490256608559692538361571095921575989136588898"
    const instant = Position.atTimestamp(1_700_000_000_123)
    for (
      const position of [
        Position.trimHorizon,
        Position.latest,
        instant,
        { ...instant, standsFor: "Latest" } as const,
        Position.atSequenceNumber(sequenceNumber),
        Position.afterSequenceNumber(sequenceNumber),
        Position.after({ sequenceNumber, subSequenceNumber: 7 }),
        Position.shardEnd
      ]
    ) {
      const text = JSON.stringify(position)
      const read = Schema.decodeSync(Token)(text)
      assert.deepStrictEqual(read, position)
      assert.strictEqual(Object.getPrototypeOf(read), Object.prototype)
      assert.strictEqual(Schema.encodeSync(Token)(position), text)
    }
  })

  it("what is no position is refused", () => {
    for (
      const given of [
        undefined,
        null,
        "latest",
        {},
        { _tag: "Nowhere" },
        { _tag: "AtTimestamp" },
        { _tag: "AtTimestamp", timestamp: -1 },
        { _tag: "AtTimestamp", timestamp: Number.NaN },
        { _tag: "AtTimestamp", timestamp: Infinity },
        { _tag: "AtTimestamp", timestamp: "1700000000" },
        { _tag: "AtTimestamp", timestamp: 1, standsFor: "ShardEnd" },
        { _tag: "AtSequenceNumber", sequenceNumber: "" },
        { _tag: "AtSequenceNumber", sequenceNumber: "007" },
        { _tag: "AfterSequenceNumber", sequenceNumber: "-1" },
        { _tag: "AfterSequenceNumber", sequenceNumber: 1 },
        { _tag: "AfterSequenceNumber", sequenceNumber: "1", subSequenceNumber: 0.5 },
        { _tag: "AfterSequenceNumber", sequenceNumber: "1", subSequenceNumber: -1 }
      ]
    ) {
      assert.isTrue(Either.isLeft(decode(given)), JSON.stringify(given))
    }
  })

  it("the message says what a value must be", () => {
    const refusal = Either.flip(decode({ _tag: "AfterSequenceNumber", sequenceNumber: "x" }))
    assert.include(Either.getOrThrow(refusal).message, "SequenceNumber")
  })
})
