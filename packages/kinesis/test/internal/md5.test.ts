import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { createHash } from "node:crypto"
import * as HashKey from "../../src/internal/record/hashKey.js"
import * as Md5 from "../../src/internal/record/md5.js"

const wordsOf = (text: string): ReadonlyArray<number> => {
  const words = new Uint32Array(4)
  Md5.digest(text, words)
  return [...words]
}

const byNode = (text: string): ReadonlyArray<number> => {
  const bytes = createHash("md5").update(Buffer.from(text)).digest()
  return [0, 4, 8, 12].map((at) => bytes.readUInt32BE(at))
}

const half = fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff")
const unit = fc.oneof(
  { weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: "grapheme-ascii" }) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: "binary" }) },
  { weight: 1, arbitrary: half }
)

const hashKey = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const near = fc.tuple(hashKey, fc.integer({ min: 0, max: 127 })).map(([one, bit]) =>
  [one, one ^ (1n << BigInt(bit))] as const
)

describe("md5", () => {
  it("is that of node:crypto for every length of a key, whose last block fills up on the way", () => {
    for (let length = 0; length <= 1_030; length++) {
      const text = "abcdefghijklmnopqrstuvwxyz".repeat(40).slice(0, length)
      assert.deepStrictEqual(wordsOf(text), byNode(text), `${length} characters`)
    }
  })

  it("is that of node:crypto for each character of one unit, after up to three others", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const text = `${"x".repeat(code & 3)}${String.fromCharCode(code)}`
      assert.deepStrictEqual(wordsOf(text), byNode(text), `U+${code.toString(16)}`)
    }
  })

  it("is that of node:crypto for any text, one after the other", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit, maxLength: 256 }), { minLength: 1, maxLength: 4 }), (texts) => {
      for (const text of texts) assert.deepStrictEqual(wordsOf(text), byNode(text))
    }))
  })
})

describe("hash keys in words", () => {
  it("are the number of the digest", () => {
    fc.assert(fc.property(fc.string({ unit, maxLength: 256 }), (text) => {
      const hex = createHash("md5").update(text, "utf8").digest("hex")
      assert.strictEqual(HashKey.fromPartitionKey(text), BigInt(`0x${hex}`))
    }))
  })

  it("are the same number in words, and in the same order", () => {
    fc.assert(fc.property(fc.oneof(near, fc.tuple(hashKey, hashKey)), ([one, other]) => {
      assert.strictEqual(HashKey.fromWords(HashKey.toWords(one)), one)
      const order = HashKey.compare(HashKey.toWords(one), HashKey.toWords(other))
      assert.strictEqual(Math.sign(order), one < other ? -1 : one > other ? 1 : 0)
      assert.strictEqual(HashKey.compare(HashKey.toWords(one), HashKey.toWords(one)), 0)
    }))
  })
})
