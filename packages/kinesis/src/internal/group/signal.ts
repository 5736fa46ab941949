import * as Effect from "effect/Effect"

/** Tells one waiter that something has changed. */
export interface Signal {
  readonly tell: () => void
  /** Waits until it holds; looks again whenever something was told to have changed. */
  readonly waitUntil: (holds: () => boolean) => Effect.Effect<void>
}

export const make = (): Signal => {
  const changed = Effect.unsafeMakeLatch(false)
  const waitUntil = (holds: () => boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (holds()) return Effect.void
      changed.unsafeClose()
      return Effect.zipRight(changed.await, waitUntil(holds))
    })
  return { tell: () => changed.unsafeOpen(), waitUntil }
}
