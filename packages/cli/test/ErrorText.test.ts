import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { KinesisClient, KinesisError } from "effect-kinesis"
import * as Advice from "../../kinesis/src/internal/wire/advice.js"
import * as ErrorMapping from "../../kinesis/src/internal/wire/errorMapping.js"
import * as ErrorText from "../src/ErrorText.js"

const call = { operation: "ListShards", stream: "orders" }

/** What the library makes of what the SDK or the network raised. */
const raised = (message: string, fields: object = {}) =>
  ErrorMapping.fromCause(call, Object.assign(new Error(message), fields))

const noCredentials = raised("Could not load credentials from any providers", { name: "CredentialsProviderError" })
const noRegion = raised("Region is missing")
const badRegion = raised("Region not accepted: region=\"eu west 1\" is not a valid hostname component.")

const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"
const elsewhere = new KinesisError.InvalidArgument({
  operation: "ListShards",
  stream: arn,
  field: "stream",
  description: Advice.elsewhere("us-east-1", "eu-west-1")!
})

const codes = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EPROTO",
  "HPE_INVALID_CONSTANT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
]

describe("ErrorText", () => {
  it("says what to type, not what to program", () => {
    const cases = [
      [noRegion, "there is no region: type --region eu-west-1 or the like, or set AWS_REGION"],
      [
        badRegion,
        "AWS_REGION or the profile names no valid region: type --region eu-west-1 or the like: " +
        "Region not accepted: region=\"eu west 1\" is not a valid hostname component."
      ],
      [
        noCredentials,
        "there are no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in, as by " +
        "aws sso login"
      ],
      [elsewhere, "the stream is in us-east-1: type --region us-east-1"]
    ] as const
    for (const [error, text] of cases) {
      assert.strictEqual(ErrorText.complaint(error), text)
      assert.strictEqual(ErrorText.because(error), text)
    }
  })

  it("has words of its own wherever the library speaks of a layer", () => {
    const advised = codes.map((code) => raised(`connect ${code} host; and more`, { code }))
    for (const error of [...advised, noRegion, badRegion, noCredentials, elsewhere]) {
      for (const text of [ErrorText.complaint(error), ErrorText.because(error)]) assert.notInclude(text, "layer(")
    }
    for (const [index, code] of codes.entries()) {
      const text = ErrorText.complaint(advised[index])
      assert.isTrue(text.startsWith("ListShards on orders: the service is unavailable: "), text)
      assert.include(text, `connect ${code} host; and more; `)
      assert.isDefined(Advice.ofCode(code))
    }
    assert.include(ErrorText.complaint(advised[5]), "NODE_EXTRA_CA_CERTS=/path/to/ca.pem")
  })

  it.effect("names the option that is wrong", () =>
    Effect.gen(function*() {
      const made = (options: KinesisClient.Options) => Effect.scoped(Effect.flip(KinesisClient.make(options)))
      const region = yield* made({ region: "eu west 1" })
      assert.match(ErrorText.complaint(region), /^invalid --region: must be a region such as "eu-west-1".*"eu west 1"$/)
      const endpoint = yield* made({ region: "eu-west-1", endpoint: "127.0.0.1:1" })
      assert.match(ErrorText.complaint(endpoint), /^invalid --endpoint: must be a URL.*"127.0.0.1:1"$/)
      const positions = new KinesisError.InvalidArgument({
        operation: "KinesisStream",
        stream: "orders",
        field: "positions.s1",
        description: "must be a Position"
      })
      assert.strictEqual(ErrorText.complaint(positions), "invalid --resume: must be a Position")
    }))

  it("leaves other errors as they are; in a view without the call, which stands before it", () => {
    const timeout = new KinesisError.RequestTimeout({ ...call, shardId: "s1", description: "waited 10s" })
    assert.strictEqual(ErrorText.complaint(timeout), timeout.message)
    assert.strictEqual(ErrorText.because(timeout), "no answer in time: waited 10s")
    assert.strictEqual(ErrorText.complaint(new Error("no")), "no")
    assert.strictEqual(ErrorText.complaint("no"), "no")
  })
})
