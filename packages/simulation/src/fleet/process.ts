import type { VirtualClock } from "@effect-kinesis/local/VirtualTime"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Random } from "../random.js"

export interface Options {
  /** The time of the world. */
  readonly base: VirtualClock
  /** How far the process's wall clock is ahead. */
  readonly wallMillis: number
  /** What its monotonic clock shows at the start. */
  readonly uptimeMillis: number
  /**
   * The order in which everything continues that became due while the process did not run; without it, in the order of
   * time.
   */
  readonly order: Random | undefined
}

/**
 * A process that can be killed and paused. What it waits for, the end of a sleep and the answer of a call, reaches it
 * only while it runs: a dead process is never reached again, so its fibers stay where they are and none of their
 * finalizers runs; a paused one gets everything at once when it continues.
 */
export interface Process {
  readonly clock: Clock.Clock
  readonly isDead: () => boolean
  readonly isPaused: () => boolean
  /** Makes a call to another machine: it goes its way there whatever happens to this process, or to the fiber that made it. */
  readonly call: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Runs it, unless the process is dead: then it never runs. */
  readonly act: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly kill: Effect.Effect<void>
  /** Nothing reaches it for this long. The monotonic clock of a sleeping machine stops. */
  readonly pause: (millis: number, isAsleep: boolean) => Effect.Effect<void>
  /** Sets the wall clock forward, or back. */
  readonly stepWall: (millis: number) => void
  /** Releases all fibers of a dead process, so that they can be garbage-collected. */
  readonly bury: Effect.Effect<void>
}

/** The internal state of a process. */
interface State {
  readonly base: VirtualClock
  readonly order: Random | undefined
  /** By the base clock, in milliseconds. */
  readonly startedAt: number
  readonly uptimeMillis: number
  phase: "running" | "paused" | "dead" | "buried"
  /** By how much its wall clock is ahead of the base clock. */
  aheadMillis: number
  /** For how long its machine has slept, while its monotonic clock stood still. */
  sleptMillis: number
  /** What became due while it was paused. */
  due: Array<() => void>
  /** The callbacks that end each wait. */
  readonly endings: Set<() => void>
}

export const make = ({ base, order, uptimeMillis, wallMillis }: Options): Process => {
  const self: State = {
    base,
    order,
    startedAt: base.unsafeCurrentTimeMillis(),
    uptimeMillis,
    phase: "running",
    aheadMillis: wallMillis,
    sleptMillis: 0,
    due: [],
    endings: new Set()
  }
  return {
    clock: clockOf(self),
    isDead: () => isDead(self),
    isPaused: () => self.phase === "paused",
    call: (call) => Effect.suspend(() => isDead(self) ? forEver(self) : hearing(self, call)),
    act: (effect) => Effect.suspend(() => isDead(self) ? forEver(self) : effect),
    kill: Effect.sync(() => {
      self.phase = "dead"
      self.due = []
    }),
    pause: (millis, isAsleep) => pause(self, millis, isAsleep),
    stepWall: (millis) => {
      self.aheadMillis += millis
    },
    bury: Effect.sync(() => {
      self.phase = "buried"
      for (const end of self.endings) end()
    })
  }
}

const isDead = ({ phase }: State): boolean => phase === "dead" || phase === "buried"

/** Goes on now, after the pause, or never. */
const reach = ({ due, phase }: State, goOn: () => void): void => {
  if (phase === "running") goOn()
  else if (phase === "paused") due.push(goOn)
}

/**
 * Waits until `wait` resumes it with an effect; the function that `wait` returns is called when nobody waits any more.
 */
const waiting = <A, E>(
  self: State,
  wait: (goOn: (next: Effect.Effect<A, E>) => void) => () => void
): Effect.Effect<A, E> =>
  Effect.async<A, E>((resume) => {
    if (self.phase === "buried") return resume(Effect.interrupt)
    const end = () => resume(Effect.interrupt)
    self.endings.add(end)
    const stop = wait((next) => {
      self.endings.delete(end)
      resume(next)
    })
    return Effect.sync(() => {
      self.endings.delete(end)
      stop()
    })
  })

const forEver = (self: State): Effect.Effect<never> => waiting<never, never>(self, () => () => undefined)

/** The call goes on outside; its answer is delivered when the process can be reached. */
const hearing = <A, E, R>(self: State, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.forkDaemon(Effect.withClock(call, self.base)), (fiber) =>
    waiting<A, E>(self, (goOn) => {
      const hear = (exit: Exit.Exit<A, E>) => reach(self, () => goOn(exit))
      fiber.addObserver(hear)
      return () => fiber.removeObserver(hear)
    }))

const wall = ({ aheadMillis, base }: State): number => base.unsafeCurrentTimeMillis() + aheadMillis

const monotonic = ({ base, sleptMillis, startedAt, uptimeMillis }: State): number =>
  base.unsafeCurrentTimeMillis() - startedAt - sleptMillis + uptimeMillis

const clockOf = (self: State): Clock.Clock => ({
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => wall(self),
  unsafeCurrentTimeNanos: () => BigInt(monotonic(self)) * 1_000_000n,
  currentTimeMillis: Effect.sync(() => wall(self)),
  currentTimeNanos: Effect.sync(() => BigInt(monotonic(self)) * 1_000_000n),
  sleep: (duration) =>
    waiting(self, (goOn) => {
      const end = monotonic(self) + Math.ceil(Duration.toMillis(duration))
      const sleep = () => self.base.unsafeSchedule(Math.max(0, end - monotonic(self)), () => reach(self, wake))
      const wake = () => {
        if (monotonic(self) >= end) goOn(Effect.void)
        else cancel = sleep()
      }
      let cancel = sleep()
      return () => cancel()
    })
})

const pause = (self: State, millis: number, isAsleep: boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (self.phase !== "running") return Effect.void
    self.phase = "paused"
    return Effect.zipRight(Effect.sleep(millis), Effect.sync(() => wake(self, isAsleep ? millis : 0)))
  })

/** Everything that became due meanwhile happens in a random order. */
const wake = (self: State, sleptMillis: number): void => {
  if (self.phase !== "paused") return
  self.phase = "running"
  self.sleptMillis += sleptMillis
  const all = self.due
  self.due = []
  while (all.length > 0) all.splice(self.order === undefined ? 0 : self.order.int(0, all.length - 1), 1)[0]!()
}
