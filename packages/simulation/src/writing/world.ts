import type * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type { VirtualClock } from "@effect-kinesis/local/VirtualTime"
import type { Shard } from "effect-kinesis/KinesisApi"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { Stats } from "effect-kinesis/Producer"
import * as Effect from "effect/Effect"
import type { LogLine } from "../history.js"
import type { StreamWorld } from "../stream.js"
import type { Fate, Flush, Parcel, Request, Telling } from "./history.js"
import type { Scenario } from "./scenario.js"

export type Noted<A> = { -readonly [Key in keyof A]: A[Key] }

/** What is noted while a history happens. */
export const makeNotes = (clock: VirtualClock, verbose: boolean) => {
  const log: Array<LogLine> = []
  const met = new Map<string, number>()
  const now = () => clock.unsafeCurrentTimeMillis()
  const write = (text: () => string): void => {
    if (verbose) log.push({ at: now(), text: text() })
  }
  const tellings: Array<Telling> = []
  return {
    log,
    met,
    parents: new Map<string, ReadonlyArray<string>>(),
    shards: new Map<string, Shard>(),
    given: new Map<number, number>(),
    accepted: new Map<number, number>(),
    interrupted: new Map<number, number>(),
    tellings,
    requests: [] as Array<Noted<Omit<Request, "parcels">> & { parcels: ReadonlyArray<Noted<Parcel>> }>,
    flushes: [] as Array<Noted<Flush>>,
    closing: { beganAt: Infinity, endedAt: Infinity },
    mostBuffered: 0,
    stats: undefined as Stats | undefined,
    /** What is done before each request, once there is a producer. */
    onRequest: Effect.void as Effect.Effect<void>,
    autoFrom: Infinity,
    now,
    count: (what: string, times = 1) => void met.set(what, (met.get(what) ?? 0) + times),
    tell: (id: number, fate: Fate): void => {
      tellings.push({ id, at: now(), fate })
      write(() => `told ${id}: ${JSON.stringify(fate)}`)
    },
    write,
    say: (text: () => string): Effect.Effect<void> => verbose ? Effect.sync(() => write(text)) : Effect.void
  }
}

export type Notes = ReturnType<typeof makeNotes>

/** A stream, and what is noted of those who write to it. */
export interface World extends StreamWorld {
  readonly scenario: Scenario
  readonly notes: Notes
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
}
