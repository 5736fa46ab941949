import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Leases, mapCalls } from "../../LeaseStore.js"
import type { Emit } from "../reading/emit.js"
import * as OutageWatch from "../reading/outageWatch.js"
import type { GroupSettings } from "./settings.js"

/** The lease store, while it is opened. */
export const opening = ({ application, streams }: GroupSettings): OutageWatch.Watched => ({
  ...OutageWatch.kinesis(streams[0]!),
  service: "lease-store",
  name: `the lease store of ${application}`
})

/** Tells without waiting: a lease is kept however long whoever is told takes. */
export const aside = (emit: Emit): Emit => (event) => {
  const told = emit(event)
  return told === Effect.void ? told : Effect.asVoid(Effect.forkDaemon(Effect.interruptible(told)))
}

/** The leases of a store that was opened, with an eye on how each call ends. */
export const watched = (
  leases: Leases,
  { staleMillis }: GroupSettings,
  outages: OutageWatch.OutageWatch
): Leases => {
  const tried = `for at most ${Duration.format(staleMillis)} (storeStaleness)`
  outages.tried = { failed: tried, throttled: tried }
  const answered = OutageWatch.answered(outages)
  return mapCalls(leases, (_, call) =>
    Effect.matchEffect(call, {
      onFailure: (error) => Effect.zipRight(OutageWatch.failed(outages, error), Effect.fail(error)),
      onSuccess: (value) => OutageWatch.isWell(outages) ? Effect.succeed(value) : Effect.as(answered, value)
    }))
}
