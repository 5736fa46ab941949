import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { FailurePolicy } from "../../FailurePolicy.js"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { Startable } from "../../Position.js"
import { latestAt } from "../reading/startPosition.js"
import type { Group } from "./group.js"
import * as ShardTask from "./shardTask.js"
import type { Strategy } from "./shardWork.js"
import type { GroupStream } from "./streams.js"

/** A shard that a worker reads. */
export interface Assigned {
  readonly stream: string
  readonly shardId: string
  readonly leaseKey: string
  /** Higher than that of every earlier owner. */
  readonly fencingToken: number
}

/** How a worker works on its shards. */
export interface Work {
  readonly strategy: Strategy
  readonly onFailure: FailurePolicy
}

export type Because = "free" | "expired" | "given"

interface Entry {
  readonly task: ShardTask.ShardTask
  readonly report: Deferred.Deferred<ShardTask.Report>
}

/** The leases that a worker holds, and the work on their shards. */
export interface Held {
  readonly assignment: SubscriptionRef.SubscriptionRef<ReadonlyArray<Assigned>>
  readonly tasks: ReadonlyMap<string, Entry>
  /** Takes a lease and begins to work on its shard; false when another was faster. */
  readonly claim: (
    lease: Lease,
    stream: GroupStream,
    because: Because,
    onReady: () => Effect.Effect<void>
  ) => Effect.Effect<boolean, KinesisError>
  /** The lease is worked on, or is being taken. */
  readonly isBusy: (leaseKey: string) => boolean
  /** No lease is taken from here on. */
  readonly close: () => void
}

export const make = (
  { clocks, fail, leases, lose, settings, worker }: Group,
  { onFailure, strategy }: Work,
  scope: Scope.Scope,
  seen: () => ReadonlyArray<Lease>,
  onFinished: (children: ReadonlyArray<Lease>, stream: GroupStream) => Effect.Effect<void>
): Effect.Effect<Held> =>
  Effect.gen(function*() {
    const assignment = yield* SubscriptionRef.make<ReadonlyArray<Assigned>>([])
    const tasks = new Map<string, Entry>()
    const claiming = new Set<string>()
    let isClosed = false

    const assigned = (): ReadonlyArray<Assigned> =>
      [...tasks].map(([leaseKey, { task: { fencingToken, lease, stream } }]) => ({
        stream: stream.name,
        shardId: lease().shardId,
        leaseKey,
        fencingToken
      }))

    /** Told once for all that changes at a time: a worker may take thousands of leases. */
    const changed = Effect.unsafeMakeLatch(false)
    const telling = changed.await.pipe(
      Effect.zipRight(changed.close),
      Effect.zipRight(Effect.yieldNow()),
      Effect.zipRight(Effect.suspend(() => SubscriptionRef.set(assignment, assigned())))
    )
    yield* Effect.forkIn(Effect.forever(telling), scope)

    const startsAt = ({ checkpoint }: Lease, { start }: GroupStream): Startable =>
      checkpoint?._tag === "Latest" ? latestAt(clocks.now().wall) : start

    const start = (
      options: Omit<
        ShardTask.TaskOptions,
        "settings" | "leases" | "clocks" | "worker" | "strategy" | "onFailure" | "seen"
      >,
      because: Because
    ) =>
      Effect.gen(function*() {
        const { claimed, startsAt, stream } = options
        const { leaseKey, shardId } = claimed
        const task = yield* ShardTask.make({ ...options, settings, leases, clocks, worker, strategy, onFailure, seen })
        const report = yield* Deferred.make<ShardTask.Report>()
        tasks.set(leaseKey, { task, report })
        changed.unsafeOpen()
        const acquired = KinesisEvent.LeaseAcquired({
          shardId,
          worker,
          from: claimed.checkpoint ?? startsAt,
          fencingToken: claimed.leaseCounter,
          because
        })
        const work = Effect.flatMap(Effect.zipRight(Effect.suspend(() => stream.emit(acquired)), task.run), (done) =>
          Effect.gen(function*() {
            if (done.error !== undefined && !(yield* lose(stream, done.error))) yield* fail(Cause.fail(done.error))
            yield* Deferred.succeed(report, done)
            yield* options.onReady
            if (done.end === "finished") {
              yield* onFinished(done.children, stream)
            }
          }))
        /** The lease is not taken again before the work's last handler has let go. */
        yield* Effect.fork(work).pipe(
          Effect.flatMap(Fiber.await),
          Effect.tap((exit) =>
            Exit.isSuccess(exit)
              ? Effect.void
              : Effect.zipRight(fail(exit.cause as Cause.Cause<never>), Deferred.succeed(report, task.crashed()))
          ),
          Effect.zipRight(Effect.sync(() => {
            tasks.delete(leaseKey)
            changed.unsafeOpen()
          })),
          Effect.interruptible,
          Effect.forkIn(scope)
        )
      })

    const giveBack = (claimed: Lease) =>
      Effect.ignore(Effect.timeout(leases.release(claimed, undefined), settings.renewMillis))

    const claim: Held["claim"] = (lease, stream, because, onReady) =>
      Effect.suspend(() => {
        const { leaseKey } = lease
        if (isClosed || tasks.has(leaseKey) || claiming.has(leaseKey)) {
          return Effect.succeed(true)
        }
        claiming.add(leaseKey)
        const claimedAt = clocks.now()
        return Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            restore(Effect.timeoutOption(leases.claim(lease, worker), settings.renewMillis)),
            (answer) => {
              const claimed = Option.flatten(answer)
              if (Option.isNone(claimed)) {
                return Effect.succeed(false)
              }
              if (isClosed) {
                return Effect.as(restore(giveBack(claimed.value)), false)
              }
              const options = {
                claimed: claimed.value,
                claimedAt,
                stream,
                startsAt: startsAt(lease, stream),
                onReady: onReady()
              }
              return Effect.as(start(options, because), true)
            }
          )
        ).pipe(Effect.ensuring(Effect.sync(() =>
          claiming.delete(leaseKey)
        )))
      })

    return {
      assignment,
      tasks,
      claim,
      isBusy: (leaseKey) => tasks.has(leaseKey) || claiming.has(leaseKey),
      close: () => {
        isClosed = true
      }
    }
  })
