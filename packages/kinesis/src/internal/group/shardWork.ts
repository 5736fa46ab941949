import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { HandlerError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import type { AckTracker } from "../lease/ackTracker.js"
import type { GroupStream } from "./streams.js"
import type { Tenure } from "./tenure.js"

/** A page that was given to the handlers, and the number of its first record in this reading of the shard. */
export interface Delivered {
  readonly page: Page
  readonly first: number
}

/** The work on one shard, as the handlers of its pages see it. */
export interface ShardWork {
  readonly stream: GroupStream
  readonly shardId: string
  readonly parentShardIds: ReadonlyArray<string>
  readonly tenure: Tenure
  readonly tracker: AckTracker
  /** The next page, when it has arrived; none if there are no more, or if nothing new may be begun. */
  readonly next: Effect.Effect<Delivered, Option.Option<never>>
  /** Whether nothing new may be begun. */
  readonly isStopped: () => boolean
  /** Runs an effect while the lease is certain to be held; never once it is lost. */
  readonly whileHeld: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Acknowledges a record by its number. */
  readonly acknowledge: (number: number) => void
  /** Notifies it of acknowledgements that were made other than by {@link acknowledge}. */
  readonly acknowledged: () => void
}

/** How the pages of a shard are handled. */
export interface Handling {
  /** Handles pages until there are no more, and fails with the first failure that the policy does not deal with. */
  readonly run: Effect.Effect<void, HandlerError>
  /** From here on nothing new is begun; {@link run} ends when the work in progress is done. */
  readonly stop: () => void
  /** How many records are being handled. */
  readonly inFlight: () => number
}

export type Strategy = (work: ShardWork) => Handling
