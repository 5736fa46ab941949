import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KinesisClient } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import * as Coordinator from "./coordinator.js"
import * as ReadAhead from "./readAhead.js"
import * as Settings from "./settings.js"

/** How many pages wait for the consumer beside those that shards hold back, each one. */
const capacity = 16

/**
 * The pages of all shards as they come: a fiber a shard, and one bounded queue for all. Stream's own merging costs several times as much a
 * page and holds several times as much memory a shard.
 */
export const make = (
  options: Settings.StreamOptions
): Effect.Effect<Stream.Stream<Page, KinesisError>, KinesisError, KinesisClient | Scope.Scope> =>
  Effect.gen(function*() {
    const readAhead = yield* ReadAhead.make(Settings.maxReadAheadBytes(options))
    const { judge, shards } = yield* Coordinator.make(options, readAhead)
    const pages = yield* Mailbox.make<Page, KinesisError>({ capacity })
    const scope = yield* Effect.scope
    let reading = 0
    let isLastKnown = false
    const endIfDone = () => {
      if (isLastKnown && reading === 0) pages.unsafeDone(Exit.void)
    }
    /** No page is taken when another shard has failed: its reader waits for the end of the scope. */
    const take = (page: Page) => Effect.flatMap(pages.offer(page), (isTaken) => isTaken ? Effect.void : Effect.never)
    const read = (shard: Coordinator.ReadableShard) =>
      Effect.map(Effect.forkIn(shard.read(take), scope), (fiber) => {
        reading++
        fiber.addObserver((exit) => {
          reading--
          const end = judge(exit)
          if (Exit.isFailure(end)) pages.unsafeDone(end)
          else endIfDone()
        })
      })
    yield* Effect.forever(Effect.flatMap(shards.take, read)).pipe(
      Effect.catchTag("NoSuchElementException", () =>
        Effect.sync(() => {
          isLastKnown = true
          endIfDone()
        })),
      Effect.catchAllCause((cause) => pages.failCause(cause)),
      Effect.forkScoped
    )
    return Stream.repeatEffectChunkOption(Effect.suspend(() => {
      readAhead.taken([])
      return Effect.matchEffect(pages.takeAll, {
        onSuccess: ([some, isLast]) => {
          readAhead.taken(some)
          return isLast && Chunk.isEmpty(some) ? Effect.fail(Option.none()) : Effect.succeed(some)
        },
        onFailure: (error) => Effect.fail(Option.some(error))
      })
    }))
  })
