import { LocalLeaseStore } from "@effect-kinesis/local"
import { Consumer, KinesisClient, KinesisStream, LeaseStore } from "effect-kinesis"
import type { GetRecordsResponse, Shard } from "effect-kinesis/KinesisApi"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { MeasureOnce } from "../measure.js"

interface Argument {
  readonly shards: number
}

/** Open shards that share the hash keys evenly. */
const shardsOf = (count: number): ReadonlyArray<Shard> => {
  const range = 2n ** 128n / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    shardId: `shardId-${String(index).padStart(12, "0")}`,
    parentShardId: undefined,
    adjacentParentShardId: undefined,
    hashKeyRange: {
      startingHashKey: String(BigInt(index) * range),
      endingHashKey: String(BigInt(index + 1) * range - 1n)
    },
    startingSequenceNumber: "1",
    endingSequenceNumber: undefined
  }))
}

const records: ReadonlyArray<KinesisRecord> = Array.from({ length: 100 }, (_, index) => ({
  stream: "orders",
  shardId: "",
  sequenceNumber: String(index),
  partitionKey: "",
  data: new Uint8Array(100),
  approximateArrivalTimestamp: undefined
}))

/** An in-memory Kinesis whose answers are the same each time, after this delay. */
const clientOf = (shards: ReadonlyArray<Shard>, page: GetRecordsResponse, latency: Effect.Effect<void>) => {
  const iterator = Effect.as(latency, { shardIterator: "i" })
  const answer = Effect.as(latency, page)
  const unused = () => Effect.dieMessage("not asked for")
  return {
    listShards: () => Effect.as(latency, { shards, nextToken: undefined }),
    getShardIterator: () => iterator,
    getRecords: () => answer,
    describeStreamSummary: unused
  } as unknown as KinesisClient.Service
}

const busy: GetRecordsResponse = { records, nextShardIterator: "i", millisBehindLatest: 1, childShards: [] }
const idle: GetRecordsResponse = { records: [], nextShardIterator: "i", millisBehindLatest: 0, childShards: [] }

const read = (client: KinesisClient.Service, options: Partial<KinesisStream.Options>) =>
  KinesisStream.pages({ stream: "orders", from: "trim-horizon", ...options }).pipe(
    Stream.provideService(KinesisClient.KinesisClient, client)
  )

const sleep = (millis: number) => Effect.sleep(Duration.millis(millis))

/** An answer that comes in a later turn of the event loop, without a timer. */
const soon = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

const cpuMillis = (since?: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return (user + system) / 1000
}

const held = (): number => {
  for (let time = 0; time < 4; time++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/** What a reading of idle shards holds, what it takes in so many milliseconds, and how long it takes to end. */
const idling = (
  { shards }: Argument,
  millis: number,
  reading: (client: KinesisClient.Service) => Effect.Effect<unknown, unknown>
): Effect.Effect<Record<string, number>> =>
  Effect.gen(function*() {
    const polls = { made: 0 }
    const counted = Effect.suspend(() => {
      polls.made++
      return soon
    })
    const client = clientOf(shardsOf(shards), idle, counted)
    const before = held()
    const fiber = yield* Effect.fork(reading(client))
    while (polls.made < 3 * shards) yield* sleep(1_000)
    const heap = held() - before
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    polls.made = 0
    yield* sleep(millis)
    const used = cpuMillis(cpu)
    const cores = used / (performance.now() - startedAt)
    const microsAPoll = (used * 1000) / polls.made
    const interruptedAt = performance.now()
    yield* Fiber.interrupt(fiber)
    return { bytesAShard: heap / shards, cores, microsAPoll, interruptMillis: performance.now() - interruptedAt }
  })

const measures: Record<string, (argument: Argument) => Effect.Effect<Record<string, number>>> = {
  /** From the start to the last shard's first record, calls of 10 ms. */
  start: ({ shards }) =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      const startedAt = performance.now()
      let first = 0
      yield* Stream.runForEachWhile(read(clientOf(shardsOf(shards), busy, sleep(10)), {}), (page) =>
        Effect.sync(() => {
          first ||= performance.now() - startedAt
          return seen.add(page.shardId).size < shards
        }))
      return { firstMillis: first, allMillis: performance.now() - startedAt }
    }).pipe(Effect.orDie),

  /** CPU per page, and the client's own part of it. */
  busy: ({ shards }) =>
    Effect.gen(function*() {
      const client = clientOf(shardsOf(shards), busy, soon)
      const pages = 200_000
      let left = pages
      const reading = Stream.runForEachWhile(read(client, { pollInterval: 0, idleInterval: 0 }), () =>
        Effect.sync(() => --left > 0))
      const bare = Effect.forEach(
        Array.from({ length: shards }),
        () =>
          Effect.whileLoop({ while: () => --left > 0, body: () => client.getRecords({} as never), step: () => {} }),
        { concurrency: "unbounded", discard: true }
      )
      const measured = (effect: Effect.Effect<unknown, unknown>) =>
        Effect.gen(function*() {
          left = pages
          const before = process.cpuUsage()
          yield* effect
          return (cpuMillis(before) * 1000) / pages
        })
      yield* measured(reading)
      yield* measured(bare)
      const alone = yield* measured(bare)
      return { microsAPage: yield* measured(reading), microsOfClient: alone }
    }).pipe(Effect.orDie),

  /** Heap per shard and CPU, at one poll per second. */
  idle: (argument) => idling(argument, 10_000, (client) => Stream.runDrain(read(client, {}))),

  /** The same of one worker of a group, which holds all leases: renewals and checks are in the figures. */
  group: (argument) =>
    Effect.flatMap(
      LocalLeaseStore.make(),
      ({ store }) =>
        idling(argument, 20_000, (client) =>
          Consumer.run({
            application: "bench",
            stream: "orders",
            from: "latest",
            handler: () => Effect.void
          }).pipe(
            Effect.provideService(KinesisClient.KinesisClient, client),
            Effect.provideService(LeaseStore.LeaseStore, store)
          ))
    )
}

export const once: MeasureOnce = (name, argument: Argument) => Effect.runPromise(measures[name]!(argument))
