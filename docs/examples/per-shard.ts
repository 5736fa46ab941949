/** Handles shards at the same time and each shard in its order; a child shard begins when its parents are done. */
import { LocalKinesis } from "@effect-kinesis/local"
import { Effect, Stream } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"

const data = new TextEncoder().encode("kettle")

const program = Effect.gen(function*() {
  const client = yield* KinesisClient.KinesisClient
  for (const partitionKey of ["a", "b", "c", "d"]) yield* client.putRecord({ stream: "orders", partitionKey, data })
  const { shards: [first, second] } = yield* client.listShards({ stream: "orders" })
  yield* client.mergeShards({
    stream: "orders",
    shardToMerge: first!.shardId,
    adjacentShardToMerge: second!.shardId
  })
  yield* client.putRecord({ stream: "orders", partitionKey: "e", data })

  yield* KinesisStream.shards({ stream: "orders", from: "trim-horizon", until: Until.caughtUp }).pipe(
    Stream.flatMap(
      (shard) =>
        Stream.mapEffect(
          shard.pages,
          (page) => Effect.log(`${shard.shardId}: ${page.records.map((record) => record.partitionKey).join(" ")}`)
        ),
      { concurrency: "unbounded" }
    ),
    Stream.runDrain
  )
})

Effect.runPromise(Effect.provide(program, LocalKinesis.layer({ streams: [{ name: "orders", shardCount: 2 }] })))
