import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, type Layer, Option, Schedule } from "effect"
import { type KinesisApi, KinesisClient, KinesisRecord, Position } from "effect-kinesis"

/** A Kinesis that the suite asks. */
export interface Implementation {
  readonly name: string
  /** Whether its engine is this package's: where the emulator that is not is known to differ from AWS's documentation, only ours is asked. */
  readonly ours: boolean
  /** Whether the AWS SDK is between: the client then sends a token without the stream's name. */
  readonly overSdk: boolean
  readonly implementation: Layer.Layer<KinesisClient.KinesisClient, unknown>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const last = 2n ** 128n - 1n

let streams = 0

/** A stream of its own for each case: the emulator can lose a stream whose name was used before. */
const newStream = Effect.fnUntraced(function*(shardCount = 1) {
  const client = yield* KinesisClient.KinesisClient
  const stream = `conformance-${++streams}`
  yield* client.createStream({ stream, shardCount })
  const settled = client.describeStreamSummary({ stream }).pipe(
    Effect.repeat({ until: (summary) => summary.streamStatus === "ACTIVE", schedule: Schedule.spaced("10 millis") })
  )
  yield* settled
  const shards = Effect.map(
    client.listShards({ stream }),
    (page) => [...page.shards].sort((a, b) => a.shardId < b.shardId ? -1 : 1)
  )
  const put = (text: string, more: Partial<KinesisApi.PutRecordsEntry> = {}) =>
    client.putRecord({ stream, data: encoder.encode(text), partitionKey: text, ...more })
  const iterator = (shardId: string, position: Position.Startable) =>
    Effect.map(client.getShardIterator({ stream, shardId, position }), (answer) => answer.shardIterator!)
  const read = (shardId: string, position: Position.Startable, limit?: number) =>
    Effect.flatMap(
      iterator(shardId, position),
      (shardIterator) => client.getRecords({ stream, shardId, shardIterator, limit })
    )
  return { client, stream, shards, put, iterator, read, settled }
})

/** A stream of its own, and consumers of it that are ACTIVE. */
const newConsumer = Effect.gen(function*() {
  const made = yield* newStream()
  const { streamArn } = yield* made.client.describeStreamSummary({ stream: made.stream })
  const consumer = Effect.fnUntraced(function*(consumerName: string) {
    const { consumerArn } = yield* made.client.registerStreamConsumer({ streamArn, consumerName })
    const describe = made.client.describeStreamConsumer({ consumerArn })
    yield* Effect.repeat(describe, {
      until: (each) => each.consumerStatus === "ACTIVE",
      schedule: Schedule.spaced("10 millis")
    })
    return yield* describe
  })
  return { ...made, streamArn, consumer }
})

const texts = (page: Pick<KinesisApi.GetRecordsResponse, "records">) =>
  page.records.map((record) => decoder.decode(record.data))
/** The service refuses a subscription with its answer, kinesis-local in its stream of events. */
const refusalOf = (subscribe: ReturnType<KinesisClient.Service["subscribeToShard"]>) =>
  tagOf(Effect.scoped(Effect.flatMap(subscribe, ({ announced }) => Effect.mapError(announced, Option.getOrThrow))))

const tagOf = <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(call), (error) => error._tag)

/** Every implementation answers these cases alike. Each case has a stream of its own. */
export const conformance = ({ implementation, name, ours, overSdk }: Implementation): void => {
  describe(name, () => {
    layer(implementation, { excludeTestServices: true })((it) => {
      it.effect("shards part the hash keys evenly and without a hole", () =>
        Effect.gen(function*() {
          const { shards } = yield* newStream(3)
          const ranges = (yield* shards).map((shard) => shard.hashKeyRange)
          assert.strictEqual(ranges[0]!.startingHashKey, "0")
          assert.strictEqual(ranges[2]!.endingHashKey, String(last))
          for (const i of [1, 2]) {
            assert.strictEqual(BigInt(ranges[i]!.startingHashKey), BigInt(ranges[i - 1]!.endingHashKey) + 1n)
          }
        }))

      it.effect("a record goes to the shard of its key's MD5, or of its explicit hash key", () =>
        Effect.gen(function*() {
          const { put, shards } = yield* newStream(4)
          const owner = (hashKey: bigint) =>
            Effect.map(
              shards,
              (all) =>
                all.find(({ hashKeyRange: range }) =>
                  BigInt(range.startingHashKey) <= hashKey && hashKey <= BigInt(range.endingHashKey)
                )!.shardId
            )
          for (const key of ["a", "b", "orders", "ключ", "鍵", "🔑"]) {
            assert.strictEqual((yield* put(key)).shardId, yield* owner(KinesisRecord.hashKey(key)))
          }
          for (const hashKey of [0n, 1n, last / 2n, last / 2n + 1n, last]) {
            const { shardId } = yield* put("x", { explicitHashKey: String(hashKey) })
            assert.strictEqual(shardId, yield* owner(hashKey))
          }
        }))

      it.effect("records come back whole and in order, with rising sequence numbers of one length", () =>
        Effect.gen(function*() {
          const { put, read, shards } = yield* newStream()
          const [shard] = yield* shards
          const written: Array<string> = []
          for (const text of ["a", "b", "c"]) written.push((yield* put(text)).sequenceNumber)
          const page = yield* read(shard!.shardId, Position.trimHorizon)
          assert.deepStrictEqual(texts(page), ["a", "b", "c"])
          assert.deepStrictEqual(page.records.map((record) => record.sequenceNumber), written)
          assert.deepStrictEqual(page.records.map((record) => record.partitionKey), ["a", "b", "c"])
          assert.isTrue(page.records.every((record) => record.approximateArrivalTimestamp instanceof Date))
          assert.isTrue(written.every((number) => number.length === 56), String(written))
          assert.deepStrictEqual([...written].sort(Position.compareSequenceNumbers), written)
          assert.isTrue(Position.compareSequenceNumbers(shard!.startingSequenceNumber, written[0]!) <= 0)
        }))

      it.effect("bytes of any kind survive", () =>
        Effect.gen(function*() {
          const { client, read, shards, stream } = yield* newStream()
          const data = Uint8Array.from({ length: 256 }, (_, byte) => byte)
          yield* client.putRecord({ stream, data, partitionKey: "k" })
          const page = yield* read((yield* shards)[0]!.shardId, Position.trimHorizon)
          assert.deepStrictEqual([...page.records[0]!.data], [...data])
        }))

      it.effect("each iterator type begins where it says", () =>
        Effect.gen(function*() {
          const { put, read, shards } = yield* newStream()
          const { shardId, startingSequenceNumber } = (yield* shards)[0]!
          const numbers: Array<string> = []
          for (const text of ["a", "b", "c"]) numbers.push((yield* put(text)).sequenceNumber)
          const from = (position: Position.Startable) => Effect.map(read(shardId, position), texts)
          assert.deepStrictEqual(yield* from(Position.trimHorizon), ["a", "b", "c"])
          assert.deepStrictEqual(yield* from(Position.atSequenceNumber(numbers[1]!)), ["b", "c"])
          assert.deepStrictEqual(yield* from(Position.afterSequenceNumber(numbers[1]!)), ["c"])
          assert.deepStrictEqual(yield* from(Position.atSequenceNumber(startingSequenceNumber)), ["a", "b", "c"])
        }))

      it.effect("LATEST begins after what was there, AT_TIMESTAMP with the first record of the instant", () =>
        Effect.gen(function*() {
          const { client, iterator, put, read, shards, stream } = yield* newStream()
          const { shardId } = (yield* shards)[0]!
          yield* put("before")
          const shardIterator = yield* iterator(shardId, Position.latest)
          yield* Effect.sleep("5 millis")
          yield* put("after")
          assert.deepStrictEqual(texts(yield* client.getRecords({ stream, shardId, shardIterator })), ["after"])
          const [, after] = (yield* read(shardId, Position.trimHorizon)).records
          const instant = after!.approximateArrivalTimestamp!
          assert.deepStrictEqual(texts(yield* read(shardId, Position.atTimestamp(instant))), ["after"])
          assert.deepStrictEqual(texts(yield* read(shardId, Position.atTimestamp(1000))), ["before", "after"])
        }))

      it.effect("a page keeps its limit; the next iterator goes on; an iterator can be used twice", () =>
        Effect.gen(function*() {
          const { client, iterator, put, shards, stream } = yield* newStream()
          const { shardId } = (yield* shards)[0]!
          for (const text of ["a", "b", "c"]) yield* put(text)
          const shardIterator = yield* iterator(shardId, Position.trimHorizon)
          const first = yield* client.getRecords({ stream, shardId, shardIterator, limit: 2 })
          const again = yield* client.getRecords({ stream, shardId, shardIterator, limit: 2 })
          assert.deepStrictEqual([texts(first), texts(again)], [["a", "b"], ["a", "b"]])
          const second = yield* client.getRecords({ stream, shardId, shardIterator: first.nextShardIterator! })
          assert.deepStrictEqual(texts(second), ["c"])
          const tip = yield* client.getRecords({ stream, shardId, shardIterator: second.nextShardIterator! })
          assert.deepStrictEqual(texts(tip), [])
          assert.isString(tip.nextShardIterator)
          assert.strictEqual(tip.millisBehindLatest, 0)
          assert.deepStrictEqual(tip.childShards, [])
        }))

      it.effect("PutRecords answers each entry in the order of the request", () =>
        Effect.gen(function*() {
          const { client, shards, stream } = yield* newStream(2)
          const ids = (yield* shards).map((shard) => shard.shardId)
          const records = ["0", String(last), "1"].map((explicitHashKey) => ({
            data: encoder.encode(explicitHashKey),
            partitionKey: "k",
            explicitHashKey
          }))
          const answer = yield* client.putRecords({ stream, records })
          assert.strictEqual(answer.failedRecordCount, 0)
          assert.deepStrictEqual(answer.records.map((record) => record.shardId), [ids[0], ids[1], ids[0]])
        }))

      it.effect("a split closes the shard; its last page brings its records, no iterator and its children", () =>
        Effect.gen(function*() {
          const { client, put, read, settled, shards, stream } = yield* newStream()
          const [parent] = yield* shards
          yield* put("a")
          yield* client.splitShard({
            stream,
            shardToSplit: parent!.shardId,
            newStartingHashKey: String(last / 2n + 1n)
          })
          yield* settled
          const [closed, left, right] = yield* shards
          assert.isString(closed!.endingSequenceNumber)
          assert.deepStrictEqual([left!.parentShardId, right!.parentShardId], [parent!.shardId, parent!.shardId])
          assert.strictEqual(right!.hashKeyRange.startingHashKey, String(last / 2n + 1n))
          assert.isUndefined(left!.endingSequenceNumber)
          const end = yield* read(parent!.shardId, Position.trimHorizon)
          assert.deepStrictEqual(texts(end), ["a"])
          assert.isUndefined(end.nextShardIterator)
          assert.deepStrictEqual(end.childShards.map((child) => child.shardId).sort(), [
            left!.shardId,
            right!.shardId
          ])
          assert.deepStrictEqual(end.childShards.map((child) => child.parentShards), [[parent!.shardId], [
            parent!.shardId
          ]])
          const after = yield* put("b", { explicitHashKey: "0" })
          assert.strictEqual(after.shardId, left!.shardId)
          assert.strictEqual(Position.compareSequenceNumbers(after.sequenceNumber, end.records[0]!.sequenceNumber), 1)
        }))

      it.effect("a merge gives one child with both parents", () =>
        Effect.gen(function*() {
          const { client, read, settled, shards, stream } = yield* newStream(2)
          const [a, b] = yield* shards
          yield* client.mergeShards({ stream, shardToMerge: a!.shardId, adjacentShardToMerge: b!.shardId })
          yield* settled
          const child = (yield* shards)[2]!
          assert.deepStrictEqual([child.parentShardId, child.adjacentParentShardId].sort(), [a!.shardId, b!.shardId])
          assert.deepStrictEqual(child.hashKeyRange, { startingHashKey: "0", endingHashKey: String(last) })
          const end = yield* read(a!.shardId, Position.trimHorizon)
          assert.deepStrictEqual(end.childShards.map((found) => [...found.parentShards].sort()), [[
            a!.shardId,
            b!.shardId
          ]])
        }))

      it.effect("UpdateShardCount doubles and halves the open shards", () =>
        Effect.gen(function*() {
          const { client, settled, shards, stream } = yield* newStream(2)
          for (const targetShardCount of [4, 2]) {
            yield* client.updateShardCount({ stream, targetShardCount })
            yield* settled
            const open = (yield* shards).filter((shard) => shard.endingSequenceNumber === undefined)
            assert.strictEqual(open.length, targetShardCount)
          }
        }))

      it.effect("ListShards pages by token, and takes filters", () =>
        Effect.gen(function*() {
          const { client, settled, shards, stream } = yield* newStream(3)
          const all = (yield* shards).map((shard) => shard.shardId)
          const first = yield* client.listShards({ stream, maxResults: 2 })
          const second = yield* client.listShards({ nextToken: first.nextToken!, maxResults: 2 })
          assert.deepStrictEqual([...first.shards, ...second.shards].map((shard) => shard.shardId), all)
          assert.isUndefined(second.nextToken)
          yield* client.mergeShards({ stream, shardToMerge: all[0]!, adjacentShardToMerge: all[1]! })
          yield* settled
          const filtered = (shardFilter: KinesisApi.ShardFilter) =>
            Effect.map(client.listShards({ stream, shardFilter }), (page) =>
              page.shards.map((shard) => shard.shardId).sort())
          const child = (yield* shards)[3]!.shardId
          assert.deepStrictEqual(yield* filtered({ type: "AT_LATEST" }), [all[2], child])
          assert.deepStrictEqual(yield* filtered({ type: "FROM_TRIM_HORIZON" }), [...all, child])
          assert.deepStrictEqual(yield* filtered({ type: "AFTER_SHARD_ID", shardId: all[1]! }), [all[2], child])
          assert.deepStrictEqual(yield* filtered({ type: "FROM_TIMESTAMP", timestamp: 1000 }), [...all, child])
        }))

      it.effect("a stream is reached by its ARN too", () =>
        Effect.gen(function*() {
          const { client, put, stream } = yield* newStream()
          yield* put("a")
          const { openShardCount, retentionPeriodHours, streamArn, streamName } = yield* client.describeStreamSummary({
            stream
          })
          assert.deepStrictEqual([openShardCount, retentionPeriodHours, streamName], [1, 24, stream])
          const { shards: [shard] } = yield* client.listShards({ stream: streamArn })
          const where = { stream: streamArn, shardId: shard!.shardId }
          const { shardIterator } = yield* client.getShardIterator({ ...where, position: Position.trimHorizon })
          assert.deepStrictEqual(texts(yield* client.getRecords({ ...where, shardIterator: shardIterator! })), ["a"])
          assert.include((yield* client.listStreams({ limit: 1000 })).streamNames, stream)
        }))

      it.effect("retention can be longer, and shorter again", () =>
        Effect.gen(function*() {
          const { client, stream } = yield* newStream()
          yield* client.increaseStreamRetentionPeriod({ stream, retentionPeriodHours: 48 })
          assert.strictEqual((yield* client.describeStreamSummary({ stream })).retentionPeriodHours, 48)
          yield* client.decreaseStreamRetentionPeriod({ stream, retentionPeriodHours: 24 })
          assert.strictEqual((yield* client.describeStreamSummary({ stream })).retentionPeriodHours, 24)
        }))

      describe("enhanced fan-out", () => {
        it.effect("a consumer is registered, described, listed and deregistered", () =>
          Effect.gen(function*() {
            const { client, consumer, streamArn } = yield* newConsumer
            const { consumerArn, consumerName } = yield* consumer("mine")
            assert.match(consumerArn, new RegExp(`^${streamArn}/consumer/mine:\\d+$`))
            const described = yield* client.describeStreamConsumer({ consumerArn })
            assert.deepStrictEqual(described, yield* client.describeStreamConsumer({ streamArn, consumerName }))
            assert.deepStrictEqual([described.consumerStatus, described.streamArn], ["ACTIVE", streamArn])
            assert.strictEqual(yield* tagOf(consumer("mine")), "ResourceInUse")
            yield* consumer("other")
            const { consumers } = yield* client.listStreamConsumers({ streamArn })
            assert.deepStrictEqual(consumers.map((each) => each.consumerName).sort(), ["mine", "other"])
            yield* client.deregisterStreamConsumer({ consumerArn })
            const gone = client.describeStreamConsumer({ streamArn, consumerName }).pipe(
              Effect.repeat({ schedule: Schedule.spaced("10 millis") })
            )
            assert.strictEqual(yield* tagOf(gone), "ResourceNotFound")
            const again = yield* consumer("mine")
            assert.strictEqual(again.consumerStatus, "ACTIVE")
          }))

        it.effect("a subscription begins at each position, and brings what is written meanwhile", () =>
          Effect.gen(function*() {
            const { client, consumer, put, shards, stream } = yield* newConsumer
            const { shardId } = (yield* shards)[0]!
            const numbers: Array<string> = []
            for (const text of ["a", "b", "c"]) numbers.push((yield* put(text)).sequenceNumber)
            const positions = [
              [Position.trimHorizon, "abc+"],
              [Position.atSequenceNumber(numbers[1]!), "bc+"],
              [Position.afterSequenceNumber(numbers[1]!), "c+"],
              [Position.atTimestamp(1000), "abc+"],
              [Position.latest, "+"]
            ] as const
            const read = Effect.fnUntraced(function*(index: number) {
              const [position, expected] = positions[index]!
              const { consumerArn } = yield* consumer(`c${index}`)
              const subscription = yield* client.subscribeToShard({ stream, consumerArn, shardId, position })
              yield* Deferred.succeed(subscribed[index]!, undefined)
              const seen: Array<KinesisRecord.KinesisRecord> = []
              while (seen.length < expected.length) {
                yield* subscription.announced
                seen.push(...(yield* subscription.event).records)
              }
              assert.strictEqual(seen.map((record) => decoder.decode(record.data)).join(""), expected)
              assert.deepStrictEqual([seen[0]!.stream, seen[0]!.shardId], [stream, shardId])
              return seen.at(-1)!.sequenceNumber
            }, Effect.scoped)
            const subscribed = yield* Effect.forEach(positions, () => Deferred.make<void>())
            const reading = yield* Effect.fork(
              Effect.forEach(positions.keys(), read, { concurrency: "unbounded" })
            )
            yield* Effect.forEach(subscribed, Deferred.await)
            const { sequenceNumber } = yield* put("+")
            assert.deepStrictEqual(new Set(yield* Fiber.join(reading)), new Set([sequenceNumber]))
          }))

        it.effect("the next subscription goes on after the continuation", () =>
          Effect.gen(function*() {
            const { client, consumer, put, shards, stream } = yield* newConsumer
            const { shardId } = (yield* shards)[0]!
            const firstEvent = Effect.fnUntraced(function*(name: string, position: Position.Startable) {
              const { consumerArn } = yield* consumer(name)
              const subscription = yield* client.subscribeToShard({ stream, consumerArn, shardId, position })
              yield* subscription.announced
              return yield* subscription.event
            }, Effect.scoped)
            yield* put("a")
            const first = yield* firstEvent("one", Position.trimHorizon)
            assert.deepStrictEqual([texts(first), first.millisBehindLatest, first.childShards], [["a"], 0, []])
            yield* put("b")
            const after = Position.afterSequenceNumber(first.continuationSequenceNumber!)
            assert.deepStrictEqual(texts(yield* firstEvent("two", after)), ["b"])
          }))

        it.effect("a second subscription of a consumer to a shard is refused", () =>
          Effect.gen(function*() {
            const { client, consumer, shards, stream } = yield* newConsumer
            const { shardId } = (yield* shards)[0]!
            const { consumerArn } = yield* consumer("mine")
            const subscribe = client.subscribeToShard({ stream, consumerArn, shardId, position: Position.latest })
            yield* Effect.scoped(Effect.gen(function*() {
              yield* subscribe
              yield* Effect.sleep("1 second")
              assert.strictEqual(yield* refusalOf(subscribe), "ResourceInUse")
            }))
          }))

        it.effect("a consumer that is not there", () =>
          Effect.gen(function*() {
            const { client, shards, stream, streamArn } = yield* newConsumer
            const { shardId } = (yield* shards)[0]!
            const consumerArn = `${streamArn}/consumer/none:1`
            const subscribe = client.subscribeToShard({ stream, consumerArn, shardId, position: Position.latest })
            assert.strictEqual(yield* refusalOf(subscribe), "ResourceNotFound")
          }))

        if (ours) {
          it.effect("what the emulator lets pass: a shard that is not there", () =>
            Effect.gen(function*() {
              const { client, consumer, stream } = yield* newConsumer
              const { consumerArn } = yield* consumer("mine")
              const shardId = "shardId-000000000099"
              const subscribe = client.subscribeToShard({ stream, consumerArn, shardId, position: Position.latest })
              assert.strictEqual(yield* refusalOf(subscribe), "ResourceNotFound")
            }))

          it.effect("what the emulator never does: the last event of a closed shard", () =>
            Effect.gen(function*() {
              const { client, consumer, settled, shards, stream } = yield* newConsumer
              const { shardId } = (yield* shards)[0]!
              const { consumerArn } = yield* consumer("mine")
              const subscribe = client.subscribeToShard({ stream, consumerArn, shardId, position: Position.latest })
              yield* client.splitShard({ stream, shardToSplit: shardId, newStartingHashKey: String(last / 2n) })
              yield* settled
              yield* Effect.scoped(Effect.gen(function*() {
                const subscription = yield* subscribe
                yield* subscription.announced
                const event = yield* subscription.event
                assert.deepStrictEqual([event.continuationSequenceNumber, event.childShards.length], [undefined, 2])
              }))
            }))
        }
      })

      describe("refuses what the service refuses", () => {
        it.effect("a stream that is not there", () =>
          Effect.gen(function*() {
            const client = yield* KinesisClient.KinesisClient
            assert.strictEqual(yield* tagOf(client.listShards({ stream: "nowhere" })), "ResourceNotFound")
            assert.strictEqual(yield* tagOf(client.describeStreamSummary({ stream: "nowhere" })), "ResourceNotFound")
            const data = encoder.encode("a")
            assert.strictEqual(
              yield* tagOf(client.putRecord({ stream: "nowhere", data, partitionKey: "k" })),
              "ResourceNotFound"
            )
          }))

        it.effect("a shard that is not there", () =>
          Effect.gen(function*() {
            const { iterator } = yield* newStream()
            assert.strictEqual(yield* tagOf(iterator("shardId-000000000099", Position.trimHorizon)), "ResourceNotFound")
          }))

        it.effect("a name that is taken", () =>
          Effect.gen(function*() {
            const { client, stream } = yield* newStream()
            assert.strictEqual(yield* tagOf(client.createStream({ stream, shardCount: 1 })), "ResourceInUse")
          }))

        const outside: ReadonlyArray<
          readonly [
            what: string,
            call: (
              to: Effect.Effect.Success<ReturnType<typeof newStream>>,
              shardId: string
            ) => Effect.Effect<unknown, { readonly _tag: string }>
          ]
        > = [
          [
            "a limit of 10,001",
            ({ client, iterator, stream }, shardId) =>
              Effect.flatMap(
                iterator(shardId, Position.trimHorizon),
                (shardIterator) => client.getRecords({ stream, shardId, shardIterator, limit: 10_001 })
              )
          ],
          [
            "a retention of 9,000 hours",
            ({ client, stream }) => client.increaseStreamRetentionPeriod({ stream, retentionPeriodHours: 9000 })
          ],
          ["a hash key below 0", ({ put }) => put("x", { explicitHashKey: "-1" })],
          ["a partition key of 257 characters", ({ put }) => put("x", { partitionKey: "k".repeat(257) })],
          ["a record above 1 MiB", ({ put }) => put("x".repeat(1024 * 1024 + 1), { partitionKey: "k" })]
        ]
        for (const [what, call] of outside) {
          it.effect(what, () =>
            Effect.gen(function*() {
              const stream = yield* newStream()
              const { shardId } = (yield* stream.shards)[0]!
              assert.strictEqual(yield* tagOf(call(stream, shardId)), "InvalidArgument")
            }))
        }

        it.effect("a token beside a stream's name", () =>
          Effect.gen(function*() {
            const { client, stream } = yield* newStream(3)
            const { nextToken } = yield* client.listShards({ stream, maxResults: 1 })
            const both = { stream, nextToken } as KinesisApi.ListShardsRequest
            if (!overSdk) assert.strictEqual(yield* tagOf(client.listShards(both)), "InvalidArgument")
            else yield* client.listShards(both)
          }))

        if (ours) {
          it.effect("what the emulator lets pass: a split at the shard's start (AWS: the child would take no key)", () =>
            Effect.gen(function*() {
              const { client, shards, stream } = yield* newStream()
              const { shardId } = (yield* shards)[0]!
              const split = client.splitShard({ stream, shardToSplit: shardId, newStartingHashKey: "0" })
              assert.strictEqual(yield* tagOf(split), "InvalidArgument")
            }))

          it.effect("what the emulator lets pass: 501 entries (AWS: at most 500)", () =>
            Effect.gen(function*() {
              const { client, stream } = yield* newStream()
              const records = Array.from({ length: 501 }, () => ({ data: encoder.encode("a"), partitionKey: "k" }))
              assert.strictEqual(yield* tagOf(client.putRecords({ stream, records })), "InvalidArgument")
            }))

          it.effect("what the emulator answers with a 500: an iterator that is none (AWS: InvalidArgument)", () =>
            Effect.gen(function*() {
              const { client, shards, stream } = yield* newStream()
              const { shardId } = (yield* shards)[0]!
              assert.strictEqual(
                yield* tagOf(client.getRecords({ stream, shardId, shardIterator: "none" })),
                "InvalidArgument"
              )
            }))

          it.effect("what the emulator never throttles: a sixth read in a second (AWS: 5 a shard)", () =>
            Effect.gen(function*() {
              const { read, shards } = yield* newStream()
              const { shardId } = (yield* shards)[0]!
              const tags = yield* Effect.forEach(
                [1, 2, 3, 4, 5, 6],
                () => Effect.either(read(shardId, Position.trimHorizon))
              )
              assert.deepStrictEqual(tags.map((result) => result._tag), [
                "Right",
                "Right",
                "Right",
                "Right",
                "Right",
                "Left"
              ])
            }))
        }
      })
    })
  })
}
