import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as ReadPacing from "../../src/internal/shard/readPacing.js"

const spacing = { pollIntervalMillis: 200, idleIntervalMillis: 1000 }
const MiB = 1024 * 1024

describe("readPacing", () => {
  it("B6 waits the minimum while behind, the idle interval at the tip", () => {
    assert.strictEqual(ReadPacing.nextCallAt(spacing, { calledAt: 50, bytes: 0, millisBehindLatest: 1 }), 250)
    assert.strictEqual(ReadPacing.nextCallAt(spacing, { calledAt: 50, bytes: 0, millisBehindLatest: 0 }), 1050)
  })

  it("an idle interval below the minimum does not undercut it", () => {
    const short = { pollIntervalMillis: 200, idleIntervalMillis: 0 }
    assert.strictEqual(ReadPacing.nextCallAt(short, { calledAt: 0, bytes: 0, millisBehindLatest: 0 }), 200)
  })

  it("B8 a page of 10 MiB is followed by 5 s of rest, as the service demands", () => {
    assert.strictEqual(ReadPacing.nextCallAt(spacing, { calledAt: 0, bytes: 10 * MiB, millisBehindLatest: 9 }), 5000)
    assert.strictEqual(ReadPacing.nextCallAt(spacing, { calledAt: 0, bytes: 1 * MiB, millisBehindLatest: 9 }), 500)
  })

  it("never allows more than 2 MiB a second, nor waits longer than 5 s for bytes", () => {
    fc.assert(fc.property(fc.nat(11 * MiB), fc.nat(5), (bytes, millisBehindLatest) => {
      const wait = ReadPacing.nextCallAt(spacing, { calledAt: 0, bytes, millisBehindLatest })
      assert.isAtLeast(wait, 200)
      assert.isAtMost(wait, 5000)
      if (bytes <= 10 * MiB) assert.isAtMost(bytes, (wait / 1000) * ReadPacing.bytesPerSecond)
    }))
  })

  it("a shard may be read at once, and again after the minimum, whatever becomes of the call", () => {
    assert.strictEqual(ReadPacing.atOnce.readableAt, -Infinity)
    assert.strictEqual(ReadPacing.asked(spacing, 5_000).readableAt, 5_200)
  })

  it("an answer slows the reading down from when it was asked for, unless it proves nothing", () => {
    const asked = ReadPacing.asked(spacing, 5_000)
    const atTip = ReadPacing.answered(spacing, asked, { bytes: 0, millisBehindLatest: 0 })
    assert.strictEqual(atTip.readableAt, 6_000)
    assert.strictEqual(ReadPacing.doubted(spacing, atTip).readableAt, 5_200)
    const large = ReadPacing.answered(spacing, asked, { bytes: 4 * MiB, millisBehindLatest: 7 })
    assert.strictEqual(large.readableAt, 7_000)
  })
})
