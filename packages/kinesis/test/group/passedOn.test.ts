import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { application, eventually, run, stop, withGroup } from "../support/groups.js"

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
})
