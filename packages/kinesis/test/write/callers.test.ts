import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import {
  Array,
  Chunk,
  Config,
  ConfigProvider,
  Deferred,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Option,
  Random,
  Scope,
  Stream,
  Supervisor,
  TestClock
} from "effect"
import { KinesisError, Producer, type ProducerError, RecordEncoder } from "effect-kinesis"
import { made, record, records, textsIn, watched, writes } from "../support/producing.js"
import { oneShard, withKinesis } from "../support/reading.js"

const slow: LocalKinesis.Options = { streams: [{ name: "orders" }], latency: 100 }

const failing = (operation: string) => new KinesisError.ServiceUnavailable({ operation, description: "503" })

/** A producer whose scope the test closes. */
const opened = (options: Partial<Producer.Options> = {}) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { events, producer } = yield* Scope.extend(watched(options), scope)
    return { producer, events, close: Scope.close(scope, Exit.void) }
  })

describe("room", () => {
  it.effect("W18 when the buffer is full put waits, tryOffer says so, and memory keeps to the bound", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 5 * 202, maxBatchRecords: 1, maxInFlight: 1 })
        const putting = yield* Effect.fork(Effect.forEach(records(9), producer.put, { concurrency: "unbounded" }))
        yield* TestClock.adjust(10)
        assert.isAtMost((yield* producer.stats).bufferedBytes, 5 * 202 + 10)
        assert.isTrue(Option.isNone(yield* producer.tryOffer(record("no"))))
        yield* Fiber.join(putting)
        const taken = yield* producer.tryOffer(record("yes"))
        yield* Option.getOrThrow(taken)
        assert.sameMembers([...yield* textsIn(local)], [...records(9).map(({ partitionKey }) => partitionKey), "yes"])
      }).pipe(Effect.scoped)))

  it.effect("W18 a record that is larger than the buffer finds room in an empty one", () =>
    withKinesis(slow, () =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 1 })
        assert.strictEqual((yield* producer.putAll(records(3))).length, 3)
      }).pipe(Effect.scoped)))

  it.effect("W19 callers that wait for room end the linger of what is there", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 3 * 210, linger: "1 hour", recordDeadline: "1 day" })
        yield* local.hang({ operation: "putRecords" })
        const hanging = yield* Effect.fork(producer.put(record("hanging")))
        yield* TestClock.adjust(10)
        const putting = yield* Effect.fork(Effect.forEach(records(12), producer.put, { concurrency: "unbounded" }))
        yield* TestClock.adjust("2 seconds")
        // those that nobody waits behind may linger
        assert.isAtLeast((yield* producer.stats).written, 10)
        yield* Fiber.join(putting)
        yield* Fiber.join(hanging)
      }).pipe(Effect.scoped)))
})

describe("callers that are interrupted", () => {
  it.effect("W21 take back what waits, and no record of others", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxInFlight: 1 })
        const first = yield* Effect.fork(producer.put(record("first")))
        yield* TestClock.adjust(10)
        const [taken, kept] = yield* Effect.all([
          Effect.fork(producer.putAll(records(3, "taken"))),
          Effect.fork(producer.putAll(records(3, "kept")))
        ])
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(taken)
        yield* Fiber.join(first)
        yield* Fiber.join(kept)
        assert.deepStrictEqual(yield* textsIn(local), ["first", "kept0", "kept1", "kept2"])
        const { bufferedBytes, waiting, withdrawn } = yield* producer.stats
        assert.deepStrictEqual([bufferedBytes, waiting, withdrawn], [0, 0, 3])
      }).pipe(Effect.scoped)))

  it.effect("W21 take back records that wait for room, and values that were not taken yet", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 2 * 210, maxInFlight: 1 })
        let asked = 0
        function* values() {
          for (const each of records(100)) {
            asked++
            yield each
          }
        }
        const putting = yield* Effect.fork(producer.putAll(values()))
        yield* TestClock.adjust(10)
        assert.isBelow(asked, 5)
        yield* Fiber.interrupt(putting)
        yield* producer.flush
        yield* TestClock.adjust("1 second")
        assert.isBelow((yield* textsIn(local)).length, 3)
        const { bufferedBytes, waiting } = yield* producer.stats
        assert.deepStrictEqual([bufferedBytes, waiting], [0, 0])
        yield* producer.put(record("later"))
      }).pipe(Effect.scoped)))

  it.effect("W22 let go on what is on the way: it is counted as abandoned, and its room comes back", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const { events, producer } = yield* watched()
        const putting = yield* Effect.fork(producer.put(record("a")))
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(putting)
        yield* producer.flush
        assert.deepStrictEqual(yield* textsIn(local), ["a"])
        assert.deepInclude(events, { _tag: "Abandoned", outcome: "written" })
        const { bufferedBytes, waiting, written } = yield* producer.stats
        assert.deepStrictEqual([bufferedBytes, waiting, written], [0, 0, 1])
      }).pipe(Effect.scoped)))
})

describe("flush", () => {
  it.effect("W23 covers records that wait for room; several end; later puts do not prolong it", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 2 * 210, maxInFlight: 1, maxBatchRecords: 1 })
        yield* Effect.fork(producer.putAll(records(6)))
        yield* TestClock.adjust(10)
        const done = yield* Deferred.make<number>()
        const flushing = yield* Effect.fork(Effect.all([producer.flush, producer.flush], { concurrency: 2 }))
        yield* TestClock.adjust(10)
        const endless = yield* Effect.fork(
          Effect.forEach(Array.range(1, 5), () => Effect.forever(producer.put(record("later"))), {
            concurrency: "unbounded"
          })
        )
        assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Fiber.join(flushing), "5 seconds")))
        yield* Deferred.succeed(done, (yield* textsIn(local)).filter((text) => text !== "later").length)
        assert.strictEqual(yield* Deferred.await(done), 6)
        yield* Fiber.interrupt(endless)
        yield* producer.flush
      }).pipe(Effect.scoped)))

  it.effect("W23 may be used in what follows a put, and an interrupted one leaves nothing behind", () =>
    withKinesis(slow, () =>
      Effect.gen(function*() {
        const producer = yield* made()
        yield* Effect.zipRight(producer.put(record("a")), producer.flush)
        const putting = yield* Effect.fork(producer.put(record("b")))
        yield* TestClock.adjust(10)
        const flushing = yield* Effect.fork(producer.flush)
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(flushing)
        yield* Fiber.join(putting)
        yield* Effect.zipRight(producer.put(record("c")), producer.flush)
        yield* producer.flush
      }).pipe(Effect.scoped)))
})

describe("the end of a producer", () => {
  it.effect("B70 sends what was put, and tells it", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const { close, events, producer } = yield* opened({ linger: "1 hour" })
        const first = yield* Effect.fork(producer.putAll(records(1200)))
        yield* TestClock.adjust(1)
        const second = yield* Effect.fork(producer.putAll(records(30, "late")))
        yield* TestClock.adjust(1)
        yield* close
        assert.strictEqual((yield* Fiber.join(first)).length, 1200)
        assert.strictEqual((yield* Fiber.join(second)).length, 30)
        assert.strictEqual((yield* textsIn(local)).length, 1230)
        assert.deepInclude(events, { _tag: "Closed", written: 1230, unsent: 0, unknown: 0 })
      })))

  it.effect("W24 with a dead endpoint it ends within closeTimeout, and every record is told", () =>
    withKinesis({ ...slow, requestTimeout: "1 hour" }, ({ local }) =>
      Effect.gen(function*() {
        const { close, events, producer } = yield* opened({
          closeTimeout: "5 seconds",
          maxInFlight: 1,
          maxBufferedBytes: 4 * 210
        })
        yield* local.hang({ operation: "putRecords", times: 1000 })
        const putting = yield* Effect.fork(producer.putAllSettled(records(10)))
        const offered = yield* producer.offer(record("offered")).pipe(Effect.fork)
        yield* TestClock.adjust(10)
        const [duration] = yield* Effect.timed(close)
        assert.strictEqual(Duration.toMillis(duration), 5_000)
        const outcomes = yield* Fiber.join(putting)
        assert.strictEqual(outcomes.length, 10)
        const told = outcomes.map((outcome) =>
          Either.isLeft(outcome) ? `${outcome.left.reason} ${outcome.left.written}` : "written"
        )
        assert.strictEqual(told[0], "closed unknown")
        assert.strictEqual(told.at(-1), "closed no")
        const ack = yield* Fiber.join(offered)
        assert.strictEqual((yield* Effect.flip(ack)).reason, "closed")
        assert.strictEqual((yield* textsIn(local)).length, 0)
        const closed = events.at(-1)!
        assert.isTrue(closed._tag === "Closed" && closed.unknown >= 1 && closed.written === 0)
      })))

  it.effect("W25 a put after it fails at once; one that races it is told written or closed", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const { close, producer } = yield* opened()
        const racing = yield* Effect.forEach(records(50), (each, index) =>
          Effect.fork(Effect.delay(Effect.either(producer.put(each)), index)))
        yield* TestClock.adjust(20)
        yield* close
        const outcomes = yield* Effect.forEach(racing, Fiber.join)
        const written = outcomes.filter(Either.isRight).length
        assert.isAbove(written, 0)
        assert.strictEqual((yield* textsIn(local)).length, written)
        for (const outcome of outcomes) {
          if (Either.isLeft(outcome)) {
            assert.strictEqual(outcome.left._tag, "ProducerClosed")
          }
        }
        for (const door of [producer.put, producer.offer, producer.tryOffer] as const) {
          assert.strictEqual(
            (yield* Effect.flip(door(record("x")) as Effect.Effect<unknown, ProducerError.ProducerClosed>))._tag,
            "ProducerClosed"
          )
        }
        assert.strictEqual((yield* Effect.flip(producer.putAll([])))._tag, "ProducerClosed")
      })))

  it.effect("W40 leaves no fiber behind", () =>
    withKinesis(slow, () =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.track
        const program = Effect.gen(function*() {
          const { close, producer } = yield* opened()
          yield* producer.putAll(records(10))
          assert.isAbove((yield* supervisor.value).length, 1)
          yield* close
        })
        yield* Effect.supervised(program, supervisor)
        assert.deepStrictEqual(yield* supervisor.value, [])
      })))
})

describe("the doors", () => {
  it.effect("offer gives an acknowledgement that may be awaited by several, or by nobody", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        const ack = yield* producer.offer(record("a"))
        void (yield* producer.offer(record("b")))
        const both = yield* Effect.all([ack, ack, Effect.timeoutOption(ack, 1)], { concurrency: 3 })
        assert.strictEqual(both[0], both[1])
        assert.strictEqual(yield* ack, both[0])
        yield* producer.flush
        assert.deepStrictEqual(yield* textsIn(local), ["a", "b"])
      }).pipe(Effect.scoped)))

  it.effect("a sink writes a stream in its order, and sums up", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 100 * 210 })
        const summary = yield* Stream.run(Stream.rechunk(Stream.fromIterable(records(1000)), 30), producer.sink)
        assert.strictEqual(summary.written, 1000)
        assert.strictEqual(summary.failed, 0)
        assert.strictEqual(
          summary.bytes,
          records(1000).reduce((sum, { data, partitionKey }) => sum + data.length + partitionKey.length, 0)
        )
        assert.deepStrictEqual(yield* textsIn(local), records(1000).map(({ partitionKey }) => partitionKey))
      }).pipe(Effect.scoped)))

  it.effect("a sink fails with the first record that is given up, or hands each to onFailed and goes on", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made()
        const bad = { data: new Uint8Array(2_000_000), partitionKey: "big" }
        const input = Stream.fromIterable([...records(5), bad, ...records(5, "s")])
        const error = yield* Effect.flip(Stream.run(input, producer.sink))
        assert.isTrue(error._tag === "PutError" && error.reason === "invalid")
        const dead: Array<string> = []
        const summary = yield* Stream.run(
          input,
          producer.sinkWith({ onFailed: (error) => Effect.sync(() => dead.push(error.entry!.partitionKey!)) })
        )
        assert.deepStrictEqual([summary.written, summary.failed, dead], [10, 1, ["big"]])
        assert.include(yield* textsIn(local), "s4")
      }).pipe(Effect.scoped)))

  it.effect("a sink that is interrupted takes back what waits", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ maxInFlight: 1 })
        const running = yield* Effect.fork(
          Stream.run(
            Stream.concat(
              Stream.make(record("a")),
              Stream.concat(
                Stream.drain(Stream.fromEffect(Effect.sleep(5))),
                Stream.concat(Stream.fromIterable(records(20)), Stream.never)
              )
            ),
            producer.sink
          )
        )
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(running)
        yield* producer.flush
        yield* TestClock.adjust("1 second")
        assert.isBelow((yield* textsIn(local)).length, 2)
        assert.strictEqual((yield* producer.stats).waiting, 0)
      }).pipe(Effect.scoped)))

  it.effect("putAll takes an iterable as there is room, and yields to others", () =>
    withKinesis(slow, () =>
      Effect.gen(function*() {
        const producer = yield* made({ maxBufferedBytes: 1000 * 210 })
        const receipts = yield* producer.putAll(Chunk.fromIterable(records(3000)))
        assert.strictEqual(receipts.length, 3000)
      }).pipe(Effect.scoped)))

  it.effect("a tag has layers, with options of the program or of the environment", () =>
    withKinesis(slow, ({ client, local }) => {
      class Lines extends Producer.Tag<Lines, string>()("Lines") {}
      const encoder = RecordEncoder.utf8({ partitionKey: (line) => line })
      const kinesis = Layer.succeed(LocalKinesis.LocalKinesis, local)
      const live = Lines.layer({ stream: "orders", encoder })
      const configured = Lines.layerConfig(
        Config.map(
          Config.all({ options: Producer.config, stream: Config.string("STREAM") }),
          ({ options, stream }) => ({
            ...options,
            stream,
            encoder
          })
        )
      )
      const putting = (line: string) => Effect.flatMap(Lines, (lines) => lines.put(line))
      void client
      return Effect.gen(function*() {
        yield* Effect.provide(putting("a"), live)
        yield* Effect.provide(putting("b"), configured).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["STREAM", "orders"], ["KINESIS_ORDER", "key"]])))
        )
        assert.deepStrictEqual(yield* textsIn(local), ["a", "b"])
      }).pipe(Effect.provide(kinesis))
    }))

  it.effect("W37 at any quiet moment what was accepted was written, has failed, or waits", () =>
    withKinesis(slow, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: "2 seconds" })
        yield* local.failEntries({ entries: (entry) => entry.partitionKey!.endsWith("7"), times: 1000 })
        const putting = yield* Effect.fork(
          Effect.forEach(records(40), (each, index) => Effect.delay(Effect.either(producer.put(each)), index * 10), {
            concurrency: "unbounded"
          })
        )
        for (const _ of Array.range(1, 60)) {
          yield* TestClock.adjust(50)
          const { accepted, failed, waiting, withdrawn, written } = yield* producer.stats
          assert.strictEqual(accepted, written + failed + waiting + withdrawn)
          assert.isAtMost(written, (yield* textsIn(local)).length)
        }
        yield* Fiber.join(putting)
        const { failed, waiting, written } = yield* producer.stats
        assert.deepStrictEqual([written, failed, waiting], [36, 4, 0])
        assert.strictEqual((yield* textsIn(local)).length, 36)
      }).pipe(Effect.scoped)))

  it.effect("W38 a record's bytes reach no message and no log; the error's entry has them", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const producer = yield* made({ recordDeadline: 1 })
        yield* local.fail({ operation: "putRecords", times: 1000, error: failing })
        const error = yield* Effect.flip(
          producer.put({ data: new TextEncoder().encode("secret"), partitionKey: "secretKey" })
        )
        assert.isTrue(error._tag === "PutError")
        if (error._tag !== "PutError") return
        const bytes = globalThis.Array.from(new TextEncoder().encode("secret")).join()
        const all = yield* Effect.flip(
          producer.putAll([{ data: new TextEncoder().encode("secret"), partitionKey: "secretKey" }])
        )
        for (const printed of [error.message, JSON.stringify(error), String(error), JSON.stringify(all), all.message]) {
          assert.notInclude(printed, "secret")
          assert.notInclude(printed.replaceAll(/[^\d,]/g, ""), bytes)
        }
        assert.strictEqual(error.entry!.partitionKey, "secretKey")
      }).pipe(Effect.scoped)))

  it.effect("W42 the same seed gives the same requests", () =>
    Effect.gen(function*() {
      const run = withKinesis({ streams: [{ name: "orders", shardCount: 3 }], latency: 7 }, ({ local }) =>
        Effect.gen(function*() {
          const producer = yield* made()
          yield* local.failEntries({
            entries: (_, index) =>
              index % 5 === 0,
            times: 5
          })
          yield* Effect.forEach(records(50), (each, index) => Effect.delay(producer.put(each), index), {
            concurrency: "unbounded"
          })
          return (yield* writes(local)).map((
            { at, request }
          ) => [
            at,
            (request as { records: Array<{ partitionKey: string }> }).records.map(({ partitionKey }) => partitionKey)
          ])
        }).pipe(Effect.scoped))
      const seeded = Effect.suspend(() =>
        Effect.withRandom(run, Random.make("seed"))
      )
      assert.deepStrictEqual(yield* seeded, yield* seeded)
    }))
})
