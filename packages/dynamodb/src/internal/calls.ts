import * as Sdk from "@aws-sdk/client-dynamodb"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import type { KinesisError } from "effect-kinesis/KinesisError"
import { RequestTimeout, ServiceUnavailable } from "effect-kinesis/KinesisError"
import * as SdkError from "effect-kinesis/SdkError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Row } from "./leaseRow.js"

export interface ClientOptions {
  /** Default: as the AWS SDK finds it (`AWS_REGION`, the shared config). */
  readonly region?: string | undefined
  /** Default: DynamoDB's own endpoint in the region. */
  readonly endpoint?: string | undefined
  /** Default: the AWS SDK's provider chain. */
  readonly credentials?: Sdk.DynamoDBClientConfig["credentials"] | undefined
  /** Certificates (PEM) to trust in place of those that Node trusts, for an endpoint with one of its own. Default: Node's. */
  readonly certificateAuthority?: string | undefined
  /** Another transport of the SDK. It is closed with the client. Default: HTTP/1.1 with keep-alive. */
  readonly requestHandler?: Sdk.DynamoDBClientConfig["requestHandler"] | undefined
}

const silent = (): void => undefined

/** The SDK makes a full copy of each answer for a logger that has `info`; this one has none. */
const logger = { trace: silent, debug: silent, warn: silent, error: silent } as NonNullable<
  Sdk.DynamoDBClientConfig["logger"]
>

const given = <A extends object>(options: A): { readonly [K in keyof A]: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never

/** An SDK client that retries nothing and whose sockets close with the scope. */
export const makeClient = (
  { certificateAuthority, credentials, endpoint, region, requestHandler }: ClientOptions
): Effect.Effect<Sdk.DynamoDBClient, never, Scope.Scope> => {
  const agent = { keepAlive: true, maxSockets: 128 }
  return Effect.acquireRelease(
    Effect.sync(() =>
      new Sdk.DynamoDBClient({
        ...given({ region, endpoint, credentials }),
        maxAttempts: 1,
        logger,
        requestHandler: requestHandler ?? new NodeHttpHandler({
          httpAgent: agent,
          httpsAgent: { ...agent, ...given({ ca: certificateAuthority }) },
          connectionTimeout: 2000
        })
      } as Sdk.DynamoDBClientConfig)
    ),
    (sdk) => Effect.sync(() => sdk.destroy())
  )
}

/** The row is not as the condition has it. The row itself comes with the refusal, from a service that sends it. */
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

/** A page of a listing. */
export interface Rows {
  readonly rows: ReadonlyArray<Row>
  /** Where the next page begins; undefined after the last one. */
  readonly next: Row | undefined
}

/** A row that has something in it. */
const present = (row: Row | null | undefined): Row | undefined =>
  row === null || row === undefined || Object.keys(row).length === 0 ? undefined : row

/** The calls on one table, each one request with a deadline. Interruption and the deadline abort the request. */
export interface Calls {
  readonly table: string
  /** Fails with `ServiceUnavailable` when the answer has no table. */
  readonly describeTable: Effect.Effect<Sdk.TableDescription, KinesisError>
  readonly createTable: (input: Omit<Sdk.CreateTableCommandInput, "TableName">) => Effect.Effect<void, KinesisError>
  /** Always consistent. */
  readonly getItem: (
    key: Readonly<Record<string, string>>,
    shardId?: string
  ) => Effect.Effect<Row | undefined, KinesisError>
  readonly putItem: (
    input: Omit<Sdk.PutItemCommandInput, "TableName">,
    shardId?: string
  ) => Effect.Effect<void, KinesisError | ConditionFailed>
  /** The row as it is by then. */
  readonly updateItem: (
    input: Omit<Sdk.UpdateItemCommandInput, "TableName">,
    shardId?: string
  ) => Effect.Effect<Row, KinesisError | ConditionFailed>
  readonly deleteItem: (
    input: Omit<Sdk.DeleteItemCommandInput, "TableName">,
    shardId?: string
  ) => Effect.Effect<void, KinesisError | ConditionFailed>
  readonly scan: (input: Omit<Sdk.ScanCommandInput, "TableName">) => Effect.Effect<Rows, KinesisError>
  readonly query: (input: Omit<Sdk.QueryCommandInput, "TableName">) => Effect.Effect<Rows, KinesisError>
  readonly batchGetItem: (
    keys: Sdk.KeysAndAttributes
  ) => Effect.Effect<
    { readonly rows: ReadonlyArray<Row>; readonly left: Sdk.KeysAndAttributes | undefined },
    KinesisError
  >
}

export const make = (sdk: Sdk.DynamoDBClient, TableName: string, requestMillis: number): Calls => {
  SdkError.watch(sdk)
  /** What DynamoDB answers always: without it the answer says nothing. */
  const told = <A>(value: A | null | undefined, operation: string, field: string, shardId?: string) =>
    value === null || value === undefined
      ? Effect.fail(
        new ServiceUnavailable({ operation, shardId, description: `table ${TableName}: the answer has no ${field}` })
      )
      : Effect.succeed(value)
  const page = (operation: string) => ({ Items, LastEvaluatedKey }: Sdk.ScanCommandOutput | Sdk.QueryCommandOutput) =>
    Effect.map(told(Items, operation, "Items"), (rows): Rows => ({ rows, next: present(LastEvaluatedKey) }))
  const conditional = <In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes>(
    operation: string,
    command: Parameters<typeof sdk.send<In, Out>>[0],
    shardId?: string
  ): Effect.Effect<Out, KinesisError | ConditionFailed> =>
    Effect.timeoutFail(
      Effect.tryPromise({
        try: (abortSignal) => sdk.send(command, { abortSignal }),
        catch: (cause): KinesisError | ConditionFailed =>
          isConditionFailed(cause)
            ? { _tag: "ConditionFailed", row: present(cause.Item) }
            : SdkError.fromCause({ service: "dynamodb", operation, shardId, resource: `table ${TableName}` }, cause)
      }),
      {
        duration: requestMillis,
        onTimeout: () =>
          new RequestTimeout({
            operation,
            shardId,
            description: `table ${TableName}: waited ${Duration.format(requestMillis)}`
          })
      }
    )
  const send = <In extends Sdk.ServiceInputTypes, Out extends Sdk.ServiceOutputTypes>(
    operation: string,
    command: Parameters<typeof sdk.send<In, Out>>[0],
    shardId?: string
  ): Effect.Effect<Out, KinesisError> =>
    Effect.catchTag(conditional(operation, command, shardId), "ConditionFailed", () =>
      Effect.fail(
        new ServiceUnavailable({ operation, shardId, description: `table ${TableName}: an answer of another call` })
      ))
  return {
    table: TableName,
    describeTable: Effect.suspend(() => send("DescribeTable", new Sdk.DescribeTableCommand({ TableName }))).pipe(
      Effect.flatMap(({ Table }) => told(Table, "DescribeTable", "Table"))
    ),
    createTable: (input) => Effect.asVoid(send("CreateTable", new Sdk.CreateTableCommand({ ...input, TableName }))),
    getItem: (key, shardId) =>
      Effect.map(
        send(
          "GetItem",
          new Sdk.GetItemCommand({
            TableName,
            Key: Object.fromEntries(Object.entries(key).map(([name, value]) => [name, { S: value }])),
            ConsistentRead: true
          }),
          shardId
        ),
        ({ Item }) => present(Item)
      ),
    putItem: (input, shardId) =>
      Effect.asVoid(conditional("PutItem", new Sdk.PutItemCommand({ ...input, TableName }), shardId)),
    updateItem: (input, shardId) =>
      Effect.flatMap(
        conditional(
          "UpdateItem",
          new Sdk.UpdateItemCommand({
            ...input,
            TableName,
            ReturnValues: "ALL_NEW",
            ReturnValuesOnConditionCheckFailure: "ALL_OLD"
          }),
          shardId
        ),
        ({ Attributes }) => told(present(Attributes), "UpdateItem", "Attributes", shardId)
      ),
    deleteItem: (input, shardId) =>
      Effect.asVoid(conditional("DeleteItem", new Sdk.DeleteItemCommand({ ...input, TableName }), shardId)),
    scan: (input) => Effect.flatMap(send("Scan", new Sdk.ScanCommand({ ...input, TableName })), page("Scan")),
    query: (input) => Effect.flatMap(send("Query", new Sdk.QueryCommand({ ...input, TableName })), page("Query")),
    batchGetItem: (keys) =>
      Effect.flatMap(
        send("BatchGetItem", new Sdk.BatchGetItemCommand({ RequestItems: { [TableName]: keys } })),
        ({ Responses, UnprocessedKeys }) => {
          const left = Object.values(UnprocessedKeys ?? {}).find(({ Keys }) => Keys !== undefined && Keys.length > 0)
          const tables = Object.values(Responses ?? {}).filter(Array.isArray)
          return tables.length === 0 && left === undefined
            ? told(undefined, "BatchGetItem", "Responses")
            : Effect.succeed({ rows: tables.flat(), left })
        }
      )
  }
}
