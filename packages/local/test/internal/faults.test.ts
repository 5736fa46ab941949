import { assert, describe, it } from "@effect/vitest"
import * as Faults from "../../src/internal/faults.js"

const subject = (operation: "getRecords" | "putRecord", shardId = "a"): Faults.Subject => ({
  operation,
  stream: "s",
  touches: (id) => id === shardId
})

const fault = (
  scope: Faults.Scope,
  action: Faults.Action<string> = { _tag: "Hang" },
  times = 1
): Faults.Fault<string> => ({ scope, times, action })

const met = (scope: Faults.Scope): boolean => Faults.meet([fault(scope)], subject("getRecords")).fault !== undefined

describe("faults", () => {
  it("match by every field of their scope", () => {
    assert.isTrue(met({}))
    assert.isTrue(met({ operation: "getRecords", stream: "s", shardId: "a" }))
    assert.isFalse(met({ operation: "putRecord" }))
    assert.isFalse(met({ stream: "other" }))
    assert.isFalse(met({ shardId: "b" }))
  })

  it("are used up in their order, a delay beside another", () => {
    const first = fault({}, { _tag: "Throttle" }, 2)
    const second = fault({}, { _tag: "Hang" })
    const delay = fault({}, { _tag: "Delay", millis: 7 })
    const one = Faults.meet([first, second, delay], subject("getRecords"))
    assert.deepStrictEqual([one.fault, one.delay], [first, 7])
    assert.deepStrictEqual(one.left, [{ ...first, times: 1 }, second])
    const two = Faults.meet(one.left, subject("getRecords"))
    assert.deepStrictEqual([two.fault?.action._tag, two.delay, two.left], ["Throttle", 0, [second]])
  })
})
