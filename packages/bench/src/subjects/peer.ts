import * as Sdk from "@aws-sdk/client-kinesis"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { KinesisClient, KinesisStream, Until } from "effect-kinesis"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createRequire } from "node:module"
import type { MeasureOnce } from "../measure.js"

interface Argument {
  /** A file in the folder that the peer was installed in. */
  readonly folder: string
  readonly kinesis: string
  readonly dynamo: string
  readonly stream: string
  readonly shards: number
  readonly records: number
}

const bytes = 256
const connection = { region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }

const withClient = <A>(
  { kinesis }: Argument,
  use: (client: KinesisClient.Service) => Effect.Effect<A, unknown, KinesisClient.KinesisClient>
) =>
  Effect.flatMap(KinesisClient.KinesisClient, use).pipe(
    Effect.provide(KinesisClient.layer({ endpoint: kinesis, ...connection })),
    Effect.runPromise
  )

/** Creates the stream and fills it. */
const fill = (argument: Argument) =>
  withClient(argument, (client) =>
    Effect.gen(function*() {
      const { records, shards, stream } = argument
      yield* client.createStream({ stream, shardCount: shards })
      yield* Effect.repeat(Effect.delay(client.describeStreamSummary({ stream }), 50), {
        until: ({ streamStatus }) => streamStatus === "ACTIVE"
      })
      for (let sent = 0; sent < records; sent += 500) {
        const batch = Array.from({ length: 500 }, (_, index) => ({
          partitionKey: `key-${sent + index}`,
          data: new Uint8Array(bytes).fill(index)
        }))
        yield* client.putRecords({ stream, records: batch })
      }
      return {}
    }))

interface Counting {
  readonly count: (records: number) => boolean
  readonly result: () => { readonly perSecond: number; readonly cpuMicros: number }
}

/** The rate from the first record on, since what a peer does before that is not reading. */
const counting = (records: number): Counting => {
  let seen = 0
  let firstAt = 0
  let lastAt = 0
  let first = 0
  let cpu = process.cpuUsage()
  let used = 0
  return {
    count: (some) => {
      if (seen === 0 && some > 0) {
        firstAt = performance.now()
        first = some
        cpu = process.cpuUsage()
      }
      seen += some
      lastAt = performance.now()
      const { system, user } = process.cpuUsage(cpu)
      used = user + system
      return seen >= records
    },
    result: () => ({ perSecond: ((seen - first) * 1000) / (lastAt - firstAt), cpuMicros: used / (seen - first) })
  }
}

const byPeer = (argument: Argument) =>
  new Promise<Record<string, number>>((resolve, reject) => {
    const { dynamo, folder, kinesis, records, stream } = argument
    const Peer = createRequire(folder)("lifion-kinesis")
    const keys = { region: "us-east-1", accessKeyId: "test", secretAccessKey: "test" }
    const peer = new Peer({
      ...keys,
      endpoint: kinesis,
      streamName: stream,
      consumerGroup: "bench",
      createStreamIfNeeded: false,
      initialPositionInStream: "TRIM_HORIZON",
      pollDelay: 0,
      shouldParseJson: false,
      useAutoShardAssignment: true,
      dynamoDb: { ...keys, endpoint: dynamo }
    })
    const counts = counting(records)
    peer.on("data", (batch: { readonly records: ReadonlyArray<unknown> }) => {
      if (!counts.count(batch.records.length)) return
      peer.stopConsumer()
      resolve({ ...counts.result() })
    })
    peer.on("error", reject)
    peer.startConsumer().catch(reject)
  })

/** Reads a shard as everyone writes it, until all records of the stream are counted. */
const readBySdk = async (client: Sdk.KinesisClient, stream: string, shardId: string, counts: Counting) => {
  const first = await client.send(
    new Sdk.GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: "TRIM_HORIZON" })
  )
  let iterator = first.ShardIterator
  while (iterator !== undefined && !counts.count(0)) {
    const { NextShardIterator, Records = [] } = await client.send(
      new Sdk.GetRecordsCommand({ ShardIterator: iterator })
    )
    if (counts.count(Records.length)) return
    iterator = NextShardIterator
  }
}

const bySdk = async ({ kinesis, records, stream }: Argument) => {
  const client = new Sdk.KinesisClient({
    endpoint: kinesis,
    ...connection,
    requestHandler: new NodeHttpHandler()
  })
  const counts = counting(records)
  const { Shards = [] } = await client.send(new Sdk.ListShardsCommand({ StreamName: stream }))
  await Promise.all(Shards.map(({ ShardId }) => readBySdk(client, stream, ShardId!, counts)))
  client.destroy()
  return { ...counts.result() }
}

const ours = (argument: Argument) =>
  withClient(argument, () => {
    const { records, stream } = argument
    const counts = counting(records)
    return KinesisStream.pages({
      stream,
      from: "trim-horizon",
      pollInterval: 0,
      idleInterval: 0,
      until: Until.count(records)
    }).pipe(
      Stream.runForEachWhile((page) => Effect.sync(() => !counts.count(page.records.length))),
      Effect.map(() => ({ ...counts.result() }))
    )
  })

const measures: Record<string, (argument: Argument) => Promise<Record<string, number>>> = { fill, bySdk, byPeer, ours }

export const once: MeasureOnce = (name, argument: Argument) => measures[name]!(argument)
