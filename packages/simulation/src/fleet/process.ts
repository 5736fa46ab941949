import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Random } from "../random.js"
import type { VirtualClock } from "../virtualTime.js"

export interface Options {
  /** The time of the world. */
  readonly base: VirtualClock
  /** How far the process's wall clock is ahead. */
  readonly wallMillis: number
  /** What its monotonic clock shows at the start. */
  readonly uptimeMillis: number
  /** The order in which everything goes on that became due while the process did not run; in the order of time without. */
  readonly order: Random | undefined
}

/**
 * A process that can be killed and paused. What it waits for, the end of a sleep and the answer of a call, reaches it
 * only while it runs: a dead process hears of nothing any more, so that its fibers stay where they are and nothing that
 * was to happen at their end does; a paused one hears of everything at once when it goes on.
 */
export interface Process {
  readonly clock: Clock.Clock
  readonly isDead: () => boolean
  readonly isPaused: () => boolean
  /** Makes a call to another machine: it goes its way there whatever happens to this process, or to the fiber that made it. */
  readonly call: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Does it, unless the process is dead: then it is never done. */
  readonly act: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly kill: Effect.Effect<void>
  /** For so long nothing reaches it. The monotonic clock of a sleeping machine stands still. */
  readonly pause: (millis: number, isAsleep: boolean) => Effect.Effect<void>
  /** Sets the wall clock forward, or back. */
  readonly stepWall: (millis: number) => void
  /** Lets go of all fibers of a dead process, so that they can be collected. */
  readonly bury: Effect.Effect<void>
}

export const make = ({ base, order, uptimeMillis, wallMillis }: Options): Process => {
  const startedAt = base.unsafeCurrentTimeMillis()
  let state: "running" | "paused" | "dead" | "buried" = "running"
  let aheadMillis = wallMillis
  let sleptMillis = 0
  /** What became due while the process was paused. */
  let due: Array<() => void> = []
  /** What ends each wait, whatever it waits for. */
  const endings = new Set<() => void>()

  const reach = (goOn: () => void): void => {
    if (state === "running") goOn()
    else if (state === "paused") due.push(goOn)
  }
  const wall = (): number => base.unsafeCurrentTimeMillis() + aheadMillis
  const monotonic = (): number => base.unsafeCurrentTimeMillis() - startedAt - sleptMillis + uptimeMillis

  /** Waits until `wait` lets it go on with an effect; what it gives is called when nobody waits any more. */
  const waiting = <A, E>(wait: (goOn: (next: Effect.Effect<A, E>) => void) => () => void): Effect.Effect<A, E> =>
    Effect.async<A, E>((resume) => {
      if (state === "buried") return resume(Effect.interrupt)
      const end = () => resume(Effect.interrupt)
      endings.add(end)
      const stop = wait((next) => {
        endings.delete(end)
        resume(next)
      })
      return Effect.sync(() => {
        endings.delete(end)
        stop()
      })
    })

  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: wall,
    unsafeCurrentTimeNanos: () => BigInt(monotonic()) * 1_000_000n,
    currentTimeMillis: Effect.sync(wall),
    currentTimeNanos: Effect.sync(() => BigInt(monotonic()) * 1_000_000n),
    sleep: (duration) =>
      waiting((goOn) => {
        const end = monotonic() + Math.ceil(Duration.toMillis(duration))
        const sleep = () => base.schedule(Math.max(0, end - monotonic()), () => reach(wake))
        const wake = () => {
          if (monotonic() >= end) goOn(Effect.void)
          else cancel = sleep()
        }
        let cancel = sleep()
        return () => cancel()
      })
  }

  return {
    clock,
    isDead: () => state === "dead" || state === "buried",
    isPaused: () => state === "paused",
    call: (call) =>
      Effect.suspend(() => {
        if (state === "dead" || state === "buried") return waiting<never, never>(() => () => undefined)
        return Effect.flatMap(Effect.forkDaemon(Effect.withClock(call, base)), (fiber) =>
          waiting((goOn) => {
            const hear = (exit: Exit.Exit<any, any>) => reach(() => goOn(exit))
            fiber.addObserver(hear)
            return () => fiber.removeObserver(hear)
          }))
      }),
    act: (effect) =>
      Effect.suspend(() =>
        state === "dead" || state === "buried" ? waiting<never, never>(() => () => undefined) : effect
      ),
    kill: Effect.sync(() => {
      state = "dead"
      due = []
    }),
    pause: (millis, isAsleep) =>
      Effect.suspend(() => {
        if (state !== "running") return Effect.void
        state = "paused"
        return Effect.zipRight(
          Effect.sleep(millis),
          Effect.sync(() => {
            if (state !== "paused") return
            state = "running"
            if (isAsleep) sleptMillis += millis
            const all = due
            due = []
            while (all.length > 0) all.splice(order === undefined ? 0 : order.int(0, all.length - 1), 1)[0]!()
          })
        )
      }),
    stepWall: (millis) => {
      aheadMillis += millis
    },
    bury: Effect.sync(() => {
      state = "buried"
      for (const end of endings) end()
    })
  }
}
