import { PutRecordCommand, PutRecordsCommand } from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import { cbor } from "@smithy/core/cbor"
import { FastCheck as fc } from "effect"
import type { PutRecordsEntry } from "effect-kinesis/KinesisApi"
import * as Answers from "../../src/internal/wire/answers.js"
import * as ResultsCbor from "../../src/internal/wire/resultsCbor.js"
import * as ResultsJson from "../../src/internal/wire/resultsJson.js"
import { toPutRecordResponse, toPutRecordsResponse } from "../../src/internal/wire/sdkOutputs.js"
import * as Cbor from "../support/cbor.js"
import { clientOf } from "../support/received.js"

const entry: PutRecordsEntry = { partitionKey: "k", data: new Uint8Array() }

const number = "49590338271490256608559692538361571095921575989136588898"
const done = { SequenceNumber: number, ShardId: "shardId-000000000000" }
const failed = { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded for shard" }

/** A value as one encoding has it. */
const encode = {
  json: (value: unknown): Buffer => Buffer.from(JSON.stringify(value)),
  cbor: (value: unknown): Buffer => Buffer.from(cbor.serialize(value))
}

const ours = { json: ResultsJson, cbor: ResultsCbor }

/** What the SDK's own decoder and its watch make of an answer; undefined where they refuse it. */
const bySdk = (encoding: "json" | "cbor") => {
  const { answering, sdk } = clientOf(encoding)
  Answers.watch(sdk, { mayBeEmpty: true })
  const attempt = async <A>(bytes: Uint8Array, call: () => Promise<A>): Promise<A | undefined> => {
    answering([bytes])
    return await call().catch(() => undefined)
  }
  return {
    /** Of as many records as the answer has results, so that their number is not what is refused. */
    putRecords: (bytes: Uint8Array) =>
      attempt(bytes, async () => {
        const output = await sdk.send(new PutRecordsCommand({ StreamName: "orders", Records: [] }))
        const records = (output.Records ?? []).map(() => entry)
        return toPutRecordsResponse(output, { stream: "orders", records }).records
      }),
    putRecord: (bytes: Uint8Array) =>
      attempt(bytes, async () =>
        toPutRecordResponse(
          await sdk.send(new PutRecordCommand({ StreamName: "orders", Data: entry.data, PartitionKey: "k" }))
        ))
  }
}

const sdks = { json: bySdk("json"), cbor: bySdk("cbor") }

/** What is decoded here is what the SDK makes of it. Returns whether it is. */
const agrees = async (encoding: "json" | "cbor", bytes: Uint8Array): Promise<boolean> => {
  const body = Buffer.from(bytes)
  const results = ours[encoding].ofPutRecords(body)
  if (results !== undefined) assert.deepStrictEqual(results, await sdks[encoding].putRecords(bytes))
  const result = ours[encoding].ofPutRecord(body)
  if (result !== undefined) assert.deepStrictEqual(result, await sdks[encoding].putRecord(bytes))
  return results !== undefined || result !== undefined
}

const often = <A>(usual: fc.Arbitrary<A>, ...unusual: ReadonlyArray<fc.Arbitrary<A>>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 12, arbitrary: usual }, ...unusual.map((arbitrary) => ({ weight: 1, arbitrary })))

/** The members of an object in any order, those left out that are undefined. */
const shuffled = <A>(
  members: Record<string, fc.Arbitrary<A | undefined>>,
  object: (members: ReadonlyArray<readonly [string, A]>) => A
): fc.Arbitrary<A> =>
  fc.record(members).chain((values) => {
    const present = Object.entries(values).filter((member): member is [string, A] => member[1] !== undefined)
    return fc.shuffledSubarray(present, { minLength: present.length }).map(object)
  })

/** Any answer, made of values of one encoding. */
const anyAnswer = <A>(
  { absent, array, nothing, object, other, text, whole }: {
    readonly absent: fc.Arbitrary<A | undefined>
    readonly nothing: fc.Arbitrary<A | undefined>
    readonly other: fc.Arbitrary<A | undefined>
    readonly text: (texts: fc.Arbitrary<string>) => fc.Arbitrary<A | undefined>
    readonly whole: fc.Arbitrary<A | undefined>
    readonly array: (values: ReadonlyArray<A>) => A
    readonly object: (members: ReadonlyArray<readonly [string, A]>) => A
  }
): fc.Arbitrary<A> => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", "é", "a\"b\\", "\u0000"))
  const written = shuffled({
    SequenceNumber: often(
      text(fc.bigInt({ min: 0n, max: 10n ** 56n }).map(String)),
      absent,
      nothing,
      text(texts),
      other
    ),
    ShardId: often(text(fc.nat(99).map((shard) => `shardId-${shard}`)), absent, nothing, text(texts), other),
    EncryptionType: often(absent, text(fc.constantFrom("NONE", "KMS")), nothing),
    ErrorCode: often(absent, nothing, text(texts)),
    ErrorMessage: often(absent, nothing, text(texts)),
    Unknown: often(absent, other)
  }, object)
  const refused = shuffled({
    ErrorCode: often(
      text(fc.constantFrom("InternalFailure", "ProvisionedThroughputExceededException")),
      nothing,
      other
    ),
    ErrorMessage: often(text(texts), absent, nothing, other),
    ShardId: often(absent, nothing, text(texts))
  }, object)
  const record = fc.oneof({ weight: 3, arbitrary: written }, { weight: 1, arbitrary: refused })
  const answer = shuffled({
    FailedRecordCount: often(whole, absent, nothing, other),
    Records: often(fc.array(record, { maxLength: 5 }).map(array), absent, nothing, other),
    EncryptionType: often(absent, text(fc.constantFrom("NONE", "KMS")), nothing),
    Unknown: often(absent, other),
    __type: often(absent, absent, text(texts), other)
  }, object)
  return fc.oneof({ weight: 3, arbitrary: answer }, { weight: 1, arbitrary: written })
}

const answers: Readonly<Record<"json" | "cbor", fc.Arbitrary<Uint8Array>>> = {
  json: anyAnswer<string>({
    absent: fc.constant(undefined),
    nothing: fc.constant("null"),
    other: fc.jsonValue().map((value) => JSON.stringify(value)),
    text: (texts) => texts.map((value) => JSON.stringify(value)),
    whole: fc.nat().map(String),
    array: (values) => `[${values.join(",")}]`,
    object: (members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`
  }).map((json) => Buffer.from(json)),
  cbor: fc.boolean().chain((sized) =>
    anyAnswer<Cbor.Item>({
      absent: fc.constant(undefined),
      nothing: fc.constant(Cbor.nothing),
      other: fc.oneof(
        fc.nat().map((value) => Cbor.unsigned(value)),
        fc.string().map(Cbor.text),
        fc.double().map(Cbor.double),
        fc.constantFrom(Cbor.array([Cbor.nothing], false), Cbor.map([]), Cbor.tagged(1, Cbor.unsigned(7)))
      ),
      text: (texts) => texts.map(Cbor.text),
      whole: fc.nat().map((value) => Cbor.unsigned(value)),
      array: (values) => Cbor.array(values, sized),
      object: (members) => Cbor.map(members, sized)
    })
  )
}

const whole = {
  FailedRecordCount: 1,
  EncryptionType: "KMS",
  Records: [done, failed, { ...done, EncryptionType: "KMS" }]
}

describe.each(["json", "cbor"] as const)("results of writes in %s", (encoding) => {
  const { ofPutRecord, ofPutRecords } = ours[encoding]

  it("are read as AWS sends them: where a record was written, or why it was refused", () => {
    const written = { shardId: done.ShardId, sequenceNumber: number }
    assert.deepStrictEqual(ofPutRecords(encode[encoding](whole)), [
      written,
      { errorCode: failed.ErrorCode, errorMessage: failed.ErrorMessage },
      written
    ])
    assert.deepStrictEqual(ofPutRecords(encode[encoding]({ Records: [] })), [])
    assert.deepStrictEqual(ofPutRecords(encode[encoding]({ Records: [{ ErrorCode: "InternalFailure" }] })), [
      { errorCode: "InternalFailure", errorMessage: "" }
    ])
    assert.deepStrictEqual(ofPutRecord(encode[encoding]({ ...done, EncryptionType: "NONE" })), written)
  })

  it("are left to the SDK where something is missing, or more is said", () => {
    const { SequenceNumber: _, ...numberless } = done
    const results = [numberless, { ...done, ShardId: "" }, { ...done, ShardId: 7 }, 7, null]
    for (const result of results) {
      assert.isUndefined(ofPutRecords(encode[encoding]({ Records: [done, result] })), JSON.stringify(result))
      assert.isUndefined(ofPutRecord(encode[encoding](result)), JSON.stringify(result))
    }
    assert.isUndefined(ofPutRecords(encode[encoding]({ Records: [{ ...done, ErrorCode: "" }] })))
    assert.isUndefined(ofPutRecord(encode[encoding](failed)))
    for (
      const answer of [{}, { Records: null }, { Records: {} }, { ...whole, __type: "InternalFailure" }, [], 7, null]
    ) {
      assert.isUndefined(ofPutRecords(encode[encoding](answer)), JSON.stringify(answer))
    }
    const bytes = encode[encoding](whole)
    for (let end = 0; end < bytes.length; end++) assert.isUndefined(ofPutRecords(bytes.subarray(0, end)))
    assert.isUndefined(ofPutRecords(Buffer.concat([bytes, Buffer.of(0)])))
  })

  it("are what the SDK makes of any answer, or left to it", async () => {
    let decoded = 0
    await fc.assert(
      fc.asyncProperty(answers[encoding], async (answer) => {
        if (await agrees(encoding, answer)) decoded++
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(decoded, 200, "enough answers are decoded here for this to mean something")
  })

  it("are so when bytes are flipped, dropped or cut off", async () => {
    const bytes = encode[encoding](whole)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const flipped = Uint8Array.from(bytes)
        flipped[at]! ^= by
        await agrees(encoding, flipped)
        await agrees(encoding, Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]))
        await agrees(encoding, bytes.subarray(0, at))
      }),
      { numRuns: 500 }
    )
  })
})

describe("results of writes in cbor", () => {
  it("null takes nothing back of what was said before it", async () => {
    const texts = { ...done, ...failed }
    const members = Object.entries(texts).map(([name, value]) => [name, Cbor.text(value)] as const)
    for (const name of Object.keys(texts)) {
      const twice = Cbor.map([...members, [name, Cbor.nothing]])
      const answer = Cbor.map([["Records", Cbor.array([twice])]])
      assert.isTrue(await agrees("cbor", answer), name)
      assert.deepStrictEqual(ResultsCbor.ofPutRecords(Buffer.from(answer)), [
        { errorCode: failed.ErrorCode, errorMessage: failed.ErrorMessage }
      ])
    }
    const written = Object.entries(done).map(([name, value]) => [name, Cbor.text(value)] as const)
    for (const name of Object.keys(done)) {
      assert.isTrue(await agrees("cbor", Cbor.map([...written, [name, Cbor.nothing]])), name)
    }
  })
})
