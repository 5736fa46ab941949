import { assert, describe, it } from "@effect/vitest"
import { KinesisError } from "effect-kinesis"
import { LeaseStoreError, Reason } from "effect-kinesis/LeaseStoreError"
import * as Schema from "effect/Schema"
import { isFatal } from "../src/internal/group/group.js"

const call = { operation: "UpdateItem", shardId: "shardId-000000000000", description: "said no" }

const ofService: ReadonlyArray<readonly [KinesisError.KinesisError, Reason]> = [
  [new KinesisError.ThrottledError({ ...call, reason: "throughput" }), "Throttled"],
  [new KinesisError.ThrottledError({ ...call, reason: "limit" }), "Throttled"],
  [new KinesisError.RequestTimeout(call), "Timeout"],
  [new KinesisError.ServiceUnavailable(call), "Unavailable"],
  [new KinesisError.ResourceInUse(call), "InUse"],
  [new KinesisError.CredentialsUnavailable({ ...call, provider: "STS", hadCredentials: true }), "Credentials"],
  [new KinesisError.CredentialsUnavailable({ ...call, hadCredentials: false }), "Credentials"],
  [new KinesisError.AccessDenied({ ...call, action: "dynamodb:UpdateItem" }), "Denied"],
  [new KinesisError.AccessDenied({ ...call, action: "dynamodb:UpdateItem", reason: "expired" }), "Denied"],
  [new KinesisError.InvalidArgument({ ...call, field: "checkpoint" }), "Invalid"],
  [new KinesisError.InvalidArgument(call), "Invalid"],
  [new KinesisError.ResourceNotFound(call), "NotFound"],
  [new KinesisError.KmsError({ ...call, code: "KMSDisabledException" }), "Kms"]
]

const verdicts = (error: KinesisError.KinesisError | LeaseStoreError) => ({
  isTransient: KinesisError.isTransient(error),
  isThrottled: KinesisError.isThrottled(error),
  isUnavailableResource: KinesisError.isUnavailableResource(error),
  isExpiredCredentials: KinesisError.isExpiredCredentials(error),
  isFatal: isFatal(error)
})

const nothing = {
  isTransient: false,
  isThrottled: false,
  isUnavailableResource: false,
  isExpiredCredentials: false,
  isFatal: true
}

describe("LeaseStoreError", () => {
  it("is judged by its reason, without a cause", () => {
    const of = (reason: Reason, more: Partial<LeaseStoreError> = {}) =>
      verdicts(new LeaseStoreError({ operation: "renew", reason, description: "", ...more }))
    const later = { ...nothing, isFatal: false }
    const expected: Readonly<Record<Reason, typeof nothing>> = {
      Throttled: { ...later, isThrottled: true },
      Timeout: { ...later, isTransient: true },
      Unavailable: { ...later, isTransient: true },
      InUse: { ...later, isUnavailableResource: true },
      Credentials: nothing,
      Denied: nothing,
      Invalid: nothing,
      NotFound: nothing,
      Kms: { ...nothing, isUnavailableResource: true }
    }
    assert.deepStrictEqual(Object.keys(expected).sort(), [...Reason.literals].sort())
    for (const reason of Reason.literals) assert.deepStrictEqual(of(reason), expected[reason], reason)
    assert.deepStrictEqual(of("Credentials", { hadCredentials: true }), { ...later, isTransient: true })
    assert.deepStrictEqual(of("Credentials", { hadCredentials: false }), nothing)
    assert.deepStrictEqual(of("Denied", { expired: true }), { ...nothing, isExpiredCredentials: true })
    assert.deepStrictEqual(of("Denied", { hadCredentials: true }), nothing)
    assert.deepStrictEqual(of("Invalid", { expired: true }), nothing)
  })

  it("from an error of a service: the same verdicts, the same words, and that error as its cause", () => {
    for (const [error, reason] of ofService) {
      const ofStore = LeaseStoreError.fromKinesisError(error, { application: "billing", table: "leases" })
      assert.deepInclude(ofStore, {
        _tag: "LeaseStoreError",
        reason,
        operation: call.operation,
        application: "billing",
        table: "leases",
        shardId: call.shardId,
        description: call.description
      })
      assert.strictEqual(ofStore.cause, error)
      assert.deepStrictEqual(verdicts(ofStore), verdicts(error), error.message)
      assert.strictEqual(ofStore.message, error.message.replace(/said no$/, "table leases: said no"))
    }
  })

  it("is judged in the same way after it was stored as JSON", () => {
    const Stored = Schema.parseJson(LeaseStoreError)
    for (const [error] of ofService) {
      const ofStore = LeaseStoreError.fromKinesisError(error, { leaseKey: "key" })
      const read = Schema.decodeSync(Stored)(Schema.encodeSync(Stored)(ofStore))
      assert.strictEqual(read.message, ofStore.message)
      assert.deepStrictEqual(verdicts(read), verdicts(error))
    }
  })

  it("names what the call was on, as far as that is known", () => {
    const said = (more: Partial<LeaseStoreError>) =>
      new LeaseStoreError({ operation: "renew", reason: "Denied", description: "said no", ...more }).message
    assert.strictEqual(said({}), "renew: access denied: said no")
    assert.strictEqual(said({ description: "" }), "renew: access denied")
    assert.strictEqual(said({ application: "billing" }), "renew: access denied: application billing: said no")
    assert.strictEqual(said({ application: "billing", table: "t" }), "renew: access denied: table t: said no")
    assert.strictEqual(said({ shardId: "shard" }), "renew on shard: access denied: said no")
    assert.strictEqual(said({ shardId: "shard", leaseKey: "key" }), "renew on key: access denied: said no")
    assert.strictEqual(said({ problem: "no grant on leases" }), "renew: no grant on leases: said no")
    const texts = Reason.literals.map((reason) => said({ reason }))
    assert.strictEqual(new Set(texts).size, texts.length)
  })
})
