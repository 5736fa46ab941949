import * as Effect from "effect/Effect"
import type { ProducerEvent } from "../../ProducerEvent.js"
import * as Batches from "../write/batches.js"
import * as Endings from "../write/endings.js"
import { Entry } from "../write/entry.js"
import type { Request } from "../write/state.js"
import * as Happenings from "./happenings.js"
import * as Requests from "./requests.js"
import * as Writer from "./writer.js"

/** Waits until something happens. */
const woken = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (self.isAwake) return resume(Effect.void)
    self.wakePump = () => resume(Effect.void)
    return Effect.sync(() => {
      self.wakePump = undefined
    })
  })

const wait = (self: Writer.Writer, until: number): Effect.Effect<void> => {
  if (self.isAwake) return Effect.void
  if (until === Infinity) return woken(self)
  return Effect.raceFirst(woken(self), Effect.sleep(Math.max(1, Math.ceil(until - Writer.now(self)))))
}

const count = ({ metrics }: Writer.Writer, { parcels, records }: Request): void => {
  metrics.requestRecords(records)
  for (const parcel of parcels) if (!(parcel instanceof Entry)) metrics.aggregateRecords(parcel.entries.length)
}

const send = (self: Writer.Writer, request: Request): Effect.Effect<unknown> => {
  self.requests.add(request)
  count(self, request)
  return Effect.forkIn(Requests.send(self, request), self.scope)
}

/** Whoever listens to events does not hold up the pump. */
const tellOf = (self: Writer.Writer, events: ReadonlyArray<ProducerEvent>): Effect.Effect<unknown> =>
  Effect.forkIn(Effect.forEach(events, self.emit, { discard: true }), self.scope)

/** What is to be done now, and until when to wait then. */
const round = (self: Writer.Writer): Effect.Effect<void> =>
  Effect.suspend(() => {
    self.isAwake = false
    const now = Writer.now(self)
    const expired = Endings.expire(self.core, now)
    const events: Array<ProducerEvent> = []
    const requests: Array<Request> = []
    let step = Batches.next(self.core, now, (lane) => events.push(Happenings.recovered(self, lane)))
    while (step._tag === "Send") {
      requests.push(step.request)
      step = Batches.next(self.core, now, (lane) => events.push(Happenings.recovered(self, lane)))
    }
    const until = Math.min(step._tag === "Wait" ? step.until : Infinity, Endings.expiresAt(self.core))
    self.metrics.underWay(self.core.requestsUnderWay)
    return Effect.forEach(requests, (request) => send(self, request), { discard: true }).pipe(
      Effect.zipRight(expired.told.length === 0 ? Effect.void : Happenings.apply(self, expired)),
      Effect.zipRight(events.length === 0 ? Effect.void : tellOf(self, events)),
      Effect.zipRight(wait(self, until))
    )
  })

/*
 * The pump's loop: it asks the core what to do, gives each request a fiber of its own, and waits until the time that the core says or until
 * something happens. It waits for no answer, so that a request that hangs holds up nothing but its own records. It ends with the producer.
 */
export const run = (self: Writer.Writer): Effect.Effect<never> => Effect.forever(round(self))
