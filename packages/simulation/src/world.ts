import type { Shard } from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { Position } from "effect-kinesis/Position"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Batch, LogLine, Run } from "./history.js"
import type { Scenario } from "./scenario.js"
import type { StreamWorld } from "./stream.js"

/** What is noted while a history happens. */
export const makeNotes = (verbose: boolean) => {
  const log: Array<LogLine> = []
  const met = new Map<string, number>()
  let ticks = 0
  return {
    log,
    met,
    batches: [] as Array<{ -readonly [Key in keyof Batch]: Batch[Key] }>,
    runs: [] as Array<{ readonly run: Run; readonly calls: readonly [from: number, to: number] }>,
    parents: new Map<string, ReadonlyArray<string>>(),
    shards: new Map<string, Shard>(),
    stored: {} as Record<string, Position>,
    handled: new Set<string>(),
    trimmedAt: new Map<string, number>(),
    /** Of the run under way: when each shard that it reads was last seen at its tip, and which had more to come. */
    seenAtTip: new Map<string, number>(),
    behind: new Set<string>(),
    lastRecordsAt: 0,
    /** All its shards were seen at their tips after no record had come for as long as its `until` says. */
    wasIdle: false,
    /** A page came. */
    answered: false,
    listings: [] as Array<number>,
    listed: new Set<string>(),
    hasLostStored: false,
    /** Of the first run. */
    startedAt: Infinity,
    /** The first run found out that the reader's clock is ahead. */
    clockFound: false,
    tick: () => ticks++,
    count: (fault: string, times = 1) => void met.set(fault, (met.get(fault) ?? 0) + times),
    say: (text: () => string): Effect.Effect<void> =>
      verbose ? Effect.map(Clock.currentTimeMillis, (at) => void log.push({ at, text: text() })) : Effect.void
  }
}

export type Notes = ReturnType<typeof makeNotes>

/** The service, as the history changes it and as the reader sees it. */
export interface World extends StreamWorld {
  readonly scenario: Scenario
  readonly notes: Notes
  readonly reader: KinesisClient.Service
}
