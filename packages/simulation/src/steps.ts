import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Action } from "./actions.js"
import { recordId } from "./history.js"
import { change, look, pick, sleepUntil, stream, targeting, writeAll } from "./stream.js"
import type { World } from "./world.js"

/** Remembers when each record left the stream. */
const noteTrimmed = ({ local, notes }: World): Effect.Effect<void> =>
  Effect.zipWith(local.records(stream), Clock.currentTimeMillis, (records, now) => {
    for (const { sequenceNumber, shardId, trimmed } of records) {
      const id = recordId(shardId, sequenceNumber)
      if (!trimmed || notes.trimmedAt.has(id)) continue
      notes.trimmedAt.set(id, now)
      if (!notes.handled.has(id)) notes.count("record gone before it was handled")
    }
  })

/** Does one thing of the scenario, as far as the stream allows it by then. */
const act = (world: World, action: Exclude<Action, { _tag: "Write" }>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { local, notes } = world
    if (action._tag !== "Trim" && action._tag !== "ExpireShard") return yield* change(world, action)
    yield* notes.say(() => `-- ${JSON.stringify(action)}`)
    switch (action._tag) {
      case "Trim": {
        const { shardId } = targeting(notes)(action.shard)
        const records = (yield* local.records(stream)).filter((record) => record.shardId === shardId)
        const upTo = pick(records, action.part)?.sequenceNumber
        yield* noteTrimmed(world)
        yield* local.trim({ stream, shardId, upTo: action.part === 1 ? undefined : upTo })
        return yield* noteTrimmed(world)
      }
      case "ExpireShard": {
        const shards = yield* look(world)
        const oldest = shards.filter(({ adjacentParentShardId, endingSequenceNumber, parentShardId }) =>
          endingSequenceNumber !== undefined &&
          ![parentShardId, adjacentParentShardId].some((parent) => parent !== undefined && notes.shards.has(parent))
        )
        const shard = pick(oldest, action.shard)
        if (shard === undefined) return
        yield* noteTrimmed(world)
        yield* local.expireShard({ stream, shardId: shard.shardId })
        notes.count("shard left retention")
        return yield* noteTrimmed(world)
      }
    }
  })

/** All steps in their order: one fiber writes, the other does everything else, and heals at the end. */
export const unfold = (world: World): Effect.Effect<void> => {
  const { healAt, steps } = world.scenario
  const writing = writeAll(world, steps)
  const meddling = Effect.forEach(
    steps,
    ({ action, at }) => action._tag === "Write" ? Effect.void : Effect.zipRight(sleepUntil(at), act(world, action)),
    { discard: true }
  )
  const healing = Effect.zipRight(
    sleepUntil(healAt),
    Effect.suspend(() => {
      world.listTokens.expiring = 0
      return world.local.clearFaults
    })
  )
  return Effect.all([writing, Effect.zipRight(meddling, healing)], { concurrency: "unbounded", discard: true }).pipe(
    Effect.zipRight(world.notes.say(() => "-- all is well from here on"))
  )
}
