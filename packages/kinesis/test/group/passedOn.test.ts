import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { application, eventually, run, stop, withGroup } from "../support/groups.js"
import { put } from "../support/reading.js"

describe("leases that are passed on", () => {
  it.effect("a worker that joins does not ask for what another was given and has not found yet", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 6 }] }, (world) =>
      Effect.gen(function*() {
        const slow = { discoveryInterval: "2 seconds", balanceInterval: "3 seconds" } as const
        const one = yield* run(slow)
        yield* eventually("all leases", () => one.of("LeaseAcquired").length === 6)
        const two = yield* run(slow)
        yield* eventually("the leases are given", () => one.of("LeaseReleased").length === 3, 20_000, 50)
        const three = yield* run(slow)
        yield* eventually("two each", () =>
          Effect.map(world.leases.leases(application), (all) => {
            const owners = all.map(({ checkpointOwner, leaseOwner }) => checkpointOwner === undefined ? leaseOwner : "")
            return new Set(owners).size === 3 &&
              owners.every((owner) => owners.filter((each) => each === owner).length === 2)
          }))
        yield* TestClock.adjust("15 seconds")
        const reasons = [two, three].flatMap((worker) => worker.of("LeaseAcquired").map(({ because }) => because))
        assert.isFalse(reasons.includes("expired"), String(reasons))
        for (const worker of [one, two, three]) yield* stop(worker)
      })))

  it.effect("a lease that was asked for after the last renewal is told to go to whom it goes", () =>
    withGroup({ streams: [{ name: "orders" }] }, (world) =>
      Effect.gen(function*() {
        const worker = yield* run({ handle: () => Effect.fail("no") })
        yield* eventually("the lease", () => worker.of("LeaseAcquired").length === 1)
        const leases = yield* world.store.open(application)
        yield* put(world.client, ["a1"])
        yield* leases.requestHandoff((yield* leases.list)[0]!, "cid")
        yield* eventually("the failure", () => worker.fiber.unsafePoll() !== null, 2_000, 50)
        assert.strictEqual((yield* Effect.exit(Fiber.join(worker.fiber)))._tag, "Failure")
        assert.deepStrictEqual(worker.of("LeaseReleased").map(({ successor }) => successor), ["cid"])
        assert.strictEqual((yield* leases.list)[0]!.leaseOwner, "cid")
      })))
})
