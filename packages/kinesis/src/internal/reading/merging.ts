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

/** How many pages can wait for the consumer, in addition to the one that each shard holds back. */
const capacity = 16

/** The shards of a stream whose pages are merged. */
interface State {
  readonly coordinated: Coordinator.Coordinated
  readonly pages: Mailbox.Mailbox<Page, KinesisError>
  /** The scope of the shards' fibers. */
  readonly scope: Scope.Scope
  /** How many shards are being read. */
  reading: number
  /** No further shard will follow. */
  isLastKnown: boolean
}

/**
 * The pages of all shards as they arrive: one fiber per shard, and one bounded queue for all. Stream's own merging costs several times as
 * much per page and holds several times as much memory per shard.
 */
export const make = (
  options: Settings.StreamOptions
): Effect.Effect<Stream.Stream<Page, KinesisError>, KinesisError, KinesisClient | Scope.Scope> =>
  Effect.gen(function*() {
    const readAhead = yield* ReadAhead.make(Settings.maxReadAheadBytes(options))
    const self: State = {
      coordinated: yield* Coordinator.make(options, readAhead),
      pages: yield* Mailbox.make<Page, KinesisError>({ capacity }),
      scope: yield* Effect.scope,
      reading: 0,
      isLastKnown: false
    }
    yield* Effect.forkScoped(readAll(self))
    return merged(self, readAhead)
  })

const endIfDone = ({ isLastKnown, pages, reading }: State): void => {
  if (isLastKnown && reading === 0) pages.unsafeDone(Exit.void)
}

// ---------------------------------------------------------------------------------------------------------------------
// Merging
//
// Takes the shards as the coordinator gives them, and reads each in a fiber of its own, which offers its pages to the
// one queue. The loop ends when the coordinator knows of no further shard, and the queue when the last fiber has ended
// too. A shard that fails, or a listing, ends the queue at once: the other fibers wait for the end of the scope, which
// interrupts them, so that no shard takes a page for handled that nobody will take.
// ---------------------------------------------------------------------------------------------------------------------

const readAll = (self: State): Effect.Effect<void> =>
  Effect.forever(Effect.flatMap(self.coordinated.shards.take, (shard) => read(self, shard))).pipe(
    Effect.catchTag("NoSuchElementException", () =>
      Effect.sync(() => {
        self.isLastKnown = true
        endIfDone(self)
      })),
    Effect.catchAllCause((cause) => Effect.asVoid(self.pages.failCause(cause)))
  )

const read = (self: State, shard: Coordinator.ReadableShard): Effect.Effect<void> => {
  const { coordinated, pages, scope } = self
  const take = (page: Page) => Effect.flatMap(pages.offer(page), (isTaken) => isTaken ? Effect.void : Effect.never)
  return Effect.map(Effect.forkIn(shard.read(take), scope), (fiber) => {
    self.reading++
    fiber.addObserver((exit) => {
      self.reading--
      const end = coordinated.judge(exit)
      if (Exit.isFailure(end)) pages.unsafeDone(end)
      else endIfDone(self)
    })
  })
}

/** All waiting pages, each time the consumer asks: it is then done with the previous ones. */
const merged = ({ pages }: State, readAhead: ReadAhead.ReadAhead): Stream.Stream<Page, KinesisError> =>
  Stream.repeatEffectChunkOption(Effect.suspend(() => {
    readAhead.taken([])
    return Effect.matchEffect(pages.takeAll, {
      onSuccess: ([some, isLast]) => {
        readAhead.taken(some)
        return isLast && Chunk.isEmpty(some) ? Effect.fail(Option.none()) : Effect.succeed(some)
      },
      onFailure: (error) => Effect.fail(Option.some(error))
    })
  }))
