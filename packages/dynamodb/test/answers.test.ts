import { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { LeaseStore } from "effect-kinesis"
import { isThrottled, isTransient, type LeaseLost } from "effect-kinesis/KinesisError"
import type { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { useDynalite } from "./support/dynalite.js"
import { type Fault, makeHandler } from "./support/handler.js"
import { fresh, reach, shard } from "./support/table.js"

const dynalite = useDynalite()

let tables = 0

/** A new table with one lease, that ann has. */
const started = (options: DynamoDbLeaseStore.Options = {}) =>
  Effect.gen(function*() {
    const table = `answers-${tables++}`
    const handler = makeHandler(dynalite.url)
    const store = yield* DynamoDbLeaseStore.make({
      ...reach(dynalite.url),
      requestHandler: handler.requestHandler,
      ...options
    })
    const leases = yield* store.open(table)
    yield* leases.create(fresh())
    const lease = Option.getOrThrow(yield* leases.claim((yield* leases.list)[0]!, "ann"))
    handler.calls.length = 0
    return { table, handler, store, leases, lease }
  })

const unavailable = { _tag: "LeaseStoreError", reason: "Unavailable" } as const

const answer = (body: unknown): Fault => ({ _tag: "Answer", body })
const text = (said: string): Fault => ({ _tag: "Text", text: said })

const gone: LeaseStore.Lease = { ...fresh(), leaseKey: "gone" } as never

describe("an answer of DynamoDB that lacks something", () => {
  it.scopedLive("B4 lists without Items say nothing of what there is", () =>
    Effect.gen(function*() {
      const { handler, leases } = yield* started()
      const lists = [["Scan", leases.list], ["Query", leases.owned("ann")]] as const
      for (const [operation, list] of lists) {
        for (const body of [{}, { Items: null }, { Count: 0 }]) {
          handler.next(operation, answer(body))
          const error = yield* Effect.flip(list)
          assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" })
          assert.include(error.message, `${operation}: the service is unavailable: table answers-`)
          assert.include(error.message, "the answer has no Items")
        }
      }
      assert.strictEqual((yield* leases.list).length, 1)
    }))

  it.scopedLive("a LastEvaluatedKey that is null or empty is none: the listing is over", () =>
    Effect.gen(function*() {
      const { handler, leases } = yield* started()
      const lists = [["Scan", leases.list], ["Query", leases.owned("ann")]] as const
      for (const LastEvaluatedKey of [null, {}]) {
        for (const [operation, list] of lists) {
          handler.calls.length = 0
          handler.next(operation, answer({ Items: [], LastEvaluatedKey }))
          assert.deepStrictEqual(yield* list, [])
          assert.deepStrictEqual(handler.operations(), [operation])
        }
      }
    }))

  it.scopedLive("B4 of rows that were asked for by key, an answer without any table says nothing", () =>
    Effect.gen(function*() {
      const { handler, leases, table } = yield* started()
      for (const body of [{}, { Responses: {} }, { Responses: null }, { Responses: { [table]: null } }]) {
        handler.next("BatchGetItem", answer({ UnprocessedKeys: {}, ...body }))
        const error = yield* Effect.flip(leases.owned("ann"))
        assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" })
        assert.include(error.message, "the answer has no Responses")
      }
      handler.next("BatchGetItem", answer({ Responses: { [table]: [] } }))
      assert.deepStrictEqual(yield* leases.owned("ann"), [])
    }))

  it.scopedLive("B4 a write without its row may have taken effect: it is made again, on the row as it is", () =>
    Effect.gen(function*() {
      const { handler, lease, leases } = yield* started()
      for (const body of [{}, { Attributes: null }, { Attributes: {} }]) {
        handler.next("UpdateItem", answer(body))
        const error = yield* Effect.flip(leases.renew(lease))
        assert.deepInclude(error, unavailable)
        assert.include(error.message, `UpdateItem on ${shard}`)
        assert.include(error.message, "the answer has no Attributes")
      }
      assert.strictEqual((yield* leases.renew(lease)).leaseCounter, lease.leaseCounter + 1)
    }))

  it.scopedLive("B4 a table that is not described is not one of the wrong key", () =>
    Effect.gen(function*() {
      const { handler, store, table } = yield* started()
      const AttributeDefinitions = [{ AttributeName: "leaseKey", AttributeType: "S" }]
      const KeySchema = [{ AttributeName: "leaseKey", KeyType: "HASH" }]
      for (
        const [field, body] of [
          ["Table", {}],
          ["Table", { Table: null }],
          ["TableStatus", { Table: { AttributeDefinitions, KeySchema } }],
          ["KeySchema", { Table: { TableStatus: "ACTIVE", AttributeDefinitions } }],
          ["AttributeDefinitions", { Table: { TableStatus: "ACTIVE", KeySchema } }]
        ] as const
      ) {
        handler.next("DescribeTable", answer(body))
        const error = yield* Effect.flip(store.open(table))
        assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" }, field)
        assert.include(error.message, `the answer has no ${field}`)
      }
    }))

  it.scopedLive("B4 no body, null, and a success that names an error are no answer to any call", () =>
    Effect.gen(function*() {
      const { handler, lease, leases } = yield* started()
      const calls: ReadonlyArray<readonly [string, Effect.Effect<unknown, LeaseLost | LeaseStoreError>]> = [
        ["Scan", leases.list],
        ["Query", leases.owned("ann")],
        ["BatchGetItem", leases.owned("ann")],
        ["UpdateItem", leases.renew(lease)],
        ["PutItem", leases.create(fresh({ shardId: "shardId-000000000001" }))],
        ["DeleteItem", leases.remove(lease)]
      ]
      for (const [operation, call] of calls) {
        for (const said of ["", "null", "[]", "<html>"]) {
          handler.next(operation, text(said))
          assert.deepInclude(yield* Effect.flip(call), unavailable, `${operation}: ${said}`)
        }
        handler.next(operation, answer({ __type: "com.amazonaws.dynamodb#ThrottlingException", message: "slow" }))
        const throttled = yield* Effect.flip(call)
        assert.isTrue(isThrottled(throttled))
        assert.include(String(throttled), "slow")
      }
      assert.strictEqual((yield* leases.list).length, 1)
    }))

  it.scopedLive("a row that is gone after a refused write is only gone when the answer is one", () =>
    Effect.gen(function*() {
      const { handler, leases } = yield* started()
      handler.next("GetItem", text(""))
      assert.deepInclude(yield* Effect.flip(leases.renew(gone)), unavailable)
      assert.strictEqual((yield* Effect.flip(leases.renew(gone)))._tag, "LeaseLost")
    }))

  it.scopedLive("a success that names a refused condition is one", () =>
    Effect.gen(function*() {
      const { handler, leases } = yield* started()
      handler.next("PutItem", answer({ __type: "com.amazonaws.dynamodb#ConditionalCheckFailedException" }))
      assert.isFalse(yield* leases.create(fresh()))
    }))
})

describe("whose refusal it is", () => {
  const failing = () => {
    const provider = { fails: undefined as unknown }
    const credentials = () =>
      provider.fails === undefined
        ? Promise.resolve({ accessKeyId: "key", secretAccessKey: "secret", expiration: new Date(Date.now() + 1_000) })
        : Promise.reject(provider.fails)
    return { provider, credentials }
  }
  const denied = Object.assign(new Error("not authorized to perform: sts:AssumeRole"), { name: "AccessDenied" })

  it.scopedLive("B62 credentials that cannot be had are final at first, and ridden out later", () =>
    Effect.gen(function*() {
      const { credentials, provider } = failing()
      const { leases } = yield* started({ credentials })
      provider.fails = denied
      const later = yield* Effect.flip(leases.list)
      assert.deepInclude(later, {
        _tag: "LeaseStoreError",
        reason: "Credentials",
        operation: "Scan",
        hadCredentials: true
      })
      assert.isTrue(isTransient(later))
      assert.include(later.message, "AccessDenied: not authorized to perform: sts:AssumeRole")
      provider.fails = undefined
      assert.strictEqual((yield* leases.list).length, 1)
      provider.fails = denied
      const store = yield* DynamoDbLeaseStore.make({ ...reach(dynalite.url), credentials })
      const first = yield* Effect.flip(store.open("orders"))
      assert.deepInclude(first, { _tag: "LeaseStoreError", reason: "Credentials", hadCredentials: false })
      assert.isFalse(isTransient(first))
    }))

  it.scopedLive("of a client that the caller made too", () =>
    Effect.gen(function*() {
      const { credentials, provider } = failing()
      const sdk = yield* Effect.acquireRelease(
        Effect.sync(() => new DynamoDBClient({ ...reach(dynalite.url), credentials, maxAttempts: 1 })),
        (sdk) => Effect.sync(() => sdk.destroy())
      )
      const leases = yield* Effect.flatMap(LeaseStore.LeaseStore, (store) => store.open(`answers-${tables++}`)).pipe(
        Effect.provide(Layer.merge(DynamoDbLeaseStore.layerFromSdk(sdk), Layer.empty))
      )
      provider.fails = denied
      const error = yield* Effect.flip(leases.list)
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Credentials", hadCredentials: true })
    }))

  it.scopedLive("B10 every code that the SDK itself would repeat is worth a repetition", () =>
    Effect.gen(function*() {
      const { handler, lease, leases } = yield* started()
      const core = createRequire(createRequire(import.meta.url).resolve("@aws-sdk/client-dynamodb"))
        .resolve("@smithy/core/retry")
      const at = core.replace(/dist-cjs.*$/, "dist-es/submodules/retry/service-error-classification/constants.js")
      const lists = yield* Effect.promise(() => import(pathToFileURL(at).href))
      assert.isAbove(lists.THROTTLING_ERROR_CODES.length, 10)
      for (const name of lists.THROTTLING_ERROR_CODES) {
        handler.next("UpdateItem", { _tag: "Refuse", name })
        assert.isTrue(isThrottled(yield* Effect.flip(leases.renew(lease))), name)
      }
      for (
        const name of [...lists.TRANSIENT_ERROR_CODES, "RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"]
      ) {
        handler.next("UpdateItem", { _tag: "Refuse", name })
        assert.isTrue(isTransient(yield* Effect.flip(leases.renew(lease))), name)
      }
      for (const status of [...lists.TRANSIENT_ERROR_STATUS_CODES, 408, 425]) {
        handler.next("UpdateItem", { _tag: "Refuse", name: "Unheard", status })
        assert.isTrue(isTransient(yield* Effect.flip(leases.renew(lease))), String(status))
      }
      handler.next("UpdateItem", {
        _tag: "Refuse",
        name: "InvalidSignatureException",
        message: "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z"
      })
      const error = yield* Effect.flip(leases.renew(lease))
      assert.isTrue(isTransient(error))
      assert.include(error.message, "this machine's clock is wrong")
    }))
})
