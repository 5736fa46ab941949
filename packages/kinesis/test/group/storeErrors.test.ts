import type { LocalLeaseStore } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { type Cause, Effect, Fiber, type Scope, TestClock } from "effect"
import { Consumer, type KinesisClient, type KinesisError, type LeaseStore, LeaseStoreError } from "effect-kinesis"
import { expectTypeOf } from "vitest"
import { eventually, run, withGroup } from "../support/groups.js"

const oneShard = { streams: [{ name: "orders" }] }

const options = {
  application: "billing",
  stream: "orders",
  from: "trim-horizon",
  handler: () => Effect.void
} as const

const failing = (reason: LeaseStoreError.Reason, more: Partial<LeaseStoreError.LeaseStoreError> = {}) =>
  new LeaseStoreError.LeaseStoreError({
    operation: "Scan",
    reason,
    table: "leases",
    description: "said no",
    ...more
  })

describe("what a consumer fails with when its lease store fails", () => {
  it("the types say so", () => {
    const caught = Effect.catchTag(Consumer.run(options), "LeaseStoreError", (error) => {
      expectTypeOf(error).toEqualTypeOf<LeaseStoreError.LeaseStoreError>()
      return Effect.succeed(error.reason)
    })
    expectTypeOf(caught).toEqualTypeOf<
      Effect.Effect<
        Consumer.Summary | LeaseStoreError.Reason,
        KinesisError.KinesisError | KinesisError.HandlerError<never>,
        KinesisClient.KinesisClient | LeaseStore.LeaseStore
      >
    >()
    expectTypeOf(Consumer.make(options)).toEqualTypeOf<
      Effect.Effect<
        Consumer.Consumer,
        KinesisError.KinesisError | LeaseStoreError.LeaseStoreError,
        KinesisClient.KinesisClient | LeaseStore.LeaseStore | Scope.Scope
      >
    >()
    expectTypeOf<Effect.Effect.Error<ReturnType<LeaseStore.Service["open"]>>>().toEqualTypeOf<
      LeaseStoreError.LeaseStoreError
    >()
    expectTypeOf<Effect.Effect.Error<ReturnType<LeaseStore.Leases["renew"]>>>().toEqualTypeOf<
      KinesisError.LeaseLost | LeaseStoreError.LeaseStoreError
    >()
    expectTypeOf<LocalLeaseStore.Service["fail"]>().parameter(0).toHaveProperty("error").toEqualTypeOf<
      LeaseStoreError.LeaseStoreError
    >()
    expectTypeOf<Cause.Cause<Consumer.ConsumerError>>().toEqualTypeOf<
      Cause.Cause<KinesisError.KinesisError | LeaseStoreError.LeaseStoreError | KinesisError.HandlerError<never>>
    >()
  })

  for (const reason of ["Denied", "NotFound", "Invalid", "Credentials", "Kms", "InUse"] as const) {
    it.effect(`${reason} while it is opened: at once, with the error as it is`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const error = failing(reason)
          yield* world.leases.fail({ operation: "open", error, times: 1_000 })
          const caught = yield* Effect.catchTag(Consumer.run(options), "LeaseStoreError", Effect.succeed)
          assert.strictEqual(caught, error)
          assert.lengthOf(yield* world.leases.calls, 1)
        })))
  }

  it.effect("credentials that have expired are asked for once more while it is opened", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* world.leases.fail({ operation: "open", error: failing("Denied", { expired: true }), times: 1_000 })
        yield* Effect.flip(Consumer.run(options))
        assert.lengthOf(yield* world.leases.calls, 2)
      })))

  for (const reason of ["Throttled", "Timeout", "Unavailable", "Credentials"] as const) {
    it.effect(`${reason} while it is opened: the call is made again, and told of`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const error = failing(reason, { hadCredentials: true })
          yield* world.leases.fail({ operation: "open", error, times: 3 })
          const worker = yield* run()
          yield* eventually("the first page", () => worker.of("PageRead").length > 0)
          const told = worker.of(reason === "Throttled" ? "Throttled" : "CallFailed")
          assert.lengthOf(told, 3)
          assert.strictEqual(told[0]!.error, error)
          yield* Fiber.interrupt(worker.fiber)
        })))
  }

  for (const reason of ["Denied", "NotFound", "Credentials"] as const) {
    it.effect(`${reason} while it runs: at once, and told of as the store's`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const worker = yield* run()
          yield* eventually("the first page", () => worker.of("PageRead").length > 0)
          const error = failing(reason)
          yield* world.leases.fail({ operation: "list", error, times: 1_000 })
          yield* TestClock.adjust("20 seconds")
          assert.strictEqual(yield* Effect.flip(Fiber.join(worker.fiber)), error)
          assert.strictEqual(worker.of("LeaseStoreFailed").at(-1)!.error, error)
          assert.lengthOf(worker.of("ListingFailed"), 0)
        })))
  }

  for (const reason of ["Throttled", "Timeout", "Unavailable", "InUse", "Credentials"] as const) {
    it.effect(`${reason} while it runs: waited out`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const worker = yield* run()
          yield* eventually("the first page", () => worker.of("PageRead").length > 0)
          const error = failing(reason, { hadCredentials: true })
          yield* world.leases.fail({ operation: "list", error, times: 1_000 })
          yield* TestClock.adjust("1 minute")
          assert.isNull(worker.fiber.unsafePoll())
          assert.strictEqual(worker.of("LeaseStoreFailed").at(-1)!.error, error)
          yield* Fiber.interrupt(worker.fiber)
        })))
  }
})
