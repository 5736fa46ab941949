import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber } from "effect"
import * as Process from "../../src/fleet/process.js"

/** Runs a program in a world with one process, whose wall clock is 5 seconds ahead. */
const inWorld = <A>(test: (process: Process.Process, base: VirtualTime.VirtualClock) => Effect.Effect<A>): A => {
  const program = Effect.flatMap(
    VirtualTime.clock,
    (base) => test(Process.make({ base, order: undefined, uptimeMillis: 1_000, wallMillis: 5_000 }), base)
  )
  const exit = VirtualTime.runSyncExit(program, { start: 1_000_000 })
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

/** Notes the time of the world as the process goes on, every second and after a call. */
const ticking = (process: Process.Process, base: VirtualTime.VirtualClock, times: Array<number>) =>
  Effect.forkDaemon(Effect.withClock(
    Effect.forever(Effect.zipRight(
      Effect.sleep(1_000),
      process.act(Effect.sync(() => times.push(base.unsafeCurrentTimeMillis() - 1_000_000)))
    )),
    process.clock
  ))

describe("processes", () => {
  it("have clocks of their own", () => {
    const seen = inWorld((process) =>
      Effect.gen(function*() {
        process.stepWall(-7_000)
        yield* Effect.sleep(100)
        return yield* Effect.withClock(Effect.all([Clock.currentTimeMillis, Clock.currentTimeNanos]), process.clock)
      })
    )
    assert.deepStrictEqual(seen, [998_100, 1_100_000_000n])
  })

  it("hear of nothing while they are paused, and of everything that was due at once after it", () => {
    const times: Array<number> = []
    inWorld((process, base) =>
      Effect.gen(function*() {
        yield* ticking(process, base, times)
        yield* Effect.sleep(1_500)
        yield* process.pause(3_000, false)
        yield* Effect.sleep(2_000)
        return yield* process.kill
      })
    )
    assert.deepStrictEqual(times, [1_000, 4_500, 5_500, 6_500].slice(0, times.length))
    assert.isAtLeast(times.length, 3)
  })

  it("of a machine that sleeps have a monotonic clock that stands still", () => {
    const times: Array<number> = []
    inWorld((process, base) =>
      Effect.gen(function*() {
        yield* ticking(process, base, times)
        yield* Effect.sleep(1_500)
        yield* process.pause(3_000, true)
        yield* Effect.sleep(2_000)
        return yield* process.kill
      })
    )
    assert.deepStrictEqual(times, [1_000, 5_000, 6_000])
  })

  it("that are dead do nothing any more, and run no finalizer", () => {
    const times: Array<number> = []
    let isFinalized = false
    inWorld((process, base) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkDaemon(Effect.withClock(
          Effect.ensuring(Effect.sleep(2_000), process.act(Effect.sync(() => (isFinalized = true)))),
          process.clock
        ))
        yield* ticking(process, base, times)
        yield* Effect.sleep(1_500)
        yield* process.kill
        yield* Effect.sleep(5_000)
        yield* Fiber.interruptFork(fiber)
        yield* Effect.sleep(5_000)
      })
    )
    assert.deepStrictEqual(times, [1_000])
    assert.isFalse(isFinalized)
  })

  it("make calls that take effect whatever becomes of the caller, whose answers wait for it", () => {
    const effects: Array<number> = []
    const answers: Array<number> = []
    inWorld((process, base) =>
      Effect.gen(function*() {
        const call = (id: number) =>
          Effect.forkDaemon(Effect.map(
            process.call(Effect.delay(Effect.sync(() => void effects.push(id)), 1_000)),
            () => void answers.push(base.unsafeCurrentTimeMillis() - 1_000_000)
          ))
        const given = yield* call(1)
        yield* Effect.sleep(10)
        yield* Fiber.interruptFork(given)
        yield* call(2)
        yield* Effect.sleep(10)
        yield* process.pause(2_000, false)
        yield* call(3)
        yield* Effect.sleep(10)
        yield* process.kill
        yield* call(4)
        yield* Effect.sleep(5_000)
      })
    )
    assert.deepStrictEqual(effects, [1, 2, 3])
    assert.deepStrictEqual(answers, [2_020])
  })
})
