import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { crc32 } from "node:zlib"
import { crc32OfFew } from "../../src/internal/wire/crc32OfFew.js"

describe("crc32OfFew", () => {
  it.prop("is what zlib says, at once and in parts", [fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.nat()], (
    [bytes, one, other]
  ) => {
    const [from, at] = [one % (bytes.length + 1), other % (bytes.length + 1)].sort((a, b) => a - b) as [number, number]
    const expected = crc32(bytes.subarray(from))
    assert.strictEqual(crc32OfFew(bytes, from, bytes.length), expected)
    assert.strictEqual(crc32OfFew(bytes, at, bytes.length, crc32OfFew(bytes, from, at)), expected)
  })
})
