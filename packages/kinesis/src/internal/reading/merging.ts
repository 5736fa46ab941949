import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { KinesisClient } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import * as Coordinator from "./coordinator.js"
import * as PageQueue from "./pageQueue.js"
import * as ReadAhead from "./readAhead.js"
import * as Scheduler from "./scheduler.js"
import * as Settings from "./settings.js"
import * as Turns from "./turns.js"

/** The shards of a stream whose pages are merged. */
interface State {
  readonly pages: PageQueue.PageQueue
  /** How many shards are being read. */
  reading: number
  /** No further shard will follow. */
  isLastKnown: boolean
}

/**
 * The pages of all shards as they arrive: one scheduler for the shards, and one bounded queue for all. Stream's own merging costs several
 * times as much per page and holds several times as much memory per shard.
 */
export const make = (
  options: Settings.StreamOptions
): Effect.Effect<Stream.Stream<Page, KinesisError>, KinesisError, KinesisClient | Scope.Scope> =>
  Effect.gen(function*() {
    const readAhead = yield* ReadAhead.make(Settings.maxReadAheadBytes(options))
    const coordinated = yield* Coordinator.make(options, readAhead)
    const self: State = { pages: PageQueue.make(yield* Turns.afterTurn), reading: 0, isLastKnown: false }
    const scheduler = yield* Scheduler.make(coordinated, self.pages, (exit) => ended(self, exit))
    yield* Effect.addFinalizer(() => Scheduler.close(scheduler))
    yield* Coordinator.endInTime(coordinated, () => Scheduler.endInTime(scheduler))
    yield* Effect.forkScoped(readAll(self, coordinated, scheduler))
    return merged(self, readAhead)
  })

const endIfDone = ({ isLastKnown, pages, reading }: State): void => {
  if (isLastKnown && reading === 0) PageQueue.end(pages, Exit.void)
}

/** The reading of a shard has ended. */
const ended = (self: State, exit: Exit.Exit<void, KinesisError>): void => {
  self.reading--
  if (Exit.isFailure(exit)) PageQueue.end(self.pages, exit)
  else endIfDone(self)
}

// ---------------------------------------------------------------------------------------------------------------------
// Merging
//
// Takes the shards as the coordinator gives them, and lets the scheduler read each, whose pages come to the one queue.
// The loop ends when the coordinator knows of no further shard, and the queue when the last shard has been read too. A
// shard that fails, or a listing, ends the queue at once: the other shards wait for the end of the scope, which ends
// what is under way, so that no shard takes a page for handled that nobody will take.
// ---------------------------------------------------------------------------------------------------------------------

const readAll = (
  self: State,
  { shards }: Coordinator.Coordinated,
  scheduler: Scheduler.Scheduler
): Effect.Effect<void> =>
  Effect.forever(Effect.map(shards.take, ({ toRead }) => {
    self.reading++
    Scheduler.read(scheduler, toRead)
  })).pipe(
    Effect.catchTag("NoSuchElementException", () =>
      Effect.sync(() => {
        self.isLastKnown = true
        endIfDone(self)
      })),
    Effect.catchAllCause((cause) => Effect.sync(() => PageQueue.end(self.pages, Exit.failCause(cause))))
  )

/** All waiting pages, each time the consumer asks: it is then done with the previous ones. */
const merged = ({ pages }: State, readAhead: ReadAhead.ReadAhead): Stream.Stream<Page, KinesisError> => {
  const next = Effect.suspend(() => {
    readAhead.taken([])
    return Effect.map(PageQueue.take(pages), (some) => {
      readAhead.taken(some)
      PageQueue.letIn(pages)
      return some
    })
  })
  const all: Channel.Channel<Chunk.Chunk<Page>, unknown, KinesisError> = Channel.flatMap(
    Channel.fromEffect(next),
    (some) => Chunk.isEmpty(some) ? Channel.void : Channel.zipRight(Channel.write(some), all)
  )
  return Stream.fromChannel(all)
}
