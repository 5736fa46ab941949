import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Position } from "../../Position.js"

/** How the work on a shard ended. */
export interface Report {
  /** The stream's name. */
  readonly stream: string
  /** The shard. */
  readonly shardId: string
  /** Read to its end; given up in order; another worker's by now; or it failed. */
  readonly end: "finished" | "released" | "lost" | "failed"
  /** The stored checkpoint of the shard. */
  readonly stored: Position | undefined
  /** Records whose handlers finished after the shard was to be given up. */
  readonly drained: number
  /** Records whose handlers were interrupted: they will be handled again. */
  readonly cut: number
  /** What it failed with, if it failed. */
  readonly error: KinesisError | LeaseStoreError | HandlerError | undefined
}
