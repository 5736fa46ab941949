import { LocalKinesis } from "@effect-kinesis/local"
import { KinesisClient, KinesisStream, Position, RecordDecoder, Until } from "effect-kinesis"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Order from "./Order.js"
import * as ReadView from "./ReadView.js"
import * as Screen from "./Screen.js"
import * as Summary from "./Summary.js"
import * as Writer from "./Writer.js"

const stream = "orders"
const shards = 4
const customers = 60

interface State {
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
  readonly screen: Screen.Screen
  readonly tally: Summary.Tally
  readonly written: Summary.Ledger
  readonly seen: Summary.Ledger
  /** The position of each shard after the handled records. */
  readonly positions: Record<string, Position.Position>
}

const throttles = 3

/** The faults, and when each is injected: throttled reads, a shard that is split, an iterator that expires. */
const faults = ({ client, local, screen }: State, totalMillis: number) =>
  Effect.gen(function*() {
    const { shards } = yield* client.listShards({ stream })
    const [first, second, third] = shards
    yield* Effect.sleep(totalMillis * 0.25)
    yield* screen.say(`fault 1 of 3, made here: ${second!.shardId} refuses the next ${throttles} reads`)
    yield* local.throttle({ operation: "getRecords", shardId: second!.shardId, times: throttles })
    yield* Effect.sleep(totalMillis * 0.15)
    yield* screen.say(`fault 2 of 3, made here: ${first!.shardId} is split in two`)
    const { endingHashKey, startingHashKey } = first!.hashKeyRange
    const middle = (BigInt(startingHashKey) + BigInt(endingHashKey)) / 2n
    yield* client.splitShard({ stream, shardToSplit: first!.shardId, newStartingHashKey: String(middle) })
    yield* Effect.sleep(totalMillis * 0.15)
    yield* screen.say(`fault 3 of 3, made here: the iterator of ${third!.shardId} expires`)
    yield* local.expireIterator({ shardId: third!.shardId })
  })

const read = ({ client, positions, screen, seen, tally }: State, options: Partial<KinesisStream.Options>) =>
  KinesisStream.records({
    stream,
    from: "trim-horizon",
    idleInterval: "250 millis",
    onEvent: (event) => {
      Summary.happened(tally, event)
      if (event._tag === "ShardEnded") positions[event.shardId] = Position.shardEnd
      return screen.onEvent(event)
    },
    ...options
  }).pipe(
    RecordDecoder.json(Order.Order),
    Stream.runForEachChunk((orders) =>
      Effect.sync(() => {
        for (const order of Chunk.toReadonlyArray(orders)) {
          Summary.read(tally, seen, order.value.customer, order.value.number)
          if (positions[order.shardId]?._tag !== "ShardEnd") positions[order.shardId] = Position.after(order)
          screen.came(order.shardId, Order.describe(order.value))
        }
      })
    ),
    Effect.provideService(KinesisClient.KinesisClient, client)
  )

/** The summary in human-readable lines. */
const words = (summary: Summary.Summary): ReadonlyArray<string> => [
  ...ReadView.summary(summary).slice(0, -1),
  `${ReadView.summary(summary).at(-1)!}, made by this demo`
]

/**
 * Reads an embedded Kinesis for a fixed time while orders are written to it and faults are injected; then resumes from its position to read
 * what was written last, and compares what was read with what was written. If it is ended early, it reports how far it came.
 */
export const run = ({ json, totalMillis }: { readonly totalMillis: number; readonly json: boolean }) =>
  Effect.gen(function*() {
    const { client, local } = yield* LocalKinesis.make({ streams: [{ name: stream, shardCount: shards }] })
    const screen = yield* Screen.make({ title: stream, thing: "order", totalMillis, json })
    const self: State = {
      client,
      local,
      screen,
      tally: Summary.begin(),
      written: new Map(),
      seen: new Map(),
      positions: {}
    }
    const ended = Effect.suspend(() => {
      const summary = Summary.ofEndedLedgers(self.tally, self.written, self.seen)
      return screen.finish(words(summary), summary)
    })
    return yield* Effect.onInterrupt(whole(self, totalMillis), () => ended)
  }).pipe(Effect.scoped)

const whole = (self: State, totalMillis: number) =>
  Effect.gen(function*() {
    const { client, positions, screen, seen, tally, written } = self
    const writing = Writer.run({
      client,
      stream,
      customers,
      onWritten: ({ customer, number }) => Summary.wrote(written, customer, number)
    })
    yield* Effect.raceFirst(
      read(self, { until: Until.elapsed(totalMillis) }),
      Effect.zipRight(
        Effect.all([writing, faults(self, totalMillis)], { concurrency: "unbounded", discard: true }),
        Effect.never
      )
    )
    yield* screen.say("The time is over. Going on from there, to what was written last.")
    yield* read(self, { positions, until: Until.caughtUp })
    const summary = Summary.ofLedgers(tally, written, seen)
    yield* screen.finish(words(summary), summary)
    return summary
  })
