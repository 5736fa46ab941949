import { assert, describe, it } from "@effect/vitest"
import * as Faults from "../../src/internal/faults.js"

type Action = Faults.Action<string> | { readonly _tag: "Throttle" }

const fault = (target: string, action: Action = { _tag: "Hang" }, times = 1): Faults.Fault<string, Action> => ({
  target,
  times,
  action
})

const any = () => true

describe("faults", () => {
  it("meet the calls of their target", () => {
    const faults = [fault("a"), fault("b")]
    assert.strictEqual(Faults.meet(faults, (target) => target === "b").fault, faults[1])
    assert.deepStrictEqual(Faults.meet(faults, () => false), { delay: undefined, fault: undefined, left: faults })
  })

  it("are used up in their order, a delay beside another", () => {
    const first = fault("", { _tag: "Throttle" }, 2)
    const second = fault("", { _tag: "Hang" })
    const delay = fault("", { _tag: "Delay", of: "call", millis: 7 })
    const one = Faults.meet([first, second, delay], any)
    assert.deepStrictEqual([one.fault, one.delay], [first, delay.action])
    assert.deepStrictEqual(one.left, [{ ...first, times: 1 }, second])
    const two = Faults.meet(one.left, any)
    assert.deepStrictEqual([two.fault?.action._tag, two.delay, two.left], ["Throttle", undefined, [second]])
  })
})
