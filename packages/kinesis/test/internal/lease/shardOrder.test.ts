import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Position } from "effect-kinesis"
import * as ShardOrder from "../../../src/internal/lease/shardOrder.js"
import * as ShardSync from "../../../src/internal/lease/shardSync.js"
import * as Overlap from "../../../src/internal/shard/overlap.js"

const keys = 2n ** 128n
const idOf = (index: number) => `shardId-${String(index).padStart(12, "0")}`

interface Grown extends ShardOrder.Placed {
  readonly age: number
  readonly interval: Overlap.Interval
}

const placed = (
  age: number,
  interval: Overlap.Interval,
  parentShardIds: ReadonlyArray<string> = [],
  checkpoint: Position.Position = Position.trimHorizon
): Grown => ({
  shardId: idOf(age),
  age,
  interval,
  parentShardIds,
  checkpoint,
  hashKeyRange: { startingHashKey: String(interval[0]), endingHashKey: String(interval[1]) }
})

/** All shards that a stream has ever had, parents before children. */
const grown = (first: number, changes: ReadonlyArray<{ readonly isSplit: boolean; readonly at: number }>) => {
  const all: Array<Grown> = []
  const add = (interval: Overlap.Interval, parents: ReadonlyArray<Grown>) => {
    const shard = placed(all.length, interval, parents.map(({ shardId }) => shardId))
    all.push(shard)
    return shard
  }
  const open = Array.from(
    { length: first },
    (_, index) => add([(BigInt(index) * keys) / BigInt(first), (BigInt(index + 1) * keys) / BigInt(first) - 1n], [])
  )
  for (const { at, isSplit } of changes) {
    const index = at % open.length
    const [left, right] = [open[index]!, open[index + 1]]
    const [from, to] = left.interval
    const middle = (from + to) / 2n
    if (isSplit && middle > from) {
      open.splice(index, 1, add([from, middle], [left]), add([middle + 1n, to], [left]))
    } else if (right !== undefined) {
      open.splice(index, 2, add([from, right.interval[1]], [left, right]))
    }
  }
  return all
}

const stream = fc.record({
  first: fc.integer({ min: 1, max: 5 }),
  changes: fc.array(fc.record({ isSplit: fc.boolean(), at: fc.nat(20) }), { maxLength: 25 })
}).map(({ changes, first }) => grown(first, changes))

const isFinished = ({ checkpoint }: ShardOrder.Placed) => checkpoint?._tag === "ShardEnd"
const isBefore = (older: Grown, younger: Grown) =>
  older.age < younger.age && !isFinished(older) && Overlap.intersect(older.interval, younger.interval)
const readable = (leases: ReadonlyArray<Grown>) => ShardSync.readable(leases) as ReadonlyArray<Grown>

describe("shardOrder", () => {
  it("each shard is read after all older ones that share hash keys with it, whatever generations have no lease", () => {
    fc.assert(
      fc.property(
        stream,
        fc.infiniteStream(fc.record({ isThere: fc.boolean(), isRead: fc.boolean() })),
        fc.infiniteStream(fc.nat(100)),
        (shards, states, picks) => {
          let leases = shards.flatMap((shard) => {
            const { isRead, isThere } = states.next().value
            return isThere ? [{ ...shard, checkpoint: isRead ? Position.shardEnd : Position.trimHorizon }] : []
          })
          while (leases.some((lease) => !isFinished(lease))) {
            const now = readable(leases)
            assert.isNotEmpty(now, "one can always be read")
            const next = now[picks.next().value % now.length]!
            assert.isFalse(isFinished(next))
            assert.deepStrictEqual(leases.filter((lease) => isBefore(lease, next)).map(({ shardId }) => shardId), [])
            leases = leases.map((lease) => lease === next ? { ...lease, checkpoint: Position.shardEnd } : lease)
          }
        }
      ),
      { numRuns: 500 }
    )
  })

  it("those that wait are those with an older overlapping one that is not finished, and no others", () => {
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.boolean()), (shards, states) => {
        const leases = shards.map((shard) => ({
          ...shard,
          checkpoint: states.next().value ? Position.shardEnd : Position.trimHorizon
        }))
        const expected = leases.filter((lease) => !isFinished(lease) && leases.some((older) => isBefore(older, lease)))
        assert.deepStrictEqual([...ShardOrder.waiting(leases)].sort(), expected.map(({ shardId }) => shardId))
        for (const lease of leases.filter((each) => !isFinished(each))) {
          const others = leases.filter(({ shardId }) => shardId !== lease.shardId)
          assert.strictEqual(
            ShardOrder.waitsFor(lease, others),
            leases.some((older) => isBefore(older, lease) && !lease.parentShardIds.includes(older.shardId))
          )
        }
      }),
      { numRuns: 500 }
    )
  })

  it("of several that overlap in pairs all but the oldest wait", () => {
    const leases = [placed(3, [0n, 9n]), placed(1, [9n, 20n]), placed(7, [20n, 20n]), placed(12, [21n, 30n])]
    assert.deepStrictEqual([...ShardOrder.waiting(leases)].sort(), [idOf(3), idOf(7)])
    assert.deepStrictEqual(readable(leases).map(({ age }) => age), [1, 12])
  })

  it("ages are numbers, not text", () => {
    const [young, old] = [placed(1_000_000_000_000, [0n, 9n]), placed(999_999_999_999, [0n, 9n])]
    assert.deepStrictEqual([...ShardOrder.waiting([young, old])], [young.shardId])
  })

  it("a lease without a hash range neither waits nor is waited for", () => {
    const [a, b] = [placed(0, [0n, 9n]), placed(1, [0n, 9n])]
    const unknown = { ...a, hashKeyRange: undefined }
    assert.deepStrictEqual([...ShardOrder.waiting([unknown, b])], [])
    assert.deepStrictEqual([...ShardOrder.waiting([a, { ...b, hashKeyRange: undefined }])], [])
    assert.isFalse(ShardOrder.waitsFor(b, [unknown]))
    assert.isFalse(ShardOrder.waitsFor({ ...b, hashKeyRange: undefined }, [a]))
  })

  it("ids that are no ages are not compared: nothing waits for what waits for it", () => {
    const [parent, child] = [placed(5, [0n, 9n]), placed(3, [0n, 9n], [idOf(5)])]
    assert.deepStrictEqual([...ShardOrder.waiting([parent, child])], [])
    assert.deepStrictEqual(readable([parent, child]).map(({ age }) => age), [5])
    const named = { ...placed(0, [0n, 9n]), shardId: "first" }
    assert.deepStrictEqual([...ShardOrder.waiting([named, placed(1, [0n, 9n])])], [])
    assert.isFalse(ShardOrder.waitsFor(placed(1, [0n, 9n]), [named]))
  })

  it("of 10,000 leases each is looked at a few times", () => {
    const count = 10_000n
    const open = Array.from(
      { length: 10_000 },
      (_, index) => placed(index, [(BigInt(index) * keys) / count, (BigInt(index + 1) * keys) / count - 1n])
    )
    const children = open.map(({ interval, shardId }, index) => placed(10_000 + index, interval, [shardId]))
    let comparisons = 0
    const all = [...children, ...open].map((lease) =>
      new Proxy(lease, {
        get: (target, name) => {
          comparisons++
          return Reflect.get(target, name)
        }
      })
    )
    assert.strictEqual(ShardOrder.waiting(all).size, 10_000)
    assert.isBelow(comparisons, 20_000 * 20)
  })
})
