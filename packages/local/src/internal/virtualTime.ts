import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Runtime from "effect/Runtime"
import type * as Scheduler from "effect/Scheduler"
import type { VirtualClock } from "../VirtualTime.js"
import { lowerBound } from "./lowerBound.js"
import type { Draw } from "./shuffle.js"
import { shuffle } from "./shuffle.js"

/** How often fibers may take turns at one instant at most. */
const maxTurns = 1_000_000

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/** Virtual time: who sleeps until when, and which fibers can go on. */
export interface State {
  /** What the clock said at the start, in milliseconds since the epoch. */
  readonly startMillis: number
  /** Draws who is next of the fibers that can go on, and of those that wake at one instant; otherwise it is the first that could. */
  readonly draw: Draw | undefined
  readonly stepsBeforeYield: number
  readonly maxWakeUps: number
  /** In the order in which they are due, those of one instant in the order in which they went to sleep. */
  readonly sleepers: Array<Sleeper>
  /** Milliseconds since the start. */
  now: number
  /** How often time has moved. */
  wakeUps: number
  /** The fibers that can go on. */
  tasks: Array<() => void>
  /** Called, one at a time, when no fiber can go on at this instant and time would move. */
  readonly settled: Array<() => void>
  /** How many effects wait for something real, while time stands still. */
  live: number
  /** Called when a fiber can go on, while the driver waits for one. */
  onTask: (() => void) | undefined
}

export const make = (options: Pick<State, "startMillis" | "draw" | "stepsBeforeYield" | "maxWakeUps">): State => ({
  ...options,
  sleepers: [],
  now: 0,
  wakeUps: 0,
  tasks: [],
  settled: [],
  live: 0,
  onTask: undefined
})

/** Milliseconds since the epoch. */
export const time = ({ now, startMillis }: State): number => startMillis + now

/** Calls back after this many milliseconds, rounded up, unless the function that it returns is called first. */
export const schedule = (self: State, millis: number, wake: () => void): () => void => {
  const { sleepers } = self
  const sleeper = { due: self.now + Math.ceil(millis), wake }
  if (Number.isFinite(sleeper.due)) {
    sleepers.splice(lowerBound(0, sleepers.length, (index) => sleepers[index]!.due <= sleeper.due), 0, sleeper)
  }
  return () => {
    const index = sleepers.indexOf(sleeper)
    if (index >= 0) sleepers.splice(index, 1)
  }
}

const sleep = (self: State, millis: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const cancel = schedule(self, millis, () => resume(Effect.void))
    return Effect.sync(cancel)
  })

/** Waits until no fiber can go on at this instant. */
const untilSettled = (self: State): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const { settled } = self
    const goOn = () => resume(Effect.void)
    settled.push(goOn)
    return Effect.sync(() => {
      if (settled.includes(goOn)) settled.splice(settled.indexOf(goOn), 1)
    })
  })

/** Waits as long, and then until all that is due at that instant has happened. */
const adjust = (self: State, millis: number): Effect.Effect<void> =>
  Effect.zipRight(millis > 0 ? sleep(self, millis) : Effect.void, untilSettled(self))

/** Time can be set back, as that of a machine can; who sleeps, sleeps on. */
const setTime = (self: State, millis: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { now, startMillis } = self
    self.now = Math.min(now, millis - startMillis)
    return adjust(self, millis - startMillis - self.now)
  })

const states = new WeakMap<Clock.Clock, State>()

/** The state behind a clock; undefined for a clock of another kind. */
export const ofClock = (clock: Clock.Clock): State | undefined => states.get(clock)

export const clockOf = (self: State): VirtualClock => {
  const nanos = () => BigInt(self.now) * 1_000_000n
  const clock: VirtualClock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => time(self),
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(() => time(self)),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => sleep(self, Duration.toMillis(duration)),
    adjust: (duration) => adjust(self, Duration.toMillis(duration)),
    adjustWith: (duration) => (effect) =>
      Effect.zipLeft(effect, adjust(self, Duration.toMillis(duration)), { concurrent: true }),
    setTime: (millis) => setTime(self, millis),
    save: Effect.sync(() => {
      const saved = self.now
      return Effect.sync(() => {
        self.now = saved
      })
    }),
    sleeps: Effect.sync(() => Chunk.fromIterable(self.sleepers.map(({ due }) => self.startMillis + due))),
    unsafeSchedule: (millis, wake) => schedule(self, millis, wake),
    unsafeWakeUps: () => self.wakeUps
  }
  states.set(clock, self)
  return clock
}

const schedulerOf = (self: State): Scheduler.Scheduler => ({
  shouldYield: (fiber) => fiber.currentOpCount > self.stepsBeforeYield ? 0 : false,
  scheduleTask: (task) => {
    self.tasks.push(task)
    const { onTask } = self
    self.onTask = undefined
    onTask?.()
  }
})

/** Whose fiber it is, inherited by the fibers that it forks. */
const owner = globalValue(
  Symbol.for("@effect-kinesis/local/VirtualTime/owner"),
  () => FiberRef.unsafeMake<State | undefined>(undefined)
)

export const fork = <A, E, R>(
  self: State,
  runtime: Runtime.Runtime<R>,
  program: Effect.Effect<A, E, R>
): Fiber.RuntimeFiber<A, E> =>
  Runtime.runFork(runtime, program.pipe(Effect.locally(owner, self), Effect.withClock(clockOf(self))), {
    scheduler: schedulerOf(self)
  })

/** Lets fibers take turns until none can go on. False if they go on and on at one instant. */
export const settle = (self: State): boolean => {
  for (let turn = 0; self.tasks.length > 0; turn++) {
    if (turn > maxTurns) return false
    const round = self.tasks
    self.tasks = []
    if (self.draw !== undefined) shuffle(round, self.draw)
    for (const task of round) task()
  }
  return true
}

/** Moves time to the next sleeper, and wakes all that are due then. False if nobody sleeps. */
export const move = (self: State): boolean => {
  const { draw, sleepers } = self
  const [first] = sleepers
  if (first === undefined) return false
  let count = 1
  while (count < sleepers.length && sleepers[count]!.due === first.due) count++
  const due = sleepers.splice(0, count)
  if (draw !== undefined) shuffle(due, draw)
  self.now = Math.max(self.now, first.due)
  self.wakeUps++
  for (const { wake } of due) wake()
  return true
}

/** How a program has ended: by itself; with nobody who could go on; without waiting, at one instant; or not yet, after so many wake-ups. */
export type End<A, E> =
  | { readonly _tag: "Done"; readonly exit: Exit.Exit<A, E> }
  | { readonly _tag: "Stuck" }
  | { readonly _tag: "Spinning" }
  | { readonly _tag: "Endless" }

const turn = <A, E>(self: State, fiber: Fiber.RuntimeFiber<A, E>): End<A, E> | undefined => {
  if (!settle(self)) return { _tag: "Spinning" }
  const exit = fiber.unsafePoll()
  return exit === null ? undefined : { _tag: "Done", exit }
}

/** Who waits for this instant to be over goes first; then time moves. */
const moveOn = (self: State): End<never, never> | undefined => {
  const [first] = self.sleepers
  if (self.settled.length > 0 && (first === undefined || first.due > self.now)) {
    self.settled.shift()!()
    return undefined
  }
  if (first !== undefined && self.wakeUps >= self.maxWakeUps) return { _tag: "Endless" }
  return move(self) ? undefined : { _tag: "Stuck" }
}

/** Goes on until the program has ended, at once. */
export const toEnd = <A, E>(self: State, fiber: Fiber.RuntimeFiber<A, E>): End<A, E> => {
  for (;;) {
    const end = turn(self, fiber) ?? moveOn(self)
    if (end !== undefined) return end
  }
}

/** Captured before a test puts a fake in its place. */
const { setImmediate } = globalThis

/**
 * Goes on until the program has ended. Before each move of time the process's own queues have their turn: promises that are resolved by
 * then wake their fibers first. While an effect waits for something real, time stands still.
 */
export const drive = <A, E>(self: State, fiber: Fiber.RuntimeFiber<A, E>, onEnd: (end: End<A, E>) => void): void => {
  const go = () => {
    const end = turn(self, fiber)
    if (end !== undefined) onEnd(end)
    else setImmediate(next)
  }
  const next = () => {
    if (self.tasks.length > 0) return go()
    if (self.live > 0) {
      self.onTask = () => setImmediate(go)
      return
    }
    const end = moveOn(self)
    if (end !== undefined) onEnd(end)
    else go()
  }
  go()
}

/** Ends what a program has left behind: a fiber that waits forever keeps everything it references alive. */
export const endAll = (self: State): void => {
  for (const root of Effect.runSync(Fiber.roots)) {
    if (root.getFiberRef(owner) === self) root.unsafeInterruptAsFork(root.id())
  }
  settle(self)
}
