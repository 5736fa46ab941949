import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type KinesisApi, Position } from "effect-kinesis"
import * as Overlap from "../../src/internal/shard/overlap.js"
import * as ShardGraph from "../../src/internal/shard/shardGraph.js"

/** The hash keys are 64 parts of equal size. */
const part = 2n ** 122n
const range = (from: number, to: number): KinesisApi.HashKeyRange => ({
  startingHashKey: String(BigInt(from) * part),
  endingHashKey: String(BigInt(to) * part - 1n)
})

interface Made {
  readonly shard: KinesisApi.Shard
  readonly from: number
  readonly to: number
  readonly parents: ReadonlyArray<string>
}

interface Reshard {
  readonly split: boolean
  readonly pick: number
  readonly at: number
}

/** All shards of a stream after these reshards, in the order in which they were made. */
const streamOf = (count: number, reshards: ReadonlyArray<Reshard>) => {
  const made: Array<Made> = []
  const closed = new Set<string>()
  const make = (from: number, to: number, ...parents: ReadonlyArray<Made>): Made => {
    const index = made.length
    for (const { shard: { shardId } } of parents) closed.add(shardId)
    const shard: KinesisApi.Shard = {
      shardId: `s${index}`,
      parentShardId: parents[0]?.shard.shardId,
      adjacentParentShardId: parents[1]?.shard.shardId,
      hashKeyRange: range(from, to),
      startingSequenceNumber: String(95 + index),
      endingSequenceNumber: undefined
    }
    const child = { shard, from, to, parents: parents.map((parent) => parent.shard.shardId) }
    made.push(child)
    return child
  }
  let open = Array.from({ length: count }, (_, i) => make((64 / count) * i, (64 / count) * (i + 1)))
  for (const { at, pick, split } of reshards) {
    const i = pick % open.length
    const [first, second] = [open[i]!, open[i + 1]]
    const size = first.to - first.from
    if (split && size > 1) {
      const middle = first.from + 1 + at % (size - 1)
      open = [
        ...open.slice(0, i),
        make(first.from, middle, first),
        make(middle, first.to, first),
        ...open.slice(i + 1)
      ]
    } else if (!split && second !== undefined) {
      open = [...open.slice(0, i), make(first.from, second.to, first, second), ...open.slice(i + 2)]
    }
  }
  const shards = made.map(({ shard }) => closed.has(shard.shardId) ? { ...shard, endingSequenceNumber: "9" } : shard)
  return { shards, made: new Map(made.map((one) => [one.shard.shardId, one])), closed }
}

const reshards = fc.array(fc.record({ split: fc.boolean(), pick: fc.nat(), at: fc.nat() }), { maxLength: 30 })

/** What happens to a reader: a listing without some shards, or the end of a shard that it reads. */
const happening = fc.oneof(
  fc.record({ _tag: fc.constant("Listed" as const), hidden: fc.array(fc.nat(), { maxLength: 12 }) }),
  fc.record({
    _tag: fc.constant("Read" as const),
    pick: fc.nat(),
    how: fc.constantFrom("named", "named", "untold", "lost", "stopped")
  })
)

type Happening = typeof happening extends fc.Arbitrary<infer A> ? A : never

/** A reader of a stream, that holds what must hold against each shard as it begins. */
const readerOf = (
  { closed, made, shards }: ReturnType<typeof streamOf>,
  gone: number,
  hidden: ReadonlyArray<number>
) => {
  const present = shards.slice(gone)
  const without = (hidden: ReadonlyArray<number>) => {
    const left = new Set(hidden.map((index) => present[index % present.length]?.shardId))
    return present.filter(({ shardId }) => !left.has(shardId))
  }
  const graph = ShardGraph.make(without(hidden), Position.trimHorizon, new Map())
  const begun = new Set<string>()
  const reading: Array<string> = []
  const goneIds = new Set(shards.slice(0, gone).map(({ shardId }) => shardId))
  const indexOf = (shardId: string): number => Number(shardId.slice(1))
  const release = () => {
    const ready = ShardGraph.release(graph)
    for (const { hashKeyRange, shardId } of ready) {
      assert.isFalse(begun.has(shardId), `${shardId} begins once`)
      begun.add(shardId)
      reading.push(shardId)
      if (goneIds.has(shardId)) continue
      for (const { status, ...other } of graph.nodes.values()) {
        if (status === "ended" || goneIds.has(other.shardId) || indexOf(other.shardId) >= indexOf(shardId)) continue
        assert.isFalse(
          Overlap.overlaps(other.hashKeyRange, hashKeyRange),
          `${shardId} begins while ${other.shardId} is ${status}`
        )
      }
    }
  }
  const childrenOf = (shardId: string): ReadonlyArray<KinesisApi.ChildShard> =>
    [...made.values()].filter(({ parents }) => parents.includes(shardId)).map(({ parents, shard }) => ({
      shardId: shard.shardId,
      parentShards: parents,
      hashKeyRange: shard.hashKeyRange
    }))
  const finish = (shardId: string, how: string) => {
    reading.splice(reading.indexOf(shardId), 1)
    if (how === "stopped") ShardGraph.stopped(graph, shardId)
    else if (how === "lost" || goneIds.has(shardId)) ShardGraph.lost(graph, shardId)
    else ShardGraph.ended(graph, shardId, how === "untold" ? [] : childrenOf(shardId), true)
    release()
  }
  const list = (hidden: ReadonlyArray<number>) => {
    ShardGraph.listed(graph, without(hidden))
    release()
  }
  const happen = (what: Happening) => {
    if (what._tag === "Listed") return list(what.hidden)
    const ending = reading.filter((shardId) => closed.has(shardId))
    if (ending.length > 0) finish(ending[what.pick % ending.length]!, what.how)
  }
  /** Listings hide nothing more, and what can be read is read. */
  const settle = () => {
    for (let listings = 0; listings < 12; listings++) {
      list([])
      for (let shardId; (shardId = reading.find((id) => closed.has(id))) !== undefined;) finish(shardId, "named")
    }
    for (const shardId of reading.slice()) finish(shardId, "stopped")
  }
  release()
  return { graph, begun, present, happen, settle }
}

describe("the order of reading", () => {
  it("B29 whatever a listing hides, no shard begins before an older one of its hash keys is read, and none is left", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4),
        reshards,
        fc.nat(6),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(happening.filter((what) => what._tag === "Listed" || what.how !== "stopped"), { maxLength: 40 }),
        (count, reshards, left, hidden, happenings) => {
          const stream = streamOf(count, reshards)
          const gone = Math.min(left, stream.closed.size, stream.shards.findIndex((s) => !stream.closed.has(s.shardId)))
          const reader = readerOf(stream, gone, hidden)
          for (const what of happenings) reader.happen(what)
          reader.settle()
          for (const { shardId } of reader.present) assert.isTrue(reader.begun.has(shardId), `${shardId} is read`)
          assert.isTrue(ShardGraph.isFinished(reader.graph))
        }
      ),
      { numRuns: 500 }
    )
  })

  it("B29 what follows a shard that was stopped before its end is not due, and the run is finished", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4),
        reshards,
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(happening, { maxLength: 40 }),
        (count, reshards, hidden, happenings) => {
          const reader = readerOf(streamOf(count, reshards), 0, hidden)
          for (const what of happenings) reader.happen(what)
          reader.settle()
          assert.isTrue(ShardGraph.isFinished(reader.graph))
        }
      ),
      { numRuns: 500 }
    )
  })
})
