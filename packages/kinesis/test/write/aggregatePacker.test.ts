import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Aggregation from "../../src/internal/record/aggregation.js"
import * as HashKey from "../../src/internal/record/hashKey.js"
import * as AggregatePacker from "../../src/internal/write/aggregatePacker.js"
import { Entry } from "../../src/internal/write/entry.js"

const record = fc.record({
  partitionKey: fc.oneof(fc.constantFrom("a", "b", "c"), fc.string({ minLength: 1, maxLength: 256, unit: "grapheme" })),
  explicitHashKey: fc.option(fc.bigInt(0n, 2n ** 128n - 1n).map(String), { nil: undefined }),
  data: fc.uint8Array({ maxLength: 300 })
})

const toEntry = ({ data, explicitHashKey, partitionKey }: Aggregation.SubRecord): Entry =>
  new Entry(data, partitionKey, explicitHashKey, data.length + Buffer.byteLength(partitionKey))

const pack = (entries: ReadonlyArray<Entry>, maxBytes: number): ReadonlyArray<AggregatePacker.Packer> => {
  const packers = [AggregatePacker.make(maxBytes)]
  for (const entry of entries) {
    if (AggregatePacker.add(packers.at(-1)!, entry)) continue
    const next = AggregatePacker.make(maxBytes)
    assert.isTrue(AggregatePacker.add(next, entry))
    packers.push(next)
  }
  return packers
}

describe("aggregates", () => {
  it("W34 have the bytes of the format, of the size that was foretold, and are read back", () => {
    fc.assert(fc.property(fc.array(record, { minLength: 2, maxLength: 40 }), (records) => {
      const [packer, ...more] = pack(records.map(toEntry), Infinity)
      assert.deepStrictEqual(more, [])
      const built = AggregatePacker.build(packer!)
      assert.deepStrictEqual(new Uint8Array(built.data), Aggregation.aggregate(records))
      assert.strictEqual(built.data.length, packer!.size)
      assert.strictEqual(built.bytes, built.data.length + Buffer.byteLength(records[0]!.partitionKey))
      assert.deepStrictEqual(Aggregation.deaggregate(built.data), { _tag: "Aggregate", records })
    }))
  })

  it("W34 keep to the most bytes that they may have, and to the order of their records", () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 50, max: 2_000 }),
        (records, maxBytes) => {
          const packers = pack(records.map(toEntry), maxBytes)
          for (const { entries, size } of packers) assert.isTrue(size <= maxBytes || entries.length === 1)
          assert.deepStrictEqual(
            packers.flatMap(({ entries }) => entries.map(({ data }) => data)),
            records.map(({ data }) => data)
          )
          for (const [index, { entries, size }] of packers.entries()) {
            const next = packers[index + 1]?.entries[0]
            if (next !== undefined) assert.isAbove(Aggregation.sizeOf([...entries, next] as never), maxBytes, `${size}`)
          }
        }
      )
    )
  })

  it("W34 one record alone stays as it is; the outer keys are the first record's", () => {
    const [a, b] = [
      toEntry({ partitionKey: "a", explicitHashKey: undefined, data: new Uint8Array(5) }),
      toEntry({ partitionKey: "b", explicitHashKey: "7", data: new Uint8Array(6) })
    ]
    const alone = AggregatePacker.make(100)
    AggregatePacker.add(alone, a)
    assert.strictEqual(AggregatePacker.build(alone), a)
    const both = pack([a, b], 1_000)[0]!
    const built = AggregatePacker.build(both)
    assert.strictEqual(built.partitionKey, "a")
    assert.strictEqual(built.explicitHashKey, String(HashKey.fromPartitionKey("a")))
    const turned = AggregatePacker.build(pack([b, a], 1_000)[0]!)
    assert.deepStrictEqual([turned.partitionKey, turned.explicitHashKey], ["b", "7"])
  })
})
