import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, Schedule } from "effect"
import { Consumer } from "effect-kinesis"
import { useDynalite } from "./support/dynalite.js"
import { type Fault, makeHandler } from "./support/handler.js"
import { reach } from "./support/table.js"

const dynalite = useDynalite()

const application = "consumed"
const table = "leases-of-consumed"

/** What a consumer fails with, one of whose calls to the table goes wrong, each time that it is made. */
const failure = (operation: string, fault: Fault, options: DynamoDbLeaseStore.Options = {}) =>
  Effect.gen(function*() {
    const handler = makeHandler(dynalite.url)
    for (let call = 0; call < 20; call++) handler.next(operation, fault)
    const error = yield* Consumer.run({
      application,
      stream: "orders",
      from: "trim-horizon",
      throttleRetry: Schedule.recurs(1),
      transientRetry: Schedule.recurs(1),
      handler: () => Effect.void
    }).pipe(
      Effect.as(undefined),
      Effect.catchTag("LeaseStoreError", Effect.succeed),
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.provide(Layer.merge(
        LocalKinesis.layer({ streams: [{ name: "orders" }] }),
        DynamoDbLeaseStore.layer({
          ...reach(dynalite.url),
          requestHandler: handler.requestHandler,
          table: () => table,
          ...options
        })
      ))
    )
    return { error, calls: handler.operations().filter((name) => name === operation).length }
  })

const refusal = (name: string): Fault => ({ _tag: "Refuse", name })

describe("what a consumer on DynamoDB fails with", () => {
  it.scopedLive("a table that is denied: at once, with the permission that is missing", () =>
    Effect.gen(function*() {
      for (const operation of ["DescribeTable", "Scan"]) {
        const { calls, error } = yield* failure(operation, refusal("AccessDeniedException"))
        assert.deepInclude(error, { reason: "Denied", operation, application, table })
        assert.include(error!.message, `${operation}: access denied, the call needs dynamodb:${operation}`)
        assert.include(error!.message, `table ${table}: said AccessDeniedException`)
        assert.strictEqual(calls, 1)
      }
    }))

  it.scopedLive("a table that throttles: when the schedule has ended", () =>
    Effect.gen(function*() {
      const { calls, error } = yield* failure("DescribeTable", refusal("ThrottlingException"))
      assert.deepInclude(error, { reason: "Throttled", operation: "DescribeTable", application, table })
      assert.strictEqual(calls, 2)
    }))

  it.scopedLive("a table that does not answer: when the schedule has ended", () =>
    Effect.gen(function*() {
      const { calls, error } = yield* failure("DescribeTable", { _tag: "Hang" }, { requestTimeout: 100 })
      assert.deepInclude(error, { reason: "Timeout", operation: "DescribeTable", application, table })
      assert.include(error!.message, `DescribeTable: no answer in time: table ${table}: waited 100ms; no`)
      assert.include(error!.message, " so far: check the ")
      assert.strictEqual(calls, 2)
    }))

  it.scopedLive("a table that is not there and may not be made: at once", () =>
    Effect.gen(function*() {
      const options = { createTable: false, table: () => "nowhere" }
      const { calls, error } = yield* failure("CreateTable", refusal("AccessDeniedException"), options)
      assert.deepInclude(error, { reason: "NotFound", application, table: "nowhere" })
      assert.strictEqual(calls, 0)
    }))
})
