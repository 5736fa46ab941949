/**
 * Copies the streams of three regions into one, by a group: a page counts as read only when its records are written, so that a copier that is
 * killed loses nothing, and its successor repeats no more than what was not stored yet.
 */
import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
import { Effect, Layer, Stream } from "effect"
import { Consumer, KinesisClient, KinesisStream, Producer, Until } from "effect-kinesis"

const regions = ["orders-eu", "orders-us", "orders-ap"]

class Orders extends Producer.Tag<Orders>()("Orders") {}

/** Shards are copied side by side, and their records share requests; each keeps its key. */
const copy = Effect.gen(function*() {
  const orders = yield* Orders
  yield* Consumer.run({
    application: "fan-in",
    stream: regions,
    from: "trim-horizon",
    pageHandler: ({ records }) => orders.putAll(records),
    stopWhen: Effect.repeat(Effect.delay(orders.stats, "50 millis"), { until: ({ written }) => written === 30 })
  })
})

const put = (stream: string) =>
  Effect.flatMap(KinesisClient.KinesisClient, (client) =>
    client.putRecords({
      stream,
      records: Array.from({ length: 10 }, (_, number) => ({
        data: new TextEncoder().encode(`${stream} ${number}`),
        partitionKey: `customer-${number % 3}`
      }))
    }))

const program = Effect.gen(function*() {
  yield* Effect.forEach(regions, put)
  yield* copy
  const copied = yield* Stream.runCollect(
    KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })
  )
  for (const { data } of copied) yield* Effect.log(new TextDecoder().decode(data))
})

const kinesis = LocalKinesis.layer({ streams: [...regions, "orders"].map((name) => ({ name, shardCount: 2 })) })
const live = Orders.layer({ stream: "orders", order: "key" })

Effect.runPromise(
  Effect.provide(program, Layer.provideMerge(live, Layer.merge(kinesis, LocalLeaseStore.layer())))
)
