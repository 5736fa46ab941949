import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Page } from "../../Page.js"
import * as PageEstimate from "../shard/pageEstimate.js"
import { monotonicMillisOf } from "./calls.js"

/** A page, and what it was as it came. */
export interface Fetched {
  readonly page: Page
  readonly bytes: number
}

/** Bounds the bytes of pages that are being fetched or wait for the consumer, over all shards of a run. */
export interface ReadAhead {
  readonly forShard: () => ForShard
  /** The consumer has these pages now, in place of those that it had before. */
  readonly taken: (pages: Iterable<Page>) => void
  /** A consumer of this page's shard alone has it now, or nobody will. */
  readonly handedOn: (page: Page) => void
}

/** What one shard asks of the bound. */
export interface ForShard {
  /**
   * Makes a call that may bring a page when there is room for one, in the order of asking, and at least when nothing else is held; so no
   * shard starves.
   */
  readonly fetching: <E, R>(call: Effect.Effect<Fetched, E, R>) => Effect.Effect<Fetched, E, R>
  /** Gives back the room of a call that was interrupted or died. */
  readonly leave: () => void
}

/** For whoever takes each page as it comes. */
export const unbounded: ReadAhead = {
  forShard: () => ({ fetching: (call) => call, leave: () => undefined }),
  taken: () => undefined,
  handedOn: () => undefined
}

/** A call that takes longer, in milliseconds, no longer holds room for its page: shards that hang must not hold up the others. */
const patience = 5_000

/** Room that a call holds for its page. */
interface Room {
  bytes: number
  readonly since: number
}

interface Place {
  readonly lastBytes: number
  readonly admit: (room: Room) => void
}

export const make = (maxBytes: number): Effect.Effect<ReadAhead, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const now = () => monotonicMillisOf(clock)
    let free = maxBytes
    let recent = PageEstimate.unknown
    const waiting: Array<Place> = []
    /** In the order in which they were given. */
    const rooms = new Set<Room>()
    const held = new Map<Page, number>()
    /** How much the consumer has; not the pages themselves, which are its own to let go. */
    let inHand = 0
    const someoneWaits = yield* Effect.makeLatch(false)

    /** Room for a page of a shard whose last one was so large, if there is some. */
    const roomFor = (lastBytes: number): Room | undefined => {
      const bytes = PageEstimate.nextPage(recent, lastBytes)
      if (bytes > free && free < maxBytes) return undefined
      const room = { bytes, since: now() }
      free -= bytes
      rooms.add(room)
      return room
    }
    const admitNext = (): void => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const room = roomFor(next.lastBytes)
        if (room === undefined) break
        waiting.shift()
        next.admit(room)
      }
      if (waiting.length > 0 && rooms.size > 0) someoneWaits.unsafeOpen()
    }
    const give = (bytes: number): void => {
      free += bytes
      if (waiting.length > 0) admitNext()
    }
    const release = (room: Room): void => {
      rooms.delete(room)
      give(room.bytes)
    }

    /** Takes the room of calls that are too slow, for those who wait. */
    const reclaim = Effect.gen(function*() {
      yield* someoneWaits.await
      const [oldest] = rooms
      const left = oldest === undefined ? 0 : oldest.since + patience - now()
      if (left > 0) return yield* Effect.sleep(left)
      if (oldest === undefined || waiting.length === 0) return yield* someoneWaits.close
      rooms.delete(oldest)
      const { bytes } = oldest
      oldest.bytes = 0
      give(bytes)
    })
    yield* Effect.forkScoped(Effect.forever(reclaim))

    const forShard = (): ForShard => {
      let room: Room | undefined
      let lastBytes = 0
      const wait = Effect.async<void>((resume) => {
        const place = {
          lastBytes,
          admit: (admitted: Room) => {
            room = admitted
            resume(Effect.void)
          }
        }
        waiting.push(place)
        admitNext()
        return Effect.sync(() => {
          const index = waiting.indexOf(place)
          if (index >= 0) waiting.splice(index, 1)
        })
      })
      /** Room stands in `room` as soon as it is given, so that {@link leave} finds it whatever happens to the fiber. */
      const take = Effect.suspend(() => {
        if (waiting.length === 0) room = roomFor(lastBytes)
        return room === undefined ? wait : Effect.void
      })
      const leave = (): void => {
        if (room === undefined) return
        const left = room
        room = undefined
        release(left)
      }
      return {
        leave,
        fetching: (call) =>
          Effect.zipRight(
            take,
            Effect.matchEffect(call, {
              onFailure: (error) => {
                leave()
                return Effect.fail(error)
              },
              onSuccess: (fetched) => {
                lastBytes = fetched.bytes
                recent = PageEstimate.after(recent, fetched.bytes)
                held.set(fetched.page, fetched.bytes)
                free -= fetched.bytes
                leave()
                return Effect.succeed(fetched)
              }
            })
          )
      }
    }

    return {
      forShard,
      taken: (pages) => {
        const before = inHand
        inHand = 0
        for (const page of pages) {
          inHand += held.get(page) ?? 0
          held.delete(page)
        }
        give(before)
      },
      handedOn: (page) => {
        const bytes = held.get(page)
        if (bytes === undefined) return
        held.delete(page)
        give(bytes)
      }
    }
  })
