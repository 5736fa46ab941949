import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Effect, Either, FastCheck as fc, ParseResult, Schema, Stream } from "effect"
import { KinesisError, type KinesisRecord, RecordDecoder, RecordEncoder, SchemaCompiler } from "effect-kinesis"
import * as Zlib from "node:zlib"
import * as Encoders from "../src/internal/encode/encoders.js"
import { recordOf } from "./support/decoding.js"

class Order extends Schema.Class<Order>("Order")({
  id: Schema.NumberFromString,
  customer: Schema.NonEmptyString,
  placed: Schema.Date,
  note: Schema.optional(Schema.String)
}) {}

/** To `JSON.stringify` it is something else. */
class Money {
  toJSON() {
    return "5 €"
  }
}

const order = new Order({ id: 7, customer: "ann", placed: new Date("2026-11-26T00:00:00.000Z") })
const byCustomer = { partitionKey: ({ customer }: Order) => customer }

/** What an encoder makes of a value at once. */
const entryOf = <A>(encoder: RecordEncoder.Encoder<A>, value: A) => {
  const encoded = encoder.encodeRecord(value)
  assert.isTrue("data" in encoded, String(encoded))
  return encoded as Exclude<typeof encoded, KinesisError.EncodeError | Effect.Effect<unknown, unknown>>
}

const errorOf = <A, R>(encoder: RecordEncoder.Encoder<A, R>, value: A): KinesisError.EncodeError => {
  const encoded = encoder.encodeRecord(value)
  assert.instanceOf(encoded, KinesisError.EncodeError)
  return encoded
}

const textOf = (data: Uint8Array): string => new TextDecoder().decode(data)

/** What a decoder reads in the bytes of a record. */
const readBy = <A>(decoder: RecordDecoder.Decoder<A, unknown>, data: Uint8Array) =>
  Effect.runSync(Effect.map(Stream.runCollect(decoder(Stream.make(recordOf(data)))), Chunk.toReadonlyArray))

const valueBy = <A>(decoder: RecordDecoder.Decoder<RecordDecoder.Decoded<A>, unknown>, data: Uint8Array): A =>
  readBy(decoder, data)[0]!.value

describe("RecordEncoder.json", () => {
  it("writes the encoded side, and takes the keys of the value itself", () => {
    const encoder = RecordEncoder.json(Order, {
      partitionKey: (value) => `${value.placed.getUTCFullYear()}`,
      explicitHashKey: (value) => String(2n ** 127n + BigInt(value.id))
    })
    const { data, explicitHashKey, partitionKey } = entryOf(encoder, order)
    assert.strictEqual(textOf(data), `{"id":"7","customer":"ann","placed":"2026-11-26T00:00:00.000Z"}`)
    assert.strictEqual(partitionKey, "2026")
    assert.strictEqual(explicitHashKey, "170141183460469231731687303715884105735")
  })

  it("writes the same with the schema compiled and without", () => {
    for (const compile of [true, false]) {
      const { data } = entryOf(RecordEncoder.json(Order, { ...byCustomer, compile }), order)
      assert.deepStrictEqual(valueBy(RecordDecoder.json(Order), data), order)
    }
  })

  it("leaves out keys that are none, and an explicit hash key that is left to the partition key", () => {
    const without = RecordEncoder.json(Order, { partitionKey: undefined })
    assert.isUndefined(entryOf(without, order).partitionKey)
    const unsure = RecordEncoder.json(Order, { ...byCustomer, explicitHashKey: () => undefined })
    assert.isUndefined(entryOf(unsure, order).explicitHashKey)
  })

  it("W41 what the schema refuses is an EncodeError with the value; other values are encoded all the same", () => {
    const encoder = RecordEncoder.json(Order, byCustomer)
    const bad = { ...order, id: "seven", customer: "" } as unknown as Order
    const encoded = [order, bad, order].map((value) => encoder.encodeRecord(value))
    assert.deepStrictEqual(encoded.map((each) => each instanceof KinesisError.EncodeError), [false, true, false])
    const error = encoded[1] as KinesisError.EncodeError
    assert.strictEqual(error.value, bad)
    assert.strictEqual(error.field, "data")
    assert.include(error.message, "no record, invalid data: ")
  })

  it.effect("encodes by a schema that needs an effect, and by one that needs a service", () =>
    Effect.gen(function*() {
      const Slow = Schema.transformOrFail(Schema.String, Schema.Number, {
        strict: true,
        decode: (text) => Effect.as(Effect.yieldNow(), Number(text)),
        encode: (value, _, ast) =>
          Effect.zipRight(
            Effect.yieldNow(),
            value < 0 ? ParseResult.fail(new ParseResult.Type(ast, value, "too cold")) : Effect.succeed(`${value} °C`)
          )
      })
      const encoder = RecordEncoder.json(Slow, { partitionKey: String }).pipe(RecordEncoder.gzip())
      const written = encoder.encodeRecord(20)
      assert.isTrue(Effect.isEffect(written))
      const { data, partitionKey } = yield* written as Effect.Effect<KinesisRecord.KinesisRecord>
      assert.strictEqual(textOf(Zlib.gunzipSync(data)), `"20 °C"`)
      assert.strictEqual(partitionKey, "20")
      const error = yield* Effect.flip(encoder.encodeRecord(-1) as Effect.Effect<never, KinesisError.EncodeError>)
      assert.strictEqual(error.description, "too cold")
      assert.strictEqual(error.value, -1)
    }))

  const formless: ReadonlyArray<readonly [value: unknown, told: string]> = [
    [NaN, "the encoded value is NaN, which has no form in JSON"],
    [{ total: -Infinity }, "total is -Infinity, which has no form in JSON"],
    [{ lines: [{ price: 1 }, { price: NaN }] }, "lines.1.price is NaN, which has no form in JSON"],
    [[1, undefined], "1 is undefined, which has no form in JSON"],
    [undefined, "the encoded value is undefined, which has no form in JSON"],
    [{ f: () => 1 }, "f is a function, which has no form in JSON"],
    [{ at: new Date(0) }, "at is of class Date, which has no form in JSON; Schema.Date encodes one as text"],
    [{ price: new Money() }, "price is of class Money, which has no form in JSON"],
    [{ at: new Map([["a", 1]]) }, "at is of class Map, which has no form in JSON"],
    [{ [Symbol.for("a")]: 1 }, "the encoded value is an object, which has no form in JSON"],
    [
      new Uint8Array(2),
      "the encoded value is of class Uint8Array, which has no form in JSON; Schema.Uint8ArrayFromBase64 encodes bytes as text"
    ],
    [
      { id: 5n },
      "id is a bigint, which has no form in JSON; encode it as text, as Schema.BigInt does, or write it with stringify: RecordEncoder.exactJson"
    ]
  ]
  for (const [value, told] of formless) {
    it(`does not write as something else: ${told}`, () => {
      assert.strictEqual(
        errorOf(RecordEncoder.json(Schema.Unknown, { partitionKey: () => "a" }), value).description,
        told
      )
    })
  }

  it("finds numbers that are none where the schema's values are plain, and where they may be null", () => {
    const Reading = Schema.Struct({
      sensor: Schema.NullOr(Schema.String),
      values: Schema.Array(Schema.UndefinedOr(Schema.Number))
    })
    const encoder = RecordEncoder.json(Reading, { partitionKey: () => "a" })
    assert.strictEqual(textOf(entryOf(encoder, { sensor: null, values: [1] }).data), `{"sensor":null,"values":[1]}`)
    assert.strictEqual(
      errorOf(encoder, { sensor: "null", values: [1, Infinity] }).description,
      "values.1 is Infinity, which has no form in JSON"
    )
    assert.include(errorOf(encoder, { sensor: null, values: [undefined] }).description, "values.0 is undefined")
  })

  it("leaves out properties that are undefined, which are read as undefined", () => {
    const Note = Schema.Struct({ text: Schema.UndefinedOr(Schema.String), by: Schema.optional(Schema.String) })
    const { data } = entryOf(RecordEncoder.json(Note, { partitionKey: () => "a" }), { text: undefined, by: undefined })
    assert.strictEqual(textOf(data), "{}")
    assert.deepStrictEqual(valueBy(RecordDecoder.json(Note), data), { text: undefined })
    const anything = RecordEncoder.json(Schema.Unknown, { partitionKey: () => "a" })
    assert.strictEqual(textOf(entryOf(anything, { text: undefined, by: null }).data), "{\"by\":null}")
  })

  it("exactJson writes bigints as integers, and RecordDecoder.exactJson reads them", () => {
    const Id = Schema.Struct({
      id: Schema.Union(Schema.Int, Schema.BigIntFromSelf),
      name: Schema.optional(Schema.String)
    })
    const encoder = RecordEncoder.json(Id, { partitionKey: () => "a", stringify: RecordEncoder.exactJson })
    const { data } = entryOf(encoder, { id: 2n ** 70n, name: undefined })
    assert.strictEqual(textOf(data), "{\"id\":1180591620717411303424}")
    assert.deepStrictEqual(valueBy(RecordDecoder.json(Id, { parse: RecordDecoder.exactJson }), data), { id: 2n ** 70n })
    assert.throws(() => RecordEncoder.exactJson({ a: [{}, { b: NaN }] }), "a.1.b is NaN, which has no form in JSON")
    const exact = fc.jsonValue().chain((value) =>
      fc.bigInt().map((big) => ({ value, big: big < 0n ? big - 2n ** 53n : big + 2n ** 53n }))
    )
    fc.assert(fc.property(exact, fc.double({ noNaN: true, noDefaultInfinity: true }), ({ big, value }, number) => {
      const given = { value: JSON.parse(JSON.stringify(value)) as unknown, big, number: number + 0 }
      assert.deepStrictEqual(RecordDecoder.exactJson(RecordEncoder.exactJson(given)), given)
    }))
  })
})

describe("what a function of a user's throws", () => {
  const thrown = new Error("out of keys")
  const fail = (): never => {
    throw thrown
  }
  const throwing = Schema.transform(Schema.String, Schema.String, { decode: (text) => text, encode: fail })
  const cases: ReadonlyArray<
    readonly [name: string, encoder: RecordEncoder.Encoder<string>, told: string, field: string]
  > = [
    ["a schema", RecordEncoder.json(throwing, { partitionKey: String }), "the schema threw: out of keys", "data"],
    [
      "partitionKey",
      RecordEncoder.json(Schema.String, { partitionKey: fail }),
      "partitionKey threw: out of keys",
      "partitionKey"
    ],
    [
      "explicitHashKey",
      RecordEncoder.utf8({ partitionKey: String, explicitHashKey: fail }),
      "explicitHashKey threw: out of keys",
      "explicitHashKey"
    ],
    [
      "stringify",
      RecordEncoder.json(Schema.String, { partitionKey: String, stringify: fail }),
      "stringify threw: out of keys",
      "data"
    ],
    [
      "contramap",
      RecordEncoder.utf8({ partitionKey: String }).pipe(RecordEncoder.contramap(fail)),
      "contramap threw: out of keys",
      "data"
    ]
  ]
  for (const [name, encoder, told, field] of cases) {
    it(`is an EncodeError of that record: ${name}`, () => {
      const error = errorOf(encoder, "some value")
      assert.strictEqual(error.description, told)
      assert.strictEqual(error.field, field)
      assert.strictEqual(error.value, "some value")
      assert.strictEqual(error.cause, thrown)
    })
  }

  it("may be anything", () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    for (const value of [undefined, null, Symbol("a"), Object.create(null), revoked.proxy]) {
      const encoder = RecordEncoder.utf8({
        partitionKey: () => {
          throw value
        }
      })
      const error = errorOf(encoder, "a")
      assert.match(error.message, /^no record, invalid partitionKey: partitionKey threw: /)
      assert.isString(Cause.pretty(Cause.fail(error), { renderErrorCause: true }))
    }
  })

  it("is not run twice, and what is no text is told", () => {
    const encoder = RecordEncoder.json(Schema.String, { partitionKey: String, stringify: () => undefined as never })
    assert.strictEqual(errorOf(encoder, "a").description, "stringify must return a string, returned undefined")
  })
})

describe("keys", () => {
  const encoder = RecordEncoder.utf8({ partitionKey: (text) => text })
  const wide = "\u{1f600}"

  it("W10 of 1 to 256 characters pass, also of 4 bytes each", () => {
    for (const key of ["a", "a".repeat(256), wide.repeat(256), `${wide.repeat(255)}é`]) {
      assert.strictEqual(entryOf(encoder, key).partitionKey, key)
    }
  })

  it("W10 others are an EncodeError, before anything is sent", () => {
    const mustBe = "must be a string of 1 to 256 characters, was"
    const wrong: ReadonlyArray<readonly [key: unknown, told: string]> = [
      ["", `${mustBe} one of 0`],
      ["a".repeat(257), `${mustBe} one of 257`],
      [wide.repeat(257), `${mustBe} one of 257`],
      ["a".repeat(1000), `${mustBe} one of 1000`],
      [undefined, `${mustBe} undefined`],
      [7, `${mustBe} a number`],
      [null, `${mustBe} null`],
      [{}, `${mustBe} an object`],
      ["\ud83d", "must have a form in UTF-8, has half of a surrogate pair"]
    ]
    for (const [key, told] of wrong) {
      const byKey = RecordEncoder.json(Schema.Unknown, { partitionKey: () => key as string })
      for (
        const error of [
          errorOf(byKey, 1),
          ...key === undefined
            ? []
            : [errorOf(RecordEncoder.bytes, { data: new Uint8Array(), partitionKey: key as string })]
        ]
      ) {
        assert.strictEqual(error.field, "partitionKey")
        assert.strictEqual(error.description, told)
      }
    }
  })

  it("an explicit hash key is a decimal below 2^128", () => {
    const most = String(2n ** 128n - 1n)
    const by = (explicitHashKey: string) =>
      [
        RecordEncoder.utf8({ partitionKey: () => "a", explicitHashKey: () => explicitHashKey }).encodeRecord(""),
        RecordEncoder.bytes.encodeRecord({ data: new Uint8Array(), partitionKey: "a", explicitHashKey })
      ] as const
    for (const key of ["0", "1", most]) {
      for (const entry of by(key)) assert.propertyVal(entry, "explicitHashKey", key)
    }
    for (const key of [String(2n ** 128n), "-1", "", "0x1", "1e3", 7, 7n, null]) {
      for (const error of by(key as string)) {
        assert.instanceOf(error, KinesisError.EncodeError)
        assert.strictEqual(error.field, "explicitHashKey")
        assert.include(error.description, "must be a decimal from 0 to 2^128 - 1 as a string, was ")
      }
    }
  })
})

describe("RecordEncoder.bytes and utf8", () => {
  it("bytes are handed on as they are, and nothing is copied", () => {
    const entry = { data: new Uint8Array([1, 2]), partitionKey: "a", explicitHashKey: "7" }
    assert.strictEqual(RecordEncoder.bytes.encodeRecord(entry), entry)
  })

  it("what are no bytes is an EncodeError", () => {
    for (const data of ["text", [1, 2], undefined, new ArrayBuffer(2)]) {
      const error = errorOf(RecordEncoder.bytes, { data: data as never, partitionKey: "a" })
      assert.include(error.description, "must be a Uint8Array, was ")
    }
    for (const entry of [undefined, null, 5]) {
      assert.strictEqual(errorOf(RecordEncoder.bytes, entry as never).field, "data")
    }
  })

  it("a text that has no form in UTF-8 is an EncodeError", () => {
    const encoder = RecordEncoder.utf8({ partitionKey: () => "a" })
    assert.strictEqual(
      errorOf(encoder, "half of \ud83d").description,
      "must have a form in UTF-8, has half of a surrogate pair"
    )
    assert.strictEqual(errorOf(encoder, 5 as never).description, "must be a string, was a number")
  })
})

describe("compression", () => {
  const text = RecordEncoder.utf8({ partitionKey: () => "a" })

  it("atLeast leaves smaller records as they are, unless they begin like compressed ones", () => {
    const encoder = RecordEncoder.bytes.pipe(RecordEncoder.gzip({ atLeast: 100 }))
    const written = (data: Uint8Array) => entryOf(encoder, { data, partitionKey: "a" }).data
    const small = new Uint8Array(99)
    assert.strictEqual(written(small), small)
    assert.deepStrictEqual([...written(new Uint8Array(100)).subarray(0, 2)], [0x1f, 0x8b])
    const like = new Uint8Array([0x1f, 0x8b, 0, 0])
    assert.deepStrictEqual(new Uint8Array(Zlib.gunzipSync(written(like))), like)
    const all = entryOf(RecordEncoder.bytes.pipe(RecordEncoder.gzip()), { data: new Uint8Array(), partitionKey: "a" })
    assert.strictEqual(Zlib.gunzipSync(all.data).length, 0)
  })

  it("level decides how hard it tries", () => {
    const long = Array.from({ length: 2_000 }, (_, i) => `${i * i}`).join()
    const sizes = [0, 1, 9].map((level) => entryOf(text.pipe(RecordEncoder.gzip({ level })), long).data.length)
    assert.isTrue(sizes[0]! > sizes[1]! && sizes[1]! > sizes[2]!, String(sizes))
  })

  it("a value that cannot be encoded is not compressed, and keeps its error", () => {
    const encoder = RecordEncoder.json(Schema.Number, { partitionKey: () => "a" }).pipe(RecordEncoder.gzip())
    assert.deepStrictEqual(errorOf(encoder, NaN).value, NaN)
  })

  it("an encoder that is made of one with wrong options has its fault, which a producer asks for", () => {
    const wrong = RecordEncoder.utf8({ partitionKey: "id" as never })
    const made = [wrong.pipe(RecordEncoder.gzip()), wrong.pipe(RecordEncoder.contramap(String))]
    for (const encoder of [wrong, ...made]) assert.strictEqual(Encoders.faultOf(encoder)?.field, "partitionKey")
    assert.isUndefined(Encoders.faultOf(text.pipe(RecordEncoder.gzip())))
  })

  const zstdCompressSync = (Zlib as { readonly zstdCompressSync?: unknown }).zstdCompressSync
  it("zstd where Node has it, else an option that is wrong when it is made", () => {
    const encoder = text.pipe(RecordEncoder.zstd({ level: 19 }))
    if (zstdCompressSync === undefined) {
      const fault = Encoders.faultOf(encoder)!
      assert.strictEqual(fault._tag, "InvalidArgument")
      assert.include(fault.message, `needs Node 22.15 or later, this is ${process.version}; use gzip`)
      assert.include(errorOf(encoder, "a").description, "needs Node 22.15 or later")
    } else {
      const both = RecordDecoder.zstd().pipe(RecordDecoder.compose(RecordDecoder.utf8()))
      assert.strictEqual(valueBy(both, entryOf(encoder, "a").data), "a")
    }
  })
})

describe("RecordEncoder.contramap", () => {
  it("encodes what the function makes, and errors have what it was given", () => {
    const encoder = RecordEncoder.json(Schema.Number, { partitionKey: (value) => `k${value}` }).pipe(
      RecordEncoder.contramap((given: { readonly celsius: number }) => given.celsius)
    )
    const { data, partitionKey } = entryOf(encoder, { celsius: 20 })
    assert.strictEqual(textOf(data), "20")
    assert.strictEqual(partitionKey, "k20")
    const given = { celsius: NaN }
    assert.strictEqual(errorOf(encoder, given).value, given)
  })
})

describe("an EncodeError", () => {
  it("W38 quotes nothing of the value, in its message, its cause or a log", () => {
    const secret = "4111-1111-1111-1111"
    const Strict = Schema.Struct({
      card: Schema.Literal("none", "hidden"),
      count: Schema.Union(Schema.Int, Schema.Boolean),
      short: Schema.String.pipe(Schema.maxLength(3)),
      list: Schema.Array(Schema.Number)
    })
    const wrong: ReadonlyArray<unknown> = [
      secret,
      { card: secret },
      { card: "none", count: secret, short: "a", list: [] },
      { card: "none", count: 1.5, short: secret, list: [] },
      { card: "none", count: 1, short: "a", list: [secret] },
      [secret]
    ]
    const encoders = [
      RecordEncoder.json(Strict, { partitionKey: () => "a" }),
      RecordEncoder.json(Order, byCustomer),
      RecordEncoder.json(Schema.Any, { partitionKey: () => secret.repeat(20) }),
      RecordEncoder.json(Schema.Any, { partitionKey: () => "a", explicitHashKey: () => secret })
    ] as ReadonlyArray<RecordEncoder.Encoder<unknown>>
    for (const encoder of encoders) {
      for (const value of wrong) {
        const error = errorOf(encoder, value)
        const logged = Cause.pretty(Cause.fail(error), { renderErrorCause: true })
        for (const text of [error.message, error.description, logged]) assert.notInclude(text, "4111", text)
      }
    }
  })

  it("names the places that the schema refuses, and what it expected there", () => {
    const encoder = RecordEncoder.json(Order, byCustomer)
    const described = (fields: object) =>
      errorOf(encoder as RecordEncoder.Encoder<unknown>, Object.assign(Object.create(Order.prototype), order, fields))
        .description
    assert.strictEqual(described({ id: "7" }), "id: expected number, was a string of 1 character")
    assert.strictEqual(described({ customer: "" }), "customer: expected NonEmptyString, was a string of 0 characters")
    assert.strictEqual(described({ placed: 5 }), "placed: expected DateFromSelf, was a number")
  })

  it("is plain JSON, with the value", () => {
    const value = { data: new Uint8Array([1, 2]), partitionKey: "", at: 7n } as never
    const error = errorOf(RecordEncoder.bytes, value)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), {
      _tag: "EncodeError",
      message: error.message,
      field: "partitionKey",
      value: { data: "AQI=", partitionKey: "", at: "7" },
      description: error.description
    })
    const circular: Record<string, unknown> = {}
    circular["self"] = circular
    const odd = errorOf(RecordEncoder.json(Schema.Any, { partitionKey: undefined }), circular)
    assert.isString(JSON.parse(JSON.stringify(odd)).value)
    assert.include(odd.description, "Maximum call stack")
  })
})

describe("what an encoder writes, the decoder of the same name reads", () => {
  const Any = Schema.Struct({
    id: Schema.String,
    count: Schema.NullOr(Schema.JsonNumber),
    at: Schema.ValidDateFromSelf.pipe((self) => Schema.compose(Schema.DateFromString, self, { strict: false })),
    big: Schema.BigInt,
    tags: Schema.ReadonlySet(Schema.String),
    one: Schema.Option(Schema.Int),
    more: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Boolean }), { exact: true })
  })
  const equal = Schema.equivalence(Any)
  const values = fc.record({
    id: fc.fullUnicodeString(),
    count: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
    at: fc.date({ noInvalidDate: true }),
    big: fc.bigInt(),
    tags: fc.array(fc.string()).map((tags) => new Set(tags))
  }, { requiredKeys: ["id", "count", "at", "big", "tags"] })

  it("json", () => {
    const encoder = RecordEncoder.json(Any, { partitionKey: () => "a" })
    const decode = SchemaCompiler.decodeUnknownEither(Any)
    fc.assert(
      fc.property(
        values,
        fc.option(fc.integer()),
        fc.option(fc.dictionary(fc.string(), fc.boolean())),
        (value, one, more) => {
          const encoded = { ...value, at: value.at.toISOString(), big: String(value.big), tags: [...value.tags] }
          const option = one === null ? { _tag: "None" } : { _tag: "Some", value: one }
          const given = Either.getOrThrow(decode({ ...encoded, one: option, ...more === null ? {} : { more } }))
          assert.isTrue(equal(valueBy(RecordDecoder.json(Any), entryOf(encoder, given).data), given))
        }
      )
    )
  })

  it("json of anything: read as it was, or refused", () => {
    const encoder = RecordEncoder.json(Schema.Unknown, { partitionKey: () => "a" })
    const decoder = RecordDecoder.json(Schema.Unknown)
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withBigInt: true,
      withSparseArray: true
    })
    const plain = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(plain)
      if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value
      return Object.fromEntries(
        Object.entries(value).flatMap(([name, member]) => member === undefined ? [] : [[name, plain(member)]])
      )
    }
    let written = 0
    fc.assert(
      fc.property(anything, (value) => {
        const encoded = encoder.encodeRecord(value)
        if (encoded instanceof KinesisError.EncodeError) return
        written++
        assert.deepStrictEqual(valueBy(decoder, (encoded as { readonly data: Uint8Array }).data), plain(value))
      }),
      { numRuns: 500 }
    )
    assert.isAbove(written, 50)
  })

  it("utf8, or it is refused", () => {
    const encoder = RecordEncoder.utf8({ partitionKey: () => "a" })
    fc.assert(fc.property(fc.string16bits(), (text) => {
      const encoded = encoder.encodeRecord(text)
      if (encoded instanceof KinesisError.EncodeError) return assert.include(JSON.stringify(text), "\\u")
      assert.strictEqual(valueBy(RecordDecoder.utf8(), (encoded as { readonly data: Uint8Array }).data), text)
    }))
  })

  const names = ["gzip", ...("zstdCompressSync" in Zlib ? ["zstd" as const] : [])] as const
  const { gzip, zstd } = RecordEncoder
  const encoders = { gzip, zstd }
  const decoders = { gzip: RecordDecoder.gzip, zstd: RecordDecoder.zstd }
  for (const name of names) {
    it(`${name} of any bytes`, () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 300 }), (data, atLeast) => {
        const written = (options?: RecordEncoder.CompressOptions) =>
          entryOf(RecordEncoder.bytes.pipe(encoders[name](options)), { data, partitionKey: "a" }).data
        const same = (record: KinesisRecord.KinesisRecord | undefined) =>
          assert.deepStrictEqual([...record!.data], [...data])
        same(readBy(decoders[name](), written())[0])
        same(readBy(decoders[name]({ plain: "keep" }), written({ atLeast }))[0])
      }))
    })
  }

  it("gzip of some, which auto reads, too", () => {
    const encoder = RecordEncoder.json(Schema.String, { partitionKey: () => "a" }).pipe(
      RecordEncoder.gzip({ atLeast: 30 })
    )
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
      assert.strictEqual(valueBy(RecordDecoder.auto(Schema.String), entryOf(encoder, text).data), text)
    }))
  })
})
