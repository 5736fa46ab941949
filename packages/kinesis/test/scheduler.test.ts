import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { type Chunk, Clock, Effect, Exit, Fiber, Random, Scheduler, Stream } from "effect"
import { KinesisClient, type KinesisEvent, KinesisStream, type Page, Position, Until } from "effect-kinesis"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as PageQueue from "../src/internal/reading/pageQueue.js"
import * as ShardScheduler from "../src/internal/reading/scheduler.js"
import { hashKeyOf, maxHashKey, put, read, shard0, shardName, withKinesis } from "./support/reading.js"

const idle = { stream: "orders", from: "trim-horizon", maxReadAheadBytes: 2 ** 40 } as const

/** Open shards that nobody writes to, whose calls take so long. */
const quiet = (shards: number, millisOf: (shardId: string) => number) => {
  const calls = { begun: 0, underWay: 0 }
  const client = {
    listShards: () =>
      Effect.succeed({
        shards: Array.from({ length: shards }, (_, index) => ({
          shardId: shardName(index),
          hashKeyRange: { startingHashKey: hashKeyOf(index, shards), endingHashKey: hashKeyOf(index, shards) },
          startingSequenceNumber: "1"
        })),
        nextToken: undefined
      }),
    getShardIterator: () => Effect.succeed({ shardIterator: "first" }),
    getRecords: ({ shardId }: { readonly shardId: string }) =>
      Effect.suspend(() => {
        calls.begun++
        calls.underWay++
        const answer = { records: [], nextShardIterator: "next", millisBehindLatest: 0, childShards: [] }
        return Effect.ensuring(
          Effect.as(millisOf(shardId) === 0 ? Effect.yieldNow() : Effect.sleep(millisOf(shardId)), answer),
          Effect.sync(() => {
            calls.underWay--
          })
        )
      })
  } as unknown as KinesisClient.Service
  return { calls, client: Effect.provideService(KinesisClient.KinesisClient, client) }
}

const roots = Effect.sync(() => Fiber.unsafeRoots().length)

describe("scheduler", () => {
  it.effect("10,000 idle shards have no fiber of their own, and leave no call under way when they are interrupted", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { calls, client } = quiet(10_000, (shardId) => shardId.endsWith("0") ? 400 : 0)
      const before = yield* roots
      const { fiber } = yield* client(read(KinesisStream.pages(idle)))
      yield* Effect.sleep(2_900)
      assert.deepStrictEqual(calls, { begun: 30_000, underWay: 0 })
      assert.isAtMost((yield* roots) - before, 10)
      yield* Effect.sleep(200)
      assert.deepStrictEqual(calls, { begun: 40_000, underWay: 1_000 })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(calls, { begun: 40_000, underWay: 0 })
      yield* Effect.sleep("1 minute")
      assert.deepStrictEqual(calls, { begun: 40_000, underWay: 0 })
      assert.isAtMost(yield* roots, before)
    })))

  it.effect("the time of a run ends shards that sleep and calls that are under way", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { calls, client } = quiet(100, (shardId) => shardId.endsWith("7") ? 400 : 0)
      const startedAt = yield* Clock.currentTimeMillis
      const { fiber, pages } = yield* client(read(KinesisStream.pages({ ...idle, until: Until.elapsed(3_100) })))
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* Clock.currentTimeMillis) - startedAt, 3_100)
      assert.deepStrictEqual(calls, { begun: 400, underWay: 0 })
      assert.strictEqual(pages.length, 390)
    })))

  it.effect("thousands of shards that wake together leave turns to others", () =>
    VirtualTime.run(Effect.gen(function*() {
      const virtual = yield* VirtualTime.clock
      const begun = new Map<number, number>()
      const { client } = quiet(3_000, () => {
        const wakeUps = virtual.unsafeWakeUps()
        begun.set(wakeUps, (begun.get(wakeUps) ?? 0) + 1)
        return 0
      })
      const { fiber } = yield* client(read(KinesisStream.pages(idle)))
      yield* Effect.sleep(900)
      begun.clear()
      yield* Effect.sleep(1_000)
      yield* Fiber.interrupt(fiber)
      const counts = [...begun.values()]
      assert.strictEqual(counts.reduce((sum, count) => sum + count), 3_000)
      assert.isAtMost(Math.max(...counts), 256)
    })))

  it.effect("each shard keeps its own time, with one sleep for all", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client } = quiet(50, (shardId) => Number(shardId.slice(-2)))
      const startedAt = yield* Clock.currentTimeMillis
      const { at, fiber, pages } = yield* client(read(KinesisStream.pages(idle)))
      yield* Effect.sleep(10_500)
      yield* Fiber.interrupt(fiber)
      for (let shard = 0; shard < 50; shard++) {
        const times = at.filter((_, index) => pages[index]!.shardId === shardName(shard))
        assert.deepStrictEqual(
          times.map((time) => time - startedAt),
          Array.from({ length: 11 }, (_, poll) => 1_000 * poll + shard)
        )
      }
    })))

  it.effect("shards whose pages are held back go on in their order when the consumer takes, and not before", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { calls, client } = quiet(40, (shardId) => Number(shardId.slice(-2)))
      let isStopped = true
      const { fiber, pages } = yield* client(
        read(KinesisStream.pages(idle), () => isStopped ? Effect.sleep("10 minutes") : Effect.void)
      )
      yield* Effect.sleep("9 minutes")
      assert.deepStrictEqual(calls, { begun: 57, underWay: 0 })
      isStopped = false
      yield* Effect.sleep("75 seconds")
      yield* Fiber.interrupt(fiber)
      const order = pages.map(({ shardId }) => Number(shardId.slice(-2)))
      assert.deepStrictEqual(order.slice(0, 40), Array.from({ length: 40 }, (_, shard) => shard))
      for (let shard = 0; shard < 40; shard++) {
        assert.isAtLeast(order.filter((other) => other === shard).length, 10, String(shard))
      }
    })))

  it.effect("shards that wait for room have no fiber, are read in their order, and ask for nothing after an interruption", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { calls, client } = quiet(200, () => 100)
      const before = yield* roots
      const { fiber, pages } = yield* client(read(KinesisStream.pages({ ...idle, maxReadAheadBytes: 1 })))
      yield* Effect.sleep(90_050)
      assert.isAtMost((yield* roots) - before, 10)
      const shards = pages.map(({ shardId }) => shardId)
      for (let from = 200; from < 800; from++) assert.strictEqual(shards[from], shards[from - 200])
      const { begun } = calls
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(calls, { begun, underWay: 0 })
      yield* Effect.sleep("1 minute")
      assert.deepStrictEqual(calls, { begun, underWay: 0 })
    })))

  it.effect("a request that a fiber gives up at the interruption makes no room for one that has none", () =>
    VirtualTime.run(Effect.gen(function*() {
      let slow = 0
      const { calls, client } = quiet(20, (shardId) => shardId === shardName(3) ? slow : 0)
      const failing = Effect.updateService(KinesisClient.KinesisClient, (service) => ({
        ...service,
        getRecords: (request: Parameters<typeof service.getRecords>[0]) =>
          slow === 1 && request.shardId === shardName(3)
            ? Effect.zipRight(
              Effect.sync(() => {
                slow = 4_000
              }),
              Effect.fail(new ServiceUnavailable({ operation: "GetRecords", description: "down" }))
            )
            : service.getRecords(request)
      }))
      const { fiber } = yield* client(failing(read(KinesisStream.pages({ ...idle, maxReadAheadBytes: 1 }))))
      yield* Effect.sleep(10_500)
      slow = 1
      yield* Effect.sleep(3_000)
      assert.strictEqual(calls.underWay, 1)
      const { begun } = calls
      yield* Fiber.interrupt(fiber)
      yield* Effect.sleep("1 minute")
      assert.deepStrictEqual(calls, { begun, underWay: 0 })
    })))

  it.effect("the time of a run ends shards that wait for room", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { calls, client } = quiet(50, () => 100)
      const until = Until.elapsed(20_050)
      const { fiber, pages } = yield* client(read(KinesisStream.pages({ ...idle, maxReadAheadBytes: 1, until })))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(calls, { begun: 201, underWay: 0 })
      assert.strictEqual(pages.length, 200)
    })))

  it.effect("a shard that fails is driven by a fiber until it has brought a page, and the others sleep", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 20 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        const before = yield* roots
        const { fiber, texts } = yield* read(KinesisStream.pages(idle))
        yield* Effect.sleep(1_500)
        const asleep = yield* roots
        assert.isAtMost(asleep - before, 6)
        yield* local.throttle({ operation: "getRecords", shardId: shard0, times: 3 })
        yield* Effect.sleep(600)
        assert.strictEqual(yield* roots, asleep + 1)
        yield* put(client, ["a"], { explicitHashKey: "0" })
        yield* Effect.sleep(3_000)
        assert.deepStrictEqual(texts(), ["a"])
        assert.strictEqual(yield* roots, asleep)
        yield* put(client, ["b"], { explicitHashKey: "0" })
        yield* Effect.sleep(3_000)
        assert.deepStrictEqual(texts(), ["a", "b"])
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("a shard that fails for good ends the stream with its error", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 20 }] }, ({ client }) =>
      Effect.gen(function*() {
        let isBroken = false
        const broken: KinesisClient.Service = {
          ...client,
          getRecords: (request) =>
            isBroken && request.shardId === shardName(7) ? Effect.die("broken") : client.getRecords(request)
        }
        const reading = yield* read(KinesisStream.pages(idle)).pipe(
          Effect.provideService(KinesisClient.KinesisClient, broken)
        )
        yield* Effect.sleep(1_500)
        isBroken = true
        const exit = yield* Fiber.await(reading.fiber)
        assert.include(String(Exit.isFailure(exit) && exit.cause), "broken")
      })))

  it.effect("tells of everything that happens to a shard as a fiber of its own does", () => {
    const told = (hasFibers: boolean) =>
      withKinesis({ streams: [{ name: "orders", shardCount: 3 }] }, ({ client, local }) =>
        Effect.gen(function*() {
          const startedAt = yield* Clock.currentTimeMillis
          const events: Array<string> = []
          const note = (event: KinesisEvent.KinesisEvent) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              if ("shardId" in event) events.push(`${event.shardId} ${event._tag} ${now - startedAt}`)
            })
          const { fiber, pages } = yield* read(KinesisStream.pages({ ...idle, onEvent: note })).pipe(
            Effect.locally(ShardScheduler.hasFibers, hasFibers)
          )
          yield* Effect.sleep(1_500)
          yield* put(client, ["a", "b", "c", "d"])
          yield* local.throttle({ operation: "getRecords", shardId: shard0, times: 1 })
          yield* Effect.sleep(3_000)
          yield* local.expireIterator({ shardId: shardName(1), times: 1 })
          yield* local.omit({ operation: "getRecords", shardId: shardName(2), fields: ["nextShardIterator"], times: 2 })
          yield* Effect.sleep(10_000)
          yield* client.splitShard({
            stream: "orders",
            shardToSplit: shard0,
            newStartingHashKey: String(maxHashKey / 6n)
          })
          yield* Effect.sleep(10_000)
          yield* Fiber.interrupt(fiber)
          return {
            events: events.sort(),
            pages: pages.length
          }
        }).pipe(Effect.withRandom(Random.fixed([0.5]))))
    return Effect.map(Effect.all([told(true), told(false)]), ([fibers, scheduler]) => {
      assert.deepStrictEqual(scheduler, fibers)
      for (const tag of ["Throttled", "IteratorExpired", "IteratorMissing", "ShardEnded", "ShardStarted"]) {
        assert.isTrue(scheduler.events.some((line) => line.includes(tag)), tag)
      }
    })
  })
})

describe("merging", () => {
  it.live("pages that come in one turn of the event loop are handed on together", () =>
    Effect.gen(function*() {
      const { client } = quiet(40, () => 0)
      const waiting: Array<() => void> = []
      const together = Effect.updateService(KinesisClient.KinesisClient, (service) => ({
        ...service,
        getRecords: (request: Parameters<typeof service.getRecords>[0]) =>
          Effect.zipRight(
            Effect.async<void>((resume) => {
              waiting.push(() => resume(Effect.void))
              if (waiting.length === 40) { for (const answer of waiting.splice(0)) setImmediate(answer) }
            }),
            service.getRecords(request)
          )
      }))
      const chunks: Array<number> = []
      yield* KinesisStream.pages({ ...idle, pollInterval: 0, idleInterval: 0 }).pipe(
        Stream.mapChunks((pages) => {
          chunks.push(pages.length)
          return pages
        }),
        Stream.take(800),
        Stream.runDrain,
        together,
        client
      )
      assert.isAtLeast(Math.min(...chunks.slice(1, -1)), 8)
    }))
})

const page = (shardId: string): Page.Page => ({
  shardId,
  records: [],
  millisBehindLatest: 0,
  position: Position.trimHorizon,
  childShards: []
})

describe("pageQueue", () => {
  const names = (pages: Chunk.Chunk<Page.Page>) => [...pages].map(({ shardId }) => shardId)

  it.effect("hands on what was held back in the order in which it came, as the consumer takes", () =>
    Effect.gen(function*() {
      const queue = PageQueue.make((task) => task())
      const handedOn: Array<number> = []
      for (let index = 0; index < 50; index++) {
        const isHandedOn = PageQueue.offer(queue, page(String(index)), () => handedOn.push(index))
        assert.strictEqual(isHandedOn, index < 16)
      }
      const taken: Array<string> = []
      for (const held of [34, 19, 3, 0]) {
        assert.strictEqual(queue.heldBack.length, held)
        taken.push(...names(yield* PageQueue.take(queue)))
        if (held === 34) {
          assert.isFalse(PageQueue.offer(queue, page("50"), () => handedOn.push(50)), "no page overtakes")
        }
        PageQueue.letIn(queue)
      }
      assert.deepStrictEqual(handedOn, Array.from({ length: 35 }, (_, index) => index + 16))
      assert.deepStrictEqual(taken, Array.from({ length: 51 }, (_, index) => String(index)))
    }))

  it.effect("gives all that came before its end, and tells nobody who held back", () =>
    Effect.gen(function*() {
      const queue = PageQueue.make((task) => task())
      const error = new ServiceUnavailable({ operation: "GetRecords", description: "down" })
      const told: Array<number> = []
      for (let index = 0; index < 20; index++) PageQueue.offer(queue, page(String(index)), () => told.push(index))
      PageQueue.end(queue, Exit.fail(error))
      PageQueue.end(queue, Exit.void)
      assert.isFalse(PageQueue.offer(queue, page("late"), () => told.push(-1)))
      assert.strictEqual(names(yield* PageQueue.take(queue)).length, 20)
      PageQueue.letIn(queue)
      assert.deepStrictEqual(told, [])
      assert.strictEqual(yield* Effect.flip(PageQueue.take(queue)), error)
    }))

  it.effect("gives the pages of one turn together, however the consumer came to wait", () =>
    Effect.gen(function*() {
      const tasks: Array<() => void> = []
      const queue = PageQueue.make((task) => void tasks.push(task))
      for (const turn of ["first", "second"]) {
        const fiber = yield* Effect.fork(PageQueue.take(queue))
        yield* Effect.yieldNow()
        for (const name of ["a", "b", "c"]) PageQueue.offer(queue, page(`${turn} ${name}`), () => undefined)
        assert.strictEqual(tasks.length, 1)
        for (const task of tasks.splice(0)) task()
        assert.deepStrictEqual(names(yield* Fiber.join(fiber)), [`${turn} a`, `${turn} b`, `${turn} c`])
      }
    }))

  it("loses no page and no end, wherever the consumer is on its way to wait", () => {
    for (const last of ["page", "end"]) {
      for (let before = 0; before < 80; before++) {
        const scheduler = new Scheduler.ControlledScheduler()
        const queue = PageQueue.make((task) => task())
        let take = PageQueue.take(queue)
        for (let step = 0; step < before; step++) {
          const next = take
          take = Effect.suspend(() => next)
        }
        const fiber = Effect.runFork(Effect.withMaxOpsBeforeYield(take, 40), { scheduler })
        if (last === "page") PageQueue.offer(queue, page("a"), () => undefined)
        else PageQueue.end(queue, Exit.void)
        for (let turn = 0; turn < 100; turn++) scheduler.step()
        const exit = fiber.unsafePoll()
        assert.deepStrictEqual(exit && Exit.map(exit, names), Exit.succeed(last === "page" ? ["a"] : []), `${before}`)
      }
    }
  })

  it.effect("wakes the consumer for a page and for the end", () =>
    Effect.gen(function*() {
      const queue = PageQueue.make((task) => task())
      const fiber = yield* Effect.fork(
        Effect.all([PageQueue.take(queue), PageQueue.take(queue), PageQueue.take(queue)])
      )
      yield* Effect.yieldNow()
      yield* PageQueue.handOn(queue, page("a"))
      yield* Effect.yieldNow()
      yield* PageQueue.handOn(queue, page("b"))
      yield* Effect.yieldNow()
      PageQueue.end(queue, Exit.void)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map(names), [["a"], ["b"], []])
    }))
})
