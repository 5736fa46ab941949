import * as Lifecycle from "../lifecycle.js"
import type { Account, Shard } from "../model.js"
import { goneEntry } from "./streamState.js"

/** How many records of each shard were forgotten. */
export type Forgotten = WeakMap<Shard, number>

/** Lets go of the records that have left retention by now: nobody can read them. */
export const forget = (account: Account, forgotten: Forgotten, now: number): void => {
  for (const stream of account.streams.values()) {
    Lifecycle.ageAll(stream, now)
    for (const shard of stream.shards) {
      const from = forgotten.get(shard) ?? 0
      if (from === shard.trimmed) continue
      shard.log.fill(goneEntry(shard, stream.name), from, shard.trimmed)
      forgotten.set(shard, shard.trimmed)
    }
  }
}
