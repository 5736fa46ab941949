import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as CallLog from "./callLog.js"
import * as Faults from "./faults.js"

/** The common fields of every call. */
export interface Served {
  /** By Effect's Clock, in milliseconds since the epoch. */
  readonly at: number
  outcome: string
}

/** The state of an in-memory service besides its data: its calls, and the faults that wait for calls. */
export interface Engine<Target, Action extends { readonly _tag: string }, Call extends Served> {
  /** How long each call takes, before it takes effect, in milliseconds. */
  readonly latency: number
  readonly log: CallLog.CallLog<Call>
  waiting: ReadonlyArray<Faults.Fault<Target, Action>>
}

export const make = <Target, Action extends { readonly _tag: string }, Call extends Served>(
  latency: Duration.DurationInput = 0,
  keptCalls?: number
): Engine<Target, Action, Call> => ({ latency: Duration.toMillis(latency), log: CallLog.make(keptCalls), waiting: [] })

/** Lets the next `times` calls of a target meet a fault. */
export const inject = <Target, Action extends { readonly _tag: string }>(
  engine: Pick<Engine<Target, Action, never>, "waiting">,
  target: Target,
  action: Action,
  times = 1
): Effect.Effect<void> =>
  Effect.sync(() => {
    if (times >= 1) engine.waiting = [...engine.waiting, { target, times, action }]
  })

export const clear = (engine: { waiting: ReadonlyArray<unknown> }): Effect.Effect<void> =>
  Effect.sync(() => {
    engine.waiting = []
  })

type Met<Target, Action extends { readonly _tag: string }> = Faults.Met<Target, Action>["fault"]

/** How a call is served. */
export interface Serving<Target, Action extends { readonly _tag: string }, A, E> {
  /** Whether a fault of this target meets the call. */
  readonly fits: (target: Target) => boolean
  /** Takes effect, as far as the fault leaves it to the service. */
  readonly act: (fault: Met<Target, Action>) => Effect.Effect<A, E>
  readonly answerLost: () => E
}

/** Serves a call: it is logged, meets its faults, waits, takes effect, and is answered. */
export const serve = <Target, Action extends { readonly _tag: string }, Call extends Served, A, E extends object>(
  engine: Engine<Target, Action, Call>,
  toCall: (served: Served) => Call,
  { act, answerLost, fits }: Serving<Target, Action, A, E>
): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    const call = engine.log.add(toCall({ at: yield* Clock.currentTimeMillis, outcome: "pending" }))
    const { delay, fault, left } = Faults.meet(engine.waiting, fits)
    engine.waiting = left
    const taken = fault?.action._tag === "Hang" ? Effect.never : act(fault)
    const answered = fault?.action._tag === "LoseAnswer"
      ? Effect.zipRight(taken, Effect.suspend(() => Effect.fail(answerLost())))
      : taken
    return yield* Effect.tapBoth(delayed(answered, engine.latency, delay), {
      onSuccess: () => Effect.sync(() => call.outcome = "ok"),
      onFailure: (error) => Effect.sync(() => call.outcome = outcomeOf(error))
    })
  })

/** The call takes its time. What is late by its effect goes on in a fiber of its own, which nobody ends. */
const delayed = <A, E>(
  call: Effect.Effect<A, E>,
  latency: number,
  delay: Faults.Delay | undefined
): Effect.Effect<A, E> => {
  const before = latency + (delay === undefined || delay.of === "answer" ? 0 : delay.millis)
  const arrived = before > 0 ? Effect.delay(call, before) : call
  switch (delay?.of) {
    case "answer":
      return Effect.flatMap(Effect.exit(arrived), Effect.delay(delay.millis))
    case "effect":
      return Effect.flatMap(Effect.forkDaemon(arrived), Fiber.join)
    default:
      return arrived
  }
}

/** A knob may have been given a value that is not an error of this library. */
const outcomeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null || !("_tag" in error)) return "error"
  if (error._tag === "LeaseStoreError" && "reason" in error) return String(error.reason)
  return typeof error._tag === "string" ? error._tag : "error"
}
