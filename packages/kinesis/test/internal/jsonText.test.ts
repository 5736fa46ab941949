import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as JsonText from "../../src/internal/decode/jsonText.js"
import { sequences } from "../support/decoding.js"

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const piecesOf = (text: string) => {
  const bytes = encoder.encode(text)
  return JsonText.pieces(bytes).map(({ end, kind, start }) => [kind, decoder.decode(bytes.subarray(start, end))])
}

describe("jsonText", () => {
  it("a piece is what is enclosed, whatever it encloses, or a word", () => {
    const enclosed = ["{\"}\":\"\\\"}\"}", "[[],{}]", "\"a b\"", "\"\\\\\"", "\"}{\"", "{a:1]"]
    assert.deepStrictEqual(piecesOf(enclosed.join("")), enclosed.map((text) => ["enclosed", text]))
    assert.deepStrictEqual(piecesOf("1 true{}null\"a\"-2e5[]nonsense,\x1e}x"), [
      ["bare", "1"],
      ["bare", "true"],
      ["enclosed", "{}"],
      ["bare", "null"],
      ["enclosed", "\"a\""],
      ["bare", "-2e5"],
      ["enclosed", "[]"],
      ["bare", "nonsense,"],
      ["bare", "}x"]
    ])
  })

  it("blanks, record separators and byte order marks are no pieces", () => {
    for (const text of ["", " \t\r\n", "\x1e\x1e", "\ufeff", " \ufeff\n\ufeff"]) assert.isEmpty(piecesOf(text))
  })

  it("a record separator ends what is open, in a string and behind a backslash too", () => {
    for (const open of ["{\"a\":", "[1,[", "\"abc", "\"abc\\"]) {
      assert.deepStrictEqual(piecesOf(`${open}\x1e[7]`), [["cut", open], ["enclosed", "[7]"]])
      assert.deepStrictEqual(piecesOf(open), [["cut", open]])
    }
  })

  it("any values come back as its pieces, in any style", () => {
    fc.assert(fc.property(sequences, ({ text, values }) => {
      assert.deepStrictEqual(piecesOf(text).map(([, piece]) => JSON.parse(piece!) as unknown), values)
    }))
  })

  it("cut at any byte, those that lie before are the same", () => {
    fc.assert(fc.property(sequences, fc.nat(), ({ text }, nat) => {
      const bytes = encoder.encode(text)
      const end = nat % (bytes.length + 1)
      const whole = JsonText.pieces(bytes).filter((piece) => piece.end <= end)
      assert.deepStrictEqual(JsonText.pieces(bytes.subarray(0, end)).slice(0, whole.length), whole)
    }))
  })

  it("any bytes are looked at to their end, and pieces do not overlap", () => {
    const hostile = fc.array(fc.constantFrom(...encoder.encode("{}[]\"\\ \n\x1e,1a\ufeff"))).map((bytes) =>
      Uint8Array.from(bytes)
    )
    fc.assert(fc.property(hostile, (bytes) => {
      let last = 0
      for (const { end, start } of JsonText.pieces(bytes)) {
        assert.isAtLeast(start, last)
        assert.isAbove(end, start)
        last = end
      }
      assert.isAtMost(last, bytes.length)
    }))
  })

  it("takes a time that grows with the bytes, whatever they are", () => {
    const size = 1024 * 1024
    for (
      const text of ["[", "{\"a\":", "\"", "\\", "\"\\\"", "}", "{}", "{", "1 ", "[\n", "{\"a\":\n", "[\x1e", "\ufeff"]
    ) {
      const bytes = encoder.encode(text.repeat(size / text.length))
      assert.isAtMost(JsonText.pieces(bytes).length, size)
      assert.isAtMost(JsonText.lines(bytes).length, size)
    }
  })

  it("lines are what line feeds part, without those that are blank", () => {
    const linesOf = (text: string) => JsonText.lines(encoder.encode(text)).map((line) => decoder.decode(line))
    assert.deepStrictEqual(linesOf("a\r\n\n \t\r\nb\n\ufeffc\n\ufeff\n"), ["a\r", "b", "c"])
    assert.isEmpty(linesOf(""))
  })

  it("lines may stand alone unless one is indented, or opens, closes or continues another", () => {
    const isLines = (text: string) => JsonText.isLines(JsonText.lines(encoder.encode(text)))
    for (const text of ["{}\n{}", "{\"a\":1}\nbad\n[]\n", "1\r\n2\r\n", "{\"a\":\n{}"]) {
      assert.isTrue(isLines(text), text)
    }
    for (
      const text of ["{}", "{\n\"a\":1}", "[\n{}\n]", "{}\n  1", "{}\n\t1", "{},\n{}", "{}, \r\n{}", "{}\n,{}", "{}\n}"]
    ) {
      assert.isFalse(isLines(text), text)
    }
  })

  it("counts the lines before each byte, in order or not, and each once where they are asked for in order", () => {
    const lineAt = JsonText.lineCounter(encoder.encode("a\nb\n\nc"))
    assert.deepStrictEqual([0, 1, 2, 5, 2, 5, 0].map(lineAt), [1, 1, 2, 4, 2, 4, 1])
    const size = 256 * 1024
    const count = JsonText.lineCounter(new Uint8Array(size).fill(0x0a))
    for (let at = 0; at < size; at++) assert(count(at) === at + 1)
  })
})
