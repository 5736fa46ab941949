import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import {
  isThrottled,
  isTransient,
  type KinesisError,
  type ThrottledError,
  type TransientError
} from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as Outage from "../shard/outage.js"
import * as MonotonicClock from "./clock.js"
import type { Emit } from "./emit.js"
import * as Settings from "./settings.js"

/** A service whose outages are told of. */
export interface Watched {
  readonly service: "kinesis" | "lease-store"
  /** As a log calls it. */
  readonly name: string
  /** How long calls that fail are repeated before the first answer, in milliseconds. */
  readonly firstContactMillis: number
  /** How long calls are repeated, as a log says it: those that fail, and those that are throttled. */
  readonly tried: Tried
}

type Tried = Readonly<Record<Outage.Failure, string>>

/** Whether the calls of a run to one service succeed; tells when they no longer do, and when they do again. */
export interface OutageWatch {
  readonly watched: Watched
  readonly emit: Emit
  readonly clock: Clock.Clock
  tried: Tried
  state: Outage.State
}

export const make = (watched: Watched, emit: Emit): Effect.Effect<OutageWatch> =>
  Effect.map(Effect.clock, (clock) => ({ watched, emit, clock, tried: watched.tried, state: Outage.untouched }))

/** The stream's service, as a reader calls it. */
export const kinesis = ({ firstContactMillis, throttleRetry, transientRetry }: Settings.Settings): Watched => ({
  service: "kinesis",
  name: "Kinesis",
  firstContactMillis,
  tried: {
    failed: transientRetry === Settings.defaults.transientRetry ? "for at most 5 minutes" : "as transientRetry says",
    throttled: throttleRetry === Settings.defaults.throttleRetry ? "without end" : "as throttleRetry says"
  }
})

/** There is nothing to tell: what a call that succeeds asks. */
export const isWell = ({ state }: OutageWatch): boolean => state._tag === "Well"

const now = ({ clock }: OutageWatch): number => MonotonicClock.monotonicMillisOf(clock)

/** A call begins. */
export const began = (self: OutageWatch): void => {
  self.state = Outage.began(self.state, now(self))
}

/** Whether the service has answered anything in this run. */
export const hasAnswered = ({ state }: OutageWatch): boolean => Outage.hasAnswered(state)

/** For how much longer a call that fails may be repeated, in milliseconds: without end, once there was an answer. */
export const patienceMillis = (self: OutageWatch): number =>
  Outage.patienceMillis(self.state, self.watched.firstContactMillis, now(self))

/** A call succeeded, or was refused for a reason of its own. */
export const answered = (self: OutageWatch): Effect.Effect<void> =>
  Effect.suspend(() => {
    const [state, telling] = Outage.answered(self.state, now(self))
    self.state = state
    return telling === undefined ? Effect.void : tellEnded(self, telling)
  })

type Failed = ThrottledError | TransientError | LeaseStoreError

/** Without credentials nothing was called. */
const isUncalled = (error: { readonly _tag: string }): boolean =>
  error._tag === "CredentialsUnavailable" ||
  (error._tag === "LeaseStoreError" && (error as LeaseStoreError).reason === "Credentials")

/** An attempt failed. One that was refused for good is an answer. */
export const failed = (self: OutageWatch, error: { readonly _tag: string }): Effect.Effect<void> =>
  Effect.suspend(() => {
    const failure = isThrottled(error) ? "throttled" : isTransient(error) ? "failed" : undefined
    if (failure === undefined) return isUncalled(error) ? Effect.void : answered(self)
    const [state, telling] = Outage.failed(self.state, failure, now(self))
    self.state = state
    return telling === undefined ? Effect.void : tell(self, error as Failed, failure, telling)
  })

/** A call that failed for a passing reason, and is waited for. */
export const isWorthRetrying = (self: OutageWatch, error: { readonly _tag: string }): error is TransientError =>
  isTransient(error) && patienceMillis(self) > 0

const lasting = (millis: number): string =>
  Duration.format(millis < 1_000 ? Math.round(millis) : 1_000 * Math.round(millis / 1_000))

const calls = (attempts: number): string => attempts === 1 ? "1 call" : `${attempts} calls`

const triedFor = ({ state, tried, watched: { firstContactMillis } }: OutageWatch, failure: Outage.Failure): string =>
  state._tag === "Failing" && state.isFirstContact && firstContactMillis !== Infinity
    ? `for at most ${Duration.format(firstContactMillis)} (firstContactTimeout)`
    : tried[failure]

const placeOf = (error: Failed) => {
  const { operation, shardId } = error as KinesisError | LeaseStoreError
  return { operation, shardId: shardId as string | undefined }
}

const tell = (
  self: OutageWatch,
  error: Failed,
  failure: Outage.Failure,
  { _tag, attempts, millis }: Outage.Telling
): Effect.Effect<void> => {
  const { clock, emit, watched: { name, service } } = self
  const how = failure === "failed" ? "fail" : "are throttled"
  const again = `${error.message}; trying again ${triedFor(self, failure)}`
  if (_tag === "Lasts") {
    return Effect.logWarning(`calls to ${name} still ${how}, ${calls(attempts)} in ${lasting(millis)}: ${again}`)
  }
  const since = clock.unsafeCurrentTimeMillis() - Math.round(millis)
  return Effect.zipRight(
    Effect.logWarning(`calls to ${name} ${how}: ${again}`),
    emit(KinesisEvent.OutageBegan({ service, ...placeOf(error), error, since, attempts }))
  )
}

const tellEnded = (
  { emit, watched: { name, service } }: OutageWatch,
  { attempts, millis }: Outage.Telling
): Effect.Effect<void> =>
  Effect.zipRight(
    Effect.logInfo(`calls to ${name} succeed again: ${calls(attempts)} failed in ${lasting(millis)}`),
    emit(KinesisEvent.OutageEnded({ service, millis: Math.round(millis), attempts }))
  )
