import { LocalLeaseStore } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { LeaseStore, Position } from "effect-kinesis"

const shardId = "shardId-000000000000"
const leaseKey = `000000000000:orders:1700000000:${shardId}`

const fresh: LeaseStore.NewLease = {
  leaseKey,
  shardId,
  streamIdentifier: "000000000000:orders:1700000000",
  checkpoint: Position.trimHorizon,
  parentShardIds: [],
  hashKeyRange: undefined
}

describe("LeaseStore.mapCalls", () => {
  it.effect("shows every member of Leases, on what it is and in whose name, and gives its answer", () =>
    Effect.gen(function*() {
      const { store } = yield* LocalLeaseStore.make()
      const calls: Array<string> = []
      const open = yield* store.open("billing")
      const leases = LeaseStore.mapCalls(open, (call, effect) => {
        const on = call.leaseKey === undefined ? "all" : call.leaseKey === leaseKey ? "the lease" : "another"
        const shard = call.shardId === undefined ? "" : call.shardId === shardId ? " of the shard" : " of another shard"
        return Effect.zipRight(
          Effect.sync(() => calls.push(`${call.operation} ${on}${shard} by ${call.worker ?? "nobody"}`)),
          effect
        )
      })
      assert.isTrue(yield* leases.create(fresh))
      const [created] = yield* leases.list
      const anns = Option.getOrThrow(yield* leases.claim(created!, "ann"))
      assert.lengthOf(yield* leases.owned("ann"), 1)
      assert.lengthOf(yield* leases.owned("ann", new Set([leaseKey])), 0)
      const asked = Option.getOrThrow(yield* leases.requestHandoff(anns, "bob"))
      assert.isTrue(Option.isSome(yield* leases.withdrawHandoff(asked, "bob")))
      const renewed = yield* leases.renew(anns)
      const stored = yield* leases.checkpoint(renewed, Position.afterSequenceNumber("7"))
      assert.deepStrictEqual(stored.checkpoint, Position.afterSequenceNumber("7"))
      yield* leases.annotate(leaseKey, { childShardIds: ["a"] })
      const finished = yield* leases.finish(stored, ["b"])
      assert.deepStrictEqual(finished.childShardIds, ["b"])
      const released = yield* leases.release(finished, "cid")
      assert.strictEqual(released.leaseOwner, "cid")
      const reset = Option.getOrThrow(yield* leases.reset(released, fresh))
      assert.isTrue(yield* leases.remove(reset))
      assert.deepStrictEqual(calls, [
        "create the lease of the shard by nobody",
        "list all by nobody",
        "claim the lease of the shard by ann",
        "owned all by ann",
        "owned all by ann",
        "requestHandoff the lease of the shard by bob",
        "withdrawHandoff the lease of the shard by bob",
        "renew the lease of the shard by ann",
        "checkpoint the lease of the shard by ann",
        "annotate the lease by nobody",
        "finish the lease of the shard by ann",
        "release the lease of the shard by ann",
        "reset the lease of the shard by nobody",
        "remove the lease of the shard by nobody"
      ])
    }))

  it.effect("what the function does not run takes no effect", () =>
    Effect.gen(function*() {
      const { local, store } = yield* LocalLeaseStore.make()
      const leases = LeaseStore.mapCalls(yield* store.open("billing"), () => Effect.never)
      yield* Effect.fork(leases.create(fresh))
      yield* Effect.yieldNow()
      assert.lengthOf(yield* local.leases("billing"), 0)
    }))
})
