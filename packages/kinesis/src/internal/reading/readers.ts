import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import type { ReadContext } from "./context.js"
import * as Drive from "./drive.js"
import * as Interruption from "./interruption.js"
import type { PageSource, ShardToRead } from "./pageSource.js"
import * as Poller from "./poller.js"

/** The source of the shard's pages, and whether they reached the shard's end. */
const sourceOf = (context: ReadContext, shard: ShardToRead) => {
  let cameToEnd = false
  const onEnd: ShardToRead["onEnd"] = (outcome) => {
    cameToEnd = true
    return shard.onEnd(outcome)
  }
  return { source: Poller.make(context, { ...shard, onEnd }), cameToEnd: () => cameToEnd }
}

/** A run whose time is over without a single answer was an outage, not an empty stream. */
const outageOf = ({ outage }: ReadContext): Exit.Exit<void, KinesisError> =>
  outage.answered || outage.last === undefined ? Exit.void : Exit.fail(outage.last)

/** The pages of a shard, each requested when it is pulled: a loop that the consumer drives. Each run of the stream reads from the start. */
export const stream = (context: ReadContext, shard: ShardToRead): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.map(Drive.begin(context, shard), () => {
    const { cameToEnd, source } = sourceOf(context, shard)
    const pages = Stream.ensuring(Stream.repeatEffectOption(source.next), source.close)
    return context.deadline === Infinity
      ? pages
      : pages.pipe(
        Stream.interruptAfter(Math.max(0, context.deadline - context.monotonicMillis())),
        Stream.concat(Stream.suspend(() => cameToEnd() ? Stream.empty : Stream.execute(outageOf(context))))
      )
  })).pipe(Stream.catchAllCause((cause) => Stream.failCause(Interruption.asDefect(cause))))

/** A fiber that reads a shard. */
interface Reader {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  /** It is waiting for a page, not for the taker of one. */
  isPolling: boolean
}

/** The fibers that read the shards of a run, each its own. */
export interface Readers {
  readonly context: ReadContext
  readonly readers: Set<Reader>
  /** The time is over. */
  isOver: boolean
}

export const make = (context: ReadContext): Readers => ({ context, readers: new Set(), isOver: false })

/**
 * Gives the shard's pages to a taker, one after the other, to the end: {@link stream} without a Stream, which for many shards costs more
 * than everything else. It runs in a fiber of its own; {@link judge} says what its exit means.
 */
export const read = (
  self: Readers,
  shard: ShardToRead,
  take: (page: Page) => Effect.Effect<unknown>
): Effect.Effect<void, KinesisError> =>
  Effect.withFiberRuntime((fiber) => {
    const reader: Reader = { fiber, isPolling: false }
    const { cameToEnd, source } = sourceOf(self.context, shard)
    self.readers.add(reader)
    return Drive.drive(self.context, shard, untilOver(self, reader, source), (page) => {
      reader.isPolling = false
      return take(page)
    }).pipe(
      Effect.zipRight(Effect.suspend(() => cameToEnd() || !self.isOver ? Effect.void : outageOf(self.context))),
      Effect.ensuring(Effect.sync(() => self.readers.delete(reader)))
    )
  })

/** The pages of a source until the time is over. */
const untilOver = (self: Readers, reader: Reader, { close, next }: PageSource): PageSource => ({
  close,
  next: Effect.suspend(() => {
    if (self.isOver) return Effect.fail(Option.none())
    reader.isPolling = true
    return next
  })
})

/** The time is over: calls under way are interrupted, pages that have arrived are still handed on. */
export const end = (self: Readers): void => {
  self.isOver = true
  for (const { fiber, isPolling } of self.readers) if (isPolling) fiber.unsafeInterruptAsFork(fiber.id())
}

/** How the reading of a shard ended: an interruption because the time is over is a normal end. */
export const judge = (self: Readers, exit: Exit.Exit<void, KinesisError>): Exit.Exit<void, KinesisError> => {
  if (Exit.isSuccess(exit)) return exit
  return self.isOver && Cause.isInterruptedOnly(exit.cause)
    ? outageOf(self.context)
    : Exit.failCause(Interruption.asDefect(exit.cause))
}
