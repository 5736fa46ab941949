import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Logger, Scope, Stream, TestClock } from "effect"
import { Consumer, KinesisError } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, oneShard, put, shard0, shardName } from "../support/reading.js"

const twoShards = { streams: [{ name: "orders", shardCount: 2 }] }
const twoStreams = { streams: [{ name: "orders" }, { name: "returns", shardCount: 2 }] }

const rowOf = ({ leases }: World, leaseKey: string) =>
  Effect.map(leases.leases(application), (rows) => rows.find((row) => row.leaseKey === leaseKey)!)

const callsOf = ({ leases }: World, operation: string) =>
  Effect.map(leases.calls, (calls) => calls.filter((call) => call.operation === operation).length)

const keyUnusable = new KinesisError.KmsError({
  operation: "GetRecords",
  stream: "returns",
  code: "KMSDisabledException",
  description: "the key is disabled"
})

/** Lets a worker's shard come to its end while its other shard is being handled, then begins to stop it while its child is being claimed. */
const stoppedWhileClaiming = (world: World) =>
  Effect.gen(function*() {
    const child = shardName(2)
    yield* put(world.client, ["slow"], { explicitHashKey: hashKeyOf(1, 2) })
    const gate = yield* Deferred.make<void>()
    const worker = yield* run({
      drainTimeout: "5 minutes",
      handle: (record) => textOf(record) === "slow" ? Deferred.await(gate) : Effect.void
    })
    yield* eventually("both shards", () => worker.of("ShardStarted").length === 2)
    yield* world.leases.delay({ operation: "claim", leaseKey: child, duration: "2 seconds" })
    yield* world.client.splitShard({
      stream: "orders",
      shardToSplit: shard0,
      newStartingHashKey: String(maxHashKey / 4n)
    })
    const claims = yield* callsOf(world, "claim")
    yield* eventually("the claim", () => Effect.map(callsOf(world, "claim"), (count) => count > claims), 30_000, 100)
    const stopping = yield* Effect.fork(stop(worker))
    yield* TestClock.adjust(0)
    return { child, worker, stopping, finish: Deferred.succeed(gate, undefined) }
  })

describe("a lease that is claimed", () => {
  it.effect("again waits for the last handler of its former work to let go", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        let begun = 0
        let running = 0
        let most = 0
        const worker = yield* run({
          handle: () =>
            Effect.uninterruptible(Effect.suspend(() => {
              begun++
              most = Math.max(most, ++running)
              return Effect.ensuring(Effect.sleep("1 minute"), Effect.sync(() => running--))
            }))
        })
        yield* eventually("the handler", () => begun === 1)
        const row = yield* rowOf(world, shard0)
        yield* world.leases.put(application, { ...row, leaseOwner: "ghost", leaseCounter: row.leaseCounter + 1 })
        yield* eventually("the loss", () => worker.of("LeaseLost").length === 1)
        yield* TestClock.adjust("30 seconds")
        const acquired = worker.of("LeaseAcquired").length
        yield* TestClock.adjust("1 minute")
        const stopping = yield* Effect.fork(stop(worker))
        yield* TestClock.adjust("2 minutes")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual({ acquired, begun, most }, { acquired: 1, begun: 2, most: 1 })
      })))

  it.effect("while the worker stops is given back when the answer comes", () =>
    withGroup(twoShards, (world) =>
      Effect.gen(function*() {
        const { child, finish, stopping, worker } = yield* stoppedWhileClaiming(world)
        yield* TestClock.adjust("3 seconds")
        const { leaseCounter, leaseOwner } = yield* rowOf(world, child)
        yield* finish
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        assert.isAbove(leaseCounter, 1, "it was claimed")
        assert.isUndefined(leaseOwner)
        assert.isFalse(worker.of("LeaseAcquired").some(({ shardId }) => shardId === child))
      })))

  it.effect("while the worker stops is given back though the last shard is given up meanwhile", () =>
    withGroup(twoShards, (world) =>
      Effect.gen(function*() {
        const { child, finish, stopping } = yield* stoppedWhileClaiming(world)
        yield* world.leases.delay({ operation: "release", leaseKey: child, duration: "2 seconds" })
        yield* TestClock.adjust("3 seconds")
        assert.isDefined((yield* rowOf(world, child)).leaseOwner)
        yield* finish
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(stopping)
        assert.isUndefined((yield* rowOf(world, child)).leaseOwner)
      })))

  it.effect("while its stream is lost is given back", () =>
    withGroup(twoStreams, (world) =>
      Effect.gen(function*() {
        const streams = ["orders", "returns"]
        const first = yield* run({ stream: streams })
        yield* eventually("all shards", () => first.of("LeaseAcquired").length === 3)
        yield* stop(first)
        const rows = yield* world.leases.leases(application)
        const ofReturns = rows.filter(({ leaseKey }) => leaseKey.includes("returns"))
        const { leaseKey } = ofReturns.find(({ shardId }) => shardId !== shard0)!
        yield* world.local.fail({
          operation: "getRecords",
          stream: "returns",
          shardId: shard0,
          times: 100_000,
          error: keyUnusable
        })
        yield* world.leases.delay({ operation: "claim", leaseKey, duration: "3 seconds" })
        const worker = yield* run({ stream: streams })
        yield* eventually("the loss", () => worker.of("StreamLost").length > 0, 2_500, 100)
        yield* TestClock.adjust("10 seconds")
        assert.isUndefined((yield* rowOf(world, leaseKey)).leaseOwner)
        assert.isFalse(worker.of("LeaseAcquired").some(({ shardId }) => shardId === shardName(1)))
        yield* stop(worker)
      })))
})

describe("a worker that stops", () => {
  it.effect("since it is interrupted shares leases no more while its handlers finish", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const worker = yield* run({
          drainTimeout: "5 minutes",
          balanceInterval: "5 seconds",
          handle: () => Effect.sleep("2 minutes")
        })
        yield* eventually("the shard", () => worker.of("ShardStarted").length === 1)
        yield* TestClock.adjust("2 seconds")
        const before = yield* callsOf(world, "list")
        const stopping = yield* Effect.fork(stop(worker))
        yield* TestClock.adjust("90 seconds")
        assert.isNull(stopping.unsafePoll())
        assert.strictEqual(yield* callsOf(world, "list"), before)
        yield* TestClock.adjust("90 seconds")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(worker.texts(), ["a1"])
      })))

  it.effect("takes no longer since it is asked again with more time", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const consumer = yield* makeConsumer({ handler: () => Effect.never })
        yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const first = yield* Effect.fork(consumer.shutdown("5 seconds"))
        yield* TestClock.adjust("1 second")
        const second = yield* Effect.fork(consumer.shutdown("1 minute"))
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(first)).cut, 1)
        yield* Fiber.join(second)
      })).pipe(Effect.scoped))

  it.effect("does not wait for a handler that resists; what made it waits", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        const scope = yield* Scope.make()
        const consumer = yield* Scope.extend(
          makeConsumer({ handler: () => Effect.uninterruptible(Effect.sleep("1 minute")) }),
          scope
        )
        const running = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown(0))
        yield* TestClock.adjust("1 second")
        assert.isNotNull(stopping.unsafePoll())
        assert.strictEqual((yield* Fiber.join(running)).cut, 1)
        assert.isUndefined((yield* rowOf(world, shard0)).leaseOwner)
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("30 seconds")
        assert.isNull(closing.unsafePoll())
        yield* TestClock.adjust("40 seconds")
        assert.isNotNull(closing.unsafePoll())
      })))

  it.effect("while a stream is lost does not fail with that", () =>
    withGroup({ streams: [{ name: "orders" }, { name: "returns" }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["slow"], { stream: "returns" })
        const gate = yield* Deferred.make<void>()
        let begun = 0
        const consumer = yield* Consumer.make({
          application,
          stream: ["orders", "returns"],
          from: "trim-horizon",
          concurrency: 2,
          handler: () => {
            begun++
            return Deferred.await(gate)
          }
        })
        const running = yield* Effect.fork(consumer.run)
        yield* eventually("the handler", () => begun === 1)
        yield* world.local.fail({ operation: "getRecords", stream: "returns", times: 100_000, error: keyUnusable })
        yield* TestClock.adjust("3 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown())
        yield* TestClock.adjust("1 second")
        yield* Deferred.succeed(gate, undefined)
        yield* TestClock.adjust("1 second")
        const summary = yield* Fiber.join(stopping)
        assert.deepStrictEqual(summary.lost.map(({ stream }) => stream), ["returns"])
        assert.deepStrictEqual(summary.shards.map(({ end, stream }) => `${stream} ${end}`).toSorted(), [
          "orders released",
          "returns failed"
        ])
        assert.deepStrictEqual(yield* Fiber.join(running), summary)
      })).pipe(Effect.scoped))

  it.effect("before it runs, after it ran, and again is at its end", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const consumer = yield* Scope.extend(makeConsumer(), scope)
        const stopping = yield* Effect.fork(consumer.shutdown())
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        const running = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual((yield* Fiber.join(running)).shards, [])
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual((yield* consumer.shutdown()).shards, [])
        const late = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual((yield* Fiber.join(late)).shards, [])
        assert.strictEqual(yield* callsOf(world, "claim"), 0)
      })))

  for (const runs of [false, true]) {
    it.effect(`was made where nothing interrupts, and ${runs ? "ran there" : "never ran"}`, () =>
      withGroup(oneShard, () =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const consumer = yield* Effect.uninterruptible(Scope.extend(makeConsumer(), scope))
          if (runs) yield* Effect.forkDaemon(Effect.uninterruptible(consumer.run))
          yield* TestClock.adjust("2 seconds")
          const closing = yield* Effect.forkDaemon(Scope.close(scope, Exit.void))
          const stopped = yield* Effect.forkDaemon(consumer.shutdown())
          yield* TestClock.adjust("10 seconds")
          assert.isNotNull(closing.unsafePoll())
          assert.isNotNull(stopped.unsafePoll())
        })))
  }
})

const makeConsumer = (
  { handler = () => Effect.void, ...options }: Partial<Consumer.GroupOptions> & {
    readonly handler?: () => Effect.Effect<unknown, unknown>
  } = {}
) => Consumer.make({ application, stream: "orders", from: "trim-horizon", ...options, handler })

describe("a worker", () => {
  it.effect("is not ready before a stream is shared that it found while it shared the others", () =>
    withGroup({ streams: [{ name: "orders" }] }, (world) =>
      Effect.gen(function*() {
        const started: Array<string> = []
        const consumer = yield* makeConsumer({
          stream: ["orders", "returns"],
          onEvent: (event, of) => Effect.sync(() => event._tag === "ShardStarted" && started.push(of))
        })
        const readyWith: Array<string> = []
        yield* Effect.fork(
          Stream.runForEach(
            consumer.ready.changes,
            (ready) => Effect.sync(() => ready && readyWith.push([...started].sort().join()))
          )
        )
        yield* world.leases.delay({ operation: "claim", duration: "3 seconds" })
        const running = yield* Effect.fork(consumer.run)
        yield* world.client.createStream({ stream: "returns", shardCount: 1 })
        yield* eventually("readiness", () => readyWith.length > 0, 60_000, 100)
        assert.deepStrictEqual(readyWith, ["orders,returns"])
        yield* Fiber.interrupt(running)
      })).pipe(Effect.scoped))

  it.effect("fails with what one of its steps died of, though a handler resists", () =>
    withGroup({ streams: [{ name: "orders" }, { name: "returns" }] }, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("r", 1, 1), { stream: "returns" })
        let begun = 0
        const worker = yield* run({
          stream: ["orders", "returns"],
          drainTimeout: "5 seconds",
          concurrency: 2,
          handle: () =>
            Effect.uninterruptible(Effect.suspend(() => {
              begun++
              return Effect.sleep("1 minute")
            }))
        })
        yield* eventually("the handler", () => begun === 1)
        yield* world.local.fail({ operation: "getRecords", stream: "returns", times: 100_000, error: keyUnusable })
        yield* TestClock.adjust("3 minutes")
        const exit = worker.fiber.unsafePoll()
        assert.isTrue(
          Exit.isExit(exit) && Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("no log"),
          String(exit)
        )
      })).pipe(
        Effect.provide(Logger.add(Logger.make(({ message }) => {
          if (String(message).includes("is looked for")) throw new Error("no log")
        })))
      ))
})
