import { assert, describe, it } from "@effect/vitest"
import * as ErrorMapping from "../../src/internal/wire/errorMapping.js"

const call = { operation: "GetRecords", stream: "orders", shardId: "shardId-0" }
const raised = (name: string, more: object = {}) => Object.assign(new Error(`said ${name}`), { name, ...more })
const tagOf = (cause: unknown) => ErrorMapping.fromCause(call, cause)._tag

describe("errorMapping", () => {
  it("B10 judges by the deepest cause that it knows", () => {
    const wrapped = new Error("outer", { cause: raised("Wrapper", { cause: raised("ExpiredIteratorException") }) })
    assert.strictEqual(tagOf(wrapped), "ExpiredIterator")
    const credentials = raised("CredentialsProviderError", { cause: raised("Error", { code: "ECONNREFUSED" }) })
    assert.strictEqual(tagOf(credentials), "ServiceUnavailable")
    const addresses = new AggregateError([raised("Error", { code: "ETIMEDOUT" })], "all failed")
    assert.strictEqual(tagOf(addresses), "RequestTimeout")
  })

  it("B10 falls back to the status, then to unavailable", () => {
    const status = (httpStatusCode: number) => tagOf(raised("Unheard", { $metadata: { httpStatusCode } }))
    assert.deepStrictEqual([400, 401, 403, 413, 429, 500, 503].map(status), [
      "InvalidArgument",
      "AccessDenied",
      "AccessDenied",
      "InvalidArgument",
      "ThrottledError",
      "ServiceUnavailable",
      "ServiceUnavailable"
    ])
    for (const cause of [new Error("odd"), "text", undefined, null, 7, new SyntaxError("Unexpected token")]) {
      assert.strictEqual(tagOf(cause), "ServiceUnavailable", String(cause))
    }
  })

  it("a clock that the SDK has corrected, and a provider that fails for now, are worth a retry", () => {
    const skewed = raised("InvalidSignatureException", { $metadata: { httpStatusCode: 400, clockSkewCorrected: true } })
    assert.strictEqual(tagOf(skewed), "ServiceUnavailable")
    assert.strictEqual(tagOf(raised("CredentialsProviderError")), "ServiceUnavailable")
  })

  it("B62 credentials that have expired say so; credentials that nobody has do not", () => {
    const expired = ErrorMapping.fromCause(call, raised("ExpiredTokenException"))
    assert.deepInclude(expired, { _tag: "AccessDenied", expired: true })
    const none = Object.assign(new Error("Could not load credentials from any providers"), {
      name: "CredentialsProviderError"
    })
    assert.deepInclude(ErrorMapping.fromCause(call, none), { _tag: "AccessDenied", expired: false })
  })

  it("settings that are missing are not worth a retry", () => {
    assert.strictEqual(tagOf(new Error("Region is missing")), "InvalidArgument")
  })

  it("survives a cause that contains itself", () => {
    const circular: Error & { cause?: unknown } = new Error("circular")
    circular.cause = circular
    assert.strictEqual(tagOf(circular), "ServiceUnavailable")
  })

  it("carries the call, the words and the cause", () => {
    const cause = raised("KMSDisabledException")
    const error = ErrorMapping.fromCause(call, cause)
    assert.strictEqual(error.message, "GetRecords on orders/shardId-0: KMSDisabledException: said KMSDisabledException")
    assert.strictEqual(error.cause, cause)
  })
})
