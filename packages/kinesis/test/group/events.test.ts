/** What the events of a group say: their counts and fields, not their coming alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Consumer, KinesisError, Position } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup } from "../support/groups.js"
import { numbered, oneShard, put, shard0, shardName } from "../support/reading.js"

describe("events of a group", () => {
  it.effect("Balanced, LeaseAcquired, HandoffRequested and LeaseReleased name what moves, from whom and to whom", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 3 }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 20))
        const first = yield* run()
        yield* eventually("all records", () => first.handled.length === 20)
        const { worker: one } = first.of("LeaseAcquired")[0]!
        yield* eventually("a look", () => first.of("Balanced").length > 1)
        assert.deepInclude(first.of("Balanced").at(-1), { leases: 3, mine: 3, workers: 1 })
        const second = yield* run()
        yield* eventually("a hand-off", () => second.of("LeaseAcquired").length === 1)
        const [acquired] = second.of("LeaseAcquired")
        const { shardId, worker: two } = acquired!
        assert.notStrictEqual(one, two)
        assert.deepInclude(second.of("HandoffRequested")[0], { shardId, worker: two, owner: one })
        const [released] = first.of("LeaseReleased")
        assert.deepInclude(released, { shardId, worker: one, successor: two })
        const lease = (yield* world.leases.leases(application)).find((each) => each.shardId === shardId)!
        assert.deepStrictEqual(released!.position, acquired!.from)
        assert.deepStrictEqual(acquired!.from, lease.checkpoint)
        assert.strictEqual(acquired!.from._tag, "AfterSequenceNumber")
        assert.strictEqual(acquired!.because, "given")
        assert.isAbove(
          acquired!.fencingToken,
          first.of("LeaseAcquired").find((event) => event.shardId === shardId)!.fencingToken
        )
        yield* put(world.client, numbered("b", 1, 20))
        yield* eventually("the new records", () => first.handled.length + second.handled.length === 40)
        const ofSecond = second.handled.filter((handled) => handled.shardId === shardId)
        assert.deepStrictEqual([...new Set(ofSecond.map(({ token }) => token))], [acquired!.fencingToken])
        yield* eventually("looks at both", () => second.of("Balanced").length > 2)
        yield* TestClock.adjust("15 seconds")
        assert.deepInclude(first.of("Balanced").at(-1), { leases: 3, mine: 2, workers: 2 })
        assert.deepInclude(second.of("Balanced").at(-1), { leases: 3, mine: 1, workers: 2 })
        yield* stop(first)
        yield* stop(second)
      })))

  it.effect("LeasesCreated and HoleFound say which leases were missing, and how many there were", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 3 }] }, (world) =>
      Effect.gen(function*() {
        const worker = yield* run()
        yield* eventually("the leases", () => worker.of("LeaseAcquired").length === 3)
        yield* world.leases.drop(application, shardName(1))
        yield* eventually("the hole", () => worker.of("LeasesCreated").length === 2, 180_000, 1_000)
        assert.deepStrictEqual(
          worker.of("LeasesCreated").map(({ because, shardIds }) => [because, [...shardIds].toSorted()]),
          [["start", [0, 1, 2].map(shardName)], ["hole", [shardName(1)]]]
        )
        assert.deepStrictEqual(worker.of("HoleFound").map(({ open }) => open), [2])
        yield* stop(worker)
      })))

  it.effect("HoleFound counts the leases of its own stream", () =>
    withGroup(
      { streams: [{ name: "orders", shardCount: 3 }, { name: "returns", shardCount: 2 }] },
      (world) =>
        Effect.gen(function*() {
          const worker = yield* run({ stream: ["orders", "returns"] })
          yield* eventually("the leases", () => worker.of("LeaseAcquired").length === 5)
          const all = yield* world.leases.leases(application)
          const lost = all.find(({ streamIdentifier }) => streamIdentifier?.includes(":returns:") === true)!
          yield* world.leases.drop(application, lost.leaseKey)
          yield* eventually("the hole", () => worker.of("HoleFound").length > 0, 180_000, 1_000)
          assert.deepStrictEqual(worker.of("HoleFound").map(({ open }) => open), [1])
          yield* stop(worker)
        })
    ))

  it.effect("ListingFailed has the time since all leases were last looked at", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const error = new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" })
        yield* world.local.fail({ operation: "listShards", error, times: 1_000 })
        const worker = yield* run()
        yield* eventually("some failures", () => worker.of("ListingFailed").length > 2, 300_000, 2_000)
        const looks = [0, ...worker.of("Balanced").map(({ at }) => at)]
        for (const { at, error, millisSinceLastListing } of worker.of("ListingFailed")) {
          assert.strictEqual(error._tag, "ServiceUnavailable")
          assert.isAbove(millisSinceLastListing, 0)
          assert.include(looks, at - millisSinceLastListing)
        }
        yield* world.local.clearFaults
        yield* eventually("the lease", () => worker.of("LeaseAcquired").length === 1)
        yield* stop(worker)
      })))

  it.effect("CheckpointStored has the position that is stored", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 3))
        const worker = yield* run()
        yield* eventually("the records", () => worker.of("CheckpointStored").length === 1)
        yield* stop(worker)
        assert.deepStrictEqual(worker.of("CheckpointStored").map(({ position, shardId }) => [shardId, position]), [
          [shard0, Position.afterSequenceNumber(sequenceNumbers[2]!)]
        ])
      })))

  it.effect("the summary of a shutdown counts the records that were cut off, all of them", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 5))
        const consumer = yield* Consumer.make({
          application,
          stream: "orders",
          from: "trim-horizon",
          concurrency: 5,
          handler: (record) => textOf(record) < "a4" ? Effect.never : Effect.void
        })
        yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown("1 second"))
        yield* TestClock.adjust("3 seconds")
        const summary = yield* Fiber.join(stopping)
        assert.deepStrictEqual([summary.cut, summary.drained], [3, 0])
        assert.deepStrictEqual(summary.shards.map(({ cut }) => cut), [3])
      })).pipe(Effect.scoped))
})
