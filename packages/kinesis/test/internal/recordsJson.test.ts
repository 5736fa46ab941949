import { SubscribeToShardEvent$ } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import type { SubscribeToShardEvent } from "effect-kinesis/KinesisApi"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import { RecordMemory } from "../../src/internal/wire/recordMemory.js"
import * as RecordsJson from "../../src/internal/wire/recordsJson.js"
import * as SdkHooks from "../../src/internal/wire/sdkHooks.js"
import { toSubscribeToShardEvent } from "../../src/internal/wire/sdkOutputs.js"
import { agrees, anyPlaces } from "../support/agreement.js"
import { cut, pageOf } from "../support/received.js"

const shardId = "shardId-000000000000"
const encoder = new TextEncoder()

const decode = (json: string | Uint8Array, places: ReadonlyArray<number> = []) =>
  pageOf(
    RecordsJson.decoder("shared", { stream: "orders", shardId }),
    cut(typeof json === "string" ? encoder.encode(json) : json, places)
  )

const record = {
  ApproximateArrivalTimestamp: 1.763942400123e9,
  Data: "a2V0dGxl",
  PartitionKey: "key",
  SequenceNumber: "49590338271490256608559692538361571095921575989136588898"
}
const answer = (records: ReadonlyArray<object>, more: object = {}) =>
  JSON.stringify({ MillisBehindLatest: 12, NextShardIterator: "AAA=", ...more, Records: records })

/** An object of JSON whose members are texts of JSON. */
const object = (members: ReadonlyArray<readonly [string, string]>): string =>
  `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`

const shuffled = (members: Record<string, fc.Arbitrary<string | undefined>>): fc.Arbitrary<string> =>
  fc.record(members).chain((texts) => {
    const present = Object.entries(texts).filter((member): member is [string, string] => member[1] !== undefined)
    return fc.shuffledSubarray(present, { minLength: present.length }).map(object)
  })

const json = <A>(values: fc.Arbitrary<A>): fc.Arbitrary<string> => values.map((value) => JSON.stringify(value))
const often = <A>(usual: fc.Arbitrary<A>, ...unusual: ReadonlyArray<fc.Arbitrary<A>>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 12, arbitrary: usual }, ...unusual.map((arbitrary) => ({ weight: 1, arbitrary })))
const absent = fc.constant(undefined)
const nothing = fc.constant("null")

const base64 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64"))
const number = fc.oneof(
  json(fc.double({ noNaN: true, noDefaultInfinity: true })),
  json(fc.integer()),
  fc.constantFrom("1.763942400123E9", "1763942400", "0", "-0", "1e3", "0.1", "1E21", "1.7e+9", "17.6E8", "1e400")
)
const key = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("a\"b", "\\", "é", "\u0000", "漢"))
const badBase64 = fc.constantFrom("a-b_", "a", "====", "ab==cd==", "A===", "ab c", "é234", "abc")

const anyRecord = shuffled({
  Data: often<string | undefined>(json(base64), absent, nothing, json(badBase64), fc.constant("7")),
  PartitionKey: often<string | undefined>(json(key), absent, nothing),
  SequenceNumber: often<string | undefined>(json(fc.bigInt({ min: 0n }).map(String)), absent, nothing, json(key)),
  ApproximateArrivalTimestamp: often<string | undefined>(number, absent, nothing, json(fc.string())),
  EncryptionType: often<string | undefined>(absent, json(fc.constantFrom("NONE", "KMS")), nothing, json(key)),
  Unknown: often<string | undefined>(absent, json(fc.jsonValue()))
})

/** What answers have whose next position has this name. */
const membersOf = (next: string): Record<string, fc.Arbitrary<string | undefined>> => ({
  Records: often<string | undefined>(
    fc.array(anyRecord, { maxLength: 5 }).map((records) => `[${records.join(",")}]`),
    absent,
    nothing
  ),
  [next]: often<string | undefined>(json(fc.string()), absent, nothing),
  MillisBehindLatest: often<string | undefined>(json(fc.nat()), absent, nothing, number),
  ChildShards: often<string | undefined>(
    absent,
    nothing,
    fc.constant("[]"),
    json(fc.constant([{ ShardId: "s", ParentShards: [], HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" } }]))
  ),
  Unknown: often<string | undefined>(absent, json(fc.jsonValue()))
})

const anyAnswer = shuffled(membersOf("NextShardIterator"))
const anyEvent = shuffled(membersOf("ContinuationSequenceNumber"))

const place = { stream: "orders", shardId }

const decodeEvent = (json: string) => RecordsJson.readEvent(Buffer.from(json), place, new RecordMemory("shared"))

const sdk = SdkHooks.installed.client()
const codec = SdkHooks.jsonCodec(SdkHooks.probe(SdkHooks.installed).Protocol, sdk.config)

/** The SDK's own decoding, in the library's words; undefined where it refuses, or something is missing. */
const eventBySdk = (json: string): SubscribeToShardEvent | undefined => {
  const request = { ...place, consumerArn: "arn", position: Position.latest }
  try {
    const event = codec.createDeserializer().readObject(SubscribeToShardEvent$, JSON.parse(json))
    return toSubscribeToShardEvent(event, request)
  } catch {
    return undefined
  }
}

describe("recordsJson", () => {
  it("decodes what AWS sends", () => {
    assert.deepStrictEqual(decode(answer([record, { ...record, EncryptionType: "KMS", PartitionKey: "a\"é\n" }])), {
      records: ["key", "a\"é\n"].map((partitionKey) => ({
        stream: "orders",
        shardId,
        sequenceNumber: record.SequenceNumber,
        partitionKey,
        data: Uint8Array.from(Buffer.from("kettle")),
        approximateArrivalTimestamp: new Date(1_763_942_400_123)
      })),
      nextShardIterator: "AAA=",
      millisBehindLatest: 12,
      childShards: []
    })
  })

  it("decodes it in any pieces", () => {
    const bytes = encoder.encode(answer([record, record, { ...record, Data: "a2V0dGxl".repeat(400) }, record]))
    const whole = decode(bytes)
    assert.strictEqual(whole?.records.length, 4)
    for (const size of [1, 2, 3, 7, 50, 511, 512, 513, 2_000]) {
      const places = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => (index + 1) * size)
      assert.deepStrictEqual(decode(bytes, places), whole, `pieces of ${size} bytes`)
    }
    for (let place = 1; place < bytes.length; place++) assert.deepStrictEqual(decode(bytes, [place]), whole)
  })

  it("null and absent are the same", () => {
    const none = { records: [], nextShardIterator: undefined, millisBehindLatest: undefined, childShards: [] }
    const nulls = { Records: [], NextShardIterator: null, MillisBehindLatest: null, ChildShards: null }
    assert.deepStrictEqual(decode(JSON.stringify(nulls)), none)
    assert.deepStrictEqual(decode(JSON.stringify({ ...nulls, NextShardIterator: "" })), none)
    assert.deepStrictEqual(decode(`{"Records":[]}`), none)
    assert.deepStrictEqual(decode(`{"ChildShards":[],"Records":[]}`), none)
    const [first] = decode(answer([{ ...record, ApproximateArrivalTimestamp: null, EncryptionType: null }]))!.records
    assert.strictEqual(first!.approximateArrivalTimestamp, undefined)
  })

  it("B4 an answer without records is none, and so is a record without a number", () => {
    const { SequenceNumber: _, ...numberless } = record
    for (const records of [numberless, { ...record, SequenceNumber: null }, { ...record, SequenceNumber: "" }]) {
      assert.strictEqual(decode(answer([records])), undefined)
    }
    for (const text of [`{"NextShardIterator":"n"}`, `{"Records":null,"NextShardIterator":"n"}`]) {
      assert.strictEqual(decode(text), undefined)
    }
  })

  it("takes instants in seconds and in milliseconds", () => {
    const arrival = (instant: number) =>
      decode(answer([{ ...record, ApproximateArrivalTimestamp: instant }]))?.records[0]!.approximateArrivalTimestamp
        ?.getTime()
    const millis = 1_763_942_400_123
    assert.deepStrictEqual([millis / 1000, millis, 1_763_942_400, 0].map(arrival), [
      millis,
      millis,
      1_763_942_400_000,
      0
    ])
    assert.strictEqual(arrival(1e13), undefined)
  })

  it("a record may have no partition key", () => {
    const { PartitionKey: _, ...keyless } = record
    const page = decode(answer([keyless, { ...record, PartitionKey: null }, record]))!
    assert.deepStrictEqual(page.records.map(({ partitionKey }) => partitionKey), [undefined, undefined, "key"])
  })

  it("an object ends with its own bracket, and so does an array", () => {
    const whole = answer([{ SequenceNumber: record.SequenceNumber, Data: record.Data }])
    assert.isDefined(decode(whole))
    for (const wrong of [whole.replace("\"}]", "\"]]"), whole.replace("}]", "}}"), whole.replace(/\}$/, "]")]) {
      assert.notStrictEqual(wrong, whole)
      assert.strictEqual(decode(wrong), undefined, wrong)
    }
  })

  it("leaves an answer that has its records twice to the SDK's decoder", () => {
    const twice = (records: ReadonlyArray<object>) =>
      `${answer([record]).slice(0, -1)},"Records":${JSON.stringify(records)}}`
    for (const records of [[], [record]]) {
      assert.isUndefined(decode(twice(records)))
      assert.isUndefined(decodeEvent(twice(records).replace("NextShardIterator", "ContinuationSequenceNumber")))
    }
  })

  it("leaves what it does not know to the SDK's decoder", () => {
    const children = [{ ShardId: "s", ParentShards: [], HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" } }]
    const others = [
      "",
      "{}",
      "[]",
      "{\"Records\":[",
      `${answer([record])} `,
      ` ${answer([record])}`,
      JSON.stringify({ Records: [record] }, undefined, 1),
      answer([record], { Unknown: 1 }),
      answer([record], { ChildShards: children }),
      answer([{ ...record, Unknown: 1 }]),
      answer([{ ...record, Data: undefined }]),
      answer([{ ...record, Data: null }]),
      answer([{ ...record, SequenceNumber: 7 }]),
      answer([{ ...record, ApproximateArrivalTimestamp: "2025-11-24" }]),
      answer([record]).replace("1763942400.123", "1e400"),
      answer([record]).replace("1763942400.123", "01"),
      answer([record]).replace("key", "k\\ey"),
      answer([record]).replace("key", "k\u0001y"),
      answer([record]).replace("\"MillisBehindLatest\":12", "\"MillisBehindLatest\":\"12\""),
      ...["a-b_", "a", "====", "ab==cd==", "A===", "ab c", "a\\u0062c="].map((data) =>
        answer([record]).replace("a2V0dGxl", data)
      )
    ]
    for (const other of others) assert.isUndefined(decode(other), other)
  })

  it("keeps the bytes of a small record with few others, of a large one alone", () => {
    const contents = [
      ...Array.from({ length: 400 }, (_, index) => new Uint8Array(256).fill(index)),
      new Uint8Array(5_000)
    ]
    const json = answer(contents.map((bytes) => ({ ...record, Data: Buffer.from(bytes).toString("base64") })))
    const pieces = [Buffer.from(json)]
    const { records } = pageOf(RecordsJson.decoder("shared", { stream: "orders", shardId }), pieces)!
    const isKept = ({ data }: KinesisRecord, index: number) => Buffer.compare(data, contents[index]!) === 0
    assert.isTrue(records.every(isKept), "no memory is used twice")
    for (const { data } of records) assert.isAtMost(data.buffer.byteLength, 16 * 1024)
    assert.strictEqual(records.at(-1)!.data.buffer.byteLength, 5_000)
    const own = pageOf(RecordsJson.decoder("own", { stream: "orders", shardId }), pieces)!.records
    for (const { data } of own) assert.strictEqual(data.buffer.byteLength, data.byteLength)
    assert.deepStrictEqual(own, records)
  })

  it("gives the SDK's value, or none and so the SDK's error", async () => {
    let decoded = 0
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyPlaces, async (json, places) => {
        if (await agrees("json", encoder.encode(json), places)) decoded++
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(decoded, 200, "enough answers are decoded here for this to mean something")
  })

  it("does so when bytes are flipped, dropped or cut off", async () => {
    const bytes = encoder.encode(answer([record, { ...record, PartitionKey: "né\"w", EncryptionType: "NONE" }]))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        anyPlaces,
        async (at, by, places) => {
          const flipped = Uint8Array.from(bytes)
          flipped[at]! ^= by
          await agrees("json", flipped, places)
          await agrees("json", Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]), places)
          await agrees("json", bytes.subarray(0, at), places)
        }
      ),
      { numRuns: 500 }
    )
  })
})

describe("recordsJson, of an event", () => {
  const eventOf = (more: object, records: ReadonlyArray<object> = [record]) =>
    JSON.stringify({ ContinuationSequenceNumber: "7", MillisBehindLatest: 12, ...more, Records: records })

  it("decodes what AWS sends", () => {
    assert.deepStrictEqual(decodeEvent(eventOf({})), {
      records: [{
        ...place,
        sequenceNumber: record.SequenceNumber,
        partitionKey: "key",
        data: Uint8Array.from(Buffer.from("kettle")),
        approximateArrivalTimestamp: new Date(1_763_942_400_123)
      }],
      nextShardIterator: "7",
      millisBehindLatest: 12,
      childShards: []
    })
  })

  it("F82 a continuation that is absent, null or empty is none", () => {
    for (const none of [undefined, null, ""]) {
      const event = decodeEvent(eventOf({ ContinuationSequenceNumber: none, ChildShards: [] }, []))
      assert.deepStrictEqual(event, {
        records: [],
        nextShardIterator: undefined,
        millisBehindLatest: 12,
        childShards: []
      })
    }
  })

  it("leaves to the SDK's decoder what a page has, children, and what it does not know", () => {
    const child = { ShardId: "s", ParentShards: ["p"], HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" } }
    for (const more of [{ NextShardIterator: "n" }, { ChildShards: [child] }, { Unknown: 1 }]) {
      assert.isUndefined(decodeEvent(eventOf(more)))
    }
    assert.isUndefined(decode(eventOf({})), "and a page with what an event has")
    assert.deepStrictEqual(eventBySdk(JSON.stringify({ ChildShards: [child] })), {
      records: [],
      continuationSequenceNumber: undefined,
      millisBehindLatest: undefined,
      childShards: [{ shardId: "s", parentShards: ["p"], hashKeyRange: { startingHashKey: "0", endingHashKey: "1" } }]
    })
    assert.isUndefined(eventBySdk("{}"))
  })

  it("gives the SDK's value, or none and so the SDK's error", () => {
    let count = 0
    fc.assert(
      fc.property(anyEvent, (json) => {
        const decoded = decodeEvent(json)
        if (decoded === undefined) return
        count++
        const { nextShardIterator: continuationSequenceNumber, ...event } = decoded
        assert.deepStrictEqual({ ...event, continuationSequenceNumber }, eventBySdk(json))
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(count, 100, "enough events are decoded here for this to mean something")
  })
})
