import type * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import * as KinesisError from "effect-kinesis/KinesisError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PushFault } from "./pushes.js"
import type { StreamNotes } from "./stream.js"

type Watched = Pick<StreamNotes, "count" | "parents" | "say">

const counted = (notes: Watched, fault: string): Effect.Effect<void> => Effect.sync(() => notes.count(fault))

/** The subscriptions that the reader gets: what ends them is counted, and their last events name children. */
export const watch = (
  notes: Watched,
  client: KinesisClient.Service
): Pick<KinesisClient.Service, "subscribeToShard"> => ({
  subscribeToShard: (request) => {
    const what = () => `subscribeToShard ${request.shardId} at ${JSON.stringify(request.position)}`
    return client.subscribeToShard(request).pipe(
      Effect.tapBoth({
        onFailure: ({ _tag }) =>
          Effect.zipRight(counted(notes, `subscription refused: ${_tag}`), notes.say(() => `${what()}: ${_tag}`)),
        onSuccess: () => notes.say(what)
      }),
      Effect.map((subscription) => watchEvents(notes, request.shardId, subscription))
    )
  }
})

const watchEvents = (
  notes: Watched,
  shardId: string,
  { announced, event }: KinesisClient.Subscription
): KinesisClient.Subscription => ({
  announced: Effect.tapError(announced, (why) => {
    const error = Option.match(why, { onNone: () => "no error", onSome: ({ _tag }) => _tag })
    return counted(notes, `subscription over: ${error}`)
  }),
  event: Effect.tap(event, ({ childShards, millisBehindLatest, records }) => {
    for (const { parentShards, shardId } of childShards) notes.parents.set(shardId, parentShards)
    return notes.say(() => `event ${shardId}: ${records.length} records, ${millisBehindLatest} ms behind`)
  })
})

const unavailable = (operation: string) =>
  new KinesisError.ServiceUnavailable({ operation, description: "A subscription broke." })

/** Where a fault happens. */
export interface Place {
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
  readonly stream: string
  readonly consumer: string
  /** The shard that was picked, if any. */
  readonly shardId: string | undefined
  readonly say: StreamNotes["say"]
}

/** Lets one thing go wrong with subscriptions, if there are any. */
export const hurt = (place: Place, fault: PushFault): Effect.Effect<void> => {
  const { consumer, local, say, shardId, stream } = place
  const target = { stream, shardId, coming: "coming" in fault ? fault.coming : undefined }
  switch (fault._tag) {
    case "EndSubscription":
      return Effect.asVoid(local.endSubscription(target))
    case "BreakSubscription":
      return Effect.asVoid(local.breakSubscription({ ...target, error: unavailable }))
    case "Mute":
      return Effect.asVoid(local.mute(target))
    case "StallEvent":
      return Effect.asVoid(local.stallEvent(target))
    case "Redeliver":
      return Effect.asVoid(local.redeliver({ ...target, count: fault.count }))
    case "TakeOver":
      return shardId === undefined ? Effect.void : ifThere(say, local.takeOver({ stream, consumer, shardId }))
    case "Deregister": {
      const { againAfter } = fault
      const deregistered = ifThere(say, local.deregister({ stream, consumer }))
      return againAfter === undefined
        ? deregistered
        : Effect.zipRight(deregistered, Effect.delay(register(place), againAfter))
    }
    case "Suspend": {
      const status = (status: "CREATING" | "ACTIVE") => ifThere(say, local.consumerStatus({ stream, consumer, status }))
      return Effect.zipRight(status("CREATING"), Effect.delay(status("ACTIVE"), fault.millis))
    }
  }
}

/** Another program registers the consumer, unless there is one. */
export const register = ({ client, consumer, say, stream }: Omit<Place, "local" | "shardId">): Effect.Effect<void> =>
  Effect.flatMap(
    client.describeStreamSummary({ stream }),
    ({ streamArn }) => client.registerStreamConsumer({ streamArn, consumerName: consumer })
  ).pipe(
    Effect.matchEffect({
      onFailure: ({ _tag }) => say(() => `not registered: ${_tag}`),
      onSuccess: () => say(() => "registered by another")
    })
  )

/** A knob dies where there is no consumer, or no such shard, yet or any more. */
const ifThere = (say: StreamNotes["say"], knob: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchAllDefect(knob, (defect) => say(() => `not possible: ${String(defect)}`))
