import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Page } from "../../Page.js"
import * as Position from "../../Position.js"
import type { ReadContext } from "./context.js"
import type { PageSource, ShardToRead } from "./pageSource.js"

/** Reports that the reading of a shard begins. */
export const begin = (
  { emit, settings: { stream } }: ReadContext,
  { because, origin, shardId }: ShardToRead
): Effect.Effect<void> =>
  Effect.zipRight(
    emit(KinesisEvent.ShardStarted({ shardId, from: origin, because })),
    Effect.logDebug(`${stream}/${shardId} begins at ${Position.format(origin)} (${because})`)
  )

// ---------------------------------------------------------------------------------------------------------------------
// Reading of one shard
//
// Asks a source for one page after the other, and gives each to the taker. The next page is requested only when the
// taker is done with the previous one: to the source this means that the page was handled, and the rule that ends the
// reading counts it then. It ends when the source has no more, when the source or the taker fails, and when it is
// interrupted. The source is closed last, whatever ended the loop, since an interrupted call may hold room for its
// page.
// ---------------------------------------------------------------------------------------------------------------------

/** Reads a shard until its source ends. */
export const drive = <E>(
  context: ReadContext,
  shard: ShardToRead,
  source: PageSource,
  take: (page: Page) => Effect.Effect<unknown, E>
): Effect.Effect<void, KinesisError | E> =>
  Effect.ensuring(Effect.zipRight(begin(context, shard), pull(source, take, () => false)), source.close)

/** Gives one page after the other to a taker until there is none, or a page was taken and this says enough: then it returns true. */
export const pull = <E>(
  source: PageSource,
  take: (page: Page) => Effect.Effect<unknown, E>,
  isEnough: () => boolean
): Effect.Effect<boolean, KinesisError | E> =>
  Effect.suspend(() => {
    let state: "on" | "enough" | "over" = "on"
    const over = Effect.sync(() => {
      state = "over"
    })
    const body: Effect.Effect<unknown, KinesisError | E> = Effect.matchEffect(source.next, {
      onSuccess: take,
      onFailure: Option.match({ onNone: () => over, onSome: Effect.fail<KinesisError> })
    })
    const step = () => {
      if (state === "on" && isEnough()) state = "enough"
    }
    const all = Effect.whileLoop({ while: () => state === "on", body: () => body, step })
    return Effect.map(all, () => state === "enough")
  })
