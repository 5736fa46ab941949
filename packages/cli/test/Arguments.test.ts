import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc, Option } from "effect"
import { Position } from "effect-kinesis"
import * as Arguments from "../src/Arguments.js"

describe("Arguments", () => {
  it("takes times with their unit, from a millisecond to a day", () => {
    const millis = (text: string) => Option.getOrUndefined(Arguments.duration(text))
    assert.deepStrictEqual(
      ["1ms", "500ms", "1s", "1500ms", "2.5s", "2m", "24h", "1d", "1m30s", "1h30m", "1.5h0.5m"].map(millis),
      [
        1,
        500,
        1000,
        1500,
        2500,
        120_000,
        86_400_000,
        86_400_000,
        90_000,
        5_400_000,
        5_430_000
      ]
    )
    for (
      const text of [
        "",
        "10",
        "s",
        "0s",
        "0.5ms",
        "25h",
        "-1s",
        "1 s",
        "1m 30s",
        "2d",
        "1m30",
        "latest",
        "1e3s",
        "Infinitys"
      ]
    ) {
      assert.isUndefined(millis(text), text)
    }
  })

  it("takes for a length what --from takes for a time ago", () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom("ms", "s", "m")), {
        minLength: 1,
        maxLength: 5
      }),
      (parts) => {
        const text = parts.flat().join("")
        assert.deepStrictEqual(Position.fromText(`-${text}`, 1e12), {
          _tag: "AtTimestamp",
          timestamp: 1e12 - Option.getOrThrow(Arguments.duration(text))
        })
      }
    ))
  })

  it("knows a time that was written in two words", () => {
    const joined = (text: string) => Arguments.joined(...text.split(" ") as [string, string])
    assert.deepStrictEqual(
      ["5 s", "5 seconds", "1.5 min", "-2 h", "500 ms", "1m30 s", "1m 30s", "-1h 30m", "2 Days"].map(joined),
      ["5s", "5s", "1.5m", "-2h", "500ms", "1m30s", "1m30s", "-1h30m", "2d"]
    )
    for (const text of ["5s 5s", "5s 2m", "5 orders", "s 5", "latest s", "5s s"]) {
      assert.isUndefined(joined(text), text)
    }
  })

  it("repeats what was written, in brief", () => {
    assert.strictEqual(Arguments.was("so\"on"), ", was \"so\\\"on\"")
    assert.strictEqual(Arguments.was("x".repeat(100)), `, was "${"x".repeat(60)}…"`)
  })
})
