import type * as AwsSdk from "effect-kinesis/AwsSdk"
import { latest } from "effect-kinesis/Position"
import * as Effect from "effect/Effect"
import type * as LocalKinesis from "../LocalKinesis.js"
import * as Consumers from "./consumers.js"
import * as Engines from "./engine.js"
import * as Lookup from "./lookup.js"
import type { Consumer, Stream } from "./model.js"
import * as Rules from "./options.js"
import { isRefusal } from "./refusal.js"
import type * as Service from "./service.js"
import * as StreamKnobs from "./streamKnobs.js"
import * as Subscribing from "./subscribing.js"
import type { Disturbance, Subscription } from "./subscriptions.js"
import * as Subscriptions from "./subscriptions.js"

/** The knobs of this file. */
export type OfSubscriptions =
  | "endSubscription"
  | "breakSubscription"
  | "mute"
  | "stallEvent"
  | "redeliver"
  | "takeOver"
  | "consumerStatus"
  | "deregister"
  | "subscriptions"

/** What changes and shows consumers and their subscriptions. */
export const ofSubscriptions = (self: Service.State): Pick<LocalKinesis.Service, OfSubscriptions> => ({
  endSubscription: disturbing(self, "endSubscription", Rules.subscriptions, () => ({ _tag: "End" })),
  breakSubscription: disturbing(self, "breakSubscription", Rules.broken, ({ error }) => ({ _tag: "Break", error })),
  mute: disturbing(self, "mute", Rules.subscriptions, () => ({ _tag: "Mute" })),
  stallEvent: disturbing(self, "stallEvent", Rules.subscriptions, () => ({ _tag: "Stall" })),
  redeliver: disturbing(self, "redeliver", Rules.redelivered, ({ count = 1 }) => ({ _tag: "Redeliver", count })),
  takeOver: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.takeOver", Rules.takenOver, target)
    const { shardId } = target
    const [stream, consumer] = yield* knownConsumer(self, target)
    const now = yield* self.now
    const shard = Lookup.findShard(self.account, stream, shardId, now)
    if (isRefusal(shard)) return yield* Effect.dieMessage(shard.description)
    Subscriptions.accept(self.account, [stream, shard, consumer], { named: stream.name, position: latest }, now)
    Subscribing.stir(self.waiting, [shard])
  }),
  consumerStatus: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.consumerStatus", Rules.consumerStatus, target)
    const [, consumer] = yield* knownConsumer(self, target)
    consumer.status = target.status
    consumer.settlesAt = undefined
  }),
  deregister: Effect.fnUntraced(function*(target) {
    yield* Rules.check("LocalKinesis.deregister", Rules.consumer, target)
    const [stream, consumer] = yield* knownConsumer(self, target)
    Consumers.deregister(stream, consumer, yield* self.now, self.settings.transition)
    Subscribing.stir(self.waiting)
  }),
  subscriptions: Effect.map(
    self.now,
    (now) =>
      live(self, {}, now).map(({ acceptedAt, consumer, events, shard, stream }) => ({
        stream: stream.name,
        shardId: shard.id,
        consumer: consumer.name,
        consumerArn: Consumers.consumerArn(self.account, stream, consumer),
        since: acceptedAt - self.skew,
        events
      }))
  )
})

/** A knob of the subscriptions that are live now, or of those to come. */
const disturbing = <T extends LocalKinesis.SubscriptionTarget>(
  self: Service.State,
  name: OfSubscriptions,
  table: Readonly<Record<string, AwsSdk.Check>>,
  toDisturbance: (target: T) => Disturbance
) =>
(target: T): Effect.Effect<number> =>
  Effect.gen(function*() {
    yield* Rules.check(`LocalKinesis.${name}`, table, target)
    const disturbance = toDisturbance(target)
    if (target.coming !== undefined) {
      yield* Engines.inject(self.calls, callsOf(self, target), { _tag: "Disturb", disturbance }, target.coming)
      return 0
    }
    const met = live(self, target, yield* self.now)
    for (const subscription of met) Subscriptions.disturb(subscription, disturbance)
    Subscribing.stir(self.waiting, met.map(({ shard }) => shard))
    return met.length
  })

const nameOf = (nameOrArn: string): string => Consumers.parseArn(nameOrArn)?.name ?? nameOrArn

/** The calls with which the subscriptions of a target begin. */
const callsOf = ({ account }: Service.State, { consumer, shardId, stream }: LocalKinesis.SubscriptionTarget) => ({
  operations: ["subscribeToShard"] as const,
  stream: Lookup.nameOf(account, stream) ?? stream,
  shardId,
  consumer: consumer === undefined ? undefined : nameOf(consumer),
  entries: undefined
})

/** The subscriptions that are not over. */
const live = (
  { account }: Service.State,
  target: LocalKinesis.SubscriptionTarget,
  now: number
): ReadonlyArray<Subscription> => {
  const stream = Lookup.nameOf(account, target.stream) ?? target.stream
  const { shardId } = target
  return [...account.streams.values()].flatMap((each) =>
    (stream === undefined || each.name === stream ? consumersOf(each, target.consumer, now) : []).flatMap((consumer) =>
      [...consumer.shards.values()].flatMap(({ current }) =>
        current !== undefined && (shardId === undefined || current.shard.id === shardId) &&
          Subscriptions.overBy(account, current, now) === undefined
          ? [current]
          : []
      )
    )
  )
}

const consumersOf = (stream: Stream, consumer: string | undefined, now: number): ReadonlyArray<Consumer> => {
  if (consumer === undefined) return [...Consumers.present(stream, now).values()]
  const found = Consumers.findNamed(stream, consumer, now)
  return found === undefined ? [] : [found]
}

/** The consumer of a knob's target, which must be there, and its stream. */
const knownConsumer = Effect.fnUntraced(function*(
  self: Service.State,
  { consumer, stream }: { readonly stream: string; readonly consumer: string }
) {
  const found = yield* StreamKnobs.known(self, stream)
  const named = Consumers.findNamed(found, consumer, yield* self.now)
  return named === undefined
    ? yield* Effect.dieMessage(`no consumer ${consumer} of stream ${found.name}`)
    : [found, named] as const
})
