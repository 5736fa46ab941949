/** What may go wrong while a shard has no fiber of its own. */
import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Clock, Effect, Exit, Fiber, FiberRef, Logger, LogLevel, Option, Random, TestClock } from "effect"
import { KinesisClient, KinesisStream, type Page, Position, ShardReader, Until } from "effect-kinesis"
import type { GetRecordsResponse } from "effect-kinesis/KinesisApi"
import type { ExpiredIterator, KinesisError } from "effect-kinesis/KinesisError"
import { ThrottledError } from "effect-kinesis/KinesisError"
import * as Scheduler from "../src/internal/reading/scheduler.js"
import {
  callsOf,
  hashKeyOf,
  oneShard,
  put,
  read,
  type Reading,
  recording,
  shard0,
  shardName,
  textsOf,
  withKinesis
} from "./support/reading.js"
import { recordingTracer } from "./support/spans.js"

const shard1 = shardName(1)
const hour = 3_600_000
const orders = { stream: "orders", from: "trim-horizon" } as const

/** An answer, with so many records: the sequence numbers of a shard rise by 1 from its first record on. */
const answer = (records: number, millisBehindLatest: number, first = 1): GetRecordsResponse => ({
  records: Array.from({ length: records }, (_, index) => ({
    stream: "orders",
    shardId: shard0,
    sequenceNumber: String(first + index),
    partitionKey: "key",
    data: new TextEncoder().encode(String(first + index)),
    approximateArrivalTimestamp: undefined
  })),
  nextShardIterator: "next",
  millisBehindLatest,
  childShards: []
})

const idle = answer(0, 0)

const throttled = new ThrottledError({
  operation: "GetRecords",
  stream: "orders",
  description: "",
  reason: "throughput"
})

type Answer = Effect.Effect<GetRecordsResponse, KinesisError | ExpiredIterator>

/** Open shards, whose requests for records get the answer that is given by shard and number of the request. */
const scripted = (shards: number, answerOf: (shardId: string, nth: number) => Answer) => {
  const calls: Array<string> = []
  const requests = new Map<string, number>()
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
    describeStreamSummary: () =>
      Effect.sync(() => {
        calls.push("DescribeStreamSummary")
        return { retentionPeriodHours: 24 }
      }),
    getShardIterator: ({ position, shardId }: { readonly position: Position.Position; readonly shardId: string }) =>
      Effect.sync(() => {
        calls.push(`GetShardIterator ${shardId} ${Position.format(position)}`)
        return { shardIterator: "first" }
      }),
    getRecords: ({ shardId }: { readonly shardId: string }) =>
      Effect.suspend(() => {
        const nth = (requests.get(shardId) ?? 0) + 1
        requests.set(shardId, nth)
        return answerOf(shardId, nth)
      })
  } as unknown as KinesisClient.Service
  return {
    calls,
    requests: (shardId: string) => requests.get(shardId) ?? 0,
    client: Effect.provideService(KinesisClient.KinesisClient, client)
  }
}

const after = (millis: number, given: GetRecordsResponse): Answer => Effect.delay(Effect.succeed(given), millis)

/** Runs a test with a fiber for each shard, and with one sleep for all. */
const bothWays = <E>(test: (hasFibers: boolean) => Effect.Effect<void, E>) =>
  Effect.forEach([true, false], (hasFibers) => Effect.locally(test(hasFibers), Scheduler.hasFibers, hasFibers), {
    discard: true
  })

const recordsOf = (pages: ReadonlyArray<Page.Page>): number =>
  pages.reduce((sum, { records }) => sum + records.length, 0)

describe("a shard that rests", () => {
  it.effect("B25 is looked after when it turns out to be behind by its whole retention, before its page is handed on", () =>
    bothWays(() =>
      VirtualTime.run(Effect.gen(function*() {
        const { onEvent, of } = recording()
        const { calls, client } = scripted(1, (_, nth) =>
          Effect.succeed(nth < 4 ? answer(0, hour) : nth === 4 ? answer(0, 24 * hour) : answer(1, 0, nth)))
        const positions = { [shard0]: Position.afterSequenceNumber("1") }
        const { fiber, pages } = yield* client(read(KinesisStream.pages({ ...orders, positions, onEvent })))
        yield* Effect.sleep("5 seconds")
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(calls, [
          `GetShardIterator ${shard0} ${Position.format(Position.afterSequenceNumber("1"))}`,
          "DescribeStreamSummary",
          `GetShardIterator ${shard0} ${Position.format(Position.trimHorizon)}`
        ])
        assert.strictEqual(of("DataLossPossible").length, 1)
        assert.deepStrictEqual(textsOf(pages).slice(0, 2), ["5", "6"])
      }))
    ))

  it.effect("B14 gets an iterator in time when it sleeps for longer than one is valid, as other readers do", () =>
    Effect.forEach(
      ["fibers", "one sleep", "ShardReader"],
      (way) =>
        withKinesis(oneShard, ({ client, local }) =>
          Effect.gen(function*() {
            const options = { ...orders, idleInterval: "10 minutes" } as const
            const { fiber, pages, texts } = yield* read(
              way === "ShardReader" ? ShardReader.pages({ ...options, shardId: shard0 }) : KinesisStream.pages(options)
            ).pipe(Effect.locally(Scheduler.hasFibers, way === "fibers"))
            yield* Effect.sleep("15 minutes")
            yield* put(client, ["a", "b"])
            yield* Effect.sleep("46 minutes")
            yield* Fiber.interrupt(fiber)
            assert.deepStrictEqual([pages.length, ...texts()], [7, "a", "b"], way)
            const calls = yield* callsOf(local, "getRecords")
            assert.isTrue(calls.every(({ outcome }) => outcome === "ok"), way)
            assert.strictEqual((yield* callsOf(local, "getShardIterator")).length, 7, way)
          }))
    ))

  it.effect("brings a page that came in an outage before it counts towards the end of the reading", () =>
    bothWays(() =>
      VirtualTime.run(Effect.gen(function*() {
        for (const untilOf of [() => Until.count(3), (now: number) => Until.instant(now + 100), () => Until.caughtUp]) {
          const until = untilOf(yield* Clock.currentTimeMillis)
          const { client, requests } = scripted(2, (shardId, nth) =>
            shardId === shard1
              ? nth === 2 ? Effect.fail(throttled) : Effect.succeed(answer(0, nth < 20 ? 1 : 0))
              : nth === 1
              ? Effect.succeed(answer(0, 1))
              : after(100, answer(3, 0)))
          const { fiber, pages } = yield* client(read(KinesisStream.pages({ ...orders, until })))
          yield* Effect.sleep("3 minutes")
          assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)), until._tag)
          assert.isAtLeast(requests(shard1), 2)
          assert.strictEqual(recordsOf(pages.filter(({ shardId }) => shardId === shard0)), 3, until._tag)
        }
      }))
    ))

  it.effect("makes its calls with the context, the log annotations and the span of the reading", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { named, tracer } = recordingTracer()
      const ref = FiberRef.unsafeMake("unset")
      const seen: Array<readonly [shardId: string, ref: string, annotation: unknown]> = []
      const { client } = scripted(3, (shardId) =>
        Effect.gen(function*() {
          const annotations = yield* Effect.logAnnotations
          seen.push([
            shardId,
            yield* FiberRef.get(ref),
            Option.getOrUndefined(Arr.findFirst(annotations, ([name]) => name === "mine"))?.[1]
          ])
          yield* FiberRef.set(ref, `changed by ${shardId}`)
          return idle
        }).pipe(Effect.withSpan("call")))
      const { fiber } = yield* client(read(KinesisStream.pages(orders))).pipe(
        Effect.withSpan("reading"),
        Effect.annotateLogs("mine", "yes"),
        Effect.locally(ref, "set"),
        Effect.withTracer(tracer)
      )
      yield* Effect.sleep(5_500)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(seen.length, 18)
      for (const [, value, annotation] of seen) assert.deepStrictEqual([value, annotation], ["set", "yes"])
      const spans = named("call")
      assert.strictEqual(spans.length, 18)
      assert.isTrue(spans.every(({ parent }) => parent === "reading"))
    })))

  it.effect("says nothing of requests that fail, but what a fiber of its own says", () => {
    const logOf = (hasFibers: boolean) =>
      withKinesis({ streams: [{ name: "orders", shardCount: 3 }] }, ({ local }) =>
        Effect.gen(function*() {
          const lines: Array<string> = []
          const logger = Logger.make(({ logLevel, message }) =>
            void lines.push(`${logLevel.label} ${Arr.ensure(message).join(" ")}`)
          )
          const { fiber } = yield* read(KinesisStream.pages(orders)).pipe(
            Effect.locally(Scheduler.hasFibers, hasFibers),
            Effect.provide(Logger.add(logger)),
            Logger.withMinimumLogLevel(LogLevel.All)
          )
          yield* Effect.sleep("2 seconds")
          yield* local.throttle({ operation: "getRecords", shardId: shard0, times: 2 })
          yield* local.expireIterator({ shardId: shard1, times: 1 })
          yield* Effect.sleep("10 seconds")
          yield* Fiber.interrupt(fiber)
          return lines.sort()
        }))
    return Effect.map(
      Effect.all([logOf(true), logOf(false)]),
      ([fibers, resting]) => assert.deepStrictEqual(resting, fibers)
    )
  })

  it.effect("fails the reading when its call is interrupted from within, or dies", () =>
    bothWays(() =>
      VirtualTime.run(Effect.gen(function*() {
        for (
          const [end, words] of [[Effect.interrupt, "interrupted from within"], [
            Effect.die("broken"),
            "broken"
          ]] as const
        ) {
          const { client } = scripted(5, (shardId, nth) => shardId === shard1 && nth === 3 ? end : Effect.succeed(idle))
          const { fiber } = yield* client(read(KinesisStream.pages(orders)))
          const exit = yield* Fiber.await(fiber)
          assert.include(String(Exit.isFailure(exit) && exit.cause), words)
        }
      }))
    ))

  it.effect("fails the reading when the clock that it sleeps by dies or is interrupted", () =>
    VirtualTime.run(Effect.gen(function*() {
      const clock = yield* Effect.clock
      for (const end of [Effect.die("no more time"), Effect.interrupt]) {
        let isBroken = false
        const broken: Clock.Clock = {
          ...clock,
          sleep: (duration) => Effect.suspend(() => isBroken ? end : clock.sleep(duration))
        }
        const { client } = scripted(5, () => Effect.succeed(idle))
        const { fiber } = yield* client(read(KinesisStream.pages(orders))).pipe(Effect.withClock(broken))
        yield* Effect.sleep("2500 millis")
        isBroken = true
        yield* Effect.sleep("2 seconds")
        assert.isTrue(Option.exists(yield* Fiber.poll(fiber), Exit.isFailure))
      }
    })))

  it.effect("goes on when the clock is set back", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ client }) =>
      Effect.gen(function*() {
        const { fiber, texts } = yield* read(KinesisStream.pages(orders))
        yield* Effect.sleep("10 seconds")
        const now = yield* Clock.currentTimeMillis
        yield* TestClock.setTime(now - 5_000)
        yield* put(client, ["a", "b", "c"])
        yield* Effect.sleep("20 seconds")
        assert.sameMembers([...texts()], ["a", "b", "c"])
        yield* Fiber.interrupt(fiber)
      })))

  /** Shards that sleep, wait for room, have a call under way, have a page held back, fail, expire, end, and have no proof of it yet. */
  const troubled = <A>(
    options: Partial<KinesisStream.Options>,
    use: (reading: Reading<KinesisError>) => Effect.Effect<A>
  ) =>
    withKinesis(
      { streams: [{ name: "orders", shardCount: 8 }], latency: 20 },
      ({ client, local }) =>
        Effect.gen(function*() {
          const reading = yield* read(KinesisStream.pages({ ...orders, ...options }), () => Effect.sleep(15))
          yield* Effect.fork(Effect.gen(function*() {
            yield* Effect.sleep(1_490)
            const getRecords = (shard: number) => ({ operation: "getRecords", shardId: shardName(shard) }) as const
            yield* local.throttle({ ...getRecords(1), times: 2 })
            yield* local.expireIterator(getRecords(2))
            yield* local.omit({ ...getRecords(3), fields: ["nextShardIterator"], times: 2 })
            yield* local.delay({ ...getRecords(4), duration: 700 })
            const shardToSplit = shardName(5)
            yield* client.splitShard({ stream: "orders", shardToSplit, newStartingHashKey: hashKeyOf(5, 8) })
            yield* put(client, ["a", "b", "c", "d", "e"])
          }))
          const result = yield* use(reading)
          yield* Effect.sleep("5 seconds")
          const { length } = yield* local.calls
          yield* Effect.sleep("1 hour")
          assert.strictEqual((yield* local.calls).length, length)
          const clock = yield* TestClock.testClock()
          assert.deepStrictEqual([...(yield* clock.sleeps)], [])
          return result
        }).pipe(Effect.withRandom(Random.fixed([0.5])))
    )

  const moments = Arr.makeBy(40, (step) => 1_001 + 53 * step)

  it.effect("leaves nothing behind, whenever the reading is interrupted", () =>
    Effect.forEach(
      [1, 2 ** 30],
      (maxReadAheadBytes) =>
        Effect.forEach(moments, (millis) =>
          troubled({ maxReadAheadBytes }, ({ fiber }) =>
            Effect.zipRight(Effect.sleep(millis), Fiber.interrupt(fiber))))
    ))

  it.effect("ends with the time of the reading, whenever that is, as a fiber of its own does", () =>
    Effect.forEach(moments, (millis) =>
      Effect.gen(function*() {
        const ended = (hasFibers: boolean) =>
          troubled({ until: Until.elapsed(millis) }, ({ fiber, pages, texts }) =>
            Effect.gen(function*() {
              const startedAt = yield* Clock.currentTimeMillis
              const { _tag } = yield* Fiber.await(fiber)
              const now = yield* Clock.currentTimeMillis
              return { _tag, after: now - startedAt, pages: pages.length, texts: [...texts()].sort() }
            })).pipe(Effect.locally(Scheduler.hasFibers, hasFibers))
        assert.deepStrictEqual(yield* ended(false), yield* ended(true), String(millis))
      })))
})
