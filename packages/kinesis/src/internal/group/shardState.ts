import type * as Deferred from "effect/Deferred"
import type * as Effect from "effect/Effect"
import type { FailurePolicy } from "../../FailurePolicy.js"
import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { Lease } from "../../LeaseStore.js"
import type { Position, Startable } from "../../Position.js"
import type { Progress } from "../lease/progress.js"
import type { ShardOutcome } from "../reading/pageSource.js"
import type { Moment } from "./clocks.js"
import type { Group } from "./group.js"
import type { Report } from "./report.js"
import type { Strategy } from "./shardWork.js"
import type { GroupStream } from "./streams.js"
import type { Tenure } from "./tenure.js"

/** How a worker processes its shards. */
export interface Work {
  readonly strategy: Strategy
  readonly onFailure: FailurePolicy
}

export interface TaskOptions {
  readonly group: Group
  readonly work: Work
  readonly stream: GroupStream
  readonly claimed: Lease
  /** Before the claim was sent. */
  readonly claimedAt: Moment
  /** Where the shard begins if its lease has no checkpoint. */
  readonly startsAt: Startable
}

/** Why a shard is not read on. */
export type Stop =
  | { readonly _tag: "LetGo"; readonly successor: Effect.Effect<string | undefined>; readonly bounded: boolean }
  | { readonly _tag: "Lost" }
  | { readonly _tag: "Failed"; readonly error: KinesisError }

/** The outcome of one reading of a shard. */
export type Outcome =
  | { readonly _tag: "Ended"; readonly end: ShardOutcome }
  | { readonly _tag: "Stopped"; readonly stop: Stop }
  | { readonly _tag: "HandlerFailed"; readonly error: HandlerError }

/** The work on one shard, as its parts share it. */
export interface State {
  readonly options: TaskOptions
  readonly tenure: Tenure
  /** The acknowledged records: the reading updates them, the tenure stores their position. */
  readonly progress: Progress
  /** Completed with the first reason to stop. */
  readonly stopping: Deferred.Deferred<Stop>
  /** Completed when the time for handlers is over. */
  readonly cutting: Deferred.Deferred<void>
  /** Whether nothing new may be begun. */
  isStopped: boolean
  /** How many records were finished after that. */
  drained: number
  /** Records whose handlers were interrupted. */
  cut: number
}

export const startable = (position: Position | undefined): Startable | undefined =>
  position?._tag === "ShardEnd" ? undefined : position

export const reportOf = (
  { cut, drained, options, tenure }: State,
  end: Report["end"],
  error: Report["error"] = undefined
): Report => ({
  stream: options.stream.name,
  shardId: options.claimed.shardId,
  end,
  stored: tenure.stored(),
  drained,
  cut,
  error
})
