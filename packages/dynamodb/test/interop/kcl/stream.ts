import type { Written } from "./ledger.js"
import { sleep, until } from "./processes.js"
import { kinesisCall } from "./servers.js"

/** The stream that is written, reshaped and read. */
export interface Stream {
  readonly name: string
  /** In the order of writing. The text of each record begins with its place in it. */
  readonly written: ReadonlyArray<Written>
  readonly create: (shards: number) => Promise<void>
  readonly put: (count: number) => Promise<void>
  /** So many aggregates of so many records of one key each. */
  readonly putAggregates: (count: number, size: number) => Promise<void>
  /** Writes ten records every quarter of a second, while `during` goes on. */
  readonly putting: <A>(during: () => Promise<A>) => Promise<A>
  readonly split: (number: number) => Promise<void>
  readonly merge: (number: number, adjacent: number) => Promise<void>
}

/** Makes one aggregate of each list of records. */
export type Aggregator = (
  records: ReadonlyArray<ReadonlyArray<Written>>
) => Promise<ReadonlyArray<{ readonly key: string; readonly data: string }>>

export const shardId = (number: number): string => `shardId-${String(number).padStart(12, "0")}`

const name = "orders"
const keys = 40

const range = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, index) => index)

const administration = (call: (operation: string, body: object) => Promise<any>) => {
  const active = () =>
    until(
      "an active stream",
      30,
      async () =>
        (await call("DescribeStreamSummary", { StreamName: name })).StreamDescriptionSummary.StreamStatus === "ACTIVE"
    )
  return {
    create: async (ShardCount: number) => {
      await call("CreateStream", { StreamName: name, ShardCount })
      await active()
    },
    split: async (number: number) => {
      const { Shards } = await call("ListShards", { StreamName: name })
      const { EndingHashKey, StartingHashKey } = Shards.find((it: any) => it.ShardId === shardId(number)).HashKeyRange
      await call("SplitShard", {
        StreamName: name,
        ShardToSplit: shardId(number),
        NewStartingHashKey: String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n)
      })
      await active()
    },
    merge: async (number: number, adjacent: number) => {
      await call("MergeShards", {
        StreamName: name,
        ShardToMerge: shardId(number),
        AdjacentShardToMerge: shardId(adjacent)
      })
      await active()
    }
  }
}

export const make = (url: string, aggregator: Aggregator): Stream => {
  const written: Array<Written> = []
  const call = (operation: string, body: object) => kinesisCall(url, operation, body)
  const write = async (count: number) => {
    const records = range(count).map((index) => {
      const number = written.length + index
      return { key: `key-${number % keys}`, text: `${number}|alone` }
    })
    const { FailedRecordCount } = await call("PutRecords", {
      StreamName: name,
      Records: records.map(({ key, text }) => ({ PartitionKey: key, Data: Buffer.from(text).toString("base64") }))
    })
    if (FailedRecordCount > 0) throw new Error(`${FailedRecordCount} records were not written`)
    written.push(...records)
  }
  /** One write after the other, since the number of a record is its place among all. */
  let turn = Promise.resolve()
  const put = (count: number) => {
    turn = turn.then(() => write(count))
    return turn
  }
  return {
    name,
    written,
    put,
    ...administration(call),
    putAggregates: async (count, size) => {
      const aggregates = range(count).map((aggregate) =>
        range(size).map((index) => ({
          key: `key-${aggregate % keys}`,
          text: `${written.length + aggregate * size + index}|aggregated`
        }))
      )
      for (const { data, key } of await aggregator(aggregates)) {
        await call("PutRecord", { StreamName: name, PartitionKey: key, Data: data })
      }
      written.push(...aggregates.flat())
    },
    putting: async (during) => {
      const over = new AbortController()
      const writing = (async () => {
        while (!over.signal.aborted) {
          await put(10)
          await sleep(250)
        }
      })()
      writing.catch(() => over.abort())
      try {
        return await during()
      } finally {
        over.abort()
        await writing
      }
    }
  }
}
