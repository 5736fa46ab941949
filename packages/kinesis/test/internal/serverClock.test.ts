import { assert, describe, it } from "@effect/vitest"
import { Position } from "effect-kinesis"
import * as ServerClock from "../../src/internal/shard/serverClock.js"

const refusal =
  "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: 190000, currentTimestampInMillis: 100000"

describe("serverClock", () => {
  it("B21 reads the skew from the refusal and moves the start back by it", () => {
    const start = Position.atTimestamp(190_000)
    assert.strictEqual(ServerClock.skewMillis(refusal, start, 190_500), 90_500)
    assert.deepStrictEqual(ServerClock.shift(start, 90_500), Position.atTimestamp(99_500))
  })

  it("takes a refusal without a time as the largest skew that a signature allows", () => {
    assert.strictEqual(ServerClock.skewMillis("cannot be greater than now", Position.atTimestamp(1000), 1000), 300_000)
  })

  it("leaves other refusals, other positions and true futures alone", () => {
    assert.isUndefined(ServerClock.skewMillis("invalid", Position.atTimestamp(1000), 1000))
    assert.isUndefined(ServerClock.skewMillis(refusal, Position.trimHorizon, 190_500))
    assert.isUndefined(ServerClock.skewMillis(refusal, Position.atTimestamp(190_501), 190_500))
    assert.deepStrictEqual(ServerClock.shift(Position.trimHorizon, 5), Position.trimHorizon)
  })
})
