import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Page } from "../../Page.js"
import * as PageEstimate from "../shard/pageEstimate.js"
import { monotonicMillisOf } from "./clock.js"

/** A page, and its size as it was received. */
export interface Fetched {
  readonly page: Page
  readonly bytes: number
}

/** Bounds the bytes of pages that are being fetched or wait for the consumer, over all shards of a run. */
export interface ReadAhead {
  readonly forShard: () => Share
  /** The consumer now has these pages in place of its previous ones. */
  readonly taken: (pages: Iterable<Page>) => void
  /** A consumer of this page's shard alone now has the page, or nobody ever will. */
  readonly handedOn: (page: Page) => void
}

/** What one shard holds of the bound. */
export interface Share {
  /** Undefined for consumers that take each page as it arrives. */
  readonly bound: State | undefined
  /**
   * The room of the call under way. It is stored here as soon as it is granted, so that {@link leave} finds it whatever happens to the
   * fiber.
   */
  room: Room | undefined
  /** The page that has come, until it counts as handed on. */
  kept: Page | undefined
  /** Called when there is room, while the shard waits for it. */
  onRoom: (() => void) | undefined
  lastBytes: number
  /** How large the next page is, where that is known before it comes; otherwise it is estimated. */
  nextBytes: number | undefined
}

const share = (bound: State | undefined): Share => ({
  bound,
  room: undefined,
  kept: undefined,
  onRoom: undefined,
  lastBytes: 0,
  nextBytes: undefined
})

/** For consumers that take each page as it arrives. */
export const unbounded: ReadAhead = {
  forShard: () => share(undefined),
  taken: () => undefined,
  handedOn: () => undefined
}

/** A call that takes longer, in milliseconds, no longer holds room for its page: shards that hang must not hold up the others. */
const patience = 5_000

/** The room that a call holds for its page. */
export interface Room {
  bytes: number
  readonly since: number
}

/** The bound of a run, and what counts towards it. */
export interface State {
  readonly maxBytes: number
  readonly now: () => number
  /** Free bytes; negative when a page was larger than its room. */
  free: number
  /** The size of recent pages, over all shards. */
  recent: PageEstimate.RecentPages
  /** In the order of requests. */
  readonly waiting: Array<Share>
  /** The rooms of the calls under way, in the order in which they were granted. */
  readonly rooms: Set<Room>
  /** Pages that wait for the consumer, by their bytes. */
  readonly held: Map<Page, number>
  /** The bytes that the consumer has; not the pages themselves, which the consumer may release. */
  inHand: number
  /** Open while a shard waits for a room that another one's call holds. */
  readonly someoneWaits: Effect.Latch
}

export const make = (maxBytes: number): Effect.Effect<ReadAhead, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const self: State = {
      maxBytes,
      now: () => monotonicMillisOf(clock),
      free: maxBytes,
      recent: PageEstimate.unknown,
      waiting: [],
      rooms: new Set(),
      held: new Map(),
      inHand: 0,
      someoneWaits: yield* Effect.makeLatch(false)
    }
    yield* Effect.forkScoped(Effect.interruptible(Effect.forever(reclaim(self))))
    return {
      forShard: () => share(self),
      taken: (pages) => taken(self, pages),
      handedOn: (page) => handedOn(self, page)
    }
  })

/** Room for the next page of a shard, if there is any. */
const roomFor = (self: State, { lastBytes, nextBytes }: Share): Room | undefined => {
  const bytes = nextBytes ?? PageEstimate.nextPage(self.recent, lastBytes)
  if (bytes > self.free && self.free < self.maxBytes) return undefined
  const room = { bytes, since: self.now() }
  self.free -= bytes
  self.rooms.add(room)
  return room
}

const admitNext = (self: State): void => {
  for (let next = self.waiting[0]; next !== undefined; next = self.waiting[0]) {
    const room = roomFor(self, next)
    if (room === undefined) break
    self.waiting.shift()
    const { onRoom } = next
    next.room = room
    next.onRoom = undefined
    onRoom?.()
  }
  if (self.waiting.length > 0 && self.rooms.size > 0) self.someoneWaits.unsafeOpen()
}

const give = (self: State, bytes: number): void => {
  self.free += bytes
  if (self.waiting.length > 0) admitNext(self)
}

const release = (self: State, room: Room): void => {
  self.rooms.delete(room)
  give(self, room.bytes)
}

/**
 * Takes the room of calls that are too slow and gives it to waiting shards: the oldest call first, when it has been under way for longer
 * than {@link patience}. It sleeps while nobody waits, and ends with the run's scope.
 */
const reclaim = (self: State): Effect.Effect<void> =>
  Effect.flatMap(self.someoneWaits.await, () => {
    const [oldest] = self.rooms
    const left = oldest === undefined ? 0 : oldest.since + patience - self.now()
    if (left > 0) return Effect.sleep(left)
    if (oldest === undefined || self.waiting.length === 0) return Effect.asVoid(self.someoneWaits.close)
    self.rooms.delete(oldest)
    const { bytes } = oldest
    oldest.bytes = 0
    return Effect.sync(() => give(self, bytes))
  })

const taken = (self: State, pages: Iterable<Page>): void => {
  const before = self.inHand
  self.inHand = 0
  for (const page of pages) {
    self.inHand += self.held.get(page) ?? 0
    self.held.delete(page)
  }
  give(self, before)
}

const handedOn = (self: State, page: Page): void => {
  const bytes = self.held.get(page)
  if (bytes === undefined) return
  self.held.delete(page)
  give(self, bytes)
}

/**
 * Runs a call that may bring a page as soon as there is room for one, in the order of requests, and always when nothing else is held, so
 * that no shard starves.
 */
export const fetching = <E, R>(self: Share, call: Effect.Effect<Fetched, E, R>): Effect.Effect<Fetched, E, R> =>
  self.bound === undefined ? call : Effect.zipRight(untilRoom(self), fetched(self, call))

/** Whether there is room for a page at once; if not, the function is called when there is, in the order of requests. */
export const enter = (self: Share, onRoom: () => void): boolean => {
  const { bound } = self
  if (bound === undefined) return true
  if (bound.waiting.length === 0) self.room = roomFor(bound, self)
  if (self.room !== undefined) return true
  self.onRoom = onRoom
  bound.waiting.push(self)
  if (bound.rooms.size > 0) bound.someoneWaits.unsafeOpen()
  return false
}

const untilRoom = (self: Share): Effect.Effect<void> =>
  Effect.suspend(() => {
    let resume = () => {}
    let hasRoom = enter(self, () => {
      hasRoom = true
      resume()
    })
    return hasRoom ? Effect.void : Effect.async<void>((done) => {
      if (hasRoom) done(Effect.void)
      resume = () => done(Effect.void)
      return Effect.sync(() => stopWaiting(self))
    })
  })

const stopWaiting = (self: Share): void => {
  if (self.onRoom === undefined) return
  self.onRoom = undefined
  self.bound!.waiting.splice(self.bound!.waiting.indexOf(self), 1)
}

/** Runs the rest of a call that has room. */
export const fetched = <E, R>(self: Share, call: Effect.Effect<Fetched, E, R>): Effect.Effect<Fetched, E, R> =>
  Effect.matchEffect(call, {
    onFailure: (error) => {
      leave(self)
      return Effect.fail(error)
    },
    onSuccess: (fetched) => {
      keep(self, fetched)
      return Effect.succeed(fetched)
    }
  })

/** The page replaces the room that its call held. */
export const keep = (self: Share, { bytes, page }: Fetched): void => {
  const { bound } = self
  if (bound === undefined) return
  self.kept = page
  self.lastBytes = bytes
  bound.recent = PageEstimate.after(bound.recent, bytes)
  bound.held.set(page, bytes)
  bound.free -= bytes
  leave(self)
}

/** Releases the room of a call that was interrupted or died, or waits for it no longer. */
export const leave = (self: Share): void => {
  stopWaiting(self)
  if (self.room === undefined) return
  const left = self.room
  self.room = undefined
  release(self.bound!, left)
}

/** Lets go of all that a shard holds which is read no further: of a page, too, that nobody was given. */
export const close = (self: Share): void => {
  const { bound, kept } = self
  self.kept = undefined
  if (bound !== undefined && kept !== undefined) handedOn(bound, kept)
  leave(self)
}
