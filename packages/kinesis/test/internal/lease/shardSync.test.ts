import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type KinesisApi, type LeaseStore, Position } from "effect-kinesis"
import * as ShardSync from "../../../src/internal/lease/shardSync.js"
import { parentsOf } from "../../../src/internal/shard/shardGraph.js"
import * as LeaseTransition from "../../../src/LeaseTransition.js"

const keys = 2n ** 128n
const range = (from: bigint, to: bigint): KinesisApi.HashKeyRange => ({
  startingHashKey: String(from),
  endingHashKey: String(to)
})
const shard = (
  shardId: string,
  parents: ReadonlyArray<string> = [],
  hashKeyRange = range(0n, keys - 1n)
): KinesisApi.Shard => ({
  shardId,
  parentShardId: parents[0],
  adjacentParentShardId: parents[1],
  hashKeyRange,
  startingSequenceNumber: "1",
  endingSequenceNumber: undefined
})
const lease = (
  shardId: string,
  checkpoint: Position.Position | undefined,
  parentShardIds: ReadonlyArray<string> = [],
  more: Partial<LeaseStore.Lease> = {}
): LeaseStore.Lease => ({
  ...LeaseTransition.unowned({
    leaseKey: shardId,
    shardId,
    streamIdentifier: undefined,
    checkpoint,
    parentShardIds,
    hashKeyRange: undefined
  }),
  ...more
})

const begun = Position.afterSequenceNumber("5")
const start = Position.atTimestamp(1000)
const starts = (missing: ReadonlyArray<ShardSync.Missing>) =>
  Object.fromEntries(missing.map((each) => [each.shard.shardId, each.checkpoint]))

/** The three reshard histories of KCL's HierarchicalShardSyncerTest (awslabs/amazon-kinesis-client), shard to parents. */
const histories = {
  A: { 0: [], 1: [], 2: [], 3: [], 4: [], 5: [], 6: [0, 1], 7: [2, 3], 8: [6, 7], 9: [5], 10: [5] },
  B: { 0: [], 1: [], 2: [0, 1], 3: [2], 4: [2], 5: [3, 4], 6: [5], 7: [5], 8: [6, 7], 9: [8], 10: [8] },
  C: { 0: [], 1: [], 2: [], 3: [], 4: [0], 5: [0], 6: [2, 3], 7: [4], 8: [4], 9: [5], 10: [5] }
} as const satisfies Record<string, Record<number, ReadonlyArray<number>>>
type History = keyof typeof histories

const parentsIn = (history: History, shardId: number): ReadonlyArray<string> =>
  (histories[history] as Record<number, ReadonlyArray<number>>)[shardId]!.map(String)
const shardsOf = (history: History) =>
  Object.keys(histories[history]).map((shardId) => shard(shardId, parentsIn(history, Number(shardId))))
const missingOf = (
  history: History,
  present: ReadonlyArray<number>,
  from: Position.Position = start,
  shards = shardsOf(history)
) => ShardSync.missing(shards, present.map((each) => lease(String(each), begun, parentsIn(history, each))), from)
const numbers = (missing: ReadonlyArray<ShardSync.Missing>) => missing.map((each) => Number(each.shard.shardId))

/** The shards of a stream that began with `first` shards and was then split and merged, parents before children. */
const grown = (first: number, changes: ReadonlyArray<{ readonly isSplit: boolean; readonly at: number }>) => {
  const shards: Array<KinesisApi.Shard> = []
  const add = (from: bigint, to: bigint, parents: ReadonlyArray<string>) => {
    const shardId = `shard-${String(shards.length).padStart(3, "0")}`
    shards.push(shard(shardId, parents, range(from, to)))
    return { shardId, from, to }
  }
  const open = Array.from(
    { length: first },
    (_, index) => add((BigInt(index) * keys) / BigInt(first), (BigInt(index + 1) * keys) / BigInt(first) - 1n, [])
  )
  for (const { at, isSplit } of changes) {
    const index = at % open.length
    const [left, right] = [open[index]!, open[index + 1]]
    const middle = (left.from + left.to) / 2n
    if (isSplit && middle > left.from) {
      open.splice(
        index,
        1,
        add(left.from, middle, [left.shardId]),
        add(middle + 1n, left.to, [left.shardId])
      )
    } else if (right !== undefined) {
      open.splice(index, 2, add(left.from, right.to, [left.shardId, right.shardId]))
    }
  }
  return { shards, open: new Set(open.map(({ shardId }) => shardId)) }
}

describe("shardSync", () => {
  describe("missing", () => {
    const matrix: ReadonlyArray<
      readonly [History, present: ReadonlyArray<number>, created: ReadonlyArray<number>]
    > = [
      ["A", [3, 4, 5], [0, 1, 2]],
      ["A", [4, 5, 7], [0, 1]],
      ["A", [2, 6], [3, 4, 5]],
      ["A", [4, 9, 10], [0, 1, 2, 3]],
      ["A", [4, 5, 6, 7], []],
      ["A", [0, 1, 2, 3, 4, 5, 6, 7], []],
      ["A", [], [0, 1, 2, 3, 4, 5]],
      ["A", [0, 1, 4, 7, 9, 10], []],
      ["B", [6], [7]],
      ["B", [5], []],
      ["B", [0, 1, 2, 3, 4, 5], []],
      ["B", [], [0, 1]],
      ["C", [9, 10], [1, 2, 3, 4]]
    ]
    for (const [history, present, created] of matrix) {
      it(`B30 ${history} with leases of ${present.join(" ") || "nothing"} misses ${created.join(" ") || "nothing"}`, () => {
        for (const from of [Position.trimHorizon, start]) {
          const missing = missingOf(history, present, from)
          assert.deepStrictEqual(numbers(missing), created)
          const related = history === "B" ? [7] : history === "C" ? [4] : []
          for (const { checkpoint, shard } of missing) {
            const expected = related.includes(Number(shard.shardId)) ? Position.trimHorizon : from
            assert.deepStrictEqual(checkpoint, expected, shard.shardId)
          }
        }
      })
    }

    it("with LATEST and no lease only the open shards are listed, and all of them are missing", () => {
      const openOf = (history: History) => {
        const all = shardsOf(history)
        const open = all.filter(({ shardId }) => !all.some((each) => parentsOf(each).includes(shardId)))
        return numbers(missingOf(history, [], start, open))
      }
      assert.deepStrictEqual([openOf("A"), openOf("B"), openOf("C")], [[4, 8, 9, 10], [9, 10], [1, 6, 7, 8, 9, 10]])
    })

    it("B31 any generation may have left retention", () => {
      const left = (history: History, from: number) =>
        numbers(missingOf(history, [], start, shardsOf(history).filter((each) => Number(each.shardId) >= from)))
      assert.deepStrictEqual(left("A", 6), [6, 7, 9, 10])
      assert.deepStrictEqual(left("B", 3), [3, 4])
      assert.deepStrictEqual(left("B", 9), [9, 10])
      assert.deepStrictEqual(left("A", 1), [1, 2, 3, 4, 5], "6 waits for 1, though 0 is gone")
    })

    it("B30 a child whose parent was read to its end begins with its first record", () => {
      const shards = [shard("a"), shard("b", ["a"]), shard("c", ["a"]), shard("d", ["b"])]
      const read = [lease("a", Position.shardEnd)]
      assert.deepStrictEqual(starts(ShardSync.missing(shards, read, start)), {
        b: Position.trimHorizon,
        c: Position.trimHorizon
      })
      assert.deepStrictEqual(
        starts(
          ShardSync.missing(shards, [...read, lease("b", Position.shardEnd, ["a"]), lease("c", begun, ["a"])], start)
        ),
        { d: Position.trimHorizon }
      )
      assert.deepStrictEqual(ShardSync.missing(shards, [lease("a", begun)], start), [], "a's end creates them")
    })

    it("B29 B31 a merged child is missing when each parent was read to its end or is gone", () => {
      const shards = [shard("a"), shard("b"), shard("c", ["a", "b"])]
      const [a, b] = [lease("a", Position.shardEnd), lease("b", Position.shardEnd)]
      const ids = (leases: ReadonlyArray<LeaseStore.Lease>, listed = shards) =>
        ShardSync.missing(listed, leases, start).map((each) => each.shard.shardId)
      assert.deepStrictEqual(ids([a, b]), ["c"])
      assert.deepStrictEqual(ids([a, lease("b", begun)]), [])
      assert.deepStrictEqual(ids([a]), ["b"])
      assert.deepStrictEqual(ids([a], [shards[0]!, shards[2]!]), ["c"])
      assert.deepStrictEqual(ids([], [shards[1]!, shards[2]!]), ["b"])
      assert.deepStrictEqual(ids([], [shards[2]!]), ["c"])
    })

    it("a lease of a shard that is no longer listed leads on to its children", () => {
      const missing = ShardSync.missing([shard("b", ["a"]), shard("z")], [lease("a", Position.shardEnd)], start)
      assert.deepStrictEqual(starts(missing), { b: Position.trimHorizon, z: start })
    })

    it("a sibling of a shard with a lease begins with its first record, also when their parent is gone", () => {
      const shards = [shard("b", ["a"]), shard("c", ["a"])]
      assert.deepStrictEqual(starts(ShardSync.missing(shards, [lease("b", begun, ["a"])], start)), {
        c: Position.trimHorizon
      })
    })
  })

  describe("any stream that was split and merged", () => {
    const stream = fc.record({
      first: fc.integer({ min: 1, max: 5 }),
      changes: fc.array(fc.record({ isSplit: fc.boolean(), at: fc.nat(20) }), { maxLength: 25 }),
      trimmed: fc.nat(10),
      /** What is done between two shards that are read, and to which. */
      events: fc.array(
        fc.record({ act: fc.constantFrom("nothing", "clean", "trim", "lose", "crash"), which: fc.nat(100) }),
        { minLength: 60, maxLength: 60 }
      )
    })

    it("B29 B30 each shard is read once, after its parents, whatever leases are lost or cleaned up on the way", () => {
      fc.assert(
        fc.property(stream, ({ changes, events, first, trimmed }) => {
          const { open, shards } = grown(first, changes)
          const parents = new Map(shards.map((each) => [each.shardId, parentsOf(each)]))
          const childrenOf = (shardId: string) =>
            shards.filter((each) => parentsOf(each).includes(shardId)).map((each) => each.shardId)
          let listed = shards.filter((each, index) => index >= trimmed || open.has(each.shardId))
          const toRead = listed.map((each) => each.shardId)
          const isListed = (shardId: string) => listed.some((each) => each.shardId === shardId)
          const listing = () => new Set(listed.map((each) => each.shardId))
          const leases = new Map<string, LeaseStore.Lease>()
          const byShard = (shardId: string) => leases.get(shardId)
          const create = (shardId: string, checkpoint: Position.Position) => {
            const { hashKeyRange } = shards.find((each) => each.shardId === shardId)!
            if (!leases.has(shardId)) {
              leases.set(shardId, lease(shardId, checkpoint, parents.get(shardId)!, { hashKeyRange }))
            }
          }
          const missing = () => ShardSync.missing(listed, [...leases.values()], start)
          const repair = () => {
            for (const { checkpoint, shard } of missing()) create(shard.shardId, checkpoint)
          }
          const isFinished = (each: LeaseStore.Lease) => each.checkpoint?._tag === "ShardEnd"
          const read: Array<string> = []
          const unread = () => [...leases.values()].filter((each) => !isFinished(each) && !read.includes(each.shardId))

          const readOne = (which: number, isCrashing: boolean) => {
            const readable = unread().filter((each) => ShardSync.isReadable(each, byShard))
            assert.isNotEmpty(readable)
            const next = readable[which % readable.length]!
            for (const parent of next.parentShardIds) {
              if (isListed(parent)) assert.include(read, parent, `${next.shardId} is read after its parents`)
            }
            const children = childrenOf(next.shardId)
            for (const child of children) {
              if (ShardSync.isDue(parents.get(child)!, next.shardId, byShard, listing())) {
                create(child, Position.trimHorizon)
              }
            }
            if (isCrashing) return
            read.push(next.shardId)
            const checkpoint = open.has(next.shardId) ? begun : Position.shardEnd
            leases.set(next.shardId, { ...next, checkpoint, childShardIds: children })
          }
          const happen = ({ act, which }: { act: string; which: number }) => {
            if (act === "clean") {
              for (const each of ShardSync.garbage([...leases.values()], listing())) leases.delete(each.shardId)
            }
            if (act === "trim") {
              const kept = listed.findIndex((each) => open.has(each.shardId) || !read.includes(each.shardId))
              listed = listed.slice(Math.min(kept, which % 4))
            }
            const lost = unread().filter((each) => !childrenOf(each.shardId).some((child) => leases.has(child)))
            if (act !== "lose" || lost.length === 0) return
            const { shardId } = lost[which % lost.length]!
            leases.delete(shardId)
            const known = parents.get(shardId)!.map(byShard).filter((parent) => parent !== undefined)
            const repaired = missing()
            if (known.every(isFinished)) {
              assert.strictEqual(ShardSync.coverage([...leases.values()]), "hole")
              assert.deepStrictEqual(repaired.map((each) => each.shard.shardId), [shardId])
              if (known.length > 0) assert.deepStrictEqual(repaired[0]!.checkpoint, Position.trimHorizon)
            } else assert.deepStrictEqual(repaired, [], "the end of a parent creates it")
            repair()
          }

          repair()
          for (let step = 0; read.length < toRead.length; step++) {
            const event = events[step % events.length]!
            if (step < events.length) happen(event)
            assert.deepStrictEqual(missing(), [])
            readOne(event.which, event.act === "crash" && step < events.length)
          }
          assert.deepStrictEqual([...read].sort(), [...toRead].sort())
          assert.strictEqual(ShardSync.coverage([...leases.values()]), "complete")
          assert.deepStrictEqual(missing(), [])
        }),
        { numRuns: 300 }
      )
    })

    it("the leases of the open shards cover every hash key, and miss nothing; without any of them there is a hole", () => {
      fc.assert(fc.property(stream, fc.nat(50), ({ changes, first }, which) => {
        const { open, shards } = grown(first, changes)
        const leases = shards.filter((each) => open.has(each.shardId)).map((each) =>
          lease(each.shardId, begun, parentsOf(each), { hashKeyRange: each.hashKeyRange })
        )
        assert.strictEqual(ShardSync.coverage(leases), "complete")
        assert.deepStrictEqual(ShardSync.missing(shards, leases, start), [])
        const left = leases.filter((_, index) => index !== which % leases.length)
        assert.strictEqual(ShardSync.coverage(left), "hole")
      }))
    })
  })

  describe("coverage", () => {
    const of = (...ranges: ReadonlyArray<readonly [from: bigint, to: bigint]>) =>
      ShardSync.coverage(ranges.map(([from, to]) => ({ checkpoint: begun, hashKeyRange: range(from, to) })))
    const last = keys - 1n

    it("is complete when no hash key is left out, in whatever order and with overlaps", () => {
      assert.strictEqual(of([0n, last]), "complete")
      assert.strictEqual(of([10n, last], [0n, 9n]), "complete")
      assert.strictEqual(of([0n, 8n], [9n, 10n], [11n, last]), "complete")
      assert.strictEqual(of([0n, 100n], [5n, 20n], [50n, last]), "complete", "parents beside their children")
      assert.strictEqual(of([0n, last], [5n, 20n]), "complete")
    })

    it("is a hole at the beginning, in the middle and at the end", () => {
      assert.strictEqual(of(), "hole")
      assert.strictEqual(of([1n, last]), "hole")
      assert.strictEqual(of([0n, 9n], [11n, last]), "hole")
      assert.strictEqual(of([0n, 100n], [5n, 20n], [102n, last]), "hole")
      assert.strictEqual(of([0n, last - 1n]), "hole")
    })

    it("does not count what was read to its end, and is unknown when a range is", () => {
      const ended = { checkpoint: Position.shardEnd, hashKeyRange: range(0n, last) }
      const unknown = { checkpoint: undefined, hashKeyRange: undefined }
      assert.strictEqual(ShardSync.coverage([ended]), "hole")
      assert.strictEqual(ShardSync.coverage([ended, unknown]), "unknown")
      const read = { ...ended, hashKeyRange: undefined }
      const open = { checkpoint: undefined, hashKeyRange: range(0n, last) }
      assert.strictEqual(ShardSync.coverage([open, read]), "complete")
    })
  })

  describe("what a listing can tell", () => {
    const last = keys - 1n
    const closed = (each: KinesisApi.Shard): KinesisApi.Shard => ({ ...each, endingSequenceNumber: "9" })
    const a = closed(shard("a", [], range(0n, 99n)))
    const [b, c] = [shard("b", ["a"], range(0n, 49n)), shard("c", ["a"], range(50n, 99n))]
    const z = shard("z", [], range(100n, last))
    const ids = (shards: ReadonlyArray<{ readonly shardId: string }> | undefined) =>
      shards?.map(({ shardId }) => shardId)

    it("it is whole when its open shards take every hash key", () => {
      assert.isTrue(ShardSync.isWhole([a, b, c, z]))
      assert.isTrue(ShardSync.isWhole([c, z, b]))
      assert.isTrue(ShardSync.isWhole([shard("a")]))
      for (const part of [[], [a, z], [a, b, z], [a, b, c], [closed(shard("a"))]]) {
        assert.isFalse(ShardSync.isWhole(part), ids(part)?.join())
      }
    })

    it("the children of a shard are known when they take all of its keys", () => {
      const of = (...shards: ReadonlyArray<KinesisApi.Shard>) => ids(ShardSync.childrenOf("a", a.hashKeyRange, shards))
      assert.deepStrictEqual(of(a, b, c, z), ["b", "c"])
      assert.deepStrictEqual(of(c, b), ["b", "c"].reverse(), "also of a part")
      assert.isUndefined(of(a, b, z))
      assert.isUndefined(of(a, z))
      assert.isUndefined(of(shard("a", [], a.hashKeyRange), z), "that is still listed as open")
      const merged = shard("m", ["a", "y"])
      assert.deepStrictEqual(of(a, closed(shard("y", [], z.hashKeyRange)), merged), ["m"])
    })

    it("those of a shard that is not listed are whatever is left of them, by a whole listing", () => {
      const of = (...shards: ReadonlyArray<KinesisApi.Shard>) => ids(ShardSync.childrenOf("a", undefined, shards))
      assert.deepStrictEqual(of(b, c, z), ["b", "c"])
      assert.deepStrictEqual(of(shard("d", ["b"], b.hashKeyRange), c, z), ["c"])
      assert.deepStrictEqual(of(shard("d", ["b"], range(0n, last))), [])
      assert.isUndefined(of(z))
      assert.isUndefined(of(b, z))
    })

    it("a child whose parent a part of a listing leaves out gets no lease: the parent may still be unread", () => {
      assert.deepStrictEqual(ids(ShardSync.missing([b, z], [], start).map((each) => each.shard)), ["z"])
      assert.deepStrictEqual(ids(ShardSync.missing([b, c, z], [], start).map((each) => each.shard)), ["b", "c", "z"])
      const known = [lease("a", Position.shardEnd)]
      assert.deepStrictEqual(ids(ShardSync.missing([b, z], known, start).map((each) => each.shard)), ["b", "z"])
    })
  })

  it("B29 B31 a shard may be read when each parent's lease has come to its end or is gone", () => {
    const isReadable = (...leases: ReadonlyArray<LeaseStore.Lease>) =>
      ShardSync.isReadable(
        lease("c", Position.trimHorizon, ["a", "b"]),
        (shardId) => leases.find((each) => each.shardId === shardId)
      )
    const [a, b] = [lease("a", Position.shardEnd), lease("b", Position.shardEnd)]
    assert.isTrue(isReadable(a, b))
    assert.isTrue(isReadable(a))
    assert.isTrue(isReadable())
    for (const checkpoint of [undefined, Position.trimHorizon, begun]) {
      assert.isFalse(isReadable(a, lease("b", checkpoint)))
      assert.isFalse(isReadable(lease("a", checkpoint)))
    }
    assert.isTrue(ShardSync.isReadable(lease("a", undefined), () => undefined))
  })

  it("B29 a merged child gets its lease at a parent's end only if the other has one, or is gone", () => {
    const isDue = (listed: ReadonlyArray<string>, ...leased: ReadonlyArray<string>) =>
      ShardSync.isDue(
        ["a", "b"],
        "a",
        (shardId) => leased.includes(shardId) ? lease(shardId, begun) : undefined,
        new Set(listed)
      )
    assert.isTrue(isDue(["a", "b"], "a", "b"))
    assert.isFalse(isDue(["a", "b"], "a"))
    assert.isTrue(isDue(["a"], "a"))
    assert.isTrue(isDue([]))
  })

  describe("garbage", () => {
    const garbage = (leases: ReadonlyArray<LeaseStore.Lease>, ...listed: ReadonlyArray<string>) =>
      ShardSync.garbage(leases, new Set(listed)).map((each) => each.shardId)
    const ended = (shardId: string, children: ReadonlyArray<string>, parents: ReadonlyArray<string> = []) =>
      lease(shardId, Position.shardEnd, parents, { childShardIds: children })

    it("is a split parent that is gone, once both children have begun", () => {
      const children = [lease("b", begun, ["a"]), lease("c", Position.atSequenceNumber("9"), ["a"])]
      assert.deepStrictEqual(garbage([ended("a", ["b", "c"]), ...children], "b", "c"), ["a"])
      assert.deepStrictEqual(garbage([ended("a", ["b", "c"]), ...children], "a", "b", "c"), [], "in retention")
      assert.deepStrictEqual(garbage([ended("a", ["b", "c"]), ended("b", [], ["a"]), children[1]!], "b", "c"), ["a"])
    })

    for (const place of [undefined, Position.trimHorizon, Position.latest, Position.atTimestamp(1)]) {
      it(`is not a parent with a child at ${place?._tag ?? "no place"}`, () => {
        const children = [lease("b", begun, ["a"]), lease("c", place, ["a"])]
        assert.deepStrictEqual(garbage([ended("a", ["b", "c"]), ...children], "b", "c"), [])
      })
    }

    it("is each parent of a merge, once the child has begun", () => {
      const parents = [ended("a", ["c"]), ended("b", ["c"])]
      assert.deepStrictEqual(garbage([...parents, lease("c", begun, ["a", "b"])], "c"), ["a", "b"])
      assert.deepStrictEqual(garbage([...parents, lease("c", Position.trimHorizon, ["a", "b"])], "c"), [])
      assert.deepStrictEqual(garbage([...parents, lease("c", begun, ["a", "b"])], "b", "c"), ["a"])
    })

    it("is not what has a parent with a lease: the oldest go first", () => {
      const leases = [ended("a", ["b"]), ended("b", ["c"], ["a"]), lease("c", begun, ["b"])]
      assert.deepStrictEqual(garbage(leases, "c"), ["a"])
      assert.deepStrictEqual(garbage(leases.slice(1), "c"), ["b"])
    })

    it("is not what was not read to its end, though it is gone", () => {
      assert.deepStrictEqual(garbage([lease("a", begun), lease("b", Position.trimHorizon)]), [])
    })

    it("is a parent whose child is gone too, but not one whose child is still to get its lease", () => {
      assert.deepStrictEqual(garbage([ended("a", ["b"])]), ["a"])
      assert.deepStrictEqual(garbage([ended("a", ["b"])], "b"), [])
      assert.deepStrictEqual(garbage([ended("a", [])]), ["a"])
    })
  })
})
