/** A test in virtual time: an hour of a stream with default options, and the same under many orders of events. */
import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Stream } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

const countOrders = (until: Until.Until) =>
  Stream.runCount(KinesisStream.records({ stream: "orders", from: "latest", until }))

const put = (text: string) =>
  Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) => client.putRecord({ stream: "orders", partitionKey: text, data: new TextEncoder().encode(text) })
  )

const kinesis = LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })

it.effect("counts each order of an hour once, whatever the service does", () =>
  VirtualTime.run(
    Effect.gen(function*() {
      const local = yield* LocalKinesis.LocalKinesis
      const counting = yield* Effect.fork(countOrders(Until.elapsed("1 hour")))
      yield* Effect.sleep("10 minutes")
      yield* put("a")
      yield* local.throttle({ operation: "getRecords", times: 2 })
      yield* Effect.sleep("10 minutes")
      yield* put("b")
      yield* local.expireIterator({})
      assert.strictEqual(yield* Fiber.join(counting), 2)
    }).pipe(Effect.provide(kinesis))
  ), 60_000)

it.effect(
  "whoever goes first, each order is counted once",
  () =>
    Effect.forEach(Array.range(1, 20), (seed) =>
      VirtualTime.run(
        Effect.gen(function*() {
          const counting = yield* Effect.fork(countOrders(Until.elapsed("10 seconds")))
          yield* Effect.sleep("1 second")
          yield* Effect.all([put("a"), put("b"), put("c")], { concurrency: "unbounded" })
          assert.strictEqual(yield* Fiber.join(counting), 3)
        }).pipe(Effect.provide(kinesis)),
        { shuffle: seed }
      )),
  60_000
)
