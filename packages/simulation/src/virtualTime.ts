import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import type { Random } from "./random.js"

/** Virtual time as programs see it. It is on one clock, from which others can be made. */
export interface VirtualClock extends Clock.Clock {
  /** Calls back after this many milliseconds, unless the function that it returns is called first. */
  readonly schedule: (millis: number, wake: () => void) => () => void
}

/** The clock of {@link run}, in a program that has no other. */
export const clock: Effect.Effect<VirtualClock> = Effect.map(Effect.clock, (clock) => clock as VirtualClock)

/** How fibers take turns. */
export interface Interleaving {
  /**
   * The next of the fibers that can go on, and of those that wake at one instant, is drawn; otherwise the first that
   * could.
   */
  readonly shuffled: boolean
  /** After this many steps a fiber yields to others. Effect's own number is 2048. */
  readonly stepsBeforeYield: number
}

export interface Options {
  /** What the clock says at the start, in milliseconds since the epoch. Its monotonic time starts at 0. */
  readonly epoch: number
  readonly interleaving: Interleaving
  readonly random: Random
  /** How often time may move at most. */
  readonly maxWakeUps: number
}

/**
 * How a program ended in virtual time: by itself, or with every fiber waiting for something that can never happen, or
 * after too many wake-ups.
 */
export type Outcome<A, E> =
  | { readonly _tag: "Done"; readonly exit: Exit.Exit<A, E>; readonly wakeUps: number }
  | { readonly _tag: "Stuck"; readonly wakeUps: number }
  | { readonly _tag: "Endless"; readonly wakeUps: number }

/** Why a program did not end well, if so. */
export const unfinished = (outcome: Outcome<unknown, unknown>): string | undefined => {
  switch (outcome._tag) {
    case "Stuck":
      return "every fiber waits for something that will never happen"
    case "Endless":
      return `no end after time moved ${outcome.wakeUps} times`
    case "Done":
      return Exit.isFailure(outcome.exit) ? `the simulation failed: ${Cause.pretty(outcome.exit.cause)}` : undefined
  }
}

/** How often fibers may take turns at one instant at most. */
const maxTurns = 20_000

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/** The sleepers in the order in which they are due, those of one instant in the order in which they went to sleep. */
const makeSleepers = () => {
  const sleepers: Array<Sleeper> = []
  return {
    add: (sleeper: Sleeper): void => {
      sleepers.splice(sleepers.findLastIndex(({ due }) => due <= sleeper.due) + 1, 0, sleeper)
    },
    remove: (sleeper: Sleeper): void => {
      const index = sleepers.indexOf(sleeper)
      if (index >= 0) sleepers.splice(index, 1)
    },
    /** All that are due first. */
    takeFirst: (): ReadonlyArray<Sleeper> => {
      let count = 0
      while (count < sleepers.length && sleepers[count]!.due === sleepers[0]!.due) count++
      return sleepers.splice(0, count)
    }
  }
}

const shuffle = <A>(values: Array<A>, random: Random): void => {
  for (let last = values.length - 1; last > 0; last--) {
    const other = random.int(0, last)
    const kept = values[last]!
    values[last] = values[other]!
    values[other] = kept
  }
}

/**
 * Ends the fibers that a program has left behind: a fiber that waits forever keeps the process and everything it
 * references alive.
 */
const endDaemonsOf = (program: Fiber.RuntimeFiber<any, any>): void => {
  for (const root of Effect.runSync(Fiber.roots)) {
    if (root.id().id >= program.id().id) root.unsafeInterruptAsFork(program.id())
  }
}

/**
 * Runs a program in virtual time, synchronously, from its start to its end.
 *
 * Its fibers run on a scheduler of ours, and its clock moves to the next sleeper as soon as no fiber can go on: no
 * timer, no promise and no guess whether the fibers are done for now, so that a seed decides also which fiber goes
 * first. `TestClock` inspects all fibers twice, a macrotask apart, before it wakes the next sleeper: reading 1,800
 * pages takes 6 times the processor time and 8 times as long.
 *
 * Time is in whole milliseconds; a fraction of one is rounded up.
 */
export const run = <A, E>(program: Effect.Effect<A, E>, options: Options): Outcome<A, E> => {
  const { epoch, interleaving, maxWakeUps, random } = options
  const sleepers = makeSleepers()
  let now = 0
  let tasks: Array<() => void> = []
  const schedule: VirtualClock["schedule"] = (millis, wake) => {
    const sleeper = { due: now + Math.ceil(millis), wake }
    if (Number.isFinite(sleeper.due)) sleepers.add(sleeper)
    return () => sleepers.remove(sleeper)
  }
  const clock: VirtualClock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => epoch + now,
    unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
    currentTimeMillis: Effect.sync(() => epoch + now),
    currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const cancel = schedule(Duration.toMillis(duration), () => resume(Effect.void))
        return Effect.sync(cancel)
      }),
    schedule
  }
  const scheduler: Scheduler.Scheduler = {
    shouldYield: (fiber) => fiber.currentOpCount > interleaving.stepsBeforeYield ? 0 : false,
    scheduleTask: (task) => void tasks.push(task)
  }
  /** False when fibers go on and on without waiting. */
  const settle = (): boolean => {
    for (let turn = 0; tasks.length > 0; turn++) {
      if (turn > maxTurns) return false
      const round = tasks
      tasks = []
      if (interleaving.shuffled) shuffle(round, random)
      for (const task of round) task()
    }
    return true
  }
  const fiber: Fiber.RuntimeFiber<A, E> = Effect.runFork(Effect.withClock(program, clock), { scheduler })
  const go = (): Outcome<A, E> => {
    for (let wakeUps = 0; wakeUps <= maxWakeUps; wakeUps++) {
      if (!settle()) return { _tag: "Endless", wakeUps }
      const exit = fiber.unsafePoll()
      if (exit !== null) return { _tag: "Done", exit, wakeUps }
      const due = [...sleepers.takeFirst()]
      if (due.length === 0) return { _tag: "Stuck", wakeUps }
      if (interleaving.shuffled) shuffle(due, random)
      now = Math.max(now, due[0]!.due)
      for (const { wake } of due) wake()
    }
    return { _tag: "Endless", wakeUps: maxWakeUps }
  }
  const outcome = go()
  endDaemonsOf(fiber)
  settle()
  return outcome
}
