/** What is told of services that are out of reach, and how long they are waited for. */
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Duration, Effect, FastCheck as fc, Fiber, Logger, Schedule, Stream, TestClock } from "effect"
import {
  type Consumer,
  KinesisClient,
  KinesisError,
  type KinesisEvent,
  KinesisStream,
  LeaseStoreError,
  ShardReader,
  Until
} from "effect-kinesis"
import * as StartDeadline from "../src/internal/reading/startDeadline.js"
import * as Outage from "../src/internal/shard/outage.js"
import { application, eventually, run, stop, textOf, withGroup } from "./support/groups.js"
import { oneShard, put, shard0, withKinesis } from "./support/reading.js"

const unreachable = (operation: string) =>
  new KinesisError.ServiceUnavailable({
    operation,
    stream: "orders",
    description: "connect ECONNREFUSED 127.0.0.1:9"
  })

const tableOutOfReach = new LeaseStoreError.LeaseStoreError({
  operation: "Scan",
  reason: "Unavailable",
  table: application,
  description: "connect ECONNREFUSED 127.0.0.1:9"
})

/** What was logged, each with its level. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) =>
    void lines.push(`${logLevel.label} ${Arr.ensure(message).join(" ")}`)
  )
  return { lines, ofOutages: () => lines.filter((line) => line.includes("calls to ")), layer: Logger.add(logger) }
}

/** Reads in the background, noting events and the log. */
const reading = (
  reader: "KinesisStream" | "ShardReader",
  options: Partial<KinesisStream.Options> = {}
) =>
  Effect.gen(function*() {
    const { layer, ofOutages } = logged()
    const events: Array<KinesisEvent.KinesisEvent> = []
    const texts: Array<string> = []
    const given = {
      stream: "orders",
      from: "trim-horizon",
      onEvent: (event: KinesisEvent.KinesisEvent) => Effect.sync(() => void events.push(event)),
      ...options
    } as const
    const records = reader === "KinesisStream"
      ? KinesisStream.records(given)
      : ShardReader.records({ ...given, shardId: shard0 })
    const fiber = yield* Effect.fork(
      Effect.provide(Stream.runForEach(records, (record) => Effect.sync(() => void texts.push(textOf(record)))), layer)
    )
    const of = <Tag extends KinesisEvent.KinesisEvent["_tag"]>(tag: Tag) =>
      events.filter((event): event is Extract<KinesisEvent.KinesisEvent, { readonly _tag: Tag }> => event._tag === tag)
    return { fiber, of, ofOutages, texts }
  })

/** What a fiber failed with, by now. */
const failureOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<E, A> =>
  Effect.suspend(() => {
    const exit = fiber.unsafePoll()
    assert.isNotNull(exit, "it goes on")
    return Effect.flip(exit!)
  })

const begun = (firstOperation: string) =>
  `WARN calls to Kinesis fail: ${firstOperation}: the service is unavailable: connect ECONNREFUSED 127.0.0.1:9; trying again `

for (const reader of ["KinesisStream", "ShardReader"] as const) {
  const first = reader === "KinesisStream" ? "ListShards on orders" : "GetShardIterator on orders"

  describe(`outages of a ${reader}`, () => {
    it.effect("before the first answer: told at once, and over after 15 seconds", () =>
      withKinesis(oneShard, ({ local }) =>
        Effect.gen(function*() {
          yield* local.fail({ error: unreachable, times: Infinity })
          const { fiber, of, ofOutages } = yield* reading(reader)
          yield* TestClock.adjust("1 millis")
          assert.deepStrictEqual(ofOutages(), [`${begun(first)}for at most 15s (firstContactTimeout)`])
          yield* TestClock.adjust("14900 millis")
          assert.isNull(fiber.unsafePoll())
          yield* TestClock.adjust("200 millis")
          assert.strictEqual((yield* failureOf(fiber))._tag, "ServiceUnavailable")
          assert.strictEqual(ofOutages().length, 1)
          assert.strictEqual(of("OutageBegan").length, 1)
          assert.deepInclude(of("OutageBegan")[0], { service: "kinesis", since: 0, attempts: 1 })
        })))

    it.effect("before the first answer, the schedule may end earlier, or go on with patience", () =>
      withKinesis(oneShard, ({ local }) =>
        Effect.gen(function*() {
          yield* local.fail({ error: unreachable, times: Infinity })
          const brief = yield* reading(reader, {
            transientRetry: Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2))
          })
          const patient = yield* reading(reader, { firstContactTimeout: Duration.infinity })
          yield* TestClock.adjust("3 seconds")
          assert.isNotNull(brief.fiber.unsafePoll())
          assert.strictEqual(brief.of("CallFailed").length, 3)
          assert.include(brief.ofOutages()[0], "(firstContactTimeout)")
          yield* TestClock.adjust("4 minutes")
          assert.isNull(patient.fiber.unsafePoll())
          assert.strictEqual(patient.ofOutages()[0], `${begun(first)}for at most 5 minutes`)
          yield* TestClock.adjust("70 seconds")
          assert.isNotNull(patient.fiber.unsafePoll())
        })))

    it.effect("an endpoint that never answers is waited for by calls that begin within 15 seconds", () =>
      withKinesis(oneShard, ({ local }) =>
        Effect.gen(function*() {
          yield* local.hang({ times: Infinity })
          const { fiber, of } = yield* reading(reader)
          yield* TestClock.adjust("21 seconds")
          assert.strictEqual((yield* failureOf(fiber))._tag, "RequestTimeout")
          assert.strictEqual(of("CallFailed").length, 2)
        })))

    it.effect("after it: a hiccup is no outage; what lasts is told when it begins, again while it lasts, and when it ends", () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["a1"])
          const { fiber, of, ofOutages, texts } = yield* reading(reader, { until: Until.count(2) })
          yield* TestClock.adjust("10 seconds")
          yield* local.fail({ operation: "getRecords", error: unreachable, times: 1 })
          yield* TestClock.adjust("10 seconds")
          assert.strictEqual(of("CallFailed").length, 1)
          assert.deepStrictEqual(ofOutages(), [])
          yield* local.fail({ error: unreachable, times: Infinity })
          yield* TestClock.adjust("100 seconds")
          assert.deepStrictEqual(ofOutages().map((line) => line.slice(0, 27)), [
            "WARN calls to Kinesis fail:",
            "WARN calls to Kinesis still"
          ])
          assert.include(ofOutages()[0], "trying again for at most 5 minutes")
          const failed = of("CallFailed").length - 1
          yield* local.clearFaults
          yield* put(client, ["a2"])
          yield* TestClock.adjust("12 seconds")
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(texts, ["a1", "a2"])
          assert.match(ofOutages()[2]!, /^INFO calls to Kinesis succeed again: \d+ calls failed in 1m \d+s$/)
          assert.strictEqual(ofOutages().length, 3)
          assert.strictEqual(of("OutageBegan").length, 1)
          assert.strictEqual(of("OutageEnded").length, 1)
          assert.deepInclude(of("OutageEnded")[0], { service: "kinesis", attempts: failed })
        })))

    it.effect("throttles are told when nothing has succeeded for half a minute", () =>
      withKinesis(oneShard, ({ client, local }) =>
        Effect.gen(function*() {
          yield* put(client, ["a1"])
          yield* local.throttle({ times: Infinity })
          const { fiber, ofOutages } = yield* reading(reader, { until: Until.count(1) })
          yield* TestClock.adjust("29 seconds")
          assert.deepStrictEqual(ofOutages(), [])
          yield* TestClock.adjust("12 seconds")
          assert.match(ofOutages()[0]!, /^WARN calls to Kinesis are throttled: .*; trying again without end$/)
          yield* local.clearFaults
          yield* TestClock.adjust("12 seconds")
          yield* Fiber.join(fiber)
          assert.match(ofOutages()[1]!, /^INFO calls to Kinesis succeed again: /)
          assert.strictEqual(ofOutages().length, 2)
        })))
  })
}

describe("outages", () => {
  it.effect("a run of many shards has one", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 5 }] }, ({ local }) =>
      Effect.gen(function*() {
        const { fiber, of, ofOutages } = yield* reading("KinesisStream", { idleInterval: "5 seconds" })
        yield* TestClock.adjust("5 seconds")
        yield* local.fail({ error: unreachable, times: Infinity })
        yield* TestClock.adjust("30 seconds")
        assert.isAbove(of("CallFailed").length, 5)
        yield* local.clearFaults
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(ofOutages().length, 2)
        assert.strictEqual(of("OutageEnded").length, 1)
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("a schedule of the user's own is named, for it may say anything", () =>
    withKinesis(oneShard, ({ local }) =>
      Effect.gen(function*() {
        const { fiber, ofOutages } = yield* reading("KinesisStream", { transientRetry: Schedule.spaced("2 seconds") })
        yield* TestClock.adjust("5 seconds")
        yield* local.fail({ error: unreachable, times: Infinity })
        yield* TestClock.adjust("10 seconds")
        assert.include(ofOutages()[0], "; trying again as transientRetry says")
        yield* Fiber.interrupt(fiber)
      })))

  it.effect("a shard that fails while others are read is no outage of the service", () =>
    withKinesis({ streams: [{ name: "orders", shardCount: 2 }] }, ({ local }) =>
      Effect.gen(function*() {
        yield* local.fail({ operation: "getRecords", shardId: shard0, error: unreachable, times: Infinity })
        const { fiber, of, ofOutages } = yield* reading("KinesisStream")
        yield* TestClock.adjust("1 minute")
        assert.isAbove(of("CallFailed").length, 5)
        assert.isAtMost(ofOutages().length, 2)
        yield* Fiber.interrupt(fiber)
      })))

  it.live("a closed port, by the real client", () =>
    Effect.gen(function*() {
      const { fiber, of, ofOutages } = yield* reading("KinesisStream", { firstContactTimeout: "300 millis" })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag, "ServiceUnavailable")
      assert.strictEqual(of("OutageBegan").length, 1)
      assert.deepStrictEqual(ofOutages(), [
        `WARN calls to Kinesis fail: ${error.message}; trying again for at most 300ms (firstContactTimeout)`
      ])
      assert.include(error.message, "connect ECONNREFUSED 127.0.0.1:9; nothing listens there: check the endpoint")
    }).pipe(Effect.provide(KinesisClient.layer({
      region: "eu-west-1",
      endpoint: "http://127.0.0.1:9",
      credentials: { accessKeyId: "a", secretAccessKey: "b" }
    }))))
})

describe("outages of a group", () => {
  const watching = (options: Partial<Consumer.GroupOptions> = {}) => {
    const { layer, lines, ofOutages } = logged()
    return Effect.map(Effect.provide(run(options), layer), (worker) => ({ ...worker, lines, ofOutages }))
  }

  it.effect("a lease table that was never reached is waited for for 15 seconds", () =>
    withGroup(oneShard, ({ leases }) =>
      Effect.gen(function*() {
        yield* leases.fail({ error: tableOutOfReach, times: 1_000_000 })
        const worker = yield* watching()
        yield* TestClock.adjust("14900 millis")
        assert.isNull(worker.fiber.unsafePoll())
        assert.strictEqual(worker.ofOutages().length, 1)
        assert.match(
          worker.ofOutages()[0]!,
          /^WARN calls to the lease store of billing fail: .*ECONNREFUSED.*; trying again for at most 15s \(firstContactTimeout\)$/
        )
        yield* TestClock.adjust("200 millis")
        assert.strictEqual((yield* failureOf(worker.fiber))._tag, "LeaseStoreError")
        assert.deepInclude(worker.of("OutageBegan")[0], { service: "lease-store" })
      })))

  for (const stream of ["orders", ["orders"], ["orders", "returns"]] as const) {
    it.effect(`Kinesis that was never reached is waited for for 15 seconds, by a consumer of ${JSON.stringify(stream)}`, () =>
      withGroup(oneShard, ({ local }) =>
        Effect.gen(function*() {
          yield* local.fail({ error: unreachable, times: Infinity })
          const worker = yield* watching({ stream })
          yield* TestClock.adjust("14900 millis")
          assert.isNull(worker.fiber.unsafePoll())
          assert.strictEqual(worker.ofOutages().length, 1)
          assert.include(worker.ofOutages()[0], "for at most 15s (firstContactTimeout)")
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* failureOf(worker.fiber))._tag, "ServiceUnavailable")
          assert.deepInclude(worker.of("OutageBegan")[0], { service: "kinesis" })
        })))
  }

  it.effect("each service has its own outage, whatever the number of calls", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 3 }] }, ({ leases, local }) =>
      Effect.gen(function*() {
        const worker = yield* watching({ idleInterval: "5 seconds", discoveryInterval: "5 seconds" })
        yield* eventually("all", () => worker.of("LeaseAcquired").length === 3)
        yield* leases.fail({ error: tableOutOfReach, times: 1_000_000 })
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(worker.ofOutages().length, 1)
        assert.include(worker.ofOutages()[0], "for at most 10m (storeStaleness)")
        assert.deepInclude(worker.of("OutageBegan")[0], { service: "lease-store" })
        yield* leases.clearFaults
        yield* eventually("all again", () => worker.of("LeaseAcquired").length === 6)
        assert.strictEqual(worker.ofOutages().length, 2)
        yield* local.fail({ error: unreachable, times: Infinity })
        yield* TestClock.adjust("30 seconds")
        yield* local.clearFaults
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(
          worker.events.filter(({ _tag }) => _tag.startsWith("Outage")).map((
            { _tag, ...event }
          ) => [_tag, "service" in event ? event.service : ""]),
          [
            ["OutageBegan", "lease-store"],
            ["OutageEnded", "lease-store"],
            ["OutageBegan", "kinesis"],
            ["OutageEnded", "kinesis"]
          ]
        )
        yield* stop(worker)
      })))

  it.effect("leases are kept, though whoever is told of an outage of their table never returns", () =>
    withGroup(oneShard, ({ leases }) =>
      Effect.gen(function*() {
        const told: Array<string> = []
        const worker = yield* watching({
          discoveryInterval: "1 minute",
          balanceInterval: "1 minute",
          onEvent: ({ _tag }) =>
            Effect.suspend(() => {
              told.push(_tag)
              return _tag.startsWith("Outage") ? Effect.never : Effect.void
            })
        })
        yield* eventually("the lease", () => told.includes("LeaseAcquired"))
        yield* leases.fail({ error: tableOutOfReach, times: 1_000_000 })
        yield* TestClock.adjust("6 seconds")
        yield* leases.clearFaults
        yield* TestClock.adjust("20 seconds")
        assert.includeMembers(told, ["OutageBegan", "OutageEnded"])
        assert.notInclude(told, "LeaseLost")
        yield* stop(worker)
      })))

  it.effect("a worker says when it joins, what it has, and when it leaves", () =>
    withGroup(oneShard, () =>
      Effect.gen(function*() {
        const worker = yield* watching({ worker: "ann" })
        yield* eventually("the lease", () => worker.of("LeaseAcquired").length === 1)
        yield* TestClock.adjust("15 seconds")
        yield* stop(worker)
        assert.deepStrictEqual(worker.lines.map((line) => line.replace(/ann-\w+/, "ann")), [
          "INFO ann joins the application billing, to read orders",
          "INFO ann has 1 of 1 leases of billing, as the only worker",
          "INFO ann leaves the application billing, and gives up 1 lease",
          "INFO ann has left the application billing"
        ])
      })))

  it.effect("a worker says how many leases it has when that has changed, and not again", () =>
    withGroup({ streams: [{ name: "orders", shardCount: 4 }] }, () =>
      Effect.gen(function*() {
        const ann = yield* watching({ worker: "ann" })
        yield* TestClock.adjust("15 seconds")
        const bob = yield* watching({ worker: "bob" })
        yield* TestClock.adjust("2 minutes")
        yield* stop(ann)
        yield* TestClock.adjust("2 minutes")
        yield* stop(bob)
        const shares = ({ lines }: typeof ann) =>
          lines.filter((line) => line.includes(" has ") && line.includes(" of ")).map((line) =>
            line.replace(/(ann|bob)-\w+/, "$1")
          )
        assert.deepStrictEqual(shares(ann), [
          "INFO ann has 4 of 4 leases of billing, as the only worker",
          "INFO ann now has 2 of 4 leases of billing, as one of 2 workers"
        ])
        assert.deepStrictEqual(shares(bob), [
          "INFO bob has 0 of 4 leases of billing, as one of 2 workers",
          "INFO bob now has 2 of 4 leases of billing, as one of 2 workers",
          "INFO bob now has 4 of 4 leases of billing, as the only worker"
        ])
      })))
})

describe("Outage", () => {
  const events = fc.array(
    fc.record({ what: fc.constantFrom("failed", "throttled", "answered"), after: fc.integer({ min: 0, max: 90_000 }) }),
    { maxLength: 60 }
  )

  it("what is told alternates, begins no sooner than it may, and counts right", () => {
    fc.assert(fc.property(events, fc.boolean(), (all, isUsed) => {
      let now = 0
      let state: Outage.State = isUsed ? Outage.answered(Outage.untouched, 0)[0] : Outage.untouched
      let isOn = false
      let attempts = 0
      let since: number | undefined
      let hasAnswered = isUsed
      for (const { after, what } of all) {
        now += after
        const [next, telling] = what === "answered"
          ? Outage.answered(state, now)
          : Outage.failed(state, what as Outage.Failure, now)
        state = next
        if (what === "answered") {
          assert.strictEqual(telling?._tag, isOn ? "Ended" : undefined)
          if (telling !== undefined) assert.deepInclude(telling, { attempts, millis: now - since! })
          isOn = false
          attempts = 0
          since = undefined
          hasAnswered = true
        } else {
          attempts++
          since ??= now
          if (what === "throttled") hasAnswered = true
          if (telling === undefined) {
            if (!isOn) assert.isTrue(hasAnswered && now - since < 30_000)
          } else {
            assert.strictEqual(telling._tag, isOn ? "Lasts" : "Began")
            assert.deepInclude(telling, { attempts, millis: now - since })
            if (!isOn && hasAnswered) assert.isAtLeast(now - since, what === "throttled" ? 30_000 : 1_000)
            isOn = true
          }
        }
        assert.strictEqual(Outage.patienceMillis(state, 15_000, now) === Infinity, hasAnswered)
      }
    }))
  })

  it("is told again after a minute, and then every five", () => {
    let state = Outage.failed(Outage.untouched, "failed", 0)[0]
    const told: Array<number> = []
    for (let now = 1_000; now <= 15 * 60_000; now += 1_000) {
      const [next, telling] = Outage.failed(state, "failed", now)
      state = next
      if (telling?._tag === "Lasts") told.push(now / 60_000)
    }
    assert.deepStrictEqual(told, [1, 6, 11])
  })
})

describe("the time to begin", () => {
  it.effect("is told in whole milliseconds", () =>
    Effect.gen(function*() {
      const beginning = yield* Effect.fork(
        Effect.flip(StartDeadline.within(1_940.067383, "orders", (call) => call, () => Effect.never))
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(
        (yield* Fiber.join(beginning)).message,
        "ListShards on orders: no answer in time: reading could not begin in the 1s 940ms set for it"
      )
    }))
})
