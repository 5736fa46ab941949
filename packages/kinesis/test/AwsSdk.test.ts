import { assert, describe, it } from "@effect/vitest"
import type { Duration } from "effect"
import * as AwsSdk from "../src/AwsSdk.js"

const raised = (name: string) => Object.assign(new Error(`said ${name}`), { name })

describe("AwsSdk", () => {
  it("B62 a denied call names the action of its service", () => {
    const action = (service?: "kinesis" | "dynamodb") => {
      const error = AwsSdk.errorFromCause({ service, operation: "UpdateItem" }, raised("AccessDeniedException"))
      return error._tag === "AccessDenied" ? error.action : error._tag
    }
    assert.strictEqual(action("dynamodb"), "dynamodb:UpdateItem")
    assert.strictEqual(action(), "kinesis:UpdateItem")
  })

  it("says what the call was on", () => {
    const call = { operation: "UpdateItem", shardId: "shardId-0", resource: "table orders" }
    assert.strictEqual(
      AwsSdk.errorFromCause(call, raised("RequestLimitExceeded")).message,
      "UpdateItem on shardId-0: throttled (limit): table orders: said RequestLimitExceeded"
    )
  })

  it("errors that only Kinesis' reading has are the service's failure elsewhere", () => {
    for (const name of ["ExpiredIteratorException", "ExpiredNextTokenException"]) {
      assert.strictEqual(AwsSdk.errorFromCause({ operation: "Scan" }, raised(name))._tag, "ServiceUnavailable")
    }
  })

  it("a service's own exceptions are what its package says, and not those of every service", () => {
    const exceptions = { TableInUseException: "ResourceInUse" } as const
    const cause = Object.assign(raised("TableInUseException"), { $metadata: { httpStatusCode: 400 } })
    const tag = (more: object) => AwsSdk.errorFromCause({ operation: "CreateTable", ...more }, cause)._tag
    assert.strictEqual(tag({ exceptions }), "ResourceInUse")
    assert.strictEqual(tag({}), "InvalidArgument")
  })

  it("a duration has the bounds that it is given", () => {
    const holds = (written: Duration.DurationInput) => AwsSdk.duration(1, 60_000)(written, {}) === undefined
    assert.deepStrictEqual([0, 1, "1 minute", 60_001, "-1 second", Number.NaN].map((each) => holds(each as never)), [
      false,
      true,
      true,
      false,
      false,
      false
    ])
  })
})
