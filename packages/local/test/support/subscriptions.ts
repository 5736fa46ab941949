import type { LocalKinesis } from "@effect-kinesis/local"
import { Clock, Effect, Option } from "effect"
import type { SubscribeToShardEvent } from "effect-kinesis/KinesisApi"
import type { Subscription } from "effect-kinesis/KinesisClient"
import { type Startable, trimHorizon } from "effect-kinesis/Position"
import { setup, shard0, stream } from "./setup.js"

export const streamArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`

/** The next event of a subscription. */
export const next = ({ announced, event }: Subscription) =>
  Effect.zipRight(announced, Effect.mapError(event, Option.some))

export const keysOf = ({ records }: Pick<SubscribeToShardEvent, "records">): ReadonlyArray<string | undefined> =>
  records.map(({ partitionKey }) => partitionKey)

/** The next so many events of a subscription: when each came, and the keys that it brought. */
export const arrivals = Effect.fnUntraced(function*(subscription: Subscription, count: number) {
  const seen: Array<ReadonlyArray<number | string | undefined>> = []
  while (seen.length < count) {
    const event = yield* next(subscription)
    seen.push([yield* Clock.currentTimeMillis, ...keysOf(event)])
  }
  return seen
})

/** All events of a subscription until it is over, and its error, undefined if it just ends. */
export const toEnd = Effect.fnUntraced(function*(subscription: Subscription) {
  const events: Array<SubscribeToShardEvent> = []
  const over = yield* Effect.flip(Effect.forever(Effect.map(next(subscription), (event) => void events.push(event))))
  return { events, error: Option.getOrUndefined(over) }
})

/** A service of one stream with a consumer that is ACTIVE. */
export const withConsumer = Effect.fnUntraced(function*(
  options: LocalKinesis.Options = {},
  of: Omit<LocalKinesis.StreamOptions, "name"> = {}
) {
  const made = yield* setup(options, of)
  const { consumerArn } = yield* made.client.registerStreamConsumer({ streamArn, consumerName: "mine" })
  const subscribe = (position: Startable = trimHorizon, shardId = shard0, arn = consumerArn) =>
    made.client.subscribeToShard({ stream, consumerArn: arn, shardId, position })
  return { ...made, consumerArn, subscribe }
})
