import { assert } from "@effect/vitest"
import { Cause, Effect, Exit, Option } from "effect"

/** Values that an option must not have, by what it must be. */
export const duration: ReadonlyArray<unknown> = [
  "fast",
  "200",
  "",
  NaN,
  -1,
  "-1 seconds",
  -1n,
  [-1, 0],
  Infinity,
  true,
  {},
  () => 1
]
export const whole: ReadonlyArray<unknown> = ["100", "", 0, -1, 1.5, NaN, -Infinity, 100n, true, {}, [1]]
export const flag: ReadonlyArray<unknown> = ["no", "true", 0, 1, NaN, {}, []]
export const word: ReadonlyArray<unknown> = [
  "other",
  "",
  5,
  NaN,
  true,
  {},
  ["fail"],
  Symbol("fail"),
  Object.create(null)
]
export const text: ReadonlyArray<unknown> = ["", "no such/name", 5, NaN, true, {}, [1]]
export const fn: ReadonlyArray<unknown> = ["f", "", 5, NaN, true, {}, [], Effect.void]
export const schedule: ReadonlyArray<unknown> = [3, "3 seconds", NaN, true, {}, [], Effect.void, () => Effect.void]
export const list: ReadonlyArray<unknown> = ["a", 5, {}, NaN, true]

/** A function's options, all of them right, and for each of its options values that are not. */
export interface Case {
  readonly name: string
  readonly run: (options: any) => Effect.Effect<unknown, unknown>
  readonly right: object
  readonly wrong: Readonly<Record<string, ReadonlyArray<unknown>>>
}

/** What is done with options that are wrong: nothing is thrown, and the error is typed; of the in-memory services it is a defect. */
export const errorOf = (
  { name, run }: Case,
  options: unknown
): Effect.Effect<{ readonly field: string; readonly description: string; readonly message: string }> =>
  Effect.map(Effect.exit(run(options)), (exit) => {
    assert.isTrue(Exit.isFailure(exit), `${name} accepted it`)
    const cause = (exit as Exit.Failure<unknown, unknown>).cause
    const error: any = name.startsWith("Local")
      ? Option.getOrUndefined(Cause.dieOption(cause))
      : Option.getOrUndefined(Cause.failureOption(cause))
    assert.strictEqual(error?._tag, "InvalidArgument", `${name}: ${Cause.pretty(cause)}`)
    return error
  })

/** Every bad value of every option, alone among right ones. */
export const refusesAll = (one: Case): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (const [field, values] of Object.entries(one.wrong)) {
      for (const value of [null, ...values]) {
        const error = yield* errorOf(one, { ...one.right, [field]: value })
        const told = `${one.name}, ${field}: ${error.message}`
        assert.isTrue(error.field === field || error.field.startsWith(`${field}.`), told)
        assert.match(error.description, /^must be .+, was .+/s, told)
        if (typeof value === "string" && field !== "credentials") {
          assert.include(error.description, `, was ${JSON.stringify(value)}`, told)
        }
        if (typeof value === "number") assert.include(error.description, `, was ${value}`, told)
      }
    }
  })

/** A name that is no option is told, with the nearest one. */
export const refusesUnknown = (one: Case): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (const field of Object.keys(one.wrong)) {
      const typo = `${field.slice(0, 1)}${field.slice(2)}s`
      const error = yield* errorOf(one, { ...one.right, [typo]: 1 })
      assert.strictEqual(error.field, typo)
      assert.strictEqual(error.description, `is not an option; did you mean ${field}?`, one.name)
    }
    const error = yield* errorOf(one, { ...one.right, zzzzzzzzz: 1 })
    assert.strictEqual(
      error.description,
      `is not an option; the options are ${Object.keys(one.wrong).sort().join(", ")}`
    )
  })

/** Options that are no object. */
export const refusesOthers = (one: Case): Effect.Effect<void> =>
  Effect.gen(function*() {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    for (const options of [null, "orders", 5, NaN, true, [], () => 1, revoked.proxy]) {
      assert.strictEqual((yield* errorOf(one, options)).field, "options", one.name)
    }
    const broken = Object.defineProperty({ ...one.right }, Object.keys(one.wrong)[0]!, {
      enumerable: true,
      get: () => {
        throw new Error("broken")
      }
    })
    assert.include((yield* errorOf(one, broken)).message, "cannot be read", one.name)
  })
