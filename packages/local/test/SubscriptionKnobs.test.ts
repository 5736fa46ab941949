import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Option, Scope } from "effect"
import { KmsError, ResourceInUse } from "effect-kinesis/KinesisError"
import * as Position from "effect-kinesis/Position"
import { shard0, shard1, stream } from "./support/setup.js"
import { arrivals, keysOf, next, streamArn, toEnd, withConsumer } from "./support/subscriptions.js"

const kms = new KmsError({ operation: "SubscribeToShard", description: "disabled", code: "KMSDisabledException" })

/** Two shards with a subscription to each, which nobody waits for. */
const two = Effect.gen(function*() {
  const made = yield* withConsumer({}, { shardCount: 2 })
  const low = yield* made.subscribe()
  const high = yield* made.subscribe(Position.trimHorizon, shard1)
  return { ...made, low, high }
})

describe("subscriptions", () => {
  it.scoped("are those that are not over", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, consumerArn, local, subscribe } = yield* withConsumer({ serverClockSkew: -700 }, {
        shardCount: 2
      })
      yield* Effect.sleep("3 seconds")
      const scope = yield* Scope.make()
      const first = yield* Scope.extend(subscribe(), scope)
      const { consumerArn: other } = yield* client.registerStreamConsumer({ streamArn, consumerName: "other" })
      yield* Effect.sleep("1 second")
      yield* subscribe(Position.latest, shard1, other)
      yield* arrivals(first, 2)
      const live = { stream, shardId: shard0, consumer: "mine", consumerArn, since: 3000, events: 2 }
      const another = { ...live, shardId: shard1, consumer: "other", consumerArn: other, since: 4000, events: 0 }
      assert.deepStrictEqual(yield* local.subscriptions, [live, another])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* local.subscriptions, [another])
      yield* Effect.sleep("5 minutes")
      assert.deepStrictEqual(yield* local.subscriptions, [])
    })))
})

describe("endSubscription and breakSubscription", () => {
  it.scoped("end those of a target, waiting or not", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { consumerArn, high, local, low, put } = yield* two
      const waiting = yield* Effect.fork(toEnd(low))
      assert.strictEqual(yield* local.endSubscription({ shardId: shard0, consumer: "yours" }), 0)
      assert.strictEqual(yield* local.endSubscription({ stream: "x" }), 0)
      assert.strictEqual(yield* local.endSubscription({ consumer: `${consumerArn}1` }), 0)
      assert.strictEqual((yield* local.subscriptions).length, 2)
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* local.endSubscription({ stream: streamArn, shardId: shard0, consumer: consumerArn }), 1)
      assert.deepStrictEqual(yield* Fiber.join(waiting), { events: [], error: undefined })
      yield* put("a")
      assert.strictEqual(yield* local.breakSubscription({ error: kms }), 1)
      assert.strictEqual(Option.getOrThrow(yield* Effect.flip(high.announced)), kms)
      assert.strictEqual(yield* local.endSubscription({}), 0)
    })))

  it.scoped("an event that was announced still comes, and the error after it", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      yield* put("a")
      yield* subscription.announced
      yield* put("b")
      yield* local.breakSubscription({
        error: (operation) => new ResourceInUse({ operation, description: "told" })
      })
      const { error, events } = yield* toEnd(subscription)
      assert.deepStrictEqual(events.map(keysOf), [["a"]])
      assert.deepInclude(error, { _tag: "ResourceInUse", operation: "SubscribeToShard", description: "told" })
    })))

  it.scoped("F91 of those to come: accepted, and dead before an event", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, local, put, subscribe } = yield* withConsumer()
      yield* put("a")
      assert.strictEqual(yield* local.breakSubscription({ error: kms, coming: 2, consumer: "mine" }), 0)
      const { consumerArn: other } = yield* client.registerStreamConsumer({ streamArn, consumerName: "other" })
      assert.deepStrictEqual(keysOf(yield* Effect.flatMap(subscribe(Position.trimHorizon, shard0, other), next)), ["a"])
      for (let time = 0; time < 2; time++) {
        const { error, events } = yield* Effect.flatMap(subscribe(), toEnd)
        assert.deepStrictEqual([events, error], [[], kms])
        yield* Effect.sleep("5 seconds")
      }
      assert.deepStrictEqual(keysOf(yield* Effect.flatMap(subscribe(), next)), ["a"])
      const outcomes = (yield* local.calls).filter(({ operation }) => operation === "subscribeToShard")
      assert.isTrue(outcomes.every(({ outcome }) => outcome === "ok"))
    })))
})

describe("mute", () => {
  it.scoped("nothing comes any more, not even that it is over, until it is ended", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      const waiting = yield* Effect.fork(toEnd(subscription))
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* local.mute({ shardId: shard0 }), 1)
      yield* put("a")
      yield* Effect.sleep("1 hour")
      assert.isNull(waiting.unsafePoll())
      assert.strictEqual((yield* local.subscriptions)[0]!.since, 0)
      assert.strictEqual(yield* local.endSubscription({}), 1)
      assert.deepStrictEqual(yield* Fiber.join(waiting), { events: [], error: undefined })
    })))

  it.scoped("who takes over is not heard of, and brings what was missed", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      yield* local.mute({ coming: 1 })
      const deaf = yield* subscribe()
      const waiting = yield* Effect.fork(Effect.flip(deaf.announced))
      yield* put("a")
      yield* Effect.sleep("10 seconds")
      const newer = yield* subscribe()
      assert.deepStrictEqual(keysOf(yield* next(newer)), ["a"])
      yield* Effect.sleep("1 minute")
      assert.isNull(waiting.unsafePoll())
      assert.strictEqual((yield* local.subscriptions).length, 1)
    })))
})

describe("stallEvent", () => {
  it.scoped("F95 an event is announced and never whole; its scope or a knob ends it", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const scope = yield* Scope.make()
      const subscription = yield* Scope.extend(subscribe(), scope)
      yield* put("a")
      yield* next(subscription)
      assert.strictEqual(yield* local.stallEvent({}), 1)
      yield* put("b")
      const bytes = yield* subscription.announced
      const half = yield* Effect.fork(Effect.flip(subscription.event))
      yield* Effect.sleep("10 minutes")
      assert.isNull(half.unsafePoll())
      assert.strictEqual(yield* subscription.announced, bytes)
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(yield* Fiber.join(half), { _tag: "ServiceUnavailable", operation: "SubscribeToShard" })
      yield* local.stallEvent({ coming: 1 })
      const again = yield* subscribe()
      yield* again.announced
      const broken = yield* Effect.fork(Effect.flip(again.event))
      yield* Effect.sleep("1 second")
      assert.strictEqual(yield* local.breakSubscription({ error: kms }), 1)
      assert.strictEqual(yield* Fiber.join(broken), kms)
      yield* Effect.sleep("5 seconds")
      assert.deepStrictEqual(keysOf(yield* Effect.flatMap(subscribe(), next)), ["a", "b"])
    })))

  it.scoped("the end of a shard, too: it is not over, and comes again with the next subscription", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, local, subscribe } = yield* withConsumer()
      yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
      yield* local.stallEvent({ coming: 1 })
      const subscription = yield* subscribe()
      yield* subscription.announced
      assert.strictEqual((yield* local.subscriptions).length, 1)
      yield* Effect.sleep("5 seconds")
      const { error, events } = yield* Effect.flatMap(subscribe(), toEnd)
      assert.deepStrictEqual([events.length, events[0]!.childShards.length, error], [1, 2, undefined])
    })))
})

describe("redeliver", () => {
  it.scoped("brings the last records again, now or at the start, but none that was trimmed", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const { sequenceNumber: first } = yield* put("a")
      const { sequenceNumber: second } = yield* put("b")
      yield* put("c")
      const subscription = yield* subscribe()
      assert.deepStrictEqual(keysOf(yield* next(subscription)), ["a", "b", "c"])
      assert.strictEqual(yield* local.redeliver({}), 1)
      assert.deepStrictEqual(keysOf(yield* next(subscription)), ["c"])
      yield* local.redeliver({ count: 9 })
      yield* local.trim({ stream, upTo: first })
      assert.deepStrictEqual(keysOf(yield* next(subscription)), ["b", "c"])
      yield* local.redeliver({ coming: 1, count: 1 })
      yield* Effect.sleep("5 seconds")
      const again = yield* subscribe(Position.afterSequenceNumber(second))
      assert.deepStrictEqual(keysOf(yield* next(again)), ["b", "c"])
    })))

  for (const isRegisteredAnew of [false, true]) {
    const how = isRegisteredAnew ? "a consumer that was registered anew" : "the next subscription"
    it.scoped(`brings nothing from before the first subscription, by ${how}`, () =>
      VirtualTime.run(Effect.gen(function*() {
        const { client, consumerArn, local, put, subscribe } = yield* withConsumer()
        yield* put("old")
        const first = yield* subscribe(Position.latest)
        const { continuationSequenceNumber } = yield* next(first)
        if (isRegisteredAnew) yield* local.deregister({ stream, consumer: "mine" })
        const { consumerArn: arn } = isRegisteredAnew
          ? yield* client.registerStreamConsumer({ streamArn, consumerName: "mine" })
          : { consumerArn }
        yield* put("new")
        yield* Effect.sleep("5 seconds")
        yield* local.redeliver({ coming: 1, count: 9 })
        const second = yield* subscribe(Position.afterSequenceNumber(continuationSequenceNumber!), shard0, arn)
        assert.deepStrictEqual(keysOf(yield* next(second)), ["new"])
      })))
  }
})

describe("takeOver", () => {
  it.scoped("F111 the present subscription fails, for 5 s all are refused, then the newer takes over", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, subscribe } = yield* withConsumer()
      const subscription = yield* subscribe()
      const waiting = yield* Effect.fork(toEnd(subscription))
      yield* Effect.sleep("2 seconds")
      yield* local.takeOver({ stream, consumer: "mine", shardId: shard0 })
      const { error } = yield* Fiber.join(waiting)
      const description = `Another active subscription exists for this consumer: 000000000000:${stream}:${shard0}:mine`
      assert.deepInclude(error, { _tag: "ResourceInUse", description })
      assert.deepStrictEqual((yield* local.subscriptions).map(({ since }) => since), [2000])
      yield* Effect.sleep("4999 millis")
      assert.deepInclude(yield* Effect.flip(subscribe()), { _tag: "ResourceInUse", description })
      yield* Effect.sleep("1 second")
      yield* subscribe()
      assert.strictEqual((yield* local.subscriptions).length, 1)
    })))
})

describe("faults of the call", () => {
  it.scoped("F90 loseAnswer: it was accepted, so the next one within 5 s is refused", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, put, subscribe } = yield* withConsumer()
      const older = yield* Effect.fork(Effect.flatMap(subscribe(), toEnd))
      yield* Effect.sleep("10 seconds")
      yield* local.loseAnswer({ operation: "subscribeToShard" })
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "ServiceUnavailable")
      assert.strictEqual((yield* Fiber.join(older)).error!._tag, "ResourceInUse")
      assert.deepStrictEqual((yield* local.subscriptions).map(({ since }) => since), [10_000])
      yield* put("a")
      yield* Effect.sleep("4 seconds")
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "ResourceInUse")
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual(keysOf(yield* Effect.flatMap(subscribe(), next)), ["a"])
    })))

  it.scoped("throttle, fail and hang: it took no effect", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, subscribe } = yield* withConsumer({ requestTimeout: "1 second" }, { shardCount: 2 })
      yield* local.throttle({ operation: "subscribeToShard", stream, shardId: shard0 })
      yield* subscribe(Position.latest, shard1)
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "ThrottledError")
      yield* local.fail({ operation: "subscribeToShard", error: kms })
      assert.strictEqual(yield* Effect.flip(subscribe()), kms)
      yield* local.hang({ operation: "subscribeToShard" })
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "RequestTimeout")
      assert.strictEqual(yield* Clock.currentTimeMillis, 1000)
      yield* subscribe()
    })))

  it.scoped("delay is before acceptance, delayAnswer after it, and straggle after the caller has given up", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { local, subscribe } = yield* withConsumer({ requestTimeout: "3 seconds" })
      const since = Effect.map(local.subscriptions, (live) => live.map(({ since }) => since))
      yield* local.delay({ operation: "subscribeToShard", duration: "2 seconds" })
      yield* Effect.scoped(
        Effect.zipRight(
          subscribe(),
          Effect.flatMap(since, (live) => Effect.sync(() => assert.deepStrictEqual(live, [2000])))
        )
      )
      yield* Effect.sleep("8 seconds")
      yield* local.delayAnswer({ operation: "subscribeToShard", duration: "5 seconds" })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(subscribe())))._tag, "RequestTimeout")
      assert.deepStrictEqual(yield* since, [10_000])
      yield* Effect.sleep("7 seconds")
      yield* local.straggle({ operation: "subscribeToShard", duration: "5 seconds" })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(subscribe())))._tag, "RequestTimeout")
      yield* Effect.sleep("2 seconds")
      assert.deepStrictEqual(yield* since, [25_000])
      yield* Effect.sleep("4 seconds")
      assert.strictEqual((yield* Effect.flip(subscribe()))._tag, "ResourceInUse")
    })))
})

describe("what ends a subscription by itself", () => {
  const endings = [
    ["the consumer is deregistered", "Consumer mine with creation timestamp 0 under stream orders"],
    ["the stream is deleted", "Stream orders under account"],
    ["the stream is deleted and made anew", "Stream orders under account"],
    ["the shard leaves retention", "Could not find shard"]
  ] as const
  for (const [what, words] of endings) {
    it.scoped(`F84 ${what}: it is not found, in words that say what`, () =>
      VirtualTime.run(Effect.gen(function*() {
        const { client, local, put, subscribe } = yield* withConsumer()
        const waiting = yield* Effect.fork(Effect.flatMap(subscribe(), toEnd))
        yield* Effect.sleep("4 seconds")
        yield* put("a")
        yield* Effect.sleep("71 millis")
        if (what === "the consumer is deregistered") yield* local.deregister({ stream, consumer: "mine" })
        else if (what === "the shard leaves retention") {
          yield* client.splitShard({ stream, shardToSplit: shard0, newStartingHashKey: "10" })
          yield* local.expireShard({ stream, shardId: shard0 })
        } else yield* client.deleteStream({ stream })
        if (what === "the stream is deleted and made anew") yield* client.createStream({ stream, shardCount: 1 })
        const { error, events } = yield* Fiber.join(waiting)
        assert.deepInclude(error, { _tag: "ResourceNotFound", operation: "SubscribeToShard", shardId: shard0 })
        assert.include(error!.description, words)
        assert.deepStrictEqual(events.map(keysOf), [["a"]])
        assert.strictEqual(yield* Clock.currentTimeMillis, 4071)
      })))
  }

  it.scoped("a transition ends it when it is over, without another call", () =>
    VirtualTime.run(Effect.gen(function*() {
      const { client, local, subscribe } = yield* withConsumer({ transition: "3 seconds" })
      yield* Effect.sleep("3 seconds")
      const waiting = yield* Effect.fork(Effect.flatMap(subscribe(), toEnd))
      yield* Effect.sleep("1 second")
      yield* client.deregisterStreamConsumer({ streamArn, consumerName: "mine" })
      assert.strictEqual((yield* Fiber.join(waiting)).error!._tag, "ResourceNotFound")
      assert.strictEqual(yield* Clock.currentTimeMillis, 7000)
      assert.deepStrictEqual(yield* local.subscriptions, [])
    })))
})
