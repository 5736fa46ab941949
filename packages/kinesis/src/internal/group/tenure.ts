import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { type KinesisError, LeaseLost } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, Leases } from "../../LeaseStore.js"
import { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Position } from "../../Position.js"
import * as Progress from "../lease/progress.js"
import * as Renewal from "../lease/renewal.js"
import type { Emit } from "../reading/emit.js"
import type { Clocks, Moment } from "./clocks.js"
import { failureEvent, isFatal } from "./group.js"

/** What a tenure goes by. */
export interface TenureOptions {
  readonly leases: Leases
  readonly clocks: Clocks
  readonly emit: Emit
  readonly settings: Renewal.Timing
  readonly worker: string
  readonly claimed: Lease
  /** Before the claim was sent. */
  readonly claimedAt: Moment
  /** What is acknowledged, and so what is to be stored. Whoever works on the shard writes it. */
  readonly progress: Progress.Progress
}

/** The time in which a worker holds one lease: all that is written in its name goes one after the other, and ends when it is lost. */
export interface Tenure {
  /** As it was last written. */
  readonly lease: () => Lease
  /** The counter of the claim: that of every later owner is higher. */
  readonly fencingToken: number
  /** What was last stored in this tenure, or was stored before it. */
  readonly stored: () => Position | undefined
  /** Renews the lease, and stores with it what is acknowledged; until it is lost. Has a fiber of its own. */
  readonly keep: Effect.Effect<never, LeaseLost>
  /** Lets {@link keep} store what is acknowledged at once. */
  readonly nudge: () => void
  /** Something was acknowledged, which {@link keep} may have to store earlier than it would look. */
  readonly touch: () => void
  readonly isValid: () => boolean
  /** Renews the lease at once: whether it is still held. */
  readonly verify: Effect.Effect<boolean>
  /** At once while the lease is surely held; else when that is known. */
  readonly whenValid: Effect.Effect<void, LeaseLost>
  readonly lost: Effect.Effect<LeaseLost>
  /** Another worker has asked for the lease. */
  readonly handoffRequested: Effect.Effect<void>
  /** Stores where reading begins. */
  readonly begin: (position: Position) => Effect.Effect<void, LeaseLost>
  /** Stores what is acknowledged, if that is more than what is stored. */
  readonly flush: Effect.Effect<void, LeaseLost>
  readonly finish: (childShardIds: ReadonlyArray<string>) => Effect.Effect<void, LeaseLost>
  /** Gives the row that was written: whose the lease is now. */
  readonly release: (successor: string | undefined) => Effect.Effect<Lease, LeaseLost>
  /** Makes a call again until it succeeds, the lease is lost, or it fails so that it would fail again. */
  readonly insist: <A>(
    call: Effect.Effect<A, LeaseLost | KinesisError | LeaseStoreError>
  ) => Effect.Effect<A, LeaseLost | KinesisError | LeaseStoreError>
}

/** A tenure from within. */
interface State {
  readonly options: TenureOptions
  readonly fiberId: FiberId.FiberId
  readonly oneAtATime: Effect.Semaphore
  readonly lost: Deferred.Deferred<LeaseLost>
  readonly handoffRequested: Deferred.Deferred<void>
  /** Opened to end the wait of {@link keep}. */
  readonly nudged: Effect.Latch
  /** What is acknowledged is to be stored at once. */
  isNudged: boolean
  /** It waits with nothing to store, for longer than what is acknowledged meanwhile may wait. */
  isUnaware: boolean
  lease: Lease
  /** When the last write that took effect was sent: others count from no earlier. */
  writtenAt: Moment
  checkpointedAt: Moment
  /** Done by the next write that takes effect. */
  written: Deferred.Deferred<void>
  /** Since when it is not known whether a write took effect. */
  uncertainSince: Moment | undefined
  /** Why nothing is written any more: it was lost, or let go. */
  over: LeaseLost | undefined
}

type Write = (lease: Lease) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>

export const make = (options: TenureOptions): Effect.Effect<Tenure> =>
  Effect.gen(function*() {
    const fiberId = yield* Effect.fiberId
    const self: State = {
      options,
      fiberId,
      oneAtATime: yield* Effect.makeSemaphore(1),
      lost: yield* Deferred.make<LeaseLost>(),
      handoffRequested: yield* Deferred.make<void>(),
      nudged: yield* Effect.makeLatch(false),
      isNudged: false,
      isUnaware: false,
      lease: options.claimed,
      writtenAt: options.claimedAt,
      checkpointedAt: options.claimedAt,
      written: Deferred.unsafeMake<void>(fiberId),
      uncertainSince: undefined,
      over: undefined
    }
    return {
      lease: () => self.lease,
      fencingToken: options.claimed.leaseCounter,
      stored: () => self.lease.checkpoint,
      keep: Effect.forever(keepOnce(self)),
      nudge: () => nudge(self),
      touch: () => touch(self),
      isValid: () => isValid(self),
      verify: verify(self),
      whenValid: whenValid(self),
      lost: Deferred.await(self.lost),
      handoffRequested: Deferred.await(self.handoffRequested),
      begin: (position) => insist(self, () => store(self, position)),
      flush: insist(self, () => {
        const position = toStore(self)
        return position === undefined ? Effect.void : store(self, position)
      }),
      finish: (childShardIds) => finish(self, childShardIds),
      release: (successor) => release(self, successor),
      insist: (call) => insistUnlessFatal(self, call)
    }
  })

const sinceWrite = ({ options, writtenAt }: State): number => options.clocks.since(writtenAt)

const leftMillis = (self: State): number => Renewal.leftMillis(self.options.settings, sinceWrite(self))

const isValid = (self: State): boolean =>
  self.over === undefined && Renewal.isValid(self.options.settings, sinceWrite(self))

const toStore = ({ lease, options }: State): Position | undefined =>
  Renewal.toStore(lease.checkpoint, Progress.position(options.progress))

const nudge = (self: State): void => {
  self.isNudged = true
  self.nudged.unsafeOpen()
}

const touch = (self: State): void => {
  if (!self.isUnaware) return
  self.isUnaware = false
  self.nudged.unsafeOpen()
}

/** Whoever is told may take long: the lease is renewed meanwhile. */
const tell = ({ options: { emit, settings } }: State, event: KinesisEvent): Effect.Effect<void> => {
  const told = emit(event)
  if (told === Effect.void) return told
  return Effect.flatMap(
    Effect.forkDaemon(Effect.interruptible(told)),
    (fiber) => Effect.interruptible(Effect.timeoutOption(Fiber.join(fiber), settings.marginMillis))
  ).pipe(Effect.asVoid)
}

const lose = (self: State, error: LeaseLost): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (self.over !== undefined) return Effect.void
    self.over = error
    Deferred.unsafeDone(self.lost, Effect.succeed(error))
    const { claimed: { shardId }, worker } = self.options
    return tell(self, KinesisEvent.LeaseLost({ shardId, worker, description: error.description }))
  })

/** A write took effect, no earlier than at this moment. */
const adopt = (self: State, next: Lease, sentAt: Moment): void => {
  self.lease = next
  self.writtenAt = sentAt
  self.uncertainSince = undefined
  const before = self.written
  self.written = Deferred.unsafeMake(self.fiberId)
  Deferred.unsafeDone(before, Effect.void)
  if (next.checkpointOwner === self.options.worker) Deferred.unsafeDone(self.handoffRequested, Effect.void)
}

/** One call. When it is not known whether it took effect, what is found later counts from when this one was sent. */
const send = (self: State, call: Write): Effect.Effect<Lease, LeaseLost | LeaseStoreError> =>
  Effect.suspend(() => {
    if (self.over !== undefined) return Effect.fail(self.over)
    const { clocks, settings } = self.options
    const sentAt = self.uncertainSince ?? clocks.now()
    const duration = Renewal.patienceMillis(settings, sinceWrite(self))
    const isUncertain = Effect.sync(() => {
      self.uncertainSince ??= sentAt
    })
    return call(self.lease).pipe(
      Effect.timeoutFail({ duration, onTimeout: () => timedOut(self.lease, duration) }),
      Effect.tap((next) => Effect.sync(() => adopt(self, next, sentAt))),
      Effect.onError((cause) => {
        const error = Option.getOrUndefined(Cause.failureOption(cause))
        return error?._tag === "LeaseLost" ? lose(self, error) : isUncertain
      })
    )
  })

/** After a write of which it is not known whether it took effect, that is found out first. */
const write = (self: State, call: Write): Effect.Effect<Lease, LeaseLost | LeaseStoreError> =>
  self.oneAtATime.withPermits(1)(
    Effect.suspend(() =>
      self.uncertainSince === undefined
        ? send(self, call)
        : Effect.zipRight(send(self, self.options.leases.renew), send(self, call))
    )
  )

const store = (self: State, position: Position): Effect.Effect<void, LeaseLost | LeaseStoreError> =>
  Effect.suspend(() => {
    const { claimed: { shardId }, clocks, leases } = self.options
    const sentAt = clocks.now()
    return Effect.flatMap(write(self, (current) => leases.checkpoint(current, position)), () => {
      self.checkpointedAt = sentAt
      return tell(self, KinesisEvent.CheckpointStored({ shardId, position }))
    })
  })

const failed = (self: State, error: KinesisError | LeaseStoreError, attempt: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { claimed: { shardId }, worker } = self.options
    yield* tell(self, failureEvent(error, shardId, 0))
    const left = leftMillis(self)
    if (left <= 0) return yield* lose(self, expired(self.lease, worker, error))
    yield* Effect.sleep(Renewal.backoffMillis(left, attempt, yield* Random.next))
  })

/** Makes the attempts of which each is given its number, until one succeeds or the lease is lost. */
const insist = <A>(
  self: State,
  attempt: (number: number) => Effect.Effect<A, LeaseLost | KinesisError | LeaseStoreError>,
  number = 0
): Effect.Effect<A, LeaseLost> =>
  Effect.catchAll(Effect.suspend(() => attempt(number)), (error) =>
    error._tag === "LeaseLost"
      ? Effect.fail(error)
      : Effect.zipRight(
        failed(self, error, number),
        Effect.suspend(() => self.over === undefined ? insist(self, attempt, number + 1) : Effect.fail(self.over))
      ))

const insistUnlessFatal = <A>(
  self: State,
  call: Effect.Effect<A, LeaseLost | KinesisError | LeaseStoreError>
): Effect.Effect<A, LeaseLost | KinesisError | LeaseStoreError> =>
  Effect.flatten(
    insist(self, () =>
      self.over !== undefined ? Effect.fail(self.over) : Effect.map(call, Effect.succeed).pipe(
        Effect.catchIf(
          (error) => error._tag !== "LeaseLost" && isFatal(error),
          (error) => Effect.succeed(Effect.fail(error))
        )
      ))
  )

// -----------------------------------------------------------------------------
// The heartbeat. It waits until a renewal or a checkpoint is due and writes: one
// write does for both, since a checkpoint renews the lease too. A nudge ends the
// wait. A write that fails is made again until the lease can no longer be held,
// each time with what is acknowledged by then. It ends when the lease is lost, and
// is interrupted with the work on the shard. It decides before it waits and again
// after, never on what it knew before: time passes while the process is paused,
// and the lease is then verified before anything else.
// -----------------------------------------------------------------------------

const keepOnce = (self: State): Effect.Effect<void, LeaseLost> =>
  Effect.suspend(() => {
    const { clocks, settings } = self.options
    const position = toStore(self)
    const hasToStore = position !== undefined
    const ages = { sinceWrite: sinceWrite(self), sinceCheckpoint: clocks.since(self.checkpointedAt) }
    const waitMillis = Renewal.untilDueMillis(settings, ages, hasToStore, self.isNudged)
    self.isNudged = false
    if (waitMillis === 0) {
      return insist(self, (number) => renewOrStore(self, number === 0 ? position : toStore(self)))
    }
    self.nudged.unsafeClose()
    self.isUnaware = Renewal.isUnaware(settings, hasToStore, waitMillis)
    const wait = Effect.timeoutOption(self.nudged.await, Math.ceil(waitMillis))
    return Effect.zipRight(wait, keepOnce(self))
  })

const renewOrStore = (
  self: State,
  position: Position | undefined
): Effect.Effect<void, LeaseLost | LeaseStoreError> => {
  self.isNudged = false
  return position === undefined ? Effect.asVoid(write(self, self.options.leases.renew)) : store(self, position)
}

const verify = (self: State): Effect.Effect<boolean> =>
  Effect.match(insist(self, () => write(self, self.options.leases.renew)), {
    onSuccess: () => true,
    onFailure: () => false
  })

const whenValid = (self: State): Effect.Effect<void, LeaseLost> =>
  Effect.suspend(() =>
    self.over !== undefined
      ? Effect.fail(self.over)
      : isValid(self)
      ? Effect.void
      : Effect.raceFirst(Effect.flatMap(Deferred.await(self.lost), Effect.fail), Deferred.await(self.written)).pipe(
        Effect.zipRight(whenValid(self))
      )
  )

/** Runs it when the lease is surely held, at once or when that is known; `otherwise` when the lease is lost. */
export const whileHeld = <A, E, R, A2, E2, R2>(
  { isValid, whenValid }: Pick<Tenure, "isValid" | "whenValid">,
  effect: Effect.Effect<A, E, R>,
  otherwise: Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.suspend((): Effect.Effect<A | A2, E | E2, R | R2> =>
    isValid()
      ? effect
      : Effect.matchEffect(whenValid, { onSuccess: () => effect, onFailure: () => otherwise })
  )

/** Nothing is written from here on. */
const end = (self: State, operation: string): void => {
  const { claimed: { leaseKey, shardId }, worker } = self.options
  const description = "this worker has let go of it"
  self.over = new LeaseLost({ operation, leaseKey, shardId, worker, description })
}

const finish = (self: State, childShardIds: ReadonlyArray<string>): Effect.Effect<void, LeaseLost> =>
  Effect.map(
    insist(self, () => write(self, (current) => self.options.leases.finish(current, childShardIds))),
    () => end(self, "finish")
  )

const release = (self: State, successor: string | undefined): Effect.Effect<Lease, LeaseLost> =>
  insist(
    self,
    () =>
      write(self, (current) =>
        Effect.tap(self.options.leases.release(current, successor), () =>
          Effect.sync(() => end(self, "release"))))
  )

const timedOut = ({ leaseKey, shardId }: Lease, millis: number): LeaseStoreError =>
  new LeaseStoreError({
    operation: "LeaseStore",
    reason: "Timeout",
    leaseKey,
    shardId,
    description: `waited ${Duration.format(millis)}`
  })

const expired = ({ leaseKey, shardId }: Lease, worker: string, { message }: Error): LeaseLost =>
  new LeaseLost({
    operation: "renew",
    leaseKey,
    shardId,
    worker,
    description: `it could not be renewed in time: ${message}`
  })
