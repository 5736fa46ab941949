/**
 * An hour under Effect's own TestClock, for tests that use it already. A quiet shard is read every 10 seconds, not once a second, and the test
 * may take longer than vitest's 5 seconds: `virtual-time.test.ts` needs no such care.
 */
import { LocalKinesis } from "@effect-kinesis/local"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

const countOrders = Stream.runCount(
  KinesisStream.records({
    stream: "orders",
    from: "latest",
    idleInterval: "10 seconds",
    until: Until.elapsed("1 hour")
  })
)

it.effect("counts each order once, whatever the service does", () =>
  Effect.gen(function*() {
    const client = yield* KinesisClient.KinesisClient
    const local = yield* LocalKinesis.LocalKinesis
    const counting = yield* Effect.fork(countOrders)
    yield* TestClock.adjust("10 minutes")
    yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array([1]) })
    yield* local.throttle({ operation: "getRecords", times: 2 })
    yield* TestClock.adjust("10 minutes")
    yield* client.putRecord({ stream: "orders", partitionKey: "b", data: new Uint8Array([2]) })
    yield* local.expireIterator({})
    yield* TestClock.adjust("40 minutes")
    assert.strictEqual(yield* Fiber.join(counting), 2)
  }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders" }] }))), 60_000)
