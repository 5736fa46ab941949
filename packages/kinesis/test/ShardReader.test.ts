import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Exit, Fiber, Metric, Schedule, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisMetrics, Position, ShardReader, Until } from "effect-kinesis"
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
  withKinesis
} from "./support/reading.js"

const fromStart = { stream: "orders", shardId: shard0, from: "trim-horizon" } as const

const provideClient = (client: KinesisClient.Service) => Effect.provideService(KinesisClient.KinesisClient, client)

/** Splits the only shard in its middle. */
const middle = String(maxHashKey / 2n + 1n)
const splitShard0 = { stream: "orders", shardToSplit: shard0, newStartingHashKey: middle }

describe("reading one shard", () => {
  it.effect("B1 empty pages are not the end: records behind three of them are yielded", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a", "b"])
        yield* local.emptyPages({ times: 3 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.pages.map((page) => page.records.length), [0, 0, 0, 2])
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
      })))

  it.effect("B2 the records of the last page of a closed shard are yielded, then the shard completes", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a", "b"])
        yield* client.splitShard(splitShard0)
        const { events, of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        const last = reading.pages.at(-1)!
        assert.deepStrictEqual(last.position, Position.shardEnd)
        assert.strictEqual(last.childShards.length, 2)
        assert.strictEqual(of("ShardEnded").length, 1)
        assert.strictEqual(events.at(-1)?._tag, "ShardEnded")
      })))

  it.effect("B3 a caught-up page is yielded before reading stops", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 5))
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 5))
        assert.strictEqual((yield* callsOf(local, "getRecords")).length, 1)
      })))

  it.effect("B5 at most 51 reads in 10 s, whatever the pages bring", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 40))
        yield* local.emptyPages({ times: 20 })
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, maxRecords: 1, idleInterval: 0, until: Until.elapsed("10 seconds") })
        )
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        const calls = yield* callsOf(local, "getRecords")
        assert.isAtMost(calls.length, 51)
        assert.isAtLeast(calls.length, 50)
        for (let i = 1; i < calls.length; i++) assert.isAtLeast(calls[i]!.at - calls[i - 1]!.at, 200)
        assert.isTrue(calls.every((call) => call.outcome === "ok" || call.outcome === "pending"), "nothing throttled")
      })))

  it.effect("B5 a refused read keeps the spacing too", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        yield* local.throttle({ operation: "getRecords", times: 30 })
        const retry = Schedule.forever
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, throttleRetry: retry, until: Until.elapsed("5 seconds") })
        )
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ThrottledError")
        const calls = yield* callsOf(local, "getRecords")
        assert.isAtMost(calls.length, 26)
        assert.isAtLeast(calls.length, 25)
      })))

  it.effect("B6 waits the minimum while behind and the idle interval at the tip", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* local.emptyPages({ times: 2 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.elapsed("4 seconds") }))
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual((yield* callsOf(local, "getRecords")).map((call) => call.at), [
          0,
          200,
          400,
          1400,
          2400,
          3400
        ])
      })))

  it.effect("B8 waits for the byte budget after a large page instead of drawing a throttle", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const large = "x".repeat(1024 * 1024 - 1)
        for (let i = 0; i < 12; i++) {
          yield* put(client, [large], { partitionKey: "k" })
          yield* TestClock.adjust("1100 millis")
        }
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        const calls = yield* callsOf(local, "getRecords")
        assert.deepStrictEqual(calls.map((call) => call.outcome), ["ok", "ok"])
        assert.isAtLeast(calls[1]!.at - calls[0]!.at, 4_900)
        assert.strictEqual(reading.texts().length, 12)
      })))

  it.effect("B9 a throttled read keeps its iterator, backs off exponentially to a cap, and starts afresh after a success", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* local.throttle({ operation: "getRecords", times: 12 })
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("60 seconds")
        const calls = yield* callsOf(local, "getRecords")
        const refused = calls.slice(0, 13)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(new Set(refused.map((call) => call.request.shardIterator)).size, 1)
        assert.strictEqual((yield* callsOf(local, "getShardIterator")).length, 1)
        const waits = refused.slice(1).map((call, i) => call.at - refused[i]!.at)
        for (const [i, wait] of waits.entries()) {
          const expected = Math.min(200 * 2 ** i, 5_000)
          assert.isAtLeast(wait, Math.max(200, expected * 0.79), `wait ${i}`)
          assert.isAtMost(wait, expected * 1.21, `wait ${i}`)
        }
        assert.strictEqual(of("Throttled").length, 12)

        yield* local.throttle({ operation: "getRecords" })
        yield* TestClock.adjust("2 seconds")
        const later = yield* callsOf(local, "getRecords")
        const again = later.findLastIndex((call) => call.outcome === "ThrottledError")
        assert.isAtMost(later[again + 1]!.at - later[again]!.at, 250)
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B10 what may pass is repeated; what stays wrong fails at once with its type", () =>
    Effect.gen(function*() {
      const call = { operation: "GetRecords", stream: "orders", shardId: shard0, description: "as told" }
      const passing = [
        new KinesisError.ThrottledError({ ...call, reason: "kms" }),
        new KinesisError.ServiceUnavailable(call),
        new KinesisError.RequestTimeout(call)
      ]
      const staying = [
        new KinesisError.InvalidArgument(call),
        new KinesisError.AccessDenied({ ...call, action: "kinesis:GetRecords" }),
        new KinesisError.KmsError({ ...call, code: "KMSDisabledException" })
      ]
      for (const error of passing) {
        yield* withKinesis(oneShard, ({ client, local }) =>
          Effect.gen(function*() {
            yield* put(client, ["a"])
            yield* local.fail({ operation: "getRecords", error, times: 3 })
            const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
            yield* TestClock.adjust("10 seconds")
            yield* Fiber.join(reading.fiber)
            assert.deepStrictEqual(reading.texts(), ["a"], error._tag)
          }))
      }
      for (const error of staying) {
        yield* withKinesis(oneShard, ({ local }) =>
          Effect.gen(function*() {
            yield* local.fail({ operation: "getRecords", error })
            const reading = yield* read(ShardReader.pages(fromStart))
            yield* TestClock.adjust("10 seconds")
            assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber))).message, error.message)
            assert.strictEqual((yield* callsOf(local, "getRecords")).length, 1)
          }))
      }
    }))

  it.effect("B10 a failure that does not pass ends reading after five minutes, with that failure", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        yield* local.fail({
          operation: "getRecords",
          error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "down" }),
          times: 10_000
        })
        const reading = yield* read(ShardReader.pages(fromStart))
        yield* TestClock.adjust("4 minutes")
        assert.isTrue((yield* Fiber.poll(reading.fiber))._tag === "None")
        yield* TestClock.adjust("2 minutes")
        const error = yield* Effect.flip(Fiber.join(reading.fiber))
        assert.strictEqual(error._tag, "ServiceUnavailable")
      })))

  it.effect("B11 an expired iterator resumes exactly after the last record", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const sequenceNumbers = yield* put(client, numbered("r", 1, 5))
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("100 millis")
        yield* local.expireIterator({})
        yield* put(client, numbered("r", 6, 8))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 8))
        const iterators = yield* callsOf(local, "getShardIterator")
        assert.deepStrictEqual(iterators[1]!.request.position, Position.afterSequenceNumber(sequenceNumbers[4]!))
        assert.strictEqual(iterators.length, 2)
        assert.deepStrictEqual(of("IteratorExpired"), [{
          _tag: "IteratorExpired",
          shardId: shard0,
          resumedAt: Position.afterSequenceNumber(sequenceNumbers[4]!)
        }])
      })))

  it.effect("ready is told once, whatever iterators come after the first", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const { of, onEvent } = recording()
        yield* put(client, ["a"])
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("10 seconds")
        yield* local.expireIterator({})
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(of("IteratorExpired").length, 1)
        assert.strictEqual(of("Ready").length, 1)
        yield* Fiber.interrupt(reading.fiber)
      })))

  it.effect("B12 an iterator that expires before any record resumes at the resolved start", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["before"])
        yield* TestClock.adjust("1 hour")
        const start = yield* Clock.currentTimeMillis
        const reading = yield* read(ShardReader.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust("500 millis")
        yield* local.throttle({ operation: "getRecords", times: 66 })
        yield* TestClock.adjust("1 minute")
        yield* put(client, ["after"])
        yield* TestClock.adjust("8 minutes")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["after"])
        const calls = yield* callsOf(local, "getRecords")
        assert.isTrue(calls.some((call) => call.outcome === "ExpiredIterator"))
        const iterators = yield* callsOf(local, "getShardIterator")
        assert.deepStrictEqual(iterators.map((call) => call.request.position), [
          Position.atTimestamp(start),
          Position.atTimestamp(start)
        ])
      })))

  it.effect("B13 an expired iterator after empty pages resumes after the last record", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const [, second] = yield* put(client, ["a", "b"])
        const reading = yield* read(ShardReader.pages(fromStart))
        yield* TestClock.adjust("5 seconds")
        yield* local.expireIterator({})
        yield* put(client, ["c"])
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b", "c"])
        const iterators = yield* callsOf(local, "getShardIterator")
        assert.deepStrictEqual(iterators.at(-1)!.request.position, Position.afterSequenceNumber(second!))
      })))

  it.effect("B15 a consumer that blocks for ten minutes gets every record once, in order, and holds up fetching", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 30))
        let blocked = false
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, maxRecords: 1 }),
          () => {
            if (blocked) return Effect.void
            blocked = true
            return Effect.sleep("10 minutes")
          }
        )
        yield* TestClock.adjust("599 seconds")
        assert.isAtMost((yield* callsOf(local, "getRecords")).length, 2)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 30))
      })))

  it.effect("B16 a read that never answers is interrupted after 30 s, counted and made again", () =>
    withKinesis({ streams: [{ name: "b16" }] }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"], { stream: "b16" })
        yield* local.hang({ operation: "getRecords" })
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, stream: "b16", onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(reading.texts(), [])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.deepStrictEqual(of("CallFailed").map((event) => event.error._tag), ["RequestTimeout"])
        const { count } = yield* counted(KinesisMetrics.timeouts, {
          stream: "b16",
          operation: "GetRecords",
          shard: shard0
        })
        assert.strictEqual(count, 1)
      })))

  it.effect("B17 three throttled attempts are three in the metrics", () =>
    withKinesis({ streams: [{ name: "b17" }] }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a", "b"], { stream: "b17" })
        yield* local.throttle({ operation: "getRecords", times: 3 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, stream: "b17", until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        const call = { stream: "b17", operation: "GetRecords", shard: shard0 }
        assert.strictEqual((yield* counted(KinesisMetrics.throttles, call)).count, 3)
        assert.strictEqual((yield* counted(KinesisMetrics.attempts, call)).count, 4)
        assert.strictEqual((yield* counted(KinesisMetrics.records, { stream: "b17", shard: shard0 })).count, 2)
        assert.strictEqual((yield* counted(KinesisMetrics.pages, { stream: "b17", shard: shard0 })).count, 1)
      })))

  it.effect("B18 a wait between two reads ends at once when the scope closes", () =>
    withKinesis(oneShard, () =>
      Effect.gen(function*() {
        const reading = yield* read(ShardReader.pages({ ...fromStart, idleInterval: "30 seconds" }))
        yield* TestClock.adjust("1 second")
        const exit = yield* Fiber.interrupt(reading.fiber)
        assert.isTrue(Exit.isInterrupted(exit))
        assert.strictEqual(yield* Clock.currentTimeMillis, 1_000)
      })))

  it.effect("B19 LATEST is resolved once: what is written before the first iterator is yielded", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["old"])
        yield* TestClock.adjust("1 minute")
        yield* local.delay({ operation: "getShardIterator", duration: "2 seconds" })
        const reading = yield* read(ShardReader.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust("1 second")
        yield* put(client, ["new"])
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["new"])
      })))

  it.effect("B20 a quiet shard keeps its live iterator", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        const reading = yield* read(ShardReader.pages({ ...fromStart, from: new Date(30_000) }))
        yield* TestClock.adjust("10 minutes")
        yield* put(client, ["a"])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual((yield* callsOf(local, "getShardIterator")).length, 1)
      })))

  it.effect("B21 a clock that is 90 s ahead starts at the same moment of the service's clock", () =>
    withKinesis({ ...oneShard, serverClockSkew: -90_000 }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("10 minutes")
        yield* put(client, ["before"])
        yield* TestClock.adjust("1 second")
        yield* local.delay({ operation: "getShardIterator", duration: "2 seconds" })
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, from: "latest", onEvent }))
        yield* TestClock.adjust("1 second")
        yield* put(client, ["after"])
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["after"])
        assert.deepStrictEqual(of("ClockAhead").map((event) => event.skewMillis), [90_000])
      })))

  it.effect("B21 a start in the future of both clocks is refused", () =>
    withKinesis(oneShard, () =>
      Effect.gen(function*() {
        const reading = yield* read(ShardReader.pages({ ...fromStart, from: new Date(60_000) }))
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "InvalidArgument")
      })))

  it.effect("B23 a start before retention begins with the oldest record, with one warning that names the retention", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("30 hours")
        yield* put(client, ["a"])
        const { of, onEvent } = recording()
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, from: new Date(3_600_000), onEvent, until: Until.caughtUp })
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.deepStrictEqual(of("StartClamped"), [
          { _tag: "StartClamped", requested: 3_600_000, retentionPeriodHours: 24 }
        ])
      })))

  it.effect("B36 a shard that has left retention ends with an event; a stream that is gone is a typed failure", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const [sequenceNumber] = yield* put(client, ["a"])
        yield* client.splitShard(splitShard0)
        yield* local.expireShard({ stream: "orders", shardId: shard0 })
        const { of, onEvent } = recording()
        const from = Position.afterSequenceNumber(sequenceNumber!)
        const lost = yield* read(ShardReader.pages({ ...fromStart, from, onEvent }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(lost.fiber)
        assert.deepStrictEqual(of("ShardLost"), [{ _tag: "ShardLost", shardId: shard0, position: from }])

        const mistyped = yield* Effect.flip(Stream.runDrain(ShardReader.pages({ ...fromStart, shardId: "shard-0" })))
        assert.strictEqual(mistyped._tag, "ResourceNotFound")

        const reading = yield* read(ShardReader.pages({ ...fromStart, shardId: "shardId-000000000001" }))
        yield* TestClock.adjust("1 second")
        yield* client.deleteStream({ stream: "orders" })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ResourceNotFound")
      })))

  it.effect("B36 one answer of not found does not end a shard that is listed", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const error = new KinesisError.ResourceNotFound({
          operation: "GetRecords",
          shardId: shard0,
          description: "odd"
        })
        yield* local.fail({ operation: "getRecords", error, times: 2 })
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(of("CallFailed").length, 2)
      })))

  it.effect("B62 expired credentials are asked for once more, then fail", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const error = new KinesisError.AccessDenied({
          operation: "GetRecords",
          description: "the security token has expired",
          action: "kinesis:GetRecords",
          reason: "expired"
        })
        yield* local.fail({ operation: "getRecords", error })
        const renewed = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(renewed.fiber)
        assert.deepStrictEqual(renewed.texts(), ["a"])
        yield* local.fail({ operation: "getRecords", error, times: 10 })
        const refused = yield* read(ShardReader.pages(fromStart))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(refused.fiber))).message, error.message)
        assert.strictEqual((yield* callsOf(local, "getRecords")).length, 4)
      })))

  it.effect("B21 a position before any record goes by the service's clock, so it resumes without a gap", () =>
    withKinesis({ ...oneShard, serverClockSkew: -90_000 }, ({ client }) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("1 hour")
        const quiet = yield* read(ShardReader.pages({ ...fromStart, from: "latest" }))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.interrupt(quiet.fiber)
        yield* put(client, ["while down"])
        yield* TestClock.adjust("100 seconds")
        const from = quiet.pages.at(-1)!.position
        const resumed = yield* read(ShardReader.pages({ ...fromStart, from, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(resumed.fiber)
        assert.deepStrictEqual(resumed.texts(), ["while down"])
      })))

  it.effect("a client that interrupts itself is a defect, not an end", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        const broken = { ...client, getRecords: () => Effect.interrupt }
        const exit = yield* Effect.exit(Stream.runDrain(ShardReader.pages(fromStart))).pipe(provideClient(broken))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      })))

  it.effect("B14 a consumer that was away for long gets a fresh iterator, and none expires", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const [first] = yield* put(client, ["a", "b"])
        let away = true
        const reading = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 1 }), () => {
          if (!away) return Effect.void
          away = false
          return Effect.sleep("7 minutes")
        })
        yield* TestClock.adjust("8 minutes")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        assert.deepStrictEqual(
          (yield* callsOf(local, "getShardIterator")).map((call) => call.request.position),
          [Position.trimHorizon, Position.afterSequenceNumber(first!)]
        )
        assert.isTrue((yield* callsOf(local, "getRecords")).every((call) => call.outcome !== "ExpiredIterator"))
      })))

  for (const onTrimmed of ["trim-horizon", "fail"] as const) {
    it.effect(`B25 a stored position that is refused: ${onTrimmed}, after an event`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          const [stored] = yield* put(client, ["a", "b"])
          const refused = new KinesisError.InvalidArgument({ operation: "GetShardIterator", description: "trimmed" })
          yield* local.fail({ operation: "getShardIterator", error: refused })
          const from = Position.afterSequenceNumber(stored!)
          const { of, onEvent } = recording()
          const reading = yield* read(
            ShardReader.pages({ ...fromStart, from, onEvent, onTrimmed, until: Until.caughtUp })
          )
          yield* TestClock.adjust("2 seconds")
          if (onTrimmed === "fail") {
            assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ResourceNotFound")
          } else {
            yield* Fiber.join(reading.fiber)
            assert.deepStrictEqual(reading.texts(), ["a", "b"])
          }
          assert.deepStrictEqual(of("DataLossPossible"), [
            { _tag: "DataLossPossible", shardId: shard0, position: from, reason: "trimmed" }
          ])
        })))

    it.effect(`B25 a stored position that brings nothing, the whole retention behind: ${onTrimmed}, after an event`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          const [stored] = yield* put(client, ["a", "b"])
          yield* TestClock.adjust("23 hours")
          yield* put(client, ["c"])
          yield* TestClock.adjust("59 minutes")
          yield* local.emptyPages({ times: 3 })
          const from = Position.afterSequenceNumber(stored!)
          const { of, onEvent } = recording()
          const reading = yield* read(
            ShardReader.pages({ ...fromStart, from, onEvent, onTrimmed, until: Until.caughtUp })
          )
          yield* TestClock.adjust("10 seconds")
          if (onTrimmed === "fail") {
            assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber)))._tag, "ResourceNotFound")
          } else {
            yield* Fiber.join(reading.fiber)
            assert.deepStrictEqual(reading.texts(), ["b", "c"], "what was read before does not come again")
          }
          assert.deepStrictEqual(of("DataLossPossible").map((event) => event.reason), [
            "24 hours behind without a record"
          ])
        })))
  }

  describe("start", () => {
    it.effect("every position begins where it says", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          const sequenceNumbers: Array<string> = []
          for (const text of ["a", "b", "c", "d"]) {
            sequenceNumbers.push(...(yield* put(client, [text])))
            yield* TestClock.adjust("1 minute")
          }
          const expected: ReadonlyArray<readonly [ShardReader.Options["from"], ReadonlyArray<string>]> = [
            ["trim-horizon", ["a", "b", "c", "d"]],
            ["latest", []],
            [new Date(60_000), ["b", "c", "d"]],
            [Position.atTimestamp(60_001), ["c", "d"]],
            [Position.atSequenceNumber(sequenceNumbers[1]!), ["b", "c", "d"]],
            [Position.afterSequenceNumber(sequenceNumbers[1]!), ["c", "d"]],
            [Position.shardEnd, []]
          ]
          for (const [from, texts] of expected) {
            const reading = yield* read(ShardReader.pages({ ...fromStart, from, until: Until.caughtUp }))
            yield* TestClock.adjust("1 second")
            yield* Fiber.join(reading.fiber)
            assert.deepStrictEqual(reading.texts(), texts, JSON.stringify(from))
          }
        })))

    it.effect("the position of any page resumes exactly there", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, numbered("r", 1, 7))
          const reading = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 2, until: Until.caughtUp }))
          yield* TestClock.adjust("5 seconds")
          for (const [i, page] of reading.pages.entries()) {
            const rest = yield* read(ShardReader.pages({ ...fromStart, from: page.position, until: Until.caughtUp }))
            yield* TestClock.adjust("2 seconds")
            yield* Fiber.join(rest.fiber)
            assert.deepStrictEqual(rest.texts(), numbered("r", 1, 7).slice(2 * (i + 1)))
          }
        })))
  })

  describe("until", () => {
    it.effect("elapsed ends in time, in the middle of a call too, and never cuts a handler", () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["a"])
          let finished = 0
          const handled = yield* read(
            ShardReader.pages({ ...fromStart, until: Until.elapsed("3 seconds") }),
            (page) =>
              page.records.length === 0 ? Effect.void : Effect.delay(Effect.sync(() => void finished++), "5 seconds")
          )
          yield* TestClock.adjust("4 seconds")
          assert.strictEqual(finished, 0)
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(handled.fiber)
          assert.strictEqual(finished, 1)

          yield* local.hang({ operation: "getRecords" })
          const hanging = yield* read(ShardReader.pages({ ...fromStart, until: Until.elapsed("3 seconds") }))
          yield* TestClock.adjust("3 seconds")
          yield* Fiber.join(hanging.fiber)
          assert.deepStrictEqual(hanging.pages, [])
        })))

    it.effect("instant ends with the page that passes it, and on an idle shard with the clock", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          for (const text of ["a", "b", "c", "d"]) {
            yield* put(client, [text])
            yield* TestClock.adjust("10 seconds")
          }
          const past = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 1, until: Until.instant(20_000) }))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(past.fiber)
          assert.deepStrictEqual(past.texts(), ["a", "b", "c"])
          const coming = yield* read(ShardReader.pages({ ...fromStart, until: Until.instant(new Date(60_000)) }))
          yield* TestClock.adjust("14 seconds")
          assert.isTrue((yield* Fiber.poll(coming.fiber))._tag === "None")
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.join(coming.fiber)
        })))

    it.effect("instant and idle go by the moment at which a page was asked for, however long it was handled", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          const slowly = (until: Until.Until) =>
            read(ShardReader.pages({ ...fromStart, until }), () => Effect.sleep("20 seconds"))
          const instant = yield* slowly(Until.instant(10_000))
          const idle = yield* slowly(Until.idle("15 seconds"))
          yield* TestClock.adjust("5 seconds")
          yield* put(client, ["a"])
          yield* TestClock.adjust("100 seconds")
          yield* Fiber.join(instant.fiber)
          yield* Fiber.join(idle.fiber)
          assert.deepStrictEqual(instant.texts(), ["a"])
          assert.deepStrictEqual(idle.texts(), ["a"])
        })))

    it.effect("elapsed holds from the start, and an outage in it is a failure", () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          const down = new KinesisError.ServiceUnavailable({ operation: "any", description: "down" })
          const options = { ...fromStart, until: Until.elapsed("10 seconds") }
          for (const operation of ["describeStreamSummary", "getShardIterator", "getRecords"] as const) {
            yield* local.fail({ operation, error: down, times: 1000 })
            const reading = yield* read(ShardReader.pages({ ...options, from: new Date(0) }))
            yield* TestClock.adjust("10 seconds")
            assert.strictEqual((yield* Effect.flip(Fiber.join(reading.fiber))).message, down.message, operation)
            yield* local.clearFaults
          }
          yield* put(client, ["a"])
          yield* local.fail({ operation: "getShardIterator", error: down, times: 3 })
          const recovering = yield* read(ShardReader.pages(options))
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.join(recovering.fiber)
          assert.deepStrictEqual(recovering.texts(), ["a"])
        })))

    it.effect("count gives exactly as many records; its last page is whole", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, numbered("r", 1, 9))
          const options = { ...fromStart, maxRecords: 2, until: Until.count(3) }
          const pages = yield* read(ShardReader.pages(options))
          const records = yield* Effect.fork(Stream.runCollect(ShardReader.records(options)))
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(pages.fiber)
          assert.deepStrictEqual(pages.texts(), numbered("r", 1, 4))
          assert.strictEqual((yield* Fiber.join(records)).length, 3)
        })))

    it.effect("idle ends when nothing has come for so long", () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, ["a"])
          const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.idle("5 seconds") }))
          yield* TestClock.adjust("3 seconds")
          yield* put(client, ["b"])
          yield* TestClock.adjust("5 seconds")
          assert.isTrue((yield* Fiber.poll(reading.fiber))._tag === "None")
          yield* TestClock.adjust("3 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a", "b"])
        })))
  })

  it.effect("an option that is wrong is refused, with its field and range, before any request", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const wrong: ReadonlyArray<readonly [Partial<ShardReader.Options>, string]> = [
          [{ maxRecords: 0 }, "invalid maxRecords: must be a whole number from 1 to 10000, was 0"],
          [{ maxRecords: 10_001 }, "invalid maxRecords"],
          [{ pollInterval: Duration.infinity }, "invalid pollInterval: must be a finite duration from 0 to 24 days"],
          [{ pollInterval: Number.NaN }, "invalid pollInterval"],
          [{ pollInterval: -1 }, "invalid pollInterval"],
          [{ pollInterval: "-5 seconds" }, "invalid pollInterval"],
          [{ idleInterval: "soon" as never }, "invalid idleInterval"],
          [{ stream: undefined as never }, "invalid stream"],
          [{ from: undefined as never }, "invalid from"],
          [{ from: { _tag: "Elsewhere" } as never }, "invalid from: must be \"trim-horizon\", \"latest\", a date"],
          [{ until: Until.elapsed(-1) }, "invalid until"],
          [{ until: Until.elapsed("25 days") }, "invalid until: must be a finite duration from 0 to 24 days"],
          [{ until: {} as never }, "invalid until: must be a value of Until"],
          [{ idleInterval: Duration.infinity }, "invalid idleInterval"],
          [{ stream: "" }, "invalid stream: must be a stream's name"],
          [{ stream: "arn:aws:s3:::bucket" }, "invalid stream"],
          [{ shardId: "" }, "invalid shardId"],
          [{ from: Position.afterSequenceNumber("07") }, "invalid from: must be a sequence number, was \"07\""],
          [{ from: new Date(Number.NaN) }, "invalid from: must be a valid date"],
          [{ until: Until.count(0) }, "invalid until: must be a whole number of records, at least 1, was 0"],
          [{ until: Until.instant(new Date(Number.NaN)) }, "invalid until: must be a valid date"]
        ]
        for (const [options, message] of wrong) {
          const error = yield* Effect.flip(Stream.runDrain(ShardReader.pages({ ...fromStart, ...options })))
          assert.strictEqual(error._tag, "InvalidArgument")
          assert.include(error.message, message)
        }
        assert.deepStrictEqual(yield* local.calls, [])
      })))

  it.effect("an event callback that fails is logged and changes nothing", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const reading = yield* read(
          ShardReader.pages({
            ...fromStart,
            until: Until.caughtUp,
            onEvent: () => {
              throw new Error("a bug of the user")
            }
          })
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        const interrupting = yield* read(
          ShardReader.pages({ ...fromStart, until: Until.caughtUp, onEvent: () => Effect.interrupt })
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(interrupting.fiber)
        assert.deepStrictEqual(interrupting.texts(), ["a"])
      })))

  it.effect("a handler that throws fails the stream's run, and reading ends", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const exit = yield* Effect.exit(
          Stream.runForEach(ShardReader.pages(fromStart), () =>
            Effect.sync(() => {
              throw new Error("a bug of the user")
            }))
        )
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* callsOf(local, "getRecords")).length, 1)
      })))

  it.effect("a read whose answer was lost is made again: nothing is lost, nothing comes twice", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"], { explicitHashKey: hashKeyOf(0, 1) })
        yield* local.loseAnswer({ operation: "getRecords", times: 2 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))
})

/** The value of a metric under its tags. */
const counted = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>, tags: Record<string, string>) =>
  Metric.value(Object.entries(tags).reduce((tagged, [key, value]) => Metric.tagged(tagged, key, value), metric))
