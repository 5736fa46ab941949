import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ListShardsRequest, ListShardsResponse, Shard, ShardFilter } from "../../KinesisApi.js"
import type { Service } from "../../KinesisClient.js"
import type { ExpiredListToken, KinesisError } from "../../KinesisError.js"
import { ServiceUnavailable } from "../../KinesisError.js"
import type { Position } from "../../Position.js"

/** Shards that closed shortly before the start are listed too: this clock may be ahead of the service's, and they bring nothing if not. */
const listingMarginMillis = 5 * 60_000

/** The shards of which something may be read from this start on. */
export const since = (start: Position): ShardFilter =>
  start._tag === "AtTimestamp"
    ? { type: "FROM_TIMESTAMP", timestamp: Math.max(0, start.timestamp - listingMarginMillis) }
    : { type: "FROM_TRIM_HORIZON" }

type Retrying = <A>(
  call: Effect.Effect<A, KinesisError | ExpiredListToken>
) => Effect.Effect<A, KinesisError | ExpiredListToken>

/** A listing that takes 5 minutes a page is not going to end. */
const maxRestarts = 4

/**
 * A stream always has shards, and a further page is announced only if there are more: a page without any says nothing, rather than that its
 * shards are gone. One that announces another page says no more: its own shards may have been left out.
 */
const isStatement = ({ shards }: ListShardsResponse): boolean => shards?.length > 0

const withoutShards = (stream: string) =>
  new ServiceUnavailable({ operation: "ListShards", stream, description: "the answer has no shards" })

/** Every page of a listing. When a token expires the whole listing starts again: a part of one is never used. */
export const all = (
  client: Service,
  stream: string,
  shardFilter: ShardFilter,
  retrying: Retrying
): Effect.Effect<ReadonlyArray<Shard>, KinesisError> =>
  Effect.gen(function*() {
    const shards: Array<Shard> = []
    let request: ListShardsRequest | undefined = { stream, shardFilter }
    while (request !== undefined) {
      const page: ListShardsResponse = yield* retrying(
        Effect.filterOrFail(client.listShards(request), isStatement, () => withoutShards(stream))
      )
      for (const shard of page.shards) shards.push(shard)
      request = page.nextToken === undefined || page.nextToken === "" ? undefined : { nextToken: page.nextToken }
    }
    return shards
  }).pipe(
    Effect.retry({ schedule: Schedule.recurs(maxRestarts), while: (error) => error._tag === "ExpiredListToken" }),
    Effect.catchTag("ExpiredListToken", ({ cause, description, operation }) =>
      Effect.fail(
        new ServiceUnavailable({ operation, stream, description: `the listing is too slow: ${description}`, cause })
      ))
  )
