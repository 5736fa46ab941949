import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { HandlerError } from "../../KinesisError.js"
import type { Startable } from "../../Position.js"
import type { AckTracker } from "../lease/ackTracker.js"
import * as Progress from "../lease/progress.js"
import * as PageFetcher from "./pageFetcher.js"
import type { Outcome, State, Stop } from "./shardState.js"
import type { Handling, ShardWork } from "./shardWork.js"
import { whileHeld } from "./tenure.js"

/** How a fiber of handlers ended; none if something else came first. */
type Ending = Option.Option<Exit.Exit<void, HandlerError>>

/** Reads the shard from a position and passes its pages to the handlers, until its end, until a handler fails, or until it should stop. */
export const read = (self: State, origin: Startable): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const { group: { post }, stream, work } = self.options
    const { leaseKey } = self.options.claimed
    const onReady = Effect.sync(() => post({ _tag: "ShardReady", leaseKey }))
    const holding = { onReady, ownsShard: self.tenure.verify }
    const reading = yield* PageFetcher.start(stream, self.tenure.lease(), origin, holding)
    const handling = work.strategy(workOn(self, reading))
    const fiber = yield* Effect.fork(handling.run)
    const first = yield* firstOf(self, reading, fiber)
    self.isStopped = Option.isNone(first)
    if (self.isStopped) handling.stop()
    yield* reading.stop
    const exit = Option.isSome(first) ? first.value : yield* drain(self, handling, fiber)
    if (Exit.isFailure(exit)) {
      const failed = yield* Effect.either(exit)
      if (failed._tag === "Left") return { _tag: "HandlerFailed", error: failed.left }
    }
    const end = reading.end()
    if (Option.isNone(first) || end === undefined) return yield* stopped(self)
    if (self.progress.tracker.isSettled) return { _tag: "Ended", end }
    return yield* Effect.dieMessage(`records of ${self.options.claimed.shardId} were left unhandled at its end`)
  })

/** The work should stop: waits for the reason. */
export const stopped = ({ stopping }: State): Effect.Effect<Outcome> =>
  Effect.map(Deferred.await(stopping), (stop): Outcome => ({ _tag: "Stopped", stop }))

/** How the handlers ended by themselves; none if there is a reason to stop first. */
const firstOf = (
  { stopping }: State,
  { failed }: PageFetcher.Reading,
  handlers: Fiber.RuntimeFiber<void, HandlerError>
): Effect.Effect<Ending> => {
  const failure = Effect.catchAll(
    failed,
    (error) => Effect.zipRight(Deferred.succeed(stopping, { _tag: "Failed", error }), Effect.never)
  )
  return Effect.raceFirst(
    Effect.map(Fiber.await(handlers), Option.some),
    Effect.raceFirst(failure, Effect.as(Deferred.await(stopping), Option.none()))
  )
}

/** Handlers that are under way may finish, unless the lease is lost or the time for it is over. */
const drain = (
  self: State,
  handling: Handling,
  fiber: Fiber.RuntimeFiber<void, HandlerError>
): Effect.Effect<Exit.Exit<void, HandlerError>> =>
  Effect.gen(function*() {
    const stop = yield* Deferred.await(self.stopping)
    const inTime: Ending = stop._tag === "Lost" ? Option.none() : yield* Effect.raceFirst(
      Effect.option(Fiber.await(fiber)),
      Effect.as(Effect.raceFirst(self.tenure.lost, timeIsOver(self, stop)), Option.none())
    )
    if (Option.isSome(inTime)) return inTime.value
    self.cut += handling.inFlight()
    yield* Fiber.interruptFork(fiber)
    return Exit.void
  })

const timeIsOver = ({ cutting, options }: State, stop: Stop): Effect.Effect<void> =>
  Effect.raceFirst(
    Deferred.await(cutting),
    stop._tag === "LetGo" && !stop.bounded ? Effect.never : Effect.sleep(options.group.settings.drainMillis)
  )

/** The work as the handlers of this reading see it. */
const workOn = (self: State, { take }: PageFetcher.Reading): ShardWork => {
  const { options: { claimed, stream }, progress: { tracker }, tenure } = self
  const none = Effect.fail(Option.none())
  const taken = Effect.flatMap(
    take,
    (page) => whileHeld(tenure, Effect.sync(() => ({ page, first: tracker.deliver(page) })), none)
  )
  return {
    stream,
    shardId: claimed.shardId,
    parentShardIds: claimed.parentShardIds,
    tenure,
    tracker,
    next: Effect.suspend(() => self.isStopped ? none : taken),
    isStopped: () => self.isStopped,
    whileHeld: (effect) => whileHeld(tenure, effect, Effect.never),
    acknowledge: (number) => acknowledge(self, tracker, number),
    acknowledged: () => acknowledged(self)
  }
}

const acknowledge = (self: State, tracker: AckTracker, number: number): void => {
  tracker.acknowledge(number)
  if (self.isStopped) self.drained++
  acknowledged(self)
}

/** The acknowledged position is stored with the next renewal, or at once if it advanced far enough. */
const acknowledged = ({ options, progress, tenure }: State): void => {
  tenure.touch()
  if (Progress.isFull(progress, options.group.settings.checkpointRecords)) tenure.nudge()
}
