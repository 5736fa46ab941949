import type { KinesisError } from "../../KinesisError.js"
import * as SequenceNumber from "../record/sequenceNumber.js"
import * as SubscriptionRefusal from "./subscriptionRefusal.js"

/**
 * Where the subscriptions to one shard stand. That one is over, in whatever manner, says nothing of the shard. Times are milliseconds on a
 * monotonic clock.
 */
export interface SubscribeState {
  readonly connection: Connection
  readonly calledAt: number
  readonly acceptedAt: number
  /** Subscriptions in a row that were refused, or that ended before they brought an event. */
  readonly fruitless: number
  /** After this the last event said to go on: it moves without records, too, and need not be the number of one. It is never stored. */
  readonly continuation: string | undefined
  /** Only an answer to polling says what is meant. */
  readonly isDoubtful: boolean
  /** Another subscriber has taken over: whose the shard is must be found out first. */
  readonly isContested: boolean
  /** When others took over, in the last minute. */
  readonly takeOvers: ReadonlyArray<number>
}

type Connection =
  | { readonly _tag: "None"; readonly notBefore: number }
  /** `before` is when the call before was made: one that the service did not look at is none. */
  | { readonly _tag: "Calling"; readonly before: number }
  | { readonly _tag: "Live"; readonly events: number }

export type SubscribeCommand =
  | { readonly _tag: "Subscribe" }
  | { readonly _tag: "Wait"; readonly until: number }
  /** Poll: what comes of it is a `polled`. */
  | { readonly _tag: "Poll" }
  | { readonly _tag: "VerifyOwner" }

/** What went wrong, by what can be done about it. */
export type Failure =
  /** Another subscription of this consumer to the shard, or one of this reader's that the service still holds. */
  | "in-use"
  /** The consumer is not ACTIVE. */
  | "inactive"
  /** The consumer is not there. */
  | "gone"
  /** Surely not looked at: a refused stream, no connection. */
  | "unsent"
  | "throttled"
  /** The connection or the service failed, was silent, or said what cannot be read. */
  | "broken"
  /** The position, the shard, the stream or its key: polling tells which. */
  | "doubtful"
  /** Nothing that passes. */
  | "fatal"

/** SubscribeToShard's documentation: one call per second for each consumer and shard, and none within 5 seconds of an accepted one. */
const betweenCalls = 1_000
const afterAccepted = 5_000

const firstBackoff = 1_000
const longestBackoff = 30_000

const minute = 60_000

/** More take-overs than this in a minute are another program's, and not a worker's that has lost the shard. */
const mostTakeOvers = 3

export const start: SubscribeState = {
  connection: { _tag: "None", notBefore: -Infinity },
  calledAt: -Infinity,
  acceptedAt: -Infinity,
  fruitless: 0,
  continuation: undefined,
  isDoubtful: false,
  isContested: false,
  takeOvers: []
}

export const failureOf = (error: KinesisError): Failure => {
  switch (error._tag) {
    case "ThrottledError":
      return "throttled"
    case "RequestTimeout":
    case "ServiceUnavailable":
      return error.unsent === true ? "unsent" : "broken"
    case "CredentialsUnavailable":
      return error.hadCredentials ? "broken" : "fatal"
    case "ResourceInUse": {
      const what = SubscriptionRefusal.inUse(error)
      return what === "consumer" ? "inactive" : what === "stream" ? "doubtful" : "in-use"
    }
    case "ResourceNotFound":
      return SubscriptionRefusal.missing(error) === "consumer" ? "gone" : "doubtful"
    case "InvalidArgument":
    case "KmsError":
      return "doubtful"
    case "AccessDenied":
      return error.reason === "expired" ? "broken" : "fatal"
  }
}

export const command = (state: SubscribeState, now: number): SubscribeCommand => {
  const { acceptedAt, calledAt, connection, isContested, isDoubtful } = state
  if (isContested) return { _tag: "VerifyOwner" }
  if (isDoubtful) return { _tag: "Poll" }
  const notBefore = connection._tag === "None" ? connection.notBefore : -Infinity
  const until = Math.max(notBefore, calledAt + betweenCalls, acceptedAt + afterAccepted)
  return until > now ? { _tag: "Wait", until } : { _tag: "Subscribe" }
}

export const called = (state: SubscribeState, at: number): SubscribeState => ({
  ...state,
  connection: { _tag: "Calling", before: state.calledAt },
  calledAt: at
})

export const accepted = (state: SubscribeState, at: number): SubscribeState => ({
  ...state,
  connection: { _tag: "Live", events: 0 },
  acceptedAt: at
})

/** An event came: what it says to go on after, if it is not the last. */
export const eventReceived = (state: SubscribeState, continuation: string | undefined): SubscribeState => ({
  ...state,
  connection: { _tag: "Live", events: eventsOf(state) + 1 },
  fruitless: 0,
  continuation: continuation ?? state.continuation
})

/** How many events the subscription has brought. */
export const eventsOf = ({ connection }: SubscribeState): number => connection._tag === "Live" ? connection.events : 0

const disconnected = (state: SubscribeState, notBefore: number): SubscribeState => ({
  ...state,
  connection: { _tag: "None", notBefore },
  fruitless: eventsOf(state) > 0 ? 0 : state.fruitless + 1
})

/** The first failure may be by chance, later ones wait twice as long each; `jitter` lies between 0 and 1. */
const backoff = (fruitless: number, jitter: number): number =>
  Math.min(longestBackoff, firstBackoff * 2 ** Math.max(0, fruitless - 1)) * (0.5 + jitter / 2)

/** The subscription is over, by the service's word or without one. */
export const over = (state: SubscribeState, at: number, jitter: number): SubscribeState => {
  const next = disconnected(state, at)
  return next.fruitless === 0
    ? next
    : { ...next, connection: { _tag: "None", notBefore: at + backoff(next.fruitless, jitter) } }
}

const takenOver = (state: SubscribeState, at: number): SubscribeState => ({
  ...disconnected(state, at),
  fruitless: 0,
  isContested: true,
  takeOvers: [...state.takeOvers.filter((then) => then > at - minute), at]
})

/** Whether a subscription was really had: some emulators accept each, and then say in it that another exists. */
const wasHeld = (state: SubscribeState, at: number): boolean =>
  state.connection._tag === "Live" && (eventsOf(state) > 0 || at - state.acceptedAt >= betweenCalls)

/** A call was refused or has failed, or a subscription was broken. */
export const failed = (state: SubscribeState, failure: Failure, at: number, jitter: number): SubscribeState => {
  const { connection } = state
  if (failure === "in-use") {
    return wasHeld(state, at)
      ? takenOver(state, at)
      : { ...state, connection: { _tag: "None", notBefore: at } }
  }
  if (failure === "unsent" && connection._tag === "Calling") {
    const next = { ...over(state, at, jitter), calledAt: connection.before }
    return state.fruitless === 0 ? { ...next, connection: { _tag: "None", notBefore: at } } : next
  }
  const next = over(state, at, jitter)
  return failure === "doubtful" ? { ...next, isDoubtful: true } : next
}

/** An event was the last, and does not say what follows the shard. */
export const doubted = (state: SubscribeState): SubscribeState => ({ ...state, isDoubtful: true })

/** Polling has had an answer; `hasRecords` if the position has moved by it. */
export const polled = (state: SubscribeState, hasRecords: boolean): SubscribeState =>
  state.isDoubtful || (hasRecords && state.continuation !== undefined)
    ? { ...state, isDoubtful: false, continuation: hasRecords ? undefined : state.continuation }
    : state

/** The shard is this reader's. */
export const ownerVerified = (state: SubscribeState): SubscribeState => ({ ...state, isContested: false })

/** Whether another program seems to subscribe by the same consumer. */
export const isShared = ({ takeOvers }: SubscribeState): boolean => takeOvers.length > mostTakeOvers

/** The number after which to go on, of the continuation and of the last record that was read, whichever is further. */
export const resumption = (
  { continuation }: SubscribeState,
  lastSequenceNumber: string | undefined
): string | undefined =>
  continuation === undefined || lastSequenceNumber === undefined
    ? continuation ?? lastSequenceNumber
    : SequenceNumber.compare(continuation, lastSequenceNumber) > 0
    ? continuation
    : lastSequenceNumber
