import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { Subscription } from "../../KinesisClient.js"
import { isThrottled, isTransient, type KinesisError, RequestTimeout, ServiceUnavailable } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Startable } from "../../Position.js"
import * as PollState from "../shard/pollState.js"
import * as ServerClock from "../shard/serverClock.js"
import * as SubscribeState from "../shard/subscribeState.js"
import * as ConsumerErrors from "./consumerErrors.js"
import * as Interruption from "./interruption.js"
import * as OutageWatch from "./outageWatch.js"
import * as Poller from "./poller.js"
import type { Pushes } from "./pushes.js"
import * as Retry from "./retry.js"
import * as RetrySteps from "./retrySteps.js"
import type { Signal } from "./signal.js"

/** A subscription of which an event has come, or begins to come. */
export interface Live {
  readonly subscription: Subscription
  readonly consumerArn: string
  /** On the monotonic clock. */
  readonly acceptedAt: number
  /** How many bytes the event has that was announced and not taken. */
  announced: number | undefined
}

/** A shard that is subscribed to, and polled while it is not. */
export interface Subscribed {
  readonly poller: Poller.Poller
  readonly pushes: Pushes
  /** Tells whoever takes pages. */
  readonly changed: Signal
  /** Tells the fiber that keeps the shard subscribed. */
  readonly dropped: Signal
  state: SubscribeState.SubscribeState
  live: Live | undefined
  /** Since when none is, on the monotonic clock. */
  since: number
  /** The last attempt failed: told once, until a subscription brings an event. */
  isUnavailable: boolean
  /** Where the retry schedules stand. */
  readonly retries: Record<"throttled" | "transient", RetrySteps.RetryState>
  /** Why the shard cannot be read. */
  failure: Cause.Cause<KinesisError> | undefined
  /** The shard is another reader's. */
  isLost: boolean
  fiber: Fiber.RuntimeFiber<unknown> | undefined
}

/** Longer silence is a dead connection: the service sends an event at least every 5 seconds, an empty one if need be. */
const silenceMillis = 35_000

/** A whole event comes within this time once it has begun, as an answer of GetRecords does. */
const eventMillis = 30_000

const now = ({ poller: { context } }: Subscribed): number => context.monotonicMillis()

const timeout = ({ poller: { context, shard } }: Subscribed, description: string): RequestTimeout =>
  new RequestTimeout({
    operation: "SubscribeToShard",
    stream: context.settings.stream,
    shardId: shard.shardId,
    description
  })

/** Waits for the next event; only this wait counts as silence, not what the consumer does between two events. */
export const announced = (
  self: Subscribed,
  { announced }: Subscription
): Effect.Effect<number, Option.Option<KinesisError>> =>
  Effect.timeoutFail(announced, {
    duration: silenceMillis,
    onTimeout: () => Option.some(timeout(self, "no event came for 35 seconds"))
  })

/** The event that was announced, if it comes whole and has all that it must have. */
export const event = (self: Subscribed, { event }: Subscription): Subscription["event"] =>
  Effect.timeoutFail(event, {
    duration: eventMillis,
    onTimeout: () => timeout(self, "an event was not whole within 30 seconds")
  }).pipe(Effect.filterOrFail(({ records }) => records !== undefined, () => lacking(self, "has no list of records")))

const lacking = ({ poller: { context, shard } }: Subscribed, what: string): ServiceUnavailable =>
  new ServiceUnavailable({
    operation: "SubscribeToShard",
    stream: context.settings.stream,
    shardId: shard.shardId,
    description: `an event ${what}`
  })

/** How long a call is waited for before the shard is polled, in milliseconds. */
const patience = 1_000

/**
 * Whether the shard is to be polled meanwhile: where a subscription cannot be had soon, and where polling is to tell what a refusal means. One
 * that was accepted brings its first event within 5 seconds.
 */
export const isBridged = (self: Subscribed): boolean => {
  const { isUnavailable, pushes: { whileUnavailable }, since, state } = self
  if (state.isDoubtful) return true
  if (whileUnavailable === "wait") return false
  if (isUnavailable || state.fruitless > 0) return true
  const at = now(self)
  switch (state.connection._tag) {
    case "None":
      return at >= since + patience || SubscribeState.command(state, at)._tag === "Wait"
    case "Calling":
      return at >= since + patience
    case "Live":
      return false
  }
}

/** For how long a shard is not polled yet, in milliseconds. */
export const millisToBridge = (self: Subscribed): number => Math.max(1, Math.ceil(self.since + patience - now(self)))

/** Where a subscription begins: after the last record that was read, or further on, where the last event said that there is none. */
const positionOf = ({ poller: { poll, shard: { skew } }, state }: Subscribed): Startable => {
  const sequenceNumber = SubscribeState.resumption(state, poll.lastSequenceNumber)
  return sequenceNumber === undefined
    ? ServerClock.shift(PollState.startOf(poll)!, skew.millis)
    : { _tag: "AfterSequenceNumber", sequenceNumber }
}

// ---------------------------------------------------------------------------------------------------------------------
// Keeping a shard subscribed
//
// A fiber for each shard subscribes, and again whenever a subscription is over, as early as the service and the state
// allow. It waits for the first event of a subscription; from then on the events belong to whoever takes the shard's
// pages, until that one finds the subscription over and drops it. The fiber ends with the reading of the shard; should it
// die, such as of a schedule that does, reading fails with it.
// ---------------------------------------------------------------------------------------------------------------------

export const keep = (self: Subscribed): Effect.Effect<void> =>
  Effect.forever(Effect.suspend(() => step(self))).pipe(
    Effect.catchAllCause((cause) => Effect.sync(() => failWith(self, Interruption.asDefect(cause))))
  )

const step = (self: Subscribed): Effect.Effect<void> => {
  if (self.poller.poll.ended || self.failure !== undefined) return Effect.never
  const command = SubscribeState.command(self.state, now(self))
  switch (command._tag) {
    case "Subscribe":
      return subscribe(self)
    case "Wait":
      return Effect.sleep(Math.ceil(command.until - now(self)))
    case "Poll":
      return self.dropped.waitUntil(() => !self.state.isDoubtful)
    case "VerifyOwner":
      return verifyOwner(self)
  }
}

const verifyOwner = (self: Subscribed): Effect.Effect<void> =>
  Effect.flatMap(self.poller.shard.coordination.ownsShard(self.poller.shard.shardId), (owns) => {
    if (owns) {
      self.state = SubscribeState.ownerVerified(self.state)
      return Effect.void
    }
    self.isLost = true
    self.changed.tell()
    return Effect.never
  })

const fail = (self: Subscribed, error: KinesisError): void => failWith(self, Cause.fail(error))

const failWith = (self: Subscribed, cause: Cause.Cause<KinesisError>): void => {
  self.failure = cause
  self.changed.tell()
}

const subscribe = (self: Subscribed): Effect.Effect<void> =>
  Effect.matchEffect(self.pushes.arn, {
    onSuccess: (consumerArn) => Effect.scoped(attempt(self, consumerArn)),
    onFailure: (error) => unfound(self, error)
  })

/** The consumer was not found. An outage does not end a reading that goes on by polling, as far as that can. */
const unfound = (self: Subscribed, error: KinesisError): Effect.Effect<void> =>
  ConsumerErrors.isByOutage(error) ? failed(self, undefined, error) : Effect.sync(() => fail(self, error))

const attempt = (self: Subscribed, consumerArn: string) => {
  const { context: { client, settings: { stream } }, shard: { shardId } } = self.poller
  const position = positionOf(self)
  self.state = SubscribeState.called(self.state, now(self))
  return Effect.matchEffect(client.subscribeToShard({ stream, consumerArn, shardId, position }), {
    onFailure: (error) => failed(self, consumerArn, error),
    onSuccess: (subscription) => hold(self, subscription, consumerArn, position)
  })
}

/** Holds a subscription until whoever takes its events drops it. */
const hold = (
  self: Subscribed,
  subscription: Subscription,
  consumerArn: string,
  position: Startable
): Effect.Effect<void> => {
  const { context: { emit, outages }, shard: { shardId } } = self.poller
  const acceptedAt = now(self)
  self.state = SubscribeState.accepted(self.state, acceptedAt)
  self.retries.throttled = undefined
  self.retries.transient = undefined
  const begun = Effect.all([
    OutageWatch.answered(outages),
    Poller.ready(self.poller),
    emit(KinesisEvent.Subscribed({ shardId, consumerArn, from: position }))
  ], { discard: true })
  const live: Live = { subscription, consumerArn, acceptedAt, announced: undefined }
  return Effect.zipRight(
    begun,
    Effect.matchEffect(announced(self, subscription), {
      onFailure: (why) => over(self, live, why),
      onSuccess: (bytes) => {
        live.announced = bytes
        self.live = live
        self.isUnavailable = false
        self.changed.tell()
        return self.dropped.waitUntil(() => self.live === undefined)
      }
    })
  )
}

/** A subscription is over, with an error or without. */
export const over = (self: Subscribed, live: Live, why: Option.Option<KinesisError>): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (jitter) => {
    const { context: { emit }, shard: { shardId } } = self.poller
    const millis = now(self) - live.acceptedAt
    const events = SubscribeState.eventsOf(self.state)
    const error = Option.getOrUndefined(why)
    const ended = emit(KinesisEvent.SubscriptionEnded({ shardId, millis, events, error }))
    if (error !== undefined) return Effect.zipRight(ended, failed(self, live.consumerArn, error))
    self.state = SubscribeState.over(self.state, now(self), jitter)
    self.changed.tell()
    return ended
  })

/** The shard's last event has come, or polling is to tell what it meant: the subscription is let go. */
export const release = (self: Subscribed): void => {
  self.live = undefined
  self.since = now(self)
  self.dropped.tell()
}

const failed = (self: Subscribed, consumerArn: string | undefined, error: KinesisError): Effect.Effect<void> =>
  Effect.gen(function*() {
    const failure = SubscribeState.failureOf(error)
    if (failure === "fatal") return fail(self, error)
    const { takeOvers } = self.state
    self.state = SubscribeState.failed(self.state, failure, now(self), yield* Random.next)
    if (self.pushes.whileUnavailable === "wait" && (yield* isExhausted(self, error))) return fail(self, error)
    yield* tell(self, consumerArn, error, takeOvers.length)
    self.changed.tell()
    if (consumerArn !== undefined && (failure === "gone" || failure === "inactive")) {
      yield* self.pushes.lost(consumerArn)
    }
  })

/** Whether the retry schedule has had enough, where nothing but the subscription brings records. */
const isExhausted = (self: Subscribed, error: KinesisError): Effect.Effect<boolean> => {
  const { context: { outages, settings } } = self.poller
  if (!Retry.mayPass(error)) return Effect.succeed(false)
  const kind = isThrottled(error) ? "throttled" : "transient"
  const schedule = kind === "throttled" ? settings.throttleRetry : settings.transientRetry
  return Effect.zipRight(
    OutageWatch.failed(outages, error),
    Effect.flatMap(
      Clock.currentTimeMillis,
      (at) =>
        Effect.map(RetrySteps.next(schedule, self.retries[kind], error, at), ([retry, { _tag }]) => {
          self.retries[kind] = retry
          return _tag === "Over" || (isTransient(error) && !OutageWatch.isWorthRetrying(outages, error))
        })
    )
  )
}

const tell = (
  self: Subscribed,
  consumerArn: string | undefined,
  error: KinesisError,
  takeOvers: number
): Effect.Effect<void> => {
  const { context: { emit }, shard: { shardId } } = self.poller
  const isNews = !self.isUnavailable
  self.isUnavailable = true
  const isShared = SubscribeState.isShared(self.state) && self.state.takeOvers.length > takeOvers
  const meanwhile = self.pushes.whileUnavailable === "poll" ? "polling" : "waiting"
  return Effect.zipRight(
    isNews ? emit(KinesisEvent.FanOutUnavailable({ shardId, error, meanwhile })) : Effect.void,
    isShared && consumerArn !== undefined
      ? Effect.zipRight(self.pushes.warnOfSharing, emit(KinesisEvent.ConsumerShared({ shardId, consumerArn })))
      : Effect.void
  )
}
