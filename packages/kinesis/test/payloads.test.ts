import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, FastCheck as fc, Metric, Schema, Stream } from "effect"
import { KinesisMetrics, RecordDecoder } from "effect-kinesis"
import * as Zlib from "node:zlib"
import { outcomesOf, recordOf, sequences } from "./support/decoding.js"

const either = { onInvalid: "either" } as const
const anything = Schema.Unknown
const decoders = {
  json: RecordDecoder.json(anything, either),
  ndjson: RecordDecoder.ndjson(anything, either),
  jsonSequence: RecordDecoder.jsonSequence(anything, either),
  auto: RecordDecoder.auto(anything, either)
}
const encoder = new TextEncoder()
const bytesOf = (...parts: ReadonlyArray<string | Uint8Array>) =>
  new Uint8Array(Buffer.concat(parts.map((part) => typeof part === "string" ? encoder.encode(part) : part)))
const isError = (outcome: unknown): boolean => typeof outcome === "object" && outcome !== null && "error" in outcome
const sequenceDecoders = ["jsonSequence", "auto"] as const

describe("payloads", () => {
  describe("JSON values one after the other", () => {
    const events = [{ id: 1, text: "}{\"\\" }, { id: 2, list: [] }, { id: 3 }]
    const wide = (value: unknown) => JSON.stringify(value, null, 2)
    const kinds: ReadonlyArray<readonly [kind: string, text: string]> = [
      ["with nothing between them", events.map((event) => JSON.stringify(event)).join("")],
      ["pretty-printed, with nothing between them", events.map(wide).join("")],
      ["pretty-printed, on lines", events.map(wide).join("\n")],
      ["with record separators", events.map((event) => `\x1e${JSON.stringify(event)}\n`).join("")],
      ["pretty-printed, with record separators", events.map((event) => `\x1e${wide(event)}\n`).join("")],
      ["each with a byte order mark", events.map((event) => `\ufeff${JSON.stringify(event)}\n`).join("")],
      ["with blanks", events.map((event) => JSON.stringify(event)).join(" \t ")]
    ]
    for (const name of sequenceDecoders) {
      for (const [kind, text] of kinds) {
        it.effect(`${name} gives them, ${kind}`, () =>
          Effect.gen(function*() {
            assert.deepStrictEqual(yield* outcomesOf(decoders[name], text), events)
          }))
      }

      it.effect.prop(
        `${name} gives any values in any style`,
        [sequences],
        ([{ text, values }]) =>
          Effect.gen(function*() {
            assert.deepStrictEqual(yield* outcomesOf(decoders[name], text), values)
          })
      )

      it.effect.prop(
        `${name} keeps the whole ones before any cut`,
        [sequences, fc.nat()],
        ([{ text }, nat]) =>
          Effect.gen(function*() {
            const bytes = encoder.encode(text)
            const end = nat % (bytes.length + 1)
            const whole = yield* outcomesOf(decoders[name], text)
            const cut = yield* outcomesOf(decoders[name], bytes.subarray(0, end))
            const kept = cut.filter((outcome) => !isError(outcome))
            const sure = kept.slice(0, -1)
            assert.deepStrictEqual(sure, whole.slice(0, sure.length))
            assert.isAtMost(cut.length - kept.length, 1)
          })
      )

      it.effect(`${name} tells where a bad one begins, and goes on behind it`, () =>
        Effect.gen(function*() {
          const of = (data: string | Uint8Array) => outcomesOf(decoders[name], data)
          assert.deepStrictEqual(yield* of("{\"a\":1}{a:2}[3]"), [{ a: 1 }, { error: "not JSON at byte 7" }, [3]])
          assert.deepStrictEqual(yield* of("{\"a\":1},{\"b\":2}"), [{ a: 1 }, { error: "not JSON at byte 7" }, {
            b: 2
          }])
          assert.deepStrictEqual(yield* of("{\"a\":1}{\"b\":"), [
            { a: 1 },
            { error: "not JSON but cut off at byte 7" }
          ])
          assert.deepStrictEqual(yield* of("\x1e{\"b\":\x1e[3]"), [{ error: "not JSON but cut off at byte 1" }, [3]])
          assert.deepStrictEqual(yield* of(bytesOf("[1]", "\"", new Uint8Array([0xff]), "\"[3]")), [
            [1],
            { error: "not UTF-8 at byte 3" },
            [3]
          ])
          assert.deepStrictEqual(yield* of("no JSON at all"), [{ error: "not JSON" }])
        }))

      it.effect(`${name} takes a time that grows with the bytes, whatever they are`, () =>
        Effect.gen(function*() {
          const size = 512 * 1024
          const open = ["[", "{\"a\":", "[\n", "[\"\n", "{\"a\":[\n "].map((text) => text.repeat(size / text.length))
          for (const text of [...open, "\\".repeat(size), "}".repeat(size), `"${"\\\"".repeat(size / 2)}`]) {
            assert.strictEqual((yield* outcomesOf(decoders[name], text)).length, 1)
          }
        }))
    }

    it.effect("each value is checked by the schema on its own", () =>
      Effect.gen(function*() {
        const decode = RecordDecoder.jsonSequence(Schema.Struct({ id: Schema.Number }), either)
        const [first, second, third] = yield* outcomesOf(decode, "{\"id\":1}{\"id\":\"2\"}{\"id\":3}")
        assert.deepStrictEqual([first, third], [{ id: 1 }, { id: 3 }])
        assert.isTrue(isError(second))
      }))

    it.effect("json takes one value, no second", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* outcomesOf(decoders.json, "{}{}"), [{ error: "not JSON" }])
      }))
  })

  describe("lines", () => {
    it.effect("a byte order mark may stand before any line", () =>
      Effect.gen(function*() {
        for (const name of ["ndjson", "auto"] as const) {
          assert.deepStrictEqual(yield* outcomesOf(decoders[name], "\ufeff{}\n\ufeff[1]\r\n\ufeff\n2"), [{}, [1], 2])
        }
        assert.deepStrictEqual(yield* outcomesOf(decoders.json, "\ufeff{}"), [{}])
      }))

    it.effect("a line that is not UTF-8 costs no other", () =>
      Effect.gen(function*() {
        for (const name of ["ndjson", "auto"] as const) {
          const outcomes = yield* outcomesOf(decoders[name], bytesOf("[1]\n\"", new Uint8Array([0xff]), "\"\n[3]"))
          assert.deepStrictEqual([outcomes[0], isError(outcomes[1]), outcomes[2]], [[1], true, [3]])
        }
      }))

    it.effect("auto: a line that is cut off costs no other, a cut value of several lines gives nothing from inside", () =>
      Effect.gen(function*() {
        const of = (text: string) => outcomesOf(decoders.auto, text)
        assert.deepStrictEqual(yield* of("{\"a\":1}\n{\"b\":\n{\"c\":3}\n{\"d\":\"\n[5][6]"), [
          { a: 1 },
          { error: "not JSON but cut off" },
          { c: 3 },
          { error: "not JSON but cut off" },
          [5],
          [6]
        ])
        const list = JSON.stringify([{ a: 1 }, { b: [{}] }], null, 2)
        assert.deepStrictEqual(yield* of(`{}\n${list.slice(0, -1)}`), [{}, {
          error: "not JSON but cut off at byte 3"
        }])
        assert.deepStrictEqual(yield* of("[\n{\"a\":1},\n{\"b\":2}\n"), [{ error: "not JSON but cut off" }])
        assert.deepStrictEqual(yield* of("{}\nno JSON at all\n[1]"), [{}, { error: "not JSON at byte 3" }, [1]])
      }))
  })

  describe("empty records", () => {
    const counter = KinesisMetrics.emptyRecords.pipe(
      Metric.tagged("stream", "orders"),
      Metric.tagged("shard", "shardId-000000000007")
    )
    const counted = Effect.map(Metric.value(counter), (state) => state.count)

    it.effect("give nothing where there may be several values, and are counted", () =>
      Effect.gen(function*() {
        for (const name of ["ndjson", "jsonSequence", "auto"] as const) {
          for (const text of ["", "\n", " \r\n\ufeff"]) {
            const before = yield* counted
            assert.isEmpty(yield* outcomesOf(decoders[name], text), name)
            assert.strictEqual(yield* counted, before + 1)
          }
        }
        const before = yield* counted
        assert.isEmpty(yield* outcomesOf(decoders.auto, new Uint8Array(Zlib.gzipSync(""))))
        assert.isNotEmpty(yield* outcomesOf(decoders.auto, "{}"))
        assert.strictEqual(yield* counted, before + 1)
      }))

    it.effect("are an error where there is one value", () =>
      Effect.gen(function*() {
        const before = yield* counted
        assert.deepStrictEqual(yield* outcomesOf(decoders.json, ""), [{ error: "not JSON" }])
        assert.strictEqual(yield* counted, before)
      }))
  })

  describe("compressed", () => {
    const text = "{\"id\":1}"
    const formats = [
      ["gzip", RecordDecoder.gzip, Zlib.gzipSync],
      ["zlib", RecordDecoder.zlib, Zlib.deflateSync],
      ["deflate", RecordDecoder.deflate, Zlib.deflateRawSync]
    ] as const
    const inflate = (decoder: typeof RecordDecoder.gzip, data: Uint8Array, maxInflatedBytes?: number) =>
      Stream.make(recordOf(data)).pipe(
        decoder({ maxInflatedBytes }),
        Stream.runCollect,
        Effect.map((records) => new TextDecoder().decode(Chunk.unsafeHead(records).data))
      )

    for (const [name, decoder, compress] of formats) {
      it.effect(`${name} inflates, and refuses what is none, cut short, too large, or followed by more`, () =>
        Effect.gen(function*() {
          const data = new Uint8Array(compress(text))
          assert.strictEqual(yield* inflate(decoder, data), text)
          assert.strictEqual(yield* inflate(decoder, data, text.length), text)
          const refused = (given: Uint8Array, limit?: number) =>
            Effect.map(Effect.flip(inflate(decoder, given, limit)), (error) => {
              assert.strictEqual(error.data, given)
              return error.description
            })
          assert.strictEqual(yield* refused(data, 7), "more than 7 bytes when inflated")
          for (const none of [new Uint8Array(), bytesOf("plain"), data.subarray(0, -1), data.subarray(0, 3)]) {
            assert.strictEqual(yield* refused(none), `not ${name}`)
          }
          for (const tail of [[0], [0, 0, 0], [0x1f], [0x1f, 0x8b], [10], [...encoder.encode("tail")]]) {
            const told = `${tail.length} ${tail.length === 1 ? "byte" : "bytes"} behind the ${name} data`
            assert.strictEqual(yield* refused(bytesOf(data, Uint8Array.from(tail))), told)
          }
        }))
    }

    it.effect("gzip reads members one after the other, and tells of one that is cut", () =>
      Effect.gen(function*() {
        const data = new Uint8Array(Zlib.gzipSync(text))
        assert.strictEqual(yield* inflate(RecordDecoder.gzip, bytesOf(data, data)), text + text)
        const cut = bytesOf(data, data.subarray(0, 15))
        assert.strictEqual(
          (yield* Effect.flip(inflate(RecordDecoder.gzip, cut))).description,
          "15 bytes behind the gzip data"
        )
      }))

    it.effect("gzip finds its end behind each field that a header may have", () =>
      Effect.gen(function*() {
        const body = Zlib.gzipSync(text).subarray(10)
        for (let flags = 0; flags < 32; flags++) {
          const header = [0x1f, 0x8b, 8, flags & ~2, 0, 0, 0, 0, 0, 3]
          if (flags & 4) header.push(3, 0, 1, 2, 3)
          if (flags & 8) header.push(0x61, 0)
          if (flags & 16) header.push(0x62, 0x63, 0)
          const data = bytesOf(Uint8Array.from(header), body)
          assert.strictEqual(yield* inflate(RecordDecoder.gzip, data), text)
          const { description } = yield* Effect.flip(inflate(RecordDecoder.gzip, bytesOf(data, "tail")))
          assert.strictEqual(description, "4 bytes behind the gzip data")
        }
      }))

    it.effect("auto knows zlib of every level by its first two bytes, and takes no text for it", () =>
      Effect.gen(function*() {
        for (const level of [0, 1, 2, 5, 6, 7, 9]) {
          const data = new Uint8Array(Zlib.deflateSync("{\"id\":1}[2]", { level }))
          assert.deepStrictEqual(yield* outcomesOf(decoders.auto, data), [{ id: 1 }, [2]])
        }
        const zlib = new Uint8Array(Zlib.deflateSync(text))
        assert.deepStrictEqual(yield* outcomesOf(decoders.auto, bytesOf(zlib, "tail")), [
          { error: "4 bytes behind the zlib data" }
        ])
        for (const plain of ["x", "xyz", "x\x00"]) {
          assert.deepStrictEqual(yield* outcomesOf(decoders.auto, plain), [{ error: "not JSON" }])
        }
      }))

    it.effect("auto reads what is in any of them in any way", () =>
      Effect.gen(function*() {
        for (const compress of [Zlib.gzipSync, Zlib.deflateSync]) {
          for (const inside of ["{}\n[1]\n2", "{}[1]2", "\x1e{}\n\x1e[1]\n\x1e2\n"]) {
            assert.deepStrictEqual(yield* outcomesOf(decoders.auto, new Uint8Array(compress(inside))), [{}, [1], 2])
          }
        }
      }))
  })

  describe("CloudWatch Logs", () => {
    const decode = RecordDecoder.cloudWatchLogs(either)
    const delivery = {
      messageType: "DATA_MESSAGE",
      owner: "123456789012",
      logGroup: "group",
      logStream: "stream",
      subscriptionFilters: ["filter"],
      policyLevel: "ACCOUNT_LEVEL_POLICY",
      logEvents: [
        { id: "1", timestamp: 10, message: "a", extractedFields: { status: "404", bytes: 7, ok: false, none: null } },
        { id: "2", timestamp: 20, message: "b" }
      ]
    }
    const place = { owner: "123456789012", logGroup: "group", logStream: "stream" }
    const more = { policyLevel: "ACCOUNT_LEVEL_POLICY", subscriptionFilters: ["filter"] }
    const zipped = (...texts: ReadonlyArray<string>) => new Uint8Array(Zlib.gzipSync(texts.join("")))
    const events = delivery.logEvents.map((event) => ({ ...event, ...place, ...more }))

    it.effect("hands on what the delivery says of its filter and its events' fields", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* outcomesOf(decode, zipped(JSON.stringify(delivery))), events)
      }))

    it.effect("leaves out what the delivery does not say", () =>
      Effect.gen(function*() {
        for (const absent of [undefined, null]) {
          const short = {
            ...delivery,
            policyLevel: absent,
            subscriptionFilters: absent,
            logEvents: [{ ...delivery.logEvents[1], extractedFields: absent }]
          }
          const [event] = yield* outcomesOf(decode, zipped(JSON.stringify(short)))
          assert.deepStrictEqual(event, { id: "2", timestamp: 20, message: "b", ...place })
        }
      }))

    it.effect("reads deliveries one after the other, in one member or several, up to one that is cut", () =>
      Effect.gen(function*() {
        const text = JSON.stringify(delivery)
        const control = JSON.stringify({ messageType: "CONTROL_MESSAGE" })
        for (const data of [zipped(text, control, text), bytesOf(zipped(text), zipped(control, "\n"), zipped(text))]) {
          assert.deepStrictEqual(yield* outcomesOf(decode, data), [...events, ...events])
        }
        const cut = yield* outcomesOf(decode, zipped(text, "{}", text.slice(0, -1)))
        assert.deepStrictEqual(cut, [
          ...events,
          { error: "not a delivery of CloudWatch Logs" },
          { error: `not JSON but cut off at byte ${text.length + 2}` }
        ])
      }))

    it.effect("a place, level, filter or field of another kind is no delivery", () =>
      Effect.gen(function*() {
        const hostile = { toString: 1 }
        const withField = (extractedFields: unknown) => [{ ...delivery.logEvents[0], extractedFields }]
        for (
          const wrong of [
            { owner: undefined },
            { logGroup: hostile },
            { logStream: 7 },
            { policyLevel: hostile },
            { subscriptionFilters: "filter" },
            { subscriptionFilters: [hostile] },
            { logEvents: withField([]) },
            { logEvents: withField("status") },
            { logEvents: withField({ status: hostile }) }
          ]
        ) {
          const data = zipped(JSON.stringify({ ...delivery, ...wrong }))
          assert.deepStrictEqual(yield* outcomesOf(decode, data), [{ error: "not a delivery of CloudWatch Logs" }])
        }
        assert.deepStrictEqual(yield* outcomesOf(decode, zipped("")), [{ error: "not a delivery of CloudWatch Logs" }])
      }))
  })

  describe("another parser", () => {
    const parse = (text: string): unknown => text === "[0]" ? assert.fail("no zero") : `read ${text}`
    const options = { ...either, parse }

    it.effect("reads each value, and what it throws is that value's error", () =>
      Effect.gen(function*() {
        const zero = { error: "the parser threw: no zero" }
        assert.deepStrictEqual(yield* outcomesOf(RecordDecoder.json(anything, options), "[0]"), [zero])
        assert.deepStrictEqual(yield* outcomesOf(RecordDecoder.ndjson(anything, options), "1\n[0]\n3"), [
          "read 1",
          zero,
          "read 3"
        ])
        for (const decoder of [RecordDecoder.jsonSequence, RecordDecoder.auto]) {
          const strict = { ...either, parse: (text: string): unknown => JSON.parse(text) }
          assert.deepStrictEqual(yield* outcomesOf(decoder(anything, strict), "[1] 2"), [[1], 2])
        }
      }))

    it.effect("exactJson gives integers exact, or a schema of numbers refuses them", () =>
      Effect.gen(function*() {
        const text = "{\"id\":9007199254740993}"
        const of = <A, I>(id: Schema.Schema<A, I>) =>
          outcomesOf(
            RecordDecoder.json(Schema.Struct({ id }), { ...either, parse: RecordDecoder.exactJson }),
            text
          )
        assert.deepStrictEqual(yield* of(Schema.Union(Schema.Int, Schema.BigIntFromSelf)), [{ id: 9007199254740993n }])
        assert.isTrue(isError((yield* of(Schema.Number))[0]))
      }))
  })
})
