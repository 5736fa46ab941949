import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Schedule, Stream, TestClock } from "effect"
import { Consumer, FailurePolicy, KinesisError, LeaseStore, LeaseStoreError } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup, type World } from "../support/groups.js"
import { maxHashKey, numbered, oneShard, put, shard0 } from "../support/reading.js"

/** The table, but that some of its operations are others. */
const withStore = (world: World, change: (leases: LeaseStore.Leases) => Partial<LeaseStore.Leases>) =>
  Effect.provideService(LeaseStore.LeaseStore, {
    open: (name) => Effect.map(world.store.open(name), (leases) => ({ ...leases, ...change(leases) }))
  })

const split = ({ client }: World) =>
  client.splitShard({ stream: "orders", shardToSplit: shard0, newStartingHashKey: String(maxHashKey / 2n) })

/** The lease of the first shard, by itself of all hash keys. */
const firstLease = (
  { store }: World,
  hashKeyRange: LeaseStore.Lease["hashKeyRange"] = { startingHashKey: "0", endingHashKey: String(maxHashKey) }
) =>
  Effect.flatMap(store.open(application), (leases) =>
    leases.create({
      leaseKey: shard0,
      shardId: shard0,
      streamIdentifier: undefined,
      checkpoint: { _tag: "TrimHorizon" },
      parentShardIds: [],
      hashKeyRange
    }))

const holdsOf = ({ leases }: World) =>
  Effect.map(leases.leases(application), (all) => all.filter(({ leaseOwner }) => leaseOwner !== undefined).length)

describe("a worker in trouble", () => {
  it.effect("a hand-off while a failed shard waits to be read again is only that", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 20))
        const policy = { onFailure: FailurePolicy.restart(Schedule.spaced("20 seconds")) }
        const failing = yield* run({ ...policy, handle: () => Effect.fail("down") })
        yield* eventually("a failure in each", () => failing.of("HandlerFailed").length === 2)
        const joining = yield* run({ ...policy, handle: () => Effect.fail("down") })
        yield* eventually("the hand-off", () => joining.of("LeaseAcquired").length === 1)
        yield* TestClock.adjust("2 seconds")
        assert.isNull(failing.fiber.unsafePoll())
        const stopping = yield* Effect.fork(Fiber.interruptAll([failing.fiber, joining.fiber]))
        yield* TestClock.adjust("2 seconds")
        assert.isNotNull(stopping.unsafePoll())
      })))

  it.effect("children that may not be given leases fail the consumer", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* split(world)
        const denied = new LeaseStoreError.LeaseStoreError({
          operation: "PutItem",
          reason: "Denied",
          description: "no"
        })
        yield* firstLease(world)
        yield* world.leases.fail({ operation: "create", error: denied, times: 100 })
        const worker = yield* run()
        yield* TestClock.adjust("5 seconds")
        assert.deepInclude(yield* Effect.flip(Fiber.join(worker.fiber)), { _tag: "LeaseStoreError", reason: "Denied" })
        assert.strictEqual(yield* holdsOf(world), 0)
      })))

  it.effect("a shard's end that cannot be stored does not hold up the end of the worker, and is stored by the next", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        yield* split(world)
        yield* put(world.client, numbered("b", 1, 4))
        yield* firstLease(world)
        yield* world.leases.throttle({ operation: "create", times: 100_000 })
        const worker = yield* run()
        yield* TestClock.adjust("60 seconds")
        assert.isNull(worker.fiber.unsafePoll())
        const stopping = yield* Effect.fork(Fiber.interrupt(worker.fiber))
        yield* TestClock.adjust("10 seconds")
        assert.isNotNull(stopping.unsafePoll())
        yield* world.leases.clearFaults
        const next = yield* run()
        yield* eventually("the children", () => next.handled.length === 4)
        assert.deepStrictEqual([...worker.texts(), ...next.texts()].toSorted(), ["a1", ...numbered("b", 1, 4)])
        yield* stop(next)
      })))

  for (const operation of ["renew", "release"] as const) {
    it.effect(`a store that dies in ${operation} ends the worker, and does not hold it up`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const worker = yield* run().pipe(
            withStore(world, () => ({ [operation]: () => Effect.die(new Error("broken store")) }))
          )
          yield* TestClock.adjust("8 seconds")
          if (operation === "release") yield* Effect.fork(Fiber.interrupt(worker.fiber))
          yield* TestClock.adjust("20 seconds")
          const exit = worker.fiber.unsafePoll()
          assert.isTrue(exit !== null && Exit.isFailure(exit))
        })))
  }

  it.effect("what is given to a worker beyond its most leases is anybody's", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 6 }] }, (world) =>
      Effect.gen(function*() {
        const leaving = yield* run({ maxLeases: 3 })
        const staying = yield* run({ maxLeases: 3 })
        yield* eventually("three each", () => Effect.map(holdsOf(world), (held) => held === 6))
        yield* eventually("three", () => staying.of("LeaseAcquired").length === 3)
        yield* stop(leaving)
        yield* eventually("the others are free", () => Effect.map(holdsOf(world), (held) => held === 3))
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(staying.of("LeaseAcquired").length, 3)
        const third = yield* run()
        yield* eventually("all", () => Effect.map(holdsOf(world), (held) => held === 6))
        yield* stop(staying)
        yield* stop(third)
      })))

  it.effect("shutdown takes the time that it is given, also when that is more than drainTimeout", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const consumer = yield* Consumer.make({
          application,
          stream: "orders",
          from: "trim-horizon",
          drainTimeout: "2 seconds",
          handler: () => Effect.sleep("20 seconds")
        })
        yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown("1 minute"))
        yield* TestClock.adjust("25 seconds")
        const summary = yield* Fiber.join(stopping)
        assert.deepStrictEqual([summary.drained, summary.cut], [1, 0])
      })).pipe(Effect.scoped))

  it.effect("nothing is begun after shutdown, also when the table hangs", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 100))
        const worker = yield* run({ handle: () => Effect.sleep("100 millis") })
        yield* eventually("some records", () => worker.handled.length > 5)
        yield* world.leases.hang({ operation: "list", times: 100 })
        const stopping = yield* Effect.fork(Fiber.interrupt(worker.fiber))
        yield* TestClock.adjust("200 millis")
        const { length } = worker.handled
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(worker.handled.length, length)
        assert.isNotNull(stopping.unsafePoll())
        assert.strictEqual(yield* holdsOf(world), 0)
      })))

  it.effect("a listener that is slow or never comes back costs no lease", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const lost: Array<string> = []
        const fiber = yield* Effect.fork(Consumer.run({
          application,
          stream: "orders",
          from: "trim-horizon",
          handler: () => Effect.void,
          onEvent: (event) =>
            event._tag === "LeaseLost"
              ? Effect.sync(() => lost.push(event.description))
              : event._tag === "CheckpointStored"
              ? Effect.never
              : Effect.void
        }))
        for (let round = 0; round < 10; round++) {
          yield* put(world.client, [`b${round}`])
          yield* TestClock.adjust("3 seconds")
        }
        assert.deepStrictEqual(lost, [])
        yield* Fiber.interrupt(fiber).pipe(Effect.fork, Effect.tap(() => TestClock.adjust("10 seconds")))
        assert.strictEqual(yield* holdsOf(world), 0)
      })))

  it.effect("shards that cannot be listed fail the consumer when that lasts too long; leases that are free are taken", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        yield* firstLease(world, { startingHashKey: "0", endingHashKey: "0" })
        yield* world.local.fail({
          operation: "listShards",
          times: 100_000,
          error: new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" })
        })
        const worker = yield* run({ storeStaleness: "1 minute", listInterval: "1 second" })
        yield* eventually("the lease", () => worker.of("LeaseAcquired").length === 1, 5_000)
        yield* TestClock.adjust("90 seconds")
        assert.isAbove(worker.of("ListingFailed").length, 2)
        assert.strictEqual((yield* Effect.flip(Fiber.join(worker.fiber)))._tag, "ServiceUnavailable")
      })))

  it.effect("records of a page that was cut off by the end of time are not acknowledged", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 4))
        const gate = yield* Deferred.make<void>()
        const worker = yield* run({
          concurrency: 4,
          drainTimeout: "1 second",
          handle: (record) => textOf(record) === "a2" ? Deferred.await(gate) : Effect.void
        })
        yield* eventually("three", () => worker.handled.length === 3)
        const stopping = yield* Effect.fork(Fiber.interrupt(worker.fiber))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopping)
        const next = yield* run()
        yield* eventually("the rest", () => next.handled.length === 3)
        assert.deepStrictEqual(next.texts(), numbered("a", 2, 4))
        yield* stop(next)
      })))

  it.effect("B4 answers that lack what they should have store no end of an open shard, and lose nothing", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 4))
        const worker = yield* run({ maxRecords: 1 })
        yield* world.local.omit({ operation: "getRecords", fields: ["nextShardIterator"], times: 8 })
        yield* eventually("4 records", () => worker.handled.length === 4)
        const lacking = ["nextShardIterator", "records", "millisBehindLatest", "childShards"] as const
        yield* world.local.omit({ operation: "getRecords", fields: lacking, times: 5 })
        yield* world.local.omit({ operation: "listShards", fields: ["shards"], times: 5 })
        yield* put(world.client, numbered("b", 1, 2))
        yield* eventually("6 records", () => worker.handled.length === 6)
        assert.deepStrictEqual(worker.texts(), [...numbered("a", 1, 4), ...numbered("b", 1, 2)])
        const [lease] = yield* world.leases.leases(application)
        assert.notStrictEqual(lease!.checkpoint?._tag, "ShardEnd")
        assert.isAbove(worker.of("IteratorMissing").length, 0)
        assert.deepStrictEqual(worker.of("ShardEnded"), [])
        yield* stop(worker)
      })))

  it.effect("stopWhen ends a start that cannot reach the lease table", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* world.leases.hang({ operation: "open", times: 10 })
        const worker = yield* run({ stopWhen: Effect.sleep("5 seconds") })
        const options = {
          application,
          stream: "orders",
          from: "trim-horizon",
          stopWhen: Effect.sleep("5 seconds")
        } as const
        const shards = yield* Effect.fork(Stream.runCollect(Consumer.shards(options)))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* Fiber.join(worker.fiber), { shards: [], drained: 0, cut: 0, lost: [] })
        assert.deepStrictEqual([...(yield* Fiber.join(shards))], [])
      })))
})
