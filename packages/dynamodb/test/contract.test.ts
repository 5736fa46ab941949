import { UpdateItemCommand } from "@aws-sdk/client-dynamodb"
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { layer } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { LeaseStore, LeaseStoreContract } from "effect-kinesis"
import { useDynalite } from "./support/dynalite.js"
import { makeHandler } from "./support/handler.js"
import { reach, withoutIndex } from "./support/table.js"

const dynalite = useDynalite()

const named = (prefix: string) => (application: string) => `${prefix}-${application}`

/** Makes each table as KCL 2 does before it is opened. */
const onTablesOfKcl2 = (table: (application: string) => string, pageSize: number) =>
  Layer.effect(
    LeaseStore.LeaseStore,
    Effect.map(LeaseStore.LeaseStore, ({ open }) => ({
      open: (application: string) =>
        Effect.zipRight(
          Effect.promise(async () => {
            if (!(await dynalite.raw.exists(table(application)))) {
              await dynalite.raw.create(table(application), withoutIndex)
            }
          }),
          open(application)
        )
    }))
  ).pipe(Layer.provide(DynamoDbLeaseStore.layer({ ...reach(dynalite.url), table, pageSize })))

/** What is missing of a row is there as NULL, as scripts in Python write it. */
const withNulls = (table: (application: string) => string) => {
  const nullable = ["leaseOwner", "checkpointOwner", "childShardIds", "parentShardId", "startingHashKey", "entityType"]
  const nulled = (application: string, leaseKey: string) =>
    Effect.promise(() =>
      dynalite.raw.sdk.send(
        new UpdateItemCommand({
          TableName: table(application),
          Key: { leaseKey: { S: leaseKey } },
          UpdateExpression: `SET ${nullable.map((name) => `${name} = if_not_exists(${name}, :null)`).join(", ")}`,
          ExpressionAttributeValues: { ":null": { NULL: true } }
        })
      )
    )
  return Layer.effect(
    LeaseStore.LeaseStore,
    Effect.map(LeaseStore.LeaseStore, ({ open }) => ({
      open: (application: string) =>
        Effect.map(open(application), (leases): LeaseStore.Leases => ({
          ...leases,
          create: (lease) => Effect.tap(leases.create(lease), () => nulled(application, lease.leaseKey)),
          release: (lease, successor) =>
            Effect.tap(leases.release(lease, successor), () => nulled(application, lease.leaseKey))
        }))
    }))
  ).pipe(Layer.provide(onTablesOfKcl2(table, 1000)))
}

interface Way {
  readonly store: () => Layer.Layer<LeaseStore.LeaseStore, unknown>
  readonly cases: ReadonlyArray<LeaseStoreContract.Case>
}

const ways: Record<string, Way> = {
  "as it comes": {
    store: () => DynamoDbLeaseStore.layer({ ...reach(dynalite.url), table: named("plain") }),
    cases: LeaseStoreContract.cases
  },
  "in small pages, read consistently, with the row in a refusal": {
    store: () =>
      DynamoDbLeaseStore.layer({
        ...reach(dynalite.url),
        table: named("paged"),
        pageSize: 7,
        consistentReads: true,
        requestHandler: makeHandler(dynalite.url, { rowsOfRefusals: true }).requestHandler
      }),
    cases: LeaseStoreContract.cases
  },
  // The index has a part in listings alone.
  "on tables without the index": {
    store: () => onTablesOfKcl2(named("bare"), 50),
    cases: LeaseStoreContract.cases.filter(({ name }) => /begins|listed|given|hand-off/.test(name))
  },
  // DynamoDB takes no NULL for an attribute of an index.
  "with NULL for what is missing": {
    store: () => withNulls(named("nulls")),
    cases: LeaseStoreContract.cases
  }
}

/** Tables without the index are warned of. */
const quiet = Logger.remove(Logger.defaultLogger)

for (const [way, { cases, store }] of Object.entries(ways)) {
  layer(Layer.merge(Layer.suspend(store), quiet), { excludeTestServices: true })(
    `the lease store in DynamoDB, ${way}`,
    (it) => {
      for (const { name, run } of cases) it.effect(name, () => run)
    }
  )
}
