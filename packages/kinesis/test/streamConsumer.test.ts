/** The life of the one consumer as which a run subscribes to its shards. */
import { LocalKinesis, VirtualTime } from "@effect-kinesis/local"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Clock, Effect, Fiber, Logger, Random, Schedule, type Scope } from "effect"
import { type KinesisClient, KinesisError } from "effect-kinesis"
import { callsOf, withKinesis } from "./support/reading.js"
import { consumerOf, streamArn } from "./support/streamConsumers.js"

const billing = { streamArn, consumerName: "billing" }
const ofBilling = { stream: "orders", consumer: "billing" }

const quick: LocalKinesis.Options = { streams: [{ name: "orders" }] }
const slow: LocalKinesis.Options = { ...quick, transition: "10 seconds" }

const operations = (local: LocalKinesis.Service) =>
  Effect.map(local.calls, (calls) => calls.map(({ operation }) => operation))

const registered = (client: KinesisClient.Service) =>
  Effect.map(client.registerStreamConsumer(billing), ({ consumerArn }) => consumerArn)

/** A test that is one run of a reader. */
const scoped = <A, E, R>(
  options: LocalKinesis.Options,
  test: (kinesis: {
    readonly client: KinesisClient.Service
    readonly local: LocalKinesis.Service
  }) => Effect.Effect<A, E, R | Scope.Scope>
) => withKinesis(options, (kinesis) => Effect.scoped(test(kinesis)))

const denied = (operation: string) =>
  new KinesisError.AccessDenied({ operation, action: `kinesis:${operation}`, description: "not authorized" })

describe("the consumer of a run", () => {
  it.effect("is found once for a hundred shards that ask", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumerArn = yield* registered(client)
        yield* client.describeStreamConsumer({ consumerArn })
        const before = (yield* local.calls).length
        const consumer = yield* consumerOf(client)
        const arns = yield* Effect.all(Arr.replicate(consumer.arn, 100), { concurrency: "unbounded" })
        assert.deepStrictEqual(Arr.dedupe(arns), [consumerArn])
        assert.strictEqual(yield* consumer.arn, consumerArn)
        assert.deepStrictEqual((yield* operations(local)).slice(before), [
          "describeStreamSummary",
          "describeStreamConsumer"
        ])
        assert.deepStrictEqual(consumer.events, [])
      })))

  it.effect("is looked for on, when whoever asked first is interrupted", () =>
    scoped({ ...quick, latency: "1 second" }, ({ client, local }) =>
      Effect.gen(function*() {
        const consumerArn = yield* registered(client)
        const consumer = yield* consumerOf(client, "billing", { stream: streamArn })
        const first = yield* Effect.fork(consumer.arn)
        const second = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("500 millis")
        yield* Fiber.interrupt(first)
        assert.strictEqual(yield* Fiber.join(second), consumerArn)
        assert.strictEqual((yield* callsOf(local, "describeStreamConsumer")).length, 1)
      })))

  it.effect("is not looked for any more when the run is over", () =>
    withKinesis(slow, ({ client, local }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const consumer = yield* consumerOf(client)
          yield* Effect.fork(consumer.arn)
          yield* Effect.sleep("3 seconds")
        }))
        const before = (yield* local.calls).length
        yield* Effect.sleep("1 minute")
        assert.strictEqual((yield* local.calls).length, before)
      })))

  it.effect("F114 is registered where it is missing, and waited for while it is CREATING", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client)
        const asking = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("5 seconds")
        assert.isNull(asking.unsafePoll())
        const arn = yield* Fiber.join(asking)
        const now = yield* Clock.currentTimeMillis
        assert.isAtLeast(now, 10_000)
        assert.isBelow(now, 12_000)
        assert.deepStrictEqual(consumer.events, [
          { _tag: "ConsumerRegistered", consumerName: "billing", consumerArn: arn }
        ])
        const looks = (yield* callsOf(local, "describeStreamConsumer")).map(({ at }) => at)
        for (const [index, at] of looks.entries()) {
          if (index === 0) continue
          assert.isAtLeast(at - looks[index - 1]!, 1_000)
          assert.isAtMost(at - looks[index - 1]!, 2_001)
        }
      })))

  it.effect("by its ARN no stream is described; one that is gone by it is found by its name", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const former = yield* registered(client)
        const byArn = yield* consumerOf(client, former)
        assert.strictEqual(yield* byArn.arn, former)
        yield* local.deregister(ofBilling)
        const anew = yield* registered(client)
        const consumer = yield* consumerOf(client, { consumer: former, register: false })
        assert.strictEqual(yield* consumer.arn, anew)
        assert.strictEqual((yield* callsOf(local, "describeStreamSummary")).length, 0)
        assert.strictEqual((yield* callsOf(local, "registerStreamConsumer")).length, 2)
      })))

  it.effect("F86 where it is missing and not to be registered, the failure says what to run", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, { consumer: "billing", register: false })
        const error = yield* Effect.flip(consumer.arn)
        assert.strictEqual(error._tag, "ResourceNotFound")
        assert.include(error.message, "the consumer billing is not registered, and register is false")
        assert.include(error.message, "FanOut.register({ stream: \"orders\", consumer: \"billing\" })")
        assert.strictEqual((yield* callsOf(local, "registerStreamConsumer")).length, 0)

        const anew = yield* registered(client)
        assert.strictEqual(yield* consumer.arn, anew)
      })))

  it.effect("F87 one that is DELETING at the start is waited for, then registered", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const former = yield* registered(client)
        yield* Effect.sleep("10 seconds")
        yield* client.deregisterStreamConsumer({ consumerArn: former })
        const consumer = yield* consumerOf(client)
        const asking = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("5 seconds")
        assert.isNull(asking.unsafePoll())
        const arn = yield* Fiber.join(asking)
        assert.notStrictEqual(arn, former)
        const now = yield* Clock.currentTimeMillis
        assert.isAtLeast(now, 30_000)
        assert.isBelow(now, 34_000)
        assert.strictEqual((yield* callsOf(local, "registerStreamConsumer")).length, 2)
      })))
})

describe("a consumer that is lost", () => {
  it.effect("F86 is found again by all shards, when another has made it anew", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, { consumer: "billing", register: false })
        yield* registered(client)
        const former = yield* consumer.arn
        yield* local.deregister(ofBilling)
        yield* Effect.sleep("10 seconds")
        const anew = yield* registered(client)
        const before = (yield* callsOf(local, "describeStreamConsumer")).length
        yield* Effect.all(Arr.replicate(consumer.lost(former), 100), { concurrency: "unbounded" })
        const arns = yield* Effect.all(Arr.replicate(consumer.arn, 100), { concurrency: "unbounded" })
        assert.deepStrictEqual(Arr.dedupe(arns), [anew])
        const after = (yield* callsOf(local, "describeStreamConsumer")).length
        assert.isBelow(after - before, 11)
        yield* consumer.lost(former)
        assert.strictEqual(yield* consumer.arn, anew)
        assert.strictEqual((yield* callsOf(local, "describeStreamConsumer")).length, after)
      })))

  it.effect("F86 is registered anew, once, with another ARN", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client)
        const former = yield* consumer.arn
        yield* local.deregister(ofBilling)
        yield* Effect.sleep("10 seconds")
        yield* Effect.all(
          Arr.makeBy(100, () => Effect.zipRight(consumer.lost(former), consumer.arn)),
          { concurrency: "unbounded" }
        )
        const anew = yield* consumer.arn
        assert.notStrictEqual(anew, former)
        assert.strictEqual((yield* callsOf(local, "registerStreamConsumer")).length, 2)
        assert.deepStrictEqual(consumer.events.map(({ _tag }) => _tag), ["ConsumerRegistered", "ConsumerRegistered"])
      })))

  it.effect("F86 and not to be registered, fails for all", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, { consumer: "billing", register: false })
        const arn = yield* registered(client)
        assert.strictEqual(yield* consumer.arn, arn)
        yield* local.deregister(ofBilling)
        yield* Effect.sleep("1 minute")
        yield* consumer.lost(arn)
        const errors = yield* Effect.all(Arr.replicate(Effect.flip(consumer.arn), 100), { concurrency: "unbounded" })
        assert.deepStrictEqual(Arr.dedupe(errors.map(({ _tag }) => _tag)), ["ResourceNotFound"])
      })))

  it.effect("F85 is waited for, if it is not ACTIVE for a while", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const arn = yield* registered(client)
        const consumer = yield* consumerOf(client)
        assert.strictEqual(yield* consumer.arn, arn)
        yield* Effect.sleep("1 minute")
        yield* local.consumerStatus({ ...ofBilling, status: "CREATING" })
        yield* consumer.lost(arn)
        const asking = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("30 seconds")
        assert.isNull(asking.unsafePoll())
        yield* local.consumerStatus({ ...ofBilling, status: "ACTIVE" })
        assert.strictEqual(yield* Fiber.join(asking), arn)
        assert.strictEqual((yield* callsOf(local, "registerStreamConsumer")).length, 1)
      })))

  it.effect("is not handed out while it is DELETING, and another is registered when it is gone", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client)
        const former = yield* consumer.arn
        yield* local.deregister(ofBilling)
        yield* consumer.lost(former)
        const asking = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("5 seconds")
        assert.isNull(asking.unsafePoll())
        assert.notStrictEqual(yield* Fiber.join(asking), former)
      })))

  it.effect("again and again, is asked for once a second at most, and registered as seldom", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, "billing", { stream: streamArn })
        yield* consumer.arn
        // the service finds it, and refuses to subscribe as it
        for (let time = 0; time < 600; time++) {
          yield* Effect.flatMap(consumer.arn, consumer.lost)
          yield* Effect.sleep("100 millis")
        }
        // another deregisters it as soon as it is there
        for (let time = 0; time < 20; time++) {
          const arn = yield* consumer.arn
          yield* local.deregister(ofBilling)
          yield* consumer.lost(arn)
        }
        for (const operation of ["describeStreamConsumer", "registerStreamConsumer"] as const) {
          const times = (yield* callsOf(local, operation)).map(({ at }) => at)
          assert.isAtLeast(times.length, 20)
          for (const [index, at] of times.entries()) {
            if (index > 0) assert.isAtLeast(at - times[index - 1]!, 1_000, operation)
          }
        }
      })))
})

describe("what stands in the way of a consumer", () => {
  it.effect("a denied call ends the search at once, and names the IAM action", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        for (
          const operation of ["describeStreamSummary", "describeStreamConsumer", "registerStreamConsumer"] as const
        ) {
          yield* local.fail({ operation, error: denied })
          const consumer = yield* consumerOf(client)
          const error = yield* Effect.flip(consumer.arn)
          assert.strictEqual(error._tag, "AccessDenied")
          assert.include(error.message, `the call needs kinesis:${operation[0]!.toUpperCase()}${operation.slice(1)}`)
          const calls = yield* callsOf(local, operation)
          assert.strictEqual(calls.filter(({ outcome }) => outcome === "AccessDenied").length, 1)
        }
      })))

  it.effect("a stream that is not there is not found", () =>
    scoped(quick, ({ client }) =>
      Effect.gen(function*() {
        for (const stream of ["none", `${streamArn}-x`]) {
          const consumer = yield* consumerOf(client, "billing", { stream })
          const error = yield* Effect.flip(consumer.arn)
          assert.strictEqual(error._tag, "ResourceNotFound")
          assert.match(error.message, /Stream \S+ under account \d+ not found/)
        }
      })))

  it.effect("throttles and outages back off by the reader's schedules, and are told", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, "billing", { stream: streamArn })
        yield* local.throttle({ operation: "describeStreamConsumer", times: 5 })
        yield* local.fail({
          operation: "registerStreamConsumer",
          times: 2,
          error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "down" })
        })
        yield* consumer.arn
        const tags = consumer.events.map(({ _tag }) => _tag)
        assert.deepStrictEqual(tags.filter((tag) => tag === "Throttled").length, 5)
        assert.deepStrictEqual(tags.filter((tag) => tag === "CallFailed").length, 2)
        const [first, , , , , sixth] = (yield* callsOf(local, "describeStreamConsumer")).map(({ at }) => at)
        assert.isAbove(sixth! - first!, 4_000)
      })))

  it.effect("throttles without end are given up after 2 minutes", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client)
        yield* local.throttle({ operation: "describeStreamConsumer", times: Infinity })
        const error = yield* Effect.flip(consumer.arn)
        assert.strictEqual(error._tag, "ThrottledError")
        assert.strictEqual(yield* Clock.currentTimeMillis, 120_000)
      })))

  it.effect("one that stays CREATING or DELETING is given up after 2 minutes, and the failure says which", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        yield* registered(client)
        for (const status of ["CREATING", "DELETING"] as const) {
          yield* local.consumerStatus({ ...ofBilling, status })
          const before = yield* Clock.currentTimeMillis
          const consumer = yield* consumerOf(client)
          const error = yield* Effect.flip(consumer.arn)
          assert.strictEqual(error._tag, "ResourceInUse")
          assert.include(error.message, `the consumer billing is still ${status} after 2 minutes`)
          assert.strictEqual((yield* Clock.currentTimeMillis) - before, 120_000)
        }
      })))

  it.effect("a stream that is not ACTIVE is waited for, and the failure says what the service said", () =>
    scoped({ transition: "30 seconds" }, ({ client }) =>
      Effect.gen(function*() {
        yield* client.createStream({ stream: "orders", shardCount: 1 })
        const consumer = yield* consumerOf(client)
        yield* consumer.arn
        yield* client.createStream({ stream: "others", shardCount: 1 })
        const slow = yield* LocalKinesis.make({ transition: "1 hour" })
        yield* slow.client.createStream({ stream: "orders", shardCount: 1 })
        const late = yield* consumerOf(slow.client)
        const error = yield* Effect.flip(late.arn)
        assert.strictEqual(error._tag, "ResourceInUse")
        assert.match(error.message, /not registered after 2 minutes: Stream orders .* in state CREATING/s)
        assert.isBelow((yield* callsOf(slow.local, "registerStreamConsumer")).length, 121)
      })))

  const fill = (client: KinesisClient.Service, local: LocalKinesis.Service) =>
    Effect.forEach(Arr.range(1, 20), (made) =>
      Effect.zipRight(
        client.registerStreamConsumer({ streamArn, consumerName: `c${made}` }),
        local.consumerStatus({ stream: "orders", consumer: `c${made}`, status: "ACTIVE" })
      ), { discard: true })

  it.effect("a stream with 20 consumers has no room, and the failure says what to do", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        yield* fill(client, local)
        const consumer = yield* consumerOf(client)
        const error = yield* Effect.flip(consumer.arn)
        assert.strictEqual(error._tag, "ResourceInUse")
        assert.include(error.message, "the stream has 20 consumers, and may not have billing as well")
        assert.include(error.message, "FanOut.deregister")
        assert.isBelow(yield* Clock.currentTimeMillis, 2_000)
      })))

  it.effect("a stream with 20 consumers may have had too many calls: that is believed at the third refusal", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        yield* fill(client, local)
        const consumer = yield* consumerOf(client)
        const asking = yield* Effect.fork(consumer.arn)
        yield* Effect.sleep("300 millis")
        yield* local.deregister({ stream: "orders", consumer: "c7" })
        yield* Fiber.join(asking)
      })))

  it.effect("5 consumers that are CREATING are waited for", () =>
    scoped(slow, ({ client }) =>
      Effect.gen(function*() {
        for (let made = 0; made < 5; made++) {
          yield* client.registerStreamConsumer({ streamArn, consumerName: `c${made}` })
        }
        const sixth = yield* consumerOf(client)
        yield* sixth.arn
        assert.isAbove(yield* Clock.currentTimeMillis, 20_000)
      })))

  it.effect("a registration whose answer is lost is found", () =>
    scoped(slow, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client)
        yield* local.loseAnswer({ operation: "registerStreamConsumer" })
        const arn = yield* consumer.arn
        assert.strictEqual((yield* client.describeStreamConsumer(billing)).consumerArn, arn)
      })))

  it.effect("schedules of one's own hold", () =>
    scoped(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const consumer = yield* consumerOf(client, "billing", { throttleRetry: Schedule.recurs(2) })
        yield* local.throttle({ operation: "describeStreamConsumer", times: Infinity })
        assert.strictEqual((yield* Effect.flip(consumer.arn))._tag, "ThrottledError")
        assert.strictEqual((yield* callsOf(local, "describeStreamConsumer")).length, 3)
      })))
})

/** No 20 of these instants lie within a second. */
const isWithinRate = (times: ReadonlyArray<number>) => {
  for (const [index, at] of times.entries()) {
    const before = times[index - 20]
    if (before !== undefined) assert.isAtLeast(at - before, 1_000)
  }
}

describe("F116 100 workers at once", () => {
  const workers = (client: KinesisClient.Service, count = 100) =>
    Effect.forEach(Arr.range(1, count), () => consumerOf(client, "billing", { stream: streamArn, askers: count }))

  const cases = [
    ["a new consumer", slow, Effect.void],
    ["one that is ACTIVE soon", { ...quick, latency: "50 millis" }, Effect.void],
    [
      "one that is DELETING",
      { ...slow, latency: "50 millis" },
      (client: KinesisClient.Service) =>
        Effect.gen(function*() {
          yield* registered(client)
          yield* Effect.sleep("10 seconds")
          yield* client.deregisterStreamConsumer(billing)
        })
    ]
  ] as const

  for (const [what, options, prepare] of cases) {
    it.effect(`describes stay within 20 a second, one registration succeeds, none fails: ${what}`, () =>
      Effect.forEach([1, 2, 3], (seed) =>
        VirtualTime.run(
          Effect.scoped(Effect.gen(function*() {
            const { client, local } = yield* LocalKinesis.make(options)
            if (typeof prepare === "function") yield* prepare(client)
            const before = (yield* callsOf(local, "registerStreamConsumer")).length
            const consumers = yield* workers(client)
            const arns = yield* Effect.forEach(consumers, ({ arn }) => arn, { concurrency: "unbounded" })
            assert.strictEqual(Arr.dedupe(arns).length, 1)
            const registrations = (yield* callsOf(local, "registerStreamConsumer")).slice(before)
            assert.strictEqual(registrations.filter(({ outcome }) => outcome === "ok").length, 1)
            isWithinRate((yield* callsOf(local, "describeStreamConsumer")).map(({ at }) => at))
            const events = consumers.flatMap(({ events }) => events)
            assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["ConsumerRegistered"])
          })).pipe(Effect.withRandom(Random.make(seed))),
          { shuffle: seed }
        ), { discard: true }))
  }

  it.effect("all lose it at once: one registers it anew, and all have it", () =>
    scoped({ ...slow, latency: "50 millis" }, ({ client, local }) =>
      Effect.gen(function*() {
        const consumers = yield* workers(client)
        const [former] = yield* Effect.forEach(consumers, ({ arn }) => arn, { concurrency: "unbounded" })
        yield* local.deregister(ofBilling)
        yield* Effect.forEach(consumers, ({ lost }) => lost(former!), { discard: true })
        const arns = Arr.dedupe(yield* Effect.forEach(consumers, ({ arn }) => arn, { concurrency: "unbounded" }))
        assert.strictEqual(arns.length, 1)
        assert.notStrictEqual(arns[0], former)
        isWithinRate((yield* callsOf(local, "describeStreamConsumer")).map(({ at }) => at))
        const registrations = yield* callsOf(local, "registerStreamConsumer")
        assert.strictEqual(registrations.filter(({ outcome }) => outcome === "ok").length, 2)
      }).pipe(Effect.withRandom(Random.make("lost")))))
})

describe("deregister", () => {
  const fanOut = { consumer: "billing", deregister: true }
  const names = (client: KinesisClient.Service) =>
    Effect.map(
      client.listStreamConsumers({ streamArn }),
      ({ consumers }) => consumers.map(({ consumerName, consumerStatus }) => `${consumerName} ${consumerStatus}`)
    )

  it.effect("at the end of the run, whatever its end, what the run has registered", () =>
    withKinesis(slow, ({ client }) =>
      Effect.gen(function*() {
        for (const end of [Effect.void, Effect.fail("failed"), Effect.interrupt, Effect.die("dead")]) {
          yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
            const consumer = yield* consumerOf(client, fanOut)
            yield* consumer.arn
            assert.deepStrictEqual(yield* names(client), ["billing ACTIVE"])
            return yield* end as Effect.Effect<void, unknown>
          })))
          assert.deepStrictEqual(yield* names(client), ["billing DELETING"])
          yield* Effect.sleep("10 seconds")
          assert.deepStrictEqual(yield* names(client), [])
        }
      })))

  it.effect("not without the option, and not what was there before or is another's", () =>
    withKinesis(quick, ({ client, local }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.flatMap(consumerOf(client), ({ arn }) => arn))
        yield* Effect.scoped(Effect.flatMap(consumerOf(client, fanOut), ({ arn }) => arn))
        assert.deepStrictEqual(yield* names(client), ["billing ACTIVE"])
        yield* local.deregister(ofBilling)
        yield* Effect.scoped(Effect.gen(function*() {
          const consumer = yield* consumerOf(client, fanOut)
          const own = yield* consumer.arn
          yield* local.deregister(ofBilling)
          const anothers = yield* registered(client)
          yield* consumer.lost(own)
          assert.strictEqual(yield* consumer.arn, anothers)
        }))
        assert.deepStrictEqual(yield* names(client), ["billing ACTIVE"])
        yield* Effect.scoped(consumerOf(client, fanOut))
        assert.deepStrictEqual(yield* names(client), ["billing ACTIVE"])
      })))

  it.effect("also when the run ends while it registers", () =>
    withKinesis(slow, ({ client, local }) =>
      Effect.gen(function*() {
        for (const late of ["delay", "delayAnswer"] as const) {
          yield* local[late]({ operation: "registerStreamConsumer", duration: "5 seconds" })
          const running = yield* Effect.fork(
            Effect.scoped(Effect.flatMap(consumerOf(client, fanOut), ({ arn }) => arn))
          )
          yield* Effect.sleep("2 seconds")
          yield* Fiber.interrupt(running)
          assert.deepStrictEqual(yield* names(client), ["billing DELETING"])
          yield* Effect.sleep("10 seconds")
        }
      })))

  it.effect("also when the answer to its registration was lost: what is found then is its own", () =>
    withKinesis(slow, ({ client, local }) =>
      Effect.gen(function*() {
        yield* local.loseAnswer({ operation: "registerStreamConsumer" })
        yield* Effect.scoped(Effect.gen(function*() {
          const consumer = yield* consumerOf(client, fanOut)
          const consumerArn = yield* consumer.arn
          assert.deepStrictEqual(consumer.events.filter(({ _tag }) => _tag === "ConsumerRegistered"), [
            { _tag: "ConsumerRegistered", consumerName: "billing", consumerArn }
          ])
        }))
        assert.deepStrictEqual(yield* names(client), ["billing DELETING"])
      })))

  it.effect("also when the answer was lost, and the run ends before the consumer is found", () =>
    withKinesis(slow, ({ client, local }) =>
      Effect.gen(function*() {
        for (const duration of [0, 500]) {
          yield* local.loseAnswer({ operation: "registerStreamConsumer" })
          const running = yield* Effect.fork(
            Effect.scoped(Effect.flatMap(consumerOf(client, fanOut), ({ arn }) => arn))
          )
          yield* Effect.sleep(duration)
          assert.isNull(running.unsafePoll())
          yield* Fiber.interrupt(running)
          assert.deepStrictEqual(yield* names(client), ["billing DELETING"])
          yield* Effect.sleep("10 seconds")
        }
      })))

  it.effect("not another's, if the registration without an answer was seen to have had no effect", () =>
    withKinesis(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const operation = "registerStreamConsumer"
        const hasty = { transientRetry: Schedule.stop, throttleRetry: Schedule.stop }
        yield* Effect.scoped(Effect.gen(function*() {
          const consumer = yield* consumerOf(client, fanOut, hasty)
          yield* local.fail({
            operation,
            error: (operation) => new KinesisError.ServiceUnavailable({ operation, description: "down" })
          })
          assert.strictEqual((yield* Effect.flip(consumer.arn))._tag, "ServiceUnavailable")
          yield* local.throttle({ operation })
          assert.strictEqual((yield* Effect.flip(consumer.arn))._tag, "ThrottledError")
          const anothers = yield* registered(client)
          assert.strictEqual(yield* consumer.arn, anothers)
        }))
        assert.deepStrictEqual(yield* names(client), ["billing ACTIVE"])
      })))

  it.effect("is tried again, for 15 seconds, and a warning says what is left", () =>
    withKinesis(quick, ({ client, local }) =>
      Effect.gen(function*() {
        const operation = "deregisterStreamConsumer"
        const lines: Array<string> = []
        const noting = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ logLevel: { label }, message }) => {
            if (label === "WARN") lines.push(`${label} ${Arr.ensure(message).join(" ")}`)
          })
        )
        const run = Effect.gen(function*() {
          const before = yield* Clock.currentTimeMillis
          yield* Effect.scoped(Effect.flatMap(consumerOf(client, fanOut), ({ arn }) => arn))
          return (yield* Clock.currentTimeMillis) - before
        }).pipe(Effect.provide(noting))
        yield* local.throttle({ operation, times: 2 })
        yield* run
        assert.deepStrictEqual(yield* names(client), [])
        assert.deepStrictEqual(lines, [])
        yield* local.fail({ operation, error: denied })
        yield* run
        yield* local.deregister(ofBilling)
        yield* local.hang({ operation, times: Infinity })
        assert.isBelow(yield* run, 20_000)
        assert.strictEqual(lines.length, 2)
        assert.match(
          lines[0]!,
          /^WARN the consumer billing may be left, .* the call needs kinesis:DeregisterStreamConsumer/
        )
        assert.match(lines[1]!, /^WARN the consumer billing may be left, .*: no answer in 15 seconds/)
      })))
})
