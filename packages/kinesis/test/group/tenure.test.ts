import { LocalLeaseStore } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, TestClock } from "effect"
import { type KinesisEvent, type LeaseStore, Position } from "effect-kinesis"
import * as Clocks from "../../src/internal/group/clocks.js"
import * as Tenure from "../../src/internal/group/tenure.js"
import * as Progress from "../../src/internal/lease/progress.js"
import { shard0 } from "../support/reading.js"

const timing = { leaseMillis: 10_000, renewMillis: 3_333, marginMillis: 1_000, checkpointMillis: 3_333 }

/** A lease that `ann` holds, with a machine of hers that can sleep. */
const setup = Effect.gen(function*() {
  const { local, store } = yield* LocalLeaseStore.make()
  const leases = yield* store.open("billing")
  const lease = { leaseKey: shard0, shardId: shard0, streamIdentifier: undefined }
  yield* leases.create({ ...lease, checkpoint: Position.trimHorizon, parentShardIds: [], hashKeyRange: undefined })
  const real = yield* Clocks.clocks
  const slept = { monotonic: 0, wall: 0 }
  const now = () => ({ monotonic: real.now().monotonic + slept.monotonic, wall: real.now().wall + slept.wall })
  const clocks: Clocks.Clocks = {
    now,
    since: (moment) => Math.max(now().monotonic - moment.monotonic, now().wall - moment.wall)
  }
  const claim = (worker: string) =>
    Effect.gen(function*() {
      const [seen] = yield* leases.list
      return Option.getOrThrow(yield* leases.claim(seen!, worker))
    })
  const events: Array<KinesisEvent.KinesisEvent> = []
  const progress = Progress.make()
  const tenure = yield* Tenure.make({
    leases,
    clocks,
    emit: (event) => Effect.sync(() => void events.push(event)),
    settings: timing,
    worker: "ann",
    claimed: yield* claim("ann"),
    claimedAt: now(),
    progress
  })
  const acknowledge = (sequenceNumber: string) => {
    progress.before = Position.afterSequenceNumber(sequenceNumber)
  }
  const row = Effect.map(local.leases("billing"), ([found]) => found as LeaseStore.Lease)
  return { local, leases, tenure, slept, claim, events, acknowledge, row }
})

describe("a tenure", () => {
  for (const clock of ["wall", "monotonic"] as const) {
    it.effect(`B51 after a pause that the ${clock} clock shows nothing is handed on before the lease is verified`, () =>
      Effect.gen(function*() {
        const { row, slept, tenure } = yield* setup
        yield* Effect.fork(tenure.keep)
        yield* TestClock.adjust("1 second")
        slept[clock] += 20_000
        assert.isFalse(tenure.isValid())
        const waiting = yield* Effect.fork(tenure.whenValid)
        yield* TestClock.adjust(0)
        assert.isNull(waiting.unsafePoll())
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(waiting)
        assert.isTrue(tenure.isValid())
        assert.strictEqual((yield* row).leaseOwner, "ann")
      }))
  }

  it.effect("B51 a pause in which another took the lease ends the tenure; what it then writes is refused", () =>
    Effect.gen(function*() {
      const { acknowledge, claim, events, row, slept, tenure } = yield* setup
      yield* Effect.fork(tenure.keep)
      yield* TestClock.adjust("1 second")
      yield* claim("bob")
      slept.monotonic += 20_000
      acknowledge("900")
      const waiting = yield* Effect.fork(Effect.flip(tenure.whenValid))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "LeaseLost")
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["LeaseLost"])
      assert.strictEqual((yield* Effect.flip(tenure.flush))._tag, "LeaseLost")
      assert.strictEqual((yield* Effect.flip(tenure.finish([])))._tag, "LeaseLost")
      assert.strictEqual((yield* row).checkpoint?._tag, "TrimHorizon")
    }))

  it.effect("B49 renewals that are not answered end it a margin before others may take the lease", () =>
    Effect.gen(function*() {
      const { events, local, tenure } = yield* setup
      yield* local.hang({ times: 100 })
      yield* Effect.fork(tenure.keep)
      yield* TestClock.adjust("8990 millis")
      assert.isTrue(tenure.isValid())
      yield* TestClock.adjust("20 millis")
      assert.isFalse(tenure.isValid())
      assert.strictEqual(events.at(-1)?._tag, "LeaseLost")
    }))

  it.effect("B49 a renewal whose answer was lost counts from when it was first sent", () =>
    Effect.gen(function*() {
      const { events, local, tenure } = yield* setup
      yield* local.loseAnswer({ operation: "renew" })
      yield* local.hang({ operation: "renew" })
      yield* Effect.fork(tenure.keep)
      yield* TestClock.adjust("5 seconds")
      yield* local.delay({ duration: "1 second" })
      yield* TestClock.adjust("2500 millis")
      yield* local.hang({ times: 100 })
      yield* TestClock.adjust("4500 millis")
      assert.isFalse(events.some(({ _tag }) => _tag === "LeaseLost"))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(events.at(-1)?._tag, "LeaseLost")
      const outcomes = (yield* local.calls).filter(({ operation }) => operation === "renew").map(({ outcome }) =>
        outcome
      )
      assert.deepStrictEqual(outcomes.slice(0, 4), ["Unavailable", "pending", "ok", "pending"])
    }))

  it.effect("B46 lost answers and refusals one after the other lose no lease and no checkpoint", () =>
    Effect.gen(function*() {
      const { acknowledge, events, local, row, tenure } = yield* setup
      yield* Effect.fork(tenure.keep)
      for (let number = 1; number <= 20; number++) {
        acknowledge(String(number))
        yield* local.loseAnswer({ operation: number % 2 === 0 ? "checkpoint" : "renew", times: number % 3 })
        yield* local.throttle({ times: number % 2 })
        yield* TestClock.adjust("4 seconds")
      }
      yield* local.clearFaults
      yield* tenure.flush
      assert.isFalse(events.some(({ _tag }) => _tag === "LeaseLost"))
      assert.deepStrictEqual((yield* row).checkpoint, Position.afterSequenceNumber("20"))
    }))

  it.effect("B51 what is to run while the lease is held waits for a renewal after a pause, and never runs once it is lost", () =>
    Effect.gen(function*() {
      const { claim, slept, tenure } = yield* setup
      yield* Effect.fork(tenure.keep)
      yield* TestClock.adjust("1 second")
      const start = Effect.fork(Tenure.whileHeld(tenure, Effect.succeed("held"), Effect.succeed("lost")))
      slept.monotonic += 20_000
      const held = yield* start
      yield* TestClock.adjust(0)
      assert.isNull(held.unsafePoll())
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Fiber.join(held), "held")
      yield* claim("bob")
      slept.monotonic += 20_000
      const lost = yield* start
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* Fiber.join(lost), "lost")
    }))

  it.effect("B46 a checkpoint that failed, or whose answer was lost, does not count as stored; flush ends when it is", () =>
    Effect.gen(function*() {
      const { acknowledge, events, local, row, tenure } = yield* setup
      for (const [number, spoil] of ([["1", local.throttle], ["2", local.hang], ["3", local.loseAnswer]] as const)) {
        const before = tenure.stored()
        yield* spoil({ operation: "checkpoint" })
        acknowledge(number)
        const flushing = yield* Effect.fork(tenure.flush)
        yield* TestClock.adjust(0)
        assert.isNull(flushing.unsafePoll(), number)
        assert.deepStrictEqual(tenure.stored(), before, number)
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(flushing)
        assert.deepStrictEqual(tenure.stored(), Position.afterSequenceNumber(number))
        assert.deepStrictEqual((yield* row).checkpoint, Position.afterSequenceNumber(number))
      }
      const told = events.flatMap((event) => event._tag === "CheckpointStored" ? [event.position] : [])
      assert.deepStrictEqual(told, ["1", "2", "3"].map((number) => Position.afterSequenceNumber(number)))
      assert.isFalse(events.some(({ _tag }) => _tag === "LeaseLost"))
    }))

  it.effect("B46 checkpoints that failed do not count as renewals either", () =>
    Effect.gen(function*() {
      const { acknowledge, events, local, tenure } = yield* setup
      yield* local.throttle({ times: 1_000 })
      acknowledge("1")
      yield* Effect.fork(tenure.keep)
      yield* TestClock.adjust("8990 millis")
      assert.isTrue(tenure.isValid())
      yield* TestClock.adjust("20 millis")
      assert.isFalse(tenure.isValid())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(events.at(-1)?._tag, "LeaseLost")
    }))

  it.effect("a checkpoint and a renewal at once are one after the other", () =>
    Effect.gen(function*() {
      const { acknowledge, events, local, tenure } = yield* setup
      yield* local.delay({ duration: "1 second", times: 100 })
      yield* Effect.fork(tenure.keep)
      for (let number = 1; number <= 8; number++) {
        acknowledge(String(number))
        yield* Effect.fork(tenure.flush)
        tenure.nudge()
        yield* TestClock.adjust("1500 millis")
      }
      yield* TestClock.adjust("5 seconds")
      assert.isFalse(events.some(({ _tag }) => _tag === "LeaseLost" || _tag === "LeaseStoreFailed"))
    }))

  it.effect("a hand-off that was asked for is noticed with the next write", () =>
    Effect.gen(function*() {
      const { acknowledge, leases, row, tenure } = yield* setup
      yield* Effect.fork(tenure.keep)
      const noticed = yield* Effect.fork(tenure.handoffRequested)
      yield* leases.requestHandoff((yield* leases.list)[0]!, "bob")
      yield* TestClock.adjust("3400 millis")
      yield* Fiber.join(noticed)
      assert.strictEqual((yield* tenure.release("cid")).leaseOwner, "bob")
      const { checkpointOwner, leaseOwner } = yield* row
      assert.deepStrictEqual([leaseOwner, checkpointOwner], ["bob", undefined])
      acknowledge("1")
      assert.strictEqual((yield* Effect.flip(tenure.flush))._tag, "LeaseLost")
    }))
})
