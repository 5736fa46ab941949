import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { type KinesisError, LeaseLost, RequestTimeout } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, Leases } from "../../LeaseStore.js"
import type { Position } from "../../Position.js"
import * as Checkpoint from "../lease/checkpoint.js"
import type { Emit } from "../reading/emit.js"
import type { Clocks, Instant } from "./clocks.js"
import { isFatal } from "./group.js"
import type { GroupSettings } from "./settings.js"

/** What a tenure goes by. */
export interface TenureOptions {
  readonly leases: Leases
  readonly clocks: Clocks
  readonly emit: Emit
  readonly settings: Pick<GroupSettings, "leaseMillis" | "renewMillis" | "marginMillis" | "checkpointMillis">
  readonly worker: string
  readonly claimed: Lease
  /** Before the claim was sent. */
  readonly claimedAt: Instant
  /** What is to be stored by now; undefined as long as that is nothing. */
  readonly acknowledged: () => Position | undefined
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
  readonly insist: <A>(call: Effect.Effect<A, LeaseLost | KinesisError>) => Effect.Effect<A, LeaseLost | KinesisError>
}

type Write = (lease: Lease) => Effect.Effect<Lease, LeaseLost | KinesisError>

const longestBackoff = 1_000

export const make = (options: TenureOptions): Effect.Effect<Tenure> =>
  Effect.gen(function*() {
    const { acknowledged, claimed, clocks, emit, leases, settings, worker } = options
    const { checkpointMillis, leaseMillis, marginMillis, renewMillis } = settings
    const { shardId } = claimed
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const lost = yield* Deferred.make<LeaseLost>()
    const handoffRequested = yield* Deferred.make<void>()
    const nudged = Effect.unsafeMakeLatch(false)
    let isNudged = false
    /** It waits with nothing to store, for longer than what is acknowledged meanwhile may wait. */
    let isUnaware = false
    let written = Deferred.unsafeMake<void>(yield* Effect.fiberId)
    const fiberId = yield* Effect.fiberId
    let lease = claimed
    /** When the last write that took effect was sent: others count from no earlier. */
    let writtenAt = options.claimedAt
    let checkpointedAt = options.claimedAt
    /** Since when it is not known whether a write took effect. */
    let uncertainSince: Instant | undefined
    let over: LeaseLost | undefined

    /** Whoever is told may take long: the lease is renewed meanwhile. */
    const tell = (event: KinesisEvent) => {
      const told = emit(event)
      if (told === Effect.void) return told
      return Effect.flatMap(
        Effect.forkDaemon(Effect.interruptible(told)),
        (fiber) => Effect.interruptible(Effect.timeoutOption(Fiber.join(fiber), marginMillis))
      ).pipe(Effect.asVoid)
    }

    const leftMillis = () => leaseMillis - marginMillis - clocks.since(writtenAt)
    const isValid = () => over === undefined && leftMillis() > 0

    const lose = (error: LeaseLost) =>
      Effect.suspend(() => {
        if (over !== undefined) return Effect.void
        over = error
        Deferred.unsafeDone(lost, Effect.succeed(error))
        return tell(KinesisEvent.LeaseLost({ shardId, worker, description: error.description }))
      })

    const adopt = (next: Lease, sentAt: Instant) => {
      lease = next
      writtenAt = sentAt
      uncertainSince = undefined
      const before = written
      written = Deferred.unsafeMake(fiberId)
      Deferred.unsafeDone(before, Effect.void)
      if (next.checkpointOwner === worker) Deferred.unsafeDone(handoffRequested, Effect.void)
    }

    const timedOut = (millis: number) =>
      new RequestTimeout({ operation: "LeaseStore", shardId, description: `waited ${Duration.format(millis)}` })

    /** A call that is not answered in time must not outlast the lease; after a pause it gets what is left before others may take it. */
    const send = (call: Write) =>
      Effect.suspend(() => {
        if (over !== undefined) return Effect.fail(over)
        const sentAt = uncertainSince ?? clocks.now()
        const left = leftMillis()
        const duration = Math.min(renewMillis, left > 0 ? Math.ceil(left) : marginMillis)
        const isUncertain = Effect.sync(() => {
          uncertainSince ??= sentAt
        })
        return call(lease).pipe(
          Effect.timeoutFail({ duration, onTimeout: () => timedOut(duration) }),
          Effect.tap((next) => Effect.sync(() => adopt(next, sentAt))),
          Effect.onError((cause) => {
            const error = Option.getOrUndefined(Cause.failureOption(cause))
            return error?._tag === "LeaseLost" ? lose(error) : isUncertain
          })
        )
      })

    /** After a write of which it is not known whether it took effect, that is found out first. */
    const write = (call: Write) =>
      oneAtATime.withPermits(1)(
        Effect.suspend(() =>
          uncertainSince === undefined ? send(call) : Effect.zipRight(send(leases.renew), send(call))
        )
      )

    const toStore = (): Position | undefined => {
      const position = acknowledged()
      return position === undefined || !Checkpoint.isAdvance(lease.checkpoint, position) ? undefined : position
    }

    const store = (position: Position) =>
      Effect.suspend(() => {
        const sentAt = clocks.now()
        return Effect.flatMap(write((current) => leases.checkpoint(current, position)), () => {
          checkpointedAt = sentAt
          return tell(KinesisEvent.CheckpointStored({ shardId, position }))
        })
      })

    const renewOrStore = Effect.suspend(() => {
      isNudged = false
      const position = toStore()
      return position === undefined ? Effect.asVoid(write(leases.renew)) : store(position)
    })

    const failed = (error: KinesisError, attempt: number) =>
      Effect.gen(function*() {
        yield* tell(KinesisEvent.LeaseStoreFailed({ operation: error.operation, shardId, error }))
        const left = leftMillis()
        if (left <= 0) return yield* lose(expired(lease, worker, error))
        const jitter = 0.5 + (yield* Random.next) / 2
        yield* Effect.sleep(Math.ceil(Math.min(left, jitter * Math.min(longestBackoff, 100 * 2 ** attempt))))
      })

    /** Until it succeeds or the lease is lost. */
    const insist = <A>(
      attempt: Effect.Effect<A, LeaseLost | KinesisError>,
      times = 0
    ): Effect.Effect<A, LeaseLost> =>
      Effect.catchAll(attempt, (error) =>
        error._tag === "LeaseLost"
          ? Effect.fail(error)
          : Effect.zipRight(
            failed(error, times),
            Effect.suspend(() => over === undefined ? insist(attempt, times + 1) : Effect.fail(over))
          ))

    /** Time passes while the lease may be lost without a write: it is then verified before anything else. */
    const untilDue = Effect.suspend(() => {
      const untilRenewal = renewMillis - clocks.since(writtenAt)
      const untilCheckpoint = toStore() === undefined ? Infinity : checkpointMillis - clocks.since(checkpointedAt)
      const wait = Math.min(untilRenewal, Math.max(untilCheckpoint, 0))
      if (wait <= 0 || isNudged) return Effect.void
      nudged.unsafeClose()
      isUnaware = untilCheckpoint === Infinity && checkpointMillis < wait
      return Effect.timeoutOption(nudged.await, Math.ceil(wait))
    })
    const isDue = () =>
      renewMillis <= clocks.since(writtenAt) ||
      (toStore() !== undefined && (isNudged || checkpointMillis <= clocks.since(checkpointedAt)))

    const keep: Effect.Effect<never, LeaseLost> = Effect.forever(
      Effect.flatMap(untilDue, () => {
        if (isDue()) return insist(renewOrStore)
        isNudged = false
        return Effect.void
      })
    )

    const whenValid: Effect.Effect<void, LeaseLost> = Effect.suspend(() =>
      over !== undefined
        ? Effect.fail(over)
        : isValid()
        ? Effect.void
        : Effect.raceFirst(Effect.flatMap(Deferred.await(lost), Effect.fail), Deferred.await(written)).pipe(
          Effect.zipRight(whenValid)
        )
    )

    const end = (operation: string) =>
      Effect.sync(() => {
        over = new LeaseLost({
          operation,
          leaseKey: lease.leaseKey,
          shardId,
          worker,
          description: "this worker has let go of it"
        })
      })

    return {
      lease: () => lease,
      fencingToken: claimed.leaseCounter,
      stored: () => lease.checkpoint,
      keep,
      nudge: () => {
        isNudged = true
        nudged.unsafeOpen()
      },
      touch: () => {
        if (!isUnaware) return
        isUnaware = false
        nudged.unsafeOpen()
      },
      isValid,
      whenValid,
      lost: Deferred.await(lost),
      handoffRequested: Deferred.await(handoffRequested),
      begin: (position) => insist(store(position)),
      flush: insist(Effect.suspend(() => {
        const position = toStore()
        return position === undefined ? Effect.void : store(position)
      })),
      finish: (childShardIds) =>
        Effect.zipRight(insist(write((current) => leases.finish(current, childShardIds))), end("finish")),
      release: (successor) =>
        insist(
          write((current) => Effect.tap(leases.release(current, successor), () => end("release"))).pipe(
            Effect.map(() => lease)
          )
        ),
      insist: (call) =>
        Effect.flatten(insist(Effect.suspend(() =>
          over !== undefined ? Effect.fail(over) : Effect.map(call, Effect.succeed).pipe(
            Effect.catchIf(
              (error) => error._tag !== "LeaseLost" && isFatal(error),
              (error) => Effect.succeed(Effect.fail(error))
            )
          )
        )))
    }
  })

const expired = ({ leaseKey, shardId }: Lease, worker: string, { message }: KinesisError) =>
  new LeaseLost({
    operation: "renew",
    leaseKey,
    shardId,
    worker,
    description: `it could not be renewed in time: ${message}`
  })
