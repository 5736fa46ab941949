import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { messageOf, quoted } from "../../../src/internal/text/describe.js"
import { textless } from "../../support/textless.js"

describe("quoted", () => {
  it("writes values as JSON, and cuts long ones", () => {
    assert.deepStrictEqual(
      [{ a: [1, null] }, "text", Number.NaN, -Infinity, undefined, null, 3n, Symbol("s"), { big: 2n }].map(quoted),
      ["{\"a\":[1,null]}", "\"text\"", "NaN", "-Infinity", "undefined", "null", "3n", "Symbol(s)", "{\"big\":\"2n\"}"]
    )
    assert.isAtMost(quoted("x".repeat(1_000_000)).length, 210)
    assert.isAtMost(quoted(Array.from({ length: 10_000 }, () => ({ a: 1 }))).length, 210)
    assert.strictEqual(quoted(function handler() {}), "the function handler")
  })

  it("takes anything", () =>
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => typeof quoted(value) === "string")))

  for (const [what, make] of textless) it(`takes ${what}`, () => assert.isString(quoted(make())))
})

describe("messageOf", () => {
  it("is the message, else the tag or the name", () => {
    assert.deepStrictEqual(
      [new Error("broken"), { _tag: "Broken" }, new TypeError(), "text", 7, { message: "m", _tag: "T" }].map(messageOf),
      ["broken", "Broken", "TypeError", "text", "7", "m"]
    )
  })

  it("takes anything", () =>
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => typeof messageOf(value) === "string")))

  for (const [what, make] of textless) it(`takes ${what}`, () => assert.isString(messageOf(make())))
})
