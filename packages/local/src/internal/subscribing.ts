import type {
  PutRecordResponse,
  PutRecordsResponse,
  SubscribeToShardEvent,
  SubscribeToShardRequest
} from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { KinesisError } from "effect-kinesis/KinesisError"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Operation } from "../LocalKinesis.js"
import * as Errors from "./errors.js"
import type { Account, Shard } from "./model.js"
import * as Pushes from "./pushes.js"
import type { Manner, Over, Subscription } from "./subscriptions.js"
import * as Subscriptions from "./subscriptions.js"

/** A caller that waits for its subscription. */
interface Waiter {
  readonly subscription: Subscription
  isStirred: boolean
  resume: () => void
}

/** The callers that wait, by shard. */
export type Waiting = Map<Shard, Set<Waiter>>

/** What subscriptions need of the service. */
export interface Context {
  readonly account: Account
  /** By the server's clock, in milliseconds since the epoch. */
  readonly now: Effect.Effect<number>
  readonly manner: Manner
  readonly waiting: Waiting
}

/** One subscription and its caller. */
interface State extends Context {
  readonly subscription: Subscription
  readonly site: Errors.CallSite
}

/** Lets the callers look again who wait for one of these shards; without them, for any. */
export const stir = (waiting: Waiting, shards: Iterable<Shard | undefined> = waiting.keys()): void => {
  for (const shard of shards) {
    for (const waiter of (shard === undefined ? undefined : waiting.get(shard)) ?? []) {
      waiter.isStirred = true
      waiter.resume()
    }
  }
}

/** The shards in which a call can have changed something; undefined for all of them. */
const touched = (
  { account }: Context,
  operation: Operation,
  stream: string | undefined,
  answer: unknown
): ReadonlyArray<Shard | undefined> | undefined => {
  const shardOf = (shardId: string | undefined) =>
    shardId === undefined ? undefined : account.streams.get(stream ?? "")?.shards[Number(shardId.slice(-12))]
  switch (operation) {
    case "putRecord":
      return [shardOf((answer as PutRecordResponse).shardId)]
    case "putRecords":
      return (answer as PutRecordsResponse).records.map(({ shardId }) => shardOf(shardId))
    case "getRecords":
    case "getShardIterator":
    case "listShards":
      return []
    default:
      return undefined
  }
}

/** Lets the callers look again whom a call can concern. */
export const stirBy = (
  context: Context,
  operation: Operation,
  stream: string | undefined,
  answer: unknown
): void => {
  if (context.waiting.size > 0) stir(context.waiting, touched(context, operation, stream, answer))
}

/** Lives until its scope ends. */
export const subscribe = (
  context: Context,
  { shardId, stream }: SubscribeToShardRequest,
  accepted: Effect.Effect<Subscription, Errors.Failure>
): Effect.Effect<KinesisClient.Subscription, KinesisError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const subscription = yield* Effect.mapError(restore(accepted), (error) => error as KinesisError)
      const self = { ...context, subscription, site: { operation: "SubscribeToShard", stream, shardId } }
      yield* Effect.addFinalizer(() => Effect.sync(() => leave(self)))
      return { announced: Effect.suspend(() => announced(self)), event: Effect.suspend(() => taken(self)) }
    })
  )

const leave = ({ subscription, waiting }: State): void => {
  Subscriptions.leave(subscription)
  stir(waiting, [subscription.shard])
}

const announced = (self: State): Effect.Effect<number, Option.Option<KinesisError>> =>
  wait(self, (now) => {
    const { account, manner, site, subscription } = self
    const step = Pushes.step(account, subscription, manner, now)
    switch (step._tag) {
      case "Sent":
        return Effect.succeed(step.sent.bytes)
      case "Over":
        return step.over._tag === "Ended"
          ? Effect.fail(Option.none())
          : Effect.fail(Option.some(toError(site, step.over)))
      case "Wait":
        return step.until
    }
  })

const taken = (self: State): Effect.Effect<SubscribeToShardEvent, KinesisError> =>
  wait(self, () => {
    const { site, subscription } = self
    const { ahead, over } = subscription
    if (ahead === undefined) {
      return Effect.fail(new ServiceUnavailable({ ...site, description: "No event was announced." }))
    }
    if (!ahead.isWhole) return over === undefined ? Number.POSITIVE_INFINITY : Effect.fail(toError(site, over))
    subscription.ahead = undefined
    return Effect.succeed(ahead.event)
  })

/** The error of a subscription that has ended with one, or in the middle of an event. */
const toError = (site: Errors.CallSite, over: Over): KinesisError => {
  switch (over._tag) {
    case "Ended":
      return new ServiceUnavailable({ ...site, description: "The subscription ended in the middle of an event." })
    case "Refused":
      return Errors.fromRefusal(site, over.refusal) as KinesisError
    case "Broken":
      return (typeof over.error === "function" ? over.error(site.operation) : over.error) as KinesisError
  }
}

/** Looks now, and again at the time that it is told, or when something has happened to the shard. */
const wait = <A, E>(
  self: State,
  look: (now: number) => Effect.Effect<A, E> | number
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.sync(() => enter(self)),
    (waiter) => turn(self, waiter, look),
    (waiter) => Effect.sync(() => exit(self, waiter))
  )

const turn = <A, E>(
  self: State,
  waiter: Waiter,
  look: (now: number) => Effect.Effect<A, E> | number
): Effect.Effect<A, E> =>
  Effect.flatMap(self.now, (now) => {
    waiter.isStirred = false
    const seen = look(now)
    return typeof seen === "number" ? Effect.zipRight(rest(waiter, seen - now), turn(self, waiter, look)) : seen
  })

const rest = (waiter: Waiter, millis: number): Effect.Effect<void> => {
  const stirred = Effect.async<void>((resume) => {
    waiter.resume = () => resume(Effect.void)
    if (waiter.isStirred) waiter.resume()
  })
  return Number.isFinite(millis) ? Effect.raceFirst(Effect.sleep(millis), stirred) : stirred
}

const enter = ({ subscription, waiting }: State): Waiter => {
  const waiter = { subscription, isStirred: false, resume: () => undefined }
  const { shard } = subscription
  const waiters = waiting.get(shard) ?? new Set()
  waiting.set(shard, waiters.add(waiter))
  return waiter
}

const exit = ({ subscription: { shard }, waiting }: State, waiter: Waiter): void => {
  const waiters = waiting.get(shard)
  waiters?.delete(waiter)
  if (waiters?.size === 0) waiting.delete(shard)
}
