import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Page } from "../../Page.js"
import * as PageEstimate from "../shard/pageEstimate.js"

/** A page, and what it was as it came. */
export interface Fetched {
  readonly page: Page
  readonly bytes: number
}

/** Bounds the bytes of pages that are being fetched or wait for the consumer, over all shards of a run. */
export interface ReadAhead {
  /**
   * Makes a call that may bring a page when there is room for one, in the order of asking, and at least when nothing else is held; so no
   * shard starves. `lastBytes` is the size of the shard's last page.
   */
  readonly fetching: <E, R>(lastBytes: number, call: Effect.Effect<Fetched, E, R>) => Effect.Effect<Fetched, E, R>
  /** The consumer has the page now. */
  readonly taken: (page: Page) => void
}

/** For whoever takes each page as it comes. */
export const unbounded: ReadAhead = {
  fetching: (_, call) => call,
  taken: () => undefined
}

/** A call that takes longer no longer holds room for its page: shards that hang must not hold up the others. */
const patience = "5 seconds"

export const make = (maxBytes: number): Effect.Effect<ReadAhead> =>
  Effect.sync(() => {
    let free = maxBytes
    let recent = PageEstimate.unknown
    const waiting: Array<{ readonly lastBytes: number; readonly admit: (bytes: number) => void }> = []
    const held = new WeakMap<Page, number>()

    const admitNext = (): void => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const bytes = PageEstimate.nextPage(recent, next.lastBytes)
        if (bytes > free && free < maxBytes) return
        waiting.shift()
        free -= bytes
        next.admit(bytes)
      }
    }
    const give = (bytes: number): void => {
      free += bytes
      admitNext()
    }
    /** Waits for room for a page, and gives how much was reserved: what is expected of it when its turn has come. */
    const take = (lastBytes: number): Effect.Effect<number> =>
      Effect.async<number>((resume) => {
        let reserved: number | undefined
        const place = {
          lastBytes,
          admit: (bytes: number) => {
            reserved = bytes
            resume(Effect.succeed(bytes))
          }
        }
        waiting.push(place)
        admitNext()
        return Effect.sync(() => {
          if (reserved !== undefined) give(reserved)
          else waiting.splice(waiting.indexOf(place), 1)
        })
      })

    const fetching: ReadAhead["fetching"] = (lastBytes, call) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          let reserved = yield* restore(take(lastBytes))
          const release = Effect.sync(() => {
            give(reserved)
            reserved = 0
          })
          const slow: Fiber.RuntimeFiber<void> = yield* Effect.interruptible(Effect.delay(release, patience)).pipe(
            Effect.fork
          )
          const fetched = yield* restore(call).pipe(
            Effect.onError(() => release),
            Effect.ensuring(Effect.sync(() => slow.unsafeInterruptAsFork(slow.id())))
          )
          recent = PageEstimate.after(recent, fetched.bytes)
          held.set(fetched.page, fetched.bytes)
          give(reserved - fetched.bytes)
          return fetched
        })
      )

    return {
      fetching,
      taken: (page) => {
        const bytes = held.get(page)
        if (bytes === undefined) return
        held.delete(page)
        give(bytes)
      }
    }
  })
