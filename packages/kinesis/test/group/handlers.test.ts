import { VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, type Option } from "effect"
import { type KinesisRecord, type Page, Position } from "effect-kinesis"
import * as Handlers from "../../src/internal/group/handlers.js"
import type { Delivered, ShardWork } from "../../src/internal/group/shardWork.js"
import { AckTracker } from "../../src/internal/lease/ackTracker.js"

const page = (count: number): Page.Page => {
  const records = Array.from({ length: count }, (_, index) => ({
    partitionKey: `key-${index}`,
    sequenceNumber: String(index + 1)
  }))
  return { records, position: Position.afterSequenceNumber(String(count)) } as unknown as Page.Page
}

/** It takes so many steps of its fiber. */
const inSteps = (count: number, effect: Effect.Effect<void>): Effect.Effect<void> =>
  count === 0 ? effect : Effect.suspend(() => inSteps(count - 1, effect))

/** How many records of one page are handled, by handlers of so many steps, while no other page comes. */
const handledOf = (count: number, steps: number, limits: Handlers.Limits) =>
  Effect.gen(function*() {
    const handled: Array<string> = []
    const tracker = new AckTracker()
    const pages = [page(count)]
    const next = Effect.suspend((): Effect.Effect<Delivered, Option.Option<never>> => {
      const page = pages.pop()
      return page === undefined ? Effect.never : Effect.succeed({ page, first: tracker.deliver(page) })
    })
    const work = {
      tracker,
      next,
      isStopped: () => false,
      whileHeld: <A>(effect: A) => effect,
      acknowledge: (number: number) => tracker.acknowledge(number)
    } as unknown as ShardWork
    const handle = ({ sequenceNumber }: KinesisRecord.KinesisRecord) =>
      inSteps(steps, Effect.sync(() => void handled.push(sequenceNumber)))
    yield* Effect.fork(Handlers.ofRecords(handle, limits, Context.empty())(work).run)
    yield* Effect.sleep("1 minute")
    return handled.length
  })

describe("handlers of records", () => {
  it.effect("B41 a record that is added while a lane is on its way to end is handled, and does not wait for the next page", () =>
    Effect.gen(function*() {
      for (const maxUnacknowledged of [3, 1024]) {
        for (let steps = 0; steps < 40; steps++) {
          for (const shuffle of [1, 2, 3]) {
            const handled = yield* VirtualTime.run(handledOf(8, steps, { concurrency: 2, maxUnacknowledged }), {
              shuffle,
              stepsBeforeYield: 40
            })
            assert.strictEqual(handled, 8, `handlers of ${steps} steps, shuffled by ${shuffle}`)
          }
        }
      }
    }))
})
