import type * as Cause from "effect/Cause"
import type * as Deferred from "effect/Deferred"
import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { Lease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Report } from "./report.js"
import type { GroupStream, StreamEvent } from "./streams.js"

export type WorkerError = KinesisError | LeaseStoreError | HandlerError

/** The work on a shard is over. */
export interface ShardEnded {
  readonly _tag: "ShardEnded"
  readonly leaseKey: string
  readonly stream: GroupStream
  readonly report: Report
  /** The leases of shards that follow, which may be read now. */
  readonly children: ReadonlyArray<Lease>
  /** Completed with the report once the worker has dealt with it. */
  readonly reported: Deferred.Deferred<Report>
}

/** The events that the parts of a worker send to it. */
export type WorkerEvent =
  | StreamEvent
  | ShardEnded
  /** A lease was claimed, and its shard is about to be read. */
  | { readonly _tag: "ShardTaken"; readonly leaseKey: string }
  /** A shard has its first iterator. */
  | { readonly _tag: "ShardReady"; readonly leaseKey: string }
  /** All leases of these streams were scanned and balanced. */
  | { readonly _tag: "Balanced"; readonly streams: ReadonlyArray<GroupStream> }
  /** The worker cannot go on. */
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<WorkerError> }
  /** The shards are to be given up; their handlers have this long to finish. */
  | { readonly _tag: "ShutdownRequested"; readonly drainMillis: number }

/** Puts an event into the worker's mailbox; never waits. */
export type Post = (event: WorkerEvent) => void
