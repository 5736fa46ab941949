import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Duration, Effect, Exit, Fiber, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisStream, Position, Until } from "effect-kinesis"
import {
  callsOf,
  hashKeyOf,
  maxHashKey,
  numbered,
  oneShard,
  put,
  read,
  recording,
  shard0,
  shardName,
  withKinesis
} from "./support/reading.js"

const shardsOf = (shardCount: number): LocalKinesis.Options => ({ streams: [{ name: "orders", shardCount }] })
const fromStart = { stream: "orders", from: "trim-horizon" } as const
const quarter = maxHashKey / 4n

const split = (client: KinesisClient.Service, shardToSplit: string, newStartingHashKey: bigint) =>
  client.splitShard({ stream: "orders", shardToSplit, newStartingHashKey: String(newStartingHashKey) })
const merge = (client: KinesisClient.Service, shardToMerge: string, adjacentShardToMerge: string) =>
  client.mergeShards({ stream: "orders", shardToMerge, adjacentShardToMerge })
const to = (shard: number, shards: number) => ({ partitionKey: "k", explicitHashKey: hashKeyOf(shard, shards) })
const provideClient = (client: KinesisClient.Service) => Effect.provideService(KinesisClient.KinesisClient, client)
const isRunning = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.map(Fiber.poll(fiber), (exit) => exit._tag === "None")

/** Reads until caught up: what came, and from which shards. */
const readToTip = (from: KinesisStream.Options["from"]) =>
  Effect.gen(function*() {
    const { of, onEvent } = recording()
    const reading = yield* read(KinesisStream.pages({ ...fromStart, from, onEvent, until: Until.caughtUp }))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(reading.fiber)
    return { texts: reading.texts(), shards: of("ShardStarted").map((event) => event.shardId) }
  })

describe("reading a stream", () => {
  it.effect("idle waits for a shard whose first read is still under way", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        const slow = KinesisClient.mapCalls(client, (effect, { operation, request }) =>
          operation === "getRecords" && request.shardId === shardName(1) ? Effect.delay(effect, "10 seconds") : effect)
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.idle("1 second") })).pipe(
          provideClient(slow)
        )
        yield* TestClock.adjust("5 seconds")
        yield* put(client, ["late"], to(0, 2))
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["late"])
      })))

  it.effect("B7 an idle shard and a throttled one do not delay a busy one", () =>
    Effect.gen(function*() {
      const readsOfBusyShard = (shards: number, throttles: number) =>
        withKinesis(shardsOf(shards), ({ client, local }) =>
          Effect.gen(function*() {
            const busy = shards - 1
            yield* put(client, numbered("r", 1, 60), to(busy, shards))
            yield* local.throttle({ operation: "getRecords", shardId: shardName(busy - 1), times: throttles })
            const reading = yield* read(
              KinesisStream.pages({ ...fromStart, maxRecords: 1, until: Until.elapsed("10 seconds") })
            )
            yield* TestClock.adjust("10 seconds")
            yield* Fiber.join(reading.fiber)
            return (yield* callsOf(local, "getRecords", shardName(busy))).length
          }))
      assert.strictEqual(yield* readsOfBusyShard(3, 100), yield* readsOfBusyShard(1, 0))
    }))

  it.effect("B7 a shard whose call hangs does not delay another", () =>
    withKinesis(shardsOf(2), ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 10), to(1, 2))
        yield* local.hang({ operation: "getShardIterator", shardId: shard0 })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, maxRecords: 1 }))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 10))
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B24 a stored position beats the start, unless it is to be ignored; an event says which was used", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        const [first] = yield* put(client, ["a1", "a2"], to(0, 2))
        yield* put(client, ["b1"], to(1, 2))
        const positions = { [shard0]: Position.afterSequenceNumber(first!) }
        const run = (ignorePositions: boolean) =>
          Effect.gen(function*() {
            const { of, onEvent } = recording()
            const options = { ...fromStart, positions, ignorePositions, onEvent, until: Until.caughtUp }
            const reading = yield* read(KinesisStream.pages(options))
            yield* TestClock.adjust("2 seconds")
            yield* Fiber.join(reading.fiber)
            return [[...reading.texts()].sort(), of("ShardStarted").map((event) => event.because)]
          })
        assert.deepStrictEqual(yield* run(false), [["a2", "b1"], ["stored", "start"]])
        assert.deepStrictEqual(yield* run(true), [["a1", "a2", "b1"], ["start", "start"]])
      })))

  it.effect("B26 ready is told when every shard of the start has its iterator, and once", () =>
    withKinesis(shardsOf(3), ({ client, local }) =>
      Effect.gen(function*() {
        yield* split(client, shard0, 5n)
        yield* local.delay({ operation: "getShardIterator", shardId: shardName(2), duration: "3 seconds" })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("2900 millis")
        assert.strictEqual(of("Ready").length, 0)
        yield* TestClock.adjust("200 millis")
        assert.deepStrictEqual(of("Ready"), [{ _tag: "Ready", shardIds: [shard0, shardName(1), shardName(2)] }])
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(of("Ready").length, 1)
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B38 fifty readers that start together list apart from each other", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const options = { ...fromStart, idleInterval: "10 minutes" } as const
        const readers = yield* Effect.forEach(Array.from({ length: 50 }), () => read(KinesisStream.pages(options)))
        yield* TestClock.adjust("2 minutes")
        const later = (yield* callsOf(local, "listShards")).map((call) => call.at).filter((at) => at > 0)
        assert.isAtLeast(later.length, 150)
        const perSecond = new Map<number, number>()
        for (const at of later) {
          const second = Math.floor(at / 1000)
          perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
        }
        assert.isAtMost(Math.max(...perSecond.values()), 20)
        yield* Effect.forEach(readers, (reader) => Fiber.interrupt(reader.fiber))
      })))

  it.effect("a thousand shards have begun within a tenth of a second of 10 ms calls, one that hangs and one that is throttled among them", () =>
    withKinesis({ ...shardsOf(1000), latency: "10 millis" }, ({ local }) =>
      Effect.gen(function*() {
        yield* local.hang({ operation: "getShardIterator", shardId: shardName(500) })
        yield* local.throttle({ operation: "getRecords", shardId: shardName(501), times: 100 })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, idleInterval: "1 minute", onEvent }))
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(new Set(of("PageRead").map((event) => event.shardId)).size, 998)
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B27 all pages of a listing are read, each further one by its token alone", () =>
    withKinesis(shardsOf(2500), ({ local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(of("ShardEnded").length, 0)
        assert.strictEqual(new Set(of("PageRead").map((event) => event.shardId)).size, 2500)
        const listings = yield* callsOf(local, "listShards")
        assert.deepStrictEqual(listings.map((call) => [call.outcome, Object.keys(call.request)]), [
          ["ok", ["stream", "shardFilter"]],
          ["ok", ["nextToken"]],
          ["ok", ["nextToken"]]
        ])
      })))

  it.effect("B27 a listing that names no shard says nothing: it is asked for again, and ends no run", () =>
    withKinesis(shardsOf(2), ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 6))
        yield* local.omit({ operation: "listShards", fields: ["shards"], times: 2 })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(reading.texts().toSorted(), numbered("r", 1, 6))
        assert.deepStrictEqual(of("CallFailed").map(({ operation }) => operation), ["ListShards", "ListShards"])
        yield* local.omit({ operation: "listShards", fields: ["shards"], times: 3 })
        yield* TestClock.adjust("2 minutes")
        yield* put(client, ["later"])
        yield* TestClock.adjust("5 seconds")
        assert.include(reading.texts(), "later")
        assert.strictEqual(of("ListingFailed").length, 3)
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B27 an empty token is none: no page is asked for by it", () =>
    withKinesis(shardsOf(2), ({ client, local }) =>
      Effect.gen(function*() {
        const empty: KinesisClient.Service = {
          ...client,
          listShards: (request) => Effect.map(client.listShards(request), (page) => ({ ...page, nextToken: "" }))
        }
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.caughtUp })).pipe(
          provideClient(empty)
        )
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 1)
      })))

  it.effect("B28 an expired token restarts the whole listing; a part of one is never used", () =>
    withKinesis(shardsOf(2500), ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["first"], to(0, 2500))
        const expire = new KinesisError.ExpiredListToken({ operation: "ListShards", description: "as told" })
        let listings = 0
        const flaky: KinesisClient.Service = {
          ...client,
          listShards: (request) =>
            request.nextToken !== undefined && ++listings === 2 ? Effect.fail(expire) : client.listShards(request)
        }
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent, until: Until.caughtUp })).pipe(
          provideClient(flaky)
        )
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        const shards = of("ShardStarted").map((event) => event.shardId)
        assert.strictEqual(shards.length, 2500)
        assert.strictEqual(new Set(shards).size, 2500)
        assert.deepStrictEqual(reading.texts(), ["first"])
        const firstPages = (yield* callsOf(local, "listShards")).filter((call) => call.request.stream !== undefined)
        assert.strictEqual(firstPages.length, 2)
      })))

  it.effect("B29 no record of a merged child is yielded before both parents are complete", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("a", 1, 3), to(0, 2))
        yield* put(client, numbered("b", 1, 9), to(1, 2))
        yield* merge(client, shard0, shardName(1))
        yield* TestClock.adjust("1 second")
        yield* put(client, numbered("c", 1, 3), to(0, 1))
        const reading = yield* read(KinesisStream.pages({ ...fromStart, maxRecords: 1, until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        const texts = reading.texts()
        assert.deepStrictEqual(texts.slice(-3), numbered("c", 1, 3))
        assert.deepStrictEqual([...texts].sort(), [
          ...numbered("a", 1, 3),
          ...numbered("b", 1, 9),
          ...numbered("c", 1, 3)
        ])
      })))

  it.effect("B29 a child of shards() comes only when its parents' streams were read to their end", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"], to(0, 2))
        yield* put(client, ["b"], to(1, 2))
        yield* merge(client, shard0, shardName(1))
        const log: Array<string> = []
        const fiber = yield* Effect.fork(Stream.runDrain(Stream.flatMap(
          KinesisStream.shards({ ...fromStart, until: Until.caughtUp }),
          (shard) =>
            Stream.mapEffect(shard.pages, () => {
              log.push(`begin ${shard.shardId}`)
              return Effect.delay(
                Effect.sync(() => log.push(`done ${shard.shardId}`)),
                shard.shardId === shard0 ? "1 minute" : 0
              )
            }),
          { concurrency: "unbounded" }
        )))
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(log, [`begin ${shard0}`, `begin ${shardName(1)}`, `done ${shardName(1)}`])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(log.slice(3), [`done ${shard0}`, `begin ${shardName(2)}`, `done ${shardName(2)}`])
      })))

  it.effect("B29 a merged child waits for a parent that is not known yet, when another parent named it first", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        const key = { partitionKey: "k", explicitHashKey: String(2n * quarter - 5n) }
        yield* put(client, numbered("x", 1, 20), key)
        const reading = yield* read(KinesisStream.pages({ ...fromStart, maxRecords: 1 }))
        yield* TestClock.adjust("1 second")
        yield* client.updateShardCount({ stream: "orders", targetShardCount: 3 })
        yield* put(client, numbered("m", 1, 2), key)
        yield* TestClock.adjust("60 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), [...numbered("x", 1, 20), ...numbered("m", 1, 2)])
      })))

  for (const from of ["latest", new Date(3_600_000)] as const) {
    it.effect(`B30 a child starts with its first record when reading began at ${from === "latest" ? from : "a date"}`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["old"])
          yield* TestClock.adjust("2 hours")
          const reading = yield* read(KinesisStream.pages({ ...fromStart, from }))
          yield* TestClock.adjust("1 second")
          yield* put(client, ["parent"])
          yield* split(client, shard0, maxHashKey / 2n)
          yield* put(client, ["left"], to(0, 2))
          yield* put(client, ["right"], to(1, 2))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.interrupt(reading.fiber)
          assert.deepStrictEqual([...reading.texts()].sort(), ["left", "parent", "right"])
          assert.strictEqual(reading.texts()[0], "parent")
          for (const child of [1, 2]) {
            const [first] = yield* callsOf(local, "getShardIterator", shardName(child))
            assert.deepStrictEqual(first!.request.position, Position.trimHorizon)
          }
        })))
  }

  it.effect("B31 children start when their parents have left retention", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["left"])
      })))

  it.effect("B32 closed shards are read from the horizon, and from a start inside their range; with LATEST they are done", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* TestClock.adjust("1 hour")
        yield* put(client, ["b"])
        yield* TestClock.adjust("1 minute")
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["c"], to(0, 2))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* readToTip("trim-horizon")).texts, ["a", "b", "c"])
        assert.deepStrictEqual((yield* readToTip(new Date(1_800_000))).texts, ["b", "c"])
        assert.deepStrictEqual((yield* readToTip("latest")).texts, [])
        yield* TestClock.adjust("10 minutes")
        const later = yield* readToTip("latest")
        assert.deepStrictEqual(later, { texts: [], shards: [shardName(1), shardName(2)] })
      })))

  it.effect("B32 a shard that closes before the first listing is read from LATEST, with a clock up to five minutes ahead", () =>
    withKinesis({ ...oneShard, serverClockSkew: -295_000 }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 hour")
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 second")
        yield* local.throttle({ operation: "listShards", times: 2 })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust(0)
        yield* put(client, ["parent"])
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["parent", "left"])
      })))

  for (const until of [Until.caughtUp, Until.instant(3_000_000), Until.idle("1 second")]) {
    it.effect(`a closed shard is read to its end, ${until._tag} notwithstanding, so its children are read`, () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, ["parent"])
          yield* split(client, shard0, maxHashKey / 2n)
          yield* put(client, ["left"], to(0, 2))
          yield* TestClock.adjust("1 hour")
          let extraPages = 3
          const slowToEnd: KinesisClient.Service = {
            ...client,
            getRecords: (request) =>
              Effect.map(client.getRecords(request), (page) =>
                request.shardId === shard0 && page.nextShardIterator === undefined && --extraPages > 0
                  ? {
                    ...page,
                    records: extraPages === 2 ? page.records : [],
                    nextShardIterator: request.shardIterator,
                    childShards: []
                  }
                  : request.shardId === shard0
                  ? { ...page, records: [] }
                  : page)
          }
          const reading = yield* read(KinesisStream.pages({ ...fromStart, until })).pipe(provideClient(slowToEnd))
          yield* TestClock.adjust("20 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["parent", "left"])
        })))
  }

  for (const until of [Until.caughtUp, Until.instant(60_000), Until.idle("1 second")]) {
    it.effect(`so is one that closes while it is read, once its children are listed, ${until._tag} notwithstanding`, () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, ["parent"])
          let isBehind = true
          let pagesAtTip = 3
          const slowToEnd: KinesisClient.Service = {
            ...client,
            getRecords: (request) =>
              Effect.map(client.getRecords(request), (page) =>
                request.shardId !== shard0
                  ? page
                  : isBehind
                  ? { ...page, nextShardIterator: request.shardIterator, records: [], millisBehindLatest: 90_000 }
                  : pagesAtTip-- > 0
                  ? { records: [], nextShardIterator: request.shardIterator, millisBehindLatest: 0, childShards: [] }
                  : page)
          }
          const { of, onEvent } = recording()
          const options = { ...fromStart, until, onEvent, listInterval: "5 seconds" } as const
          const reading = yield* read(KinesisStream.pages(options)).pipe(provideClient(slowToEnd))
          yield* TestClock.adjust("10 seconds")
          yield* split(client, shard0, maxHashKey / 2n)
          yield* put(client, ["left"], to(0, 2))
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(of("ShardsFound").length, 1)
          isBehind = false
          yield* TestClock.adjust("20 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["parent", "left"])
        })))
  }

  it.effect("B33 an empty closed shard ends and releases its children", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["left"])
        assert.deepStrictEqual(of("ShardEnded").map((event) => event.shardId), [shard0])
        assert.deepStrictEqual(reading.pages[0]!.position, Position.shardEnd)
      })))

  it.effect("B34 children start from the last page's hint, without waiting for a listing", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent, listInterval: "1 hour" }))
        yield* TestClock.adjust("5 seconds")
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["left"])
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 1)
        assert.deepStrictEqual(of("ShardsFound"), [
          { _tag: "ShardsFound", shardIds: [shardName(1), shardName(2)], source: "child-shards" }
        ])
      })))

  it.effect("children are found by listing where the last page does not name them", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const silent: KinesisClient.Service = {
          ...client,
          getRecords: (request) => Effect.map(client.getRecords(request), (page) => ({ ...page, childShards: [] }))
        }
        yield* put(client, ["a"])
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        const { of, onEvent } = recording()
        const lagging = yield* laggingListing(silent)
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent, until: Until.caughtUp })).pipe(
          provideClient(lagging.client)
        )
        yield* TestClock.adjust("5 seconds")
        assert.isTrue(yield* isRunning(reading.fiber), "a closed shard has children, so they are still to come")
        lagging.catchUp()
        yield* TestClock.adjust("40 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "left"])
        assert.deepStrictEqual(of("ShardsFound").map((event) => event.source), ["listing"])
      })))

  it.effect("B35 after a reshard while down, the stored parent is drained first; a stored end is not read", () =>
    withKinesis(shardsOf(2), ({ client, local }) =>
      Effect.gen(function*() {
        const [first] = yield* put(client, ["a1", "a2", "a3"], to(0, 2))
        yield* put(client, ["b1"], to(1, 2))
        yield* split(client, shard0, quarter)
        yield* put(client, ["child"], to(0, 4))
        yield* TestClock.adjust("1 hour")
        for (const from of ["trim-horizon", "latest"] as const) {
          const reading = yield* read(KinesisStream.pages({
            ...fromStart,
            from,
            positions: { [shard0]: Position.afterSequenceNumber(first!), [shardName(1)]: Position.shardEnd },
            until: Until.caughtUp
          }))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a2", "a3", "child"], from)
        }
        assert.strictEqual((yield* callsOf(local, "getShardIterator", shardName(1))).length, 0)
      })))

  it.effect("B35 the positions of any moment resume exactly there, over a reshard", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("a", 1, 5), to(0, 2))
        yield* put(client, numbered("b", 1, 5), to(1, 2))
        yield* merge(client, shard0, shardName(1))
        yield* TestClock.adjust("1 second")
        yield* put(client, numbered("c", 1, 5), to(0, 1))
        const whole = yield* read(KinesisStream.pages({ ...fromStart, maxRecords: 2, until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(whole.fiber)
        for (let taken = 1; taken <= whole.pages.length; taken++) {
          const positions = Object.fromEntries(
            whole.pages.slice(0, taken).map((page) => [page.shardId, page.position])
          )
          const before = whole.pages.slice(0, taken)
          const rest = yield* read(
            KinesisStream.pages({ ...fromStart, positions, maxRecords: 2, until: Until.caughtUp })
          )
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.join(rest.fiber)
          const all = [...before, ...rest.pages].flatMap((page) => page.records.map((record) => record.sequenceNumber))
          assert.strictEqual(all.length, 15, `after ${taken} pages`)
          assert.strictEqual(new Set(all).size, 15)
        }
      })))

  it.effect("B36 a shard that has left retention is done and its children are read; a stream that is gone fails", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("1 second")
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(reading.texts(), ["left"])
        assert.deepStrictEqual(of("ShardLost").map((event) => event.shardId), [shard0])
        yield* client.deleteStream({ stream: "orders" })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ResourceNotFound")
      })))

  it.effect("B36 a stream that does not exist is a typed failure", () =>
    withKinesis(oneShard, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Stream.runDrain(KinesisStream.pages({ ...fromStart, stream: "other" })))
        assert.strictEqual(error._tag, "ResourceNotFound")
        assert.include(error.message, "ListShards on other: not found")
      })))

  it.effect("B36 a stored position of a shard that has left retention is told, and what descends from it is read whole", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const [first] = yield* put(client, ["a1", "a2"])
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        yield* TestClock.adjust("1 hour")
        const { of, onEvent } = recording()
        const position = Position.afterSequenceNumber(first!)
        const reading = yield* read(KinesisStream.pages({
          ...fromStart,
          from: "latest",
          positions: { [shard0]: position },
          onEvent,
          until: Until.caughtUp
        }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["left"])
        assert.deepStrictEqual(of("ShardLost"), [{ _tag: "ShardLost", shardId: shard0, position }])
      })))

  it.effect("B36 the children of a lost shard are read although a listing failed in between", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const reading = yield* read(KinesisStream.pages(fromStart))
        yield* TestClock.adjust("1 second")
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        const down = new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" })
        let listings = 0
        yield* local.fail({
          operation: "listShards",
          error: () => {
            listings++
            return down
          },
          times: 1
        })
        yield* TestClock.adjust("90 seconds")
        assert.strictEqual(listings, 1)
        assert.deepStrictEqual(reading.texts(), ["left"])
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B35 a stored \"latest\" is resolved when reading starts", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 hour")
        const reading = yield* read(KinesisStream.pages({ ...fromStart, positions: { [shard0]: Position.latest } }))
        yield* TestClock.adjust("500 millis")
        yield* local.expireIterator({})
        yield* put(client, ["new"])
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["new"])
      })))

  it.effect("B37 a listing that is throttled for ever becomes too old like any other that fails", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const reading = yield* read(
          KinesisStream.pages({ ...fromStart, idleInterval: "10 seconds", listStaleness: "5 minutes" })
        )
        yield* TestClock.adjust("1 second")
        yield* local.throttle({ operation: "listShards", times: 10_000 })
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ThrottledError")
      })))

  it.effect("B37 failed listings are survived while shards are read, until the last good one is too old", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        const reading = yield* read(
          KinesisStream.pages({ ...fromStart, onEvent, idleInterval: "10 seconds", listStaleness: "5 minutes" })
        )
        yield* TestClock.adjust("1 second")
        const denied = new KinesisError.AccessDenied({
          operation: "ListShards",
          description: "revoked",
          action: "kinesis:ListShards"
        })
        yield* local.fail({ operation: "listShards", error: denied, times: 5 })
        yield* TestClock.adjust("4 minutes")
        yield* put(client, ["a"])
        yield* TestClock.adjust("4 minutes")
        assert.isTrue(yield* isRunning(reading.fiber), "a listing succeeded in between")
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(of("ListingFailed").length, 5)
        yield* local.fail({ operation: "listShards", error: denied, times: 1000 })
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual(yield* Effect.flip(Fiber.join(reading.fiber)), denied)
      })))

  it.effect("LATEST is one instant for all shards, also for one that is split before the listing", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 hour")
        yield* local.delay({ operation: "listShards", duration: "3 seconds" })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust("1 second")
        yield* put(client, ["parent"])
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["parent", "left"])
      })))

  it.effect("B21 a shard whose first calls fail begins at the start that another found, not at the one it tried first", () =>
    withKinesis({ ...shardsOf(2), serverClockSkew: -7_000 }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 hour")
        const error = new KinesisError.ServiceUnavailable({ operation: "GetShardIterator", description: "down" })
        yield* local.fail({ operation: "getShardIterator", shardId: shardName(1), error, times: 8 })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust("2 seconds")
        yield* put(client, ["a", "b"], to(1, 2))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
      })))

  it.effect("B21 a clock that is ahead loses nothing to a split at the start", () =>
    withKinesis({ ...oneShard, serverClockSkew: -90_000 }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 hour")
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 second")
        yield* local.delay({ operation: "listShards", duration: "3 seconds" })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...fromStart, from: "latest", onEvent }))
        yield* TestClock.adjust("1 second")
        yield* put(client, ["parent"])
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, ["left"], to(0, 2))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["parent", "left"])
        assert.strictEqual(of("ClockAhead").length, 1, "found once for all shards")
      })))

  it.effect("follows splits of splits and merges of splits, in order per key", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const reading = yield* read(KinesisStream.pages({ ...fromStart, maxRecords: 3 }))
        const hashKeys = [1n, quarter + 1n, 2n * quarter + 1n, 3n * quarter + 3n].map(String)
        let written = 0
        const write = Effect.gen(function*() {
          for (const explicitHashKey of hashKeys) {
            yield* put(client, [`${explicitHashKey}:${written}`], { partitionKey: explicitHashKey, explicitHashKey })
          }
          written++
          yield* TestClock.adjust("700 millis")
        })
        const reshards = [
          split(client, shard0, 2n * quarter),
          split(client, shardName(1), quarter),
          split(client, shardName(2), 3n * quarter),
          merge(client, shardName(4), shardName(5)),
          merge(client, shardName(3), shardName(7)),
          merge(client, shardName(8), shardName(6))
        ]
        for (const reshard of reshards) {
          yield* write
          yield* write
          yield* reshard
        }
        yield* write
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.interrupt(reading.fiber)
        const texts = reading.texts()
        assert.strictEqual(texts.length, 4 * written)
        for (const key of hashKeys) {
          assert.deepStrictEqual(
            texts.filter((text) => text.startsWith(`${key}:`)),
            Array.from({ length: written }, (_, i) => `${key}:${i}`)
          )
        }
      })))

  it.effect("elapsed ends every shard in time and starts no child after it", () =>
    withKinesis(shardsOf(3), ({ client, local }) =>
      Effect.gen(function*() {
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.elapsed("5 seconds") }))
        yield* TestClock.adjust("4500 millis")
        yield* split(client, shard0, 5n)
        yield* TestClock.adjust("500 millis")
        yield* Fiber.join(reading.fiber)
        const calls = (yield* local.calls).length
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual((yield* local.calls).length, calls, "no fiber goes on")
      })))

  it.effect("elapsed hands on the pages that came, those that wait for a slow consumer too", () =>
    withKinesis(shardsOf(25), ({ client }) =>
      Effect.gen(function*() {
        for (let shard = 0; shard < 25; shard++) yield* put(client, [`r${shard}`], to(shard, 25))
        let isSlow = true
        const reading = yield* read(
          KinesisStream.pages({ ...fromStart, until: Until.elapsed("5 seconds") }),
          () => isSlow ? Effect.sleep("20 seconds") : Effect.void
        )
        yield* TestClock.adjust("10 seconds")
        isSlow = false
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(new Set(reading.texts()).size, 25)
      })))

  it.effect("elapsed on a service that cannot be reached fails: an outage is not an empty stream", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const down = new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" })
        yield* local.fail({ operation: "listShards", error: down, times: 1000 })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.elapsed("5 seconds") }))
        yield* TestClock.adjust("5 seconds")
        const error = yield* Effect.flip(Fiber.join(reading.fiber))
        assert.strictEqual(error, down)
      })))

  it.effect("elapsed goes on with the children of a shard that was lost before anything was answered", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* local.throttle({ operation: "getShardIterator", times: 5 })
        yield* local.delay({ operation: "getRecords", duration: "2 seconds" })
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.elapsed("60 seconds") }))
        yield* TestClock.adjust("1 second")
        yield* split(client, shard0, 4n)
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        yield* put(client, ["a"])
        yield* TestClock.adjust("60 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))

  it.effect("elapsed counts from the start, the listing included; a reason that was got over is not given for another", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        yield* local.delay({ operation: "listShards", duration: "4 seconds" })
        const options = { ...fromStart, until: Until.elapsed("6 seconds") }
        const fiber = yield* Effect.fork(Stream.runDrain(KinesisStream.shards(options)))
        yield* TestClock.adjust("6 seconds")
        yield* Fiber.join(fiber)

        const denied = new KinesisError.AccessDenied({
          operation: "DescribeStreamSummary",
          description: "no",
          action: "kinesis:DescribeStreamSummary"
        })
        yield* local.fail({ operation: "describeStreamSummary", error: denied })
        yield* local.hang({ operation: "listShards" })
        const hanging = yield* read(KinesisStream.pages({ ...options, from: new Date(0) }))
        yield* TestClock.adjust("6 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(hanging.fiber)))._tag, "RequestTimeout")
      })))

  it.effect("the stream of a shard is run once: a second run is refused, not read again from its start", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const twice = Stream.flatMap(
          KinesisStream.shards({ ...fromStart, until: Until.caughtUp }),
          (shard) => Stream.concat(shard.pages, shard.pages)
        )
        const reading = yield* read(twice)
        yield* TestClock.adjust("5 seconds")
        const error = yield* Effect.flip(Fiber.join(reading.fiber))
        assert.include(error.message, "the stream of a shard can be run once")
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))

  it.effect("an interruption in the event callback does not end reading unseen", () =>
    withKinesis(shardsOf(2), ({ client }) =>
      Effect.gen(function*() {
        const reading = yield* read(KinesisStream.pages({ ...fromStart, onEvent: () => Effect.interrupt }))
        yield* TestClock.adjust("5 seconds")
        yield* put(client, ["a"], to(0, 2))
        yield* TestClock.adjust("40 seconds")
        assert.deepStrictEqual(reading.texts(), ["a"])
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("count is exact over all shards", () =>
    withKinesis(shardsOf(4), ({ client }) =>
      Effect.gen(function*() {
        for (let shard = 0; shard < 4; shard++) yield* put(client, numbered(`${shard}-`, 1, 10), to(shard, 4))
        const options = { ...fromStart, maxRecords: 3, until: Until.count(11) }
        const records = yield* Effect.fork(Stream.runCollect(KinesisStream.records(options)))
        const pages = yield* read(KinesisStream.pages(options))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(Chunk.size(yield* Fiber.join(records)), 11)
        yield* Fiber.join(pages.fiber)
        assert.strictEqual(pages.texts().length, 12)
      })))

  it.effect("idle is not decided by the last page of a closed shard, whose children are still to be read", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const options = {
          ...fromStart,
          idleInterval: "6 seconds",
          maxRecords: 3,
          until: Until.idle("10 seconds")
        } as const
        const reading = yield* read(KinesisStream.pages(options))
        yield* TestClock.adjust("7 seconds")
        yield* split(client, shard0, maxHashKey / 2n)
        yield* put(client, numbered("r", 1, 20))
        yield* TestClock.adjust("2 minutes")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(new Set(reading.texts()).size, 20)
      })))

  for (const fault of ["throttle", "hang"] as const) {
    it.effect(`idle waits for a shard whose reads meet a ${fault}: its tip is not known`, () =>
      withKinesis(shardsOf(2), ({ client, local }) =>
        Effect.gen(function*() {
          const options = { ...fromStart, maxRecords: 1, until: Until.idle("10 seconds") } as const
          const reading = yield* read(KinesisStream.pages(options))
          yield* TestClock.adjust("5 seconds")
          yield* local[fault]({ operation: "getRecords", shardId: shardName(1), times: fault === "throttle" ? 8 : 1 })
          yield* put(client, ["r1", "r2"], to(1, 2))
          yield* TestClock.adjust("2 minutes")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["r1", "r2"])
        })))
  }

  it.effect("idle ends all shards together", () =>
    withKinesis(shardsOf(3), ({ client }) =>
      Effect.gen(function*() {
        const reading = yield* read(KinesisStream.pages({ ...fromStart, until: Until.idle("5 seconds") }))
        for (let i = 1; i <= 4; i++) {
          yield* TestClock.adjust("3 seconds")
          yield* put(client, [`r${i}`], to(1, 3))
        }
        assert.isTrue(yield* isRunning(reading.fiber))
        yield* TestClock.adjust("8 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 4))
      })))

  it.effect("B15 a consumer that blocks holds up fetching: a page a shard and the buffer, no more", () =>
    withKinesis(shardsOf(20), ({ client, local }) =>
      Effect.gen(function*() {
        for (let shard = 0; shard < 20; shard++) yield* put(client, numbered(`${shard}-`, 1, 10), to(shard, 20))
        let blocked = false
        const reading = yield* read(
          KinesisStream.pages({ ...fromStart, maxRecords: 1, listInterval: "1 hour", until: Until.caughtUp }),
          () => {
            if (blocked) return Effect.void
            blocked = true
            return Effect.sleep("10 minutes")
          }
        )
        yield* TestClock.adjust("599 seconds")
        assert.isAtMost((yield* callsOf(local, "getRecords")).length, 20 + 16 + 2)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual(new Set(reading.texts()).size, 200)
        assert.strictEqual(reading.texts().length, 200)
      })))

  it.effect("interruption anywhere stops every fiber, and no call goes on", () =>
    Effect.forEach(
      [0, 1, 150, 250, 1_050, 29_500, 30_500],
      (millis) =>
        withKinesis({ ...shardsOf(3), latency: "100 millis" }, ({ client, local }) =>
          Effect.gen(function*() {
            yield* put(client, ["a"], to(0, 3)).pipe(Effect.fork)
            const reading = yield* read(KinesisStream.pages(fromStart))
            yield* TestClock.adjust(millis)
            assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(reading.fiber)))
            const calls = (yield* local.calls).length
            yield* TestClock.adjust("5 minutes")
            assert.strictEqual((yield* local.calls).length, calls)
          }))
    ))

  it.effect("an option that is wrong is refused, with its field and range, before any request", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const wrong: ReadonlyArray<readonly [Partial<KinesisStream.Options>, string]> = [
          [{ listInterval: Duration.infinity }, "invalid listInterval: must be a finite duration from 1s to 24 days"],
          [{ listInterval: 0 }, "invalid listInterval"],
          [{ positions: { [shard0]: "trim-horizon" as never } }, `invalid positions.${shard0}`],
          [{ listStaleness: Duration.infinity }, "invalid listStaleness"],
          [
            { positions: { [shard0]: Position.atSequenceNumber("x") } },
            `invalid positions.${shard0}: must be a sequence number`
          ],
          [{ maxRecords: 1.5 }, "invalid maxRecords"]
        ]
        for (const [options, message] of wrong) {
          const error = yield* Effect.flip(Stream.runDrain(KinesisStream.pages({ ...fromStart, ...options })))
          assert.strictEqual(error._tag, "InvalidArgument")
          assert.include(error.message, message)
        }
        assert.deepStrictEqual(yield* local.calls, [])
      })))
})

/** A client whose listings show only what there was before the first reshard, until told to catch up. */
const laggingListing = (client: KinesisClient.Service) =>
  Effect.sync(() => {
    let lagging = true
    return {
      catchUp: () => {
        lagging = false
      },
      client: {
        ...client,
        listShards: (request) =>
          Effect.map(client.listShards(request), (page) => ({
            ...page,
            shards: lagging ? page.shards.filter((shard) => shard.parentShardId === undefined) : page.shards
          }))
      } satisfies KinesisClient.Service
    }
  })
