import { assert, describe, it } from "@effect/vitest"
import * as LeaderRow from "../src/internal/leaderRow.js"

const row = (more: object = {}) => ({ ownerName: { S: "host-1" }, recordVersionNumber: { S: "v0" }, ...more })
const leaseMillis = (leaseDuration?: object) => LeaderRow.read(row({ leaseDuration }))!.leaseMillis

describe("the row of KCL's leader", () => {
  it("a row without a version is no leader's", () => {
    assert.isUndefined(LeaderRow.read(undefined))
    assert.isUndefined(LeaderRow.read({ leaseKey: { S: "Leader" } }))
    assert.strictEqual(LeaderRow.read({ recordVersionNumber: { S: "v0" } })!.owner, "unknown")
  })

  it("it is watched for the lease that it names, for KCL's own when it names none, and never for an hour", () => {
    assert.strictEqual(leaseMillis({ S: "120000" }), 120_000)
    assert.strictEqual(leaseMillis({ N: "5000" }), 5000)
    for (const odd of [undefined, { S: "soon" }, { S: "-1" }, { S: "0" }, { S: "" }]) {
      assert.strictEqual(leaseMillis(odd), 120_000)
    }
    assert.strictEqual(leaseMillis({ S: "3600000" }), 600_000)
    for (const leaseDuration of [{ S: "120000" }, { S: "3" }, { S: "30001" }]) {
      const leader = LeaderRow.read(row({ leaseDuration }))!
      const { everyMillis, looks } = LeaderRow.watch(leader)
      assert.isAtLeast(everyMillis * looks, leader.leaseMillis)
      assert.isAtMost(everyMillis, 2000)
    }
  })

  it("only a version that changed is a live leader's", () => {
    const first = LeaderRow.read(row())!
    assert.strictEqual(LeaderRow.judge(first, first), "still")
    assert.strictEqual(LeaderRow.judge(first, LeaderRow.read(row({ recordVersionNumber: { S: "v1" } }))), "live")
    assert.strictEqual(LeaderRow.judge(first, LeaderRow.read(row({ isReleased: { S: "1" } }))), "gone")
    assert.strictEqual(LeaderRow.judge(first, undefined), "gone")
  })

  it("a leader is at work when its row changes between two listings, and not when it comes or goes", () => {
    const at = (version: string, more: object = {}) =>
      LeaderRow.read(row({ recordVersionNumber: { S: version }, ...more }))
    const released = { isReleased: { S: "1" } }
    assert.isTrue(LeaderRow.isAtWork(at("v0"), at("v1")))
    assert.isTrue(LeaderRow.isAtWork(at("v0"), at("v1", { ownerName: { S: "host-2" } })))
    assert.isTrue(LeaderRow.isAtWork(at("v0", released), at("v1")))
    assert.isFalse(LeaderRow.isAtWork(at("v0"), at("v0")))
    assert.isFalse(LeaderRow.isAtWork(at("v0"), at("v1", released)))
    assert.isFalse(LeaderRow.isAtWork(at("v0", released), at("v0", released)))
    assert.isFalse(LeaderRow.isAtWork(undefined, at("v0")))
    assert.isFalse(LeaderRow.isAtWork(at("v0"), undefined))
    assert.isFalse(LeaderRow.isAtWork(undefined, undefined))
  })

  it("every 30 seconds of a watch it is told how long is left", () => {
    const told = (leaseMillis: number) => {
      const watch = LeaderRow.watch(LeaderRow.read(row({ leaseDuration: { N: String(leaseMillis) } }))!)
      return Array.from({ length: watch.looks }, (_, index) => LeaderRow.leftToTell(watch, index + 1))
        .filter((left) => left !== undefined)
    }
    assert.deepStrictEqual(told(120_000), [90_000, 60_000, 30_000])
    assert.deepStrictEqual(told(31_000), [2000])
    assert.deepStrictEqual(told(30_000), [])
    assert.deepStrictEqual(told(200), [])
    assert.strictEqual(told(600_000).length, 19)
  })
})
