import type { KeysAndAttributes } from "@aws-sdk/client-dynamodb"
import type { KnownLeases, Lease, Leases } from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Calls, Rows } from "./calls.js"
import type { Row } from "./leaseRow.js"
import type { State } from "./leaseTable.js"
import { toLease, toLeases } from "./leaseTable.js"
import { ownerIndex } from "./openTable.js"

/** The maximum number of keys of BatchGetItem. */
const maxKeys = 100

const unprocessed = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(3)))

export const list = (self: State): Leases["list"] =>
  scan(self, {}).pipe(Effect.tap(self.settings.onListing), Effect.flatMap((rows) => toLeases(self, rows)))

export const owned = (self: State): Leases["owned"] => (worker, known) =>
  Effect.if(self.settings.isIndexed, {
    onTrue: () => queryOwned(self, worker, known),
    onFalse: () => scan(self, { ...byOwner(worker), FilterExpression: "#owner = :owner" })
  }).pipe(
    Effect.flatMap((rows) => toLeases(self, rows)),
    Effect.map((leases) =>
      leases.filter(({ leaseKey, leaseOwner }) => leaseOwner === worker && known?.has(leaseKey) !== true)
    )
  )

/** The current row; undefined if there is none, or if it cannot be read. */
export const one = (self: State, lease: Lease): Effect.Effect<Lease | undefined, LeaseStoreError> =>
  Effect.flatMap(
    self.calls.getItem({ leaseKey: lease.leaseKey }, lease),
    (row) => row === undefined ? Effect.succeed(undefined) : toLease(self, row)
  )

const pages = Effect.fnUntraced(function*(
  page: (ExclusiveStartKey: Row | undefined) => Effect.Effect<Rows, LeaseStoreError>
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

const scan = ({ calls, settings }: State, filter: Omit<Parameters<Calls["scan"]>[0], "ConsistentRead">) =>
  pages((ExclusiveStartKey) =>
    calls.scan({ ...filter, ExclusiveStartKey, Limit: settings.pageSize, ConsistentRead: settings.consistentReads })
  )

const byOwner = (worker: string) => ({
  ExpressionAttributeNames: { "#owner": "leaseOwner" },
  ExpressionAttributeValues: { ":owner": { S: worker } }
})

/** The index has keys only, and may be behind the table: the rows say who owns them. */
const queryOwned = ({ calls, settings }: State, worker: string, known: KnownLeases | undefined) =>
  Effect.gen(function*() {
    const found = yield* pages((ExclusiveStartKey) =>
      calls.query({
        ...byOwner(worker),
        IndexName: ownerIndex,
        KeyConditionExpression: "#owner = :owner",
        ExclusiveStartKey,
        Limit: settings.pageSize
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
      (Keys) => batch(calls, { Keys, ConsistentRead: settings.consistentReads }),
      { concurrency: 4 }
    )
    return rows.flat()
  })

/** The rows of these keys. Keys that DynamoDB leaves unprocessed because of its throughput are requested again. */
const batch = (calls: Calls, keys: KeysAndAttributes): Effect.Effect<ReadonlyArray<Row>, LeaseStoreError> =>
  Effect.suspend(() => {
    const partial = new LeaseStoreError({
      operation: "BatchGetItem",
      reason: "Throttled",
      application: calls.application,
      table: calls.table,
      problem: "throttled (throughput)",
      description: "not all rows were sent"
    })
    const rows: Array<Row> = []
    let left: KeysAndAttributes | undefined = keys
    const attempt = Effect.suspend(() => calls.batchGetItem(left ?? keys)).pipe(
      Effect.flatMap((answer) => {
        for (const row of answer.rows) rows.push(row)
        left = answer.left
        return left === undefined ? Effect.void : Effect.fail(partial)
      })
    )
    return Effect.as(Effect.retry(attempt, { schedule: unprocessed, while: (error) => error === partial }), rows)
  })
