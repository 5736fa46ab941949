import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { KinesisError } from "../../KinesisError.js"
import * as ConsumerState from "../shard/consumerState.js"
import * as MonotonicClock from "./clock.js"
import * as ConsumerCalls from "./consumerCalls.js"
import * as ConsumerErrors from "./consumerErrors.js"
import type { FanOutSettings } from "./fanOutSettings.js"
import * as Interruption from "./interruption.js"

/** The consumer as which all shards of a run are subscribed to. */
export interface StreamConsumer {
  /**
   * Its ARN, once it is ACTIVE. Whoever asks first starts a search, and all others wait for the same one. What it fails with is final, and says
   * nothing of any shard, whatever its tag; whoever asks later starts another search.
   */
  readonly arn: Effect.Effect<string, KinesisError>
  /**
   * A subscription by this ARN was refused, since the consumer is not there or not ACTIVE: it is looked for again, and registered anew if it
   * is gone and the settings say so. That is not waited for. The first who tells starts it, and the others change nothing.
   */
  readonly lost: (arn: string) => Effect.Effect<void>
}

interface State {
  readonly calls: ConsumerCalls.ConsumerCalls
  readonly clock: Clock.Clock
  /** How many may look for the consumer at the same time, this run included. */
  readonly askers: () => number
  /** Of the searches. */
  readonly scope: Scope.Scope
  /** Undefined before the first search. */
  consumer: ConsumerState.ConsumerState | undefined
  /** The search that is under way, or has found the consumer. */
  search: Search | undefined
}

type Search = Deferred.Deferred<string, KinesisError>

/**
 * The consumer of a run. `askers` says how many may look for it at the same time: the workers of a group that start at once share the calls
 * which the service allows, and are never more than there are shards. At the scope's end the consumer is deregistered, if the settings say so
 * and this run has registered it.
 */
export const make = (
  reader: ConsumerCalls.Reader,
  settings: FanOutSettings,
  askers: () => number = () => 1
): Effect.Effect<StreamConsumer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const self: State = {
      calls: ConsumerCalls.make(reader, settings),
      clock: yield* Effect.clock,
      askers,
      scope: yield* Effect.scope,
      consumer: undefined,
      search: undefined
    }
    if (settings.deregister) yield* Effect.addFinalizer(() => ConsumerCalls.deregister(self.calls))
    return {
      arn: Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(sought(self), (search) => restore(Deferred.await(search)))
      ),
      lost: (arn) => Effect.uninterruptible(lost(self, arn))
    }
  })

/** On the monotonic clock. */
const nowOf = ({ clock }: State): number => MonotonicClock.monotonicMillisOf(clock)

const momentOf = (self: State, random: number): ConsumerState.Moment => ({
  now: nowOf(self),
  random,
  askers: self.askers()
})

/** The search whose outcome counts: one is started if there is none. */
const sought = (self: State): Effect.Effect<Search> =>
  Effect.flatMap(Random.next, (random) => self.search === undefined ? start(self, random) : Effect.succeed(self.search))

const lost = (self: State, arn: string): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => {
    const { consumer } = self
    return consumer?.seen === "ACTIVE" && consumer.arn === arn ? start(self, random) : Effect.void
  })

// ---------------------------------------------------------------------------------------------------------------------
// The search
//
// A fiber of its own, since whoever asked for it may be interrupted while others wait. It asks the core what to do until
// that knows an ARN or gives up, and ends with the scope. A search that has failed is forgotten: the next one waits a
// little, since it asks the same service.
// ---------------------------------------------------------------------------------------------------------------------

/** What is known has changed when this returns, so that nobody starts a second search. */
const start = (self: State, random: number): Effect.Effect<Search> => {
  const search = Deferred.unsafeMake<string, KinesisError>(FiberId.none)
  const by = self.calls.settings.arn === undefined ? "name" : "arn"
  const moment = momentOf(self, random)
  const consumer = self.consumer === undefined
    ? ConsumerState.begin(by, moment)
    : ConsumerState.again(self.consumer, moment)
  self.search = search
  self.consumer = consumer
  self.calls.lastError = undefined
  return Effect.interruptible(searching(self, consumer)).pipe(
    Effect.onExit((exit) => over(self, search, exit)),
    Effect.annotateLogs({ package: "effect-kinesis", fiber: "search for a consumer" }),
    Effect.forkIn(self.scope),
    Effect.as(search)
  )
}

const over = (self: State, search: Search, exit: Exit.Exit<string, KinesisError>): Effect.Effect<unknown> => {
  if (Exit.isFailure(exit)) self.search = undefined
  return Deferred.done(search, Exit.mapErrorCause(exit, Interruption.asDefect))
}

const searching = (self: State, from: ConsumerState.ConsumerState): Effect.Effect<string, KinesisError> =>
  Effect.gen(function*() {
    const { calls, calls: { settings: { register } } } = self
    let consumer = from
    while (true) {
      const command = ConsumerState.command(consumer, register, nowOf(self))
      switch (command._tag) {
        case "Use":
          return command.arn
        case "Fail":
          return yield* Effect.fail(failureOf(self, consumer, command.because))
        case "Wait":
          yield* Effect.sleep(Math.ceil(command.until - nowOf(self)))
          break
        case "Describe":
        case "Register": {
          const call = command._tag === "Register"
            ? ConsumerCalls.register(calls)
            : ConsumerCalls.describe(calls, command.by)
          const left = Math.ceil(consumer.deadline - nowOf(self))
          const event = yield* Effect.timeoutOption(call, left)
          if (Option.isNone(event)) break
          consumer = ConsumerState.step(consumer, event.value, momentOf(self, yield* Random.next))
          self.consumer = consumer
        }
      }
    }
  })

const failureOf = (
  { calls }: State,
  consumer: ConsumerState.ConsumerState,
  because: "missing" | "late"
): KinesisError => {
  const named = ConsumerCalls.named(calls)
  if (because === "missing") return ConsumerErrors.notRegistered(named)
  const { lastError } = calls
  const isUnanswered = consumer.seen === "unknown" && consumer.refusal === undefined
  return isUnanswered && lastError !== undefined ? lastError : ConsumerErrors.late(named, consumer, lastError)
}
