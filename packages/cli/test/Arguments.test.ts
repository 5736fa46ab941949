import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Arguments from "../src/Arguments.js"

describe("Arguments", () => {
  it("takes times with their unit, from a millisecond to a day", () => {
    const millis = (text: string) => Option.getOrUndefined(Arguments.duration(text))
    assert.deepStrictEqual(["1ms", "500ms", "1s", "1500ms", "2.5s", "2m", "24h"].map(millis), [
      1,
      500,
      1000,
      1500,
      2500,
      120_000,
      86_400_000
    ])
    for (const text of ["", "10", "s", "0s", "0.5ms", "25h", "-1s", "1 s", "1d", "1e3s", "Infinitys"]) {
      assert.isUndefined(millis(text), text)
    }
  })
})
