import type { CreateTableCommandInput, TableDescription } from "@aws-sdk/client-dynamodb"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Calls } from "./calls.js"
import * as Guide from "./guide.js"

/** KCL 3's index of the leases by their owners. */
export const ownerIndex = "LeaseOwnerToLeaseKeyIndex"

/** The table together with its index: KCL adds the index later, which takes a quarter of an hour. */
export const definition: Omit<CreateTableCommandInput, "TableName"> = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "leaseKey", AttributeType: "S" },
    { AttributeName: "leaseOwner", AttributeType: "S" }
  ],
  KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }],
  GlobalSecondaryIndexes: [
    {
      IndexName: ownerIndex,
      KeySchema: [
        { AttributeName: "leaseOwner", KeyType: "HASH" },
        { AttributeName: "leaseKey", KeyType: "RANGE" }
      ],
      Projection: { ProjectionType: "KEYS_ONLY" }
    }
  ]
}

export interface Found {
  /** Whether this call, or a simultaneous one of another worker, has created the table. */
  readonly isNew: boolean
  readonly isIndexed: boolean
}

const waitsFor: Duration.DurationInput = "5 minutes"

const polls = Schedule.exponential("10 millis").pipe(
  Schedule.either(Schedule.spaced("3 seconds")),
  Schedule.upTo(waitsFor)
)

const isServing = ({ TableStatus }: TableDescription): boolean =>
  TableStatus !== "CREATING" && TableStatus !== "DELETING"

export const isIndexed = ({ GlobalSecondaryIndexes }: TableDescription): boolean =>
  GlobalSecondaryIndexes?.some(
    ({ IndexName, IndexStatus }) => IndexName === ownerIndex && (IndexStatus === "ACTIVE" || IndexStatus === "UPDATING")
  ) ?? false

const wrongKey = (table: string, { AttributeDefinitions, KeySchema }: TableDescription): string | undefined => {
  const keys = (KeySchema ?? []).map(({ AttributeName, KeyType }) =>
    `${AttributeName} (${KeyType}, ${
      AttributeDefinitions?.find((is) => is.AttributeName === AttributeName)?.AttributeType
    })`
  )
  const is = keys.join(" and ")
  return is === "leaseKey (HASH, S)"
    ? undefined
    : `must be a lease table, whose only key is leaseKey (HASH, S); that of ${table} is ${is}`
}

/** The fields that describe every usable table. */
const missing = ({ AttributeDefinitions, KeySchema, TableStatus }: TableDescription): string | undefined =>
  TableStatus === undefined
    ? "TableStatus"
    : KeySchema === undefined
    ? "KeySchema"
    : AttributeDefinitions === undefined
    ? "AttributeDefinitions"
    : undefined

/** Describes the table, creates it if it is missing and may be created, and waits until it is usable. */
export const openTable = (calls: Calls, createTable: boolean): Effect.Effect<Found, LeaseStoreError> =>
  Effect.suspend(() => attempt(calls, createTable))

const attempt = (calls: Calls, createTable: boolean): Effect.Effect<Found, LeaseStoreError> => {
  let isNew = false
  const absent = (error: LeaseStoreError) => {
    if (!createTable) {
      return Effect.fail(
        failed(calls, {
          reason: "NotFound",
          description: `there is no table ${calls.table}, and createTable is false: make it as ${Guide.url} says, ` +
            "or leave createTable out",
          cause: error
        })
      )
    }
    isNew = true
    return Effect.zipRight(calls.createTable(definition), Effect.fail(notYet(calls, "CREATING")))
  }
  return calls.describeTable.pipe(
    Effect.filterOrFail(isServing, (table) => {
      if (table.TableStatus === "CREATING") isNew = true
      return notYet(calls, table.TableStatus ?? "unknown")
    }),
    Effect.catchIf(({ reason }) => reason === "NotFound", absent),
    Effect.retry({ schedule: polls, while: ({ reason }) => reason === "InUse" }),
    Effect.filterOrFail((table) => missing(table) === undefined, (table) => untold(calls, missing(table)!)),
    Effect.filterOrFail(
      (table) => wrongKey(calls.table, table) === undefined,
      (table) =>
        failed(calls, {
          reason: "Invalid",
          problem: "invalid table",
          description: wrongKey(calls.table, table)!
        })
    ),
    Effect.map((table) => ({ isNew, isIndexed: isIndexed(table) }))
  )
}

const failed = (
  { application, table }: Calls,
  what: Pick<LeaseStoreError, "reason" | "description"> & { readonly problem?: string; readonly cause?: unknown }
): LeaseStoreError => new LeaseStoreError({ ...what, operation: "DynamoDbLeaseStore.open", application, table })

const untold = ({ application, table }: Calls, field: string) =>
  new LeaseStoreError({
    operation: "DescribeTable",
    reason: "Unavailable",
    application,
    table,
    description: `the answer has no ${field}`
  })

const notYet = (calls: Calls, status: string) =>
  failed(calls, { reason: "InUse", description: `it is ${status}; waited up to ${Duration.format(waitsFor)}` })
