import { assert, describe, it } from "@effect/vitest"
import { Position } from "effect-kinesis"
import * as Progress from "../../../src/internal/lease/progress.js"

const page = (...numbers: ReadonlyArray<number>) => ({
  records: numbers.map((number) => ({ sequenceNumber: String(number), subSequenceNumber: undefined })),
  position: Position.afterSequenceNumber(String(numbers.at(-1)))
})

describe("the progress of a shard in one tenure", () => {
  it("is nowhere before something is acknowledged", () => {
    const progress = Progress.make()
    progress.tracker.deliver(page(1, 2))
    assert.isUndefined(Progress.position(progress))
  })

  it("a new reading counts anew, and goes on after what earlier ones acknowledged", () => {
    const progress = Progress.make()
    progress.tracker.deliver(page(1, 2, 3))
    progress.tracker.acknowledge(0)
    progress.tracker.acknowledge(2)
    Progress.readAnew(progress)
    assert.deepStrictEqual(Progress.position(progress), Position.afterSequenceNumber("1"))
    assert.strictEqual(progress.tracker.gap, 0)
    Progress.readAnew(progress)
    assert.deepStrictEqual(Progress.position(progress), Position.afterSequenceNumber("1"))
    progress.tracker.deliver(page(2, 3))
    progress.tracker.acknowledge(0)
    assert.deepStrictEqual(Progress.position(progress), Position.afterSequenceNumber("2"))
  })

  it("is to be stored at once after each so many records without a gap", () => {
    const progress = Progress.make()
    progress.tracker.deliver(page(1, 2, 3, 4, 5))
    const full = [0, 2, 1, 3, 4].map((number) => {
      progress.tracker.acknowledge(number)
      return Progress.isFull(progress, 2)
    })
    assert.deepStrictEqual(full, [false, false, true, false, true])
  })

  it("counts them anew in a new reading", () => {
    const progress = Progress.make()
    progress.tracker.deliver(page(1, 2))
    progress.tracker.acknowledge(0)
    progress.tracker.acknowledge(1)
    assert.isTrue(Progress.isFull(progress, 2))
    Progress.readAnew(progress)
    progress.tracker.deliver(page(3, 4))
    progress.tracker.acknowledge(0)
    assert.isFalse(Progress.isFull(progress, 2))
    progress.tracker.acknowledge(1)
    assert.isTrue(Progress.isFull(progress, 2))
  })
})
