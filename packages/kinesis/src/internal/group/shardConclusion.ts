import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { LeaseLost } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { ShardOutcome } from "../reading/pageSource.js"
import * as ObservedLeases from "./observedLeases.js"
import type { Report } from "./report.js"
import * as ShardEnd from "./shardEnd.js"
import { type Outcome, reportOf, type State } from "./shardState.js"

/** The work on a shard came to its end. */
export interface Over {
  readonly _tag: "Over"
  readonly report: Report
  /** The leases of shards that follow, which may be read now. */
  readonly children: ReadonlyArray<Lease>
}

/** What follows a reading of a shard: a shard that seemed to have ended can be open. */
export type Conclusion = Over | { readonly _tag: "ReadOn" }

const nobody = Effect.succeed(undefined)

export const over = (report: Report, children: ReadonlyArray<Lease> = []): Over => ({ _tag: "Over", report, children })

/** Stores how far the shard was handled and releases its lease, unless the lease is lost. */
export const conclude = (self: State, outcome: Outcome): Effect.Effect<Conclusion, LeaseLost> => {
  switch (outcome._tag) {
    case "Ended":
      return finish(self, outcome.end)
    case "HandlerFailed":
      return Effect.map(letGo(self, nobody), () => over(reportOf(self, "failed", outcome.error)))
    case "Stopped": {
      const { stop } = outcome
      switch (stop._tag) {
        case "Lost":
          return Effect.sync(() => over(reportOf(self, "lost")))
        case "LetGo":
          return Effect.map(letGo(self, stop.successor), () => over(reportOf(self, "released")))
        case "Failed":
          return Effect.map(letGo(self, nobody), () => over(reportOf(self, "failed", stop.error)))
      }
    }
  }
}

/** The shard was read to its end. If this worker should stop, an end that cannot be stored is left to the next owner. */
const finish = (self: State, end: ShardOutcome): Effect.Effect<Conclusion, LeaseLost> =>
  Effect.gen(function*() {
    const { options: { group, stream }, tenure } = self
    yield* tenure.flush
    const finishing = ShardEnd.finish(group.leases, ObservedLeases.all(group.observed), stream, tenure, end)
    const ended = yield* Effect.either(Effect.raceFirst(Effect.asSome(finishing), givenUp(self)))
    if (ended._tag === "Left") {
      if (ended.left._tag === "LeaseLost") return over(reportOf(self, "lost"))
      yield* letGo(self, nobody)
      return over(reportOf(self, "failed", ended.left))
    }
    if (Option.isNone(ended.right)) {
      yield* letGo(self, nobody)
      return over(reportOf(self, "released"))
    }
    const children = ended.right.value
    return children === undefined ? { _tag: "ReadOn" } : over(reportOf(self, "finished"), children)
  })

const givenUp = ({ cutting, options, stopping }: State): Effect.Effect<Option.Option<never>> =>
  Deferred.await(stopping).pipe(
    Effect.zipRight(Effect.raceFirst(Deferred.await(cutting), Effect.sleep(options.group.settings.renewMillis))),
    Effect.as(Option.none())
  )

/** The acknowledged position is stored before the lease is released: the next owner begins there. */
const letGo = (
  { options: { claimed: { shardId }, group: { worker }, stream }, tenure }: State,
  successor: Effect.Effect<string | undefined>
): Effect.Effect<void, LeaseLost> =>
  Effect.gen(function*() {
    yield* tenure.flush
    const isAskedFor = tenure.lease().checkpointOwner === worker
    const { checkpoint, leaseOwner } = yield* tenure.release(isAskedFor ? undefined : yield* successor)
    yield* stream.emit(KinesisEvent.LeaseReleased({ shardId, worker, position: checkpoint, successor: leaseOwner }))
  })
