import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Clock, Deferred, Duration, Effect, Exit, Fiber, Stream, TestClock } from "effect"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
import { readFile } from "node:fs/promises"
import * as LocalKinesis from "../src/LocalKinesis.js"
import * as VirtualTime from "../src/VirtualTime.js"

const valueOf = <A, E>(exit: Exit.Exit<A, E>): A => {
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

const failureOf = <E>(exit: Exit.Exit<unknown, E>): E => {
  if (Exit.isSuccess(exit)) throw new Error("it succeeded")
  return Chunk.unsafeHead(Cause.failures(exit.cause))
}

const runSync = <A>(program: Effect.Effect<A>, options?: VirtualTime.Options): A =>
  valueOf(VirtualTime.runSyncExit(program, options))

/** Three fibers that wake at the same instants, in the order in which they go on. */
const race = Effect.gen(function*() {
  const order: Array<string> = []
  const fibers = yield* Effect.forEach(
    ["a", "b", "c"],
    (name) => Effect.fork(Effect.repeatN(Effect.delay(Effect.sync(() => void order.push(name)), 10), 4))
  )
  yield* Fiber.joinAll(fibers)
  return order.join("")
})

const month = Duration.toMillis("30 days")

const aMonth = Effect.gen(function*() {
  const clock = yield* VirtualTime.clock
  const before = clock.unsafeCurrentTimeNanos()
  const fast = yield* Effect.fork(Effect.as(Effect.sleep("1 hour"), "fast"))
  yield* Effect.sleep("30 days")
  return [
    yield* Fiber.join(fast),
    yield* Clock.currentTimeMillis,
    Number(clock.unsafeCurrentTimeNanos() - before) / 1e6,
    clock.unsafeWakeUps()
  ]
})

const nothingMore = Effect.asVoid(Effect.never)

describe("virtual time", () => {
  it("moves from sleeper to sleeper, on both clocks, without waiting", () => {
    assert.deepStrictEqual(runSync(aMonth), ["fast", month, month, 2])
    assert.deepStrictEqual(runSync(aMonth, { start: 1_000_000 }), ["fast", 1_000_000 + month, month, 2])
    const start = new Date("2026-03-01T00:00:00Z")
    assert.deepStrictEqual(runSync(aMonth, { start })[1], start.getTime() + month)
  })

  it.effect("is an effect, too, beside TestClock", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* VirtualTime.run(aMonth), ["fast", month, month, 2])
      assert.strictEqual(yield* Clock.currentTimeMillis, 60_000)
    }))

  it.effect("does what TestClock does, when a test adjusts it", () => {
    const test = Effect.gen(function*() {
      const log: Array<string> = []
      const note = (what: string) => Effect.map(Clock.currentTimeMillis, (now) => void log.push(`${what} ${now}`))
      yield* Effect.fork(Effect.repeatN(Effect.zipRight(Effect.sleep("1 second"), note("tick")), 5))
      yield* TestClock.adjust("2 seconds")
      yield* note("adjusted")
      yield* Effect.fork(Effect.zipRight(Effect.sleep("500 millis"), Effect.zipRight(Effect.sleep(0), note("late"))))
      yield* TestClock.adjust("500 millis")
      yield* note("adjusted")
      yield* TestClock.adjust("500 millis")
      yield* TestClock.adjust(0)
      yield* note("adjusted")
      yield* TestClock.setTime(4_500)
      yield* note("set")
      const restore = yield* TestClock.save()
      const sleeps = yield* TestClock.sleeps()
      yield* TestClock.adjustWith(note("beside"), "1 second")
      yield* restore
      yield* note("restored")
      yield* TestClock.setTime(100)
      yield* note("set back")
      return [log, Chunk.toReadonlyArray(sleeps)]
    })
    return Effect.gen(function*() {
      const expected = yield* test
      assert.deepStrictEqual(yield* VirtualTime.run(test), expected)
    })
  })

  it("wakes an interrupted sleeper no more", () => {
    const [timedOut, wakeUps] = runSync(Effect.gen(function*() {
      const result = yield* Effect.timeoutOption(Effect.sleep("1 hour"), "1 second")
      yield* Effect.sleep("2 hours")
      return [result._tag, (yield* VirtualTime.clock).unsafeWakeUps()]
    }))
    assert.deepStrictEqual([timedOut, wakeUps], ["None", 2])
  })

  it("keeps the order of fibers, or draws it anew for each seed", () => {
    assert.strictEqual(runSync(race), "abc".repeat(5))
    assert.strictEqual(runSync(race, { shuffle: 7 }), runSync(race, { shuffle: 7 }))
    const orders = Array.from({ length: 20 }, (_, seed) => runSync(race, { shuffle: seed }))
    assert.isAbove(new Set(orders).size, 10)
    assert.strictEqual(runSync(race, { shuffle: (most) => most }), "abc".repeat(5), "a shuffle that moves nothing")
    assert.strictEqual(runSync(race, { shuffle: () => 0 }).length, 15)
  })

  it("draws the order of fibers that did not sleep, and of those that wake at one instant", () => {
    const names = ["a", "b", "c", "d"]
    const forked = Effect.gen(function*() {
      const order: Array<string> = []
      yield* Effect.forEach(names, (name) => Effect.fork(Effect.sync(() => order.push(name))))
      yield* Effect.sleep(1)
      return order.join("")
    })
    const woken = Effect.gen(function*() {
      const order: Array<string> = []
      const clock = yield* VirtualTime.clock
      for (const name of names) clock.unsafeSchedule(1, () => void order.push(name))
      yield* Effect.sleep(2)
      return order.join("")
    })
    for (const program of [forked, woken]) {
      assert.strictEqual(runSync(program), "abcd")
      const orders = Array.from({ length: 50 }, (_, seed) => runSync(program, { shuffle: seed }))
      assert.isAbove(new Set(orders).size, 10)
    }
  })

  it("yields after so many steps", () => {
    const turns = (stepsBeforeYield: number) =>
      runSync(
        Effect.gen(function*() {
          let isOver = false
          let steps = 0
          yield* Effect.fork(Effect.sync(() => void (isOver = true)))
          yield* Effect.iterate(0, { while: () => !isOver && steps < 5_000, body: () => Effect.sync(() => ++steps) })
          return steps
        }),
        { stepsBeforeYield }
      )
    assert.isBelow(turns(10), 20)
    assert.isAbove(turns(4_000), 1_000)
  })

  it("tells a program that waits for nothing from one that does not come to an end", () => {
    const ofNever = failureOf(VirtualTime.runSyncExit(Effect.zipRight(Effect.sleep("1 hour"), nothingMore)))
    assert.deepInclude(ofNever, { _tag: "Stuck", elapsedMillis: 3_600_000 })
    assert.include(ofNever.message, "at 1970-01-01T01:00:00.000Z every fiber waits")
    assert.strictEqual(failureOf(VirtualTime.runSyncExit(Effect.sleep(Infinity)))._tag, "Stuck")
    const ticking = failureOf(VirtualTime.runSyncExit(Effect.forever(Effect.sleep(1)), { maxWakeUps: 1_000 }))
    assert.deepInclude(ticking, { _tag: "Endless", elapsedMillis: 1_000 })
    assert.include(ticking.message, "time has moved 1000 times, and the program has not ended")
    const spinning = failureOf(VirtualTime.runSyncExit(Effect.forever(Effect.yieldNow())))
    assert.strictEqual(spinning._tag, "Endless")
    assert.include(spinning.message, "fibers take turns on and on")
    assert.strictEqual(runSync(Effect.sleep(1), { maxWakeUps: 1 }), undefined)
  })

  it.live("the effect fails with them, too, and with what the program fails with", () =>
    Effect.gen(function*() {
      const stuck = yield* Effect.flip(VirtualTime.run(nothingMore))
      assert.strictEqual(stuck._tag, "Stuck")
      assert.include(stuck.message, "VirtualTime.live")
      const endless = VirtualTime.run(Effect.forever(Effect.sleep(1)), { maxWakeUps: 10 })
      assert.strictEqual((yield* Effect.flip(endless))._tag, "Endless")
      assert.strictEqual(yield* Effect.flip(VirtualTime.run(Effect.fail("broken"))), "broken")
      const died = yield* Effect.exit(VirtualTime.run(Effect.die("broken")))
      assert.deepStrictEqual(died, Exit.die("broken"))
    }))

  it.live("waits for promises that resolve at once, and for what is live, before time moves", () =>
    Effect.gen(function*() {
      const immediate = Effect.promise(async () => {
        for (let turn = 0; turn < 100; turn++) await Promise.resolve()
        return "resolved"
      })
      const file = new URL("../package.json", import.meta.url)
      const reading = VirtualTime.live(Effect.promise(() => readFile(file, "utf8")))
      const sleeping = VirtualTime.live(Effect.zipRight(Effect.sleep("30 millis"), Clock.currentTimeMillis))
      const program = Effect.gen(function*() {
        assert.strictEqual(yield* Effect.timeout(immediate, 1), "resolved")
        assert.include(yield* Effect.timeout(reading, 1), "\"@effect-kinesis/local\"")
        assert.isAbove(yield* Effect.timeout(sleeping, 1), Date.UTC(2020))
        assert.strictEqual(yield* Clock.currentTimeMillis, 0)
        yield* Effect.sleep("1 hour")
        return yield* Clock.currentTimeMillis
      })
      assert.strictEqual(yield* VirtualTime.run(program), 3_600_000)
      assert.include(yield* reading, "\"@effect-kinesis/local\"", "outside it changes nothing")
      assert.strictEqual(failureOf(VirtualTime.runSyncExit(reading))._tag, "Stuck")
    }))

  it.live("in virtual time another may run, and takes none of it", () =>
    Effect.gen(function*() {
      const outer = Effect.gen(function*() {
        yield* Effect.fork(Effect.sleep("1 minute"))
        const inner = yield* Effect.timeout(VirtualTime.run(aMonth), 1)
        return [inner[2], yield* Clock.currentTimeMillis]
      })
      assert.deepStrictEqual(yield* VirtualTime.run(outer), [month, 0])
    }))

  it("a program may do much at one instant", () => {
    assert.strictEqual(runSync(Effect.as(Effect.repeatN(Effect.yieldNow(), 100_000), "done")), "done")
  })

  it.live("interruption runs the program's finalizers, in virtual time", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const log: Array<string> = []
      const program = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.forever(Effect.sleep(1))).pipe(
        Effect.onInterrupt(() => Effect.delay(Effect.sync(() => log.push("finalized")), "1 hour"))
      )
      const running = yield* Effect.fork(VirtualTime.run(program))
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(log, ["finalized"])
    }))

  it.live("ends what a program leaves behind, and nothing else", () =>
    Effect.gen(function*() {
      let isInterrupted = false
      const daemon = Effect.onInterrupt(Effect.never, () => Effect.sync(() => isInterrupted = true))
      const fork = Effect.zipRight(Effect.forkDaemon(daemon), Effect.sleep(1))
      const running = yield* Effect.fork(VirtualTime.run(Effect.zipRight(Effect.sleep(1), fork)))
      const other = yield* Effect.forkDaemon(Effect.never)
      yield* Fiber.join(running)
      assert.isTrue(isInterrupted)
      assert.isNull(other.unsafePoll())
      yield* Fiber.interrupt(other)
      isInterrupted = false
      runSync(fork)
      assert.isTrue(isInterrupted)
    }))

  it.effect("refuses options that are wrong, and a clock where there is none", () =>
    Effect.gen(function*() {
      const dies = (options: object) =>
        Effect.map(Effect.exit(VirtualTime.run(Effect.void, options)), (exit) =>
          Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "it ran")
      assert.include(
        yield* dies({ start: new Date("never") }),
        "invalid start: must be a Date or a whole number of milliseconds"
      )
      assert.include(yield* dies({ shuffle: "7" }), "invalid shuffle: must be a whole number or a function, was \"7\"")
      assert.include(yield* dies({ maxWakeUps: 0 }), "invalid maxWakeUps: must be a whole number, at least 1, was 0")
      assert.include(yield* dies({ seed: 1 }), "invalid seed: is not an option")
      assert.throws(() =>
        VirtualTime.runSyncExit(Effect.void, { stepsBeforeYield: 0 }), "invalid stepsBeforeYield")
      const outside = yield* Effect.exit(VirtualTime.clock)
      assert.include(Cause.pretty(Exit.isFailure(outside) ? outside.cause : Cause.empty), "run it by VirtualTime.run")
    }))

  it.effect("a stream is read for an hour", () =>
    Effect.gen(function*() {
      const counting = KinesisStream.records({
        stream: "orders",
        from: "latest",
        idleInterval: "10 seconds",
        until: Until.elapsed("1 hour")
      })
      const program = Effect.gen(function*() {
        const client = yield* KinesisClient.KinesisClient
        const count = yield* Effect.fork(Stream.runCount(counting))
        yield* Effect.sleep("59 minutes")
        yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array([1]) })
        return yield* Fiber.join(count)
      }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders" }] })))
      assert.strictEqual(yield* VirtualTime.run(program, { shuffle: 1 }), 1)
    }))
})
