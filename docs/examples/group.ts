/** Two workers share a stream of four shards, then one leaves: its shards go on with the other, and nothing is handled twice. */
import { LocalKinesis, LocalLeaseStore } from "@effect-kinesis/local"
import { Effect, Layer, Stream } from "effect"
import { Consumer, KinesisClient } from "effect-kinesis"

const put = (text: string) =>
  Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) => client.putRecord({ stream: "orders", partitionKey: text, data: new TextEncoder().encode(text) })
  )

const makeWorker = (worker: string) =>
  Consumer.make({
    application: "billing",
    stream: "orders",
    from: "trim-horizon",
    worker,
    balanceInterval: "500 millis",
    leaseDuration: "2 seconds",
    pollInterval: "100 millis",
    idleInterval: "200 millis",
    handler: (record, { shardId }) =>
      Effect.log(`${worker} handled ${new TextDecoder().decode(record.data)} of ${shardId}`)
  })

const untilItHas = (shards: number, { assignment }: Consumer.Consumer) =>
  assignment.changes.pipe(Stream.filter((assigned) => assigned.length === shards), Stream.take(1), Stream.runDrain)

const program = Effect.gen(function*() {
  const ann = yield* makeWorker("ann")
  const annRuns = yield* Effect.fork(ann.run)
  yield* untilItHas(4, ann)
  const bob = yield* makeWorker("bob")
  yield* Effect.fork(bob.run)
  yield* untilItHas(2, bob)
  yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], put)
  yield* Effect.sleep("1 second")
  const summary = yield* ann.shutdown()
  yield* annRuns.await
  yield* Effect.log(`ann has left ${summary.shards.length} shards, ${summary.cut} records cut off`)
  yield* untilItHas(4, bob)
  yield* Effect.forEach(["g", "h", "i", "j", "k", "l"], put)
  yield* Effect.sleep("1 second")
})

const local = Layer.merge(
  LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 4 }] }),
  LocalLeaseStore.layer()
)
// const real = Layer.merge(KinesisClient.layer({ region: "eu-west-1" }), DynamoDbLeaseStore.layer({ region: "eu-west-1" }))

Effect.runPromise(Effect.scoped(Effect.provide(program, local)))
