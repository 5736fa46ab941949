import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { type KinesisApi, KinesisClient, KinesisError } from "effect-kinesis"
import { application, eventually, run, stop, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, oneShard, put, shard0, shardName } from "../support/reading.js"

const stream = "orders"
const half = String(maxHashKey / 2n)

/** The stream, but that its listings are others. */
const withListings = (
  { client }: World,
  change: (shards: ReadonlyArray<KinesisApi.Shard>) => ReadonlyArray<KinesisApi.Shard>
) =>
  Effect.provideService(KinesisClient.KinesisClient, {
    ...client,
    listShards: (request: Parameters<typeof client.listShards>[0]) =>
      Effect.map(client.listShards(request), (page) => ({ ...page, shards: change(page.shards) }))
  })

const leasesOf = ({ leases }: World) =>
  Effect.map(leases.leases(application), (all) => new Map(all.map((lease) => [lease.shardId, lease])))

const isStored = (world: World, shardId: string) =>
  Effect.map(leasesOf(world), (all) => all.get(shardId)?.checkpoint?._tag === "ShardEnd")

describe("listings that leave something out", () => {
  for (
    const [what, isLeftOut] of [
      ["does not name the children yet", (shard: KinesisApi.Shard) => shard.shardId !== shard0],
      ["names one of two children", (shard: KinesisApi.Shard) => shard.shardId === shardName(2)]
    ] as const
  ) {
    it.effect(`B4 a shard's end is not stored while the listing ${what}`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const { client, local } = world
          let isBehind = true
          yield* put(client, ["a1"])
          const worker = yield* run().pipe(
            withListings(world, (shards) => isBehind ? shards.filter((shard) => !isLeftOut(shard)) : shards)
          )
          yield* eventually("the first record", () => worker.handled.length === 1)
          yield* local.omit({ operation: "getRecords", fields: ["childShards"], times: Infinity })
          yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: half })
          yield* put(client, ["b1"], { explicitHashKey: hashKeyOf(0, 2) })
          yield* put(client, ["c1"], { explicitHashKey: hashKeyOf(1, 2) })
          yield* eventually("the end", () => worker.of("ShardEnded").length === 1)
          yield* TestClock.adjust("20 seconds")
          assert.isFalse(yield* isStored(world, shard0))
          isBehind = false
          yield* eventually("all records", () => worker.handled.length === 3)
          const parent = (yield* leasesOf(world)).get(shard0)!
          assert.deepStrictEqual([...parent.childShardIds].sort(), [shardName(1), shardName(2)])
          assert.deepStrictEqual(worker.of("HoleFound"), [])
          yield* stop(worker)
        })))
  }

  it.effect("B4 a last page that tells of one of two children is no reason to forget the other", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const { client } = world
        yield* put(client, ["a1"])
        yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: half })
        yield* put(client, numbered("b", 1, 10))
        const worker = yield* run().pipe(
          Effect.provideService(KinesisClient.KinesisClient, {
            ...client,
            getRecords: (request) =>
              Effect.map(client.getRecords(request), (page) => ({ ...page, childShards: page.childShards.slice(1) }))
          })
        )
        yield* eventually("all records", () => worker.handled.length === 11)
        assert.strictEqual((yield* leasesOf(world)).get(shard0)!.childShardIds.length, 2)
        assert.deepStrictEqual(worker.of("HoleFound"), [])
        yield* stop(worker)
      })))

  it.effect("B32 a shard that closes before the first listing is read from LATEST, with a clock up to five minutes ahead", () =>
    withGroup({ ...oneShard, serverClockSkew: -295_000 }, (world) =>
      Effect.gen(function*() {
        const { client, local } = world
        yield* TestClock.adjust("1 hour")
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 second")
        yield* local.delay({ operation: "listShards", duration: "1 second" })
        const worker = yield* run({ from: "latest" })
        yield* TestClock.adjust(0)
        yield* put(client, ["parent"])
        yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: half })
        yield* put(client, ["left"], { explicitHashKey: hashKeyOf(0, 2) })
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(worker.texts(), ["parent", "left"])
        yield* stop(worker)
      })))

  it.effect("a shard that is not found, and that a part of a listing leaves out, is not lost", () =>
    withGroup({ streams: [{ name: stream, shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        const { client, local } = world
        let isPart = false
        yield* put(client, ["a1"], { explicitHashKey: hashKeyOf(0, 2) })
        const worker = yield* run().pipe(
          withListings(world, (shards) => isPart ? shards.filter(({ shardId }) => shardId !== shard0) : shards)
        )
        yield* eventually("the first record", () => worker.handled.length === 1)
        isPart = true
        const description = "Shard not found."
        yield* local.fail({
          operation: "getRecords",
          shardId: shard0,
          error: new KinesisError.ResourceNotFound({ operation: "GetRecords", stream, shardId: shard0, description })
        })
        yield* put(client, ["a2"], { explicitHashKey: hashKeyOf(0, 2) })
        yield* TestClock.adjust("20 seconds")
        assert.isFalse(yield* isStored(world, shard0))
        isPart = false
        yield* eventually("the second record", () => worker.handled.length === 2)
        assert.deepStrictEqual(worker.texts(), ["a1", "a2"])
        assert.strictEqual(worker.of("LeaseAcquired").length, 2)
        yield* stop(worker)
      })))

  it.effect("a merged shard gets no lease at one parent's end while a part of a listing leaves out the other", () =>
    withGroup({ streams: [{ name: stream, shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        const { client, leases } = world
        let isPart = true
        yield* put(client, numbered("a", 1, 3), { explicitHashKey: hashKeyOf(0, 2) })
        yield* put(client, numbered("b", 1, 3), { explicitHashKey: hashKeyOf(1, 2) })
        yield* client.mergeShards({ stream, shardToMerge: shard0, adjacentShardToMerge: shardName(1) })
        yield* put(client, ["c1"])
        const table = yield* world.store.open(application)
        yield* table.create({
          leaseKey: shard0,
          shardId: shard0,
          streamIdentifier: undefined,
          checkpoint: { _tag: "TrimHorizon" },
          parentShardIds: [],
          hashKeyRange: { startingHashKey: "0", endingHashKey: half }
        })
        const worker = yield* run().pipe(
          withListings(world, (shards) => isPart ? shards.filter(({ shardId }) => shardId === shard0) : shards)
        )
        yield* eventually("the first parent", () => worker.handled.length === 3)
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual((yield* leases.leases(application)).map(({ shardId }) => shardId), [shard0])
        isPart = false
        yield* eventually("all records", () => worker.handled.length === 7, 120_000)
        assert.strictEqual(worker.texts().at(-1), "c1")
        yield* stop(worker)
      })))

  it.effect("no lease is deleted by a part of a listing", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const { client, leases, local } = world
        let isPart = false
        yield* put(client, ["a1"])
        yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: half })
        yield* put(client, numbered("b", 1, 10))
        const worker = yield* run({
          balanceInterval: "2 seconds",
          cleanupInterval: "5 seconds",
          discoveryInterval: "5 seconds",
          idleInterval: "10 seconds"
        }).pipe(
          withListings(world, (shards) => isPart ? shards.filter(({ shardId }) => shardId === shardName(1)) : shards)
        )
        yield* eventually("all records", () => worker.handled.length === 11)
        isPart = true
        yield* TestClock.adjust("40 seconds")
        assert.strictEqual((yield* leases.leases(application)).length, 3)
        isPart = false
        yield* local.expireShard({ stream, shardId: shard0 })
        yield* eventually("the removal", () => worker.of("LeaseRemoved").length === 1, 30_000, 1000)
        yield* stop(worker)
      })))
})
