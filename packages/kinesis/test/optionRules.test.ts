import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AwsSdk from "effect-kinesis/AwsSdk"

const throwing = () => {
  throw new Error("no text")
}

describe("options", () => {
  it.effect("what is wrong is quoted, whatever it is", () =>
    Effect.gen(function*() {
      const values = [{ name: "orders" }, "orders", 7, Object.create(null), { toJSON: throwing }, Symbol("s")]
      const messages = yield* Effect.forEach(values, (value) =>
        Effect.map(
          Effect.flip(
            AwsSdk.check("DynamoDbLeaseStore", { table: AwsSdk.that("a table", () => false) }, { table: value })
          ),
          ({ message }) => message.slice(message.indexOf(", was ") + 6)
        ))
      assert.deepStrictEqual(messages, [
        "{\"name\":\"orders\"}",
        "\"orders\"",
        "7",
        "{}",
        "a value that cannot be printed",
        "Symbol(s)"
      ])
    }))
})
