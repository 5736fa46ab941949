import type { Lease, Leases } from "effect-kinesis/LeaseStore"
import { leaseOrLost } from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as LeaseTransition from "effect-kinesis/LeaseTransition"
import type { Position } from "effect-kinesis/Position"
import * as Effect from "effect/Effect"
import type { ConditionFailed, Subject } from "./calls.js"
import * as LeaseReads from "./leaseReads.js"
import * as LeaseRow from "./leaseRow.js"
import type { State } from "./leaseTable.js"
import { keyOf, toLease } from "./leaseTable.js"
import * as LeaseUpdates from "./leaseUpdates.js"

/** How often a write is retried on a row that changed between the read and the write. */
const maxWrites = 5

export const create = (self: State): Leases["create"] => (lease) =>
  Effect.zipRight(
    storable(self, "create", lease, lease.checkpoint),
    unlessRefused(
      self.calls.putItem({
        Item: LeaseRow.create(lease),
        ConditionExpression: "attribute_not_exists(#leaseKey)",
        ExpressionAttributeNames: { "#leaseKey": "leaseKey" }
      }, lease)
    )
  )

export const claim = (self: State): Leases["claim"] => (lease, worker) =>
  perhaps(self, "claim", lease, LeaseTransition.claim(lease, worker))

export const requestHandoff = (self: State): Leases["requestHandoff"] => (lease, worker) =>
  perhaps(self, "requestHandoff", lease, LeaseTransition.requestHandoff(lease, worker))

export const withdrawHandoff = (self: State): Leases["withdrawHandoff"] => (lease, worker) =>
  perhaps(self, "withdrawHandoff", lease, LeaseTransition.withdrawHandoff(lease, worker))

export const renew = (self: State): Leases["renew"] => (lease) =>
  changed(self, "renew", lease, LeaseTransition.renew(lease))

export const checkpoint = (self: State): Leases["checkpoint"] => (lease, position) =>
  Effect.zipRight(
    storable(self, "checkpoint", lease, position),
    changed(self, "checkpoint", lease, LeaseTransition.checkpoint(lease, position))
  )

export const finish = (self: State): Leases["finish"] => (lease, childShardIds) =>
  changed(self, "finish", lease, LeaseTransition.finish(lease, childShardIds))

export const release = (self: State): Leases["release"] => (lease, successor) =>
  changed(self, "release", lease, LeaseTransition.release(lease, successor))

export const reset = (self: State): Leases["reset"] => (lease, anew) =>
  Effect.zipRight(
    storable(self, "reset", lease, anew.checkpoint),
    perhaps(self, "reset", lease, LeaseTransition.reset(lease, anew))
  )

export const annotate = (self: State): Leases["annotate"] => (leaseKey, known) => {
  const change = LeaseUpdates.annotate(known)
  return change === undefined
    ? Effect.void
    : Effect.asVoid(
      unlessRefused(Effect.asVoid(self.calls.updateItem({ Key: keyOf(leaseKey), ...change }, { leaseKey })))
    )
}

export const remove = (self: State): Leases["remove"] => (lease) =>
  unlessRefused(
    self.calls.deleteItem({
      Key: keyOf(lease.leaseKey),
      ConditionExpression: "attribute_not_exists(#leaseKey) OR #leaseCounter = :leaseCounter",
      ExpressionAttributeNames: { "#leaseKey": "leaseKey", "#leaseCounter": "leaseCounter" },
      ExpressionAttributeValues: { ":leaseCounter": { N: String(lease.leaseCounter) } }
    }, lease)
  )

const changed = (self: State, operation: LeaseUpdates.Operation, lease: Lease, decide: LeaseTransition.Write) =>
  Effect.flatMap(write(self, operation, lease, decide), leaseOrLost(operation, lease))

const perhaps = (self: State, operation: LeaseUpdates.Operation, lease: Lease, decide: LeaseTransition.Write) =>
  Effect.map(write(self, operation, lease, decide), LeaseTransition.leaseOf)

/**
 * Decides on the row as the writer believes it to be, and writes on condition that this is true. If it is not, the decision on the current
 * row counts.
 */
const write = Effect.fnUntraced(function*(
  self: State,
  operation: LeaseUpdates.Operation,
  lease: Lease,
  decide: LeaseTransition.Write
) {
  let seen: Lease | undefined = lease
  let decision: LeaseTransition.Decision = decide(seen)
  if (decision._tag !== "Put") {
    seen = yield* LeaseReads.one(self, lease)
    decision = decide(seen)
  }
  for (let attempts = 0; decision._tag === "Put" && seen !== undefined; attempts++) {
    if (attempts === maxWrites) {
      return yield* failed(self, operation, lease, {
        reason: "Unavailable",
        description: `the row changed before each of ${maxWrites} writes`
      })
    }
    const outcome: { readonly isWritten: boolean; readonly lease: Lease | undefined } = yield* update(
      self,
      operation,
      seen,
      decision.lease
    )
    if (outcome.isWritten) return { _tag: "Put", lease: outcome.lease! } satisfies LeaseTransition.Decision
    seen = outcome.lease
    decision = decide(seen)
  }
  return decision
})

/** Writes the decision on a row, or returns the row as it is instead. */
const update = (self: State, operation: LeaseUpdates.Operation, seen: Lease, next: Lease) =>
  self.calls.updateItem(
    { Key: keyOf(seen.leaseKey), ...LeaseUpdates.change(operation, seen, next) },
    seen
  ).pipe(
    Effect.flatMap((row) => toLease(self, row)),
    Effect.map((written) => ({ isWritten: true as const, lease: written ?? next })),
    Effect.catchTag("ConditionFailed", ({ row }: ConditionFailed) =>
      Effect.map(
        row === undefined ? LeaseReads.one(self, seen) : toLease(self, row),
        (lease) => ({ isWritten: false as const, lease })
      ))
  )

const storable = (
  self: State,
  operation: string,
  lease: Subject,
  position: Position | undefined
): Effect.Effect<void, LeaseStoreError> => {
  const description = LeaseRow.refusal(position)
  return description === undefined
    ? Effect.void
    : failed(self, operation, lease, { reason: "Invalid", problem: "invalid checkpoint", description })
}

const failed = (
  { calls: { application, table } }: State,
  operation: string,
  { leaseKey, shardId }: Subject,
  what: Pick<LeaseStoreError, "reason" | "description"> & { readonly problem?: string }
): LeaseStoreError =>
  new LeaseStoreError({
    ...what,
    operation: `DynamoDbLeaseStore.${operation}`,
    application,
    table,
    leaseKey,
    shardId
  })

/** Whether a write took place. */
const unlessRefused = (effect: Effect.Effect<void, LeaseStoreError | ConditionFailed>) =>
  Effect.as(effect, true).pipe(Effect.catchTag("ConditionFailed", () => Effect.succeed(false)))
