import { assert, describe, it } from "@effect/vitest"
import { KinesisError } from "effect-kinesis"
import { inUse, missing } from "../../src/internal/shard/subscriptionRefusal.js"

const call = { operation: "SubscribeToShard", stream: "orders", shardId: "shardId-000000000007" }
const notFound = (description: string) => missing(new KinesisError.ResourceNotFound({ ...call, description }))
const used = (description: string) => inUse(new KinesisError.ResourceInUse({ ...call, description }))

const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

describe("subscriptionRefusal", () => {
  it.each([
    "Consumer app with creation timestamp 1763942400 under stream: orders, account 123456789012 not found.",
    "Consumer app, account 123456789012 not found.",
    `Consumer ${arn}/consumer/app:1763942400 not found.`,
    `ConsumerARN ${arn}/consumer/app:1763942400 not found`,
    "StreamConsumer app under stream orders, account 123456789012 not found.",
    "The consumer shard-reader of stream orders does not exist",
    `${arn}/consumer/stream:1763942400 does not exist`
  ])("F84 a consumer is not found: %s", (said) => assert.strictEqual(notFound(said), "consumer"))

  it.each([
    "Shard shardId-000000000007 in stream orders under account 123456789012 does not exist",
    "Could not find shard shardId-000000000007 in stream orders under account 123456789012.",
    "Could not find shard shardId-000000000007 in stream consumer-events under account 123456789012.",
    "ShardId shardId-000000000007 does not exist",
    "shardId-000000000007 was not found in the stream"
  ])("F84 a shard is not found: %s", (said) => assert.strictEqual(notFound(said), "shard"))

  it.each([
    "Stream orders under account 123456789012 not found.",
    "Stream consumer under account 123456789012 not found.",
    "Stream shard-7.consumers under account 123456789012 not found.",
    `StreamARN ${arn} not found`,
    `${arn} not found`,
    "Requested stream orders does not exist"
  ])("F84 a stream is not found: %s", (said) => assert.strictEqual(notFound(said), "stream"))

  it.each(["", "Rate exceeded for stream", "not found", "Requested resource not found", "a shardlike thing"])(
    "F84 words that say nothing: %s",
    (said) => assert.isUndefined(notFound(said))
  )

  it.each([
    "Another active subscription exists for this consumer: 123456789012:orders:shardId-000000000007:app",
    "Another active subscription exists for this consumer",
    `Another active subscription exists for consumer ${arn}/consumer/app:1763942400 on shard shardId-000000000007`,
    "Another subscription took over"
  ])("F90 another subscription: %s", (said) => assert.strictEqual(used(said), "subscription"))

  it.each([
    "Consumer app with creation timestamp 1763942400 under stream: orders, account 123456789012 is not in ACTIVE status.",
    "Consumer another-active with creation timestamp 1 under stream test and account 1 is not in ACTIVE status."
  ])("F85 a consumer that is not ACTIVE: %s", (said) => assert.strictEqual(used(said), "consumer"))

  it.each([
    "Stream orders under account 123456789012 not ACTIVE or UPDATING, instead in state CREATING",
    "Stream consumer under account 123456789012 not ACTIVE or UPDATING, instead in state DELETING"
  ])("a stream that is not ACTIVE: %s", (said) => assert.strictEqual(used(said), "stream"))

  it.each(["", "Shard shardId-000000000007 is busy", "in use"])(
    "words that say nothing of what is in use: %s",
    (said) => assert.isUndefined(used(said))
  )

  it("another error is neither", () => {
    const error = new KinesisError.InvalidArgument({ ...call, description: "Stream orders under account 1 not found." })
    assert.deepStrictEqual([missing(error), inUse(error)], [undefined, undefined])
    assert.isUndefined(missing(new KinesisError.ResourceInUse({ ...call, description: "Stream orders is in use" })))
    assert.isUndefined(
      inUse(new KinesisError.ResourceNotFound({ ...call, description: "Another active subscription exists" }))
    )
  })
})
