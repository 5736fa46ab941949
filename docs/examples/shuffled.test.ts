/** A test under many orders of events: each seed draws which fiber goes first, and repeats it. */
import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber, Stream } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

const countOrders = Stream.runCount(
  KinesisStream.records({ stream: "orders", from: "latest", until: Until.elapsed("10 seconds") })
)

const put = (text: string) =>
  Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) => client.putRecord({ stream: "orders", partitionKey: text, data: new TextEncoder().encode(text) })
  )

const kinesis = LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })

it.effect(
  "whoever goes first, each order is counted once",
  () =>
    Effect.forEach(Array.range(1, 20), (seed) =>
      VirtualTime.run(
        Effect.gen(function*() {
          const counting = yield* Effect.fork(countOrders)
          yield* Effect.sleep("1 second")
          yield* Effect.all([put("a"), put("b"), put("c")], { concurrency: "unbounded" })
          assert.strictEqual(yield* Fiber.join(counting), 3)
        }).pipe(Effect.provide(kinesis)),
        { shuffle: seed }
      )),
  60_000
)
