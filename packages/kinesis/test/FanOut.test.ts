/** The consumers of a stream, for programs that look after them. */
import type { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { FanOut, KinesisClient, KinesisError } from "effect-kinesis"
import { callsOf, withKinesis } from "./support/reading.js"

const streamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
const billing = { stream: streamArn, consumer: "billing" }

const local: LocalKinesis.Options = { streams: [{ name: "orders" }], transition: "7 seconds" }

/** How long it takes, in milliseconds. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const value = yield* effect
    return [value, (yield* Clock.currentTimeMillis) - before] as const
  })

const isWithinAPauseOf = (millis: number, least: number) => {
  assert.isAtLeast(millis, least)
  assert.isBelow(millis, least + 2_000)
}

describe("FanOut.register", () => {
  it.effect("waits until the consumer is ACTIVE, looking every 1 to 2 seconds", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        const [consumer, millis] = yield* timed(FanOut.register(billing))
        assert.deepInclude(consumer, { consumerName: "billing", consumerStatus: "ACTIVE" })
        isWithinAPauseOf(millis, 7_000)
        const looks = yield* callsOf(local, "describeStreamConsumer")
        assert.isAtLeast(looks.length, 4)
        assert.isAtMost(looks.length, 8)
      })))

  it.effect("or does not wait", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        const [consumer, millis] = yield* timed(FanOut.register({ ...billing, wait: false }))
        assert.strictEqual(consumer.consumerStatus, "CREATING")
        assert.strictEqual(millis, 0)
        assert.deepStrictEqual((yield* local.calls).map(({ operation }) => operation), ["registerStreamConsumer"])
      })))

  it.effect("a stream's name costs one DescribeStreamSummary, its ARN none", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        yield* FanOut.register({ stream: "orders", consumer: "billing" })
        assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
        yield* FanOut.describe(billing)
        assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
      })))

  it.effect("a name that is taken is in use", () =>
    withKinesis(local, () =>
      Effect.gen(function*() {
        yield* FanOut.register({ ...billing, wait: false })
        const error = yield* Effect.flip(FanOut.register(billing))
        assert.deepInclude(error, { _tag: "ResourceInUse", operation: "RegisterStreamConsumer" })
        assert.include(error.message, "already exists")
      })))

  it.effect("a stream with 20 consumers takes no other, and the error says what to do", () =>
    withKinesis({ streams: [{ name: "orders" }] }, () =>
      Effect.gen(function*() {
        for (let made = 0; made < 20; made++) yield* FanOut.register({ ...billing, consumer: `c${made}`, wait: false })
        const error = yield* Effect.flip(FanOut.register(billing))
        assert.strictEqual(error._tag, "ResourceInUse")
        assert.include(error.message, "the stream has 20 consumers")
        assert.include(error.message, "FanOut.deregister")
      })))

  it.effect("a sixth that is CREATING is throttled: that passes", () =>
    withKinesis(local, () =>
      Effect.gen(function*() {
        for (let made = 0; made < 5; made++) yield* FanOut.register({ ...billing, consumer: `c${made}`, wait: false })
        const error = yield* Effect.flip(FanOut.register(billing))
        assert.deepInclude(error, { _tag: "ThrottledError", reason: "limit" })
      })))

  it.effect("one that stays CREATING is given up after 2 minutes", () =>
    withKinesis({ ...local, transition: "1 hour" }, () =>
      Effect.gen(function*() {
        const [error, millis] = yield* timed(Effect.flip(FanOut.register(billing)))
        assert.strictEqual(error._tag, "ResourceInUse")
        assert.include(error.message, "the consumer billing is still CREATING after 2 minutes")
        isWithinAPauseOf(millis, 120_000)
      })))

  it.effect("while it waits, throttles and outages pass, and a denied call does not", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        const operation = "describeStreamConsumer"
        yield* local.throttle({ operation, times: 2 })
        yield* local.loseAnswer({ operation })
        assert.strictEqual((yield* FanOut.register(billing)).consumerStatus, "ACTIVE")
        const denied = (operation: string) =>
          new KinesisError.AccessDenied({ operation, action: `kinesis:${operation}`, description: "no" })
        yield* local.fail({ operation, error: denied })
        const error = yield* Effect.flip(FanOut.register({ ...billing, consumer: "other" }))
        assert.include(error.message, "the call needs kinesis:DescribeStreamConsumer")
      })))
})

describe("FanOut.deregister", () => {
  it.effect("waits until the consumer is gone, by name or ARN", () =>
    withKinesis(local, () =>
      Effect.gen(function*() {
        for (const by of ["name", "arn"] as const) {
          const { consumerArn } = yield* FanOut.register(billing)
          const [, millis] = yield* timed(FanOut.deregister(by === "arn" ? { consumer: consumerArn } : billing))
          isWithinAPauseOf(millis, 7_000)
          assert.deepStrictEqual(yield* FanOut.list({ stream: "orders" }), [])
        }
        assert.strictEqual((yield* Effect.flip(FanOut.deregister(billing)))._tag, "ResourceNotFound")
      })))

  it.effect("or does not wait", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        yield* FanOut.register(billing)
        const looked = (yield* callsOf(local, "describeStreamConsumer")).length
        const [, millis] = yield* timed(FanOut.deregister({ ...billing, wait: false }))
        assert.strictEqual(millis, 0)
        assert.strictEqual((yield* callsOf(local, "describeStreamConsumer")).length, looked)
        assert.strictEqual((yield* FanOut.describe(billing)).consumerStatus, "DELETING")
      })))

  it.effect("waits for one that is DELETING already, and not for a new one of its name", () =>
    withKinesis(local, () =>
      Effect.gen(function*() {
        const { consumerArn } = yield* FanOut.register(billing)
        yield* FanOut.deregister({ ...billing, wait: false })
        const waiting = yield* Effect.fork(timed(FanOut.deregister(billing)))
        yield* Effect.sleep("7001 millis")
        const anew = yield* FanOut.register({ ...billing, wait: false })
        assert.notStrictEqual(anew.consumerArn, consumerArn)
        isWithinAPauseOf((yield* Fiber.join(waiting))[1], 7_000)
        assert.strictEqual((yield* FanOut.describe(billing)).consumerArn, anew.consumerArn)
      })))

  it.effect("one that stays DELETING is given up after 2 minutes", () =>
    withKinesis({ streams: [{ name: "orders" }] }, ({ local }) =>
      Effect.gen(function*() {
        yield* FanOut.register(billing)
        yield* local.consumerStatus({ ...billing, status: "DELETING" })
        const [error, millis] = yield* timed(Effect.flip(FanOut.deregister(billing)))
        assert.include(error.message, "the consumer billing is still DELETING after 2 minutes")
        isWithinAPauseOf(millis, 120_000)
      })))
})

describe("FanOut.describe", () => {
  it.effect("by name or ARN; one that is not there is not found", () =>
    withKinesis(local, ({ local }) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* Effect.flip(FanOut.describe(billing)))._tag, "ResourceNotFound")
        const { consumerArn } = yield* FanOut.register(billing)
        const described = yield* FanOut.describe({ consumer: consumerArn })
        assert.deepInclude(described, { consumerName: "billing", consumerArn, streamArn })
        assert.deepStrictEqual(yield* FanOut.describe({ stream: "orders", consumer: consumerArn }), described)
        assert.deepStrictEqual(yield* FanOut.describe({ stream: "orders", consumer: "billing" }), described)
        assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 1)
      })))
})

describe("FanOut.list", () => {
  /** A service whose pages are short. */
  const inPages = (maxResults: number) =>
    Effect.updateService(KinesisClient.KinesisClient, (client: KinesisClient.Service) => ({
      ...client,
      listStreamConsumers: (request) => client.listStreamConsumers({ ...request, maxResults })
    }))

  it.effect("gives all pages, and begins again when a token has expired", () =>
    withKinesis({ streams: [{ name: "orders" }] }, ({ local }) =>
      Effect.gen(function*() {
        const names = ["a", "b", "c", "d", "e"]
        for (const consumer of names) yield* FanOut.register({ ...billing, consumer, wait: false })
        const listed = Effect.map(
          FanOut.list({ stream: "orders" }),
          (consumers) => consumers.map(({ consumerName }) => consumerName)
        )
        assert.deepStrictEqual(yield* listed, names)
        assert.deepStrictEqual(yield* inPages(2)(listed), names)
        const error = new KinesisError.ExpiredListToken({ operation: "ListStreamConsumers", description: "old" })
        yield* local.fail({ operation: "listStreamConsumers", times: 2, error })
        assert.deepStrictEqual(yield* inPages(2)(listed), names)
        yield* local.fail({ operation: "listStreamConsumers", times: 10, error })
        assert.strictEqual((yield* Effect.flip(listed))._tag, "ServiceUnavailable")
      })))

  it.effect("a stream that is not there is not found", () =>
    withKinesis(local, () =>
      Effect.gen(function*() {
        for (const stream of ["none", `${streamArn}x`]) {
          assert.strictEqual((yield* Effect.flip(FanOut.list({ stream })))._tag, "ResourceNotFound")
        }
      })))
})
