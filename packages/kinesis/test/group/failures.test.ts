import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Deferred, Effect, Exit, Fiber, Option, Schedule, Stream, TestClock } from "effect"
import { Consumer, FailurePolicy, KinesisClient, KinesisError } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup } from "../support/groups.js"
import { hashKeyOf, maxHashKey, numbered, oneShard, put, recording, shard0, shardName } from "../support/reading.js"

class Broken extends Data.TaggedError("Broken") {}

const storedOf = (world: Parameters<Parameters<typeof withGroup>[1]>[0]) =>
  Effect.map(
    world.leases.leases(application),
    ([lease]) =>
      lease?.checkpoint?._tag === "AfterSequenceNumber" ? lease.checkpoint.sequenceNumber : lease?.checkpoint?._tag
  )

describe("a handler that fails", () => {
  const ways = {
    "fails": () => Effect.fail(new Broken()),
    "dies": () => Effect.die(new Error("broken")),
    "throws": (): Effect.Effect<never> => {
      throw new Error("broken")
    },
    "interrupts itself": () => Effect.interrupt
  }
  for (const [way, broken] of Object.entries(ways)) {
    it.effect(`B60 and ${way} fails the consumer by default, and what it had is not acknowledged`, () =>
      withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
        Effect.gen(function*() {
          const sequenceNumbers = yield* put(world.client, numbered("a", 1, 4), { explicitHashKey: hashKeyOf(0, 2) })
          const worker = yield* run({ handle: (record) => textOf(record) === "a3" ? broken() : Effect.void })
          yield* TestClock.adjust("3 seconds")
          const end = yield* Effect.flip(Fiber.join(worker.fiber))
          const { error } = worker.of("HandlerFailed")[0]!
          assert.strictEqual(error._tag, "HandlerError")
          assert.strictEqual(error.sequenceNumber, sequenceNumbers[2])
          assert.strictEqual(error.shardId, shard0)
          if (way === "fails") assert.instanceOf(error.cause, Broken)
          assert.strictEqual(end, way === "fails" ? error.cause : error)
          assert.strictEqual(Option.isSome(error.failure), way === "fails")
          assert.strictEqual(Option.getOrUndefined(error.failure), way === "fails" ? end : undefined)
          assert.strictEqual(yield* storedOf(world), sequenceNumbers[1])
          const leases = yield* world.leases.leases(application)
          assert.deepStrictEqual(leases.map(({ leaseOwner }) => leaseOwner), [undefined, undefined])
        })))
  }

  it.effect("B60 with several at once: others under way finish, and the order of its key is kept at the next start", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3), { partitionKey: "a" })
        yield* put(world.client, numbered("b", 1, 3), { partitionKey: "b" })
        const worker = yield* run({
          concurrency: 2,
          handle: (record) =>
            textOf(record) === "a2"
              ? Effect.delay(Effect.fail("no"), "1 second")
              : textOf(record) === "b1"
              ? Effect.sleep("2 seconds")
              : Effect.void
        })
        yield* TestClock.adjust("5 seconds")
        yield* Effect.flip(Fiber.join(worker.fiber))
        assert.deepStrictEqual(worker.texts(), ["a1", "b1"])
        const next = yield* run()
        yield* eventually("the rest", () => next.handled.length === 5)
        assert.deepStrictEqual(next.texts(), ["a2", "a3", "b1", "b2", "b3"])
        yield* stop(next)
      })))

  it.effect("B60 restart: the shard is read again from there, as the schedule says, afresh after progress", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 6))
        const left = new Map([["a2", 2], ["a5", 2]])
        const worker = yield* run({
          onFailure: FailurePolicy.restart(Schedule.intersect(Schedule.recurs(2), Schedule.spaced("1 second"))),
          handle: (record) =>
            Effect.suspend(() => {
              const failures = left.get(textOf(record)) ?? 0
              left.set(textOf(record), failures - 1)
              return failures > 0 ? Effect.fail("no") : Effect.void
            })
        })
        yield* eventually("all records", () => worker.handled.length === 6)
        assert.deepStrictEqual(worker.texts(), numbered("a", 1, 6))
        assert.strictEqual(worker.of("HandlerFailed").length, 4)
        assert.strictEqual(worker.of("LeaseAcquired").length, 1)
        yield* stop(worker)
        yield* put(world.client, ["a7"])
        const hopeless = yield* run({
          onFailure: FailurePolicy.restart(Schedule.recurs(3)),
          handle: () => Effect.fail("no")
        })
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* Effect.flip(Fiber.join(hopeless.fiber)), "no")
        assert.strictEqual(hopeless.of("HandlerFailed").length, 4)
      })))

  it.effect("B60 dead letter: the record goes elsewhere with a key that is the same next time; what cannot be sent fails", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 3))
        const keys: Array<string> = []
        const worker = yield* run({
          onFailure: FailurePolicy.deadLetter(({ idempotencyKey, records }) =>
            Effect.sync(() => keys.push(`${textOf(records[0]!)} ${idempotencyKey}`))
          ),
          handle: (record) => textOf(record) === "a2" ? Effect.die("no") : Effect.void
        })
        yield* eventually("the others", () => worker.handled.length === 2)
        assert.deepStrictEqual(worker.texts(), ["a1", "a3"])
        assert.deepStrictEqual(keys, [`a2 billing/orders/${shard0}/${sequenceNumbers[1]}/0/1`])
        yield* stop(worker)
        yield* put(world.client, ["a4"])
        const failing = yield* run({
          onFailure: FailurePolicy.deadLetter(() => Effect.fail("full")),
          handle: () => Effect.fail("no")
        })
        yield* TestClock.adjust("5 seconds")
        const error = yield* Effect.flip(Fiber.join(failing.fiber))
        assert.instanceOf(error, KinesisError.HandlerError)
        assert.deepStrictEqual(error.failure, Option.some("no"))
        assert.strictEqual(error.deadLetterCause, "full")
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[2])
      })))

  it.effect("B60 skip: the record is left out, told and counted", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 3))
        const worker = yield* run({
          onFailure: FailurePolicy.skip,
          handle: (record) => textOf(record) === "a3" ? Effect.fail("no") : Effect.void
        })
        yield* eventually("the others", () => worker.of("RecordsSkipped").length === 1)
        yield* stop(worker)
        assert.deepStrictEqual(worker.texts(), ["a1", "a2"])
        assert.deepStrictEqual(
          worker.of("RecordsSkipped").map(({ count, sequenceNumber, shardId }) => [shardId, count, sequenceNumber]),
          [[shard0, 1, sequenceNumbers[2]]]
        )
        assert.deepStrictEqual(worker.of("HandlerFailed").map(({ policy }) => policy), ["skip"])
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[2])
      })))

  it.effect("B60 skip, with several at once: each is told and counted by itself", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 5))
        const worker = yield* run({
          concurrency: 5,
          onFailure: FailurePolicy.skip,
          handle: (record) => ["a2", "a4"].includes(textOf(record)) ? Effect.fail("no") : Effect.void
        })
        yield* eventually("the others", () => worker.handled.length === 3)
        yield* stop(worker)
        assert.deepStrictEqual(
          worker.of("RecordsSkipped").map(({ count, sequenceNumber }) => [count, sequenceNumber]).toSorted(),
          [[1, sequenceNumbers[1]], [1, sequenceNumbers[3]]]
        )
      })))

  it.effect("B60 skip: of a page each record is counted, once, under the first one's number", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 8))
        const { events, of, onEvent } = recording()
        const pages: Array<number> = []
        const fiber = yield* Effect.fork(Consumer.run({
          application,
          stream: "orders",
          from: "trim-horizon",
          maxRecords: 3,
          onFailure: FailurePolicy.skip,
          onEvent,
          pageHandler: ({ records }) => {
            pages.push(records.length)
            return pages.length === 2 ? Effect.void : Effect.fail("no")
          }
        }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(pages, [3, 3, 2])
        assert.deepStrictEqual(of("RecordsSkipped").map(({ _tag, ...told }) => told), [
          { shardId: shard0, count: 3, sequenceNumber: sequenceNumbers[0]! },
          { shardId: shard0, count: 2, sequenceNumber: sequenceNumbers[6]! }
        ])
        assert.strictEqual(events.filter(({ _tag }) => _tag === "HandlerFailed").length, 2)
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[7])
      })))

  it.effect("pages: one handler a page, acknowledged as a whole", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 5))
        const pages: Array<number> = []
        const fiber = yield* Effect.fork(Consumer.run({
          application,
          stream: "orders",
          from: "trim-horizon",
          maxRecords: 2,
          pageHandler: (page) =>
            Effect.suspend(() => {
              pages.push(page.records.length)
              return pages.length === 3 ? Effect.fail("no") : Effect.void
            })
        }))
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), "no")
        assert.deepStrictEqual(pages, [2, 2, 1])
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[3])
      })))
})

describe("shutting down", () => {
  it.effect("B63 nothing more is fetched, handlers finish, what they did is stored, leases are given back", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 5))
        const gate = yield* Deferred.make<void>()
        const worker = yield* run({
          handle: (record) => textOf(record) === "a2" ? Deferred.await(gate) : Effect.void
        })
        yield* eventually("the first record", () => worker.handled.length === 1)
        const reads = () =>
          Effect.map(world.local.calls, (calls) => calls.filter(({ operation }) => operation === "getRecords").length)
        const stopping = yield* Effect.fork(Fiber.interrupt(worker.fiber))
        yield* TestClock.adjust("1 second")
        const before = yield* reads()
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* reads(), before)
        assert.strictEqual((yield* world.leases.leases(application))[0]!.leaseOwner === undefined, false)
        yield* Deferred.succeed(gate, undefined)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(worker.texts(), ["a1", "a2"])
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[1])
        assert.strictEqual((yield* world.leases.leases(application))[0]!.leaseOwner, undefined)
      })))

  it.effect("B63 handlers are waited for until the time is over; what they had is handled again; the summary tells", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 3))
        const consumer = yield* Consumer.make({
          application,
          stream: "orders",
          from: "trim-horizon",
          handler: (record) => textOf(record) === "a2" ? Effect.never : Effect.void
        })
        const running = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown("20 seconds"))
        yield* TestClock.adjust("19 seconds")
        assert.isNull(stopping.unsafePoll())
        yield* TestClock.adjust("2 seconds")
        const summary = yield* Fiber.join(stopping)
        assert.strictEqual(summary.cut, 1)
        assert.deepStrictEqual(summary.shards.map(({ end, shardId }) => [shardId, end]), [[shard0, "released"]])
        assert.deepStrictEqual(yield* Fiber.join(running), summary)
        assert.strictEqual(yield* storedOf(world), sequenceNumbers[0])
      })).pipe(Effect.scoped))

  it.effect("B63 a second call goes straight to the release", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3))
        const consumer = yield* Consumer.make({
          application,
          stream: "orders",
          from: "trim-horizon",
          handler: () => Effect.never
        })
        yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("2 seconds")
        const stopping = yield* Effect.fork(consumer.shutdown())
        yield* TestClock.adjust("3 seconds")
        assert.isNull(stopping.unsafePoll())
        const second = yield* Effect.fork(consumer.shutdown("0 millis"))
        yield* TestClock.adjust("100 millis")
        assert.strictEqual((yield* Fiber.join(stopping)).cut, 1)
        yield* Fiber.join(second)
        assert.strictEqual((yield* world.leases.leases(application))[0]!.leaseOwner, undefined)
      })).pipe(Effect.scoped))

  it.effect("a store that hangs does not hold up the end for longer than the lease lasts", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3))
        const worker = yield* run()
        yield* eventually("the records", () => worker.handled.length === 3)
        yield* world.leases.hang({ times: 1000 })
        const stopping = yield* Effect.fork(Fiber.interrupt(worker.fiber))
        yield* TestClock.adjust("15 seconds")
        assert.isNotNull(stopping.unsafePoll())
      })))

  it.effect("readiness and the assignment can be followed", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 2 }], latency: 100 }, () =>
      Effect.gen(function*() {
        const consumer = yield* Consumer.make({
          application,
          stream: "orders",
          from: "latest",
          handler: () => Effect.void
        })
        const readiness: Array<boolean> = []
        yield* Effect.fork(
          Stream.runForEach(consumer.ready.changes, (ready) => Effect.sync(() => readiness.push(ready)))
        )
        const running = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(readiness, [false, true])
        const assignment = yield* consumer.assignment.get
        assert.deepStrictEqual(assignment.map(({ shardId }) => shardId).toSorted(), [shard0, shardName(1)])
        assert.isTrue(assignment.every(({ fencingToken, stream }) => fencingToken > 0 && stream === "orders"))
        const stopping = yield* Effect.fork(consumer.shutdown())
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopping)
        yield* Fiber.join(running)
        assert.deepStrictEqual(readiness, [false, true, false])
        assert.deepStrictEqual(yield* consumer.assignment.get, [])
      })).pipe(Effect.scoped))
})

describe("shards as streams", () => {
  const options = { application, stream: "orders", from: "trim-horizon" } as const

  it.effect("stage costs nothing, flush writes; children come when the parent is staged to its end", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(world.client, numbered("a", 1, 3))
        yield* world.client.splitShard({
          stream: "orders",
          shardToSplit: shard0,
          newStartingHashKey: String(maxHashKey / 2n)
        })
        yield* put(world.client, numbered("b", 1, 4))
        const texts: Array<string> = []
        const shards: Array<string> = []
        const stopWhen = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(
          Consumer.shards({ ...options, stopWhen: Deferred.await(stopWhen) }).pipe(
            Stream.flatMap((shard) => {
              shards.push(shard.shardId)
              return Stream.mapEffect(shard.records, (record) =>
                Effect.gen(function*() {
                  texts.push(textOf(record))
                  if (textOf(record) === "a2") {
                    yield* shard.checkpointer.stage(record)
                    yield* shard.checkpointer.flush
                    const stored = yield* shard.checkpointer.stored
                    assert.strictEqual((stored as { sequenceNumber: string }).sequenceNumber, sequenceNumbers[1])
                  }
                  if (textOf(record) !== "a3") return
                  yield* Effect.sleep("5 seconds")
                  assert.deepStrictEqual(shards, [shard0])
                  yield* shard.checkpointer.stage(record)
                }))
            }, { concurrency: "unbounded" }),
            Stream.runDrain
          )
        )
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(shards.toSorted(), [shard0, shardName(1), shardName(2)])
        assert.deepStrictEqual(texts.toSorted(), [...numbered("a", 1, 3), ...numbered("b", 1, 4)])
        const leases = yield* world.leases.leases(application)
        assert.deepStrictEqual(leases.map(({ checkpoint }) => checkpoint?._tag), [
          "ShardEnd",
          "TrimHorizon",
          "TrimHorizon"
        ])
        yield* Deferred.succeed(stopWhen, undefined)
        yield* TestClock.adjust("40 seconds")
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isSuccess(exit), Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
        assert.isTrue(
          (yield* world.leases.leases(application)).slice(1).every(({ leaseOwner }) => leaseOwner === undefined)
        )
      })))

  it.effect("a lease that is lost ends the shard's stream as if it were over; only what is written fails", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, numbered("a", 1, 3))
        const ended = yield* Deferred.make<unknown>()
        yield* Effect.fork(
          Consumer.shards(options).pipe(
            Stream.take(1),
            Stream.runForEach((shard) =>
              Effect.gen(function*() {
                const records = yield* Stream.runCollect(shard.records)
                for (const record of records) yield* shard.checkpointer.stage(record)
                yield* Deferred.succeed(ended, yield* Effect.exit(shard.checkpointer.flush))
              })
            )
          )
        )
        yield* TestClock.adjust("3 seconds")
        const leases = yield* world.store.open(application)
        yield* leases.claim((yield* leases.list)[0]!, "somebody")
        yield* TestClock.adjust("5 seconds")
        const exit = (yield* Deferred.await(ended)) as Exit.Exit<void, unknown>
        assert.isTrue(Exit.isFailure(exit))
        assert.strictEqual(yield* storedOf(world), "TrimHorizon")
      })))
})

describe("a call of a shard", () => {
  for (const fanOut of [false, true]) {
    it.effect(`that is interrupted from within fails the consumer${fanOut ? ", by fan-out, too" : ""}`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const broken = {
            ...world.client,
            getRecords: () => Effect.interrupt,
            subscribeToShard: () => Effect.interrupt
          }
          const worker = yield* Effect.provideService(run({ fanOut }), KinesisClient.KinesisClient, broken)
          yield* TestClock.adjust("1 minute")
          const exit = yield* Fiber.poll(worker.fiber)
          const why = Option.map(exit, Exit.match({ onFailure: Cause.pretty, onSuccess: () => "nothing" }))
          assert.include(Option.getOrElse(why, () => "nothing yet"), "interrupted from within")
        })))
  }
})
