import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { KinesisRecord } from "effect-kinesis"
import { aggregate, type SubRecord } from "../../src/internal/record/aggregation.js"
import * as HashKey from "../../src/internal/record/hashKey.js"
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
    assert.deepStrictEqual([result.malformed, result.outside], [0, 0])
  })

  it("hands a malformed aggregate on as it came, and counts it", () => {
    const data = aggregate([sub("a")])
    data[10]! ^= 1
    const page = [record("1", data)]
    const result = UserRecords.expand(page, undefined, "drop-records")
    assert.deepStrictEqual(result, { records: page, malformed: 1, outside: 0 })
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

  it("a hash key has 128 bits", () => {
    const most = 2n ** 128n - 1n
    for (const hashKey of [0n, 10n, most]) assert.strictEqual(HashKey.fromDecimal(String(hashKey)), hashKey)
    for (const text of [String(most + 1n), String(most + 2n), "9".repeat(39), "00", "1 ", "0x1"]) {
      assert.isUndefined(HashKey.fromDecimal(text), text)
    }
  })

  it("an explicit hash key that is none belongs to no shard", () => {
    for (const explicitHashKey of ["", "-1", "01", "x", String(2n ** 128n)]) {
      const page = [record("1", aggregate([sub("k", explicitHashKey)]))]
      assert.strictEqual(UserRecords.expand(page, lower, "drop-records").outside, 1, explicitHashKey)
    }
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
    assert.isFalse(UserRecords.hasAggregates([record("1", bytes("plain")), record("2", new Uint8Array())]))
    assert.isTrue(UserRecords.hasAggregates([record("1", bytes("plain")), record("2", aggregate([sub("a")]))]))
  })

  it("a hash key is the MD5 of the key's UTF-8 bytes", () => {
    assert.strictEqual(KinesisRecord.hashKey("a"), BigInt("0x0cc175b9c0f1b6a831c399e269772661"))
  })
})
