import { LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Effect, Exit, Fiber, Option, Schedule, Stream, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisStream, ShardReader, Until } from "effect-kinesis"
import { textOf } from "./support/groups.js"
import { put, shard0 } from "./support/reading.js"

const readers = {
  KinesisStream: (options: Partial<KinesisStream.Options>) =>
    KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.count(1), ...options }),
  ShardReader: (options: Partial<KinesisStream.Options>) =>
    ShardReader.records({ stream: "orders", shardId: shard0, from: "trim-horizon", until: Until.count(1), ...options })
}

const kms = (operation: string) =>
  new KinesisError.KmsError({ operation, stream: "orders", code: "KMSDisabledException", description: "disabled" })

for (const [name, read] of Object.entries(readers)) {
  describe(`resourceRetry of ${name}`, () => {
    const reading = (
      kinesis: { readonly client: KinesisClient.Service },
      options: Partial<KinesisStream.Options> = {}
    ) =>
      Effect.fork(Effect.provideService(
        Stream.runCollect(Stream.map(read(options), textOf)),
        KinesisClient.KinesisClient,
        kinesis.client
      ))
    const tagOf = (exit: Option.Option<Exit.Exit<unknown, { readonly _tag: string }>>) =>
      Option.match(exit, {
        onNone: () => "none",
        onSome: Exit.match({
          onSuccess: () => "success",
          onFailure: (cause) =>
            Option.match(Cause.failureOption(cause), { onNone: () => "?", onSome: ({ _tag }) => _tag })
        })
      })

    it.effect("a stream that is being created is waited for, up to a minute by default", () =>
      Effect.gen(function*() {
        const quick = yield* LocalKinesis.make({ transition: "40 seconds" })
        yield* quick.client.createStream({ stream: "orders", shardCount: 1 })
        const events: Array<string> = []
        const fiber = yield* reading(quick, { onEvent: (event) => Effect.sync(() => void events.push(event._tag)) })
        yield* TestClock.adjust("45 seconds")
        yield* put(quick.client, ["a1"])
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(fiber)), ["a1"])
        assert.include(events, "CallFailed")

        const slow = yield* LocalKinesis.make({ transition: "3 minutes" })
        yield* slow.client.createStream({ stream: "orders", shardCount: 1 })
        const failing = yield* reading(slow)
        yield* TestClock.adjust("50 seconds")
        assert.strictEqual(tagOf(yield* Fiber.poll(failing)), "none")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(tagOf(yield* Fiber.poll(failing)), "ResourceInUse")
      }))

    it.effect("a key that cannot be used is fatal, unless the schedule says otherwise", () =>
      Effect.gen(function*() {
        const kinesis = yield* LocalKinesis.make({ streams: [{ name: "orders" }] })
        yield* put(kinesis.client, ["a1"])
        yield* kinesis.local.fail({ operation: "getRecords", times: 4, error: kms("GetRecords") })
        const failing = yield* reading(kinesis)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(tagOf(yield* Fiber.poll(failing)), "KmsError")
        const patient = yield* reading(kinesis, { resourceRetry: Schedule.spaced("10 seconds") })
        yield* TestClock.adjust("40 seconds")
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(patient)), ["a1"])
      }))
  })
}
