import type * as Effect from "effect/Effect"
import type { KinesisError } from "../../KinesisError.js"

/** How the shards of a run are subscribed to: they share the stream's consumer. */
export interface Pushes {
  /** The consumer's ARN, once it is ACTIVE. */
  readonly arn: Effect.Effect<string, KinesisError>
  /** A subscription was refused since the consumer is not there, or not ACTIVE: the next `arn` is that of one that is. */
  readonly lost: (consumerArn: string) => Effect.Effect<void, KinesisError>
  /** What to do while a shard cannot be subscribed to. */
  readonly whileUnavailable: "poll" | "wait"
}
