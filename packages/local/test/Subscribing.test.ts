import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Option } from "effect"
import type { Subscription } from "effect-kinesis/KinesisClient"
import * as Position from "effect-kinesis/Position"
import { bytes, mebibyte, shard0, shard1, shard2, stream, text } from "./support/setup.js"
import { arrivals, keysOf, next, streamArn, toEnd, withConsumer } from "./support/subscriptions.js"

const another = `Another active subscription exists for this consumer: 000000000000:${stream}:${shard0}:mine`

describe("events", () => {
  it.scoped("come 70 ms after the writes, one for those of an instant", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      yield* Effect.fork(Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        yield* put("a")
        yield* Effect.sleep("2 seconds")
        yield* client.putRecords({ stream, records: ["b", "c"].map((key) => ({ partitionKey: key, data: text(key) })) })
      }))
      assert.deepStrictEqual(yield* arrivals(subscription, 2), [[1070, "a"], [3070, "b", "c"]])
    })))

  it.scoped("say what was written, as the request names the stream", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, consumerArn, put } = yield* withConsumer({ serverClockSkew: 50 })
      const data = text("hello")
      yield* Effect.sleep("1 second")
      const { sequenceNumber } = yield* put("key", data)
      data.fill(0)
      const request = { stream: streamArn, consumerArn, shardId: shard0, position: Position.trimHorizon }
      const subscription = yield* client.subscribeToShard(request)
      const size = yield* subscription.announced
      const { records } = yield* subscription.event
      assert.deepStrictEqual(records, [{
        stream: streamArn,
        shardId: shard0,
        sequenceNumber,
        partitionKey: "key",
        data: text("hello"),
        approximateArrivalTimestamp: new Date(1050)
      }])
      assert.isAbove(size, 242)
    })))

  it.scoped("an empty one comes every 5 s, and its continuation moves", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      const begun = yield* Clock.currentTimeMillis
      const continuations: Array<string> = []
      for (let beat = 1; beat <= 4; beat++) {
        assert.strictEqual(yield* subscription.announced, 242)
        const event = yield* subscription.event
        assert.deepStrictEqual([event.records, event.millisBehindLatest, event.childShards], [[], 0, []])
        assert.strictEqual(yield* Clock.currentTimeMillis, begun + beat * 5000)
        continuations.push(event.continuationSequenceNumber!)
      }
      assert.deepStrictEqual([...new Set(continuations)].sort(Position.compareSequenceNumbers), continuations)
      const { sequenceNumber } = yield* put("a")
      assert.strictEqual(Position.compareSequenceNumbers(sequenceNumber, continuations.at(-1)!), 1)
      assert.deepStrictEqual(yield* arrivals(subscription, 2), [[20_070, "a"], [25_070]])
    })))

  it.scoped("positions are those of iterators", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, local, put, subscribe } = yield* withConsumer()
      yield* Effect.sleep("1 second")
      const first = yield* put("a")
      yield* Effect.sleep("1 second")
      yield* put("b")
      yield* Effect.sleep("1 second")
      const { shards: [shard] } = yield* client.listShards({ stream })
      const cases = [
        [Position.trimHorizon, ["a", "b"]],
        [Position.latest, []],
        [Position.atTimestamp(1000), ["a", "b"]],
        [Position.atTimestamp(1001), ["b"]],
        [Position.atTimestamp(3000), []],
        [Position.atSequenceNumber(first.sequenceNumber), ["a", "b"]],
        [Position.afterSequenceNumber(first.sequenceNumber), ["b"]],
        [Position.atSequenceNumber(shard!.startingSequenceNumber), ["a", "b"]]
      ] as const
      for (const [position, expected] of cases) {
        const event = yield* Effect.scoped(Effect.flatMap(subscribe(position), next))
        assert.deepStrictEqual(keysOf(event), expected)
        yield* Effect.sleep("5 seconds")
      }
      yield* local.trim({ stream, upTo: first.sequenceNumber })
      const trimmed = yield* subscribe(Position.atSequenceNumber(first.sequenceNumber))
      assert.deepStrictEqual(keysOf(yield* next(trimmed)), ["b"])
    })))

  it.scoped("F101 a next subscription goes on after the continuation, whatever that is", () =>
    VirtualTime.run(Effect.gen(function*() {
      for (const continuation of ["own", "last-record", "next"] as const) {
        const { put, subscribe } = yield* withConsumer({ continuation })
        const { sequenceNumber } = yield* put("a")
        const { continuationSequenceNumber: after } = yield* Effect.flatMap(subscribe(), next)
        const sign = Position.compareSequenceNumbers(after!, sequenceNumber)
        assert.strictEqual(sign, continuation === "last-record" ? 0 : 1, continuation)
        if (continuation === "next") assert.strictEqual(BigInt(after!), BigInt(sequenceNumber) + 1n)
        yield* put("b")
        yield* Effect.sleep("10 seconds")
        const again = yield* subscribe(Position.afterSequenceNumber(after!))
        assert.deepStrictEqual(keysOf(yield* next(again)), ["b"], continuation)
        const empty = yield* next(again)
        yield* Effect.sleep("10 seconds")
        const third = yield* subscribe(Position.afterSequenceNumber(empty.continuationSequenceNumber!))
        yield* put("c")
        assert.deepStrictEqual(keysOf(yield* next(third)), ["c"], continuation)
      }
    })))

  it.scoped("a continuation of a shard from which nothing came is a position too", () =>
    VirtualTime.run(Effect.gen(function*() {
      for (const continuation of ["own", "last-record", "next"] as const) {
        const { put, subscribe } = yield* withConsumer({ continuation })
        const { continuationSequenceNumber } = yield* Effect.flatMap(subscribe(), next)
        yield* put("a")
        const again = yield* subscribe(Position.afterSequenceNumber(continuationSequenceNumber!))
        assert.deepStrictEqual(keysOf(yield* next(again)), ["a"], continuation)
      }
    })))

  it.scoped("end after 300 s, and the records go on with the next subscription", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      const { error, events } = yield* toEnd(subscription)
      assert.deepStrictEqual([events.length, error], [59, undefined])
      assert.strictEqual(yield* Clock.currentTimeMillis, 300_000)
      assert.deepStrictEqual(yield* local.subscriptions, [])
      assert.isTrue(Option.isNone(yield* Effect.flip(subscription.announced)))
      yield* put("a")
      const again = yield* subscribe(Position.afterSequenceNumber(events.at(-1)!.continuationSequenceNumber!))
      assert.deepStrictEqual(keysOf(yield* next(again)), ["a"])
    })))

  it.scoped("2 MiB a second, in events of 1 MiB", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer()
      for (let index = 0; index < 12; index++) {
        yield* put("k", bytes(mebibyte / 2))
        yield* Effect.sleep("500 millis")
      }
      const begun = yield* Clock.currentTimeMillis
      const subscription = yield* subscribe()
      const after = [0, 0, 1, 501, 1001, 1501]
      assert.deepStrictEqual(yield* arrivals(subscription, 6), after.map((millis) => [begun + millis, "k", "k"]))
    })))

  it.scoped("without the limit of throughput, all at once", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer({ limits: { throughput: false } })
      for (let index = 0; index < 12; index++) yield* put("k", bytes(mebibyte / 2))
      yield* Effect.sleep("70 millis")
      const subscription = yield* subscribe()
      const now = yield* Clock.currentTimeMillis
      assert.deepStrictEqual(yield* arrivals(subscription, 6), Array.from({ length: 6 }, () => [now, "k", "k"]))
    })))

  it.scoped("the bytes are counted over subscriptions, and one of 10 MiB is paid for in five seconds", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer({}, { maxRecordSizeInKiB: 10_240 })
      for (const size of [10, 10, 1]) {
        yield* put("k", bytes(size * mebibyte))
        yield* Effect.sleep("10 seconds")
      }
      const begun = yield* Clock.currentTimeMillis
      const large = yield* subscribe()
      assert.deepStrictEqual(yield* arrivals(large, 1), [[begun, "k"]])
      yield* large.announced
      assert.strictEqual(yield* Clock.currentTimeMillis, begun + 4001)
      const { continuationSequenceNumber, millisBehindLatest } = yield* large.event
      assert.strictEqual(millisBehindLatest, 14_001)
      yield* Effect.sleep("999 millis")
      const again = yield* subscribe(Position.afterSequenceNumber(continuationSequenceNumber!))
      assert.deepStrictEqual(yield* arrivals(again, 2), [[begun + 9001, "k"], [begun + 14_001]])
    })))

  it.scoped("are pulled: nothing but the announced one is held, and who stops costs nothing", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      yield* put("a")
      const size = yield* subscription.announced
      yield* put("b")
      yield* Effect.sleep("1 minute")
      assert.strictEqual(yield* subscription.announced, size)
      assert.strictEqual((yield* local.subscriptions)[0]!.events, 1)
      assert.deepStrictEqual(keysOf(yield* subscription.event), ["a"])
      assert.strictEqual((yield* Effect.flip(subscription.event))._tag, "ServiceUnavailable")
      assert.deepStrictEqual(keysOf(yield* next(subscription)), ["b"])
      const ups = (yield* Effect.clock as Effect.Effect<VirtualTime.VirtualClock>).unsafeWakeUps()
      yield* Effect.sleep("3 minutes")
      assert.strictEqual((yield* Effect.clock as Effect.Effect<VirtualTime.VirtualClock>).unsafeWakeUps(), ups + 1)
    })))

  it.scoped("whoever waits can be interrupted, and nothing is lost", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      for (const key of ["a", "b", "c"]) {
        const waiting = yield* Effect.fork(subscription.announced)
        yield* Effect.sleep("20 millis")
        yield* put(key)
        yield* Effect.sleep("30 millis")
        yield* Fiber.interrupt(waiting)
      }
      assert.deepStrictEqual(yield* arrivals(subscription, 3), [[150, "a"], [150, "b"], [190, "c"]])
    })))

  it.scoped("come at their time whatever the others do, in any order of fibers", () =>
    Effect.forEach([1, 2, 3, 4, 5], (seed) =>
      VirtualTime.run(
        Effect.scoped(Effect.gen(function*() {
          const { put, subscribe } = yield* withConsumer({}, { shardCount: 2 })
          const received: Array<readonly [key: string | undefined, after: number]> = []
          const receive = Effect.fnUntraced(function*(subscription: Subscription) {
            const { records } = yield* next(subscription)
            const now = yield* Clock.currentTimeMillis
            for (const { approximateArrivalTimestamp: at, partitionKey } of records) {
              received.push([partitionKey, now - at!.getTime()])
            }
          })
          for (const index of [0, 1]) {
            const subscription = yield* subscribe(Position.trimHorizon, `shardId-00000000000${index}`)
            yield* Effect.fork(Effect.forever(receive(subscription)))
          }
          const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`)
          for (const [index, key] of keys.entries()) {
            yield* put(key)
            yield* Effect.sleep(index % 2 === 0 ? 70 : 500)
          }
          assert.deepStrictEqual(received.map(([key]) => key).sort(), [...keys].sort())
          assert.deepStrictEqual(received.filter(([, after]) => after !== 70), [])
        })),
        { shuffle: seed, stepsBeforeYield: 20 + seed }
      )))

  it.scoped("end with the scope, the announced one too", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer()
      yield* put("a")
      const left = yield* Effect.scoped(Effect.tap(subscribe(), ({ announced }) => announced))
      assert.isTrue(Option.isNone(yield* Effect.flip(left.announced)))
      assert.strictEqual((yield* Effect.flip(left.event))._tag, "ServiceUnavailable")
    })))
})

describe("a shard's end", () => {
  const split = { stream, shardToSplit: shard0, newStartingHashKey: "10" }

  it.scoped("the last event has the children and no continuation, and ends the subscription", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      yield* put("a")
      yield* Effect.sleep("10 millis")
      yield* client.splitShard(split)
      const { error, events: [records, end, ...more] } = yield* toEnd(subscription)
      assert.deepStrictEqual([more, error], [[], undefined])
      assert.deepStrictEqual([keysOf(records!), records!.childShards], [["a"], []])
      assert.isString(records!.continuationSequenceNumber)
      assert.deepStrictEqual(end, {
        records: [],
        continuationSequenceNumber: undefined,
        millisBehindLatest: 0,
        childShards: [
          { shardId: shard1, parentShards: [shard0], hashKeyRange: { startingHashKey: "0", endingHashKey: "9" } },
          {
            shardId: shard2,
            parentShards: [shard0],
            hashKeyRange: { startingHashKey: "10", endingHashKey: String(2n ** 128n - 1n) }
          }
        ]
      })
    })))

  it.scoped("comes with the last records, if they were there before, and again at LATEST", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, put, subscribe } = yield* withConsumer()
      yield* put("a")
      yield* client.splitShard(split)
      yield* Effect.sleep("1 minute")
      const { events: [end] } = yield* Effect.flatMap(subscribe(), toEnd)
      assert.deepStrictEqual([keysOf(end!), end!.childShards.length, end!.continuationSequenceNumber], [
        ["a"],
        2,
        undefined
      ])
      const [parent] = (yield* client.listShards({ stream })).shards
      const ended = Position.afterSequenceNumber(parent!.endingSequenceNumber!)
      for (const position of [Position.latest, ended, Position.latest]) {
        yield* Effect.sleep("5 seconds")
        const begun = yield* Clock.currentTimeMillis
        const { error, events } = yield* Effect.flatMap(subscribe(position), toEnd)
        assert.deepStrictEqual(events, [{ ...end!, records: [] }])
        assert.deepStrictEqual([error, yield* Clock.currentTimeMillis], [undefined, begun])
      }
    })))

  it.scoped("is seen when the stream's transition ends, without another call", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, subscribe } = yield* withConsumer({ transition: "1 second" })
      yield* Effect.sleep("10 seconds")
      const subscription = yield* subscribe()
      yield* client.splitShard(split)
      const { events } = yield* toEnd(subscription)
      assert.deepStrictEqual([events.length, yield* Clock.currentTimeMillis], [1, 11_070])
    })))

  it.scoped("F82 can have a continuation beside the children, or lack either", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, local, subscribe } = yield* withConsumer({ endWithContinuation: true })
      yield* client.splitShard(split)
      yield* Effect.sleep("1 second")
      const { events: [both] } = yield* Effect.flatMap(subscribe(), toEnd)
      assert.deepStrictEqual([typeof both!.continuationSequenceNumber, both!.childShards.length], ["string", 2])
      yield* local.omit({ operation: "subscribeToShard", fields: ["childShards", "millisBehindLatest"] })
      yield* Effect.sleep("5 seconds")
      const { events: [bare] } = yield* Effect.flatMap(subscribe(), toEnd)
      assert.deepStrictEqual([bare!.childShards, bare!.millisBehindLatest], [[], undefined])
      yield* local.omit({ operation: "subscribeToShard", fields: ["continuationSequenceNumber"] })
      yield* Effect.sleep("5 seconds")
      const { events: [end] } = yield* Effect.flatMap(subscribe(), toEnd)
      assert.deepStrictEqual([end!.childShards.length, end!.continuationSequenceNumber], [2, undefined])
    })))
})

describe("calls", () => {
  it.scoped("one a second a consumer and shard, refused ones included", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, subscribe } = yield* withConsumer({}, { shardCount: 2 })
      yield* subscribe()
      yield* Effect.sleep("999 millis")
      const limit = {
        _tag: "ThrottledError",
        reason: "limit",
        operation: "SubscribeToShard",
        stream,
        shardId: shard0
      } as const
      assert.deepInclude(yield* Effect.flip(subscribe()), limit)
      yield* subscribe(Position.latest, shard1)
      const { consumerArn } = yield* client.registerStreamConsumer({ streamArn, consumerName: "yours" })
      yield* subscribe(Position.latest, shard0, consumerArn)
      yield* Effect.sleep("1 millis")
      const inUse = { _tag: "ResourceInUse", operation: "SubscribeToShard", description: another } as const
      assert.deepInclude(yield* Effect.flip(subscribe()), inUse)
      assert.deepInclude(yield* Effect.flip(subscribe()), limit)
      yield* Effect.sleep("1 second")
      assert.deepInclude(yield* Effect.flip(subscribe()), inUse)
    })))

  it.scoped("within 5 s of one that was accepted all are refused, and disturb nobody; then the newer takes over", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const older = yield* subscribe()
      const ending = yield* Effect.fork(toEnd(older))
      for (let second = 1; second < 5; second++) {
        yield* Effect.sleep("1 second")
        assert.deepInclude(yield* Effect.flip(subscribe()), { _tag: "ResourceInUse", description: another })
      }
      yield* put("a")
      yield* Effect.sleep("999 millis")
      assert.isNull(ending.unsafePoll())
      yield* Effect.sleep("1 millis")
      const newer = yield* subscribe()
      const { error, events } = yield* Fiber.join(ending)
      assert.deepStrictEqual(events.flatMap(keysOf), ["a"])
      assert.deepInclude(error, {
        _tag: "ResourceInUse",
        operation: "SubscribeToShard",
        stream,
        shardId: shard0,
        description: another
      })
      assert.strictEqual((yield* local.subscriptions).length, 1)
      assert.deepStrictEqual(keysOf(yield* next(newer)), ["a"])
      yield* Effect.sleep("4 seconds")
      assert.deepInclude(yield* Effect.flip(subscribe()), { _tag: "ResourceInUse" })
    })))

  it.scoped("a subscription that was left frees nothing earlier", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, subscribe } = yield* withConsumer()
      yield* Effect.scoped(subscribe())
      assert.deepStrictEqual(yield* local.subscriptions, [])
      yield* Effect.sleep("4 seconds")
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "ResourceInUse")
      yield* Effect.sleep("1 second")
      yield* subscribe()
    })))

  it.scoped("F85 a consumer that is not ACTIVE is in use, too", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, subscribe } = yield* withConsumer({ transition: "3 seconds" })
      const description =
        `Consumer mine with creation timestamp 0 under stream ${stream} and account 000000000000 is not in ACTIVE status.`
      for (let second = 0; second < 3; second++) {
        assert.deepInclude(yield* Effect.flip(subscribe()), { _tag: "ResourceInUse", description })
        yield* Effect.sleep("1 second")
      }
      yield* subscribe()
      yield* client.deregisterStreamConsumer({ streamArn, consumerName: "mine" })
      yield* Effect.sleep("1 second")
      assert.deepInclude(yield* Effect.flip(subscribe()), { _tag: "ResourceInUse", description })
    })))

  it.scoped("F84 stream, consumer and shard are not found in words of their own", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, consumerArn, subscribe } = yield* withConsumer()
      const words = (arn: string, shardId = shard0) =>
        Effect.map(
          Effect.flip(subscribe(Position.latest, shardId, arn)),
          ({ _tag, description }) => [_tag, description]
        )
      assert.deepStrictEqual(yield* words(consumerArn, shard1), [
        "ResourceNotFound",
        `Could not find shard ${shard1} in stream ${stream} under account 000000000000.`
      ])
      assert.deepStrictEqual(yield* words(`${consumerArn}1`), [
        "ResourceNotFound",
        `Consumer mine with creation timestamp 1 under stream ${stream} and account 000000000000 not found.`
      ])
      assert.strictEqual((yield* words(streamArn))[0], "InvalidArgument")
      yield* client.deleteStream({ stream })
      assert.deepStrictEqual(yield* words(consumerArn), [
        "ResourceNotFound",
        `Stream ${stream} under account 000000000000 not found.`
      ])
    })))

  it.scoped("refuse the positions that iterators refuse", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { put, subscribe } = yield* withConsumer()
      const { sequenceNumber } = yield* put("a")
      const wrong = [
        Position.atTimestamp(1),
        Position.atSequenceNumber("7"),
        Position.afterSequenceNumber("01"),
        Position.afterSequenceNumber(String(BigInt(sequenceNumber) + 1n))
      ]
      for (const position of wrong) {
        const error = yield* Effect.flip(subscribe(position))
        assert.deepInclude(error, { _tag: "InvalidArgument", operation: "SubscribeToShard" })
        assert.notInclude(error.message, "GetShardIterator")
      }
      yield* subscribe()
    })))

  it.scoped("are logged", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, subscribe } = yield* withConsumer()
      yield* Effect.sleep("2 seconds")
      yield* subscribe()
      yield* Effect.exit(subscribe())
      const calls = (yield* local.calls).slice(1)
      assert.deepStrictEqual(
        calls.map(({ at, operation, outcome, shardId, stream }) => [at, operation, stream, shardId, outcome]),
        [
          [2000, "subscribeToShard", stream, shard0, "ok"],
          [2000, "subscribeToShard", stream, shard0, "ThrottledError"]
        ]
      )
    })))
})
