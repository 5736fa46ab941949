import * as Sdk from "@aws-sdk/client-dynamodb"
import type { LeaseStore } from "effect-kinesis"
import type { Row } from "../../src/internal/leaseRow.js"
import { definition } from "../../src/internal/openTable.js"

export const credentials = { accessKeyId: "test", secretAccessKey: "test" }

/** Options that reach an endpoint on this machine, which may be too busy for the default deadline of a call. */
export const reach = (endpoint: string) => ({
  endpoint,
  region: "us-east-1",
  credentials,
  requestTimeout: "1 minute" as const
})

/** DynamoDB as other programs use it: a row at a time, with no opinion on what is in it. */
export const makeRaw = (endpoint: string) => {
  const sdk = new Sdk.DynamoDBClient({ ...reach(endpoint), maxAttempts: 1 })
  return {
    sdk,
    create: async (TableName: string, input: Omit<Sdk.CreateTableCommandInput, "TableName"> = definition) => {
      await sdk.send(new Sdk.CreateTableCommand({ ...input, TableName }))
      await Sdk.waitUntilTableExists({ client: sdk, maxWaitTime: 5, minDelay: 0.01, maxDelay: 0.05 }, { TableName })
    },
    put: (TableName: string, row: Row) => sdk.send(new Sdk.PutItemCommand({ TableName, Item: { ...row } })),
    get: async (TableName: string, key: string, name = "leaseKey") =>
      (await sdk.send(
        new Sdk.GetItemCommand({ TableName, Key: { [name]: { S: key } }, ConsistentRead: true })
      )).Item,
    delete: (TableName: string, key: string) =>
      sdk.send(new Sdk.DeleteItemCommand({ TableName, Key: { leaseKey: { S: key } } })),
    exists: async (TableName: string) => (await sdk.send(new Sdk.ListTablesCommand({}))).TableNames!.includes(TableName)
  }
}

export type Raw = ReturnType<typeof makeRaw>

/** A table as KCL 2 makes it: without the index of owners. */
export const withoutIndex: Omit<Sdk.CreateTableCommandInput, "TableName"> = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "leaseKey", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "leaseKey", KeyType: "HASH" }]
}

/** The table in which KCL 3.0 to 3.4 keeps its leader. */
export const coordinatorState: Omit<Sdk.CreateTableCommandInput, "TableName"> = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "key", KeyType: "HASH" }]
}

export const shard = "shardId-000000000000"

export const fresh = (more: Partial<LeaseStore.NewLease> = {}): LeaseStore.NewLease => ({
  leaseKey: more.shardId ?? shard,
  shardId: shard,
  streamIdentifier: undefined,
  checkpoint: { _tag: "TrimHorizon" },
  parentShardIds: [],
  hashKeyRange: undefined,
  ...more
})
