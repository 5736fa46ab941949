import { PutRecordInput$, PutRecordsInput$ } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { cbor } from "@smithy/core/cbor"
import { FastCheck as fc } from "effect"
import type { PutRecordRequest, PutRecordsEntry, PutRecordsRequest } from "effect-kinesis/KinesisApi"
import { kinesisCborCodec } from "../../src/internal/wire/cborCodec.js"
import * as EntriesCbor from "../../src/internal/wire/entriesCbor.js"
import * as EntriesJson from "../../src/internal/wire/entriesJson.js"
import type { Allocate } from "../../src/internal/wire/output.js"
import * as SdkHooks from "../../src/internal/wire/sdkHooks.js"
import { putRecordInput, putRecordsInput } from "../../src/internal/wire/sdkInputs.js"

const sdk = SdkHooks.installed.client()

/** The bytes of a request by the SDK's own serializer. */
const bySdk = (codec: any, schema: unknown, input: object): Uint8Array => {
  const serializer = codec.createSerializer()
  serializer.write(schema, input)
  return Uint8Array.from(serializer.flush())
}

const encodings = {
  json: {
    ours: EntriesJson,
    codec: sdk.config.protocol.getPayloadCodec(),
    meaning: (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
  },
  cbor: {
    ours: EntriesCbor,
    codec: kinesisCborCodec(),
    meaning: (bytes: Uint8Array): unknown => cbor.deserialize(bytes)
  }
}

/** More than was asked for, with something in it, and not at the start of its memory. */
const used: Allocate = (size) => Buffer.alloc(size + 30, 0xa5).subarray(7)

/** Bytes at some place of a larger memory. */
const bytes = (length: fc.Arbitrary<number>): fc.Arbitrary<Uint8Array> =>
  fc.tuple(length, fc.nat(255), fc.nat(9), fc.boolean()).map(([length, first, before, isBuffer]) => {
    const memory = Buffer.from(Uint8Array.from({ length: before + length + 3 }, (_, at) => first + 7 * at).buffer)
    const part = memory.subarray(before, before + length)
    return isBuffer ? part : new Uint8Array(part.buffer, part.byteOffset, part.length)
  })

const data = bytes(fc.oneof(fc.nat(40), fc.integer({ min: 120, max: 140 }), fc.integer({ min: 250, max: 260 })))
const half = fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff")
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: fc.oneof(fc.constantFrom("\"", "\\", "\n", "\u0000", "\u007f", "\u0080", "é", "漢", "🐛"), half) }),
  fc.string({ minLength: 250, maxLength: 260 })
)
const maybe = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> => fc.option(arbitrary, { nil: undefined })
const hashKey = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String), text)
const stream = fc.oneof(text, fc.constant("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"))

const entry: fc.Arbitrary<PutRecordsEntry> = fc.record({
  data,
  partitionKey: maybe(text),
  explicitHashKey: maybe(hashKey)
})
const record: fc.Arbitrary<PutRecordRequest> = fc.tuple(entry, stream, maybe(hashKey)).map(
  ([entry, stream, sequenceNumberForOrdering]) => ({ ...entry, stream, sequenceNumberForOrdering })
)
const records: fc.Arbitrary<PutRecordsRequest> = fc.record({ stream, records: fc.array(entry, { maxLength: 30 }) })

const plain = (size: number): PutRecordsEntry => ({ partitionKey: "k", data: new Uint8Array(size).fill(size) })

describe.each(["json", "cbor"] as const)("requests of writers in %s", (encoding) => {
  const { codec, meaning, ours } = encodings[encoding]

  /** The SDK's serializer writes the same, and its deserializer reads the same of it. */
  const agree = async (written: Buffer, schema: unknown, input: object) => {
    const expected = bySdk(codec, schema, input)
    assert.strictEqual(written.length, expected.length)
    assert.deepStrictEqual(meaning(written), meaning(expected))
    const read = async (bytes: Uint8Array) => await codec.createDeserializer().read(schema, bytes)
    assert.deepStrictEqual(await read(written), await read(expected))
  }

  const agreeOnRecords = (request: PutRecordsRequest) =>
    agree(ours.putRecords(request, used), PutRecordsInput$, putRecordsInput(request))

  it("PutRecords means what the SDK's serializer writes, whatever is in it", () =>
    fc.assert(fc.asyncProperty(records, agreeOnRecords), { numRuns: 500 }))

  it("so does PutRecord", () =>
    fc.assert(
      fc.asyncProperty(record, (request) =>
        agree(ours.putRecord(request, used), PutRecordInput$, putRecordInput(request))),
      { numRuns: 500 }
    ))

  it("so do requests of every size at which the layout changes", async () => {
    for (const size of [0, 1, 2, 3, 22, 23, 24, 31, 32, 127, 128, 129, 255, 256, 0xffff, 0x10000, 0x10001]) {
      await agreeOnRecords({ stream: "orders", records: [plain(size), plain(0)] })
    }
    for (const count of [0, 1, 23, 24, 255, 256, 500]) {
      await agreeOnRecords({ stream: "orders", records: Array.from({ length: count }, () => plain(1)) })
    }
    for (const length of [22, 23, 24, 127, 128, 255, 256]) {
      for (const character of ["a", "é", "\""]) {
        const partitionKey = character.repeat(length)
        await agreeOnRecords({ stream: partitionKey, records: [{ partitionKey, data: new Uint8Array(2) }] })
      }
    }
  })

  it("each character of a key is written as the SDK does", async () => {
    const all = Array.from({ length: 0x800 }, (_, code) => String.fromCharCode(code))
    for (let at = 0; at < all.length; at += 256) {
      await agreeOnRecords({
        stream: "orders",
        records: all.slice(at, at + 256).map((character) => ({ partitionKey: `k${character}k`, data: Buffer.of(1) }))
      })
    }
  })

  it("asks for as much memory as it fills", () =>
    fc.assert(fc.property(records, (request) => {
      let asked = 0
      const written = ours.putRecords(request, (size) => {
        asked = size
        return used(size)
      })
      assert.strictEqual(written.length, asked)
    })))
})
