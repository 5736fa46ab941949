import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as RecordsCbor from "../../src/internal/wire/recordsCbor.js"
import { agrees, anyPlaces } from "../support/agreement.js"
import * as Cbor from "../support/cbor.js"
import { bySdk, cut, pageOf } from "../support/received.js"

const shardId = "shardId-000000000000"

const decode = (cbor: Uint8Array, places: ReadonlyArray<number> = []) =>
  pageOf(RecordsCbor.decoder("shared", { stream: "orders", shardId }), cut(cbor, places))

const millis = 1_763_942_400_123
const kettle = Uint8Array.from(Buffer.from("kettle"))
const sequenceNumber = "49590338271490256608559692538361571095921575989136588898"
const fields = {
  ApproximateArrivalTimestamp: Cbor.tagged(1, Cbor.unsigned(millis)),
  Data: Cbor.bytes(kettle),
  PartitionKey: Cbor.text("key"),
  SequenceNumber: Cbor.text(sequenceNumber)
}
const record = (more: Record<string, Cbor.Item | undefined> = {}, sized = false) =>
  Cbor.map(
    Object.entries({ ...fields, ...more }).filter((member): member is [string, Cbor.Item] => member[1] !== undefined),
    sized
  )
const answer = (records: ReadonlyArray<Cbor.Item>, sized = false) =>
  Cbor.map([
    ["MillisBehindLatest", Cbor.unsigned(12)],
    ["NextShardIterator", Cbor.text("AAA=")],
    ["Records", Cbor.array(records, sized)]
  ], sized)

const expected = {
  stream: "orders",
  shardId,
  sequenceNumber,
  partitionKey: "key",
  data: kettle,
  approximateArrivalTimestamp: new Date(millis)
}

const often = <A>(usual: fc.Arbitrary<A>, ...unusual: ReadonlyArray<fc.Arbitrary<A>>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 12, arbitrary: usual }, ...unusual.map((arbitrary) => ({ weight: 1, arbitrary })))
const shuffled = (members: Record<string, fc.Arbitrary<Cbor.Item | undefined>>): fc.Arbitrary<Cbor.Item> =>
  fc.tuple(fc.record(members), fc.boolean()).chain(([items, sized]) => {
    const present = Object.entries(items).filter((member): member is [string, Cbor.Item] => member[1] !== undefined)
    return fc.shuffledSubarray(present, { minLength: present.length }).map((members) => Cbor.map(members, sized))
  })
const absent = fc.constant(undefined)
const nothing = fc.constant(Cbor.nothing)
const size = fc.constantFrom(0 as const, 1 as const, 2 as const, 4 as const, 8 as const)
const unsigned = fc.tuple(fc.maxSafeNat(), size).map(([value, size]) => Cbor.unsigned(value, size))
const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ minLength: 24, maxLength: 300 })).map(
  Cbor.text
)
const instant = fc.oneof(
  fc.tuple(fc.integer({ min: 1e12, max: 2e12 }), size).map(([millis, size]) => Cbor.unsigned(millis, size)),
  fc.double({ min: 1e9, max: 2e9, noNaN: true }).map(Cbor.double),
  fc.double({ min: 1e9, max: 2e9, noNaN: true }).map(Cbor.float),
  fc.integer({ min: 1e9, max: 2e9 }).map((seconds) => Cbor.unsigned(seconds)),
  fc.double().map(Cbor.double)
)
const other = fc.oneof(unsigned, text, nothing, fc.constant(Cbor.array([Cbor.nothing], false)))

const anyRecord = shuffled({
  Data: often<Cbor.Item | undefined>(fc.uint8Array({ maxLength: 300 }).map(Cbor.bytes), absent, nothing, other),
  PartitionKey: often<Cbor.Item | undefined>(text, absent, nothing, other),
  SequenceNumber: often<Cbor.Item | undefined>(text, absent, nothing),
  ApproximateArrivalTimestamp: often<Cbor.Item | undefined>(
    instant.map((item) => Cbor.tagged(1, item)),
    instant,
    absent,
    nothing,
    text
  ),
  EncryptionType: often<Cbor.Item | undefined>(absent, text, nothing),
  Unknown: often<Cbor.Item | undefined>(absent, other)
})
const anyAnswer = shuffled({
  Records: often<Cbor.Item | undefined>(
    fc.tuple(fc.array(anyRecord, { maxLength: 5 }), fc.boolean()).map(([records, sized]) => Cbor.array(records, sized)),
    absent,
    nothing
  ),
  NextShardIterator: often<Cbor.Item | undefined>(text, absent, nothing),
  MillisBehindLatest: often<Cbor.Item | undefined>(unsigned, absent, nothing),
  ChildShards: often<Cbor.Item | undefined>(absent, nothing, fc.boolean().map((sized) => Cbor.array([], sized))),
  Unknown: often<Cbor.Item | undefined>(absent, other)
})

describe("recordsCbor", () => {
  it("decodes what AWS sends, with and without sizes", () => {
    for (const sized of [true, false]) {
      const records = [record({}, sized), record({ PartitionKey: Cbor.text("é"), EncryptionType: Cbor.text("KMS") })]
      assert.deepStrictEqual(decode(answer(records, sized)), {
        records: [expected, { ...expected, partitionKey: "é" }],
        nextShardIterator: "AAA=",
        millisBehindLatest: 12,
        childShards: []
      })
    }
  })

  it("takes an instant as milliseconds or seconds, tagged or not, whole or not", () => {
    const seconds = millis / 1000
    const instants: ReadonlyArray<readonly [Cbor.Item, number]> = [
      [Cbor.tagged(1, Cbor.unsigned(millis)), millis],
      [Cbor.unsigned(millis), millis],
      [Cbor.tagged(1, Cbor.double(millis)), millis],
      [Cbor.tagged(1, Cbor.double(seconds)), millis],
      [Cbor.double(seconds), millis],
      [Cbor.tagged(1, Cbor.unsigned(1_763_942_400)), 1_763_942_400_000],
      [Cbor.tagged(1, Cbor.float(2 ** 30)), 2 ** 30 * 1000]
    ]
    for (const [item, at] of instants) {
      const [first] = decode(answer([record({ ApproximateArrivalTimestamp: item })]))!.records
      assert.strictEqual(first!.approximateArrivalTimestamp!.getTime(), at)
    }
  })

  it("decodes it in any pieces", () => {
    const long = Cbor.bytes(new Uint8Array(4_000).fill(7))
    const bytes = answer([record(), record({ Data: long }, true), record()])
    const whole = decode(bytes)
    assert.strictEqual(whole?.records.length, 3)
    for (const size of [1, 2, 3, 7, 50, 511, 512, 513, 2_000]) {
      const places = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => (index + 1) * size)
      assert.deepStrictEqual(decode(bytes, places), whole, `pieces of ${size} bytes`)
    }
    for (let place = 1; place < bytes.length; place++) assert.deepStrictEqual(decode(bytes, [place]), whole)
  })

  it("null and absent are the same", () => {
    const none = { records: [], nextShardIterator: undefined, millisBehindLatest: undefined, childShards: [] }
    const nulls = ["NextShardIterator", "MillisBehindLatest", "ChildShards"].map((name) =>
      [name, Cbor.nothing] as const
    )
    const noRecords = ["Records", Cbor.array([])] as const
    assert.deepStrictEqual(decode(Cbor.map([noRecords, ...nulls])), none)
    assert.deepStrictEqual(decode(Cbor.map([noRecords, ["NextShardIterator", Cbor.text("")]])), none)
    const [first] = decode(answer([record({ ApproximateArrivalTimestamp: Cbor.nothing })]))!.records
    assert.strictEqual(first!.approximateArrivalTimestamp, undefined)
  })

  it("B4 an answer without records is none, and so is a record without a number", () => {
    for (const number of [Cbor.nothing, Cbor.text("")]) {
      assert.strictEqual(decode(answer([record({ SequenceNumber: number })])), undefined)
    }
    assert.strictEqual(decode(Cbor.map([])), undefined)
    assert.strictEqual(decode(Cbor.map([["Records", Cbor.nothing], ["NextShardIterator", Cbor.text("n")]])), undefined)
  })

  it("a record may have no partition key", () => {
    const keyless = record({ PartitionKey: Cbor.nothing })
    assert.deepStrictEqual(
      decode(answer([keyless, record({})]))!.records.map(({ partitionKey }) => partitionKey),
      [undefined, expected.partitionKey]
    )
  })

  it("leaves what it does not know to the SDK's decoder", () => {
    const others = [
      new Uint8Array(),
      answer([record()]).subarray(0, -1),
      Uint8Array.from([...answer([record()]), 0]),
      answer([record({ Unknown: Cbor.nothing })]),
      answer([record({ Data: undefined })]),
      answer([record({ Data: Cbor.nothing })]),
      answer([record({ Data: Cbor.text("kettle") })]),
      answer([record({ SequenceNumber: Cbor.unsigned(7) })]),
      answer([record({ ApproximateArrivalTimestamp: Cbor.tagged(0, Cbor.text("2025-11-24T00:00:00Z")) })]),
      answer([record({ ApproximateArrivalTimestamp: Cbor.double(Number.NaN) })]),
      answer([record({ ApproximateArrivalTimestamp: Cbor.unsigned(1e13) })]),
      Cbor.map([["Records", Cbor.map([])]]),
      Cbor.map([["ChildShards", Cbor.array([Cbor.nothing])]]),
      Cbor.array([])
    ]
    for (const other of others) assert.isUndefined(decode(other), Buffer.from(other).toString("hex"))
  })

  it("an instant that is none is refused by the SDK's decoder too", async () => {
    for (const instant of [Cbor.tagged(1, Cbor.unsigned(1e13)), Cbor.unsigned(1e13), Cbor.double(Number.NaN)]) {
      const bytes = answer([record({ ApproximateArrivalTimestamp: instant })])
      assert.isUndefined(await bySdk("cbor", [bytes], shardId))
    }
  })

  it("keeps records as views of pieces as sockets give them, and not of more", () => {
    const data = Cbor.bytes(new Uint8Array(256).fill(7))
    const bytes = answer(Array.from({ length: 1_000 }, () => record({ Data: data })))
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / 65_536) },
      (_, index) => Buffer.from(Uint8Array.from(bytes.subarray(index * 65_536, (index + 1) * 65_536)).buffer)
    )
    const views = pageOf(RecordsCbor.decoder("shared", { stream: "orders", shardId }), pieces)!.records
    for (const { data } of views) assert.isAtMost(data.buffer.byteLength, 65_536)
    assert.strictEqual(views[0]!.data.buffer, pieces[0]!.buffer)
    for (
      const shared of [
        pageOf(RecordsCbor.decoder("own", { stream: "orders", shardId }), pieces),
        pageOf(RecordsCbor.decoder("shared", { stream: "orders", shardId }), [Buffer.from(bytes)])
      ]
    ) {
      for (const { data } of shared!.records) assert.strictEqual(data.buffer.byteLength, 256)
    }
  })

  it("gives the generic codec's value, or none", async () => {
    let decoded = 0
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyPlaces, async (cbor, places) => {
        if (await agrees("cbor", cbor, places)) decoded++
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(decoded, 200, "enough answers are decoded here for this to mean something")
  })

  it("does so when bytes are flipped, dropped or cut off", async () => {
    const bytes = answer([
      record(),
      record({ PartitionKey: Cbor.text("né\"w"), EncryptionType: Cbor.text("NONE") }, true)
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        anyPlaces,
        async (at, by, places) => {
          const flipped = Uint8Array.from(bytes)
          flipped[at]! ^= by
          await agrees("cbor", flipped, places)
          await agrees("cbor", Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]), places)
          await agrees("cbor", bytes.subarray(0, at), places)
        }
      ),
      { numRuns: 500 }
    )
  })
})
