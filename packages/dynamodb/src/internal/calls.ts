import * as Sdk from "@aws-sdk/client-dynamodb"
import * as AwsSdk from "effect-kinesis/AwsSdk"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Effect from "effect/Effect"
import type { Row } from "./leaseRow.js"

/** Errors that only DynamoDB raises. */
const exceptions: Readonly<Record<string, AwsSdk.Exception>> = {
  ItemCollectionSizeLimitExceededException: "InvalidArgument",
  ReplicatedWriteConflictException: "ServiceUnavailable",
  TableInUseException: "ResourceInUse",
  TableNotFoundException: "ResourceNotFound",
  TransactionConflictException: "ServiceUnavailable"
}

/** The row does not meet the condition. The refusal includes the row if the service sends it. */
export interface ConditionFailed {
  readonly _tag: "ConditionFailed"
  readonly row: Row | undefined
}

const isConditionFailed = (cause: unknown): cause is { readonly Item?: Row | undefined } => {
  try {
    return (cause as Error).name === "ConditionalCheckFailedException"
  } catch {
    return false
  }
}

/** The lease that a call is on. */
export interface Subject {
  readonly leaseKey: string
  readonly shardId?: string
}

/** A page of a listing. */
export interface Rows {
  readonly rows: ReadonlyArray<Row>
  /** Where the next page begins; undefined after the last one. */
  readonly next: Row | undefined
}

/** A row that is not empty. */
const present = (row: Row | null | undefined): Row | undefined =>
  row === null || row === undefined || Object.keys(row).length === 0 ? undefined : row

/** The calls on one table of an application, each one request with a deadline. Interruption and the deadline abort the request. */
export interface Calls {
  readonly application: string
  readonly table: string
  /** Fails as unavailable when the answer has no table. */
  readonly describeTable: Effect.Effect<Sdk.TableDescription, LeaseStoreError>
  readonly createTable: (input: Omit<Sdk.CreateTableCommandInput, "TableName">) => Effect.Effect<void, LeaseStoreError>
  /** Always consistent. */
  readonly getItem: (
    key: Readonly<Record<string, string>>,
    subject?: Subject
  ) => Effect.Effect<Row | undefined, LeaseStoreError>
  readonly putItem: (
    input: Omit<Sdk.PutItemCommandInput, "TableName">,
    subject?: Subject
  ) => Effect.Effect<void, LeaseStoreError | ConditionFailed>
  /** The row after the write. */
  readonly updateItem: (
    input: Omit<Sdk.UpdateItemCommandInput, "TableName">,
    subject?: Subject
  ) => Effect.Effect<Row, LeaseStoreError | ConditionFailed>
  readonly deleteItem: (
    input: Omit<Sdk.DeleteItemCommandInput, "TableName">,
    subject?: Subject
  ) => Effect.Effect<void, LeaseStoreError | ConditionFailed>
  readonly scan: (input: Omit<Sdk.ScanCommandInput, "TableName">) => Effect.Effect<Rows, LeaseStoreError>
  readonly query: (input: Omit<Sdk.QueryCommandInput, "TableName">) => Effect.Effect<Rows, LeaseStoreError>
  readonly batchGetItem: (
    keys: Sdk.KeysAndAttributes
  ) => Effect.Effect<
    { readonly rows: ReadonlyArray<Row>; readonly left: Sdk.KeysAndAttributes | undefined },
    LeaseStoreError
  >
}

/** A table, and how to call it. */
interface State {
  readonly sdk: Sdk.DynamoDBClient
  readonly application: string
  readonly table: string
  readonly requestMillis: number
}

export const make = (
  sdk: Sdk.DynamoDBClient,
  application: string,
  table: string,
  requestMillis: number
): Calls => {
  AwsSdk.watch(sdk)
  const self: State = { sdk, application, table, requestMillis }
  const send = sender(self)
  const conditional = conditionalSender(self)
  return {
    application,
    table,
    describeTable: describeTable(self),
    createTable: (input) =>
      Effect.asVoid(send("CreateTable", new Sdk.CreateTableCommand({ ...input, TableName: table }))),
    getItem: (key, subject) => getItem(self, key, subject),
    putItem: (input, subject) =>
      Effect.asVoid(conditional("PutItem", new Sdk.PutItemCommand({ ...input, TableName: table }), subject)),
    updateItem: (input, subject) => updateItem(self, input, subject),
    deleteItem: (input, subject) =>
      Effect.asVoid(conditional("DeleteItem", new Sdk.DeleteItemCommand({ ...input, TableName: table }), subject)),
    scan: (input) =>
      Effect.flatMap(send("Scan", new Sdk.ScanCommand({ ...input, TableName: table })), page(self, "Scan")),
    query: (input) =>
      Effect.flatMap(send("Query", new Sdk.QueryCommand({ ...input, TableName: table })), page(self, "Query")),
    batchGetItem: (keys) => batchGetItem(self, keys)
  }
}

type Command<In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes> = Parameters<
  typeof Sdk.DynamoDBClient.prototype.send<In, Out>
>[0]

const placeOf = ({ application, table }: State, subject: Subject | undefined) => ({
  application,
  table,
  leaseKey: subject?.leaseKey,
  shardId: subject?.shardId
})

/** Sends a write under a condition. */
const conditionalSender = (self: State) =>
<In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes>(
  operation: string,
  command: Command<In, Out>,
  subject?: Subject
): Effect.Effect<Out, LeaseStoreError | ConditionFailed> => {
  const { requestMillis, sdk } = self
  const place = placeOf(self, subject)
  const call: AwsSdk.Call = { sdk, service: "dynamodb", operation, shardId: place.shardId, exceptions }
  return Effect.timeoutFail(
    Effect.tryPromise({
      try: (abortSignal) => sdk.send(command, { abortSignal }),
      catch: (cause): LeaseStoreError | ConditionFailed =>
        isConditionFailed(cause)
          ? { _tag: "ConditionFailed", row: present(cause.Item) }
          : LeaseStoreError.fromKinesisError(AwsSdk.errorFromCause(call, cause), place)
    }),
    {
      duration: requestMillis,
      onTimeout: () =>
        new LeaseStoreError({
          ...place,
          operation,
          reason: "Timeout",
          description: AwsSdk.waited(sdk, requestMillis)
        })
    }
  )
}

/** Sends a request without a condition. */
const sender = (self: State) =>
<In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes>(
  operation: string,
  command: Command<In, Out>,
  subject?: Subject
): Effect.Effect<Out, LeaseStoreError> =>
  Effect.catchTag(
    conditionalSender(self)(operation, command, subject),
    "ConditionFailed",
    () => Effect.fail(unreadable(self, operation, "an answer of another call", subject))
  )

const unreadable = (self: State, operation: string, description: string, subject?: Subject) =>
  new LeaseStoreError({ ...placeOf(self, subject), operation, reason: "Unavailable", description })

/** A field that DynamoDB always sends: without it the answer is invalid. */
const told = <A>(self: State, value: A | null | undefined, operation: string, field: string, subject?: Subject) =>
  value === null || value === undefined
    ? Effect.fail(unreadable(self, operation, `the answer has no ${field}`, subject))
    : Effect.succeed(value)

const page =
  (self: State, operation: string) => ({ Items, LastEvaluatedKey }: Sdk.ScanCommandOutput | Sdk.QueryCommandOutput) =>
    Effect.map(told(self, Items, operation, "Items"), (rows): Rows => ({ rows, next: present(LastEvaluatedKey) }))

const describeTable = (self: State): Calls["describeTable"] =>
  Effect.suspend(() => sender(self)("DescribeTable", new Sdk.DescribeTableCommand({ TableName: self.table }))).pipe(
    Effect.flatMap(({ Table }) => told(self, Table, "DescribeTable", "Table"))
  )

const getItem = (self: State, key: Readonly<Record<string, string>>, subject?: Subject) =>
  Effect.map(
    sender(self)(
      "GetItem",
      new Sdk.GetItemCommand({
        TableName: self.table,
        Key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }])),
        ConsistentRead: true
      }),
      subject
    ),
    ({ Item }) => present(Item)
  )

const updateItem = (self: State, input: Omit<Sdk.UpdateItemCommandInput, "TableName">, subject?: Subject) =>
  Effect.flatMap(
    conditionalSender(self)(
      "UpdateItem",
      new Sdk.UpdateItemCommand({
        ...input,
        TableName: self.table,
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD"
      }),
      subject
    ),
    ({ Attributes }) => told(self, present(Attributes), "UpdateItem", "Attributes", subject)
  )

const batchGetItem = (self: State, keys: Sdk.KeysAndAttributes) =>
  Effect.flatMap(
    sender(self)("BatchGetItem", new Sdk.BatchGetItemCommand({ RequestItems: { [self.table]: keys } })),
    ({ Responses, UnprocessedKeys }) => {
      const left = Object.values(UnprocessedKeys ?? {}).find(({ Keys }) => Keys !== undefined && Keys.length > 0)
      const tables = Object.values(Responses ?? {}).filter(Array.isArray)
      return tables.length === 0 && left === undefined
        ? told(self, undefined, "BatchGetItem", "Responses")
        : Effect.succeed({ rows: tables.flat(), left })
    }
  )
