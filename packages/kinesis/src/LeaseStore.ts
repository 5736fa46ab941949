/**
 * Where the workers of an application agree on who reads which shard, and where each shard is to go on: a table of leases with
 * conditional writes.
 *
 * An implementation must pass the suite of `LeaseStoreContract`. `@effect-kinesis/dynamodb` has the one for production.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Checkpoint from "./internal/lease/checkpoint.js"
import { HashKeyRange } from "./KinesisApi.js"
import type { KinesisError } from "./KinesisError.js"
import { LeaseLost } from "./KinesisError.js"
import * as LeaseTransition from "./LeaseTransition.js"
import { Position } from "./Position.js"

/**
 * The schema of a {@link Lease}: what a store keeps of one is a pick of its fields.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { LeaseStore } from "effect-kinesis"
 *
 * const Row = Schema.parseJson(LeaseStore.Lease.omit("throughputKBps"))
 *
 * const read = Schema.decodeUnknown(Row)
 * const write = Schema.encode(Row)
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const Lease = Schema.Struct({
  /** The shard's id; in a table of several streams the stream's identifier and the shard's id. */
  leaseKey: Schema.String,
  shardId: Schema.String,
  /** `account:name:creation in epoch seconds`; absent in a table of one stream. */
  streamIdentifier: Schema.UndefinedOr(Schema.String),
  /** The worker that the lease was given to last; absent when it was given back. Whether it is alive, the counter tells. */
  leaseOwner: Schema.UndefinedOr(Schema.String),
  /** Grows with each write of the owner and of whoever takes the lease: its heartbeat, and its version. */
  leaseCounter: Schema.Int,
  /** Up to where the shard was handled; undefined to begin where the application is told to. */
  checkpoint: Schema.UndefinedOr(Position),
  ownerSwitchesSinceCheckpoint: Schema.Number,
  /** While a lease is being handed off: the worker that still holds it, and that may still write checkpoints. */
  checkpointOwner: Schema.UndefinedOr(Schema.String),
  parentShardIds: Schema.Array(Schema.String),
  /** Known since the shard's end was reached. */
  childShardIds: Schema.Array(Schema.String),
  hashKeyRange: Schema.UndefinedOr(HashKeyRange),
  /** Kilobytes per second, as the owner saw them lately. */
  throughputKBps: Schema.UndefinedOr(Schema.Number)
})

/**
 * A worker's claim on one shard, and what is stored of the shard. The names are those of the Kinesis Client Library's lease table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease extends Schema.Schema.Type<typeof Lease> {}

/**
 * The schema of a {@link NewLease}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const NewLease = Lease.pick(
  "leaseKey",
  "shardId",
  "streamIdentifier",
  "checkpoint",
  "parentShardIds",
  "hashKeyRange"
)

/**
 * What a lease begins as: unowned.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewLease extends Schema.Schema.Type<typeof NewLease> {}

/**
 * Keys of leases: a `Set` of them, or a `Map` by them.
 *
 * @since 0.1.0
 * @category models
 */
export interface KnownLeases {
  readonly has: (leaseKey: string) => boolean
}

/**
 * The leases of one application. Each write takes the lease as the writer believes it to be and has an effect only if it still is so. A
 * write whose answer was lost can be made again: it finds that it was made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Leases {
  /** Every lease, in no order. */
  readonly list: Effect.Effect<ReadonlyArray<Lease>, KinesisError>
  /**
   * The leases whose `leaseOwner` is this worker, but those that it knows of: asked for far more often than {@link list}, so it should cost
   * less. Default: it knows of none.
   */
  readonly owned: (worker: string, known?: KnownLeases) => Effect.Effect<ReadonlyArray<Lease>, KinesisError>
  /** A lease that is not there yet; false when it is. */
  readonly create: (lease: NewLease) => Effect.Effect<boolean, KinesisError>
  /** Takes the lease, if its counter has not moved; none when it has. */
  readonly claim: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, KinesisError>
  /**
   * Asks the lease's owner to hand it off to this worker: the owner goes on until it has stored what it handled, then lets go. None when
   * the owner is another by now, or is already handing it off.
   */
  readonly requestHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, KinesisError>
  /**
   * Takes back what {@link requestHandoff} asked in this worker's name: the owner goes on, and the counter stays. None when the hand-off
   * is complete, or is another's by now.
   */
  readonly withdrawHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, KinesisError>
  /** The heartbeat. The answer shows whether a hand-off was asked for. */
  readonly renew: (lease: Lease) => Effect.Effect<Lease, LeaseLost | KinesisError>
  /** Stores a position. One that lies before the stored one changes nothing: checkpoints only move forward. */
  readonly checkpoint: (lease: Lease, position: Position) => Effect.Effect<Lease, LeaseLost | KinesisError>
  /** Stores the shard's end and the shards that follow it. Nothing moves that checkpoint any more. */
  readonly finish: (
    lease: Lease,
    childShardIds: ReadonlyArray<string>
  ) => Effect.Effect<Lease, LeaseLost | KinesisError>
  /** Lets go of the lease: for the worker that asked for it, else for this successor, else for anybody. Gives the row that was written. */
  readonly release: (lease: Lease, successor: string | undefined) => Effect.Effect<Lease, LeaseLost | KinesisError>
  /**
   * Begins the lease anew as this one, unowned, if its counter has not moved; none when it has. What was known of the shard is replaced, and
   * the counter counts on, so that a former owner is refused. The only write that moves a checkpoint back.
   */
  readonly reset: (lease: Lease, anew: NewLease) => Effect.Effect<Option.Option<Lease>, KinesisError>
  /** Adds what is known of the shard, beside whoever owns the lease; the counter stays. Nothing when there is no such lease. */
  readonly annotate: (
    leaseKey: string,
    known: Partial<Pick<Lease, "childShardIds" | "hashKeyRange">>
  ) => Effect.Effect<void, KinesisError>
  /** Deletes the lease, if its counter has not moved; false when it has. */
  readonly remove: (lease: Lease) => Effect.Effect<boolean, KinesisError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The leases of an application, whose table is made if it must be. */
  readonly open: (application: string) => Effect.Effect<Leases, KinesisError>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class LeaseStore extends Context.Tag("effect-kinesis/LeaseStore")<LeaseStore, Service>() {}

/**
 * Everything of the shard was handled.
 *
 * @since 0.1.0
 * @category guards
 */
export const isFinished = (lease: Lease): boolean => lease.checkpoint?._tag === "ShardEnd"

/**
 * Negative when checkpoint `a` lies before `b`, positive when after, 0 when neither. Sequence numbers are compared as numbers; places
 * without one lie before all that have one, the shard's end after.
 *
 * @since 0.1.0
 * @category ordering
 */
export const compareCheckpoints: (a: Position | undefined, b: Position | undefined) => number = Checkpoint.compare

/**
 * What a table must be able to do for {@link fromTable}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConditionalTable {
  readonly list: Effect.Effect<ReadonlyArray<Lease>, KinesisError>
  /** Decides on the row as it is, and writes what was decided before anybody else writes to it. */
  readonly write: (
    leaseKey: string,
    operation: string,
    decide: (current: Lease | undefined) => LeaseTransition.Decision
  ) => Effect.Effect<LeaseTransition.Decision, KinesisError>
}

/**
 * The leases of a table that can read, decide and write one row in one step.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { LeaseStore } from "effect-kinesis"
 *
 * const inMemory = (rows = new Map<string, LeaseStore.Lease>()): LeaseStore.Leases =>
 *   LeaseStore.fromTable({
 *     list: Effect.sync(() => [...rows.values()]),
 *     write: (leaseKey, _operation, decide) =>
 *       Effect.sync(() => {
 *         const decision = decide(rows.get(leaseKey))
 *         if (decision._tag === "Put") rows.set(leaseKey, decision.lease)
 *         if (decision._tag === "Delete") rows.delete(leaseKey)
 *         return decision
 *       })
 *   })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTable = ({ list, write }: ConditionalTable): Leases => {
  const changed = (operation: string, lease: Lease, decide: LeaseTransition.Write) =>
    Effect.flatMap(
      write(lease.leaseKey, operation, decide),
      (decision): Effect.Effect<Lease, LeaseLost> =>
        "lease" in decision ? Effect.succeed(decision.lease) : Effect.fail(lost(operation, lease, decision))
    )
  const perhaps = (operation: string, lease: Lease, decide: LeaseTransition.Write) =>
    Effect.map(
      write(lease.leaseKey, operation, decide),
      (decision) => "lease" in decision ? Option.some(decision.lease) : Option.none()
    )
  return {
    list,
    owned: (worker, known) =>
      Effect.map(
        list,
        (leases) => leases.filter(({ leaseKey, leaseOwner }) => leaseOwner === worker && known?.has(leaseKey) !== true)
      ),
    create: (lease) =>
      Effect.map(write(lease.leaseKey, "create", LeaseTransition.create(lease)), ({ _tag }) => _tag === "Put"),
    claim: (lease, worker) => perhaps("claim", lease, LeaseTransition.claim(lease, worker)),
    requestHandoff: (lease, worker) => perhaps("requestHandoff", lease, LeaseTransition.requestHandoff(lease, worker)),
    withdrawHandoff: (lease, worker) =>
      perhaps("withdrawHandoff", lease, LeaseTransition.withdrawHandoff(lease, worker)),
    renew: (lease) => changed("renew", lease, LeaseTransition.renew(lease)),
    checkpoint: (lease, position) => changed("checkpoint", lease, LeaseTransition.checkpoint(lease, position)),
    finish: (lease, childShardIds) => changed("finish", lease, LeaseTransition.finish(lease, childShardIds)),
    release: (lease, successor) => changed("release", lease, LeaseTransition.release(lease, successor)),
    reset: (lease, anew) => perhaps("reset", lease, LeaseTransition.reset(lease, anew)),
    annotate: (leaseKey, known) => Effect.asVoid(write(leaseKey, "annotate", LeaseTransition.annotate(known))),
    remove: (lease) =>
      Effect.map(write(lease.leaseKey, "remove", LeaseTransition.remove(lease)), ({ _tag }) => _tag === "Delete")
  }
}

const lost = (operation: string, lease: Lease, decision: LeaseTransition.Decision) => {
  const current = decision._tag === "Refuse" ? decision.current : undefined
  return leaseLost(operation, lease, current)
}

/**
 * The error of a write to a lease that is not the writer's any more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const leaseLost = (operation: string, lease: Lease, current: Lease | undefined): LeaseLost =>
  new LeaseLost({
    operation,
    leaseKey: lease.leaseKey,
    shardId: lease.shardId,
    worker: LeaseTransition.holder(lease),
    description: current === undefined
      ? "the lease is gone"
      : current.leaseOwner === undefined
      ? "the lease was given back"
      : `the lease is ${LeaseTransition.holder(current)}'s, at counter ${current.leaseCounter}`
  })
