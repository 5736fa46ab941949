import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { KinesisRecord } from "effect-kinesis"
import * as Records from "../src/Records.js"

const recordOf = (data: Uint8Array | string, more: Partial<KinesisRecord.KinesisRecord> = {}) => ({
  stream: "orders",
  shardId: "shardId-000000000001",
  sequenceNumber: "496",
  partitionKey: "customer-1",
  approximateArrivalTimestamp: new Date(1_500),
  data: typeof data === "string" ? new TextEncoder().encode(data) : data,
  ...more
})

describe("Records", () => {
  it("prints JSON as it was written, text as a string, and other bytes in base64", () => {
    const head =
      "{\"v\":1,\"stream\":\"orders\",\"shard\":\"shardId-000000000001\",\"seq\":\"496\",\"key\":\"customer-1\",\"time\":1500,"
    assert.strictEqual(
      Records.toJson(recordOf("{\n  \"id\": 12345678901234567890\n}")),
      `${head}"encoding":"json","data":{   "id": 12345678901234567890 }}`
    )
    assert.strictEqual(Records.toJson(recordOf("a kettle")), `${head}"encoding":"utf8","data":"a kettle"}`)
    assert.strictEqual(Records.toJson(recordOf(Uint8Array.of(255, 0))), `${head}"encoding":"base64","data":"/wA="}`)
  })

  it("controls of a terminal are escaped, in text and within JSON alike", () => {
    for (const text of ["\u009b2J", "\"\u009b2J\"", "\u001b[2J"]) {
      const line = Records.toJson(recordOf(text, { partitionKey: text }))
      assert.notMatch(line, /\p{Cc}/u)
      assert.strictEqual(JSON.parse(line).key, text)
    }
  })

  it("any record is one line of JSON that moves no cursor, and its bytes are in it", () => {
    const data = fc.oneof(
      fc.uint8Array(),
      fc.fullUnicodeString().map((text) => new TextEncoder().encode(text)),
      fc.json().map((text) => new TextEncoder().encode(text))
    )
    fc.assert(fc.property(data, fc.fullUnicodeString(), fc.option(fc.nat(), { nil: undefined }), (data, key, sub) => {
      const line = Records.toJson(recordOf(data, { partitionKey: key, subSequenceNumber: sub }))
      assert.notMatch(line, /\p{Cc}/u)
      const parsed = JSON.parse(line)
      assert.strictEqual(parsed.key, key)
      assert.strictEqual(parsed.sub, sub)
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data)
      if (parsed.encoding === "base64") assert.deepStrictEqual(new Uint8Array(Buffer.from(parsed.data, "base64")), data)
      if (parsed.encoding === "utf8") assert.strictEqual(parsed.data, text)
      if (parsed.encoding === "json") assert.deepStrictEqual(parsed.data, JSON.parse(text))
    }))
  })

  it("prints the data alone: its bytes into a pipe, harmless text on a terminal, nothing if nothing is asked for", () => {
    const records = [recordOf("a\u001b[2J"), recordOf("b")]
    assert.strictEqual(String(Records.print(records, "raw", false)), "a\u001b[2J\nb\n")
    assert.strictEqual(String(Records.print(records, "raw", true)), "a␛[2J\nb\n")
    assert.isUndefined(Records.print(records, "none", false))
    assert.isUndefined(Records.print([], "json", false))
    assert.strictEqual(String(Records.print(records, "json", false)).split("\n").length, 3)
  })
})
