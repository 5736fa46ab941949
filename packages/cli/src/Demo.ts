import { LocalKinesis } from "@effect-kinesis/local"
import { KinesisClient, KinesisStream, Position, RecordDecoder, Until } from "effect-kinesis"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Order } from "./Order.js"
import * as Screen from "./Screen.js"
import * as Summary from "./Summary.js"
import * as Writer from "./Writer.js"

const stream = "orders"
const shards = 4
const customers = 60

/** What goes wrong, and when: throttled reads, an iterator that expires, a shard that is split. */
const mischief = (client: KinesisClient.Service, local: LocalKinesis.Service, totalMillis: number) =>
  Effect.gen(function*() {
    const { shards } = yield* client.listShards({ stream })
    const [first, second, third] = shards
    yield* Effect.sleep(totalMillis * 0.25)
    yield* local.throttle({ operation: "getRecords", shardId: second!.shardId, times: 3 })
    yield* Effect.sleep(totalMillis * 0.15)
    const { endingHashKey, startingHashKey } = first!.hashKeyRange
    const middle = (BigInt(startingHashKey) + BigInt(endingHashKey)) / 2n
    yield* client.splitShard({ stream, shardToSplit: first!.shardId, newStartingHashKey: String(middle) })
    yield* Effect.sleep(totalMillis * 0.15)
    yield* local.expireIterator({ shardId: third!.shardId })
  })

/**
 * Reads an embedded Kinesis for a set time while orders are written to it and things go wrong; then resumes from where it stood to read
 * what was written last, and holds what was read against what was written.
 */
export const run = ({ json, totalMillis }: { readonly totalMillis: number; readonly json: boolean }) =>
  Effect.gen(function*() {
    const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream, shardCount: shards }] })
    const screen = yield* Screen.make({ title: stream, totalMillis, json })
    const tally = Summary.begin()
    const written: Summary.Ledger = new Map()
    const seen: Summary.Ledger = new Map()
    const handled: Record<string, Position.Position> = {}
    const ended: Record<string, Position.Position> = {}

    const read = (options: Partial<KinesisStream.Options>) =>
      KinesisStream.records({
        stream,
        from: "trim-horizon",
        idleInterval: "250 millis",
        onEvent: (event) => {
          Summary.happened(tally, event)
          if (event._tag === "ShardEnded") ended[event.shardId] = Position.shardEnd
          return screen.onEvent(event)
        },
        ...options
      }).pipe(
        RecordDecoder.json(Order),
        Stream.runForEachChunk((orders) =>
          Effect.sync(() => {
            for (const order of Chunk.toReadonlyArray(orders)) {
              Summary.read(tally, seen, order.value.customer, order.value.number)
              handled[order.shardId] = Position.after(order)
            }
          })
        ),
        Effect.provideService(KinesisClient.KinesisClient, client)
      )

    const writing = Writer.run({
      client,
      stream,
      customers,
      onWritten: ({ customer, number }) => Summary.wrote(written, customer, number)
    })
    yield* Effect.raceFirst(
      read({ until: Until.elapsed(totalMillis) }),
      Effect.zipRight(
        Effect.all([writing, mischief(client, local, totalMillis)], { concurrency: "unbounded", discard: true }),
        Effect.never
      )
    )
    yield* screen.say("The time is over. Going on from there, to what was written last.")
    yield* read({ positions: { ...handled, ...ended }, until: Until.caughtUp })

    const summary = Summary.ofLedgers(tally, written, seen)
    yield* screen.finish(summary)
    return summary
  }).pipe(Effect.scoped)
