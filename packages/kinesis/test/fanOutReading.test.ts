/** Streams and groups whose shards are pushed. */
import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Clock, Effect, Fiber, Logger, Stream } from "effect"
import { type KinesisClient, type KinesisEvent, KinesisStream, Position, Until } from "effect-kinesis"
import { aggregate } from "../src/internal/record/aggregation.js"
import { mortal, run, stop, withGroup } from "./support/groups.js"
import { hashKeyOf, maxHashKey, numbered, put, shard0, shardName, textsOf, withKinesis } from "./support/reading.js"

const consumer = "app"
const orders = { stream: "orders", from: "trim-horizon", fanOut: consumer } as const
const twoShards: LocalKinesis.Options = { streams: [{ name: "orders", shardCount: 2 }] }

/** Texts that are written to both shards in turn. */
const putBoth = (client: KinesisClient.Service, texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text, index) => put(client, [text], { explicitHashKey: hashKeyOf(index % 2, 2) }), {
    discard: true
  })

const countOf = (local: LocalKinesis.Service, operation: KinesisClient.Operation) =>
  Effect.map(local.calls, (calls) => calls.filter((call) => call.operation === operation).length)

const sorted = (texts: ReadonlyArray<string>) => [...texts].sort()

/** Reads in the background, and notes what comes and what happens. */
const reading = (options: Partial<KinesisStream.Options> = {}) =>
  Effect.gen(function*() {
    const texts: Array<string> = []
    const events: Array<KinesisEvent.KinesisEvent> = []
    const onEvent = (event: KinesisEvent.KinesisEvent) => Effect.sync(() => void events.push(event))
    const fiber = yield* Effect.fork(
      KinesisStream.pages({ ...orders, onEvent, ...options }).pipe(
        Stream.runForEach((page) => Effect.sync(() => void texts.push(...textsOf([page]))))
      )
    )
    return { fiber, texts, events }
  })

const consumersOf = (client: KinesisClient.Service) =>
  Effect.gen(function*() {
    const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
    return (yield* client.listStreamConsumers({ streamArn })).consumers
  })

describe("a stream whose shards are pushed", () => {
  it.effect("registers its consumer, and follows splits and merges without a read", () =>
    withKinesis(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        const { fiber, texts } = yield* reading()
        yield* Effect.sleep("3 seconds")
        const polls = yield* countOf(local, "getRecords")
        yield* putBoth(client, numbered("a", 10, 39))
        yield* client.splitShard({
          stream: "orders",
          shardToSplit: shard0,
          newStartingHashKey: String(maxHashKey / 4n)
        })
        yield* putBoth(client, numbered("b", 10, 39))
        yield* Effect.sleep("10 seconds")
        yield* client.mergeShards({ stream: "orders", shardToMerge: shardName(2), adjacentShardToMerge: shardName(3) })
        yield* putBoth(client, numbered("c", 10, 39))
        yield* Effect.sleep("10 minutes")
        assert.deepStrictEqual(
          sorted(texts),
          [...numbered("a", 10, 39), ...numbered("b", 10, 39), ...numbered("c", 10, 39)]
        )
        assert.strictEqual(yield* countOf(local, "getRecords"), polls)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual((yield* consumersOf(client)).map(({ consumerName }) => consumerName), [consumer])
        assert.deepStrictEqual(yield* local.subscriptions, [])
      })))

  it.effect("B59 F114 reads by polling at once while its consumer is CREATING, and is pushed after that", () =>
    withKinesis({ ...twoShards, transition: "30 seconds" }, ({ client, local }) =>
      Effect.gen(function*() {
        yield* putBoth(client, numbered("a", 10, 19))
        const { fiber, texts } = yield* reading()
        yield* Effect.sleep("3 seconds")
        assert.deepStrictEqual(sorted(texts), numbered("a", 10, 19))
        yield* Effect.sleep("1 minute")
        const polls = yield* countOf(local, "getRecords")
        yield* putBoth(client, numbered("b", 10, 19))
        yield* Effect.sleep("1 minute")
        assert.deepStrictEqual(sorted(texts), [...numbered("a", 10, 19), ...numbered("b", 10, 19)])
        assert.strictEqual(yield* countOf(local, "getRecords"), polls)
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("F84 F86 a consumer that somebody deregisters ends no shard: it is registered anew", () =>
    withKinesis(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        const { events, fiber, texts } = yield* reading()
        yield* Effect.sleep("10 seconds")
        const [before] = yield* consumersOf(client)
        yield* putBoth(client, numbered("a", 10, 19))
        yield* Effect.sleep("3 seconds")
        yield* local.deregister({ stream: "orders", consumer })
        yield* putBoth(client, numbered("b", 10, 19))
        yield* Effect.sleep("1 minute")
        yield* putBoth(client, numbered("c", 10, 19))
        yield* Effect.sleep("10 seconds")
        assert.deepStrictEqual(
          sorted(texts),
          [...numbered("a", 10, 19), ...numbered("b", 10, 19), ...numbered("c", 10, 19)]
        )
        const [after] = yield* consumersOf(client)
        assert.notStrictEqual(after!.consumerArn, before!.consumerArn)
        assert.isFalse(events.some(({ _tag }) => _tag === "ShardEnded" || _tag === "ShardLost"))
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("F86 fails if the consumer is not there and is not to be registered", () =>
    withKinesis(twoShards, () =>
      Effect.gen(function*() {
        const { fiber } = yield* reading({ fanOut: { consumer, register: false } })
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.strictEqual(error._tag, "ResourceNotFound")
        assert.include(error.message, consumer)
      })))

  it.effect("fails if the stream has no room for another consumer, instead of polling for ever", () =>
    withKinesis(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
        for (const consumerName of numbered("c", 1, 20)) {
          yield* client.registerStreamConsumer({ streamArn, consumerName })
          yield* local.consumerStatus({ stream: "orders", consumer: consumerName, status: "ACTIVE" })
        }
        const { fiber } = yield* reading({ until: Until.elapsed("1 minute") })
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.strictEqual(error._tag, "ResourceInUse")
        assert.include(error.message, "the stream has 20 consumers")
      })))

  it.effect("deregisters at its end what it has registered, if it is told to", () =>
    withKinesis(twoShards, ({ client }) =>
      Effect.gen(function*() {
        yield* putBoth(client, numbered("a", 10, 19))
        const { fiber, texts } = yield* reading({
          fanOut: { consumer, deregister: true },
          until: Until.elapsed("20 seconds")
        })
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(sorted(texts), numbered("a", 10, 19))
        assert.deepStrictEqual(yield* consumersOf(client), [])
      })))

  const untils = [
    [Until.caughtUp, 5_000],
    [Until.count(20), 5_000],
    [Until.idle("5 seconds"), 15_000],
    [Until.elapsed("10 seconds"), 10_000]
  ] as const

  for (const [until, within] of untils) {
    it.effect(`F119 ends by ${until._tag}, in time`, () =>
      withKinesis(twoShards, ({ client, local }) =>
        Effect.gen(function*() {
          yield* putBoth(client, numbered("a", 10, 29))
          const startedAt = yield* Clock.currentTimeMillis
          const { fiber, texts } = yield* reading({ until })
          yield* Fiber.join(fiber)
          assert.isAtMost((yield* Clock.currentTimeMillis) - startedAt, within)
          assert.deepStrictEqual(sorted(texts), numbered("a", 10, 29))
          assert.deepStrictEqual(yield* local.subscriptions, [])
        })))
  }

  it.effect("F119 ends at an instant by the arrival of events, though the subscription began before", () =>
    withKinesis(twoShards, ({ client }) =>
      Effect.gen(function*() {
        const startedAt = yield* Clock.currentTimeMillis
        const { fiber, texts } = yield* reading({ until: Until.instant(new Date(startedAt + 60_000)) })
        yield* Effect.sleep("30 seconds")
        yield* putBoth(client, numbered("a", 10, 19))
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(sorted(texts), numbered("a", 10, 19))
        assert.isAtMost((yield* Clock.currentTimeMillis) - startedAt, 70_000)
      })))

  it.effect("F117 is ready when each shard is polled, though it cannot be subscribed to yet", () =>
    withKinesis({ ...twoShards, transition: "1 minute" }, ({ local }) =>
      Effect.gen(function*() {
        const { events, fiber } = yield* reading()
        yield* Effect.sleep("3 seconds")
        assert.strictEqual(events.filter(({ _tag }) => _tag === "Ready").length, 1)
        assert.strictEqual(yield* countOf(local, "subscribeToShard"), 0)
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("F117 is ready when each shard's subscription was accepted", () =>
    withKinesis(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
        yield* client.registerStreamConsumer({ streamArn, consumerName: consumer })
        yield* local.delay({ operation: "subscribeToShard", shardId: shard0, duration: "600 millis" })
        const { events, fiber } = yield* reading()
        while (!events.some(({ _tag }) => _tag === "Ready")) yield* Effect.sleep("10 millis")
        assert.strictEqual(events.filter(({ _tag }) => _tag === "Subscribed").length, 2)
        assert.strictEqual(yield* countOf(local, "getShardIterator"), 0)
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("F118 skips nothing from latest on, if subscriptions end before they have brought an event", () =>
    withKinesis(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        yield* putBoth(client, numbered("before", 10, 19))
        yield* Effect.sleep("1 second")
        yield* local.endSubscription({ stream: "orders", consumer, coming: 6 })
        const { fiber, texts } = yield* reading({ from: "latest", fanOut: { consumer, whileUnavailable: "wait" } })
        yield* Effect.sleep("1 second")
        yield* putBoth(client, numbered("a", 10, 19))
        yield* Effect.sleep("2 minutes")
        assert.deepStrictEqual(sorted(texts), numbered("a", 10, 19))
        yield* Fiber.interrupt(fiber)
      })))

  for (
    const [by, transition, other] of [["subscribeToShard", 0, "getRecords"], [
      "getRecords",
      60_000,
      "subscribeToShard"
    ]] as const
  ) {
    it.effect(`F120 goes on inside an aggregate by ${by}`, () =>
      withKinesis({ streams: [{ name: "orders" }], transition }, ({ client, local }) =>
        Effect.gen(function*() {
          const encoder = new TextEncoder()
          const subs = numbered("s", 10, 19).map((text) => ({
            partitionKey: "key",
            explicitHashKey: undefined,
            data: encoder.encode(text)
          }))
          const { streamArn } = yield* client.describeStreamSummary({ stream: "orders" })
          yield* client.registerStreamConsumer({ streamArn, consumerName: consumer })
          const { sequenceNumber } = yield* client.putRecord({
            stream: "orders",
            partitionKey: "key",
            data: aggregate(subs)
          })
          yield* put(client, ["after"])
          const origin = Position.after({ sequenceNumber, subSequenceNumber: 3 } as never)
          const { fiber, texts } = yield* reading({ positions: { [shard0]: origin }, until: Until.count(7) })
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(texts, [...numbered("s", 14, 19), "after"])
          assert.isAbove(yield* countOf(local, by), 0)
          assert.strictEqual(yield* countOf(local, other), 0)
        })))
  }

  it.effect("F105 idle shards hold no room: a busy one is never held up by them", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 50 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        const { fiber, texts } = yield* reading({ maxReadAheadBytes: 100_000 })
        yield* Effect.sleep("10 seconds")
        const data = "x".repeat(50_000)
        for (const index of [0, 24, 49, 48, 25, 1]) {
          const busy = numbered(`${index}-`, 1, 3)
          yield* put(client, busy.map((name) => `${name} ${data}`), {
            partitionKey: "key",
            explicitHashKey: hashKeyOf(index, 50)
          })
          yield* Effect.sleep("500 millis")
          assert.deepStrictEqual(texts.splice(0).map((text) => text.split(" ")[0]), busy)
        }
        assert.isAtMost((yield* local.subscriptions).length, 50)
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("F104 a page that is polled for a while is not taken to be as small as the last event", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 10 }] }, ({ client, local }) =>
      Effect.gen(function*() {
        let isBlocked = false
        let bytes = 0
        const fiber = yield* Effect.fork(
          KinesisStream.pages({
            ...orders,
            maxReadAheadBytes: 100_000,
            onEvent: (event) => Effect.sync(() => void (bytes += event._tag === "PageRead" ? event.bytes : 0))
          }).pipe(Stream.runForEach(() => isBlocked ? Effect.never : Effect.void))
        )
        yield* Effect.sleep("30 seconds")
        assert.strictEqual((yield* local.subscriptions).length, 10)
        isBlocked = true
        yield* local.delay({ operation: "getRecords", duration: "100 millis", times: 100 })
        for (const index of Arr.range(0, 9)) {
          yield* local.takeOver({ stream: "orders", consumer, shardId: shardName(index) })
          yield* put(client, ["x".repeat(500_000)], { explicitHashKey: hashKeyOf(index, 10), partitionKey: "key" })
        }
        yield* Effect.sleep("4 seconds")
        assert.isAbove(bytes, 0)
        assert.isAtMost(bytes, 1_100_000, "one page is in hand, and one more may wait")
        yield* Fiber.interrupt(fiber)
      })))
})

describe("a group whose shards are pushed", () => {
  it.effect("F113 F122 shares the shards, hands them over within a second, and keeps the consumer", () =>
    withGroup(twoShards, ({ client, local }) =>
      Effect.gen(function*() {
        const first = yield* run({ fanOut: true, worker: "first" })
        yield* Effect.sleep("15 seconds")
        const second = yield* run({ fanOut: true, worker: "second" })
        yield* Effect.sleep("40 seconds")
        yield* putBoth(client, numbered("a", 10, 29))
        yield* Effect.sleep("3 seconds")
        assert.isAbove(first.handled.length, 0)
        assert.isAbove(second.handled.length, 0)
        yield* Effect.fork(stop(first))
        yield* Effect.sleep("1 second")
        const at = yield* Clock.currentTimeMillis
        yield* putBoth(client, numbered("b", 10, 29))
        yield* Effect.sleep("30 seconds")
        assert.deepStrictEqual(
          sorted([...first.texts(), ...second.texts()]),
          [...numbered("a", 10, 29), ...numbered("b", 10, 29)]
        )
        for (const record of second.handled.filter(({ text }) => text.startsWith("b"))) {
          assert.isAtMost(record.at - at, 1_500, "F113 a hand-over is bridged")
        }
        yield* stop(second)
        assert.deepStrictEqual((yield* consumersOf(client)).map(({ consumerName }) => consumerName), ["billing"])
        assert.deepStrictEqual(yield* local.subscriptions, [])
      })))

  it.effect("F111 takes over from a worker that was killed, once its lease is over, and loses nothing", () =>
    withGroup(twoShards, (world) =>
      Effect.gen(function*() {
        const { client } = world
        const machine = mortal(world)
        const killed = yield* machine.provide(run({ fanOut: true, worker: "killed", detached: true }))
        yield* Effect.sleep("15 seconds")
        yield* putBoth(client, numbered("a", 10, 19))
        yield* Effect.sleep("3 seconds")
        machine.kill()
        const heir = yield* run({ fanOut: true, worker: "heir" })
        yield* putBoth(client, numbered("b", 10, 19))
        yield* Effect.sleep("2 minutes")
        const all = [...killed.texts(), ...heir.texts()]
        assert.deepStrictEqual(sorted([...new Set(all)]), [...numbered("a", 10, 19), ...numbered("b", 10, 19)])
        assert.deepStrictEqual(sorted(heir.texts().filter((text) => text.startsWith("b"))), numbered("b", 10, 19))
        yield* stop(heir)
        yield* Fiber.interrupt(killed.fiber)
      })))

  it.effect("F115 a worker whose handler takes ten minutes keeps its lease, and its place", () =>
    withGroup(twoShards, ({ client }) =>
      Effect.gen(function*() {
        let slow = true
        const handle = () => Effect.suspend(() => slow ? Effect.sleep("10 minutes") : Effect.void)
        const worker = yield* run({ fanOut: true, worker: "slow", handle })
        yield* Effect.sleep("15 seconds")
        yield* putBoth(client, numbered("a", 10, 13))
        yield* Effect.sleep("9 minutes")
        slow = false
        yield* Effect.sleep("3 minutes")
        yield* putBoth(client, numbered("b", 10, 13))
        yield* Effect.sleep("20 seconds")
        assert.deepStrictEqual(sorted(worker.texts()), [...numbered("a", 10, 13), ...numbered("b", 10, 13)])
        assert.strictEqual(worker.of("LeaseAcquired").length, 2)
        assert.deepStrictEqual(worker.of("LeaseLost"), [])
        yield* stop(worker)
      })))

  it.effect("F112 two applications by one consumer are told of, and lose nothing", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
    const including = (text: string) => lines.filter((line) => line.includes(text))
    return withGroup(twoShards, ({ client }) =>
      Effect.gen(function*() {
        const ours = yield* run({ application: "ours", fanOut: "shared" })
        const theirs = yield* run({ application: "theirs", fanOut: "shared" })
        for (const turn of Arr.range(10, 69)) {
          yield* putBoth(client, [`${turn}a`, `${turn}b`])
          yield* Effect.sleep("3 seconds")
        }
        yield* Effect.sleep("1 minute")
        const written = Arr.range(10, 69).flatMap((turn) => [`${turn}a`, `${turn}b`])
        for (const each of [ours, theirs]) {
          assert.deepStrictEqual(sorted(each.texts()), written)
          assert.isAbove(each.of("ConsumerShared").length, 0)
          yield* stop(each)
        }
        assert.strictEqual(including("WARN orders: another program subscribes by the consumer shared").length, 2)
        assert.strictEqual(including("INFO orders: registered the consumer shared").length, 1)
      }).pipe(Effect.provide(Logger.add(logger))))
  })
})
