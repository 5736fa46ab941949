import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, FastCheck as fc, Logger } from "effect"
import * as Errors from "effect-kinesis/KinesisError"
import * as ErrorMapping from "../../src/internal/wire/errorMapping.js"
import * as Retry from "../support/sdkRetry.js"
import { textless } from "../support/textless.js"

const call = { operation: "GetRecords", stream: "orders", shardId: "shardId-0" }
const raised = (name: string, more: object = {}) => Object.assign(new Error(`said ${name}`), { name, ...more })
const tagOf = (cause: unknown) => ErrorMapping.fromCause(call, cause)._tag

describe("errorMapping", () => {
  it("B10 judges by the deepest cause that it knows", () => {
    const wrapped = new Error("outer", { cause: raised("Wrapper", { cause: raised("ExpiredIteratorException") }) })
    assert.strictEqual(tagOf(wrapped), "ExpiredIterator")
    const addresses = new AggregateError([raised("Error", { code: "ETIMEDOUT" })], "all failed")
    assert.strictEqual(tagOf(addresses), "RequestTimeout")
  })

  it("B10 of several names in a chain that it knows the deepest decides, whichever is around it", () => {
    const inside = (outer: string, inner: string, more: object = {}) =>
      tagOf(raised(outer, { ...more, cause: raised(inner) }))
    assert.strictEqual(inside("ExpiredIteratorException", "ThrottlingException"), "ThrottledError")
    assert.strictEqual(inside("ThrottlingException", "ExpiredIteratorException"), "ExpiredIterator")
    assert.strictEqual(inside("TimeoutError", "ResourceNotFoundException"), "ResourceNotFound")
    assert.strictEqual(inside("ResourceNotFoundException", "TimeoutError"), "RequestTimeout")
    const told = { $metadata: { httpStatusCode: 503 } }
    assert.strictEqual(inside("AccessDeniedException", "ValidationException", told), "InvalidArgument")
    const three = raised("Throttling", { cause: raised("AccessDenied", { cause: raised("KMSDisabledException") }) })
    assert.deepInclude(ErrorMapping.fromCause(call, three), { _tag: "KmsError", code: "KMSDisabledException" })
    const several = new AggregateError([raised("TimeoutError"), raised("AccessDenied")], "outer")
    assert.strictEqual(tagOf(Object.assign(several, { name: "Throttling" })), "RequestTimeout")
  })

  it("B10 a name that it knows decides before the status of a deeper cause", () => {
    const unheard = raised("Unheard", { $metadata: { httpStatusCode: 500 } })
    assert.strictEqual(tagOf(raised("ResourceNotFoundException", { cause: unheard })), "ResourceNotFound")
    const refused = { $metadata: { httpStatusCode: 400 }, cause: unheard }
    assert.strictEqual(tagOf(raised("Wrapper", refused)), "ServiceUnavailable")
  })

  it("B10 falls back to the status, then to unavailable", () => {
    const status = (httpStatusCode: number) => tagOf(raised("Unheard", { $metadata: { httpStatusCode } }))
    assert.deepStrictEqual([400, 401, 403, 408, 413, 421, 425, 429, 500, 503].map(status), [
      "InvalidArgument",
      "AccessDenied",
      "AccessDenied",
      "RequestTimeout",
      "InvalidArgument",
      "ServiceUnavailable",
      "ServiceUnavailable",
      "ThrottledError",
      "ServiceUnavailable",
      "ServiceUnavailable"
    ])
    for (const cause of [new Error("odd"), "text", undefined, null, 7, new SyntaxError("Unexpected token")]) {
      assert.strictEqual(tagOf(cause), "ServiceUnavailable", String(cause))
    }
  })

  it("B62 credentials that have expired say so", () => {
    const expired = ErrorMapping.fromCause(call, raised("ExpiredTokenException"))
    assert.deepInclude(expired, { _tag: "AccessDenied", reason: "expired" })
  })

  it("what a provider of credentials threw is known by its name, if by nothing else, and final", () => {
    for (const name of ["CredentialsProviderError", "TokenProviderError", "ProviderError"]) {
      const error = ErrorMapping.fromCause(
        call,
        raised(name, { message: "Could not load credentials from any providers" })
      )
      assert.deepInclude(error, {
        _tag: "CredentialsUnavailable",
        hadCredentials: false,
        provider: "the AWS SDK's chain of providers"
      })
      assert.isFalse(Errors.isTransient(error))
    }
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

  it("takes whatever was thrown, and what it makes of it can be printed", () =>
    Effect.gen(function*() {
      const print = Logger.make((entry) => [Logger.stringLogger, Logger.jsonLogger].map((logger) => logger.log(entry)))
      const inside = textless.flatMap(([what, make]): typeof textless => [
        [what, make],
        [`${what}, as a cause`, () => new Error("outer", { cause: make() })],
        [`${what}, among several`, () => new AggregateError([make(), make()], "outer")],
        [
          `${what}, as a name`,
          () => Object.assign(new Error("odd"), { name: make(), code: make(), $metadata: make() })
        ],
        [`${what}, as a message`, () => Object.defineProperty(new Error("odd"), "message", { value: make() })],
        [`${what}, as a stack`, () => Object.defineProperty(new Error("odd"), "stack", { value: make() })]
      ])
      for (const [what, make] of inside) {
        const error = ErrorMapping.fromCause(call, make())
        assert.strictEqual(error._tag, "ServiceUnavailable", what)
        assert.isString(error.message, what)
        assert.isString(Cause.pretty(Cause.fail(error), { renderErrorCause: true }), what)
        yield* Effect.logError(Cause.fail(error)).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, print)))
      }
    }).pipe(Effect.runPromise))

  it("takes anything", () =>
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) =>
        typeof ErrorMapping.fromCause(call, value).message === "string")
    ))

  it("names of objects' own are no names of errors", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.strictEqual(tagOf(raised(name, { code: name })), "ServiceUnavailable")
    }
  })

  it("follows errors that contain each other many times, and no further than it must", () => {
    const circle: Error & { errors?: ReadonlyArray<unknown> } = new Error("circle")
    circle.errors = Array.from({ length: 1_000 }, () => circle)
    assert.strictEqual(tagOf(circle), "ServiceUnavailable")
  })
})

describe.each(["kinesis", "dynamodb"] as const)("errorMapping beside the SDK's own lists, for %s", (service) => {
  const of = (cause: unknown) => ErrorMapping.fromCause({ ...call, service }, cause)
  const refused = (name: string, more: object = {}) => raised(name, { $metadata: { httpStatusCode: 400, ...more } })

  it("B10 every code of throttling that the SDK knows is a throttle", () => {
    assert.isAbove(Retry.throttling.length, 10)
    for (const name of Retry.throttling) assert.isTrue(Errors.isThrottled(of(refused(name))), name)
  })

  it("B10 every code and status that the SDK takes for transient is", () => {
    for (const name of Retry.transient) assert.isTrue(Errors.isTransient(of(refused(name))), name)
    for (const code of Retry.network) assert.isTrue(Errors.isTransient(of(raised("Error", { code }))), code)
    for (const httpStatusCode of Retry.transientStatus) {
      assert.isTrue(
        Errors.isTransient(of(raised("Unheard", { $metadata: { httpStatusCode } }))),
        String(httpStatusCode)
      )
    }
    const refusedStream = raised("Error", { code: "ERR_HTTP2_STREAM_ERROR", message: "NGHTTP2_REFUSED_STREAM" })
    assert.isTrue(Errors.isTransient(of(refusedStream)))
  })

  it("what the service's model says of a repetition counts, where the name says nothing", () => {
    assert.isTrue(Errors.isTransient(of(Object.assign(refused("SomethingNew"), { $retryable: {} }))))
    assert.isTrue(Errors.isThrottled(of(Object.assign(refused("SomethingNew"), { $retryable: { throttling: true } }))))
  })

  it("every code that the SDK lays to the clock is transient once it has corrected it, and judged by its name before", () => {
    assert.isAbove(Retry.clock.length, 5)
    for (const name of Retry.clock) {
      const corrected = of(refused(name, { clockSkewCorrected: true }))
      assert.isTrue(Errors.isTransient(corrected), name)
      assert.include(corrected.message, "this machine's clock is wrong", name)
      const tag = of(refused(name))._tag
      assert.strictEqual(tag, name.startsWith("Request") ? "ServiceUnavailable" : "AccessDenied", name)
    }
  })

  it("a request that was refused for its time alone is sent again, whatever the clock, and the error names the clock", () => {
    const words = [
      "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)",
      "Signature not yet current: 20260101T010000Z is still later than 20260101T000500Z"
    ]
    for (const message of words) {
      for (
        const name of ["InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "AccessDeniedException"]
      ) {
        const error = of(Object.assign(refused(name), { message }))
        assert.strictEqual(error._tag, "ServiceUnavailable")
        assert.include(error.message, `this machine's clock is wrong: set it, as NTP does: ${message}`)
      }
    }
    const wrong = Object.assign(refused("InvalidSignatureException"), {
      message: "The signature we calculated does not match"
    })
    assert.strictEqual(of(wrong)._tag, "AccessDenied")
  })
})
