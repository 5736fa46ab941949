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

/** The work on one shard, as those who handle its pages see it. */
export interface ShardWork {
  readonly stream: GroupStream
  readonly shardId: string
  readonly parentShardIds: ReadonlyArray<string>
  readonly tenure: Tenure
  readonly tracker: AckTracker
  /** The next page, when it has come; none when there are no more, or none is to be begun. */
  readonly next: Effect.Effect<Delivered, Option.Option<never>>
  /** Nothing new is to be begun. */
  readonly isStopped: () => boolean
  /** Runs it while the lease is surely held; never when it is lost. */
  readonly whileHeld: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** A record by its number. */
  readonly acknowledge: (number: number) => void
  /** What was acknowledged by other ways than {@link acknowledge} is to be looked at. */
  readonly acknowledged: () => void
}

/** How the pages of a shard are handled. */
export interface Handling {
  /** Handles pages until there are no more, and fails with the first failure that the policy does not deal with. */
  readonly run: Effect.Effect<void, HandlerError>
  /** Nothing new is begun from here on; {@link run} ends when what was begun is done. */
  readonly stop: () => void
  /** How many records are being handled. */
  readonly inFlight: () => number
}

export type Strategy = (work: ShardWork) => Handling
