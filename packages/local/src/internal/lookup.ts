import * as Lifecycle from "./lifecycle.js"
import type { Account, Shard, Stream } from "./model.js"
import type { Refusal, Resource } from "./refusal.js"
import { invalid, isRefusal, shardNotFound, shown, streamNotFound } from "./refusal.js"

const namePattern = /^[a-zA-Z0-9_.-]{1,128}$/
const arnPattern = /^arn:[a-z-]+:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/

export const badName = (name: unknown): Refusal | undefined =>
  typeof name === "string" && namePattern.test(name)
    ? undefined
    : invalid("stream", `must be 1 to 128 characters of a-z, A-Z, 0-9, _, . and -, was ${shown(name)}`)

/** The stream's name from its name or ARN in a request; undefined for an ARN of another account or region. */
export const nameOf = (account: Account, stream: string | undefined): string | undefined => {
  if (typeof stream !== "string" || !stream.startsWith("arn:")) return stream
  const match = arnPattern.exec(stream)
  return match !== null && match[1] === account.region && match[2] === account.id ? match[3] : undefined
}

export const arnOf = (account: Account, name: string): string =>
  `arn:aws:kinesis:${account.region}:${account.id}:stream/${name}`

/** The stream in any state, brought up to date. */
export const findStream = (account: Account, stream: string, now: number): Stream | Refusal => {
  if (typeof stream === "string" && stream.startsWith("arn:")) {
    const match = arnPattern.exec(stream)
    if (match === null) return invalid("stream", `must be a stream's name or ARN, was ${stream}`)
    return match[1] === account.region && match[2] === account.id
      ? findStream(account, match[3]!, now)
      : streamNotFound(match[3]!, match[2]!)
  }
  const bad = badName(stream)
  if (bad !== undefined) return bad
  const found = account.streams.get(stream)
  if (found === undefined) return streamNotFound(stream, account.id)
  Lifecycle.settle(account, found, now)
  return account.streams.has(stream) ? found : streamNotFound(stream, account.id)
}

/** The stream if its records can be read and written, that is, from ACTIVE until DELETING. */
export const findServing = (account: Account, stream: string, now: number): Stream | Refusal => {
  const found = findStream(account, stream, now)
  return isRefusal(found) || found.status === "ACTIVE" || found.status === "UPDATING"
    ? found
    : streamNotFound(found.name, account.id)
}

/** The stream if it can be changed. */
export const findActive = (account: Account, stream: string, now: number): Stream | Refusal => {
  const found = findStream(account, stream, now)
  return isRefusal(found) || found.status === "ACTIVE" ? found : notActive(account, found)
}

export const notActive = (account: Account, stream: Stream): Refusal => ({
  refused: "ResourceInUse",
  description: `Stream ${stream.name} under account ${account.id} not ACTIVE, instead in state ${stream.status}`
})

export const resourceOf = (account: Account, stream: Stream, shardId: string): Resource => ({
  accountId: account.id,
  stream: stream.name,
  shardId
})

/** The shard, open or closed, unless it has left retention. */
export const findShard = (account: Account, stream: Stream, shardId: string, now: number): Shard | Refusal => {
  const match = /^shardId-(\d{12})$/.exec(shardId)
  const shard = match === null ? undefined : stream.shards[Number(match[1])]
  if (shard !== undefined) Lifecycle.age(stream, shard, now)
  return shard === undefined || shard.expired ? shardNotFound(resourceOf(account, stream, shardId)) : shard
}
