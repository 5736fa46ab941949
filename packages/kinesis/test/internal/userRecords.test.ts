import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { KinesisRecord } from "effect-kinesis"
import { createHash } from "node:crypto"
import { aggregate, type SubRecord } from "../../src/internal/record/aggregation.js"
import * as HashKey from "../../src/internal/record/hashKey.js"
import * as RecordsSummary from "../../src/internal/record/recordsSummary.js"
import * as UserRecords from "../../src/internal/record/userRecords.js"

const bytes = (text: string) => new TextEncoder().encode(text)
const record = (sequenceNumber: string, data: Uint8Array): KinesisRecord.KinesisRecord => ({
  stream: "orders",
  shardId: "shardId-0",
  sequenceNumber,
  partitionKey: "outer",
  data,
  approximateArrivalTimestamp: new Date(1)
})
const sub = (partitionKey: string, explicitHashKey?: string): SubRecord => ({
  partitionKey,
  explicitHashKey,
  data: bytes(`data of ${partitionKey}`)
})
/** A table of keys and nothing else, with the digest that goes with it. */
const emptyAggregate = (): Uint8Array => {
  const body = Uint8Array.from([0x0a, 1, 0x6b])
  return Buffer.concat([aggregate([]).subarray(0, 4), body, createHash("md5").update(body).digest()])
}
const half = 2n ** 127n
const lower = { startingHashKey: "0", endingHashKey: String(half - 1n) }
const places = (result: UserRecords.UserRecords) =>
  result.records.map((one) => [one.sequenceNumber, one.subSequenceNumber, one.partitionKey])

describe("userRecords", () => {
  it("puts the records of an aggregate in its place, numbered, with its arrival and shard", () => {
    const page = [
      record("1", bytes("plain")),
      record("2", aggregate([sub("a"), sub("b", "7")])),
      record("3", bytes("x"))
    ]
    const result = UserRecords.expand(page, undefined, "drop-records")
    assert.deepStrictEqual(places(result), [
      ["1", undefined, "outer"],
      ["2", 0, "a"],
      ["2", 1, "b"],
      ["3", undefined, "outer"]
    ])
    assert.deepStrictEqual(result.records[2], {
      ...page[1]!,
      partitionKey: "b",
      explicitHashKey: "7",
      data: result.records[2]!.data,
      subSequenceNumber: 1
    })
    assert.deepStrictEqual([...result.records[2]!.data], [...bytes("data of b")])
    assert.deepStrictEqual([result.malformed, result.outside], [[], 0])
  })

  it("hands a malformed aggregate on as it came, and counts it", () => {
    const data = aggregate([sub("a")])
    data[10]! ^= 1
    const page = [record("1", data)]
    const result = UserRecords.expand(page, undefined, "drop-records")
    assert.deepStrictEqual(result, { records: page, malformed: ["the MD5 digest differs"], outside: 0 })
  })

  it("drops what belongs to another shard one by one, and numbers the rest as if it were there", () => {
    const inside = sub("k", "5")
    const outside = sub("k", String(half))
    const page = [record("1", aggregate([outside, inside, outside, inside]))]
    const result = UserRecords.expand(page, lower, "drop-records")
    assert.deepStrictEqual(places(result), [["1", 1, "k"], ["1", 3, "k"]])
    assert.strictEqual(result.outside, 2)
    const whole = UserRecords.expand(page, lower, "drop-aggregate")
    assert.deepStrictEqual([whole.records.length, whole.outside], [0, 4])
    const all = UserRecords.expand([record("1", aggregate([inside, inside]))], lower, "drop-aggregate")
    assert.deepStrictEqual([all.records.length, all.outside], [2, 0])
  })

  it("a shard takes the first and the last hash key of its range", () => {
    const range = { startingHashKey: "5", endingHashKey: "7" }
    const page = [record("1", aggregate(["4", "5", "6", "7", "8"].map((hashKey) => sub("k", hashKey))))]
    assert.deepStrictEqual(
      UserRecords.expand(page, range, "drop-records").records.map((one) => one.explicitHashKey),
      ["5", "6", "7"]
    )
  })

  it("a shard takes the partition keys whose hash is the first or the last of its range, and none beside it", () => {
    fc.assert(fc.property(fc.string(), fc.constantFrom(0, 1, 31, 32, 64, 96), (key, bit) => {
      const hashKey = KinesisRecord.hashKey(key)
      const step = 1n << BigInt(bit)
      const keeps = (start: bigint, end: bigint) =>
        UserRecords.expand(
          [record("1", aggregate([sub(key)]))],
          { startingHashKey: String(start), endingHashKey: String(end) },
          "drop-records"
        ).records.length === 1
      const [before, after] = [hashKey - step, hashKey + step]
      assert.isTrue(keeps(hashKey, hashKey))
      assert.strictEqual(before >= 0n && keeps(0n, before), false)
      assert.strictEqual(after < 2n ** 128n && keeps(after, 2n ** 128n - 1n), false)
    }))
  })

  it("a hash key has 128 bits", () => {
    const most = 2n ** 128n - 1n
    for (const hashKey of [0n, 10n, most]) {
      for (const zeros of ["", "0", "0".repeat(200)]) {
        assert.strictEqual(HashKey.fromDecimal(`${zeros}${hashKey}`), hashKey)
      }
    }
    const longest = "9".repeat(39)
    for (
      const text of ["", String(most + 1n), String(most + 2n), longest, `0${longest}`, `1${most}`, "1 ", "0x1", "-0"]
    ) {
      assert.isUndefined(HashKey.fromDecimal(text), text)
    }
  })

  it("an explicit hash key with leading zeros is that number", () => {
    const page = [record("1", aggregate([sub("k", "005"), sub("k", `00${half}`), sub("k", "000")]))]
    const result = UserRecords.expand(page, lower, "drop-records")
    assert.deepStrictEqual(result.records.map((one) => one.explicitHashKey), ["005", "000"])
    assert.deepStrictEqual([result.malformed, result.outside], [[], 1])
  })

  it("an explicit hash key that is none makes the aggregate malformed, and its record is never another shard's", () => {
    for (const explicitHashKey of ["", "-1", "+1", "1.0", "x", String(2n ** 128n)]) {
      for (const outsideRange of ["drop-records", "drop-aggregate", "keep"] as const) {
        for (const partitionKey of ["a", "b", "c", "d"]) {
          const page = [record("1", aggregate([sub("k", "1"), sub(partitionKey, explicitHashKey)]))]
          const result = UserRecords.expand(page, lower, outsideRange)
          assert.deepStrictEqual(places(result), [["1", 0, "k"], ["1", 1, partitionKey]], explicitHashKey)
          assert.deepStrictEqual([result.malformed, result.outside], [
            ["the explicit hash key of record 1 is not a number from 0 to 2^128 - 1"],
            0
          ])
        }
      }
    }
  })

  it("each aggregate is malformed once, one without records too, which gives none", () => {
    const none = aggregate([sub("x")])
    none[12]! ^= 1
    const page = [
      record("1", aggregate([sub("k", "x"), sub("k", "y")])),
      record("2", emptyAggregate()),
      record("3", none),
      record("4", aggregate([sub("k")]))
    ]
    const result = UserRecords.expand(page, undefined, "drop-records")
    assert.deepStrictEqual(result.malformed, [
      "the explicit hash key of record 0 is not a number from 0 to 2^128 - 1",
      "there is no record in it",
      "the MD5 digest differs"
    ])
    assert.deepStrictEqual(places(result), [["1", 0, "k"], ["1", 1, "k"], ["3", undefined, "outer"], ["4", 0, "k"]])
  })

  it("keeps all, when that is asked for, and judges none", () => {
    const page = [record("1", aggregate([sub("k", "5"), sub("k", String(half))]))]
    const result = UserRecords.expand(page, lower, "keep")
    assert.deepStrictEqual([result.records.length, result.outside], [2, 0])
  })

  it("every record of an aggregate is kept by exactly one of the shards that part the hash keys", () => {
    const key = fc.string({ minLength: 1, maxLength: 8 })
    const explicit = fc.option(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String), { nil: undefined })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, explicit), { minLength: 1 }),
        fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }),
        (subs, at) => {
          const page = [record("1", aggregate(subs.map(([partitionKey, ehk]) => sub(partitionKey, ehk))))]
          const numbers = [[0n, at - 1n], [at, 2n ** 128n - 1n]].flatMap(([start, end]) =>
            UserRecords.expand(page, { startingHashKey: String(start), endingHashKey: String(end) }, "drop-records")
              .records.map((one) => one.subSequenceNumber!)
          )
          assert.deepStrictEqual(numbers.sort((a, b) => a - b), subs.map((_, i) => i))
        }
      )
    )
  })

  it("a page without the mark of an aggregate is not looked into", () => {
    assert.isFalse(RecordsSummary.of([record("1", bytes("plain")), record("2", new Uint8Array())]).hasAggregates)
    assert.isTrue(RecordsSummary.of([record("1", bytes("plain")), record("2", aggregate([sub("a")]))]).hasAggregates)
  })

  it("a hash key is the MD5 of the key's UTF-8 bytes", () => {
    assert.strictEqual(KinesisRecord.hashKey("a"), BigInt("0x0cc175b9c0f1b6a831c399e269772661"))
  })
})
