/**
 * Where the workers of an application agree on who reads which shard, and from where each shard is read on: a table of leases with
 * conditional writes.
 *
 * An implementation must pass the suite of `LeaseStoreContract`. `@effect-kinesis/dynamodb` provides the one for production.
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
 * The schema of a {@link Lease}, from which a store can pick the fields that it keeps.
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
  /** The shard's id; in a table of several streams, the stream's identifier and the shard's id. */
  leaseKey: Schema.String,
  /** The shard. */
  shardId: Schema.String,
  /** `account:name:creation in epoch seconds`; absent in a table of one stream. */
  streamIdentifier: Schema.UndefinedOr(Schema.String),
  /** The worker that last got the lease; absent after a release. The counter shows whether the worker is alive. */
  leaseOwner: Schema.UndefinedOr(Schema.String),
  /** Incremented by each write of the owner and by each claim: the lease's heartbeat and version. */
  leaseCounter: Schema.Int,
  /** Up to where the shard was handled; undefined to begin at the application's configured start. */
  checkpoint: Schema.UndefinedOr(Position),
  /** How often the lease has changed hands since a position was stored. */
  ownerSwitchesSinceCheckpoint: Schema.Number,
  /** During a hand-off: the worker that still holds the lease, and may still write checkpoints. */
  checkpointOwner: Schema.UndefinedOr(Schema.String),
  /** The shards that were read before this one: their leases must be finished. */
  parentShardIds: Schema.Array(Schema.String),
  /** Known once the shard's end has been reached. */
  childShardIds: Schema.Array(Schema.String),
  /** The hash keys of the shard, where they are known. */
  hashKeyRange: Schema.UndefinedOr(HashKeyRange),
  /** Kilobytes per second, as the owner measured them recently. */
  throughputKBps: Schema.UndefinedOr(Schema.Number)
})

/**
 * A worker's claim on one shard, and the stored state of the shard. The names are those of the Kinesis Client Library's lease table.
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
 * A lease as it is created: unowned.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewLease extends Schema.Schema.Type<typeof NewLease> {}

/**
 * A collection of lease keys: a `Set` of them, or a `Map` keyed by them.
 *
 * @since 0.1.0
 * @category models
 */
export interface KnownLeases {
  /** Whether this is one of them. */
  readonly has: (leaseKey: string) => boolean
}

/**
 * The leases of one application. Each write takes the lease as the writer last saw it and has an effect only if it has not changed. A write
 * whose answer was lost can be repeated: it recognises that it was made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Leases {
  /** Every lease, in no particular order. */
  readonly list: Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError>
  /**
   * The leases whose `leaseOwner` is this worker, except those in `known`. Called far more often than {@link list}, so it should cost less.
   * Default: none are known.
   */
  readonly owned: (worker: string, known?: KnownLeases) => Effect.Effect<ReadonlyArray<Lease>, LeaseStoreError>
  /** Creates a lease; false if it already exists. */
  readonly create: (lease: NewLease) => Effect.Effect<boolean, LeaseStoreError>
  /** Takes the lease, if its counter has not changed; none if it has. */
  readonly claim: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /**
   * Asks the lease's owner to hand it off to this worker: the owner continues until it has stored its progress, then releases the lease.
   * None if the lease has another owner by now, or is already being handed off.
   */
  readonly requestHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /**
   * Withdraws this worker's {@link requestHandoff}: the owner continues, and the counter does not change. None if the hand-off is complete,
   * or was requested by another worker by now.
   */
  readonly withdrawHandoff: (lease: Lease, worker: string) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /** The heartbeat. The answer shows whether a hand-off was requested. */
  readonly renew: (lease: Lease) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /** Stores a position. A position before the stored one has no effect: checkpoints only move forward. */
  readonly checkpoint: (lease: Lease, position: Position) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /** Stores the shard's end and the shards that follow it. That checkpoint is final. */
  readonly finish: (
    lease: Lease,
    childShardIds: ReadonlyArray<string>
  ) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /**
   * Releases the lease: to the worker that requested it, otherwise to this successor, otherwise to any worker. Returns the row that was
   * written.
   */
  readonly release: (lease: Lease, successor: string | undefined) => Effect.Effect<Lease, LeaseLost | LeaseStoreError>
  /**
   * Replaces the lease with this new one, unowned, if its counter has not changed; none if it has. What was known about the shard is
   * replaced, but the counter keeps growing, so that a former owner is refused. The only write that moves a checkpoint back.
   */
  readonly reset: (lease: Lease, anew: NewLease) => Effect.Effect<Option.Option<Lease>, LeaseStoreError>
  /** Adds what is known about the shard, whoever owns the lease; the counter does not change. Does nothing if there is no such lease. */
  readonly annotate: (
    leaseKey: string,
    known: Partial<Pick<Lease, "childShardIds" | "hashKeyRange">>
  ) => Effect.Effect<void, LeaseStoreError>
  /** Deletes the lease, if its counter has not changed; false if it has. */
  readonly remove: (lease: Lease) => Effect.Effect<boolean, LeaseStoreError>
}

/**
 * A lease store: it opens the leases of an application.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The leases of an application, whose table is created if needed. */
  readonly open: (application: string) => Effect.Effect<Leases, LeaseStoreError>
}

/**
 * The lease store that workers use: what `DynamoDbLeaseStore.layer` and `LocalLeaseStore.layer` provide.
 *
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
 * Negative if checkpoint `a` lies before `b`, positive if after, 0 if neither. Sequence numbers are compared as numbers; positions without
 * one come before all that have one, the shard's end comes after.
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
  /** All rows, in no particular order. */
  readonly list: Leases["list"]
  /** Default: the result of {@link ConditionalTable.list}, filtered. */
  readonly owned?: Leases["owned"] | undefined
  /** Decides on the current row, and writes the decision before anyone else can write to the row. */
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
 * A call of a member of {@link Leases}, as given to the function of {@link mapCalls}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** The member of {@link Leases}. */
  readonly operation: keyof Leases
  /** The lease that the call is on; undefined for `list` and `owned`. */
  readonly leaseKey: string | undefined
  /** The lease's shard; undefined for `list`, `owned` and `annotate`. */
  readonly shardId: string | undefined
  /**
   * The worker on whose behalf the call is made: the one that asks, or that holds the lease; undefined for calls made on nobody's behalf.
   */
  readonly worker: string | undefined
}

/**
 * The same leases with every call passed through one function, to add a deadline, a metric, a log line, a retry or a fault. A call runs only
 * if the function runs it. Spans are there already, where a worker is traced.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { LeaseStore } from "effect-kinesis"
 *
 * const logged = (leases: LeaseStore.Leases): LeaseStore.Leases =>
 *   LeaseStore.mapCalls(leases, ({ leaseKey, operation }, call) =>
 *     Effect.tapError(call, (error) => Effect.logDebug(`${operation} of ${leaseKey}: ${error.message}`)))
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
 * The lease after a write, or the error that says who holds it by now: for the results of `renew`, `checkpoint`, `finish` and `release`.
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
