import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { LeaseLost } from "../../KinesisError.js"
import type { Lease } from "../../LeaseStore.js"
import type { Startable } from "../../Position.js"
import * as Progress from "../lease/progress.js"
import type { Report } from "./report.js"
import * as Restarts from "./restarts.js"
import { conclude, type Over, over } from "./shardConclusion.js"
import { read, stopped } from "./shardReading.js"
import { type Outcome, reportOf, startable, type State, type Stop, type TaskOptions } from "./shardState.js"
import type { GroupStream } from "./streams.js"
import * as Tenure from "./tenure.js"

/** The work on the shard of one lease. */
export interface ShardTask {
  readonly lease: () => Lease
  readonly stream: GroupStream
  readonly fencingToken: number
  /**
   * Asks it to give the shard up: to the worker that requested it, otherwise to this successor, which is determined when the shard is
   * drained, otherwise to any worker. If bounded, it waits for handlers no longer than the settings say, otherwise until {@link cut}.
   */
  readonly letGo: (successor: Effect.Effect<string | undefined>, bounded: boolean) => Effect.Effect<void>
  /** Stops waiting for handlers. */
  readonly cut: Effect.Effect<void>
  /** The report on it if it has died. */
  readonly crashed: () => Report
  /** Runs to the end, in a fiber of its own. */
  readonly run: Effect.Effect<Over>
}

export const make = (options: TaskOptions): Effect.Effect<ShardTask> =>
  Effect.gen(function*() {
    const { claimed, claimedAt, group: { clocks, leases, settings, worker }, stream } = options
    const progress = Progress.make()
    const tenure = yield* Tenure.make({
      leases,
      clocks,
      emit: stream.emit,
      settings,
      worker,
      claimed,
      claimedAt,
      progress
    })
    const self: State = {
      options,
      tenure,
      progress,
      stopping: yield* Deferred.make<Stop>(),
      cutting: yield* Deferred.make<void>(),
      isStopped: false,
      drained: 0,
      cut: 0
    }
    return {
      lease: tenure.lease,
      stream,
      fencingToken: tenure.fencingToken,
      letGo: (successor, bounded) => stop(self, { _tag: "LetGo", successor, bounded }),
      crashed: () => reportOf(self, "failed"),
      cut: Effect.asVoid(Deferred.succeed(self.cutting, undefined)),
      run: run(self)
    }
  })

const stop = ({ stopping }: State, reason: Stop): Effect.Effect<void> =>
  Effect.asVoid(Deferred.succeed(stopping, reason))

// -----------------------------------------------------------------------------
// The fibers of a shard. One keeps the tenure; two wait for events that end the
// work from outside, the loss of the lease and another worker's request for it;
// the work itself reads, handles and concludes. All begin before the first
// write, so that a claim that took long is renewed at once. They end with the
// work, whose children they are: when the shard was read to its end, was
// released, or was lost. A tenure that dies takes the work with it. The end is
// reported before they end, since a handler may resist its interruption:
// nothing but the lease waits for it.
// -----------------------------------------------------------------------------

const run = (self: State): Effect.Effect<Over> =>
  Effect.gen(function*() {
    const { options: { claimed, startsAt }, tenure } = self
    const ended = yield* Deferred.make<Over, LeaseLost>()
    yield* Effect.fork(Effect.catchAllDefect(tenure.keep, (defect) => Deferred.die(ended, defect)))
    yield* Effect.fork(Effect.zipRight(tenure.lost, stop(self, { _tag: "Lost" })))
    const asked: Stop = { _tag: "LetGo", successor: Effect.succeed(undefined), bounded: true }
    yield* Effect.fork(Effect.zipRight(tenure.handoffRequested, stop(self, asked)))
    const restarts = yield* Restarts.make(self)
    const origin = yield* startOf(claimed, startsAt, tenure)
    yield* Effect.fork(Deferred.complete(ended, work(self, restarts, origin)))
    return yield* Deferred.await(ended)
  }).pipe(
    Effect.catchTag("LeaseLost", () => Effect.sync(() => over(reportOf(self, "lost"))))
  )

/** Reads the shard and concludes; continues reading if it is open after all. */
const work = (self: State, restarts: Restarts.Restarts, origin: Startable): Effect.Effect<Over, LeaseLost> =>
  readOn(self, restarts, origin).pipe(
    Effect.flatMap((outcome) => conclude(self, outcome)),
    Effect.flatMap((conclusion) => {
      if (conclusion._tag === "Over") return Effect.succeed(conclusion)
      const { claimed: { shardId }, stream } = self.options
      return Effect.logWarning(
        `${stream.name}/${shardId} seemed to be over, and is listed as open; it is read on`
      ).pipe(
        Effect.zipRight(Effect.sleep(stream.run.settings.idleIntervalMillis)),
        Effect.zipRight(Effect.suspend(() => work(self, restarts, anew(self, origin))))
      )
    })
  )

/** Reads again from the acknowledged position, as often as the policy says. */
const readOn = (self: State, restarts: Restarts.Restarts, origin: Startable): Effect.Effect<Outcome> =>
  Effect.flatMap(read(self, origin), (outcome) => {
    if (outcome._tag !== "HandlerFailed" || self.options.work.onFailure._tag !== "Restart") {
      return Effect.succeed(outcome)
    }
    if (self.isStopped) return stopped(self)
    return Effect.flatMap(restarts(outcome.error), (isAgain) => {
      if (isAgain) return readOn(self, restarts, anew(self, origin))
      return Effect.flatMap(
        Deferred.isDone(self.stopping),
        (isDone) => isDone ? stopped(self) : Effect.succeed(outcome)
      )
    })
  })

/** Where the next reading begins: after everything acknowledged. */
const anew = ({ progress }: State, origin: Startable): Startable => {
  Progress.readAnew(progress)
  return startable(progress.before) ?? origin
}

/**
 * A start that is not yet a place in the shard becomes one, and is stored before anything is read: a restart must not skip the records
 * since.
 */
const startOf = (
  { checkpoint }: Lease,
  startsAt: Startable,
  tenure: Tenure.Tenure
): Effect.Effect<Startable, LeaseLost> => {
  const known = checkpoint?._tag === "Latest" ? undefined : startable(checkpoint)
  return known === undefined ? Effect.as(tenure.begin(startsAt), startsAt) : Effect.succeed(known)
}
