import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { application, eventually, run, stop, textOf, withGroup } from "../support/groups.js"
import { hashKeyOf, put, shard0, shardName } from "../support/reading.js"

const stream = "orders"

describe("shards that take the same hash keys", () => {
  it.effect("a grandchild whose parent nobody knows any more waits until the older shard is handled", () =>
    withGroup({ streams: [{ name: stream, shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        const { client, leases, local } = world
        const gate = yield* Deferred.make<void>()
        yield* put(client, ["old"], { explicitHashKey: "0" })
        const worker = yield* run({
          detached: true,
          balanceInterval: "1 second",
          listInterval: "1 second",
          handle: (record) => textOf(record) === "old" ? Deferred.await(gate) : Effect.void
        })
        yield* eventually("the old record is read", () => worker.of("PageRead").some(({ records }) => records > 0))
        yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: hashKeyOf(0, 2) })
        yield* client.splitShard({ stream, shardToSplit: shardName(2), newStartingHashKey: hashKeyOf(0, 4) })
        yield* put(client, ["new"], { explicitHashKey: "0" })
        for (const shardId of [shard0, shardName(2)]) yield* local.expireShard({ stream, shardId })
        yield* leases.drop(application, shardName(1))
        yield* eventually("the grandchild's lease", () =>
          Effect.map(leases.leases(application), (all) => all.some(({ shardId }) => shardId === shardName(4))))
        yield* eventually("the hole is mended", () =>
          worker.of("LeasesCreated").length > 1)
        yield* eventually("some more looks", () => worker.of("Balanced").length > 15)
        assert.deepStrictEqual(worker.texts(), [])
        yield* Deferred.succeed(gate, undefined)
        yield* eventually("both records", () => worker.handled.length === 2)
        assert.deepStrictEqual(worker.texts(), ["old", "new"])
        yield* stop(worker)
      })))
})
