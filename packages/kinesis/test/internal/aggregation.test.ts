import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { createHash } from "node:crypto"
import * as Aggregation from "../../src/internal/record/aggregation.js"
import * as Protobuf from "../../src/internal/record/protobuf.js"

type SubRecord = Aggregation.SubRecord

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const record = (partitionKey: string, data: string, explicitHashKey?: string): SubRecord => ({
  partitionKey,
  explicitHashKey,
  data: bytesOf(data)
})

const digest = (algorithm: "md5" | "sha256", bytes: Uint8Array) => createHash(algorithm).update(bytes).digest()

const magic = [0xf3, 0x89, 0x9a, 0xc2]

/** Any protobuf bytes with the magic and their own digest, so that the reader of the message gets to see them. */
const sealed = (message: Uint8Array): Uint8Array => Uint8Array.from([...magic, ...message, ...digest("md5", message)])

const messageOf = (aggregate: Uint8Array): Uint8Array => aggregate.slice(4, -16)

const read = (message: ReadonlyArray<number>) => Aggregation.deaggregate(sealed(Uint8Array.from(message)))

const plainForm = (records: ReadonlyArray<SubRecord>) =>
  records.map(({ data, explicitHashKey, partitionKey }) => ({ partitionKey, explicitHashKey, data: [...data] }))

const recordsIn = (data: Uint8Array): ReadonlyArray<SubRecord> => {
  const deaggregated = Aggregation.deaggregate(data)
  assert(deaggregated._tag === "Aggregate", JSON.stringify(deaggregated))
  return deaggregated.records
}

const isMalformed = (deaggregated: Aggregation.Deaggregated, reason: RegExp) => {
  assert(deaggregated._tag === "Malformed", deaggregated._tag)
  assert.match(deaggregated.reason, reason)
}

const assertRecords = (data: Uint8Array, records: ReadonlyArray<SubRecord>) =>
  assert.deepStrictEqual(plainForm(recordsIn(data)), plainForm(records))

const trickyKey = fc.constantFrom(
  "10",
  "2",
  "0",
  "-1",
  "",
  "__proto__",
  "constructor",
  "toString",
  "\ufeffmark",
  "é",
  "日本"
)
const key = fc.oneof(trickyKey, fc.string({ unit: "binary", maxLength: 200 }))
const explicitHashKey = fc.option(
  fc.oneof(trickyKey, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String)),
  { nil: undefined }
)
const subRecord = (maxLength: number): fc.Arbitrary<SubRecord> =>
  fc.record({ partitionKey: key, explicitHashKey, data: fc.uint8Array({ maxLength }) })
const subRecords = fc.array(subRecord(300), { minLength: 1, maxLength: 40 })

describe("aggregation", () => {
  it("what was aggregated comes back, record by record", () => {
    fc.assert(fc.property(subRecords, (records) => assertRecords(Aggregation.aggregate(records), records)))
  })

  it("the size is known to the byte before the aggregate is built, and before a record is added", () => {
    fc.assert(fc.property(subRecords, (records) => {
      const pending = Aggregation.makePending()
      for (const [index, each] of records.entries()) {
        const size = Aggregation.sizeWith(pending, each)
        Aggregation.add(pending, each)
        assert.strictEqual(pending.size, size)
        assert.strictEqual(Aggregation.build(pending).length, size)
        assert.strictEqual(Aggregation.sizeOf(records.slice(0, index + 1)), size)
      }
      assert.deepStrictEqual(Aggregation.build(pending), Aggregation.aggregate(records))
    }))
  })

  for (const length of [0, 1, 117, 118, 119, 120, 127, 128, 16_373, 16_374, 16_375, 16_383, 16_384, 2_097_152]) {
    it(`the size is right where lengths take one more byte: data of ${length} bytes`, () => {
      const records = [{ partitionKey: "a", explicitHashKey: "0", data: new Uint8Array(length).fill(7) }]
      const aggregate = Aggregation.aggregate(records)
      assert.strictEqual(Aggregation.sizeOf(records), aggregate.length)
      assert.strictEqual(recordsIn(aggregate)[0]!.data.length, length)
    })
  }

  it("the size is right where an index takes one more byte", () => {
    const records = Array.from({ length: 20_000 }, (_, n) => record(`key ${n}`, "x", n % 2 === 0 ? `${n}` : undefined))
    const aggregate = Aggregation.aggregate(records)
    assert.strictEqual(Aggregation.sizeOf(records), aggregate.length)
    assertRecords(aggregate, records)
  })

  it("asking for the size with a record does not add it", () => {
    const pending = Aggregation.makePending()
    Aggregation.add(pending, record("a", "1", "5"))
    const before = Aggregation.build(pending)
    Aggregation.sizeWith(pending, record("b", "2", "6"))
    assert.deepStrictEqual(Aggregation.build(pending), before)
  })

  it("data are views into the aggregate", () => {
    const aggregate = Aggregation.aggregate([record("a", "one"), record("b", "two")])
    const framed = new Uint8Array(aggregate.length + 20)
    framed.set(aggregate, 10)
    const view = framed.subarray(10, 10 + aggregate.length)
    for (const each of recordsIn(view)) assert.strictEqual(each.data.buffer, framed.buffer)
    assertRecords(view, [record("a", "one"), record("b", "two")])
    assertRecords(Buffer.from(view), [record("a", "one"), record("b", "two")])
  })

  it("nothing aggregated is magic and digest alone, which is a plain record", () => {
    const empty = Aggregation.aggregate([])
    assert.strictEqual(empty.length, 20)
    assert.strictEqual(Aggregation.sizeOf([]), 20)
    assert.deepStrictEqual(Aggregation.deaggregate(empty), { _tag: "Plain" })
  })
})

/** Inputs and outputs that the KPL itself produced, from awslabs/kinesis-aggregation (Apache-2.0), python/test. */
const vectors = [
  {
    source: "test_agg.py, expected_agg_record_with_ehks",
    size: 495,
    sha256: "63fa50b2eee27ca260bad2df68958a36ce2039ec2a19b1978526bf9e96647d2c",
    records: [
      record(
        "fc03dd88-3e79-448a-b01a-7cf1bd47b784",
        "RECORD 22 peeobhczbzdmskboupgyq\n",
        "38486495867508399078159723846051807020"
      ),
      record(
        "cae41b1c-ea61-43f2-90be-b8755ebf88e2",
        "RECORD 23 uswkxftxroeusscxsjhno\n",
        "193787600037681706952143357071916352604"
      ),
      record(
        "d490690c-e74d-4db2-a3c8-d8f2f184fd23",
        "RECORD 24 casehdgivfaxeustlyszy\n",
        "266880436964932424265466916734068684439"
      ),
      record(
        "c924bc09-b85e-47f1-b32e-336522ee53c8",
        "RECORD 25 nvffvpmuogdopjhamevrk\n",
        "339606600942967391854603552402021847292"
      )
    ]
  },
  {
    source: "test_agg.py, expected_agg_record_no_ehks",
    size: 628,
    sha256: "bd5f7efd8b9c0b1c6024a4ecfc489cd76040475ca789f42e2183a5f667425a84",
    records: [
      record("78feb12a-dba0-45ca-a91e-bb1f2f1819b4", "RECORD 18 iklrpsvyhxnerodfeheru\n"),
      record("c2a75787-469b-4310-840d-d486dca7eb5e", "RECORD 19 lnmnudyhvpvcgrokfmzdh\n"),
      record("650e9362-572b-4427-b3fc-13549d7e5ae5", "RECORD 20 pjqrcfbxafzdndzmbgane\n"),
      record("1d8d9600-00b7-46f3-a983-de83477540c0", "RECORD 21 aafreyrntwuwxliygkbhk\n"),
      record("f2e718a0-389b-494a-b796-3355b07569cc", "RECORD 22 qsaadhbsgmvqgdifguyou\n"),
      record("965b8da4-a6bd-4755-81c9-e7181ab7dc9a", "RECORD 23 wjokoiwvzzhlftlzhqfjk\n"),
      record("d693c5f0-5772-46c9-8d86-08c7055bdb75", "RECORD 24 zopcascrthbbpnjiwuhjb\n"),
      record("8d92476b-eb89-4e81-99fb-c2ba63ad6d90", "RECORD 25 txbbvnozrwsboxuomqboq\n")
    ]
  },
  {
    source: "test_deagg.py, kpl_generated_ka_rec: one partition key and one hash key for all",
    size: 240,
    sha256: "085e3deaf00816034b7b12b3fd0967c876702beec92d11492fecab3c9fd554d3",
    records: [2005, 2006, 2007, 2008].map((n) =>
      record("1562602074896", `RECORD ${n} pjqrcfbxafzdndzmbgane`, "339606600942967391854603552402021847292")
    )
  }
]

describe("aggregation: what the KPL wrote", () => {
  for (const { records, sha256, size, source } of vectors) {
    it(source, () => {
      const aggregate = Aggregation.aggregate(records)
      assert.strictEqual(aggregate.length, size)
      assert.strictEqual(digest("sha256", aggregate).toString("hex"), sha256)
      assertRecords(aggregate, records)
    })
  }

  it("test_deagg.py, kpl_generated_ka_non_agg_rec: a plain record among aggregates", () => {
    assert.deepStrictEqual(Aggregation.deaggregate(bytesOf("RECORD 749 pjqrcfbxafzdndzmbgane")), { _tag: "Plain" })
  })
})

describe("aggregation: errors of aws-kinesis-agg 4.2.7", () => {
  it("keys that look like numbers keep their records", () => {
    const records = [record("10", "ten", "30"), record("2", "two", "4"), record("10", "ten again", "4")]
    assertRecords(Aggregation.aggregate(records), records)
  })

  it("keys that an object has by itself keep their records", () => {
    const names = ["__proto__", "constructor", "hasOwnProperty", "", "__proto__"]
    const records = names.map((name, n) => record(name, `${n}`, name))
    assertRecords(Aggregation.aggregate(records), records)
  })

  it("a record without explicit hash key has none beside records that have one", () => {
    const records = [record("a", "1", "77"), record("b", "2"), record("c", "3", "77"), record("d", "4")]
    assertRecords(Aggregation.aggregate(records), records)
  })

  it("sizes are those of UTF-8", () => {
    const records = [record("日".repeat(100), "x"), record("é".repeat(256), "y"), record("😀".repeat(60), "z")]
    assert.strictEqual(Aggregation.sizeOf(records), Aggregation.aggregate(records).length)
    assert.isAbove(Aggregation.sizeOf(records), 300 + 512 + 240)
  })

  it("a lone surrogate is written as U+FFFD, and counted as that", () => {
    const records = [record("\ud800", "x"), record("a\udc00b", "y")]
    assert.strictEqual(Aggregation.sizeOf(records), Aggregation.aggregate(records).length)
    assertRecords(Aggregation.aggregate(records), [record("\ufffd", "x"), record("a\ufffdb", "y")])
  })

  it("the field is explicitHashKey in both directions", () => {
    assert.deepStrictEqual(recordsIn(Aggregation.aggregate([record("a", "1", "5")]))[0], record("a", "1", "5"))
  })

  it("an aggregate knows nothing of the one before", () => {
    const first = Aggregation.makePending()
    Aggregation.add(first, record("a", "1", "5"))
    Aggregation.build(first)
    const second = Aggregation.makePending()
    Aggregation.add(second, record("b", "2"))
    assertRecords(Aggregation.build(second), [record("b", "2")])
    assertRecords(Aggregation.build(first), [record("a", "1", "5")])
  })

  it("the magic before something else is no error", () => {
    isMalformed(Aggregation.deaggregate(Uint8Array.from([...magic, ...bytesOf("a user's own format")])), /MD5/)
  })

  it("the digest is always checked", () => {
    const aggregate = Aggregation.aggregate([record("a", "one"), record("b", "two")])
    for (let at = 4; at < aggregate.length; at++) {
      const changed = aggregate.slice()
      changed[at]! ^= 1
      isMalformed(Aggregation.deaggregate(changed), /MD5/)
    }
  })
})

const varint = (value: bigint, pad = 0): ReadonlyArray<number> => {
  const bytes: Array<number> = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  for (let n = 0; n < pad && bytes.length < 10; n++) {
    bytes[bytes.length - 1]! |= 0x80
    bytes.push(0)
  }
  return bytes
}
const tag = (field: number, type: number) => varint(BigInt(field) * 8n + BigInt(type))
const number = (field: number, value: number | bigint, pad = 0) => [...tag(field, 0), ...varint(BigInt(value), pad)]
const delimited = (field: number, value: ReadonlyArray<number>, pad = 0) => [
  ...tag(field, 2),
  ...varint(BigInt(value.length), pad),
  ...value
]
const group = (field: number, value: ReadonlyArray<number>) => [...tag(field, 3), ...value, ...tag(field, 4)]
const text = (field: number, value: string) => delimited(field, [...bytesOf(value)])
const tables = [...text(1, "a"), ...text(1, "b"), ...text(2, "7")]
const data = text(3, "x")
const oneRecord = (...fields: ReadonlyArray<ReadonlyArray<number>>) => [...tables, ...delimited(3, fields.flat())]

describe("protobuf", () => {
  const cursorOf = (bytes: ReadonlyArray<number>, end = bytes.length) => ({ bytes: Uint8Array.from(bytes), at: 0, end })

  it("a number is read as it was written, and nothing behind it", () => {
    const any = fc.oneof(fc.nat(300), fc.nat(70_000), fc.maxSafeNat())
    fc.assert(fc.property(any, fc.nat(9), (value, pad) => {
      const written = varint(BigInt(value))
      const bytes = new Uint8Array(12).fill(0xff)
      assert.strictEqual(Protobuf.varintSize(value), written.length)
      assert.strictEqual(Protobuf.writeVarint(bytes, 1, value), written.length + 1)
      assert.deepStrictEqual([...bytes.subarray(1, written.length + 1)], written)
      const padded = varint(BigInt(value), pad)
      const cursor = cursorOf([...padded, 0x01])
      assert.strictEqual(Protobuf.readVarint(cursor), value)
      assert.strictEqual(cursor.at, padded.length)
      assert.strictEqual(Protobuf.readVarint(cursorOf(padded, padded.length - 1)), -1)
    }))
  })

  it("a number of more than 64 bits, or without end, is none", () => {
    const nine = Array<number>(9).fill(0x80)
    assert.strictEqual(Protobuf.readVarint(cursorOf([...nine, 1])), 2 ** 63)
    for (const bytes of [[...nine, 2], [...nine, 0x80, 0], [], [0x80], nine]) {
      assert.strictEqual(Protobuf.readVarint(cursorOf(bytes)), -1, String(bytes))
    }
  })

  it("a tag has a field from 1 on and 32 bits at most", () => {
    assert.strictEqual(Protobuf.readTag(cursorOf(varint(8n))), 8)
    assert.strictEqual(Protobuf.readTag(cursorOf(varint(2n ** 32n - 1n))), 0xffff_ffff)
    for (const value of [0n, 7n, 2n ** 32n]) assert.strictEqual(Protobuf.readTag(cursorOf(varint(value))), -1)
  })
})

describe("aggregation: what is no aggregate", () => {
  it("data without the whole magic are plain", () => {
    const aggregate = Aggregation.aggregate([record("a", "one")])
    for (
      const each of [[], [0xf3], magic.slice(0, 3), aggregate.slice(1), [0, ...aggregate], bytesOf("No")]
    ) {
      assert.deepStrictEqual(Aggregation.deaggregate(Uint8Array.from(each)), { _tag: "Plain" })
    }
    for (let at = 0; at < 4; at++) {
      const changed = aggregate.slice()
      changed[at]! ^= 0x20
      assert.deepStrictEqual(Aggregation.deaggregate(changed), { _tag: "Plain" })
    }
  })

  it("the magic with no more than a digest's length is plain", () => {
    const aggregate = Aggregation.aggregate([record("a", "one")])
    for (let length = 0; length <= 20; length++) {
      assert.deepStrictEqual(Aggregation.deaggregate(aggregate.subarray(0, length)), { _tag: "Plain" })
    }
    isMalformed(Aggregation.deaggregate(aggregate.subarray(0, 21)), /MD5/)
  })

  const malformed: ReadonlyArray<readonly [string, ReadonlyArray<number>, RegExp]> = [
    ["no partition key index", oneRecord(data), /record 0 has no partition_key_index/],
    ["no data", oneRecord(number(1, 0)), /record 0 has no data/],
    ["an empty record", oneRecord(), /record 0 has no partition_key_index/],
    ["a partition key index outside the table", oneRecord(number(1, 2), data), /partition_key_index 2 of a table of 2/],
    ["no table", delimited(3, [...number(1, 0), ...data]), /partition_key_index 0 of a table of 0/],
    ["a hash key index outside the table", oneRecord(number(1, 0), number(2, 1), data), /explicit_hash_key_index 1 of/],
    ["an index of 2^32, which is 0 in 32 bits", oneRecord(number(1, 2n ** 32n), data), /of a table of 2/],
    ["an index of 2^53 + 1", oneRecord(number(1, 2n ** 53n + 1n), data), /of a table of 2/],
    ["an index of 2^64 - 1", oneRecord(number(1, 2n ** 64n - 1n), data), /of a table of 2/],
    ["an index of -1", oneRecord(number(1, 0), number(2, 2n ** 64n - 1n), data), /of a table of 1/],
    ["an index of more than 64 bits", oneRecord([8, ...Array<number>(9).fill(0x80), 2], data), /not readable/],
    ["a varint of 11 bytes", oneRecord([8, ...Array<number>(10).fill(0x80), 0], data), /not readable/],
    ["an index that ends before it begins", [...delimited(3, [...data, 8]), ...tables], /not readable/],
    ["an index that ends after its first byte", [...delimited(3, [...data, 8, 0x80]), ...tables], /not readable/],
    ["an index that ends after more", [...delimited(3, [...data, 8, 0x80, 0x80]), ...tables], /not readable/],
    [
      "a hash key index that ends before it begins",
      [...delimited(3, [...number(1, 0), ...data, 0x10]), ...tables],
      /not r/
    ],
    ["an index whose wire type is that of bytes", oneRecord(delimited(1, [0]), data), /no partition_key_index/],
    ["data whose wire type is that of a number", oneRecord(number(1, 0), number(3, 0)), /has no data/],
    [
      "data longer than their record",
      [...oneRecord(number(1, 0), [0x1a, 2, 0]), ...tables],
      /record 0 is not readable/
    ],
    ["a record longer than the message", [...tables, 0x1a, 100, 8, 0], /a field is not readable/],
    ["a length of 2^32, which is 0 in 32 bits", [...tables, 0x0a, ...varint(2n ** 32n)], /a field is not readable/],
    ["a field of number 0", [...tables, 0x00, 0x00], /a field is not readable/],
    ["a tag of more than 32 bits", [...tables, ...varint(2n ** 35n), 0], /a field is not readable/],
    ["wire type 6", [...tables, ...tag(9, 6)], /a field is not readable/],
    ["wire type 7", [...tables, ...tag(9, 7)], /a field is not readable/],
    ["eight bytes cut short", [...tables, ...tag(9, 1), 0, 0], /a field is not readable/],
    ["four bytes cut short", [...tables, ...tag(9, 5), 0, 0], /a field is not readable/],
    [
      "eight bytes cut short, that would be a field",
      [...tables, ...tag(9, 1), ...number(9, 0)],
      /a field is not readable/
    ],
    [
      "four bytes cut short, that would be a field",
      [...tables, ...tag(9, 5), ...number(9, 0)],
      /a field is not readable/
    ],
    ["a group without end", [...tables, ...tag(9, 3), ...number(1, 1)], /a field is not readable/],
    ["a group that another ends", [...tables, ...tag(9, 3), ...tag(8, 4)], /a field is not readable/],
    ["the end of no group", [...tables, ...tag(9, 4)], /a field is not readable/],
    [
      "groups 101 deep",
      [...tables, ...Array<number>(101).fill(0x4b), ...Array<number>(101).fill(0x4c)],
      /is not readable/
    ],
    ["groups without bottom", [...tables, ...Array.from({ length: 1_000_000 }, () => 0x4b)], /a field is not readable/],
    ["a good record before a bad one", [...oneRecord(number(1, 0), data), ...delimited(3, data)], /record 1 has no/]
  ]
  for (const [what, message, reason] of malformed) {
    it(`malformed: ${what}`, () => isMalformed(read(message), reason))
  }
})

describe("aggregation: protobuf that no producer writes", () => {
  const expected: ReadonlyArray<SubRecord> = [record("b", "x", "7")]
  const indices = [...number(1, 1), ...number(2, 0)]
  const nested = (depth: number): ReadonlyArray<number> => depth === 0 ? [] : group(9, nested(depth - 1))
  const accepted: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
    ["records before tables", [...delimited(3, [...indices, ...data]), ...tables]],
    ["fields in another order", oneRecord(data, number(2, 0), number(1, 1))],
    ["the last of a repeated field", oneRecord(number(1, 9), text(3, "y"), number(2, 5), indices, data)],
    ["numbers with needless bytes", oneRecord(number(1, 1, 9), number(2, 0, 9), delimited(3, [...bytesOf("x")], 9))],
    ["tags", oneRecord(indices, data, delimited(4, [...text(1, "name"), ...text(2, "value")]), delimited(4, []))],
    [
      "unknown fields in a record",
      oneRecord(number(5, 2n ** 64n - 1n), indices, text(1000, "?"), data, group(6, indices))
    ],
    ["unknown fields", [
      ...tag(9, 1),
      ...Array<number>(8).fill(0xff),
      ...oneRecord(indices, data),
      ...tag(536_870_911, 5),
      ...Array<number>(4).fill(0xff)
    ]],
    ["known numbers with other wire types", [
      ...number(1, 5),
      ...number(3, 5),
      ...oneRecord(text(1, "?"), indices, data)
    ]],
    ["groups in groups", [...group(9, [...group(10, number(1, 1)), ...text(2, "?")]), ...oneRecord(indices, data)]],
    ["a hundred groups in each other", [...nested(100), ...oneRecord(indices, data)]]
  ]
  for (const [what, message] of accepted) {
    it(`read: ${what}`, () => assertRecords(sealed(Uint8Array.from(message)), expected))
  }

  it("an aggregate of no records, which the format allows, has none", () => {
    assert.deepStrictEqual(read(tables), { _tag: "Aggregate", records: [] })
  })

  it("data that are empty are there", () => {
    assert.deepStrictEqual(read(oneRecord(number(1, 0), text(3, ""))), {
      _tag: "Aggregate",
      records: [record("a", "")]
    })
  })

  it("a key that is not UTF-8 is read with U+FFFD", () => {
    const message = [...delimited(1, [0x61, 0xff, 0xc3, 0x62]), ...delimited(3, [...number(1, 0), ...data])]
    assertRecords(sealed(Uint8Array.from(message)), [record("a\ufffd\ufffdb", "x")])
  })

  it("a byte order mark stays in its key", () => {
    assertRecords(Aggregation.aggregate([record("\ufeffa", "x")]), [record("\ufeffa", "x")])
  })

  it("any order of fields, with anything unknown between, gives the same records", () => {
    const pad = fc.nat(9)
    const unknown = fc.oneof(
      fc.tuple(fc.integer({ min: 5, max: 536_870_911 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), pad)
        .map(([field, value, pad]) => number(field, value, pad)),
      fc.tuple(fc.integer({ min: 5, max: 99 }), fc.uint8Array({ maxLength: 20 }))
        .map(([field, value]) => delimited(field, [...value])),
      fc.uint8Array({ minLength: 8, maxLength: 8 }).map((value) => [...tag(7, 1), ...value]),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((value) => [...tag(7, 5), ...value]),
      fc.bigInt({ min: 0n, max: 99n }).map((value) => group(8, group(9, number(3, value))))
    )
    const mixed = (fields: ReadonlyArray<ReadonlyArray<number>>) =>
      fc.array(fc.tuple(fc.nat(99), unknown), { maxLength: 4 }).map((extras) => {
        const all = [...fields]
        for (const [place, extra] of extras) all.splice(place % (all.length + 1), 0, extra)
        return all.flat()
      })
    const fieldsOf = (records: ReadonlyArray<SubRecord>) => {
      const partitionKeys = [...new Set(records.map((each) => each.partitionKey))]
      const hashKeys = [...new Set(records.flatMap((each) => each.explicitHashKey ?? []))]
      return fc.tuple(...records.map((each) =>
        fc.tuple(fc.nat(), pad).chain(([seed, pad]) => {
          const fields = [
            number(1, partitionKeys.indexOf(each.partitionKey), pad),
            ...each.explicitHashKey === undefined ? [] : [number(2, hashKeys.indexOf(each.explicitHashKey), pad)],
            delimited(3, [...each.data], pad % 3)
          ]
          const turn = seed % fields.length
          return mixed([...fields.slice(turn), ...fields.slice(0, turn)])
        })
      )).chain((messages) => {
        const tableFields = [
          ...partitionKeys.map((each) => text(1, each)),
          ...hashKeys.map((each) => text(2, each))
        ]
        const recordFields = messages.map((message) => delimited(3, message))
        return fc.boolean().chain((tablesLast) =>
          mixed(tablesLast ? [...recordFields, ...tableFields] : [...tableFields, ...recordFields])
        )
      }).map((message) => ({ message, records }))
    }
    const generated = fc.array(subRecord(40), { minLength: 1, maxLength: 6 }).chain(fieldsOf)
    fc.assert(
      fc.property(generated, ({ message, records }) => assertRecords(sealed(Uint8Array.from(message)), records))
    )
  })
})

describe("aggregation: any bytes", () => {
  const withinInput = (input: Uint8Array) => {
    const deaggregated = Aggregation.deaggregate(input)
    if (deaggregated._tag !== "Aggregate") return
    for (const each of deaggregated.records) {
      assert.strictEqual(typeof each.partitionKey, "string")
      assert.include(["string", "undefined"], typeof each.explicitHashKey)
      assert.strictEqual(each.data.buffer, input.buffer)
      assert.isAtLeast(each.data.byteOffset, input.byteOffset + 4)
      assert.isAtMost(each.data.byteOffset + each.data.length, input.byteOffset + input.length - 16)
    }
  }

  const mutation = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), value: fc.integer({ min: 0, max: 7 }) }),
      fc.record({ kind: fc.constant("set" as const), at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ kind: fc.constant("remove" as const), at: fc.nat(), value: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), value: fc.constant(0) })
    ),
    { minLength: 1, maxLength: 4 }
  )

  type Mutation = typeof mutation extends fc.Arbitrary<infer A> ? A : never
  const mutated = (bytes: Uint8Array, mutations: Mutation): Uint8Array => {
    const result = [...bytes]
    for (const { at, kind, value } of mutations) {
      const place = at % (result.length + 1)
      if (kind === "flip" && place < result.length) result[place]! ^= 1 << value
      else if (kind === "set" && place < result.length) result[place] = value
      else if (kind === "insert") result.splice(place, 0, value)
      else if (kind === "remove") result.splice(place, value)
      else if (kind === "cut") result.length = place
    }
    return Uint8Array.from(result)
  }

  const small = fc.array(subRecord(20), { minLength: 1, maxLength: 6 })

  it("an aggregate that was changed on the way is never read", () => {
    fc.assert(
      fc.property(small, mutation, (records, mutations) => {
        const aggregate = Aggregation.aggregate(records)
        const changed = mutated(aggregate, mutations)
        if (Buffer.compare(changed, aggregate) === 0) return
        assert.notStrictEqual(Aggregation.deaggregate(changed)._tag, "Aggregate")
      }),
      { numRuns: 2_000 }
    )
  })

  it("a changed message under a digest that fits throws nothing and gives nothing from outside", () => {
    fc.assert(
      fc.property(small, mutation, (records, mutations) => {
        withinInput(sealed(mutated(messageOf(Aggregation.aggregate(records)), mutations)))
      }),
      { numRuns: 5_000 }
    )
  })

  it("a message that is cut gives records of the whole one, in order, or none", () => {
    const records = vectors[0]!.records
    const message = messageOf(Aggregation.aggregate(records))
    for (let length = 1; length < message.length; length++) {
      const deaggregated = Aggregation.deaggregate(sealed(message.subarray(0, length)))
      if (deaggregated._tag === "Aggregate") {
        assert.deepStrictEqual(
          plainForm(deaggregated.records),
          plainForm(records.slice(0, deaggregated.records.length))
        )
      } else assert.strictEqual(deaggregated._tag, "Malformed")
    }
  })

  it("random bytes under a digest that fits", () => {
    const likely = fc.constantFrom(0, 1, 2, 3, 0x08, 0x0a, 0x10, 0x12, 0x1a, 0x4b, 0x4c, 0x80, 0xff)
    const noise = fc.array(fc.oneof(likely, fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
    fc.assert(fc.property(noise, (bytes) => withinInput(sealed(Uint8Array.from(bytes)))), { numRuns: 5_000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), withinInput), { numRuns: 2_000 })
  })

  it("a million fields of nothing are read once", () => {
    const repeated = (bytes: ReadonlyArray<number>) => {
      const message = new Uint8Array(bytes.length * 1_000_000)
      for (let at = 0; at < message.length; at++) message[at] = bytes[at % bytes.length]!
      return Buffer.concat([Uint8Array.from(magic), message, digest("md5", message)])
    }
    isMalformed(Aggregation.deaggregate(repeated(delimited(3, []))), /record 0 has no/)
    assert.deepStrictEqual(Aggregation.deaggregate(repeated(text(1, ""))), { _tag: "Aggregate", records: [] })
    assert.deepStrictEqual(Aggregation.deaggregate(repeated(group(9, []))), { _tag: "Aggregate", records: [] })
    isMalformed(Aggregation.deaggregate(repeated([0x80])), /not readable/)
  })
})
