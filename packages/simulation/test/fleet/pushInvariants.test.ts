import { assert, describe, it } from "@effect/vitest"
import type { History, Subscribing } from "../../src/fleet/history.js"
import { a, b, epoch, good, life, moment, ownership, row, violated as violatedOf } from "./histories.js"

const subscription = (shardId: string, called: number, more: Partial<Subscribing> = {}): Subscribing => ({
  process: 0,
  shardId,
  called: moment(called),
  accepted: moment(called + 0.5),
  brought: moment(called + 2),
  over: undefined,
  taken: false,
  ...more
})

const ofA = subscription(a, 3, { over: moment(20) })
const ofB = subscription(b, 26)

/** As good, and w0 is pushed. */
const pushed: History = {
  ...good,
  scenario: {
    ...good.scenario,
    pushing: {
      whileUnavailable: "poll",
      continuation: "own",
      endWithContinuation: false,
      share: 1,
      isRegistered: true
    }
  },
  lives: [life(0, { isPushed: true }), life(1)],
  subscriptions: [ofA, ofB]
}

const violated = (more: Partial<History>) => violatedOf({ ...pushed, ...more })

const read = (shardId: string, tick: number) => ({ process: 0, shardId, moment: moment(tick) })

describe("invariants of fleets whose shards are pushed", () => {
  it("nothing is wrong with a good history", () => assert.deepStrictEqual(violated({}), []))

  it("no worker deregisters the consumer", () =>
    assert.deepStrictEqual(violated({ deregistrations: [{ process: 0, moment: moment(50) }] }), ["deregistered"]))

  it("a worker subscribes only to shards whose leases it has", () => {
    assert.deepStrictEqual(violated({ subscriptions: [ofA, subscription(b, 24), ofB] }), ["subscribed"])
    assert.deepStrictEqual(violated({ subscriptions: [ofA, ofB, subscription(a, 70, { process: 1 })] }), ["subscribed"])
  })

  it("and lets go of a subscription with the lease", () => {
    const over = { moment: moment(45), how: "released" as const }
    const ownerships = [good.ownerships[0]!, ownership(b, 11, 25, { over })]
    const kept = (over: number | undefined) =>
      violated({ ownerships, subscriptions: [ofA, { ...ofB, over: over === undefined ? undefined : moment(over) }] })
    assert.deepStrictEqual(kept(44), [])
    assert.deepStrictEqual(kept(46), ["subscribed"])
    assert.deepStrictEqual(kept(undefined), ["subscribed"])
  })

  it("one that was paused may subscribe until it learns that another has the lease", () => {
    const ownerships = [...good.ownerships, ownership(b, 15, 61, { process: 1 })]
    const rows = [...good.rows, row(b, 60, { leaseOwner: "w1-y", leaseCounter: 15 })]
    const subscriptions = [ofA, { ...ofB, over: moment(50) }, subscription(b, 80)]
    const late = (lives: History["lives"]) => violated({ ownerships, rows, subscriptions, lives })
    assert.deepStrictEqual(late(pushed.lives), ["subscribed"])
    const pauses = [{ from: epoch + 5_000, to: epoch + 7_900 }]
    assert.deepStrictEqual(late([life(0, { isPushed: true, pauses }), life(1)]), [])
  })

  it("calls that subscribe keep their distance", () => {
    const again = (tick: number, more: Partial<Subscribing>) =>
      violated({ subscriptions: [ofA, { ...ofB, over: moment(28), ...more }, subscription(b, tick)] })
    assert.deepStrictEqual(again(77, {}), [])
    assert.deepStrictEqual(again(75, {}), ["pace"])
    const refused = { accepted: undefined, brought: undefined }
    assert.deepStrictEqual(again(37, refused), [])
    assert.deepStrictEqual(again(35, refused), ["pace"])
  })

  it("what another took is not taken back before the lease was renewed", () => {
    const subscriptions = [ofA, { ...ofB, over: moment(40), taken: true }, subscription(b, 77)]
    assert.deepStrictEqual(violated({ subscriptions }), ["taken back"])
    const renewed = (tick: number) =>
      violated({ subscriptions, rows: [...good.rows, row(b, tick, { leaseCounter: 12 })] })
    assert.deepStrictEqual(renewed(39), ["taken back"])
    assert.deepStrictEqual(renewed(60), [])
    assert.deepStrictEqual(renewed(78), ["taken back"])
  })

  it("what is pushed is not polled", () => {
    assert.deepStrictEqual(violated({ reads: [read(a, 4), read(a, 21), read(b, 27)] }), [])
    assert.deepStrictEqual(violated({ reads: [read(a, 6)] }), ["polled"])
    assert.deepStrictEqual(violated({ reads: [read(b, 90)] }), ["polled"])
  })

  it("a shard is read within a second", () => {
    const late = subscription(b, 26, { accepted: undefined, brought: undefined })
    assert.deepStrictEqual(violated({ subscriptions: [ofA, late] }), ["bridged"])
    assert.deepStrictEqual(violated({ subscriptions: [ofA, late], reads: [read(b, 37)] }), [])
    assert.deepStrictEqual(violated({ subscriptions: [ofA, late], reads: [read(b, 39)] }), ["bridged"])
  })

  it("and pushed at the end", () => assert.deepStrictEqual(violated({ unpushed: [b] }), ["unpushed"]))
})
