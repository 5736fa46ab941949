import { LocalKinesis } from "@effect-kinesis/local"
import { Effect, Schema, Stream } from "effect"
import { KinesisClient, KinesisStream, RecordDecoder, Until } from "effect-kinesis"

class Order extends Schema.Class<Order>("Order")({ id: Schema.Int, item: Schema.String }) {}

const write = Effect.flatMap(KinesisClient.KinesisClient, (client) => {
  const data = new TextEncoder().encode(JSON.stringify({ id: 1, item: "kettle" }))
  return client.putRecord({ stream: "orders", partitionKey: "1", data })
})

const read = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.elapsed("2 seconds") }).pipe(
  RecordDecoder.json(Order),
  Stream.runForEach((order) => Effect.log(`${order.shardId}: ${order.value.item}`))
)

const kinesis = LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 4 }] })
// const kinesis = KinesisClient.layer({ region: "eu-west-1" })

Effect.runPromise(Effect.zipRight(write, read).pipe(Effect.provide(kinesis)))
