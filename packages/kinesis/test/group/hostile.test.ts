import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Logger, Option, Schedule, TestClock } from "effect"
import { Consumer, FailurePolicy, KinesisError, type KinesisEvent } from "effect-kinesis"
import { application, eventually, run, textOf, withGroup } from "../support/groups.js"
import { hostile, noEffects } from "../support/hostile.js"
import { numbered, oneShard, put } from "../support/reading.js"

const ways: Readonly<Record<string, (value: unknown) => Effect.Effect<never, unknown>>> = {
  fails: (value) => Effect.failCause(Cause.fail(value)),
  dies: (value) => Effect.failCause(Cause.die(value)),
  throws: (value) => {
    throw value
  }
}

const policies: Readonly<Record<string, (broken: () => Effect.Effect<never, unknown>) => FailurePolicy.FailurePolicy>> =
  {
    "fail": () => FailurePolicy.fail,
    "restart": () => FailurePolicy.restart(Schedule.recurs(1)),
    "deadLetter": () => FailurePolicy.deadLetter(() => Effect.void),
    "deadLetter that fails so too": (broken) => FailurePolicy.deadLetter(broken),
    "skip": () => FailurePolicy.skip
  }

/** What a logger writes, as the default one does. */
const logged = <A, E, R>(test: (lines: Array<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    return Effect.provide(test(lines), Logger.add(Logger.map(Logger.stringLogger, (line) => void lines.push(line))))
  })

/** How a consumer fares whose handler is broken at the second record of three. */
const fare = (broken: () => Effect.Effect<never, unknown>, onFailure: FailurePolicy.FailurePolicy) =>
  withGroup(oneShard, (world) =>
    Effect.gen(function*() {
      yield* put(world.client, numbered("a", 1, 3))
      const events: Array<KinesisEvent.KinesisEvent> = []
      const texts: Array<string> = []
      const fiber = yield* Effect.fork(Consumer.run({
        application,
        stream: "orders",
        from: "trim-horizon",
        onFailure,
        onEvent: (event) => Effect.sync(() => void events.push(event)),
        handler: (record) => textOf(record) === "a2" ? broken() : Effect.sync(() => texts.push(textOf(record)))
      }))
      yield* TestClock.adjust("1 second")
      const left = yield* Fiber.poll(fiber)
      yield* Fiber.interrupt(fiber)
      const failed = events.filter((event) => event._tag === "HandlerFailed")
      for (const { error } of failed) yield* Effect.logWarning("told", Cause.fail(error))
      const cause = Option.isSome(left) && Exit.isFailure(left.value) ? left.value.cause : undefined
      if (cause !== undefined) yield* Effect.logError("ended", cause)
      return {
        texts,
        failed: failed.length,
        skipped: events.filter((event) => event._tag === "RecordsSkipped").length,
        end: cause === undefined ? "none" : Cause.isFailType(cause) ? "failed" : "died"
      }
    }))

describe("error values that have no text", () => {
  for (const [policyName, policy] of Object.entries(policies)) {
    for (const [way, broken] of Object.entries(ways)) {
      it.effect(`a handler that ${way} with one, under ${policyName}: as with any other error`, () =>
        logged(() =>
          Effect.gen(function*() {
            const faring = (value: unknown) => fare(() => broken(value), policy(() => broken(value)))
            const plain = yield* faring(new Error("broken"))
            for (const [what, make] of hostile) assert.deepStrictEqual(yield* faring(make()), plain, what)
          })
        ))
    }
  }

  for (const [way, broken] of Object.entries(ways)) {
    it.effect(`an onEvent that ${way} with one changes nothing, and is logged`, () =>
      withGroup(oneShard, (world) =>
        logged((lines) =>
          Effect.gen(function*() {
            yield* put(world.client, ["a1"])
            let handled = 0
            for (const [what, make] of hostile) {
              const value = make()
              const fiber = yield* Effect.fork(Consumer.run({
                application: `application-${handled}`,
                stream: "orders",
                from: "trim-horizon",
                onEvent: () => broken(value) as Effect.Effect<never>,
                handler: () => Effect.sync(() => handled++)
              }))
              const before = handled
              yield* eventually(`the record: ${what}`, () => handled > before, 5_000)
              assert.isAbove(lines.splice(0).filter((line) => line.includes("onEvent failed")).length, 0, what)
              yield* Fiber.interrupt(fiber)
            }
          })
        )))
  }
})

describe("functions that return no Effect", () => {
  const says = (what: string, was: string) => `${what} must return an Effect, returned ${was}`

  for (const way of ["handler", "pageHandler"] as const) {
    it.effect(`a ${way}: the error says in a sentence what it must return, and no rejection is left unhandled`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          yield* put(world.client, ["a1"])
          for (const [index, [was, make]] of noEffects.entries()) {
            const options = {
              application: `application-${index}`,
              stream: "orders",
              from: "trim-horizon",
              [way]: make
            } as unknown as Consumer.Options
            const fiber = yield* Effect.fork(Consumer.run(options))
            yield* TestClock.adjust("5 seconds")
            const error = yield* Effect.flip(Fiber.join(fiber))
            assert.strictEqual(error._tag, "HandlerError")
            assert.include(error.message, says("the handler", was))
            if (was === "a Promise") assert.include(error.message, "wrap it in Effect.tryPromise(() => ...)")
          }
        })))
  }

  it.effect("a dead letter's send", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        for (const [was, make] of noEffects) {
          const worker = yield* run({
            onFailure: FailurePolicy.deadLetter(make as never),
            handle: () => Effect.fail("no")
          })
          yield* TestClock.adjust("5 seconds")
          const error = yield* Effect.flip(Fiber.join(worker.fiber))
          assert.instanceOf(error, KinesisError.HandlerError)
          assert.include(error.message, "no; the dead letter failed: ")
          assert.include(error.message, says("the dead letter's send", was))
        }
      })))

  it.effect("onEvent: reading goes on, and it is logged", () =>
    withGroup(oneShard, (world) =>
      logged((lines) =>
        Effect.gen(function*() {
          yield* put(world.client, ["a1"])
          for (const [was, make] of noEffects) {
            lines.length = 0
            const worker = yield* run({ onEvent: make as never })
            yield* eventually("an event", () => lines.some((line) => line.includes("onEvent")), 5_000)
            assert.include(lines.join(), says("onEvent", was))
            yield* Fiber.interrupt(worker.fiber)
          }
        })
      )))

  it.effect("stopWhen: refused before any request", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        for (const [was, make] of noEffects.slice(0, 8)) {
          if (was === "undefined") continue
          const error = yield* Effect.flip(
            Consumer.run({
              application: "billing",
              stream: "orders",
              from: "latest",
              handler: () => Effect.void,
              stopWhen: make() as never
            })
          )
          assert.include(error.message, `invalid stopWhen: must be an Effect, was ${was}`)
        }
        assert.deepStrictEqual(yield* world.local.calls, [])
      })))

  it.effect("a stream's name that has no text is refused before any request", () =>
    withGroup(oneShard, () =>
      Effect.gen(function*() {
        for (const stream of [...hostile.map(([, make]) => make()), undefined]) {
          const worker = yield* run({ stream: stream as string })
          assert.strictEqual((yield* Effect.flip(Fiber.join(worker.fiber)))._tag, "InvalidArgument")
        }
      })))

  it.effect("a stopWhen that dies has completed: the shards are given up, and it is logged", () =>
    withGroup(oneShard, () =>
      logged((lines) =>
        Effect.gen(function*() {
          for (const [what, make] of hostile) {
            lines.length = 0
            const worker = yield* run({ stopWhen: Effect.delay(Effect.failCause(Cause.die(make())), "3 seconds") })
            yield* TestClock.adjust("5 seconds")
            const summary = yield* Fiber.join(worker.fiber)
            assert.strictEqual(summary.shards[0]?.end, "released", what)
            assert.include(lines.join(), "stopWhen failed")
          }
        })
      )))
})

describe("plans that are none", () => {
  const plans: Readonly<Record<string, () => unknown>> = {
    "returned undefined": () => undefined,
    "returned a Promise": () => Promise.reject(new Error("unhandled")),
    "returned {}": () => ({}),
    "returned {\"claim\":[1],\"request\":[],\"release\":[]}": () => ({ claim: [1], request: [], release: [] }),
    "threw: broken": () => {
      throw new Error("broken")
    },
    "threw: a value that cannot be printed": () => {
      throw hostile.find(([what]) => what === "a revoked proxy")![1]()
    }
  }
  for (const [what, plan] of Object.entries(plans)) {
    it.effect(`one that ${what} fails the consumer with a sentence`, () =>
      withGroup(oneShard, (world) =>
        Effect.gen(function*() {
          const worker = yield* run({ balancer: plan as never })
          yield* TestClock.adjust("5 seconds")
          const error = yield* Effect.flip(Fiber.join(worker.fiber))
          assert.strictEqual(error._tag, "InvalidArgument")
          assert.include(
            error.message,
            `invalid balancer: must return { claim, request, release }, each a list of lease keys, ${what}`
          )
          assert.deepStrictEqual((yield* world.leases.leases("billing")).map(({ leaseOwner }) => leaseOwner), [
            undefined
          ])
        })))
  }

  it.effect("a plan that breaks later ends the consumer in order", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* put(world.client, ["a1"])
        let isBroken = false
        const worker = yield* run({
          balancer: ({ leases }) => {
            if (isBroken) throw new Error("broken")
            return { claim: leases.map(({ leaseKey }) => leaseKey), request: [], release: [] }
          }
        })
        yield* eventually("the record", () => worker.handled.length === 1)
        isBroken = true
        yield* TestClock.adjust("15 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(worker.fiber)))._tag, "InvalidArgument")
        assert.strictEqual(worker.of("LeaseReleased").length, 1)
        assert.strictEqual(worker.of("CheckpointStored").length, 1)
      })))
})
