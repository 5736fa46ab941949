import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ChildShard, HashKeyRange } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import type * as Position from "../../Position.js"
import type * as ServerClock from "../shard/serverClock.js"

/** Brings the pages of one shard, in the shard's order: polling is one, a subscription to pushed pages another. */
export interface PageSource {
  /** The shard's next page each time it runs; fails with `None` when there is no more. By then the previous page has been handled. */
  readonly next: Effect.Effect<Page, Option.Option<KinesisError>>
  /** Releases what an interrupted {@link PageSource.next} holds. Runs once, after the last request for a page. */
  readonly close: Effect.Effect<void>
}

/** A shard that is to be read. */
export interface ShardToRead {
  readonly shardId: string
  readonly origin: Position.Position
  readonly because: "stored" | "start" | "parent"
  /** The shard was known to be closed when reading began. */
  readonly closed: boolean
  /** By how much this clock is ahead of the one that the origin goes by. */
  readonly skew: ServerClock.Skew
  readonly coordination: Coordination
}

/** What goes beyond the one shard that is read. Thousands of shards share it. */
export interface Coordination {
  /** The shard's range of hash keys, looked up when an aggregate arrives. */
  readonly hashKeyRange: (shardId: string) => Effect.Effect<HashKeyRange | undefined, KinesisError>
  /** Whether children of the shard are known, so that it is closed, whatever its last page said. */
  readonly hasChildren: (shardId: string) => boolean
  /** Runs when the first iterator has arrived, or the first subscription was accepted. */
  readonly onReady: (shardId: string) => Effect.Effect<void>
  /** Whether the shard is still this reader's, now that another has taken its subscription. */
  readonly ownsShard: (shardId: string) => Effect.Effect<boolean>
  /** Runs before the last page is followed by `None`, unless reading was stopped before the shard's end. */
  readonly onEnd: (shardId: string, outcome: ShardOutcome) => Effect.Effect<void, KinesisError>
}

/** The outcome of reading a shard: everything was handed on, or the shard has left retention. */
export interface ShardOutcome {
  readonly lost: boolean
  readonly childShards: ReadonlyArray<ChildShard>
  readonly broughtRecords: boolean
}
