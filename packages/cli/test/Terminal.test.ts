import { assert, describe, it } from "@effect/vitest"
import * as ExitCode from "../src/ExitCode.js"
import * as Layout from "../src/Layout.js"
import * as Terminal from "../src/Terminal.js"

describe("Terminal", () => {
  it("draws on a terminal alone: not in a pipe, on a dumb one, or on one of no size", () => {
    const real = { isTTY: true, columns: 80, rows: 24, term: "xterm" }
    assert.deepStrictEqual(Terminal.sizeOf(real), { columns: 80, rows: 24 })
    for (const not of [{ isTTY: false }, { isTTY: undefined }, { term: "dumb" }, { columns: 0 }, { rows: 0 }]) {
      assert.isUndefined(Terminal.sizeOf({ ...real, ...not }), JSON.stringify(not))
    }
    assert.isDefined(Terminal.sizeOf({ ...real, term: undefined }))
  })
})

describe("Layout", () => {
  it("measures and cuts by columns", () => {
    assert.deepStrictEqual(["abc", "日本", "e\u0301", "👍"].map(Layout.width), [3, 4, 1, 2])
    assert.deepStrictEqual([5, 4, 3, 2, 1, 0].map((columns) => Layout.clip("日本x", columns)), [
      "日本x",
      "日…",
      "日…",
      "…",
      "…",
      ""
    ])
  })

  it("drops the parts of the lowest rank first", () => {
    const parts = [{ text: "name", rank: 1 }, { text: "10 s", rank: 3 }, { text: "5/s", rank: 2 }]
    assert.deepStrictEqual([15, 14, 9, 8, 4, 3].map((columns) => Layout.fitParts(parts, columns)), [
      "name  10 s  5/s",
      "10 s  5/s",
      "10 s  5/s",
      "10 s",
      "10 s",
      "10…"
    ])
  })
})

describe("ExitCode", () => {
  it("tells a wrong command line, a failure and a signal apart", () => {
    const of = (error: unknown) => ExitCode.of("failed", error, "SIGINT")
    assert.strictEqual(ExitCode.of("succeeded", undefined, "SIGINT"), 0)
    assert.deepStrictEqual(
      ["SIGINT", "SIGTERM"].map((signal) => ExitCode.of("interrupted", undefined, signal as "SIGINT")),
      [130, 143]
    )
    assert.deepStrictEqual(
      [{ _tag: "UsageError" }, { _tag: "InvalidArgument" }, { _tag: "NotExact" }, new Error("x"), undefined].map(of),
      [2, 2, 1, 1, 1]
    )
  })
})
