import { assert, describe, it } from "@effect/vitest"
import * as SdkError from "../src/SdkError.js"

const raised = (name: string) => Object.assign(new Error(`said ${name}`), { name })

describe("SdkError", () => {
  it("B62 a denied call names the action of its service", () => {
    const action = (service?: "kinesis" | "dynamodb") => {
      const error = SdkError.fromCause({ service, operation: "UpdateItem" }, raised("AccessDeniedException"))
      return error._tag === "AccessDenied" ? error.action : error._tag
    }
    assert.strictEqual(action("dynamodb"), "dynamodb:UpdateItem")
    assert.strictEqual(action(), "kinesis:UpdateItem")
  })

  it("says what the call was on", () => {
    const call = { operation: "UpdateItem", shardId: "shardId-0", resource: "table orders" }
    assert.strictEqual(
      SdkError.fromCause(call, raised("RequestLimitExceeded")).message,
      "UpdateItem on shardId-0: throttled (limit): table orders: said RequestLimitExceeded"
    )
  })

  it("errors that only Kinesis' reading has are the service's failure elsewhere", () => {
    for (const name of ["ExpiredIteratorException", "ExpiredNextTokenException"]) {
      assert.strictEqual(SdkError.fromCause({ operation: "Scan" }, raised(name))._tag, "ServiceUnavailable")
    }
  })
})
