import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect } from "effect"
import { Until } from "effect-kinesis"

describe("Until", () => {
  it("a time without end is never", () => {
    for (const infinite of [Duration.infinity, Infinity]) {
      assert.deepStrictEqual(Until.elapsed(infinite), Until.never)
      assert.deepStrictEqual(Until.idle(infinite), Until.never)
    }
    assert.deepStrictEqual(Until.elapsed("2 seconds"), { _tag: "Elapsed", millis: 2000 })
    assert.deepStrictEqual(Until.idle("2 seconds"), { _tag: "Idle", millis: 2000 })
  })

  it.effect("a time from the environment may be left out", () =>
    Effect.gen(function*() {
      const runFor = Config.withDefault(Config.duration("RUN_FOR"), Duration.infinity)
      const until = (variables: ReadonlyArray<readonly [string, string]>) =>
        Effect.map(
          Effect.withConfigProvider(runFor, ConfigProvider.fromMap(new Map(variables))),
          (duration) => Until.elapsed(duration)
        )
      assert.deepStrictEqual(yield* until([]), Until.never)
      assert.deepStrictEqual(yield* until([["RUN_FOR", "1 minute"]]), Until.elapsed("1 minute"))
    }))
})
