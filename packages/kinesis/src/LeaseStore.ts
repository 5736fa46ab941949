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
import { LeaseLost } from "./KinesisError.js"
import type { LeaseStoreError } from "./LeaseStoreError.js"
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
  readonly list: Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError>
  /**
   * The leases whose `leaseOwner` is this worker, but those that it knows of: asked for far more often than {@link list}, so it should cost
   * less. Default: it knows of none.
   */
  readonly owned: (worker: string, known?: KnownLeases) => Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError>
  /** A lease that is not there yet; false when it is. */
  readonly create: (lease: NewLease) => Effect.Effect<boolean, LeaseStoreError>
  /** Takes the lease, if its counter has not moved; none when it has. */
  readonly claim: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /**
   * Asks the lease's owner to hand it off to this worker: the owner goes on until it has stored what it handled, then lets go. None when
   * the owner is another by now, or is already handing it off.
   */
  readonly requestHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /**
   * Takes back what {@link requestHandoff} asked in this worker's name: the owner goes on, and the counter stays. None when the hand-off
   * is complete, or is another's by now.
   */
  readonly withdrawHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /** The heartbeat. The answer shows whether a hand-off was asked for. */
  readonly renew: (lease: Lease) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /** Stores a position. One that lies before the stored one changes nothing: checkpoints only move forward. */
  readonly checkpoint: (lease: Lease, position: Position) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /** Stores the shard's end and the shards that follow it. Nothing moves that checkpoint any more. */
  readonly finish: (
    lease: Lease,
    childShardIds: ReadonlyArray<string>
  ) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /** Lets go of the lease: for the worker that asked for it, else for this successor, else for anybody. Gives the row that was written. */
  readonly release: (lease: Lease, successor: string | undefined) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /**
   * Begins the lease anew as this one, unowned, if its counter has not moved; none when it has. What was known of the shard is replaced, and
   * the counter counts on, so that a former owner is refused. The only write that moves a checkpoint back.
   */
  readonly reset: (lease: Lease, anew: NewLease) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /** Adds what is known of the shard, beside whoever owns the lease; the counter stays. Nothing when there is no such lease. */
  readonly annotate: (
    leaseKey: string,
    known: Partial<Pick<Lease, "childShardIds" | "hashKeyRange">>
  ) => Effect.Effect<void, LeaseStoreError>
  /** Deletes the lease, if its counter has not moved; false when it has. */
  readonly remove: (lease: Lease) => Effect.Effect<boolean, LeaseStoreError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The leases of an application, whose table is made if it must be. */
  readonly open: (application: string) => Effect.Effect<Leases, LeaseStoreError>
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
  readonly list: Leases["list"]
  /** Default: what {@link ConditionalTable.list} gives, without what is not asked for. */
  readonly owned?: Leases["owned"] | undefined
  /** Decides on the row as it is, and writes what was decided before anybody else writes to it. */
  readonly write: (
    leaseKey: string,
    operation: string,
    decide: (current: Lease | undefined) => LeaseTransition.Decision
  ) => Effect.Effect<LeaseTransition.Decision, LeaseStoreError>
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
export const fromTable = ({ list, owned = ownedOf(list), write }: ConditionalTable): Leases => {
  const changed = (operation: string, lease: Lease, decide: LeaseTransition.Write) =>
    Effect.flatMap(write(lease.leaseKey, operation, decide), leaseOrLost(operation, lease))
  const perhaps = (operation: string, lease: Lease, decide: LeaseTransition.Write) =>
    Effect.map(write(lease.leaseKey, operation, decide), LeaseTransition.leaseOf)
  return {
    list,
    owned,
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

const ownedOf = (list: Leases["list"]): Leases["owned"] => (worker, known) =>
  Effect.map(
    list,
    (leases) => leases.filter(({ leaseKey, leaseOwner }) => leaseOwner === worker && known?.has(leaseKey) !== true)
  )

/**
 * A call of a member of {@link Leases}, as {@link mapCalls} shows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly operation: keyof Leases
  /** The lease that it is on; undefined for `list` and `owned`. */
  readonly leaseKey: string | undefined
  /** The lease's shard; undefined for `list`, `owned` and `annotate`. */
  readonly shardId: string | undefined
  /** The worker in whose name it is made: who asks, or who holds the lease; undefined for those that are made in nobody's. */
  readonly worker: string | undefined
}

/**
 * The same leases, whose calls go through one function: for a deadline, a metric, a span, a retry or a fault of every call. What the function
 * is given is run only if it runs it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { LeaseStore } from "effect-kinesis"
 *
 * const traced = (leases: LeaseStore.Leases): LeaseStore.Leases =>
 *   LeaseStore.mapCalls(leases, ({ leaseKey, operation }, call) =>
 *     Effect.withSpan(call, `LeaseStore.${operation}`, { attributes: { leaseKey } }))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const mapCalls = (
  leases: Leases,
  f: <A, E extends LeaseStoreError | LeaseLost>(
    call: Call,
    effect: Effect.Effect<A, E>
  ) => Effect.Effect<A, E | LeaseStoreError>
): Leases => {
  const all = (operation: keyof Leases, worker?: string): Call => ({
    operation,
    worker,
    leaseKey: undefined,
    shardId: undefined
  })
  const on = (
    operation: keyof Leases,
    { leaseKey, shardId }: Pick<Lease, "leaseKey" | "shardId">,
    worker?: string
  ): Call => ({ operation, leaseKey, shardId, worker })
  const held = (operation: keyof Leases, lease: Lease): Call => on(operation, lease, LeaseTransition.holder(lease))
  return {
    list: f(all("list"), leases.list),
    owned: (worker, known) => f(all("owned", worker), leases.owned(worker, known)),
    create: (lease) => f(on("create", lease), leases.create(lease)),
    claim: (lease, worker) => f(on("claim", lease, worker), leases.claim(lease, worker)),
    requestHandoff: (lease, worker) => f(on("requestHandoff", lease, worker), leases.requestHandoff(lease, worker)),
    withdrawHandoff: (lease, worker) => f(on("withdrawHandoff", lease, worker), leases.withdrawHandoff(lease, worker)),
    renew: (lease) => f(held("renew", lease), leases.renew(lease)),
    checkpoint: (lease, position) => f(held("checkpoint", lease), leases.checkpoint(lease, position)),
    finish: (lease, childShardIds) => f(held("finish", lease), leases.finish(lease, childShardIds)),
    release: (lease, successor) => f(held("release", lease), leases.release(lease, successor)),
    reset: (lease, anew) => f(on("reset", lease), leases.reset(lease, anew)),
    annotate: (leaseKey, known) => f({ ...all("annotate"), leaseKey }, leases.annotate(leaseKey, known)),
    remove: (lease) => f(on("remove", lease), leases.remove(lease))
  }
}

/**
 * The lease that a write has left, or the error that says whose the lease is by now: for what `renew`, `checkpoint`, `finish` and `release`
 * answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const leaseOrLost =
  (operation: string, lease: Lease) => (decision: LeaseTransition.Decision): Effect.Effect<Lease, LeaseLost> =>
    Option.match(LeaseTransition.leaseOf(decision), {
      onNone: () => Effect.fail(lost(operation, lease, decision._tag === "Refuse" ? decision.current : undefined)),
      onSome: Effect.succeed
    })

const lost = (operation: string, lease: Lease, current: Lease | undefined): LeaseLost =>
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
