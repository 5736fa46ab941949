/**
 * Runs programs in virtual time: the clock goes to the next sleeper as soon as no fiber can go on. A program that reads for an hour takes a
 * second, and its test moves no clock.
 *
 * `TestClock` stands still until the test adjusts it, which suits a test of a few seconds. `VirtualTime` moves by itself and costs a fraction of
 * the processor time, which suits hours, and can shuffle the turns of fibers to find races.
 *
 * Build the layers inside the program that runs, so that what they fork is in virtual time, too.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as TestClock from "effect/TestClock"
import * as Rules from "./internal/options.js"
import { drawFrom } from "./internal/shuffle.js"
import * as Times from "./internal/virtualTime.js"

/**
 * How virtual time runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What the clock says at the start, as a date or in milliseconds since the epoch. Monotonic time starts at 0. Default: 0, the start of 1970. */
  readonly start?: Date | number | undefined
  /**
   * A seed by which the next of the fibers that can go on is drawn, and of those that wake at one instant: the same seed gives the same order.
   * Or a function that draws a whole number from 0 to `most`, both included. Default: fibers take turns in the order in which they could go on.
   */
  readonly shuffle?: number | ((most: number) => number) | undefined
  /** After this many steps a fiber yields to others, at least 1. Default: 2048, as everywhere in Effect. */
  readonly stepsBeforeYield?: number | undefined
  /** How often time may move before the program counts as {@link Endless}, at least 1. Default: 1,000,000. */
  readonly maxWakeUps?: number | undefined
}

/**
 * Every fiber waits, nobody sleeps: the program would wait forever.
 *
 * @since 0.1.0
 * @category errors
 */
export class Stuck extends Data.TaggedError("Stuck")<{
  readonly message: string
  /** How much virtual time had passed, in milliseconds. */
  readonly elapsedMillis: number
}> {}

/**
 * The program goes on and on: time has moved too often, or fibers take turns without waiting.
 *
 * @since 0.1.0
 * @category errors
 */
export class Endless extends Data.TaggedError("Endless")<{
  readonly message: string
  /** How much virtual time had passed, in milliseconds. */
  readonly elapsedMillis: number
}> {}

/**
 * The clock of a program in virtual time, from which others can be made. It is a `TestClock` as well: `TestClock.adjust` waits as long, and then
 * until all that is due at that instant has happened, so tests that were written for `TestClock` run as they are.
 *
 * @since 0.1.0
 * @category models
 */
export interface VirtualClock extends TestClock.TestClock {
  /** Calls back after this many milliseconds, rounded up, unless the function that it returns is called first. */
  readonly unsafeSchedule: (millis: number, wake: () => void) => () => void
  /** How often time has moved. */
  readonly unsafeWakeUps: () => number
}

/**
 * The clock of {@link run} or {@link runSyncExit}. Dies in a program that has another.
 *
 * @since 0.1.0
 * @category accessors
 */
export const clock: Effect.Effect<VirtualClock> = Effect.clockWith((clock) =>
  Times.ofClock(clock) === undefined
    ? Effect.dieMessage("this program does not run in virtual time: run it by VirtualTime.run")
    : Effect.succeed(clock as VirtualClock)
)

const begin = (operation: string, options: Options): Effect.Effect<Times.State> =>
  Effect.as(
    Rules.check(operation, Rules.virtualTime, options),
    Times.make({
      startMillis: Number(options.start ?? 0),
      draw: typeof options.shuffle === "number" ? drawFrom(options.shuffle) : options.shuffle,
      stepsBeforeYield: options.stepsBeforeYield ?? 2048,
      maxWakeUps: options.maxWakeUps ?? 1_000_000
    })
  )

const toExit = <A, E>(self: Times.State, end: Times.End<A, E>, advice: string): Exit.Exit<A, E | Stuck | Endless> => {
  if (end._tag === "Done") return end.exit
  const at = new Date(Times.time(self)).toISOString()
  const elapsedMillis = self.now
  switch (end._tag) {
    case "Stuck":
      return Exit.fail(
        new Stuck({
          message: `at ${at} every fiber waits and none sleeps, so none will ever go on; ${advice}`,
          elapsedMillis
        })
      )
    case "Spinning":
      return Exit.fail(new Endless({ message: `at ${at} fibers take turns on and on, and none waits`, elapsedMillis }))
    case "Endless":
      return Exit.fail(
        new Endless({
          message: `at ${at} time has moved ${self.wakeUps} times, and the program has not ended; end it, such as by ` +
            "Effect.timeout or Until.elapsed, or set maxWakeUps",
          elapsedMillis
        })
      )
  }
}

/**
 * Runs a program in virtual time, from its start to its end. Fails with {@link Stuck} if nothing can happen any more, and with
 * {@link Endless} if the program does not end. Dies on options that are wrong.
 *
 * A promise that resolves at once is waited for. An effect that waits for something real, such as a file or a request, goes into
 * {@link live}: virtual time cannot know of it.
 *
 * @example
 * ```ts
 * import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
 * import { Effect, Fiber, Stream } from "effect"
 * import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
 *
 * const countOrders = Stream.runCount(
 *   KinesisStream.records({ stream: "orders", from: "latest", until: Until.elapsed("1 hour") })
 * )
 *
 * const test = Effect.gen(function*() {
 *   const client = yield* KinesisClient.KinesisClient
 *   const counting = yield* Effect.fork(countOrders)
 *   yield* Effect.sleep("10 minutes")
 *   yield* client.putRecord({ stream: "orders", partitionKey: "a", data: new Uint8Array([1]) })
 *   return yield* Fiber.join(counting)
 * }).pipe(Effect.provide(LocalKinesis.layer({ streams: [{ name: "orders" }] })))
 *
 * Effect.runPromise(VirtualTime.run(test)).then(console.log) // 1
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const run = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: Options = {}
): Effect.Effect<A, E | Stuck | Endless, R> =>
  Effect.gen(function*() {
    const self = yield* begin("VirtualTime.run", options)
    const runtime = yield* Effect.runtime<R>()
    return yield* live(Effect.async<A, E | Stuck | Endless>((resume) => {
      const fiber = Times.fork(self, runtime, program)
      Times.drive(self, fiber, (end) => {
        Times.endAll(self)
        resume(toExit(self, end, "if one waits for a promise or a callback, wrap it in VirtualTime.live"))
      })
      return Fiber.interrupt(fiber)
    }))
  })

/**
 * Runs a program in virtual time at once, without a turn of the event loop: with `shuffle`, the same seed gives the same history, to the last
 * event. The program cannot wait for promises or callbacks: that is {@link Stuck}. Throws on options that are wrong.
 *
 * @example
 * ```ts
 * import { VirtualTime } from "@effect-kinesis/local"
 * import { Effect, Exit } from "effect"
 *
 * const exit = VirtualTime.runSyncExit(Effect.as(Effect.sleep("30 days"), "a month"))
 *
 * console.log(Exit.isSuccess(exit) && exit.value) // a month
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const runSyncExit = <A, E>(
  program: Effect.Effect<A, E>,
  options: Options = {}
): Exit.Exit<A, E | Stuck | Endless> => {
  const self = Effect.runSync(begin("VirtualTime.runSyncExit", options))
  const end = Times.toEnd(self, Times.fork(self, Runtime.defaultRuntime, program))
  Times.endAll(self)
  return toExit(self, end, "a program that waits for promises or callbacks needs VirtualTime.run")
}

/**
 * Runs an effect on the real clock, while virtual time stands still: for what waits for a file, a request or another process. Outside of
 * {@link run} it changes nothing.
 *
 * @example
 * ```ts
 * import { VirtualTime } from "@effect-kinesis/local"
 * import { Effect } from "effect"
 * import { readFile } from "node:fs/promises"
 *
 * const text = VirtualTime.live(Effect.promise(() => readFile("package.json", "utf8")))
 *
 * Effect.runPromise(VirtualTime.run(Effect.timeout(text, "1 second"))).then((text) => console.log(text.length))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    const self = Times.ofClock(clock)
    if (self === undefined) return effect
    return Effect.acquireUseRelease(
      Effect.sync(() => void self.live++),
      () => Effect.withClock(effect, Clock.make()),
      () => Effect.sync(() => void self.live--)
    )
  })
