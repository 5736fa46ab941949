import type { HandlerError, KinesisError } from "../../KinesisError.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import type { Position } from "../../Position.js"

/** How the work on a shard ended. */
export interface Report {
  readonly stream: string
  readonly shardId: string
  readonly end: "finished" | "released" | "lost" | "failed"
  /** The stored checkpoint of the shard. */
  readonly stored: Position | undefined
  /** Records whose handlers finished after the shard was to be given up. */
  readonly drained: number
  /** Records whose handlers were interrupted: they will be handled again. */
  readonly cut: number
  readonly error: KinesisError | LeaseStoreError | HandlerError | undefined
}
