import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { FailurePolicy } from "../../FailurePolicy.js"
import type { HandlerError, KinesisError, LeaseLost } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, Leases } from "../../LeaseStore.js"
import type { Position, Startable } from "../../Position.js"
import { AckTracker } from "../lease/ackTracker.js"
import * as Checkpoint from "../lease/checkpoint.js"
import type { ShardOutcome } from "../reading/pageSource.js"
import type { Clocks, Instant } from "./clocks.js"
import * as Reading from "./pageFetcher.js"
import type { GroupSettings } from "./settings.js"
import * as Ending from "./shardEnd.js"
import type { Handling, ShardWork, Strategy } from "./shardWork.js"
import type { GroupStream } from "./streams.js"
import * as Tenure from "./tenure.js"

/** How the work on a shard ended. */
export interface Report {
  readonly stream: string
  readonly shardId: string
  readonly end: "finished" | "released" | "lost" | "failed"
  /** What is stored of the shard. */
  readonly stored: Position | undefined
  /** Records whose handlers finished after the shard was to be given up. */
  readonly drained: number
  /** Records whose handlers were interrupted: they are handled again. */
  readonly cut: number
  readonly error: KinesisError | HandlerError | undefined
  /** Shards that follow, which this worker may take. */
  readonly children: ReadonlyArray<Lease>
}

export interface ShardTask {
  readonly lease: () => Lease
  readonly stream: GroupStream
  readonly fencingToken: number
  /**
   * Asks it to give the shard up: for the worker that asked for it, else for this successor, who is asked for when the shard is drained, else
   * for anybody. A bounded one waits for handlers no longer than the settings say, another until {@link cut}.
   */
  readonly letGo: (successor: Effect.Effect<string | undefined>, bounded: boolean) => Effect.Effect<void>
  /** Handlers are waited for no longer. */
  readonly cut: Effect.Effect<void>
  /** What is to be said of it when it has died. */
  readonly crashed: () => Report
  /** Runs to the end. Has a fiber of its own. */
  readonly run: Effect.Effect<Report>
}

export interface TaskOptions {
  readonly settings: GroupSettings
  readonly leases: Leases
  readonly clocks: Clocks
  readonly worker: string
  readonly stream: GroupStream
  readonly strategy: Strategy
  readonly onFailure: FailurePolicy
  readonly claimed: Lease
  readonly claimedAt: Instant
  /** Where the shard begins if its lease does not say. */
  readonly startsAt: Startable
  readonly onReady: Effect.Effect<void>
  /** The leases as they were last seen. */
  readonly seen: () => ReadonlyArray<Lease>
}

/** Why a shard is not read on. */
type Stop =
  | { readonly _tag: "LetGo"; readonly successor: Effect.Effect<string | undefined>; readonly bounded: boolean }
  | { readonly _tag: "Lost" }
  | { readonly _tag: "Failed"; readonly error: KinesisError }

/** What one reading of a shard came to. */
type Outcome =
  | { readonly _tag: "Ended"; readonly end: ShardOutcome }
  | { readonly _tag: "Stopped"; readonly stop: Stop }
  | { readonly _tag: "HandlerFailed"; readonly error: HandlerError }

export const make = (options: TaskOptions): Effect.Effect<ShardTask> =>
  Effect.gen(function*() {
    const { claimed, clocks, leases, onFailure, settings, strategy, stream, worker } = options
    const { emit } = stream
    const { shardId } = claimed
    const stopping = yield* Deferred.make<Stop>()
    const cutting = yield* Deferred.make<void>()
    let tracker = new AckTracker()
    let isStopped = false
    let storedPrefix = 0
    let drained = 0
    let cut = 0
    /** What earlier readings of this tenure acknowledged. */
    let before: Position | undefined
    const acknowledgedPosition = () => tracker.position ?? before
    const tenure = yield* Tenure.make({
      leases,
      clocks,
      emit,
      settings,
      worker,
      claimed,
      claimedAt: options.claimedAt,
      acknowledged: acknowledgedPosition
    })

    const acknowledged = () => {
      tenure.touch()
      if (tracker.prefix - storedPrefix < settings.checkpointRecords) return
      storedPrefix = tracker.prefix
      tenure.nudge()
    }
    const acknowledge = (number: number) => {
      tracker.acknowledge(number)
      if (isStopped) drained++
      acknowledged()
    }

    const workOn = (reading: Reading.Reading): ShardWork => {
      const ofThis = tracker
      const whileHeld: ShardWork["whileHeld"] = (effect) =>
        Effect.suspend(() =>
          tenure.isValid() ? effect : Effect.matchEffect(tenure.whenValid, {
            onSuccess: () => effect,
            onFailure: () => Effect.never
          })
        )
      const taken = Effect.flatMap(reading.take, (page) =>
        Effect.matchEffect(tenure.isValid() ? Effect.void : tenure.whenValid, {
          onSuccess: () =>
            Effect.sync(() => ({ page, first: ofThis.deliver(page) })),
          onFailure: () => Effect.fail(Option.none())
        }))
      return {
        stream,
        shardId,
        parentShardIds: claimed.parentShardIds,
        tenure,
        tracker: ofThis,
        next: Effect.suspend(() =>
          isStopped ? Effect.fail(Option.none()) : taken
        ),
        isStopped: () => isStopped,
        whileHeld,
        acknowledge,
        acknowledged
      }
    }

    const patience = (stop: Stop) =>
      stop._tag === "LetGo" && !stop.bounded ? Effect.never : Effect.sleep(settings.drainMillis)

    /** Handlers that are under way may finish, unless the lease is lost or the time for it is over. */
    const drain = (handling: Handling, fiber: Fiber.RuntimeFiber<void, HandlerError>, stop: Stop) =>
      Effect.gen(function*() {
        const inTime = stop._tag === "Lost" ? Option.none() : yield* Effect.raceFirst(
          Effect.option(Fiber.await(fiber)),
          Effect.raceFirst(
            Effect.as(tenure.lost, Option.none()),
            Effect.raceFirst(Deferred.await(cutting), patience(stop)).pipe(Effect.as(Option.none()))
          )
        )
        if (Option.isSome(inTime)) return inTime.value
        cut += handling.inFlight()
        yield* Fiber.interruptFork(fiber)
        return Exit.void
      })

    const read = (origin: Startable): Effect.Effect<Outcome> =>
      Effect.gen(function*() {
        const reading = yield* Reading.start(stream, tenure.lease(), origin, options.onReady)
        const handling = strategy(workOn(reading))
        const fiber = yield* Effect.fork(handling.run)
        const failure = Effect.catchAll(
          reading.failed,
          (error) => Effect.zipRight(Deferred.succeed(stopping, { _tag: "Failed", error }), Effect.never)
        )
        const first = yield* Effect.raceFirst(
          Effect.map(Fiber.await(fiber), Option.some),
          Effect.raceFirst(failure, Effect.as(Deferred.await(stopping), Option.none()))
        )
        isStopped = Option.isNone(first)
        if (isStopped) handling.stop()
        yield* reading.stop
        const exit = Option.isSome(first) ? first.value : yield* drain(handling, fiber, yield* Deferred.await(stopping))
        if (Exit.isFailure(exit)) {
          const failed = yield* Effect.either(exit)
          if (failed._tag === "Left") return { _tag: "HandlerFailed", error: failed.left }
        }
        const end = reading.end()
        if (Option.isNone(first) || end === undefined) {
          return { _tag: "Stopped", stop: yield* Deferred.await(stopping) }
        }
        if (!tracker.isSettled) return yield* Effect.dieMessage(`records of ${shardId} were left unhandled at its end`)
        return { _tag: "Ended", end }
      })

    const stopped = Effect.map(Deferred.await(stopping), (stop): Outcome => ({ _tag: "Stopped", stop }))

    /** Again from what is acknowledged, as often as the policy says. */
    const readOn = (
      origin: Startable,
      again: (error: HandlerError) => Effect.Effect<boolean>
    ): Effect.Effect<Outcome> =>
      Effect.flatMap(read(origin), (outcome) => {
        if (outcome._tag !== "HandlerFailed" || onFailure._tag !== "Restart") return Effect.succeed(outcome)
        if (isStopped) return stopped
        before = acknowledgedPosition()
        return Effect.flatMap(again(outcome.error), (isAgain) => {
          if (!isAgain) {
            return Effect.flatMap(Deferred.isDone(stopping), (isDone) => isDone ? stopped : Effect.succeed(outcome))
          }
          return readOn(anew(origin), again)
        })
      })

    /** Where the next reading begins: after all that is acknowledged. */
    const anew = (origin: Startable): Startable => {
      before = acknowledgedPosition()
      tracker = new AckTracker()
      storedPrefix = 0
      return startable(before) ?? origin
    }

    const restarting = Effect.gen(function*() {
      if (onFailure._tag !== "Restart") return () => Effect.succeed(false)
      const driver = yield* Schedule.driver(onFailure.schedule)
      let failedAt: Position | undefined
      return (error: HandlerError) =>
        Effect.gen(function*() {
          if (!Checkpoint.isSame(failedAt, before)) yield* driver.reset
          failedAt = before
          return yield* Effect.raceFirst(
            Effect.match(driver.next(error), { onSuccess: () => true, onFailure: () => false }),
            Effect.as(Deferred.await(stopping), false)
          )
        })
    })

    const report = (end: Report["end"], more: Partial<Report> = {}): Report => ({
      stream: stream.name,
      shardId,
      end,
      stored: tenure.stored(),
      drained,
      cut,
      error: undefined,
      children: [],
      ...more
    })

    const lost = () => report("lost")
    const nobody = Effect.succeed(undefined)
    const letGo = (successor: Effect.Effect<string | undefined>) =>
      Effect.gen(function*() {
        yield* tenure.flush
        const isAskedFor = tenure.lease().checkpointOwner === worker
        const { checkpoint, leaseOwner } = yield* tenure.release(isAskedFor ? undefined : yield* successor)
        yield* emit(KinesisEvent.LeaseReleased({ shardId, worker, position: checkpoint, successor: leaseOwner }))
      })

    /** A shard's end that cannot be stored is left to the next owner, when this one is to stop. */
    const givenUp = Deferred.await(stopping).pipe(
      Effect.zipRight(Effect.raceFirst(Deferred.await(cutting), Effect.sleep(settings.renewMillis))),
      Effect.as(Option.none())
    )

    const conclude = (
      outcome: Outcome,
      workOn: Effect.Effect<Report, LeaseLost>
    ): Effect.Effect<Report, LeaseLost> => {
      switch (outcome._tag) {
        case "Ended":
          return Effect.gen(function*() {
            yield* tenure.flush
            const finish = Ending.finish(leases, options.seen(), stream, tenure, outcome.end)
            const ended = yield* Effect.either(Effect.raceFirst(Effect.asSome(finish), givenUp))
            if (ended._tag === "Left") {
              if (ended.left._tag === "LeaseLost") return lost()
              yield* letGo(nobody)
              return report("failed", { error: ended.left })
            }
            if (Option.isSome(ended.right)) {
              const children = ended.right.value
              return children === undefined ? yield* workOn : report("finished", { children })
            }
            yield* letGo(nobody)
            return report("released")
          })
        case "HandlerFailed":
          return Effect.as(letGo(nobody), report("failed", { error: outcome.error }))
        case "Stopped": {
          const { stop } = outcome
          if (stop._tag === "Lost") return Effect.succeed(lost())
          return stop._tag === "LetGo"
            ? Effect.map(letGo(stop.successor), () => report("released"))
            : Effect.as(letGo(nobody), report("failed", { error: stop.error }))
        }
      }
    }

    const stop = (reason: Stop) => Effect.asVoid(Deferred.succeed(stopping, reason))

    const run = Effect.gen(function*() {
      const crashed = yield* Deferred.make<never>()
      yield* Effect.fork(Effect.catchAllDefect(tenure.keep, (defect) => Deferred.die(crashed, defect)))
      yield* Effect.fork(Effect.zipRight(tenure.lost, stop({ _tag: "Lost" })))
      yield* Effect.fork(
        Effect.zipRight(tenure.handoffRequested, stop({ _tag: "LetGo", successor: nobody, bounded: true }))
      )
      const again = yield* restarting
      const isOpen = Effect.logWarning(
        `${stream.name}/${shardId} seemed to be over, and is listed as open; it is read on`
      )
      const work = (origin: Startable): Effect.Effect<Report, LeaseLost> => {
        const workOn = Effect.suspend(() => work(anew(origin)))
        const later = Effect.zipRight(isOpen, Effect.delay(workOn, stream.run.settings.idleIntervalMillis))
        return Effect.flatMap(readOn(origin, again), (outcome) => conclude(outcome, later))
      }
      const origin = yield* startOf(claimed, options.startsAt, tenure)
      return yield* Effect.raceFirst(work(origin), Deferred.await(crashed))
    }).pipe(
      Effect.catchTag("LeaseLost", () => Effect.sync(lost))
    )

    return {
      lease: tenure.lease,
      stream,
      fencingToken: tenure.fencingToken,
      letGo: (successor, bounded) => stop({ _tag: "LetGo", successor, bounded }),
      crashed: () => report("failed"),
      cut: Effect.asVoid(Deferred.succeed(cutting, undefined)),
      run
    }
  })

const startable = (position: Position | undefined): Startable | undefined =>
  position?._tag === "ShardEnd" ? undefined : position

/** A start that is no place yet becomes one, and is stored before anything is read: a restart must not skip what came since. */
const startOf = (
  { checkpoint }: Lease,
  startsAt: Startable,
  tenure: Tenure.Tenure
): Effect.Effect<Startable, LeaseLost> => {
  const known = checkpoint?._tag === "Latest" ? undefined : startable(checkpoint)
  return known === undefined ? Effect.as(tenure.begin(startsAt), startsAt) : Effect.succeed(known)
}
