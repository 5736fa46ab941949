import * as Effect from "effect/Effect"

/** Notifies one waiter of changes. */
export interface Signal {
  readonly tell: () => void
  /** Waits until the condition holds; checks it again after each notification. */
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
