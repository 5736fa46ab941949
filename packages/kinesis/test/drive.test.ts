import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import { type KinesisError, type Page, Position } from "effect-kinesis"
import { ServiceUnavailable } from "effect-kinesis/KinesisError"
import type { ReadContext } from "../src/internal/reading/context.js"
import { drive } from "../src/internal/reading/drive.js"
import type { ShardToRead } from "../src/internal/reading/pageSource.js"

const shard = { shardId: "s", origin: Position.trimHorizon, because: "start" } as ShardToRead

const page = (n: number): Page.Page => ({
  shardId: "s",
  records: [],
  millisBehindLatest: n,
  position: Position.trimHorizon,
  childShards: []
})

type Next = Effect.Effect<Page.Page, Option.Option<KinesisError.KinesisError>>

/** Drives a source that gives these, one after the other, and notes what happens in which order. */
const driven = (
  all: ReadonlyArray<Next>,
  take: (page: Page.Page) => Effect.Effect<unknown, string> = () => Effect.void
) => {
  const notes: Array<string> = []
  const note = (text: string) => Effect.sync(() => void notes.push(text))
  const context = {
    settings: { stream: "orders" },
    emit: ({ _tag }: { readonly _tag: string }) => note(_tag)
  } as unknown as ReadContext
  let at = 0
  const source = {
    next: Effect.suspend(() => Effect.zipRight(note("next"), all[at++] ?? Effect.fail(Option.none()))),
    close: note("close")
  }
  const run = drive(
    context,
    shard,
    source,
    (given) => Effect.zipRight(note(`take ${given.millisBehindLatest}`), take(given))
  )
  return { notes, run }
}

describe("drive", () => {
  it.effect("asks for a page when the one before was taken, until there is none, and closes the source", () =>
    Effect.gen(function*() {
      const { notes, run } = driven([Effect.succeed(page(1)), Effect.succeed(page(2))])
      yield* run
      assert.deepStrictEqual(notes, ["ShardStarted", "next", "take 1", "next", "take 2", "next", "close"])
    }))

  it.effect("closes the source when it fails, when the taker fails, and when it is interrupted", () =>
    Effect.gen(function*() {
      const error = new ServiceUnavailable({ operation: "GetRecords", description: "down" })
      const broken = driven([Effect.fail(Option.some(error))])
      assert.strictEqual(yield* Effect.flip(broken.run), error)
      assert.deepStrictEqual(broken.notes, ["ShardStarted", "next", "close"])
      const refused = driven([Effect.succeed(page(1))], () => Effect.fail("full"))
      assert.strictEqual(yield* Effect.flip(refused.run), "full")
      assert.deepStrictEqual(refused.notes, ["ShardStarted", "next", "take 1", "close"])
      const waiting = driven([Effect.never])
      const fiber = yield* Effect.fork(waiting.run)
      yield* Effect.yieldNow()
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
      assert.deepStrictEqual(waiting.notes, ["ShardStarted", "next", "close"])
    }))
})
