import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Consumer, LeaseBalancer } from "effect-kinesis"
import { application, eventually, mortal, run, type Running, stop, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, oneShard, put, shard0, shardName } from "../support/reading.js"

const shardsOf = (count: number) => ({ streams: [{ name: "orders", shardCount: count }] })

/** How many leases each worker has in the table. */
const shares = ({ leases }: World) =>
  Effect.map(leases.leases(application), (all) => {
    const counts = new Map<string, number>()
    for (const { checkpoint, leaseOwner } of all) {
      if (checkpoint?._tag === "ShardEnd") continue
      counts.set(leaseOwner ?? "nobody", (counts.get(leaseOwner ?? "nobody") ?? 0) + 1)
    }
    return [...counts.values()].sort((a, b) => a - b)
  })

const isShared = (world: World, ...expected: ReadonlyArray<number>) =>
  Effect.map(shares(world), (counts) => counts.join() === expected.join())

const handledBy = (workers: ReadonlyArray<Running<unknown>>) => workers.flatMap((worker) => worker.texts()).sort()

describe("leases", () => {
  it.effect("B48 a handler that takes thirty times as long as a lease lasts keeps it", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const brief = {
          leaseDuration: "1 second",
          discoveryInterval: "10 seconds",
          idleInterval: "10 seconds"
        } as const
        const worker = yield* run({ ...brief, handle: () => Effect.sleep("30 seconds") })
        yield* eventually("the lease", () => worker.of("LeaseAcquired").length === 1)
        const other = yield* run(brief)
        yield* eventually("the record", () => worker.handled.length + other.handled.length === 1, 40_000, 5000)
        assert.strictEqual(worker.of("LeaseLost").length, 0)
        yield* stop(worker)
        yield* stop(other)
      })))

  it.effect("B49 a worker that cannot renew stops before another may take its shard", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        let interruptedAt = 0
        const cut = yield* run({
          handle: () =>
            Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                interruptedAt = 1
              }))
        })
        yield* eventually("the lease", () => cut.of("LeaseAcquired").length === 1)
        yield* TestClock.adjust("5 seconds")
        const { worker } = cut.of("LeaseAcquired")[0]!
        const lastWrite = (yield* world.leases.calls).filter(({ operation }) => operation === "renew").at(-1)!.at
        yield* world.leases.hang({ worker, times: 1000 })
        const other = yield* run()
        yield* eventually("the loss", () => cut.of("LeaseLost").length === 1)
        const lostAt = cut.of("LeaseLost")[0]!.at
        assert.isAtMost(lostAt - lastWrite, 9_000)
        yield* TestClock.adjust(0)
        assert.strictEqual(interruptedAt, 1)
        yield* eventually("the other", () => other.handled.length === 1)
        assert.isAbove(other.of("LeaseAcquired")[0]!.at, lostAt)
        yield* world.leases.clearFaults
        yield* stop(other)
        yield* stop(cut)
      })))

  it.effect("B52 a dead worker's leases are taken when they have lasted, though counts look balanced", () =>
    withGroup(shardsOf(4), (world) =>
      Effect.gen(function*() {
        const process = mortal(world)
        const dying = yield* process.provide(run({ detached: true }))
        const survivor = yield* run()
        yield* eventually("two each", () => isShared(world, 2, 2))
        yield* eventually("the leases", () => dying.of("LeaseAcquired").length > 1)
        process.kill()
        yield* put(world.client, numbered("a", 1, 20))
        yield* eventually("all four", () => isShared(world, 4), 10_000 + 2 * 12_000)
        yield* eventually("all records", () => survivor.handled.length === 20)
        yield* stop(survivor)
      })))

  it.effect(
    "B53 one worker takes 100 free leases at once",
    () =>
      withGroup(shardsOf(100), () =>
        Effect.gen(function*() {
          const worker = yield* run()
          yield* eventually("100 leases", () => worker.of("LeaseAcquired").length === 100, 2_000)
          yield* stop(worker)
        }))
  )

  it.effect(
    "B54 a new worker gets its share without a loss, and nothing is handled twice",
    () =>
      withGroup(shardsOf(4), (world) =>
        Effect.gen(function*() {
          const first = yield* run({ handle: () => Effect.sleep("30 millis") })
          yield* eventually("all four", () => isShared(world, 4))
          let written = 0
          const write = Effect.suspend(() => put(world.client, numbered("a", written + 1, written += 3)))
          const second = yield* run({ handle: () => Effect.sleep("30 millis") })
          yield* eventually("two each", () => Effect.zipRight(write, isShared(world, 2, 2)))
          for (let more = 0; more < 20; more++) yield* Effect.zipRight(write, TestClock.adjust(500))
          yield* TestClock.adjust("5 seconds")
          assert.deepStrictEqual(handledBy([first, second]), numbered("a", 1, written).toSorted())
          assert.isAbove(second.handled.length, 0)
          assert.strictEqual(first.of("LeaseLost").length + second.of("LeaseLost").length, 0)
          for (const shard of [0, 1, 2, 3].map(shardName)) {
            const tokens = [first, second].map(({ handled }) => handled.filter(({ shardId }) => shardId === shard))
            const [before, after] = tokens.map((handled) => handled.map(({ token }) => token))
            if (after!.length > 0 && before!.length > 0) assert.isAbove(Math.min(...after!), Math.max(...before!))
          }
          yield* stop(first)
          yield* stop(second)
        }))
  )

  it.effect("B54 a worker that leaves hands its shards off within a second, stored", () =>
    withGroup(shardsOf(2), (world) =>
      Effect.gen(function*() {
        const leaving = yield* run()
        yield* eventually("both", () => isShared(world, 2))
        const staying = yield* run()
        yield* eventually("one each", () => isShared(world, 1, 1))
        yield* put(world.client, numbered("a", 1, 10))
        yield* eventually("all records", () => leaving.handled.length + staying.handled.length === 10)
        yield* stop(leaving)
        const left = leaving.of("LeaseReleased").at(-1)!
        assert.isDefined(left.successor)
        const count = staying.of("ShardStarted").length
        yield* eventually("the shard", () => staying.of("ShardStarted").length > count, 1_000, 100)
        yield* put(world.client, numbered("b", 1, 10))
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(
          handledBy([leaving, staying]),
          [...numbered("a", 1, 10), ...numbered("b", 1, 10)].toSorted()
        )
        yield* stop(staying)
      })))

  it.effect(
    "B55 a steady fleet makes no move, with odd counts too",
    () =>
      withGroup(shardsOf(7), (world) =>
        Effect.gen(function*() {
          const brief = {
            balanceInterval: "1 second",
            discoveryInterval: "2 seconds",
            idleInterval: "10 seconds"
          } as const
          const workers = [yield* run(brief), yield* run(brief), yield* run(brief)]
          yield* eventually("shares that differ by one", () => isShared(world, 2, 2, 3))
          yield* TestClock.adjust("10 seconds")
          const moves = () =>
            workers.reduce(
              (sum, worker) => sum + worker.of("HandoffRequested").length + worker.of("LeaseAcquired").length,
              0
            )
          const before = moves()
          yield* TestClock.adjust("20 seconds")
          assert.strictEqual(moves(), before)
          for (const worker of workers) yield* stop(worker)
        }))
  )

  it.effect("two workers of one name are two workers", () =>
    withGroup(shardsOf(2), (world) =>
      Effect.gen(function*() {
        const one = yield* run({ worker: "same" })
        const other = yield* run({ worker: "same" })
        yield* eventually("one each", () => isShared(world, 1, 1))
        yield* put(world.client, numbered("a", 1, 10))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(handledBy([one, other]), numbered("a", 1, 10).toSorted())
        assert.notStrictEqual(one.of("LeaseAcquired")[0]!.worker, other.of("LeaseAcquired")[0]!.worker)
        yield* stop(one)
        yield* stop(other)
      })))

  it.effect(
    "the most leases are held to; what others do not take in time is taken beyond the share",
    () =>
      withGroup(shardsOf(6), (world) =>
        Effect.gen(function*() {
          const small = yield* run({ maxLeases: 1 })
          yield* eventually("one", () => isShared(world, 1, 5))
          const large = yield* run()
          yield* eventually(
            "the rest",
            () =>
              isShared(world, 1, 5).pipe(
                Effect.zipWith(Effect.sync(() => large.of("LeaseAcquired").length === 5), (a, b) => a && b)
              ),
            90_000,
            1000
          )
          yield* stop(small)
          yield* stop(large)
        }))
  )

  it.effect("a plan of one's own: this worker has these shards and no others", () =>
    withGroup(shardsOf(4), (world) =>
      Effect.gen(function*() {
        const odd = LeaseBalancer.only(({ shardId }) => Number(shardId.slice(-1)) % 2 === 1)
        const all = yield* run()
        yield* eventually("all four", () => isShared(world, 4))
        const some = yield* run({ balancer: odd })
        yield* stop(all)
        yield* eventually("two", () =>
          Effect.map(world.leases.leases(application), (leases) =>
            leases.every(({ leaseOwner, shardId }) =>
              (leaseOwner !== undefined) === (Number(shardId.slice(-1)) % 2 === 1)
            )))
        yield* stop(some)
      })))

  it.effect(
    "B38 of fifty workers that start together few list the shards, and all shards are taken",
    () =>
      withGroup({ ...shardsOf(50), latency: 20 }, (world) =>
        Effect.gen(function*() {
          const workers: Array<Running<unknown>> = []
          const rare = { discoveryInterval: "5 seconds", idleInterval: "10 seconds" } as const
          for (let index = 0; index < 50; index++) workers.push(yield* run(rare))
          yield* eventually("a look each", () => workers.every((worker) => worker.of("Balanced").length > 0))
          assert.strictEqual((yield* shares(world)).reduce((sum, count) => sum + count), 50)
          const listings = (yield* world.local.calls).filter(({ operation }) => operation === "listShards")
          assert.isAtMost(listings.length, 10)
          yield* Effect.forEach(workers, stop, { concurrency: "unbounded" })
        }))
  )
})

describe("the leases' table", () => {
  it.effect("a lease that somebody deleted is made again, and its shard read from its beginning", () =>
    withGroup(shardsOf(2), (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"], { explicitHashKey: hashKeyOf(0, 2) })
        const worker = yield* run()
        yield* eventually("a record", () => worker.handled.length === 1)
        yield* world.leases.drop(application, shard0)
        yield* eventually("the loss", () => worker.of("LeaseLost").length === 1)
        yield* eventually("the hole", () => worker.of("HoleFound").length > 0)
        yield* eventually("the record again", () => worker.handled.length === 2)
        yield* stop(worker)
      })))

  it.effect(
    "a merged shard waits for both parents, whoever reads them",
    () =>
      withGroup(shardsOf(2), (world) =>
        Effect.gen(function*() {
          yield* put(world.client, numbered("a", 1, 4), { explicitHashKey: hashKeyOf(0, 2) })
          yield* put(world.client, numbered("b", 1, 4), { explicitHashKey: hashKeyOf(1, 2) })
          const slow = { handle: () => Effect.sleep("2 seconds") }
          const workers = [yield* run({ maxLeases: 1, ...slow }), yield* run({ maxLeases: 1, ...slow })]
          yield* eventually("one each", () => isShared(world, 1, 1))
          yield* world.client.mergeShards({
            stream: "orders",
            shardToMerge: shard0,
            adjacentShardToMerge: shardName(1)
          })
          yield* put(world.client, numbered("c", 1, 3))
          yield* eventually("all records", () => handledBy(workers).length === 11)
          const all = workers.flatMap((worker) => worker.handled).toSorted((x, y) => x.at - y.at)
          const firstOfChild = all.find(({ text }) => text.startsWith("c"))!
          assert.isTrue(
            all.every(({ at, text }) => text.startsWith("c") || at <= firstOfChild.at - 2000)
          )
          yield* Effect.forEach(workers, stop)
        }))
  )

  it.effect(
    "leases of shards that have left retention are deleted once their children have begun",
    () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          yield* put(world.client, ["a1"])
          yield* world.client.splitShard({
            stream: "orders",
            shardToSplit: shard0,
            newStartingHashKey: String(maxHashKey / 2n)
          })
          yield* put(world.client, numbered("b", 1, 10))
          const worker = yield* run({
            balanceInterval: "2 seconds",
            cleanupInterval: "5 seconds",
            discoveryInterval: "5 seconds",
            idleInterval: "10 seconds"
          })
          yield* eventually("all records", () => worker.handled.length === 11)
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual((yield* world.leases.leases(application)).length, 3)
          yield* world.local.expireShard({ stream: "orders", shardId: shard0 })
          yield* eventually("the removal", () => worker.of("LeaseRemoved").length === 1, 30_000, 1000)
          assert.strictEqual((yield* world.leases.leases(application)).length, 2)
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual((yield* world.leases.leases(application)).length, 2)
          yield* stop(worker)
        }))
  )

  it.effect("several streams in one consumer, each with its own leases", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }, { name: "returns" }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("o", 1, 3))
        yield* put(world.client, numbered("r", 1, 3), { stream: "returns" })
        const worker = yield* run({ stream: ["orders", "returns"] })
        yield* eventually("all records", () => worker.handled.length === 6)
        const leases = yield* world.leases.leases(application)
        assert.deepStrictEqual(leases.map(({ leaseKey }) => leaseKey), [
          "000000000000:orders:0:shardId-000000000000",
          "000000000000:orders:0:shardId-000000000001",
          "000000000000:returns:0:shardId-000000000000"
        ])
        yield* stop(worker)
      })))

  it.effect(
    "an outage of the table is survived, and fails the consumer when it lasts too long",
    () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const worker = yield* run({ storeStaleness: "2 minutes" })
          yield* eventually("the first page", () => worker.of("PageRead").length > 0)
          yield* world.leases.throttle({ times: 100_000 })
          yield* TestClock.adjust("1 minute")
          yield* world.leases.clearFaults
          yield* put(world.client, numbered("a", 1, 3))
          yield* eventually("the records", () => worker.handled.length === 3)
          yield* world.leases.throttle({ times: 100_000 })
          yield* TestClock.adjust("4 minutes")
          const exit = yield* Effect.flip(Fiber.join(worker.fiber))
          assert.deepInclude(exit, { _tag: "LeaseStoreError", reason: "Throttled" })
        }))
  )
})

describe("options", () => {
  for (
    const [field, options] of [
      ["application", { application: "a" }],
      ["stream", { stream: [] }],
      ["stream", { stream: ["a", "a"] }],
      ["stream", { stream: "not a name" }],
      ["from", { from: new Date(Number.NaN) }],
      ["worker", { worker: "a b" }],
      ["leaseDuration", { leaseDuration: "10 millis" }],
      ["maxLeases", { maxLeases: 0 }],
      ["maxMoves", { maxMoves: 1.5 }],
      ["checkpointRecords", { checkpointRecords: 0 }],
      ["maxUnacknowledged", { maxUnacknowledged: -1 }],
      ["concurrency", { concurrency: 0 }],
      ["pollInterval", { pollInterval: -1 }]
    ] as const
  ) {
    it.effect(`a wrong ${field} fails before any request: ${JSON.stringify(options)}`, () =>
      withGroup(oneShard, ({ leases, local }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Consumer.run({
            application,
            stream: "orders",
            from: "latest",
            handler: () => Effect.void,
            ...options
          } as Consumer.Options))
          assert.strictEqual(error._tag, "InvalidArgument")
          assert.strictEqual((error as { field?: string }).field, field)
          assert.strictEqual((yield* local.calls).length + (yield* leases.calls).length, 0)
        })))
  }
})
