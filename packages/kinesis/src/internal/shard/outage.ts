/** How an attempt to call a service failed: it may pass, or the service refused it for now. */
export type Failure = "failed" | "throttled"

/** No call of the run has come to an end. */
export interface Untouched {
  readonly _tag: "Untouched"
  /** When the first one began, in milliseconds; undefined while there is none. */
  readonly since: number | undefined
}

/** The last call succeeded, or was refused for a reason of its own. */
export interface Well {
  readonly _tag: "Well"
}

/** No call has succeeded for a while. */
export interface Failing {
  readonly _tag: "Failing"
  /** When that began, in milliseconds. */
  readonly since: number
  /** The same, without what was throttled: that is an answer too. Undefined when the last attempt was throttled. */
  readonly unansweredSince: number | undefined
  /** The service has not answered anything in this run. */
  readonly isFirstContact: boolean
  /** How many attempts have failed. */
  readonly attempts: number
  /** When this is worth a word again; undefined while it is not told at all. */
  readonly tellAt: number | undefined
}

/** Whether the calls of a run to one service succeed. */
export type State = Untouched | Well | Failing

/** What is worth telling: an outage has begun, lasts, or is over. */
export interface Telling {
  readonly _tag: "Began" | "Lasts" | "Ended"
  /** For how long no call has succeeded, in milliseconds. */
  readonly millis: number
  /** How many attempts have failed. */
  readonly attempts: number
}

/** The state after an event, and what is to be told of it. */
export type Step = readonly [state: State, telling: Telling | undefined]

/** Failures that are over this soon are not worth a word. */
const briefMillis = 1_000

/** Throttles that are over this soon are everyday life. */
const throttledMillis = 30_000

/** When an outage that lasts is told of again: the first time, and every later one. */
const againMillis = 60_000
const laterMillis = 300_000

export const untouched: State = { _tag: "Untouched", since: undefined }

const well: State = { _tag: "Well" }

/** A call begins. */
export const began = (state: State, now: number): State =>
  state._tag === "Untouched" && state.since === undefined ? { _tag: "Untouched", since: now } : state

const failing = (state: State, failure: Failure, now: number): Failing => {
  const before: Failing = state._tag === "Failing" ? state : {
    _tag: "Failing",
    since: state._tag === "Untouched" ? state.since ?? now : now,
    unansweredSince: undefined,
    isFirstContact: state._tag === "Untouched",
    attempts: 0,
    tellAt: undefined
  }
  return {
    ...before,
    unansweredSince: failure === "throttled" ? undefined : before.unansweredSince ?? now,
    isFirstContact: before.isFirstContact && failure === "failed",
    attempts: before.attempts + 1
  }
}

/** An outage is told of at once when nothing was ever answered, else when it has lasted. */
const isOutage = ({ isFirstContact, since, unansweredSince }: Failing, now: number): boolean =>
  isFirstContact || now - since >= throttledMillis ||
  (unansweredSince !== undefined && now - unansweredSince >= briefMillis)

const telling = (_tag: Telling["_tag"], { attempts, since }: Failing, now: number): Telling => ({
  _tag,
  millis: now - since,
  attempts
})

/** An attempt has failed. */
export const failed = (state: State, failure: Failure, now: number): Step => {
  const after = failing(state, failure, now)
  const { tellAt } = after
  if (tellAt === undefined) {
    return isOutage(after, now)
      ? [{ ...after, tellAt: now + againMillis }, telling("Began", after, now)]
      : [after, undefined]
  }
  return now >= tellAt ? [{ ...after, tellAt: now + laterMillis }, telling("Lasts", after, now)] : [after, undefined]
}

/** A call has succeeded, or was refused for a reason of its own. */
export const answered = (state: State, now: number): Step => [
  well,
  state._tag === "Failing" && state.tellAt !== undefined ? telling("Ended", state, now) : undefined
]

/** Whether the service has answered anything in this run. */
export const hasAnswered = (state: State): boolean =>
  state._tag === "Well" || (state._tag === "Failing" && !state.isFirstContact)

/**
 * For how much longer a call that fails is worth trying, in whole milliseconds: so long from the first one on while nothing was ever
 * answered, then without end.
 */
export const patienceMillis = (state: State, firstContactMillis: number, now: number): number =>
  state._tag === "Well" || hasAnswered(state)
    ? Infinity
    : Math.max(0, Math.ceil((state.since ?? now) + firstContactMillis - now))
