import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, type Scope, Stream, TestClock } from "effect"
import { Consumer, type KinesisClient, type KinesisEvent, type LeaseStore } from "effect-kinesis"
import { application, textOf, withGroup, type World } from "../support/groups.js"
import { numbered, oneShard, put } from "../support/reading.js"

/** The clock of a machine that can sleep: it has gone on when the machine wakes up, and no timer has fired meanwhile. */
const sleepyClock = Effect.map(Effect.clock, (base) => {
  let slept = 0
  const millis = () => base.unsafeCurrentTimeMillis() + slept
  const nanos = () => base.unsafeCurrentTimeNanos() + BigInt(slept) * 1_000_000n
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => base.sleep(duration)
  }
  const sleep = (duration: number) => {
    slept += duration
  }
  return { clock, sleep }
})

type Handle = (text: string) => Effect.Effect<void>
type Way = (
  options: Consumer.GroupOptions,
  handle: Handle
) => Effect.Effect<unknown, unknown, KinesisClient.KinesisClient | LeaseStore.LeaseStore | Scope.Scope>

const shards = (
  options: Consumer.GroupOptions,
  handle: (shard: Consumer.ShardStream) => Stream.Stream<unknown>
) => Stream.runDrain(Stream.flatMap(Consumer.shards(options), handle, { concurrency: "unbounded" }))

/** All ways in which a consumer hands on what it reads. */
const ways: Readonly<Record<string, Way>> = {
  "record after record": (options, handle) => Consumer.run({ ...options, handler: (record) => handle(textOf(record)) }),
  "the records of a key": (options, handle) =>
    Consumer.run({ ...options, concurrency: 3, handler: (record) => handle(textOf(record)) }),
  "page after page": (options, handle) =>
    Consumer.run({ ...options, maxRecords: 1, pageHandler: ({ records }) => handle(textOf(records[0]!)) }),
  "a shard's stream of records": (options, handle) =>
    shards(options, (shard) => Stream.mapEffect(shard.records, (record) => handle(textOf(record)))),
  "a shard's stream of pages": (options, handle) =>
    shards(
      { ...options, maxRecords: 1 },
      (shard) =>
        Stream.mapEffect(shard.pages, ({ records }) => Effect.forEach(records, (record) => handle(textOf(record))))
    )
}

/** What a consumer handles whose machine sleeps, for longer than a lease lasts, while the first of four records is handled. */
const sleeping = (world: World, way: Way, meanwhile: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const { clock, sleep } = yield* sleepyClock
    yield* put(world.client, numbered("a", 1, 4), { partitionKey: "a" })
    const handled: Array<string> = []
    const unverified: Array<string> = []
    const writes = Effect.map(world.leases.calls, (calls) =>
      calls.filter(({ operation }) => operation === "renew" || operation === "checkpoint").length)
    let writesBefore = 0
    const events: Array<KinesisEvent.KinesisEvent["_tag"]> = []
    const options: Consumer.GroupOptions = {
      application,
      stream: "orders",
      from: "trim-horizon",
      onEvent: ({ _tag }) =>
        Effect.sync(() => void events.push(_tag))
    }
    const handle: Handle = (text) =>
      Effect.gen(function*() {
        handled.push(text)
        if (text !== "a1") {
          if ((yield* writes) === writesBefore) unverified.push(text)
          return
        }
        yield* Effect.sleep("1 second")
        writesBefore = yield* writes
        sleep(20_000)
        yield* Effect.orDie(meanwhile)
      })
    const fiber = yield* Effect.fork(Effect.withClock(Effect.scoped(way(options, handle)), clock))
    yield* TestClock.adjust("6 seconds")
    yield* Fiber.interruptFork(fiber)
    return { handled, unverified, losses: events.filter((tag) => tag === "LeaseLost").length }
  })

describe("a machine that sleeps while a record is handled", () => {
  for (const [name, way] of Object.entries(ways)) {
    it.effect(`B51 ${name}: nothing more is handed on when another took the lease meanwhile`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const taken = Effect.gen(function*() {
            const leases = yield* world.store.open(application)
            const [held] = yield* leases.list
            yield* leases.claim(held!, "somebody")
          })
          const { handled, losses } = yield* sleeping(world, way, taken)
          assert.deepStrictEqual(handled, ["a1"])
          assert.strictEqual(losses, 1)
        })))

    it.effect(`B51 ${name}: the rest is handed on when the lease is verified, not before`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const { handled, losses, unverified } = yield* sleeping(world, way, Effect.void)
          assert.deepStrictEqual(handled, numbered("a", 1, 4))
          assert.deepStrictEqual(unverified, [])
          assert.strictEqual(losses, 0)
        })))
  }
})
