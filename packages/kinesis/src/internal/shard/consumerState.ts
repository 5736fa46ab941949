/** A consumer as it was last seen: by its status, missing, or not looked for yet. */
export type Seen = "unknown" | "missing" | "CREATING" | "ACTIVE" | "DELETING"

/** Where the search for a consumer stands that can be subscribed as. */
export interface ConsumerState {
  readonly seen: Seen
  /** Its ARN, as it was last seen: one that is made anew has another. */
  readonly arn: string | undefined
  /** By its name; by the ARN that was given until no consumer has that any more. */
  readonly by: "arn" | "name"
  /** This run has registered it: others look less often. */
  readonly isOwn: boolean
  /** When the service was last asked, in milliseconds on a monotonic clock. */
  readonly askedAt: number
  /** When the service may be asked next. */
  readonly dueAt: number
  /** Until when it is waited for. */
  readonly deadline: number
  /** What the last registration was refused with. */
  readonly refusal: string | undefined
}

export type ConsumerCommand =
  | { readonly _tag: "Wait"; readonly until: number }
  | { readonly _tag: "Describe"; readonly by: "arn" | "name" }
  | { readonly _tag: "Register" }
  | { readonly _tag: "Use"; readonly arn: string }
  /** It is missing and not to be registered, or it has been waited for long enough. */
  | { readonly _tag: "Fail"; readonly because: "missing" | "late" }

export type ConsumerEvent =
  | { readonly _tag: "Described"; readonly arn: string; readonly status: "CREATING" | "ACTIVE" | "DELETING" }
  | { readonly _tag: "NotFound" }
  | { readonly _tag: "Registered"; readonly arn: string; readonly status: "CREATING" | "ACTIVE" | "DELETING" }
  /** The name is in use, or the stream is not ACTIVE. */
  | { readonly _tag: "Refused"; readonly description: string }

/** What a step goes by. */
export interface Moment {
  /** In milliseconds on a monotonic clock. */
  readonly now: number
  /** At least 0 and below 1. */
  readonly random: number
  /** How many may look for the consumer at the same time: those who share it, this one included. */
  readonly askers: number
}

/** How long a consumer is waited for. */
export const patienceMillis = 120_000

/**
 * AWS answers DescribeStreamConsumer 20 times a second, to all of an account. Those who look for a consumer take a quarter of it on average,
 * so that they exceed it at no time.
 */
const shareMillis = 200

/** In how many milliseconds all who look have looked once, at their share of the calls. */
const roundMillis = (askers: number): number => Math.min(60_000, askers * shareMillis)

/** All who begin at once do not ask at once. */
const headStartMillis = ({ askers, random }: Moment): number => askers <= 1 ? 0 : random * roundMillis(askers)

/** From 1 to 2 seconds, longer where many look: a round on average. */
export const pauseMillis = ({ askers, random }: Omit<Moment, "now">): number =>
  (1 + random) * Math.max(1_000, roundMillis(askers) / 1.5)

const beginning = (dueAt: number) => ({
  seen: "unknown" as const,
  arn: undefined,
  isOwn: false,
  dueAt,
  deadline: dueAt + patienceMillis,
  refusal: undefined
})

/** Looks for a consumer by the ARN that was given, or by its name. */
export const begin = (by: "arn" | "name", moment: Moment): ConsumerState => ({
  ...beginning(moment.now + headStartMillis(moment)),
  by,
  askedAt: -Infinity
})

/** Looks again, since the consumer cannot be used any more or was not found in time: soon, but not at once after the last time. */
export const again = ({ askedAt, by }: ConsumerState, moment: Moment): ConsumerState => ({
  ...beginning(Math.max(moment.now + headStartMillis(moment), askedAt + pauseMillis({ ...moment, askers: 1 }))),
  by,
  askedAt
})

export const command = (state: ConsumerState, register: boolean, now: number): ConsumerCommand => {
  const { arn, by, deadline, dueAt, seen } = state
  if (seen === "ACTIVE" && arn !== undefined) return { _tag: "Use", arn }
  if (seen === "missing" && !register) return { _tag: "Fail", because: "missing" }
  if (now >= deadline) return { _tag: "Fail", because: "late" }
  if (now < dueAt) return { _tag: "Wait", until: Math.min(dueAt, deadline) }
  return seen === "missing" ? { _tag: "Register" } : { _tag: "Describe", by }
}

const notFound = (state: ConsumerState, moment: Moment): ConsumerState => {
  const unseen = { ...state, arn: undefined, isOwn: false, askedAt: moment.now }
  return state.by === "arn"
    ? { ...unseen, seen: "unknown", by: "name", dueAt: moment.now + pauseMillis(moment) }
    : { ...unseen, seen: "missing", dueAt: moment.now }
}

/** After an answer. Only one that is ACTIVE is used: what is DELETING is waited for until it is gone. */
export const step = (state: ConsumerState, event: ConsumerEvent, moment: Moment): ConsumerState => {
  const { now } = moment
  switch (event._tag) {
    case "NotFound":
      return notFound(state, moment)
    case "Described": {
      const isOwn = state.isOwn && event.arn === state.arn
      const dueAt = now + pauseMillis(isOwn ? { ...moment, askers: 1 } : moment)
      return { ...state, seen: event.status, arn: event.arn, isOwn, askedAt: now, dueAt }
    }
    case "Registered": {
      const { arn, status } = event
      const dueAt = now + pauseMillis({ ...moment, askers: 1 })
      return { ...state, seen: status, arn, isOwn: true, askedAt: now, dueAt, refusal: undefined }
    }
    case "Refused":
      return {
        ...state,
        seen: "unknown",
        askedAt: now,
        dueAt: now + pauseMillis(moment),
        refusal: event.description
      }
  }
}

/**
 * Whether so many consumers are all that a stream may have: 20, or 50 with On-demand Advantage. The service has one refusal for that, for too
 * many that are CREATING, and for too many calls.
 */
export const isFull = (consumers: number): boolean => consumers === 20 || consumers >= 50
