import { LocalApi, type LocalKinesis } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Position } from "effect-kinesis"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"

const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
const stream = "orders"
const make = (options: Parameters<typeof LocalApi.make>[0] = {}) =>
  LocalApi.make({ streams: [{ name: stream }], ...options })
const register = (api: LocalApi.Operations) => (consumerName: string) =>
  api.registerStreamConsumer({ streamArn: arn, consumerName })
/** What a new consumer asks for. */
const subscription = (api: LocalApi.Operations) =>
  Effect.map(Effect.orDie(register(api)("app")), ({ consumerArn }) => ({
    stream,
    consumerArn,
    shardId: "shardId-000000000000",
    position: Position.latest
  }))
const tagOf = <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(call), ({ _tag }) => _tag)

describe("tags", () => {
  it.effect("are added, overwritten, listed in pages and removed, by name or ARN", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      yield* api.addTagsToStream({ stream, tags: { team: "shop", cost: "1", a: "" } })
      yield* api.tagResource({ resourceArn: arn, tags: { cost: "2" } })
      assert.deepStrictEqual((yield* api.listTagsForResource({ resourceArn: arn })).tags, [
        { key: "a", value: "" },
        { key: "cost", value: "2" },
        { key: "team", value: "shop" }
      ])
      const first = yield* api.listTagsForStream({ stream: arn, limit: 2 })
      assert.deepStrictEqual([first.tags.map(({ key }) => key), first.hasMoreTags], [["a", "cost"], true])
      const rest = yield* api.listTagsForStream({ stream, exclusiveStartTagKey: "cost" })
      assert.deepStrictEqual([rest.tags.map(({ key }) => key), rest.hasMoreTags], [["team"], false])
      yield* api.removeTagsFromStream({ stream, tagKeys: ["team", "none"] })
      yield* api.untagResource({ resourceArn: arn, tagKeys: ["a"] })
      assert.deepStrictEqual((yield* api.listTagsForStream({ stream })).tags, [{ key: "cost", value: "2" }])
    }))

  it.effect("are at most 50, and well-formed; what is refused changes nothing", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      const tags = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, ""]))
      yield* api.addTagsToStream({ stream, tags })
      const refused = [{ more: "" }, { "": "" }, { ["k".repeat(129)]: "" }, { k1: "v".repeat(257) }, { "aws:x": "" }, {
        "k#": ""
      }]
      for (const tags of refused) {
        assert.strictEqual(yield* tagOf(api.addTagsToStream({ stream, tags })), "InvalidArgument", JSON.stringify(tags))
      }
      assert.strictEqual((yield* api.listTagsForStream({ stream })).tags.length, 50)
      assert.strictEqual(yield* tagOf(api.listTagsForStream({ stream, limit: 51 })), "InvalidArgument")
      assert.strictEqual(yield* tagOf(api.tagResource({ resourceArn: "orders", tags: {} })), "InvalidArgument")
      assert.strictEqual(yield* tagOf(api.tagResource({ resourceArn: `${arn}s`, tags: {} })), "ResourceNotFound")
    }))

  it.effect("whatever is added and removed in turn, what is listed is what was left", () =>
    Effect.promise(() =>
      fc.assert(fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.option(fc.constantFrom("1", "2")))),
        (steps) =>
          Effect.runPromise(Effect.gen(function*() {
            const { operations: api } = yield* make()
            const expected = new Map<string, string>()
            for (const [key, value] of steps) {
              if (value === null) {
                yield* api.removeTagsFromStream({ stream, tagKeys: [key] })
                expected.delete(key)
              } else {
                yield* api.addTagsToStream({ stream, tags: { [key]: value } })
                expected.set(key, value)
              }
            }
            const { tags } = yield* api.listTagsForStream({ stream })
            assert.deepStrictEqual(new Map(tags.map(({ key, value }) => [key, value])), new Map([...expected].sort()))
          }))
      ))
    ))
})

describe("descriptions", () => {
  it.effect("page the shards, whatever state the stream is in", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ streams: [], transition: "1 minute" })
      yield* api.createStream({ stream, shardCount: 3 })
      const { streamDescription: creating } = yield* api.describeStream({ stream })
      assert.deepStrictEqual([creating.streamStatus, creating.shards, creating.hasMoreShards], ["CREATING", [], false])
    }))

  it.effect("go on after a shard", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ streams: [{ name: stream, shardCount: 3 }] })
      const { streamDescription: first } = yield* api.describeStream({ stream, limit: 2 })
      assert.deepStrictEqual([first.shards.length, first.hasMoreShards], [2, true])
      const { streamDescription: rest } = yield* api.describeStream({
        stream,
        exclusiveStartShardId: first.shards[1]!.shardId
      })
      assert.deepStrictEqual(rest.shards.map(({ shardId }) => shardId), ["shardId-000000000002"])
      assert.isFalse(rest.hasMoreShards)
      assert.strictEqual(yield* tagOf(api.describeStream({ stream, limit: 0 })), "InvalidArgument")
    }))

  it.effect("say what was set at the creation", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ streams: [] })
      yield* api.createStream({
        stream,
        streamModeDetails: { streamMode: "ON_DEMAND" },
        tags: { team: "shop" },
        maxRecordSizeInKiB: 2048,
        warmThroughputMiBps: 5,
        recordDistributionStrategy: "AUTO"
      })
      const { streamDescriptionSummary: summary } = yield* api.describeStreamSummary({ stream })
      assert.deepInclude(summary, {
        streamStatus: "ACTIVE",
        streamModeDetails: { streamMode: "ON_DEMAND" },
        openShardCount: 4,
        maxRecordSizeInKiB: 2048,
        recordDistributionStrategy: "AUTO",
        warmThroughput: { targetMiBps: 5, currentMiBps: 5 },
        encryptionType: "NONE"
      })
      assert.deepStrictEqual((yield* api.listTagsForStream({ stream })).tags, [{ key: "team", value: "shop" }])
      for (
        const wrong of [
          { shardCount: 2, streamModeDetails: { streamMode: "ON_DEMAND" } },
          { streamModeDetails: { streamMode: "ON" } },
          { tags: { "": "" } },
          { maxRecordSizeInKiB: 1 },
          { warmThroughputMiBps: -1 },
          { recordDistributionStrategy: "SOME" }
        ]
      ) {
        assert.strictEqual(yield* tagOf(api.createStream({ stream: "b", ...wrong })), "InvalidArgument")
      }
      assert.deepStrictEqual((yield* api.listStreams({})).streamNames, [stream])
    }))

  it.effect("of the account count shards and streams", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ streams: [{ name: "a", shardCount: 3 }, { name: "b", shardCount: 2 }] })
      yield* api.createStream({ stream: "c", streamModeDetails: { streamMode: "ON_DEMAND" } })
      assert.deepInclude(yield* api.describeLimits({}), { openShardCount: 5, onDemandStreamCount: 1 })
    }))

  it.effect("of the streams go on after a name, or by token", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ streams: ["a", "b", "c"].map((name) => ({ name })) })
      const first = yield* api.listStreams({ limit: 1 })
      assert.deepStrictEqual([first.streamNames, first.hasMoreStreams], [["a"], true])
      assert.deepStrictEqual((yield* api.listStreams({ nextToken: first.nextToken })).streamNames, ["b", "c"])
      const last = yield* api.listStreams({ exclusiveStartStreamName: "b" })
      assert.deepStrictEqual([last.streamNames, last.hasMoreStreams], [["c"], false])
      assert.deepInclude(last.streamSummaries[0], { streamName: "c", streamStatus: "ACTIVE" })
    }))
})

describe("settings", () => {
  it.effect("are kept, and take the stream's time", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ transition: "1 second" })
      yield* api.updateStreamMode({ stream, streamModeDetails: { streamMode: "ON_DEMAND" } })
      const summary = Effect.map(api.describeStreamSummary({ stream }), (answer) => answer.streamDescriptionSummary)
      assert.strictEqual((yield* summary).streamStatus, "UPDATING")
      assert.strictEqual(yield* tagOf(api.updateMaxRecordSize({ stream, maxRecordSizeInKiB: 2048 })), "ResourceInUse")
    }))

  it.effect("are those of the API, and checked", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      yield* api.updateMaxRecordSize({ stream, maxRecordSizeInKiB: 2048 })
      yield* api.startStreamEncryption({ stream, encryptionType: "KMS", keyId: "alias/aws/kinesis" })
      yield* api.updateStreamRecordDistributionStrategy({ stream, recordDistributionStrategy: "AUTO" })
      const summary = Effect.map(api.describeStreamSummary({ stream }), (answer) => answer.streamDescriptionSummary)
      assert.deepInclude(yield* summary, {
        maxRecordSizeInKiB: 2048,
        encryptionType: "KMS",
        keyId: "alias/aws/kinesis",
        recordDistributionStrategy: "AUTO"
      })
      yield* api.stopStreamEncryption({ stream, encryptionType: "KMS", keyId: "alias/aws/kinesis" })
      assert.deepInclude(yield* summary, { encryptionType: "NONE", keyId: undefined })
      const wrong = [
        api.updateMaxRecordSize({ stream, maxRecordSizeInKiB: 1 }),
        api.startStreamEncryption({ stream, encryptionType: "NONE", keyId: "a" }),
        api.startStreamEncryption({ stream, encryptionType: "KMS", keyId: "" }),
        api.updateStreamMode({ stream, streamModeDetails: { streamMode: "ON" } }),
        api.updateStreamRecordDistributionStrategy({ stream, recordDistributionStrategy: "" }),
        api.updateStreamWarmThroughput({ stream, warmThroughputMiBps: 1 }),
        api.updateAccountSettings({ minimumThroughputBillingCommitment: { status: "" } })
      ]
      for (const call of wrong) assert.strictEqual(yield* tagOf<unknown, any>(call), "InvalidArgument")
      yield* api.updateStreamMode({ stream, streamModeDetails: { streamMode: "ON_DEMAND" } })
      assert.deepInclude(yield* api.updateStreamWarmThroughput({ stream, warmThroughputMiBps: 1 }), {
        streamName: stream,
        warmThroughput: { targetMiBps: 1, currentMiBps: 1 }
      })
    }))

  it.effect("of monitoring add up, and ALL is all", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      yield* api.enableEnhancedMonitoring({ stream, shardLevelMetrics: ["OutgoingBytes"] })
      const more = yield* api.enableEnhancedMonitoring({ stream, shardLevelMetrics: ["IncomingBytes"] })
      assert.deepStrictEqual(more.currentShardLevelMetrics, ["OutgoingBytes"])
      assert.deepStrictEqual(more.desiredShardLevelMetrics, ["IncomingBytes", "OutgoingBytes"])
      const none = yield* api.disableEnhancedMonitoring({ stream, shardLevelMetrics: ["ALL"] })
      assert.deepStrictEqual(none.desiredShardLevelMetrics, [])
      assert.strictEqual(
        yield* tagOf(api.enableEnhancedMonitoring({ stream, shardLevelMetrics: ["Bytes"] })),
        "InvalidArgument"
      )
    }))

  it.effect("of the account are kept, with the time of their start", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      const enabled = yield* api.updateAccountSettings({ minimumThroughputBillingCommitment: { status: "ENABLED" } })
      assert.strictEqual(enabled.minimumThroughputBillingCommitment.startedAt?.getTime(), 0)
      assert.deepStrictEqual(yield* api.describeAccountSettings({}), enabled)
    }))
})

it.effect("records of an encrypted stream, and the answers to their writers, say so", () =>
  Effect.gen(function*() {
    const { operations: api } = yield* make()
    const entry = { partitionKey: "a", data: new Uint8Array(1) }
    assert.notProperty(yield* api.putRecord({ stream, ...entry }), "encryptionType")
    yield* api.startStreamEncryption({ stream, encryptionType: "KMS", keyId: "key" })
    assert.strictEqual((yield* api.putRecord({ stream, ...entry })).encryptionType, "KMS")
    assert.strictEqual((yield* api.putRecords({ stream, records: [entry] })).encryptionType, "KMS")
    const from = yield* api.getShardIterator({
      stream,
      shardId: "shardId-000000000000",
      position: { _tag: "TrimHorizon" }
    })
    const { records } = yield* api.getRecords(from)
    assert.deepStrictEqual(records.map(({ encryptionType }) => encryptionType), ["KMS", "KMS", "KMS"])
  }))

describe("policies", () => {
  it.effect("are kept, returned and forgotten", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make()
      assert.deepStrictEqual(yield* api.getResourcePolicy({ resourceArn: arn }), { policy: "{}" })
      const policy = JSON.stringify({ Version: "2012-10-17" })
      yield* api.putResourcePolicy({ resourceArn: arn, policy })
      assert.deepStrictEqual(yield* api.getResourcePolicy({ resourceArn: arn }), { policy })
      yield* api.deleteResourcePolicy({ resourceArn: arn })
      assert.strictEqual(yield* tagOf(api.deleteResourcePolicy({ resourceArn: arn })), "ResourceNotFound")
      assert.strictEqual(yield* tagOf(api.putResourcePolicy({ resourceArn: arn, policy: "[]" })), "InvalidArgument")
    }))
})

describe("what a server is for", () => {
  it.effect("an iterator alone finds its shard, and knobs of that shard meet it", () =>
    Effect.gen(function*() {
      const { local, operations: api } = yield* make({ streams: [{ name: stream, shardCount: 2 }] })
      const shardId = "shardId-000000000001"
      const { shardIterator } = yield* api.getShardIterator({ stream, shardId, position: { _tag: "TrimHorizon" } })
      yield* local.throttle({ operation: "getRecords", shardId })
      assert.strictEqual(yield* tagOf(api.getRecords({ shardIterator })), "ThrottledError")
      assert.deepStrictEqual((yield* api.getRecords({ shardIterator })).records, [])
      assert.strictEqual(yield* tagOf(api.getRecords({ shardIterator: "none" })), "InvalidArgument")
      const [, read] = yield* local.calls
      assert.deepInclude(read, { operation: "getRecords", stream, shardId, outcome: "ThrottledError" })
    }))

  it.effect("knobs meet the operations that only the API has, and the log has them", () =>
    Effect.gen(function*() {
      const { local, operations: api } = yield* make()
      yield* local.throttle({ operation: "describeStream", stream })
      yield* api.listTagsForStream({ stream })
      assert.strictEqual(yield* tagOf(api.describeStream({ stream })), "ThrottledError")
      assert.deepStrictEqual((yield* local.calls).map(({ operation }) => operation), [
        "listTagsForStream",
        "describeStream"
      ])
    }))

  it.effect("the log keeps how much was written, and not what", () =>
    Effect.gen(function*() {
      const { local, operations: api } = yield* make()
      const entry = { partitionKey: "a", data: new Uint8Array(3) }
      yield* api.putRecord({ stream, ...entry })
      yield* api.putRecords({ stream, records: [entry, entry] })
      assert.deepStrictEqual((yield* local.calls).map(({ request }) => request), [
        { stream, partitionKey: "a", dataBytes: 3 },
        { stream, recordCount: 2 }
      ])
    }))
})

describe("a dry run of a subscription", () => {
  it.effect("subscribes to nothing, and minds no other subscription", () =>
    Effect.scoped(Effect.gen(function*() {
      const { operations: api, subscribeToShard } = yield* make()
      const request = yield* subscription(api)
      const dry = { operation: "subscribeToShard", ...request } as const
      yield* api.dryRun(dry)
      yield* api.dryRun(dry)
      yield* subscribeToShard(request)
      yield* api.dryRun(dry)
    })))

  it.effect("is refused for what does not exist, or is not ACTIVE", () =>
    Effect.gen(function*() {
      const { operations: api } = yield* make({ transition: "1 second" })
      const request = yield* subscription(api)
      const refused = (changed: Partial<typeof request> = {}) =>
        tagOf(api.dryRun({ operation: "subscribeToShard", ...request, ...changed }))
      assert.strictEqual(yield* refused(), "ResourceInUse")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* refused({ consumerArn: `${request.consumerArn}1` }), "ResourceNotFound")
      assert.strictEqual(yield* refused({ consumerArn: "app" }), "InvalidArgument")
      assert.strictEqual(yield* refused({ shardId: "shardId-000000000001" }), "ResourceNotFound")
      yield* api.dryRun({ operation: "subscribeToShard", ...request })
    }))
})

describe("limits that are switched off", () => {
  const records = Array.from({ length: 501 }, () => ({ partitionKey: "a", data: new Uint8Array(10) }))
  const iterator = (api: LocalApi.Operations) =>
    Effect.orDie(api.getShardIterator({ stream, shardId: "shardId-000000000000", position: { _tag: "TrimHorizon" } }))
  const succeeds = <A, E>(call: Effect.Effect<A, E>) => Effect.map(Effect.either(call), ({ _tag }) => _tag === "Right")
  const sixTimes = <A, E>(call: Effect.Effect<A, E>) => succeeds(Effect.repeatN(call, 5))
  const cases: ReadonlyArray<
    readonly [
      limit: string,
      what: string,
      isOff: (api: LocalApi.Operations, service: LocalApi.Service) => Effect.Effect<boolean>
    ]
  > = [
    ["throughput", "1,000 records written a second", (api) =>
      Effect.orDie(Effect.map(
        Effect.forEach([1, 2, 3], () => api.putRecords({ stream, records: records.slice(0, 400) })),
        (answers) => answers.every(({ failedRecordCount }) => failedRecordCount === 0)
      ))],
    ["calls", "5 reads a second", (api) => Effect.flatMap(iterator(api), (from) => sixTimes(api.getRecords(from)))],
    ["calls", "5 iterators a second", (api) => sixTimes(iterator(api).pipe(Effect.sandbox))],
    ["sizes", "500 entries", (api) => succeeds(api.putRecords({ stream, records }))],
    [
      "sizes",
      "1 MiB a record",
      (api) =>
        succeeds(
          api.putRecord({ stream, partitionKey: "a", data: new Uint8Array(1024 * 1024) }).pipe(
            Effect.catchTag("ThrottledError", () => Effect.void)
          )
        )
    ],
    ["calls", "1 subscription a second", (api, { subscribeToShard }) =>
      Effect.gen(function*() {
        const request = yield* subscription(api)
        yield* Effect.orDie(Effect.scoped(subscribeToShard(request)))
        return (yield* Effect.flip(Effect.scoped(subscribeToShard(request))))._tag !== "ThrottledError"
      }).pipe(Effect.orElseSucceed(() => true))],
    ["consumers", "5 seconds of a subscription", (api, { subscribeToShard }) =>
      Effect.gen(function*() {
        const request = yield* subscription(api)
        yield* Effect.orDie(Effect.scoped(subscribeToShard(request)))
        yield* TestClock.adjust("2 seconds")
        return yield* succeeds(Effect.scoped(subscribeToShard(request)))
      })],
    [
      "consumers",
      "20 consumers",
      (api) => succeeds(Effect.forEach(Array.from({ length: 21 }, (_, number) => `app-${number}`), register(api)))
    ],
    ["scaling", "double", (api) => succeeds(api.updateShardCount({ stream, targetShardCount: 9 }))],
    [
      "expiry",
      "5 minutes",
      (api) =>
        Effect.flatMap(
          iterator(api),
          (from) => Effect.zipRight(TestClock.adjust("6 minutes"), succeeds(api.getRecords(from)))
        )
    ]
  ]
  for (const [limit, what, isOff] of cases) {
    it.effect(`${limit} (${what}): it holds by default, and is off where it is switched off, alone`, () =>
      Effect.gen(function*() {
        const isOffWith = (limits?: LocalKinesis.LimitOptions) =>
          Effect.flatMap(make({ limits }), (service) => isOff(service.operations, service))
        assert.isFalse(yield* isOffWith())
        assert.isTrue(yield* isOffWith({ [limit]: false }))
        const others = cases.filter(([other]) => other !== limit).map(([other]) => [other, false])
        assert.isFalse(yield* isOffWith(Object.fromEntries(others)))
      }))
  }
})
