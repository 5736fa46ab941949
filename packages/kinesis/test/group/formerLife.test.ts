import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { KinesisClient, LeaseStore } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, put, shard0 } from "../support/reading.js"

const stream = "orders"

/** Reads a stream of one shard to the end of a split, then deletes it and creates it anew with so many shards. */
const secondLife = (world: World, shardCount: number) =>
  Effect.gen(function*() {
    yield* put(world.client, numbered("old", 1, 4))
    const worker = yield* run()
    yield* eventually("the old records", () => worker.handled.length === 4)
    yield* world.client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: String(maxHashKey / 2n) })
    yield* eventually("the children", () => worker.of("ShardStarted").length === 3)
    yield* stop(worker)
    yield* world.client.deleteStream({ stream })
    yield* TestClock.adjust("1 minute")
    yield* world.client.createStream({ stream, shardCount })
    yield* TestClock.adjust("1 minute")
  })

const endOf = (world: World) =>
  Effect.map(
    world.leases.leases(application),
    (leases) => leases.filter(LeaseStore.isFinished).map(({ shardId }) => shardId)
  )

describe("leases of a stream's former life", () => {
  for (const shardCount of [1, 2, 4]) {
    it.effect(`a stream that is created anew with ${shardCount} shards is read whole`, () =>
      withGroup({ streams: [{ name: stream }] }, (world) =>
        Effect.gen(function*() {
          yield* secondLife(world, shardCount)
          for (let shard = 0; shard < shardCount; shard++) {
            yield* put(world.client, numbered(`new${shard}-`, 1, 3), { explicitHashKey: hashKeyOf(shard, shardCount) })
          }
          const worker = yield* run({ from: "trim-horizon" })
          yield* eventually("the new records", () => new Set(worker.texts()).size === 3 * shardCount, 300_000)
          assert.isFalse(worker.texts().some((text) => text.startsWith("old")))
          assert.include(worker.of("DataLossPossible").map(({ shardId }) => shardId), shard0)
          assert.notInclude(yield* endOf(world), shard0)
          yield* stop(worker)
        })))
  }

  it.effect("one that was split again before anybody read it is read whole", () =>
    withGroup({ streams: [{ name: stream }] }, (world) =>
      Effect.gen(function*() {
        const { client } = world
        const split = client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: String(maxHashKey / 2n) })
        const first = yield* run()
        yield* split
        yield* eventually("the children", () => first.of("ShardStarted").length === 3)
        yield* put(client, numbered("old", 1, 10))
        yield* eventually("the old records", () => first.handled.length === 10)
        yield* stop(first)
        yield* client.deleteStream({ stream })
        yield* TestClock.adjust("1 minute")
        yield* client.createStream({ stream, shardCount: 1 })
        yield* put(client, numbered("a", 1, 4))
        yield* split
        yield* put(client, numbered("b", 1, 10))
        const worker = yield* run()
        yield* eventually("the new records", () => new Set(worker.texts()).size === 14, 300_000)
        yield* stop(worker)
      })))

  it.effect("with onFormerStream: \"fail\" it is an error that names the application and the remedy", () =>
    withGroup({ streams: [{ name: stream }] }, (world) =>
      Effect.gen(function*() {
        yield* secondLife(world, 1)
        const worker = yield* run({ onFormerStream: "fail" })
        yield* TestClock.adjust("2 minutes")
        const error = yield* Effect.flip(Fiber.join(worker.fiber))
        assert.deepInclude(error, { _tag: "InvalidArgument", field: "application" })
        assert.include(error.message, application)
        assert.include(error.message, shard0)
        assert.include(error.message, "onFormerStream")
        assert.include(yield* endOf(world), shard0)
      })))

  it.effect("an end that was stored of an open shard by mistake is taken back", () =>
    withGroup({ streams: [{ name: stream }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3))
        const leases = yield* world.store.open(application)
        yield* leases.create({
          leaseKey: shard0,
          shardId: shard0,
          streamIdentifier: undefined,
          checkpoint: { _tag: "ShardEnd" },
          parentShardIds: [],
          hashKeyRange: { startingHashKey: "0", endingHashKey: String(maxHashKey) }
        })
        const worker = yield* run()
        yield* eventually("the records", () => worker.handled.length === 3, 120_000)
        yield* stop(worker)
      })))

  it.effect("a shard that has just ended and is still listed as open is left alone", () =>
    withGroup({ streams: [{ name: stream }] }, (world) =>
      Effect.gen(function*() {
        const { client } = world
        let isStale = true
        const late = {
          ...world,
          client: {
            ...client,
            listShards: (request: Parameters<typeof client.listShards>[0]) =>
              Effect.map(client.listShards(request), ({ shards, ...page }) => ({
                ...page,
                shards: isStale
                  ? shards.filter(({ shardId }) => shardId === shard0).map((shard) => ({
                    ...shard,
                    endingSequenceNumber: undefined
                  }))
                  : shards
              }))
          }
        }
        const first = yield* run()
        yield* eventually("a page", () => first.of("PageRead").length > 0)
        yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: String(maxHashKey / 2n) })
        yield* eventually("the children", () => first.of("ShardStarted").length === 3)
        yield* stop(first)
        const second = yield* run().pipe(
          Effect.provideService(KinesisClient.KinesisClient, late.client)
        )
        yield* TestClock.adjust("15 seconds")
        isStale = false
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* endOf(world), [shard0])
        assert.deepStrictEqual(second.of("DataLossPossible"), [])
        yield* stop(second)
      })))

  it.effect("a shard that is still read after its split, whose listed end is a placeholder, is of this life", () =>
    withGroup({ streams: [{ name: stream, shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        const { client } = world
        const highest64 = "9223372036854775807"
        const placing: KinesisClient.Service = {
          ...client,
          listShards: (request) =>
            Effect.map(client.listShards(request), ({ shards, ...page }) => ({
              ...page,
              shards: shards.map((shard) =>
                shard.endingSequenceNumber === undefined ? shard : { ...shard, endingSequenceNumber: highest64 }
              )
            }))
        }
        const shard1 = "shardId-000000000001"
        const splitOf = (shardToSplit: string, at: bigint) =>
          client.splitShard({ stream, shardToSplit, newStartingHashKey: String(at) })
        yield* put(client, numbered("a", 1, 3), { explicitHashKey: hashKeyOf(0, 2) })
        yield* put(client, numbered("b", 1, 3), { explicitHashKey: hashKeyOf(1, 2) })
        const first = yield* run({ handle: (record) => textOf(record) === "b3" ? Effect.never : Effect.void })
        yield* eventually("the first records", () => first.handled.length === 5)
        yield* splitOf(shard0, maxHashKey / 4n)
        yield* splitOf(shard1, (maxHashKey / 4n) * 3n)
        yield* eventually("one end", () => first.of("ShardEnded").length === 1)
        yield* TestClock.adjust("30 seconds")
        const second = yield* run().pipe(Effect.provideService(KinesisClient.KinesisClient, placing))
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(second.of("DataLossPossible"), [])
        assert.deepStrictEqual(yield* endOf(world), [shard0])
        yield* stop(first)
        yield* eventually("the last record", () => second.texts().includes("b3"), 120_000)
        assert.notInclude(second.texts(), "a1")
        assert.notInclude(second.texts(), "b1")
        yield* stop(second)
      })))

  it.effect("leases of which nothing was read yet are looked at too: shards beyond them are not left unread", () =>
    withGroup({ streams: [{ name: stream }] }, (world) =>
      Effect.gen(function*() {
        const first = yield* run()
        yield* eventually("a page", () => first.of("PageRead").length > 0)
        yield* stop(first)
        yield* world.client.deleteStream({ stream })
        yield* TestClock.adjust("1 minute")
        yield* world.client.createStream({ stream, shardCount: 2 })
        yield* TestClock.adjust("1 minute")
        yield* put(world.client, ["low"], { explicitHashKey: "0" })
        yield* put(world.client, ["high"], { explicitHashKey: String(maxHashKey) })
        const second = yield* run()
        yield* eventually("both", () => new Set(second.texts()).size === 2, 300_000)
        yield* stop(second)
      })))
})
