import { assert, describe, it } from "@effect/vitest"
import type { Copy, Fate, History, Parcel, Request } from "../../src/writing/history.js"
import * as Invariants from "../../src/writing/invariants.js"
import type { Given } from "../../src/writing/records.js"
import * as Scenario from "../../src/writing/scenario.js"

const epoch = 1_000_000

const given = (id: number, more: Partial<Given> = {}): Given => ({
  id,
  partitionKey: "k",
  explicitHashKey: undefined,
  bytes: 10,
  isInvalid: false,
  ...more
})

const caller = (ids: ReadonlyArray<Given>): Scenario.Caller => ({
  door: "offer",
  startsAt: 0,
  chunks: ids.map((one) => [one]),
  gapMillis: 0,
  interruptedAfter: undefined
})

const settings: Scenario.Settings = {
  maxInFlight: 2,
  lingerMillis: 10,
  maxBatchRecords: 500,
  maxBatchBytes: 1_000_000,
  maxBufferedBytes: 1_000_000,
  recordDeadlineMillis: 10_000,
  order: "key",
  aggregate: undefined,
  onFailure: "fail",
  onUnknown: "repeat",
  hasPace: true,
  mostRetries: undefined,
  closeTimeoutMillis: 1000
}

const scenario: Scenario.Scenario = {
  ...Scenario.make(1),
  about: "faults",
  latencyMillis: 20,
  requestTimeoutMillis: 3000,
  settings,
  callers: [caller([given(1)]), caller([given(2), given(3)])]
}

const parcel = (id: number, more: Partial<Parcel> = {}): Parcel => ({
  ids: [id],
  outcome: "written",
  place: { shardId: "s", sequenceNumber: String(id) },
  ...more
})

const request = (at: number, parcels: ReadonlyArray<Parcel>, more: Partial<Request> = {}): Request => ({
  operation: "putRecords",
  sentAt: epoch + at,
  endedAt: epoch + at + 20,
  outcome: "ok",
  parcels,
  ...more
})

const copy = (id: number, sequenceNumber = id, more: Partial<Copy> = {}): Copy => ({
  id,
  shardId: "s",
  sequenceNumber: String(sequenceNumber),
  subSequenceNumber: undefined,
  isVisible: true,
  ...more
})

const written = (id: number): Fate => ({
  _tag: "Written",
  place: { shardId: "s", sequenceNumber: String(id), subSequenceNumber: undefined }
})

const failed = (written: "no" | "unknown", reason = "expired"): Fate => ({ _tag: "Failed", reason, written })

const told = (id: number, at: number, fate: Fate = written(id)) => ({ id, at: epoch + at, fate })

const all = [told(1, 20), told(2, 20), told(3, 50)]

const stats: NonNullable<History["stats"]> = {
  accepted: 3,
  written: 3,
  failed: 0,
  withdrawn: 0,
  waiting: 0,
  bufferedBytes: 0,
  requestsUnderWay: 0
}

/** Two callers: record 1, and records 2 and 3, all written. */
const good: History = {
  scenario,
  epoch,
  given: new Map([1, 2, 3].map((id) => [id, epoch])),
  accepted: new Map([[3, epoch + 5]]),
  interrupted: new Map(),
  tellings: all,
  requests: [request(0, [parcel(1), parcel(2)]), request(30, [parcel(3)])],
  copies: [copy(1), copy(2), copy(3)],
  flushes: [{ ids: [1, 2], beganAt: epoch, endedAt: epoch + 20 }],
  mostBuffered: 600,
  stats,
  closing: { beganAt: epoch + 100, endedAt: epoch + 100 },
  autoFrom: Infinity,
  unfinished: undefined,
  met: new Map(),
  wakeUps: 0,
  log: []
}

/** The invariants that a history violates, each once. */
const violated = (change: Partial<History>): ReadonlyArray<Invariants.Invariant> => [
  ...new Set(Invariants.violations({ ...good, ...change }).map(({ invariant }) => invariant))
]

const ofSettings = (change: Partial<Scenario.Settings>): History["scenario"] => ({
  ...scenario,
  settings: { ...settings, ...change }
})

const unknown = { outcome: "unknown", place: undefined } as const

describe("invariants of writing", () => {
  it("hold of a good history", () => assert.deepStrictEqual(Invariants.violations(good), []))

  it("a record is told once, unless its caller was interrupted", () => {
    assert.deepStrictEqual(violated({ tellings: [...all, told(1, 20)] }), ["one outcome"])
    const untold = { tellings: [told(1, 20), told(2, 20)] }
    assert.deepStrictEqual(violated(untold), ["one outcome", "close"])
    assert.deepStrictEqual(violated({ ...untold, interrupted: new Map([[3, epoch + 40]]) }), [])
  })

  it("a record that was told written is in the stream, where it was said to be, and is not dropped", () => {
    assert.deepStrictEqual(violated({ copies: [copy(1), copy(2)] }), ["lost"])
    assert.deepStrictEqual(violated({ copies: [copy(1), copy(2), copy(3, 4)] }), ["lost"])
    assert.deepStrictEqual(violated({ copies: [copy(1), copy(2), copy(3, 3, { isVisible: false })] }), ["lost"])
    const elsewhere = { copies: [copy(1), copy(2), copy(3, 4)], requests: good.requests.slice(0, 1) }
    const somewhere = told(3, 50, { _tag: "Written", place: undefined })
    assert.deepStrictEqual(violated({ ...elsewhere, tellings: [told(1, 20), told(2, 20), somewhere] }), [])
  })

  it("a record that was told not to be written is not in the stream", () => {
    for (const fate of [failed("no"), { _tag: "Closed" } as const, { _tag: "NoRoom" } as const]) {
      const tellings = [told(1, 20), told(2, 20), told(3, 50, fate)]
      assert.deepStrictEqual(violated({ tellings }), ["false no"], JSON.stringify(fate))
      const requests = [good.requests[0]!, request(30, [parcel(3, { outcome: "refused", place: undefined })])]
      assert.deepStrictEqual(violated({ tellings, requests, copies: [copy(1), copy(2)] }), [])
    }
    assert.deepStrictEqual(violated({ tellings: [told(1, 20), told(2, 20), told(3, 50, failed("unknown"))] }), [])
  })

  it("a record is not sent again when it is known to be written, or told", () => {
    const again = [...good.requests, request(60, [parcel(3, { place: { shardId: "s", sequenceNumber: "4" } })])]
    const copies = [copy(1), copy(2), copy(3), copy(3, 4)]
    assert.deepStrictEqual(violated({ requests: again, copies }), ["sent again", "duplicates"])
    const late = [told(1, 20), told(2, 20), told(3, 80)]
    assert.deepStrictEqual(violated({ requests: again, copies, tellings: late }), ["sent again", "duplicates"])
  })

  it("a record is sent again when nothing is known of it, or when no reader gets it", () => {
    const tellings = [told(1, 20), told(2, 20), told(3, 80, written(4))]
    const second = request(60, [parcel(3, { place: { shardId: "s", sequenceNumber: "4" } })])
    const lostAnswer = request(30, [parcel(3, unknown)], { outcome: "ServiceUnavailable" })
    const requests = [good.requests[0]!, lostAnswer, second]
    const twice = [copy(1), copy(2), copy(3), copy(3, 4)]
    assert.deepStrictEqual(violated({ tellings, requests, copies: twice }), [])
    assert.deepStrictEqual(violated({ tellings, requests, copies: [...twice, copy(3, 5)] }), ["duplicates"])
    const dropped = [copy(1), copy(2), copy(3, 3, { isVisible: false }), copy(3, 4)]
    assert.deepStrictEqual(violated({ tellings, requests: [...good.requests, second], copies: dropped }), [])
  })

  it("a record is not sent once its caller has been interrupted, unless it was under way", () => {
    const tellings = [told(1, 20), told(2, 20)]
    assert.deepStrictEqual(violated({ tellings, interrupted: new Map([[3, epoch + 29]]) }), ["taken back"])
    assert.deepStrictEqual(violated({ tellings, interrupted: new Map([[3, epoch + 31]]) }), [])
  })

  it("the first copies of a key are in the order in which they were given, if that is promised", () => {
    const tellings = [told(1, 20), told(2, 20, written(4)), told(3, 50)]
    const requests = [
      request(0, [parcel(1), parcel(2, { place: { shardId: "s", sequenceNumber: "4" } })]),
      request(30, [parcel(3)])
    ]
    const copies = [copy(1), copy(2, 4), copy(3)]
    assert.deepStrictEqual(violated({ tellings, requests, copies }), ["key order"])
    assert.deepStrictEqual(violated({ tellings, requests, copies, scenario: ofSettings({ order: "none" }) }), [])
    const later = [copy(1), copy(2), copy(3), copy(2, 4)]
    assert.notInclude(violated({ copies: later }), "key order")
  })

  it("a record that is invalid fails as such, unsent, and no other does", () => {
    const callers = [caller([given(1)]), caller([given(2), given(3, { isInvalid: true })])]
    const invalid = { ...good, scenario: { ...scenario, callers } }
    assert.deepStrictEqual(violated(invalid), ["invalid"])
    const refused = [told(1, 20), told(2, 20), told(3, 0, failed("no", "invalid"))]
    const unsent = { requests: good.requests.slice(0, 1), copies: [copy(1), copy(2)], tellings: refused }
    assert.deepStrictEqual(violated({ ...invalid, ...unsent }), [])
    assert.deepStrictEqual(violated(unsent), ["invalid"])
  })

  it("no more bytes are held than there is room for, or one record that is larger", () => {
    assert.deepStrictEqual(violated({ mostBuffered: 1_000_001 }), ["room"])
    const scenario = ofSettings({ maxBufferedBytes: 100 })
    assert.deepStrictEqual(violated({ mostBuffered: 211, scenario }), [])
    assert.deepStrictEqual(violated({ mostBuffered: 212, scenario }), ["room"])
  })

  it("a record that was accepted is told by its deadline, or when its request ends", () => {
    const accepted = (at: number) => ({ accepted: new Map([[3, epoch - at]]) })
    assert.deepStrictEqual(violated(accepted(10_000 + 2 * 3000 + 12_000 - 50)), [])
    assert.deepStrictEqual(violated(accepted(10_000 + 2 * 3000 + 12_000 - 49)), ["late"])
  })

  it("at the end nothing is held, and the counts add up", () => {
    for (
      const wrong of [{ bufferedBytes: 1 }, { waiting: 1 }, { failed: 1 }, { written: 2, failed: 1 }, {
        accepted: 4,
        withdrawn: 1
      }]
    ) {
      assert.deepStrictEqual(violated({ stats: { ...stats, ...wrong } }), ["stats"], JSON.stringify(wrong))
    }
    assert.deepStrictEqual(violated({ stats: undefined }), [])
  })

  it("no more requests are under way than there may be", () => {
    const scenario = ofSettings({ maxInFlight: 1 })
    assert.deepStrictEqual(violated({ scenario }), [])
    const [first, second] = good.requests
    assert.deepStrictEqual(violated({ scenario, requests: [{ ...first!, endedAt: epoch + 31 }, second!] }), [
      "requests under way"
    ])
    assert.deepStrictEqual(violated({ scenario, requests: [{ ...first!, endedAt: epoch + 30 }, second!] }), [])
  })

  it("a request is one that the service takes, and holds no record twice", () => {
    const [first, second] = good.requests
    assert.include(violated({ requests: [{ ...first!, outcome: "InvalidArgument" }, second!] }), "request")
    assert.include(violated({ requests: [first!, second!, request(60, [])] }), "request")
    assert.include(violated({ requests: [first!, request(30, [parcel(3), parcel(3)])] }), "request")
    const many = Array.from({ length: 501 }, (_, index) => parcel(index + 10))
    assert.include(violated({ requests: [first!, second!, request(60, many)] }), "request")
  })

  it("callers of cold shards wait two round trips and the linger", () => {
    const hot = { ...scenario, about: "hot shard" } as const
    assert.deepStrictEqual(violated({ scenario: hot }), [])
    assert.deepStrictEqual(violated({ scenario: hot, tellings: [told(1, 5000), told(2, 20), told(3, 51)] }), [
      "flush",
      "close"
    ])
    assert.deepStrictEqual(violated({ scenario: hot, tellings: [told(1, 20), told(2, 20), told(3, 52)] }), [
      "cold lane"
    ])
  })

  it("a flush ends, and not before what was given has been told", () => {
    assert.deepStrictEqual(violated({ flushes: [{ ids: [1], beganAt: epoch, endedAt: Infinity }] }), ["flush"])
    assert.deepStrictEqual(violated({ flushes: [{ ids: [3], beganAt: epoch, endedAt: epoch + 49 }] }), ["flush"])
  })

  it("closing ends in time, tells all, and is the end", () => {
    assert.deepStrictEqual(violated({ closing: { beganAt: epoch + 100, endedAt: Infinity } }), ["close"])
    assert.deepStrictEqual(violated({ closing: { beganAt: epoch + 100, endedAt: epoch + 4102 } }), ["close"])
    assert.deepStrictEqual(violated({ closing: { beganAt: epoch + 10, endedAt: epoch + 29 } }), ["close"])
    assert.deepStrictEqual(violated({ closing: { beganAt: epoch + 10, endedAt: epoch + 40 } }), ["close"])
  })

  it("a history comes to its end", () => assert.deepStrictEqual(violated({ unfinished: "it hangs" }), ["unfinished"]))
})
