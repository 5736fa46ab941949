/** Subscriptions through the real wire, to an emulator that is not ours. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { KinesisClient, Position } from "effect-kinesis"
import * as Emulator from "./support/emulator.js"

const stream = "orders"

/** A stream of one shard with a consumer, once both are ACTIVE. */
const consumer = (client: KinesisClient.Service) =>
  Effect.gen(function*() {
    yield* client.createStream({ stream, shardCount: 1 })
    const { streamArn } = yield* Effect.repeat(client.describeStreamSummary({ stream }), {
      until: ({ streamStatus }) => streamStatus === "ACTIVE"
    })
    const { consumerArn } = yield* client.registerStreamConsumer({ streamArn, consumerName: "app" })
    yield* Effect.repeat(Effect.delay(client.describeStreamConsumer({ consumerArn }), "10 millis"), {
      until: ({ consumerStatus }) => consumerStatus === "ACTIVE"
    })
    return consumerArn
  })

/** Pulls until there were so many records. */
const taken = ({ announced, event }: KinesisClient.Subscription, count: number) =>
  Effect.gen(function*() {
    const records: Array<string> = []
    while (records.length < count) {
      yield* announced
      for (const { data, partitionKey, shardId } of (yield* Effect.mapError(event, Option.some)).records) {
        assert.strictEqual(shardId, "shardId-000000000000")
        records.push(`${partitionKey}: ${Buffer.from(data)}`)
      }
    }
    return records
  })

describe("a subscription to kinesis-local", () => {
  it.scopedLive("brings what is written, from where it was asked for", () =>
    Effect.gen(function*() {
      const client = yield* KinesisClient.make(yield* Emulator.start)
      const consumerArn = yield* consumer(client)
      const request = { stream, consumerArn, shardId: "shardId-000000000000", position: Position.trimHorizon }
      const put = (text: string) =>
        client.putRecord({ stream, partitionKey: `key of ${text}`, data: new TextEncoder().encode(text) })
      const { sequenceNumber } = yield* put("one")
      yield* put("two")
      const first = yield* Effect.scoped(Effect.gen(function*() {
        const subscription = yield* client.subscribeToShard(request)
        const before = yield* taken(subscription, 2)
        const another = Effect.flatMap(client.subscribeToShard(request), ({ announced }) => announced)
        const refused = yield* Effect.flip(Effect.scoped(another))
        assert.strictEqual(Option.isOption(refused) ? Option.getOrThrow(refused)._tag : refused._tag, "ResourceInUse")
        yield* put("three")
        return [...before, ...yield* taken(subscription, 1)]
      }))
      assert.deepStrictEqual(first, ["key of one: one", "key of two: two", "key of three: three"])
      const again = { ...request, position: Position.afterSequenceNumber(sequenceNumber) }
      const resumed = Effect.scoped(
        Effect.flatMap(client.subscribeToShard(again), (subscription) => taken(subscription, 2))
      )
      const second = yield* Effect.retry(Effect.delay(resumed, "100 millis"), { times: 300 })
      assert.deepStrictEqual(second, ["key of two: two", "key of three: three"])
    }))
})
