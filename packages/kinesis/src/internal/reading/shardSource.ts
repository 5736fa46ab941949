import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Page } from "../../Page.js"
import * as Position from "../../Position.js"
import * as StopRule from "../shard/stopRule.js"
import type { ReadContext } from "./context.js"
import * as Interruption from "./interruption.js"
import * as Poller from "./poller.js"

const begin = (
  { emit, progress, settings }: ReadContext,
  { because, origin, shardId }: Poller.Shard
): Effect.Effect<void> =>
  Effect.suspend(() => {
    StopRule.shardStarted(progress, shardId)
    return Effect.zipRight(
      emit(KinesisEvent.ShardStarted({ shardId, from: origin, because })),
      Effect.logDebug(`${settings.stream}/${shardId} begins at ${Position.format(origin)} (${because})`)
    )
  })

/** The shard's pages, and whether they came to the shard's end. */
const poller = (run: ReadContext, shard: Poller.Shard) => {
  let cameToEnd = false
  const onEnd: Poller.Shard["onEnd"] = (end) => {
    cameToEnd = true
    return shard.onEnd(end)
  }
  return { ...Poller.make(run, { ...shard, onEnd }), cameToEnd: () => cameToEnd }
}

/** A run that ends by its time without a single answer was an outage, not an empty stream. */
const outageOf = ({ outage }: ReadContext): Exit.Exit<void, KinesisError> =>
  outage.answered || outage.last === undefined ? Exit.void : Exit.fail(outage.last)

/** The pages of a shard. Each run of the stream reads anew. */
export const stream = (run: ReadContext, shard: Poller.Shard): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.map(begin(run, shard), () => {
    const { cameToEnd, poll } = poller(run, shard)
    const pages = Stream.repeatEffectOption(poll)
    return run.deadline === Infinity
      ? pages
      : pages.pipe(
        Stream.interruptAfter(Math.max(0, run.deadline - run.monotonicMillis())),
        Stream.concat(Stream.suspend(() => cameToEnd() ? Stream.empty : Stream.execute(outageOf(run))))
      )
  })).pipe(
    Stream.catchAllCause((cause) => Stream.failCause(Interruption.asDefect(cause))),
    Stream.ensuring(Effect.sync(() => StopRule.shardLeft(run.progress, shard.shardId)))
  )

interface Reader {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  isPolling: boolean
}

/** The fibers that read the shards of a run, each its own. */
export class Readers {
  readonly #readers = new Set<Reader>()
  #isOver = false

  constructor(readonly run: ReadContext) {}

  /**
   * Gives the shard's pages to a taker, one after the other, to the end: {@link stream} without a Stream, which costs more than all else
   * for many shards. Has a fiber of its own; {@link judge} tells what its exit means.
   */
  read(shard: Poller.Shard, take: (page: Page) => Effect.Effect<unknown>): Effect.Effect<void, KinesisError> {
    return Effect.withFiberRuntime((fiber) => {
      const reader: Reader = { fiber, isPolling: false }
      const { cameToEnd, leave, poll } = poller(this.run, shard)
      let left = true
      const next = Effect.matchEffect(poll, {
        onSuccess: (page) => {
          reader.isPolling = false
          return take(page)
        },
        onFailure: Option.match({
          onNone: () =>
            Effect.sync(() => {
              left = false
            }),
          onSome: Effect.fail
        })
      })
      const all = Effect.whileLoop({
        while: () => left && !this.#isOver,
        body: () => {
          reader.isPolling = true
          return next
        },
        step: () => undefined
      })
      this.#readers.add(reader)
      return Effect.zipRight(begin(this.run, shard), all).pipe(
        Effect.zipRight(Effect.suspend(() => cameToEnd() || !this.#isOver ? Effect.void : outageOf(this.run))),
        Effect.ensuring(Effect.sync(() => {
          leave()
          this.#readers.delete(reader)
          StopRule.shardLeft(this.run.progress, shard.shardId)
        }))
      )
    })
  }

  /** The time is over: calls under way are interrupted, pages that came are still handed on. */
  end(): void {
    this.#isOver = true
    for (const { fiber, isPolling } of this.#readers) if (isPolling) fiber.unsafeInterruptAsFork(fiber.id())
  }

  /** How the reading of a shard ended: one that was interrupted since the time is over has ended as it should. */
  judge(exit: Exit.Exit<void, KinesisError>): Exit.Exit<void, KinesisError> {
    if (Exit.isSuccess(exit)) return exit
    if (!this.#isOver || !Cause.isInterruptedOnly(exit.cause)) {
      return Exit.failCause(Interruption.asDefect(exit.cause))
    }
    return outageOf(this.run)
  }
}
