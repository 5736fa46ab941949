import { assert, describe, it } from "@effect/vitest"
import { type KinesisApi, Position } from "effect-kinesis"
import * as ShardGraph from "../../src/internal/shard/shardGraph.js"

/** Hash keys that are not told, so that the lineage alone orders such shards. */
const untold = { startingHashKey: "", endingHashKey: "" }
const shard = (shardId: string, ...parents: ReadonlyArray<string>): KinesisApi.Shard => ({
  shardId,
  parentShardId: parents[0],
  adjacentParentShardId: parents[1],
  hashKeyRange: untold,
  startingSequenceNumber: "1",
  endingSequenceNumber: undefined
})
const child = (shardId: string, ...parentShards: ReadonlyArray<string>): KinesisApi.ChildShard => ({
  shardId,
  parentShards,
  hashKeyRange: untold
})
const none = new Map<string, Position.Position>()
const at = Position.atTimestamp(1000)
const ids = (ready: ReadonlyArray<ShardGraph.Ready>) => ready.map((node) => node.shardId)
const becauses = (ready: ReadonlyArray<ShardGraph.Ready>) =>
  Object.fromEntries(ready.map((node) => [node.shardId, node.because]))
const starts = (ready: ReadonlyArray<ShardGraph.Ready>) =>
  Object.fromEntries(ready.map((node) => [node.shardId, node.start]))

/** A run that has begun with these shards. */
const begun = (
  shards: ReadonlyArray<KinesisApi.Shard>,
  start: Position.Position = Position.trimHorizon,
  stored: ReadonlyMap<string, Position.Position> = none
) => {
  const graph = ShardGraph.make(shards, start, stored)
  return { graph, ready: ShardGraph.release(graph) }
}

describe("shardGraph", () => {
  it("B29 a merged child waits for both parents", () => {
    const { graph, ready } = begun([shard("a"), shard("b"), shard("c", "a", "b")])
    assert.deepStrictEqual(ids(ready), ["a", "b"])
    ShardGraph.ended(graph, "a", [child("c", "a", "b")], true)
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), [])
    ShardGraph.ended(graph, "b", [child("c", "a", "b")], true)
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["c"])
  })

  it("B31 a parent that is no longer listed counts as done", () => {
    assert.deepStrictEqual(ids(begun([shard("c", "a", "b")]).ready), ["c"])
  })

  it("B31 a merged child with one parent trimmed waits for the other", () => {
    assert.deepStrictEqual(ids(begun([shard("b"), shard("c", "a", "b")]).ready), ["b"])
  })

  it("B30 a child found while reading starts with its first record, whatever the start was", () => {
    for (const start of [at, Position.trimHorizon]) {
      const { graph } = begun([shard("a")], start)
      ShardGraph.ended(graph, "a", [child("b", "a"), child("c", "a")], false)
      assert.deepStrictEqual(starts(ShardGraph.release(graph)), { b: Position.trimHorizon, c: Position.trimHorizon })
      const { graph: listing } = begun([shard("a")], start)
      ShardGraph.listed(listing, [shard("a"), shard("b", "a")])
      ShardGraph.ended(listing, "a", [], false)
      assert.deepStrictEqual(starts(ShardGraph.release(listing)), { b: Position.trimHorizon })
    }
  })

  it("B30 a child listed at the start begins at its first record if its parent was open then, else at the start", () => {
    for (const broughtRecords of [true, false]) {
      const { graph } = begun([shard("a"), shard("b", "a")], at)
      ShardGraph.ended(graph, "a", [], broughtRecords)
      assert.deepStrictEqual(starts(ShardGraph.release(graph)), { b: broughtRecords ? Position.trimHorizon : at })
    }
  })

  it("B35 a stored position beats the start; the children of a stored parent wait for it", () => {
    const stored = new Map([["a", Position.afterSequenceNumber("7")]])
    const { graph, ready } = begun([shard("a"), shard("b", "a"), shard("c", "a"), shard("z")], at, stored)
    assert.deepStrictEqual(starts(ready), { a: Position.afterSequenceNumber("7"), z: at })
    ShardGraph.ended(graph, "a", [], false)
    assert.deepStrictEqual(starts(ShardGraph.release(graph)), { b: Position.trimHorizon, c: Position.trimHorizon })
  })

  it("B35 a stored end is not read; neither is an ancestor of a stored shard", () => {
    const shards = [shard("a"), shard("b", "a"), shard("c", "b"), shard("d", "b")]
    const ended = begun(shards, Position.trimHorizon, new Map([["a", Position.shardEnd]]))
    assert.deepStrictEqual(starts(ended.ready), { b: Position.trimHorizon })
    const further = begun(shards, Position.trimHorizon, new Map([["c", Position.afterSequenceNumber("9")]]))
    assert.deepStrictEqual(starts(further.ready), { c: Position.afterSequenceNumber("9"), d: Position.trimHorizon })
  })

  it("B35 the stored position of a child is kept when its stored parent brings records", () => {
    const stored = new Map([["a", Position.afterSequenceNumber("3")], ["b", Position.afterSequenceNumber("7")]])
    const { graph, ready } = begun([shard("a"), shard("b", "a")], at, stored)
    assert.deepStrictEqual(starts(ready), { a: Position.afterSequenceNumber("3") })
    ShardGraph.ended(graph, "a", [], true)
    assert.deepStrictEqual(starts(ShardGraph.release(graph)), { b: Position.afterSequenceNumber("7") })
  })

  it("says why a shard begins where it does", () => {
    const shards = [shard("p"), shard("a", "p"), shard("b", "p"), shard("y"), shard("z"), shard("c", "y")]
    const reading = () => begun(shards, at, new Map([["a", Position.afterSequenceNumber("3")]]))
    const { graph, ready } = reading()
    assert.strictEqual(graph.nodes.get("p")!.because, "stored")
    assert.deepStrictEqual(becauses(ready), { a: "stored", b: "parent", y: "start", z: "start" })
    ShardGraph.ended(graph, "y", [], false)
    assert.deepStrictEqual(becauses(ShardGraph.release(graph)), { c: "start" })
    const { graph: other } = reading()
    ShardGraph.ended(other, "y", [], true)
    ShardGraph.ended(other, "z", [child("d", "z")], true)
    assert.deepStrictEqual(becauses(ShardGraph.release(other)), { c: "parent", d: "parent" })
  })

  it("a history in which every shard was split and merged many times over is walked once", () => {
    const shards = [shard("m0")]
    for (let i = 0; i < 64; i++) {
      shards.push(shard(`a${i}`, `m${i}`), shard(`b${i}`, `m${i}`), shard(`m${i + 1}`, `a${i}`, `b${i}`))
    }
    const { ready } = begun(shards, at, new Map([["m64", Position.afterSequenceNumber("3")]]))
    assert.deepStrictEqual(starts(ready), { m64: Position.afterSequenceNumber("3") })
  })

  it("a shard is known to be closed when a listing showed its end", () => {
    const closed = { ...shard("a"), endingSequenceNumber: "9" }
    const { graph, ready } = begun([closed, shard("z")])
    assert.deepStrictEqual(ready.map((node) => [node.shardId, node.closed]), [["a", true], ["z", false]])
    ShardGraph.ended(graph, "a", [child("b", "a")], true)
    assert.deepStrictEqual(ShardGraph.ready(graph).map((node) => [node.shardId, node.closed]), [["b", false]])
    ShardGraph.listed(graph, [{ ...shard("b", "a"), endingSequenceNumber: "9" }])
    assert.deepStrictEqual(ShardGraph.ready(graph).map((node) => [node.shardId, node.closed]), [["b", true]])
  })

  it("a run is not finished while a shard is being read", () => {
    assert.isFalse(ShardGraph.isFinished(begun([shard("a")]).graph))
  })

  it("a shard that is being read keeps its start when a listing brings its parent late", () => {
    const { graph, ready } = begun([shard("b", "a")], at)
    assert.deepStrictEqual(starts(ready), { b: at })
    ShardGraph.listed(graph, [shard("a"), shard("b", "a")])
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["a"])
    ShardGraph.ended(graph, "a", [child("b", "a")], true)
    assert.deepStrictEqual(graph.nodes.get("b")!.start, at)
    assert.deepStrictEqual(ShardGraph.release(graph), [])
  })

  it("what happens to a shard that is not known changes nothing", () => {
    const graph = ShardGraph.make([shard("a")], Position.trimHorizon, none)
    ShardGraph.stopped(graph, "b")
    ShardGraph.lost(graph, "b")
    assert.deepStrictEqual(graph, ShardGraph.make([shard("a")], Position.trimHorizon, none))
    assert.deepStrictEqual(ShardGraph.unknown(graph, ["a", "b", "c"]), ["b", "c"])
  })

  it("the child of a shard whose reading was stopped is not due, and the run is finished", () => {
    const { graph } = begun([shard("a"), shard("b", "a")])
    ShardGraph.stopped(graph, "a")
    assert.strictEqual(graph.nodes.get("a")!.status, "stopped")
    assert.deepStrictEqual(ShardGraph.release(graph), [])
    assert.isTrue(ShardGraph.isFinished(graph))
  })

  it("is not finished while the children of an ended shard are still to be found", () => {
    const { graph } = begun([shard("a")])
    ShardGraph.ended(graph, "a", [], true)
    assert.isFalse(ShardGraph.isFinished(graph))
    ShardGraph.listed(graph, [shard("a")])
    assert.isFalse(ShardGraph.isFinished(graph), "a listing may lag behind")
    ShardGraph.listed(graph, [shard("a"), shard("b", "a")])
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["b"])
    ShardGraph.stopped(graph, "b")
    assert.isTrue(ShardGraph.isFinished(graph))
  })

  it("a lost shard is finished with when a listing has shown no child of it", () => {
    const isFinishedAfter = (...listing: ReadonlyArray<KinesisApi.Shard>) => {
      const { graph } = begun([shard("a"), shard("z")])
      ShardGraph.lost(graph, "a")
      ShardGraph.stopped(graph, "z")
      assert.isFalse(ShardGraph.isFinished(graph))
      ShardGraph.listed(graph, listing)
      return ShardGraph.isFinished(graph)
    }
    assert.isTrue(isFinishedAfter(shard("z")))
    assert.isTrue(isFinishedAfter(shard("a"), shard("z")))
    assert.isFalse(isFinishedAfter(shard("z"), shard("b", "a")))
  })

  it("forgets a shard that ended once many listings were without it, so that one which lags cannot bring it back", () => {
    const { graph } = begun([shard("a")])
    ShardGraph.ended(graph, "a", [child("b", "a")], true)
    ShardGraph.release(graph)
    ShardGraph.listed(graph, [shard("b", "a")])
    ShardGraph.listed(graph, [shard("a"), shard("b", "a")])
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), [])
    for (let i = 0; i < 10; i++) ShardGraph.listed(graph, [shard("b", "a")])
    assert.isTrue(graph.nodes.has("a"))
    ShardGraph.listed(graph, [shard("b", "a")])
    assert.isFalse(graph.nodes.has("a"))
    assert.strictEqual(graph.children.size, 1, "its child still names it")
  })

  it("counts the listings without a shard anew once one shows it", () => {
    const { graph } = begun([shard("a")])
    ShardGraph.ended(graph, "a", [child("b", "a")], true)
    for (let i = 0; i < 20; i++) ShardGraph.listed(graph, [shard("a"), shard("b", "a")])
    for (let i = 0; i < 10; i++) ShardGraph.listed(graph, [shard("b", "a")])
    assert.isTrue(graph.nodes.has("a"))
    ShardGraph.listed(graph, [shard("b", "a")])
    assert.isFalse(graph.nodes.has("a"))
  })

  it("forgets no shard that is being read, and none that no listing has shown yet", () => {
    const { graph } = begun([shard("a"), shard("b")])
    for (const parent of ["a", "b"]) ShardGraph.ended(graph, parent, [child("c", "a", "b")], true)
    ShardGraph.release(graph)
    ShardGraph.ended(graph, "c", [child("d", "c")], true)
    ShardGraph.release(graph)
    assert.isFalse(ShardGraph.unconfirmed(graph))
    for (let i = 0; i < 20; i++) ShardGraph.listed(graph, [])
    assert.deepStrictEqual([...graph.nodes.keys()], ["c", "d"])
    for (let i = 0; i < 20; i++) ShardGraph.listed(graph, i === 0 ? [shard("d", "c")] : [])
    assert.deepStrictEqual([...graph.nodes.keys()], ["c", "d"])
  })

  it("B29 a child that its parent named waits for a parent that is not known yet, until a listing", () => {
    const hinted = () => {
      const { graph } = begun([shard("a"), shard("b")])
      ShardGraph.ended(graph, "b", [child("d", "c", "b")], true)
      return graph
    }
    const graph = hinted()
    assert.isTrue(ShardGraph.unconfirmed(graph))
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), [])
    ShardGraph.listed(graph, [shard("a"), shard("b"), shard("c", "a"), shard("d", "c", "b")])
    assert.isFalse(ShardGraph.unconfirmed(graph))
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), [])
    const trimmed = hinted()
    ShardGraph.listed(trimmed, [shard("a"), shard("b"), shard("d", "c", "b")])
    assert.deepStrictEqual(ids(ShardGraph.release(trimmed)), ["d"])
  })

  it("B31 a child that its parent named, and that no listing shows, is given up waiting for its other parent", () => {
    const { graph } = begun([shard("a"), shard("b")])
    ShardGraph.ended(graph, "b", [child("d", "c", "b")], true)
    ShardGraph.stopped(graph, "a")
    for (let i = 0; i < 10; i++) ShardGraph.listed(graph, [shard("a"), shard("b")])
    assert.isTrue(ShardGraph.unconfirmed(graph))
    assert.isFalse(ShardGraph.isFinished(graph))
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), [])
    ShardGraph.listed(graph, [shard("a"), shard("b")])
    assert.isFalse(ShardGraph.unconfirmed(graph))
    assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["d"])
  })

  it("B35 the sibling of a stored shard is read from its beginning: their parent is over", () => {
    const shards = [shard("p"), shard("a", "p"), shard("b", "p"), shard("z")]
    const { ready } = begun(shards, at, new Map([["a", Position.afterSequenceNumber("3")]]))
    assert.deepStrictEqual(starts(ready), {
      a: Position.afterSequenceNumber("3"),
      b: Position.trimHorizon,
      z: at
    })
  })

  it("B35 when a stored shard is no longer listed, what has lost its parents is read from its beginning", () => {
    const stored = new Map([["x", Position.afterSequenceNumber("3")], ["old", Position.shardEnd]])
    const shards = [shard("g", "c"), shard("h", "g"), shard("z"), shard("y", "z")]
    assert.deepStrictEqual(ShardGraph.missing(shards, stored), [["x", Position.afterSequenceNumber("3")]])
    const { graph, ready } = begun(shards, at, stored)
    assert.deepStrictEqual(starts(ready), { g: Position.trimHorizon, z: at })
    assert.deepStrictEqual(graph.nodes.get("h")!.start, Position.trimHorizon)
    assert.deepStrictEqual(graph.nodes.get("y")!.start, at)
    const merged = ShardGraph.make([...shards, shard("m", "z", "c")], at, stored)
    assert.deepStrictEqual(
      merged.nodes.get("m")!.start,
      Position.trimHorizon,
      "by its other parent it may descend from x"
    )
    const complete = new Map([["z", Position.afterSequenceNumber("3")], ["old", Position.shardEnd]])
    assert.deepStrictEqual(ShardGraph.missing(shards, complete), [])
    assert.deepStrictEqual(starts(begun(shards, at, complete).ready), {
      g: at,
      z: Position.afterSequenceNumber("3")
    })
  })

  describe("by hash keys", () => {
    const range = (from: bigint | number, to: bigint | number) => ({
      startingHashKey: String(from),
      endingHashKey: String(to)
    })
    const made = (
      shardId: string,
      startingSequenceNumber: string,
      [from, to]: readonly [bigint | number, bigint | number],
      ...parents: ReadonlyArray<string>
    ): KinesisApi.Shard => ({ ...shard(shardId, ...parents), hashKeyRange: range(from, to), startingSequenceNumber })
    const named = (shardId: string, [from, to]: readonly [number, number], ...parents: ReadonlyArray<string>) => ({
      ...child(shardId, ...parents),
      hashKeyRange: range(from, to)
    })

    it("B29 a grandchild whose parent is unknown waits for the shard that takes its hash keys, and no other does", () => {
      const { graph, ready } = begun([made("0", "9", [0, 99]), made("5", "8", [100, 199])])
      assert.deepStrictEqual(ids(ready), ["0", "5"])
      ShardGraph.listed(graph, [
        made("3", "12", [0, 49], "1"),
        made("4", "12", [50, 99], "1"),
        made("6", "10", [200, 299], "x")
      ])
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["6"])
      assert.isFalse(ShardGraph.isFinished(graph))
      ShardGraph.lost(graph, "0")
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["3", "4"])
    })

    it("an ended shard whose children have left retention is over once what follows them is listed", () => {
      const { graph } = begun([made("0", "1", [0, 99])])
      ShardGraph.ended(graph, "0", [], true)
      ShardGraph.listed(graph, [made("0", "1", [0, 99])])
      assert.strictEqual(graph.awaiting.size, 1)
      ShardGraph.listed(graph, [made("3", "5", [0, 49], "1"), made("4", "5", [50, 99], "1")])
      assert.strictEqual(graph.awaiting.size, 0)
    })

    it("the lineage is believed where the starting sequence numbers contradict it", () => {
      const { graph, ready } = begun([
        made("p", "9", [0, 99]),
        made("c", "5", [0, 49], "p"),
        made("d", "2", [0, 9], "c")
      ])
      assert.deepStrictEqual(ids(ready), ["p"])
      ShardGraph.ended(graph, "p", [], true)
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["c"])
    })

    it("a shard that its parent named comes after that one, and before what a listing shows to be younger", () => {
      const { graph } = begun([made("a", "5", [0, 99]), made("z", "7", [100, 199])])
      ShardGraph.listed(graph, [made("d", "9", [0, 49], "x")])
      ShardGraph.ended(graph, "a", [named("b", [0, 99], "a")], true)
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["b"])
      ShardGraph.ended(graph, "b", [named("c", [0, 99], "b")], true)
      assert.deepStrictEqual(graph.nodes.get("c")!.born, { sequenceNumber: "5", generation: 2 })
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["c"])
      ShardGraph.ended(graph, "c", [], true)
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["d"])
    })

    it("a listing tells when a shard was made that its parent had named", () => {
      const { graph } = begun([made("a", "5", [0, 49]), made("e", "8", [50, 99], "w")])
      ShardGraph.ended(graph, "a", [named("m", [0, 99], "a", "y")], true)
      assert.deepStrictEqual(graph.nodes.get("m")!.born, { sequenceNumber: "5", generation: 1 })
      ShardGraph.listed(graph, [made("m", "12", [0, 99], "a", "y")])
      assert.deepStrictEqual(graph.nodes.get("m")!.born, { sequenceNumber: "12", generation: 0 })
      assert.deepStrictEqual(
        ids(ShardGraph.release(graph)),
        [],
        "its other parent is not known, but e takes its hash keys"
      )
      ShardGraph.ended(graph, "e", [], true)
      assert.deepStrictEqual(ids(ShardGraph.release(graph)), ["m"])
    })

    it("a shard without a starting sequence number is ordered by its lineage", () => {
      const { ready } = begun([made("a", "", [0, 99]), made("b", "", [0, 49], "a"), made("c", "", [50, 99], "z")])
      assert.deepStrictEqual(ids(ready), ["a", "c"])
    })

    it("B35 where the lineage has a hole, hash keys tell what a stored shard follows and what follows it", () => {
      const shards = [
        made("0", "1", [0, 99]),
        made("3", "5", [0, 49], "1"),
        made("4", "5", [50, 99], "1"),
        made("9", "9", [0, 24], "7"),
        made("z", "2", [100, 199])
      ]
      const { ready } = begun(shards, at, new Map([["3", Position.afterSequenceNumber("6")]]))
      assert.deepStrictEqual(starts(ready), {
        "3": Position.afterSequenceNumber("6"),
        "4": Position.trimHorizon,
        z: at
      })
    })

    it("ten thousand shards begin and end at the cost of each one", () => {
      const count = 10_000
      const part = 2n ** 128n / BigInt(count)
      const shards = Array.from(
        { length: count },
        (_, i) => made(`s${i}`, String(i + 1), [part * BigInt(i), part * BigInt(i + 1) - 1n])
      )
      const { graph, ready } = begun(shards)
      assert.strictEqual(ready.length, count)
      for (const { shardId } of ready) {
        ShardGraph.stopped(graph, shardId)
        assert.deepStrictEqual(ShardGraph.release(graph), [])
      }
      assert.isTrue(ShardGraph.isFinished(graph))
    })
  })
})
