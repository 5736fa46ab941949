import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import * as PollState from "../../src/internal/shard/pollState.js"

const page = (
  lastSequenceNumber: string | undefined,
  nextShardIterator: string | undefined,
  ended = nextShardIterator === undefined
): PollState.PollEvent => ({
  _tag: "PageReceived",
  lastSequenceNumber,
  nextShardIterator,
  ended,
  at: 0
})
const iterator = (shardIterator: string): PollState.PollEvent => ({
  _tag: "IteratorReceived",
  shardIterator,
  at: 0
})
const expired: PollState.PollEvent = { _tag: "IteratorExpired" }
const run = (origin: Position.Position, events: ReadonlyArray<PollState.PollEvent>) =>
  events.reduce(PollState.step, PollState.start(origin))

describe("pollState", () => {
  it("asks for an iterator, reads with it, and follows the next one", () => {
    const asked = PollState.start(Position.trimHorizon)
    assert.deepStrictEqual(PollState.command(asked, 0), { _tag: "GetShardIterator", position: Position.trimHorizon })
    const reading = PollState.step(asked, iterator("i1"))
    assert.deepStrictEqual(PollState.command(reading, 0), { _tag: "GetRecords", shardIterator: "i1" })
    assert.deepStrictEqual(PollState.command(PollState.step(reading, page("5", "i2")), 0), {
      _tag: "GetRecords",
      shardIterator: "i2"
    })
  })

  for (const last of [undefined, null, ""]) {
    it(`B4 a next iterator of ${JSON.stringify(last)} proves nothing, but with the shards that follow`, () => {
      const verdict = (...parents: ReadonlyArray<string>) =>
        PollState.verdict("a", {
          nextShardIterator: last,
          childShards: parents.map((parent) => ({ parentShards: [parent] }))
        })
      assert.deepStrictEqual([verdict(), verdict("b"), verdict("b", "a")], ["unproven", "unproven", "ended"])
    })
  }

  it("B4 an iterator goes on, whatever else the answer has", () => {
    const answer = { nextShardIterator: "i", childShards: [{ parentShards: ["a"] }] }
    assert.strictEqual(PollState.verdict("a", answer), "going-on")
  })

  it("B4 an empty answer is the last when a listing shows the end and the tip is reached", () => {
    const closed = { endingSequenceNumber: "9" }
    const open = { endingSequenceNumber: undefined }
    const reading = run(Position.trimHorizon, [iterator("i1")])
    for (const listed of [closed, undefined]) {
      assert.isTrue(PollState.isProvenEnd(reading, listed, 0))
      assert.isFalse(PollState.isProvenEnd(reading, listed, 1))
    }
    for (const lag of [0, 1, undefined]) assert.isFalse(PollState.isProvenEnd(reading, open, lag))
    let state = reading
    const silent = { _tag: "EndUnproven", isSilent: true } as const
    const proven = Array.from({ length: 10 }, () => {
      const is = PollState.isProvenEnd(state, closed, undefined)
      state = PollState.step(state, silent)
      return is
    })
    assert.strictEqual(proven.indexOf(true), 9)
    for (const event of [page(undefined, "i2"), { ...silent, isSilent: false }]) {
      assert.isFalse(PollState.isProvenEnd(PollState.step(state, event), closed, undefined))
    }
  })

  it("B4 what is unproven keeps the iterator, or goes on after the records that came without one", () => {
    const reading = run(Position.trimHorizon, [iterator("i1")])
    assert.deepStrictEqual(
      PollState.command(PollState.step(reading, { _tag: "EndUnproven", isSilent: true }), 0),
      PollState.command(reading, 0)
    )
    assert.deepStrictEqual(PollState.command(PollState.step(reading, page("5", undefined, false)), 0), {
      _tag: "GetShardIterator",
      position: Position.afterSequenceNumber("5")
    })
  })

  it("B4 a proven end is the end", () => {
    const state = run(Position.trimHorizon, [iterator("i1"), page("5", undefined)])
    assert.deepStrictEqual(PollState.command(state, 0), { _tag: "End" })
    assert.deepStrictEqual(PollState.position(state), Position.shardEnd)
  })

  it("B13 an expired iterator after empty pages resumes after the last record, not where the page began", () => {
    const state = run(Position.trimHorizon, [
      iterator("i1"),
      page("5", "i2"),
      page(undefined, "i3"),
      page(undefined, "i4"),
      expired
    ])
    assert.deepStrictEqual(PollState.command(state, 0), {
      _tag: "GetShardIterator",
      position: Position.afterSequenceNumber("5")
    })
  })

  it("B12 an expired iterator before any record resumes at the resolved start", () => {
    const state = run(Position.atTimestamp(1_000), [iterator("i1"), page(undefined, "i2"), expired])
    assert.deepStrictEqual(PollState.command(state, 0), {
      _tag: "GetShardIterator",
      position: Position.atTimestamp(1_000)
    })
  })

  it("any history resumes after the last record that was handed on", () => {
    const event = fc.oneof(
      fc.constant(expired),
      fc.record({ count: fc.nat(3) })
    )
    fc.assert(fc.property(fc.array(event), (history) => {
      let sequence = 0
      let state = PollState.start(Position.trimHorizon)
      for (const happened of history) {
        if (PollState.command(state, 0)._tag === "GetShardIterator") state = PollState.step(state, iterator("i"))
        if ("count" in happened) {
          sequence += happened.count
          state = PollState.step(state, page(happened.count === 0 ? undefined : String(sequence), "i"))
        } else {
          state = PollState.step(state, happened)
        }
      }
      assert.deepStrictEqual(
        PollState.position(state),
        sequence === 0 ? Position.trimHorizon : Position.afterSequenceNumber(String(sequence))
      )
    }))
  })

  it("B14 an iterator that may expire before it is used is replaced", () => {
    const state = run(Position.trimHorizon, [iterator("i1"), page("5", "i2")])
    assert.deepStrictEqual(PollState.command(state, 270_000), { _tag: "GetRecords", shardIterator: "i2" })
    assert.deepStrictEqual(PollState.command(state, 270_001), {
      _tag: "GetShardIterator",
      position: Position.afterSequenceNumber("5")
    })
    const later = PollState.step(state, { _tag: "IteratorReceived", shardIterator: "i3", at: 1_000_000 })
    assert.deepStrictEqual(PollState.command(later, 1_270_000), { _tag: "GetRecords", shardIterator: "i3" })
    assert.strictEqual(PollState.command(later, 1_270_001)._tag, "GetShardIterator")
  })

  it("a position inside an aggregate reads it again from its start, without the records read before", () => {
    const inside = PollState.start(Position.after({ sequenceNumber: "7", subSequenceNumber: 1 }))
    assert.deepStrictEqual(PollState.command(inside, 0), {
      _tag: "GetShardIterator",
      position: Position.atSequenceNumber("7")
    })
    const records = [
      { sequenceNumber: "7", subSequenceNumber: 0 },
      { sequenceNumber: "7", subSequenceNumber: 1 },
      { sequenceNumber: "7", subSequenceNumber: 2 },
      { sequenceNumber: "8", subSequenceNumber: 0 },
      { sequenceNumber: "9" }
    ]
    assert.deepStrictEqual(PollState.unread(inside, records), records.slice(2))
    assert.deepStrictEqual(
      PollState.unread(inside, [{ sequenceNumber: "7" }]),
      [],
      "one that is no aggregate after all"
    )
    assert.deepStrictEqual(
      PollState.unread(run(inside.origin, [iterator("i1"), page("7", "i2")]), records),
      records,
      "what comes after a page is new"
    )
  })

  it("any other position has nothing that was read before", () => {
    const records = [{ sequenceNumber: "7", subSequenceNumber: 0 }, { sequenceNumber: "8" }]
    for (
      const origin of [
        Position.trimHorizon,
        Position.atTimestamp(1_000),
        Position.atSequenceNumber("7"),
        Position.afterSequenceNumber("7")
      ]
    ) assert.deepStrictEqual(PollState.unread(PollState.start(origin), records), records, origin._tag)
  })

  it("B21 a start that the service's clock moved is the position until a record is handed on", () => {
    const moved = PollState.corrected(PollState.start(Position.atTimestamp(2_000)), Position.atTimestamp(1_000))
    assert.deepStrictEqual(PollState.position(moved), Position.atTimestamp(1_000))
    assert.deepStrictEqual(PollState.command(moved, 0), {
      _tag: "GetShardIterator",
      position: Position.atTimestamp(2_000)
    })
    const read = run(Position.atTimestamp(2_000), [iterator("i1"), page("5", "i2")])
    assert.deepStrictEqual(PollState.corrected(read, Position.atTimestamp(1_000)), read)
  })

  it("B25 a position that has left retention goes on from the oldest record, without what was read before", () => {
    const trimmed = PollState.step(run(Position.afterSequenceNumber("12"), [iterator("i1")]), {
      _tag: "PositionTrimmed",
      floor: "12"
    })
    assert.deepStrictEqual(PollState.command(trimmed, 0), { _tag: "GetShardIterator", position: Position.trimHorizon })
    const records = ["9", "12", "13"].map((sequenceNumber) => ({ sequenceNumber }))
    assert.deepStrictEqual(PollState.unread(trimmed, records), [{ sequenceNumber: "13" }])
  })

  it("a stored end of the shard is not read again", () => {
    const over = PollState.start(Position.shardEnd)
    assert.isTrue(over.closed)
    assert.deepStrictEqual(PollState.command(over, 0), { _tag: "End" })
    assert.deepStrictEqual(PollState.position(over), Position.shardEnd)
  })
})
