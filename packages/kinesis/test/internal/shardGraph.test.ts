import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type KinesisApi, Position } from "effect-kinesis"
import * as ShardGraph from "../../src/internal/shard/shardGraph.js"

const range = { startingHashKey: "0", endingHashKey: "1" }
const shard = (shardId: string, ...parents: ReadonlyArray<string>): KinesisApi.Shard => ({
  shardId,
  parentShardId: parents[0],
  adjacentParentShardId: parents[1],
  hashKeyRange: range,
  startingSequenceNumber: "1",
  endingSequenceNumber: undefined
})
const child = (shardId: string, ...parentShards: ReadonlyArray<string>): KinesisApi.ChildShard => ({
  shardId,
  parentShards,
  hashKeyRange: range
})
const none = new Map<string, Position.Position>()
const at = Position.atTimestamp(1000)
const ids = (ready: ReadonlyArray<ShardGraph.Ready>) => ready.map((node) => node.shardId)
const becauses = (ready: ReadonlyArray<ShardGraph.Ready>) =>
  Object.fromEntries(ready.map((node) => [node.shardId, node.because]))
const starts = (ready: ReadonlyArray<ShardGraph.Ready>) =>
  Object.fromEntries(ready.map((node) => [node.shardId, node.start]))

describe("shardGraph", () => {
  it("B29 a merged child waits for both parents", () => {
    let [ready, graph] = ShardGraph.release(
      ShardGraph.make([shard("a"), shard("b"), shard("c", "a", "b")], Position.trimHorizon, none)
    )
    assert.deepStrictEqual(ids(ready), ["a", "b"])
    ;[ready, graph] = ShardGraph.release(ShardGraph.ended(graph, "a", [child("c", "a", "b")], true))
    assert.deepStrictEqual(ids(ready), [])
    ;[ready, graph] = ShardGraph.release(ShardGraph.ended(graph, "b", [child("c", "a", "b")], true))
    assert.deepStrictEqual(ids(ready), ["c"])
  })

  it("B31 a parent that is no longer listed counts as done", () => {
    const [ready] = ShardGraph.release(ShardGraph.make([shard("c", "a", "b")], Position.trimHorizon, none))
    assert.deepStrictEqual(ids(ready), ["c"])
  })

  it("B31 a merged child with one parent trimmed waits for the other", () => {
    const [ready] = ShardGraph.release(ShardGraph.make([shard("b"), shard("c", "a", "b")], Position.trimHorizon, none))
    assert.deepStrictEqual(ids(ready), ["b"])
  })

  it("B30 a child found while reading starts with its first record, whatever the start was", () => {
    for (const start of [at, Position.trimHorizon]) {
      const [, graph] = ShardGraph.release(ShardGraph.make([shard("a")], start, none))
      const [ready] = ShardGraph.release(ShardGraph.ended(graph, "a", [child("b", "a"), child("c", "a")], false))
      assert.deepStrictEqual(starts(ready), { b: Position.trimHorizon, c: Position.trimHorizon })
      const [listed] = ShardGraph.release(
        ShardGraph.ended(ShardGraph.listed(graph, [shard("a"), shard("b", "a")]), "a", [], false)
      )
      assert.deepStrictEqual(starts(listed), { b: Position.trimHorizon })
    }
  })

  it("B30 a child listed at the start begins at its first record if its parent was open then, else at the start", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("b", "a")], at, none))
    assert.deepStrictEqual(starts(ShardGraph.release(ShardGraph.ended(graph, "a", [], true))[0]), {
      b: Position.trimHorizon
    })
    assert.deepStrictEqual(starts(ShardGraph.release(ShardGraph.ended(graph, "a", [], false))[0]), { b: at })
  })

  it("B35 a stored position beats the start; the children of a stored parent wait for it", () => {
    const stored = new Map([["a", Position.afterSequenceNumber("7")]])
    const [ready, graph] = ShardGraph.release(
      ShardGraph.make([shard("a"), shard("b", "a"), shard("c", "a"), shard("z")], at, stored)
    )
    assert.deepStrictEqual(starts(ready), { a: Position.afterSequenceNumber("7"), z: at })
    assert.deepStrictEqual(starts(ShardGraph.release(ShardGraph.ended(graph, "a", [], false))[0]), {
      b: Position.trimHorizon,
      c: Position.trimHorizon
    })
  })

  it("B35 a stored end is not read; neither is an ancestor of a stored shard", () => {
    const shards = [shard("a"), shard("b", "a"), shard("c", "b"), shard("d", "b")]
    const ended = ShardGraph.make(shards, Position.trimHorizon, new Map([["a", Position.shardEnd]]))
    assert.deepStrictEqual(starts(ShardGraph.release(ended)[0]), { b: Position.trimHorizon })
    const further = ShardGraph.make(shards, Position.trimHorizon, new Map([["c", Position.afterSequenceNumber("9")]]))
    assert.deepStrictEqual(starts(ShardGraph.release(further)[0]), {
      c: Position.afterSequenceNumber("9"),
      d: Position.trimHorizon
    })
  })

  it("B35 the stored position of a child is kept when its stored parent brings records", () => {
    const stored = new Map([["a", Position.afterSequenceNumber("3")], ["b", Position.afterSequenceNumber("7")]])
    const [ready, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("b", "a")], at, stored))
    assert.deepStrictEqual(starts(ready), { a: Position.afterSequenceNumber("3") })
    assert.deepStrictEqual(starts(ShardGraph.release(ShardGraph.ended(graph, "a", [], true))[0]), {
      b: Position.afterSequenceNumber("7")
    })
  })

  it("says why a shard begins where it does", () => {
    const shards = [shard("p"), shard("a", "p"), shard("b", "p"), shard("y"), shard("z"), shard("c", "y")]
    const graph = ShardGraph.make(shards, at, new Map([["a", Position.afterSequenceNumber("3")]]))
    assert.strictEqual(graph.get("p")!.because, "stored")
    const [ready, reading] = ShardGraph.release(graph)
    assert.deepStrictEqual(becauses(ready), { a: "stored", b: "parent", y: "start", z: "start" })
    assert.deepStrictEqual(becauses(ShardGraph.release(ShardGraph.ended(reading, "y", [], false))[0]), { c: "start" })
    const children = ShardGraph.ended(ShardGraph.ended(reading, "y", [], true), "z", [child("d", "z")], true)
    assert.deepStrictEqual(becauses(ShardGraph.release(children)[0]), { c: "parent", d: "parent" })
  })

  it("a history in which every shard was split and merged many times over is walked once", () => {
    const shards = [shard("m0")]
    for (let i = 0; i < 64; i++) {
      shards.push(shard(`a${i}`, `m${i}`), shard(`b${i}`, `m${i}`), shard(`m${i + 1}`, `a${i}`, `b${i}`))
    }
    const graph = ShardGraph.make(shards, at, new Map([["m64", Position.afterSequenceNumber("3")]]))
    assert.deepStrictEqual(starts(ShardGraph.release(graph)[0]), { m64: Position.afterSequenceNumber("3") })
  })

  it("a shard is known to be closed when a listing showed its end", () => {
    const closed = { ...shard("a"), endingSequenceNumber: "9" }
    const [ready, graph] = ShardGraph.release(ShardGraph.make([closed, shard("z")], Position.trimHorizon, none))
    assert.deepStrictEqual(ready.map((node) => [node.shardId, node.closed]), [["a", true], ["z", false]])
    const [children] = ShardGraph.release(ShardGraph.ended(graph, "a", [child("b", "a")], true))
    assert.deepStrictEqual(children.map((node) => [node.shardId, node.closed]), [["b", false]])
  })

  it("a run is not finished while a shard is being read", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a")], Position.trimHorizon, none))
    assert.isFalse(ShardGraph.isFinished(graph))
  })

  it("a shard that is being read keeps its start when a listing brings its parent late", () => {
    const [ready, graph] = ShardGraph.release(ShardGraph.make([shard("b", "a")], at, none))
    assert.deepStrictEqual(starts(ready), { b: at })
    const [late, reading] = ShardGraph.release(ShardGraph.listed(graph, [shard("a"), shard("b", "a")]))
    assert.deepStrictEqual(ids(late), ["a"])
    const after = ShardGraph.ended(reading, "a", [child("b", "a")], true)
    assert.deepStrictEqual(after.get("b")!.start, at)
    assert.deepStrictEqual(ShardGraph.release(after)[0], [])
  })

  it("what happens to a shard that is not known changes nothing", () => {
    const graph = ShardGraph.make([shard("a")], Position.trimHorizon, none)
    assert.deepStrictEqual(ShardGraph.stopped(graph, "b"), graph)
    assert.deepStrictEqual(ShardGraph.lost(graph, "b"), graph)
    assert.deepStrictEqual(ShardGraph.unknown(graph, ["a", "b", "c"]), ["b", "c"])
  })

  it("the child of a shard whose reading was stopped is not due, and the run is finished", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("b", "a")], Position.trimHorizon, none))
    const stopped = ShardGraph.stopped(graph, "a")
    assert.strictEqual(stopped.get("a")!.status, "stopped")
    assert.deepStrictEqual(ShardGraph.release(stopped)[0], [])
    assert.isTrue(ShardGraph.isFinished(stopped))
  })

  it("is not finished while the children of an ended shard are still to be found", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a")], Position.trimHorizon, none))
    const ended = ShardGraph.ended(graph, "a", [], true)
    assert.isFalse(ShardGraph.isFinished(ended))
    assert.isFalse(ShardGraph.isFinished(ShardGraph.listed(ended, [shard("a")])), "a listing may lag behind")
    const [found, graphWithChild] = ShardGraph.release(ShardGraph.listed(ended, [shard("a"), shard("b", "a")]))
    assert.deepStrictEqual(ids(found), ["b"])
    assert.isTrue(ShardGraph.isFinished(ShardGraph.stopped(graphWithChild, "b")))
  })

  it("a lost shard is finished with when a listing has shown no child of it", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("z")], Position.trimHorizon, none))
    const lost = ShardGraph.stopped(ShardGraph.lost(graph, "a"), "z")
    assert.isFalse(ShardGraph.isFinished(lost))
    assert.isTrue(ShardGraph.isFinished(ShardGraph.listed(lost, [shard("z")])))
    assert.isTrue(ShardGraph.isFinished(ShardGraph.listed(lost, [shard("a"), shard("z")])))
    assert.isFalse(ShardGraph.isFinished(ShardGraph.listed(lost, [shard("z"), shard("b", "a")])))
  })

  it("forgets a shard that ended once many listings were without it, so that one which lags cannot bring it back", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a")], Position.trimHorizon, none))
    const [, reading] = ShardGraph.release(ShardGraph.ended(graph, "a", [child("b", "a")], true))
    let later = ShardGraph.listed(reading, [shard("b", "a")])
    assert.deepStrictEqual(ids(ShardGraph.release(ShardGraph.listed(later, [shard("a"), shard("b", "a")]))[0]), [])
    for (let i = 0; i < 9; i++) later = ShardGraph.listed(later, [shard("b", "a")])
    assert.isTrue(later.has("a"))
    assert.isFalse(ShardGraph.listed(later, [shard("b", "a")]).has("a"))
  })

  it("counts the listings without a shard anew once one shows it", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a")], Position.trimHorizon, none))
    let later = ShardGraph.ended(graph, "a", [child("b", "a")], true)
    for (let i = 0; i < 20; i++) later = ShardGraph.listed(later, [shard("a"), shard("b", "a")])
    for (let i = 0; i < 10; i++) later = ShardGraph.listed(later, [shard("b", "a")])
    assert.isTrue(later.has("a"))
    assert.isFalse(ShardGraph.listed(later, [shard("b", "a")]).has("a"))
  })

  it("forgets no shard that is being read, and none that no listing has shown yet", () => {
    let [, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("b")], Position.trimHorizon, none))
    for (const parent of ["a", "b"]) graph = ShardGraph.ended(graph, parent, [child("c", "a", "b")], true)
    ;[, graph] = ShardGraph.release(graph)
    graph = ShardGraph.ended(graph, "c", [child("d", "c")], true)
    ;[, graph] = ShardGraph.release(graph)
    assert.isFalse(ShardGraph.unconfirmed(graph))
    for (let i = 0; i < 20; i++) graph = ShardGraph.listed(graph, [])
    assert.deepStrictEqual([...graph.keys()], ["c", "d"])
    for (let i = 0; i < 20; i++) graph = ShardGraph.listed(graph, i === 0 ? [shard("d", "c")] : [])
    assert.deepStrictEqual([...graph.keys()], ["c", "d"])
  })

  it("B29 a child that its parent named waits for a parent that is not known yet, until a listing", () => {
    const [, graph] = ShardGraph.release(ShardGraph.make([shard("a"), shard("b")], Position.trimHorizon, none))
    const hinted = ShardGraph.ended(graph, "b", [child("d", "c", "b")], true)
    assert.isTrue(ShardGraph.unconfirmed(hinted))
    assert.deepStrictEqual(ids(ShardGraph.release(hinted)[0]), [])
    const whole = ShardGraph.listed(hinted, [shard("a"), shard("b"), shard("c", "a"), shard("d", "c", "b")])
    assert.isFalse(ShardGraph.unconfirmed(whole))
    assert.deepStrictEqual(ids(ShardGraph.release(whole)[0]), [])
    const trimmed = ShardGraph.listed(hinted, [shard("a"), shard("b"), shard("d", "c", "b")])
    assert.deepStrictEqual(ids(ShardGraph.release(trimmed)[0]), ["d"])
  })

  it("B35 the sibling of a stored shard is read from its beginning: their parent is over", () => {
    const shards = [shard("p"), shard("a", "p"), shard("b", "p"), shard("z")]
    const graph = ShardGraph.make(shards, at, new Map([["a", Position.afterSequenceNumber("3")]]))
    assert.deepStrictEqual(starts(ShardGraph.release(graph)[0]), {
      a: Position.afterSequenceNumber("3"),
      b: Position.trimHorizon,
      z: at
    })
  })

  it("B35 when a stored shard is no longer listed, what has lost its parents is read from its beginning", () => {
    const stored = new Map([["x", Position.afterSequenceNumber("3")], ["old", Position.shardEnd]])
    const shards = [shard("g", "c"), shard("h", "g"), shard("z"), shard("y", "z")]
    assert.deepStrictEqual(ShardGraph.missing(shards, stored), [["x", Position.afterSequenceNumber("3")]])
    const graph = ShardGraph.make(shards, at, stored)
    assert.deepStrictEqual(starts(ShardGraph.release(graph)[0]), { g: Position.trimHorizon, z: at })
    assert.deepStrictEqual(graph.get("h")!.start, Position.trimHorizon)
    assert.deepStrictEqual(graph.get("y")!.start, at)
    const merged = ShardGraph.make([...shards, shard("m", "z", "c")], at, stored)
    assert.deepStrictEqual(merged.get("m")!.start, Position.trimHorizon, "by its other parent it may descend from x")
    const complete = new Map([["z", Position.afterSequenceNumber("3")], ["old", Position.shardEnd]])
    assert.deepStrictEqual(ShardGraph.missing(shards, complete), [])
    assert.deepStrictEqual(starts(ShardGraph.release(ShardGraph.make(shards, at, complete))[0]), {
      g: at,
      z: Position.afterSequenceNumber("3")
    })
  })

  it("reads every shard of any reshard history exactly once, parents first", () => {
    const reshard = fc.record({ split: fc.boolean(), pick: fc.nat() })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(reshard, { maxLength: 30 }),
        fc.nat(),
        (count, steps, seed) => {
          const shards = Array.from({ length: count }, (_, i) => shard(`s${i}`))
          let open = shards.map((s) => s.shardId)
          for (const { pick, split } of steps) {
            const i = pick % open.length
            if (split) {
              const [a, b] = [`s${shards.length}`, `s${shards.length + 1}`]
              shards.push(shard(a, open[i]!), shard(b, open[i]!))
              open = [...open.slice(0, i), a, b, ...open.slice(i + 1)]
            } else if (i + 1 < open.length) {
              const merged = `s${shards.length}`
              shards.push(shard(merged, open[i]!, open[i + 1]!))
              open = [...open.slice(0, i), merged, ...open.slice(i + 2)]
            }
          }
          const parents = new Map(shards.map((s) => [s.shardId, [s.parentShardId, s.adjacentParentShardId]]))
          const known = shards.slice(seed % shards.length)
          const listed = new Set(known.map((s) => s.shardId))
          let [ready, graph] = ShardGraph.release(ShardGraph.make(known, Position.trimHorizon, none))
          const reading = [...ready]
          const done: Array<string> = []
          while (reading.length > 0) {
            const { shardId } = reading.splice(seed % reading.length, 1)[0]!
            for (const parent of parents.get(shardId)!) {
              if (parent !== undefined && listed.has(parent)) assert.include(done, parent)
            }
            done.push(shardId)
            const children = shards
              .filter((s) => s.parentShardId === shardId || s.adjacentParentShardId === shardId)
              .map((s) =>
                child(s.shardId, ...[s.parentShardId, s.adjacentParentShardId].filter((p) => p !== undefined))
              )
            ;[ready, graph] = ShardGraph.release(
              open.includes(shardId)
                ? ShardGraph.stopped(graph, shardId)
                : ShardGraph.ended(graph, shardId, children, true)
            )
            reading.push(...ready)
          }
          assert.deepStrictEqual([...done].sort(), [...listed].sort())
          assert.isTrue(ShardGraph.isFinished(graph))
        }
      )
    )
  })
})
