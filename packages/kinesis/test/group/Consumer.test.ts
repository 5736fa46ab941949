import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, TestClock } from "effect"
import { Consumer } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup } from "../support/groups.js"
import { numbered, oneShard, put, shard0 } from "../support/reading.js"

describe("a worker alone", () => {
  it.effect("B39 handles all records, and goes on after a restart where it was", () =>
    withGroup(oneShard, ({ client, leases }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("a", 1, 5))
        const first = yield* run()
        yield* eventually("5 records", () => first.handled.length === 5)
        yield* stop(first)
        assert.deepStrictEqual(first.texts(), numbered("a", 1, 5))
        const [lease] = yield* leases.leases(application)
        assert.strictEqual(lease?.leaseOwner, undefined)
        assert.strictEqual(lease?.checkpoint?._tag, "AfterSequenceNumber")
        yield* put(client, numbered("a", 6, 9))
        const second = yield* run()
        yield* eventually("4 records", () => second.handled.length === 4)
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(second.texts(), numbered("a", 6, 9))
        yield* stop(second)
      })))

  it.effect("follows a split: the parent's end is stored, then the children are read", () =>
    withGroup(oneShard, ({ client, leases }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("a", 1, 5))
        const worker = yield* run()
        yield* client.splitShard({ stream: "orders", shardToSplit: shard0, newStartingHashKey: String(2n ** 127n) })
        yield* put(client, numbered("b", 1, 8))
        yield* eventually("13 records", () => worker.handled.length === 13)
        const all = yield* leases.leases(application)
        assert.deepStrictEqual(all.map((lease) => lease.checkpoint?._tag), ["ShardEnd", "TrimHorizon", "TrimHorizon"])
        yield* stop(worker)
        const exit = yield* Fiber.await(worker.fiber)
        assert.strictEqual(exit._tag, "Failure")
      })))

  it.effect("the children of a shard begin when its end is stored, though the claim of another's hangs", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client, leases }) =>
      Effect.gen(function*() {
        const worker = yield* run()
        yield* eventually("both shards", () => worker.of("LeaseAcquired").length === 2)
        yield* leases.hang({ operation: "claim" })
        for (const quarter of [1n, 3n]) {
          const shardToSplit = quarter === 1n ? shard0 : shard0.replace(/0$/, "1")
          yield* client.splitShard({ stream: "orders", shardToSplit, newStartingHashKey: String(quarter * 2n ** 126n) })
        }
        yield* eventually("all children", () => worker.of("LeaseAcquired").length === 6)
        const created = worker.of("LeasesCreated").filter(({ because }) => because === "shard-end")
        const waits = created.map(({ at, shardIds }) =>
          worker.of("LeaseAcquired").filter(({ shardId }) => shardIds.includes(shardId)).map((event) => event.at - at)
        )
        assert.isTrue(waits.flat().some((wait) => wait > 0))
        assert.isTrue(waits.some((each) => each.every((wait) => wait === 0)))
        yield* stop(worker)
      })))

  it.effect("a handler has the services of whoever runs it", () =>
    withGroup(oneShard, ({ client }) =>
      Effect.gen(function*() {
        class Prefix extends Context.Tag("Prefix")<Prefix, string>() {}
        yield* put(client, ["a1"])
        const seen: Array<string> = []
        const fiber = yield* Effect.fork(
          Consumer.run({
            application,
            stream: "orders",
            from: "trim-horizon",
            handler: (record) => Effect.map(Prefix, (prefix) => seen.push(`${prefix}${textOf(record)}`))
          }).pipe(Effect.provideService(Prefix, "got "))
        )
        yield* eventually("the record", () => seen.length > 0)
        assert.deepStrictEqual(seen, ["got a1"])
        yield* Fiber.interrupt(fiber)
      })))
})
