import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Scheduler from "effect/Scheduler"

/** Runs a task after what else happens in this turn of the event loop, such as the answers that have arrived together. */
export type AfterTurn = (task: () => void) => void

/** Captured before a test puts a fake in its place. */
const { setImmediate } = globalThis

/** A scheduler of another kind, such as that of virtual time, has turns of its own. */
export const afterTurn: Effect.Effect<AfterTurn> = Effect.map(
  FiberRef.get(FiberRef.currentScheduler),
  (scheduler) =>
    scheduler === Scheduler.defaultScheduler && setImmediate !== undefined
      ? (task) => void setImmediate(task)
      : (task) => scheduler.scheduleTask(task, 0)
)

/** Lets the fibers of an effect take turns in one queue: Effect's own scheduler keeps one for each fiber, which costs fibers that live for a call a tenth of their time. */
export const inOneQueue = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(FiberRef.get(FiberRef.currentScheduler), (scheduler) =>
    Effect.withScheduler(effect, {
      shouldYield: (fiber) => scheduler.shouldYield(fiber),
      scheduleTask: (task, priority) => scheduler.scheduleTask(task, priority)
    }))
