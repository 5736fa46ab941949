import { KinesisClient, Producer } from "effect-kinesis"
import type { PutRecordsRequest, PutRecordsResponse } from "effect-kinesis/KinesisApi"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import type { MakeSubject } from "../measure.js"

const count = 10_000
const records = Array.from({ length: count }, (_, id) => ({
  data: new Uint8Array(256).fill(id),
  partitionKey: `customer-${id % 1_000}`
}))

const shard = {
  shardId: "shardId-000000000000",
  hashKeyRange: { startingHashKey: "0", endingHashKey: String(2n ** 128n - 1n) },
  startingSequenceNumber: "0"
}

let latest = 0

const answerTo = ({ records }: PutRecordsRequest) =>
  ({
    records: records.map(() => ({ shardId: shard.shardId, sequenceNumber: String(++latest) }))
  }) as unknown as PutRecordsResponse

/** A service that takes everything at once: what is left is the writer's own work. */
const service = {
  putRecords: (request: PutRecordsRequest) =>
    Effect.async<PutRecordsResponse>((resume) => void setImmediate(() => resume(Effect.succeed(answerTo(request))))),
  listShards: () => Effect.succeed({ shards: [shard], nextToken: undefined }),
  describeStreamSummary: () => Effect.succeed({ streamStatus: "ACTIVE", openShardCount: 1 })
} as unknown as KinesisClient.Service

class Orders extends Producer.Tag<Orders>()("Orders") {}

const live = Layer.provideMerge(
  Orders.layer({ stream: "orders", pace: { records: 1e9, bytes: 1e12 } }),
  Layer.succeed(KinesisClient.KinesisClient, service)
)

const batches = Array.from({ length: count / 500 }, (_, index) => records.slice(index * 500, (index + 1) * 500))

const withOrders = (write: (orders: Producer.Producer) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(Orders, write)

/** What it takes to write ten thousand records. */
const subjects: Record<string, Effect.Effect<unknown, unknown, Orders | KinesisClient.KinesisClient>> = {
  bare: Effect.flatMap(
    KinesisClient.KinesisClient,
    (client) =>
      Effect.forEach(batches, (records) => client.putRecords({ stream: "orders", records }), { concurrency: 16 })
  ),
  putAll: withOrders((orders) => orders.putAll(records)),
  sink: withOrders((orders) => Stream.run(Stream.fromIterable(batches).pipe(Stream.flattenIterables), orders.sink)),
  offer: withOrders((orders) =>
    Effect.flatMap(
      Effect.forEach(records, (record) => orders.offer(record)),
      (told) => Effect.forEach(told, (each) => each)
    )
  ),
  put: withOrders((orders) => Effect.forEach(records, (record) => orders.put(record), { concurrency: 1_000 })),
  fibers: Effect.forEach(records, () => Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))), {
    concurrency: 1_000
  })
}

export const make: MakeSubject = async (name) => {
  const runtime = ManagedRuntime.make(live)
  return async (millis) => {
    const end = performance.now() + millis
    let units = 0
    while (performance.now() < end) {
      await runtime.runPromise(subjects[name]! as Effect.Effect<unknown, unknown, never>)
      units += count
    }
    return units
  }
}
