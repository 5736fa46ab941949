import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position, Until } from "effect-kinesis"
import * as PollState from "../../src/internal/shard/pollState.js"

const page = (
  lastSequenceNumber: string | undefined,
  nextShardIterator: string | null | undefined,
  { isParent = false, lag = 0 }: { readonly isParent?: boolean; readonly lag?: number | "untold" } = {}
): PollState.PollEvent => ({
  _tag: "PageReceived",
  lastSequenceNumber,
  nextShardIterator,
  isParent,
  childShards: [],
  millisBehindLatest: lag === "untold" ? undefined : lag,
  at: 0
})
const iterator = (shardIterator: string): PollState.PollEvent => ({
  _tag: "IteratorReceived",
  shardIterator,
  at: 0
})
const expired: PollState.PollEvent = { _tag: "IteratorExpired" }
const listed = (isOver: boolean): PollState.PollEvent => ({ _tag: "Listed", isOver })
const waited: PollState.PollEvent = { _tag: "Waited" }
const untold = { lag: "untold" } as const
const run = (origin: Position.Position, events: ReadonlyArray<PollState.PollEvent>) =>
  events.reduce(PollState.step, PollState.start(origin))
const next = (...events: ReadonlyArray<PollState.PollEvent>) =>
  PollState.command(run(Position.trimHorizon, [iterator("i1"), ...events]), 0)
const reads = (shardIterator: string) => ({ _tag: "GetRecords", shardIterator }) as const

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

  for (const missing of [undefined, null, ""]) {
    describe(`B4 a next iterator of ${JSON.stringify(missing)}`, () => {
      it("ends the shard when the answer names its children, whatever else it lacks", () => {
        for (const last of ["5", undefined]) {
          for (const lag of [0, 7, "untold"] as const) {
            const state = run(Position.trimHorizon, [iterator("i1"), page(last, missing, { isParent: true, lag })])
            assert.deepStrictEqual(PollState.command(state, 0), { _tag: "End" })
            assert.deepStrictEqual(PollState.position(state), Position.shardEnd)
          }
        }
      })

      it("goes on after the records that came with it", () => {
        const after = { _tag: "GetShardIterator", position: Position.afterSequenceNumber("5") } as const
        assert.deepStrictEqual(next(page("5", missing)), after)
        const closed = PollState.step(PollState.start(Position.trimHorizon, true), page("5", missing))
        assert.deepStrictEqual(PollState.command(closed, 0), after)
        assert.deepStrictEqual(PollState.position(closed), Position.afterSequenceNumber("5"))
      })

      it("is looked into when nothing came with it: of an open shard the same iterator is asked again, after a while", () => {
        const empty = page(undefined, missing)
        assert.deepStrictEqual(next(empty), { _tag: "ListShards" })
        assert.deepStrictEqual(next(empty, listed(false)), { _tag: "Wait" })
        assert.deepStrictEqual(next(empty, listed(false), waited), reads("i1"))
        assert.deepStrictEqual(next(empty, listed(false), waited, empty), { _tag: "ListShards" })
      })

      it("ends a shard that a listing shows closed when the next answer brings nothing and is at the tip", () => {
        const empty = page(undefined, missing)
        assert.deepStrictEqual(next(empty, listed(true)), reads("i1"))
        assert.deepStrictEqual(next(empty, listed(true), empty), { _tag: "End" })
        assert.deepStrictEqual(next(empty, listed(true), page("6", "i2")), reads("i2"), "it closed after a record")
        assert.deepStrictEqual(next(empty, listed(true), page("6", "i2"), empty), { _tag: "End" })
      })

      it("does not end a closed shard that has more, or may have", () => {
        const behind = page(undefined, missing, { lag: 7 })
        assert.deepStrictEqual(next(behind, listed(true), behind), { _tag: "Wait" })
        assert.deepStrictEqual(next(behind, listed(true), behind, waited), reads("i1"))
        const silent = page(undefined, missing, untold)
        const many = Array.from({ length: 20 }, () => [silent, waited]).flat()
        assert.deepStrictEqual(next(page("5", "i2"), listed(true), ...many, silent), { _tag: "Wait" }, "it told before")
      })

      it("ends a closed shard of a service that never tells how far it is behind, after five empty answers", () => {
        const silent = page(undefined, missing, untold)
        const answers = (count: number) => Array.from({ length: count }, () => [waited, silent]).flat()
        assert.deepStrictEqual(next(silent, listed(true), ...answers(4)), { _tag: "Wait" })
        assert.deepStrictEqual(next(silent, listed(true), ...answers(5)), { _tag: "End" })
        assert.deepStrictEqual(
          next(silent, listed(true), ...answers(4), page("6", "i2", untold), ...answers(4)),
          { _tag: "Wait" },
          "in a row"
        )
      })
    })
  }

  it("B1 a page is at the tip when it says so; one that does not tell is not, where another one did", () => {
    const atTip = (...events: ReadonlyArray<PollState.PollEvent>) => {
      const last = events.at(-1) as PollState.PageReceived
      return PollState.isAtTip(run(Position.trimHorizon, events), last.millisBehindLatest)
    }
    assert.isTrue(atTip(page("5", "i2")))
    assert.isFalse(atTip(page("5", "i2", { lag: 1 })))
    assert.isFalse(atTip(page("5", "i2", untold)))
    const silent = Array.from({ length: 5 }, () => page(undefined, "i2", untold))
    assert.isFalse(atTip(...silent.slice(1)))
    assert.isTrue(atTip(...silent))
    assert.isFalse(atTip(...silent, page("5", "i2", untold)), "while records come")
    assert.isFalse(atTip(page("5", "i2", { lag: 1 }), ...silent))
    assert.isFalse(
      atTip(page("5", "i2"), { _tag: "PositionTrimmed", floor: undefined }, ...silent),
      "what a shard's answers told is remembered"
    )
  })

  it("knows the children that are its own", () => {
    const child = { shardId: "c", hashKeyRange: { startingHashKey: "0", endingHashKey: "1" } }
    assert.isTrue(PollState.areChildren([{ ...child, parentShards: ["x", "a"] }], "a"))
    assert.isFalse(PollState.areChildren([{ ...child, parentShards: ["x"] }], "a"))
    assert.isFalse(PollState.areChildren([{ ...child, parentShards: [] }], "a"))
    assert.isFalse(PollState.areChildren([], "a"))
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
    assert.isTrue(over.ended)
    assert.deepStrictEqual(PollState.command(over, 0), { _tag: "End" })
    assert.deepStrictEqual(PollState.position(over), Position.shardEnd)
  })

  it("a position that has left retention forgets where reading stood, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.option(fc.stringMatching(/^[1-9][0-9]{0,5}$/), { nil: undefined }),
        (closed, last) => {
          const childShards = [{
            shardId: "c",
            parentShards: ["a"],
            hashKeyRange: { startingHashKey: "0", endingHashKey: "1" }
          }]
          const before = [
            iterator("i1"),
            { _tag: "Announced" } as const,
            { ...page(last, "i2"), childShards } as PollState.PageReceived,
            { _tag: "RetentionChecked" } as const
          ].reduce<PollState.PollState>(PollState.step, PollState.start(Position.afterSequenceNumber("3"), closed))
          const after = PollState.step(before, { _tag: "PositionTrimmed", floor: "3" })
          assert.deepStrictEqual(after, {
            ...before,
            origin: Position.trimHorizon,
            accepted: undefined,
            lastSequenceNumber: undefined,
            floor: "3",
            shardIterator: undefined,
            issuedAt: 0,
            ended: false,
            doubt: undefined,
            blanks: 0
          })
          assert.isTrue(after.announced && after.retentionChecked)
          assert.strictEqual(after.broughtRecords, last !== undefined)
          assert.strictEqual(after.childShards, childShards)
        }
      )
    )
  })

  it("remembers for its outcome whether any answer brought records, and the last one's children", () => {
    assert.isFalse(run(Position.trimHorizon, [iterator("i1"), page(undefined, "i2")]).broughtRecords)
    assert.isTrue(run(Position.trimHorizon, [iterator("i1"), page("5", "i2"), page(undefined, "i3")]).broughtRecords)
  })

  it("a page that is far enough ends the reading, but at the shard's end, or at the tip of a closed shard", () => {
    const facts = {
      shardId: "a",
      records: 0,
      millisBehindLatest: 0,
      isAtTip: true,
      closed: false,
      lastArrival: undefined,
      askedAt: 0,
      askedAtServer: 0
    }
    const open = run(Position.trimHorizon, [iterator("i1"), page("5", "i2")])
    const ended = { ...open, ended: true }
    const instant = Until.instant(0)
    for (const until of [Until.caughtUp, Until.count(1), Until.idle(0), instant]) {
      assert.isTrue(PollState.isOverAfter(open, false, until, facts), until._tag)
      assert.isFalse(PollState.isOverAfter(ended, false, until, facts), until._tag)
    }
    assert.isFalse(PollState.isOverAfter(open, true, Until.caughtUp, facts))
    assert.isFalse(PollState.isOverAfter(open, true, instant, facts))
    assert.isTrue(PollState.isOverAfter(open, true, instant, { ...facts, lastArrival: 5 }), "a record tells")
    assert.isTrue(PollState.isOverAfter(open, true, Until.count(1), facts))
  })

  it("a refused iterator of a record's position has left retention; else the clock is corrected once", () => {
    for (const position of [Position.afterSequenceNumber("5"), Position.atSequenceNumber("5")]) {
      for (const isCorrected of [false, true]) {
        assert.strictEqual(PollState.afterRefusal(position, isCorrected), "trimmed")
      }
    }
    for (const position of [Position.atTimestamp(5), Position.trimHorizon]) {
      assert.strictEqual(PollState.afterRefusal(position, false), "correct-clock")
      assert.strictEqual(PollState.afterRefusal(position, true), "fail")
    }
  })

  it("suspects a stored position whose shard is behind by the least retention and brings nothing, until it was checked", () => {
    const day = 24 * 3_600_000
    const stored = run(Position.afterSequenceNumber("5"), [iterator("i1"), page(undefined, "i2", { lag: day })])
    assert.isTrue(PollState.isSuspect(stored, day))
    assert.isFalse(PollState.isSuspect(stored, day - 2 * 3_600_000))
    assert.isFalse(PollState.isSuspect(stored, undefined))
    assert.isFalse(PollState.isSuspect(PollState.step(stored, { _tag: "RetentionChecked" }), day))
    assert.isFalse(PollState.isSuspect(PollState.step(stored, page("6", "i3", { lag: day })), day))
    assert.isFalse(PollState.isSuspect(run(Position.trimHorizon, [iterator("i1")]), day))
    assert.strictEqual(PollState.floorOf(stored), "5")
    assert.isUndefined(PollState.floorOf(run(Position.trimHorizon, [])))
    assert.strictEqual(PollState.whyTrimmed(day, 24), "24 hours behind without a record")
    assert.isUndefined(PollState.whyTrimmed(day, 48))
  })
})
