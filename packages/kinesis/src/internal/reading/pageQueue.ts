import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import type * as Turns from "./turns.js"

/** How many pages can wait for the consumer, in addition to the one that each shard holds back. */
const capacity = 16

/** A page that is held back until there is room for it. */
interface HeldBack {
  readonly page: Page
  readonly onHandedOn: () => void
}

/** The pages of all shards on their way to the one consumer. */
export interface PageQueue {
  /** Handed on: their shards may go on. */
  pages: Array<Page>
  /** In the order in which they came. */
  readonly heldBack: Array<HeldBack>
  exit: Exit.Exit<void, KinesisError> | undefined
  /** The consumer waits for a page. */
  wake: (() => void) | undefined
  readonly afterTurn: Turns.AfterTurn
}

export const make = (afterTurn: Turns.AfterTurn): PageQueue => ({
  pages: [],
  heldBack: [],
  exit: undefined,
  wake: undefined,
  afterTurn
})

/**
 * Whether the page was handed on. If not it is held back, and the function is called when it has been handed on, which after the end of
 * the queue it never is.
 */
export const offer = (self: PageQueue, page: Page, onHandedOn: () => void): boolean => {
  if (self.exit !== undefined) return false
  if (self.heldBack.length > 0 || self.pages.length >= capacity) {
    self.heldBack.push({ page, onHandedOn })
    return false
  }
  self.pages.push(page)
  wake(self)
  return true
}

/** Ends when the page has been handed on. */
export const handOn = (self: PageQueue, page: Page): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (offer(self, page, () => resume(Effect.void))) resume(Effect.void)
  })

/** No page will follow. What came before is still taken, and whoever held it back is not told. */
export const end = (self: PageQueue, exit: Exit.Exit<void, KinesisError>): void => {
  if (self.exit !== undefined) return
  self.exit = exit
  for (const { page } of self.heldBack.splice(0)) self.pages.push(page)
  wake(self)
}

/** Wakes the consumer when all pages of this turn have come: each time it wakes costs as much as several pages do. */
const wake = (self: PageQueue): void => {
  const { afterTurn, wake } = self
  if (wake === undefined) return
  self.wake = undefined
  afterTurn(wake)
}

/** All pages that wait, as soon as there is one; none after the last. */
export const take = (self: PageQueue): Effect.Effect<Chunk.Chunk<Page>, KinesisError> =>
  Effect.suspend(() => {
    const { exit, pages } = self
    if (pages.length > 0) {
      self.pages = []
      return Effect.succeed(Chunk.unsafeFromArray(pages))
    }
    return exit === undefined ? Effect.zipRight(untilWoken(self), take(self)) : Effect.as(exit, Chunk.empty())
  })

/** Looks again when it begins to wait: other fibers may have had their turn since there was nothing. */
const untilWoken = (self: PageQueue): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (self.pages.length > 0 || self.exit !== undefined) resume(Effect.void)
    else self.wake = () => resume(Effect.void)
  })

/** Hands on pages that were held back, as far as there is room. */
export const letIn = ({ heldBack, pages }: PageQueue): void => {
  while (pages.length < capacity) {
    const next = heldBack.shift()
    if (next === undefined) return
    pages.push(next.page)
    next.onHandedOn()
  }
}
