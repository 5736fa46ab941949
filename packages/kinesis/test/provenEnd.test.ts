import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, TestClock } from "effect"
import { KinesisClient, KinesisError, KinesisStream, Position, ShardReader, Until } from "effect-kinesis"
import {
  callsOf,
  maxHashKey,
  numbered,
  oneShard,
  put,
  read,
  recording,
  shard0,
  withKinesis
} from "./support/reading.js"

const fromStart = { stream: "orders", shardId: shard0, from: "trim-horizon" } as const
const wholeStream = { stream: "orders", from: "trim-horizon" } as const

const provideClient = (client: KinesisClient.Service) => Effect.provideService(KinesisClient.KinesisClient, client)

const splitShard0 = {
  stream: "orders",
  shardToSplit: shard0,
  newStartingHashKey: String(maxHashKey / 2n + 1n)
}

type Answer = Effect.Effect.Success<ReturnType<KinesisClient.Service["getRecords"]>>

/** The client, with each answer of GetRecords made into another. */
const answering = (client: KinesisClient.Service, change: (answer: Answer) => object): KinesisClient.Service => ({
  ...client,
  getRecords: (request) => Effect.map(client.getRecords(request), (answer) => change(answer) as Answer)
})

const getRecordsOmit = { operation: "getRecords", stream: "orders" } as const

describe("B4 a shard ends when that is proven", () => {
  for (const missing of ["", null, undefined]) {
    it.effect(`a next iterator of ${JSON.stringify(missing)} ends a shard when the answer names its children`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["a"])
          yield* client.splitShard(splitShard0)
          const closing = answering(client, (answer) => ({
            ...answer,
            nextShardIterator: answer.nextShardIterator ?? missing
          }))
          const { of, onEvent } = recording()
          const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent })).pipe(provideClient(closing))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), ["a"])
          assert.strictEqual(of("ShardEnded")[0]?.childShards.length, 2)
          assert.strictEqual((yield* callsOf(local, "listShards")).length, 0)
        })))

    it.effect(`a next iterator of ${JSON.stringify(missing)} does not end an open shard: its records come once, then all others`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          const sequenceNumbers = yield* put(client, numbered("r", 1, 4))
          let answers = 0
          const broken = answering(
            client,
            (answer) => answers++ < 2 ? { ...answer, nextShardIterator: missing } : answer
          )
          const { of, onEvent } = recording()
          const reading = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 2, onEvent })).pipe(
            provideClient(broken)
          )
          yield* TestClock.adjust("5 seconds")
          yield* put(client, ["r5"])
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.interrupt(reading.fiber)
          assert.deepStrictEqual(reading.texts(), numbered("r", 1, 5))
          assert.deepStrictEqual(
            of("IteratorMissing").map((event) => event.resumedAt),
            [sequenceNumbers[1]!, sequenceNumbers[3]!].map((after) => Position.afterSequenceNumber(after))
          )
          assert.deepStrictEqual(of("ShardEnded"), [])
          assert.deepStrictEqual(
            (yield* callsOf(local, "getShardIterator")).slice(1).map((call) => call.request.position),
            [sequenceNumbers[1]!, sequenceNumbers[3]!].map((after) => Position.afterSequenceNumber(after))
          )
        })))
  }

  it.effect("an answer of an open shard that lacks all is asked for again, with the same iterator, ever later", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        let answers = 0
        const broken = answering(
          client,
          (answer) =>
            ++answers >= 2 && answers <= 5
              ? { records: [], nextShardIterator: undefined, millisBehindLatest: undefined, childShards: [] }
              : answer
        )
        const { of, onEvent } = recording()
        const options = { ...fromStart, onEvent, idleInterval: 0, transientRetry: Schedule.exponential("400 millis") }
        const reading = yield* read(ShardReader.pages(options)).pipe(provideClient(broken))
        yield* TestClock.adjust("8 seconds")
        yield* put(client, ["b"])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        assert.strictEqual(of("IteratorMissing").length, 4)
        assert.deepStrictEqual(of("ShardEnded"), [])
        const calls = (yield* callsOf(local, "getRecords")).slice(1, 6)
        assert.strictEqual(new Set(calls.map((call) => call.request.shardIterator)).size, 1)
        assert.deepStrictEqual(calls.slice(1).map((call, i) => call.at - calls[i]!.at), [400, 800, 1600, 3200])
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 4)
      })))

  it.effect(
    "an open shard whose answers never prove anything fails when the retry policy ends, over expired iterators too",
    () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["a"])
          const { of, onEvent } = recording()
          const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
          yield* TestClock.adjust("500 millis")
          yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"], times: 100_000 })
          yield* TestClock.adjust("2 minutes")
          yield* local.expireIterator({ times: 1 })
          yield* TestClock.adjust("2 minutes")
          assert.strictEqual((yield* Fiber.poll(reading.fiber))._tag, "None")
          yield* TestClock.adjust("2 minutes")
          const error = yield* Effect.flip(Fiber.join(reading.fiber))
          assert.strictEqual(error._tag, "ServiceUnavailable")
          assert.include(error.message, "the answer has no next iterator, and nothing proves")
          assert.deepStrictEqual(reading.texts(), ["a"])
          assert.isAbove(of("IteratorMissing").length, 20)
        }))
  )

  it.effect("an answer that proves nothing is no tip, after which a long idle interval is waited", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"], times: 3 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, idleInterval: "10 minutes" }))
        yield* TestClock.adjust("1 millis")
        yield* put(client, ["a"])
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))

  it.effect("the retry policy starts afresh after an answer that is as it should be", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const reading = yield* read(
          ShardReader.pages({ ...fromStart, transientRetry: Schedule.recurs(2) })
        )
        for (let times = 0; times < 4; times++) {
          yield* TestClock.adjust("3 seconds")
          yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"], times: 2 })
        }
        yield* TestClock.adjust("5 seconds")
        yield* put(client, ["a"])
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))

  it.effect("a closed shard of a service that does not name children ends after one listing and one more answer", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a", "b"])
        yield* client.splitShard(splitShard0)
        const untold = answering(client, (answer) => ({ ...answer, childShards: [] }))
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent })).pipe(provideClient(untold))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        assert.deepStrictEqual(reading.pages.at(-1)!.position, Position.shardEnd)
        assert.strictEqual(of("ShardEnded").length, 1)
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 1)
        assert.strictEqual((yield* callsOf(local, "getRecords")).length, 3)
      })))

  it.effect("a closed shard that was known to be closed needs no listing", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* client.splitShard(splitShard0)
        const untold = answering(client, (answer) => ({ ...answer, childShards: [] }))
        const { of, onEvent } = recording()
        const reading = yield* read(
          KinesisStream.pages({ ...wholeStream, until: Until.caughtUp, onEvent })
        ).pipe(provideClient(untold))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(of("ShardEnded").length, 1)
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 2, "at the start, and for the children")
      })))

  for (
    const [what, change] of [
      ["its records", (answer: Answer) => answer],
      ["nothing", (answer: Answer) => ({ ...answer, records: [] })],
      ["nothing, not even how far it is behind", () => ({ records: [], millisBehindLatest: undefined })]
    ] as const
  ) {
    it.effect(`a closed shard is read on in its middle when answers bring ${what} and no next iterator`, () =>
      withKinesis(oneShard, ({ client }) =>
        Effect.gen(function*() {
          yield* put(client, numbered("r", 1, 9))
          yield* client.splitShard(splitShard0)
          let answers = 0
          const broken = answering(client, (answer) => {
            const isBroken = [2, 3, 4, 6].includes(++answers)
            return isBroken ? { ...change(answer), nextShardIterator: undefined, childShards: [] } : answer
          })
          const { of, onEvent } = recording()
          const options = { ...wholeStream, maxRecords: 1, onEvent, until: Until.caughtUp }
          const reading = yield* read(KinesisStream.pages(options)).pipe(provideClient(broken))
          yield* TestClock.adjust("60 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), numbered("r", 1, 9))
          assert.strictEqual(of("IteratorMissing").length, 4)
          assert.strictEqual(of("ShardEnded").length, 1)
        })))
  }

  it.effect("a shard that closes between the answer and the listing keeps what was written in between", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const reading = yield* read(ShardReader.pages({ ...fromStart }))
        yield* TestClock.adjust("500 millis")
        yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"] })
        yield* local.delay({ operation: "listShards", duration: "3 seconds" })
        yield* TestClock.adjust("2 seconds")
        yield* put(client, ["b"])
        yield* client.splitShard(splitShard0)
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
      })))

  it.effect("a listing that fails proves nothing, and neither does one without shards", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent }))
        yield* TestClock.adjust("500 millis")
        yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"], times: 4 })
        yield* local.fail({
          operation: "listShards",
          error: new KinesisError.ServiceUnavailable({ operation: "ListShards", description: "down" }),
          times: 1
        })
        yield* local.omit({ operation: "listShards", fields: ["shards"], times: 2 })
        yield* TestClock.adjust("5 seconds")
        yield* put(client, ["b"])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a", "b"])
        assert.deepStrictEqual(of("ShardEnded"), [])
        assert.strictEqual(of("CallFailed").length, 3)
      })))

  it.effect("a run of elapsed that got no answer which says anything fails with that", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        yield* local.omit({ ...getRecordsOmit, fields: ["nextShardIterator"], times: 1000 })
        const { shardId: _, ...ofStream } = elapsed
        for (const pages of [ShardReader.pages(elapsed), KinesisStream.pages(ofStream)]) {
          const reading = yield* read(pages)
          yield* TestClock.adjust("10 seconds")
          assert.include((yield* Effect.flip(Fiber.join(reading.fiber))).message, "no next iterator")
        }
      })))

  it.effect("GetShardIterator without an iterator is asked again", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* local.omit({ operation: "getShardIterator", fields: ["shardIterator"], times: 3 })
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.deepStrictEqual(of("CallFailed").map((event) => event.operation), Array(3).fill("GetShardIterator"))
      })))

  it.effect("a client of one's own that answers {} is asked again", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        let answers = 0
        const broken = answering(client, (answer) => ++answers < 4 ? {} : answer)
        const reading = yield* read(ShardReader.pages({ ...fromStart, until: Until.caughtUp })).pipe(
          provideClient(broken)
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
      })))
})

const elapsed = { ...fromStart, until: Until.elapsed("10 seconds") }

describe("a listing that lacks something", () => {
  it.effect("ListShards without shards neither ends a run nor starts one", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* local.omit({ operation: "listShards", fields: ["shards"], times: 3 })
        const { of, onEvent } = recording()
        const reading = yield* read(KinesisStream.pages({ ...wholeStream, onEvent, until: Until.caughtUp }))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(of("CallFailed").length, 3)
      })))

  for (
    const [which, isMet] of [
      ["a page without shards that announces another", (token: string | undefined) => token === undefined],
      ["a last page without shards", (token: string | undefined) => token !== undefined]
    ] as const
  ) {
    it.effect(`${which} is asked for again`, () =>
      withKinesis({ streams: [{ name: "orders", shardCount: 4 }] }, ({ client, local }) =>
        Effect.gen(function*() {
          let omitted = 0
          const small: KinesisClient.Service = {
            ...client,
            listShards: (request) =>
              Effect.zipRight(
                Effect.when(
                  local.omit({ operation: "listShards", fields: ["shards"] }),
                  () => isMet(request.nextToken) && omitted++ < 1
                ),
                client.listShards({ ...request, maxResults: 2 })
              )
          }
          const reading = yield* read(KinesisStream.pages({ ...wholeStream, until: Until.caughtUp })).pipe(
            provideClient(small)
          )
          yield* TestClock.adjust("5 seconds")
          yield* Fiber.join(reading.fiber)
          assert.strictEqual(new Set(reading.pages.map((page) => page.shardId)).size, 4)
          assert.deepStrictEqual((yield* callsOf(local, "listShards")).length, 3)
        })))
  }

  it.effect("an empty token is none", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        const empty: KinesisClient.Service = {
          ...client,
          listShards: (request) => Effect.map(client.listShards(request), (answer) => ({ ...answer, nextToken: "" }))
        }
        const reading = yield* read(KinesisStream.pages({ ...wholeStream, until: Until.caughtUp })).pipe(
          provideClient(empty)
        )
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(reading.fiber)
        assert.strictEqual((yield* callsOf(local, "listShards")).length, 1)
      })))
})

describe("a page that does not tell how far it is behind", () => {
  const silent = (client: KinesisClient.Service) =>
    answering(client, (answer) => ({ ...answer, millisBehindLatest: undefined }))

  it.effect("B1 caught up is not what lacks it: records behind such a page come", () =>
    withKinesis(oneShard, ({ client, local }) =>
      Effect.gen(function*() {
        yield* put(client, numbered("r", 1, 5))
        yield* local.omit({ ...getRecordsOmit, fields: ["millisBehindLatest"], times: 4 })
        const reading = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 1, until: Until.caughtUp }))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), numbered("r", 1, 5))
        assert.deepStrictEqual(reading.pages.map((page) => page.millisBehindLatest), [
          undefined,
          undefined,
          undefined,
          undefined,
          0
        ])
      })))

  for (
    const [name, until] of [
      ["caughtUp", Until.caughtUp],
      ["idle", Until.idle("2 seconds")],
      ["instant", Until.instant(1_500)]
    ] as const
  ) {
    it.effect(`${name} ends where no page ever tells, after five empty ones in a row`, () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, numbered("r", 1, 3))
          const reading = yield* read(ShardReader.pages({ ...fromStart, maxRecords: 1, until })).pipe(
            provideClient(silent(client))
          )
          yield* TestClock.adjust("1100 millis")
          yield* put(client, ["r4"])
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.join(reading.fiber)
          assert.deepStrictEqual(reading.texts(), numbered("r", 1, 4))
          assert.isTrue(reading.pages.slice(-5).every((page) => page.records.length === 0))
          const calls = yield* callsOf(local, "getRecords")
          assert.isTrue(calls.slice(1).every((call, i) => call.at - calls[i]!.at === 200), "none waits as at the tip")
        })))
  }

  it.effect("a closed shard that no answer tells anything of ends after five empty ones", () =>
    withKinesis(oneShard, ({ client }) =>
      Effect.gen(function*() {
        yield* put(client, ["a"])
        yield* client.splitShard(splitShard0)
        const untold = answering(client, ({ nextShardIterator, records }) => ({
          records,
          nextShardIterator,
          childShards: [],
          millisBehindLatest: undefined
        }))
        const { of, onEvent } = recording()
        const reading = yield* read(ShardReader.pages({ ...fromStart, onEvent })).pipe(provideClient(untold))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reading.fiber)
        assert.deepStrictEqual(reading.texts(), ["a"])
        assert.strictEqual(of("ShardEnded").length, 1)
      })))
})
