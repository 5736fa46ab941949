import type { KeysAndAttributes } from "@aws-sdk/client-dynamodb"
import type { KinesisError, LeaseLost } from "effect-kinesis/KinesisError"
import { InvalidArgument, ServiceUnavailable, ThrottledError } from "effect-kinesis/KinesisError"
import type { KnownLeases, Lease, Leases, NewLease } from "effect-kinesis/LeaseStore"
import { leaseOrLost } from "effect-kinesis/LeaseStore"
import * as LeaseTransition from "effect-kinesis/LeaseTransition"
import type { Position } from "effect-kinesis/Position"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Calls, ConditionFailed, Rows } from "./calls.js"
import type { Row } from "./leaseRow.js"
import * as LeaseRow from "./leaseRow.js"
import * as LeaseUpdates from "./leaseUpdates.js"
import { ownerIndex } from "./openTable.js"

export interface Settings {
  readonly consistentReads: boolean
  /** How many rows a page of a listing has at most; undefined for as many as DynamoDB sends. */
  readonly pageSize: number | undefined
  /** Whether the index of owners can be asked. */
  readonly isIndexed: Effect.Effect<boolean>
  /** Sees all rows of each listing, those that are no leases too. */
  readonly onListing: (rows: ReadonlyArray<Row>) => Effect.Effect<void>
}

/** How often a write is made again on a row that changed between the look at it and the write. */
const maxWrites = 5

/** What BatchGetItem takes. */
const maxKeys = 100

const unprocessed = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(3)))

const keyOf = (leaseKey: string) => ({ leaseKey: { S: leaseKey } })

/** The leases of a table that is there. */
export const make = (calls: Calls, { consistentReads, isIndexed, onListing, pageSize }: Settings): Leases => {
  const reported = new Set<string>()

  /** Rows that are no leases are left out: one that cannot be read must not keep the others from being worked on. */
  const toLease = (row: Row): Effect.Effect<Lease | undefined> => {
    const reading = LeaseRow.read(row)
    if (reading._tag === "Lease") return Effect.succeed(reading.lease)
    if (reading._tag === "Other" || reported.has(reading.leaseKey)) return Effect.succeed(undefined)
    reported.add(reading.leaseKey)
    return Effect.as(
      Effect.logWarning(
        `The row ${reading.leaseKey} of the table ${calls.table} is left out, since ${reading.description}. It is not reported again.`
      ),
      undefined
    )
  }

  const toLeases = (rows: ReadonlyArray<Row>): Effect.Effect<ReadonlyArray<Lease>> =>
    Effect.map(Effect.forEach(rows, toLease), (leases) => leases.filter((lease) => lease !== undefined))

  const pages = Effect.fnUntraced(function*(
    page: (ExclusiveStartKey: Row | undefined) => Effect.Effect<Rows, KinesisError>
  ) {
    const all: Array<Row> = []
    let from: Row | undefined
    do {
      const { next, rows } = yield* page(from)
      for (const row of rows) all.push(row)
      from = next
    } while (from !== undefined)
    return all
  })

  const scan = (filter: Omit<Parameters<Calls["scan"]>[0], "ConsistentRead">) =>
    pages((ExclusiveStartKey) =>
      calls.scan({ ...filter, ExclusiveStartKey, Limit: pageSize, ConsistentRead: consistentReads })
    )

  const fetch = (keys: KeysAndAttributes): Effect.Effect<ReadonlyArray<Row>, KinesisError> =>
    Effect.gen(function*() {
      const rows: Array<Row> = []
      let left: KeysAndAttributes | undefined = keys
      const attempt = Effect.suspend(() => calls.batchGetItem(left ?? keys)).pipe(
        Effect.flatMap((batch) => {
          for (const row of batch.rows) rows.push(row)
          left = batch.left
          return left === undefined ? Effect.void : Effect.fail(partial)
        })
      )
      yield* Effect.retry(attempt, { schedule: unprocessed, while: (error) => error === partial })
      return rows
    })
  const partial = new ThrottledError({
    operation: "BatchGetItem",
    reason: "throughput",
    description: `table ${calls.table}: not all rows were sent`
  })

  const byOwner = (worker: string) => ({
    ExpressionAttributeNames: { "#owner": "leaseOwner" },
    ExpressionAttributeValues: { ":owner": { S: worker } }
  })

  /** The index has keys only, and may be behind the table: the rows say who owns them. */
  const queryOwned = (worker: string, known: KnownLeases | undefined) =>
    Effect.gen(function*() {
      const found = yield* pages((ExclusiveStartKey) =>
        calls.query({
          ...byOwner(worker),
          IndexName: ownerIndex,
          KeyConditionExpression: "#owner = :owner",
          ExclusiveStartKey,
          Limit: pageSize
        })
      )
      const keys = found.flatMap(({ leaseKey }) =>
        leaseKey?.S === undefined || known?.has(leaseKey.S) === true ? [] : [{ leaseKey }]
      )
      const batches = Array.from(
        { length: Math.ceil(keys.length / maxKeys) },
        (_, index) => keys.slice(index * maxKeys, (index + 1) * maxKeys)
      )
      const rows = yield* Effect.forEach(
        batches,
        (Keys) => fetch({ Keys, ConsistentRead: consistentReads }),
        { concurrency: 4 }
      )
      return rows.flat()
    })

  const readRow = ({ leaseKey, shardId }: Lease) =>
    Effect.flatMap(
      calls.getItem({ leaseKey }, shardId),
      (row) => row === undefined ? Effect.succeed(undefined) : toLease(row)
    )

  /** Writes what was decided on a row, or tells what the row is instead. */
  const update = (operation: LeaseUpdates.Operation, seen: Lease, next: Lease) =>
    calls.updateItem({ Key: keyOf(seen.leaseKey), ...LeaseUpdates.change(operation, seen, next) }, seen.shardId).pipe(
      Effect.flatMap(toLease),
      Effect.map((written) => ({ isWritten: true as const, lease: written ?? next })),
      Effect.catchTag("ConditionFailed", ({ row }: ConditionFailed) =>
        Effect.map(
          row === undefined ? readRow(seen) : toLease(row),
          (lease) => ({ isWritten: false as const, lease })
        ))
    )

  /**
   * Decides on the row as the writer believes it to be, and writes under the condition that it is. When it is not, what is decided on the
   * row as it is counts.
   */
  const write = Effect.fnUntraced(function*(
    operation: LeaseUpdates.Operation,
    lease: Lease,
    decide: LeaseTransition.Write
  ) {
    let seen: Lease | undefined = lease
    let decision: LeaseTransition.Decision = decide(seen)
    if (decision._tag !== "Put") {
      seen = yield* readRow(lease)
      decision = decide(seen)
    }
    for (let attempts = 0; decision._tag === "Put" && seen !== undefined; attempts++) {
      if (attempts === maxWrites) {
        return yield* new ServiceUnavailable({
          operation: `DynamoDbLeaseStore.${operation}`,
          shardId: lease.shardId,
          description: `table ${calls.table}: the row changed before each of ${maxWrites} writes`
        })
      }
      const outcome: { readonly isWritten: boolean; readonly lease: Lease | undefined } = yield* update(
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

  const changed = (
    operation: LeaseUpdates.Operation,
    lease: Lease,
    decide: LeaseTransition.Write
  ): Effect.Effect<Lease, LeaseLost | KinesisError> =>
    Effect.flatMap(write(operation, lease, decide), leaseOrLost(operation, lease))

  const perhaps = (operation: LeaseUpdates.Operation, lease: Lease, decide: LeaseTransition.Write) =>
    Effect.map(write(operation, lease, decide), LeaseTransition.leaseOf)

  const storable = (
    operation: string,
    { shardId }: Pick<Lease, "shardId">,
    position: Position | undefined
  ): Effect.Effect<void, InvalidArgument> => {
    const description = LeaseRow.refusal(position)
    return description === undefined
      ? Effect.void
      : new InvalidArgument({
        operation: `DynamoDbLeaseStore.${operation}`,
        shardId,
        field: "checkpoint",
        description
      })
  }

  /** Whether a write took place. */
  const unlessRefused = (effect: Effect.Effect<void, KinesisError | ConditionFailed>) =>
    Effect.as(effect, true).pipe(Effect.catchTag("ConditionFailed", () => Effect.succeed(false)))

  return {
    list: scan({}).pipe(Effect.tap(onListing), Effect.flatMap(toLeases)),
    owned: (worker, known) =>
      Effect.if(isIndexed, {
        onTrue: () => queryOwned(worker, known),
        onFalse: () => scan({ ...byOwner(worker), FilterExpression: "#owner = :owner" })
      }).pipe(
        Effect.flatMap(toLeases),
        Effect.map((leases) =>
          leases.filter(({ leaseKey, leaseOwner }) => leaseOwner === worker && known?.has(leaseKey) !== true)
        )
      ),
    create: (lease: NewLease) =>
      Effect.zipRight(
        storable("create", lease, lease.checkpoint),
        unlessRefused(
          calls.putItem({
            Item: LeaseRow.create(lease),
            ConditionExpression: "attribute_not_exists(#leaseKey)",
            ExpressionAttributeNames: { "#leaseKey": "leaseKey" }
          }, lease.shardId)
        )
      ),
    claim: (lease, worker) => perhaps("claim", lease, LeaseTransition.claim(lease, worker)),
    requestHandoff: (lease, worker) => perhaps("requestHandoff", lease, LeaseTransition.requestHandoff(lease, worker)),
    withdrawHandoff: (lease, worker) =>
      perhaps("withdrawHandoff", lease, LeaseTransition.withdrawHandoff(lease, worker)),
    renew: (lease) => changed("renew", lease, LeaseTransition.renew(lease)),
    checkpoint: (lease, position) =>
      Effect.zipRight(
        storable("checkpoint", lease, position),
        changed("checkpoint", lease, LeaseTransition.checkpoint(lease, position))
      ),
    finish: (lease, childShardIds) => changed("finish", lease, LeaseTransition.finish(lease, childShardIds)),
    release: (lease, successor) => changed("release", lease, LeaseTransition.release(lease, successor)),
    reset: (lease, anew) =>
      Effect.zipRight(
        storable("reset", lease, anew.checkpoint),
        perhaps("reset", lease, LeaseTransition.reset(lease, anew))
      ),
    annotate: (leaseKey, known) => {
      const change = LeaseUpdates.annotate(known)
      return change === undefined
        ? Effect.void
        : Effect.asVoid(unlessRefused(Effect.asVoid(calls.updateItem({ Key: keyOf(leaseKey), ...change }))))
    },
    remove: (lease) =>
      unlessRefused(
        calls.deleteItem({
          Key: keyOf(lease.leaseKey),
          ConditionExpression: "attribute_not_exists(#leaseKey) OR #leaseCounter = :leaseCounter",
          ExpressionAttributeNames: { "#leaseKey": "leaseKey", "#leaseCounter": "leaseCounter" },
          ExpressionAttributeValues: { ":leaseCounter": { N: String(lease.leaseCounter) } }
        }, lease.shardId)
      )
  }
}
