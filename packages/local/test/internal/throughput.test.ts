import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Throughput from "../../src/internal/throughput.js"

describe("throughput", () => {
  it.prop("never more than the limit of calls in any second", [
    FastCheck.array(FastCheck.nat({ max: 400 }), { maxLength: 80 })
  ], ([gaps]) => {
    const accepted: Array<number> = []
    let calls: ReadonlyArray<number> = []
    let now = 0
    for (const gap of gaps) {
      now += gap
      const next = Throughput.countCall(calls, 5, now)
      const recent = accepted.filter((at) => at > now - 1000).length
      assert.strictEqual(next !== undefined, recent < 5)
      if (next !== undefined) {
        calls = next
        accepted.push(now)
      }
    }
  })

  it.prop("writes in t seconds stay within the bucket and its refills", [
    FastCheck.array(FastCheck.tuple(FastCheck.nat({ max: 500 }), FastCheck.nat({ max: Throughput.mebibyte })), {
      maxLength: 80
    })
  ], ([attempts]) => {
    let writes = Throughput.noWrites
    let now = 0
    let total = 0
    for (const [gap, bytes] of attempts) {
      now += gap
      const next = Throughput.countWrite(writes, bytes, now)
      if (next !== undefined) {
        writes = next
        total += bytes
        assert.isTrue(total <= Throughput.writeBytesPerSecond * (1 + now / 1000) + 1)
      }
    }
  })

  it.prop("with a burst, writes in t seconds stay within it and the same refills", [
    FastCheck.array(
      FastCheck.tuple(FastCheck.nat({ max: 5000 }), FastCheck.nat({ max: Throughput.largeRecordBurst })),
      {
        maxLength: 80
      }
    )
  ], ([attempts]) => {
    let writes = Throughput.noWrites
    let now = 0
    let total = 0
    for (const [gap, bytes] of attempts) {
      now += gap
      const next = Throughput.countWrite(writes, bytes, now, Throughput.largeRecordBurst)
      if (next !== undefined) {
        writes = next
        total += bytes
        assert.isTrue(total <= Throughput.largeRecordBurst + (Throughput.writeBytesPerSecond * now) / 1000 + 1)
      }
    }
  })

  it.prop("reads are paid for: the bytes read are at most a page above the refills", [
    FastCheck.array(FastCheck.tuple(FastCheck.nat({ max: 3000 }), FastCheck.nat({ max: Throughput.pageBytes })), {
      maxLength: 80
    })
  ], ([attempts]) => {
    let reads = Throughput.noReads
    let now = 0
    let total = 0
    for (const [gap, bytes] of attempts) {
      now += gap
      if (Throughput.mayRead(reads, now)) {
        reads = Throughput.afterRead(reads, { bytes, cut: false }, now)
        total += bytes
        assert.isTrue(total <= Throughput.readBytesPerSecond * (1 + now / 1000) + Throughput.pageBytes + 1)
      }
    }
  })
})
