import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Service } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import type * as ServerClock from "../shard/serverClock.js"
import * as StopRule from "../shard/stopRule.js"
import * as Aggregates from "./aggregates.js"
import * as MonotonicClock from "./clock.js"
import type { Emit } from "./emit.js"
import type * as OutageWatch from "./outageWatch.js"
import type { Pushes } from "./pushes.js"
import type * as ReadAhead from "./readAhead.js"
import * as Retry from "./retry.js"
import type { Settings } from "./settings.js"

/** What the shards of a run share. */
export interface ReadContext {
  readonly client: Service
  readonly settings: Settings
  readonly emit: Emit
  readonly retrying: ReturnType<typeof Retry.retrying>
  /** Of the stream's service; the streams of a worker share one. */
  readonly outages: OutageWatch.OutageWatch
  /** Milliseconds on a clock that no correction of the time sets back. */
  readonly monotonicMillis: () => number
  /** Milliseconds since the epoch. */
  readonly epochMillis: () => number
  /** On the monotonic clock. */
  readonly deadline: number
  readonly progress: StopRule.Progress
  readonly readAhead: ReadAhead.ReadAhead
  /** By how much this clock was found to be ahead of the service's, for positions that come from the run's start. */
  readonly skew: ServerClock.Skew
  /** Whether any read was answered, and what the last one failed with: a run without an answer is an outage. */
  readonly outage: { answered: boolean; last: KinesisError | undefined }
  /** How shards are subscribed to, unless they are only polled. */
  readonly pushes: Pushes | undefined
  /** Who decides which shard a record goes to, asked for when an aggregate has records of another. */
  readonly distribution: Aggregates.Distribution
}

export const make = (
  client: Service,
  settings: Settings,
  emit: Emit,
  readAhead: ReadAhead.ReadAhead,
  outages: OutageWatch.OutageWatch
): Effect.Effect<ReadContext> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const monotonicMillis = () => MonotonicClock.monotonicMillisOf(clock)
    const now = monotonicMillis()
    return {
      client,
      settings,
      emit,
      retrying: Retry.retrying(settings, emit, outages),
      outages,
      monotonicMillis,
      epochMillis: () => clock.unsafeCurrentTimeMillis(),
      deadline: settings.until._tag === "Elapsed" ? now + settings.until.millis : Infinity,
      progress: StopRule.begin(now),
      readAhead,
      skew: { millis: 0 },
      outage: { answered: false, last: undefined },
      pushes: undefined,
      distribution: Aggregates.unasked()
    }
  })

/** A run whose time is over without a single answer was an outage, not an empty stream. */
export const outageOf = ({ outage }: ReadContext): Exit.Exit<void, KinesisError> =>
  outage.answered || outage.last === undefined ? Exit.void : Exit.fail(outage.last)
