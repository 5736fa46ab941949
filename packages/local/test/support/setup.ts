import { LocalKinesis } from "@effect-kinesis/local"
import { Effect } from "effect"
import type * as Api from "effect-kinesis/KinesisApi"
import type * as Position from "effect-kinesis/Position"
import { trimHorizon } from "effect-kinesis/Position"

export const stream = "orders"
export const shard0 = "shardId-000000000000"
export const shard1 = "shardId-000000000001"
export const shard2 = "shardId-000000000002"

/** A service of one stream with the helpers that most tests need. */
export const setup = Effect.fnUntraced(function*(
  options: LocalKinesis.Options = {},
  of: Omit<LocalKinesis.StreamOptions, "name"> = {}
) {
  const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream, ...of }], ...options })
  const iterator = (
    position: Position.Position = trimHorizon,
    shardId = shard0
  ) =>
    Effect.map(
      client.getShardIterator({ stream, shardId, position: position as never }),
      ({ shardIterator }) => shardIterator
    )
  const read = (shardIterator: string, limit?: number, shardId = shard0) =>
    client.getRecords({ stream, shardId, shardIterator, limit })
  const put = (key: string, data: Uint8Array = text(key)) => client.putRecord({ stream, partitionKey: key, data })
  const shards = (shardFilter?: Api.ShardFilter) =>
    Effect.map(client.listShards({ stream, shardFilter }), ({ shards }) => shards)
  const ids = (shardFilter?: Api.ShardFilter) =>
    Effect.map(shards(shardFilter), (shards) => shards.map(({ shardId }) => Number(shardId.slice(-12))))
  return { client, local, iterator, read, put, shards, ids }
})

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

export const keys = (page: Api.GetRecordsResponse): ReadonlyArray<string> =>
  page.records.map(({ partitionKey = "" }) => partitionKey)

export const mebibyte = 1024 * 1024

/** With a key of one letter the record has this size. */
export const bytes = (size: number): Uint8Array => new Uint8Array(size - 1)
