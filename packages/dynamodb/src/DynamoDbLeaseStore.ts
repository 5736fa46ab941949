/**
 * The leases of an application in a DynamoDB table of the Kinesis Client Library's own format (KCL 2 and 3): an application moves from it to
 * this library and back without losing its place. The [guide to the
 * table](https://github.com/effect-kinesis/effect-kinesis/blob/main/docs/leases-table.md) has its definition, the permissions and the steps.
 *
 * @since 0.1.0
 */
import { DynamoDBClient as SdkClient } from "@aws-sdk/client-dynamodb"
import * as AwsSdk from "effect-kinesis/AwsSdk"
import type { InvalidArgument } from "effect-kinesis/KinesisError"
import * as LeaseStore from "effect-kinesis/LeaseStore"
import { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Calls from "./internal/calls.js"
import * as Guide from "./internal/guide.js"
import * as LeasesInTable from "./internal/leases.js"
import * as LiveKcl from "./internal/liveKcl.js"
import * as OpenTable from "./internal/openTable.js"
import * as TableName from "./internal/tableName.js"

/**
 * How the table is found and used.
 *
 * @since 0.1.0
 * @category models
 */
export interface TableOptions {
  /**
   * How long a call may take before it is interrupted and fails for the reason `Timeout`, at most 60 seconds. A renewal must be decided well
   * before the lease is over. Default: 3 seconds.
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /** The table's name, or its ARN, by the application's name. Default: the application's name, as in KCL. */
  readonly table?: ((application: string) => string) | undefined
  /**
   * Whether a table that is missing is made: on demand, with its index. With false it is an error, and the permission to make tables is not
   * needed. Default: true.
   */
  readonly createTable?: boolean | undefined
  /**
   * Whether listings are consistent, at twice the price. The index of owners never is; the rows that it names are then. What is read after
   * a refused write always is. Default: false, as in KCL.
   */
  readonly consistentReads?: boolean | undefined
  /**
   * What to do when a leader of KCL 3 is at work on the application. With `"refuse"` opening fails for the reason `InUse`; when a leader did
   * not stop cleanly, that is watched for as long as its lease lasts, which is 2 minutes, once. A leader of KCL 3.5 or later that begins
   * while our workers are alive is told of in the log, once. With `"allow"` nothing is looked at. A live KCL 2 cannot be told from our own
   * workers. Default: `"refuse"`.
   */
  readonly withLiveKcl?: "refuse" | "allow" | undefined
  /** Rows that a page of a listing has at most, from 1 to 10,000. Default: as many as DynamoDB sends, which is 1 MB of them. */
  readonly pageSize?: number | undefined
}

/**
 * The options of {@link make} and {@link layer}: those of the AWS SDK client, and those of the table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends AwsSdk.ClientOptions, TableOptions {}

/**
 * A store on an AWS SDK client of its own, closed with the scope. Nothing is retried underneath.
 *
 * @example
 * ```ts
 * import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
 * import { Effect } from "effect"
 *
 * const leases = Effect.scoped(Effect.gen(function*() {
 *   const store = yield* DynamoDbLeaseStore.make({ region: "eu-west-1" })
 *   const { list } = yield* store.open("billing")
 *   return yield* list
 * }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<LeaseStore.Service, InvalidArgument, Scope.Scope> =>
  AwsSdk.check("DynamoDbLeaseStore.make", optionsTable, options).pipe(
    Effect.zipRight(AwsSdk.scoped(() => new SdkClient(AwsSdk.clientConfig(options, connections)))),
    Effect.map((sdk) => makeStore(sdk, options))
  )

/**
 * A store on an AWS SDK client of its own: region, credentials and endpoint as the SDK finds them, unless given.
 *
 * @example
 * ```ts
 * import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
 * import { Effect, Layer } from "effect"
 * import { Consumer, KinesisClient } from "effect-kinesis"
 *
 * const program = Consumer.run({
 *   application: "billing",
 *   stream: "orders",
 *   from: "latest",
 *   handler: (record) => Effect.log(record.sequenceNumber)
 * }).pipe(
 *   Effect.provide(
 *     Layer.merge(KinesisClient.layer({ region: "eu-west-1" }), DynamoDbLeaseStore.layer({ region: "eu-west-1" }))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<LeaseStore.LeaseStore, InvalidArgument> =>
  Layer.scoped(LeaseStore.LeaseStore, make(options))

const optional = <A>(config: Config.Config<A>): Config.Config<A | undefined> => Config.withDefault(config, undefined)

/**
 * Options from the environment, all of them optional: `DYNAMODB_REGION` (if it is not set, `KINESIS_REGION`), `DYNAMODB_ENDPOINT`,
 * `DYNAMODB_CERTIFICATE_AUTHORITY`, in PEM, `DYNAMODB_REQUEST_TIMEOUT`, `DYNAMODB_CREATE_TABLE`, `DYNAMODB_CONSISTENT_READS`,
 * `DYNAMODB_WITH_LIVE_KCL` (`refuse` or `allow`) and `DYNAMODB_PAGE_SIZE`. Durations are written like `3 seconds`. Credentials, and a region
 * that is not given here, are found by the AWS SDK.
 *
 * @example
 * ```ts
 * import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
 *
 * const live = DynamoDbLeaseStore.layerConfig(DynamoDbLeaseStore.config)
 * ```
 *
 * @since 0.1.0
 * @category configuration
 */
export const config: Config.Config<Omit<Options, "credentials" | "requestHandler" | "table">> = Config.all({
  region: optional(Config.orElse(Config.string("DYNAMODB_REGION"), () => Config.string("KINESIS_REGION"))),
  endpoint: optional(Config.string("DYNAMODB_ENDPOINT")),
  certificateAuthority: optional(Config.string("DYNAMODB_CERTIFICATE_AUTHORITY")),
  requestTimeout: optional(Config.duration("DYNAMODB_REQUEST_TIMEOUT")),
  createTable: optional(Config.boolean("DYNAMODB_CREATE_TABLE")),
  consistentReads: optional(Config.boolean("DYNAMODB_CONSISTENT_READS")),
  withLiveKcl: optional(Config.literal("refuse", "allow")("DYNAMODB_WITH_LIVE_KCL")),
  pageSize: optional(Config.integer("DYNAMODB_PAGE_SIZE"))
})

/**
 * {@link layer} with options that are read from the configuration: {@link config}, or one of your own.
 *
 * @example
 * ```ts
 * import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
 * import { Config } from "effect"
 *
 * const live = DynamoDbLeaseStore.layerConfig({
 *   region: Config.string("KINESIS_REGION"),
 *   createTable: Config.withDefault(Config.boolean("KINESIS_CREATE_TABLE"), true)
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<LeaseStore.LeaseStore, ConfigError.ConfigError | InvalidArgument> =>
  Layer.scoped(LeaseStore.LeaseStore, Effect.flatMap(Config.unwrap(config), make))

/**
 * A store on an AWS SDK client that the caller made and closes. Its `maxAttempts` must be 1: retries inside the SDK would hide throttles,
 * and take longer than a lease lasts. It gets two middlewares, and a watch on its credentials, so that its errors tell whose refusal they are.
 *
 * @example
 * ```ts
 * import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
 * import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
 *
 * const live = DynamoDbLeaseStore.layerFromSdk(new DynamoDBClient({ region: "eu-west-1", maxAttempts: 1 }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFromSdk = (
  sdk: SdkClient,
  options: TableOptions = {}
): Layer.Layer<LeaseStore.LeaseStore, InvalidArgument> =>
  Layer.effect(
    LeaseStore.LeaseStore,
    AwsSdk.check("DynamoDbLeaseStore.layerFromSdk", table, options).pipe(
      Effect.zipRight(AwsSdk.checkClient("DynamoDbLeaseStore.layerFromSdk", "DynamoDBClient", sdk)),
      Effect.map(() => makeStore(sdk, options))
    )
  )

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const mostTimeout = 60_000

const connections: AwsSdk.Connections = { maxSockets: 128, connectionTimeout: 2000 }

const table: AwsSdk.Table<TableOptions> = {
  requestTimeout: AwsSdk.optional(AwsSdk.duration(1, mostTimeout)),
  table: AwsSdk.optional(AwsSdk.fn("the table's name, such as (application) => `${application}-leases`")),
  createTable: AwsSdk.optional(AwsSdk.flag),
  consistentReads: AwsSdk.optional(AwsSdk.flag),
  withLiveKcl: AwsSdk.optional(AwsSdk.oneOf("refuse", "allow")),
  pageSize: AwsSdk.optional(AwsSdk.whole(1, 10_000))
}

const optionsTable: AwsSdk.Table<Options> = { ...AwsSdk.clientTable("http://127.0.0.1:8000"), ...table }

/** The name that a user's function gives; what it throws is told like a name that is none. */
const nameOf = (table: (application: string) => string, application: string): unknown => {
  try {
    return table(application)
  } catch (thrown) {
    return thrown
  }
}

const tableNameOf = (table: (application: string) => string, application: string) =>
  Effect.suspend(() => {
    const name = nameOf(table, application)
    return Effect.as(
      AwsSdk.check("DynamoDbLeaseStore.open", { table: TableName.check }, { table: name }),
      name as string
    )
  })

const makeStore = (sdk: SdkClient, options: TableOptions): LeaseStore.Service => {
  const {
    consistentReads = false,
    createTable = true,
    pageSize,
    requestTimeout = "3 seconds",
    table = (application: string) => application,
    withLiveKcl = "refuse"
  } = options
  return {
    open: Effect.fnUntraced(function*(application: string) {
      const name = yield* Effect.mapError(
        tableNameOf(table, application),
        (error) => LeaseStoreError.fromKinesisError(error, { application })
      )
      const callsOn = (name: string) => Calls.make(sdk, application, name, Duration.toMillis(requestTimeout))
      const calls = callsOn(name)
      const found = yield* OpenTable.openTable(calls, createTable)
      if (withLiveKcl === "refuse" && !found.isNew) {
        const coordinatorState = `${application}-CoordinatorState`
        yield* LiveKcl.refuse(application, [
          LiveKcl.inLeaseTable(calls),
          ...(TableName.isValid(coordinatorState) ? [LiveKcl.inCoordinatorState(callsOn(coordinatorState))] : [])
        ])
      }
      return LeasesInTable.make(calls, {
        consistentReads,
        pageSize,
        onListing: withLiveKcl === "refuse" ? LiveKcl.watchListings(application, name) : () => Effect.void,
        isIndexed: found.isIndexed ? Effect.succeed(true) : yield* indexLater(calls)
      })
    })
  }
}

const indexMillis = 60_000

/** An index that was not there, or is being filled, is looked for every minute, until it is there. */
const indexLater = Effect.fnUntraced(function*(calls: Calls.Calls) {
  yield* Effect.logWarning(
    `The table ${calls.table} has no index ${OpenTable.ownerIndex} that can be asked, as one of KCL 2 has none: a worker finds its leases ` +
      `by reading the whole table. ${Guide.url} says how to add the index; it is used as soon as it is there.`
  )
  let isIndexed = false
  let looked = yield* Clock.currentTimeMillis
  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (isIndexed || now - looked < indexMillis) return isIndexed
    looked = now
    isIndexed = yield* Effect.map(calls.describeTable, OpenTable.isIndexed).pipe(Effect.orElseSucceed(() => false))
    return isIndexed
  })
})
