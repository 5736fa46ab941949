import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { ProducerEvent } from "../../ProducerEvent.js"
import * as Endings from "../write/endings.js"
import * as Calls from "./calls.js"
import * as Happenings from "./happenings.js"
import * as Writer from "./writer.js"

/** Waits until all that was put before is told. What is put meanwhile does not prolong it. */
export const drained = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const { epochs } = self
    const epoch = epochs.at(-1)!
    if (epochs.length === 1 && epoch.open === 0) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    epoch.flushes.push(done)
    epochs.push(Calls.makeEpoch())
    return Effect.sync(() => {
      epoch.flushes.splice(epoch.flushes.indexOf(done), 1)
    })
  })

/** All that was put before is sent without waiting for more, and told. */
export const flush = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      self.core.hurries++
      Writer.wake(self)
    }),
    () => drained(self),
    () => Effect.sync(() => self.core.hurries--)
  )

/** Gives up all that is not told. */
const end = (self: Writer.Writer): Effect.Effect<{ readonly unsent: number; readonly unknown: number }> =>
  Effect.suspend(() => {
    const now = Writer.now(self)
    const { core, knowledge } = self
    self.isEnded = true
    const parcels = [...self.requests].flatMap(({ parcels }) => parcels)
    const doubted = knowledge.doubts.map(({ aggregate }) => aggregate)
    const waiting = Endings.abandon(core, now)
    const underWay = Endings.abort(core, [...parcels, ...doubted], now)
    const unsent = waiting.told.length + underWay.told.length
    const unknown = [...waiting.told, ...underWay.told].filter(({ mayBeWritten }) => mayBeWritten).length
    return Happenings.apply(self, waiting).pipe(
      Effect.zipRight(Happenings.apply(self, underWay)),
      Effect.as({ unsent, unknown })
    )
  })

/** Sends what there is for as long as `closeTimeout` says, and gives up the rest. */
const drain = (self: Writer.Writer) =>
  Effect.zipRight(
    Effect.timeoutOption(Effect.interruptible(flush(self)), self.settings.closeMillis),
    end(self)
  )

/** The end of the scope: takes no more calls, and tells every record. */
export const close = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.gen(function*() {
    self.isClosed = true
    const left = self.isEnded ? { unsent: 0, unknown: 0 } : yield* drain(self)
    yield* Scope.close(self.scope, Exit.void)
    yield* self.emit(ProducerEvent.Closed({ written: self.counts.written, ...left }))
  })

/** The pump has died of a fault of its own: nothing more is taken, and everything is told. */
export const collapse = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (self.isEnded) return Effect.void
    self.isClosed = true
    return Effect.asVoid(end(self))
  })
