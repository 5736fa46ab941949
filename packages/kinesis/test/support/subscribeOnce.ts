/** A program that takes one event of a subscription, and leaves its client open. */
import { Effect, Scope } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import { clientOptions } from "./httpServer.js"

const program = Effect.gen(function*() {
  const forEver = yield* Scope.make()
  const options = { ...clientOptions(process.argv[2]!), fanOutTransport: "http2" } as const
  const client = yield* Scope.extend(KinesisClient.make(options), forEver)
  const request = { stream: "orders", consumerArn: "arn", shardId: "s", position: Position.latest }
  const { records } = yield* Effect.scoped(
    Effect.flatMap(client.subscribeToShard(request), ({ announced, event }) => Effect.zipRight(announced, event))
  )
  process.stdout.write(`${records[0]!.sequenceNumber} and over\n`)
})

void Effect.runPromise(Effect.orDie(program))
