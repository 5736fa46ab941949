import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Page, Position } from "effect-kinesis"
import * as Resume from "../src/Resume.js"

const page = (shardId: string, position: Position.Position, millisBehindLatest?: number): Page.Page => ({
  shardId,
  records: [],
  millisBehindLatest,
  position,
  childShards: position._tag === "ShardEnd"
    ? [{ shardId: "child", parentShards: [shardId], hashKeyRange: { startingHashKey: "0", endingHashKey: "1" } }]
    : []
})

const after = Position.afterSequenceNumber
const last = (progress: Resume.Progress) => Resume.lastLines(progress, "kinesis read --stream s --resume p1.x")[0]

describe("Resume", () => {
  it("a place is the same after a way through a word and a file", () => {
    const position = fc.oneof(
      fc.constantFrom<Position.Position>(Position.trimHorizon, Position.shardEnd, Position.atTimestamp(5)),
      fc.bigUint().map((n) => after(String(n)))
    )
    fc.assert(fc.property(fc.dictionary(fc.string(), position), (positions) => {
      const parsed = JSON.parse(JSON.stringify(positions))
      const word = Resume.toText(positions)
      assert.match(word, /^p1\.[\w-]+$/)
      assert.isTrue(Resume.isWord(word))
      assert.deepStrictEqual(Resume.fromText(word), parsed)
      assert.deepStrictEqual(Resume.fromText(JSON.stringify(positions)), parsed)
    }))
  })

  it("anything else is no place", () => {
    for (const text of ["", "p1.", "p1.AAAA", "orders", "[]", "null", "{\"s\":1}", "{\"s\":{}}"]) {
      assert.isUndefined(Resume.fromText(text), text)
    }
  })

  it("tells how many shards are behind, and by how much as far as it is known", () => {
    const progress = Resume.begin({})
    for (const shardId of ["a", "b"]) {
      Resume.started(progress, { shardId, from: Position.atTimestamp(7), because: "start" })
    }
    assert.strictEqual(last(progress), "2 of 2 shards still behind; to continue:")
    Resume.handled(progress, page("a", after("1"), 3_200))
    Resume.handled(progress, page("b", after("2"), 0))
    assert.strictEqual(last(progress), "1 of 2 shards still behind by at most 3.2 s; to continue:")
    Resume.handled(progress, page("a", after("3"), 0))
    assert.strictEqual(last(progress), "all 2 shards read to the tip; to continue:")
    assert.deepStrictEqual(progress.positions, { a: after("3"), b: after("2") })
  })

  it("a shard that has ended is not behind, its children are until they are read", () => {
    const progress = Resume.begin({})
    Resume.started(progress, { shardId: "a", from: Position.trimHorizon, because: "start" })
    Resume.handled(progress, page("a", Position.shardEnd, 0))
    assert.strictEqual(last(progress), "1 of 1 shard still behind; to continue:")
    Resume.started(progress, { shardId: "child", from: Position.trimHorizon, because: "parent" })
    assert.deepStrictEqual(progress.positions, { a: Position.shardEnd }, "a child's place follows from its parent's")
    Resume.handled(progress, page("child", after("9"), 0))
    assert.strictEqual(last(progress), "the shard read to the tip; to continue:")
  })

  it("the command that goes on has the options of this one, quoted for a shell", () => {
    const positions = { a: after("1") }
    const options = { stream: "orders", region: undefined, endpoint: "http://127.0.0.1:4567" }
    assert.strictEqual(
      Resume.command(options, { file: "it's here", positions }),
      "kinesis read --stream orders --endpoint http://127.0.0.1:4567 --resume 'it'\\''s here'"
    )
    const word = Resume.command(options, { file: undefined, positions }).split(" ").at(-1)!
    assert.deepStrictEqual(Resume.fromText(word), positions)
  })

  it("a place that is too long for a command line asks for a file", () => {
    const positions = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`shardId-${i}`, after(String(BigInt(i + 1) ** 20n))])
    )
    const line = Resume.command({ stream: "s" }, { file: undefined, positions })
    assert.strictEqual(line, "kinesis read --stream s --resume FILE")
  })
})
