/** A test in virtual time: ten minutes of a stream with default options, with throttles and an expired iterator. */
import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

const countOrders = Stream.runCount(
  KinesisStream.records({ stream: "orders", from: "latest", until: Until.elapsed("10 minutes") })
)

it.effect("counts each order once, whatever the service does", () =>
  VirtualTime.run(
    Effect.gen(function*() {
      const client = yield* KinesisClient.KinesisClient
      const local = yield* LocalKinesis.LocalKinesis
      const counting = yield* Effect.fork(countOrders)
      yield* Effect.sleep("1 minute")
      yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array([1]) })
      yield* local.throttle({ operation: "getRecords", times: 2 })
      yield* Effect.sleep("1 minute")
      yield* client.putRecord({ stream: "orders", partitionKey: "b", data: new Uint8Array([2]) })
      yield* local.expireIterator({})
      assert.strictEqual(yield* Fiber.join(counting), 2)
    }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })))
  ))
