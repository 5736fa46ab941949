import * as Effect from "effect/Effect"
import { ProducerEvent } from "../../ProducerEvent.js"
import type { Lane } from "../write/lanes.js"
import type * as Reckoning from "../write/reckoning.js"
import * as Stream from "./stream.js"
import * as Writer from "./writer.js"

const paceEvents = (self: Writer.Writer, { slowed, throttled }: Reckoning.Report): ReadonlyArray<ProducerEvent> => [
  ...Array.from(throttled, ([shardId, entries]) => {
    self.metrics.throttled(shardId, entries)
    return ProducerEvent.EntriesThrottled({ shardId, entries })
  }),
  ...slowed.map(({ pace, shard }) => {
    self.metrics.laneFactor(shard!.shardId, pace!.factor)
    return ProducerEvent.LaneSlowed({ shardId: shard!.shardId, factor: pace!.factor })
  })
]

const count = ({ metrics }: Writer.Writer, { misplaced, retried }: Reckoning.Report): void => {
  if (retried > 0) metrics.retried(retried)
  if (misplaced > 0) metrics.misplaced(misplaced)
}

const eventsOf = (
  self: Writer.Writer,
  report: Reckoning.Report,
  abandoned: ReadonlyArray<"written" | "failed">
): ReadonlyArray<ProducerEvent> => {
  const { broken, misplaced, over } = report
  return [
    ...over === undefined ? [] : [ProducerEvent.Recovered({ after: over })],
    ...paceEvents(self, report),
    ...misplaced === 0 ? [] : [ProducerEvent.Misplaced({ records: misplaced })],
    ...broken === undefined ? [] : [ProducerEvent.OrderBroken(broken.last!)],
    ...abandoned.map((outcome) => ProducerEvent.Abandoned({ outcome }))
  ]
}

/** A shard is written to at its whole rate again. */
export const recovered = (self: Writer.Writer, { shard }: Lane): ProducerEvent => {
  self.metrics.laneFactor(shard!.shardId, 1)
  return ProducerEvent.LaneRecovered({ shardId: shard!.shardId })
}

/**
 * Carries out a report of the core: callers are told, those that wait for room are let in, the pump looks again, and events are emitted, at
 * the end, so that whoever listens to them holds up none of that.
 */
export const apply = (self: Writer.Writer, report: Reckoning.Report): Effect.Effect<void> => {
  count(self, report)
  const abandoned = Writer.tell(self, report.told)
  Writer.admit(self)
  self.metrics.buffered(self.core.room)
  if (abandoned.length > 0) self.metrics.abandoned(abandoned.length)
  if (report.over !== undefined) {
    self.retry = undefined
    self.trouble = undefined
  }
  Stream.learn(self, report)
  Writer.wake(self)
  return Effect.forEach(eventsOf(self, report, abandoned), self.emit, { discard: true })
}
