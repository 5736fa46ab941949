import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { RecordDecoder } from "effect-kinesis"

const parse = RecordDecoder.exactJson
const most = BigInt(Number.MAX_SAFE_INTEGER)

describe("exactJson", () => {
  it("gives integers that a number cannot hold as bigints, all others as numbers", () => {
    for (const integer of [most + 1n, most + 2n, -most - 1n, 2n ** 63n - 1n, 10n ** 400n]) {
      assert.strictEqual(parse(String(integer)), integer)
    }
    for (const integer of [0n, most, -most]) assert.strictEqual(parse(String(integer)), Number(integer))
    assert.deepStrictEqual(parse("[1.00000000000000000001,1e400,9007199254740993.0,12345678901234567890e1]"), [
      1,
      Infinity,
      9007199254740992,
      123456789012345680000
    ])
  })

  it("leaves strings and keys as they are, whatever they hold", () => {
    const text =
      "{\"9007199254740993\":\"9007199254740993\",\"\\\\\\\"9007199254740993\":\"\\\\\",\"a\":[9007199254740993]}"
    assert.deepStrictEqual(parse(text), {
      "9007199254740993": "9007199254740993",
      "\\\"9007199254740993": "\\",
      a: [9007199254740993n]
    })
    assert.isTrue(Object.hasOwn(parse("{\"__proto__\":9007199254740993}") as object, "__proto__"))
  })

  it("refuses what JSON.parse refuses", () => {
    for (
      const text of ["", "0009007199254740993", "[9007199254740993", "9007199254740993 1", "+9007199254740993", "\""]
    ) {
      assert.throws(() => parse(text), SyntaxError)
    }
  })

  it("any JSON with any integers comes back exact", () => {
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
        fc.bigInt({ min: most - 3n, max: most + 3n }),
        fc.string({ unit: "grapheme" }),
        fc.constantFrom("9007199254740993", "\\", "\"", "\\\"9007199254740993"),
        fc.constantFrom(true, false, null),
        fc.array(tie("value")),
        fc.dictionary(fc.string().filter((key) => key !== "__proto__"), tie("value"))
      )
    })).value
    const print = (value: unknown): string =>
      typeof value === "bigint"
        ? String(value)
        : Array.isArray(value)
        ? `[${value.map(print).join(" ,")}]`
        : typeof value === "object" && value !== null
        ? `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${print(member)}`).join(",\n")}}`
        : JSON.stringify(value)
    const exact = (value: unknown): unknown =>
      typeof value === "bigint"
        ? Number.isSafeInteger(Number(value)) ? Number(value) : value
        : Array.isArray(value)
        ? value.map(exact)
        : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, exact(member)]))
        : value
    fc.assert(fc.property(tree, (value) => {
      assert.deepStrictEqual(parse(print(value)), exact(value))
    }))
  })
})
