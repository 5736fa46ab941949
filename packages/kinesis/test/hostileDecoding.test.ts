import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema, Stream } from "effect"
import { type KinesisError, type KinesisRecord, RecordDecoder } from "effect-kinesis"
import { hostile, noEffects } from "./support/hostile.js"

const record: KinesisRecord.KinesisRecord = {
  stream: "orders",
  shardId: "shardId-000000000000",
  sequenceNumber: "1",
  partitionKey: "a",
  data: new TextEncoder().encode("\"-5\""),
  approximateArrivalTimestamp: new Date(0)
}

const decoded = <A>(decode: RecordDecoder.Decoder<A, KinesisError.DecodeError>) =>
  Stream.runCollect(decode(Stream.make(record)))

const standard = (validate: (value: unknown) => unknown): RecordDecoder.StandardSchema<string> =>
  ({ "~standard": { version: 1, vendor: "test", validate } }) as never

const thrown = (make: () => unknown) => (): never => {
  throw make()
}

describe("decoding", () => {
  it.effect("an onInvalid that fails, dies or throws with a value that has no text fails the stream", () =>
    Effect.gen(function*() {
      for (const [what, make] of hostile) {
        const value = make()
        const ways: ReadonlyArray<() => Effect.Effect<never, unknown>> = [
          () => Effect.failCause(Cause.fail(value)),
          () => Effect.failCause(Cause.die(value)),
          thrown(() => value)
        ]
        for (const onInvalid of ways) {
          const exit = yield* Effect.exit(
            Stream.runDrain(RecordDecoder.json(Schema.Number, { onInvalid })(Stream.make(record)))
          )
          assert.isTrue(Exit.isFailure(exit) && !Cause.isInterrupted(exit.cause), what)
        }
      }
    }))

  it.effect("an onInvalid that returns no Effect dies with a sentence", () =>
    Effect.gen(function*() {
      for (const [was, make] of noEffects) {
        const exit = yield* Effect.exit(
          Stream.runDrain(RecordDecoder.json(Schema.Number, { onInvalid: make as never })(Stream.make(record)))
        )
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.instanceOf(error, TypeError)
        assert.include((error as TypeError).message, `onInvalid must return an Effect, returned ${was}`)
      }
    }))

  it.effect("what a schema throws or says is carried so that it can be logged", () =>
    Effect.gen(function*() {
      for (const [what, make] of hostile) {
        const schemas = [
          standard(thrown(make)),
          standard(() => Promise.resolve().then(thrown(make))),
          standard(() => ({ issues: [make()] })),
          standard(() => Promise.resolve(null))
        ]
        for (const schema of schemas) {
          const error = yield* Effect.flip(decoded(RecordDecoder.json(schema)))
          assert.strictEqual(error._tag, "DecodeError", what)
          assert.isString(Cause.pretty(Cause.fail(error), { renderErrorCause: true }), what)
        }
      }
    }))

  it.effect("an issue with a bigint can be logged", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(decoded(RecordDecoder.json(Schema.BigInt.pipe(Schema.positiveBigInt()))))
      assert.include(Cause.pretty(Cause.fail(error), { renderErrorCause: true }), "-5n")
    }))
})
