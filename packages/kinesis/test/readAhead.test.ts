import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FastCheck as fc, Fiber, TestClock } from "effect"
import { KinesisClient, type KinesisEvent, KinesisStream, Position, Until } from "effect-kinesis"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as ReadContext from "../src/internal/reading/context.js"
import * as OutageWatch from "../src/internal/reading/outageWatch.js"
import * as ReadAhead from "../src/internal/reading/readAhead.js"
import * as Settings from "../src/internal/reading/settings.js"
import * as Sources from "../src/internal/reading/sources.js"
import * as PageEstimate from "../src/internal/shard/pageEstimate.js"
import { alone } from "./support/alone.js"
import { read, shardName, withKinesis } from "./support/reading.js"

const mebibyte = 1024 * 1024
const megabyteOfZeros = new Uint8Array(mebibyte)

/** A client whose shards each bring pages of 10 MiB at once, all made of the same bytes, and counts the pages that it gave. */
const largePages = (client: KinesisClient.Service, pagesPerShard: number) => {
  const given = new Map<string, number>()
  const total = () => [...given.values()].reduce((sum, count) => sum + count, 0)
  const large: KinesisClient.Service = {
    ...client,
    getRecords: ({ shardId }) =>
      Effect.map(Effect.sleep("10 millis"), () => {
        const page = (given.get(shardId) ?? 0) + 1
        given.set(shardId, page)
        const records = Array.from({ length: 10 }, (_, i) => ({
          stream: "orders",
          shardId,
          sequenceNumber: String(page * 10 + i),
          partitionKey: "",
          data: megabyteOfZeros,
          approximateArrivalTimestamp: undefined
        }))
        const isLast = page === pagesPerShard
        return { records, nextShardIterator: "next", millisBehindLatest: isLast ? 0 : 1000, childShards: [] }
      })
  }
  return { client: large, total, given }
}

const broken = new ServiceUnavailable({
  operation: "GetRecords",
  stream: "orders",
  shardId: shardName(0),
  description: "broken"
})

const options = { stream: "orders", from: "trim-horizon", until: Until.caughtUp } as const

describe("reading ahead", () => {
  it.effect(
    "a thousand shards of large pages and a stopped consumer hold 64 MiB, and none starves when it goes on",
    () =>
      withKinesis({ streams: [{ name: "orders", shardCount: 1000 }] }, ({ client }) =>
        Effect.gen(function*() {
          const { client: large, given, total } = largePages(client, 1)
          let stopped = true
          const reading = yield* read(
            KinesisStream.pages(options),
            () => stopped ? Effect.sleep("1 hour") : Effect.void
          )
            .pipe(Effect.provideService(KinesisClient.KinesisClient, large))
          yield* TestClock.adjust("10 minutes")
          assert.isAtMost(total(), 1 + Math.floor(64 / 10) + 1)
          assert.isAtLeast(total(), 6)
          stopped = false
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(reading.fiber)
          assert.strictEqual(given.size, 1000)
          assert.strictEqual(
            new Set(reading.pages.map((page) => page.shardId)).size,
            1000
          )
        }))
  )

  it.effect("a bound below the size of a page lets one through at a time", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 5 }] }, ({ client }) =>
      Effect.gen(function*() {
        const { client: large, total } = largePages(client, 2)
        const reading = yield* read(
          KinesisStream.pages({ ...options, maxReadAheadBytes: 1 }),
          () => Effect.sleep("1 second")
        ).pipe(Effect.provideService(KinesisClient.KinesisClient, large))
        yield* TestClock.adjust("500 millis")
        assert.isAtMost(total(), 2)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(reading.pages.length, 10)
      })))

  it.effect("B7 calls that hang give up their room, so they do not hold up the other shards", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 20 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        for (let shard = 0; shard < 10; shard++) {
          yield* local.hang({ operation: "getRecords", shardId: shardName(shard) })
        }
        const reading = yield* read(KinesisStream.pages(options))
        yield* TestClock.adjust("12 seconds")
        assert.strictEqual(new Set(reading.pages.map((page) => page.shardId)).size, 10)
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(new Set(reading.pages.map((page) => page.shardId)).size, 20)
        void client
      })))

  it.scoped("what is interrupted while it waits or fetches holds no room once its shard is left", () =>
    Effect.gen(function*() {
      const readAhead = yield* ReadAhead.make(10 * mebibyte)
      const page = { bytes: 10 * mebibyte, page: {} as never }
      const fetch = <E>(call: Effect.Effect<ReadAhead.Fetched, E>) => {
        const shard = readAhead.forShard()
        return Effect.ensuring(ReadAhead.fetching(shard, call), Effect.sync(() => ReadAhead.leave(shard)))
      }
      const fetching = yield* Effect.fork(fetch(Effect.never))
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(fetch(Effect.never))
      const next = yield* Effect.fork(fetch(Effect.succeed(page)))
      yield* Effect.yieldNow()
      assert.isTrue((yield* Fiber.poll(next))._tag === "None")
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(fetching)
      assert.strictEqual(yield* Fiber.join(next), page)
      readAhead.taken([page.page])
      readAhead.taken([])
      assert.strictEqual(yield* Effect.flip(fetch(Effect.fail("down"))), "down")
      const dead = yield* Effect.exit(fetch(Effect.die("broken")))
      assert.strictEqual(dead._tag, "Failure")
      assert.strictEqual(yield* fetch(Effect.succeed(page)), page)
    }))

  it.effect("a page holds no room if its shard is left before it was given to anybody", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { client, local } = yield* LocalKinesis.make({ streams: [{ name: "orders" }] })
      yield* client.putRecord({ stream: "orders", partitionKey: "key", data: new Uint8Array(2_000) })
      const settings = Settings.make({ stream: "orders" })
      const telling = yield* Deferred.make<void>()
      const emit = (event: KinesisEvent.KinesisEvent) =>
        event._tag === "OutageEnded"
          ? Effect.zipRight(Deferred.succeed(telling, undefined), Effect.sleep("1 minute"))
          : Effect.void
      const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
      const context = yield* ReadContext.make(client, settings, emit, yield* ReadAhead.make(1_000), outages)
      const source = () =>
        Sources.make(context, {
          shardId: shardName(0),
          origin: Position.trimHorizon,
          because: "start",
          closed: false,
          skew: { millis: 0 },
          coordination: alone
        })
      yield* local.fail({ operation: "getRecords", error: broken, times: 6 })
      const left = source()
      const fiber = yield* Effect.fork(Effect.ensuring(left.next, left.close))
      yield* Deferred.await(telling)
      yield* Fiber.interrupt(fiber)
      const page = yield* Effect.timeout(source().next, "1 minute")
      assert.strictEqual(page.records.length, 1)
    }))))

  it("a page is expected to be as large as pages have been of late, and never above the service's limit", () => {
    fc.assert(fc.property(fc.array(fc.nat(10 * mebibyte)), fc.nat(10 * mebibyte), (pages, last) => {
      const estimate = PageEstimate.nextPage(pages.reduce(PageEstimate.after, PageEstimate.unknown), last)
      assert.isAtMost(estimate, 10 * mebibyte)
      assert.isAtLeast(estimate, Math.min(10 * mebibyte, Math.max(2 * last, pages.at(-1) ?? 0)))
    }))
    const quiet = Array.from({ length: 8 }, () => 0).reduce(PageEstimate.after, PageEstimate.unknown)
    assert.isAtMost(PageEstimate.nextPage(quiet, 0), 64 * 1024)
  })

  it.effect("a bound that is none is refused", () =>
    Effect.gen(function*() {
      for (const maxReadAheadBytes of [0, -1, 1.5, Number.NaN]) {
        const reading = yield* read(KinesisStream.pages({ ...options, maxReadAheadBytes }))
        assert.include((yield* Effect.flip(Fiber.join(reading.fiber))).message, "invalid maxReadAheadBytes")
      }
    }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders" }] }))))
})
