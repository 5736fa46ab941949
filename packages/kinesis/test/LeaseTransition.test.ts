import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type LeaseStore, Position } from "effect-kinesis"
import * as Checkpoint from "../src/internal/lease/checkpoint.js"
import * as LeaseTransition from "../src/LeaseTransition.js"

type Lease = LeaseStore.Lease

const created: LeaseStore.NewLease = {
  leaseKey: "a",
  shardId: "a",
  streamIdentifier: undefined,
  checkpoint: Position.trimHorizon,
  parentShardIds: [],
  hashKeyRange: undefined
}

/** What a write makes of a row. */
const after = (row: Lease | undefined, write: LeaseTransition.Write): Lease | undefined => {
  const decision = write(row)
  return decision._tag === "Put" ? decision.lease : decision._tag === "Delete" ? undefined : row
}
const made = (row: Lease | undefined, ...writes: ReadonlyArray<LeaseTransition.Write>): Lease =>
  writes.reduce<Lease | undefined>(after, row)!
const isMade = (row: Lease | undefined, write: LeaseTransition.Write): boolean =>
  ["Put", "Keep"].includes(write(row)._tag)

const at = (sequenceNumber: number, subSequenceNumber?: number) =>
  Position.after({ sequenceNumber: String(sequenceNumber), subSequenceNumber })
const fresh = made(undefined, LeaseTransition.create(created))
const anns = made(fresh, LeaseTransition.claim(fresh, "ann"))

const workers = ["ann", "bob", "cid"]
const step = fc.record({
  worker: fc.constantFrom(...workers),
  /** How old the belief is: 0 is the newest of what the worker has seen. */
  age: fc.oneof(fc.constant(0), fc.nat(6)),
  /** The answer does not come: the worker goes on by what it believed before. */
  isLost: fc.boolean(),
  write: fc.oneof(
    { weight: 2, arbitrary: fc.constant({ _tag: "look" as const }) },
    { weight: 2, arbitrary: fc.constant({ _tag: "claim" as const }) },
    fc.constant({ _tag: "request" as const }),
    fc.constant({ _tag: "withdraw" as const }),
    { weight: 2, arbitrary: fc.constant({ _tag: "renew" as const }) },
    {
      weight: 4,
      arbitrary: fc.oneof(
        fc.constantFrom(Position.trimHorizon, Position.atTimestamp(5)),
        fc.tuple(fc.constantFrom(8, 9, 10, 11), fc.option(fc.nat(2), { nil: undefined })).map(([n, sub]) => at(n, sub))
      ).map((position) => ({ _tag: "checkpoint" as const, position }))
    },
    fc.constant({ _tag: "finish" as const }),
    fc.option(fc.constantFrom(...workers), { nil: undefined }).map((successor) => ({
      _tag: "release" as const,
      successor
    })),
    fc.constant({ _tag: "annotate" as const }),
    fc.constant({ _tag: "reset" as const })
  )
})

describe("leaseTransition", () => {
  it("B42 B43 B44 several writers with stale beliefs, in any order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let row = fresh
        /** How often the lease has changed hands: a belief of an earlier time is of an earlier holder, whatever its name. */
        let tenure = 0
        const seen = new Map(workers.map((worker) => [worker, [{ row, tenure }]]))
        for (const { age, isLost, worker, write } of steps) {
          const beliefs = seen.get(worker)!
          const belief = beliefs.at(-1 - age) ?? beliefs[0]!
          const isOwn = LeaseTransition.holder(belief.row) === worker
          const writes: Record<typeof write._tag, LeaseTransition.Write | undefined> = {
            look: undefined,
            claim: LeaseTransition.claim(belief.row, worker),
            request: LeaseTransition.requestHandoff(belief.row, worker),
            withdraw: LeaseTransition.withdrawHandoff(belief.row, worker),
            renew: isOwn ? LeaseTransition.renew(belief.row) : undefined,
            checkpoint: isOwn && write._tag === "checkpoint"
              ? LeaseTransition.checkpoint(belief.row, write.position)
              : undefined,
            finish: isOwn ? LeaseTransition.finish(belief.row, ["b", "c"]) : undefined,
            release: isOwn && write._tag === "release" && write.successor !== worker
              ? LeaseTransition.release(belief.row, write.successor)
              : undefined,
            reset: LeaseTransition.reset(belief.row, created),
            annotate: LeaseTransition.annotate({ hashKeyRange: { startingHashKey: "0", endingHashKey: "1" } })
          }
          const chosen = writes[write._tag]
          const before = row
          if (chosen !== undefined) {
            row = made(row, chosen)
            assert.deepStrictEqual(made(row, chosen), row, "made again, because its answer was lost")
          }
          const isMoved = row.leaseCounter !== before.leaseCounter
          assert.isAtLeast(row.leaseCounter, before.leaseCounter)
          if (write._tag === "reset") {
            const isSeen = belief.row.leaseCounter === before.leaseCounter
            if (isSeen) assert.deepStrictEqual(row, { ...fresh, leaseCounter: before.leaseCounter + 1 })
            else assert.deepStrictEqual(row, before, "a reset of what was not seen")
          } else {
            assert.isAtLeast(Checkpoint.compare(row.checkpoint, before.checkpoint), 0, "checkpoints only move forward")
            if (Checkpoint.isSame(before.checkpoint, Position.shardEnd)) {
              assert.deepStrictEqual(row.checkpoint, Position.shardEnd, "final")
            }
          }
          if (["renew", "checkpoint", "finish", "release"].includes(write._tag)) {
            if (LeaseTransition.holder(before) !== worker || belief.tenure !== tenure) {
              assert.deepStrictEqual(row, before, "a write of whoever does not hold it")
            }
          } else if (write._tag !== "claim" && write._tag !== "reset") {
            assert.strictEqual(LeaseTransition.holder(row), LeaseTransition.holder(before))
            assert.isFalse(isMoved, "only the holder and whoever takes the lease move its counter")
          }
          if (LeaseTransition.holder(row) !== LeaseTransition.holder(before)) {
            assert.isTrue(isMoved, "a new holder is a new counter")
            tenure++
          }
          if (!isLost) beliefs.push({ row, tenure })
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("every write whose answer was lost can be made again, and finds that it was made", () => {
    const asked = made(anns, LeaseTransition.requestHandoff(anns, "bob"))
    const ahead = made(anns, LeaseTransition.checkpoint(anns, at(10)))
    for (
      const [row, write] of [
        [fresh, LeaseTransition.claim(fresh, "ann")],
        [anns, LeaseTransition.claim(anns, "bob")],
        [anns, LeaseTransition.requestHandoff(anns, "bob")],
        [anns, LeaseTransition.renew(anns)],
        [anns, LeaseTransition.checkpoint(anns, at(10))],
        [ahead, LeaseTransition.checkpoint(ahead, at(9))],
        [anns, LeaseTransition.finish(anns, ["b"])],
        [anns, LeaseTransition.release(anns, undefined)],
        [anns, LeaseTransition.release(anns, "bob")],
        [asked, LeaseTransition.release(asked, undefined)],
        [asked, LeaseTransition.release(asked, "cid")],
        [asked, LeaseTransition.reset(asked, created)]
      ] as const
    ) {
      const first = write(row)
      assert(first._tag === "Put")
      assert.deepStrictEqual(write(first.lease), { _tag: "Keep", lease: first.lease })
    }
  })

  it("B42 a checkpoint that goes back is a sign of life, and changes nothing else", () => {
    const ahead = made(anns, LeaseTransition.checkpoint(anns, at(10, 2)))
    for (const back of [at(9), at(10, 1), at(10), Position.trimHorizon, Position.atTimestamp(5)]) {
      assert.deepStrictEqual(made(ahead, LeaseTransition.checkpoint(ahead, back)), {
        ...ahead,
        leaseCounter: ahead.leaseCounter + 1
      })
    }
  })

  it("B43 a former owner's writes are refused, also when it owns the lease again", () => {
    const bobs = made(anns, LeaseTransition.claim(anns, "bob"))
    const again = made(bobs, LeaseTransition.claim(bobs, "ann"))
    for (const row of [bobs, again, made(bobs, LeaseTransition.release(bobs, undefined)), undefined]) {
      for (
        const write of [
          LeaseTransition.renew(anns),
          LeaseTransition.checkpoint(anns, at(10)),
          LeaseTransition.finish(anns, []),
          LeaseTransition.release(anns, undefined)
        ]
      ) assert.deepStrictEqual(write(row), { _tag: "Refuse", current: row })
    }
  })

  it("B44 nothing moves a shard's end", () => {
    const ended = made(anns, LeaseTransition.finish(anns, ["b", "c"]))
    assert.deepStrictEqual(ended.childShardIds, ["b", "c"])
    const stored = made(ended, LeaseTransition.checkpoint(ended, at(10)))
    assert.deepStrictEqual(stored.checkpoint, Position.shardEnd)
    assert.deepStrictEqual(stored.childShardIds, ["b", "c"])
    const bobs = made(stored, LeaseTransition.claim(stored, "bob"))
    assert.deepStrictEqual(made(bobs, LeaseTransition.checkpoint(bobs, at(11))).checkpoint, Position.shardEnd)
    assert.deepStrictEqual(made(bobs, LeaseTransition.finish(bobs, [])).childShardIds, ["b", "c"])
  })

  it("switches of the owner are counted since the last checkpoint", () => {
    const bobs = made(anns, LeaseTransition.claim(anns, "bob"))
    const cids = made(bobs, LeaseTransition.release(bobs, "cid"))
    const asked = made(cids, LeaseTransition.requestHandoff(cids, "ann"))
    const handed = made(asked, LeaseTransition.release(asked, undefined))
    const given = made(handed, LeaseTransition.claim(handed, "ann"))
    assert.deepStrictEqual(
      [fresh, anns, bobs, cids, given].map((lease) => lease.ownerSwitchesSinceCheckpoint),
      [0, 1, 2, 3, 3]
    )
    assert.strictEqual(made(given, LeaseTransition.checkpoint(given, at(1))).ownerSwitchesSinceCheckpoint, 0)
    assert.strictEqual(made(cids, LeaseTransition.release(cids, undefined)).ownerSwitchesSinceCheckpoint, 3)
  })

  it("a renewal tells how much is read, and keeps what was told before", () => {
    const told = made(anns, LeaseTransition.renew({ ...anns, throughputKBps: 7 }))
    assert.strictEqual(told.throughputKBps, 7)
    assert.strictEqual(made(told, LeaseTransition.renew({ ...told, throughputKBps: undefined })).throughputKBps, 7)
  })

  it("a lease is created once, and removed as it was seen", () => {
    assert.deepStrictEqual(LeaseTransition.create(created)(anns), { _tag: "Refuse", current: anns })
    assert.isFalse(isMade(undefined, LeaseTransition.claim(fresh, "ann")))
    assert.isFalse(isMade(undefined, LeaseTransition.requestHandoff(anns, "bob")))
    assert.isFalse(isMade(undefined, LeaseTransition.annotate({ childShardIds: ["b"] })))
    assert.deepStrictEqual(LeaseTransition.remove(fresh)(anns), { _tag: "Refuse", current: anns })
    assert.isUndefined(after(anns, LeaseTransition.remove(anns)))
    assert.deepStrictEqual(LeaseTransition.remove(anns)(undefined), { _tag: "Delete" })
  })

  it("a hand-off is asked of the owner by another worker, one at a time", () => {
    const asked = made(anns, LeaseTransition.requestHandoff(anns, "bob"))
    assert.deepStrictEqual([asked.leaseOwner, asked.checkpointOwner, LeaseTransition.holder(asked)], [
      "bob",
      "ann",
      "ann"
    ])
    assert.isFalse(isMade(anns, LeaseTransition.requestHandoff(anns, "ann")))
    assert.isFalse(isMade(asked, LeaseTransition.requestHandoff(asked, "cid")))
    assert.isFalse(isMade(asked, LeaseTransition.requestHandoff(anns, "cid")))
    assert.isFalse(isMade(fresh, LeaseTransition.requestHandoff(fresh, "bob")))
  })

  it("what is known of a shard is added beside its owner", () => {
    const hashKeyRange = { startingHashKey: "5", endingHashKey: "9" }
    const known = made(
      anns,
      LeaseTransition.annotate({ hashKeyRange }),
      LeaseTransition.annotate({ childShardIds: ["b"] })
    )
    assert.deepStrictEqual(known, { ...anns, hashKeyRange, childShardIds: ["b"] })
  })
})
