import { Effect } from "effect"
import type { Coordination } from "../../src/internal/reading/pageSource.js"

/** What goes beyond a shard that is read alone: nothing. */
export const alone: Coordination = {
  hashKeyRange: () => Effect.sync(() => undefined),
  hasChildren: () => false,
  onReady: () => Effect.void,
  ownsShard: () => Effect.succeed(true),
  onEnd: () => Effect.void
}
