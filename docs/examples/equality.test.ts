/** Deep equality tells effects apart, which chai's own does not: `scripts/test-setup.mjs`. */
import { assert, it } from "@effect/vitest"
import { Effect, Either, Option } from "effect"

it("a Some is no None, wherever it stands", () => {
  for (const within of [(of: unknown) => of, (of: unknown) => [of], (of: unknown) => ({ a: { of } })]) {
    assert.deepStrictEqual(within(Option.some(1)), within(Option.some(1)))
    assert.deepStrictEqual(within(Option.none()), within(Option.none()))
    assert.throws(() => assert.deepStrictEqual(within(Option.some(1)), within(Option.none())))
    assert.throws(() => assert.deepStrictEqual(within(Option.none()), within(Option.some(1))))
    assert.throws(() => assert.deepStrictEqual(within(Option.some(1)), within(Option.some(2))))
    assert.throws(() => assert.deepStrictEqual(within(Option.none()), within(Either.left(1))))
    assert.throws(() => assert.deepStrictEqual(within(Option.none()), within(Effect.succeed(1))))
  }
})
