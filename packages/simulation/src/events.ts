import type { KinesisEvent } from "effect-kinesis/KinesisEvent"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Until } from "./scenario.js"
import { epoch } from "./stream.js"
import type { Notes, World } from "./world.js"

/** A listing that looked for the proof of a shard's end, or for a shard that was not found, is none by which the run knows its shards. */
const leaveOutListingOfShard = (notes: Notes, now: number): void => {
  notes.listings = notes.listings.filter((at) => at !== now)
}

/** The progress of a run, as its events report it. */
const follow = (notes: Notes, until: Until, event: KinesisEvent, now: number): void => {
  switch (event._tag) {
    case "ShardStarted":
      return void notes.seenAtTip.set(event.shardId, -Infinity)
    case "IteratorMissing":
      return leaveOutListingOfShard(notes, now)
    case "ShardEnded":
    case "ShardLost":
      if (event._tag === "ShardLost") leaveOutListingOfShard(notes, now)
      if (event._tag === "ShardLost" && event.shardId in notes.stored) notes.hasLostStored = true
      notes.seenAtTip.delete(event.shardId)
      return void notes.behind.delete(event.shardId)
    case "PageRead":
      notes.answered = true
      if (event.millisBehindLatest === 0) notes.behind.delete(event.shardId)
      else if (event.millisBehindLatest !== undefined) notes.behind.add(event.shardId)
      if (event.records > 0) notes.lastRecordsAt = now
      notes.seenAtTip.set(event.shardId, event.millisBehindLatest === 0 ? now : -Infinity)
      if (until._tag === "Idle") {
        notes.wasIdle ||= [...notes.seenAtTip.values()].every((at) => at - notes.lastRecordsAt >= until.millis)
      }
  }
}

/** Notes what the reader reports about itself. */
export const told = ({ notes, scenario }: World, until: Until) => (event: KinesisEvent): Effect.Effect<void> => {
  if (event._tag === "ClockAhead" && notes.runs.length === 0) notes.clockFound = true
  if (event._tag === "ShardsFound") notes.count(`shards found by ${event.source}`)
  if (
    ["IteratorMissing", "ShardLost", "ClockAhead", "StartClamped", "ListingFailed", "ShardEnded"].includes(event._tag)
  ) {
    notes.count(`told: ${event._tag}`)
  }
  const followed = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    follow(notes, until, event, now)
    const isSlow = event._tag === "PageRead" && event.records > 0 && now < epoch + scenario.healAt
    return isSlow && scenario.tellMillis > 0 ? Effect.sleep(scenario.tellMillis) : Effect.void
  })
  return event._tag === "PageRead" || event._tag === "Throttled" || event._tag === "CallFailed"
    ? followed
    : Effect.zipRight(
      followed,
      notes.say(() => `told ${JSON.stringify(event, (key, value) => key === "error" ? value._tag : value)}`)
    )
}
