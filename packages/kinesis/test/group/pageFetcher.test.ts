import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, TestClock } from "effect"
import { KinesisClient, type LeaseStore, Position } from "effect-kinesis"
import * as PageFetcher from "../../src/internal/group/pageFetcher.js"
import type { GroupStream } from "../../src/internal/group/streams.js"
import * as ReadContext from "../../src/internal/reading/context.js"
import * as OutageWatch from "../../src/internal/reading/outageWatch.js"
import * as ReadAhead from "../../src/internal/reading/readAhead.js"
import * as Settings from "../../src/internal/reading/settings.js"
import { oneShard, put, shard0, textsOf, withKinesis } from "../support/reading.js"

/** A fetcher of a shard's pages of one record each, and how many were asked for. */
const fetching = (maxBytes: number) =>
  Effect.gen(function*() {
    let calls = 0
    const client = KinesisClient.mapCalls(yield* KinesisClient.KinesisClient, (effect, { operation }) => {
      if (operation === "getRecords") calls++
      return effect
    })
    const settings = Settings.make({ stream: "orders", maxRecords: 1 })
    const emit = () => Effect.void
    const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
    const run = yield* ReadContext.make(client, settings, emit, yield* ReadAhead.make(maxBytes), outages)
    const stream = { name: "orders", run, emit, listShards: () => Effect.succeed([]) } as unknown as GroupStream
    const lease = { shardId: shard0, parentShardIds: [] } as unknown as LeaseStore.Lease
    const start = PageFetcher.start(stream, lease, Position.trimHorizon, {
      onReady: Effect.void,
      ownsShard: Effect.succeed(true)
    })
    return { start, calls: () => calls }
  })

const withFetcher = (
  maxBytes: number,
  test: (fetcher: Effect.Effect.Success<ReturnType<typeof fetching>>) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  withKinesis(oneShard, ({ client }) =>
    Effect.gen(function*() {
      yield* put(client, ["a", "b", "c"])
      yield* Effect.scoped(Effect.flatMap(fetching(maxBytes), test))
    }))

describe("a fetcher of pages", () => {
  it.effect("is one page ahead of whoever takes them", () =>
    withFetcher(64 * 1024 * 1024, ({ calls, start }) =>
      Effect.gen(function*() {
        const reading = yield* start
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(calls(), 1, "nothing was taken")
        for (const [index, text] of ["a", "b"].entries()) {
          assert.deepStrictEqual(textsOf([yield* reading.take]), [text])
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(calls(), index + 2)
        }
        yield* reading.stop
      })))

  it.effect("gives the room of a page that waits back when it is stopped, and fetches nothing more", () =>
    withFetcher(1, ({ calls, start }) =>
      Effect.gen(function*() {
        const first = yield* start
        yield* TestClock.adjust("1 minute")
        yield* first.stop
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(calls(), 1)
        assert.strictEqual((yield* Effect.flip(first.take))._tag, "None")
        const second = yield* start
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(calls(), 2, "there is room")
        assert.deepStrictEqual(textsOf([yield* second.take]), ["a"])
        yield* second.stop
      })))
})
