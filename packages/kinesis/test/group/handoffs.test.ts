import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, TestClock } from "effect"
import type { LeaseStore } from "effect-kinesis"
import { application, eventually, mortal, run, stop, withGroup, type World } from "../support/groups.js"
import { hashKeyOf, numbered, put } from "../support/reading.js"

const kcl = "kcl-2"
const four = { streams: [{ name: "orders", shardCount: 4 }] }

const rowsOf = ({ leases }: World) => leases.leases(application)

/** A worker of KCL 2 that has all leases: it knows no hand-off, and goes on as long as the counters are what it wrote. */
const startKcl2 = (world: World) =>
  Effect.gen(function*() {
    const first = yield* run()
    yield* eventually("the leases", () => first.of("LeaseAcquired").length === 4)
    yield* stop(first)
    const counters = new Map<string, number>()
    const write = (lease: LeaseStore.Lease) => {
      const leaseCounter = lease.leaseCounter + 1
      counters.set(lease.leaseKey, leaseCounter)
      return world.leases.put(application, { ...lease, leaseCounter })
    }
    yield* Effect.forEach(yield* rowsOf(world), (lease) => write({ ...lease, leaseOwner: kcl }))
    const renew = Effect.flatMap(rowsOf(world), (rows) =>
      Effect.forEach(rows.filter((row) => counters.get(row.leaseKey) === row.leaseCounter), write))
    const fiber = yield* Effect.fork(Effect.forever(Effect.zipRight(Effect.sleep("3 seconds"), renew)))
    return { counters, stop: Fiber.interrupt(fiber) }
  })

const owners = (world: World) =>
  Effect.map(rowsOf(world), (rows) => rows.map(({ checkpointOwner, leaseOwner }) => `${leaseOwner}/${checkpointOwner}`))

const allOfKcl = Array.from({ length: 4 }, () => `${kcl}/undefined`)

const logged = <A, E, R>(test: (lines: Array<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    return Effect.provide(test(lines), Logger.add(Logger.map(Logger.stringLogger, (line) => void lines.push(line))))
  })

describe("a hand-off that is not answered", () => {
  it.effect(
    "is withdrawn after drainTimeout and a lease, told, and not asked for again",
    () =>
      logged((lines) =>
        withGroup(four, (world) =>
          Effect.gen(function*() {
            const kcl2 = yield* startKcl2(world)
            const ours = yield* run()
            yield* eventually("the requests", () => ours.of("HandoffRequested").length === 2)
            const askedAt = ours.of("HandoffRequested")[0]!.at
            yield* eventually("the withdrawals", () => ours.of("HandoffUnanswered").length === 2, 90_000)
            const [told] = ours.of("HandoffUnanswered")
            assert.isAtLeast(told!.at - askedAt, 40_000)
            assert.isAtMost(told!.at - askedAt, 70_000)
            assert.strictEqual(told!.owner, kcl)
            assert.deepStrictEqual(yield* owners(world), allOfKcl)
            const warnings = lines.filter((line) => line.includes("level=WARN"))
            assert.lengthOf(warnings, 1)
            assert.include(warnings[0]!, kcl)
            assert.include(warnings[0]!, "Kinesis Client Library 2")
            yield* TestClock.adjust("5 minutes")
            assert.lengthOf(ours.of("HandoffRequested"), 2)
            assert.deepStrictEqual(yield* owners(world), allOfKcl)
            for (const row of yield* rowsOf(world)) {
              assert.strictEqual(row.leaseCounter, kcl2.counters.get(row.leaseKey), "its own writes were not disturbed")
            }
            yield* put(world.client, numbered("a", 1, 9))
            yield* kcl2.stop
            yield* eventually("the records", () => ours.handled.length === 9)
            yield* stop(ours)
          }))
      )
  )

  it.effect("others are still asked", () =>
    withGroup(four, (world) =>
      Effect.gen(function*() {
        const kcl2 = yield* startKcl2(world)
        const one = yield* run()
        yield* eventually("the withdrawals", () => one.of("HandoffUnanswered").length === 2, 90_000)
        yield* kcl2.stop
        yield* eventually("all four", () => one.of("LeaseAcquired").length === 4)
        const two = yield* run()
        yield* eventually("its share", () => two.of("LeaseAcquired").length === 2)
        yield* stop(one)
        yield* stop(two)
      })))

  it.effect("is withdrawn when the worker that asked leaves", () =>
    withGroup(four, (world) =>
      Effect.gen(function*() {
        yield* startKcl2(world)
        const ours = yield* run()
        yield* eventually("the requests", () => ours.of("HandoffRequested").length === 2)
        yield* stop(ours)
        assert.deepStrictEqual(yield* owners(world), allOfKcl)
      })))

  it.effect(
    "is withdrawn by another when the worker that asked has died",
    () =>
      withGroup(four, (world) =>
        Effect.gen(function*() {
          yield* startKcl2(world)
          const process = mortal(world)
          const dying = yield* process.provide(run({ detached: true }))
          yield* eventually("the requests", () => dying.of("HandoffRequested").length === 2)
          process.kill()
          const other = yield* run()
          yield* eventually("the rows", () => Effect.map(owners(world), (all) => `${all}` === `${allOfKcl}`), 180_000)
          yield* stop(other)
        }))
  )

  it.effect(
    "an owner that takes longer than the asker waits hands over later: each record is handled once",
    () =>
      withGroup({ streams: [{ name: "orders", shardCount: 2 }] }, (world) =>
        Effect.gen(function*() {
          yield* put(world.client, numbered("a", 1, 3), { explicitHashKey: hashKeyOf(0, 2) })
          yield* put(world.client, numbered("b", 1, 3), { explicitHashKey: hashKeyOf(1, 2) })
          const slow = yield* run({ drainTimeout: "10 minutes", handle: () => Effect.sleep("100 seconds") })
          yield* eventually("both", () => slow.of("LeaseAcquired").length === 2)
          const hasty = yield* run({ drainTimeout: "1 second" })
          yield* eventually("the withdrawal", () => hasty.of("HandoffUnanswered").length === 1, 90_000)
          yield* eventually(
            "all records",
            () => slow.handled.length + hasty.handled.length === 6,
            600_000,
            1_000
          )
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual([...slow.texts(), ...hasty.texts()].sort(), [
            ...numbered("a", 1, 3),
            ...numbered("b", 1, 3)
          ])
          assert.strictEqual(slow.of("LeaseLost").length + hasty.of("LeaseLost").length, 0)
          yield* stop(slow)
          yield* stop(hasty)
        }))
  )
})
