import { assert, describe, it } from "@effect/vitest"
import { type KinesisApi, Position } from "effect-kinesis"
import * as ShardGraph from "../../src/internal/shard/shardGraph.js"

/**
 * The three reshard histories of KCL's HierarchicalShardSyncerTest (awslabs/amazon-kinesis-client), shard to parents. KCL asks which leases
 * to create beside those present; a reader without a group asks which shards to begin beside those with a stored position.
 */
const histories = {
  A: { 0: [], 1: [], 2: [], 3: [], 4: [], 5: [], 6: [0, 1], 7: [2, 3], 8: [6, 7], 9: [5], 10: [5] },
  B: { 0: [], 1: [], 2: [0, 1], 3: [2], 4: [2], 5: [3, 4], 6: [5], 7: [5], 8: [6, 7], 9: [8], 10: [8] },
  C: { 0: [], 1: [], 2: [], 3: [], 4: [0], 5: [0], 6: [2, 3], 7: [4], 8: [4], 9: [5], 10: [5] }
} as const satisfies Record<string, Record<number, ReadonlyArray<number>>>

const shardsOf = (history: Record<number, ReadonlyArray<number>>): ReadonlyArray<KinesisApi.Shard> =>
  Object.entries(history).map(([shardId, parents]) => ({
    shardId,
    parentShardId: parents[0] === undefined ? undefined : String(parents[0]),
    adjacentParentShardId: parents[1] === undefined ? undefined : String(parents[1]),
    hashKeyRange: { startingHashKey: "0", endingHashKey: "1" },
    startingSequenceNumber: "1",
    endingSequenceNumber: undefined
  }))

const isOpen = (history: Record<number, ReadonlyArray<number>>) => ({ shardId }: KinesisApi.Shard) =>
  !Object.values(history).some((parents) => parents.includes(Number(shardId)))

const begun = (
  shards: ReadonlyArray<KinesisApi.Shard>,
  start: Position.Position,
  stored: ReadonlyArray<number>
) => {
  const positions = new Map(stored.map((shard) => [String(shard), Position.afterSequenceNumber("5")]))
  const ready = ShardGraph.release(ShardGraph.make(shards, start, positions))
  return ready.filter((shard) => !positions.has(shard.shardId)).map((shard) => Number(shard.shardId))
}

describe("the reshard matrix", () => {
  const fromTrimHorizon: ReadonlyArray<
    readonly [keyof typeof histories, stored: ReadonlyArray<number>, begun: ReadonlyArray<number>]
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
    ["B", [], [0, 1]]
  ]
  for (const [history, stored, expected] of fromTrimHorizon) {
    it(`${history} with ${stored.length === 0 ? "nothing" : stored.join(" ")} stored begins ${expected.join(" ") || "nothing"}`, () => {
      for (const start of [Position.trimHorizon, Position.atTimestamp(1000)]) {
        assert.deepStrictEqual(begun(shardsOf(histories[history]), start, stored), expected)
      }
    })
  }

  it("with LATEST and nothing stored only the open shards are listed, and begun", () => {
    const open = (history: keyof typeof histories) =>
      begun(shardsOf(histories[history]).filter(isOpen(histories[history])), Position.atTimestamp(1000), [])
    assert.deepStrictEqual([open("A"), open("B"), open("C")], [[4, 8, 9, 10], [9, 10], [1, 6, 7, 8, 9, 10]])
  })

  it("C with 9 10 stored and LATEST: unlike KCL, what was written to 4 since its parent was read is not skipped", () => {
    const positions = new Map(["9", "10"].map((shard) => [shard, Position.afterSequenceNumber("5")]))
    const start = Position.atTimestamp(1000)
    const ready = ShardGraph.release(ShardGraph.make(shardsOf(histories.C), start, positions))
    assert.deepStrictEqual(Object.fromEntries(ready.map((shard) => [shard.shardId, shard.start._tag])), {
      1: "AtTimestamp",
      2: "AtTimestamp",
      3: "AtTimestamp",
      4: "TrimHorizon",
      9: "AfterSequenceNumber",
      10: "AfterSequenceNumber"
    })
  })

  it("any generation may have been trimmed: what is left without its parents begins at once", () => {
    for (
      const [history, firstLeft, expected] of [["A", 6, [6, 7, 9, 10]], ["B", 3, [3, 4]], ["B", 9, [9, 10]], ["C", 4, [
        4,
        5,
        6
      ]]] as const
    ) {
      const left = shardsOf(histories[history]).filter((shard) => Number(shard.shardId) >= firstLeft)
      assert.deepStrictEqual(begun(left, Position.trimHorizon, []), [...expected], `${history} from ${firstLeft}`)
    }
  })
})
