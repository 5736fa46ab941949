import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import * as Instant from "../../src/internal/options/instantText.js"

const eight = Date.UTC(2026, 10, 23, 8)
const now = eight + 2 * 3_600_000

describe("instant", () => {
  it("B22 every way to write an instant means the same one", () => {
    const ways = [
      "2026-11-23T08:00:00Z",
      "2026-11-23T08:00:00.000Z",
      "2026-11-23T08:00Z",
      "2026-11-23T09:00:00+01:00",
      "2026-11-23T00:30:00-07:30",
      " 1795420800 ",
      "1795420800.000",
      "1795420800000",
      "-2h",
      "-120m",
      "-7200s",
      "-1h60m",
      "-1.5h1800000ms",
      "-1.25h45m"
    ]
    for (const way of ways) assert.strictEqual(Instant.parse(way, now), eight, way)
  })

  it("B22 what is ambiguous is no instant", () => {
    for (
      const text of [
        "",
        "2026-11-23",
        "2026-11-23T08:00:00",
        "11/23/2026",
        "23.11.2026 08:00",
        "1795",
        "17954208000",
        "179542080000000",
        "2h",
        "+2h",
        "-2",
        "-h",
        "-2 h",
        "2026-13-01T00:00Z",
        "2026-11-23T25:00Z",
        "+002026-11-23T08:00:00Z",
        "x-2h",
        "-2hours",
        "now"
      ]
    ) assert.isUndefined(Instant.parse(text, now), text)
  })

  it("B22 any instant comes back from its forms, seconds and milliseconds never mixed up", () => {
    fc.assert(fc.property(fc.integer({ min: Date.UTC(2001, 8, 10), max: Date.UTC(2100, 0) }), (millis) => {
      assert.strictEqual(Instant.parse(new Date(millis).toISOString(), now), millis)
      assert.strictEqual(Instant.parse(String(millis), now), millis)
      assert.strictEqual(Instant.parse(String(Math.floor(millis / 1000)), now), Math.floor(millis / 1000) * 1000)
    }))
  })

  it("B22 a position is written as a word or an instant", () => {
    assert.deepStrictEqual(Position.fromText("latest", now), Position.latest)
    assert.deepStrictEqual(Position.fromText("trim-horizon", now), Position.trimHorizon)
    assert.deepStrictEqual(Position.fromText("-2h", now), Position.atTimestamp(eight))
    assert.isUndefined(Position.fromText("yesterday", now))
    assert.include(Position.textExamples, "-2h")
  })
})
