import { KinesisClient } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { MakeSubject } from "../measure.js"

interface Argument {
  readonly url: string
  readonly stream: string
  readonly concurrency: number
  readonly maxSockets: number
}

/** Concurrent calls, as for this many shards. */
export const make: MakeSubject = async (_, { concurrency, maxSockets, stream, url }: Argument) => {
  const runtime = ManagedRuntime.make(KinesisClient.layer({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxSockets
  }))
  return (millis) =>
    runtime.runPromise(Effect.gen(function*() {
      const client = yield* KinesisClient.KinesisClient
      const end = performance.now() + millis
      let units = 0
      const call = client.getRecords({ stream, shardId: "shardId-000000000000", shardIterator: stream })
      const loop = Effect.whileLoop({
        while: () => performance.now() < end,
        body: () => call,
        step: () => {
          units++
        }
      })
      yield* Effect.all(Array.from({ length: concurrency }, () => loop), { concurrency: "unbounded" })
      return units
    }))
}
