import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Service } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import type { PutError } from "../../ProducerError.js"
import type { ProducerEvent } from "../../ProducerEvent.js"
import type { Encoded } from "../../RecordEncoder.js"
import * as MonotonicClock from "../reading/clock.js"
import type { RetryState } from "../reading/retrySteps.js"
import type { Signal } from "../reading/signal.js"
import { type Entry, type Failed, isFailed } from "../write/entry.js"
import type * as Reckoning from "../write/reckoning.js"
import * as Room from "../write/room.js"
import type * as ShardMap from "../write/shardMap.js"
import type * as State from "../write/state.js"
import * as Calls from "./calls.js"
import type { Metrics } from "./metrics.js"
import type { Settings } from "./settings.js"

/** What is known of the stream. */
export interface Knowledge {
  map: ShardMap.ShardMap | undefined
  /** Who distributes the records; `"unknown"` while that may not be asked. */
  strategy: "AUTO" | "USER_PARTITION_KEY" | "unknown"
  /** A record went where its hash key does not belong: until it is known why, nothing travels together. */
  isSuspect: boolean
  /** Records that did so since the strategy was last told. */
  strays: number
  maxRecordBytes: number
  /** When the shards were last listed, in milliseconds on the producer's clock. */
  listedAt: number
  /** Whether they are to be listed again. */
  isStale: boolean
  /** Aggregates of which only a newer map says whether they are in their place. */
  doubts: ReadonlyArray<Reckoning.Doubt>
}

/** How many of the users' records had which outcome. */
export interface Counts {
  accepted: number
  written: number
  failed: number
  withdrawn: number
}

/** The state of a producer. */
export interface Writer {
  readonly settings: Settings
  readonly client: Service
  readonly clock: Clock.Clock
  readonly core: State.State
  readonly encode: (value: unknown) => Encoded
  readonly emit: (event: ProducerEvent) => Effect.Effect<void>
  readonly metrics: Metrics
  /** Of the pump and the requests: it is closed when everything is told, after the user's scope has begun to close. */
  readonly scope: Scope.CloseableScope
  readonly isTraced: boolean
  readonly knowledge: Knowledge
  /** Told when the shards are to be listed again. */
  readonly staleness: Signal
  readonly counts: Counts
  readonly requests: Set<State.Request>
  retry: RetryState
  /** Calls by the flushes between them, the oldest first; those that begin now belong to the last. */
  readonly epochs: Array<Calls.Epoch>
  /** No call is taken any more. */
  isClosed: boolean
  /** Everything is told, and nothing is sent any more. */
  isEnded: boolean
  /** Something has happened that the pump has not seen yet. */
  isAwake: boolean
  wakePump: (() => void) | undefined
  /** What requests fail with, while none succeeds. */
  trouble: KinesisError | undefined
}

export const now = ({ clock }: Writer): number => MonotonicClock.monotonicMillisOf(clock)

/** Something has happened: the pump looks what to do. */
export const wake = (self: Writer): void => {
  self.isAwake = true
  const { wakePump } = self
  self.wakePump = undefined
  wakePump?.()
}

/** Calls that are over may end flushes: those of the oldest epochs, in order. */
const endEpochs = ({ epochs }: Writer): void => {
  while (epochs.length > 1 && epochs[0]!.open === 0) for (const done of epochs.shift()!.flushes) done()
}

/** One record less, or the whole of them, is awaited in a call. */
export const settle = (self: Writer, call: Calls.Call): void => {
  if (--call.pending > 0) return
  self.metrics.callMillis(now(self) - call.at)
  call.epoch.open--
  call.onNews?.()
  endEpochs(self)
}

/** No more records come to a call. */
export const complete = (self: Writer, call: Calls.Call): void => {
  if (!call.isOpen) return
  call.isOpen = false
  settle(self, call)
}

/** A record was given up: its caller is told. */
export const giveUp = (self: Writer, call: Calls.Call, index: number, error: PutError): void => {
  self.counts.failed++
  self.metrics.failed(error.reason, 1)
  if (call.told === undefined) {
    call.failed.push(error)
    call.onNews?.()
  } else call.told[index] = error
}

/** Why a record is given up. One that was never sent waited while the service failed or refused others. */
const causeOf = (self: Writer, ending: Failed): Failed =>
  ending.cause === undefined && ending.reason !== "predecessor" ? { ...ending, cause: self.trouble } : ending

/** Tells the callers of records that have come to their end; gives the outcomes of those whose caller does not wait any more. */
export const tell = (self: Writer, entries: ReadonlyArray<Entry>): ReadonlyArray<"written" | "failed"> => {
  const abandoned: Array<"written" | "failed"> = []
  let written = 0
  let bytes = 0
  for (const entry of entries as ReadonlyArray<Calls.CallEntry>) {
    const { call, index } = entry
    const ending = entry.ending!
    call.entries[index] = undefined
    if (call.isAbandoned) abandoned.push(isFailed(ending) ? "failed" : "written")
    if (isFailed(ending)) {
      giveUp(self, call, index, Calls.errorOf(self.settings.stream, entry, causeOf(self, ending)))
    } else {
      written++
      bytes += entry.bytes
      call.written++
      call.bytes += entry.bytes
      if (call.told !== undefined) call.told[index] = ending
    }
    settle(self, call)
    if (call.outside === entry) goOn(call)
  }
  if (written > 0) {
    self.counts.written += written
    self.metrics.written(written, bytes)
  }
  return abandoned
}

/** The record of a call that waited for room does so no more. */
const goOn = (call: Calls.Call): void => {
  const { onRoom } = call
  call.outside = undefined
  call.onRoom = undefined
  onRoom?.()
}

/** Room may have come free: whoever waits for it is let in. */
export const admit = (self: Writer): void => {
  if (self.core.crowded.size === 0) return
  for (const { call } of Room.admit(self.core, now(self)) as ReadonlyArray<Calls.CallEntry>) goOn(call)
}
