/** Pages that are pushed, and polled where they cannot be. */
import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Clock, Effect, Exit, Fiber, FiberId, Option, Scheduler } from "effect"
import { type KinesisApi, type KinesisClient, type KinesisEvent, Position } from "effect-kinesis"
import { AccessDenied, InvalidArgument, type KinesisError, ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as ReadContext from "../src/internal/reading/context.js"
import * as Drive from "../src/internal/reading/drive.js"
import * as OutageWatch from "../src/internal/reading/outageWatch.js"
import * as Poller from "../src/internal/reading/poller.js"
import type { Pushes } from "../src/internal/reading/pushes.js"
import * as ReadAhead from "../src/internal/reading/readAhead.js"
import * as Settings from "../src/internal/reading/settings.js"
import * as Sources from "../src/internal/reading/sources.js"
import { alone } from "./support/alone.js"

const stream = "orders"
const shardId = "shardId-000000000000"
const consumer = "app"
const here = { stream, consumer }
const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Options {
  readonly local?: LocalKinesis.Options
  readonly pushes?: Partial<Pushes>
  readonly origin?: Position.Position
  readonly owns?: boolean
  /** How long it takes to tell of each event. */
  readonly telling?: number | ((event: KinesisEvent.KinesisEvent) => number)
  readonly wrap?: (client: KinesisClient.Service) => KinesisClient.Service
}

/** A stream of one shard, its consumer, and a reader of the shard that has not begun. */
const open = Effect.fnUntraced(
  function*({ local: options, origin = Position.trimHorizon, owns = true, pushes, telling = 0, wrap }: Options = {}) {
    const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream }], ...options })
    const { streamArn } = yield* client.describeStreamSummary({ stream })
    const { consumerArn } = yield* client.registerStreamConsumer({ streamArn, consumerName: consumer })
    const events: Array<KinesisEvent.KinesisEvent> = []
    const settings = Settings.make({ stream })
    const emit = (event: KinesisEvent.KinesisEvent) => {
      const told = Effect.sync(() => void events.push(event))
      const millis = typeof telling === "number" ? telling : telling(event)
      return millis === 0 ? told : Effect.delay(told, millis)
    }
    const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
    const readAhead = yield* ReadAhead.make(64 * 1024 * 1024)
    const polling = yield* ReadContext.make(wrap?.(client) ?? client, settings, emit, readAhead, outages)
    const context: ReadContext.ReadContext = {
      ...polling,
      pushes: {
        arn: Effect.succeed(consumerArn),
        lost: () => Effect.void,
        whileUnavailable: "poll",
        warnOfSharing: Effect.void,
        ...pushes
      }
    }
    const ends: Array<ReadonlyArray<string>> = []
    const source = Sources.of(Poller.open(context, {
      shardId,
      origin,
      because: "start",
      closed: false,
      skew: { millis: 0 },
      coordination: {
        ...alone,
        ownsShard: () => Effect.succeed(owns),
        onEnd: (_, { childShards }) => Effect.sync(() => void ends.push(childShards.map((child) => child.shardId)))
      }
    }))
    const texts: Array<string> = []
    const take = (page: { readonly records: ReadonlyArray<{ readonly data: Uint8Array }> }) =>
      Effect.sync(() => {
        texts.push(...page.records.map(({ data }) => decoder.decode(data)))
        readAhead.taken([page as never])
      })
    const read = Effect.ensuring(Drive.pull(source, take, () => false), source.close)
    let written = 0
    const put = (count = 1) =>
      Effect.forEach(Arr.range(1, count), () => {
        written++
        return client.putRecord({ stream, partitionKey: "key", data: encoder.encode(String(written)) })
      })
    const upTo = (count: number) => Arr.range(1, count).map(String)
    const callsOf = (operation: KinesisClient.Operation) =>
      Effect.map(local.calls, (calls) => calls.filter((call) => call.operation === operation))
    return { client, consumerArn, local, events, source, texts, take, read, put, upTo, callsOf, ends, readAhead }
  }
)

type Opened = Effect.Effect.Success<ReturnType<typeof open>>

/** A test of a reader that runs while the test goes on. */
const reading = (use: (opened: Opened) => Effect.Effect<void, unknown>, options?: Options) => () =>
  VirtualTime.run(Effect.scoped(Effect.gen(function*() {
    const opened = yield* open(options)
    const fiber = yield* Effect.fork(opened.read)
    yield* use(opened)
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(yield* opened.local.subscriptions, [])
  })))

const gaps = (calls: ReadonlyArray<LocalKinesis.Call>): ReadonlyArray<number> =>
  calls.slice(1).map(({ at }, index) => at - calls[index]!.at)

const redelivered = (local: LocalKinesis.Service) => local.redeliver({ ...here, count: 3 })

const unavailable = new ServiceUnavailable({ operation: "SubscribeToShard", stream, shardId, description: "broken" })

describe("a shard whose pages are pushed", () => {
  it.effect(
    "brings what is there and what comes, each record once, by one subscription and no read",
    reading((opened) =>
      Effect.gen(function*() {
        const { callsOf, put, texts, upTo } = opened
        yield* put(3)
        yield* Effect.sleep("2 seconds")
        yield* put(2)
        yield* Effect.sleep("2 seconds")
        assert.deepStrictEqual(texts, upTo(5))
        assert.strictEqual((yield* callsOf("subscribeToShard")).length, 1)
        assert.strictEqual((yield* callsOf("getRecords")).length, 0)
      })
    )
  )

  it.effect(
    "B56 F81 F88 an end is not the shard's end, and is renewed at once",
    reading(({ callsOf, events, put, texts, upTo }) =>
      Effect.gen(function*() {
        for (const _ of Arr.range(1, 26)) {
          yield* put()
          yield* Effect.sleep("1 minute")
        }
        assert.deepStrictEqual(texts, upTo(26))
        const calls = yield* callsOf("subscribeToShard")
        assert.strictEqual(calls.length, 6)
        for (const gap of gaps(calls)) assert.isAtMost(gap, 300_100)
        assert.strictEqual((yield* callsOf("getRecords")).length, 0)
        assert.strictEqual(events.filter(({ _tag }) => _tag === "SubscriptionEnded").length, 5)
        assert.isFalse(events.some(({ _tag }) => _tag === "FanOutUnavailable"))
      })
    )
  )

  for (
    const [name, hurt] of [
      ["an end out of turn", (local: LocalKinesis.Service) => local.endSubscription(here)],
      ["an error", (local: LocalKinesis.Service) => local.breakSubscription({ ...here, error: unavailable })],
      ["F94 a silence", (local: LocalKinesis.Service) => local.mute(here)],
      ["F95 half an event", (local: LocalKinesis.Service) => local.stallEvent(here)],
      ["F101 records that come again", redelivered]
    ] as const
  ) {
    for (const continuation of ["own", "last-record", "next"] as const) {
      it.effect(
        `F101 loses nothing and repeats nothing after ${name}, with the continuation ${continuation}`,
        reading(({ callsOf, local, put, texts, upTo }) =>
          Effect.gen(function*() {
            for (const _ of Arr.range(1, 12)) {
              yield* put(2)
              yield* Effect.sleep("7 seconds")
              yield* hurt(local)
              yield* put(1)
              yield* Effect.sleep("3 seconds")
            }
            yield* Effect.sleep("2 minutes")
            assert.deepStrictEqual(texts, upTo(36))
            const calls = yield* callsOf("subscribeToShard")
            for (const gap of gaps(calls)) assert.isAtLeast(gap, 1_000)
            const places = calls.slice(1).map(({ request }) =>
              (request as KinesisApi.SubscribeToShardRequest).position._tag
            )
            assert.deepStrictEqual([...new Set(places)], hurt === redelivered ? [] : ["AfterSequenceNumber"])
            const accepted = calls.filter(({ outcome }) => outcome === "ok")
            for (const gap of gaps(accepted)) assert.isAtLeast(gap, 5_000)
          }), { local: { continuation } })
      )
    }
  }

  it.effect(
    "B57 F113 a rival's subscription is bridged: records come by polling within a second, and pushed after that",
    reading(
      ({ callsOf, events, local, put, texts, upTo }) =>
        Effect.gen(function*() {
          yield* put(1)
          yield* Effect.sleep("10 seconds")
          yield* local.takeOver({ ...here, shardId })
          yield* put(1)
          const before = yield* Clock.currentTimeMillis
          while (texts.length < 2) yield* Effect.sleep("50 millis")
          assert.isAtMost((yield* Clock.currentTimeMillis) - before, 1_100)
          assert.isAbove((yield* callsOf("getRecords")).length, 0)
          yield* Effect.sleep("20 seconds")
          const polls = (yield* callsOf("getRecords")).length
          yield* put(3)
          yield* Effect.sleep("10 seconds")
          assert.deepStrictEqual(texts, upTo(5))
          assert.strictEqual((yield* callsOf("getRecords")).length, polls)
          assert.strictEqual(events.filter(({ _tag }) => _tag === "FanOutUnavailable").length, 1)
        })
    )
  )

  for (const telling of [0, 60]) {
    it.effect(
      `F113 nothing comes twice or in another order where a poll and an event meet; telling takes ${telling} ms`,
      reading(
        ({ local, put, texts, upTo }) =>
          Effect.gen(function*() {
            for (const turn of Arr.range(1, 40)) {
              yield* local.delay({ operation: "getRecords", duration: (turn * 173) % 1_900, times: 3 })
              yield* local.breakSubscription({ ...here, error: unavailable })
              for (const _ of Arr.range(1, 8)) {
                yield* put(1)
                yield* Effect.sleep(137 * (1 + turn % 7))
              }
            }
            yield* Effect.sleep("1 minute")
            assert.deepStrictEqual(texts, upTo(320))
          }),
        { telling }
      )
    )
  }

  for (const seconds of [2, 6]) {
    it.effect(
      `F113 a polled page is handed on, though a subscription begins while it is told of for ${seconds} s`,
      reading(
        ({ events, local, put, texts, upTo }) =>
          Effect.gen(function*() {
            for (const turn of Arr.range(1, 40)) {
              yield* put(1)
              yield* Effect.sleep("700 millis")
              if (turn % 10 === 0) yield* local.takeOver({ ...here, shardId })
            }
            yield* Effect.sleep("5 minutes")
            assert.deepStrictEqual(texts, upTo(40))
            const told = events.reduce((sum, event) => event._tag === "PageRead" ? sum + event.records : sum, 0)
            assert.strictEqual(told, 40)
          }),
        { telling: (event) => event._tag === "PageRead" && event.records > 0 ? seconds * 1_000 : 0 }
      )
    )
  }

  it.effect(
    "what is accepted and silent again and again is polled around, until an event comes",
    reading(({ callsOf, local, put, texts, upTo }) =>
      Effect.gen(function*() {
        yield* Effect.sleep("8 seconds")
        yield* local.mute({ ...here, coming: 4 })
        yield* local.mute(here)
        yield* put(1)
        yield* Effect.sleep("40 seconds")
        assert.deepStrictEqual(texts, upTo(1))
        for (const count of Arr.range(2, 80)) {
          yield* put(1)
          yield* Effect.sleep("1200 millis")
          assert.strictEqual(texts.length, count)
        }
        yield* Effect.sleep("2 minutes")
        const polls = (yield* callsOf("getRecords")).length
        yield* put(1)
        yield* Effect.sleep("1 minute")
        assert.deepStrictEqual(texts, upTo(81))
        assert.strictEqual((yield* callsOf("getRecords")).length, polls)
      })
    )
  )

  it.effect(
    "what is accepted and ends without an event again and again is polled around",
    reading(
      ({ put, texts, upTo }) =>
        Effect.gen(function*() {
          yield* put(2)
          yield* Effect.sleep("8 seconds")
          assert.deepStrictEqual(texts, upTo(2))
          yield* put(2)
          yield* Effect.sleep("1 minute")
          assert.deepStrictEqual(texts, upTo(4))
        }),
      {
        wrap: (client) => ({
          ...client,
          subscribeToShard: () =>
            Effect.succeed({ announced: Effect.delay(Effect.fail(Option.none()), "3 seconds"), event: Effect.never })
        })
      }
    )
  )

  it.effect("F110 an interruption ends the subscription at once", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { local, read } = yield* open()
      const fiber = yield* Effect.fork(read)
      yield* Effect.sleep("3 seconds")
      assert.strictEqual((yield* local.subscriptions).length, 1)
      const at = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Clock.currentTimeMillis, at)
      assert.deepStrictEqual(yield* local.subscriptions, [])
    }))))

  it.effect("F82 the event that names the shard's children is its last: then no call follows", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      for (const endWithContinuation of [false, true]) {
        const { callsOf, client, ends, put, read, texts, upTo } = yield* open({ local: { endWithContinuation } })
        const fiber = yield* Effect.fork(read)
        yield* put(3)
        yield* Effect.sleep("2 seconds")
        yield* client.splitShard({ stream, shardToSplit: shardId, newStartingHashKey: String(2n ** 127n) })
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(texts, upTo(3))
        assert.deepStrictEqual(ends, [["shardId-000000000001", "shardId-000000000002"]])
        assert.strictEqual((yield* callsOf("subscribeToShard")).length, 1)
        assert.strictEqual((yield* callsOf("getRecords")).length, 0)
      }
    }))))

  it.effect("F83 of an event that says neither how to go on nor what follows, polling finds out what it meant", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { callsOf, client, ends, local, put, read, texts, upTo } = yield* open()
      yield* local.omit({
        operation: "subscribeToShard",
        fields: ["childShards", "continuationSequenceNumber"],
        times: 2
      })
      const fiber = yield* Effect.fork(read)
      yield* put(3)
      yield* Effect.sleep("30 seconds")
      assert.deepStrictEqual(texts, upTo(3))
      assert.deepStrictEqual(ends, [])
      yield* local.omit({
        operation: "subscribeToShard",
        fields: ["childShards", "continuationSequenceNumber"],
        times: 5
      })
      yield* client.splitShard({ stream, shardToSplit: shardId, newStartingHashKey: String(2n ** 127n) })
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ends, [["shardId-000000000001", "shardId-000000000002"]])
      assert.isAbove((yield* callsOf("getRecords")).length, 0)
    }))))

  it.effect("F92 what is not allowed fails at once, after one call", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { callsOf, local, read } = yield* open()
      const error = new AccessDenied({
        operation: "SubscribeToShard",
        stream,
        shardId,
        description: "no",
        action: "kinesis:SubscribeToShard",
        reason: "permission"
      })
      yield* local.fail({ operation: "subscribeToShard", error, times: 100 })
      assert.strictEqual((yield* Effect.flip(read))._tag, "AccessDenied")
      assert.strictEqual((yield* callsOf("subscribeToShard")).length, 1)
    }))))

  it.effect("B58 F94 a handler that takes ten minutes costs no subscription but those that ended by themselves", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { callsOf, events, put, source, take, texts, upTo } = yield* open()
      yield* put(2)
      const slow = (page: Parameters<typeof take>[0]) =>
        Effect.zipRight(take(page), page.records.length > 0 ? Effect.sleep("10 minutes") : Effect.void)
      const fiber = yield* Effect.fork(Effect.ensuring(Drive.pull(source, slow, () => false), source.close))
      yield* Effect.sleep("5 minutes")
      yield* put(2)
      yield* Effect.sleep("20 minutes")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(texts, upTo(4))
      const errors = events.filter((event) => event._tag === "SubscriptionEnded" && event.error !== undefined)
      assert.deepStrictEqual(errors, [])
      assert.isAtMost((yield* callsOf("subscribeToShard")).length, 6)
    }))))

  it.effect(
    "F96 a call that is never answered is polled around after a second, and given up after ten",
    reading(
      ({ callsOf, local, put, texts, upTo }) =>
        Effect.gen(function*() {
          yield* put(2)
          yield* Effect.sleep("3 seconds")
          assert.deepStrictEqual(texts, upTo(2))
          assert.isAbove((yield* callsOf("getRecords")).length, 0)
          yield* local.clearFaults
          yield* Effect.sleep("20 seconds")
          const polls = (yield* callsOf("getRecords")).length
          yield* put(2)
          yield* Effect.sleep("10 seconds")
          assert.deepStrictEqual(texts, upTo(4))
          assert.strictEqual((yield* callsOf("getRecords")).length, polls)
        }),
      {
        wrap: (client) => {
          let hangs = 1
          return {
            ...client,
            subscribeToShard: (request) =>
              Effect.suspend(() =>
                hangs-- > 0 ? Effect.delay(Effect.fail(unavailable), "10 seconds") : client.subscribeToShard(request)
              )
          }
        }
      }
    )
  )

  it.effect(
    "waits instead of polling, if it is told to",
    reading(({ callsOf, local, put, texts, upTo }) =>
      Effect.gen(function*() {
        yield* put(1)
        yield* Effect.sleep("8 seconds")
        yield* local.takeOver({ ...here, shardId })
        yield* put(1)
        yield* Effect.sleep("2 seconds")
        assert.deepStrictEqual(texts, upTo(1))
        yield* Effect.sleep("10 seconds")
        assert.deepStrictEqual(texts, upTo(2))
        assert.strictEqual((yield* callsOf("getRecords")).length, 0)
      }), { pushes: { whileUnavailable: "wait" } })
  )

  it.effect("fails when it waits and the schedule has had enough", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { callsOf, local, read } = yield* open({ pushes: { whileUnavailable: "wait" } })
      yield* local.fail({ operation: "subscribeToShard", error: unavailable, times: 10_000 })
      assert.strictEqual((yield* Effect.flip(read))._tag, "ServiceUnavailable")
      assert.isAbove((yield* callsOf("subscribeToShard")).length, 2)
    }))))

  it.effect(
    "waits as long as it is throttled",
    reading(
      ({ local, put, texts, upTo }) =>
        Effect.gen(function*() {
          yield* local.throttle({ operation: "subscribeToShard", times: 30 })
          yield* put(2)
          yield* Effect.sleep("10 minutes")
          yield* local.clearFaults
          yield* Effect.sleep("1 minute")
          assert.deepStrictEqual(texts, upTo(2))
        }),
      { pushes: { whileUnavailable: "wait" } }
    )
  )

  it.effect(
    "waits on when it is throttled first, and then the service fails",
    reading(
      ({ local, put, texts, upTo }) =>
        Effect.gen(function*() {
          yield* put(1)
          yield* Effect.sleep("8 seconds")
          yield* local.throttle({ operation: "subscribeToShard", times: 4 })
          yield* local.fail({ operation: "subscribeToShard", error: unavailable, times: 4 })
          yield* local.throttle({ operation: "subscribeToShard", times: 2 })
          yield* local.endSubscription(here)
          yield* put(1)
          yield* Effect.sleep("3 minutes")
          assert.deepStrictEqual(texts, upTo(2))
        }),
      { pushes: { whileUnavailable: "wait" } }
    )
  )

  it.effect(
    "goes on by polling when an outage keeps its consumer from being found, and is pushed later",
    () =>
      VirtualTime.run(Effect.scoped(Effect.gen(function*() {
        let attempts = 0
        let found = ""
        const arn = Effect.suspend(() =>
          attempts++ < 5 ? Effect.delay(Effect.fail(unavailable), "2 minutes") : Effect.succeed(found)
        )
        const { callsOf, consumerArn, put, texts, upTo, ...opened } = yield* open({ pushes: { arn } })
        found = consumerArn
        const fiber = yield* Effect.fork(opened.read)
        for (const turn of Arr.range(1, 12)) {
          yield* put(1)
          yield* Effect.sleep("1 minute")
          assert.deepStrictEqual(texts, upTo(turn))
        }
        yield* Effect.sleep("2 minutes")
        assert.strictEqual((yield* callsOf("subscribeToShard")).length, 1)
        yield* Fiber.interrupt(fiber)
      })))
  )

  it.effect("dies with what keeps it subscribed, instead of waiting for ever", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { read } = yield* open({ pushes: { arn: Effect.dieMessage("no more consumers") } })
      const exit = yield* Effect.exit(read)
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))))

  it.effect("fails with a call that was interrupted from within, instead of asking without a pause or waiting for ever", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      let calls = 0
      const interrupted = Effect.suspend(() => ++calls > 1_000 ? Effect.dieMessage("no pause") : Effect.interrupt)
      for (
        const [whileUnavailable, broken] of [
          ["poll", { subscribeToShard: () => interrupted }],
          ["wait", { subscribeToShard: () => interrupted }],
          ["poll", { subscribeToShard: () => Effect.never, getShardIterator: () => interrupted }]
        ] as const
      ) {
        const { put, read } = yield* open({
          pushes: { whileUnavailable },
          wrap: (client) => ({ ...client, ...broken })
        })
        yield* put(1)
        const exit = yield* Effect.exit(Effect.timeout(read, "1 minute"))
        assert.include(String(Exit.isFailure(exit) && exit.cause), "interrupted from within")
      }
    }))))

  it.effect("leaves nothing that subscribes behind, wherever its first page is interrupted", () =>
    Effect.scoped(Effect.gen(function*() {
      let asked = 0
      let asking = 0
      const arn = Effect.suspend(() => {
        asked++
        asking++
        return Effect.ensuring(Effect.never, Effect.sync(() => asking--))
      })
      for (const before of Arr.range(0, 60)) {
        const scheduler = new Scheduler.ControlledScheduler()
        const { source } = yield* open({ pushes: { arn, whileUnavailable: "wait" } })
        const next = Arr.range(0, before).reduce(
          (inner: typeof source.next) => Effect.suspend(() => inner),
          source.next
        )
        const read = Effect.withMaxOpsBeforeYield(Effect.ensuring(next, source.close), 40)
        const fiber = Effect.runFork(read, { scheduler })
        fiber.unsafeInterruptAsFork(FiberId.none)
        for (const _ of Arr.range(1, 100)) scheduler.step()
        assert.isNotNull(fiber.unsafePoll())
        assert.strictEqual(asking, 0, `${before}`)
      }
      assert.isAbove(asked, 0)
    })))

  for (
    const [what, at, rest] of [
      ["after a record", Position.afterSequenceNumber, ["4", "5"]],
      ["at a record", Position.atSequenceNumber, ["3", "4", "5"]]
    ] as const
  ) {
    it.effect(`F101 drops what comes again from before the position at which reading began, ${what}`, () =>
      VirtualTime.run(Effect.scoped(Effect.gen(function*() {
        const { client, consumerArn, local, put } = yield* open()
        const numbers = yield* put(5)
        const bringing = (client: KinesisClient.Service): KinesisClient.Service => ({
          ...client,
          subscribeToShard: (request) => client.subscribeToShard({ ...request, position: Position.trimHorizon })
        })
        const opened = yield* open({
          origin: at(numbers[2]!.sequenceNumber),
          pushes: { arn: Effect.succeed(consumerArn) },
          wrap: () => bringing(client)
        })
        const fiber = yield* Effect.fork(opened.read)
        yield* Effect.sleep("1 second")
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(opened.texts, [...rest])
        assert.deepStrictEqual(yield* local.subscriptions, [])
      }))))
  }

  it.effect("F111 a shard that was lost with its subscription ends without a further call", () =>
    VirtualTime.run(Effect.scoped(Effect.gen(function*() {
      const { callsOf, ends, local, read } = yield* open({ owns: false })
      const fiber = yield* Effect.fork(read)
      yield* Effect.sleep("8 seconds")
      yield* local.takeOver({ ...here, shardId })
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* callsOf("subscribeToShard")).length, 1)
      assert.deepStrictEqual(ends, [])
    }))))

  it.effect(
    "F112 tells of a program that uses the same consumer",
    reading(({ events, local, put, texts, upTo }) =>
      Effect.gen(function*() {
        for (const _ of Arr.range(1, 8)) {
          yield* put(1)
          yield* Effect.sleep("8 seconds")
          yield* local.takeOver({ ...here, shardId })
        }
        yield* Effect.sleep("30 seconds")
        assert.deepStrictEqual(texts, upTo(8))
        assert.isAbove(events.filter(({ _tag }) => _tag === "ConsumerShared").length, 0)
      })
    )
  )

  /** A client by whose service positions before a record have left retention, once there is one. */
  const trimming = (oldest: () => string | undefined) => (client: KinesisClient.Service): KinesisClient.Service => {
    const unlessGone = <A, R>(
      operation: string,
      { position }: KinesisApi.GetShardIteratorRequest | KinesisApi.SubscribeToShardRequest,
      call: Effect.Effect<A, KinesisError, R>
    ): Effect.Effect<A, KinesisError, R> =>
      Effect.suspend(() => {
        const before = oldest()
        return before !== undefined && "sequenceNumber" in position && BigInt(position.sequenceNumber) < BigInt(before)
          ? new InvalidArgument({ operation, stream, shardId, description: "StartingSequenceNumber is invalid" })
          : call
      })
    return {
      ...client,
      subscribeToShard: (request) => unlessGone("SubscribeToShard", request, client.subscribeToShard(request)),
      getShardIterator: (request) => unlessGone("GetShardIterator", request, client.getShardIterator(request))
    }
  }

  for (const when of ["at the start", "between two subscriptions"] as const) {
    it.effect(`F93 a position that has left retention ${when} goes on from the oldest record, and says so once`, () =>
      VirtualTime.run(Effect.scoped(Effect.gen(function*() {
        const isAtStart = when === "at the start"
        let oldest: string | undefined
        const { callsOf, events, local, put, read, texts, upTo } = yield* open({
          origin: isAtStart ? Position.afterSequenceNumber("7") : Position.trimHorizon,
          wrap: trimming(() => oldest)
        })
        const fiber = yield* Effect.fork(isAtStart ? Effect.delay(read, "30 seconds") : read)
        yield* put(2)
        yield* Effect.sleep("20 seconds")
        yield* local.trim({ stream, shardId })
        const [third] = yield* put(2)
        oldest = third!.sequenceNumber
        yield* local.endSubscription(here)
        yield* Effect.sleep("1 minute")
        const four = isAtStart ? ["3", "4"] : upTo(4)
        assert.deepStrictEqual(texts, four)
        const polls = (yield* callsOf("getRecords")).length
        yield* put(2)
        yield* Effect.sleep("30 seconds")
        assert.deepStrictEqual(texts, [...four, "5", "6"])
        assert.strictEqual((yield* callsOf("getRecords")).length, polls)
        assert.strictEqual(events.filter(({ _tag }) => _tag === "DataLossPossible").length, 1)
        yield* Fiber.interrupt(fiber)
      }))))
  }

  /** A client that notes when the nth subscription is called for, waited for, not waited for any more, and closed. */
  const noting = (notes: Array<readonly [what: "called" | "waits" | "waited" | "closed", nth: number]>) => {
    let calls = 0
    return (client: KinesisClient.Service): KinesisClient.Service => ({
      ...client,
      subscribeToShard: (request) =>
        Effect.gen(function*() {
          const nth = ++calls
          const note = (what: "called" | "waits" | "waited" | "closed") =>
            Effect.sync(() => void notes.push([what, nth]))
          yield* note("called")
          yield* Effect.addFinalizer(() => note("closed"))
          const { announced, event } = yield* client.subscribeToShard(request)
          const noted = <A, E>(wait: Effect.Effect<A, E>) =>
            Effect.zipRight(note("waits"), Effect.ensuring(wait, note("waited")))
          return { announced: noted(announced), event: noted(event) }
        })
    })
  }

  for (
    const [name, hurt] of [
      ["has ended", (local: LocalKinesis.Service) => local.endSubscription(here)],
      ["broke", (local: LocalKinesis.Service) => local.breakSubscription({ ...here, error: unavailable })],
      ["was silent", (local: LocalKinesis.Service) => local.mute(here)],
      ["stopped in an event", (local: LocalKinesis.Service) => local.stallEvent(here)],
      ["was taken over", (local: LocalKinesis.Service) => local.takeOver({ ...here, shardId })]
    ] as const
  ) {
    it.effect(`F103 one that ${name} is closed before the next is called for, and nothing waits for it any more`, () => {
      const notes: Array<readonly [what: "called" | "waits" | "waited" | "closed", nth: number]> = []
      return reading(({ local, put, texts, upTo }) =>
        Effect.gen(function*() {
          for (const _ of Arr.range(1, 4)) {
            yield* put(2)
            yield* Effect.sleep("8 seconds")
            yield* hurt(local)
            yield* put(1)
            yield* Effect.sleep("1 minute")
          }
          assert.deepStrictEqual(texts, upTo(12))
          const calls = notes.flatMap(([what, nth], index) => what === "called" ? [[nth, index] as const] : [])
          assert.isAtLeast(calls.length, 5)
          for (const [nth, index] of calls) {
            const open = new Set(notes.slice(0, index).map(([, before]) => before))
            for (const [what, before] of notes.slice(0, index)) if (what === "closed") open.delete(before)
            assert.deepStrictEqual([...open], [])
            assert.deepStrictEqual(notes.slice(index).filter(([, other]) => other < nth), [])
          }
        }), { wrap: noting(notes) })()
    })
  }
})
