import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Option, Schedule, Scope, TestClock } from "effect"
import { Consumer, KinesisClient, KinesisError, type KinesisEvent, LeaseStoreError } from "effect-kinesis"
import { application, eventually, run, stop, textOf, withGroup, type World } from "../support/groups.js"
import { numbered, oneShard, put, shard0 } from "../support/reading.js"

const two = { streams: [{ name: "orders", shardCount: 2 }, { name: "returns", shardCount: 2 }] }
const streams = ["orders", "returns"]

const write = ({ client }: World, stream: string, texts: ReadonlyArray<string>) =>
  Effect.forEach(
    texts,
    (text) => client.putRecord({ stream, partitionKey: text, data: new TextEncoder().encode(text) })
  )

/** A worker with its handle, whose records and events are noted. */
const start = (options: Partial<Consumer.GroupOptions> = {}) =>
  Effect.gen(function*() {
    const texts: Array<string> = []
    const events: Array<KinesisEvent.KinesisEvent & { readonly of: string; readonly at: number }> = []
    const scope = yield* Scope.make()
    const consumer = yield* Scope.extend(
      Consumer.make({
        application,
        stream: streams,
        from: "trim-horizon",
        discoveryInterval: "2 seconds",
        onEvent: (event, of) => Effect.map(Clock.currentTimeMillis, (at) => void events.push({ ...event, of, at })),
        ...options,
        handler: (record) => Effect.sync(() => void texts.push(textOf(record)))
      }),
      scope
    )
    const fiber = yield* Effect.fork(consumer.run)
    return {
      consumer,
      fiber,
      texts,
      of: <Tag extends KinesisEvent.KinesisEvent["_tag"]>(tag: Tag) =>
        events.filter((event) => event._tag === tag) as unknown as ReadonlyArray<
          Extract<KinesisEvent.KinesisEvent, { readonly _tag: Tag }> & { readonly of: string; readonly at: number }
        >,
      isReady: consumer.ready.get,
      stop: Effect.ensuring(consumer.shutdown(), Scope.close(scope, Exit.void))
    }
  })

const assignedOf = ({ consumer }: { readonly consumer: Consumer.Consumer }) =>
  Effect.map(consumer.assignment.get, (all) => all.map(({ stream }) => stream).sort())

const refusals = {
  "cannot use its key": new KinesisError.KmsError({
    operation: "GetRecords",
    stream: "returns",
    code: "KMSDisabledException",
    description: "the key is disabled"
  }),
  "is denied": new KinesisError.AccessDenied({
    operation: "GetRecords",
    stream: "returns",
    action: "kinesis:GetRecords",
    description: "not permitted"
  })
}

describe("one stream of several", () => {
  it.effect(
    "that is deleted leaves the others alone, and is read from its beginning when it is there again",
    () =>
      withGroup(two, (world) =>
        Effect.gen(function*() {
          yield* write(world, "orders", ["o1"])
          yield* write(world, "returns", ["r1"])
          const worker = yield* start()
          yield* eventually("both", () => worker.texts.length === 2)
          yield* eventually("ready", () => worker.isReady)
          yield* world.client.deleteStream({ stream: "returns" })
          yield* eventually("the loss", () => worker.of("StreamLost").length > 0)
          const [lost] = worker.of("StreamLost")
          assert.strictEqual(lost!.stream, "returns")
          assert.strictEqual(lost!.of, "returns")
          assert.strictEqual(lost!.error._tag, "ResourceNotFound")
          assert.isFalse(yield* worker.isReady)
          yield* write(world, "orders", numbered("p", 1, 9))
          yield* eventually("the others", () => worker.texts.length === 11)
          yield* eventually(
            "its leases are let go",
            () => Effect.map(assignedOf(worker), (all) => `${all}` === "orders,orders")
          )
          yield* TestClock.adjust("3 minutes")
          assert.strictEqual(worker.of("Balanced").at(-1)!.leases, 2, "they are not counted")
          const tries = worker.of("StreamLost")
          assert.isAtLeast(tries.length, 5)
          assert.isAtMost(tries.length, 12)
          assert.isAtMost(
            Math.max(...tries.map(({ retryInMillis }) => retryInMillis)),
            72_000
          )
          const old = (yield* world.leases.leases(application)).filter(({ leaseKey }) => leaseKey.includes("returns"))
          assert.deepStrictEqual(old.map(({ leaseOwner }) => leaseOwner), [undefined, undefined])

          yield* world.client.createStream({ stream: "returns", shardCount: 2 })
          yield* write(world, "returns", ["r2", "r3"])
          yield* eventually("its records", () => worker.texts.includes("r2") && worker.texts.includes("r3"), 120_000)
          assert.lengthOf(worker.of("StreamFound"), 1)
          yield* eventually("ready", () => worker.isReady)
          const rows = yield* world.leases.leases(application)
          assert.lengthOf(rows, 6, "the rows of its former life are left")
          const summary = yield* worker.stop
          assert.deepStrictEqual(summary.lost, [])
          assert.isTrue(Exit.isSuccess(yield* Fiber.await(worker.fiber)))
        }))
  )

  for (const [what, error] of Object.entries(refusals)) {
    it.effect(
      `that ${what} leaves the others alone, and goes on where it was`,
      () =>
        withGroup(two, (world) =>
          Effect.gen(function*() {
            yield* write(world, "returns", ["r1", "r2"])
            const worker = yield* start()
            yield* eventually("its records", () => worker.texts.length === 2)
            yield* world.local.fail({ operation: "getRecords", stream: "returns", times: 100_000, error })
            yield* eventually("the loss", () => worker.of("StreamLost").length > 0)
            assert.strictEqual(worker.of("StreamLost")[0]!.error._tag, error._tag)
            yield* write(world, "orders", ["o1"])
            yield* write(world, "returns", ["r3"])
            yield* eventually("the other's", () => worker.texts.length === 3)
            yield* TestClock.adjust("3 minutes")
            assert.lengthOf(worker.of("StreamFound"), 0, "it is not found before it can be read")
            assert.deepStrictEqual(yield* assignedOf(worker), ["orders", "orders"])
            yield* world.local.clearFaults
            yield* eventually("the rest", () => worker.texts.length === 4, 120_000)
            assert.deepStrictEqual(worker.texts.toSorted(), ["o1", "r1", "r2", "r3"])
            yield* worker.stop
          }))
    )
  }

  it.effect("of which one shard says that it is lost is let go as a whole, with what was handled stored", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        yield* write(world, "returns", ["r1", "r2", "r3"])
        const worker = yield* start()
        yield* eventually("its records", () => worker.texts.length === 3)
        yield* world.local.fail({
          operation: "getRecords",
          stream: "returns",
          shardId: shard0,
          times: 100_000,
          error: refusals["cannot use its key"]
        })
        yield* eventually("the loss", () => worker.of("StreamLost").length > 0)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* assignedOf(worker), ["orders", "orders"])
        const rows = (yield* world.leases.leases(application)).filter(({ leaseKey }) => leaseKey.includes("returns"))
        assert.deepStrictEqual(rows.map(({ checkpoint, leaseOwner }) => [checkpoint?._tag, leaseOwner]), [
          ["AfterSequenceNumber", undefined],
          ["AfterSequenceNumber", undefined]
        ])
        yield* worker.stop
      })))

  it.effect("that one worker is denied is left to the others", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        const denied: KinesisClient.Service = {
          ...world.client,
          getRecords: (request) =>
            request.stream === "returns" ? Effect.fail(refusals["is denied"]) : world.client.getRecords(request)
        }
        const one = yield* Effect.provideService(start(), KinesisClient.KinesisClient, denied)
        yield* eventually("the loss", () => one.of("StreamLost").length > 0)
        const other = yield* start()
        yield* eventually("its shards", () =>
          Effect.map(assignedOf(other), (all) => `${all}`.includes("returns,returns")))
        yield* write(world, "returns", ["r1", "r2"])
        yield* eventually("its records", () =>
          other.texts.length === 2)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* assignedOf(one), ["orders", "orders"])
        yield* other.stop
        yield* TestClock.adjust("5 seconds")
        const rows = yield* world.leases.leases(application)
        assert.deepStrictEqual(
          rows.filter(({ leaseKey }) => leaseKey.includes("returns")).map(({ leaseOwner }) => leaseOwner),
          [undefined, undefined],
          "what was given to it is let go"
        )
        yield* one.stop
      })))

  it.effect("that is missing at the start does not keep the others from starting", () =>
    withGroup({ streams: [{ name: "orders" }] }, (world) =>
      Effect.gen(function*() {
        yield* write(world, "orders", ["o1"])
        const worker = yield* start({ stream: ["returns", "orders"], from: new Date(0) })
        yield* eventually("the record", () => worker.texts.length === 1)
        assert.isFalse(yield* worker.isReady)
        const summary = yield* worker.stop
        assert.deepStrictEqual(summary.lost.map(({ error, stream }) => [stream, error._tag]), [
          ["returns", "ResourceNotFound"]
        ])
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(worker.fiber)))
      })))

  it.effect("that comes later is read from the worker's start on, when it is to begin at the latest", () =>
    withGroup({ streams: [{ name: "orders" }] }, (world) =>
      Effect.gen(function*() {
        const worker = yield* start({ from: "latest" })
        yield* TestClock.adjust("3 minutes")
        yield* world.client.createStream({ stream: "returns", shardCount: 1 })
        yield* write(world, "returns", ["r1"])
        yield* eventually("its record", () => worker.texts.length === 1, 120_000)
        yield* worker.stop
      })))

  it.effect("fails the consumer when it is told to, when it is the only one, and when all are lost", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        const failing = yield* start({ onStreamLost: "fail" })
        yield* TestClock.adjust("5 seconds")
        yield* world.client.deleteStream({ stream: "returns" })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(failing.fiber)))._tag, "ResourceNotFound")
        const missing = yield* Effect.flip(start({ onStreamLost: "fail" }))
        assert.strictEqual(missing._tag, "ResourceNotFound")
        const left = yield* start()
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* assignedOf(left), ["orders", "orders"])
        yield* world.client.deleteStream({ stream: "orders" })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(left.fiber)))._tag, "ResourceNotFound")
        assert.strictEqual((yield* Effect.flip(start()))._tag, "ResourceNotFound")
        const single = yield* run({ stream: "orders" })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(single.fiber)))._tag, "ResourceNotFound")
      })))

  it.effect("an onStreamLost that is neither word is refused", () =>
    withGroup(two, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(start({ onStreamLost: "ignore" as never }))
        assert.include(error.message, "invalid onStreamLost: must be \"continue\" or \"fail\", was \"ignore\"")
      })))

  it.effect("what fails in a handler or in the lease store is not the stream's", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        const worker = yield* start()
        yield* eventually("ready", () => worker.isReady)
        yield* world.leases.fail({
          operation: "list",
          times: 1_000,
          error: new LeaseStoreError.LeaseStoreError({ operation: "Scan", reason: "Denied", description: "no" })
        })
        yield* TestClock.adjust("20 seconds")
        assert.deepInclude(yield* Effect.flip(Fiber.join(worker.fiber)), { _tag: "LeaseStoreError", reason: "Denied" })
        assert.lengthOf(worker.of("StreamLost"), 0)
      })))
})

describe("one stream of several whose shards are pushed", () => {
  const arnOf = ({ client }: World) =>
    Effect.map(client.describeStreamSummary({ stream: "returns" }), ({ streamArn }) => streamArn)

  /** A worker that cannot have its consumer of the one stream, until this is mended, and reads the other. */
  const loses = (
    world: World,
    reason: KinesisError.KinesisError["_tag"],
    mended: Effect.Effect<unknown, KinesisError.KinesisError>,
    options: Partial<Consumer.GroupOptions> = {}
  ) =>
    Effect.gen(function*() {
      const worker = yield* start({ fanOut: true, ...options })
      yield* eventually("the loss", () => worker.of("StreamLost").length > 0)
      const [lost] = worker.of("StreamLost")
      assert.deepInclude(lost, { stream: "returns", of: "returns" })
      assert.strictEqual(lost!.error._tag, reason)
      yield* write(world, "orders", ["o1"])
      yield* eventually("the other's", () => worker.texts.includes("o1"))
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* assignedOf(worker), ["orders", "orders"])
      assert.isFalse(yield* worker.isReady)
      const founds = worker.of("StreamFound").length
      yield* mended
      yield* write(world, "returns", ["r1"])
      yield* eventually("its record", () => worker.texts.includes("r1"), 120_000)
      yield* eventually("ready", () => worker.isReady)
      assert.deepStrictEqual(worker.texts.toSorted(), ["o1", "r1"])
      const summary = yield* worker.stop
      assert.deepStrictEqual(summary.lost, [])
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(worker.fiber)))
      return founds
    })

  for (const operation of ["describeStreamConsumer", "registerStreamConsumer", "subscribeToShard"] as const) {
    it.effect(`F121 for which ${operation} is denied leaves the others alone, and is read when it is permitted`, () =>
      withGroup(two, (world) =>
        Effect.gen(function*() {
          const error = (operation: string) =>
            new KinesisError.AccessDenied({
              operation,
              stream: "returns",
              action: `kinesis:${operation}`,
              description: "not permitted"
            })
          yield* world.local.fail({ operation, stream: "returns", times: 100_000, error })
          const founds = yield* loses(world, "AccessDenied", world.local.clearFaults)
          if (operation !== "subscribeToShard") assert.strictEqual(founds, 0, "it is not found without its consumer")
        })))
  }

  it.effect("F121 that has no room for another consumer leaves the others alone, and is read when there is some", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        const streamArn = yield* arnOf(world)
        for (const consumerName of numbered("c", 1, 20)) {
          yield* world.client.registerStreamConsumer({ streamArn, consumerName })
          yield* world.local.consumerStatus({ stream: "returns", consumer: consumerName, status: "ACTIVE" })
        }
        const room = world.local.deregister({ stream: "returns", consumer: "c7" })
        assert.strictEqual(yield* loses(world, "ResourceInUse", room), 0)
      })))

  it.effect("F121 that lacks a consumer which is not to be registered leaves the others alone, and is read with it", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        const { streamArn } = yield* world.client.describeStreamSummary({ stream: "orders" })
        yield* world.client.registerStreamConsumer({ streamArn, consumerName: application })
        const registered = Effect.flatMap(
          arnOf(world),
          (streamArn) => world.client.registerStreamConsumer({ streamArn, consumerName: application })
        )
        const options = { fanOut: { register: false } }
        assert.strictEqual(yield* loses(world, "ResourceNotFound", registered, options), 0)
      })))

  it.effect("F121 that is deleted while its consumer is looked for leaves the others alone", () =>
    withGroup(two, (world) =>
      Effect.gen(function*() {
        yield* world.local.delay({ operation: "describeStreamConsumer", stream: "returns", duration: "3 seconds" })
        const worker = yield* start({ fanOut: { whileUnavailable: "wait" } })
        yield* TestClock.adjust("2 seconds")
        yield* world.client.deleteStream({ stream: "returns" })
        yield* eventually("the loss", () => worker.of("StreamLost").length > 0)
        yield* write(world, "orders", ["o1"])
        yield* eventually("the other's", () => worker.texts.length === 1)
        assert.strictEqual(worker.of("StreamLost")[0]!.error._tag, "ResourceNotFound")
        yield* worker.stop
      })))

  it.effect("F121 whose consumer cannot be had fails the worker that is told to", () =>
    withGroup(two, () =>
      Effect.gen(function*() {
        const worker = yield* start({ fanOut: { register: false }, onStreamLost: "fail" })
        yield* TestClock.adjust("30 seconds")
        const error = yield* Effect.flip(Fiber.join(worker.fiber))
        assert.deepInclude(error, { _tag: "ResourceNotFound", operation: "DescribeStreamConsumer" })
      })))
})

describe("resourceRetry", () => {
  const kms = (operation: string) =>
    new KinesisError.KmsError({ operation, stream: "orders", code: "KMSDisabledException", description: "disabled" })

  it.effect("a group rides out a key that cannot be used, as the schedule says, and fails by default", () =>
    withGroup(oneShard, (world) =>
      Effect.gen(function*() {
        yield* world.local.fail({ operation: "getRecords", times: 5, error: kms("GetRecords") })
        yield* put(world.client, ["a1"])
        const patient = yield* run({ resourceRetry: Schedule.spaced("10 seconds") })
        yield* eventually("the record", () => patient.handled.length === 1, 70_000)
        assert.strictEqual(patient.of("CallFailed").length, 5)
        yield* stop(patient)
        yield* world.local.fail({ operation: "getRecords", times: 5, error: kms("GetRecords") })
        const hasty = yield* run()
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Effect.flip(Fiber.join(hasty.fiber)))._tag, "KmsError")
        assert.isTrue(Option.isSome(yield* Fiber.poll(hasty.fiber)))
      })))
})
