import { assert, describe, it } from "@effect/vitest"
import type { LeaseStore } from "effect-kinesis"
import * as Handoffs from "../../../src/internal/lease/handoffs.js"
import * as LeaseView from "../../../src/internal/lease/leaseView.js"
import * as LeaseBalancer from "../../../src/LeaseBalancer.js"
import * as LeaseTransition from "../../../src/LeaseTransition.js"

const patience = { drainMillis: 30_000, leaseMillis: 10_000 }

const lease = (more: Partial<LeaseStore.Lease>): LeaseStore.Lease => ({
  ...LeaseTransition.unowned({
    leaseKey: "a",
    shardId: "a",
    streamIdentifier: undefined,
    checkpoint: undefined,
    parentShardIds: [],
    hashKeyRange: undefined
  }),
  ...more
})

/** When ann withdraws, who looks every second at a row whose counter moves until it stops. */
const withdrawnAt = (row: Partial<LeaseStore.Lease>, stopsAt = Infinity, worker = "ann"): number | undefined => {
  let view = LeaseView.observe(LeaseView.empty, [lease({ leaseOwner: "kcl" })], 0)
  for (let now = 1_000; now < 300_000; now += 1_000) {
    view = LeaseView.observe(view, [lease({ ...row, leaseCounter: Math.min(now, stopsAt) })], now)
    if (Handoffs.unanswered(view, worker, now, patience).length > 0) return now
  }
  return undefined
}

describe("handoffs", () => {
  it("a request is unanswered when its owner goes on for longer than a drain and a lease", () => {
    assert.strictEqual(withdrawnAt({ leaseOwner: "ann", checkpointOwner: "kcl" }), 41_000)
    assert.strictEqual(withdrawnAt({ leaseOwner: "bob", checkpointOwner: "kcl" }), 121_000, "another's")
    assert.isUndefined(withdrawnAt({ leaseOwner: "ann", checkpointOwner: "kcl" }, 20_000), "the owner is gone")
    assert.isUndefined(withdrawnAt({ leaseOwner: "bob", checkpointOwner: "ann" }), "it is this worker's to answer")
    assert.isUndefined(withdrawnAt({ leaseOwner: "ann" }), "it was handed over")
    assert.isUndefined(withdrawnAt({ leaseOwner: "kcl" }), "nothing was asked")
  })

  it("a request counts from when it was seen, also if the lease was the asker's before", () => {
    const row = { leaseOwner: "bob", leaseCounter: 1 }
    const before = LeaseView.observe(LeaseView.empty, [lease(row)], 0)
    const asked = LeaseView.observe(before, [lease({ ...row, checkpointOwner: "kcl", leaseCounter: 9 })], 200_000)
    assert.lengthOf(Handoffs.unanswered(asked, "ann", 200_000, patience), 0, "kcl had it in between, unseen")
  })

  it("an owner that did not answer is silent for an hour", () => {
    const silent = Handoffs.silenced(Handoffs.nobody, "kcl", 1_000)
    assert.isTrue(Handoffs.isSilent(silent, "kcl", 3_600_000))
    assert.isFalse(Handoffs.isSilent(silent, "kcl", 3_601_000))
    assert.isFalse(Handoffs.isSilent(silent, "bob", 1_000))
    assert.isFalse(Handoffs.isSilent(silent, undefined, 1_000))
    assert.deepStrictEqual([...Handoffs.silenced(silent, "bob", 4_000_000).keys()], ["bob"])
  })

  for (
    const [name, plan] of [["balanced", LeaseBalancer.balanced], [
      "only",
      LeaseBalancer.only(() => true)
    ]] as const
  ) {
    it(`who is silent is asked for nothing, others are: ${name}`, () => {
      const leases = Array.from({ length: 12 }, (_, index): LeaseBalancer.PlannedLease => ({
        leaseKey: `${index}`,
        shardId: `${index}`,
        streamIdentifier: undefined,
        owner: index < 6 ? "kcl" : "bob",
        handedOffBy: undefined,
        freeForMillis: 0,
        isSilent: index < 6
      }))
      const { request } = plan({ worker: "ann", leases, maxLeases: Infinity, maxMoves: 10, leaseMillis: 10_000 })
      assert.isAbove(request.length, 0)
      assert.isTrue(request.every((key) => Number(key) >= 6))
    })
  }
})
