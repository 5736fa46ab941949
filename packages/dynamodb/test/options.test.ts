/** Every option, with every kind of value that it must not have. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import * as Bad from "../../kinesis/test/support/badValues.js"

type Wrong<Options> = Readonly<Record<keyof Options, ReadonlyArray<unknown>>>

const table: Wrong<DynamoDbLeaseStore.TableOptions> = {
  requestTimeout: [...Bad.duration, 0, "61 seconds"],
  table: ["leases", ...Bad.fn],
  createTable: Bad.flag,
  consistentReads: Bad.flag,
  withLiveKcl: Bad.word,
  pageSize: [...Bad.whole, 10_001]
}

const connecting: Wrong<DynamoDbLeaseStore.Options> = {
  ...table,
  region: ["", "eu west 1", 5, NaN, {}],
  endpoint: ["", "127.0.0.1:8000", 5, NaN, {}],
  credentials: ["", 5, NaN, true, {}, { accessKeyId: "a" }],
  certificateAuthority: ["", "not pem", 5, NaN, {}],
  requestHandler: ["http", 5, NaN, true]
}

const built = (layer: (options: any) => Layer.Layer<any, unknown>) => (options: any) =>
  Effect.scoped(Layer.build(layer(options)))

const sdk = new DynamoDBClient({ region: "us-east-1", maxAttempts: 1 })

const cases: ReadonlyArray<Bad.Case> = [
  {
    name: "DynamoDbLeaseStore.make",
    run: (options) => Effect.scoped(DynamoDbLeaseStore.make(options)),
    right: {},
    wrong: connecting
  },
  { name: "DynamoDbLeaseStore.layer", run: built(DynamoDbLeaseStore.layer), right: {}, wrong: connecting },
  {
    name: "DynamoDbLeaseStore.layerFromSdk",
    run: built((options) => DynamoDbLeaseStore.layerFromSdk(sdk, options)),
    right: {},
    wrong: table
  }
]

describe("options", () => {
  for (const one of cases) {
    it.effect(`${one.name} refuses every wrong value, name and object before any request`, () =>
      Effect.gen(function*() {
        yield* Bad.refusesAll(one)
        yield* Bad.refusesUnknown(one)
        yield* Bad.refusesOthers(one)
      }))
  }

  it.effect("a client that a user made must be one", () =>
    Effect.gen(function*() {
      for (const given of [undefined, null, {}, "client"]) {
        const error = yield* Effect.flip(built(() => DynamoDbLeaseStore.layerFromSdk(given as never))({}))
        assert.include(String(error), "invalid sdk: must be a DynamoDBClient of the AWS SDK")
      }
    }))

  it.effect("a table's name that is none, or is thrown, is refused when the table is opened", () =>
    Effect.gen(function*() {
      const functions: ReadonlyArray<readonly [table: any, was: string]> = [
        [() => "a/b", "was \"a/b\""],
        [() => undefined, "was undefined"],
        [() => {
          throw new Error("broken")
        }, "was "]
      ]
      for (const [table, was] of functions) {
        const store = yield* DynamoDbLeaseStore.make({ region: "us-east-1", table })
        const error = yield* Effect.flip(store.open("billing"))
        assert.include(
          error.message,
          "DynamoDbLeaseStore.open: invalid table: application billing: must be a table's name"
        )
        assert.include(error.message, was)
      }
    }).pipe(Effect.scoped))
})

describe("options from the environment", () => {
  const configured = (variables: Readonly<Record<string, string>>) =>
    Effect.withConfigProvider(
      DynamoDbLeaseStore.config,
      ConfigProvider.fromMap(new Map(Object.entries(variables)))
    )

  it.effect("the region is that of the streams, unless the table has another", () =>
    Effect.gen(function*() {
      const ofStreams = { KINESIS_REGION: "eu-west-1" }
      assert.strictEqual((yield* configured(ofStreams)).region, "eu-west-1")
      assert.strictEqual((yield* configured({ ...ofStreams, DYNAMODB_REGION: "us-east-1" })).region, "us-east-1")
      assert.isUndefined((yield* configured({})).region)
    }))

  it.effect("are refused as those that are written, and named by their variables where they are no values at all", () =>
    Effect.gen(function*() {
      const failure = (variables: Readonly<Record<string, string>>) =>
        DynamoDbLeaseStore.layerConfig(DynamoDbLeaseStore.config).pipe(
          Layer.build,
          Effect.scoped,
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))),
          Effect.flip
        )
      assert.include(String(yield* failure({ DYNAMODB_PAGE_SIZE: "0" })), "invalid pageSize: must be a whole number")
      assert.include(String(yield* failure({ DYNAMODB_CREATE_TABLE: "perhaps" })), "DYNAMODB_CREATE_TABLE")
    }))
})
