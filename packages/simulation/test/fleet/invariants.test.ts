import { assert, describe, it } from "@effect/vitest"
import type { Lease } from "effect-kinesis/LeaseStore"
import * as Position from "effect-kinesis/Position"
import type { History, Life, Moment, Ownership } from "../../src/fleet/history.js"
import * as Invariants from "../../src/fleet/invariants.js"
import { a, after, b, epoch, good, handling, life, moment, ownership, row, violated, written } from "./histories.js"

/** As good, but w1 takes a after w0 had handled the first two records, of which only the first is stored. */
const takenOver = (how: Partial<Ownership>, more: Partial<History> = {}): Partial<History> => {
  const bySecond = { process: 1, token: 5 }
  return {
    handlings: [
      handling(1, 10),
      handling(2, 12),
      handling(2, 60, bySecond),
      handling(3, 62, bySecond),
      handling(4, 75, { process: 1 })
    ],
    ownerships: [
      ownership(a, 1, 2, how),
      ownership(a, 5, 55, { process: 1, because: "expired" }),
      ownership(b, 11, 72, { process: 1 })
    ],
    rows: [
      row(a, 1, {}),
      row(a, 11.5, { checkpoint: after(1), leaseCounter: 2 }),
      row(a, 54, { checkpoint: after(1), leaseOwner: "w1-y", leaseCounter: 5 }),
      row(a, 70, { checkpoint: Position.shardEnd, leaseOwner: "w1-y", leaseCounter: 6 }),
      row(b, 71, { leaseOwner: "w1-y", leaseCounter: 11 })
    ],
    ...more
  }
}

const lost: Partial<Ownership> = { over: { moment: moment(45), how: "lost" } }
const released: Partial<Ownership> = { over: { moment: moment(45), how: "released" } }
const crashed = (tick: number) => [life(0, { end: { moment: moment(tick), how: "crashed", reason: "" } }), life(1)]
const troubles = [{ process: 0, from: epoch + 1_500, to: epoch + 4_000 }]

describe("invariants of fleets", () => {
  it("nothing is wrong with a good history", () => assert.deepStrictEqual(violated({}), []))

  it("a record that was not handled to the end is lost", () => {
    assert.include(violated({ handlings: good.handlings.slice(0, 3) }), "lost")
    const cut = handling(4, 30, { ended: undefined, told: undefined, cut: moment(31) })
    assert.deepStrictEqual(violated({ handlings: [...good.handlings.slice(0, 3), cut] }), ["lost"])
  })

  it("a record that nobody wrote is invented", () =>
    assert.include(violated({ written: written.slice(0, 3) }), "invented"))

  it("a record comes again only for a reason", () => {
    assert.deepStrictEqual(violated(takenOver(released)), ["repeated"])
    assert.deepStrictEqual(violated(takenOver(lost)), ["repeated", "lease lost"])
    assert.deepStrictEqual(violated(takenOver(lost, { troubles })), [])
    const paused = [life(0, { pauses: [{ from: epoch + 2_000, to: epoch + 5_000 }] }), life(1)]
    assert.deepStrictEqual(violated(takenOver(lost, { lives: paused })), [])
    assert.deepStrictEqual([...Invariants.repeats({ ...good, ...takenOver(lost, { lives: paused }) })], [["pause", 1]])
  })

  it("what there was the time to store does not come again after a crash", () => {
    assert.deepStrictEqual(violated(takenOver({}, { lives: crashed(20) })), [])
    assert.deepStrictEqual(violated(takenOver({}, { lives: crashed(25) })), ["repeated"])
  })

  it("what was behind a record that failed or was cut off comes again", () => {
    const failing = handling(1, 10, { ended: undefined, told: undefined, failed: moment(13) })
    const again = [1, 2, 3].map((number) => handling(number, 58 + number, { process: 1, token: 5 }))
    const handlings = [failing, handling(2, 11.2), ...again, handling(4, 75, { process: 1 })].map((each, index) => ({
      ...each,
      key: index % 2 === 0 ? "k" : "l"
    }))
    const rows = takenOver({}).rows!.map((version) =>
      version.leaseKey === a && version.lease!.checkpoint!._tag === "AfterSequenceNumber"
        ? { ...version, lease: { ...version.lease!, checkpoint: Position.trimHorizon } }
        : version
    )
    const history = (failures: ReadonlyArray<Moment>) => takenOver({ ...released, failures }, { handlings, rows })
    assert.notInclude(violated(history([moment(13)])), "repeated")
    assert.include(violated(history([])), "repeated")
  })

  it("a record comes again to one owner only after a handler has failed", () => {
    const handlings = [...good.handlings.slice(0, 2), handling(2, 14), handling(3, 16), handling(4, 30)]
    assert.include(violated({ handlings, rows: good.rows.filter((_, index) => index !== 1) }), "repeated")
    const failures = [moment(13.5)]
    const readings = [moment(2), moment(13.7)]
    const ownerships = [ownership(a, 1, 2, { failures, readings }), good.ownerships[1]!]
    assert.include(
      violated({ handlings, ownerships: [ownership(a, 1, 2, { readings }), good.ownerships[1]!] }),
      "repeated"
    )
    assert.deepStrictEqual(violated({ handlings, ownerships, rows: good.rows.filter((_, index) => index !== 1) }), [])
  })

  it("what a new owner finds stored does not come to it", () => {
    const { rows, ...rest } = takenOver(lost, { troubles })
    const stored = rows!.map((version) =>
      version.leaseKey === a && version.moment.tick > 50 && version.moment.tick < 60
        ? { ...version, lease: { ...version.lease!, checkpoint: after(2) } }
        : version
    )
    assert.deepStrictEqual(violated({ ...rest, rows: stored }), ["repeated"])
  })

  it("records of one key are handled one after the other, in order", () => {
    const early = [handling(1, 10), handling(2, 10.5), ...good.handlings.slice(2)]
    assert.include(violated({ handlings: early }), "order")
    const swapped = [handling(2, 10), handling(1, 12), ...good.handlings.slice(2)]
    assert.includeMembers([...violated({ handlings: swapped })], ["order", "skipped"])
  })

  it("a later owner does not begin behind what nobody has handled", () =>
    assert.include(
      violated(takenOver(lost, {
        troubles,
        handlings: takenOver({}).handlings!.filter(({ sequenceNumber }) => sequenceNumber !== "2").concat(
          handling(2, 90)
        )
      })),
      "skipped"
    ))

  it("an older owner begins nothing after a newer one's claim, and what it had begun does not end well", () => {
    const late = (began: number, ended: number, more: Partial<History> = {}) => {
      const history = takenOver(lost, { troubles, ...more })
      return violated({
        ...history,
        handlings: [
          history.handlings![0]!,
          handling(2, began, { ended: moment(ended), told: moment(ended) }),
          ...history.handlings!.slice(2)
        ]
      })
    }
    assert.notInclude(late(12, 53), "two owners")
    assert.include(late(12, 56), "two owners")
    assert.include(late(55, 56), "two owners")
    const paused = [life(0, { pauses: [{ from: epoch + 2_000, to: epoch + 5_550 }] }), life(1)]
    assert.notInclude(late(12, 56, { lives: paused }), "two owners")
    assert.include(late(55, 56, { lives: paused }), "two owners")
  })

  it("a child does not begin before its parent was handled", () =>
    assert.include(
      violated({ handlings: [...good.handlings.slice(0, 2), handling(4, 13), handling(3, 20)] }),
      "parents first"
    ))

  it("nor, without a lineage, a shard before an older one that has some of its hash keys", () => {
    const handlings = [...good.handlings.slice(0, 2), handling(4, 13), handling(3, 20)]
    const broken = (from: string, to: string) =>
      violated({
        handlings,
        parents: new Map([[a, []], [b, []]]),
        rows: good.rows.map((version) => ({
          ...version,
          lease: {
            ...version.lease!,
            hashKeyRange: version.leaseKey === a
              ? { startingHashKey: "0", endingHashKey: "99" }
              : { startingHashKey: from, endingHashKey: to }
          }
        }))
      })
    assert.include(broken("99", "200"), "parents first")
    assert.notInclude(broken("100", "200"), "parents first")
  })

  it("what is stored moves forward, passes only what was handled, and is final at the end", () => {
    const changed = (index: number, lease: Partial<Lease>) =>
      good.rows.map((version, at) => at === index ? { ...version, lease: { ...version.lease!, ...lease } } : version)
    assert.deepStrictEqual(violated({ rows: changed(2, { checkpoint: after(2) }) }), ["checkpoint"])
    assert.deepStrictEqual(violated({ rows: changed(0, { checkpoint: after(1), leaseOwner: "somebody" }) }), [
      "checkpoint"
    ])
    assert.deepStrictEqual(
      violated({ rows: [...good.rows, row(a, 40, { checkpoint: after(3), leaseCounter: 4 })] }),
      ["checkpoint"]
    )
    const deleted = (leaseKey: string) => [...good.rows, { moment: moment(40), leaseKey, lease: undefined }]
    assert.deepStrictEqual(violated({ rows: deleted(a) }), [])
    assert.deepStrictEqual(violated({ rows: deleted(b) }), ["checkpoint"])
  })

  it("a lease is lost only for a reason", () => {
    const ownerships = [good.ownerships[0]!, ownership(b, 11, 25, { over: { moment: moment(45), how: "lost" } })]
    assert.deepStrictEqual(violated({ ownerships }), ["lease lost"])
    assert.deepStrictEqual(violated({ ownerships, troubles }), [])
    assert.deepStrictEqual(violated({ ownerships, lives: [life(0, { steps: [epoch + 4_000] }), life(1)] }), [])
  })

  it("a shard is not without an owner for longer than a lease and two looks at the table", () => {
    const orphan = (millis: number) => [{ leaseKey: b, from: epoch, to: epoch + 2_000 + millis }]
    assert.deepStrictEqual(violated({ orphans: orphan(8_000) }), [])
    assert.deepStrictEqual(violated({ orphans: orphan(9_000) }), ["orphan"])
    assert.deepStrictEqual(violated({ unowned: [b] }), ["orphan"])
  })

  it("shares differ by one at the most, and stay", () => {
    assert.deepStrictEqual(violated({ shares: [2, 1, 1] }), [])
    assert.deepStrictEqual(violated({ shares: [2, 0] }), ["shares"])
    assert.deepStrictEqual(violated({ ownerships: [...good.ownerships, ownership(b, 12, 201)] }), ["moves"])
  })

  it("whoever is told to leave leaves", () => {
    const lives = (end: Life["end"]) => [life(0), life(1, { asked: moment(10), end })]
    const left = (tick: number): Life["end"] => ({ moment: moment(tick), how: "left", reason: "" })
    assert.deepStrictEqual(violated({ lives: lives(left(100)) }), [])
    assert.deepStrictEqual(violated({ lives: lives(left(300)) }), ["leave"])
    assert.deepStrictEqual(violated({ lives: lives(undefined) }), ["leave"])
  })

  it("a worker fails only with what its handlers fail with", () => {
    const lives = (reason: string, steps: ReadonlyArray<number> = []) => [
      life(0),
      life(1, { steps, end: { moment: moment(50), how: "failed", reason } })
    ]
    assert.deepStrictEqual(violated({ lives: lives("Error: the handler died") }), [])
    assert.deepStrictEqual(violated({ lives: lives("TypeError: undefined") }), ["failed"])
    assert.deepStrictEqual(violated({ lives: lives("ServiceUnavailable: GetRecords") }), ["failed"])
    assert.deepStrictEqual(violated({ lives: lives("ServiceUnavailable: GetRecords", [epoch]) }), [])
  })

  it("a history that did not come to its end is seen", () =>
    assert.deepStrictEqual(violated({ unfinished: "time moved too often" }), ["unfinished"]))
})
