import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import { AckTracker, placeAfter, type RecordPlace } from "../../../src/internal/lease/ackTracker.js"
import * as Checkpoint from "../../../src/internal/lease/checkpoint.js"
import { assertProportional } from "../../support/growth.js"

const plain = (...numbers: ReadonlyArray<number>): ReadonlyArray<RecordPlace> =>
  numbers.map((number) => ({ sequenceNumber: String(number) }))
const aggregate = (sequenceNumber: string, ...subs: ReadonlyArray<number>): ReadonlyArray<RecordPlace> =>
  subs.map((subSequenceNumber) => ({ sequenceNumber, subSequenceNumber }))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

interface Delivered {
  readonly records: ReadonlyArray<RecordPlace>
  readonly position: Position.Position
}

const delivered = (...pages: ReadonlyArray<Delivered>): AckTracker => {
  const tracker = new AckTracker()
  for (const page of pages) tracker.deliver(page)
  return tracker
}

/** All of it, worked out anew from what was delivered and what was acknowledged. */
const expectedOf = (pages: ReadonlyArray<Delivered>, acknowledged: ReadonlySet<number>) => {
  const total = pages.reduce((sum, page) => sum + page.records.length, 0)
  let prefix = 0
  while (acknowledged.has(prefix)) prefix++
  let position: Position.Position | undefined
  let last: RecordPlace | undefined
  let first = 0
  let isSettled = true
  for (const page of pages) {
    const records = page.records.slice(0, Math.max(0, prefix - first))
    last = records.at(-1) ?? last
    if (records.length < page.records.length) {
      isSettled = false
      if (records.length > 0) position = placeAfter(last!)
      break
    }
    const isAfterLast = "sequenceNumber" in page.position && page.position.sequenceNumber === last?.sequenceNumber
    if (isAfterLast || page.position._tag === "ShardEnd") {
      position = last === undefined
        ? position
        : later(position, placeAfter(last))
    } else position = page.position
    first += page.records.length
  }
  return { position, prefix, gap: total - prefix, isSettled, acknowledged: acknowledged.size }
}

const later = (a: Position.Position | undefined, b: Position.Position) => Checkpoint.compare(a, b) > 0 ? a : b

/** A page by its Kinesis records, each with how many records it holds (0: it came alone) and which of them pass the filter. */
const page = fc.array(
  fc.record({ step: fc.integer({ min: 1, max: 4 }), size: fc.nat(4), passed: fc.nat(31) }),
  { maxLength: 5 }
)
const action = fc.oneof(
  { weight: 2, arbitrary: page.map((records) => ({ _tag: "deliver" as const, records })) },
  { weight: 4, arbitrary: fc.nat(30).map((number) => ({ _tag: "number" as const, number })) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("place" as const), sequence: fc.nat(40), sub: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("upTo" as const), sequence: fc.nat(40), sub: fc.nat(4) }) }
)

const pageOf = (records: ReadonlyArray<{ step: number; size: number; passed: number }>, last: number) => {
  let sequence = last
  const passed: Array<RecordPlace> = []
  for (const record of records) {
    sequence += record.step
    const sequenceNumber = String(sequence)
    const all = record.size === 0 ? plain(sequence) : aggregate(sequenceNumber, ...upTo(record.size))
    passed.push(...all.filter((_, index) => (record.passed >> index) % 2 === 1))
  }
  return { passed, sequence }
}

describe("ackTracker", () => {
  it("B40 of 1 to 5 the records 5 4 2 1 are acknowledged: the position is after 2", () => {
    const tracker = delivered({ records: plain(1, 2, 3, 4, 5), position: Position.afterSequenceNumber("5") })
    assert.isUndefined(tracker.position)
    for (const number of [4, 3, 1]) {
      tracker.acknowledge(number)
      assert.isUndefined(tracker.position, `with ${number + 1} and not 1`)
    }
    tracker.acknowledge(0)
    assert.deepStrictEqual(tracker.position, Position.afterSequenceNumber("2"))
    assert.deepStrictEqual([tracker.prefix, tracker.gap, tracker.acknowledged, tracker.isSettled], [2, 3, 4, false])
    tracker.acknowledge(2)
    assert.deepStrictEqual(tracker.position, Position.afterSequenceNumber("5"))
    assert.deepStrictEqual([tracker.prefix, tracker.gap, tracker.acknowledged, tracker.isSettled], [5, 0, 5, true])
  })

  it("B45 of an aggregate of 10 records 4 are acknowledged: the position is after its record 3", () => {
    const records = aggregate("7", ...upTo(10))
    const tracker = delivered({ records, position: Position.afterSequenceNumber("7") })
    for (const record of records.slice(0, 4)) tracker.acknowledgeAt(record)
    assert.deepStrictEqual(tracker.position, Position.after({ sequenceNumber: "7", subSequenceNumber: 3 }))
    for (const record of records.slice(4)) tracker.acknowledgeAt(record)
    assert.deepStrictEqual(tracker.position, Position.after({ sequenceNumber: "7", subSequenceNumber: 9 }))
  })

  it("B45 a page whose records are all filtered advances, once what came before is acknowledged", () => {
    const filtered = { records: [], position: Position.afterSequenceNumber("20") }
    assert.deepStrictEqual(delivered(filtered).position, Position.afterSequenceNumber("20"))
    const tracker = delivered({ records: plain(8, 9), position: Position.afterSequenceNumber("9") }, filtered)
    tracker.acknowledge(0)
    assert.deepStrictEqual(tracker.position, Position.afterSequenceNumber("8"))
    tracker.acknowledge(1)
    assert.deepStrictEqual(tracker.position, Position.afterSequenceNumber("20"))
    assert.isTrue(tracker.isSettled)
  })

  it("B45 filtered records at the end of a page are passed with it", () => {
    const tracker = delivered({ records: plain(8, 9), position: Position.afterSequenceNumber("15") })
    tracker.acknowledgeUpTo({ sequenceNumber: "9" })
    assert.deepStrictEqual(tracker.position, Position.afterSequenceNumber("15"))
  })

  it("B20 empty pages before any record move the start on", () => {
    const tracker = delivered({ records: [], position: Position.trimHorizon })
    assert.deepStrictEqual(tracker.position, Position.trimHorizon)
    tracker.deliver({ records: [], position: Position.atTimestamp(2000) })
    tracker.deliver({ records: [], position: Position.atTimestamp(1000) })
    assert.deepStrictEqual(tracker.position, Position.atTimestamp(1000))
  })

  it("B45 an empty page after an aggregate does not take the position back to its beginning", () => {
    const tracker = delivered({ records: aggregate("7", 0, 1, 2), position: Position.afterSequenceNumber("7") })
    tracker.acknowledgeUpTo({ sequenceNumber: "7", subSequenceNumber: 2 })
    tracker.deliver({ records: [], position: Position.afterSequenceNumber("7") })
    assert.deepStrictEqual(tracker.position, Position.after({ sequenceNumber: "7", subSequenceNumber: 2 }))
  })

  it("B44 the last page of a closed shard ends after its last record; when it is empty the position stays", () => {
    const last = delivered({ records: aggregate("7", 0, 1), position: Position.shardEnd })
    assert.isFalse(last.isSettled)
    last.acknowledgeUpTo({ sequenceNumber: "7", subSequenceNumber: 1 })
    assert.deepStrictEqual(last.position, Position.after({ sequenceNumber: "7", subSequenceNumber: 1 }))
    assert.isTrue(last.isSettled)

    const empty = delivered(
      { records: plain(7), position: Position.afterSequenceNumber("7") },
      { records: [], position: Position.shardEnd }
    )
    assert.isFalse(empty.isSettled, "7 is not acknowledged")
    empty.acknowledge(0)
    assert.deepStrictEqual(empty.position, Position.afterSequenceNumber("7"))
    assert.isTrue(empty.isSettled)

    const never = delivered({ records: [], position: Position.shardEnd })
    assert.isUndefined(never.position)
    assert.isTrue(never.isSettled, "B33 an empty closed shard")
  })

  it("what was not delivered, or was acknowledged before, counts for nothing", () => {
    const tracker = new AckTracker()
    assert.strictEqual(tracker.deliver({ records: plain(8, 10), position: Position.afterSequenceNumber("10") }), 0)
    assert.strictEqual(tracker.deliver({ records: plain(11), position: Position.afterSequenceNumber("11") }), 2)
    for (const number of [3, -1]) tracker.acknowledge(number)
    tracker.acknowledgeAt({ sequenceNumber: "9" })
    tracker.acknowledgeAt({ sequenceNumber: "8", subSequenceNumber: 1 })
    tracker.acknowledgeUpTo({ sequenceNumber: "7" })
    assert.strictEqual(tracker.acknowledged, 0)
    for (let time = 0; time < 2; time++) tracker.acknowledge(1)
    assert.strictEqual(tracker.acknowledged, 1)
    for (let time = 0; time < 2; time++) tracker.acknowledgeUpTo({ sequenceNumber: "10" })
    assert.deepStrictEqual([tracker.acknowledged, tracker.prefix, tracker.gap], [2, 2, 1])
    tracker.acknowledge(0)
    assert.strictEqual(tracker.acknowledged, 2)
  })

  it("B40 B45 any pages, acknowledged in any order and in every way", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), fc.boolean(), (actions, isClosed) => {
        const tracker = new AckTracker()
        const pages: Array<Delivered> = []
        const acknowledged = new Set<number>()
        const places: Array<RecordPlace> = []
        let sequence = 5
        const check = () => {
          const { position, ...rest } = expectedOf(pages, acknowledged)
          const { gap, isSettled, prefix } = tracker
          assert.deepStrictEqual({ prefix, gap, isSettled, acknowledged: tracker.acknowledged }, rest)
          assert.isTrue(
            Checkpoint.isSame(tracker.position, position),
            `${JSON.stringify(tracker.position)} and not ${JSON.stringify(position)}`
          )
        }
        const deliver = (delivered: Delivered) => {
          assert.strictEqual(tracker.deliver(delivered), places.length)
          pages.push(delivered)
          places.push(...delivered.records)
        }
        const isUpTo = (place: RecordPlace, sequence: number, sub: number) => {
          const number = Number(place.sequenceNumber)
          return number < sequence || (number === sequence && (place.subSequenceNumber ?? 0) <= sub)
        }
        for (const act of actions) {
          if (act._tag === "deliver") {
            const next = pageOf(act.records, sequence)
            const isBegun = sequence > 5 || act.records.length > 0
            sequence = next.sequence
            const position = isBegun ? Position.afterSequenceNumber(String(sequence)) : Position.trimHorizon
            deliver({ records: next.passed, position })
          } else if (act._tag === "number") {
            tracker.acknowledge(act.number)
            if (act.number < places.length) acknowledged.add(act.number)
          } else {
            const place = { sequenceNumber: String(act.sequence), subSequenceNumber: act.sub }
            if (act._tag === "upTo") tracker.acknowledgeUpTo(place)
            else tracker.acknowledgeAt(place)
            for (const [number, { sequenceNumber, subSequenceNumber = 0 }] of places.entries()) {
              const isIt = act._tag === "upTo"
                ? isUpTo(places[number]!, act.sequence, act.sub)
                : sequenceNumber === place.sequenceNumber && subSequenceNumber === act.sub
              if (isIt) acknowledged.add(number)
            }
          }
          check()
        }
        if (isClosed) deliver({ records: plain(sequence + 1), position: Position.shardEnd })
        for (const number of places.keys()) {
          tracker.acknowledge(number)
          acknowledged.add(number)
          check()
        }
        assert.isTrue(tracker.isSettled)
      }),
      { numRuns: 500 }
    )
  })

  it("16,000 records of a page are acknowledged in any order without going through them each time", () => {
    const orders: Record<string, (index: number, count: number) => number> = {
      "in order": (index) => index,
      "in reverse": (index, count) => count - 1 - index,
      "in disorder": (index, count) => (index * 7919) % count
    }
    for (const [name, numberOf] of Object.entries(orders)) {
      for (const byPlace of [false, true]) {
        const acknowledge = (count: number) => {
          const records = plain(...Array.from({ length: count }, (_, index) => 1_000_000 + index))
          const tracker = delivered({ records, position: placeAfter(records.at(-1)!) })
          for (let index = 0; index < count; index++) {
            if (byPlace) tracker.acknowledgeAt(records[numberOf(index, count)]!)
            else tracker.acknowledge(numberOf(index, count))
          }
          assert.isTrue(tracker.isSettled)
        }
        assertProportional(acknowledge, 16_000, name)
      }
    }
  })
})
