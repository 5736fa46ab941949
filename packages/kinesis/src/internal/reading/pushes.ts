import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KinesisError } from "../../KinesisError.js"
import type { ReadContext } from "./context.js"
import type { FanOutSettings } from "./fanOutSettings.js"
import * as StreamConsumer from "./streamConsumer.js"

/** How the shards of a run are subscribed to: they share the stream's consumer. */
export interface Pushes {
  /** The consumer's ARN, once it is ACTIVE. */
  readonly arn: Effect.Effect<string, KinesisError>
  /** A subscription was refused since the consumer is not there, or not ACTIVE: the next `arn` is that of one that is. */
  readonly lost: (consumerArn: string) => Effect.Effect<void>
  /** What to do while a shard cannot be subscribed to. */
  readonly whileUnavailable: "poll" | "wait"
  /** Warns that another program takes the consumer's subscriptions: once, however many of the run's shards find it. */
  readonly warnOfSharing: Effect.Effect<void>
}

const sharing = ({ settings: { stream } }: ReadContext, { consumer }: FanOutSettings): Effect.Effect<void> =>
  Effect.logWarning(
    `${stream}: another program subscribes by the consumer ${consumer}, and each takes the shards from the other: ` +
      "give each application a consumer of its own"
  )

/** A run whose shards are pushed, if the settings say so. */
export const pushing = (
  context: ReadContext,
  settings: FanOutSettings | undefined,
  askers?: () => number
): Effect.Effect<ReadContext, never, Scope.Scope> =>
  settings === undefined
    ? Effect.succeed(context)
    : Effect.zipWith(
      StreamConsumer.make({ ...context, stream: context.settings.stream }, settings, askers),
      Effect.once(sharing(context, settings)),
      ({ arn, lost }, warnOfSharing) => ({
        ...context,
        pushes: { arn, lost, whileUnavailable: settings.whileUnavailable, warnOfSharing }
      })
    )
