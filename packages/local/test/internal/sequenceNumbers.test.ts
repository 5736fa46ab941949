import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import * as SequenceNumbers from "../../src/internal/sequenceNumbers.js"

const parts = FastCheck.record({
  createdSeconds: FastCheck.nat({ max: 2 ** 31 }),
  shardIndex: FastCheck.nat({ max: 2 ** 31 - 1 }),
  counter: FastCheck.bigInt({ min: 0n, max: SequenceNumbers.lastCounter }),
  arrivalSeconds: FastCheck.nat({ max: 2 ** 31 })
})

describe("sequenceNumbers", () => {
  it.prop("encode and decode are inverse, with 56 digits", [parts], ([given]) => {
    const number = SequenceNumbers.encode(given)
    assert.strictEqual(number.length, 56)
    assert.deepStrictEqual(SequenceNumbers.decode(number), given)
  })

  it.prop("rise with the counter whatever the arrival", [parts, parts], ([a, b]) => {
    const later = { ...a, counter: b.counter, arrivalSeconds: b.arrivalSeconds }
    const order = a.counter < b.counter ? -1 : a.counter > b.counter ? 1 : undefined
    if (order !== undefined) {
      assert.strictEqual(compareSequenceNumbers(SequenceNumbers.encode(a), SequenceNumbers.encode(later)), order)
    }
  })

  it.prop("those of a shard created later are higher", [parts, parts], ([a, b]) => {
    const child = { ...b, createdSeconds: a.createdSeconds + 1, counter: 0 }
    const end = { ...a, counter: SequenceNumbers.lastCounter }
    assert.strictEqual(compareSequenceNumbers(SequenceNumbers.encode(end), SequenceNumbers.encode(child)), -1)
  })

  it("knows other layouts and other text", () => {
    for (const number of ["0", "1", "12345", "9".repeat(56)]) {
      assert.isTrue(SequenceNumbers.isWellFormed(number))
      assert.isUndefined(SequenceNumbers.decode(number))
    }
    for (const number of ["", "01", "-1", "1e5", "abc", "9".repeat(130)]) {
      assert.isFalse(SequenceNumbers.isWellFormed(number))
      assert.isUndefined(SequenceNumbers.decode(number))
    }
  })

  it("decodes the number of the Lambda guide's example, of shardId-000000000006", () => {
    const number = "49590338271490256608559692538361571095921575989136588898"
    assert.strictEqual(SequenceNumbers.decode(number)?.shardIndex, 6)
    assert.strictEqual(SequenceNumbers.encode(SequenceNumbers.decode(number)!), number)
  })
})
