import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as HandoffRequests from "../lease/handoffs.js"
import type { LeaseView } from "../lease/leaseView.js"
import type { Group } from "./group.js"

/** Requests for leases that are not answered. */
export interface Requests {
  /** Withdraws the requests that are not answered. */
  readonly withdraw: (view: LeaseView) => Effect.Effect<void, LeaseStoreError>
  /** The worker has not responded recently: asking it is useless. */
  readonly isSilent: (worker: string | undefined) => boolean
}

export const make = (
  { clocks, leases, settings, streams, worker }: Pick<Group, "clocks" | "leases" | "settings" | "streams" | "worker">
): Requests => {
  let silent = HandoffRequests.nobody
  const now = () => clocks.now().monotonic

  const warn = (name: string, shardId: string, owner: string) =>
    Effect.logWarning(
      `${name}/${shardId}: ${owner} was asked to hand its lease off, and goes on with it after ` +
        `${
          Duration.format(settings.drainMillis + settings.leaseMillis)
        }. Either its handlers take longer, or it does not know ` +
        "hand-offs, as a worker of the Kinesis Client Library 2 does not: stop that one, and its shards are taken over. It is not " +
        "asked again for an hour."
    )

  const withdraw = (lease: Lease) =>
    Effect.gen(function*() {
      const { checkpointOwner: owner = "", leaseOwner = "", shardId, streamIdentifier } = lease
      const withdrawn = yield* leases.withdrawHandoff(lease, leaseOwner)
      const stream = streams().find(({ identifier }) => identifier === streamIdentifier)
      if (Option.isNone(withdrawn) || stream === undefined) return
      const isKnown = HandoffRequests.isSilent(silent, owner, now())
      silent = HandoffRequests.silenced(silent, owner, now())
      yield* stream.emit(KinesisEvent.HandoffUnanswered({ shardId, worker: leaseOwner, owner }))
      if (!isKnown) yield* warn(stream.name, shardId, owner)
    })

  return {
    withdraw: (view) =>
      Effect.forEach(HandoffRequests.unanswered(view, worker, now(), settings), withdraw, { discard: true }),
    isSilent: (owner) => HandoffRequests.isSilent(silent, owner, now())
  }
}
