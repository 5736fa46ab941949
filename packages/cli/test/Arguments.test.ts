import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Arguments from "../src/Arguments.js"

describe("Arguments", () => {
  it("takes times with their unit, from a second to a day", () => {
    const millis = (text: string) => Option.getOrUndefined(Arguments.duration(text))
    assert.deepStrictEqual(["1s", "1500ms", "2.5s", "2m", "24h"].map(millis), [1000, 1500, 2500, 120_000, 86_400_000])
    for (const text of ["", "10", "s", "0s", "999ms", "25h", "-1s", "1 s", "1d", "1e3s", "Infinitys"]) {
      assert.isUndefined(millis(text), text)
    }
  })

  it("takes a start that means one instant, and refuses what is ambiguous", () => {
    const from = (text: string) => Option.getOrUndefined(Arguments.from(text))
    assert.strictEqual(from("latest"), "latest")
    assert.strictEqual(from("trim-horizon"), "trim-horizon")
    assert.deepStrictEqual(from("2026-11-23T08:00:00Z"), new Date(Date.UTC(2026, 10, 23, 8)))
    assert.deepStrictEqual(from("2026-11-23T09:00+01:00"), new Date(Date.UTC(2026, 10, 23, 8)))
    for (
      const text of ["", "now", "2026-11-23", "2026-11-23T08:00:00", "11/23/2026", "1795420800", "2026-13-01T00:00Z"]
    ) {
      assert.isUndefined(from(text), text)
    }
  })
})
