/** Consumers whose handlers are given values. */
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Deferred,
  Effect,
  Either,
  Fiber,
  Option,
  ParseResult,
  Schedule,
  Schema,
  Stream,
  TestClock
} from "effect"
import {
  Consumer,
  FailurePolicy,
  KinesisError,
  type KinesisEvent,
  KinesisMetrics,
  KinesisStream,
  RecordDecoder,
  ShardReader,
  Until
} from "effect-kinesis"
import * as Metric from "effect/Metric"
import * as Zlib from "node:zlib"
import { application, eventually, withGroup, type World } from "../support/groups.js"
import { oneShard, shard0 } from "../support/reading.js"

const Order = Schema.Struct({ id: Schema.Int })
const encoder = new TextEncoder()
const group = { application, stream: "orders", from: "trim-horizon" } as const

/** Writes records, one by one; gives their sequence numbers. */
const write = ({ client }: World, records: ReadonlyArray<string | Uint8Array>, partitionKey = "a") =>
  Effect.forEach(records, (data) =>
    Effect.map(
      client.putRecord({
        stream: "orders",
        partitionKey,
        data: typeof data === "string" ? encoder.encode(data) : data
      }),
      ({ sequenceNumber }) => sequenceNumber
    ))

const lines = (...ids: ReadonlyArray<number | string>) =>
  ids.map((id) => typeof id === "number" ? `{"id":${id}}` : id).join("\n")

const storedIn = (world: World) =>
  Effect.map(
    world.leases.leases(application),
    ([lease]) =>
      lease?.checkpoint?._tag === "AfterSequenceNumber" ? lease.checkpoint.sequenceNumber : lease?.checkpoint?._tag
  )

/** Stops a consumer in order, and gives what is stored then. */
const storedAfter = <E>(world: World, fiber: Fiber.RuntimeFiber<Consumer.Summary, E>) =>
  Effect.gen(function*() {
    const stopping = yield* Effect.fork(Fiber.interrupt(fiber))
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(stopping)
    return yield* storedIn(world)
  })

describe("a handler of values", () => {
  it.effect("is given what the decoder finds, with its place", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1), lines(2)])
        const seen: Array<unknown> = []
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          decode: RecordDecoder.json(Order),
          handler: ({ sequenceNumber, value }, shard) =>
            Effect.sync(() => seen.push([value.id, sequenceNumber, shard.shardId]))
        }))
        yield* eventually("both", () => seen.length === 2)
        assert.deepStrictEqual(seen, [[1, written[0], shard0], [2, written[1], shard0]])
        assert.strictEqual(yield* storedAfter(world, fiber), written[1])
      })))

  it.effect("composes: what was gzipped, then lines of JSON, by a schema that needs a service", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        class Prices extends Context.Tag("Prices")<Prices, ReadonlyMap<number, number>>() {}
        const Priced = Schema.transformOrFail(Order, Schema.Number, {
          decode: ({ id }) =>
            Effect.map(Effect.zipLeft(Prices, Effect.sleep("10 millis")), (prices) => prices.get(id)!),
          encode: (_, __, ast) => ParseResult.fail(new ParseResult.Forbidden(ast, _, "one way"))
        })
        yield* write(world, [new Uint8Array(Zlib.gzipSync(lines(1, 2))), new Uint8Array(Zlib.gzipSync(lines(3)))])
        const prices: Array<number> = []
        yield* Effect.fork(
          Consumer.run({
            ...group,
            decode: RecordDecoder.gzip().pipe(RecordDecoder.compose(RecordDecoder.ndjson(Priced))),
            handler: ({ value }) => Effect.sync(() => prices.push(value))
          }).pipe(Effect.provideService(Prices, new Map([[1, 10], [2, 20], [3, 30]])))
        )
        yield* eventually("all prices", () => prices.length === 3)
        assert.deepStrictEqual(prices, [10, 20, 30])
      })))

  it.effect("a record with several values is acknowledged when all of them are handled", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1), lines(2, 3, 4), lines(5)])
        const gate = yield* Deferred.make<void>()
        const ids: Array<number> = []
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          checkpointInterval: "100 millis",
          decode: RecordDecoder.ndjson(Order),
          handler: ({ value: { id } }) =>
            Effect.zipRight(id === 4 ? Deferred.await(gate) : Effect.void, Effect.sync(() => ids.push(id)))
        }))
        yield* eventually("two of three values", () => ids.length === 3)
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(ids, [1, 2, 3])
        assert.strictEqual(yield* storedIn(world), written[0])
        yield* Deferred.succeed(gate, undefined)
        yield* eventually("the rest", () => ids.length === 5)
        assert.deepStrictEqual(ids, [1, 2, 3, 4, 5])
        assert.strictEqual(yield* storedAfter(world, fiber), written[2])
      })))

  it.effect("restart in the middle of a record: it is handled again from its first value, the one before it is not", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1), lines(2, 3, 4), lines(5)])
        const ids: Array<number> = []
        let failures = 1
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          onFailure: FailurePolicy.restart(Schedule.recurs(3)),
          decode: RecordDecoder.ndjson(Order),
          handler: ({ value: { id } }) =>
            Effect.suspend(() => {
              if (id === 3 && failures-- > 0) return Effect.fail("no")
              return Effect.sync(() => ids.push(id))
            })
        }))
        yield* eventually("all values", () => ids.includes(5))
        assert.deepStrictEqual(ids, [1, 2, 2, 3, 4, 5])
        assert.strictEqual(yield* storedAfter(world, fiber), written[2])
      })))

  it.effect("a record without values is acknowledged at once", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, ["\n", lines(1), " \n\n"])
        const ids: Array<number> = []
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          decode: RecordDecoder.ndjson(Order),
          handler: ({ value }) => Effect.sync(() => ids.push(value.id))
        }))
        yield* eventually("the value", () => ids.length === 1)
        assert.strictEqual(yield* storedAfter(world, fiber), written[2])
      })))

  it.effect("several at once: no more records than that, those of a key and the values of a record in order", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        for (const key of ["a", "b", "c"]) {
          const at = "abc".indexOf(key) * 100
          yield* write(world, [lines(at + 1, at + 2), "\n", lines(at + 3), lines(at + 4, at + 5)], key)
        }
        const ids: Array<number> = []
        let running = 0
        let most = 0
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          concurrency: 2,
          decode: RecordDecoder.ndjson(Order),
          handler: ({ value: { id } }) =>
            Effect.gen(function*() {
              most = Math.max(most, ++running)
              yield* Effect.sleep(`${50 + (id * 37) % 90} millis`)
              running--
              ids.push(id)
            })
        }))
        yield* eventually("all values", () => ids.length === 15)
        for (const at of [0, 100, 200]) {
          assert.deepStrictEqual(ids.filter((id) => id - at > 0 && id - at < 100), [1, 2, 3, 4, 5].map((id) => at + id))
        }
        assert.strictEqual(most, 2)
        yield* storedAfter(world, fiber)
      })))
})

describe("a record that cannot be decoded", () => {
  const bad = "{\"id\":\"x\"}"

  it.effect("fails the consumer by default with a DecodeError that has its place and bytes; nothing after it is handled", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1), bad, lines(2)])
        const ids: Array<number> = []
        const fiber = yield* Effect.fork(
          Consumer.run({
            ...group,
            decode: RecordDecoder.json(Order),
            handler: ({ value }) => Effect.sync(() => ids.push(value.id))
          }).pipe(
            Effect.as(undefined),
            Effect.catchTag("DecodeError", Effect.succeed)
          )
        )
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(fiber)
        assert.instanceOf(error, KinesisError.DecodeError)
        assert.strictEqual(error.sequenceNumber, written[1])
        assert.deepStrictEqual(error.data, encoder.encode(bad))
        assert.deepStrictEqual(ids, [1])
        assert.strictEqual(yield* storedIn(world), written[0])
      })))

  for (const [what, handling] of [["records", "handler"], ["pages", "pageHandler"]] as const) {
    it.effect(`is told of as the decoder's failure, and what a handler fails with as the handler's, of ${what}`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          yield* write(world, [bad, lines(1)])
          const events: Array<KinesisEvent.KinesisEvent> = []
          const fiber = yield* Effect.fork(Consumer.run({
            ...group,
            decode: RecordDecoder.json(Order),
            onFailure: FailurePolicy.skip,
            onEvent: (event) => Effect.sync(() => events.push(event)),
            [handling as "handler"]: () => Effect.fail("no")
          }))
          const errors = () => events.flatMap((event) => event._tag === "HandlerFailed" ? [event.error] : [])
          yield* eventually("both failures", () => errors().length === 2)
          assert.deepStrictEqual(errors().map(({ source }) => source), ["decoder", "handler"])
          assert.match(errors()[0]!.message, /^the decoder failed on orders\/shardId-0+ at \d+: /)
          assert.match(errors()[1]!.message, /^the handler failed on orders\/shardId-0+ at \d+: no$/)
          yield* Fiber.interrupt(fiber)
        })))
  }

  it.effect("a dead letter is sent the record and the DecodeError, by a key of its own for each bad value; the others are handled", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        class Letters extends Context.Tag("Letters")<Letters, Array<FailurePolicy.Failed<unknown>>>() {}
        const letters: Array<FailurePolicy.Failed<unknown>> = []
        const written = yield* write(world, [lines(1, "{", 2, "}", 3), bad])
        const ids: Array<number> = []
        const fiber = yield* Effect.fork(
          Consumer.run({
            ...group,
            decode: RecordDecoder.ndjson(Order),
            onFailure: FailurePolicy.deadLetter((failed) => Effect.map(Letters, (letters) => letters.push(failed))),
            handler: ({ value }) => Effect.sync(() => ids.push(value.id))
          }).pipe(Effect.provideService(Letters, letters))
        )
        yield* eventually("the letters", () => letters.length === 3)
        assert.deepStrictEqual(ids, [1, 2, 3])
        const place = (at: number) => `billing/orders/${shard0}/${written[at]}/0/1`
        assert.deepStrictEqual(letters.map(({ idempotencyKey }) => idempotencyKey), [
          `${place(0)}/1`,
          `${place(0)}/3`,
          place(1)
        ])
        for (const [index, { error: { failure, valueIndex }, records }] of letters.entries()) {
          assert.instanceOf(Option.getOrThrow(failure), KinesisError.DecodeError)
          assert.deepStrictEqual(records.map(({ sequenceNumber }) => sequenceNumber), [written[index < 2 ? 0 : 1]])
          assert.strictEqual(valueIndex, [1, 3, undefined][index])
        }
        assert.strictEqual(yield* storedAfter(world, fiber), written[1])
      })))

  it.effect("onInvalid \"skip\" leaves it out and counts it, whatever the policy", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [bad, lines(1), bad])
        const ids: Array<number> = []
        const events: Array<KinesisEvent.KinesisEvent> = []
        const skipped = Effect.map(
          Metric.value(
            KinesisMetrics.recordsSkipped.pipe(Metric.tagged("stream", "orders"), Metric.tagged("shard", shard0))
          ),
          ({ count }) => count
        )
        const before = yield* skipped
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          onEvent: (event) => Effect.sync(() => void events.push(event)),
          decode: RecordDecoder.json(Order, { onInvalid: "skip" }),
          handler: ({ value }) => Effect.sync(() => ids.push(value.id))
        }))
        yield* eventually("the good one", () => ids.length === 1)
        assert.strictEqual(yield* storedAfter(world, fiber), written[2])
        assert.strictEqual((yield* skipped) - before, 2)
        assert.isFalse(events.some(({ _tag }) => _tag === "HandlerFailed"))
      })))

  it.effect("onInvalid with an effect runs it, in the record's turn; one that fails goes to the policy", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1, "?", 2), lines("!", 3)])
        const seen: Array<string> = []
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          onFailure: FailurePolicy.deadLetter(({ error }) =>
            Effect.sync(() => seen.push(`dead: ${Option.getOrThrow(error.failure)}`))
          ),
          decode: RecordDecoder.ndjson(Order, {
            onInvalid: ({ data }: KinesisError.DecodeError) =>
              Effect.suspend(() => {
                const isLast = new TextDecoder().decode(data).includes("!")
                return isLast ? Effect.fail("refused") : Effect.sync(() => void seen.push("told"))
              })
          }),
          handler: ({ value }) => Effect.sync(() => seen.push(`${value.id}`))
        }))
        yield* eventually("all", () => seen.length === 5)
        assert.deepStrictEqual(seen, ["1", "told", "2", "dead: refused", "3"])
        assert.strictEqual(yield* storedAfter(world, fiber), written[1])
      })))

  it.effect("onInvalid \"either\" hands it to the handler", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* write(world, [lines(1), bad])
        const seen: Array<unknown> = []
        yield* Effect.fork(Consumer.run({
          ...group,
          decode: RecordDecoder.json(Order, { onInvalid: "either" }),
          handler: Either.match({
            onLeft: (error) => Effect.sync(() => seen.push(error._tag)),
            onRight: ({ value }) => Effect.sync(() => seen.push(value.id))
          })
        }))
        yield* eventually("both", () => seen.length === 2)
        assert.deepStrictEqual(seen, [1, "DecodeError"])
      })))

  it.effect("a decoder that throws or dies has failed on its record", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* write(world, [lines(1), lines(2), lines(3)])
        const json = RecordDecoder.json(Order)
        let calls = 0
        const decode: typeof json = Object.assign(json.bind(undefined) as typeof json, {
          pipe: json.pipe,
          decodeRecord: (record: Parameters<typeof json.decodeRecord>[0]) => {
            if (++calls === 1) throw new Error("thrown")
            return calls === 2 ? Effect.die(new Error("died")) : json.decodeRecord(record)
          }
        })
        const causes: Array<string> = []
        const ids: Array<number> = []
        yield* Effect.fork(Consumer.run({
          ...group,
          decode,
          onFailure: FailurePolicy.deadLetter(({ error }) => Effect.sync(() => causes.push(error.description))),
          handler: ({ value }) => Effect.sync(() => ids.push(value.id))
        }))
        yield* eventually("the third", () => ids.length === 1)
        assert.deepStrictEqual([causes, ids], [["thrown", "died"], [3]])
      })))
})

describe("a handler of pages", () => {
  it.effect("is given the values of a page together; what is bad goes to the policy first", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, [lines(1, "?", 2), "\n", lines(3)])
        const pages: Array<unknown> = []
        const letters: Array<string> = []
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          decode: RecordDecoder.ndjson(Order),
          onFailure: FailurePolicy.deadLetter(({ idempotencyKey }) => Effect.sync(() => letters.push(idempotencyKey))),
          pageHandler: ({ records, values }) =>
            Effect.sync(() =>
              pages.push([records.length, values.map(({ sequenceNumber, value }) => [value.id, sequenceNumber])])
            )
        }))
        yield* eventually("the page", () => pages.length === 1)
        assert.deepStrictEqual(pages, [[3, [[1, written[0]], [2, written[0]], [3, written[2]]]]])
        assert.deepStrictEqual(letters, [`billing/orders/${shard0}/${written[0]}/0/1/1`])
        assert.strictEqual(yield* storedAfter(world, fiber), written[2])
      })))

  it.effect("a page without values is acknowledged and not handled; one that fails is not acknowledged", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        const written = yield* write(world, ["\n", "\n", lines(1), lines(2)])
        const fiber = yield* Effect.fork(Consumer.run({
          ...group,
          maxRecords: 2,
          decode: RecordDecoder.ndjson(Order),
          pageHandler: ({ values }) => Effect.fail(values.map(({ value }) => value.id))
        }))
        yield* TestClock.adjust("5 seconds")
        const exit = yield* Fiber.await(fiber)
        assert.deepStrictEqual(exit._tag === "Failure" && Cause.failureOption(exit.cause), Option.some([1, 2]))
        assert.strictEqual(yield* storedIn(world), written[1])
      })))
})

describe("services that users' effects need", () => {
  class Notes extends Context.Tag("Notes")<Notes, Array<string>>() {}
  const note = (what: string) => Effect.map(Notes, (notes) => void notes.push(what))

  it.effect("are there for a consumer's handlers, schedules, onEvent and stopWhen, wherever it runs", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* write(world, [lines(1)])
        const notes: Array<string> = []
        const consumer = yield* Consumer.make({
          ...group,
          onEvent: ({ _tag }) => _tag === "LeaseAcquired" ? note("event") : Effect.void,
          onFailure: FailurePolicy.restart(Schedule.tapInput(Schedule.recurs(1), () => note("schedule"))),
          stopWhen: Effect.zipRight(Effect.sleep("10 seconds"), note("stop")),
          handler: () => Effect.zipRight(note("handler"), Effect.fail("no"))
        }).pipe(Effect.provideService(Notes, notes))
        const fiber = yield* Effect.fork(consumer.run)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), "no")
        assert.deepStrictEqual(notes, ["event", "handler", "schedule", "handler", "schedule", "stop"])
      })).pipe(Effect.scoped))

  it.effect("are there for onEvent of readers", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* write(world, [lines(1)])
        const notes: Array<string> = []
        const options = {
          stream: "orders",
          from: "trim-horizon",
          until: Until.caughtUp,
          onEvent: ({ _tag }: KinesisEvent.KinesisEvent) => note(_tag)
        } as const
        const readers = [KinesisStream.records(options), ShardReader.records({ ...options, shardId: shard0 })]
        for (const records of readers) {
          notes.length = 0
          yield* Effect.fork(Effect.provideService(Stream.runDrain(records), Notes, notes))
          yield* TestClock.adjust("5 seconds")
          assert.include(notes, "PageRead")
        }
      })))
})
