import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { LeaseLost } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import type { Position } from "../../Position.js"
import type { RecordPlace } from "../lease/ackTracker.js"
import * as Signal from "../reading/signal.js"
import type { ShardWork, Strategy } from "./shardWork.js"
import { type Tenure, whileHeld } from "./tenure.js"

/** Records how far a shard was handled. */
export interface Checkpointer {
  /** This record and all before it were handled. This is cheap: the position is stored later, with a renewal of the lease. */
  readonly stage: (record: RecordPlace) => Effect.Effect<void>
  /**
   * This record was handled; the order does not matter, since the stored position is the one before the first record that was not handled.
   * As cheap as `stage`.
   */
  readonly acknowledge: (record: RecordPlace) => Effect.Effect<void>
  /**
   * Stores the staged position now. Fails if another worker has the lease by now, which will then handle again everything since the last
   * checkpoint.
   */
  readonly flush: Effect.Effect<void, LeaseLost>
  /** The stored position. */
  readonly stored: Effect.Effect<Position | undefined>
}

/** One shard whose lease this worker holds. */
export interface ShardStream {
  /** The stream's name. */
  readonly stream: string
  /** The shard. */
  readonly shardId: string
  /** The shards that were read before it. */
  readonly parentShards: ReadonlyArray<string>
  /** Who holds it. */
  readonly lease: {
    /** This worker's name in the table. */
    readonly worker: string
    /** Higher than that of every earlier owner: a store that keeps the highest one it saw can refuse what an earlier one writes. */
    readonly fencingToken: number
  }
  /**
   * The shard's pages, in order, empty ones too. The stream ends with the shard, when its lease is lost, or when the shard is given up. Run
   * it once.
   */
  readonly pages: Stream.Stream<Page>
  /** The records of {@link pages}. */
  readonly records: Stream.Stream<KinesisRecord>
  /** Takes what is done with the records, and stores how far that is. */
  readonly checkpointer: Checkpointer
}

/** A shard that was given to a taker. */
interface State {
  readonly work: ShardWork
  /** Notified when the acknowledged records or the state below has changed. */
  readonly signal: Signal.Signal
  /** The stream of its pages has ended. */
  isRead: boolean
  /** The stream was abandoned before its end: nothing more of it will be acknowledged. */
  isLeft: boolean
}

/** Each shard is given to a taker as a stream; the work on it ends when everything delivered is acknowledged. */
export const strategy = (give: (shard: ShardStream) => void): Strategy => (work) => {
  const self: State = { work, signal: Signal.make(), isRead: false, isLeft: false }
  return {
    run: Effect.suspend(() => {
      give(shardStreamOf(self))
      return self.signal.waitUntil(() => isOver(self))
    }),
    stop: self.signal.tell,
    inFlight: () => work.tracker.gap
  }
}

/** There is nothing more to wait for. */
const isOver = ({ isLeft, isRead, work }: State): boolean =>
  work.isStopped() ? isLeft || work.tracker.isSettled : isRead && work.tracker.isSettled

const shardStreamOf = (self: State): ShardStream => {
  const { parentShardIds, shardId, stream, tenure } = self.work
  const pages = pagesOf(self)
  return {
    stream: stream.name,
    shardId,
    parentShards: parentShardIds,
    lease: { worker: tenure.lease().leaseOwner ?? "", fencingToken: tenure.fencingToken },
    pages,
    records: held(tenure, Stream.flattenIterables(Stream.map(pages, (page) => page.records))),
    checkpointer: checkpointerOf(self)
  }
}

const pagesOf = (self: State): Stream.Stream<Page> => {
  const { signal, work } = self
  const next = Effect.matchEffect(work.next, {
    onSuccess: ({ page }) => Effect.succeed(page),
    onFailure: () =>
      Effect.suspend(() => {
        self.isRead = true
        signal.tell()
        return Effect.fail(Option.none())
      })
  })
  return Stream.ensuring(
    Stream.repeatEffectOption(next),
    Effect.sync(() => {
      self.isLeft = !self.isRead
      signal.tell()
    })
  )
}

/** One after the other, each while the lease is certain to be held: if it is lost, the rest of a page belongs to another worker. */
const held = <A>(tenure: Tenure, values: Stream.Stream<A>): Stream.Stream<A> =>
  values.pipe(
    Stream.mapEffect((value) => whileHeld(tenure, Effect.succeedSome(value), Effect.succeedNone)),
    Stream.filterMapWhile((held) => held)
  )

const checkpointerOf = ({ signal, work }: State): Checkpointer => {
  const telling = (tell: (record: RecordPlace) => void) => (record: RecordPlace) =>
    Effect.sync(() => {
      tell(record)
      work.acknowledged()
      signal.tell()
    })
  return {
    stage: telling((record) => work.tracker.acknowledgeUpTo(record)),
    acknowledge: telling((record) => work.tracker.acknowledgeAt(record)),
    flush: work.tenure.flush,
    stored: Effect.sync(work.tenure.stored)
  }
}
