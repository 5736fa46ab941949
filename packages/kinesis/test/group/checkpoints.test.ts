import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"
import { type LeaseStore, LeaseStoreError, Position } from "effect-kinesis"
import { aggregate } from "../../src/internal/record/aggregation.js"
import { application, eventually, mortal, run, stop, textOf, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, oneShard, put, shard0, shardName } from "../support/reading.js"

const half = String(maxHashKey / 2n + 1n)

/** What is stored of the first shard. */
const stored = ({ leases }: World) =>
  Effect.map(leases.leases(application), ([lease]) => lease?.checkpoint as LeaseStore.Lease["checkpoint"])

const sequenceNumberOf = (world: World) =>
  Effect.map(
    stored(world),
    (checkpoint) => checkpoint?._tag === "AfterSequenceNumber" ? checkpoint.sequenceNumber : checkpoint?._tag
  )

/** Handlers that wait, each until it is let go. */
const gates = () => {
  const open = new Map<string, Deferred.Deferred<void>>()
  const gateOf = (text: string) => {
    const gate = open.get(text) ?? Deferred.unsafeMake<void>(undefined as never)
    open.set(text, gate)
    return gate
  }
  return {
    wait: (text: string) => Deferred.await(gateOf(text)),
    open: (text: string) => Deferred.succeed(gateOf(text), undefined),
    begun: () => [...open.keys()]
  }
}

describe("checkpoints", () => {
  it.effect("B39 a record that was being handled when its worker died is handled again", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 5))
        const process = mortal(world)
        const dying = yield* process.provide(run({
          detached: true,
          handle: (record) => textOf(record) === "a3" ? Effect.never : Effect.void
        }))
        yield* eventually("2 records", () => dying.handled.length === 2)
        yield* TestClock.adjust("5 seconds")
        process.kill()
        const next = yield* run()
        yield* eventually("the others", () => next.handled.length >= 3)
        assert.deepStrictEqual(next.texts(), numbered("a", 3, 5))
        yield* stop(next)
      })))

  it.effect("B40 only the contiguous prefix of what was acknowledged is stored", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 5))
        const gate = gates()
        const worker = yield* run({ concurrency: 5, handle: (record) => gate.wait(textOf(record)) })
        yield* eventually("5 records begun", () => gate.begun().length === 5)
        for (const text of ["a5", "a4"]) yield* gate.open(text)
        yield* TestClock.adjust("7 seconds")
        assert.strictEqual(yield* sequenceNumberOf(world), "TrimHorizon")
        for (const text of ["a2", "a1"]) yield* gate.open(text)
        yield* TestClock.adjust("7 seconds")
        assert.deepStrictEqual(worker.texts(), ["a5", "a4", "a2", "a1"])
        assert.strictEqual(yield* sequenceNumberOf(world), sequenceNumbers[1])
        yield* gate.open("a3")
        yield* TestClock.adjust("7 seconds")
        assert.strictEqual(yield* sequenceNumberOf(world), sequenceNumbers[4])
        yield* stop(worker)
      })))

  it.effect("B41 no more records are begun than may be unacknowledged", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 20))
        const gate = gates()
        const worker = yield* run({
          concurrency: 3,
          maxUnacknowledged: 4,
          handle: (record) => textOf(record) === "a1" ? gate.wait("a1") : Effect.void
        })
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(worker.texts(), ["a2", "a3", "a4"])
        yield* gate.open("a1")
        yield* eventually("all records", () => worker.handled.length === 20)
        yield* stop(worker)
      })))

  it.effect("records of one key are handled one after the other, in order, those of different keys at once", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        for (let round = 1; round <= 6; round++) {
          for (const key of ["x", "y", "z"]) yield* put(world.client, [`${key}${round}`], { partitionKey: key })
        }
        let atOnce = 0
        let most = 0
        const worker = yield* run({
          concurrency: 8,
          handle: (record) =>
            Effect.sync(() => {
              most = Math.max(most, ++atOnce)
            }).pipe(
              Effect.zipRight(Effect.sleep(textOf(record).startsWith("x") ? 900 : 100)),
              Effect.zipRight(Effect.sync(() => atOnce--))
            )
        })
        yield* eventually("all records", () => worker.handled.length === 18)
        for (const key of ["x", "y", "z"]) {
          assert.deepStrictEqual(worker.texts().filter((text) => text.startsWith(key)), numbered(key, 1, 6))
        }
        assert.strictEqual(most, 3)
        yield* stop(worker)
      })))

  it.effect("B43 what a former owner writes is refused: its shard stops, and it is told", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3))
        const worker = yield* run({ handle: (record) => textOf(record) === "a3" ? Effect.never : Effect.void })
        yield* eventually("2 records", () => worker.handled.length === 2)
        yield* TestClock.adjust("4 seconds")
        const before = yield* stored(world)
        const leases = yield* world.store.open(application)
        const [held] = yield* leases.list
        yield* leases.claim(held!, "somebody")
        yield* eventually("the loss", () => worker.of("LeaseLost").length === 1, 4000)
        yield* put(world.client, numbered("a", 4, 6))
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(worker.texts(), numbered("a", 1, 2))
        assert.deepStrictEqual(yield* stored(world), before)
        const [lease] = yield* world.leases.leases(application)
        assert.strictEqual(lease?.leaseOwner, "somebody")
        yield* stop(worker)
      })))

  it.effect("B44 B33 a shard's end is stored when all of it is acknowledged, not before; an empty shard's too", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3), { explicitHashKey: hashKeyOf(0, 2) })
        const middle = String(maxHashKey / 4n)
        yield* world.client.splitShard({ stream: "orders", shardToSplit: shard0, newStartingHashKey: middle })
        yield* world.client.splitShard({
          stream: "orders",
          shardToSplit: "shardId-000000000001",
          newStartingHashKey: String(3n * (maxHashKey / 4n))
        })
        const gate = gates()
        const worker = yield* run({ handle: (record) => textOf(record) === "a3" ? gate.wait("a3") : Effect.void })
        yield* TestClock.adjust("10 seconds")
        const ends = () =>
          Effect.map(world.leases.leases(application), (all) => all.map((lease) => lease.checkpoint?._tag))
        assert.deepStrictEqual(yield* ends(), ["AfterSequenceNumber", "ShardEnd", "TrimHorizon", "TrimHorizon"])
        yield* gate.open("a3")
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual((yield* ends()).slice(0, 2), ["ShardEnd", "ShardEnd"])
        assert.strictEqual((yield* ends()).length, 6)
        yield* stop(worker)
      })))

  it.effect("B45 a crash inside an aggregate: the rest of it is handled, and nothing of it twice", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* world.client.putRecord({
          stream: "orders",
          partitionKey: "aggregate",
          data: aggregate(
            numbered("a", 1, 10).map((text) => ({
              partitionKey: text,
              explicitHashKey: undefined,
              data: new TextEncoder().encode(text)
            }))
          )
        })
        const process = mortal(world)
        const dying = yield* process.provide(run({
          detached: true,
          handle: (record) => textOf(record) === "a5" ? Effect.never : Effect.void
        }))
        yield* eventually("4 records", () => dying.handled.length === 4)
        yield* TestClock.adjust("5 seconds")
        process.kill()
        const next = yield* run()
        yield* eventually("the others", () => next.handled.length >= 6)
        assert.deepStrictEqual(next.texts(), numbered("a", 5, 10))
        yield* stop(next)
        const third = yield* run()
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(third.texts(), [])
        yield* stop(third)
      })))

  it.effect("B45 records of which none is kept are passed: what is stored lies after them", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* world.client.splitShard({ stream: "orders", shardToSplit: shard0, newStartingHashKey: half })
        const worker = yield* run()
        yield* eventually("the children", () => worker.of("ShardStarted").length === 3)
        const [elsewhere, here] = [hashKeyOf(1, 2), hashKeyOf(0, 2)]
        const { sequenceNumber } = yield* world.client.putRecord({
          stream: "orders",
          partitionKey: "aggregate",
          explicitHashKey: here,
          data: aggregate(
            numbered("a", 1, 3).map((text) => ({
              partitionKey: text,
              explicitHashKey: elsewhere,
              data: new TextEncoder().encode(text)
            }))
          )
        })
        yield* TestClock.adjust("6 seconds")
        assert.deepStrictEqual(worker.texts(), [])
        assert.deepStrictEqual(
          worker.of("RecordsOutsideShard").map(({ count, outcome, shardId }) => [shardId, count, outcome]),
          [[shardName(1), 3, "dropped"]]
        )
        const stored = (yield* world.leases.leases(application)).find(({ shardId }) => shardId === shardName(1))
        assert.deepStrictEqual(stored?.checkpoint, Position.afterSequenceNumber(sequenceNumber))
        yield* stop(worker)
      })))

  it.effect("B46 a checkpoint whose write fails is written again, by then with what came since", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const worker = yield* run()
        yield* eventually("ready", () => worker.of("Ready").length + worker.of("PageRead").length > 0)
        const error = new LeaseStoreError.LeaseStoreError({
          operation: "UpdateItem",
          reason: "Unavailable",
          description: "down"
        })
        yield* world.leases.fail({ operation: "checkpoint", times: 3, error })
        yield* put(world.client, ["a1"])
        yield* eventually("the first failure", () => worker.of("LeaseStoreFailed").length > 0, 10_000, 50)
        const [last] = yield* put(world.client, ["a2"])
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(worker.of("LeaseStoreFailed").length, 3)
        assert.strictEqual(yield* sequenceNumberOf(world), last)
        assert.strictEqual(worker.of("LeaseLost").length, 0)
        yield* stop(worker)
      })))

  it.effect("B46 what is stored last, at a shutdown, is written again until it is stored", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const [, last] = yield* put(world.client, ["a1", "a2"])
        const worker = yield* run()
        yield* eventually("both", () => worker.handled.length === 2, 10_000, 50)
        assert.strictEqual(yield* sequenceNumberOf(world), "TrimHorizon")
        yield* world.leases.throttle({ operation: "checkpoint", times: 2 })
        const stopping = yield* Effect.fork(stop(worker))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopping)
        assert.strictEqual(worker.of("LeaseStoreFailed").length, 2)
        assert.strictEqual(yield* sequenceNumberOf(world), last)
        assert.isUndefined((yield* world.leases.leases(application))[0]!.leaseOwner)
      })))

  it.effect("B47 a busy shard's checkpoints cost no more writes than its renewals; many records are stored sooner", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const worker = yield* run({ checkpointRecords: 50 })
        yield* eventually("the first page", () => worker.of("PageRead").length > 0)
        const writes = () =>
          Effect.map(world.leases.calls, (calls) =>
            calls.filter(({ operation }) => operation === "renew" || operation === "checkpoint").length)
        const before = yield* writes()
        for (let second = 0; second < 60; second++) {
          yield* put(world.client, [`a${second}`])
          yield* TestClock.adjust("1 second")
        }
        const after = yield* writes()
        assert.isAtMost(after - before, 60 / 3.333 + 1)
        assert.isAtLeast(after - before, 60 / 3.333 - 1)
        const told = worker.of("CheckpointStored").length
        yield* put(world.client, numbered("b", 1, 60))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(worker.of("CheckpointStored").length, told + 1)
        yield* stop(worker)
      })))
})

describe("where a shard begins", () => {
  it.effect("B19 the start is stored: a restart before the first checkpoint skips nothing", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["old"])
        yield* TestClock.adjust("2 seconds")
        const process = mortal(world)
        const dying = yield* process.provide(run({ detached: true, from: "latest" }))
        yield* eventually("the first page", () => dying.of("PageRead").length > 0)
        process.kill()
        yield* put(world.client, numbered("a", 1, 3))
        yield* TestClock.adjust("60 seconds")
        const next = yield* run({ from: "latest" })
        yield* eventually("3 records", () => next.handled.length === 3)
        assert.deepStrictEqual(next.texts(), numbered("a", 1, 3))
        yield* stop(next)
      })))

  it.effect("B19 what is stored of a start at the latest says so, for those who cannot store an instant", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const stored = Effect.map(
          world.leases.leases(application),
          (leases) => leases.map(({ checkpoint }) => checkpoint?._tag === "AtTimestamp" ? checkpoint.standsFor : "none")
        )
        const worker = yield* run({ from: "latest" })
        yield* eventually("the first page", () => worker.of("PageRead").length > 0)
        assert.deepStrictEqual(yield* stored, ["Latest"])
        yield* world.client.splitShard({
          stream: "orders",
          shardToSplit: shard0,
          newStartingHashKey: String(2n ** 127n)
        })
        yield* eventually("the children", () => worker.of("ShardStarted").length === 3)
        assert.deepStrictEqual(yield* stored, ["none", "TrimHorizon", "TrimHorizon"])
        yield* stop(worker)
        const dated = yield* run({ application: "dated", from: new Date(0) })
        yield* eventually("the first page", () => dated.of("PageRead").length > 0)
        const leases = yield* world.leases.leases("dated")
        const dates = leases.flatMap(({ checkpoint }) =>
          checkpoint?._tag === "AtTimestamp" ? [checkpoint.standsFor] : []
        )
        assert.deepStrictEqual([...new Set(dates)], [undefined])
        yield* stop(dated)
      })))

  it.effect("B30 a child begins with its first record although the group began at the latest", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const worker = yield* run({ from: "latest" })
        yield* eventually("the first page", () => worker.of("PageRead").length > 0)
        yield* put(world.client, ["a1"])
        yield* eventually("a record", () => worker.handled.length === 1)
        yield* stop(worker)
        yield* world.client.splitShard({
          stream: "orders",
          shardToSplit: shard0,
          newStartingHashKey: String(2n ** 127n)
        })
        yield* put(world.client, numbered("b", 1, 6))
        yield* TestClock.adjust("10 minutes")
        const next = yield* run({ from: "latest" })
        yield* eventually("6 records", () => next.handled.length === 6)
        yield* stop(next)
      })))

  it.effect("a lease that KCL left at LATEST or AT_TIMESTAMP gets its start stored before it is read", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
      Effect.gen(function*() {
        const leases = yield* world.store.open(application)
        const common = { streamIdentifier: undefined, parentShardIds: [], hashKeyRange: undefined }
        yield* leases.create({ leaseKey: shard0, shardId: shard0, checkpoint: { _tag: "Latest" }, ...common })
        const shard1 = "shardId-000000000001"
        yield* leases.create({ leaseKey: shard1, shardId: shard1, checkpoint: undefined, ...common })
        yield* TestClock.adjust("1 hour")
        const worker = yield* run({ from: new Date(60_000) })
        yield* eventually("both shards", () => worker.of("ShardStarted").length === 2)
        const [first, second] = yield* world.leases.leases(application)
        assert.strictEqual(first?.checkpoint?._tag, "AtTimestamp")
        assert.isTrue(first?.checkpoint?._tag === "AtTimestamp" && first.checkpoint.timestamp >= 3_600_000)
        assert.deepStrictEqual(second?.checkpoint, { _tag: "AtTimestamp", timestamp: 60_000 })
        assert.isDefined(first?.hashKeyRange)
        yield* stop(worker)
      })))
})
