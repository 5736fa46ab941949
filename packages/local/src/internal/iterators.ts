import type { Account, Shard, Stream } from "./model.js"
import { nextSerial } from "./model.js"
import type { Refusal } from "./refusal.js"
import { invalid } from "./refusal.js"
import * as Tokens from "./tokens.js"

/** A place in a shard's log, and when it was handed out. */
export interface Iterator {
  readonly serial: number
  readonly issuedAt: number
  readonly stream: string
  readonly generation: number
  readonly shardIndex: number
  readonly place: number
}

/** At most 300 characters: the API allows 512. */
export const issue = ({ generation, issuedAt, place, serial, shardIndex, stream }: Iterator): string =>
  Tokens.seal("iterator", [serial, issuedAt, stream, generation, shardIndex, place])

/** A new iterator for a place in the log of a shard. */
export const issueAt = (account: Account, stream: Stream, shard: Shard, at: number, now: number): string =>
  issue({
    serial: nextSerial(account),
    issuedAt: now,
    stream: stream.name,
    generation: stream.generation,
    shardIndex: shard.index,
    place: at
  })

/** With `expires` false its age does not matter. */
export const accept = (token: string, now: number, expires = true): Iterator | Refusal => {
  const content = Tokens.unseal("iterator", token)
  if (content === undefined) return invalid("shardIterator", "Invalid ShardIterator.")
  const [serial, issuedAt, stream, generation, shardIndex, place] = content as [
    number,
    number,
    string,
    number,
    number,
    number
  ]
  return expires && Tokens.isExpired(issuedAt, now)
    ? {
      refused: "ExpiredIterator",
      description: `Iterator expired. The iterator was created at time ${
        Tokens.instant(issuedAt)
      } while right now it is ${
        Tokens.instant(now)
      } which is further in the future than the tolerated delay of ${Tokens.lifetime} milliseconds.`
    }
    : { serial, issuedAt, stream, generation, shardIndex, place }
}
