import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import { isThrottled, isTransient, type KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Leases } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Emit } from "../reading/emit.js"
import * as OutageWatch from "../reading/outageWatch.js"
import type { Clocks } from "./clocks.js"
import type { ObservedLeases } from "./observedLeases.js"
import type { GroupSettings } from "./settings.js"
import type { GroupStream } from "./streams.js"
import type { Post, WorkerError } from "./workerEvent.js"

/** A call that would fail again if it were retried. */
export const isFatal = (error: KinesisError | LeaseStoreError): boolean =>
  !isTransient(error) && !isThrottled(error) && error._tag !== "ResourceInUse" &&
  !(error._tag === "LeaseStoreError" && error.reason === "InUse")

/** The service has never answered in this run, and nobody waits for it any longer. */
export const isBeyondReach = ({ services }: Pick<Group, "services">, error: KinesisError | LeaseStoreError): boolean =>
  isTransient(error) &&
  OutageWatch.patienceMillis(error._tag === "LeaseStoreError" ? services.store : services.kinesis) === 0

/** The event of a failure: of the lease store, or of a listing of the stream. */
export const failureEvent = (
  error: KinesisError | LeaseStoreError,
  shardId: string | undefined,
  millisSinceLastListing: number
): KinesisEvent =>
  error._tag === "LeaseStoreError"
    ? KinesisEvent.LeaseStoreFailed({ operation: error.operation, shardId, error })
    : KinesisEvent.ListingFailed({ error, millisSinceLastListing })

/** The services that a worker calls. */
export interface Services {
  readonly kinesis: OutageWatch.OutageWatch
  readonly store: OutageWatch.OutageWatch
}

/** The context shared by all parts of a worker. */
export interface Group {
  readonly settings: GroupSettings
  /** The worker's unique name. */
  readonly worker: string
  readonly leases: Leases
  /** The leases as they were last seen. */
  readonly observed: ObservedLeases
  /** Those that can be read now. */
  readonly streams: () => ReadonlyArray<GroupStream>
  readonly clocks: Clocks
  readonly services: Services
  /** Emits an event that does not concern a single stream. */
  readonly emit: Emit
  /** Continues without the stream if the error allows that; returns whether it does. */
  readonly lose: (stream: GroupStream, error: WorkerError) => Effect.Effect<boolean>
  readonly post: Post
}

/** Ends the worker with an error. */
export const fail = ({ post }: Pick<Group, "post">, error: WorkerError): void =>
  post({ _tag: "Failed", cause: Cause.fail(error) })
