import { assert, describe, it } from "@effect/vitest"
import { Either, Option, ParseResult, Schema } from "effect"
import { describe as describeIssue } from "../../../src/internal/encode/issues.js"
import { kindOf } from "../../../src/internal/encode/kinds.js"

const refused = <A, I>(schema: Schema.Schema<A, I>, value: unknown, options?: object): string =>
  describeIssue(Option.getOrThrow(Either.getLeft(ParseResult.encodeUnknownEither(schema)(value, options))))

const Upper = Schema.transformOrFail(Schema.String, Schema.String, {
  strict: true,
  decode: ParseResult.succeed,
  encode: (text, _, ast) => ParseResult.fail(new ParseResult.Type(ast, text, "the price is gone"))
})

describe("what a schema refuses", () => {
  const Line = Schema.Struct({ price: Schema.Number, name: Schema.optional(Schema.String) })
  const cases: ReadonlyArray<readonly [schema: Schema.Schema<any, any>, value: unknown, told: string]> = [
    [Schema.String, 5, "expected string, was a number"],
    [
      Schema.Struct({ lines: Schema.Array(Line) }),
      { lines: [{ price: 1 }, { price: "1" }] },
      "lines.1.price: expected number, was a string of 1 character"
    ],
    [Line, {}, "price: is missing"],
    [
      Schema.Struct({ by: Schema.NonEmptyString }),
      { by: "" },
      "by: expected NonEmptyString, was a string of 0 characters"
    ],
    [Schema.Struct({ by: Schema.NonEmptyString }), { by: 5 }, "by: expected string, was a number"],
    [Schema.Struct({ price: Upper }), { price: "5 €" }, "price: the price is gone"],
    [Schema.Union(Schema.String, Schema.Null), 5, "expected string, was a number; expected null, was a number"],
    [
      Schema.Struct({ from: Schema.Int, to: Schema.Int }).pipe(
        Schema.filter(({ from, to }) => from <= to || { path: ["to"], message: "must not be before from" })
      ),
      { from: 2, to: 1 },
      "to: must not be before from"
    ],
    [Schema.Int.pipe(Schema.filter((value) => value > 0 || "must be above zero")), -1, "must be above zero"]
  ]
  for (const [schema, value, told] of cases) {
    it(told, () => assert.strictEqual(refused(schema, value), told))
  }

  it("is told of all its places, the first three in full", () => {
    const Many = Schema.Struct(Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`p${i}`, Schema.String])))
    const wrong = { p0: 0, p1: 1, p2: 2, p3: 3, p4: 4 }
    const leaf = (name: string) => `${name}: expected string, was a number`
    assert.strictEqual(
      refused(Many, wrong, { errors: "all" }),
      `${["p0", "p1", "p2"].map(leaf).join("; ")}; and 2 more`
    )
    assert.strictEqual(
      refused(Many, { ...wrong, p3: "", p4: "" }, { errors: "all" }),
      ["p0", "p1", "p2"].map(leaf).join("; ")
    )
  })

  it("may be a property that it does not know, or an effect where none may be", () => {
    assert.strictEqual(
      refused(Line, { price: 1, secret: 2 }, { onExcessProperty: "error" }),
      "secret: is not known to the schema"
    )
    const Slow = Schema.transformOrFail(Schema.String, Schema.String, {
      strict: true,
      decode: ParseResult.succeed,
      encode: () => ParseResult.fromOption(Option.none(), () => new ParseResult.Forbidden(Schema.String.ast, ""))
    })
    assert.strictEqual(refused(Schema.Tuple(Slow), [""]), "0: needs an effect")
  })
})

class Order {
  readonly id = 1
}

describe("the kind of a value", () => {
  it("quotes nothing of it", () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const kinds: ReadonlyArray<readonly [value: unknown, kind: string]> = [
      [undefined, "undefined"],
      [null, "null"],
      [5, "a number"],
      [NaN, "NaN"],
      [-Infinity, "-Infinity"],
      ["a", "a string of 1 character"],
      ["", "a string of 0 characters"],
      [true, "a boolean"],
      [5n, "a bigint"],
      [Symbol("a"), "a symbol"],
      [() => 1, "a function"],
      [[1], "a list"],
      [{ a: 1 }, "an object"],
      [Object.create(null), "an object"],
      [{ constructor: { name: 5 } }, "an object"],
      [{ constructor: { name: "" } }, "an object"],
      [{ constructor: undefined }, "an object"],
      [new Date(), "of class Date"],
      [new Order(), "of class Order"]
    ]
    for (const [value, kind] of kinds) assert.strictEqual(kindOf(value), kind)
    assert.strictEqual(kindOf(Object.defineProperty({}, "constructor", { get: () => assert.fail() })), "an object")
  })
})
