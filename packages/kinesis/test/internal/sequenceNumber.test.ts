import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { compareSequenceNumbers } from "effect-kinesis/Position"
import * as SequenceNumber from "../../src/internal/record/sequenceNumber.js"

const decimal = fc.bigInt({ min: 0n, max: 10n ** 129n - 1n }).map(String)

describe("sequenceNumber", () => {
  it("orders as numbers, not as text", () => {
    fc.assert(fc.property(decimal, decimal, (a, b) => {
      const expected = BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0
      assert.strictEqual(compareSequenceNumbers(a, b), expected)
    }))
    assert.strictEqual(compareSequenceNumbers("9", "10"), -1)
  })

  it("accepts what the service's pattern accepts", () => {
    fc.assert(fc.property(decimal, (text) => SequenceNumber.isValid(text)))
    for (const text of ["", "01", "-1", "1.0", "1e3", "SHARD_END", "1".repeat(130)]) {
      assert.isFalse(SequenceNumber.isValid(text), text)
    }
  })
})
